//! Invalid grant files: every mistake has its position and what to write instead.

use crate::grant;
use tests::failing::{Failing, written};
use tests::host::Host;
use tests::{place, programs};

const CONFIG: i32 = 4;

#[test]
fn grants() {
    let (mut failing, place) = (Failing::new("bad-grants.txt"), place());
    let folder = place.path();
    let hello = || Host::run(programs::guest("hello")).current_folder(folder).args(["--grant", "grant.yaml"]);
    failing.case("a grant that is missing", CONFIG, hello());
    let mut whole = |name: &str, text: &str| {
        written(folder, "grant.yaml", text);
        failing.case(name, CONFIG, hello());
    };
    whole("an empty file", "");
    whole("not YAML", "rules: [\n  - {");
    whole("a list", "- verbs: [get]\n");
    whole(
        "another kind of object",
        "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nrules: []\n",
    );
    whole("no head", "rules: []\n");
    whole("two documents", "apiVersion: wagather/v1\nkind: Grant\nrules: []\n---\nkind: Grant\n");
    whole("nothing granted", "apiVersion: wagather/v1\nkind: Grant\nbudgets: {time: 1m}\n");
    std::fs::write(folder.join("grant.yaml"), b"apiVersion: wagather/v1\nkind: \xff\n").expect("a file");
    failing.case("not UTF-8", CONFIG, hello());
    std::fs::File::create(folder.join("grant.yaml")).and_then(|file| file.set_len(2 << 20)).expect("a file");
    failing.case("too large", CONFIG, hello());

    let rule = |parts: &str| format!("rules:\n  - {{{parts}}}\n");
    let pods = "verbs: [get], apiGroups: [''], resources: [pods]";
    for (name, body) in [
        (
            "keys that grants had before they followed RBAC",
            rule("verbs: [get], groups: [''], resources: [pods], names: [x]") + "paths: [/version]\n",
        ),
        (
            "raw paths in a rule",
            rule("verbs: [get], nonResourceURLs: [/version]") + "  - {verbs: [get], paths: [/version]}\n",
        ),
        ("keys that are misspelt", rule("verb: [get], group: [''], resource: [pods], namespace: [x]") + "path: []\n"),
        ("keys of nothing", "rules: []\nmetadata: {name: x}\n".into()),
        ("verbs that change", rule("verbs: [watch, create, patch, delete, '*', lst, gather], apiGroups: [''], resources: [pods]")),
        ("groups", rule("verbs: [get], apiGroups: [core, apps/v1, Apps], resources: [pods]")),
        (
            "resources",
            rule("verbs: [get], apiGroups: [''], resources: [Pod, deployments.apps, pods/*, pods/exec, '*/portforward', pods/]"),
        ),
        ("empty lists", rule("verbs: [], apiGroups: [], resources: [], namespaces: [], resourceNames: [], without: []")),
        ("empty lists of modules and signers", "rules: []\nmodules: []\nsigners: []\n".into()),
        ("nothing behind a key", rule("verbs: [get], apiGroups: [''], resources: [pods], namespaces: ")),
        ("texts instead of lists", rule("verbs: get, apiGroups: '', resources: {pods: true}")),
        ("lists instead of texts", rule("verbs: [[get]], apiGroups: [''], resources: [pods, ~]")),
        ("a rule that is a text", "rules: [pods]\n".into()),
        ("namespaces", rule(&format!("{pods}, namespaces: [Shop, 'a/b', 'shop-?']"))),
        ("names", rule(&format!("{pods}, resourceNames: ['a/b', '', '..']"))),
        (
            "fields",
            rule(&format!("{pods}, without: ['spec.containers[0].env', 'a.*', 'annotations[example.com/x]', a..b, 'a b']")),
        ),
        ("paths", "nonResourceURLs: [version, '/liv*', /api/v1/secrets, /apis/apps/v1/deployments, /a/../b]\n".into()),
        (
            "budgets",
            "rules: []\nbudgets: {time: 0s, requestTime: soon, memory: 64MB, requests: 1k, items: -1, archive: big, logLine: 1}\n"
                .into(),
        ),
        ("budgets of memory", "rules: []\nbudgets: {memory: 1Ki}\n".into()),
        (
            "modules",
            format!("rules: []\nmodules:\n  - sha256: 3b\n  - name: x\n  - {}\n  - {{digest: x}}\n", "0".repeat(64)),
        ),
        ("signers", "rules: []\nsigners: [RWQ, 'untrusted comment: minisign public key 1', minisign.pub]\n".into()),
        ("redaction", "rules: []\nredact: {env: [], tokens: [''], except: [everything], environment: x}\n".into()),
        ("more mistakes than anybody reads", format!("rules: [{}]\n", "x, ".repeat(100))),
    ] {
        grant(folder, &body);
        failing.case(name, CONFIG, hello());
    }
    failing.check();
}

/// Every command that takes a grant reads it the same way.
#[test]
fn each_command_refuses_a_bad_grant() {
    let place = place();
    let file = grant(place.path(), "rule: []\n");
    let mut said = Vec::new();
    for words in [&["inspect"][..], &["rbac"], &["run", "--dry-run"]] {
        let done = Host::new(words).arg(programs::guest("hello")).arg("--grant").arg(&file).wait();
        done.expect_code(CONFIG);
        assert!(done.stdout.is_empty(), "{words:?}");
        said.push(done.stderr);
    }
    assert!(said[0].contains("grant.yaml:3:1: unknown key 'rule'; did you mean 'rules'?"), "{}", said[0]);
    assert!(said.iter().all(|text| *text == said[0]));
}
