//! Starting runs, and showing them.

use super::archives;
use super::backend::Backend;
use super::problem::{Mistake, not_accepted, problem};
use super::query;
use crate::status::{RunId, RunState, RunStatus};
use serde::Deserialize;
use serde::de::{Deserializer, Error, MapAccess, Unexpected, Visitor};
use serde_json::{Value, json};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use wagather_http::{Answer, Request, Response, StatusCode, header};

/// Runs of one page, if the client does not say.
const PAGE_RUNS: usize = 50;

/// The most of them.
const MAX_PAGE_RUNS: usize = 500;

/// How long a client may wait for the end of a run, in seconds.
const MAX_WAIT_SECONDS: u64 = 3600;

/// The body of `POST /v1/runs`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    gatherer: String,
    #[serde(default)]
    params: Params,
    #[serde(default, rename = "waitSeconds")]
    wait_seconds: Seconds,
}

/// A whole number, which JSON may write as `60` or `60.0`.
#[derive(Clone, Copy, Default)]
struct Seconds(u64);

impl<'de> Deserialize<'de> for Seconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Seconds, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Seconds;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Seconds, E> {
                Ok(Seconds(number))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Seconds, E> {
                // A cast of a number that is too large gives the largest, which is refused as too long a time.
                let is_whole = number >= 0.0 && number.fract() == 0.0;
                if is_whole {
                    Ok(Seconds(number as u64))
                } else {
                    Err(E::invalid_type(Unexpected::Float(number), &self))
                }
            }
        }
        deserializer.deserialize_any(Number)
    }
}

/// An object of texts, in its order. A name that comes twice is a mistake.
#[derive(Default)]
struct Params(Vec<(String, String)>);

impl<'de> Deserialize<'de> for Params {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Params, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Params;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object whose values are texts")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Params, A::Error> {
                let mut params: Vec<(String, String)> = Vec::new();
                while let Some((name, value)) = map.next_entry::<String, String>()? {
                    if params.iter().any(|(known, _)| *known == name) {
                        return Err(A::Error::custom(format_args!("the parameter '{name}' comes twice")));
                    }
                    params.push((name, value));
                }
                Ok(Params(params))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A run as the API shows it: its archive is a path of the API, not of the machine.
pub(super) fn shown(run: &RunStatus) -> Value {
    let mut value = serde_json::to_value(run).unwrap_or_default();
    if run.archive.is_some() {
        value["archive"] = archives::url(&run.id).into();
    }
    if !run.params.is_empty() {
        let params = run.params.iter();
        value["params"] = params.map(|(name, text)| (name.clone(), Value::from(text.as_str()))).collect();
    }
    value
}

fn respond(status: StatusCode, run: &RunStatus) -> Response {
    Response::json(&shown(run)).status(status).header(header::LOCATION, &format!("/v1/runs/{}", run.id))
}

/// `POST /v1/runs`: asks for a run, and waits for its end if the client wants to.
pub(super) fn start(backend: &Arc<dyn Backend>, request: &Request) -> Answer {
    if let Err(mistake) = query::values(request, []) {
        return Response::from(mistake).into();
    }
    if request.content_type().as_deref() != Some("application/json") {
        let detail = "The body must be application/json, and the header Content-Type must say so.";
        return problem(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail).into();
    }
    // serde would take an array for a struct.
    if request.body().trim_ascii_start().first() != Some(&b'{') {
        return problem(StatusCode::BAD_REQUEST, "The body must be a JSON object.").into();
    }
    let wanted: Wanted = match serde_json::from_slice(request.body()) {
        Ok(wanted) => wanted,
        Err(error) => {
            return problem(StatusCode::BAD_REQUEST, format!("The body cannot be used: {error}.")).into();
        }
    };
    let Seconds(wait_seconds) = wanted.wait_seconds;
    if wait_seconds > MAX_WAIT_SECONDS {
        let detail = format!("waitSeconds is at most {MAX_WAIT_SECONDS}.");
        return problem(StatusCode::BAD_REQUEST, detail).into();
    }
    match backend.trigger(&wanted.gatherer, wanted.params.0) {
        Err(reason) => not_accepted(&reason).into(),
        Ok(id) if wait_seconds == 0 => under_way(backend, &id).into(),
        Ok(id) => ended(backend, &id, Duration::from_secs(wait_seconds)),
    }
}

/// A run that was accepted, whatever it is now.
fn under_way(backend: &Arc<dyn Backend>, id: &RunId) -> Response {
    match backend.run(id) {
        Some(run) => respond(StatusCode::ACCEPTED, &run),
        None => problem(StatusCode::INTERNAL_SERVER_ERROR, format!("The run {id} is forgotten already.")),
    }
}

/// Answers when the run has ended, or with what is known of it after this time.
fn ended(backend: &Arc<dyn Backend>, id: &RunId, time: Duration) -> Answer {
    let (other, late) = (Arc::clone(backend), id.clone());
    let (promise, answer) = Answer::later_within(time, move || under_way(&other, &late));
    let call = move |run: &RunStatus| promise.keep(respond(StatusCode::OK, run));
    if backend.on_end(id, Box::new(call)) { answer } else { under_way(backend, id).into() }
}

/// `GET /v1/runs`: a page of the runs, the newest first.
pub(super) fn list(backend: &Arc<dyn Backend>, request: &Request) -> Response {
    page(backend, request).unwrap_or_else(Response::from)
}

fn page(backend: &Arc<dyn Backend>, request: &Request) -> Result<Response, Mistake> {
    let [gatherer, state, limit, from] = query::values(request, ["gatherer", "state", "limit", "continue"])?;
    let wrong = |detail: &str| Mistake(detail.to_owned());
    let state = match state.as_deref() {
        None => None,
        Some(name) => Some(named(name).ok_or_else(|| {
            let names = STATES.map(RunState::name).join(", ");
            wrong(&format!("The parameter 'state' is one of {names}."))
        })?),
    };
    let limit = match limit.as_deref() {
        None => PAGE_RUNS,
        Some(text) => number(text)
            .filter(|limit| (1..=MAX_PAGE_RUNS).contains(limit))
            .ok_or_else(|| wrong(&format!("The parameter 'limit' is a number from 1 to {MAX_PAGE_RUNS}.")))?,
    };
    let from: Option<RunId> = match from.as_deref() {
        None => None,
        Some(text) => {
            Some(text.parse().map_err(|_| wrong("The parameter 'continue' is what the page before gave."))?)
        }
    };
    let is_wanted = |run: &RunStatus| {
        from.as_ref().is_none_or(|from| run.id < *from)
            && gatherer.as_ref().is_none_or(|name| run.gatherer == *name)
            && state.is_none_or(|state| run.state == state)
    };
    let mut runs = backend.runs();
    runs.retain(is_wanted);
    let has_more = runs.len() > limit;
    runs.truncate(limit);
    let mut body = json!({ "runs": runs.iter().map(shown).collect::<Vec<_>>() });
    if let Some(last) = runs.last().filter(|_| has_more) {
        body["continue"] = last.id.as_str().into();
    }
    Ok(Response::json(&body))
}

const STATES: [RunState; 6] = [
    RunState::Waiting,
    RunState::Running,
    RunState::Complete,
    RunState::Gaps,
    RunState::Failed,
    RunState::Stopped,
];

fn named(name: &str) -> Option<RunState> {
    STATES.into_iter().find(|state| state.name() == name)
}

/// Digits, and nothing else.
fn number(text: &str) -> Option<usize> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
