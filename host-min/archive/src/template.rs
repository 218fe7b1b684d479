//! Placeholders in the name of an output: `{context}`, `{time}` and `{pod}`.
//!
//! With them, two runs in one folder, or pods that share a volume, use different names. Values are reduced to characters that are safe in a file's
//! name, because a context can be called `arn:aws:eks:…/prod`. The command line's table has the default name.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use super::Output;
use wagather_base::error::{Class, Failure};

/// The placeholders.
const KNOWN: &[&str] = &["{context}", "{time}", "{pod}"];

/// How many names with the same time are tried.
const MAX_SAME_TIME: u32 = 1000;

/// The values for the placeholders.
#[derive(Clone, Debug)]
pub struct Values {
    /// The context, or the server's host.
    pub context: String,
    /// `20260102T030405Z`.
    pub time: String,
    /// The pod's name, or this machine's.
    pub pod: String,
}

impl Values {
    /// The values for a run that begins now.
    pub fn now(context: String) -> Values {
        // "2026-01-02T03:04:05.678Z"
        let time = wagather_base::time::rfc3339(wagather_base::time::clock_millis());
        let time: String =
            time.split('.').next().unwrap_or_default().chars().filter(|c| !"-:".contains(*c)).collect();
        Values { context, time: time + "Z", pod: pod() }
    }
}

/// The pod's name. It is the host name unless the pod uses the node's network. The downward API usually sets POD_NAME.
fn pod() -> String {
    let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
    let of_kernel = || std::fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = set("POD_NAME").or_else(|| set("HOSTNAME")).or_else(of_kernel).unwrap_or_default();
    name.trim().to_owned()
}

impl Output {
    /// Whether its name depends on the run.
    pub fn is_template(&self) -> bool {
        self.path().is_some_and(|path| path.as_os_str().as_bytes().contains(&b'{'))
    }

    /// Checks that all placeholders in a name are known.
    ///
    /// # Errors
    /// A message with the unknown placeholder.
    pub fn check_template(typed: &OsStr) -> Result<(), String> {
        let mut rest = typed.as_bytes();
        while let Some(at) = rest.iter().position(|&byte| byte == b'{') {
            rest = &rest[at..];
            let Some(known) = KNOWN.iter().find(|known| rest.starts_with(known.as_bytes())) else {
                let end = rest.iter().position(|&byte| byte == b'}').map_or(rest.len(), |end| end + 1);
                let written = OsStr::from_bytes(&rest[..end]).display();
                return Err(format!("unknown placeholder {written}; use {{context}}, {{time}} or {{pod}}"));
            };
            rest = &rest[known.len()..];
        }
        Ok(())
    }

    /// Replaces the placeholders. If a name with the time is taken, a number follows the time.
    pub fn filled(&self, values: &Values) -> Result<Output, Failure> {
        let Some(path) = self.path().filter(|_| self.is_template()) else { return Ok(self.clone()) };
        if let Err(reason) = Output::check_template(path.as_os_str()) {
            return Err(Failure::new(
                Class::Output,
                format!("cannot write the archive {}", path.display()),
                reason,
            ));
        }
        let with = |time: &str| fill(path, &Values { time: time.to_owned(), ..values.clone() });
        let mut filled = with(&values.time);
        for number in 2..MAX_SAME_TIME {
            if std::fs::symlink_metadata(&filled).is_err()
                || !path.as_os_str().as_bytes().windows(6).any(|part| part == b"{time}")
            {
                break;
            }
            filled = with(&format!("{}-{number}", values.time));
        }
        Ok(match self {
            Output::Folder(_) => Output::Folder(filled),
            _ => Output::TarGz(filled),
        })
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Output::Folder(path) | Output::TarGz(path) => Some(path),
            Output::Stdout | Output::Nameless(_) => None,
        }
    }
}

impl Values {
    /// A path with these values.
    pub fn fill(&self, path: &Path) -> PathBuf {
        fill(path, self)
    }
}

fn fill(path: &Path, values: &Values) -> PathBuf {
    let mut filled = Vec::new();
    let mut rest = path.as_os_str().as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        match KNOWN.iter().position(|known| rest.starts_with(known.as_bytes())) {
            Some(number) => {
                let value = [&values.context, &values.time, &values.pod][number];
                filled.extend_from_slice(plain(value).as_bytes());
                rest = &rest[KNOWN[number].len()..];
            }
            None => {
                filled.push(byte);
                rest = after;
            }
        }
    }
    OsString::from_vec(filled).into()
}

/// Reduces a value to letters, digits and `-_.@`, without a dot or a hyphen at the beginning.
fn plain(value: &str) -> String {
    /// More than the longest RFC 1123 label.
    const MAX_CHARS: usize = 100;
    let mut name = String::new();
    for c in value.chars().take(MAX_CHARS) {
        match c {
            '.' | '-' if name.is_empty() => {}
            c if c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '@') => name.push(c),
            _ if name.ends_with('-') || name.is_empty() => {}
            _ => name.push('-'),
        }
    }
    let name = name.trim_end_matches(['-', '.']);
    if name.is_empty() { "unnamed".into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values() -> Values {
        Values {
            context: "arn:aws:eks:eu/prod".into(),
            time: "20260102T030405Z".into(),
            pod: "gather-x7".into(),
        }
    }

    #[test]
    fn names_are_filled() {
        let filled = |typed: &str| match Output::parse(typed).filled(&values()).expect("a name") {
            Output::Folder(path) | Output::TarGz(path) => path.display().to_string(),
            Output::Stdout | Output::Nameless(_) => "-".into(),
        };
        assert_eq!(filled("w-{context}-{time}.tar.gz"), "w-arn-aws-eks-eu-prod-20260102T030405Z.tar.gz");
        assert_eq!(filled("/data/{pod}/{time}"), "/data/gather-x7/20260102T030405Z");
        assert_eq!(filled("plain"), "plain");
        assert_eq!(filled("-"), "-");
        let failure = Output::parse("{contxt}").filled(&values()).expect_err("unknown");
        assert_eq!(failure.reason, "unknown placeholder {contxt}; use {context}, {time} or {pod}");
        assert!(Output::check_template(OsStr::new("a{time")).is_err());
        assert!(Output::check_template(OsStr::new("a}{time}")).is_ok());
    }

    #[test]
    fn a_second_run_in_the_same_second_has_a_name_of_its_own() {
        let place = tempfile::tempdir().expect("a folder");
        let typed = place.path().join("{time}.tgz");
        for expected in ["20260102T030405Z.tgz", "20260102T030405Z-2.tgz", "20260102T030405Z-3.tgz"] {
            let Output::TarGz(path) = Output::parse(&typed).filled(&values()).expect("a name") else {
                panic!("another form")
            };
            assert_eq!(path, place.path().join(expected));
            std::fs::write(path, "").expect("a file");
        }
    }

    #[test]
    fn what_others_named_is_a_plain_part_of_a_name() {
        for (value, expected) in [
            ("prod", "prod"),
            ("default/api-host:6443/kube:admin", "default-api-host-6443-kube-admin"),
            ("../../etc", "etc"),
            (".hidden", "hidden"),
            ("--flag", "flag"),
            ("a\n\u{1b}[2Jb", "a-2Jb"),
            ("日本", "unnamed"),
            ("", "unnamed"),
            ("name.", "name"),
        ] {
            assert_eq!(plain(value), expected);
        }
        assert_eq!(plain(&"x".repeat(1000)).len(), 100);
    }

    #[test]
    fn the_time_is_that_of_a_file_name() {
        let time = Values::now(String::new()).time;
        assert!(time.len() == 16 && time.ends_with('Z') && time.as_bytes()[8] == b'T', "{time}");
    }
}
