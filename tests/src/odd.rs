//! Objects with text and names that readers of archives misread.

use crate::server::{List, Server};
use serde_json::json;

/// Characters of which parsers of YAML have other ideas, as Go writes them into JSON.
pub const TEXT: &str = "\u{7f}\u{80}\u{85}\u{9f}\u{feff}\u{ffff}é漢🦀";

/// A server with events that have such texts, with no nodes, and with cluster roles of which one has a colon in its name.
pub fn server() -> Server {
    let event = |number: usize| {
        let message = format!("{TEXT}{}", "x".repeat(number));
        json!({"metadata": {"name": format!("e.{number}"), "namespace": "shop"}, "message": message})
    };
    let role = |name: &str| json!({"metadata": {"name": name}, "rules": []});
    Server::new()
        .list("/api/v1/events", List::new("v1", "EventList", (0..5).map(event).collect()))
        .list("/api/v1/nodes", List::new("v1", "NodeList", Vec::new()))
        .list(
            "/apis/rbac.authorization.k8s.io/v1/clusterroles",
            List::new(
                "rbac.authorization.k8s.io/v1",
                "ClusterRoleList",
                ["admin", "system:node"].map(role).into(),
            ),
        )
}

/// Its lists, by group and resource.
pub const LISTS: [(&str, &str); 3] =
    [("", "events"), ("", "nodes"), ("rbac.authorization.k8s.io", "clusterroles")];
