//! Columns of nodes, namespaces, events and what else belongs to the cluster as a whole.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::age::human;
use super::column::{AGE, Column, NAME, either, number, text, truth};
use super::object::{NONE, Object, UNSET};

const UNKNOWN: &str = "<unknown>";

pub(super) const NODES: &[Column] = &[
    NAME,
    text("Status", |node| {
        let ready = match node.condition("Ready").map(|ready| ready.text("/status") == "True") {
            Some(true) => "Ready",
            Some(false) => "NotReady",
            None => "Unknown",
        };
        if node.is("/spec/unschedulable") { format!("{ready},SchedulingDisabled") } else { ready.into() }
    }),
    text("Roles", |node| {
        let role = |(label, value): (&'_ str, &'_ Value)| match label.strip_prefix("node-role.kubernetes.io/")
        {
            Some(role) => Some(role.to_owned()),
            None if label == "kubernetes.io/role" => value.as_str().map(String::from),
            None => None,
        };
        let roles: BTreeSet<String> =
            node.members("/metadata/labels").filter_map(role).filter(|role| !role.is_empty()).collect();
        if roles.is_empty() { NONE.into() } else { roles.into_iter().collect::<Vec<_>>().join(",") }
    }),
    AGE,
    text("Version", |node| node.text("/status/nodeInfo/kubeletVersion").into()),
    text("Internal-IP", |node| address(node, "InternalIP")).wide(),
    text("External-IP", |node| address(node, "ExternalIP")).wide(),
    text("OS-Image", |node| node.text_or("/status/nodeInfo/osImage", UNKNOWN)).wide(),
    text("Kernel-Version", |node| {
        let version = node.text_or("/status/nodeInfo/kernelVersion", UNKNOWN);
        match node.text("/status/nodeInfo/architecture") {
            "" => version,
            architecture => format!("{version} ({architecture})"),
        }
    })
    .wide(),
    text("Container-Runtime", |node| node.text_or("/status/nodeInfo/containerRuntimeVersion", UNKNOWN))
        .wide(),
];

fn address(node: &Object, kind: &str) -> String {
    let address = node.all("/status/addresses").find(|address| address.text("/type") == kind);
    address.map_or_else(|| NONE.into(), |address| address.text("/address").into())
}

pub(super) const NAMESPACES: &[Column] =
    &[NAME, text("Status", |namespace| namespace.text("/status/phase").into()), AGE];

/// Some fields of events have one name in the core group, and another in `events.k8s.io`.
pub(super) const EVENTS: &[Column] = &[
    text("Last Seen", |event| {
        let last = event.either("/lastTimestamp", "/deprecatedLastTimestamp");
        match () {
            () if event.has("/series") => event.since("/series/lastObservedTime"),
            () if !last.value.is_null() => last.since(""),
            () => first_seen(event),
        }
    }),
    text("Type", |event| event.text("/type").into()),
    text("Reason", |event| event.text("/reason").into()),
    text("Object", |event| {
        let about = about(event);
        let kind = about.text("/kind").to_lowercase();
        match about.text("/name") {
            "" => kind,
            name => format!("{kind}/{name}"),
        }
    }),
    text("Subobject", |event| about(event).text("/fieldPath").into()).wide(),
    text("Source", |event| {
        let source = event.either("/source", "/deprecatedSource");
        let reporter = event.either("/reportingComponent", "/reportingController");
        let component = source.text_or("/component", reporter.text(""));
        match &*source.text_or("/host", event.text("/reportingInstance")) {
            "" => component,
            instance => format!("{component}, {instance}"),
        }
    })
    .wide(),
    text("Message", |event| event.either("/message", "/note").text("").trim().into()),
    text("First Seen", first_seen).wide(),
    number("Count", |event| match event.has("/series") {
        true => event.number("/series/count"),
        false => event.either("/count", "/deprecatedCount").number("").max(1),
    })
    .wide(),
    Column { is_name: true, ..text("Name", |event| event.text("/metadata/name").into()) }.wide(),
];

/// The object that an event is about.
fn about<'a>(event: &Object<'a>) -> Object<'a> {
    event.either("/involvedObject", "/regarding")
}

fn first_seen(event: &Object) -> String {
    let first = event.either("/firstTimestamp", "/deprecatedFirstTimestamp");
    if first.value.is_null() { event.since("/eventTime") } else { first.since("") }
}

const DATA: Column = number("Data", |object| object.len("/data") + object.len("/binaryData"));

pub(super) const CONFIG_MAPS: &[Column] = &[NAME, DATA, AGE];
pub(super) const SECRETS: &[Column] = &[NAME, text("Type", |secret| secret.text("/type").into()), DATA, AGE];
pub(super) const NAME_AND_AGE: &[Column] = &[NAME, AGE];

/// What the server knows nothing special about. The time is as it is: no age.
pub(super) const NAME_AND_TIME: &[Column] =
    &[NAME, text("Created At", |object| object.text("/metadata/creationTimestamp").into())];

pub(super) const RESOURCE_QUOTAS: &[Column] =
    &[NAME, text("Request", |quota| used(quota, false)), text("Limit", |quota| used(quota, true)), AGE];

fn used(quota: &Object, are_limits: bool) -> String {
    let mut all: Vec<String> = quota
        .members("/status/hard")
        .filter(|(resource, _)| resource.starts_with("limits.") == are_limits)
        .map(|(resource, hard)| {
            let used = quota.members("/status/used").find(|(each, _)| *each == resource);
            let used = used.map_or_else(|| "0".into(), |(_, used)| plain(used));
            format!("{resource}: {used}/{}", plain(hard))
        })
        .collect();
    all.sort_unstable();
    all.join(", ")
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), String::from)
}

pub(super) const LEASES: &[Column] =
    &[NAME, text("Holder", |lease| lease.text("/spec/holderIdentity").into()), AGE];

pub(super) const LEASE_CANDIDATES: &[Column] = &[
    NAME,
    text("LeaseName", |lease| lease.text("/spec/leaseName").into()),
    text("BinaryVersion", |lease| lease.text("/spec/binaryVersion").into()),
    text("EmulationVersion", |lease| lease.text("/spec/emulationVersion").into()),
    AGE,
];

pub(super) const PRIORITY_CLASSES: &[Column] = &[
    NAME,
    number("Value", |class| class.number("/value")),
    truth("Global-Default", |class| class.is("/globalDefault")),
    AGE,
    text("PreemptionPolicy", |class| class.text("/preemptionPolicy").into()),
];

pub(super) const RUNTIME_CLASSES: &[Column] =
    &[NAME, text("Handler", |class| class.text("/handler").into()), AGE];

pub(super) const COMPONENT_STATUSES: &[Column] = &[
    NAME,
    text("Status", |component| match healthy(component).map(|is| is.text("/status")) {
        Some("True") => "Healthy".into(),
        Some(_) => "Unhealthy".into(),
        None => "Unknown".into(),
    }),
    text("Message", |component| healthy(component).map_or("", |is| is.text("/message")).into()),
    text("Error", |component| healthy(component).map_or("", |is| is.text("/error")).into()),
];

fn healthy<'a>(component: &Object<'a>) -> Option<Object<'a>> {
    component.all("/conditions").find(|condition| condition.text("/type") == "Healthy")
}

const ROLE: Column =
    text("Role", |binding| format!("{}/{}", binding.text("/roleRef/kind"), binding.text("/roleRef/name")));

pub(super) const ROLE_BINDINGS: &[Column] = &[
    NAME,
    ROLE,
    AGE,
    text("Users", |binding| subjects(binding, "User")).wide(),
    text("Groups", |binding| subjects(binding, "Group")).wide(),
    text("ServiceAccounts", |binding| subjects(binding, "ServiceAccount")).wide(),
];

fn subjects(binding: &Object, kind: &str) -> String {
    let all = binding.all("/subjects").filter(|subject| subject.text("/kind") == kind);
    let names = all.map(|subject| match subject.text("/namespace") {
        namespace if kind == "ServiceAccount" && !namespace.is_empty() => {
            format!("{namespace}/{}", subject.text("/name"))
        }
        _ => subject.text("/name").into(),
    });
    names.collect::<Vec<_>>().join(", ")
}

pub(super) const CERTIFICATE_SIGNING_REQUESTS: &[Column] = &[
    NAME,
    AGE,
    text("SignerName", |request| request.text_or("/spec/signerName", NONE)),
    text("Requestor", |request| request.text("/spec/username").into()),
    text("RequestedDuration", |request| match request.has("/spec/expirationSeconds") {
        true => human(request.number("/spec/expirationSeconds").saturating_mul(1000)),
        false => NONE.into(),
    }),
    text("Condition", |request| {
        let has = |kind| request.condition(kind).is_some();
        let mut state = match () {
            () if has("Denied") => "Denied",
            () if has("Approved") => "Approved",
            () => "Pending",
        }
        .to_owned();
        state += if has("Failed") { ",Failed" } else { "" };
        state += if request.text("/status/certificate").is_empty() { "" } else { ",Issued" };
        state
    }),
];

pub(super) const WEBHOOK_CONFIGURATIONS: &[Column] =
    &[NAME, number("Webhooks", |configuration| configuration.len("/webhooks")), AGE];

const PARAM_KIND: Column = text("ParamKind", |policy| match policy.get("/spec/paramKind") {
    Some(kind) => format!("{}/{}", kind.text("/apiVersion"), kind.text("/kind")),
    None => UNSET.into(),
});

pub(super) const VALIDATING_POLICIES: &[Column] =
    &[NAME, number("Validations", |policy| policy.len("/spec/validations")), PARAM_KIND, AGE];

pub(super) const MUTATING_POLICIES: &[Column] =
    &[NAME, number("Mutations", |policy| policy.len("/spec/mutations")), PARAM_KIND, AGE];

pub(super) const POLICY_BINDINGS: &[Column] = &[
    NAME,
    text("PolicyName", |binding| binding.text("/spec/policyName").into()),
    text("ParamRef", |binding| match binding.text("/spec/paramRef/name") {
        "" => UNSET.into(),
        name => format!("{}/{name}", binding.text_or("/spec/paramRef/namespace", "*")),
    }),
    AGE,
];

pub(super) const FLOW_SCHEMAS: &[Column] = &[
    NAME,
    text("PriorityLevel", |schema| schema.text("/spec/priorityLevelConfiguration/name").into()),
    number("MatchingPrecedence", |schema| schema.number("/spec/matchingPrecedence")),
    text("DistinguisherMethod", |schema| schema.text_or("/spec/distinguisherMethod/type", NONE)),
    AGE,
    text("MissingPL", |schema| schema.condition("Dangling").map_or("?", |is| is.text("/status")).into()),
];

pub(super) const PRIORITY_LEVELS: &[Column] = &[
    NAME,
    text("Type", |level| level.text("/spec/type").into()),
    either("NominalConcurrencyShares", |level| limited(level, "/spec/limited/nominalConcurrencyShares")),
    either("Queues", |level| limited(level, "/spec/limited/limitResponse/queuing/queues")),
    either("HandSize", |level| limited(level, "/spec/limited/limitResponse/queuing/handSize")),
    either("QueueLengthLimit", |level| {
        limited(level, "/spec/limited/limitResponse/queuing/queueLengthLimit")
    }),
    AGE,
];

fn limited(level: &Object, pointer: &str) -> Value {
    level.get(pointer).map_or_else(|| json!(NONE), |part| part.value.clone())
}

pub(super) const API_SERVICES: &[Column] = &[
    NAME,
    text("Service", |service| match service.get("/spec/service") {
        Some(service) => format!("{}/{}", service.text("/namespace"), service.text("/name")),
        None => "Local".into(),
    }),
    text("Available", |service| match service.condition("Available") {
        None => "Unknown".into(),
        Some(is) => match (is.text("/status"), is.text("/reason")) {
            ("True", _) => "True".into(),
            (status, "") => status.into(),
            (status, reason) => format!("{status} ({reason})"),
        },
    }),
    AGE,
];
