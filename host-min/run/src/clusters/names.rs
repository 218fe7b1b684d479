//! Chooses contexts, and names their files.
//!
//! A context can have any name: `default/api-prod-example-com:6443/admin`, `arn:aws:eks:…`, `Ünïcode`. A file's name
//! depends only on the context's name, so it is the same in each run. If the context is a plain name in lower case, the file has that
//! name. Otherwise, the file's name is a plain form of it, a `~`, and the beginning of its SHA-256. No plain name contains a `~`. So two
//! contexts never share a file, even on a file system that ignores case.

use super::{Contexts, Destination};
use crate::report::ModuleFacts;
use wagather_archive::ENCRYPTED_SUFFIX;
use wagather_base::error::{Class, Failure, Result};
use wagather_kube::cluster::Context;
use wagather_yaml as yaml;

/// The suffix of a file's name.
pub(super) const SUFFIX: &str = ".tar.gz";

/// The longest plain part of a file's name. With all suffixes, it is far below the 255 bytes of a file system.
const MAX_NAME_BYTES: usize = 100;

/// Digits of the hash. Few contexts have the same plain form, and a collision is detected.
const SUM_DIGITS: usize = 8;

/// Names of devices. On Windows no file can have them, with any suffix after a dot.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "com", "lpt"];

/// How many similar names are suggested for an unknown one.
const SHOWN: usize = 3;

/// The chosen contexts. All of them exist.
pub(super) fn choose(contexts: &Contexts, known: Vec<Context>) -> Result<Vec<Context>> {
    let attempt = "cannot choose the clusters";
    match contexts {
        Contexts::All if known.is_empty() => {
            Err(Failure::new(Class::Config, attempt, "the kubeconfig has no contexts"))
        }
        Contexts::All => Ok(known),
        Contexts::Named(names) => names
            .iter()
            .enumerate()
            .map(|(number, name)| {
                if names[..number].contains(name) {
                    let reason = format!("the context {name:?} is given twice");
                    return Err(Failure::new(Class::Config, attempt, reason));
                }
                let found = known.iter().find(|context| context.name == *name).cloned();
                found.ok_or_else(|| {
                    Failure::new(Class::Config, attempt, format!("unknown context {name:?}"))
                        .advise(advice(name, &known))
                })
            })
            .collect(),
    }
}

fn advice(wrong: &str, known: &[Context]) -> String {
    if known.is_empty() {
        return "the kubeconfig has no contexts".into();
    }
    let wrong = wrong.to_lowercase();
    let mut names: Vec<(usize, &str)> = known
        .iter()
        .map(|context| (yaml::distance(&wrong, &context.name.to_lowercase()), &*context.name))
        .collect();
    names.sort_unstable();
    names.truncate(SHOWN);
    let names: Vec<String> = names.iter().map(|(_, name)| format!("{name:?}")).collect();
    match known.len() {
        1 => format!("the only one is {}", names[0]),
        all => format!("of the kubeconfig's {all} contexts, the most similar are {}", names.join(", ")),
    }
}

/// Names the file of each context.
pub(super) fn name_files(contexts: Vec<Context>, are_encrypted: bool) -> Result<Vec<Destination>> {
    let mut destinations: Vec<Destination> = Vec::with_capacity(contexts.len());
    for Context { name: context, server } in contexts {
        let mut file = file(&context);
        if are_encrypted {
            file.push_str(ENCRYPTED_SUFFIX);
        }
        if let Some(other) = destinations.iter().find(|other| other.file.eq_ignore_ascii_case(&file)) {
            let reason = format!("{context:?} and {:?} would both be {file}", other.context);
            return Err(Failure::new(Class::Config, "cannot name the archives", reason)
                .advise("gather from one of them in a separate run"));
        }
        destinations.push(Destination { context, server, file });
    }
    Ok(destinations)
}

/// The name of a context's archive.
fn file(context: &str) -> String {
    if is_plain(context) {
        return format!("{context}{SUFFIX}");
    }
    let mut name = String::new();
    for c in context.chars() {
        let plain = c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@' | '+' | '=');
        // Not a hidden file, and not a name that looks like an option.
        let plain = plain && !(name.is_empty() && matches!(c, '.' | '-'));
        match plain {
            true => name.push(c),
            false if name.ends_with('_') => {}
            false => name.push('_'),
        }
        if name.len() == MAX_NAME_BYTES {
            break;
        }
    }
    if name.is_empty() {
        name.push('_');
    }
    let sum = ModuleFacts::of(context.as_bytes()).sha256;
    format!("{name}~{}{SUFFIX}", &sum[..SUM_DIGITS])
}

fn is_plain(context: &str) -> bool {
    let base = context.split('.').next().unwrap_or_default();
    let device = base.trim_end_matches(|c: char| c.is_ascii_digit());
    context.len() <= MAX_NAME_BYTES
        && context.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && context.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'@'))
        && !DEVICES.contains(&device)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contexts(names: &[&str]) -> Vec<Context> {
        names.iter().map(|name| Context { name: (*name).to_owned(), server: None }).collect()
    }

    #[test]
    fn plain_names_are_kept_and_others_can_be_read() {
        for (context, expected) in [
            ("prod", "prod.tar.gz"),
            ("gke_shop-1_europe-west1-b_prod", "gke_shop-1_europe-west1-b_prod.tar.gz"),
            ("admin@kind.local", "admin@kind.local.tar.gz"),
            (
                "default/api-prod-example-com:6443/admin",
                "default_api-prod-example-com_6443_admin~e2204539.tar.gz",
            ),
            ("Prod", "Prod~"),
            ("../../etc/passwd", "_._.._etc_passwd~"),
            ("-rf", "_rf~"),
            (".hidden", "_hidden~"),
            ("con", "con~"),
            ("com1.example", "com1.example~"),
            ("日本", "_~"),
            ("", "_~"),
            ("a b\n\u{202e}c", "a_b_c~"),
        ] {
            let file = file(context);
            assert!(file.starts_with(expected), "{context:?}: {file}");
            assert!(file.ends_with(SUFFIX), "{file}");
        }
        for len in [99, 100, 101, 5000] {
            let file = file(&"x".repeat(len));
            assert_eq!(file.contains('~'), len > MAX_NAME_BYTES);
            assert!(file.len() <= MAX_NAME_BYTES + 1 + SUM_DIGITS + SUFFIX.len());
        }
    }

    #[test]
    fn no_two_contexts_have_one_file_whatever_the_file_system_folds() {
        let all = contexts(&[
            "a/b",
            "a:b",
            "a_b",
            "A_B",
            "a//b",
            "ä_b",
            "a.b",
            "prod",
            "Prod",
            "PROD",
            "prod ",
            "prod.tar.gz",
            "index",
            "é",
            "e\u{301}",
            "E\u{301}",
        ]);
        let files = name_files(all.clone(), false).expect("each its own");
        assert_eq!(files, name_files(all.clone(), false).expect("the same each time"));
        let encrypted = name_files(all, true).expect("each its own");
        assert!(encrypted.iter().zip(&files).all(|(one, plain)| one.file == format!("{}.age", plain.file)));
        assert!(files.iter().all(|one| one.file.is_ascii() && !one.file.contains(['/', ':', ' '])));
        // Chosen so that the file of one is the name of the other: a plain name has no such sign.
        let nasty = file("a/b").trim_end_matches(SUFFIX).to_owned();
        assert!(name_files(contexts(&["a/b", &nasty]), false).is_ok());
        let failure = name_files(contexts(&["x", "x"]), false).expect_err("one file");
        assert!(failure.reason.contains("would both be x.tar.gz"), "{failure}");
    }

    #[test]
    fn an_unknown_context_is_reported_with_similar_ones() {
        let known = || contexts(&["staging", "prod-eu", "dev", "prod-us", "default/api:6443/admin"]);
        let named = |names: &[&str]| Contexts::Named(names.iter().map(|name| (*name).to_owned()).collect());
        let chosen = choose(&named(&["prod-us", "dev"]), known()).expect("both are there");
        assert_eq!(chosen, contexts(&["prod-us", "dev"]), "in the order in which they were named");
        let failure = choose(&named(&["dev", "Prod-EZ"]), known()).expect_err("one is not");
        assert_eq!(failure.reason, "unknown context \"Prod-EZ\"");
        assert_eq!(
            failure.advice,
            "of the kubeconfig's 5 contexts, the most similar are \"prod-eu\", \"prod-us\", \"dev\""
        );
        let failure = choose(&named(&["x"]), contexts(&["dev"])).expect_err("not there");
        assert_eq!(failure.advice, "the only one is \"dev\"");
        let failure = choose(&named(&["dev", "dev"]), known()).expect_err("twice");
        assert_eq!(failure.reason, "the context \"dev\" is given twice");
        assert!(choose(&Contexts::All, Vec::new()).is_err());
        assert_eq!(choose(&Contexts::All, known()).map(|all| all.len()), Ok(5));
    }
}
