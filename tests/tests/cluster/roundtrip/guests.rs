//! Gatherers that write back what they decode: declared, generated and compiled like the examples.

use super::schema::Listed;
use serde_json::json;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::host::left_in;
use tests::workspace;
use wagather_abi::limits::MAX_MANIFEST_BYTES;
use wagather_codegen::{Declaration, Plan, Schemas, emit};

/// The masks that one gatherer may have: its manifest says besides who writes what.
const MAX_MASKS_BYTES: usize = MAX_MANIFEST_BYTES * 3 / 4;

/// How the gatherers' names begin.
const PREFIX: &str = "roundtrip-";

/// A gatherer that lists some resources.
pub(super) struct Guest {
    pub(super) name: String,
    pub(super) module: PathBuf,
    /// The indices of what it lists.
    pub(super) lists: Vec<usize>,
    modules: Vec<Module>,
}

/// A generated module: the resources of one version of a group.
struct Module {
    name: String,
    text: String,
    /// Of each resource its entry, its type and its mask.
    entries: Vec<(String, String, String)>,
}

impl Module {
    fn mask_bytes(&self) -> usize {
        self.entries.iter().map(|(_, _, mask)| mask.len()).sum()
    }
}

impl Guest {
    fn mask_bytes(&self) -> usize {
        self.modules.iter().map(Module::mask_bytes).sum()
    }

    /// The masks of the plan, which the derives compute as well.
    pub(super) fn masks(&self) -> impl Iterator<Item = &str> {
        self.modules.iter().flat_map(|module| &module.entries).map(|(_, _, mask)| &**mask)
    }
}

/// The entry that a resource is written to.
pub(super) fn entry(listed: &Listed) -> String {
    format!("{}.json", listed.name())
}

/// Generates and compiles.
pub(super) fn build(schemas: &Schemas, all: &[Listed]) -> Vec<Guest> {
    let mut of_version: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for (index, listed) in all.iter().enumerate() {
        of_version.entry((&listed.group, &listed.version)).or_default().push(index);
    }
    let folder = workspace::root().join("target/roundtrip");
    let mut guests: Vec<Guest> = Vec::new();
    for ((group, version), lists) in of_version {
        let module = generate(schemas, all, group, version, &lists);
        let mask_bytes = module.mask_bytes();
        match guests.last_mut().filter(|last| last.mask_bytes() + mask_bytes <= MAX_MASKS_BYTES) {
            Some(last) => {
                last.lists.extend(lists);
                last.modules.push(module);
            }
            None => {
                let name = format!("{PREFIX}{}", guests.len() + 1);
                let path = workspace::root().join("target/guests").join(&name).with_extension("wasm");
                guests.push(Guest { name, module: path, lists, modules: vec![module] });
            }
        }
    }
    write(&folder, &guests);
    let folders = guests.iter().map(|guest| folder.join(&guest.name));
    let built = Command::new("bash").arg(workspace::root().join(".ci/guests")).args(folders).output();
    let built = built.unwrap_or_else(|error| panic!("bash cannot be started: {error}"));
    let said = [built.stdout, built.stderr].concat();
    assert!(built.status.success(), "the gatherers do not compile:\n{}", String::from_utf8_lossy(&said));
    guests
}

fn generate(schemas: &Schemas, all: &[Listed], group: &str, version: &str, lists: &[usize]) -> Module {
    let mut declaration =
        "apiVersion: wagather/v1\nkind: Gather\nname: roundtrip\ndecoding: gatherer\nderive: [Serialize]\nresources:\n"
            .to_owned();
    for index in lists {
        let fields = json!(all[*index].wanted.selection());
        let _ = writeln!(declaration, "  {}: {{fields: {fields}}}", all[*index].name());
    }
    let declaration = Declaration::parse(Path::new("gather.yaml"), &declaration)
        .unwrap_or_else(|error| panic!("{group}/{version}: {error}\n{declaration}"));
    let plan = Plan::new(&declaration, schemas).unwrap_or_else(|error| panic!("{group}/{version}: {error}"));
    let entries = lists.iter().zip(&plan.resources);
    let entries = entries
        .map(|(index, planned)| (entry(&all[*index]), planned.type_name.clone(), planned.mask.clone()));
    let name: String =
        format!("{group}_{version}").trim_start_matches('_').replace(|c: char| !c.is_alphanumeric(), "_");
    Module { name, text: emit::rust(&plan), entries: entries.collect() }
}

/// A workspace of its own, with the profile and the versions of the repository's.
fn write(folder: &Path, guests: &[Guest]) {
    let root = workspace::read("Cargo.toml");
    let profile =
        root.split("\n\n").find(|part| part.contains("[profile.guest]")).expect("the guests' profile");
    let members: Vec<&str> = guests.iter().map(|guest| &*guest.name).collect();
    keep(
        &folder.join("Cargo.toml"),
        &format!("[workspace]\nresolver = \"3\"\nmembers = {members:?}\n\n{profile}"),
    );
    keep(&folder.join("Cargo.lock"), &workspace::read("Cargo.lock"));
    for name in left_in(folder).iter().filter(|name| name.starts_with(PREFIX) && !members.contains(&&***name))
    {
        fs::remove_dir_all(folder.join(name)).unwrap_or_else(|error| panic!("cannot remove {name}: {error}"));
    }
    let sdk = workspace::root().join("guest-sdk");
    for guest in guests {
        let manifest = format!(
            "[package]\nname = {:?}\nedition = \"2024\"\n\n[lib]\ncrate-type = [\"cdylib\"]\n\n[dependencies]\nwagather = {{ path = {sdk:?} }}\n",
            guest.name
        );
        keep(&folder.join(&guest.name).join("Cargo.toml"), &manifest);
        for module in &guest.modules {
            keep(&folder.join(&guest.name).join("src").join(&module.name).with_extension("rs"), &module.text);
        }
        keep(&folder.join(&guest.name).join("src/lib.rs"), &library(guest));
    }
}

fn library(guest: &Guest) -> String {
    let mut modules = String::new();
    let mut lists = String::new();
    for module in &guest.modules {
        let _ = writeln!(modules, "mod {};", module.name);
        for (entry, of_type, _) in &module.entries {
            let _ =
                writeln!(lists, "    result = result.and(list::<{}::{of_type}>({entry:?}));", module.name);
        }
    }
    format!(
        "#![no_std]\n#![forbid(unsafe_code)]\n\nextern crate alloc;\n\n{modules}\n\
         use alloc::vec::Vec;\nuse wagather::{{Api, ListParams, Result, Serialize, gatherer, heap, json, log}};\n\n\
         gatherer!(gather);\nheap!();\n\n\
         fn gather() -> Result<()> {{\n    let mut result = Ok(());\n{lists}    result\n}}\n\n\
         fn list<K: wagather::rest::CanList + json::Decode + Default + Serialize>(entry: &str) -> Result<()> {{\n    \
         let all = decoded::<K>();\n    if all.is_err() {{\n        log::error(entry);\n    }}\n    json::to_entry(entry, &all?)\n}}\n\n\
         fn decoded<K: wagather::rest::CanList + json::Decode + Default>() -> Result<Vec<K>> {{\n    \
         Api::<K>::all().list(&ListParams::default())?.into_iter().collect()\n}}\n"
    )
}

/// Writes a file, if it is not so already: what did not change is not compiled again.
fn keep(path: &Path, text: &str) {
    if fs::read_to_string(path).is_ok_and(|known| known == text) {
        return;
    }
    fs::create_dir_all(path.parent().expect("a folder"))
        .and_then(|()| fs::write(path, text))
        .unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}
