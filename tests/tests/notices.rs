//! The notices of third-party code in this project's binaries: `THIRD-PARTY-NOTICES.txt`, generated from the packages
//! that cargo links and from their licence files, and checked to be complete.
//!
//! `make notices` rewrites it (`BLESS=1`). `tests/notices/` covers what is not a cargo package: the standard library,
//! musl, and wasm3's C code, whose crate ships without a licence file.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use tests::{programs, workspace};

const FILE: &str = "THIRD-PARTY-NOTICES.txt";

/// The platform of the binaries that ship. aarch64 has the same packages.
const HOST: &str = "x86_64-unknown-linux-musl";
const GUEST: &str = "wasm32v1-none";

/// A package of somebody else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Package {
    name: String,
    version: String,
    licence: String,
}

fn cargo(arguments: &[&str]) -> String {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(arguments)
        .args(["--locked", "--offline"])
        .current_dir(workspace::root())
        .output()
        .expect("cargo");
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// What is linked into a program: no build scripts, no procedural macros, no crates of this repository.
fn linked(package: &str, target: &str, more: &[&str]) -> BTreeSet<Package> {
    let edges = "normal,no-proc-macro";
    let words = ["tree", "-p", package, "--target", target, "-e", edges, "--prefix", "none", "-f", "{p}|{l}"];
    let tree = cargo(&[&words, more].concat());
    let of_line = |line: &str| {
        let (package, licence) =
            line.trim_end_matches(" (*)").split_once('|').expect("a package and its licence");
        let mut words = package.split(' ');
        let (name, version) = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
        // A path in parentheses is a crate of this repository.
        words.next().is_none().then(|| Package { name, version, licence: licence.to_owned() })
    };
    tree.lines().filter(|line| !line.is_empty()).filter_map(of_line).collect()
}

/// Which of the shipped binaries have each package.
fn packages() -> BTreeMap<Package, Vec<&'static str>> {
    let mut packages: BTreeMap<Package, Vec<&'static str>> = BTreeMap::new();
    let no: &[&str] = &[];
    for (program, package, more) in [
        ("host-min", "host-min", no),
        ("host-min-full", "host-min", &["--features", "admin,engine-wasmi"]),
        ("host-min-admin", "wagather-admin", no),
        ("host-min-serve", "wagather-serve", no),
        ("host-min-view", "wagather-view", no),
        ("codegen", "wagather-codegen", no),
        ("size-report", "size-report", no),
    ] {
        for package in linked(package, HOST, more) {
            packages.entry(package).or_default().push(program);
        }
    }
    let guests: BTreeSet<Package> =
        programs::examples().iter().flat_map(|name| linked(name, GUEST, no)).collect();
    for package in guests {
        packages.entry(package).or_default().push("guests");
    }
    packages
}

/// Where cargo keeps the sources of each package.
fn sources() -> BTreeMap<(String, String), PathBuf> {
    let text = cargo(&["metadata", "--format-version=1", "--filter-platform", HOST]);
    let metadata: Value = serde_json::from_str(&text).expect("JSON");
    let text = |package: &Value, key: &str| package[key].as_str().expect("a text").to_owned();
    let packages = metadata["packages"].as_array().expect("packages").iter();
    packages
        .map(|package| {
            let folder = Path::new(&text(package, "manifest_path")).parent().expect("a folder").to_owned();
            ((text(package, "name"), text(package, "version")), folder)
        })
        .collect()
}

/// The licence files of a package. Where MIT is a choice and its text is there, the texts of the other choices are left out.
fn licences(package: &Package, folder: &Path) -> Vec<(String, String)> {
    let upper = |file: &str| file.to_uppercase();
    let is_licence = |file: &String| {
        let name = upper(file.rsplit('/').next().unwrap_or_default());
        let begins = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE", "UNLICENSE"];
        begins.iter().any(|begin| name.starts_with(begin)) && !name.ends_with(".RS")
            || upper(file).contains(".LICENSES/")
    };
    let files: Vec<String> =
        workspace::walk(folder, &|path| !path.ends_with("target")).into_iter().filter(is_licence).collect();
    let has_choice = package.licence.contains("MIT")
        && (package.licence.contains(" OR ") || package.licence.contains('/'));
    let has_mit = files.iter().any(|file| upper(file).contains("MIT"));
    let is_other_choice = |file: &String| {
        ["APACHE", "UNLICENSE", "0BSD", "ZLIB", "ISC"].iter().any(|other| upper(file).contains(other))
    };
    let chosen = files.into_iter().filter(|file| !(has_choice && has_mit && is_other_choice(file)));
    let read = |file: &String| {
        let bytes = std::fs::read(folder.join(file)).expect("a licence file");
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.trim_start_matches('\u{feff}')
            .lines()
            .map(str::trim_end)
            .collect::<Vec<_>>()
            .join("\n")
            .trim_matches('\n')
            .to_owned()
    };
    chosen.map(|file| (file.clone(), read(&file))).collect()
}

/// The texts of what is no package, or of packages that ship without one.
fn others() -> [(&'static str, String); 5] {
    ["wasm3", "wasmi", "lol_alloc", "rust", "musl"]
        .map(|name| (name, workspace::read(&format!("tests/notices/{name}.txt"))))
}

fn notices() -> String {
    let (packages, sources) = (packages(), sources());
    let mut text = String::from(
        "Third-party notices\n\n\
         The binaries of this repository contain the packages below, the Rust standard library and, where they are static, the C library musl.\n\
         The guests in target/guests contain the packages marked guests, and Rust's core and alloc. Where a package may be had under MIT or another\n\
         licence, it is had under MIT. 'make notices' writes this file from the packages' own files; a test fails if it is out of date.\n\n",
    );
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (package, programs) in &packages {
        let Package { name, version, licence } = package;
        let _ = writeln!(text, "{:<36} {licence:<52} {}", format!("{name} {version}"), programs.join(", "));
        let folder = sources.get(&(name.clone(), version.clone()));
        // What only guests have is no dependency of this platform; its sources lie beside the others'.
        let folder = folder.cloned().unwrap_or_else(|| {
            let beside =
                sources.values().find(|folder| folder.ends_with(format!("{}-{}", "libc", libc(&sources))));
            beside.expect("libc").with_file_name(format!("{name}-{version}"))
        });
        let mut found = licences(package, &folder);
        if found.is_empty() {
            // Another version of it, by the same authors under the same terms, may have the files that this one lacks.
            let others = packages.keys().filter(|other| other.name == *name && other.licence == *licence);
            let mut folders =
                others.filter_map(|other| sources.get(&(other.name.clone(), other.version.clone())));
            found = folders
                .find_map(|folder| Some(licences(package, folder)).filter(|found| !found.is_empty()))
                .unwrap_or_default();
        }
        assert!(
            !found.is_empty() || name.starts_with("wasmi") || ["wasm3-sys", "lol_alloc"].contains(&&**name),
            "{name} {version} has no licence file; add its text to tests/notices, as wasm3's"
        );
        for (file, licence) in found {
            texts.entry(licence).or_default().push(format!("{name} {version} ({file})"));
        }
    }
    let rule = "-".repeat(120);
    for (_, other) in others() {
        let _ = write!(text, "\n{rule}\n{}\n", other.trim_end());
    }
    let mut texts: Vec<(Vec<String>, String)> = texts.into_iter().map(|(text, of)| (of, text)).collect();
    texts.sort();
    for (of, licence) in texts {
        let _ = write!(text, "\n{rule}\n{}\n\n{licence}\n", of.join("\n"));
    }
    text
}

fn libc(sources: &BTreeMap<(String, String), PathBuf>) -> String {
    let version =
        sources.keys().filter(|(name, _)| name == "libc").map(|(_, version)| version.clone()).next_back();
    version.expect("libc")
}

#[test]
fn the_notices_are_those_of_what_the_binaries_contain() {
    let (made, path) = (notices(), workspace::root().join(FILE));
    if std::env::var_os("BLESS").is_some() {
        return std::fs::write(path, made).expect("the notices");
    }
    let written = workspace::read(FILE);
    let lines = |text: &str| text.lines().map(str::to_owned).collect::<BTreeSet<_>>();
    let (is, was) = (lines(&made), lines(&written));
    assert!(
        written == made,
        "{FILE} is out of date; 'make notices' writes it anew.\nmissing: {:#?}\ntoo much: {:#?}",
        is.difference(&was).take(20).collect::<Vec<_>>(),
        was.difference(&is).take(20).collect::<Vec<_>>()
    );
}

/// Apart from how the file is made: what cargo would link is named, with a text for each licence that it may be had under.
#[test]
fn each_package_and_each_licence_is_named() {
    let written = workspace::read(FILE);
    let packages = packages();
    assert!(packages.len() > 40, "only {} packages were found", packages.len());
    for (Package { name, version, .. }, programs) in &packages {
        assert!(
            written.contains(&format!("\n{name} {version} ")),
            "{FILE} does not name {name} {version} of {programs:?}"
        );
    }
    for mark in [
        "Permission is hereby granted, free of charge",
        "Apache License",
        "Permission to use, copy, modify, and",
        "Redistribution and use in source and binary forms",
        "UNICODE LICENSE V3",
        "Copyright (c) 2019 Steven Massey, Volodymyr Shymanskyy",
        "The Rust standard library",
        "Copyright (c) 2005-2020 Rich Felker",
        "third_party/fiat/LICENSE",
        "LICENSE-BoringSSL",
    ] {
        assert!(written.contains(mark), "{FILE} has no {mark}");
    }
}
