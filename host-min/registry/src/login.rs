//! Who we are to a registry, from the configuration file of docker, podman and others (`docker login` writes it).
//!
//! The file is `config.json` in the folder `$DOCKER_CONFIG`, or else in `~/.docker`. Programs that keep passwords (`credsStore`,
//! `credHelpers`) are not run: the failure says so where a password is missing.

use std::io::ErrorKind;
use std::path::PathBuf;

use serde_json::Value;
use wagather_base::base64;
use wagather_base::error::{Class, Failure};
use wagather_base::file;
use wagather_kube::cluster::Secret;

/// The size of the file.
const MAX_CONFIG_BYTES: u64 = 1 << 20;

/// What the file has for a registry.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Login {
    /// There is nothing for it.
    None,
    /// A user and a password, as the value of `Authorization`.
    Basic(Secret),
    /// What is there cannot be used, for this reason.
    Unusable(&'static str),
}

/// Reads the file, if there is one.
pub(crate) fn read(host: &str, name: &str) -> Result<Login, Failure> {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let folder = set("DOCKER_CONFIG").or_else(|| set("HOME").map(|home| home.join(".docker")));
    let Some(path) = folder.map(|folder| folder.join("config.json")) else { return Ok(Login::None) };
    let fail = |why: &dyn std::fmt::Display| {
        Failure::new(
            Class::Config,
            format!("cannot read the credentials for registries in {}", path.display()),
            why,
        )
    };
    let bytes = match file::read(&path, MAX_CONFIG_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(Login::None);
        }
        Err(error) => return Err(fail(&error)),
    };
    // Not serde_json's own words: they may repeat a part of a password.
    let config: Value = serde_json::from_slice(&bytes).map_err(|error| {
        fail(&format_args!("it is not JSON (line {}, column {})", error.line(), error.column()))
    })?;
    Ok(of(&config, host, name))
}

/// What the file has for a repository: the entry with the longest part of its name, then that of its host.
fn of(config: &Value, host: &str, name: &str) -> Login {
    let whole = format!("{host}/{name}");
    let matching = |key: &str| {
        let key = key.split_once("://").map_or(key, |(_, rest)| rest).trim_end_matches('/');
        // Old versions of docker wrote the path of the API.
        let key = key.strip_suffix("/v1").or_else(|| key.strip_suffix("/v2")).unwrap_or(key);
        let rest = whole.strip_prefix(key)?;
        (rest.is_empty() || rest.starts_with('/')).then_some(key.len())
    };
    let auths = config["auths"].as_object().into_iter().flatten();
    let entry = auths.filter_map(|(key, entry)| Some((matching(key)?, entry))).max_by_key(|(len, _)| *len);
    let login = entry.map_or(Login::None, |(_, entry)| of_entry(entry));
    let has_helper = config["credHelpers"].as_object().is_some_and(|helpers| helpers.contains_key(host))
        || config["credsStore"].as_str().is_some_and(|store| !store.is_empty());
    match login {
        Login::None if has_helper => Login::Unusable(
            "the configuration of docker names a credential helper, which host-min does not run",
        ),
        login => login,
    }
}

fn of_entry(entry: &Value) -> Login {
    let text = |name: &str| entry[name].as_str().filter(|text| !text.is_empty());
    if let Some(auth) = text("auth") {
        let decoded = base64::decode(auth).filter(|decoded| decoded.contains(&b':'));
        return match decoded {
            Some(decoded) => basic(without_zeroes(&decoded)),
            None => {
                Login::Unusable("the entry in the configuration of docker is not base64 of USER:PASSWORD")
            }
        };
    }
    match (text("username"), text("password")) {
        (Some(user), Some(password)) => basic(format!("{user}:{password}").as_bytes()),
        _ if text("identitytoken").is_some() => Login::Unusable(
            "the configuration of docker has an identity token, which host-min does not exchange",
        ),
        _ => Login::None,
    }
}

fn basic(login: &[u8]) -> Login {
    Login::Basic(Secret::new(format!("Basic {}", base64::encode(login))))
}

/// Some programs pad a password with zeroes.
fn without_zeroes(login: &[u8]) -> &[u8] {
    let end = login.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
    &login[..end]
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn entries_are_found_as_docker_and_podman_write_them() {
        let auth = |login: &str| json!({"auth": base64::encode(login.as_bytes())});
        let config = json!({
            "auths": {
                "a.example.com": auth("a:1"),
                "a.example.com/team": auth("team:2\0\0"),
                "https://b.example.com/v1/": auth("b:3"),
                "c.example.com:5000": {"username": "c", "password": "4:4"},
                "d.example.com": {"identitytoken": "t"},
                "e.example.com": {},
                "f.example.com": {"auth": "!"},
            },
            "credHelpers": {"e.example.com": "x", "a.example.com": "x"},
        });
        let of = |host: &str, name: &str| of(&config, host, name);
        assert_eq!(of("a.example.com", "x"), basic(b"a:1"));
        assert_eq!(of("a.example.com", "teams"), basic(b"a:1"));
        assert_eq!(of("a.example.com", "team/x"), basic(b"team:2"));
        assert_eq!(of("b.example.com", "x"), basic(b"b:3"));
        assert_eq!(of("c.example.com:5000", "x"), basic(b"c:4:4"));
        assert_eq!(of("c.example.com", "x"), Login::None);
        assert_eq!(of("a.example.com.evil", "x"), Login::None);
        for host in ["d.example.com", "e.example.com", "f.example.com"] {
            assert!(matches!(of(host, "x"), Login::Unusable(_)), "{host}");
        }
        assert!(matches!(super::of(&json!({"credsStore": "desktop"}), "h", "x"), Login::Unusable(_)));
        assert_eq!(super::of(&json!([]), "h", "x"), Login::None);
    }
}
