//! From files, variables and options to a cluster: what is found, what is refused, and what is said.

use std::ffi::OsString;

use super::super::contexts_in;
use super::*;
use wagather_base::error::Class;

const CONFIG: &str = "
current-context: dev
clusters:
- {name: dev, cluster: {server: 'https://10.0.0.1:6443', insecure-skip-tls-verify: true}}
- {name: plain, cluster: {server: 'http://10.0.0.2:8001'}}
- {name: empty, cluster: {}}
contexts:
- {name: dev, context: {cluster: dev, user: token}}
- {name: plain, context: {cluster: plain, user: token}}
- {name: no-cluster, context: {cluster: gone, user: token}}
- {name: no-user, context: {cluster: dev, user: gone}}
- {name: no-server, context: {cluster: empty}}
- {name: two-ways, context: {cluster: dev, user: two-ways}}
- {name: old, context: {cluster: dev, user: old}}
- {name: half, context: {cluster: dev, user: half}}
- {name: bad-key, context: {cluster: dev, user: bad-key}}
- {name: no-file, context: {cluster: dev, user: no-file}}
- {name: groups, context: {cluster: dev, user: groups}}
- {name: line, context: {cluster: dev, user: line}}
users:
- {name: token, user: {token: hunter2}}
- {name: two-ways, user: {token: hunter2, username: u, password: hunter2}}
- {name: old, user: {auth-provider: {name: gcp}}}
- {name: half, user: {client-certificate-data: Zm9v}}
- {name: bad-key, user: {client-certificate-data: Zm9v, client-key-data: Zm9v}}
- {name: no-file, user: {client-certificate: gone.crt, client-key: gone.key}}
- {name: groups, user: {as-groups: [a]}}
- {name: line, user: {as: \"a\\nb\"}}
";

fn context(name: &str) -> Result<Cluster, Failure> {
    with_kubeconfig(CONFIG, Options { context: Some(name.to_owned()), ..Options::default() })
}

#[test]
fn what_cannot_be_used_is_said() {
    for (name, expected) in [
        (
            "nothing",
            "unknown context \"nothing\"; it has the contexts \"bad-key\", \"dev\", \"groups\", \"half\", ",
        ),
        ("no-cluster", "unknown cluster \"gone\"; it has the clusters \"dev\", \"empty\", \"plain\""),
        ("no-user", "unknown user \"gone\"; it has the users \"bad-key\", "),
        ("no-server", "cluster \"empty\" has no server"),
        ("two-ways", "user \"two-ways\" has both a token and a username; only one is allowed"),
        ("old", "user \"old\" uses the auth-provider \"gcp\", which Kubernetes removed"),
        ("half", "user \"half\" has a client-certificate but no client-key"),
        ("bad-key", "the client certificate of user \"bad-key\" has no certificate in PEM"),
        ("no-file", "the client-certificate of user \"no-file\", "),
        ("groups", "user \"groups\" impersonates a group, uid or extra without a user"),
        ("line", "user \"line\" impersonates \"a\\nb\", which has control characters"),
    ] {
        let failure = context(name).unwrap_err();
        assert_eq!(failure.class, Class::Config);
        assert!(failure.reason.starts_with(expected), "{}", failure.reason);
        assert!(failure.attempt.starts_with("cannot use the "), "{}", failure.attempt);
        assert!(!failure.to_string().contains("hunter2"));
    }
    assert!(context("old").unwrap_err().advice.contains("exec plugin"));
}

#[test]
fn a_kubeconfig_without_a_current_context() {
    let failure = with_kubeconfig("contexts: [{name: a}, {name: b}]", Options::default()).unwrap_err();
    assert_eq!(failure.reason, "it has no current-context; it has the contexts \"a\", \"b\"");
}

#[test]
fn a_malformed_kubeconfig_is_named_with_the_place() {
    let failure = with_kubeconfig("clusters:\n- name: [a\nb", Options::default()).unwrap_err();
    assert_eq!(failure.attempt, "cannot read the kubeconfig");
    assert!(failure.reason.contains("/config:3:"), "{failure}");
}

#[test]
fn warnings() {
    let cluster = context("dev").unwrap();
    assert_eq!(
        cluster.warnings(),
        ["the server's certificate is not verified (insecure-skip-tls-verify of cluster \"dev\")"]
    );
    let plain = context("plain").unwrap();
    assert_eq!(plain.warnings().len(), 1);
    assert!(
        plain.warnings()[0]
            .contains("are not sent, because the connection to http://10.0.0.2:8001 is not encrypted")
    );
    assert!(!format!("{cluster:?}").contains("hunter2"));
}

#[test]
fn all_contexts_are_told_with_their_servers() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    write("first", CONFIG);
    write(
        "second",
        "contexts: [{name: plain, context: {cluster: dev}}, {name: later, context: {cluster: odd}}]\n\
         clusters: [{name: odd, cluster: {server: 'https://user:hunter2@10.0.0.3'}}]",
    );
    let list = std::env::join_paths([folder.path().join("first"), folder.path().join("second")]).unwrap();
    let environment = Environment { kubeconfig: Some(list), ..nowhere() };
    let contexts = contexts_in(&Options::default(), &environment).unwrap();
    assert_eq!(contexts.len(), 13);
    let context = |name: &str| contexts.iter().find(|context| context.name == name).unwrap();
    assert_eq!(contexts[0].name, "dev", "in the kubeconfig's order");
    assert_eq!(context("dev").server.as_deref(), Some("https://10.0.0.1:6443"));
    assert_eq!(context("plain").server.as_deref(), Some("http://10.0.0.2:8001"));
    assert_eq!(contexts[12].name, "later");
    assert_eq!(context("later").server.as_deref(), Some("https://10.0.0.3"));
    for without in ["no-cluster", "no-server"] {
        assert_eq!(context(without).server, None, "{without}");
    }
    assert!(!format!("{contexts:?}").contains("hunter2"));
    let failure = contexts_in(&Options::default(), &nowhere()).unwrap_err();
    assert_eq!((failure.class, &*failure.reason), (Class::Config, "there is no kubeconfig"));
}

#[test]
fn where_a_cluster_is_looked_for() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, server: &str| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        let text = CONFIG.replace("https://10.0.0.1:6443", server);
        std::fs::write(&path, text).unwrap();
        path
    };
    let named = write("named", "https://named");
    let listed = write("listed", "https://listed");
    write(".kube/config", "https://home");
    let account = folder.path().join("account");
    std::fs::create_dir(&account).unwrap();
    std::fs::write(account.join("token"), "t").unwrap();
    std::fs::write(account.join("ca.crt"), "not a certificate").unwrap();

    let mut environment = Environment {
        kubeconfig: Some(OsString::from(format!("/nonexistent:{}", listed.display()))),
        home: Some(folder.path().to_owned()),
        service_host: Some("10.9.9.9".into()),
        service_port: Some("443".into()),
        service_account: account,
        ..nowhere()
    };
    let find =
        |options: &Options, environment: &Environment| open_in(options, environment).map(|c| c.describe());
    let by_option = Options { kubeconfig: Some(named), ..Options::default() };
    let with_server = Options { server: Some("http://127.0.0.1:8001".to_owned()), ..Options::default() };
    assert_eq!(find(&by_option, &environment).unwrap(), "https://named");
    assert_eq!(find(&Options::default(), &environment).unwrap(), "https://listed");
    assert_eq!(find(&with_server, &environment).unwrap(), "http://127.0.0.1:8001");
    environment.kubeconfig = None;
    assert_eq!(find(&Options::default(), &environment).unwrap(), "https://home");
    environment.kubeconfig = Some("/dev/null".into());
    let failure = find(&Options::default(), &environment).unwrap_err();
    assert_eq!(failure.attempt, "cannot use the cluster https://10.9.9.9:443");
    assert!(failure.reason.ends_with("ca.crt, has no certificate in PEM"), "{failure}");
    // As for kubectl: in a pod, too, a server that is named gets no token that was not meant for it.
    assert_eq!(find(&with_server, &environment).unwrap(), "http://127.0.0.1:8001");
    environment.service_host = None;
    let failure = find(&Options::default(), &environment).unwrap_err();
    assert_eq!(
        failure.to_string(),
        "cannot find a cluster: there is no kubeconfig (looked for /dev/null), and this is not a pod\n  \
         Name a kubeconfig with --kubeconfig or KUBECONFIG, or a server with --server."
    );
    let missing = Options { kubeconfig: Some("/nonexistent".into()), ..Options::default() };
    assert_eq!(find(&missing, &environment).unwrap_err().reason, "the file does not exist");
}

#[test]
fn options_act_as_others() {
    let server = Server::always("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let options = Options {
        server: Some(server.url()),
        as_user: Some("alice".to_owned()),
        as_groups: vec!["a".to_owned()],
        ..Options::default()
    };
    let text = "current-context: c\ncontexts: [{name: c, context: {user: u}}]\nusers: [{name: u, user: {as: bob, \
                as-groups: [b], as-uid: x}}]";
    with_kubeconfig(text, options.clone()).unwrap().send(&call("/")).unwrap();
    open_in(&options, &nowhere()).unwrap().send(&call("/")).unwrap();
    let requests = server.requests();
    assert!(
        requests[0]
            .contains("Impersonate-User: alice\r\nImpersonate-Uid: x\r\nImpersonate-Group: a\r\nAccept")
    );
    assert!(requests[1].contains("Impersonate-User: alice\r\nImpersonate-Group: a\r\nAccept"));
    let alone = Options { as_user: None, ..options };
    assert!(open_in(&alone, &nowhere()).unwrap_err().reason.contains("without a user"));
}
