//! Leases on a server with canned answers: they are created, replaced and refused as an API server does it.

use crate::server::{Answer, Seen, Server};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const PREFIX: &str = "/apis/coordination.k8s.io/v1/namespaces/";

/// The Leases of a server, by their paths.
#[derive(Clone, Default)]
pub struct Leases(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    objects: BTreeMap<String, Value>,
    version: u64,
    is_away: bool,
    writers: Vec<String>,
}

impl Leases {
    /// A server that has them, beside what it has.
    pub fn on(&self, server: Server) -> Server {
        let leases = self.clone();
        server.instead(move |seen, answer| leases.answer(seen).unwrap_or(answer))
    }

    /// The spec of a Lease: `namespace/name`.
    pub fn spec(&self, lease: &str) -> Value {
        let (namespace, name) = lease.split_once('/').expect("a name");
        let path = format!("{PREFIX}{namespace}/leases/{name}");
        self.0.lock().expect("no panic").objects.get(&path).map_or(Value::Null, |lease| lease["spec"].clone())
    }

    /// From now on it answers with 500, or does no more.
    pub fn go_away(&self, is_away: bool) {
        self.0.lock().expect("no panic").is_away = is_away;
    }

    /// Who wrote, as the `Authorization` says.
    pub fn writers(&self) -> Vec<String> {
        self.0.lock().expect("no panic").writers.clone()
    }

    fn answer(&self, seen: &Seen) -> Option<Answer> {
        if !seen.path.starts_with(PREFIX) {
            return None;
        }
        let mut state = self.0.lock().expect("no panic");
        if state.is_away {
            return Some(Answer::status(500, "InternalError", "the server is not well"));
        }
        let sent: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
        let version = |lease: &Value| lease["metadata"]["resourceVersion"].clone();
        let conflict = |why: &str| Some(Answer::status(409, "Conflict", why));
        let path = match &*seen.method {
            "GET" => {
                return Some(match state.objects.get(&seen.path) {
                    Some(lease) => Answer::json(lease),
                    None => Answer::status(404, "NotFound", "leases.coordination.k8s.io not found"),
                });
            }
            "POST" => {
                let path = format!("{}/{}", seen.path, sent["metadata"]["name"].as_str().unwrap_or_default());
                if state.objects.contains_key(&path) {
                    return conflict("it is there already");
                }
                path
            }
            _ => match state.objects.get(&seen.path) {
                Some(known) if version(known) != version(&sent) => return conflict("it was modified"),
                Some(_) => seen.path.clone(),
                None => return Some(Answer::status(404, "NotFound", "leases.coordination.k8s.io not found")),
            },
        };
        state.version += 1;
        state.writers.push(seen.header("authorization").unwrap_or_default().to_owned());
        let mut lease = sent;
        lease["metadata"]["resourceVersion"] = state.version.to_string().into();
        state.objects.insert(path, lease.clone());
        Some(Answer::json(&lease))
    }
}
