//! The answer of an exec plugin.
//!
//! client-go decodes it like any object: JSON or YAML, with or without a byte order mark. The kind may be left out.

use super::{ExecConfig, Issued};
use crate::cluster::identity::IdentityPem;
use crate::cluster::secret::Secret;
use crate::cluster::timestamp;
use serde_json::Value;
use wagather_yaml as yaml;

/// Whether the output of a plugin is a whole document, if the plugin has exited while another process holds its standard output.
pub(super) fn is_whole(bytes: &[u8]) -> bool {
    let Ok(text) = yaml::decode(bytes) else { return false };
    let is_yaml = || {
        let read = yaml::parse_foreign(&text);
        text.ends_with('\n') && read.is_ok_and(|read| read.root.get("status").is_some())
    };
    serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok() || is_yaml()
}

/// Reads an answer.
pub(in crate::cluster) fn read_answer(config: &ExecConfig, bytes: &[u8]) -> Result<Issued, String> {
    let text = yaml::decode(bytes)?;
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    // The error of serde_json would quote the text at the mistake, which may be a token.
    let answer: Value = match serde_json::from_str(&text) {
        Ok(answer) => answer,
        Err(error) => match yaml::parse_foreign(&text) {
            Ok(read) => read.root.to_json(),
            Err(_) if text.trim_start().starts_with('{') => {
                return Err(format!("it is not JSON (at {}:{})", error.line(), error.column()));
            }
            Err(error) => return Err(format!("it is neither JSON nor YAML (at {})", error.place)),
        },
    };
    let said = |key: &str| answer[key].as_str().unwrap_or_default();
    if !answer.is_object() || !matches!(said("kind"), "" | "ExecCredential") {
        return Err("it is not an ExecCredential".to_owned());
    }
    if said("apiVersion") != config.api_version {
        let (found, wanted) = (yaml::shown(said("apiVersion")), &config.api_version);
        return Err(format!("its apiVersion is \"{found}\", not \"{wanted}\""));
    }
    let status = &answer["status"];
    let field = |key: &str| status[key].as_str().filter(|text| !text.is_empty());
    let identity = match (field("clientCertificateData"), field("clientKeyData")) {
        (Some(certificates), Some(key)) => Some(IdentityPem {
            certificates: certificates.as_bytes().to_vec(),
            key: key.as_bytes().to_vec(),
            owner: format!("the exec plugin {}", config.command.display()),
        }),
        (None, None) => None,
        _ => return Err("it has only one of clientCertificateData and clientKeyData".to_owned()),
    };
    let token = field("token").map(Secret::new);
    if token.is_none() && identity.is_none() {
        return Err("it has neither a token nor a client certificate".to_owned());
    }
    let expires = match field("expirationTimestamp") {
        Some(text) => Some(timestamp::parse(text).ok_or_else(|| {
            format!("its expirationTimestamp, {}, is not an RFC 3339 timestamp", yaml::shown(text))
        })?),
        None => None,
    };
    Ok(Issued { token, identity, expires })
}
