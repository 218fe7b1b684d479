//! Reads every fixture with the types that were made of the declaration, and prints what they read.
//!
//! `resources` is the module that `codegen generate` writes, `built` the one that the build script made.

#![deny(warnings)]

extern crate alloc;

#[allow(dead_code)]
mod resources;
#[allow(dead_code)]
mod built {
    include!(concat!(env!("OUT_DIR"), "/resources.rs"));
}

use wagather::{ListParams, Result, fake::Host, json};

/// One line for each: the file, and the object as it was read.
macro_rules! read {
    ($($api:expr, $path:literal, $file:literal;)*) => {
        $(
            let gather = || -> Result<()> {
                for object in $api.list(&ListParams::default())? {
                    json::to_entry("object.json", &object?)?;
                }
                Ok(())
            };
            let run = Host::new().list($path, include_str!(concat!("../fixtures/", $file))).run(gather);
            assert_eq!(run.result, Ok(()), $file);
            println!("{} {}", $file, run.entry("object.json"));
        )*
    };
}

fn main() {
    read! {
        resources::Pods::all(), "/api/v1/pods", "pods.json";
        resources::Waitings::all(), "/api/v1/pods", "pods.json";
        resources::Nodes::all(), "/api/v1/nodes", "nodes.json";
        resources::Deployments::namespaced("kube-system"),
            "/apis/apps/v1/namespaces/kube-system/deployments", "deployments.apps.json";
        resources::Gateways::all(), "/apis/example.com/v1/gateways", "gateways.example.com.json";
        built::Pods::all(), "/api/v1/pods", "pods.json";
    }
    // Objects by their names: the fake host finds them in the lists.
    let gather = || -> Result<()> {
        let pod = resources::Pods::namespaced("default").get("pod-1")?;
        assert_eq!(pod.spec.node_name.as_deref(), Some("node-1"));
        assert_eq!(resources::TEAM.value(&mut [0; 8])?, Some("blue"));
        assert_eq!(resources::LOG_LINES.value(&mut [0; 8])?, "20");
        assert_eq!(resources::QUOTED.value(&mut [])?, "");
        resources::Secrets::namespaced("shop").get_raw("secret-1")?.pipe("secret.json")?;
        Ok(())
    };
    let run = Host::new()
        .list("/api/v1/pods", include_str!("../fixtures/pods.json"))
        .param("team", "blue")
        .list("/api/v1/namespaces/shop/secrets", include_str!("../fixtures/secrets.json"))
        .run(gather);
    assert_eq!(run.result, Ok(()));
}
