//! The settings of the HTTP API.

use super::parse::Reader;
use std::path::PathBuf;
use wagather_http::{Address, Error};
use wagather_yaml::Node;

/// The settings of the HTTP API: its addresses, and who may use them. An address that other machines reach needs a certificate, and a
/// token or an authority of clients.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Api {
    /// Where it listens. `None` is the sockets that the service manager passed, or else a Unix socket in the folder of archives. An empty
    /// list turns the API off.
    pub listen: Option<Vec<Address>>,
    /// The file with the bearer token of all requests. Unix sockets need none: their permissions say who may use them.
    pub token_file: Option<PathBuf>,
    /// The certificate of the server, with those that signed it, and its private key. With them, addresses of TCP speak TLS.
    pub certificate: Option<(PathBuf, PathBuf)>,
    /// The certificates of the authorities whose clients may connect. Without a certificate of theirs, nobody may.
    pub client_authority: Option<PathBuf>,
    /// Names that clients on this machine call it by, beside localhost.
    pub hosts: Vec<String>,
}

const KEYS: &[&str] = &["listen", "tokenFile", "certificate", "key", "clientCertificateAuthority", "hosts"];

/// Keys that people write, and what to write instead.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("address", "listen"),
    ("port", "listen"),
    ("token", "write the token into a file, and name it with 'tokenFile'"),
    ("clientCA", "clientCertificateAuthority"),
];

impl Reader<'_> {
    pub(super) fn api(&mut self, node: &Node) -> Option<Api> {
        let map = self.mistakes.map(node, "api", &[], KEYS, OTHER_WORDS)?;
        let listen = map.get("listen").map(|node| {
            let items = self.mistakes.items(node, "listen", None);
            let read = |text: &str| match text.parse() {
                // As all paths of the file.
                Ok(Address::Unix(path)) => Ok(Address::Unix(self.folder.join(path))),
                // Whose text it is, is said before.
                Err(error @ Error::Address { reason, .. }) => Err(format!("{reason}. {}", error.advice())),
                other => other.map_err(|error| error.to_string()),
            };
            items.iter().filter_map(|item| self.mistakes.text(item, "listen", read)).collect()
        });
        let certificate = match (self.path(&map, "certificate"), self.path(&map, "key")) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => {
                self.mistakes.tell(node.place, "TLS needs both 'certificate' and 'key'");
                None
            }
        };
        let client_authority = self.path(&map, "clientCertificateAuthority");
        if let (Some(authority), None) = (map.get("clientCertificateAuthority"), map.get("certificate")) {
            self.mistakes.tell(authority.place, "client certificates need TLS: 'certificate' and 'key'");
        }
        let hosts = map.get("hosts").map_or_else(Vec::new, |node| {
            self.mistakes.texts(node, "hosts", "omit the key", |text| Ok::<_, String>(text.to_owned()))
        });
        Some(Api { listen, token_file: self.path(&map, "tokenFile"), certificate, client_authority, hosts })
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse;
    use super::*;
    use std::path::Path;

    fn of(api: &str) -> Result<Api, Vec<String>> {
        let text = format!("apiVersion: wagather/v1\nkind: Service\ngatherers: [{{module: a}}]\napi: {api}");
        let config = parse::config(&text, Path::new("/etc/wagather"));
        let config =
            config.map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect::<Vec<_>>())?;
        Ok(config.api)
    }

    #[test]
    fn every_key_is_read() {
        let api = of("{listen: ['127.0.0.1:8080', 'unix:api.sock'], tokenFile: t, certificate: c, key: k, \
            clientCertificateAuthority: ca, hosts: [gatherer]}")
        .expect("settings");
        let shown: Vec<_> = api.listen.expect("addresses").iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["127.0.0.1:8080", "unix:/etc/wagather/api.sock"]);
        assert_eq!(api.token_file.as_deref(), Some(Path::new("/etc/wagather/t")));
        assert_eq!(api.certificate, Some(("/etc/wagather/c".into(), "/etc/wagather/k".into())));
        assert_eq!(api.client_authority.as_deref(), Some(Path::new("/etc/wagather/ca")));
        assert_eq!(api.hosts, ["gatherer"]);
        assert!(of("{}").expect("settings").listen.is_none());
        assert_eq!(of("{listen: []}").expect("settings").listen, Some(vec![]));
    }

    #[test]
    fn mistakes_have_places() {
        for (api, expected) in [
            ("{port: 80}", "4:7: unknown key 'port'"),
            ("{listen: [localhost]}", "4:16: listen cannot be 'localhost': it has no port. Addresses are "),
            ("{listen: '127.0.0.1:80'}", "4:15: listen must be a list, not"),
            ("{certificate: c}", "4:6: TLS needs both"),
            ("{clientCertificateAuthority: ca}", "4:35: client certificates need TLS"),
        ] {
            let mistakes = of(api).expect_err(api);
            assert!(mistakes[0].starts_with(expected), "{mistakes:?}");
        }
    }
}
