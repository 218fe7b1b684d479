//! Reads every fixture with the types that were made of the declaration, and prints what they read.
//!
//! `resources` is the module that `codegen generate` writes, `built` the one that the build script made, and `owned` the same with
//! `decoding: gatherer`.

#![deny(warnings)]

extern crate alloc;

#[allow(dead_code)]
mod resources;
#[allow(dead_code)]
mod built {
    include!(concat!(env!("OUT_DIR"), "/resources.rs"));
}
#[allow(dead_code)]
mod owned {
    include!(concat!(env!("OUT_DIR"), "/owned.rs"));
}

use wagather::{ListParams, Result, fake::Host, json};

/// One line for each: the file, and the object as it was read.
macro_rules! read {
    ($module:ident, |$list:ident| $items:expr, |$object:ident| $value:expr) => {
        read! {
            $module, |$list| $items, |$object| $value;
            Pods::all(), "/api/v1/pods", "pods.json";
            Waitings::all(), "/api/v1/pods", "pods.json";
            Nodes::all(), "/api/v1/nodes", "nodes.json";
            Deployments::namespaced("kube-system"),
                "/apis/apps/v1/namespaces/kube-system/deployments", "deployments.apps.json";
            ReplicaCounts::namespaced("kube-system"),
                "/apis/apps/v1/namespaces/kube-system/deployments", "deployments.apps.json";
            Gateways::all(), "/apis/example.com/v1/gateways", "gateways.example.com.json";
        }
    };
    ($module:ident, |$list:ident| $items:expr, |$object:ident| $value:expr;
        $($type:ident::$how:ident($($where:expr)?), $path:literal, $file:literal;)*) => {
        $(
            let gather = || -> Result<()> {
                let $list = $module::$type::$how($($where)?).list(&ListParams::default())?;
                for object in $items {
                    let $object = object?;
                    json::to_entry("object.json", $value)?;
                }
                Ok(())
            };
            let run = Host::new().list($path, include_str!(concat!("../fixtures/", $file))).run(gather);
            assert_eq!(run.result, Ok(()), $file);
            println!("{} {} {}", stringify!($module), $file, run.entry("object.json"));
        )*
    };
}

fn main() {
    read!(resources, |list| list.items(), |object| object.get());
    read!(built, |list| list.items(), |object| object.get());
    read!(owned, |list| list, |object| &object);
    // Objects by their names: the fake host finds them in the lists.
    let gather = || -> Result<()> {
        let pod = resources::Pods::namespaced("default").get_item("pod-1")?;
        assert_eq!((pod.get().spec.node_name, pod.get().spec.priority), (Some("node-1"), Some(1)));
        let pod = owned::Pods::namespaced("default").get("pod-1")?;
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
