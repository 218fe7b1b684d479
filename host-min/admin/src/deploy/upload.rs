//! How archives leave a pod: the files that become a Secret, what the run is told of them, and the way to the server.

use super::file::{Content, File};
use std::time::Duration;
use wagather_base::base64;
use wagather_deliver::Packed;

/// Where the files of the Secret are in the pod.
pub(super) const UPLOAD: &str = "/upload";
/// The certificate authority, among the files of the ConfigMap.
const AUTHORITY: &str = "upload-ca.crt";
/// The keys of the Secret.
const FIELDS: &str = "headers";
const URL: &str = "url";

/// How archives are uploaded.
#[derive(Debug)]
pub(super) struct Upload {
    /// Where to, and the content of the files.
    pub(super) to: Packed,
    /// How long a run may take for it.
    pub(super) timeout: Duration,
}

impl Upload {
    /// The keys of the Secret with their texts. Nothing else shows these.
    pub(super) fn secrets(&self) -> Vec<(&'static str, String)> {
        let url = self.to.is_secret.then(|| format!("{}\n", self.to.url.text()));
        let fields = self.to.fields.clone();
        [(FIELDS, fields), (URL, url)].into_iter().filter_map(|(key, text)| Some((key, text?))).collect()
    }

    /// The data of the Secret.
    pub(super) fn data(&self) -> String {
        let secrets = self.secrets().into_iter();
        secrets.map(|(key, text)| format!("{key}: {}\n", base64::encode(text.as_bytes()))).collect()
    }

    /// The file of the ConfigMap.
    pub(super) fn authority(&mut self) -> Option<File> {
        let content = match String::from_utf8(self.to.authority.take()?) {
            Ok(text) => Content::Text(text),
            Err(error) => Content::Bytes(error.into_bytes()),
        };
        Some(File { name: AUTHORITY.into(), content })
    }

    /// An option of the run, which names the pod's files. Those of the ConfigMap are in `folder`.
    pub(super) fn in_pod(&self, option: String, folder: &str) -> String {
        match option.split_once('=') {
            Some((long @ "--upload-headers", _)) => format!("{long}={UPLOAD}/{FIELDS}"),
            Some((long @ "--upload-ca", _)) => format!("{long}={folder}/{AUTHORITY}"),
            Some((long @ "--upload", _)) if self.to.is_secret => format!("{long}=@{UPLOAD}/{URL}"),
            _ => option,
        }
    }
}
