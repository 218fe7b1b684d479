//! Hostile guests: the files of `tests/hostile/`, with their expected results.
//!
//! A file's first line has the expected end and the attack in a sentence; the next lines have further details:
//!
//! ```text
//! ;; traps: calls without end exhaust the guest's stack and nothing else
//! ;; attacks: rest_start, …     the imports whose handling it tests, or none
//! ;; options: --memory 1Mi      more words on the command line
//! ;; says: stack                what must be on stderr
//! ;; sends: nothing             no request of it may reach the server
//! ;; wasmi: returns 0           what becomes of it in wasmi, if that is something else
//! ```

use crate::{guest, workspace};

/// A hostile guest.
#[derive(Clone, Debug)]
pub struct Hostile {
    /// The file's name without its suffix, which is the gatherer's name as well.
    pub name: String,
    /// What must become of it.
    pub end: End,
    /// What must become of it in wasmi.
    pub end_in_wasmi: End,
    /// The imports that it names as attacked.
    pub attacks: Vec<String>,
    /// More words on the command line.
    pub options: Vec<String>,
    /// What must be said of it.
    pub says: String,
    /// Whether nothing of it may reach the server.
    pub sends_nothing: bool,
    /// The module.
    pub module: Vec<u8>,
}

/// An end that a guest can come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// `gather` returned this.
    Returns(i32),
    /// It trapped, or its sandbox was ended for it.
    Traps,
    /// It was stopped at its deadline.
    Deadline,
    /// Its sandbox would not run it; other gatherers of the run do.
    Unusable,
    /// The run was refused before anything was started.
    Refused,
}

impl End {
    /// The exit code of the command line.
    pub const fn exit_code(self) -> i32 {
        match self {
            End::Returns(0) => 0,
            End::Returns(_) | End::Traps | End::Deadline => 7,
            End::Unusable | End::Refused => 3,
        }
    }

    fn parse(text: &str) -> Option<End> {
        Some(match text {
            "traps" => End::Traps,
            "deadline" => End::Deadline,
            "unusable" => End::Unusable,
            "refused" => End::Refused,
            _ => End::Returns(text.strip_prefix("returns ")?.parse().ok()?),
        })
    }
}

impl Hostile {
    /// Reads a file.
    pub fn read(name: &str) -> Hostile {
        Hostile::parse(name, &workspace::read(&format!("tests/hostile/{name}.wat")))
    }

    /// Reads a guest from its text.
    pub fn parse(name: &str, text: &str) -> Hostile {
        let mut lines = text.lines().map_while(|line| line.strip_prefix(";; "));
        let end = lines.next().and_then(|line| line.split_once(": ")).and_then(|(end, _)| End::parse(end));
        let end = end.unwrap_or_else(|| panic!("the first line of {name} does not say how it ends"));
        let value = |field: &str| {
            let mut lines = text.lines().map_while(|line| line.strip_prefix(";; "));
            lines.find_map(|line| line.strip_prefix(field)?.strip_prefix(": ")).unwrap_or_default().to_owned()
        };
        let words = |text: String| text.split_whitespace().map(str::to_owned).collect();
        Hostile {
            name: name.into(),
            end,
            end_in_wasmi: End::parse(&value("wasmi")).unwrap_or(end),
            attacks: words(value("attacks")),
            options: words(value("options")),
            says: value("says"),
            sends_nothing: value("sends") == "nothing",
            module: guest::from_wat(text),
        }
    }

    /// The names of all files.
    pub fn names() -> Vec<String> {
        let files = workspace::folder("tests/hostile").into_iter();
        let names = files.filter(|path| path.extension().is_some_and(|suffix| suffix == "wat"));
        let mut names: Vec<String> =
            names.map(|path| path.file_stem().unwrap_or_default().to_string_lossy().into_owned()).collect();
        names.sort();
        names
    }
}
