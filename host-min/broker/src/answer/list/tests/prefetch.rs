//! Prefetching changes only how often a guest waits.

use super::namespaces::scope_of;
use super::*;
use crate::fetch::Fetcher;
use crate::tally::MAX_DEFERRED;

/// The lines for people, and every figure that depends on what the guest took.
#[derive(Debug, PartialEq)]
struct Seen {
    items: Vec<(String, usize)>,
    end: Result<(), Status>,
    figures: [u64; 5],
    lines: Vec<String>,
    gaps: Vec<crate::gaps::Gap>,
    resources: Vec<crate::gaps::Resource>,
    reduced: u64,
}

fn seen(world: World, scope: Scope, room: usize, most: usize) -> Seen {
    let Got { items, end, tally, .. } = list_in(world, 0, None, scope, room, most);
    assert_eq!(tally.deferral.items(), 0, "nothing is ahead of a list that is closed");
    let mut resources = tally.gaps.resources();
    for resource in &mut resources {
        // Requests that were sent count at once.
        resource.requests = 0;
        resource.namespaces.iter_mut().for_each(|row| row.requests = 0);
    }
    Seen {
        items,
        end,
        figures: [tally.items, tally.withheld, tally.bytes_given, tally.duplicates, tally.inconsistent_lists],
        lines: [&tally.warnings[..], &tally.errors[..]].concat(),
        gaps: tally.gaps.named("g"),
        resources,
        reduced: tally.uses.reduced(),
    }
}

#[test]
fn batches_give_the_same_items_ends_figures_and_lines() {
    let faults: [fn(usize) -> Fault; 5] = [
        |_| Fault::None,
        |n| if n % 3 == 0 { Fault::Cut(700 + 211 * n, ErrorKind::ConnectionReset) } else { Fault::None },
        |n| Fault::Cut(900 + n, ErrorKind::InvalidData),
        |n| if n % 2 == 1 { Fault::ForgetAndCut(n * 31, 1500) } else { Fault::Change(n * 17) },
        |n| if n == 2 { Fault::Status(403) } else { Fault::None },
    ];
    for (case, fault) in faults.into_iter().enumerate() {
        for scope in [
            Scope::everything(),
            scope_of(&["namespaces: [shop]"]),
            scope_of(&["namespaces: [shop, shop-a]"]),
        ] {
            for most in [1, 2, 7, 40, usize::MAX] {
                let world = || World::new(60, true, fault);
                let one = seen(world(), scope.clone(), 0, most);
                for room in [64, 200, 1000, 4 << 10, 64 << 10] {
                    let batched = seen(world(), scope.clone(), room, most);
                    assert_eq!(batched, one, "case {case}, {room} bytes, {most} items");
                }
            }
        }
    }
}

const WANTED: Wanted = Wanted { cap: 1 << 20, room: 64 << 10, is_taken: true };

/// Asks for all pods.
fn ask(fetcher: &Fetcher, tally: &mut Tally) -> Answer {
    let texts = ["v1", "pods", "", "", "", "", "", "", "", ""].map(|text| text.as_bytes().to_vec());
    let request = Canonical::new(RestRequest::new(Verb::LIST, 0, texts)).expect("a request");
    let allowed = Allowed {
        mask: Node::Keep,
        scope: Scope::everything(),
        narrowed: false,
        about: Arc::default(),
        by_wildcard: false,
    };
    let deadline = Instant::now() + Duration::from_secs(60);
    Answer::send(request, allowed, &Origin { fetcher, deadline, chunk_items: None }, tally)
}

/// A server that always sends the same response.
struct Page(String);

impl Source for Page {
    fn send(&self, _: &Call) -> Result<Response, NoAnswer> {
        Ok(Response {
            status: 200,
            content_type: Some("application/json".into()),
            retry_after: None,
            body: Box::new(std::io::Cursor::new(self.0.clone().into_bytes())),
        })
    }
    fn now_millis(&self) -> i64 {
        0
    }
    fn is_recording(&self) -> bool {
        false
    }
    fn describe(&self) -> String {
        "a page".into()
    }
}

fn served(page: String) -> (Fetchers, Tally, Arc<Redactor>) {
    let fetchers = Fetchers::new(Arc::new(Page(page)), 1, RateLimits { qps: 9, burst: 9, parallel: 1 });
    let tally = Tally::new(Budget::default(), fetchers.fetcher(0, 500).account().clone());
    (fetchers, tally, Arc::new(Redactor::new(&Rules::default())))
}

const GOOD: &str = r#"{"metadata":{"name":"a","namespace":"b"}}"#;

#[test]
fn a_page_of_odd_items_takes_no_memory() {
    const ODD: usize = 100_000;
    let page = format!(r#"{{"kind":"PodList","apiVersion":"v1","items":[{GOOD}{}]}}"#, ",1".repeat(ODD));
    let (fetchers, mut tally, redactor) = served(page);
    let fetcher = fetchers.fetcher(0, 500);
    let mut list = ask(&fetcher, &mut tally);
    let mut cx = Context::new(&mut tally, &fetcher, &redactor);
    assert!(list.next(WANTED, &mut Vec::new(), &mut cx).is_ok_and(|len| len > 0));
    assert_eq!(cx.tally.deferral.deferred(), MAX_DEFERRED, "no more of them wait");
    assert_eq!(list.next(WANTED, &mut Vec::new(), &mut cx), Ok(0));
    assert_eq!(cx.tally.deferral.deferred(), 0);
    let resources = tally.gaps.resources();
    assert_eq!(resources[0].gaps, ODD as u64, "{resources:?}");
}

#[test]
fn a_failure_further_on_is_not_seen_before_its_item_is_asked_for() {
    let page = format!(r#"{{"kind":"PodList","apiVersion":"v1","items":[{GOOD},{GOOD},]"#);
    let (fetchers, mut tally, redactor) = served(page);
    let fetcher = fetchers.fetcher(0, 500);
    let mut list = ask(&fetcher, &mut tally);
    let mut cx = Context::new(&mut tally, &fetcher, &redactor);
    assert!(list.next(WANTED, &mut Vec::new(), &mut cx).is_ok_and(|len| len > 0));
    assert_eq!(list.status(&mut cx), Ok(200));
    assert_eq!(list.read(9, &mut Vec::new(), &mut cx), Err(Status::WRONG_MODE));
    assert!(list.next_document(&mut cx).is_err_and(|status| status == Status::WRONG_MODE));
    assert!(cx.tally.errors.is_empty());
    assert_eq!(list.taken(1, cx.tally), Some(GOOD.len() as u64));
    let failed = list.next(WANTED, &mut Vec::new(), &mut cx).expect_err("it breaks off");
    assert_eq!(list.status(&mut cx), Err(failed));
    assert_eq!(list.taken(0, cx.tally), None, "nothing is ahead");
    assert_eq!(tally.errors.len(), 1, "{:?}", tally.errors);
}

#[test]
fn a_budget_of_items_is_for_those_that_were_taken() {
    let script = Arc::new(Script(Mutex::new(World::new(20, true, |_| Fault::None))));
    let fetchers = Fetchers::new(script, 1, RateLimits { qps: 1, burst: 1, parallel: 1 });
    let fetcher = fetchers.fetcher(0, 500);
    let redactor = Arc::new(Redactor::new(&Rules::default()));
    let mut tally = Tally::new(Budget { items: 10, ..Budget::default() }, fetcher.account().clone());
    let wanted = WANTED;
    let mut first = ask(&fetcher, &mut tally);
    let mut cx = Context::new(&mut tally, &fetcher, &redactor);
    assert!(first.next(wanted, &mut Vec::new(), &mut cx).is_ok_and(|len| len > 0));
    assert_eq!((cx.tally.items, cx.tally.deferral.items()), (1, 9), "a whole budget, and no more");
    first.close(&mut cx);
    assert_eq!((cx.tally.items, cx.tally.deferral.items()), (1, 0), "what was not taken is given back");
    let mut second = ask(&fetcher, &mut tally);
    let mut cx = Context::new(&mut tally, &fetcher, &redactor);
    assert!(second.next(wanted, &mut Vec::new(), &mut cx).is_ok_and(|len| len > 0));
    assert!(second.taken(8, cx.tally).is_some());
    assert_eq!(second.next(wanted, &mut Vec::new(), &mut cx), Err(Status::OUT_OF_BUDGET));
    assert_eq!(tally.items, 10);
}
