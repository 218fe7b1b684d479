//! Lists that are read namespace by namespace.

use super::*;
use wagather_policy::grant::Grant;
use wagather_policy::manifest::Manifest;
use wagather_policy::rights::Rights;

/// The scope of a grant with these rules for pods.
pub(super) fn scope_of(rules: &[&str]) -> Scope {
    let rule = |more: &&str| format!("  - {{verbs: [list], apiGroups: [''], resources: [pods], {more}}}\n");
    let rules: String = rules.iter().map(rule).collect();
    let grant =
        Grant::parse(&format!("apiVersion: wagather/v1\nkind: Grant\nrules:\n{rules}")).expect("a grant");
    let manifest = Manifest::parse(b"gatherer 1 g 1\nresource list /v1/pods * *\n").expect("a manifest");
    let texts = ["v1", "pods", "", "", "", "", "", "", "", ""].map(|text| text.as_bytes().to_vec());
    let request = Canonical::new(RestRequest::new(Verb::LIST, 0, texts)).expect("a request");
    Rights::new(manifest, Arc::new(grant)).judge(&request).expect("allowed").scope
}

fn both() -> Scope {
    scope_of(&["namespaces: [shop, shop-a, nowhere]"])
}

fn paths(got: &Got) -> Vec<String> {
    let paths = got.script.world().requests.clone();
    paths
        .iter()
        .map(|path| path.trim_start_matches("/api/v1/").replace("%3A", ":").replace("%2F", "/"))
        .collect()
}

#[test]
fn each_namespace_is_asked_and_the_guest_sees_one_list() {
    for chunk in [1, 2, 3, 500] {
        let whole = list(World::new(9, true, |_| Fault::None), 0, Some(chunk));
        let got = list_of(World::new(9, true, |_| Fault::None), 0, Some(chunk), both());
        assert_eq!((got.items.len(), got.end), (9, Ok(())));
        assert_eq!(got.items, whole.items, "the order is that of one list");
        assert!(paths(&got).iter().all(|path| path.starts_with("namespaces/")), "{:?}", paths(&got));
        assert_eq!((got.tally.items, got.tally.withheld, got.tally.inconsistent_lists), (9, 0, 0));
    }
    let mut got = list_of(World::new(5, true, |_| Fault::None), 0, Some(2), both());
    // As etcd's keys are: `shop-a/` is before `shop/`.
    assert_eq!(
        paths(&got),
        [
            "namespaces/nowhere/pods?limit=2",
            "namespaces/shop-a/pods?limit=2",
            "namespaces/shop/pods?limit=2",
            "namespaces/shop/pods?limit=2&continue=0:shop/o040"
        ]
    );
    let asked = got.tally.take_namespaces();
    let told: Vec<(&str, u16)> = asked.iter().map(|(what, status)| (&**what, *status)).collect();
    assert_eq!(
        told,
        [("list /v1/pods in nowhere", 200), ("list /v1/pods in shop-a", 200), ("list /v1/pods in shop", 200)]
    );
}

#[test]
fn names_narrow_within_each_namespace() {
    let scope = scope_of(&["namespaces: [shop]", "namespaces: [shop-a], resourceNames: [o010, o050]"]);
    let got = list_of(World::new(6, true, |_| Fault::None), 0, None, scope);
    let keys: Vec<&str> = got.items.iter().map(|(key, _)| &**key).collect();
    assert_eq!(keys, ["shop-a/o010", "shop-a/o050", "shop/o000", "shop/o020", "shop/o040"]);
    assert_eq!((got.tally.items, got.tally.withheld), (5, 1));
    // A pattern may be any namespace's name.
    let got =
        list_of(World::new(6, true, |_| Fault::None), 0, None, scope_of(&["namespaces: [shop, 'x-*']"]));
    assert_eq!((paths(&got), got.tally.withheld), (vec!["pods?limit=500".to_owned()], 3));
}

#[test]
fn it_is_whole_wherever_one_of_its_pages_breaks_off() {
    let undisturbed = list_of(World::new(7, true, |_| Fault::None), 0, Some(2), both());
    let requests = undisturbed.script.world().requests.clone();
    let sizes: Vec<usize> =
        requests.iter().map(|path| undisturbed.script.world().page(path).1.len()).collect();
    assert_eq!(sizes.len(), 5);
    for (page, size) in sizes.into_iter().enumerate() {
        for byte in 0..size {
            let fault = move |number| {
                if number == page { Fault::Cut(byte, ErrorKind::ConnectionReset) } else { Fault::None }
            };
            let got = list_of(World::new(7, true, fault), 0, Some(2), both());
            let case = format!("request {page} broke at byte {byte}");
            assert_eq!((got.items.len(), got.end, got.tally.retries), (7, Ok(()), 1), "{case}");
            got.check(0, &case);
        }
    }
}

#[test]
fn a_limit_is_over_all_of_them() {
    for limit in 1..=10 {
        let whole = list(World::new(8, true, |_| Fault::None), limit, Some(3));
        let got = list_of(World::new(8, true, |_| Fault::None), limit, Some(3), both());
        assert_eq!((&got.items, got.end), (&whole.items, Ok(())), "{limit}");
    }
    // Three of shop-a are not enough; what is still wanted is asked for, and no more.
    let got = list_of(World::new(6, true, |_| Fault::None), 4, None, both());
    assert_eq!(
        paths(&got),
        ["namespaces/nowhere/pods?limit=4", "namespaces/shop-a/pods?limit=4", "namespaces/shop/pods?limit=1"]
    );
    let got = list_of(World::new(6, true, |_| Fault::None), 3, None, both());
    assert_eq!(paths(&got), ["namespaces/nowhere/pods?limit=3", "namespaces/shop-a/pods?limit=3"]);
}

/// A world that refuses the lists of the three namespaces with these statuses.
fn refusing(codes: [Option<u16>; 3]) -> World {
    let number = |namespace: &str| ["nowhere", "shop-a", "shop"].iter().position(|one| *one == namespace);
    World {
        refuses: Box::new(move |path| {
            let namespace = path.strip_prefix("/api/v1/namespaces/")?.split('/').next()?;
            codes[number(namespace)?]
        }),
        ..World::new(6, true, |_| Fault::None)
    }
}

/// The namespaces that are missing, and why.
fn missing(got: &Got) -> Vec<(String, Option<u16>)> {
    got.tally.gaps.named("g").into_iter().map(|gap| (gap.namespace, gap.status)).collect()
}

#[test]
fn a_namespace_that_refuses_is_a_gap_and_the_others_are_read() {
    let (no, gone) = (Some(403), Some(404));
    for (codes, keys) in [
        (
            [no, None, None],
            &["shop-a/o010", "shop-a/o030", "shop-a/o050", "shop/o000", "shop/o020", "shop/o040"][..],
        ),
        ([None, no, None], &["shop/o000", "shop/o020", "shop/o040"]),
        ([None, None, no], &["shop-a/o010", "shop-a/o030", "shop-a/o050"]),
        ([None, gone, None], &["shop/o000", "shop/o020", "shop/o040"]),
        ([no, gone, None], &["shop/o000", "shop/o020", "shop/o040"]),
        ([no, None, gone], &["shop-a/o010", "shop-a/o030", "shop-a/o050"]),
        ([None, no, no], &[]),
    ] {
        for (limit, chunk) in [(0, None), (0, Some(1)), (4, None)] {
            let got = list_of(refusing(codes), limit, chunk, both());
            let given: Vec<&str> = got.items.iter().map(|(key, _)| &**key).collect();
            let wanted = &keys[..keys.len().min(if limit == 0 { 6 } else { 4 })];
            assert_eq!((got.end, &*given), (Ok(()), wanted), "{codes:?} {limit} {chunk:?}");
            // Who has enough asks for no more.
            let mut refused: Vec<(String, Option<u16>)> = Vec::new();
            for (namespace, code) in ["nowhere", "shop-a", "shop"].into_iter().zip(codes) {
                refused.extend(code.map(|_| (namespace.to_owned(), code)));
            }
            assert_eq!(missing(&got), refused, "{codes:?}");
            let gap = &got.tally.gaps.named("g")[0];
            assert_eq!((&*gap.resource, &*gap.object), ("v1/pods", ""));
            assert_eq!(gap.asked, format!("list /v1/pods in {}", refused[0].0));
            assert!(gap.reason.starts_with(&format!("HTTP {}", refused[0].1.unwrap_or_default())), "{gap:?}");
            let line = &got.tally.errors[0];
            assert!(line.starts_with(&format!("{}: skipped the namespace: HTTP 40", gap.asked)), "{line}");
            let resource = &got.tally.gaps.resources()[0];
            assert_eq!((resource.complete, resource.absent), (false, false));
            assert_eq!(got.tally.gaps.broken().map(|_| ()), None, "another run brings no more");
        }
    }
}

#[test]
fn a_list_that_every_namespace_refuses_is_refused() {
    let (no, gone) = (Some(403), Some(404));
    for (codes, code, named) in [
        ([no, no, no], 403, "nowhere"),
        ([gone, gone, no], 403, "shop"),
        ([gone, no, gone], 403, "shop-a"),
        ([no, Some(405), gone], 403, "nowhere"),
    ] {
        let got = list_of(refusing(codes), 0, None, both());
        assert_eq!((got.end, got.items.len()), (Err(Status::http(code)), 0), "{codes:?}");
        let blame = got.tally.blame(Status::http(code)).expect("a reason");
        let said = format!("list /v1/pods in {named}: HTTP {code}");
        assert!(blame.reason.starts_with(&said), "{codes:?}: {}", blame.reason);
        assert!(blame.advice.contains("lists each namespace"), "{}", blame.advice);
        assert_eq!(missing(&got).len(), 3, "{codes:?}: {:?}", missing(&got));
    }
    // A cluster that has no such resource is missing nothing.
    let got = list_of(refusing([gone; 3]), 0, None, both());
    assert_eq!((got.end, missing(&got)), (Err(Status::http(404)), vec![]));
    assert!(got.tally.gaps.resources()[0].absent);
    // What is worth another try is no gap, wherever it is.
    for number in 0..3 {
        let mut codes = [no; 3];
        codes[number] = Some(401);
        let got = list_of(refusing(codes), 0, None, both());
        assert_eq!((got.end, got.tally.gaps.broken().is_some()), (Err(Status::http(401)), true));
        assert_eq!(missing(&got).len(), number + 1, "those before it are named");
    }
    let got = list(World::new(6, true, |_| Fault::Status(403)), 0, None);
    let advice = &got.tally.blame(Status::http(403)).expect("a reason").advice;
    assert!(advice.contains("a grant that names namespaces"), "{advice}");
}

#[test]
fn the_next_namespace_is_on_its_way_while_one_is_read() {
    let script = Arc::new(Script(Mutex::new(World::new(6, true, |_| Fault::None))));
    let fetchers = Fetchers::new(script.clone(), 1, RateLimits { qps: 1, burst: 1, parallel: 1 });
    let fetcher = fetchers.fetcher(0, 500);
    let texts = ["v1", "pods", "", "", "", "", "", "", "", ""].map(|text| text.as_bytes().to_vec());
    let request = Canonical::new(RestRequest::new(Verb::LIST, 0, texts)).expect("a request");
    let allowed = Allowed {
        mask: Node::Keep,
        scope: scope_of(&["namespaces: [shop, shop-a]"]),
        narrowed: false,
        by_wildcard: false,
        about: Arc::default(),
    };
    let mut tally = Tally::new(Budget { requests: 500, ..Budget::default() }, fetcher.account().clone());
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut answer = Answer::send(
        request,
        allowed,
        &Origin { fetcher: &fetcher, deadline, chunk_items: None },
        &mut tally,
    );
    let redactor = Arc::new(Redactor::new(&Rules::default()));
    let mut cx = Context::new(&mut tally, &fetcher, &redactor);
    assert!(answer.next(ONE, &mut Vec::new(), &mut cx).is_ok_and(|len| len > 0));
    while script.world().requests.len() < 2 {
        assert!(Instant::now() < deadline, "it was not asked for: {:?}", script.world().requests);
        std::thread::yield_now();
    }
    assert_eq!(script.world().requests[1], "/api/v1/namespaces/shop/pods?limit=500");
    assert_eq!(answer.unfinished().as_deref(), Some("list /v1/pods in shop-a: 1 of its items were read"));
}
