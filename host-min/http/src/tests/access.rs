//! Who may use which address: TLS, certificates, tokens and sockets.

use super::{body, run, status};
use crate::{Access, Address, Error, Limits, Listener, Request, Response, Server, Tls, Token};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::TempDir;

const TOKEN: &str = "0123456789abcdef";

/// An authority with a server's and a client's certificate, in files.
struct Authority {
    place: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Authority {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer =
            CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
        let authority = Authority { place: tempfile::tempdir().expect("a folder"), issuer };
        fs::write(authority.path("ca"), authority.issuer.pem()).expect("a file");
        authority.issue("server");
        authority.issue("client");
        authority
    }

    /// Writes a certificate and its key to NAME and NAME.key.
    fn issue(&self, name: &str) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec!["localhost".to_owned()]).expect("names");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        fs::write(self.path(name), certificate.pem()).expect("a file");
        fs::write(self.path(&format!("{name}.key")), key.serialize_pem()).expect("a file");
    }

    fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn tls(&self, clients: Option<&Path>) -> Result<Tls, Error> {
        Tls::files(&self.path("server"), &self.path("server.key"), clients)
    }

    /// One request over TLS, by a client with this certificate or none.
    fn get(
        &self,
        address: SocketAddr,
        with: Option<&Authority>,
    ) -> std::io::Result<(String, CertificateDer<'static>)> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_file(self.path("ca")).expect("PEM")).expect("an authority");
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_root_certificates(roots);
        let config = match with {
            None => builder.with_no_client_auth(),
            Some(authority) => {
                let certificate = CertificateDer::from_pem_file(authority.path("client")).expect("PEM");
                let key = PrivateKeyDer::from_pem_file(authority.path("client.key")).expect("PEM");
                builder.with_client_auth_cert(vec![certificate], key).expect("a pair")
            }
        };
        let name = ServerName::try_from("localhost").expect("a name");
        let connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
        let mut stream = StreamOwned::new(connection, TcpStream::connect(address)?);
        stream.write_all(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut response = String::new();
        stream.read_to_string(&mut response)?;
        let seen = stream.conn.peer_certificates().expect("certificates")[0].clone().into_owned();
        Ok((response, seen))
    }
}

fn hello(request: Request) -> Response {
    Response::text(format!("hello, {:?}", request.peer()))
}

#[test]
fn other_machines_need_tls_and_a_token_or_certificates() {
    let authority = Authority::new();
    let ca = authority.path("ca");
    let any: Address = "0.0.0.0:0".parse().expect("an address");
    let token = || Some(Token::fixed(TOKEN));
    let tls = |clients| Some(authority.tls(clients).expect("TLS"));
    let bind =
        |address: &Address, tls, token| Listener::bind(address, Access { tls, token, ..Access::default() });
    for (tls, token, expected) in [
        (None, None, Some("neither a token nor client certificates are required")),
        (tls(None), None, Some("neither a token nor client certificates are required")),
        (None, token(), Some("without TLS the token can be read on the way")),
        (tls(None), token(), None),
        (tls(Some(&ca)), None, None),
        (tls(Some(&ca)), token(), None),
    ] {
        let result = bind(&any, tls, token);
        match expected {
            None => assert!(result.is_ok(), "{result:?}"),
            Some(reason) => {
                let error = result.expect_err(reason);
                assert!(error.to_string().contains(reason) && !error.advice().is_empty(), "{error}");
                let failure = wagather_base::error::Failure::from(error);
                assert_eq!(failure.attempt, "refuse to listen on 0.0.0.0:0");
            }
        }
    }
    // What the service manager opened is judged as what is opened here.
    let opened = std::net::TcpListener::bind("0.0.0.0:0").expect("a socket");
    assert!(matches!(
        Listener::inherited(opened.into(), |_| Ok(Access::default())),
        Err(Error::Unprotected { .. })
    ));
    for local in ["127.0.0.1:0", "[::1]:0"] {
        let address: Address = local.parse().expect("an address");
        // Not every machine has IPv6.
        assert!(!matches!(
            bind(&address, None, None),
            Err(Error::Unprotected { .. } | Error::Readable { .. })
        ));
    }
}

#[test]
fn only_clients_with_certificates_of_the_authority_are_served() {
    let (authority, other) = (Authority::new(), Authority::new());
    let tls = authority.tls(Some(&authority.path("ca"))).expect("TLS");
    let server = run(Limits::default(), Access { tls: Some(tls), ..Access::default() }, hello);
    let (response, _) = authority.get(server.address, Some(&authority)).expect("a response");
    assert!(status(&response) == 200 && body(&response).starts_with("hello, Tcp(127.0.0.1"), "{response}");
    assert!(authority.get(server.address, None).is_err());
    assert!(authority.get(server.address, Some(&other)).is_err());
    // Plain HTTP to a port of TLS gets nothing.
    assert!(!server.get("/").contains("hello"));
}

#[test]
fn a_new_certificate_counts_without_a_restart_and_a_broken_one_does_not() {
    let authority = Authority::new();
    let tls = Some(authority.tls(None).expect("TLS"));
    let server = run(Limits::default(), Access { tls, ..Access::default() }, hello);
    let seen = || authority.get(server.address, None).expect("a response").1;
    let first = seen();
    assert_eq!(seen(), first);
    authority.issue("server");
    let second = seen();
    assert_ne!(second, first);
    fs::write(authority.path("server"), "half").expect("a file");
    assert_eq!(seen(), second);
}

#[test]
fn files_that_cannot_be_used_are_named() {
    let authority = Authority::new();
    let path = |name: &str| authority.path(name);
    fs::write(path("empty"), "").expect("a file");
    for (certificate, key, clients, what) in [
        ("none", "server.key", None, "a server's certificates"),
        ("empty", "server.key", None, "no certificate in PEM form"),
        ("server", "server", None, "a private key"),
        ("server", "client.key", None, "a server's certificates"),
        ("server", "server.key", Some("empty"), "the certificates of clients' authorities"),
    ] {
        let clients = clients.map(path);
        let error = Tls::files(&path(certificate), &path(key), clients.as_deref()).expect_err(what);
        let text = error.to_string();
        assert!(text.starts_with("cannot use ") && text.contains(what), "{text}");
    }
}

#[test]
fn tokens_are_asked_for_where_paths_are_not_open() {
    let access = Access { token: Some(Token::fixed(TOKEN)), open_paths: &["/healthz"], ..Access::default() };
    let server = run(Limits::default(), access, hello);
    assert_eq!(status(&server.get("/healthz")), 200);
    let refused = server.get("/");
    assert_eq!(status(&refused), 401);
    assert!(refused.contains("www-authenticate: Bearer\r\n"), "{refused}");
    assert!(refused.contains("content-type: application/problem+json\r\n"), "{refused}");
    let with = format!(
        "GET / HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\r\n"
    );
    assert_eq!(status(&server.raw(with)), 200);
    // Who may not ask may not send a body either.
    let body = "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n";
    assert_eq!(status(&server.raw(body)), 401);
}

#[test]
fn unix_sockets_are_for_one_user_and_replace_only_what_nobody_answers_on() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("socket");
    let address = Address::Unix(path.clone());
    let bind = || Listener::bind(&address, Access::default());
    // What a server that was killed left behind.
    drop(UnixListener::bind(&path).expect("a socket"));
    let listener = bind().expect("a place");
    assert_eq!(fs::metadata(&path).expect("a socket").permissions().mode() & 0o777, 0o600);
    assert!(matches!(bind(), Err(Error::Taken { .. })));
    let server = Server::new(Limits::default(), hello);
    let stopper = server.stopper();
    let thread = std::thread::spawn(move || server.run(vec![listener]));
    let mut client = UnixStream::connect(&path).expect("a server");
    // Any name will do: no browser reaches it.
    client.write_all(b"GET / HTTP/1.1\r\nHost: archive\r\nConnection: close\r\n\r\n").expect("a server");
    let mut response = String::new();
    client.read_to_string(&mut response).expect("a response");
    assert_eq!(body(&response), "hello, Unix");
    stopper.stop();
    thread.join().expect("no panic").expect("a server");
    let left: Vec<_> = fs::read_dir(place.path()).expect("a folder").collect();
    assert!(left.is_empty(), "{left:?}");
    // A file of somebody's is not replaced.
    fs::write(&path, "mine").expect("a file");
    let error = bind().expect_err("a file").to_string();
    assert!(error.contains("there is a file that is no socket"), "{error}");
    // Nor is the socket of another server removed, which took the place.
    fs::remove_file(&path).expect("a file");
    let old = bind().expect("a place");
    fs::remove_file(&path).expect("a file");
    let new = bind().expect("a place");
    drop(old);
    assert!(path.exists());
    drop(new);
    assert!(!path.exists());
}

#[test]
fn a_socket_of_the_service_manager_is_served() {
    let place = tempfile::tempdir().expect("a folder");
    let path = place.path().join("socket");
    let opened = UnixListener::bind(&path).expect("a socket");
    let inherited = |socket: &UnixListener| {
        Listener::inherited(socket.try_clone().expect("a copy").into(), |_| Ok(Access::default()))
    };
    // Nobody is asked for a token there, so that its permissions must say who may connect.
    fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("a mode");
    assert!(matches!(inherited(&opened), Err(Error::Anybody { .. })));
    let name = format!("wagather-test-{}", std::process::id());
    let address = std::os::unix::net::SocketAddr::from_abstract_name(name).expect("a name");
    let abstracted = UnixListener::bind_addr(&address).expect("a socket");
    assert!(matches!(inherited(&abstracted), Err(Error::Anybody { .. })));
    fs::set_permissions(&path, fs::Permissions::from_mode(0o660)).expect("a mode");
    let listener = inherited(&opened).expect("a listener");
    assert_eq!(*listener.address(), Address::Unix(path.clone()));
    drop(listener);
    // Its file is the service manager's.
    assert!(path.exists());
}

/// The bodies of the layer's own answers are problems.
#[test]
fn every_refusal_is_a_problem() {
    let server = run(Limits::default(), Access::default(), hello);
    let response = server.raw("GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n");
    let problem: serde_json::Value = serde_json::from_str(body(&response)).expect("JSON");
    assert_eq!(
        (problem["status"].as_u64(), problem["title"].as_str()),
        (Some(421), Some("Misdirected Request"))
    );
}
