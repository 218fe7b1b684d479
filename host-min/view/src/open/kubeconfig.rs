//! The kubeconfig that leads to the server, and the server's certificate: files that only this user can read, as long as the server runs.
//!
//! kubectl sends no token without TLS. So the server has a certificate, which is its own authority, is made when it starts, and is
//! forgotten when it ends.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rcgen::CertifiedKey;
use serde_json::json;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::{base64, hex};
use wagather_http::Tls;

/// Random bytes of the token: nobody guesses them.
const TOKEN_BYTES: usize = 32;
/// Random bytes of the folder's name.
const NAME_BYTES: usize = 8;

const CERTIFICATE: &str = "certificate.pem";
const KEY: &str = "key.pem";
const KUBECONFIG: &str = "kubeconfig";

/// A folder with the credentials of one server. It is removed when the value is dropped.
pub(super) struct Credentials {
    folder: PathBuf,
    certificate: String,
    token: String,
}

/// Random bytes, in hexadecimal digits.
pub(super) fn random(len: usize) -> io::Result<String> {
    let mut bytes = vec![0; len];
    File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(hex::encode(&bytes))
}

impl Credentials {
    /// Makes a token, a certificate and its key, in a new folder for temporary files.
    pub(super) fn new() -> Result<Credentials> {
        let place = std::env::temp_dir();
        let failed = |error: io::Error| {
            Failure::new(Class::Output, format!("cannot write credentials to {}", place.display()), error)
        };
        let names = ["127.0.0.1", "localhost"].map(String::from).to_vec();
        let CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names)
            .map_err(|error| Failure::new(Class::Internal, "cannot make a certificate", error))?;
        let name = random(NAME_BYTES).map_err(failed)?;
        let token = random(TOKEN_BYTES).map_err(failed)?;
        let folder = place.join(format!("wagather-open-{name}"));
        // Fails if somebody has made it already.
        DirBuilder::new().mode(0o700).create(&folder).map_err(failed)?;
        let credentials = Credentials { folder, certificate: cert.pem(), token };
        credentials.write(CERTIFICATE, &credentials.certificate).map_err(failed)?;
        credentials.write(KEY, &signing_key.serialize_pem()).map_err(failed)?;
        Ok(credentials)
    }

    /// What every request must have.
    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// The certificate and its key, for the server.
    pub(super) fn tls(&self) -> Result<Tls> {
        Ok(Tls::files(&self.folder.join(CERTIFICATE), &self.folder.join(KEY), None)?)
    }

    /// Writes the kubeconfig that leads to an address, and gives its path.
    pub(super) fn kubeconfig(&self, address: &str) -> Result<PathBuf> {
        // JSON is YAML, too.
        let authority = base64::encode(self.certificate.as_bytes());
        let config = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{
                "name": "archive",
                "cluster": {"server": format!("https://{address}"), "certificate-authority-data": authority},
            }],
            "users": [{"name": "reader", "user": {"token": self.token}}],
            "contexts": [{"name": "archive", "context": {"cluster": "archive", "user": "reader"}}],
            "current-context": "archive",
        });
        let path = self.folder.join(KUBECONFIG);
        let written = self.write(KUBECONFIG, &format!("{config:#}\n"));
        written.map_err(|error| {
            Failure::new(Class::Output, format!("cannot write {}", path.display()), error)
        })?;
        Ok(path)
    }

    fn write(&self, name: &str, text: &str) -> io::Result<()> {
        let mut options = OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(self.folder.join(name))?;
        file.write_all(text.as_bytes())
    }
}

impl Drop for Credentials {
    fn drop(&mut self) {
        // They are of no use without the server.
        drop(fs::remove_dir_all(&self.folder));
    }
}

/// A path as a shell reads it.
pub(super) fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let is_plain = |character: char| character.is_ascii_alphanumeric() || "/._-+".contains(character);
    if text.chars().all(is_plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn credentials_are_this_user_s_and_end_with_the_server() {
        let credentials = Credentials::new().expect("a place");
        let path = credentials.kubeconfig("127.0.0.1:1").expect("a kubeconfig");
        let mode = |path: &Path| fs::metadata(path).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode(&credentials.folder), 0o700);
        for name in [CERTIFICATE, KEY, KUBECONFIG] {
            assert_eq!(mode(&credentials.folder.join(name)), 0o600, "{name}");
        }
        let text = fs::read_to_string(path).expect("text");
        assert!(text.contains(r#""server": "https://127.0.0.1:1""#), "{text}");
        assert!(text.contains(credentials.token()), "{text}");
        credentials.tls().expect("a certificate and its key");
        let folder = credentials.folder.clone();
        drop(credentials);
        assert!(!folder.exists());
    }

    #[test]
    fn tokens_are_long_and_never_the_same() {
        let [one, other] = [(); 2].map(|()| Credentials::new().expect("a place").token().to_owned());
        assert!(one.len() == 64 && one != other, "{one} {other}");
    }

    #[test]
    fn paths_are_words_of_a_shell() {
        for (path, word) in
            [("/tmp/a-b/c", "/tmp/a-b/c"), ("/tmp/a b", "'/tmp/a b'"), ("/tmp/it's", r"'/tmp/it'\''s'")]
        {
            assert_eq!(quoted(Path::new(path)), word);
        }
    }
}
