//! Invalid kubeconfigs, recordings and command lines.

use super::{CONFIG, cluster_operators};
use tests::failing::{Failing, written};
use tests::host::Host;
use tests::kubeconfig::Kubeconfig;
use tests::{place, programs};

#[test]
fn kubeconfigs() {
    let (mut failing, place) = (Failing::new("bad-kubeconfigs.txt"), place());
    let folder = place.path();
    let good = Kubeconfig::new("https://127.0.0.1:1");
    let mut case = |name: &str, text: &str| {
        written(folder, "config", text);
        failing.case(name, CONFIG, cluster_operators().current_folder(folder).kubeconfig("config"));
    };
    case("not YAML", "clusters: [\n  - {");
    case("not a kubeconfig", "- just\n- a list\n");
    case("another kind of object", "apiVersion: v1\nkind: Pod\nmetadata: {name: x}\n");
    case("an empty file", "");
    case(
        "a context that does not exist",
        &good.text().replace("current-context: test", "current-context: other"),
    );
    case("no current context", &good.text().replace("current-context: test\n", ""));
    case("a cluster that does not exist", &good.text().replace("cluster: test", "cluster: other"));
    case("a user that does not exist", &good.text().replace("user: test", "user: other"));
    case("a cluster without a server", &good.text().replace("server: https", "other: https"));
    case("a server that is no URL", &Kubeconfig::new("ftp://somewhere").text());
    let with_user = |line: &str| Kubeconfig::new("https://127.0.0.1:1").user(line).text();
    let with_cluster = |line: &str| Kubeconfig::new("https://127.0.0.1:1").cluster(line).text();
    case("an authority that is not base64", &with_cluster("certificate-authority-data: '***'"));
    case("an authority that is no certificate", &with_cluster("certificate-authority-data: aGVsbG8="));
    case("an authority whose file is missing", &with_cluster("certificate-authority: not-there.pem"));
    case("a client certificate without its key", &with_user("client-certificate-data: aGVsbG8="));
    case(
        "a client certificate that is none",
        &with_user("{client-certificate-data: aGVsbG8=, client-key-data: aGVsbG8=}"),
    );
    case("an auth-provider", &with_user("auth-provider: {name: gcp}"));
    case(
        "an exec plugin without a command",
        &with_user("exec: {apiVersion: client.authentication.k8s.io/v1}"),
    );
    case(
        "an exec plugin of an old version",
        &with_user("exec: {apiVersion: client.authentication.k8s.io/v1alpha1, command: x}"),
    );
    failing.case(
        "a kubeconfig that is missing",
        CONFIG,
        cluster_operators().current_folder(folder).kubeconfig("not-there"),
    );
    failing.case("a context without a kubeconfig", CONFIG, cluster_operators().args(["--context", "other"]));
    failing.case("no kubeconfig at all", CONFIG, cluster_operators().env("HOME", "/nowhere"));
    written(folder, "config", &good.text());
    let other = cluster_operators().current_folder(folder).kubeconfig("config").args(["--context", "other"]);
    failing.case("an option's context that does not exist", CONFIG, other);
    failing.case(
        "a recording that is missing",
        CONFIG,
        cluster_operators().current_folder(folder).replay("not-there.har"),
    );
    written(folder, "bad.har", "{\"log\": ");
    failing.case(
        "a recording that is none",
        CONFIG,
        cluster_operators().current_folder(folder).replay("bad.har"),
    );
    failing.check();
}

#[test]
fn command_lines() {
    let mut text = String::new();
    for words in [
        &["run"][..],
        &["run", "x.wasm", "--timeout", "fast"],
        &["run", "x.wasm", "--timeout", "0s"],
        &["run", "x.wasm", "--memory", "64MB"],
        &["run", "x.wasm", "--param", "novalue"],
        &["run", "x.wasm", "--record", "a.har", "--replay", "b.har"],
        &["run", "x.wasm", "--replay", "b.har", "--server", "http://127.0.0.1"],
        &["gather"],
        &["run", "x.wasm", "--no-such-option"],
        &["completions", "csh"],
    ] {
        let done = Host::new(words).wait();
        assert_eq!(done.code(), 2, "{words:?}");
        text += &format!("# {}\n{}\n", words.join(" "), done.stderr);
    }
    tests::golden::check("bad-command-lines.txt", &text);
}

#[test]
fn limits_of_options() {
    let mut failing = Failing::new("bad-options.txt");
    let hello = || Host::run(programs::guest("hello"));
    failing.case("less memory than a page", CONFIG, hello().args(["--memory", "1Ki"]));
    failing.case("more memory than there can be", CONFIG, hello().args(["--memory", "4Gi"]));
    failing.case("more time than there will be", CONFIG, hello().timeout("500000000000y"));
    failing.case("long parameters", CONFIG, hello().arg("--param").arg(format!("a={}", "x".repeat(70_000))));
    failing.case("too many gatherers", CONFIG, Host::run_all(vec![programs::guest("hello"); 65]));
    failing.check();
}
