//! What events reads, as `gather.yaml` declares it.
//!
//! Made by `codegen generate`: change `gather.yaml`, and generate it again. The schemas are those of
//! api__v1.json (Kubernetes 1.36).

use alloc::string::String;
use wagather::{Api, Fields, Resource};

/// The events in all namespaces, `Events::all()`, or in one, `Events::namespaced(…)`.
#[allow(dead_code)] // for who asks so
pub(crate) type Events<'a> = Api<'a, Event>;

/// Event is a report of an event somewhere in the cluster.
#[derive(Default, Resource)]
#[resource(version = "v1", plural = "events", namespaced)]
pub(crate) struct Event {
    /// Standard object's metadata.
    pub(crate) metadata: ObjectMeta,
    /// The object that this event is about.
    pub(crate) involved_object: ObjectReference,
    /// This should be a short, machine understandable string that gives the reason for the transition into
    /// the object's current status.
    pub(crate) reason: String,
    /// A human-readable description of the status of this operation.
    pub(crate) message: String,
    /// The number of times this event has occurred.
    pub(crate) count: i32,
    /// The time at which the event was first recorded. As RFC 3339 has it.
    pub(crate) first_timestamp: String,
    /// The time at which the most recent occurrence of this event was recorded. As RFC 3339 has it.
    pub(crate) last_timestamp: String,
    /// Time when this Event was first observed. As RFC 3339 has it.
    pub(crate) event_time: String,
    /// Data about the Event series this event represents or nil if it's a singleton Event.
    pub(crate) series: EventSeries,
}

/// ObjectMeta is metadata that all persisted resources must have, which includes all objects users must
/// create.
#[derive(Default, Fields)]
pub(crate) struct ObjectMeta {
    /// CreationTimestamp is a timestamp representing the server time when this object was created. As RFC
    /// 3339 has it.
    pub(crate) creation_timestamp: String,
}

/// ObjectReference contains enough information to let you inspect or modify the referred object.
#[derive(Default, Fields)]
pub(crate) struct ObjectReference {
    /// Kind of the referent.
    pub(crate) kind: String,
    /// Namespace of the referent.
    pub(crate) namespace: String,
    /// Name of the referent.
    pub(crate) name: String,
}

/// EventSeries contain information on series of events, i.e. thing that was/is happening continuously
/// for some time.
#[derive(Default, Fields)]
pub(crate) struct EventSeries {
    /// Number of occurrences in this series up to the last heartbeat time
    pub(crate) count: i32,
    /// Time of the last occurrence observed. As RFC 3339 has it.
    pub(crate) last_observed_time: String,
}
