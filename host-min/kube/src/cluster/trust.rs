//! Whether a server is who it should be: as kubectl, that is Go's crypto/x509, has it.
//!
//! webpki does the work: chains, signatures, names. Around it, what Go does otherwise:
//!
//! - A server that presents, byte for byte, one of the certificates that were listed is trusted for that alone, whether the
//!   certificate is one of an authority or not. Its dates, its purpose and its name still count, and the handshake
//!   still shows that the server has its key.
//! - A certificate that was listed signs others only if it is valid now, is one of an authority, and is not for something
//!   else than servers. How many authorities it allows below itself (pathLen) counts: by their names, as RFC 5280 has it (section
//!   4.2.1.9), so that those that signed themselves anew are one.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, TrustAnchor, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme};

use super::certificate::Fields;
use super::timestamp::day;

/// The lengths of RSA keys whose signatures can be verified.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;
/// How many unreadable certificates a warning numbers.
const NUMBERED: usize = 10;
const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";

/// A certificate that was listed.
#[derive(Debug)]
struct Listed {
    der: CertificateDer<'static>,
    anchor: TrustAnchor<'static>,
    not_before: u64,
    not_after: u64,
    signs: bool,
    serves: bool,
    path_len: Option<usize>,
}

impl Listed {
    fn new(der: CertificateDer<'_>) -> Option<Listed> {
        let mut store = RootCertStore::empty();
        store.add(der.clone()).ok()?;
        let anchor = store.roots.pop()?;
        let Fields { not_before, not_after, signs, serves, path_len, .. } = Fields::read(&der)?;
        Some(Listed { anchor, not_before, not_after, signs, serves, path_len, der: der.into_owned() })
    }

    /// Why it may not sign a server's certificate.
    fn unfit(&self, now: UnixTime) -> Option<Refusal> {
        match now.as_secs() {
            _ if !self.signs => Some(Refusal::IsNoAuthority),
            _ if !self.serves => Some(Refusal::IsForOthers),
            now if now < self.not_before => Some(Refusal::AuthorityNotYetValid(self.not_before)),
            now if now > self.not_after => Some(Refusal::AuthorityExpired(self.not_after)),
            _ => None,
        }
    }
}

/// The certificates that were listed.
#[derive(Debug)]
pub(super) struct Trusted(Vec<Listed>);

impl Trusted {
    /// Reads a bundle in PEM, `what`. What cannot be read of it is left out, with a warning, as long as something is left.
    pub(super) fn read(pem: &[u8], what: &str) -> Result<(Trusted, Option<String>), String> {
        let starts: Vec<usize> = memchr::memmem::find_iter(pem, BEGIN).collect();
        let ends = starts.iter().skip(1).copied().chain([pem.len()]);
        let (mut listed, mut unreadable) = (Vec::new(), Vec::new());
        for (index, (start, end)) in starts.iter().copied().zip(ends).enumerate() {
            match CertificateDer::from_pem_slice(&pem[start..end]).ok().and_then(Listed::new) {
                Some(certificate) => listed.push(certificate),
                None => unreadable.push(index + 1),
            }
        }
        if starts.is_empty() {
            return Err(format!("{what} has no certificate in PEM"));
        }
        if listed.is_empty() {
            return Err(format!("{what} has no certificate that can be read"));
        }
        let warning = (!unreadable.is_empty()).then(|| {
            let numbers: Vec<String> = unreadable.iter().take(NUMBERED).map(usize::to_string).collect();
            let (number, are) = if numbers.len() == 1 { ("number", "is") } else { ("numbers", "are") };
            let more = if unreadable.len() > NUMBERED { " and others" } else { "" };
            format!(
                "{what} has {} certificates; {number} {}{more} cannot be read and {are} left out",
                starts.len(),
                numbers.join(", "),
            )
        });
        Ok((Trusted(listed), warning))
    }

    /// Those of a system: what cannot be read is left out without a word, as nobody here put it there.
    pub(super) fn readable<'a>(certificates: impl IntoIterator<Item = CertificateDer<'a>>) -> Trusted {
        Trusted(certificates.into_iter().filter_map(Listed::new).collect())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Trusts servers by the certificates that were listed.
#[derive(Debug)]
pub(super) struct Verifier {
    trusted: Arc<Trusted>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    pub(super) fn new(trusted: Arc<Trusted>, provider: Arc<CryptoProvider>) -> Self {
        Verifier { trusted, provider }
    }

    /// Whether one of these signed it, at once or by way of `intermediates`.
    fn signed_by<'a>(
        &self,
        listed: impl Iterator<Item = &'a Listed>,
        presented: &ParsedCertificate<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let roots = listed.map(|listed| listed.anchor.clone()).collect();
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(presented, &roots, intermediates, now, algorithms)
    }

    /// Whether a certificate that was listed may be what a server presents.
    fn is_itself(
        &self,
        listed: &Listed,
        presented: &ParsedCertificate<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        // With no anchor at all, webpki gets as far as to what is the certificate's own: its dates, and whether its key is a burnt one.
        match self.signed_by(std::iter::empty(), presented, &[], now) {
            Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {}
            Err(Error::InvalidCertificate(CertificateError::Other(why))) if is_an_authority(&why) => {}
            other => return other,
        }
        // Of an authority's it did not come to look at the purpose.
        if listed.serves {
            return Ok(());
        }
        Err(CertificateError::InvalidPurpose.into())
    }

    /// Whether an authority that was listed signed it.
    fn has_authority(
        &self,
        end_entity: &CertificateDer<'_>,
        presented: &ParsedCertificate<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        let fit = self.trusted.0.iter().filter(|listed| listed.unfit(now).is_none());
        let (bounded, free): (Vec<&Listed>, Vec<&Listed>) =
            fit.partition(|listed| listed.path_len.is_some_and(|most| most < intermediates.len()));
        let Err(error) = self.signed_by(free.into_iter(), presented, intermediates, now) else {
            return Ok(());
        };
        for listed in &bounded {
            let near = nearest(end_entity, intermediates, listed.path_len.unwrap_or_default());
            if self.signed_by([*listed].into_iter(), presented, &near, now).is_ok() {
                return Ok(());
            }
        }
        // If it would be trusted but for what one of the others is, that is the reason.
        for listed in &self.trusted.0 {
            if let Some(why) = listed.unfit(now)
                && self.signed_by([listed].into_iter(), presented, intermediates, now).is_ok()
            {
                return Err(why.into());
            }
        }
        for listed in bounded {
            if self.signed_by([listed].into_iter(), presented, intermediates, now).is_ok() {
                return Err(Refusal::ChainTooLong(listed.path_len.unwrap_or_default()).into());
            }
        }
        if error == Error::InvalidCertificate(CertificateError::BadSignature)
            && let Some(bits) = self.issuer_of_odd_length(end_entity, intermediates)
        {
            return Err(Refusal::AuthorityKeyLength(bits).into());
        }
        Err(error)
    }

    /// The length of the RSA key of an issuer, if no signature of it can be verified: webpki takes such a signature for a forged one.
    fn issuer_of_odd_length(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Option<usize> {
        let sent: Vec<Fields<'_>> =
            [end_entity].into_iter().chain(intermediates).filter_map(|der| Fields::read(der)).collect();
        let listed = self.trusted.0.iter().filter_map(|listed| Fields::read(&listed.der));
        listed
            .chain(intermediates.iter().filter_map(|der| Fields::read(der)))
            .filter(|issuer| sent.iter().any(|one| one.issuer == issuer.subject))
            .find_map(|issuer| issuer.rsa_bits.filter(|bits| !RSA_BITS.contains(bits)))
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let presented = ParsedCertificate::try_from(end_entity)?;
        match self.trusted.0.iter().find(|listed| listed.der == *end_entity) {
            Some(listed) => self.is_itself(listed, &presented, now)?,
            None => self.has_authority(end_entity, &presented, intermediates, now)?,
        }
        verify_server_name(&presented, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, algorithms)
            .map_err(|error| of_handshake(error, certificate))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
            .map_err(|error| of_handshake(error, certificate))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Those of the certificates that can be at most so many steps from the first one: each is by the name of an issuer of the step before.
fn nearest<'c>(
    end_entity: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'c>],
    most: usize,
) -> Vec<CertificateDer<'c>> {
    let Some(fields) = Fields::read(end_entity) else { return Vec::new() };
    let mut left: Vec<(Fields<'_>, &CertificateDer<'c>)> =
        intermediates.iter().filter_map(|der| Some((Fields::read(der)?, der))).collect();
    let (mut issuers, mut near) = (vec![fields.issuer], Vec::new());
    for _ in 0..most.min(intermediates.len()) {
        let (step, others) = left.into_iter().partition(|(fields, _)| issuers.contains(&fields.subject));
        left = others;
        let step: Vec<_> = step;
        issuers = step.iter().map(|(fields, _)| fields.issuer).collect();
        near.extend(step.into_iter().map(|(_, der)| der.clone()));
    }
    near
}

/// Why the signature of a handshake does not hold, which is no signature of an authority's.
pub(super) fn of_handshake(error: Error, certificate: &CertificateDer<'_>) -> Error {
    if error != Error::InvalidCertificate(CertificateError::BadSignature) {
        return error;
    }
    match Fields::read(certificate).and_then(|fields| fields.rsa_bits).filter(|bits| !RSA_BITS.contains(bits))
    {
        Some(bits) => Refusal::KeyLength(bits).into(),
        None => Refusal::HasNotTheKey.into(),
    }
}

/// Whether webpki refused a certificate because it is one of an authority; of its errors rustls shows the name only.
pub(super) fn is_an_authority(why: &OtherError) -> bool {
    format!("{why:?}").contains("CaUsedAsEndEntity")
}

/// Why a server is not trusted, where rustls has no error for it. What to do about it is said in [`tls_error`](super::tls_error).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// Since when, in seconds since 1970.
    AuthorityExpired(u64),
    /// Until when, in seconds since 1970.
    AuthorityNotYetValid(u64),
    IsNoAuthority,
    IsForOthers,
    /// More authorities than so many.
    ChainTooLong(usize),
    AuthorityKeyLength(usize),
    KeyLength(usize),
    HasNotTheKey,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::AuthorityExpired(at) => {
                write!(f, "the certificate of the authority that signed its certificate expired on {}", day(*at))
            }
            Refusal::AuthorityNotYetValid(at) => write!(
                f,
                "the certificate of the authority that signed its certificate is not valid before {}",
                day(*at)
            ),
            Refusal::IsNoAuthority => f.write_str(
                "its certificate is signed by a certificate that is not a CA certificate (it lacks CA:TRUE, or may not sign certificates)",
            ),
            Refusal::IsForOthers => {
                f.write_str("its certificate is signed by an authority that may not sign server certificates")
            }
            Refusal::ChainTooLong(most) => write!(
                f,
                "its certificate chain is longer than the listed authority allows (pathlen {most})"
            ),
            Refusal::AuthorityKeyLength(bits) => {
                write!(f, "the authority that signed its certificate has an RSA key of {bits} bits")
            }
            Refusal::KeyLength(bits) => write!(f, "its certificate has an RSA key of {bits} bits"),
            Refusal::HasNotTheKey => f.write_str("it does not have the key of the certificate that it presents"),
        }
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Error {
        CertificateError::Other(OtherError(Arc::new(refusal))).into()
    }
}
