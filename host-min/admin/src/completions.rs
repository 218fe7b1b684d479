//! Completion scripts for shells, generated from the table.

use std::fmt::Write as _;
use wagather_cli::programs::{ALL, Entry};
use wagather_cli::table::{Command, Flag, Value};

/// The script for a shell; `None` for an unknown shell.
pub(crate) fn script(shell: &str) -> Option<String> {
    Some(match shell {
        "bash" => bash(),
        "fish" => fish(),
        "zsh" => zsh(),
        _ => return None,
    })
}

fn commands() -> impl Iterator<Item = &'static Command> {
    ALL.iter().filter_map(Entry::command).filter(|command| !command.hidden)
}

/// Commands whose options only their programs know.
fn programs() -> impl Iterator<Item = &'static Entry> {
    ALL.iter().filter(|entry| entry.command().is_none())
}

fn options(command: &Command) -> impl Iterator<Item = &Flag> {
    command.options.iter().filter(|flag| !flag.hidden)
}

/// A short description of an option, for a list.
fn brief(help: &str) -> String {
    let end = help.find([':', ';', ',']).unwrap_or(help.len());
    help[..end].to_owned()
}

fn bash() -> String {
    let shown = ALL.iter().filter(|entry| !entry.is_hidden());
    let names: Vec<&str> = shown.map(|entry| entry.name).collect();
    let mut text = format!(
        "_host_min() {{\n    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}}\n    \
         if [ \"$COMP_CWORD\" -eq 1 ]; then\n        \
         COMPREPLY=($(compgen -W '{} help --help --version' -- \"$cur\"))\n        return\n    fi\n    \
         case ${{COMP_WORDS[1]}} in\n",
        names.join(" ")
    );
    for command in commands() {
        let mut words = String::new();
        let (mut paths, mut texts, mut fixed) = (Vec::new(), Vec::new(), String::new());
        for flag in options(command) {
            let _ = write!(words, "--{} ", flag.long);
            let kinds = match flag.value {
                Some((_, Value::Path)) => &mut paths,
                Some((_, Value::Text)) => &mut texts,
                Some((_, Value::Words(words))) => {
                    let words = words.join(" ");
                    let _ = writeln!(
                        fixed,
                        "        --{}) COMPREPLY=($(compgen -W '{words}' -- \"$cur\")); return ;;",
                        flag.long
                    );
                    continue;
                }
                None => continue,
            };
            kinds.push(format!("--{}", flag.long));
            kinds.extend(flag.short.map(|short| format!("-{short}")));
        }
        let _ = write!(text, "    {})\n        case $prev in\n{fixed}", command.name);
        if !paths.is_empty() {
            let _ = writeln!(
                text,
                "        {}) COMPREPLY=($(compgen -f -- \"$cur\")); return ;;",
                paths.join("|")
            );
        }
        if !texts.is_empty() {
            let _ = writeln!(text, "        {}) return ;;", texts.join("|"));
        }
        let operands = match command.operands.last().map(|operand| operand.kind) {
            Some(Value::Path) => "-f".to_owned(),
            Some(Value::Words(words)) => format!("-W '{}'", words.join(" ")),
            _ => "-W ''".to_owned(),
        };
        let _ = write!(
            text,
            "        esac\n        if [[ $cur == -* ]]; then\n            \
             COMPREPLY=($(compgen -W '{words}--help' -- \"$cur\"))\n        else\n            \
             COMPREPLY=($(compgen {operands} -- \"$cur\"))\n        fi\n        ;;\n"
        );
    }
    for program in programs() {
        let _ = writeln!(text, "    {}) COMPREPLY=($(compgen -f -- \"$cur\")) ;;", program.name);
    }
    let _ = writeln!(text, "    help) COMPREPLY=($(compgen -W '{}' -- \"$cur\")) ;;", names.join(" "));
    text + "    esac\n}\ncomplete -F _host_min -o filenames host-min\n"
}

fn fish() -> String {
    let mut text = "complete -c host-min -f\ncomplete -c host-min -s h -l help -d 'Print help'\n".to_owned();
    for command in commands() {
        let (name, about) = (command.name, quoted(command.about));
        let _ = writeln!(text, "complete -c host-min -n __fish_use_subcommand -a {name} -d {about}");
        let begin = format!("complete -c host-min -n '__fish_seen_subcommand_from {name}'");
        match command.operands.last().map(|operand| operand.kind) {
            Some(Value::Path) => _ = writeln!(text, "{begin} -F"),
            Some(Value::Words(words)) => _ = writeln!(text, "{begin} -a '{}'", words.join(" ")),
            _ => {}
        }
        for flag in options(command) {
            let short = flag.short.map_or_else(String::new, |short| format!(" -s {short}"));
            let value = match flag.value {
                Some((_, Value::Path)) => " -r -F".to_owned(),
                Some((_, Value::Text)) => " -x".to_owned(),
                Some((_, Value::Words(words))) => format!(" -x -a '{}'", words.join(" ")),
                None => String::new(),
            };
            let _ = writeln!(text, "{begin}{short} -l {}{value} -d {}", flag.long, quoted(&brief(flag.help)));
        }
    }
    for program in programs() {
        let (name, about) = (program.name, quoted(program.about));
        let _ = writeln!(text, "complete -c host-min -n __fish_use_subcommand -a {name} -d {about}");
        let _ = writeln!(text, "complete -c host-min -n '__fish_seen_subcommand_from {name}' -F");
    }
    text
}

fn zsh() -> String {
    let mut text = "#compdef host-min\n_host-min() {\n  local -a commands=(\n".to_owned();
    for command in commands() {
        let _ = writeln!(text, "    {}", quoted(&format!("{}:{}", command.name, command.about)));
    }
    for program in programs() {
        let _ = writeln!(text, "    {}", quoted(&format!("{}:{}", program.name, program.about)));
    }
    text += "  )\n  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n  \
             shift words\n  (( CURRENT-- ))\n  case $words[1] in\n";
    for command in commands() {
        let _ = write!(text, "  {}) _arguments -s '(- *)'{{-h,--help}}'[Print help]'", command.name);
        for flag in options(command) {
            let value = match flag.value {
                Some((_, Value::Path)) => ":file:_files".to_owned(),
                Some((_, Value::Text)) => ":value:".to_owned(),
                Some((_, Value::Words(words))) => format!(":word:({})", words.join(" ")),
                None => String::new(),
            };
            let rest = quoted(&format!("[{}]{value}", brief(flag.help)));
            let repeated = if flag.many { "'*'" } else { "" };
            let _ = match flag.short {
                Some(short) => write!(text, " \\\n    '(-{short} --{0})'{{-{short},--{0}}}{rest}", flag.long),
                None => write!(text, " \\\n    {repeated}--{}{rest}", flag.long),
            };
        }
        let operand = match command.operands.last().map(|operand| operand.kind) {
            Some(Value::Path) => " \\\n    '*:file:_files'".to_owned(),
            Some(Value::Words(words)) => format!(" \\\n    '1:word:({})'", words.join(" ")),
            _ => String::new(),
        };
        text += &format!("{operand} ;;\n");
    }
    for program in programs() {
        let _ = writeln!(text, "  {}) _files ;;", program.name);
    }
    text + "  esac\n}\nif [ \"$funcstack[1]\" = _host-min ]; then _host-min \"$@\"; else compdef _host-min host-min; fi\n"
}

/// Quotes a word for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use wagather_cli::table::{ENGINES, SHELLS};

    #[test]
    fn every_shell_completes_every_option() {
        for shell in SHELLS {
            let script = script(shell).expect(shell);
            for command in commands() {
                assert!(script.contains(command.name), "{shell} {}", command.name);
                assert!(options(command).all(|flag| script.contains(flag.long)), "{shell} {}", command.name);
            }
            assert!(programs().all(|program| script.contains(program.about) || shell == &"bash"));
            let shown = script.replace("require-sandbox", "").replace("every sandbox mechanism", "");
            assert!(!shown.contains("sandbox"), "{shell}: a hidden command");
        }
        assert_eq!(script("tcsh"), None);
    }

    #[test]
    fn every_shell_completes_the_words_of_an_option() {
        let run = commands().find(|command| command.name == "run").expect("a command");
        for (long, words) in [
            ("progress", "auto always never"),
            ("log-format", "text json"),
            ("compression", "auto gzip none"),
            ("engine", &*ENGINES.join(" ")),
        ] {
            for (shell, completed) in [
                ("bash", format!("--{long}) COMPREPLY=($(compgen -W '{words}' ")),
                ("fish", format!(" -l {long} -x -a '{words}' ")),
                ("zsh", format!("--{long}'[")),
            ] {
                let script = script(shell).expect(shell);
                let line = script.lines().find(|line| line.contains(&completed));
                let is_offered = options(run).any(|flag| flag.long == long);
                assert_eq!(line.is_some(), is_offered, "{shell} {long}");
                let ends = |line: &str| shell != "zsh" || line.contains(&format!("]:word:({words})'"));
                assert!(line.is_none_or(ends), "{shell} {long}: {line:?}");
            }
        }
    }
}
