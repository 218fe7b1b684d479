//! Logs of containers.

use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value;
use wagather_base::time::rfc3339;
use wagather_http::{Body, Request, Response};
use wagather_offline::Log;

use super::content::{Content, warn};
use super::object::parse;
use super::refusal::Refusal;
use super::request::{Query, is_of_k9s};
use super::target::Target;

/// The time of a line whose time is not known. Clients that ask for times, such as k9s and stern, remove the first word of each line.
const NO_TIME: &[u8] = b"0001-01-01T00:00:00Z ";

/// What k9s takes at once. It drops lines that come faster than it takes them, without a word: the last ones of a log that comes at once.
const LINES_AT_ONCE: usize = 40;
/// How long it takes them.
const PAUSE: Duration = Duration::from_millis(25);

/// Answers a request for a log. A log does not grow, so following it ends where it does.
pub(super) fn answer(
    content: &Arc<Content>,
    namespace: &str,
    pod: &str,
    request: &Request,
) -> Result<Response, Refusal> {
    let query = Query::of(request)?;
    let is_of_k9s = is_of_k9s(request);
    let text = match find(content, namespace, pod, &query) {
        Ok(text) => text,
        // Instead of showing an error, it asks again, 20 times, and shows an empty log for minutes. A kubelet that cannot read the file of
        // a log answers with such a line, too.
        Err(refusal) if is_of_k9s => {
            let time = rfc3339(content.archive().gathered_millis());
            format!("{time} {}\n", refusal.message()).into_bytes()
        }
        Err(refusal) => return Err(refusal),
    };
    let lacks_times = query.log.timestamps && !lines(&text).all(starts_with_time);
    let len = if lacks_times { text.len() + lines(&text).count() * NO_TIME.len() } else { text.len() };
    let len = query.log.limit_bytes.unwrap_or(usize::MAX).min(len) as u64;
    let body = match (lacks_times, is_of_k9s) {
        (false, false) => text.into(),
        (false, true) => in_pieces(Cursor::new(text), len)?,
        (true, false) => Body::reader(Timed::new(text), len),
        (true, true) => in_pieces(Timed::new(text), len)?,
    };
    let response = Response::typed("text/plain", body);
    Ok(match lacks_times {
        true => warn(response, "the log was gathered without the times of its lines"),
        false => response,
    })
}

/// A body that comes as fast as k9s takes it.
fn in_pieces(reader: impl Read + Send + 'static, len: u64) -> Result<Body, Refusal> {
    let (sender, body) = Body::pieces();
    let send = move || {
        let mut lines = BufReader::new(reader.take(len));
        loop {
            let mut piece = Vec::new();
            for _ in 0..LINES_AT_ONCE {
                if lines.read_until(b'\n', &mut piece).is_err() {
                    return;
                }
            }
            if piece.is_empty() {
                break;
            }
            if sender.send(piece).is_err() {
                return;
            }
            thread::sleep(PAUSE);
        }
        let _ = sender.end();
    };
    let started = thread::Builder::new().name("log".into()).spawn(send);
    started.map(|_| body).map_err(|error| Refusal::internal(error.to_string()))
}

fn find(content: &Arc<Content>, namespace: &str, pod: &str, query: &Query) -> Result<Vec<u8>, Refusal> {
    let archive = content.archive();
    let own: Vec<Log> = archive.logs().filter(|log| (log.namespace, log.pod) == (namespace, pod)).collect();
    let object = find_pod(content, namespace, pod);
    let container = match (&*query.container, &object) {
        ("", object) => only(pod, &own, object.as_ref())?,
        (container, Some(object)) if !containers(object).iter().any(|name| name == container) => {
            return Err(Refusal::bad_request(&format!("container {container} is not valid for pod {pod}")));
        }
        (container, _) => container.to_owned(),
    };
    let is_asked = |log: &&Log| log.container == container && log.previous == query.is_previous;
    let Some(log) = own.iter().find(is_asked) else {
        if let Some(reason) =
            object.as_ref().and_then(|object| no_log(object, pod, &container, query.is_previous))
        {
            return Err(Refusal::bad_request(&reason));
        }
        let which = if query.is_previous { "previous log" } else { "log" };
        return Err(Refusal::not_gathered(&format!(
            "the {which} of container {container:?} in pod {pod:?} was not gathered"
        )));
    };
    archive.log_part(log, &query.log).map_err(|reason| Refusal::bad_request(&reason))
}

fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split_inclusive(|byte| *byte == b'\n')
}

fn starts_with_time(line: &[u8]) -> bool {
    let word = line.split(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(word).is_ok_and(|word| super::table::age::millis_of(word).is_some())
}

/// A log with [`NO_TIME`] before each line. It is made as it is read: a log of empty lines would become twenty times as large.
struct Timed {
    text: Vec<u8>,
    at: usize,
    /// Bytes of the time of this line that were given.
    given: usize,
}

impl Timed {
    fn new(text: Vec<u8>) -> Timed {
        Timed { text, at: 0, given: 0 }
    }
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let mut written = 0;
        while written < buffer.len() && self.at < self.text.len() {
            let (from, is_time) = match NO_TIME.get(self.given..) {
                Some(rest) if !rest.is_empty() => (rest, true),
                _ => (lines(&self.text[self.at..]).next().unwrap_or_default(), false),
            };
            let len = from.len().min(buffer.len() - written);
            buffer[written..written + len].copy_from_slice(&from[..len]);
            let ends_line = !is_time && from[..len].ends_with(b"\n");
            written += len;
            match is_time {
                true => self.given += len,
                false => self.at += len,
            }
            if ends_line {
                self.given = 0;
            }
        }
        Ok(written)
    }
}

/// Why a container had no log when the pod was gathered, if its status says that: what a kubelet answers then.
fn no_log(pod: &Value, name: &str, container: &str, previous: bool) -> Option<String> {
    let of = |field: &str| pod.pointer(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let mut all =
        ["/status/containerStatuses", "/status/initContainerStatuses", "/status/ephemeralContainerStatuses"]
            .into_iter()
            .flat_map(of);
    let status = all.find(|status| status.get("name").and_then(Value::as_str) == Some(container))?;
    // A part of a status does not say it: this member is in each whole one.
    let last = status.get("lastState")?.as_object()?;
    if last.contains_key("terminated") {
        return None;
    }
    if previous {
        return Some(format!("previous terminated container {container:?} in pod {name:?} not found"));
    }
    let reason = status.pointer("/state/waiting")?.get("reason").and_then(Value::as_str);
    let reason = match reason.unwrap_or_default() {
        "ErrImagePull" => "image can't be pulled",
        "ImagePullBackOff" => "trying and failing to pull image",
        reason => reason,
    };
    Some(format!("container {container:?} in pod {name:?} is waiting to start: {reason}"))
}

fn find_pod(content: &Content, namespace: &str, name: &str) -> Option<Value> {
    let [group, version, plural] = ["", "v1", "pods"].map(String::from);
    let target = Target { group, version, plural, namespace: Some(namespace.to_owned()) };
    let resource = content.archive().resource("", "v1", "pods", Some(namespace)).ok()?;
    let object = resource.object(resource.position(namespace, name))?;
    if (object.namespace, object.name) != (namespace, name) {
        return None;
    }
    let mut reader = content.archive().reader();
    let json = reader.whole(&resource, &object, &target.api_version()).ok()?;
    Some(parse(&json, &object))
}

/// The names of all containers of a pod.
fn containers(pod: &Value) -> Vec<String> {
    let of = |field: &str| pod.pointer(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let all =
        ["/spec/containers", "/spec/initContainers", "/spec/ephemeralContainers"].into_iter().flat_map(of);
    all.filter_map(|container| container.get("name")?.as_str().map(String::from)).collect()
}

/// The container of a pod that has only one.
fn only(pod: &str, logs: &[Log], object: Option<&Value>) -> Result<String, Refusal> {
    let mut names = match object {
        Some(object) => containers(object),
        None => logs.iter().map(|log| log.container.to_owned()).collect(),
    };
    names.dedup();
    match &names[..] {
        [] => Err(Refusal::not_gathered(&format!("the pod {pod:?} was not gathered"))),
        [name] => Ok(name.clone()),
        _ => Err(Refusal::bad_request(&format!(
            "a container name must be specified for pod {pod}, choose one of: [{}]",
            names.join(" ")
        ))),
    }
}
