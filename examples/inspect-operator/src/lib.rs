//! Copies OpenShift's cluster operators and all that they are about into the archive, as `oc adm inspect clusteroperator/…` does.
//!
//! Of each operator that is named: itself, the objects that its `status.relatedObjects` names (whose versions nobody says), everything
//! in related namespaces except Secrets, the CustomResourceDefinitions of related resources, and the webhooks that lead into its
//! namespaces. An object that cannot be had is in the report, and the others are copied. Without a name, it copies the operators alone.

#![no_std]
#![forbid(unsafe_code)]

use wagather::abi::Status;
use wagather::arena::String;
use wagather::rest::DynamicResources;
use wagather::{
    Api, ApiResource, DynamicApi, Fields, List, ListParams, Param, Resource, Result, gatherer, log,
};

const ANY: DynamicResources = wagather::manifest_resources!("get,list", "*/*/*");

const OPERATORS: Param =
    wagather::param!("operators", "Which cluster operators to inspect, with commas between them");

const DEFINITIONS: ApiResource<'static> =
    ApiResource::preferred("apiextensions.k8s.io", "customresourcedefinitions");
const VALIDATING: ApiResource<'static> =
    ApiResource::preferred("admissionregistration.k8s.io", "validatingwebhookconfigurations");
const MUTATING: ApiResource<'static> =
    ApiResource::preferred("admissionregistration.k8s.io", "mutatingwebhookconfigurations");

#[derive(Clone, Copy, Resource)]
#[resource(
    group = "config.openshift.io",
    version = "v1",
    plural = "clusteroperators",
    cluster,
    verbs(get, list)
)]
struct ClusterOperator<'a> {
    status: ClusterOperatorStatus<'a>,
}

#[derive(Clone, Copy, Fields)]
struct ClusterOperatorStatus<'a> {
    related_objects: &'a [RelatedObject<'a>],
}

/// An object, or all objects of a resource if it has no name.
#[derive(Clone, Copy, Fields)]
struct RelatedObject<'a> {
    group: &'a str,
    resource: &'a str,
    namespace: &'a str,
    name: &'a str,
}

/// What both kinds of webhook configurations have.
#[derive(Clone, Copy, Fields)]
struct WebhookConfiguration<'a> {
    metadata: ObjectMeta<'a>,
    webhooks: &'a [Webhook<'a>],
}

#[derive(Clone, Copy, Fields)]
struct ObjectMeta<'a> {
    name: &'a str,
}

#[derive(Clone, Copy, Fields)]
struct Webhook<'a> {
    client_config: ClientConfig<'a>,
}

#[derive(Clone, Copy, Fields)]
struct ClientConfig<'a> {
    service: Service<'a>,
}

#[derive(Clone, Copy, Fields)]
struct Service<'a> {
    namespace: &'a str,
}

gatherer!(gather);

#[expect(clippy::manual_pattern_char_comparison, reason = "140 bytes less than an array")]
fn gather() -> Result<()> {
    let mut buffer = [0; 4096];
    let Some(operators) = OPERATORS.value(&mut buffer)? else {
        log::info("only the operators are copied: --param operators=dns,etcd inspects those");
        Api::<ClusterOperator>::all().list(&ListParams::default())?.pipe()?;
        return Ok(());
    };
    // The host reports what fails of an operator. The others are inspected in any case. What is no name is a mistake in the parameter.
    let mut result = Ok(());
    for operator in operators.split(|letter| letter == ',' || letter == ' ') {
        if !operator.is_empty()
            && let Err(error) = inspect(operator)
            && error.status() == Status::BAD_REQUEST
        {
            result = Err(error);
        }
    }
    result
}

fn inspect(operator: &str) -> Result<()> {
    let api = Api::<ClusterOperator>::all();
    // First, so that nothing that is related can lose it.
    api.pipe(operator)?;
    let related = api.get_item(operator)?.keep().status.related_objects;
    for object in related {
        if !is_in_related_namespace(related, object.namespace) {
            let _ = copy(object);
        }
    }
    for webhooks in [&VALIDATING, &MUTATING] {
        let _ = copy_webhooks(webhooks, related);
    }
    Ok(())
}

/// Whether everything in a namespace is copied, because the namespace itself is related.
fn is_in_related_namespace(related: &[RelatedObject<'_>], namespace: &str) -> bool {
    !namespace.is_empty()
        && related.iter().any(|object| object.resource == "namespaces" && object.name == namespace)
}

fn copy(object: &RelatedObject<'_>) -> Result<()> {
    let RelatedObject { group, resource, namespace, name } = *object;
    let all = ListParams::default();
    // Groups of Kubernetes itself have no definitions.
    if group.contains('.') && !group.ends_with(".k8s.io") {
        let mut definition = String::new();
        for piece in [resource, ".", group] {
            definition.push_str(piece)?;
        }
        let _ = DynamicApi::all_with(ANY, &DEFINITIONS).pipe(&definition);
    }
    let found = ApiResource::preferred(group, resource);
    let api = DynamicApi::namespaced_with(ANY, namespace, &found);
    if name.is_empty() {
        return api.list(&all)?.pipe().map(|_| ());
    }
    let copied = api.pipe(name);
    if resource == "namespaces" {
        DynamicApi::namespaced_with(ANY, name, &ApiResource::ANY).list(&all)?.pipe()?;
    }
    copied
}

/// Copies the webhook configurations that lead into a related namespace.
fn copy_webhooks(webhooks: &ApiResource<'_>, related: &[RelatedObject<'_>]) -> Result<()> {
    let api = DynamicApi::all_with(ANY, webhooks);
    let list: List<WebhookConfiguration<'static>> = api.list(&ListParams::default())?.read_as();
    for configuration in list.items() {
        let configuration = configuration?;
        let WebhookConfiguration { metadata, webhooks } = configuration.get();
        let leads_there =
            |webhook: &Webhook<'_>| is_in_related_namespace(related, webhook.client_config.service.namespace);
        if webhooks.iter().any(leads_there) {
            let _ = api.pipe(metadata.name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
