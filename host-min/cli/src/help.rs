//! The help texts, generated from the table.

use crate::programs::Entry;
use crate::table::{ABOUT, Command, EXIT_CODES, Flag};
use std::fmt::Write as _;

/// The maximum width.
const COLUMNS: usize = 100;

/// The help of host-min.
pub fn program(entries: &[Entry]) -> String {
    let mut text = format!("{}\nUsage: host-min <COMMAND>\n\nCommands:\n", filled(ABOUT, 0));
    for entry in entries.iter().filter(|entry| !entry.is_hidden()) {
        let _ = writeln!(text, "  {:<11}  {}", entry.name, entry.about);
    }
    let _ = writeln!(text, "  {:<11}  Print this help, or that of a command", "help");
    text + "\nOptions:\n  -h, --help     Print help\n  -V, --version  Print version\n\n" + EXIT_CODES + "\n"
}

/// The help of a command.
pub fn command(command: &Command) -> String {
    let mut text = format!("{}\n\n{}\n", command.about, command.usage());
    for (index, operand) in command.operands.iter().enumerate() {
        let heading = if index == 0 { "\nArguments:\n" } else { "" };
        let dots = if operand.many { "..." } else { "" };
        let _ = write!(text, "{heading}  {}{dots}\n{}", operand.shown(), filled(operand.help, 10));
    }
    text += "\nOptions:\n";
    let shown = |heading| command.options.iter().filter(move |flag| !flag.hidden && flag.heading == heading);
    shown("").for_each(|flag| option(&mut text, flag));
    text += "  -h, --help\n          Print help\n";
    let mut headings: Vec<&str> = Vec::new();
    for flag in command.options.iter().filter(|flag| !flag.heading.is_empty()) {
        if !headings.contains(&flag.heading) {
            headings.push(flag.heading);
            let _ = write!(text, "\n{}:\n", flag.heading);
            shown(flag.heading).for_each(|flag| option(&mut text, flag));
        }
    }
    for part in command.epilogue {
        let _ = write!(text, "\n{part}\n");
    }
    text
}

fn option(text: &mut String, flag: &Flag) {
    let short = flag.short.map_or_else(|| "    ".to_owned(), |short| format!("-{short}, "));
    let default = flag.default.map_or_else(String::new, |default| format!(" [default: {default}]"));
    let _ = write!(text, "  {short}{}\n{}", flag.shown(), filled(&format!("{}{default}", flag.help), 10));
}

/// Wraps and indents a text.
fn filled(text: &str, indent: usize) -> String {
    let mut filled = String::new();
    for paragraph in text.split('\n') {
        let mut column = 0;
        for word in paragraph.split(' ') {
            let len = word.chars().count();
            if column == 0 || column + 1 + len > COLUMNS {
                let _ = write!(filled, "{}{:indent$}{word}", if column == 0 { "" } else { "\n" }, "");
                column = indent + len;
            } else {
                filled.push(' ');
                filled.push_str(word);
                column += 1 + len;
            }
        }
        filled.push('\n');
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::programs::{ALL, HOST_MIN};

    #[test]
    fn everything_that_can_be_typed_is_in_the_help_and_fits() {
        let commands: Vec<&Command> = ALL.iter().filter_map(Entry::command).collect();
        let all: String = commands.iter().map(|known| command(known)).collect::<String>() + &program(ALL);
        assert_eq!(program(ALL), program(HOST_MIN));
        for known in commands {
            assert!(known.hidden || program(ALL).contains(known.about));
            for flag in known.options {
                assert!(flag.hidden || all.contains(&format!("{}\n", flag.shown())), "{}", flag.long);
                assert!(!flag.help.is_empty() && !flag.help.ends_with('.'), "{}", flag.long);
            }
        }
        assert!(all.lines().all(|line| line.chars().count() <= 120 && !line.ends_with(' ')), "{all}");
    }
}
