use super::*;
use wagather_base::request::RestRequest;

fn rights(grant: Grant, manifest: &str) -> Rights {
    let manifest = Manifest::parse(format!("gatherer 1 test 1\n{manifest}\n").as_bytes()).expect("manifest");
    Rights::new(manifest, Arc::new(grant))
}

fn granted(body: &str, manifest: &str) -> Rights {
    let text = format!("apiVersion: wagather/v1\nkind: Grant\n{body}");
    rights(Grant::parse(&text).unwrap_or_else(|mistakes| panic!("{body}: {mistakes:?}")), manifest)
}

fn ask(rights: &Rights, verb: Verb, texts: [&str; 10]) -> Result<Allowed, Refusal> {
    let request = RestRequest::new(verb, 0, texts.map(|text| text.as_bytes().to_vec()));
    rights.judge(&Canonical::new(request).expect("request"))
}

fn judge(manifest: &str, verb: Verb, texts: [&str; 10]) -> Result<Node, Refusal> {
    ask(&rights(Grant::default(), manifest), verb, texts).map(|allowed| {
        assert!(allowed.scope.is_everything());
        allowed.mask
    })
}

/// A list of pods in a namespace, or in all.
fn list(rights: &Rights, namespace: &str) -> Result<Scope, String> {
    let texts = ["v1", "pods", "", namespace, "", "", "", "", "", ""];
    ask(rights, Verb::LIST, texts).map(|allowed| allowed.scope).map_err(|refusal| {
        assert_eq!(refusal.status, Status::DENIED);
        refusal.reason
    })
}

/// One pod, or a subresource of it.
fn get(rights: &Rights, namespace: &str, name: &str, subresource: &str) -> Result<(), String> {
    let texts = ["v1", "pods", "", namespace, name, subresource, "", "", "", ""];
    ask(rights, Verb::GET, texts)
        .map(|allowed| assert!(allowed.scope.is_everything()))
        .map_err(|refusal| refusal.reason)
}

const PODS: [&str; 10] = ["v1", "pods", "", "", "", "", "", "", "", ""];
const ALL_PODS: &str =
    "resource get,list /v1/pods * *\nresource get /v1/pods/log * *\nresource get /v1/pods/status * *";

#[test]
fn what_is_declared_is_allowed_and_nothing_else() {
    assert!(judge("resource list /v1/pods * *", Verb::LIST, PODS).is_ok());
    for manifest in [
        "resource get /v1/pods * *",
        "resource list apps/v1/pods * *",
        "resource list /v2/pods * *",
        "resource list /v1/nodes * *",
        "resource list /v1/pods/log * *",
        "resource list /v1/pods default *",
        "path /version",
    ] {
        assert_eq!(judge(manifest, Verb::LIST, PODS).expect_err(manifest).status, Status::DENIED);
    }
    let in_default = ["v1", "pods", "", "default", "", "", "", "", "", ""];
    assert!(judge("resource list /v1/pods default *", Verb::LIST, in_default).is_ok());
}

#[test]
fn the_mask_is_what_request_and_manifest_both_have() {
    let mask = |manifest, wanted| {
        judge(manifest, Verb::LIST, ["v1", "pods", "", "", "", "", "", "", wanted, ""]).expect("allowed")
    };
    let parse = |text| Node::parse(text).expect("mask");
    assert_eq!(
        mask("resource list /v1/pods * spec,status", "status(phase),metadata"),
        parse("status(phase)")
    );
    assert_eq!(mask("resource list /v1/pods * spec(a)", ""), parse("spec(a)"));
    let two = "resource list /v1/pods * spec(a)\nresource list /v1/pods * spec(b)";
    assert_eq!(mask(two, ""), parse("spec(a,b)"));
    for manifest in ["resource list /v1/pods * *", "resource list /v1/pods * metadata"] {
        assert_eq!(*mask(manifest, "").get("metadata").get("managedFields"), Node::Drop);
    }
}

#[test]
fn without_a_grant_secrets_and_telling_paths_are_not_granted() {
    let secrets = ["v1", "secrets", "", "", "", "", "", "", "", ""];
    let refusal = judge("resource list /v1/secrets * *", Verb::LIST, secrets).expect_err("refused");
    assert_eq!(refusal.reason, "Secrets are not granted: a grant must name them");
    let raw =
        |path| judge("path /version\npath /metrics", Verb::RAW, ["", path, "", "", "", "", "", "", "", ""]);
    assert!(raw("/version").is_ok());
    assert_eq!(
        raw("/metrics").expect_err("refused").reason,
        "the path /metrics is not granted; granted paths: /healthz, /livez, /readyz, /version"
    );
    assert_eq!(
        raw("/livez").expect_err("refused").reason,
        "the manifest does not declare the path /livez",
        "what is granted must still be declared"
    );
}

#[test]
fn each_part_of_a_rule_must_match() {
    assert!(
        list(&granted("rules: [{verbs: [list], apiGroups: [''], resources: [pods]}]", ALL_PODS), "").is_ok()
    );
    for (rule, why) in [
        (
            "verbs: [get], apiGroups: [''], resources: [pods]",
            "the grant does not allow the verb list for v1/pods",
        ),
        ("verbs: [list], apiGroups: [apps], resources: [pods]", "the grant has no rule for v1/pods"),
        ("verbs: [list], apiGroups: [''], resources: [nodes]", "the grant has no rule for v1/pods"),
        ("verbs: [list], apiGroups: [''], resources: [pods/log]", "the grant has no rule for v1/pods"),
        ("verbs: [list], apiGroups: [''], resources: ['*/log']", "the grant has no rule for v1/pods"),
    ] {
        assert_eq!(list(&granted(&format!("rules: [{{{rule}}}]"), ALL_PODS), ""), Err(why.into()), "{rule}");
    }
    let any = granted("rules: [{verbs: [get, list], apiGroups: ['*'], resources: ['*']}]", ALL_PODS);
    assert_eq!(list(&any, ""), Ok(Scope::everything()));
    assert_eq!(get(&any, "a", "b", "log"), Ok(()));
    assert_eq!(list(&granted("rules: []", ALL_PODS), ""), Err("the grant has no rule for v1/pods".into()));
    let undeclared = granted("rules: [{verbs: [list], apiGroups: [''], resources: [pods]}]", "path /version");
    assert_eq!(list(&undeclared, ""), Err("the manifest does not declare 'list /v1/pods'".into()));
}

#[test]
fn subresources_are_granted_by_name() {
    let pods = granted("rules: [{verbs: [get], apiGroups: [''], resources: [pods]}]", ALL_PODS);
    assert_eq!(get(&pods, "a", "b", ""), Ok(()));
    assert_eq!(get(&pods, "a", "b", "log"), Err("the grant has no rule for v1/pods/log".into()));
    let logs = granted("rules: [{verbs: [get], apiGroups: [''], resources: [pods/log]}]", ALL_PODS);
    assert_eq!(get(&logs, "a", "b", "log"), Ok(()));
    assert_eq!(get(&logs, "a", "b", ""), Err("the grant has no rule for v1/pods".into()));
}

#[test]
fn namespaces_narrow_lists_and_bound_the_rest() {
    let rights = granted(
        "rules: [{verbs: [get, list], apiGroups: [''], resources: [pods], namespaces: ['shop-*', default]}]",
        ALL_PODS,
    );
    for (namespace, is_in) in [("shop-a", true), ("default", true), ("kube-system", false), ("shop", false)] {
        assert_eq!(list(&rights, namespace).is_ok(), is_in, "{namespace}");
        assert_eq!(get(&rights, namespace, "x", "").is_ok(), is_in, "{namespace}");
        assert!(!is_in || list(&rights, namespace).expect("allowed").is_everything(), "{namespace}");
    }
    let scope = list(&rights, "").expect("narrowed");
    assert!(!scope.is_everything());
    assert!(scope.covers("shop-a", "x") && scope.covers("default", "x"));
    assert!(!scope.covers("kube-system", "x") && !scope.covers("", "x"));
    assert_eq!(
        list(&rights, "kube-system"),
        Err("the grant has no rule for v1/pods in the namespace kube-system".into())
    );
    assert_eq!(
        get(&rights, "", "x", ""),
        Err("the grant allows v1/pods only in namespaces, and this request is cluster-scoped".into())
    );
}

#[test]
fn a_star_for_namespaces_is_not_what_is_in_none() {
    let rights =
        granted("rules: [{verbs: [list], apiGroups: [''], resources: [pods], namespaces: ['*']}]", ALL_PODS);
    let scope = list(&rights, "").expect("narrowed");
    assert!(scope.covers("a", "x") && !scope.covers("", "x"));
}

#[test]
fn names_narrow_lists_and_bound_the_rest() {
    let rights = granted(
        "rules: [{verbs: [get, list], apiGroups: [''], resources: [pods], namespaces: [a], resourceNames: ['web-*']}]",
        ALL_PODS,
    );
    assert_eq!(get(&rights, "a", "web-1", ""), Ok(()));
    assert_eq!(
        get(&rights, "a", "db-1", ""),
        Err("the grant has no rule for the name db-1 of v1/pods".into())
    );
    assert!(get(&rights, "b", "web-1", "").is_err());
    for namespace in ["", "a"] {
        let scope = list(&rights, namespace).expect("narrowed");
        assert!(scope.covers("a", "web-1") && !scope.covers("a", "db-1"), "{namespace}");
    }
    assert!(!list(&rights, "").expect("narrowed").covers("b", "web-1"));
    assert!(list(&rights, "b").is_err());
}

#[test]
fn rules_add_up() {
    let rights = granted(
        "rules:\n- {verbs: [list], apiGroups: [''], resources: [pods], namespaces: [a], resourceNames: [x]}\n\
         - {verbs: [list], apiGroups: [''], resources: [pods], namespaces: [b]}\n\
         - {verbs: [get], apiGroups: [''], resources: [pods], namespaces: [c]}\n",
        ALL_PODS,
    );
    let scope = list(&rights, "").expect("narrowed");
    for (namespace, name, seen) in [("a", "x", true), ("a", "y", false), ("b", "y", true), ("c", "x", false)]
    {
        assert_eq!(scope.covers(namespace, name), seen, "{namespace}/{name}");
    }
    assert!(!list(&rights, "a").expect("narrowed").is_everything());
    assert!(list(&rights, "b").expect("allowed").is_everything());
    assert!(list(&rights, "c").is_err() && get(&rights, "c", "x", "").is_ok());
}

#[test]
fn secrets_are_granted_by_name_alone() {
    let texts = ["v1", "secrets", "", "a", "x", "", "", "", "", ""];
    let get = |rule: &str| {
        let body = format!("rules: [{{verbs: [get], {rule}}}]");
        ask(&granted(&body, "resource get /v1/secrets * *"), Verb::GET, texts).map(|allowed| allowed.mask)
    };
    for rule in [
        "apiGroups: ['*'], resources: ['*']",
        "apiGroups: [''], resources: ['*']",
        "apiGroups: ['*'], resources: ['*/status', pods]",
        "apiGroups: [apps], resources: [secrets]",
    ] {
        assert!(get(rule).expect_err(rule).reason.starts_with("Secrets are not granted"), "{rule}");
    }
    assert!(get("apiGroups: [''], resources: [secrets]").is_ok());
    assert!(get("apiGroups: ['*'], resources: [secrets]").is_ok());
    let without_data =
        get("apiGroups: [''], resources: [secrets], without: [data, stringData]").expect("granted");
    assert!(!without_data.get("data").keeps());
    assert_eq!(*without_data.get("type"), Node::Keep);
}

#[test]
fn what_is_removed_stays_removed() {
    let mask = |body: &str, manifest: &str, subresource: &str| {
        let texts = ["v1", "pods", "", "a", "x", subresource, "", "", "", ""];
        ask(&granted(body, manifest), Verb::GET, texts).expect(body).mask
    };
    let env = |mask: &Node| {
        ["spec", "containers", "env"].iter().fold(mask.clone(), |node, key| node.get(key).clone())
    };
    let body = "rules:\n- {verbs: [get], apiGroups: [''], resources: ['*', '*/status']}\n\
                - {verbs: [list], apiGroups: [''], resources: [pods], namespaces: [other], resourceNames: [y], without: [spec.containers.env]}\n";
    for manifest in [
        ALL_PODS,
        "resource get /v1/pods * spec",
        "resource get /v1/pods * spec(containers(name,env)),status",
        "resource get /v1/pods * spec(*(env,name))",
        "resource get /v1/pods * *(*(*))",
        "resource get /v1/pods * spec(containers(env(value)))",
        // Declared twice: what one record has, the other does not bring back.
        "resource get /v1/pods * spec(nodeName)\nresource get /v1/pods * *",
    ] {
        let mask = mask(body, manifest, "");
        assert!(!env(&mask).keeps(), "{manifest}");
    }
    assert_eq!(
        *mask(body, "resource get /v1/pods * spec(*(env,name))", "")
            .get("spec")
            .get("initContainers")
            .get("env"),
        Node::Keep
    );
    assert!(!env(&mask(body, ALL_PODS, "status")).keeps(), "a status is the whole object again");
    let others = "rules:\n- {verbs: [get], apiGroups: [''], resources: [pods]}\n\
                  - {verbs: [get], apiGroups: [apps], resources: ['*'], without: [spec]}\n\
                  - {verbs: [get], apiGroups: [''], resources: [nodes], without: [spec]}\n";
    assert_eq!(env(&mask(others, ALL_PODS, "")), Node::Keep, "rules about others");
}

#[test]
fn selectors_do_not_tell_what_is_removed() {
    let ask = |without: &str, labels: &str, fields: &str| {
        let body =
            format!("rules: [{{verbs: [list], apiGroups: [''], resources: [pods], without: ['{without}']}}]");
        let texts = ["v1", "pods", "", "", "", "", labels, fields, "", ""];
        ask(&granted(&body, ALL_PODS), Verb::LIST, texts).map(|_| ()).map_err(|refusal| refusal.reason)
    };
    for (without, labels, fields, path) in [
        ("spec.nodeName", "", "spec.nodeName=a", "spec.nodeName"),
        ("spec.nodeName", "", "status.phase=Running, spec.nodeName!=a", "spec.nodeName"),
        ("spec.nodeName", "", "spec.host==a", "spec.nodeName"),
        ("spec.nodeName", "", "metadata.name!=x,spec.host!=a", "spec.nodeName"),
        ("spec.nodeName", "", "host=a", "spec.nodeName"),
        ("status.phase", "", "status=Running", "status.phase"),
        ("status.podIP", "", "status.podIPs=10.0.0.1", "status.podIP"),
        ("metadata.labels.app.x", "app=a", "", "metadata.labels.app.x"),
        ("status", "", "status.phase==Running", "status"),
        ("metadata.labels", "app=a", "", "metadata.labels"),
        ("metadata", "!app", "", "metadata"),
        ("metadata", "", "metadata.name=a", "metadata"),
        ("metadata.labels.app", "tier=x,app in (a,b)", "", "metadata.labels.app"),
        ("metadata.labels.app", "!app", "", "metadata.labels.app"),
        ("metadata.labels[\"a.b/c\"]", "a.b/c", "", "metadata.labels[\"a.b/c\"]"),
    ] {
        let reason = format!("a selector that could reveal {path}, which the grant removes");
        assert_eq!(ask(without, labels, fields), Err(reason), "{without} {labels} {fields}");
    }
    for (without, labels, fields) in [
        ("spec.nodeName", "", "status.phase=spec.nodeName"),
        ("spec.nodeName", "", "spec.nodeNames=a"),
        ("status.phase", "status.phase=a", ""),
        ("metadata.labels.app", "application=a", "metadata.name=app"),
        ("metadata.annotations", "app=a", "metadata.namespace=a"),
    ] {
        assert_eq!(ask(without, labels, fields), Ok(()), "{without} {labels} {fields}");
    }
}

/// By whichever of a resource's names, in whichever group.
#[test]
fn what_is_removed_is_removed_under_its_other_names() {
    let mask = |plural: &str, without: &str| {
        let body = format!(
            "rules: [{{verbs: [get], apiGroups: ['*'], resources: [{plural}], without: [{without}]}}]"
        );
        let rights = granted(&body, &format!("resource get /v1/{plural} * *"));
        ask(&rights, Verb::GET, ["v1", plural, "", "a", "x", "", "", "", "", ""]).expect("granted").mask
    };
    let events = mask("events", "involvedObject.name");
    assert!(!events.get("regarding").get("name").keeps());
    assert_eq!(*events.get("regarding").get("kind"), Node::Keep);
    let pods = mask("pods", "spec.serviceAccountName");
    assert!(!pods.get("spec").get("serviceAccount").keeps());
    assert_eq!(*mask("nodes", "spec.serviceAccountName").get("spec").get("serviceAccount"), Node::Keep);
}

#[test]
fn what_is_escalating_is_granted_by_name_alone() {
    for (group, plural, subresource) in [
        ("", "secrets", ""),
        ("apps.openshift.io", "secrets", ""),
        ("", "secrets", "status"),
        ("image.openshift.io", "imagestreams", "secrets"),
        ("", "imagestreams", "secrets"),
        ("oauth.openshift.io", "oauthclients", ""),
        ("oauth.openshift.io", "oauthaccesstokens", ""),
        ("oauth.openshift.io", "oauthauthorizetokens", ""),
        ("oauth.openshift.io", "useroauthaccesstokens", ""),
        ("", "serviceaccounts", "token"),
        ("build.openshift.io", "buildconfigs", "webhooks"),
    ] {
        let whole = [plural, subresource].join("/").trim_end_matches('/').to_owned();
        let manifest = format!("resource get {group}/v1/{whole} * *");
        // A token's object whose name is no hash of it has the token as its name.
        let name = if plural.ends_with("tokens") { "sha256~x" } else { "x" };
        let texts = ["v1", plural, group, "a", name, subresource, "", "", "", ""];
        let get = |rules: &str| {
            let given = if rules.is_empty() {
                rights(Grant::default(), &manifest)
            } else {
                granted(&format!("rules: [{{verbs: [get], {rules}}}]"), &manifest)
            };
            ask(&given, Verb::GET, texts).map(|_| ()).map_err(|refusal| refusal.reason)
        };
        for rules in [
            "",
            "apiGroups: ['*'], resources: ['*']",
            "apiGroups: ['*'], resources: ['*', '*/secrets', '*/token', '*/webhooks', '*/status', pods, imagestreams, buildconfigs]",
            "apiGroups: [other.example.com], resources: [secrets, oauthclients, imagestreams/secrets]",
        ] {
            let why = get(rules).expect_err(rules);
            assert!(why.contains("a grant must name"), "{whole} under {rules}: {why}");
        }
        let named = format!("apiGroups: ['{group}'], resources: ['{whole}']");
        assert_eq!(get(&named), Ok(()), "{named}");
        assert_eq!(get(&format!("apiGroups: ['*'], resources: ['{whole}']")), Ok(()), "{named}");
        if plural.ends_with("tokens") {
            let given = granted(&format!("rules: [{{verbs: [get], {named}}}]"), &manifest);
            let raw = ask(&given, Verb::GET, ["v1", plural, group, "", "a-token", "", "", "", "", ""]);
            assert!(raw.is_err_and(|refusal| refusal.reason.contains("sha256~")), "{whole}");
        }
    }
}

#[test]
fn a_namespace_is_in_itself() {
    let rights = granted(
        "rules: [{verbs: [get, list], apiGroups: [''], resources: [namespaces], namespaces: ['shop-*']}]",
        "resource get,list /v1/namespaces * *",
    );
    let get = |name| ask(&rights, Verb::GET, ["v1", "namespaces", "", "", name, "", "", "", "", ""]);
    assert!(get("shop-a").is_ok() && get("default").is_err());
    let scope = ask(&rights, Verb::LIST, ["v1", "namespaces", "", "", "", "", "", "", "", ""])
        .expect("narrowed")
        .scope;
    assert!(scope.covers("", "shop-a") && !scope.covers("", "default"));
}

#[test]
fn raw_paths() {
    let manifest = "path /version\npath /livez/ping\npath /metrics\npath /api/v1/secrets\npath /api";
    let ask = |body: &str, path| {
        let texts = ["", path, "", "", "", "", "", "", "", ""];
        ask(&granted(body, manifest), Verb::RAW, texts).map_err(|refusal| refusal.reason)
    };
    assert!(ask("nonResourceURLs: [/version, /livez/*]", "/version").is_ok());
    assert!(ask("nonResourceURLs: [/version, /livez/*]", "/livez/ping").is_ok());
    assert_eq!(
        ask("nonResourceURLs: [/version, /livez/*]", "/metrics"),
        Err("the path /metrics is not granted; granted paths: /version, /livez/*".into())
    );
    assert_eq!(
        ask("rules: []", "/version"),
        Err("the path /version is not granted; the grant has no paths".into())
    );
    assert!(
        ask("nonResourceURLs: ['*']", "/metrics").is_ok() && ask("nonResourceURLs: ['*']", "/api").is_ok()
    );
    assert_eq!(
        ask("nonResourceURLs: ['*']", "/api/v1/secrets"),
        Err("the path /api/v1/secrets is not granted: it is the path of a resource, not a raw path".into())
    );
}

#[test]
fn what_remains_of_a_manifest() {
    let manifest = "resource get,list /v1/pods * spec(containers(env,name)),status\nresource get /v1/secrets * *\n\
                    resource list /v1/events shop *\npath /version\npath /metrics";
    let rights = granted(
        "rules:\n- {verbs: [list], apiGroups: [''], resources: [pods, events], namespaces: ['shop*'], without: [spec.containers.env, data]}\n\
         - {verbs: [get, list], apiGroups: ['*'], resources: ['*'], namespaces: [default], resourceNames: [web]}\nnonResourceURLs: [/version]\n",
        manifest,
    );
    let effective = rights.effective();
    let remaining: Vec<String> = effective
        .resources
        .iter()
        .map(|rest| {
            let granted = match &rest.granted {
                Granted::All => "all".to_owned(),
                Granted::Nothing(why) => format!("nothing: {why}"),
                Granted::Part(parts) => parts.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
            };
            let without: Vec<String> = rest.without.iter().map(ToString::to_string).collect();
            let verb = rest.verb.name().expect("a verb");
            format!("{verb} {}: {granted} -{}", rest.resource.identity(), without.join(","))
        })
        .collect();
    assert_eq!(
        remaining,
        [
            "get v1/pods: in namespaces default named web -spec.containers.env",
            "list v1/pods: in namespaces shop*; in namespaces default named web -spec.containers.env",
            "get v1/secrets: nothing: Secrets are not granted: a grant must name them -",
            "list v1/events: all -spec.containers.env,data",
        ]
    );
    let paths: Vec<(&str, bool)> =
        effective.paths.iter().map(|rest| (rest.path, rest.granted.is_ok())).collect();
    assert_eq!(paths, [("/version", true), ("/metrics", false)]);
}
