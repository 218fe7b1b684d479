use super::*;

const HEAD: &str = "apiVersion: wagather/v1\nkind: Grant\n";

fn parse(body: &str) -> Grant {
    Grant::parse(&format!("{HEAD}{body}")).unwrap_or_else(|mistakes| panic!("{body}: {mistakes:?}"))
}

fn mistakes(text: &str) -> Vec<String> {
    Grant::parse(text).expect_err(text).iter().map(ToString::to_string).collect()
}

#[test]
fn a_whole_file() {
    let grant = parse(
        r#"modules:
  - {sha256: 93A44BBB96C751218E4C00D479E4C14358122A389ACCA16205B1E4D0DC5F9476, name: the empty module}
signers: [RWQGl8zyXhoOAIa1FirIwwwN/3DbcTJOu8v4I8fdGsi0j7xkyIuBiPDf]
rules:
  - verbs: [get, list]
    groups: [""]
    resources: [pods, pods/log]
    namespaces: ["shop-*", default]
    names: ["web-*"]
    without: [spec.containers.env, 'metadata.annotations["example.com/x"]']
  - {verbs: [list], groups: ["*"], resources: ["*"]}
paths: [/version, /livez/*]
budgets: { time: 60s, requestTime: 20s, memory: 16Mi, requests: 100, received: 200Mi, items: 50000, archive: 64Mi,
           entries: 5000, logLines: 0 }
redact:
  env: ["*CORP_KEY*"]
  tokens: ["corp_"]
  except: [lastApplied]
"#,
    );
    assert_eq!(grant.modules[0].sha256, ModuleFacts::of(b"\0asm\x01\0\0\0").sha256);
    assert_eq!(grant.modules[0].name, "the empty module");
    assert_eq!(grant.signers.len(), 1);
    let first = &grant.rules[0];
    assert!(first.verbs.get && first.verbs.list && !grant.rules[1].verbs.get);
    assert_eq!(first.resources.iter().map(ToString::to_string).collect::<Vec<_>>(), ["pods", "pods/log"]);
    assert!(first.namespaces.as_ref().is_some_and(|globs| globs[0].matches("shop-a")));
    assert!(first.names.as_ref().is_some_and(|globs| globs[0].matches("web-1")));
    assert_eq!(first.without[1].keys(), ["metadata", "annotations", "example.com/x"]);
    assert_eq!(grant.paths.iter().map(ToString::to_string).collect::<Vec<_>>(), ["/version", "/livez/*"]);
    let seconds = |seconds| Some(Duration::from_secs(seconds));
    assert_eq!(
        grant.budgets,
        Budgets {
            time: seconds(60),
            request_time: seconds(20),
            memory_bytes: Some(16 << 20),
            requests: Some(100),
            received_bytes: Some(200 << 20),
            items: Some(50_000),
            archive_bytes: Some(64 << 20),
            entries: Some(5_000),
            log_lines: Some(0),
        }
    );
    assert_eq!(grant.redact.env, ["*CORP_KEY*"]);
    assert_eq!((&*grant.redact.tokens[0], grant.redact.except[0]), ("corp_", redact::Kind::LastApplied));
}

#[test]
fn what_a_file_does_not_allow_is_not_allowed() {
    let grant = parse("rules: []\n");
    assert!(grant.rules.is_empty() && grant.paths.is_empty());
    let grant = parse("paths: [/version]\n");
    assert!(grant.rules.is_empty() && grant.modules.is_empty() && grant.signers.is_empty());
    assert_eq!(grant.budgets, Budgets::default());
}

#[test]
fn the_smaller_budget_holds() {
    let run = Budgets::of_run(Duration::from_secs(120), Duration::from_secs(60), 64 << 20);
    assert_eq!(run.and(Budgets::default()), run);
    let grant = Budgets {
        time: Some(Duration::from_secs(60)),
        memory_bytes: Some(128 << 20),
        items: Some(7),
        ..Budgets::default()
    };
    let both = Budgets { time: grant.time, items: Some(7), ..run };
    assert_eq!((run.and(grant), grant.and(run)), (both, both));
}

#[test]
fn every_mistake_is_told_with_its_place() {
    assert_eq!(
        mistakes(
            "apiVersion: wagather/v1\nkind: Grant\nrules:\n  - verbs: [watch, lst]\n    apiGroups: ['']\n    resources: []\nbudget: {}\n"
        ),
        [
            "line 4, column 13: verbs cannot have 'watch': version 1 has no other verbs than get and list",
            "line 4, column 20: verbs cannot have 'lst': did you mean 'list'?",
            "line 5, column 5: there is no key 'apiGroups'; did you mean 'groups'?",
            "line 6, column 16: resources is an empty list: it grants nothing",
            "line 7, column 1: there is no key 'budget'; did you mean 'budgets'?",
        ]
    );
    // Nothing of a file that is no YAML counts; the place is where the list begins that never ends.
    let all = Grant::parse("a: [").expect_err("mistakes");
    assert_eq!(all.iter().map(ToString::to_string).collect::<Vec<_>>().len(), 1, "{all:?}");
    assert!(all[0].to_string().starts_with("line 1, column 5: "), "{all:?}");
    assert!(mistakes("")[0].contains("the file is empty"));
}

#[test]
fn mistakes_are_bounded() {
    let text = format!("{HEAD}rules: [{}]\n", "x, ".repeat(5_000));
    let all = Grant::parse(&text).expect_err("mistakes");
    assert_eq!(all.len(), 5_000);
    let failure = told(Path::new("grant.yaml"), &all);
    assert_eq!(failure.more.len(), MAX_MISTAKES_TOLD);
    assert!(failure.reason.starts_with("grant.yaml:3:9: a rule must be a mapping"), "{}", failure.reason);
    assert_eq!(failure.more.last().map(String::as_str), Some("and 4980 more"));
}

#[test]
fn the_default_is_all_but_secrets() {
    let grant = Grant::default();
    let rule = &grant.rules[0];
    assert!(rule.verbs.get && rule.verbs.list && rule.namespaces.is_none() && rule.names.is_none());
    assert!(rule.grants("", "pods", "log") && rule.grants("apps", "deployments", ""));
    assert!(!rule.grants("", "secrets", ""));
    assert_eq!(grant.paths.len(), HARMLESS_PATHS.len());
}

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
            assert_eq!(signed_by(signers).admits_module("m", MODULE, Some(text.as_bytes())), Ok(()));
        }
    }
    let crlf = SIGNATURES[0].0.replace('\n', "\r\n");
    assert_eq!(signed_by(&[SIGNER]).admits_module("m", MODULE, Some(crlf.as_bytes())), Ok(()));
}

#[test]
fn any_other_byte_is_refused() {
    let grant = signed_by(&[SIGNER]);
    let refusal = |module: &[u8], text: &str| {
        let failure = grant.admits_module("m.wasm", module, Some(text.as_bytes())).expect_err(text);
        assert_eq!(failure.class, Class::Module);
        assert!(!failure.advice.is_empty());
        failure.reason
    };
    for (text, comment) in SIGNATURES {
        assert!(refusal(b"\0asm\x01\0\0\x01", text).contains("does not hold"), "another module");
        assert!(refusal(MODULE, &text.replace(comment, "another comment")).contains("does not hold"));
        // The signature of the other kind under this one's name, and a signature with one bit of it changed.
        for (from, to) in [("\nRUQ", "\nRWQ"), ("\nRWQ", "\nRUQ")] {
            if text.contains(from) {
                assert!(refusal(MODULE, &text.replace(from, to)).contains("does not hold"));
            }
        }
        let lines: Vec<&str> = text.lines().collect();
        for line in [1, 3] {
            let mut other: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
            let at = other[line].len() / 2;
            let letter = if other[line].as_bytes()[at] == b'A' { "B" } else { "A" };
            other[line].replace_range(at..=at, letter);
            assert!(refusal(MODULE, &other.join("\n")).contains("does not hold"), "line {line}");
        }
        for lines_left in 0..4 {
            assert!(refusal(MODULE, &lines[..lines_left].join("\n")).contains("cut short"), "{lines_left}");
        }
        assert!(refusal(MODULE, &text[..text.len() - 10]).contains("not a minisign signature"));
    }
    assert!(refusal(MODULE, "a\nb\nc\nd\n").contains("not a minisign signature"));
    let by_another = signed_by(&[OTHER]).admits_module("m", MODULE, Some(SIGNATURES[0].0.as_bytes()));
    assert!(by_another.expect_err("another key").reason.contains("by none of the grant's signers"));
    let unsigned = grant.admits_module("m.wasm", MODULE, None).expect_err("no signature");
    assert_eq!(unsigned.reason, "the grant takes only signed modules, and there is no m.wasm.minisig");
    let not_text = grant.admits_module("m", MODULE, Some(&[0xff; 300])).expect_err("no text");
    assert!(not_text.reason.contains("it is not text"));
}

#[test]
fn pins_and_signers_both_hold() {
    let pin = Digest::parse(&ModuleFacts::of(MODULE).sha256, "").expect("a digest");
    let signature = Some(SIGNATURES[0].0.as_bytes());
    let grant = Grant { modules: vec![pin.clone()], ..signed_by(&[SIGNER]) };
    assert_eq!(grant.admits_module("m", MODULE, signature), Ok(()));
    assert!(grant.admits_module("m", MODULE, None).is_err(), "pinned, but not signed");
    let other = Digest::parse(&"0".repeat(64), "an older one").expect("a digest");
    let grant = Grant { modules: vec![other.clone()], ..signed_by(&[SIGNER]) };
    let refusal = grant.admits_module("m", MODULE, signature).expect_err("signed, but not pinned");
    assert!(refusal.reason.ends_with(&format!("admits only {} (an older one)", "0".repeat(64))), "{refusal}");
    let two = Grant { modules: vec![other, pin], ..Grant::default() };
    assert_eq!(two.admits_module("m", MODULE, None), Ok(()));
    assert_eq!(Grant::default().admits_module("m", MODULE, None), Ok(()));
}
