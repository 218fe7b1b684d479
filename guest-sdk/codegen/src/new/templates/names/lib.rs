//! Lists the __plural__ by name.
//!
//! Writes `names.json`, and a line with the count to the log.

// Tests run natively, with std.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]

// Generated from gather.yaml by `codegen generate`.
mod resources;

use resources::__Kind__;
use wagather::json::ArrayEntry;
use wagather::{Api, ListParams, Result, Serialize, gatherer, log};

#[derive(Serialize)]
struct Listed<'a> {
    namespace: &'a str, // namespaced
    name: &'a str,
}

gatherer!(gather);

fn gather() -> Result<()> {
    let mut names = ArrayEntry::create("names.json")?;
    let mut all = 0;
    let api = Api::<__Kind__>::all();
    for object in api.list(&ListParams::default())?.items() {
        let object = object?;
        let __Kind__ { metadata } = object.get();
        all += 1;
        names.push(&Listed {
            namespace: metadata.namespace, // namespaced
            // Add further fields here.
            name: metadata.name,
        })?;
    }
    log::info!("{} listed", all);
    names.close()
}

#[cfg(test)]
mod tests;
