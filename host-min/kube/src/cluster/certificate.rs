//! Fields of a certificate that rustls does not expose: its dates, what it may sign, the length of its key.
//!
//! Of a trusted certificate, webpki uses the name, the key and the names that it may sign for. It does not check whether the
//! certificate is still valid, or whether it belongs to an authority at all. Go's crypto/x509 checks both. This module reads these
//! few fields and nothing else; webpki checks that the rest is well-formed. RFC 5280, section 4.1, defines the structure. The tags
//! are those of DER.

use super::timestamp;

const BOOLEAN: u8 = 0x01;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
/// `version [0]`, which certificates of version 1 do not have.
const VERSION: u8 = 0xa0;
/// `extensions [3]`.
const EXTENSIONS: u8 = 0xa3;

/// 2.5.29.15
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
/// 2.5.29.19
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
/// 2.5.29.37
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
/// 1.3.6.1.5.5.7.3.1, serverAuth
const FOR_SERVERS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
/// 2.5.29.37.0, anyExtendedKeyUsage
const FOR_ANYTHING: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
/// 1.2.840.113549.1.1.1, rsaEncryption
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// The bit keyCertSign (5) in the first byte of a key usage, whose bits are counted from the left.
const KEY_CERT_SIGN: u8 = 0x80 >> 5;

/// Fields of a certificate.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields<'a> {
    pub(super) issuer: &'a [u8],
    pub(super) subject: &'a [u8],
    /// Seconds since 1970.
    pub(super) not_before: u64,
    /// The last second in which it is valid, since 1970.
    pub(super) not_after: u64,
    /// Whether it may sign other certificates.
    pub(super) signs: bool,
    /// How many authorities may stand between it and a server's certificate, if it limits that.
    pub(super) path_len: Option<usize>,
    /// Whether it may be used for servers.
    pub(super) serves: bool,
    /// Its public key: the whole SubjectPublicKeyInfo.
    pub(super) key: &'a [u8],
    /// The length of its key, if that is an RSA key.
    pub(super) rsa_bits: Option<usize>,
}

impl<'a> Fields<'a> {
    /// Reads a certificate in DER. `None` if it is not one.
    pub(super) fn read(der: &'a [u8]) -> Option<Fields<'a>> {
        let mut signed = Der(Der(der).expect(SEQUENCE)?);
        let mut fields = Der(signed.expect(SEQUENCE)?);
        let version =
            fields.optional(VERSION)?.map_or(Some(&[0][..]), |version| Der(version).expect(INTEGER))?;
        fields.expect(INTEGER)?;
        fields.expect(SEQUENCE)?;
        let issuer = fields.expect(SEQUENCE)?;
        let mut validity = Der(fields.expect(SEQUENCE)?);
        let (not_before, not_after) = (validity.time()?, validity.time()?);
        let subject = fields.expect(SEQUENCE)?;
        let rest = fields.0;
        let rsa_bits = rsa_bits(fields.expect(SEQUENCE)?);
        let key = &rest[..rest.len() - fields.0.len()];
        let (mut authority, mut path_len, mut key_usage, mut serves) = (None, None, 0, true);
        while let Some((tag, content)) = fields.next() {
            if tag != EXTENSIONS {
                continue;
            }
            let mut extensions = Der(Der(content).expect(SEQUENCE)?);
            while !extensions.0.is_empty() {
                let mut extension = Der(extensions.expect(SEQUENCE)?);
                let name = extension.expect(OID)?;
                extension.optional(BOOLEAN)?;
                let mut value = Der(extension.expect(OCTET_STRING)?);
                match name {
                    BASIC_CONSTRAINTS => {
                        let mut constraints = Der(value.expect(SEQUENCE)?);
                        let ca = constraints.optional(BOOLEAN)?;
                        authority = Some(ca.is_some_and(|ca| ca != [0]));
                        path_len = match constraints.optional(INTEGER)? {
                            None => None,
                            Some(integer) => Some(number(integer)?),
                        };
                    }
                    // The first byte says how many bits of the last byte do not count.
                    KEY_USAGE => key_usage = value.expect(BIT_STRING)?.get(1).copied().unwrap_or(0),
                    EXTENDED_KEY_USAGE => serves = is_for_servers(value.expect(SEQUENCE)?)?,
                    _ => {}
                }
            }
        }
        // RFC 5280, 4.2.1.9: an authority may lack the extension only before version 3. As in Go, a key usage counts if there is one.
        let is_old = version != [2];
        let signs = authority.unwrap_or(is_old) && (key_usage == 0 || key_usage & KEY_CERT_SIGN != 0);
        Some(Fields { issuer, subject, not_before, not_after, signs, path_len, serves, key, rsa_bits })
    }
}

fn is_for_servers(purposes: &[u8]) -> Option<bool> {
    let mut purposes = Der(purposes);
    let mut found = purposes.0.is_empty();
    while !purposes.0.is_empty() {
        let purpose = purposes.expect(OID)?;
        found |= purpose == FOR_SERVERS || purpose == FOR_ANYTHING;
    }
    Some(found)
}

/// A number that is not negative. One that is too large becomes the largest.
fn number(integer: &[u8]) -> Option<usize> {
    match integer {
        [] | [0x80..=0xff, ..] => None,
        _ => Some(
            integer
                .iter()
                .fold(0_usize, |number, byte| number.saturating_mul(256).saturating_add(usize::from(*byte))),
        ),
    }
}

/// The length of the modulus in a SubjectPublicKeyInfo.
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let mut key = Der(key);
    let algorithm = Der(key.expect(SEQUENCE)?).expect(OID)?;
    let [0, key @ ..] = key.expect(BIT_STRING)? else { return None };
    let modulus = Der(Der(key).expect(SEQUENCE)?).expect(INTEGER)?;
    let from = modulus.iter().position(|byte| *byte != 0)?;
    let bits = (modulus.len() - from) * 8 - modulus[from].leading_zeros() as usize;
    (algorithm == RSA).then_some(bits)
}

/// Elements of DER, one after the other.
struct Der<'a>(&'a [u8]);

impl<'a> Der<'a> {
    /// The next element: its tag and its content.
    fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let [tag, length, rest @ ..] = self.0 else { return None };
        let (length, rest) = match length {
            0..=0x7f => (usize::from(*length), rest),
            // The length itself has this many bytes. Nothing that is read here has 16 MiB.
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
                (bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some((*tag, content))
    }

    fn expect(&mut self, wanted: u8) -> Option<&'a [u8]> {
        let (tag, content) = self.next()?;
        (tag == wanted).then_some(content)
    }

    /// An element that may be absent; none if what is there is not well-formed.
    #[expect(clippy::option_option, reason = "absent and malformed are not the same")]
    fn optional(&mut self, wanted: u8) -> Option<Option<&'a [u8]>> {
        if self.0.first() == Some(&wanted) { self.expect(wanted).map(Some) } else { Some(None) }
    }

    /// `YYMMDDhhmmssZ` of 1950 to 2049, or `YYYYMMDDhhmmssZ`, as seconds since 1970. Earlier times become 1970.
    fn time(&mut self) -> Option<u64> {
        let (tag, text) = self.next()?;
        let text = std::str::from_utf8(text).ok()?;
        let (century, rest) = match tag {
            UTC_TIME => (if text.get(..1)? < "5" { "20" } else { "19" }, text),
            GENERALIZED_TIME => (text.get(..2)?, text.get(2..)?),
            _ => return None,
        };
        if rest.len() != 13 || !rest.is_ascii() {
            return None;
        }
        let part = |at: usize| &rest[at..at + 2];
        let year = format!("{century}{}", part(0));
        let is_early = year.as_str() < "1970";
        let year = if is_early { "1970" } else { &year };
        let text =
            format!("{year}-{}-{}T{}:{}:{}{}", part(2), part(4), part(6), part(8), part(10), &rest[12..]);
        let time = timestamp::parse(&text)?.duration_since(std::time::UNIX_EPOCH).ok()?;
        Some(if is_early { 0 } else { time.as_secs() })
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{
        BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose,
        date_time_ymd,
    };

    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;

    use super::*;

    fn made(change: impl Fn(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::new(vec!["a.example".to_owned()]).unwrap();
        params.not_before = date_time_ymd(1999, 12, 31);
        params.not_after = date_time_ymd(2050, 1, 2);
        change(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn authority(params: &mut CertificateParams) {
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    }

    #[test]
    fn dates_of_both_forms() {
        // 1999 is a UTCTime, 2050 a GeneralizedTime.
        let der = made(|_| {});
        let fields = Fields::read(&der).unwrap();
        assert_eq!((fields.not_before, fields.not_after), (946_598_400, 2_524_694_400));
        assert_eq!(fields.issuer, fields.subject);
        assert_eq!(fields.rsa_bits, None);
        for (text, seconds) in [
            (&b"\x17\x0d700101000001Z"[..], Some(1)),
            (b"\x17\x0d500101000001Z", Some(0)),
            (b"\x17\x0d490101000000Z", Some(2_493_072_000)),
            (b"\x18\x0f19491231235959Z", Some(0)),
            (b"\x18\x0f99991231235959Z", Some(253_402_300_799)),
            (b"\x17\x0d701301000001Z", None),
            (b"\x17\x0b7001010000Z", None),
            (b"\x17\x0d7001010000+1Z", None),
            (b"\x17\x0d\xc3\xa90101000001Z", None),
            (b"\x02\x0d700101000001Z", None),
        ] {
            assert_eq!(Der(text).time(), seconds, "{text:?}");
        }
    }

    #[test]
    fn what_it_may() {
        let may = |change: &dyn Fn(&mut CertificateParams)| {
            let der = made(change);
            let fields = Fields::read(&der).unwrap();
            (fields.signs, fields.serves)
        };
        assert_eq!(may(&|_| {}), (false, true));
        assert_eq!(may(&|params| params.is_ca = IsCa::ExplicitNoCa), (false, true));
        assert_eq!(may(&authority), (true, true));
        let usages = |usages: &[KeyUsagePurpose]| {
            may(&|params| {
                authority(params);
                params.key_usages = usages.to_vec();
            })
        };
        assert_eq!(usages(&[KeyUsagePurpose::DigitalSignature]), (false, true));
        assert_eq!(usages(&[KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyCertSign]), (true, true));
        let purposes = |purposes: &[ExtendedKeyUsagePurpose]| {
            may(&|params| params.extended_key_usages = purposes.to_vec()).1
        };
        assert!(!purposes(&[ExtendedKeyUsagePurpose::ClientAuth]));
        assert!(purposes(&[ExtendedKeyUsagePurpose::ClientAuth, ExtendedKeyUsagePurpose::ServerAuth]));
        assert!(purposes(&[ExtendedKeyUsagePurpose::Any]));
    }

    #[test]
    fn how_many_authorities_below() {
        let most = |is_ca: IsCa| {
            let der = made(|params| params.is_ca = is_ca);
            Fields::read(&der).unwrap().path_len
        };
        assert_eq!(most(IsCa::NoCa), None);
        assert_eq!(most(IsCa::Ca(BasicConstraints::Unconstrained)), None);
        for number in [0, 1, 127, 128, 255] {
            assert_eq!(most(IsCa::Ca(BasicConstraints::Constrained(number))), Some(usize::from(number)));
        }
        assert_eq!(
            [&[][..], &[0xff], &[0x80, 0], &[0, 0x80], &[0x7f; 20]].map(number),
            [None, None, None, Some(128), Some(usize::MAX)]
        );
    }

    /// Version 1 has no extensions, so an authority of that age cannot say that it is one.
    #[test]
    fn version_1_may_sign() {
        let pem = "-----BEGIN CERTIFICATE-----\n\
            MIIBAzCBqgIBATAKBggqhkjOPQQDAjAOMQwwCgYDVQQDDANvbGQwHhcNMjAwMTAx\n\
            MDAwMDAwWhcNNDAwMTAxMDAwMDAwWjAOMQwwCgYDVQQDDANvbGQwWTATBgcqhkjO\n\
            PQIBBggqhkjOPQMBBwNCAAST0fDpVmPtnmZX6Jnzksv8pOAXtWFGD1v2rJZcfb2B\n\
            kOwXRjAHl2odPd1M6Q2pNihFTagOsR9idc4OZKlNftXuMAoGCCqGSM49BAMCA0gA\n\
            MEUCIGRu6IyszplaNbie+tAlck2TKMOR8eG9wYFZ6Pcde5maAiEAwr8ngrgZUHIn\n\
            kUOZzl2uL4DPYjVaQ9TlSCRyrdL3cQM=\n\
            -----END CERTIFICATE-----\n";
        let der = CertificateDer::from_pem_slice(pem.as_bytes()).unwrap();
        let fields = Fields::read(&der).unwrap();
        assert!(fields.signs && fields.serves);
        assert_eq!((fields.not_before, fields.not_after), (1_577_836_800, 2_208_988_800));
    }

    /// Cut off or changed anywhere, it is read or it is not, and that is all.
    #[test]
    fn broken_ones_are_no_certificates() {
        let der = made(authority);
        for end in 0..der.len() {
            assert_eq!(Fields::read(&der[..end]), None, "{end}");
        }
        for at in 0..der.len() {
            for value in [0, 0x30, 0x7f, 0x80, 0x83, 0xff] {
                let mut changed = der.clone();
                changed[at] = value;
                Fields::read(&changed);
            }
        }
    }
}
