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
    ($($api:ty, $path:literal, $file:literal;)*) => {
        $(
            let gather = || -> Result<()> {
                for object in <$api>::all().list(&ListParams::default())? {
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
        resources::Pods, "/api/v1/pods", "pods.json";
        resources::Waitings, "/api/v1/pods", "pods.json";
        resources::Nodes, "/api/v1/nodes", "nodes.json";
        resources::Gateways, "/apis/example.com/v1/gateways", "gateways.example.com.json";
        built::Pods, "/api/v1/pods", "pods.json";
    }
}
