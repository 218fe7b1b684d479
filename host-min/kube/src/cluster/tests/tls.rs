//! TLS against a server with certificates made for the test, and the credentials that go over it.

use std::io::{ErrorKind, Write};
use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};

use super::*;
use wagather_base::base64;

/// An authority and the certificates that it signs.
pub(super) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(super) fn new(name: &str) -> Authority {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(super) fn pem(&self) -> String {
        self.0.pem()
    }

    /// A certificate and its key (PKCS#8), in PEM.
    pub(super) fn sign(&self, names: &[&str], expired: bool) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, "someone");
        if expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 2, 3);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// Answers each request with what `answer` makes of it, over TLS; asks for a client certificate if `clients` is set.
pub(super) fn serve(
    (certificate, key): (String, String),
    clients: Option<&Authority>,
    answer: impl Fn(&str) -> String + Send + Sync + 'static,
) -> Server {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder =
        ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let builder = match clients {
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.0.der().clone()).unwrap();
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
        None => builder.with_no_client_auth(),
    };
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = Arc::new(builder.with_single_cert(chain, key).unwrap());
    Server::start(move |recorded, stream, _| {
        let mut stream = StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream);
        while let Some(request) = recorded.request(&mut stream) {
            let answer = answer(&request);
            let sent = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
            // TLS is left without a goodbye, as when a server dies.
            if sent.is_err() || answer.contains("Connection: close") {
                return;
            }
        }
    })
}

pub(super) fn ok(_: &str) -> String {
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}".to_owned()
}

/// A kubeconfig for a server; `cluster` and `user` are what else there is in them.
pub(super) fn config(server: &Server, cluster: &str, user: &str) -> String {
    format!(
        "current-context: c\ncontexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         clusters: [{{name: c, cluster: {{server: 'https://{}'{cluster}}}}}]\nusers: [{{name: u, user: {{{user}}}}}]",
        server.address
    )
}

pub(super) fn trusting(authority: &Authority) -> String {
    format!(", certificate-authority-data: {}", base64::encode(authority.pem().as_bytes()))
}

pub(super) fn send(config: &str) -> Result<Response, NoAnswer> {
    with_kubeconfig(config, Options::default()).unwrap().send(&call("/api"))
}

#[test]
fn a_server_that_is_who_it_should_be() {
    let authority = Authority::new("ca");
    let server = serve(authority.sign(&["127.0.0.1", "localhost"], false), None, ok);
    let config = config(&server, &trusting(&authority), "token: hunter2");
    let cluster = with_kubeconfig(&config, Options::default()).unwrap();
    cluster.warm(Instant::now() + Duration::from_secs(10));
    for _ in 0..3 {
        assert_eq!(text(cluster.send(&call("/api"))), "{}");
    }
    assert_eq!(server.connections(), 1);
    assert!(server.requests()[2].contains("\r\nAuthorization: Bearer hunter2\r\n"));
    assert!(cluster.warnings().is_empty());
}

#[test]
fn a_server_that_is_not_who_it_should_be() {
    let (authority, other) = (Authority::new("ca"), Authority::new("other"));
    let server = serve(authority.sign(&["kubernetes", "10.96.0.1"], false), None, ok);
    let who = server.address;
    let failure = refusal(send(&config(&server, &trusting(&other), "")));
    assert_eq!(
        failure.reason,
        format!("cannot connect to {who}: its certificate is signed by an unknown authority")
    );
    assert!(failure.advice.contains("certificate-authority"));

    let failure = refusal(send(&config(&server, &trusting(&authority), "")));
    assert_eq!(
        failure.reason,
        format!(
            "cannot connect to {who}: its certificate is not for 127.0.0.1; it is for kubernetes, 10.96.0.1"
        )
    );
    assert!(failure.advice.contains("tls-server-name"));
    let named = format!("{}, tls-server-name: kubernetes", trusting(&authority));
    assert_eq!(text(send(&config(&server, &named, ""))), "{}");
    assert_eq!(text(send(&config(&server, ", insecure-skip-tls-verify: true", ""))), "{}");

    let same_name = Authority::new("ca");
    let failure = refusal(send(&config(&server, &trusting(&same_name), "")));
    assert!(failure.reason.contains("authority"), "{failure:?}");

    let server = serve(authority.sign(&["127.0.0.1"], true), None, ok);
    let failure = refusal(send(&config(&server, &trusting(&authority), "")));
    assert!(failure.reason.ends_with("its certificate expired on 2021-02-03"), "{failure:?}");
    assert!(failure.advice.contains("clock"));
}

#[test]
fn plain_and_tls_mixed_up() {
    let authority = Authority::new("ca");
    let server = serve(authority.sign(&["127.0.0.1"], false), None, ok);
    let failure = refusal(at(&server.url()).send(&call("/")));
    assert!(failure.reason.contains("it speaks TLS; use https"), "{failure:?}");
    let plain = Server::start(|_, mut stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
        std::thread::sleep(Duration::from_millis(200));
    });
    let failure = refusal(send(&config(&plain, &trusting(&authority), "")));
    assert!(failure.reason.contains("it does not speak TLS"), "{failure:?}");
}

#[test]
fn a_handshake_that_never_ends_ends_at_the_deadline() {
    let authority = Authority::new("ca");
    let server = Server::start(|_, stream, _| {
        std::thread::sleep(Duration::from_secs(30));
        drop(stream);
    });
    let cluster = with_kubeconfig(&config(&server, &trusting(&authority), ""), Options::default()).unwrap();
    let begin = Instant::now();
    assert_eq!(refusal(cluster.send(&within("/", Duration::from_millis(200)))).cause, Cause::Late);
    let hasty = Options { connect_timeout: Duration::from_millis(200), ..Options::default() };
    let cluster = with_kubeconfig(&config(&server, &trusting(&authority), ""), hasty).unwrap();
    assert_ne!(refusal(cluster.send(&call("/"))).cause, Cause::Late);
    assert!(begin.elapsed() < Duration::from_secs(10));
}

#[test]
fn client_certificates() {
    let authority = Authority::new("ca");
    let server = serve(authority.sign(&["127.0.0.1"], false), Some(&authority), ok);
    let with = |(certificate, key): &(String, String)| {
        let user = format!(
            "client-certificate-data: {}, client-key-data: {}",
            base64::encode(certificate.as_bytes()),
            base64::encode(key.as_bytes())
        );
        config(&server, &trusting(&authority), &user)
    };
    assert_eq!(text(send(&with(&authority.sign(&["me"], false)))), "{}");

    let stranger = Authority::new("other").sign(&["me"], false);
    let failure = refusal(send(&with(&stranger)));
    assert!(failure.reason.contains("it rejected the client certificate"), "{failure:?}");
    let failure = refusal(send(&config(&server, &trusting(&authority), "")));
    assert!(failure.reason.contains("it requires a client certificate"), "{failure:?}");

    let (certificate, _) = authority.sign(&["me"], false);
    let (_, key) = authority.sign(&["me"], false);
    let failure = with_kubeconfig(&with(&(certificate.clone(), key)), Options::default()).unwrap_err();
    let reason =
        "the client certificate of user \"u\" cannot be used: the client key does not match the certificate";
    assert_eq!(failure.reason, reason);
    assert!(failure.advice.contains("client-key"), "{failure}");
    let failure =
        with_kubeconfig(&with(&(certificate, "no key".to_owned())), Options::default()).unwrap_err();
    assert!(failure.reason.contains("is not a private key in PEM"), "{failure}");
}

#[test]
fn keys_of_all_forms() {
    // One P-256 key as PKCS#8 and as SEC1, one RSA key as PKCS#8 and as PKCS#1, made by openssl.
    let authority = Authority::new("ca");
    let folder = tempfile::tempdir().unwrap();
    let server = serve(authority.sign(&["127.0.0.1"], false), None, ok);
    let openssl = |arguments: &str| {
        let output = std::process::Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(&folder)
            .output()
            .unwrap_or_else(|error| {
                panic!("this test makes keys with openssl ('make setup' installs it): {error}")
            });
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let forms = [
        (
            "ec",
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ec -out ec.crt -subj /CN=me",
        ),
        ("ec1", "ec -in ec -out ec1"),
        ("rsa", "req -x509 -newkey rsa:2048 -nodes -keyout rsa -out rsa.crt -subj /CN=me"),
        ("rsa1", "rsa -in rsa -traditional -out rsa1"),
        (
            "p521",
            "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-521 -nodes -keyout p521 -out p521.crt -subj /CN=me",
        ),
        // Without extensions, this is a certificate of version 1.
        ("v", "x509 -req -in v.csr -signkey v -days 2 -out v.crt"),
        // And this is one that is not of this key.
        ("ec", "x509 -req -in v.csr -signkey v -days 2 -out ec.crt"),
    ];
    openssl("req -newkey rsa:2048 -nodes -keyout v -out v.csr -subj /CN=me");
    let mut others = 0;
    for (key, command) in forms {
        openssl(command);
        let certificate = format!("{}.crt", key.trim_end_matches('1'));
        let certificate = if key == "p521" { "p521.crt".to_owned() } else { certificate };
        let path = folder.path().join("config");
        let user = format!("client-certificate: {certificate}, client-key: {key}");
        std::fs::write(&path, config(&server, &trusting(&authority), &user)).unwrap();
        let opened = open_in(&Options { kubeconfig: Some(path), ..Options::default() }, &nowhere());
        match (key, opened) {
            ("p521", opened) => {
                let failure = opened.unwrap_err();
                assert!(failure.reason.contains("is of an unsupported type"), "{failure}");
                assert!(failure.advice.contains("kubectl proxy"), "{failure}");
            }
            ("ec", Err(failure)) => {
                assert!(
                    failure.reason.ends_with("the client key does not match the certificate"),
                    "{failure}"
                );
                others += 1;
            }
            (_, opened) => assert_eq!(text(opened.unwrap().send(&call("/api"))), "{}", "{key}"),
        }
    }
    assert_eq!(others, 1, "of the two certificates for ec, one is another key's");
}

#[test]
fn an_authority_that_is_no_certificate() {
    let authority = Authority::new("ca");
    let server = serve(authority.sign(&["127.0.0.1"], false), None, ok);
    let broken = ", certificate-authority-data: bm90IHBlbQ==";
    let failure = with_kubeconfig(&config(&server, broken, ""), Options::default()).unwrap_err();
    assert_eq!(failure.reason, "the certificate-authority of cluster \"c\" has no certificate in PEM");
}

#[test]
fn a_body_over_tls_that_is_cut_short_is_an_error() {
    let authority = Authority::new("ca");
    let server = serve(authority.sign(&["127.0.0.1"], false), None, |request| {
        let path = request.split(' ').nth(1).unwrap();
        assert!(path == "/length" || path == "/close");
        let length = if path == "/length" { "Content-Length: 10\r\n" } else { "" };
        format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{length}\r\nabc")
    });
    let cluster = with_kubeconfig(&config(&server, &trusting(&authority), ""), Options::default()).unwrap();
    for path in ["/length", "/close"] {
        let mut body = cluster.send(&call(path)).unwrap().body;
        let mut read = Vec::new();
        assert_eq!(body.read_to_end(&mut read).unwrap_err().kind(), ErrorKind::UnexpectedEof, "{path}");
        assert_eq!(read, b"abc");
    }
}

/// 401 for all tokens but one.
fn only(token: &'static str) -> impl Fn(&str) -> String {
    move |request| {
        if request.contains(&format!("\r\nAuthorization: Bearer {token}\r\n")) {
            ok(request)
        } else {
            "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_owned()
        }
    }
}

fn exec(folder: &Path, script: &str) -> String {
    let path = folder.join("login.sh");
    std::fs::write(&path, script).unwrap();
    format!(
        "exec: {{apiVersion: client.authentication.k8s.io/v1, command: /bin/sh, args: ['{}'], interactiveMode: Never, \
         env: [{{name: FOLDER, value: '{}'}}]}}",
        path.display(),
        folder.display()
    )
}

#[test]
fn a_refused_token_is_asked_for_once_more() {
    let authority = Authority::new("ca");
    let folder = tempfile::tempdir().unwrap();
    let script = r#"echo x >> "$FOLDER/runs"; n=$(wc -l < "$FOLDER/runs")
        printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"t%d"}}' $n"#;
    let server = serve(authority.sign(&["127.0.0.1"], false), None, only("t2"));
    let config = config(&server, &trusting(&authority), &exec(folder.path(), script));
    let cluster = with_kubeconfig(&config, Options::default()).unwrap();
    assert_eq!(cluster.send(&call("/")).unwrap().status, 200);
    assert_eq!(cluster.send(&call("/")).unwrap().status, 200);
    assert_eq!((server.requests().len(), server.connections()), (3, 1));

    // A third token is no better: the second 401 is the answer.
    let server = serve(authority.sign(&["127.0.0.1"], false), None, only("none"));
    let config = self::config(&server, &trusting(&authority), &exec(folder.path(), script));
    let cluster = with_kubeconfig(&config, Options::default()).unwrap();
    assert_eq!(cluster.send(&call("/")).unwrap().status, 401);
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_token_file_is_read_again_after_a_401() {
    let authority = Authority::new("ca");
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, "t1\n").unwrap();
    let server = serve(authority.sign(&["127.0.0.1"], false), None, only("t2"));
    let user = format!("tokenFile: '{}'", token.display());
    let cluster =
        with_kubeconfig(&config(&server, &trusting(&authority), &user), Options::default()).unwrap();
    assert_eq!(cluster.send(&call("/")).unwrap().status, 401);
    assert_eq!(server.requests().len(), 1);
    std::fs::write(&token, "t2\n").unwrap();
    assert_eq!(cluster.send(&call("/")).unwrap().status, 200);
}

#[test]
fn a_plugin_issues_a_client_certificate() {
    let authority = Authority::new("ca");
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.sign(&["me"], false);
    let status = serde_json::json!({
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"clientCertificateData": certificate, "clientKeyData": key},
    });
    std::fs::write(folder.path().join("answer"), status.to_string()).unwrap();
    let server = serve(authority.sign(&["127.0.0.1"], false), Some(&authority), ok);
    let user = exec(folder.path(), "cat \"$FOLDER/answer\"");
    let cluster =
        with_kubeconfig(&config(&server, &trusting(&authority), &user), Options::default()).unwrap();
    cluster.warm(Instant::now() + Duration::from_secs(10));
    assert_eq!(text(cluster.send(&call("/"))), "{}");
    assert_eq!(text(cluster.send(&call("/"))), "{}");
    assert_eq!(server.connections(), 1);
}

/// As in client-go: a plugin may ask for a login, or fail.
#[test]
fn a_plugin_does_not_run_beside_a_client_certificate() {
    let authority = Authority::new("ca");
    let folder = tempfile::tempdir().unwrap();
    let (certificate, key) = authority.sign(&["me"], false);
    let server = serve(authority.sign(&["127.0.0.1"], false), Some(&authority), ok);
    let user = format!(
        "client-certificate-data: {}, client-key-data: {}, {}",
        base64::encode(certificate.as_bytes()),
        base64::encode(key.as_bytes()),
        exec(folder.path(), "touch \"$FOLDER/ran\"; exit 1")
    );
    assert_eq!(text(send(&config(&server, &trusting(&authority), &user))), "{}");
    assert!(!server.requests()[0].contains("Authorization"), "{:?}", server.requests());
    assert!(!folder.path().join("ran").exists());
}

#[test]
fn a_pod_uses_its_service_account() {
    let authority = Authority::new("ca");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("token"), "t2").unwrap();
    std::fs::write(folder.path().join("ca.crt"), authority.pem()).unwrap();
    let server = serve(authority.sign(&["127.0.0.1"], false), None, only("t2"));
    let environment = Environment {
        service_host: Some("127.0.0.1".into()),
        service_port: Some(server.address.port().to_string().into()),
        service_account: folder.path().to_owned(),
        ..nowhere()
    };
    let cluster = open_in(&Options::default(), &environment).unwrap();
    assert_eq!(text(cluster.send(&call("/"))), "{}");
}
