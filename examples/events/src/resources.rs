//! What events reads, as `gather.yaml` declares it.
//!
//! Made by `codegen generate`: change `gather.yaml`, and generate it again. The schemas are those of
//! core-v1.json (Kubernetes 1.36).

use alloc::string::String;
use wagather::{Api, Fields, Resource};

/// The events in all namespaces, `Events::all()`, or in one, `Events::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Events<'a> = Api<'a, Event>;

#[derive(Default, Resource)]
#[resource(version = "v1", plural = "events", namespaced)]
pub(crate) struct Event {
    pub(crate) metadata: ObjectMeta,
    pub(crate) involved_object: ObjectReference,
    pub(crate) reason: String,
    pub(crate) message: String,
    pub(crate) count: i32,
    /// As RFC 3339 has it.
    pub(crate) first_timestamp: String,
    /// As RFC 3339 has it.
    pub(crate) last_timestamp: String,
    /// As RFC 3339 has it.
    pub(crate) event_time: String,
    pub(crate) series: EventSeries,
}

#[derive(Default, Fields)]
pub(crate) struct ObjectMeta {
    /// As RFC 3339 has it.
    pub(crate) creation_timestamp: String,
}

#[derive(Default, Fields)]
pub(crate) struct ObjectReference {
    pub(crate) kind: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
}

#[derive(Default, Fields)]
pub(crate) struct EventSeries {
    pub(crate) count: i32,
    /// As RFC 3339 has it.
    pub(crate) last_observed_time: String,
}
