use super::read::{MAX_SHOWN_MISTAKES, describe_mistakes};
use super::*;
use std::path::Path;

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
    apiGroups: [""]
    resources: [pods, pods/log]
    namespaces: ["shop-*", default]
    resourceNames: ["web-*"]
    without: [spec.containers.env, 'metadata.annotations["example.com/x"]']
  - {verbs: [list], apiGroups: ["*"], resources: ["*"]}
nonResourceURLs: [/version, /livez/*]
budgets: { time: 60s, requestTime: 20s, memory: 16Mi, requests: 100, received: 200Mi, items: 50000, archive: 64Mi,
           entries: 5000, logLines: 0 }
redact:
  env: ["*CORP_KEY*"]
  tokens: ["corp_"]
  except: [lastApplied]
"#,
    );
    assert_eq!(grant.modules[0].sha256, "93a44bbb96c751218e4c00d479e4c14358122a389acca16205b1e4d0dc5f9476");
    assert_eq!(grant.modules[0].name, "the empty module");
    assert_eq!(grant.signers.len(), 1);
    let first = &grant.rules[0];
    assert!(first.verbs.get && first.verbs.list && !grant.rules[1].verbs.get);
    assert_eq!(first.resources.iter().map(ToString::to_string).collect::<Vec<_>>(), ["pods", "pods/log"]);
    assert!(first.namespaces.as_ref().is_some_and(|globs| globs[0].matches("shop-a")));
    assert!(first.resource_names.as_ref().is_some_and(|globs| globs[0].matches("web-1")));
    assert_eq!(first.without[1].keys(), ["metadata", "annotations", "example.com/x"]);
    assert_eq!(
        grant.non_resource_urls.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["/version", "/livez/*"]
    );
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
    assert!(grant.rules.is_empty() && grant.non_resource_urls.is_empty());
    let grant = parse("nonResourceURLs: [/version]\n");
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
fn every_mistake_has_its_place() {
    assert_eq!(
        mistakes(
            "apiVersion: wagather/v1\nkind: Grant\nrules:\n  - verbs: [watch, lst]\n    groups: ['']\n    resources: []\nbudget: {}\n"
        ),
        [
            "4:13: verbs cannot contain 'watch': version 1 has only get and list",
            "4:20: verbs cannot contain 'lst': did you mean 'list'?",
            "5:5: unknown key 'groups'; use 'apiGroups'",
            "6:16: resources is an empty list: it grants nothing",
            "7:1: unknown key 'budget'; did you mean 'budgets'?",
        ]
    );
    // Nothing of a file that is no YAML counts; the place is where the list begins that never ends.
    let all = Grant::parse("a: [").expect_err("mistakes");
    assert_eq!(all.iter().map(ToString::to_string).collect::<Vec<_>>().len(), 1, "{all:?}");
    assert!(all[0].to_string().starts_with("1:5: "), "{all:?}");
    assert!(mistakes("")[0].contains("the file is empty"));
}

#[test]
fn mistakes_are_bounded() {
    let text = format!("{HEAD}rules: [{}]\n", "x, ".repeat(5_000));
    let all = Grant::parse(&text).expect_err("mistakes");
    assert_eq!(all.len(), 5_000);
    let failure = describe_mistakes(Path::new("grant.yaml"), &all);
    assert_eq!(failure.more.len(), MAX_SHOWN_MISTAKES);
    assert!(failure.reason.starts_with("grant.yaml:3:9: a rule must be a mapping"), "{}", failure.reason);
    assert_eq!(failure.more.last().map(String::as_str), Some("and 4980 more"));
}

#[test]
fn the_default_is_all_but_secrets() {
    let grant = Grant::default();
    let rule = &grant.rules[0];
    assert!(rule.verbs.get && rule.verbs.list && rule.namespaces.is_none() && rule.resource_names.is_none());
    assert!(rule.grants("", "pods", "log") && rule.grants("apps", "deployments", ""));
    assert!(!rule.grants("", "secrets", ""));
    assert_eq!(grant.non_resource_urls.len(), HARMLESS_PATHS.len());
}
