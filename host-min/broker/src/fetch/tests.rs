//! Requests through real threads. The waits between tries are tested where they are computed, without a clock.

use super::*;
use std::sync::atomic::{AtomicU32, Ordering};
use wagather_base::limits::{MAX_FIRST_TRIES, MAX_REQUESTS_IN_FLIGHT, MAX_TRIES, RETRY_FLOOR};
use wagather_kube::{Ready, Written};

const LIMITS: RateLimits = RateLimits { qps: 50, burst: 300, parallel: 64 };

fn order(path: &str) -> Order {
    let deadline = Instant::now() + Duration::from_secs(9);
    Order { path_and_query: path.into(), accept: Accept::Json, time: Duration::from_secs(9), deadline }
}

struct Slow;

fn echo(call: &Call) -> Result<Response, NoAnswer> {
    let body = Box::new(std::io::Cursor::new(call.path_and_query.clone().into_bytes()));
    Ok(Response { status: 200, content_type: None, retry_after: None, body })
}

impl Source for Slow {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        std::thread::sleep(Duration::from_millis(50));
        echo(call)
    }
    fn now_millis(&self) -> i64 {
        0
    }
    fn is_recording(&self) -> bool {
        true
    }
    fn describe(&self) -> String {
        "slow".into()
    }
}

#[test]
fn requests_overlap_and_none_is_lost() {
    let fetchers = Fetchers::new(Arc::new(Slow), 1, LIMITS);
    fetchers.warm(Instant::now() + Duration::from_secs(10));
    let fetcher = fetchers.fetcher(0, 1_000);
    let begin = Instant::now();
    let tickets: Vec<_> = (0..40).map(|n| fetcher.send(order(&n.to_string()))).collect();
    for (n, ticket) in tickets.into_iter().enumerate() {
        let mut text = String::new();
        ticket.wait().answer.expect("answer").body.read_to_string(&mut text).expect("body");
        assert_eq!(text, n.to_string());
    }
    assert!(begin.elapsed() < Duration::from_millis(40 * 50 / 2), "{:?}", begin.elapsed());
}

/// Answers nothing to the first gatherer until it is told to.
struct Stuck(Mutex<Receiver<()>>);

impl Source for Stuck {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        if call.path_and_query == "/stuck" {
            let _ = self.0.lock().unwrap_or_else(PoisonError::into_inner).recv();
        }
        echo(call)
    }
    fn now_millis(&self) -> i64 {
        0
    }
    fn is_recording(&self) -> bool {
        true
    }
    fn describe(&self) -> String {
        "stuck".into()
    }
}

#[test]
fn the_observer_is_woken_with_the_first_answer_or_after_a_delay() {
    let (release, held) = sync_channel(1);
    let (wake, woken) = sync_channel(1);
    // An answer that does not come before somebody was woken: without the delay's wake, this test would not end.
    let gauge = Arc::new(Gauge::new(move || wake.send(()).expect("nobody was woken before")));
    let fetchers = Fetchers::new(Arc::new(Stuck(Mutex::new(held))), 1, LIMITS);
    let fetcher = fetchers.fetcher(0, 10).watched(Some(gauge.clone()));
    let ticket = fetcher.send(order("/stuck"));
    assert!(woken.try_recv().is_err() && !gauge.is_awake(), "a request that is on its way wakes nobody");
    let waiting = std::thread::spawn(move || ticket.wait());
    woken.recv().expect("the delay");
    assert!(gauge.read().awaits_server);
    drop(release);
    let mut text = String::new();
    let answer = waiting.join().expect("no panic").answer.expect("an answer");
    assert!(!gauge.read().awaits_server);
    { answer }.body.read_to_string(&mut text).expect("a body");
    assert_eq!((text.as_str(), gauge.read().bytes_received), ("/stuck", 6));
    // Of an answer that comes at once.
    let prompt = Arc::new(Gauge::new(|| {}));
    let fetcher = Fetcher { gauge: Some(prompt.clone()), ..fetcher };
    fetcher.send(order("/other")).wait().answer.expect("an answer");
    assert!(prompt.is_awake());
}

#[test]
fn one_gatherers_requests_do_not_hold_anothers() {
    for gatherers in [2, 5, MAX_REQUESTS_IN_FLIGHT, 3 * MAX_REQUESTS_IN_FLIGHT] {
        let (release, held) = sync_channel(100);
        let fetchers = Fetchers::new(Arc::new(Stuck(Mutex::new(held))), gatherers, LIMITS);
        // All but the last gatherer ask more than they may, and get nothing.
        let stuck: Vec<_> = (0..gatherers - 1)
            .flat_map(|gatherer| vec![gatherer; 2 * MAX_REQUESTS_IN_FLIGHT])
            .map(|gatherer| fetchers.fetcher(gatherer, 1_000).send(order("/stuck")))
            .collect();
        let other = fetchers.fetcher(gatherers - 1, 1_000);
        for _ in 0..3 {
            assert_eq!(other.send(order("/other")).wait().answer.expect("an answer").status, 200);
        }
        drop(release);
        assert!(stuck.into_iter().all(|ticket| ticket.wait().answer.is_ok()), "none is lost");
    }
}

/// Ready for every request.
struct Prompt(Stuck, Arc<AtomicU32>);

/// A request that was written, or will be; and how many were.
struct Prompted(Option<Call>, Arc<AtomicU32>);

impl Source for Prompt {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        self.0.send(call)
    }
    fn ready(&self) -> Option<Box<dyn Ready>> {
        Some(Box::new(Prompted(None, self.1.clone())))
    }
    fn now_millis(&self) -> i64 {
        0
    }
    fn is_recording(&self) -> bool {
        true
    }
    fn describe(&self) -> String {
        "prompt".into()
    }
}

impl Ready for Prompted {
    fn write(self: Box<Self>, call: &Call) -> Box<dyn Written> {
        self.1.fetch_add(1, Ordering::Relaxed);
        Box::new(Prompted(Some(call.clone()), self.1))
    }
}

impl Written for Prompted {
    fn answer(self: Box<Self>) -> Result<Response, NoAnswer> {
        echo(&self.0.expect("it was written"))
    }
}

#[test]
fn requests_whose_answers_nobody_wants_yet_do_not_hold_others() {
    let (release, held) = sync_channel(1);
    let written = Arc::new(AtomicU32::new(0));
    let source = Prompt(Stuck(Mutex::new(held)), written.clone());
    let fetchers = Fetchers::at_once(Arc::new(source), 1, RateLimits { parallel: 1, ..LIMITS });
    let fetcher = fetchers.fetcher(0, 1_000);
    let answered = |ticket: Ticket| ticket.wait().answer.is_ok_and(|answer| answer.status == 200);
    let mut tickets: Vec<_> = (0..100).map(|n| fetcher.send(order(&n.to_string()))).collect();
    assert_eq!(written.load(Ordering::Relaxed) as usize, MAX_REQUESTS_IN_FLIGHT - 1);
    // The last one first.
    while tickets.len() >= MAX_REQUESTS_IN_FLIGHT {
        assert!(tickets.pop().is_some_and(answered));
    }
    let stuck = fetcher.send(order("/stuck"));
    let waits = fetcher.send(order("/waits"));
    std::thread::sleep(Duration::from_millis(50));
    // It is closed unread, so that another one has its turn.
    drop(tickets.pop());
    assert!(answered(waits));
    drop(release);
    assert!(answered(stuck) && tickets.into_iter().all(answered), "none is lost");
}

/// Refuses a number of times, and then answers. It is live, so the waits are real: tenths of a second.
struct Refuses {
    times: u32,
    with: Result<u16, Cause>,
    retry_after: Option<Duration>,
    asked: AtomicU32,
}

impl Source for Refuses {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        if self.asked.fetch_add(1, Ordering::Relaxed) >= self.times {
            return echo(call);
        }
        match self.with {
            Ok(status) => Ok(Response { status, retry_after: self.retry_after, ..echo(call)? }),
            Err(cause) => Err(NoAnswer { cause, reason: "nobody".into(), advice: String::new() }),
        }
    }
    fn now_millis(&self) -> i64 {
        0
    }
    fn is_recording(&self) -> bool {
        false
    }
    fn describe(&self) -> String {
        "refuses".into()
    }
}

/// Sends one request to a source that refuses.
fn refused(
    times: u32,
    with: Result<u16, Cause>,
    retry_after: Option<Duration>,
    most_requests: u64,
) -> (Reply, Arc<Account>, u32) {
    let source = Arc::new(Refuses { times, with, retry_after, asked: AtomicU32::new(0) });
    let fetchers = Fetchers::new(source.clone(), 1, LIMITS);
    let fetcher = fetchers.fetcher(0, most_requests);
    assert!(fetcher.account().take());
    let reply = fetcher.send(order("/x")).wait();
    (reply, fetcher.account().clone(), source.asked.load(Ordering::Relaxed))
}

#[test]
fn failed_requests_are_sent_again_and_reported() {
    for with in
        [Ok(429), Ok(502), Ok(503), Ok(504), Err(Cause::Unreachable), Err(Cause::Broken), Err(Cause::Late)]
    {
        let (reply, account, asked) = refused(2, with, None, 100);
        assert_eq!((reply.answer.expect("an answer").status, asked), (200, 3), "{with:?}");
        assert_eq!((reply.tried.as_str(), account.sent(), account.retries()), ("", 3, 2));
        let told = account.retry_summary().expect("a line");
        assert!(told.starts_with("2 requests were retried: ") && told.ends_with(" (2)"), "{told}");
    }
    for with in [Ok(404), Ok(500), Err(Cause::Final)] {
        let (_, account, asked) = refused(2, with, None, 100);
        assert_eq!((asked, account.retries()), (1, 0), "{with:?}");
    }
}

#[test]
fn a_server_that_was_never_there_is_given_up_soon() {
    let begin = Instant::now();
    let (reply, _, asked) = refused(u32::MAX, Err(Cause::Unreachable), None, 100);
    assert_eq!(asked, MAX_FIRST_TRIES);
    assert_eq!(reply.answer.err().expect("no answer").reason, "nobody (tried 3 times)");
    let (reply, _, asked) = refused(u32::MAX, Ok(503), None, 100);
    assert_eq!((reply.answer.expect("an answer").status, asked), (503, MAX_FIRST_TRIES));
    assert_eq!(reply.tried, "tried 3 times");
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
}

#[test]
fn what_cannot_come_in_time_is_not_waited_for() {
    let begin = Instant::now();
    let (reply, _, asked) = refused(u32::MAX, Ok(429), Some(Duration::from_secs(30)), 100);
    assert_eq!((reply.answer.expect("an answer").status, asked), (429, 1));
    assert_eq!(
        reply.tried,
        "tried once; the server asks to wait 30s, which is longer than the time that is left"
    );
    assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    // A server that says when to come back is there, and is waited for.
    let (reply, _, asked) = refused(MAX_TRIES - 1, Ok(429), Some(Duration::ZERO), 2);
    assert_eq!((reply.answer.expect("an answer").status, asked), (429, 2));
    assert_eq!(reply.tried, "tried 2 times; the gatherer has no retries left");
}

/// A recording. Requests are sent again at once, as often as it has answers.
struct Recorded(Refuses);

impl Source for Recorded {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        self.0.send(call)
    }
    fn has_answer(&self, _: &str) -> bool {
        self.0.asked.load(Ordering::Relaxed) < 7
    }
    fn now_millis(&self) -> i64 {
        0
    }
    fn is_recording(&self) -> bool {
        true
    }
    fn describe(&self) -> String {
        "recorded".into()
    }
}

#[test]
fn a_replay_asks_again_as_often_as_the_run_did() {
    for (times, expected) in [(6, 200), (7, 503)] {
        let retry_after = Some(Duration::from_secs(3_600));
        let refuses = Refuses { times, with: Ok(503), retry_after, asked: AtomicU32::new(0) };
        let fetchers =
            Fetchers::new(Arc::new(Recorded(refuses)), 1, RateLimits { qps: 1, burst: 1, parallel: 1 });
        let fetcher = fetchers.fetcher(0, 100);
        let begin = Instant::now();
        assert_eq!(fetcher.send(order("/x")).wait().answer.expect("an answer").status, expected);
        assert_eq!(fetcher.account().retries(), 6);
        assert!(begin.elapsed() < Duration::from_secs(3), "{:?}", begin.elapsed());
    }
}

#[test]
fn many_that_fail_together_do_not_become_many_times_as_many() {
    let refuses = Refuses { times: u32::MAX, with: Ok(503), retry_after: None, asked: AtomicU32::new(0) };
    struct Endless(Refuses);
    impl Source for Endless {
        fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
            self.0.send(call)
        }
        fn now_millis(&self) -> i64 {
            0
        }
        fn is_recording(&self) -> bool {
            true
        }
        fn describe(&self) -> String {
            "endless".into()
        }
    }
    let fetchers = Fetchers::new(Arc::new(Endless(refuses)), 1, LIMITS);
    let fetcher = fetchers.fetcher(0, 10_000);
    let tickets: Vec<_> = (0..200)
        .map(|_| {
            assert!(fetcher.account().take());
            fetcher.send(order("/x"))
        })
        .collect();
    assert!(tickets.into_iter().all(|ticket| ticket.wait().tried.ends_with("no retries left")));
    let again = fetcher.account().retries();
    assert!((RETRY_FLOOR + 40..=RETRY_FLOOR + 60).contains(&again), "{again} for 200");
}
