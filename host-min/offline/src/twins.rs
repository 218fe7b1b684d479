//! Events, which the API server has in two groups: the same objects, with other names of their fields.
//!
//! An archive has them from one group. Clients ask for either: kubectl for those of the core group, k9s for those of `events.k8s.io`.

use std::borrow::Cow;

use crate::members::Members;

const CORE: &str = "";
const EVENTS: &str = "events.k8s.io";
/// The version of both.
const VERSION: &str = "v1";

const EMPTY: &str = r#""""#;

/// What a field is called in the core group, and in `events.k8s.io`. The other fields have the same name.
const FIELDS: &[(&str, &str)] = &[
    ("count", "deprecatedCount"),
    ("firstTimestamp", "deprecatedFirstTimestamp"),
    ("involvedObject", "regarding"),
    ("lastTimestamp", "deprecatedLastTimestamp"),
    ("message", "note"),
    ("reportingComponent", "reportingController"),
    ("source", "deprecatedSource"),
];

/// The group that has the same objects, of a version of a resource.
pub(crate) fn of(group: &str, version: &str, plural: &str) -> Option<&'static str> {
    match (group, version, plural) {
        (CORE, VERSION, "events") => Some(EVENTS),
        (EVENTS, VERSION, "events") => Some(CORE),
        _ => None,
    }
}

/// The form in which objects are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Form {
    /// As they are.
    #[default]
    Own,
    /// As the core group has events.
    Core,
    /// As `events.k8s.io` has events.
    Events,
}

impl Form {
    /// The form that a group has, whose objects are another group's.
    pub(crate) fn of_group(group: &str) -> Form {
        if group == EVENTS { Form::Events } else { Form::Core }
    }

    /// An object in this form. What is no object, or has far too many members, stays as it is.
    pub(crate) fn of(self, json: &[u8]) -> Cow<'_, [u8]> {
        let (api_version, is_core) = match self {
            Form::Own => return json.into(),
            Form::Core => (r#""v1""#, true),
            Form::Events => (r#""events.k8s.io/v1""#, false),
        };
        let members = std::str::from_utf8(json).ok().and_then(|json| Members::of(json).ok());
        let Some(members) = members else { return json.into() };
        let mut out = Vec::with_capacity(json.len() + 128);
        for (name, value) in members.all() {
            let renamed = FIELDS.iter().find_map(|(core, events)| match is_core {
                true => (*events == name).then_some(*core),
                false => (*core == name).then_some(*events),
            });
            // Hostile: it has the field under both names. The name of this form counts.
            if renamed.is_some_and(|renamed| members.has(renamed)) {
                continue;
            }
            let (name, value) =
                (renamed.unwrap_or(name), if name == "apiVersion" { api_version } else { value });
            // The core group has these two in any case, `events.k8s.io` only if they are not empty.
            let is_left_out = value == EMPTY && ["reportingController", "reportingInstance"].contains(&name);
            if is_core || !is_left_out {
                add(&mut out, name, value);
            }
        }
        if is_core && !members.has("reportingComponent") && !members.has("reportingController") {
            add(&mut out, "reportingComponent", EMPTY);
        }
        if is_core && !members.has("reportingInstance") {
            add(&mut out, "reportingInstance", EMPTY);
        }
        out.extend_from_slice(if out.is_empty() { b"{}" } else { b"}" });
        out.into()
    }
}

/// Adds a member to an object that is being written.
fn add(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(if out.is_empty() { b'{' } else { b',' });
    out.extend_from_slice(serde_json::Value::from(name).to_string().as_bytes());
    out.push(b':');
    out.extend_from_slice(value.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn converted(form: Form, object: &Value) -> Value {
        serde_json::from_slice(&form.of(object.to_string().as_bytes())).expect("JSON")
    }

    #[test]
    fn every_field_has_its_other_name() {
        let core = json!({
            "apiVersion": "v1", "kind": "Event", "metadata": {"name": "web.1", "namespace": "shop"},
            "involvedObject": {"kind": "Pod", "name": "web"}, "reason": "BackOff", "message": "a \"b\" \u{7}", "type": "Warning",
            "source": {"component": "kubelet", "host": "edge-1"}, "firstTimestamp": "2026-01-02T03:04:05Z",
            "lastTimestamp": null, "count": 3, "eventTime": null, "series": {"count": 2}, "action": "a", "related": {"name": "r"},
            "reportingComponent": "kubelet", "reportingInstance": "edge-1",
        });
        let events = json!({
            "apiVersion": "events.k8s.io/v1", "kind": "Event", "metadata": {"name": "web.1", "namespace": "shop"},
            "regarding": {"kind": "Pod", "name": "web"}, "reason": "BackOff", "note": "a \"b\" \u{7}", "type": "Warning",
            "deprecatedSource": {"component": "kubelet", "host": "edge-1"}, "deprecatedFirstTimestamp": "2026-01-02T03:04:05Z",
            "deprecatedLastTimestamp": null, "deprecatedCount": 3, "eventTime": null, "series": {"count": 2}, "action": "a",
            "related": {"name": "r"}, "reportingController": "kubelet", "reportingInstance": "edge-1",
        });
        assert_eq!(converted(Form::Events, &core), events);
        assert_eq!(converted(Form::Core, &events), core);
        // A server has no empty reporters in one of the groups, and always has them in the other.
        let without = |object: &Value, members: &[&str]| {
            let mut object = object.clone();
            members.iter().for_each(|member| _ = object.as_object_mut().expect("an object").remove(*member));
            object
        };
        let mut empty = core.clone();
        (empty["reportingComponent"], empty["reportingInstance"]) = (json!(""), json!(""));
        let unsaid = without(&events, &["reportingController", "reportingInstance"]);
        assert_eq!(converted(Form::Events, &empty), unsaid);
        assert_eq!(converted(Form::Core, &unsaid), empty);
        for (form, object) in [(Form::Core, &core), (Form::Events, &events), (Form::Own, &core)] {
            assert_eq!(converted(form, object), *object, "it has this form");
        }
    }

    #[test]
    fn whatever_a_server_sends_has_each_field_once() {
        for (object, expected) in [
            (r#"{"message":"a","note":"b"}"#, r#"{"note":"b"}"#),
            (r#"{"note":"b","message":"a"}"#, r#"{"note":"b"}"#),
            (r#"{"a\"b":{"message":1}}"#, r#"{"a\"b":{"message":1}}"#),
            ("{}", "{}"),
            ("7", "7"),
            ("{\"a\":", "{\"a\":"),
            ("\u{7}", "\u{7}"),
        ] {
            let made = Form::Events.of(object.as_bytes());
            assert_eq!(String::from_utf8_lossy(&made), expected);
        }
    }

    #[test]
    fn only_events_are_in_two_groups() {
        assert_eq!(of("", "v1", "events"), Some("events.k8s.io"));
        assert_eq!(of("events.k8s.io", "v1", "events"), Some(""));
        for (group, version, plural) in
            [("", "v1", "pods"), ("events.k8s.io", "v1beta1", "events"), ("x.io", "v1", "events")]
        {
            assert_eq!(of(group, version, plural), None);
        }
    }
}
