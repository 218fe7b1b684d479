//! Lists against a server that keeps Kubernetes' guarantees and breaks everything else: connections at every byte, states
//! that it no longer has, many refusals. In every case, the items are exact or there is an error with a reason.

mod namespaces;
mod prefetch;

use super::super::{Answer, Context, Origin, Wanted};
use crate::budget::Budget;
use crate::fetch::{Fetchers, RateLimits};
use crate::tally::Tally;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind, Read};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};
use wagather_abi::{Status, Verb};
use wagather_json::project::Node;
use wagather_json::redact::{Redactor, Rules};
use wagather_kube::{Call, Cause, NoAnswer, Response, Source};
use wagather_policy::canonical::Canonical;
use wagather_policy::rights::{Allowed, Scope};
use wagather_sandbox::channel::RestRequest;

/// The objects of one state. For each key, in etcd's order, the state in which the object changed last.
type State = BTreeMap<String, usize>;

/// The status that a path is refused with.
type Refuses = Box<dyn Fn(&str) -> Option<u16> + Send>;

/// The list of a server, and its faults.
struct World {
    states: Vec<State>,
    /// States before this one are gone.
    oldest: usize,
    metadata_first: bool,
    /// The server's items are in another order than etcd's.
    shuffled: bool,
    requests: Vec<String>,
    fault: Box<dyn FnMut(usize) -> Fault + Send>,
    /// The status that a path is refused with.
    refuses: Refuses,
}

/// The fault of one request.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// The body breaks off after this many bytes.
    Cut(usize, ErrorKind),
    Status(u16),
    NoAnswer(Cause),
    /// An object is added and one is removed, before a normal response.
    Change(usize),
    /// The same, and the server forgets all earlier states.
    Forget(usize),
    /// The same, and the body breaks off.
    ForgetAndCut(usize, usize),
}

struct Script(Mutex<World>);

fn objects(number: usize) -> State {
    // In two namespaces of which one's name begins with the other's, so that the order is that of the bytes.
    let key = |n: usize| format!("{}/o{:03}", if n.is_multiple_of(2) { "shop" } else { "shop-a" }, n * 10);
    (0..number).map(|n| (key(n), 0)).collect()
}

impl World {
    fn new(number: usize, metadata_first: bool, fault: impl FnMut(usize) -> Fault + Send + 'static) -> World {
        World {
            states: vec![objects(number)],
            oldest: 0,
            metadata_first,
            shuffled: false,
            requests: Vec::new(),
            fault: Box::new(fault),
            refuses: Box::new(|_| None),
        }
    }

    fn change(&mut self, seed: usize) {
        let mut state = self.states.last().cloned().unwrap_or_default();
        let version = self.states.len();
        if !state.is_empty() {
            let key = state.keys().nth(seed % state.len()).cloned().unwrap_or_default();
            state.remove(&key);
            let key = state.keys().nth(seed / 7 % state.len().max(1)).cloned().unwrap_or_default();
            if let Some(since) = state.get_mut(&key) {
                *since = version;
            }
        }
        state.insert(format!("shop/o{:03}", seed % 997), version);
        self.states.push(state);
    }

    fn answer(&mut self, path_and_query: &str) -> Result<Response, NoAnswer> {
        let number = self.requests.len();
        self.requests.push(path_and_query.to_owned());
        let fault = (self.fault)(number);
        match fault {
            Fault::Change(seed) => self.change(seed),
            Fault::Forget(seed) | Fault::ForgetAndCut(seed, _) => {
                self.change(seed);
                self.oldest = self.states.len() - 1;
            }
            Fault::NoAnswer(cause) => {
                let (reason, advice) = ("as the script says".to_owned(), String::new());
                return Err(NoAnswer { cause, reason, advice });
            }
            Fault::Status(status) => return Ok(response(status, "{}".into(), None)),
            Fault::None | Fault::Cut(..) => {}
        }
        if let Some(status) = (self.refuses)(path_and_query) {
            return Ok(response(status, "{}".into(), None));
        }
        let (status, body) = self.page(path_and_query);
        let cut = match fault {
            Fault::Cut(bytes, kind) => Some((bytes, kind)),
            Fault::ForgetAndCut(_, bytes) => Some((bytes, ErrorKind::ConnectionReset)),
            _ => None,
        };
        Ok(response(status, body, cut))
    }

    fn page(&self, path_and_query: &str) -> (u16, String) {
        let (path, query) = path_and_query.split_once('?').expect("a query");
        let namespace = path.strip_prefix("/api/v1/namespaces/").and_then(|rest| rest.strip_suffix("/pods"));
        let is_asked_for =
            |key: &str| namespace.is_none_or(|asked| key.split_once('/').is_some_and(|(of, _)| of == asked));
        let parameter = |name: &str| {
            query.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('=')).unwrap_or_default()
        };
        let limit: usize = parameter("limit").parse().expect("never without a limit");
        let token = parameter("continue").replace("%3A", ":").replace("%2F", "/");
        let newest = self.states.len() - 1;
        let (version, start) = match token.split_once(':') {
            Some(("now", start)) => (newest, start),
            Some((version, start)) => (version.parse().expect("a version"), start),
            None if parameter("resourceVersionMatch") == "Exact" => {
                (parameter("resourceVersion").parse().expect("a version"), "")
            }
            None => {
                assert!(!query.contains("resourceVersion"), "{query}");
                (newest, "")
            }
        };
        if version < self.oldest {
            let fresh = if start.is_empty() { String::new() } else { format!("now:{start}") };
            return (410, format!(r#"{{"message":"too old","metadata":{{"continue":"{fresh}"}}}}"#));
        }
        let state = self.states[version].range(start.to_owned()..);
        let mut rest = state.filter(|(key, _)| is_asked_for(key)).peekable();
        let mut items: Vec<String> = Vec::new();
        while items.len() < limit
            && let Some((key, since)) = rest.next()
        {
            let (namespace, name) = key.split_once('/').expect("a key");
            items.push(format!(
                r#"{{"metadata":{{"name":"{name}","namespace":"{namespace}"}},"since":{since}}}"#
            ));
        }
        if self.shuffled {
            items.reverse();
        }
        let next = rest.peek().map(|(key, _)| format!("{version}:{key}")).unwrap_or_default();
        let metadata = format!(r#""metadata":{{"resourceVersion":"{version}","continue":"{next}"}}"#);
        let items = format!(r#""items":[{}]"#, items.join(","));
        let parts = if self.metadata_first { [metadata, items] } else { [items, metadata] };
        (200, format!("{{{}}}", parts.join(",")))
    }
}

fn response(status: u16, body: String, cut: Option<(usize, ErrorKind)>) -> Response {
    let body = body.into_bytes();
    Response { status, content_type: None, retry_after: None, body: Box::new(Breaking { body, at: 0, cut }) }
}

struct Breaking {
    body: Vec<u8>,
    at: usize,
    cut: Option<(usize, ErrorKind)>,
}

impl Read for Breaking {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let upto = self.cut.map_or(self.body.len(), |(bytes, _)| bytes.min(self.body.len()));
        if let Some((_, kind)) = self.cut
            && self.at == upto
        {
            return Err(io::Error::new(kind, "as the script says"));
        }
        let len = buffer.len().min(upto - self.at);
        buffer[..len].copy_from_slice(&self.body[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}

impl Script {
    fn world(&self) -> MutexGuard<'_, World> {
        self.0.lock().expect("no panic")
    }
}

impl Source for Script {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        self.world().answer(&call.path_and_query)
    }
    fn now_millis(&self) -> i64 {
        0
    }
    /// So that nobody waits between two tries.
    fn is_recording(&self) -> bool {
        true
    }
    fn describe(&self) -> String {
        "script".into()
    }
}

/// One item at a time.
const ONE: Wanted = Wanted { cap: 1 << 20, room: 0, is_taken: true };

/// The result for a guest.
struct Got {
    /// The key and the state of each item.
    items: Vec<(String, usize)>,
    end: Result<(), Status>,
    tally: Tally,
    script: Arc<Script>,
}

fn list(world: World, limit: u32, chunk_items: Option<u32>) -> Got {
    list_of(world, limit, chunk_items, Scope::everything())
}

/// A list within a scope.
fn list_of(world: World, limit: u32, chunk_items: Option<u32>, scope: Scope) -> Got {
    list_in(world, limit, chunk_items, scope, 0, usize::MAX)
}

/// A list in batches of at most `room` bytes, of which the guest takes at most `most` items.
fn list_in(
    world: World,
    limit: u32,
    chunk_items: Option<u32>,
    scope: Scope,
    room: usize,
    most: usize,
) -> Got {
    let script = Arc::new(Script(Mutex::new(world)));
    let fetchers = Fetchers::new(script.clone(), 1, RateLimits { qps: 1, burst: 1, parallel: 1 });
    let fetcher = fetchers.fetcher(0, 500);
    let texts = ["v1", "pods", "", "", "", "", "", "", "", ""].map(|text| text.as_bytes().to_vec());
    let request = Canonical::new(RestRequest::new(Verb::LIST, limit, texts)).expect("a request");
    let allowed =
        Allowed { mask: Node::Keep, scope, narrowed: false, about: Arc::default(), by_wildcard: false };
    let mut tally = Tally::new(Budget { requests: 500, ..Budget::default() }, fetcher.account().clone());
    tally.count_request().expect("a request");
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut answer =
        Answer::send(request, allowed, &Origin { fetcher: &fetcher, deadline, chunk_items }, &mut tally);
    // Whoever pipes a list with a limit has a part of it.
    let has_scope = !answer.exchange.asked.allowed.scope.is_everything();
    assert_eq!(answer.is_whole(), limit == 0 && !has_scope);
    let redactor = Arc::new(Redactor::new(&Rules::default()));
    let (mut items, mut bytes) = (Vec::new(), Vec::new());
    let mut take = |bytes: &[u8]| {
        let item: serde_json::Value = serde_json::from_slice(bytes).expect("an item");
        let text = |name: &str| item["metadata"][name].as_str().expect("a text").to_owned();
        let since = item["since"].as_u64().expect("a state") as usize;
        items.push((format!("{}/{}", text("namespace"), text("name")), since));
        items.len() == most
    };
    let end = 'list: loop {
        let mut cx = Context::new(&mut tally, &fetcher, &redactor);
        bytes.clear();
        let len = match answer.next(Wanted { cap: 1 << 20, room, is_taken: true }, &mut bytes, &mut cx) {
            Err(status) => break Err(status),
            Ok(0) => break Ok(()),
            Ok(len) => len,
        };
        let (first, mut others) = bytes.split_at(len);
        if take(first) {
            break Ok(());
        }
        while let Some((len, rest)) = others.split_first_chunk::<4>() {
            let (item, rest) = rest.split_at(u32::from_le_bytes(*len) as usize);
            others = rest;
            assert_eq!(answer.taken(1, &mut tally), Some(item.len() as u64));
            if take(item) {
                break 'list Ok(());
            }
        }
        assert_eq!(answer.taken(1, &mut tally), None, "no more was sent");
    };
    answer.close(&mut Context::new(&mut tally, &fetcher, &redactor));
    tally.count_requests();
    Got { items, end, tally, script }
}

impl Got {
    /// Checks what must hold in every case.
    #[track_caller]
    fn check(&self, limit: u32, case: &str) {
        let world = self.script.world();
        let most = if limit == 0 { usize::MAX } else { limit as usize };
        let ascends = self.items.windows(2).all(|two| two[0].0 < two[1].0);
        assert!(ascends || world.shuffled, "{case}: twice, or out of order: {:?}", self.items);
        for (key, since) in &self.items {
            assert!(
                world.states.iter().any(|state| state.get(key) == Some(since)),
                "{case}: {key} never was"
            );
        }
        let Ok(()) = self.end else {
            assert!(!self.tally.errors.is_empty(), "{case}: an error without a reason");
            assert!(self.items.len() <= most);
            return;
        };
        let requests = world.requests.len() as u64;
        assert!(self.tally.requests >= requests && self.tally.requests <= requests + 1, "{case}");
        if self.tally.inconsistent_lists == 0 {
            let mut items = self.items.clone();
            if world.shuffled {
                items.sort_unstable();
            }
            let exact =
                |state: &State| state.iter().take(most).eq(items.iter().map(|(key, since)| (key, since)));
            assert!(
                world.states.iter().any(exact),
                "{case}: of no one state: {:?}, asked {:?}",
                self.items,
                world.requests
            );
            assert_eq!(self.tally.duplicates, 0, "{case}");
        } else {
            assert_eq!((self.tally.inconsistent_lists, self.tally.warnings.len()), (1, 1), "{case}");
            let last = self.items.last().map(|(key, _)| key.clone());
            let stayed = world.states[0]
                .keys()
                .filter(|key| world.states.iter().all(|state| state.contains_key(*key)))
                // With a limit, up to what was reached.
                .filter(|key| self.items.len() < most || last.as_ref().is_some_and(|last| *key <= last));
            for key in stayed {
                assert!(self.items.iter().any(|(had, _)| had == key), "{case}: {key} was there all the time");
            }
        }
    }
}

/// The sizes of the bodies of a list without faults, in the order of its pages.
fn body_sizes(number: usize, metadata_first: bool, chunk: u32) -> Vec<usize> {
    let got = list(World::new(number, metadata_first, |_| Fault::None), 0, Some(chunk));
    assert_eq!((got.items.len(), got.end), (number, Ok(())));
    let world = got.script.world();
    world.requests.iter().map(|path| world.page(path).1.len()).collect()
}

#[test]
fn a_list_is_whole_wherever_one_of_its_pages_breaks_off() {
    for metadata_first in [true, false] {
        let sizes = body_sizes(7, metadata_first, 3);
        assert_eq!(sizes.len(), 3);
        for (page, size) in sizes.into_iter().enumerate() {
            for byte in 0..=size {
                for kind in [ErrorKind::UnexpectedEof, ErrorKind::InvalidData] {
                    let fault =
                        move |number| if number == page { Fault::Cut(byte, kind) } else { Fault::None };
                    let case = format!("page {page} broke at byte {byte}, metadata first: {metadata_first}");
                    let got = list(World::new(7, metadata_first, fault), 0, Some(3));
                    assert_eq!((got.items.len(), got.end), (7, Ok(())), "{case}");
                    assert_eq!((got.tally.items, got.tally.retries), (7, 1), "{case}");
                    // Nothing had changed, but custom resources' first page cannot show it.
                    let shown = metadata_first || page > 0 || byte < 50;
                    assert!(got.tally.inconsistent_lists == 0 || !shown, "{case}");
                    got.check(0, &case);
                    let exact = got.script.world().requests.iter().any(|path| path.contains("Exact"));
                    assert!(!exact || page == 0, "{case}: a token names its state");
                }
            }
        }
    }
}

#[test]
fn a_list_that_changes_meanwhile_is_of_one_time_or_says_that_it_is_not() {
    for metadata_first in [true, false] {
        for (page, size) in body_sizes(7, metadata_first, 3).into_iter().enumerate() {
            for byte in 0..size {
                for forget in [false, true] {
                    // Pages may be asked for ahead, so what breaks off is chosen by what was asked.
                    let fault = move |number| match number {
                        _ if number == page => Fault::Cut(byte, ErrorKind::ConnectionReset),
                        _ if number > page && forget => Fault::Forget(byte * 31 + number),
                        _ if number > page => Fault::Change(byte * 31 + number),
                        _ => Fault::None,
                    };
                    let case = format!("page {page} byte {byte} first {metadata_first} forgets {forget}");
                    let got = list(World::new(7, metadata_first, fault), 0, Some(3));
                    assert_eq!(got.end, Ok(()), "{case}");
                    got.check(0, &case);
                    if !forget && metadata_first {
                        assert_eq!(got.tally.inconsistent_lists, 0, "{case}: the server had that state");
                    }
                }
            }
        }
    }
}

/// Pseudo-random numbers.
struct Seeded(u64);

impl Seeded {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % most
    }
}

#[test]
fn in_a_storm_there_is_nothing_twice_and_nothing_missing_without_a_word() {
    let (mut whole, mut failed, mut inconsistent) = (0, 0, 0);
    for seed in 1..=3_000_u64 {
        let mut seeded = Seeded(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let (number, chunk, limit) =
            (seeded.below(60), 1 + seeded.below(12), seeded.below(3) * seeded.below(40));
        let (metadata_first, shuffled, calm) =
            (seeded.below(2) == 0, seeded.below(20) == 0, 1 + seeded.below(12));
        let fault = move |_| {
            if seeded.below(12) < calm {
                return Fault::None;
            }
            let (seed, byte) = (seeded.below(9_999), seeded.below(900));
            match seeded.below(10) {
                0 => Fault::Status([429, 502, 503, 504][seed % 4]),
                1 => Fault::NoAnswer([Cause::Broken, Cause::Unreachable, Cause::Late][seed % 3]),
                2 => Fault::Change(seed),
                3 => Fault::Forget(seed),
                4 => Fault::ForgetAndCut(seed, byte),
                5 => Fault::Cut(byte, ErrorKind::TimedOut),
                6 => Fault::Cut(byte, ErrorKind::InvalidData),
                7 => Fault::Cut(byte, ErrorKind::ConnectionAborted),
                _ => Fault::Cut(byte, ErrorKind::UnexpectedEof),
            }
        };
        let world = World { shuffled, ..World::new(number, metadata_first, fault) };
        let got = list(world, limit as u32, Some(chunk as u32));
        got.check(limit as u32, &format!("seed {seed}"));
        whole += u32::from(got.end.is_ok());
        failed += u32::from(got.end.is_err());
        inconsistent += u32::from(got.end.is_ok() && got.tally.inconsistent_lists > 0);
    }
    // Most lists survive the faults, and some do not.
    assert!(whole > 2_000 && failed > 300 && inconsistent > 200, "{whole} {failed} {inconsistent}");
}

#[test]
fn a_page_that_always_breaks_off_is_given_up() {
    for (byte, items) in [(0, 0), (100, 0), (150, 1)] {
        let fault = move |_| Fault::Cut(byte, ErrorKind::UnexpectedEof);
        let got = list(World::new(7, true, fault), 0, None);
        assert_eq!((got.end, got.items.len()), (Err(Status::BAD_ANSWER), items), "{byte}");
        assert_eq!(got.tally.requests, 5, "{byte}");
        assert!(
            got.tally.errors[0].ends_with("as the script says (tried 5 times)"),
            "{:?}",
            got.tally.errors
        );
    }
}

/// An unsorted list can continue only if the items that were read repeat exactly.
#[test]
fn lists_in_no_order_go_on_where_they_are_the_same() {
    for (metadata_first, changes, end) in [
        (true, false, Ok(())),
        (true, true, Ok(())),
        (false, false, Ok(())),
        (false, true, Err(Status::BAD_ANSWER)),
    ] {
        let fault = move |number| match number {
            0 => Fault::Cut(280, ErrorKind::UnexpectedEof),
            1 if changes => Fault::Change(1),
            _ => Fault::None,
        };
        let world = World { shuffled: true, ..World::new(7, metadata_first, fault) };
        let got = list(world, 0, None);
        assert_eq!(got.end, end, "{metadata_first} {changes}: {:?}", got.tally.errors);
        // Custom resources say only at the end which state they are of.
        assert_eq!(got.tally.inconsistent_lists, u64::from(!metadata_first && !changes));
        got.check(0, "in no order");
    }
}

#[test]
fn json_that_makes_no_sense_is_not_asked_for_again() {
    struct Nonsense;
    impl Source for Nonsense {
        fn send(&self, _: &Call) -> Result<Response, NoAnswer> {
            Ok(response(200, r#"{"items":[{"metadata":{"name":"a"}},oops"#.into(), None))
        }
        fn now_millis(&self) -> i64 {
            0
        }
        fn is_recording(&self) -> bool {
            true
        }
        fn describe(&self) -> String {
            "nonsense".into()
        }
    }
    let fetchers = Fetchers::new(Arc::new(Nonsense), 1, RateLimits { qps: 1, burst: 1, parallel: 1 });
    let fetcher = fetchers.fetcher(0, 10);
    let texts = ["v1", "pods", "", "", "", "", "", "", "", ""].map(|text| text.as_bytes().to_vec());
    let request = Canonical::new(RestRequest::new(Verb::LIST, 0, texts)).expect("a request");
    let allowed = Allowed {
        mask: Node::Keep,
        scope: Scope::everything(),
        narrowed: false,
        about: Arc::default(),
        by_wildcard: false,
    };
    let mut tally = Tally::new(Budget::default(), fetcher.account().clone());
    let redactor = Arc::new(Redactor::new(&Rules::default()));
    let deadline = Instant::now() + Duration::from_secs(60);
    let mut answer = Answer::send(
        request,
        allowed,
        &Origin { fetcher: &fetcher, deadline, chunk_items: None },
        &mut tally,
    );
    let mut cx = Context::new(&mut tally, &fetcher, &redactor);
    let mut bytes = Vec::new();
    assert!(answer.next(ONE, &mut bytes, &mut cx).is_ok_and(|len| len > 0));
    assert_eq!(answer.next(ONE, &mut bytes, &mut cx), Err(Status::BAD_ANSWER));
    assert_eq!(tally.retries, 0);
}

#[test]
fn pages_follow_what_the_items_weigh_and_nothing_else() {
    let limits = |chunk: Option<u32>| -> Vec<String> {
        let got = list(World::new(900, true, |_| Fault::None), 0, chunk);
        assert_eq!((got.items.len(), got.end), (900, Ok(())));
        let world = got.script.world();
        world.requests.iter().map(|path| path.split(['=', '&']).nth(1).expect("a limit").to_owned()).collect()
    };
    // A few dozen bytes each: the second page may be four times the first.
    assert_eq!(limits(None), ["500", "2000"]);
    assert_eq!(limits(Some(300)), ["300", "300", "300"]);
}
