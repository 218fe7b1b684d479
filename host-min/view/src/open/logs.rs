//! Logs of containers.

use std::sync::Arc;

use serde_json::Value;
use wagather_http::Response;
use wagather_offline::Log;

use super::content::{Content, warn};
use super::object::parse;
use super::refusal::Refusal;
use super::request::Query;
use super::target::Target;

/// Answers a request for a log. A log does not grow, so following it ends where it does.
pub(super) fn answer(
    content: &Arc<Content>,
    namespace: &str,
    pod: &str,
    query: &Query,
) -> Result<Response, Refusal> {
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
        let which = if query.is_previous { "previous log" } else { "log" };
        return Err(Refusal::not_gathered(&format!(
            "the {which} of container {container:?} in pod {pod:?} was not gathered"
        )));
    };
    let text = archive.log_part(log, &query.log).map_err(|reason| Refusal::bad_request(&reason))?;
    let lacks_times = query.log.timestamps && !starts_with_time(&text);
    let response = Response::typed("text/plain", text.into());
    Ok(match lacks_times {
        true => warn(response, "the log was gathered without the times of its lines"),
        false => response,
    })
}

fn starts_with_time(text: &[u8]) -> bool {
    let word = text.split(|byte| *byte == b' ').next().unwrap_or_default();
    std::str::from_utf8(word).is_ok_and(|word| super::table::age::millis_of(word).is_some())
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
