//! `inspect`, the help texts, and completions.

use crate::requests::selective;
use serde_json::{Value, json};
use tests::host::Host;
use tests::{golden, guest, place, programs};

#[test]
fn inspect_tells_what_a_guest_can_do() {
    for name in programs::examples() {
        let json = Host::new(["inspect", "--json"]).arg(programs::guest(&name)).wait();
        let json: Value = serde_json::from_str(&json.expect_success().stdout_text()).expect("JSON");
        assert_eq!((&json["name"], &json["abi"]), (&json!(name), &json!(1)));
        assert_eq!(
            json["module"]["bytes"],
            std::fs::metadata(programs::guest(&name)).expect("a guest").len()
        );
        assert!(json["memory"]["initialPages"].as_u64() >= Some(1) && json["functions"].as_u64() >= Some(1));
        let text = Host::new(["inspect"]).arg(programs::guest(&name)).wait();
        let text = text.expect_success().stdout_text();
        for import in json["imports"].as_array().expect("imports") {
            assert!(text.contains(import.as_str().expect("a name")), "{text}");
        }
        for read in json["reads"].as_array().expect("reads") {
            // Wildcards are told in words.
            let shown = if read["means"].is_string() { &read["means"] } else { &read["resource"] };
            assert!(text.contains(shown.as_str().expect("a resource")), "{text}");
        }
    }
    let module = guest::write(place().keep().as_path(), "selective", &selective());
    let text = Host::new(["inspect"]).arg(&module).wait();
    golden::check("inspect.txt", &text.expect_success().stdout_text());
    std::fs::remove_dir_all(module.parent().expect("a folder")).expect("our own folder");
    Host::new(["inspect", "not-there.wasm"]).wait().expect_code(3);
}

#[test]
fn help_names_every_exit_code_and_option() {
    let help = Host::new(["--help"]).wait().expect_success().stdout_text();
    golden::check("help.txt", &help);
    let run_help = Host::new(["run", "--help"]).wait().expect_success().stdout_text();
    golden::check("help-run.txt", &run_help);
    let deliver_help = Host::new(["deliver", "--help"]).wait().expect_success().stdout_text();
    golden::check("help-deliver.txt", &deliver_help);
    for text in [&help, &run_help] {
        for code in 0..=10 {
            assert!(
                text.contains(&format!("\n  {code}  ")),
                "the exit code {code} is not explained in\n{text}"
            );
        }
    }
    assert_eq!(
        Host::new(["--version"]).wait().expect_success().stdout_text(),
        format!("host-min {}\n", env!("CARGO_PKG_VERSION"))
    );
    // No words at all is a question, and gets the help.
    let nothing = Host::new([""; 0]).wait();
    nothing.expect_code(2);
    assert!(nothing.stderr.contains("Usage:") || nothing.stdout_text().contains("Usage:"));
}

#[test]
fn completions_for_each_shell() {
    for (shell, mark) in
        [("bash", "complete -F"), ("fish", "complete -c host-min"), ("zsh", "#compdef host-min")]
    {
        let script = Host::new(["completions", shell]).wait().expect_success().stdout_text();
        assert!(script.contains(mark) && script.contains("replay"), "{shell}:\n{script}");
        assert!(
            !script.replace("require-sandbox", "").replace("every sandbox mechanism", "").contains("sandbox"),
            "a hidden command is offered by {shell}"
        );
        for words in ["auto always never", "text json", "auto gzip none"] {
            assert!(script.contains(words), "{shell} does not offer {words}:\n{script}");
        }
    }
}

/// What bash offers behind these words, the last of which is begun.
fn completed(words: &[&str]) -> Vec<String> {
    let script = Host::new(["completions", "bash"]).wait().expect_success().stdout_text();
    let ask = "COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); _host_min; printf '%s\\n' \"${COMPREPLY[@]}\"";
    let mut bash = std::process::Command::new("bash");
    bash.args(["-c", &format!("{script}{ask}"), "bash", "host-min"]).args(words);
    let output = bash.output().expect("bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).split_whitespace().map(str::to_owned).collect()
}

#[test]
fn bash_completes_the_words_of_an_option() {
    assert_eq!(completed(&["run", "--progress", ""]), ["auto", "always", "never"]);
    assert_eq!(completed(&["run", "a.wasm", "--progress", "a"]), ["auto", "always"]);
    assert_eq!(completed(&["run", "--log-format", "j"]), ["json"]);
    assert_eq!(completed(&["run", "--compression", "gz"]), ["gzip"]);
    assert_eq!(completed(&["run", "--timeout", ""]), [""; 0]);
    assert_eq!(completed(&["completions", "z"]), ["zsh"]);
    assert!(completed(&["run", "--prog"]).contains(&"--progress".to_owned()));
}
