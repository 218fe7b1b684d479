//! What an error on a connection means to a person: who refused whom, why, and what to do about it.

use std::io::{self, ErrorKind};
use std::net::IpAddr;

use rustls::{AlertDescription, CertificateError, Error, OtherError};

use super::timeouts::explanation;
use super::timestamp;
use super::trust::{Refusal, is_an_authority};
use crate::{Cause, NoAnswer};

/// Explains an error of a connection to `who`; `verb` is what was attempted: "connect to", "read from".
pub(super) fn explain(error: &io::Error, verb: &str, who: &str, late: bool) -> NoAnswer {
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let (why, advice) = match tls {
        Some(error) => tls_reason(error),
        None => (io_reason(error), ""),
    };
    let cause = match tls {
        _ if late => Cause::Late,
        Some(_) => Cause::Final,
        None => Cause::of(error),
    };
    NoAnswer { cause, reason: format!("cannot {verb} {who}: {why}"), advice: advice.to_owned() }
}

/// What an I/O error says, without its number.
pub(super) fn io_reason(error: &io::Error) -> String {
    if let Some(text) = explanation(error) {
        return text.to_owned();
    }
    match error.kind() {
        ErrorKind::TimedOut | ErrorKind::WouldBlock => "no response in time".to_owned(),
        ErrorKind::ConnectionRefused => "connection refused".to_owned(),
        ErrorKind::ConnectionReset | ErrorKind::BrokenPipe => "it closed the connection".to_owned(),
        ErrorKind::UnexpectedEof => "it closed the connection before the end of its answer".to_owned(),
        ErrorKind::HostUnreachable => "no route to the host".to_owned(),
        ErrorKind::NetworkUnreachable => "the network is unreachable".to_owned(),
        _ => error.to_string(),
    }
}

/// What to do about a certificate for another name, about one for none, and about a chain.
const NAME: &str = "Connect to the name or address in the certificate, or set tls-server-name of the cluster in the kubeconfig.";
const NAMES: &str =
    "Give the server a certificate whose subject alternative names contain its names and addresses.";
const CHAIN: &str = "Set certificate-authority of the cluster in the kubeconfig to the server's certificate itself, or give the server a certificate of another authority.";
const NO_NAMES: &str = "its certificate has no names or addresses as subject alternative names, and its common name does not count";

/// Errors of webpki that rustls has no error for, each with what it means and what to do.
const OF_WEBPKI: &[(&str, &str, &str)] = &[
    (
        "UnsupportedCertVersion",
        "its certificate is of X.509 version 1, which has no subject alternative names, and its common name does not count",
        NAMES,
    ),
    (
        "PathLenConstraintViolated",
        "its certificate chain is longer than one of its authorities allows (pathlen)",
        CHAIN,
    ),
    (
        "NameConstraintViolation",
        "an authority in its certificate chain may not sign certificates for these names (name constraints)",
        CHAIN,
    ),
    (
        "UnsupportedCriticalExtension",
        "its certificate, or one that signs it, has an unknown critical extension",
        CHAIN,
    ),
];

/// What an error of webpki means. Of these errors rustls shows the name only.
fn of_webpki(error: &OtherError) -> Option<&'static (&'static str, &'static str, &'static str)> {
    let told = format!("{error:?}");
    OF_WEBPKI.iter().find(|(name, ..)| told.contains(name))
}

fn tls_reason(error: &Error) -> (String, &'static str) {
    const AUTHORITY: &str = "Set certificate-authority or certificate-authority-data of the cluster in the kubeconfig to the authority that signed the certificate, or to the certificate itself.";
    const CLOCK: &str = "Renew the server's certificate, or check the clock of this machine.";
    const CLIENT: &str = "Check the client-certificate of the user in the kubeconfig: it may have expired, or \
                          belong to another cluster.";
    const SERVER: &str =
        "Give the server a certificate that is signed by the certificate-authority in the kubeconfig.";
    const ITSELF: &str = "Give the server a certificate that is not a CA certificate, or set certificate-authority of the cluster in the kubeconfig to this certificate.";
    const ALGORITHM: &str = "host-min supports TLS 1.3, and TLS 1.2 with ECDHE and AES-GCM or ChaCha20. Certificates may use RSA (2048 bits or more), P-256, P-384 or Ed25519, not P-521, and SHA-512 only with RSA. Give the server such a certificate, or use `kubectl proxy` with --server.";
    match error {
        Error::InvalidCertificate(certificate) => match certificate {
            CertificateError::UnknownIssuer => {
                ("its certificate is signed by an unknown authority".to_owned(), AUTHORITY)
            }
            CertificateError::NotValidForNameContext { expected, presented } => {
                // What a server that nobody trusts yet sends may be anything.
                let names: Vec<_> = presented.iter().filter_map(|name| bare(name)).collect();
                if names.is_empty() {
                    return (NO_NAMES.to_owned(), NAMES);
                }
                let has = names.iter().map(|name| wagather_printable::line(name)).collect::<Vec<_>>().join(", ");
                (format!("its certificate is not for {}; it is for {has}", expected.to_str()), NAME)
            }
            CertificateError::NotValidForName => ("its certificate is for another name".to_owned(), NAME),
            CertificateError::ExpiredContext { not_after, .. } => {
                (format!("its certificate expired on {}", timestamp::day(not_after.as_secs())), CLOCK)
            }
            CertificateError::Expired => ("its certificate has expired".to_owned(), CLOCK),
            CertificateError::NotValidYetContext { not_before, .. } => {
                (format!("its certificate is not valid before {}", timestamp::day(not_before.as_secs())), CLOCK)
            }
            CertificateError::NotValidYet => ("its certificate is not valid yet".to_owned(), CLOCK),
            CertificateError::BadSignature => (
                "its certificate is not signed by the authority that it names (that CA has another key)"
                    .to_owned(),
                AUTHORITY,
            ),
            CertificateError::UnsupportedSignatureAlgorithmContext { .. }
            | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => (
                "its certificate, or one that signs it, has a key or signature type that host-min cannot verify"
                    .to_owned(),
                ALGORITHM,
            ),
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                ("its certificate is not valid for servers".to_owned(), SERVER)
            }
            CertificateError::BadEncoding => ("its certificate cannot be read".to_owned(), SERVER),
            CertificateError::UnhandledCriticalExtension => {
                ("its certificate has an unknown critical extension".to_owned(), SERVER)
            }
            CertificateError::Other(inner) if is_an_authority(inner) => {
                ("its certificate is a CA certificate (CA:TRUE)".to_owned(), ITSELF)
            }
            CertificateError::Other(inner) if let Some((_, why, advice)) = of_webpki(inner) => {
                ((*why).to_owned(), *advice)
            }
            CertificateError::Other(inner) if let Some(refusal) = inner.0.downcast_ref() => {
                (Refusal::to_string(refusal), what_to_do(*refusal))
            }
            _ => ("its certificate cannot be accepted".to_owned(), SERVER),
        },
        Error::AlertReceived(alert) => match alert {
            AlertDescription::CertificateRequired => ("it requires a client certificate".to_owned(), CLIENT),
            AlertDescription::BadCertificate
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::AccessDenied => {
                let why = match alert {
                    AlertDescription::CertificateExpired => ": it has expired",
                    AlertDescription::CertificateRevoked => ": it was revoked",
                    AlertDescription::UnknownCA => ": it does not know the authority that signed it",
                    _ => "",
                };
                (format!("it rejected the client certificate{why}"), CLIENT)
            }
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => (
                "it and host-min have no cipher, curve or signature type in common".to_owned(),
                ALGORITHM,
            ),
            AlertDescription::ProtocolVersion => {
                ("it speaks neither TLS 1.2 nor TLS 1.3".to_owned(), "Enable TLS 1.2 or 1.3 on the server.")
            }
            AlertDescription::UnrecognisedName => ("it does not know the requested name".to_owned(), NAME),
            _ => ("it ended the TLS handshake".to_owned(), "Check the server's log for the reason."),
        },
        Error::InvalidMessage(_) => (
            "it does not speak TLS".to_owned(),
            "Check the port, and whether the server expects plain http.",
        ),
        Error::PeerIncompatible(_) => {
            ("it and host-min have no TLS version, cipher or signature type in common".to_owned(), ALGORITHM)
        }
        Error::PeerMisbehaved(_) | Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            ("it violates the TLS protocol".to_owned(), "Check proxies and middleboxes between this machine and the server.")
        }
        Error::NoCertificatesPresented => ("it presents no certificate".to_owned(), SERVER),
        Error::DecryptError => (
            "what it sends cannot be decrypted".to_owned(),
            "Check proxies and middleboxes between this machine and the server.",
        ),
        _ => ("TLS failed".to_owned(), "Check the server's log for the reason."),
    }
}

fn what_to_do(refusal: Refusal) -> &'static str {
    match refusal {
        Refusal::AuthorityExpired(_) | Refusal::AuthorityNotYetValid(_) => {
            "Set certificate-authority of the cluster in the kubeconfig to an authority with a valid certificate, or check the clock of this machine."
        }
        Refusal::IsNoAuthority | Refusal::IsForOthers | Refusal::ChainTooLong(_) => {
            "Set certificate-authority of the cluster in the kubeconfig to the authority that signed the certificate, or to the server's certificate itself."
        }
        Refusal::AuthorityKeyLength(_) | Refusal::KeyLength(_) => {
            "RSA keys must have 2048 to 8192 bits. Give the server a certificate with such a key, signed by such a key, or use `kubectl proxy` with --server."
        }
        Refusal::HasNotTheKey => {
            "Check the server's certificate and key, and any proxy between this machine and the server."
        }
    }
}

/// The name within webpki's `DnsName("kubernetes")` or `IpAddress(127.0.0.1)`. `None` for other names, such as mail addresses, which
/// say nothing about a server.
fn bare(name: &str) -> Option<String> {
    let (kind, rest) = name.split_once('(')?;
    let inner = rest.strip_suffix(')').unwrap_or(rest).trim_matches('"');
    let address: Option<IpAddr> = inner.parse().ok();
    match (kind, address) {
        ("DnsName", Some(address)) => Some(format!("{address} (as a DNS name, not as an address)")),
        ("IpAddress", Some(address)) => Some(address.to_string()),
        ("DnsName" | "IpAddress", None) => Some(inner.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shown_bare() {
        for (name, shown) in [
            ("DnsName(\"kubernetes\")", Some("kubernetes")),
            ("IpAddress(127.0.0.1)", Some("127.0.0.1")),
            ("IpAddress(0::1)", Some("::1")),
            ("DnsName(\"10.0.0.1\")", Some("10.0.0.1 (as a DNS name, not as an address)")),
            ("Unsupported(0x01)", None),
            ("DirectoryName", None),
        ] {
            assert_eq!(bare(name).as_deref(), shown, "{name}");
        }
    }

    /// Whoever reads an error need not know how a library calls it, and is told what to do.
    #[test]
    fn errors_are_words_with_advice() {
        for error in [
            Error::InvalidCertificate(CertificateError::UnknownIssuer),
            Error::InvalidCertificate(CertificateError::InvalidPurpose),
            Error::InvalidCertificate(CertificateError::BadEncoding),
            Error::InvalidCertificate(CertificateError::Revoked),
            Refusal::AuthorityExpired(0).into(),
            Refusal::AuthorityNotYetValid(0).into(),
            Refusal::IsNoAuthority.into(),
            Refusal::IsForOthers.into(),
            Refusal::HasNotTheKey.into(),
            Error::AlertReceived(AlertDescription::HandshakeFailure),
            Error::AlertReceived(AlertDescription::ProtocolVersion),
            Error::AlertReceived(AlertDescription::UnknownCA),
            Error::AlertReceived(AlertDescription::InternalError),
            Error::PeerIncompatible(rustls::PeerIncompatible::NoCipherSuitesInCommon),
            Error::PeerMisbehaved(rustls::PeerMisbehaved::SelectedUnofferedKxGroup),
            Error::DecryptError,
            Error::HandshakeNotComplete,
        ] {
            let (why, advice) = tls_reason(&error);
            let is_a_name = |word: &str| {
                let word = word.trim_matches(|c: char| !c.is_alphanumeric());
                word.chars().skip(1).any(char::is_uppercase) && word.chars().any(char::is_lowercase)
            };
            assert!(!why.split_whitespace().any(is_a_name), "{error:?}: {why}");
            assert!(!advice.is_empty(), "{error:?}");
        }
    }

    #[test]
    fn plain_errors() {
        let error = io::Error::from(ErrorKind::ConnectionRefused);
        let answer = explain(&error, "connect to", "10.0.0.1:6443", false);
        assert_eq!(answer.reason, "cannot connect to 10.0.0.1:6443: connection refused");
        assert_eq!(explain(&io::Error::from(ErrorKind::TimedOut), "read from", "x", true).cause, Cause::Late);
    }
}
