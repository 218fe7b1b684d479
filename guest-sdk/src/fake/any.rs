//! Requests that do not name a resource, or not its version.

use super::answer::{Answer, Content, place, project};
use crate::abi::Verb;
use crate::abi::manifest::ANY;
use crate::sys;
use miniserde::json::Value;
use std::borrow::ToOwned;
use std::format;
use std::string::String;
use std::vec::Vec;

/// A resource of the cluster.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub(super) group: String,
    pub(super) version: String,
    pub(super) plural: String,
    pub(super) kind: String,
    pub(super) namespaced: bool,
}

/// Whether a request is about any resource.
pub(super) fn is_of_any(request: &sys::Request<'_>) -> bool {
    matches!(request.verb, Verb::LIST | Verb::DISCOVER) && request.resource == ANY
}

/// The version of a request that names its resource. `None` if a host would refuse the resource. If the cluster does not have it, the
/// version is one that nothing has.
pub(super) fn version(resources: &[Known], request: &sys::Request<'_>) -> Option<String> {
    if request.verb == Verb::RAW || !request.version.is_empty() {
        return Some(request.version.to_owned());
    }
    let is_it = |known: &&Known| known.group == request.group && known.plural == request.resource;
    match resources.iter().find(is_it) {
        Some(known) if known.is_secret() => None,
        Some(known) => Some(known.version.clone()),
        None if request.resource == "secrets" => None,
        None => Some("unknown".to_owned()),
    }
}

/// The resources that a request for any is about.
pub(super) fn fitting<'k>(
    resources: &'k [Known],
    request: &'k sys::Request<'_>,
) -> impl Iterator<Item = &'k Known> {
    resources.iter().filter(|known| {
        (request.group == ANY || request.group == known.group)
            && (request.version.is_empty() || request.version == known.version)
            && (request.namespace.is_empty() || known.namespaced)
            && !known.is_secret()
    })
}

/// The items of one resource's answer: none if that is no list.
pub(super) fn items(known: &Known, answer: Answer, request: &sys::Request<'_>) -> Vec<(String, String)> {
    let Answer { http: Ok(200), content: Content::Items(items), denied: false, .. } = answer else {
        return Vec::new();
    };
    let typed = |mut item: Value| {
        if let Value::Object(fields) = &mut item {
            fields.insert("apiVersion".into(), Value::String(known.api_version()));
            fields.insert("kind".into(), Value::String(known.kind.clone()));
        }
        (place(request, &item), project(item, request.mask))
    };
    items.into_iter().map(typed).collect()
}

/// A document of discovery.
pub(super) fn document(resources: &[Known]) -> String {
    let versions = resources.iter().map(|known| {
        let Known { group, version, plural, kind, .. } = known;
        let scope = if known.namespaced { "Namespaced" } else { "Cluster" };
        format!(
            r#"{{"metadata":{{"name":"{group}"}},"versions":[{{"version":"{version}","resources":[{{"resource":"{plural}","responseKind":{{"kind":"{kind}"}},"scope":"{scope}","verbs":["get","list"]}}]}}]}}"#
        )
    });
    let items = versions.collect::<Vec<_>>().join(",");
    format!(r#"{{"kind":"APIGroupDiscoveryList","apiVersion":"apidiscovery.k8s.io/v2","items":[{items}]}}"#)
}

impl Known {
    fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    fn is_secret(&self) -> bool {
        self.plural == "secrets" || matches!(&*self.kind, "Secret" | "SecretList")
    }

    /// It as discovery says it.
    pub(super) fn to_json(&self) -> String {
        let Known { group, version, plural, kind, namespaced } = self;
        let api_version = self.api_version();
        format!(
            r#"{{"group":"{group}","version":"{version}","apiVersion":"{api_version}","kind":"{kind}","plural":"{plural}","namespaced":{namespaced},"verbs":["get","list"]}}"#
        )
    }

    /// Its list, of a request for any resource.
    pub(super) fn list<'r>(&'r self, request: &sys::Request<'r>) -> sys::Request<'r> {
        sys::Request { group: &self.group, version: &self.version, resource: &self.plural, ..*request }
    }
}

#[cfg(test)]
mod tests {
    use crate::abi::Status;
    use crate::fake::Host;
    use crate::rest::{self, ApiResource, DynamicApi, DynamicResources};
    use crate::{ListParams, Result, log};
    use std::borrow::ToOwned;
    use std::vec::Vec;

    const ANY: DynamicResources = crate::manifest_resources!("get,list", "*/*/*");

    fn host() -> Host {
        Host::new()
            .resource("/api/v1/pods", "Pod", true)
            .resource("/api/v1/secrets", "Secret", true)
            .resource("/apis/evil.example.com/v1/harmless", "Secret", true)
            .resource("/api/v1/nodes", "Node", false)
            .resource("/apis/apps/v1/deployments", "Deployment", true)
            .list(
                "/api/v1/pods",
                r#"[{"metadata":{"name":"a","namespace":"shop"}},{"metadata":{"name":"b","namespace":"x"}}]"#,
            )
            .list("/api/v1/secrets", r#"[{"metadata":{"name":"s","namespace":"shop"}}]"#)
            .list("/apis/evil.example.com/v1/harmless", r#"[{"metadata":{"name":"s","namespace":"shop"}}]"#)
            .list("/api/v1/nodes", r#"[{"metadata":{"name":"n"}}]"#)
            .status("/apis/apps/v1/deployments", 403)
    }

    fn piped(gather: fn() -> Result<()>) -> Vec<String> {
        let run = host().run(gather);
        assert_eq!((run.result, run.in_flight), (Ok(()), 0));
        run.piped.into_iter().map(|piped| piped.name).collect()
    }

    use std::string::String;

    #[test]
    fn a_list_of_any_resource_has_each_but_secrets() {
        let all = piped(|| rest::list_any(ANY)?.pipe().map(|count| assert_eq!(count, 3)));
        assert_eq!(
            all,
            [
                "namespaces/shop/core/pods/a.json",
                "namespaces/x/core/pods/b.json",
                "cluster-scoped-resources/core/nodes/n.json"
            ]
        );
        let in_shop = piped(|| {
            let list =
                DynamicApi::namespaced_with(ANY, "shop", &ApiResource::ANY).list(&ListParams::default())?;
            list.pipe().map(|_| ())
        });
        assert_eq!(in_shop, ["namespaces/shop/core/pods/a.json"]);
    }

    #[test]
    fn items_say_what_they_are() {
        let run = host().run(|| {
            for item in rest::list_any(ANY)?.items() {
                let item = item?;
                log::info(item.get().kind);
                log::info(item.get().metadata.name);
            }
            for resource in rest::discover(ANY)?.items() {
                log::info(resource?.get().plural);
            }
            Ok(())
        });
        let texts: Vec<&str> = run.logs.iter().map(|log| &*log.text).collect();
        assert_eq!(texts, ["Pod", "a", "Pod", "b", "Node", "n", "pods", "nodes", "deployments"]);
        let paths: Vec<&str> = run.requests.iter().map(|request| &*request.path).collect();
        assert_eq!(
            paths,
            ["/apis/*/*", "/api/v1/pods", "/api/v1/nodes", "/apis/apps/v1/deployments", "/apis/*/*"]
        );
    }

    #[test]
    fn a_version_that_is_not_named_is_the_servers() {
        let run = host().run(|| {
            DynamicApi::namespaced_with(ANY, "shop", &ApiResource::preferred("", "pods")).pipe("a")?;
            let secrets = ApiResource::preferred("", "secrets");
            assert_eq!(
                DynamicApi::namespaced_with(ANY, "shop", &secrets).pipe("s"),
                Err(Status::DENIED.into())
            );
            let widgets = ApiResource::preferred("example.com", "widgets");
            assert_eq!(DynamicApi::all_with(ANY, &widgets).pipe("w"), Err(Status::http(404).into()));
            DynamicApi::all_with(ANY, &ApiResource::preferred("", "nodes")).get_raw("n")?.bytes().map(drop)
        });
        assert_eq!(run.result, Ok(()));
        assert_eq!(run.requests[0].path, "/api/v1/namespaces/shop/pods/a");
        assert_eq!(run.piped[0].name, "namespaces/shop/core/pods/a.json");
    }

    #[test]
    fn a_refusal_of_all_is_one() {
        let refused = |host: Host| host.run(|| rest::list_any(ANY)?.pipe().map(|_| ())).result;
        assert_eq!(refused(host().deny("/apis/*/*")), Err(Status::DENIED.into()));
        assert_eq!(refused(host().fail("/apis/*/*", Status::UNREACHABLE)), Err(Status::UNREACHABLE.into()));
        let run = host().run(|| rest::discover(ANY)?.pipe_as("a/discovery.json"));
        assert_eq!((run.result, run.piped[0].name.to_owned()), (Ok(()), "a/discovery.json".to_owned()));
        assert!(run.piped[0].text().contains("\"pods\"") && !run.piped[0].text().contains("Secret"));
    }
}
