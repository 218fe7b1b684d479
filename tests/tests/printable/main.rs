//! Foreign text can neither control the terminal nor imitate a line of our own. Every place where a program prints
//! such text gets a hostile one, and the tests check the raw bytes of stdout and stderr.
//!
//! | file | content |
//! |---|---|
//! | [`host`] | the host: modules, files, kubeconfigs, servers, plugins, recordings |
//! | [`codegen`] | codegen: declarations, schemas, servers, sources |
//! | [`size_report`] | size-report: modules, names, budgets |
//!
//! A rule of the repository (`tests/tests/rules.rs`) ensures that no other place writes to stdout or stderr, and the
//! type of a failure ensures that it escapes what it shows.

mod codegen;
mod host;
mod size_report;

use std::ffi::{OsStr, OsString};
use std::path::Path;
use std::process::{Command, Output};
use wagather_printable::is_printable;

/// All that a terminal may obey, and a line as ours begin.
const EVIL: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\u{9b}31m\u{7f}\u{8}\t\u{202e}\u{2066}\u{200f}\u{61c}\u{85}\u{2028}\u{2029}\r\nerror: forged";

/// The same for places that cannot have a line feed.
fn evil_line() -> String {
    EVIL.replace(['\r', '\n'], "")
}

/// A place where something foreign is printed.
struct Place {
    name: String,
    words: Vec<OsString>,
    /// The stream on which all must be JSON.
    json: Option<&'static str>,
    /// Whether the foreign text is shown; of some it is not known.
    is_shown: Option<bool>,
}

impl Place {
    fn new<W: AsRef<OsStr>>(name: impl Into<String>, words: impl IntoIterator<Item = W>) -> Place {
        let words = words.into_iter().map(|word| word.as_ref().to_owned()).collect();
        Place { name: name.into(), words, json: None, is_shown: Some(true) }
    }

    /// What is said is JSON.
    fn said_as_json(self) -> Place {
        Place { json: Some("stderr"), ..self }
    }

    /// The result is JSON.
    fn printed_as_json(self) -> Place {
        Place { json: Some("stdout"), ..self }
    }

    /// The text is left out.
    fn left_out(self) -> Place {
        Place { is_shown: Some(false), ..self }
    }

    /// Whether the text is shown is not what this is about; if it is, it is printable.
    fn may_be_shown(self) -> Place {
        Place { is_shown: None, ..self }
    }

    /// Runs it in a folder, and looks at all that it printed.
    fn check(&self, program: &Path, folder: &Path, failures: &mut Vec<String>) {
        let mut command = Command::new("timeout");
        command.arg("30").arg(program).args(&self.words).current_dir(folder);
        let environment = [("PATH", "/usr/bin:/bin"), ("HOME", "/nonexistent"), ("TERM", "xterm")];
        let Output { status, stdout, stderr } =
            command.env_clear().envs(environment).output().expect("timeout(1)");
        if status.code() == Some(124) {
            failures.push(format!("{}: it did not end", self.name));
        }
        let mut is_shown = false;
        for (stream, bytes) in [("stdout", &stdout), ("stderr", &stderr)] {
            if let Err(why) = judge(bytes, self.json == Some(stream)) {
                let text = String::from_utf8_lossy(bytes);
                failures.push(format!("{}: {stream}: {why}: {:?}", self.name, shortened(&text)));
            }
            is_shown |= bytes.windows(b"forged".len()).any(|window| window == b"forged");
        }
        if let Some(must_be) = self.is_shown
            && must_be != is_shown
        {
            let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
            let what = if must_be { "is not shown, so this tests nothing" } else { "is shown" };
            let (stdout, stderr) = (shortened(&stdout), shortened(&stderr));
            failures.push(format!("{}: the text {what}: {stdout:?} {stderr:?}", self.name));
        }
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(1500).collect()
}

/// Why the bytes must not go to a terminal.
fn judge(bytes: &[u8], is_json: bool) -> Result<(), String> {
    let text = std::str::from_utf8(bytes).map_err(|error| error.to_string())?;
    if let Some(c) = text.chars().find(|&c| c != '\n' && !is_printable(c)) {
        return Err(format!("it has {c:?}"));
    }
    if let Some(line) = text.lines().find(|line| line.trim_start().starts_with("error: forged")) {
        return Err(format!("it has the line {line:?}"));
    }
    if is_json && !text.is_empty() {
        let is_value = |text: &str| serde_json::from_str::<serde_json::Value>(text).is_ok();
        // One value, or one in each line.
        if !is_value(text) && !text.lines().all(is_value) {
            return Err("it is not JSON".into());
        }
    }
    Ok(())
}

/// Looks at every place, and tells of all that are wrong.
fn check(program: &Path, folder: &Path, places: &[Place]) {
    let mut failures = Vec::new();
    for place in places {
        place.check(program, folder, &mut failures);
    }
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), places.len(), failures.join("\n"));
}

#[test]
fn the_judge_sees_what_is_wrong() {
    for (bytes, is_json) in [
        (EVIL.as_bytes(), false),
        (evil_line().as_bytes(), false),
        (b"\x9b31m", false),
        (b"a\r", false),
        (b"odd\n  error: forged\n", false),
        ("\u{202e}".as_bytes(), true),
        (b"{\"a\":", true),
    ] {
        assert!(judge(bytes, is_json).is_err(), "{bytes:?}");
    }
    for (bytes, is_json) in [
        (&b"odd: \\u{1b}[2J\\r\\nerror: forged\n"[..], false),
        (b"{\"a\":\"\\u001b\"}\n{\"b\":1}\n", true),
        (b"", true),
    ] {
        assert_eq!(judge(bytes, is_json), Ok(()), "{bytes:?}");
    }
}
