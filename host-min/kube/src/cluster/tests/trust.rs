//! Whom a list of certificates makes us trust: each case is one that kubectl was asked for too.

use std::process::Command;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};
use rustls::client::danger::ServerCertVerifier;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CertificateError, Error, ServerConfig, ServerConnection, StreamOwned, SupportedProtocolVersion,
};

use super::super::tls_error;
use super::super::trust::{Refusal, Trusted, Verifier, of_handshake};
use super::tls::{Authority, config, ok, send, serve};
use super::*;
use wagather_base::base64;

type Change<'a> = &'a dyn Fn(&mut CertificateParams);

/// What is in a certificate for this machine.
fn params(change: Change<'_>) -> CertificateParams {
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    params.distinguished_name.push(DnType::CommonName, "someone");
    change(&mut params);
    params
}

/// A certificate that signed itself, and its key.
fn own(change: Change<'_>) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    (params(change).self_signed(&key).unwrap().pem(), key.serialize_pem())
}

fn listing(pem: &str) -> String {
    format!(", certificate-authority-data: {}", base64::encode(pem.as_bytes()))
}

fn an_authority(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
}

fn expired(params: &mut CertificateParams) {
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 2, 3));
}

fn in_the_future(params: &mut CertificateParams) {
    (params.not_before, params.not_after) = (date_time_ymd(2999, 1, 2), date_time_ymd(3000, 1, 1));
}

#[test]
fn a_certificate_that_is_listed_is_trusted_for_itself() {
    for (what, certificate) in [
        ("signed by an authority that is not listed", Authority::new("ca").sign(&["127.0.0.1"], false)),
        ("self-signed", own(&|_| {})),
        ("self-signed, no authority's", own(&|params| params.is_ca = IsCa::ExplicitNoCa)),
        ("self-signed, an authority's", own(&an_authority)),
        (
            "for servers",
            own(&|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth]),
        ),
        (
            "an authority's, for servers",
            own(&|params| {
                an_authority(params);
                params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
            }),
        ),
    ] {
        let server = serve(certificate.clone(), None, ok);
        assert_eq!(text(send(&config(&server, &listing(&certificate.0), ""))), "{}", "{what}");
        // Among others too, wherever it stands.
        let bundle = format!("{}{}{}", Authority::new("a").pem(), certificate.0, Authority::new("b").pem());
        assert_eq!(text(send(&config(&server, &listing(&bundle), ""))), "{}", "{what}");
    }
}

#[test]
fn a_certificate_that_is_listed_must_still_be_right() {
    let for_clients = |params: &mut CertificateParams| {
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    };
    let cases: [(Change<'_>, &str); 6] = [
        (&expired, "its certificate expired on 2021-02-03"),
        (&in_the_future, "its certificate is not valid before 2999-01-02"),
        (&for_clients, "its certificate is not valid for servers"),
        (
            &|params| {
                an_authority(params);
                for_clients(params);
            },
            "its certificate is not valid for servers",
        ),
        (
            &|params| {
                an_authority(params);
                expired(params);
            },
            "its certificate expired on 2021-02-03",
        ),
        (
            &|params| {
                an_authority(params);
                params.subject_alt_names = vec![rcgen::SanType::DnsName("elsewhere".try_into().unwrap())];
            },
            "its certificate is not for 127.0.0.1; it is for elsewhere",
        ),
    ];
    for (change, why) in cases {
        let certificate = own(change);
        let server = serve(certificate.clone(), None, ok);
        let failure = refusal(send(&config(&server, &listing(&certificate.0), "")));
        assert!(failure.reason.ends_with(why), "{why}: {failure:?}");
        assert!(!failure.advice.is_empty(), "{failure:?}");
    }
}

/// A server that presents a certificate and signs with another key, in each version of TLS.
#[test]
fn who_has_not_the_key_is_not_trusted() {
    let (certificate, _) = own(&|_| {});
    let (_, key) = own(&|_| {});
    let versions: [&'static SupportedProtocolVersion; 2] = [&rustls::version::TLS12, &rustls::version::TLS13];
    for version in versions {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
        let key = provider.key_provider.load_private_key(key).unwrap();
        let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
        let presents = Arc::new(SingleCertAndKey::from(CertifiedKey::new(chain, key)));
        let server_config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(&[version])
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(presents);
        let server_config = Arc::new(server_config);
        let server = Server::start(move |recorded, stream, _| {
            let connection = ServerConnection::new(server_config.clone()).unwrap();
            recorded.request(&mut StreamOwned::new(connection, stream));
        });
        for trust in [listing(&certificate), ", insecure-skip-tls-verify: true".to_owned()] {
            let failure = refusal(send(&config(&server, &trust, "")));
            let why = "it does not have the key of the certificate that it presents";
            assert!(failure.reason.ends_with(why), "{version:?}, {trust}: {failure:?}");
        }
        assert_eq!(server.requests(), [] as [&str; 0]);
    }
}

/// What is listed is one certificate: neither another one of the same key and name, nor what its key signs.
#[test]
fn a_listed_certificate_speaks_for_no_other() {
    let key = KeyPair::generate().unwrap();
    let listed = params(&|_| {}).self_signed(&key).unwrap().pem();
    let again =
        params(&|params| params.not_after = date_time_ymd(4000, 1, 1)).self_signed(&key).unwrap().pem();
    let server = serve((again, key.serialize_pem()), None, ok);
    let failure = refusal(send(&config(&server, &listing(&listed), "")));
    assert!(failure.reason.contains("is not a CA certificate"), "{failure:?}");

    let signed_key = KeyPair::generate().unwrap();
    let issuer = Issuer::from_params(&params(&|_| {}), &key).signed(&signed_key);
    let server = serve((issuer, signed_key.serialize_pem()), None, ok);
    let failure = refusal(send(&config(&server, &listing(&listed), "")));
    assert!(failure.reason.contains("is not a CA certificate"), "{failure:?}");
    assert!(failure.advice.contains("the server's certificate itself"), "{failure:?}");
}

trait Signs {
    fn signed(&self, key: &KeyPair) -> String;
}

impl Signs for Issuer<'_, &KeyPair> {
    fn signed(&self, key: &KeyPair) -> String {
        params(&|params| params.distinguished_name.push(DnType::CommonName, "below"))
            .signed_by(key, self)
            .unwrap()
            .pem()
    }
}

/// An authority of a name and a key.
fn issuer(key: &KeyPair, change: Change<'_>) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "an authority");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    change(&mut params);
    let key = KeyPair::from_pem(&key.serialize_pem()).unwrap();
    CertifiedIssuer::self_signed(params, key).unwrap()
}

#[test]
fn authorities_that_may_not_sign() {
    const NO_AUTHORITY: &str = "its certificate is signed by a certificate that is not a CA certificate (it lacks CA:TRUE, or may not sign certificates)";
    let cases: [(Change<'_>, &str); 6] = [
        (&expired, "the certificate of the authority that signed its certificate expired on 2021-02-03"),
        (
            &in_the_future,
            "the certificate of the authority that signed its certificate is not valid before 2999-01-02",
        ),
        (&|params| params.is_ca = IsCa::NoCa, NO_AUTHORITY),
        (&|params| params.is_ca = IsCa::ExplicitNoCa, NO_AUTHORITY),
        (&|params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature], NO_AUTHORITY),
        (
            &|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth],
            "its certificate is signed by an authority that may not sign server certificates",
        ),
    ];
    let (key, below) = (KeyPair::generate().unwrap(), KeyPair::generate().unwrap());
    for (change, why) in cases {
        let (unfit, renewed) = (issuer(&key, change), issuer(&key, &|_| {}));
        let certificate = params(&|_| {}).signed_by(&below, &unfit).unwrap().pem();
        let server = serve((certificate, below.serialize_pem()), None, ok);
        let failure = refusal(send(&config(&server, &listing(&unfit.pem()), "")));
        assert!(failure.reason.ends_with(why), "{why}: {failure:?}");
        assert!(!failure.advice.is_empty(), "{failure:?}");
        // An authority that was renewed: whichever comes first, the one that may sign counts.
        for bundle in [unfit.pem() + &renewed.pem(), renewed.pem() + &unfit.pem()] {
            assert_eq!(text(send(&config(&server, &listing(&bundle), ""))), "{}", "{why}");
        }
    }
}

#[test]
fn what_cannot_be_read_of_a_bundle_is_left_out() {
    const NOT_DER: &str = "-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n";
    const NOT_BASE64: &str = "-----BEGIN CERTIFICATE-----\n%%%%\n-----END CERTIFICATE-----\n";
    const NO_END: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n";
    let (authority, other) = (Authority::new("ca"), Authority::new("other"));
    let (good, other) = (authority.pem(), other.pem());
    let server = serve(authority.sign(&["127.0.0.1"], false), None, ok);
    let says = |numbers| Some(format!("the certificate-authority of cluster \"c\" has {numbers} left out"));
    let tens = NOT_DER.repeat(12) + &good;
    for (bundle, warning) in [
        (other.clone() + &good, None),
        (format!("# comments\r\n{}", good.replace('\n', "\r\n")), None),
        (NOT_DER.to_owned() + &good, says("2 certificates; number 1 cannot be read and is")),
        (NOT_BASE64.to_owned() + &good, says("2 certificates; number 1 cannot be read and is")),
        (NO_END.to_owned() + &good, says("2 certificates; number 1 cannot be read and is")),
        (good.clone() + NO_END, says("2 certificates; number 2 cannot be read and is")),
        (
            format!("{NOT_DER}{good}{NO_END}{other}{NOT_BASE64}"),
            says("5 certificates; numbers 1, 3, 5 cannot be read and are"),
        ),
        (
            tens,
            says("13 certificates; numbers 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and others cannot be read and are"),
        ),
    ] {
        let config = config(&server, &listing(&bundle), "");
        let cluster = with_kubeconfig(&config, Options::default()).unwrap();
        assert_eq!(cluster.warnings(), warning.as_slice(), "{bundle}");
        assert_eq!(text(cluster.send(&call("/api"))), "{}", "{bundle}");
    }
    for bundle in [NOT_DER, NOT_BASE64, NO_END] {
        let failure =
            with_kubeconfig(&config(&server, &listing(bundle), ""), Options::default()).unwrap_err();
        let why = "the certificate-authority of cluster \"c\" has no certificate that can be read";
        assert_eq!(failure.reason, why, "{bundle}");
        assert!(failure.advice.contains("PEM certificate"), "{failure}");
    }
    // A file is named.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.crt");
    std::fs::write(&path, NOT_DER.to_owned() + &good).unwrap();
    let file = format!(", certificate-authority: '{}'", path.display());
    let cluster = with_kubeconfig(&config(&server, &file, ""), Options::default()).unwrap();
    assert!(cluster.warnings()[0].contains(&format!("{}, has 2 certificates", path.display())));
}

/// Signatures of short keys of RSA cannot be verified, which is not as if they were forged.
#[test]
fn the_length_of_a_key_is_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |arguments: &str| {
        let output =
            Command::new("openssl").args(arguments.split(' ')).current_dir(&folder).output().unwrap_or_else(
                |error| {
                    panic!("this test makes certificates with openssl ('make setup' installs it): {error}")
                },
            );
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    };
    openssl(
        "req -x509 -newkey rsa:1024 -nodes -keyout ca.key -out ca.crt -subj /CN=ca -addext basicConstraints=critical,CA:TRUE",
    );
    openssl("req -newkey rsa:2048 -nodes -keyout below.key -out below.csr -subj /CN=below");
    std::fs::write(folder.path().join("v3"), "subjectAltName=IP:127.0.0.1\n").unwrap();
    openssl("x509 -req -in below.csr -CA ca.crt -CAkey ca.key -CAcreateserial -extfile v3 -out below.crt");
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let der = |name: &str| CertificateDer::from_pem_slice(&read(name)).unwrap();

    let (trusted, warning) = Trusted::read(&read("ca.crt"), "a bundle").unwrap();
    assert_eq!(warning, None);
    let verifier = Verifier::new(Arc::new(trusted), Arc::new(rustls::crypto::ring::default_provider()));
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let error = verifier.verify_server_cert(&der("below.crt"), &[], &name, &[], UnixTime::now()).unwrap_err();
    assert_eq!(refused(&error), Refusal::AuthorityKeyLength(1024));

    let bad = Error::InvalidCertificate(CertificateError::BadSignature);
    assert_eq!(refused(&of_handshake(bad.clone(), &der("ca.crt"))), Refusal::KeyLength(1024));
    assert_eq!(refused(&of_handshake(bad, &der("below.crt"))), Refusal::HasNotTheKey);
    assert_eq!(of_handshake(Error::DecryptError, &der("ca.crt")), Error::DecryptError);
}

fn refused(error: &Error) -> Refusal {
    match error {
        Error::InvalidCertificate(CertificateError::Other(inner)) => *inner.0.downcast_ref().unwrap(),
        other => panic!("{other:?}"),
    }
}

/// A chain from the root to a server's certificate, by way of so many authorities; the server's is last.
fn chain(root: &CertifiedIssuer<'static, KeyPair>, between: usize) -> Vec<CertificateDer<'static>> {
    let mut signed: Vec<CertifiedIssuer<'static, KeyPair>> = Vec::new();
    for number in 0..between {
        let mut params = CertificateParams::default();
        an_authority(&mut params);
        params.distinguished_name.push(DnType::CommonName, format!("between {number}"));
        let key = KeyPair::generate().unwrap();
        let issuer: &Issuer<'_, KeyPair> = signed.last().map_or(root, |last| last);
        signed.push(CertifiedIssuer::signed_by(params, key, issuer).unwrap());
    }
    let issuer: &Issuer<'_, KeyPair> = signed.last().map_or(root, |last| last);
    let own = params(&|_| {}).signed_by(&KeyPair::generate().unwrap(), issuer).unwrap();
    let mut chain: Vec<_> = signed.iter().map(|one| one.der().clone()).collect();
    chain.push(own.der().clone());
    chain
}

#[test]
fn a_listed_authority_bounds_the_chain_below_it() {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let now = UnixTime::now();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    for most in [None, Some(0), Some(1), Some(2)] {
        let mut params = CertificateParams::default();
        let bound = most.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained);
        params.is_ca = IsCa::Ca(bound);
        params.distinguished_name.push(DnType::CommonName, "root");
        let root = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let (trusted, _) = Trusted::read(root.pem().as_bytes(), "the bundle").unwrap();
        let verifier = Verifier::new(Arc::new(trusted), provider.clone());
        for between in 0..4 {
            let mut sent = chain(&root, between);
            let own = sent.pop().unwrap();
            // What belongs to other chains is in nobody's way.
            sent.extend(chain(&root, 3));
            let verified = verifier.verify_server_cert(&own, &sent, &name, &[], now).map(drop);
            let fits = most.is_none_or(|most| between <= usize::from(most));
            match verified {
                Ok(()) => assert!(fits, "{most:?} {between}"),
                Err(error) => {
                    assert!(!fits, "{most:?} {between}: {error}");
                    assert_eq!(refused(&error), Refusal::ChainTooLong(usize::from(most.unwrap())));
                }
            }
        }
    }
}

/// What webpki refuses and rustls has no error for is told in words, too.
#[test]
fn certificates_that_cannot_be_accepted_say_why() {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |arguments: &str| {
        let output = Command::new("openssl").args(arguments.split(' ')).current_dir(&folder).output();
        let output = output.unwrap_or_else(|error| {
            panic!("this test makes certificates with openssl ('make setup' installs it): {error}")
        });
        assert!(output.status.success(), "{arguments}: {}", String::from_utf8_lossy(&output.stderr));
    };
    let file = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    let read = |name: &str| std::fs::read(folder.path().join(name)).unwrap();
    let der = |name: &str| CertificateDer::from_pem_slice(&read(name)).unwrap();
    openssl(
        "req -x509 -newkey rsa:2048 -nodes -keyout ca -out ca.crt -subj /CN=ca -addext basicConstraints=critical,CA:TRUE",
    );
    openssl("req -newkey rsa:2048 -nodes -keyout k -out k.csr -subj /CN=k");
    openssl("req -new -key k -out bounded.csr -subj /CN=bounded");
    let sign = |name: &str, by: &str, key: &str, extensions: &str| {
        file("extensions", extensions);
        let request = if name == "bounded" { name } else { "k" };
        openssl(&format!(
            "x509 -req -in {request}.csr -CA {by}.crt -CAkey {key} -CAcreateserial -extfile extensions -out {name}.crt"
        ));
    };
    sign(
        "bounded",
        "ca",
        "ca",
        "basicConstraints=critical,CA:TRUE\nnameConstraints=critical,permitted;DNS:example.test\n",
    );
    sign("elsewhere", "bounded", "k", "subjectAltName=DNS:example.org,IP:127.0.0.1\n");
    sign("critical", "ca", "ca", "subjectAltName=IP:127.0.0.1\n1.2.3.4=critical,ASN1:UTF8String:x\n");
    sign("mail", "ca", "ca", "subjectAltName=email:a@example.test\n");
    sign("address", "ca", "ca", "subjectAltName=DNS:127.0.0.1\n");
    openssl("x509 -req -in k.csr -CA ca.crt -CAkey ca -CAcreateserial -out old.crt");

    let (trusted, _) = Trusted::read(&read("ca.crt"), "a bundle").unwrap();
    let verifier = Verifier::new(Arc::new(trusted), Arc::new(rustls::crypto::ring::default_provider()));
    let name = ServerName::try_from("127.0.0.1").unwrap();
    for (certificate, chain, why, advice) in [
        ("elsewhere", &["bounded"][..], "(name constraints)", "certificate-authority"),
        ("critical", &[], "has an unknown critical extension", "certificate-authority"),
        ("old", &[], "is of X.509 version 1", "subject alternative names"),
        ("mail", &[], "has no names or addresses", "subject alternative names"),
        ("address", &[], "it is for 127.0.0.1 (as a DNS name, not as an address)", "Connect to"),
    ] {
        let chain: Vec<_> = chain.iter().map(|name| der(&format!("{name}.crt"))).collect();
        let presented = der(&format!("{certificate}.crt"));
        let error = verifier.verify_server_cert(&presented, &chain, &name, &[], UnixTime::now()).unwrap_err();
        let told = tls_error::explain(&std::io::Error::other(error), "connect to", "x", false);
        assert!(told.reason.contains(why), "{certificate}: {told:?}");
        assert!(told.advice.contains(advice), "{certificate}: {told:?}");
    }
}
