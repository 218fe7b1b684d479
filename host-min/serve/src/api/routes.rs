//! Which path and method is what.

use super::backend::Backend;
use super::problem::problem;
use super::{archives, exposition, query, runs};
use crate::status::{LeaderStatus, RunId};
use serde_json::json;
use std::sync::Arc;
use wagather_http::{Answer, Error, Handler, Method, Request, Response, StatusCode, header};

/// The description of the API for programs.
const OPENAPI: &str = include_str!("openapi.json");

/// The handler of the API.
pub(super) struct Routes {
    backend: Arc<dyn Backend>,
    warn: Arc<Box<dyn Fn(String) + Send + Sync>>,
}

impl Routes {
    pub(super) fn new(backend: Arc<dyn Backend>, warn: Arc<Box<dyn Fn(String) + Send + Sync>>) -> Routes {
        Routes { backend, warn }
    }
}

/// What a path names.
enum Place {
    Health,
    Ready,
    Metrics,
    OpenApi,
    Status,
    Gatherers,
    Gatherer(String),
    Latest(String),
    Runs,
    Run(String),
    Archive(String),
}

fn place(request: &Request) -> Option<Place> {
    let segments = request.segments()?;
    let parts: Vec<&str> = segments.iter().map(String::as_str).collect();
    Some(match parts[..] {
        ["healthz"] => Place::Health,
        ["readyz"] => Place::Ready,
        ["metrics"] => Place::Metrics,
        ["openapi.json"] => Place::OpenApi,
        ["v1", "status"] => Place::Status,
        ["v1", "gatherers"] => Place::Gatherers,
        ["v1", "gatherers", name] => Place::Gatherer(name.to_owned()),
        ["v1", "gatherers", name, "archive"] => Place::Latest(name.to_owned()),
        ["v1", "runs"] => Place::Runs,
        ["v1", "runs", id] => Place::Run(id.to_owned()),
        ["v1", "runs", id, "archive"] => Place::Archive(id.to_owned()),
        _ => return None,
    })
}

impl Handler for Routes {
    fn handle(&self, request: Request) -> Answer {
        let Some(place) = place(&request) else {
            return problem(StatusCode::NOT_FOUND, "There is nothing at this path; see /openapi.json.")
                .into();
        };
        let (method, takes_post) = (request.method(), matches!(place, Place::Runs));
        let is_get = method == Method::GET || method == Method::HEAD;
        if !(is_get || takes_post && method == Method::POST) {
            let allowed = if takes_post { "GET, HEAD, POST" } else { "GET, HEAD" };
            let detail = format!("This path takes {allowed}.");
            return problem(StatusCode::METHOD_NOT_ALLOWED, detail).header(header::ALLOW, allowed).into();
        }
        match place {
            Place::Runs if !is_get => runs::start(&self.backend, &request),
            Place::Runs => runs::list(&self.backend, &request).into(),
            _ => match query::values(&request, []) {
                Err(mistake) => Response::from(mistake).into(),
                Ok([]) => self.get(place, &request),
            },
        }
    }

    fn warn(&self, error: &Error) {
        (self.warn)(error.to_string());
    }
}

/// What a replica that is ready says of the one that leads. Everybody may ask, so that names are left out.
fn ready(leader_election: Option<LeaderStatus>) -> &'static str {
    match leader_election {
        None => "ok\n",
        Some(LeaderStatus { leads: true, .. }) => "ok: this replica leads\n",
        Some(LeaderStatus { leader: Some(_), .. }) => "ok: another replica leads\n",
        Some(_) => "ok: no replica leads now\n",
    }
}

impl Routes {
    /// What takes no query.
    fn get(&self, place: Place, request: &Request) -> Answer {
        let backend = &self.backend;
        match place {
            Place::Health if backend.readiness().alive => Response::text("ok\n").into(),
            Place::Health => {
                let text = "A part of the service is gone, and it has to be started again.";
                problem(StatusCode::INTERNAL_SERVER_ERROR, text).into()
            }
            Place::Ready => match backend.readiness() {
                readiness if readiness.ready => Response::text(ready(readiness.leader_election)).into(),
                _ => problem(StatusCode::SERVICE_UNAVAILABLE, "The service takes no runs now.").into(),
            },
            Place::Metrics => {
                let text = exposition::text(&backend.metrics(), &backend.readiness());
                Response::typed(exposition::MEDIA_TYPE, text.into()).into()
            }
            Place::OpenApi => Response::typed("application/json", OPENAPI.into()).into(),
            Place::Status => Response::json(&json!(backend.readiness())).into(),
            Place::Gatherers => Response::json(&json!({ "gatherers": backend.gatherers() })).into(),
            Place::Gatherer(name) => match backend.gatherer(&name) {
                Some(gatherer) => Response::json(&json!(gatherer)).into(),
                None => problem(StatusCode::NOT_FOUND, format!("There is no gatherer '{name}'.")).into(),
            },
            Place::Latest(name) => archives::latest(backend, name, request),
            Place::Run(id) => self.of_run(&id, |run| Response::json(&runs::shown(run)).into()),
            Place::Archive(id) => self.of_run(&id, |run| archives::answer(run, request)),
            // Decided before.
            Place::Runs => runs::list(backend, request).into(),
        }
    }

    fn of_run(&self, id: &str, answer: impl FnOnce(&crate::status::RunStatus) -> Answer) -> Answer {
        let run = id.parse::<RunId>().ok().and_then(|id| self.backend.run(&id));
        match run {
            Some(run) => answer(&run),
            None => {
                problem(StatusCode::NOT_FOUND, format!("There is no run '{id}', or it is forgotten.")).into()
            }
        }
    }
}
