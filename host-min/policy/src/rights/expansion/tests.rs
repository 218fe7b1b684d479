use super::*;
use crate::discovery::{Discovery, ROOTS};
use crate::grant::Grant;
use crate::manifest::Manifest;
use crate::rights::Narrowing;

fn rights(grant: &str, manifest: &str) -> Rights {
    let manifest = Manifest::parse(format!("gatherer 1 test 1\n{manifest}\n").as_bytes()).expect(manifest);
    let grant = match grant {
        "" => Grant::default(),
        rules => Grant::parse(&format!("apiVersion: wagather/v1\nkind: Grant\n{rules}")).expect(rules),
    };
    Rights::new(manifest, Arc::new(grant))
}

/// A cluster whose servers have everything that a wildcard must not reach, under its own names and under others.
fn catalog() -> Catalog {
    let resource = |plural: &str, kind: &str, scope: &str, verbs: &str| {
        format!(
            r#"{{"resource": "{plural}", "responseKind": {{"kind": "{kind}"}}, "scope": "{scope}", "verbs": ["get", "{verbs}"],
                "subresources": [{{"subresource": "proxy", "verbs": ["get"]}}, {{"subresource": "token", "verbs": ["get"]}}]}}"#
        )
    };
    let group = |name: &str, resources: &[String]| {
        format!(
            r#"{{"metadata": {{"name": "{name}"}}, "versions": [{{"version": "v1", "freshness": "Current", "resources": [{}]}}]}}"#,
            resources.join(",")
        )
    };
    let core = group(
        "",
        &[
            resource("pods", "Pod", "Namespaced", "list"),
            resource("secrets", "Secret", "Namespaced", "list"),
            resource("nodes", "Node", "Cluster", "list"),
            resource("nodes/proxy", "NodeProxyOptions", "Cluster", "list"),
            resource("namespaces", "Namespace", "Cluster", "list"),
            resource("bindings", "Binding", "Namespaced", "create"),
            resource("events", "Event", "Namespaced", "list"),
        ],
    );
    let others = [
        group("apps", &[resource("deployments", "Deployment", "Namespaced", "list")]),
        group("events.k8s.io", &[resource("events", "Event", "Namespaced", "list")]),
        group(
            "evil.example.com",
            &[
                resource("secrets", "Confidential", "Namespaced", "list"),
                resource("harmless", "Secret", "Namespaced", "list"),
                resource("lists", "SecretList", "Namespaced", "list"),
                resource("sekrets", "secret", "Namespaced", "list"),
                resource("sessions", "OAuthAccessToken", "Cluster", "list"),
                resource("clients", "OAuthClient", "Cluster", "list"),
                resource("requests", "TokenRequest", "Namespaced", "list"),
                resource("proxy", "Anything", "Cluster", "list"),
                resource("watch", "Anything", "Cluster", "list"),
            ],
        ),
        group(
            "oauth.openshift.io",
            &["oauthaccesstokens", "oauthauthorizetokens", "useroauthaccesstokens", "oauthclients"]
                .map(|plural| resource(plural, "Whatever", "Cluster", "list")),
        ),
        r#"{"metadata": {"name": "metrics.k8s.io"}, "versions": [{"version": "v1", "freshness": "Stale", "resources": []}]}"#.into(),
    ];
    let document = |groups: &str| format!(r#"{{"kind": "APIGroupDiscoveryList", "items": [{groups}]}}"#);
    let mut discovery = Discovery::default();
    for (path, groups) in ROOTS.into_iter().zip([core, others.join(",")]) {
        assert_eq!(discovery.answered(path, document(&groups).as_bytes()), Ok(Vec::new()));
    }
    discovery.finish()
}

fn request(verb: Verb, texts: [&str; 10]) -> Canonical {
    Canonical::new(RestRequest::new(verb, 0, texts.map(|text| text.as_bytes().to_vec()))).expect("a request")
}

fn any(verb: Verb, group: &str, namespace: &str) -> Canonical {
    request(verb, ["", "*", group, namespace, "", "", "", "", "", ""])
}

/// The lists that a request comes to.
fn made(rights: &Rights, asked: &Canonical) -> Vec<List> {
    let catalog = catalog();
    let lists = rights.expand(asked, &catalog).lists;
    lists.into_iter().map(|position| rights.list(asked, &catalog, position).expect("a list")).collect()
}

fn lists(rights: &Rights, group: &str, namespace: &str) -> Vec<String> {
    let asked = any(Verb::LIST, group, namespace);
    assert!(rights.judge(&asked).expect("declared").by_wildcard);
    made(rights, &asked).iter().map(|list| list.request.path_and_query().replace("?limit=500", "")).collect()
}

const EVERYTHING: &str = "resource get,list */*/* * *";
const HARMLESS: [&str; 5] =
    ["/api/v1/pods", "/api/v1/nodes", "/api/v1/namespaces", "/api/v1/events", "/apis/apps/v1/deployments"];
const EVERY_RULE: &str = "rules:\n- {verbs: [get, list], apiGroups: ['*'], resources: ['*', secrets, oauthclients, oauthaccesstokens]}\n";

/// Whatever the grant has: a manifest that does not name Secrets does not reach them, under any of their names.
#[test]
fn a_wildcard_reaches_nothing_that_gives_rights_away() {
    for grant in ["", EVERY_RULE] {
        assert_eq!(lists(&rights(grant, EVERYTHING), "*", ""), HARMLESS, "{grant}");
        let rights = rights(grant, EVERYTHING);
        let readable: Vec<String> =
            rights.readable(&any(Verb::DISCOVER, "*", ""), &catalog()).map(ApiResource::identity).collect();
        for gives in ["secret", "oauth", "harmless", "lists", "sessions", "clients", "requests", "proxy"] {
            assert!(!readable.iter().any(|known| known.contains(gives)), "{readable:?}");
        }
        for (group, plural) in [
            ("", "secrets"),
            ("evil.example.com", "secrets"),
            ("oauth.openshift.io", "oauthclients"),
            ("oauth.openshift.io", "oauthaccesstokens"),
        ] {
            for version in ["v1", ""] {
                for (verb, name) in [(Verb::LIST, ""), (Verb::GET, "sha256~x")] {
                    let asked = request(verb, [version, plural, group, "", name, "", "", "", "", ""]);
                    let refusal = rights.judge(&asked).expect_err(plural);
                    assert_eq!(refusal.status, Status::DENIED);
                    assert!(refusal.reason.contains("which it must name"), "{}", refusal.reason);
                }
            }
        }
        // By the kind of their objects.
        for plural in ["harmless", "lists", "sekrets", "sessions", "clients", "requests"] {
            let asked = request(Verb::GET, ["", plural, "evil.example.com", "", "x", "", "", "", "", ""]);
            let allowed = rights.judge(&asked).expect("declared");
            let refusal = rights.resolve(&asked, &allowed, &catalog()).expect_err(plural);
            assert_eq!(refusal.status, Status::DENIED, "{plural}: {}", refusal.reason);
        }
        // Subresources have names.
        for subresource in ["token", "status", "log"] {
            let asked = request(Verb::GET, ["v1", "pods", "", "a", "x", subresource, "", "", "", ""]);
            assert!(rights.judge(&asked).is_err(), "{subresource}");
        }
    }
}

#[test]
fn a_list_of_any_resource_has_no_secrets_even_if_they_are_named() {
    let rights = rights(EVERY_RULE, &format!("{EVERYTHING}\nresource list /v1/secrets * *"));
    assert_eq!(lists(&rights, "*", ""), HARMLESS);
    let by_name = request(Verb::LIST, ["v1", "secrets", "", "", "", "", "", "", "", ""]);
    assert!(!rights.judge(&by_name).expect("named").by_wildcard);
}

#[test]
fn a_wildcard_for_the_group_covers_no_secrets_either() {
    let rights = rights(EVERY_RULE, "resource get,list */v1/secrets * *\nresource list */*/pods * *");
    let secrets = request(Verb::LIST, ["v1", "secrets", "", "", "", "", "", "", "", ""]);
    assert!(rights.judge(&secrets).is_err());
    assert_eq!(lists(&rights, "*", ""), ["/api/v1/pods"]);
}

#[test]
fn what_is_left_out_says_why() {
    let rights = rights("", EVERYTHING);
    let expansion = rights.expand(&any(Verb::LIST, "*", ""), &catalog());
    let why = |resource: &str| {
        let found = expansion.left_out.iter().find(|left_out| left_out.resource == resource);
        found.map(|left_out| left_out.why.clone()).unwrap_or_else(|| panic!("{resource} is not left out"))
    };
    assert_eq!(why("v1/bindings"), Why::NotListable);
    assert_eq!(why("events.k8s.io/v1/events"), Why::Alias("v1/events".into()));
    assert!(matches!(why("v1/secrets"), Why::Denied(why) if why.contains("Secrets")));
    assert!(matches!(why("evil.example.com/v1/harmless"), Why::Denied(_)));
    assert!(matches!(why("metrics.k8s.io/v1/*"), Why::Unknown(_)));
}

#[test]
fn the_manifest_and_the_grant_leave_what_both_allow() {
    let of_apps = "resource list apps/*/* * *";
    assert_eq!(lists(&rights("", of_apps), "*", ""), ["/apis/apps/v1/deployments"]);
    assert_eq!(lists(&rights("", EVERYTHING), "apps", ""), ["/apis/apps/v1/deployments"]);
    assert!(rights("", of_apps).judge(&any(Verb::LIST, "", "")).is_err());
    assert!(rights("", "resource get apps/*/* * *").judge(&any(Verb::LIST, "*", "")).is_err());
    assert!(rights("", "path /version").judge(&any(Verb::DISCOVER, "*", "")).is_err());
    let granted = "rules: [{verbs: [list], apiGroups: [''], resources: [pods, nodes]}]";
    assert_eq!(lists(&rights(granted, EVERYTHING), "*", ""), ["/api/v1/pods", "/api/v1/nodes"]);
    // The alias is read if the original may not be.
    let events = "rules: [{verbs: [list], apiGroups: [events.k8s.io], resources: ['*']}]";
    assert_eq!(lists(&rights(events, EVERYTHING), "*", ""), ["/apis/events.k8s.io/v1/events"]);
    // Without wildcards, what is declared is what there is.
    assert_eq!(lists(&rights("", "resource list /v1/pods * *"), "*", ""), ["/api/v1/pods"]);
    let old = request(Verb::LIST, ["v2", "*", "*", "", "", "", "", "", "", ""]);
    assert!(rights("", EVERYTHING).expand(&old, &catalog()).lists.is_empty());
}

#[test]
fn namespaces_narrow_it() {
    assert_eq!(
        lists(&rights("", EVERYTHING), "*", "shop"),
        [
            "/api/v1/namespaces/shop/pods",
            "/api/v1/namespaces/shop/events",
            "/apis/apps/v1/namespaces/shop/deployments"
        ]
    );
    // A run in one namespace reads what is in none as it is.
    let narrowing = Narrowing { namespace: Some("shop".into()), ..Narrowing::default() };
    let narrowed = rights("", EVERYTHING).narrowed(narrowing);
    let lists_in_shop = lists(&narrowed, "*", "");
    assert!(lists_in_shop.contains(&"/api/v1/nodes".into()), "{lists_in_shop:?}");
    assert!(lists_in_shop.contains(&"/api/v1/namespaces/shop/pods".into()), "{lists_in_shop:?}");
    // A grant that names namespaces has nothing outside.
    let granted = "rules: [{verbs: [list], apiGroups: ['*'], resources: ['*'], namespaces: [shop]}]";
    let made = made(&rights(granted, EVERYTHING), &any(Verb::LIST, "*", ""));
    let of: Vec<&str> = made.iter().map(|list| &*list.request.resource).collect();
    assert_eq!(of, ["pods", "namespaces", "events", "deployments"]);
    assert_eq!(made[0].allowed.scope.places(), Some(vec!["shop".into()]));
}

#[test]
fn a_pattern_in_a_manifest_is_for_the_namespaces_that_it_matches() {
    let rights = rights("", "resource list */*/* shop-* *");
    let asked = any(Verb::LIST, "*", "");
    let made = made(&rights, &asked);
    let of: Vec<&str> = made.iter().map(|list| &*list.request.resource).collect();
    assert_eq!(of, ["pods", "namespaces", "events", "deployments"]);
    let scope = &made[0].allowed.scope;
    assert!(!scope.is_everything() && !scope.reaches_none());
    assert!(scope.covers("shop-a", "x") && !scope.covers("shop", "x") && !scope.covers("", "x"));
    let namespaces = &made[1].allowed.scope;
    assert!(namespaces.covers("", "shop-a") && !namespaces.covers("", "default"));
    assert_eq!(lists(&rights, "*", "shop-a").len(), 3);
    assert_eq!(lists(&rights, "*", "default"), Vec::<String>::new());
    let places = scope.places_to_try(&["shop-b", "default", "shop-a"].map(String::from));
    assert_eq!(places, ["shop-a", "shop-b"]);
}

#[test]
fn namespaces_to_try_are_those_of_the_rules_and_of_the_cluster() {
    let granted =
        "rules:\n- {verbs: [list], apiGroups: [''], resources: [pods], namespaces: ['shop-*', named]}\n";
    let scope = made(&rights(granted, EVERYTHING), &any(Verb::LIST, "*", "")).remove(0).allowed.scope;
    let of_cluster = ["default", "shop-1"].map(String::from);
    assert_eq!(scope.places_to_try(&of_cluster), ["named", "shop-1"]);
    assert_eq!(scope.places_to_try(&[]), ["named"]);
    assert_eq!(Scope::everything().places_to_try(&of_cluster), ["default", "shop-1"]);
}

#[test]
fn a_manifest_with_the_resources_of_a_cluster() {
    let manifest =
        |text: &str| Manifest::parse(format!("gatherer 1 test 1\n{text}\n").as_bytes()).expect(text);
    let identities = |text: &str| -> Vec<String> {
        let expanded = manifest(text).expanded(&catalog());
        expanded.resources.iter().map(|resource| resource.identity()).collect()
    };
    assert_eq!(
        identities("resource list */*/* * *\nresource get /v1/secrets * *"),
        [
            "v1/pods",
            "v1/nodes",
            "v1/namespaces",
            "v1/events",
            "apps/v1/deployments",
            "events.k8s.io/v1/events",
            "v1/secrets"
        ]
    );
    assert_eq!(identities("resource get */*/pods/log * *"), ["v1/pods/log"]);
    assert!(
        manifest("resource list */*/* * *").has_wildcards()
            && !manifest("resource list /*/pods * *").has_wildcards()
    );
}

#[test]
fn a_version_that_is_not_named_is_the_preferred_one() {
    let asked =
        |version, plural, group| request(Verb::GET, [version, plural, group, "a", "x", "", "", "", "", ""]);
    let resolve = |manifest: &str, asked: &Canonical| {
        let rights = rights("", manifest);
        let allowed = rights.judge(asked)?;
        rights.resolve(asked, &allowed, &catalog()).map(|found| found.version.clone())
    };
    assert_eq!(
        resolve("resource get apps/*/deployments * *", &asked("", "deployments", "apps")),
        Ok("v1".into())
    );
    assert_eq!(resolve(EVERYTHING, &asked("v1", "deployments", "apps")), Ok("v1".into()));
    let status = |manifest: &str, asked: &Canonical| resolve(manifest, asked).expect_err("refused").status;
    assert_eq!(
        status("resource get apps/v1/deployments * *", &asked("", "deployments", "apps")),
        Status::DENIED
    );
    assert_eq!(status(EVERYTHING, &asked("", "widgets", "example.com")), Status::http(404));
    assert_eq!(status(EVERYTHING, &asked("v7", "deployments", "apps")), Status::http(404));
    assert_eq!(status(EVERYTHING, &asked("", "nodes", "metrics.k8s.io")), Status::http(503));
    assert_eq!(status(EVERYTHING, &asked("v1", "bindings", "")), Status::DENIED);
}
