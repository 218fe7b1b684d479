use super::*;
use wagather_policy::grant::Digest;

const MODULE: &[u8] = b"\0asm\x01\0\0\0";
const SIGNER: &str = "RWQGl8zyXhoOAIa1FirIwwwN/3DbcTJOu8v4I8fdGsi0j7xkyIuBiPDf";
const OTHER: &str = "RWRjcDK4AIU0Krd+XnN9lJfmr3I3+pgp6suzOZaAivAi1W0BOiUgvKek";
/// Both made by minisign 0.11, for [`MODULE`] by [`SIGNER`]: of the hash, and of the bytes (`-l`).
const SIGNATURES: [(&str, &str); 2] = [
    (
        "untrusted comment: signature from minisign secret key\n\
         RUQGl8zyXhoOACCji0x4Ezy5TQ+B7uhyf/jIHA8MdTH2VSECC6PaoS84Wx9pcpyjATz17HZFaWYS1mqI6A2hW7KG8xVEFQNsLw4=\n\
         trusted comment: reviewed by the cluster team\n\
         DwUZKumVlI+5D+CLsuhPQ1JldE7T3F2q1djKiOmf6p3D1hK6EewGGTd5C5nWgulQjQu9yolTzp7lUdXSQMpGAg==\n",
        "reviewed by the cluster team",
    ),
    (
        "untrusted comment: signature from minisign secret key\n\
         RWQGl8zyXhoOAFqk4ba9u3Q/z9SSoGqaFuLG12qExIk+5ONOni1s+FMvvE5G+98bS7SSrN9b/dHjvYWcWAaj+9+dephJGDrrLQY=\n\
         trusted comment: older kind\n\
         8koBRLhfrEKX+tsie2PyCkbellMS/Me2jl72a2wYCM6CtBahf2Q8g/NJeXM2t0KOOuVEyGq6OiEN0QYmhg4VCw==\n",
        "older kind",
    ),
];

fn signed_by(signers: &[&str]) -> Grant {
    let signers = signers.iter().map(|signer| PublicKey::parse(signer).expect("a key")).collect();
    Grant { signers, ..Grant::default() }
}

#[test]
fn signatures_of_both_kinds_hold() {
    for (text, comment) in SIGNATURES {
        assert_eq!(Signature::parse(text.as_bytes()).expect("a signature").trusted_comment(), comment);
        for signers in [&[SIGNER][..], &[OTHER, SIGNER]] {
            assert_eq!(admits_module(&signed_by(signers), "m", MODULE, Some(text.as_bytes())), Ok(()));
        }
    }
    let crlf = SIGNATURES[0].0.replace('\n', "\r\n");
    assert_eq!(admits_module(&signed_by(&[SIGNER]), "m", MODULE, Some(crlf.as_bytes())), Ok(()));
}

#[test]
fn any_other_byte_is_refused() {
    let grant = signed_by(&[SIGNER]);
    let refusal = |module: &[u8], text: &str| {
        let failure = admits_module(&grant, "m.wasm", module, Some(text.as_bytes())).expect_err(text);
        assert_eq!(failure.class, Class::Module);
        assert!(!failure.advice.is_empty());
        failure.reason
    };
    for (text, comment) in SIGNATURES {
        assert!(refusal(b"\0asm\x01\0\0\x01", text).contains("is invalid"), "another module");
        assert!(refusal(MODULE, &text.replace(comment, "another comment")).contains("is invalid"));
        // The signature of the other kind under this one's name, and a signature with one bit of it changed.
        for (from, to) in [("\nRUQ", "\nRWQ"), ("\nRWQ", "\nRUQ")] {
            if text.contains(from) {
                assert!(refusal(MODULE, &text.replace(from, to)).contains("is invalid"));
            }
        }
        let lines: Vec<&str> = text.lines().collect();
        for line in [1, 3] {
            let mut other: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            let at = other[line].len() / 2;
            let letter = if other[line].as_bytes()[at] == b'A' { "B" } else { "A" };
            other[line].replace_range(at..=at, letter);
            assert!(refusal(MODULE, &other.join("\n")).contains("is invalid"), "line {line}");
        }
        for lines_left in 0..4 {
            assert!(
                refusal(MODULE, &lines[..lines_left].join("\n")).contains("is truncated"),
                "{lines_left}"
            );
        }
        assert!(refusal(MODULE, &text[..text.len() - 10]).contains("not a minisign signature"));
    }
    assert!(refusal(MODULE, "a\nb\nc\nd\n").contains("not a minisign signature"));
    let by_another = admits_module(&signed_by(&[OTHER]), "m", MODULE, Some(SIGNATURES[0].0.as_bytes()));
    assert!(by_another.expect_err("another key").reason.contains("not from one of the grant's signers"));
    let unsigned = admits_module(&grant, "m.wasm", MODULE, None).expect_err("no signature");
    assert_eq!(unsigned.reason, "the grant admits only signed modules, and m.wasm.minisig does not exist");
    let not_text = admits_module(&grant, "m", MODULE, Some(&[0xff; 300])).expect_err("no text");
    assert!(not_text.reason.contains("it is not text"));
}

#[test]
fn pins_and_signers_both_hold() {
    let pin = Digest::parse(&ModuleFacts::of(MODULE).sha256, "").expect("a digest");
    let signature = Some(SIGNATURES[0].0.as_bytes());
    let grant = Grant { modules: vec![pin.clone()], ..signed_by(&[SIGNER]) };
    assert_eq!(admits_module(&grant, "m", MODULE, signature), Ok(()));
    assert!(admits_module(&grant, "m", MODULE, None).is_err(), "pinned, but not signed");
    let other = Digest::parse(&"0".repeat(64), "an older one").expect("a digest");
    let grant = Grant { modules: vec![other.clone()], ..signed_by(&[SIGNER]) };
    let refusal = admits_module(&grant, "m", MODULE, signature).expect_err("signed, but not pinned");
    assert!(refusal.reason.ends_with(&format!("admits only {} (an older one)", "0".repeat(64))), "{refusal}");
    let two = Grant { modules: vec![other, pin], ..Grant::default() };
    assert_eq!(admits_module(&two, "m", MODULE, None), Ok(()));
    assert_eq!(admits_module(&Grant::default(), "m", MODULE, None), Ok(()));
}
