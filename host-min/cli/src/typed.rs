//! Splits a command line by the rules of POSIX and GNU: `--long value`, `--long=value`, `-s value`, `-svalue`,
//! combined switches, and `--`. lexopt splits the words; this module does not interpret values.

use crate::programs::{Entry, Place, Program};
use crate::table::{Command, Flag};
use lexopt::{Arg, Parser};
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use wagather_yaml::nearest;

/// A well-formed command line.
pub enum Typed {
    /// A command with its options and arguments.
    Command(Words),
    /// A command in a program of its own, with the words to call it with.
    Program(&'static Program, Vec<OsString>),
    /// `--help`, of a command or of the program.
    Help(Option<&'static Command>),
    /// `--version`
    Version,
}

/// The arguments of a command.
pub struct Words {
    /// The command.
    pub command: &'static Command,
    /// The positional arguments.
    pub operands: Vec<OsString>,
    entries: &'static [Entry],
    options: Vec<(&'static str, OsString)>,
}

/// A mistake in a command line, and its place.
#[derive(Debug)]
pub struct Wrong {
    /// The command that it belongs to.
    pub command: Option<&'static Command>,
    /// The reason.
    pub reason: String,
}

/// Parses the words after the program's name. Commands without options in the table are in other programs.
pub fn take_apart(
    entries: &'static [Entry],
    mut words: impl Iterator<Item = OsString>,
) -> Result<Typed, Wrong> {
    let wrong = |reason| Wrong { command: None, reason };
    let Some(first) = words.next() else { return Err(wrong("no command given".into())) };
    let entry = |word: &OsStr| entries.iter().find(|entry| word == entry.name);
    let unknown = |word: &OsStr| wrong(no_command(entries, word));
    match first.to_str() {
        Some("--version" | "-V") => return Ok(Typed::Version),
        Some("--help" | "-h") => return Ok(Typed::Help(None)),
        Some("help") => {
            let Some(word) = words.next() else { return Ok(Typed::Help(None)) };
            return match entry(&word).ok_or_else(|| unknown(&word))?.place {
                Place::HostMin(command) | Place::Admin(command) => Ok(Typed::Help(Some(command))),
                Place::Beside(program) => Ok(Typed::Program(program, vec![word, "--help".into()])),
            };
        }
        _ => {}
    }
    let entry = entry(&first).ok_or_else(|| match first.as_bytes().strip_prefix(b"--") {
        Some(long) => wrong(no_option(entries, None, long)),
        None if first.as_bytes().starts_with(b"-") => wrong(format!("unknown option {}", first.display())),
        None => unknown(&first),
    })?;
    let command = match entry.place {
        Place::HostMin(command) | Place::Admin(command) => command,
        Place::Beside(program) => {
            return Ok(Typed::Program(program, std::iter::once(first).chain(words).collect()));
        }
    };
    let mut taken = Words { entries, command, operands: Vec::new(), options: Vec::new() };
    match taken.take(Parser::from_args(words.collect::<Vec<_>>())) {
        Ok(true) => taken.complete().map(Typed::Command),
        Ok(false) => Ok(Typed::Help(Some(command))),
        Err(reason) => Err(Wrong { command: Some(command), reason }),
    }
}

impl Words {
    /// Whether everything was parsed, or help was requested.
    fn take(&mut self, mut parser: Parser) -> Result<bool, String> {
        loop {
            let flag = match parser.next().map_err(|error| reason(&error))? {
                None => return Ok(true),
                Some(Arg::Long("help") | Arg::Short('h')) => return Ok(false),
                Some(Arg::Value(operand)) => {
                    self.operands.push(operand);
                    continue;
                }
                Some(Arg::Long(name)) => {
                    let flag = self.command.options.iter().find(|flag| flag.long == name);
                    flag.ok_or_else(|| no_option(self.entries, Some(self.command), name.as_bytes()))?
                }
                Some(Arg::Short(letter)) => {
                    let flag = self.command.options.iter().find(|flag| flag.short == Some(letter));
                    flag.ok_or_else(|| format!("unknown option -{letter}"))?
                }
            };
            let value = match flag.value {
                Some(_) => parser.value().map_err(|_| format!("{} needs a value", flag.shown()))?,
                None => OsString::new(),
            };
            if !flag.many && self.options.iter().any(|(long, _)| *long == flag.long) {
                return Err(format!("--{} is given twice", flag.long));
            }
            self.options.push((flag.long, value));
        }
    }

    fn complete(self) -> Result<Words, Wrong> {
        let wanted = self.command.operands;
        let reason = match (wanted.get(self.operands.len()), self.operands.get(wanted.len())) {
            (Some(operand), _) if !operand.optional => format!("<{}> is missing", operand.name),
            (None, Some(excess)) if !wanted.last().is_some_and(|operand| operand.many) => {
                format!("unexpected argument '{}'", excess.display())
            }
            _ => return Ok(self),
        };
        Err(Wrong { command: Some(self.command), reason })
    }

    /// The complete command line, with one option replaced by another.
    pub fn typed_with(&self, instead_of: &str, long: &str, value: &OsStr) -> Vec<OsString> {
        let mut words = vec![OsString::from(self.command.name)];
        for (typed, typed_value) in &self.options {
            let (long, value) = if *typed == instead_of { (long, value) } else { (*typed, &**typed_value) };
            let flag = self.command.options.iter().find(|flag| flag.long == long);
            words.extend(flag.map(|flag| as_typed(flag, value)));
        }
        words.push("--".into());
        words.extend(self.operands.iter().cloned());
        words
    }

    /// The options under a heading of the help, as they can be typed.
    pub fn typed_under(&self, heading: &str) -> Vec<OsString> {
        let flag = |long: &str| self.command.options.iter().find(|flag| flag.long == long);
        let known = self.options.iter().filter_map(|(long, value)| Some((flag(long)?, value)));
        let under = known.filter(|(flag, _)| flag.heading == heading);
        under.map(|(flag, value)| as_typed(flag, value)).collect()
    }

    /// Whether an option was given.
    pub fn has(&self, long: &str) -> bool {
        self.options.iter().any(|(typed, _)| *typed == long)
    }

    /// The values of an option, unchanged.
    pub fn all<'a>(&'a self, long: &'a str) -> impl Iterator<Item = &'a OsString> {
        self.options.iter().filter(move |(typed, _)| *typed == long).map(|(_, value)| value)
    }

    /// The value of an option, or its default.
    pub fn one(&self, long: &str) -> Option<OsString> {
        let default =
            || self.command.options.iter().find(|flag| flag.long == long)?.default.map(OsString::from);
        self.all(long).next().cloned().or_else(default)
    }
}

/// An option in one word.
fn as_typed(flag: &Flag, value: &OsStr) -> OsString {
    let mut word = OsString::from(format!("--{}", flag.long));
    if flag.value.is_some() {
        word.push("=");
        word.push(value);
    }
    word
}

/// The reason of an error, except for unknown names.
fn reason(error: &lexopt::Error) -> String {
    match error {
        lexopt::Error::UnexpectedValue { option, .. } => format!("{option} takes no value"),
        other => other.to_string(),
    }
}

fn no_command(entries: &[Entry], word: &OsStr) -> String {
    let shown = entries.iter().filter(|entry| !entry.is_hidden());
    let names: Vec<_> = shown.map(|entry| entry.name).collect();
    let meant = word.to_str().and_then(|word| meant(word, &names));
    let advice = meant.map_or(String::new(), |name| format!("; did you mean '{name}'?"));
    format!("unknown command '{}'{advice}", word.display())
}

/// The error for an option that the command does not have, or that precedes the command.
fn no_option(entries: &[Entry], command: Option<&'static Command>, long: &[u8]) -> String {
    let own: &'static [Flag] = command.map_or(&[], |command| command.options);
    let names = |flags: &'static [Flag]| -> Vec<&'static str> {
        flags.iter().filter(|flag| !flag.hidden).map(|flag| flag.long).collect()
    };
    let text = std::str::from_utf8(long).unwrap_or_default();
    let mut known = entries.iter().filter_map(Entry::command).filter(|other| !other.hidden);
    let elsewhere = known.find(|other| names(other.options).contains(&text));
    let advice = match (meant(text, &names(own)), elsewhere) {
        (_, Some(other)) => format!("; it is an option of 'host-min {}'", other.name),
        (Some(name), None) => format!("; did you mean --{name}?"),
        (None, None) => String::new(),
    };
    format!("unknown option --{}{advice}", OsStr::from_bytes(long).display())
}

/// The only word with this prefix, or else the nearest word.
fn meant<'a>(typed: &str, known: &[&'a str]) -> Option<&'a str> {
    let mut longer = known.iter().filter(|word| typed.len() > 1 && word.starts_with(typed));
    match (longer.next(), longer.next()) {
        (Some(word), None) => Some(word),
        _ => nearest(typed, known),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::{ALL, HOST_MIN};

    fn typed(line: &str) -> Result<Words, String> {
        match take_apart(ALL, line.split_whitespace().map(OsString::from)) {
            Ok(Typed::Command(words)) => Ok(words),
            Ok(_) => Err("help".into()),
            Err(wrong) => Err(wrong.reason),
        }
    }

    #[test]
    fn every_way_to_write_an_option() {
        for line in [
            "run -qo x a b",
            "run -q -ox a b",
            "run a -o=x b -q",
            "run --output x a --quiet b",
            "run a b -q --output=x",
        ] {
            let words = typed(line).expect(line);
            assert!(words.has("quiet") && words.one("output").is_some_and(|output| output == "x"), "{line}");
            assert_eq!(words.operands, ["a", "b"], "{line}");
        }
        let words = typed("run --param a=b --param=c=d - -- -q").expect("well-formed");
        assert!(words.all("param").eq(["a=b", "c=d"].iter()));
        assert_eq!(words.operands, ["-", "-q"]);
        assert!(
            !words.has("quiet")
                && words.one("output").is_some_and(|output| output == "wagather-{context}-{time}.tar.gz")
        );
        assert!(typed("sandbox").is_ok());
    }

    #[test]
    fn a_path_that_is_no_text_is_a_value() {
        let output = OsStr::from_bytes(b"-oa\xff");
        let line = [OsStr::new("run"), OsStr::new("a"), output].map(OsStr::to_owned);
        match take_apart(ALL, line.into_iter()) {
            Ok(Typed::Command(words)) => {
                assert_eq!(words.one("output").as_deref(), Some(OsStr::from_bytes(b"a\xff")))
            }
            _ => panic!("a command"),
        }
    }

    #[test]
    fn what_was_typed_can_be_typed_again() {
        let words = typed("run -q --token=abc -o x a -- -b").expect("well-formed");
        let again = words.typed_with("token", "token-file", OsStr::new("/dev/fd/3"));
        assert_eq!(again, ["run", "--quiet", "--token-file=/dev/fd/3", "--output=x", "--", "a", "-b"]);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, reason) in [
            ("", "no command given"),
            ("walk", "unknown command 'walk'"),
            ("runn", "unknown command 'runn'; did you mean 'run'?"),
            ("help inspct", "unknown command 'inspct'; did you mean 'inspect'?"),
            ("--quiet run", "unknown option --quiet; it is an option of 'host-min run'"),
            ("inspect a --replay b", "unknown option --replay; it is an option of 'host-min run'"),
            ("run a --grnt b", "unknown option --grnt; did you mean --grant?"),
            ("run a --Output=x", "unknown option --Output; did you mean --output?"),
            ("run a --colour", "unknown option --colour"),
            ("run", "<GUEST.wasm> is missing"),
            ("run a --out=x", "unknown option --out; did you mean --output?"),
            ("run a -x", "unknown option -x"),
            ("run a --quiet=no", "--quiet takes no value"),
            ("run a -q=no", "-q takes no value"),
            ("run a -o", "--output <DIR|FILE.tar.gz|-> needs a value"),
            ("run a -o x --output y", "--output is given twice"),
            ("inspect a b", "unexpected argument 'b'"),
            ("manifest", "<FILE> is missing"),
            ("manifest a", "<GUEST.wasm> is missing"),
            ("manifest a b c", "unexpected argument 'c'"),
            ("sandbox a", "unexpected argument 'a'"),
            ("run -qh", "help"),
            ("help inspect", "help"),
        ] {
            assert_eq!(typed(line).err().as_deref(), Some(reason), "{line}");
        }
    }
    #[test]
    fn host_min_passes_on_what_it_does_not_have() {
        let of = |line: &str| take_apart(HOST_MIN, line.split_whitespace().map(OsString::from));
        for line in ["inspect a --grant=b", "push -x", "serve c", "help merge"] {
            let Ok(Typed::Program(_, words)) = of(line) else { panic!("{line} is not passed on") };
            let expected = line.replace("help merge", "merge --help");
            assert_eq!(words, expected.split(' ').collect::<Vec<_>>());
        }
        assert!(matches!(of("run a"), Ok(Typed::Command(_))));
        let names = |entries: &[Entry]| entries.iter().map(|entry| entry.name).collect::<Vec<_>>();
        assert_eq!(names(ALL), names(HOST_MIN));
    }
}
