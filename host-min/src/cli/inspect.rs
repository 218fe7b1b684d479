//! `host-min inspect`: what a module can do, told before it does anything.

use super::print;
use host_min::error::{Class, Failure, Result};
use host_min::limits::MAX_MEMORY_BYTES;
use host_min::manifest::Manifest;
use host_min::plan::read_module;
use host_min::report::ModuleFacts;
use host_min::sandbox::module::{Checked, check};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;
use wagather_abi::ABI_VERSION;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Inspection {
    name: String,
    version: String,
    abi: u32,
    module: ModuleFacts,
    reads: Vec<Read>,
    paths: Vec<String>,
    imports: Vec<&'static str>,
    functions: u32,
    data_bytes: u64,
    memory: Memory,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Read {
    verbs: Vec<&'static str>,
    resource: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    fields: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Memory {
    initial_pages: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum_pages: Option<u64>,
}

pub(super) fn inspect(guest: &Path, json: bool) -> Result<()> {
    let module = read_module(guest)?;
    let unusable =
        |reason| Failure::new(Class::Module, format!("{} cannot be used", guest.display()), reason);
    let checked = check(&module, MAX_MEMORY_BYTES).map_err(unusable)?;
    let manifest = Manifest::of_module(&module).map_err(unusable)?;
    let inspection = Inspection::new(manifest, &module, &checked);
    if json {
        let mut text = serde_json::to_vec_pretty(&inspection).unwrap_or_default();
        text.push(b'\n');
        return print(&text);
    }
    print(inspection.to_text().as_bytes())
}

impl Inspection {
    fn new(manifest: Manifest, module: &[u8], checked: &Checked) -> Inspection {
        Inspection {
            name: manifest.name,
            version: manifest.version,
            abi: ABI_VERSION,
            module: ModuleFacts::of(module),
            reads: manifest
                .resources
                .into_iter()
                .map(|resource| Read {
                    verbs: resource.verbs.names().collect(),
                    resource: resource.identity(),
                    namespace: resource.namespace,
                    fields: resource.mask_text,
                })
                .collect(),
            paths: manifest.paths,
            imports: checked.imports.iter().map(|import| import.row().name).collect(),
            functions: checked.functions,
            data_bytes: checked.data_bytes,
            memory: Memory {
                initial_pages: checked.initial_pages,
                maximum_pages: checked.declared_maximum_pages,
            },
        }
    }

    fn to_text(&self) -> String {
        let mut text = format!("{} {} (ABI version {})\n\nIt can:\n", self.name, self.version, self.abi);
        for read in &self.reads {
            let place = read
                .namespace
                .as_ref()
                .map_or(String::new(), |namespace| format!(" in the namespace {namespace}"));
            let fields = read
                .fields
                .as_ref()
                .map_or("whole objects".to_owned(), |fields| format!("of each {}", spaced(fields)));
            let _ = writeln!(text, "  {} {}{place}: {fields}", read.verbs.join(" and "), read.resource);
        }
        for path in &self.paths {
            let _ = writeln!(text, "  read the path {path}");
        }
        if self.reads.is_empty() && self.paths.is_empty() {
            text.push_str("  read nothing from the cluster\n");
        }
        let can = |names: &[&str]| names.iter().any(|name| self.imports.contains(name));
        for (names, what) in [
            (&["archive_pipe", "archive_open"][..], "write files into its part of the archive"),
            (&["log"], "write log lines"),
            (&["param"], "read the run's parameters"),
            (&["now"], "ask for the time"),
        ] {
            if can(names) {
                let _ = writeln!(text, "  {what}");
            }
        }
        text.push_str("It cannot do anything else: change the cluster, read Secrets or other resources, open files or connections,\nor see credentials.\n\n");
        let count =
            |number: u64, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let pages = |number: u64| format!("{} ({} KiB)", count(number, "page"), number * 64);
        let functions = count(self.functions.into(), "function");
        let _ = writeln!(
            text,
            "size       {} bytes, {functions}, {} bytes of data",
            self.module.bytes, self.data_bytes
        );
        let maximum = self
            .memory
            .maximum_pages
            .map_or("as far as the run allows".to_owned(), |number| format!("to {}", pages(number)));
        let _ = writeln!(text, "memory     {}, may grow {maximum}", pages(self.memory.initial_pages));
        let _ = writeln!(
            text,
            "imports    {}",
            if self.imports.is_empty() { "none".into() } else { self.imports.join(", ") }
        );
        let _ = writeln!(text, "sha256     {}", self.module.sha256);
        text
    }
}

/// A mask as a person reads it.
fn spaced(mask: &str) -> String {
    mask.replace(',', ", ").replace('(', " (")
}
