//! The server: from a request to its response. Nothing here listens, and nothing changes.

use std::sync::Arc;

use serde_json::{Value, json};
use wagather_http::{Body, Request, Response};

use super::content::{Content, RESOURCE_VERSION, warn};
use super::discovery::{self, Api, forms};
use super::list::{self, Pieces};
use super::lookup::{self, Single};
use super::object::{metadata_of, parse};
use super::refusal::Refusal;
use super::request::{Asked, Form, Query, form, is_reading, segments};
use super::target::Target;
use super::{logs, openapi, reviews, watch};

/// A body up to this size is sent at once.
const WHOLE_BYTES: usize = 1 << 20;

/// Answers a request.
pub(super) fn answer(content: &Arc<Content>, request: &Request) -> Response {
    respond(content, request).unwrap_or_else(Response::from)
}

fn respond(content: &Arc<Content>, request: &Request) -> Result<Response, Refusal> {
    let segments = segments(request).ok_or_else(Refusal::no_path)?;
    let asked = Asked::of(&segments.iter().map(String::as_str).collect::<Vec<_>>());
    if !is_reading(request) {
        let review = match &asked {
            Asked::List(target) => reviews::answer(content, target, request),
            _ => None,
        };
        return review.unwrap_or_else(|| Err(Refusal::read_only()));
    }
    if let Asked::Log { namespace, pod } = &asked {
        return logs::answer(content, namespace, pod, request);
    }
    if asked == Asked::OpenApiV2 {
        return Ok(openapi::of_version_2(request));
    }
    let form = form(request)?;
    let api = content.api();
    let json = match asked {
        Asked::Root => paths(api),
        Asked::Version => return version(content),
        Asked::Health => return Ok(Response::text("ok")),
        Asked::Groups { is_core } => return Ok(groups(api, is_core, form)),
        Asked::Group(group) => {
            forms::group(api.group(&group).filter(|_| !group.is_empty()).ok_or_else(Refusal::no_path)?)
        }
        Asked::Resources { group, version } => {
            let found = api.group(&group).zip(api.version(&group, &version));
            let (group, version) = found.ok_or_else(Refusal::no_path)?;
            forms::resource_list(group, version)
        }
        Asked::OpenApi => openapi::index(api),
        Asked::OpenApiOf { group, version } => {
            openapi::document(content, &group, &version).ok_or_else(Refusal::no_path)?
        }
        Asked::List(target) => return list_of(content, target, &Query::of(request)?, form),
        Asked::Object(target, name) => return object(content, &target, &name, &Query::of(request)?, form),
        Asked::Part(target, name, part) => return Err(part_of(content, &target, &name, &part)),
        Asked::Nothing | Asked::Log { .. } | Asked::OpenApiV2 => return Err(Refusal::no_path()),
    };
    Ok(Response::json(&json))
}

/// The paths of the server.
fn paths(api: &Api) -> Value {
    let of_group = |group: &discovery::Group| {
        let name = if group.name.is_empty() { "/api".to_owned() } else { format!("/apis/{}", group.name) };
        let versions: Vec<String> =
            group.versions.iter().map(|version| format!("{name}/{}", version.name)).collect();
        [name].into_iter().chain(versions)
    };
    let own = ["/apis", "/healthz", "/livez", "/openapi/v3", "/readyz", "/version"].map(String::from);
    let mut paths: Vec<String> = api.groups.iter().flat_map(of_group).chain(own).collect();
    paths.sort_unstable();
    json!({"paths": paths})
}

fn groups(api: &Api, is_core: bool, form: Form) -> Response {
    if let Form::Aggregated(version) = form {
        let media_type = match version {
            "v2" => "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
            _ => "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList",
        };
        return Response::typed(media_type, forms::aggregated(api, is_core, version).to_string().into());
    }
    Response::json(&if is_core { forms::core_versions(api) } else { forms::group_list(api) })
}

/// The version of the cluster. Some clients begin with this question, so there is an answer in any case.
fn version(content: &Content) -> Result<Response, Refusal> {
    match content.archive().version() {
        Some(version) => Ok(Response::typed("application/json", version.to_vec().into())),
        None => {
            let version = json!({
                "major": "0",
                "minor": "0",
                "gitVersion": "v0.0.0-not-gathered",
                "gitCommit": "",
                "gitTreeState": "",
                "buildDate": "",
                "goVersion": "",
                "compiler": "",
                "platform": "",
            });
            Ok(warn(Response::json(&version), "the version of the cluster was not gathered"))
        }
    }
}

fn list_of(content: &Arc<Content>, target: Target, query: &Query, form: Form) -> Result<Response, Refusal> {
    // A selector that cannot be read is an error in any case.
    content.resource(&target)?;
    list::selector(&target, query)?;
    let found = match lookup::list(content, &target) {
        Err(refusal) if shows_none(&target, query) => {
            let text = refusal.message().to_owned();
            return Ok(warn(refusal.into(), &text));
        }
        found => found?,
    };
    if query.is_watch {
        return watch::answer(content, &found, &target, query, form);
    }
    let page = list::page(content, found.gathered.as_ref(), &target, query)?;
    let pieces = Pieces::new(content.clone(), target.clone(), form, query.include, page, &found.known.kind);
    let response = Response::typed("application/json", body(pieces)?);
    Ok(match content.archive().is_selection() {
        true => warn(
            response,
            &format!("the {} has only some of the cluster's objects", content.archive().layout()),
        ),
        false => response,
    })
}

/// Whether `kubectl describe` asks for the events of an object, or for the endpoints of a service. It shows `<none>` for an error, but it
/// prints warnings.
fn shows_none(target: &Target, query: &Query) -> bool {
    match &*target.plural {
        "events" => query.fields.contains("involvedObject."),
        "endpointslices" => query.labels.contains("kubernetes.io/service-name"),
        _ => false,
    }
}

/// A body of pieces. A small one is sent at once; a thread sends a large one, as fast as the client takes it.
fn body(mut pieces: Pieces) -> Result<Body, Refusal> {
    let mut first = Vec::new();
    while first.len() < WHOLE_BYTES {
        match pieces.next() {
            None => return Ok(first.into()),
            Some(piece) => first.extend(piece.map_err(Refusal::internal)?),
        }
    }
    let (sender, body) = Body::pieces();
    let send = move || {
        if sender.send(first).is_err() {
            return;
        }
        for piece in pieces {
            // A connection that breaks off says that the list is not whole.
            let Ok(piece) = piece else { return };
            if sender.send(piece).is_err() {
                return;
            }
        }
        let _ = sender.end();
    };
    let started = std::thread::Builder::new().name("list".into()).spawn(send);
    started.map(|_| body).map_err(|error| Refusal::internal(error.to_string()))
}

fn object(
    content: &Arc<Content>,
    target: &Target,
    name: &str,
    query: &Query,
    form: Form,
) -> Result<Response, Refusal> {
    let Single { resource, object } = lookup::find(content, target, name)?;
    let mut reader = content.archive().reader();
    let json = reader.whole(&resource, &object, &target.api_version());
    let json = json.map_err(|error| Refusal::internal(error.to_string()))?;
    let value = || parse(&json, &object);
    let json = match form {
        Form::Table => json!({
            "kind": "Table",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": {"resourceVersion": RESOURCE_VERSION},
            "columnDefinitions": content.columns(target).definitions(),
            "rows": [content.row(&content.columns(target), value(), query.include)],
        })
        .to_string()
        .into_bytes(),
        Form::Metadata => metadata_of(value()).to_string().into_bytes(),
        Form::Plain | Form::Aggregated(_) => json,
    };
    Ok(Response::typed("application/json", json.into()))
}

/// Why there is nothing below an object.
fn part_of(content: &Content, target: &Target, name: &str, part: &str) -> Refusal {
    if let Err(refusal) = lookup::find(content, target, name) {
        return refusal;
    }
    match part {
        // Clients begin these with a GET, which becomes another protocol.
        "attach" | "exec" | "portforward" => Refusal::read_only(),
        _ => Refusal::not_gathered(&format!("{part:?} of {} {name:?} was not gathered", target.qualified())),
    }
}
