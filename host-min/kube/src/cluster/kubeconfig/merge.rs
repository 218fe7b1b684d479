//! Finds kubeconfig files, and merges several of them.
//!
//! The rules are those of client-go. The first file that sets a value, or has an entry of a name, wins. Entries are never
//! mixed. Files in `KUBECONFIG` that do not exist are skipped. A file that an option names must exist.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Kubeconfig, load};
use wagather_base::error::{Class, Failure};

/// Where to look, in order.
pub(in crate::cluster) enum Files {
    /// The file that the option names. It alone is read, and it must exist.
    Named(PathBuf),
    /// The list in `KUBECONFIG`, or the file in the home folder.
    Found(Vec<PathBuf>),
}

impl Files {
    /// The option wins, then `KUBECONFIG` if it is not empty, then `~/.kube/config`.
    pub(in crate::cluster) fn choose(
        option: Option<&Path>,
        variable: Option<&OsStr>,
        home: Option<&Path>,
    ) -> Files {
        if let Some(path) = option {
            return Files::Named(path.to_owned());
        }
        if let Some(list) = variable.filter(|list| !list.is_empty()) {
            let mut paths: Vec<PathBuf> = Vec::new();
            for path in std::env::split_paths(list) {
                if !path.as_os_str().is_empty() && !paths.contains(&path) {
                    paths.push(path);
                }
            }
            return Files::Found(paths);
        }
        Files::Found(home.map(|home| home.join(".kube/config")).into_iter().collect())
    }

    /// Reads and merges them. `None` if none of them exists.
    pub(in crate::cluster) fn read(&self) -> Result<Option<Kubeconfig>, Failure> {
        match self {
            Files::Named(path) => match load::file(path)? {
                Some(config) => Ok(Some(config)),
                None => {
                    let attempt = format!("cannot read the kubeconfig {}", path.display());
                    Err(Failure::new(Class::Config, attempt, "the file does not exist"))
                }
            },
            Files::Found(paths) => {
                let mut merged: Option<Kubeconfig> = None;
                for path in paths {
                    if let Some(config) = load::file(path)? {
                        merged = Some(match merged {
                            Some(earlier) => merge(earlier, config),
                            None => config,
                        });
                    }
                }
                Ok(merged)
            }
        }
    }
}

/// Adds the values and entries of a later file that the earlier ones lack.
pub(in crate::cluster) fn merge(mut earlier: Kubeconfig, later: Kubeconfig) -> Kubeconfig {
    earlier.files.extend(later.files);
    earlier.warnings.extend(later.warnings);
    earlier.current_context = earlier.current_context.or(later.current_context);
    add(&mut earlier.clusters, later.clusters);
    add(&mut earlier.contexts, later.contexts);
    add(&mut earlier.users, later.users);
    earlier
}

fn add<T>(entries: &mut Vec<(String, T)>, later: Vec<(String, T)>) {
    for (name, entry) in later {
        if !entries.iter().any(|(known, _)| *known == name) {
            entries.push((name, entry));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(texts: &[&str]) -> Kubeconfig {
        let mut configs = texts
            .iter()
            .enumerate()
            .map(|(i, text)| load::parse(text, Path::new(&format!("/{i}/config"))).unwrap());
        let first = configs.next().unwrap();
        configs.fold(first, merge)
    }

    #[test]
    fn the_first_to_set_a_value_wins_and_entries_are_not_mixed() {
        let config = merged(&[
            "clusters: [{name: a, cluster: {server: 'https://one'}}]\nusers: [{name: red, user: {token: t1}}]",
            "current-context: two\nclusters: [{name: a, cluster: {server: 'https://two', proxy-url: 'http://p'}}]",
            "current-context: three\nusers: [{name: red, user: {username: u}}, {name: blue, user: {tokenFile: t}}]",
        ]);
        assert_eq!(config.current_context.as_deref(), Some("two"));
        assert_eq!(config.clusters.len(), 1);
        let cluster = load::cluster(&config.clusters[0].1).unwrap();
        assert_eq!((cluster.server.as_deref(), cluster.proxy_url), (Some("https://one"), None));
        assert_eq!(load::user(&config.users[0].1).unwrap().username, None);
        let user = load::user(&config.users[1].1).unwrap();
        assert_eq!(user.token_file.as_deref(), Some(Path::new("/2/t")));
        assert_eq!(config.files.len(), 3);
    }

    #[test]
    fn which_files() {
        let found = |files| match files {
            Files::Found(paths) => paths,
            Files::Named(path) => vec![path],
        };
        let home = Some(Path::new("/home/me"));
        let list = Some(OsStr::new("a::b:a"));
        assert_eq!(found(Files::choose(Some(Path::new("x")), list, home)), [PathBuf::from("x")]);
        assert_eq!(found(Files::choose(None, list, home)), [PathBuf::from("a"), PathBuf::from("b")]);
        assert_eq!(
            found(Files::choose(None, Some(OsStr::new("")), home)),
            [PathBuf::from("/home/me/.kube/config")]
        );
        assert!(found(Files::choose(None, None, None)).is_empty());
    }

    #[test]
    fn missing_files_are_skipped_unless_named() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("there");
        std::fs::write(&there, "current-context: c").unwrap();
        let gone = folder.path().join("gone");
        let config = Files::Found(vec![gone.clone(), there]).read().unwrap().unwrap();
        assert_eq!(config.current_context.as_deref(), Some("c"));
        assert!(Files::Found(vec![gone.clone()]).read().unwrap().is_none());
        let failure = Files::Named(gone).read().unwrap_err();
        assert_eq!(failure.class, Class::Config);
        assert!(failure.reason.contains("does not exist"));
    }
}
