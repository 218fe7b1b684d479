//! The schemas of a cluster, as its API server publishes them at `/openapi/v3`, or at `/openapi/v2` if it has no
//! version 3.
//!
//! The connection uses the host's code: the same kubeconfig, credentials, proxies and timeouts. It requests only the
//! documents that are needed, because those of a cluster are many megabytes. A document is named after its path on
//! the API server, so the output does not depend on the user who generates it.

use crate::{Error, Saved, Schemas};
use serde_json::Value;
use std::collections::BTreeMap;
use std::io::Read;
use std::path::PathBuf;
use std::time::Instant;
use wagather_base::limits::DEFAULT_REQUEST_TIMEOUT;
use wagather_kube::{Accept, Call, Source};

pub use wagather_kube::cluster::{Cluster, Options, open};

/// The index of documents, one per group and version.
const INDEX: &str = "/openapi/v3";

/// The single document of version 2.
const VERSION_2: &str = "/openapi/v2";

/// The maximum number of bytes of an error's body.
const MAX_ERROR_BYTES: u64 = 16 << 10;

/// The documents to read.
#[derive(Clone, Copy, Debug)]
pub enum Which<'a> {
    /// All documents.
    All,
    /// Those with these resources, named as for `kubectl`: `pods`, `deployments.apps`.
    Of(&'a [String]),
}

/// Reads the schemas of a cluster.
///
/// # Errors
///
/// The cluster cannot be reached, denies access, or gives an unexpected answer.
pub fn read(source: &dyn Source, which: Which<'_>) -> Result<Vec<Saved>, Error> {
    let Some(index) = get(source, INDEX, INDEX)? else {
        let none = || refused(source, VERSION_2, "404: it publishes neither OpenAPI v3 nor v2");
        return get(source, VERSION_2, VERSION_2)?.map(|document| vec![document]).ok_or_else(none);
    };
    let index = entries(&index.bytes).map_err(|why| refused(source, INDEX, &why))?;
    let mut reading = Reading { source, index, read: BTreeMap::new() };
    match which {
        Which::All => reading.everything()?,
        Which::Of(names) => names.iter().try_for_each(|name| reading.resource(name))?,
    }
    Ok(reading.read.into_values().collect())
}

/// Parses the index: names such as `apis/apps/v1`, with their paths.
fn entries(bytes: &[u8]) -> Result<BTreeMap<String, String>, String> {
    let index: Value =
        serde_json::from_slice(bytes).map_err(|error| format!("the response is not JSON: {error}"))?;
    let paths = index.get("paths").and_then(Value::as_object);
    let paths = paths.ok_or("the response has no 'paths': it is not an index of OpenAPI documents")?;
    let mut entries = BTreeMap::new();
    for (name, entry) in paths {
        let path = entry.get("serverRelativeURL").and_then(Value::as_str);
        // Ignore entries that point to anything but this server's documents.
        match path.filter(|path| path.starts_with("/openapi/") && is_plain(path) && is_plain(name)) {
            Some(path) => drop(entries.insert(name.clone(), path.to_owned())),
            None => return Err(format!("the index has no path for '{}'", wagather_yaml::shown(name))),
        }
    }
    Ok(entries)
}

/// Whether a path can be sent unchanged.
fn is_plain(path: &str) -> bool {
    path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#')
}

struct Reading<'a> {
    source: &'a dyn Source,
    index: BTreeMap<String, String>,
    /// The documents read so far, by their name in the index.
    read: BTreeMap<String, Saved>,
}

impl Reading<'_> {
    fn everything(&mut self) -> Result<(), Error> {
        let names: Vec<String> = self.index.keys().cloned().collect();
        names.iter().try_for_each(|name| self.document(name))
    }

    /// Reads the documents that may contain a resource. Without a group, this is the core group, and if that does not
    /// have it, all groups. An unknown group also reads all groups, so the error can suggest the nearest name.
    fn resource(&mut self, name: &str) -> Result<(), Error> {
        let rest = name.split_once('.').map_or("", |(_, rest)| rest);
        let is_meant = |key: &&String| match key.split('/').collect::<Vec<_>>()[..] {
            ["api", version] => rest.is_empty() || rest == version,
            ["apis", group, version] => rest == group || rest == format!("{version}.{group}"),
            _ => false,
        };
        let meant: Vec<String> = self.index.keys().filter(is_meant).cloned().collect();
        meant.iter().try_for_each(|key| self.document(key))?;
        let read: Vec<Saved> = meant.iter().filter_map(|key| self.read.get(key)).cloned().collect();
        if Schemas::of(&read)?.find(name).is_err() {
            self.everything()?;
        }
        Ok(())
    }

    fn document(&mut self, name: &str) -> Result<(), Error> {
        if self.read.contains_key(name) {
            return Ok(());
        }
        let shown = format!("{INDEX}/{name}");
        // A document may have disappeared since the index was read.
        if let Some(document) = get(self.source, &self.index[name], &shown)? {
            self.read.insert(name.to_owned(), document);
        }
        Ok(())
    }
}

/// An answer's body; `None` for 404.
fn get(source: &dyn Source, path: &str, shown: &str) -> Result<Option<Saved>, Error> {
    let deadline = Instant::now() + DEFAULT_REQUEST_TIMEOUT;
    let call = Call { path_and_query: path.to_owned(), accept: Accept::Json, deadline };
    let answer = source.send(&call).map_err(|none| {
        let advice = if none.advice.is_empty() { String::new() } else { format!(" ({})", none.advice) };
        refused(source, shown, &format!("{}{advice}", none.reason))
    })?;
    match answer.status {
        200 => {}
        404 => return Ok(None),
        status => {
            let mut text = Vec::new();
            // If the body cannot be read, the status is enough.
            let _ = answer.body.take(MAX_ERROR_BYTES).read_to_end(&mut text);
            return Err(refused(source, shown, &status_text(status, &text, shown)));
        }
    }
    let mut bytes = Vec::new();
    let most = crate::schema::MAX_DOCUMENT_BYTES;
    let read = answer.body.take(most as u64 + 1).read_to_end(&mut bytes);
    read.map_err(|error| refused(source, shown, &format!("the response broke off: {error}; try again")))?;
    if bytes.len() > most {
        return Err(refused(source, shown, &format!("the response is larger than {} MiB", most >> 20)));
    }
    Ok(Some(Saved { name: shown.to_owned(), from: PathBuf::from(shown), bytes, is_found: false }))
}

fn status_text(status: u16, body: &[u8], path: &str) -> String {
    let body: Option<Value> = serde_json::from_slice(body).ok();
    let message = body.as_ref().and_then(|body| body.get("message")).and_then(Value::as_str);
    let said = message.map(|text| format!(" ({})", in_one_line(text))).unwrap_or_default();
    let advice = match status {
        401 => "log in again, or use another context with --context".to_owned(),
        403 => format!(
            "this account needs the verb 'get' on the nonResourceURLs {INDEX} and {INDEX}/*, as in the ClusterRole system:discovery; or ask someone who may read {path} to save it, and use --schema"
        ),
        429 | 500..=599 => "the server is busy or restarting: try again".to_owned(),
        _ => "is this an API server?".to_owned(),
    };
    format!("it answers {status}{said}: {advice}")
}

/// The server's message, cut to one line.
fn in_one_line(text: &str) -> String {
    wagather_printable::line(&text.chars().take(300).collect::<String>()).into_owned()
}

fn refused(source: &dyn Source, path: &str, why: &str) -> Error {
    Error::of_file(std::path::Path::new(&source.describe()), format!("cannot read {path}: {why}"))
}

#[cfg(test)]
mod tests;
