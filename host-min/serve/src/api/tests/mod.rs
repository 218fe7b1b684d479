//! The API over a service that is a table: every route, what clients may send, and what the document says.

mod archives;
mod document;
mod hostile;
mod metrics;
mod runs;
mod sockets;

use super::backend::Backend;
use super::routes::Routes;
use crate::metrics::{GathererMetrics, Metrics};
use crate::status::{
    GathererStatus, LeaderStatus, NotAccepted, ParamStatus, Readiness, Replacement, RunId, RunState,
    RunStatus, Summary, Trigger,
};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use wagather_http::{Answer, Handler, Method, Request, StatusCode, header};

type OnEnd = Box<dyn FnOnce(&RunStatus) + Send>;

/// A service that runs nothing.
#[derive(Clone, Default)]
pub(super) struct Fake(Arc<Mutex<State>>);

#[derive(Default)]
pub(super) struct State {
    pub(super) runs: Vec<RunStatus>,
    pub(super) refuses: Option<NotAccepted>,
    pub(super) is_ready: bool,
    /// Why it is broken.
    pub(super) broken: Option<String>,
    pub(super) leader_election: Option<LeaderStatus>,
    pub(super) metrics: Metrics,
    pub(super) latest: PathBuf,
    waiters: Vec<(RunId, OnEnd)>,
}

pub(super) const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
const TIME: &str = "2026-01-02T03:04:05.678Z";

pub(super) fn id(number: u64) -> RunId {
    RunId::new(TIME, number)
}

pub(super) fn run_of(number: u64, gatherer: &str, state: RunState) -> RunStatus {
    RunStatus {
        id: id(number),
        gatherer: gatherer.to_owned(),
        digest: DIGEST.to_owned(),
        trigger: Trigger::Schedule,
        state,
        params: Vec::new(),
        accepted: TIME.to_owned(),
        started: None,
        ended: None,
        duration_ms: None,
        reason: None,
        exit_code: None,
        summary: None,
        archive: None,
    }
}

/// A run with every field.
pub(super) fn whole_run(number: u64, archive: PathBuf) -> RunStatus {
    RunStatus {
        params: vec![("namespace".to_owned(), "shop".to_owned())],
        started: Some(TIME.to_owned()),
        ended: Some(TIME.to_owned()),
        duration_ms: Some(1.5),
        reason: Some("something is missing".to_owned()),
        exit_code: Some(8),
        summary: Some(Summary { requests: 3, ..Summary::default() }),
        archive: Some(archive),
        ..run_of(number, "pods", RunState::Gaps)
    }
}

/// A gatherer with every field.
pub(super) fn gatherer() -> GathererStatus {
    GathererStatus {
        name: "pods".to_owned(),
        version: "1.0.0".to_owned(),
        module: "pods.wasm".to_owned(),
        digest: DIGEST.to_owned(),
        since: TIME.to_owned(),
        schedule: Some("every 10m".to_owned()),
        next_run: Some(TIME.to_owned()),
        active: vec![id(2)],
        last_run: Some(id(1)),
        last_state: Some(RunState::Complete),
        last_success: Some(TIME.to_owned()),
        params: vec![ParamStatus {
            name: "namespace".to_owned(),
            help: "whose pods".to_owned(),
            default: Some("shop".to_owned()),
        }],
        last_replacement: Some(Replacement {
            time: TIME.to_owned(),
            digest: Some(DIGEST.to_owned()),
            accepted: false,
            new_rights: vec!["list secrets".to_owned()],
            refusal: Some("more rights than before".to_owned()),
        }),
    }
}

/// What a replica says of the one that leads.
pub(super) fn led_by(leader: Option<&str>) -> LeaderStatus {
    let (identity, leader) = ("replica-1".to_owned(), leader.map(str::to_owned));
    LeaderStatus { leads: leader.as_ref() == Some(&identity), identity, leader }
}

impl Backend for Fake {
    fn trigger(&self, gatherer: &str, params: Vec<(String, String)>) -> Result<RunId, NotAccepted> {
        let mut state = self.lock();
        if let Some(reason) = &state.refuses {
            return Err(reason.clone());
        }
        if gatherer != "pods" {
            return Err(NotAccepted::UnknownGatherer(gatherer.to_owned()));
        }
        let number = state.runs.len() as u64 + 1;
        state.runs.push(RunStatus {
            params,
            trigger: Trigger::Request,
            ..run_of(number, gatherer, RunState::Waiting)
        });
        Ok(id(number))
    }

    fn runs(&self) -> Vec<RunStatus> {
        self.lock().runs.iter().rev().cloned().collect()
    }

    fn run(&self, id: &RunId) -> Option<RunStatus> {
        self.lock().runs.iter().find(|run| run.id == *id).cloned()
    }

    fn on_end(&self, id: &RunId, call: OnEnd) -> bool {
        self.lock().waiters.push((id.clone(), call));
        true
    }

    fn gatherers(&self) -> Vec<GathererStatus> {
        vec![gatherer()]
    }

    fn gatherer(&self, name: &str) -> Option<GathererStatus> {
        (name == "pods").then(gatherer)
    }

    fn latest(&self, name: &str) -> Option<PathBuf> {
        (name == "pods").then(|| self.lock().latest.clone())
    }

    fn metrics(&self) -> Metrics {
        self.lock().metrics.clone()
    }

    fn readiness(&self) -> Readiness {
        let ready = self.lock().is_ready;
        let problems = vec!["pods.wasm: more rights than before".to_owned()];
        let leader_election = self.lock().leader_election.clone();
        let alive = self.lock().broken.is_none();
        Readiness { alive, ready, healthy: false, problems, leader_election }
    }

    fn api_is_gone(&self, why: &str) {
        self.lock().broken = Some(why.to_owned());
    }
}

impl Fake {
    pub(super) fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.0.lock().expect("no panic")
    }

    pub(super) fn with(runs: Vec<RunStatus>) -> Fake {
        let fake = Fake::default();
        fake.lock().runs = runs;
        fake
    }

    /// Ends a run, and calls who waits for that.
    pub(super) fn end(&self, id: &RunId) {
        let mut state = self.lock();
        let run = state.runs.iter_mut().find(|run| run.id == *id).expect("a run");
        run.state = RunState::Complete;
        let run = run.clone();
        let waiters = std::mem::take(&mut state.waiters);
        drop(state);
        waiters.into_iter().filter(|(of, _)| of == id).for_each(|(_, call)| call(&run));
    }

    pub(super) fn handle(&self, request: Request) -> Answer {
        Routes::new(Arc::new(self.clone()), Arc::new(Box::new(|_| ()))).handle(request)
    }

    pub(super) fn ask(&self, request: Request) -> Got {
        let response = self.handle(request).wait().expect("an answer");
        let status = response.get_status();
        let headers = response.get_headers().clone();
        let body = response.into_body().into_bytes().expect("a body").to_vec();
        Got { status, headers, body }
    }

    pub(super) fn get(&self, target: &str) -> Got {
        self.ask(Request::new(Method::GET, target, ""))
    }

    pub(super) fn post(&self, body: &str) -> Got {
        self.ask(post(body))
    }
}

pub(super) fn post(body: &str) -> Request {
    let request = Request::new(Method::POST, "/v1/runs", body.to_owned());
    request.header(header::CONTENT_TYPE, "application/json; charset=utf-8")
}

/// A response.
pub(super) struct Got {
    pub(super) status: StatusCode,
    pub(super) headers: wagather_http::HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Got {
    pub(super) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("text")
    }

    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("JSON")
    }

    pub(super) fn header(&self, name: wagather_http::HeaderName) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    /// That it is a problem with this status, whose sentence has these words.
    #[track_caller]
    pub(super) fn expect_problem(&self, status: u16, words: &str) {
        let problem = self.json();
        assert_eq!(self.status.as_u16(), status, "{problem}");
        assert_eq!(self.header(header::CONTENT_TYPE), "application/problem+json");
        assert_eq!(problem["status"], status, "{problem}");
        let detail = problem["detail"].as_str().expect("a sentence");
        assert!(detail.contains(words) && detail.ends_with('.'), "{detail}");
    }
}

/// Counts of two gatherers; the name of one is not what a name should be.
pub(super) fn metrics() -> Metrics {
    let mut pods = GathererMetrics { gatherer: "pods".to_owned(), ..GathererMetrics::default() };
    let summary = Summary { items: 7, bytes_received: 100, memory_bytes: 65_536, ..Summary::default() };
    pods.ended(RunState::Complete, std::time::Duration::from_millis(7), Some(&summary), 1_500);
    pods.ended(RunState::Failed, std::time::Duration::from_secs(1000), None, 2_000);
    let odd = GathererMetrics { gatherer: "o\"d\\d\n".to_owned(), ..GathererMetrics::default() };
    Metrics { gatherers: vec![odd, pods], started_millis: 1_000, ..Metrics::default() }
}
