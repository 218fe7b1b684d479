//! Exec plugins of several clusters: none prompts, their output is not mixed, and none outlives the run.

use super::{index, operators, said};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use tests::certificates::Authority;
use tests::kubeconfig::Contexts;
use tests::objects;
use tests::processes::{runs, until};

const HEAD: &str = r#""apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential""#;

/// A user whose plugin is this shell script.
fn user(folder: &Path, name: &str, mode: &str, script: &str) -> Value {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("a plugin");
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).expect("a plugin that may run");
    json!({ "exec": {
        "apiVersion": "client.authentication.k8s.io/v1", "interactiveMode": mode, "command": path,
    }})
}

#[test]
fn plugins_do_not_fight_over_the_terminal_and_are_heard_by_their_cluster() {
    let (place, authority) = (tests::place(), Authority::new("the authority"));
    let folder = place.path();
    std::fs::write(folder.join("ca.pem"), authority.pem()).expect("a certificate");
    let server = objects::server().start_tls(&authority.server("127.0.0.1"));
    let cluster = || json!({ "server": server.url(), "certificate-authority": folder.join("ca.pem") });
    // What it is told goes to its stderr, what it reads from its stdin into its token; and it leaves a program behind.
    let telling = format!(
        "echo \"$KUBERNETES_EXEC_INFO\" | sed 's/.*\\(\"interactive\":[a-z]*\\).*/\\1/' >&2
         printf 'no end of line' >&2
         if (true </dev/tty) 2>/dev/null; then echo 'could ask' >&2; fi
         sleep 300 >/dev/null 2>&1 & echo $! > \"$0.left\"
         token=$(cat); printf '{{{HEAD},\"status\":{{\"token\":\"t%s\"}}}}' \"$token\""
    );
    let kubeconfig = Contexts::new()
        .add_with("one", cluster(), user(folder, "one", "IfAvailable", &telling))
        .add_with("two", cluster(), user(folder, "two", "IfAvailable", &telling))
        .add_with("asks", cluster(), user(folder, "asks", "Always", &telling))
        .write(folder.join("config"));
    let output = folder.join("fleet");
    let done = operators(&kubeconfig).args(["--all-contexts"]).output(&output).wait();
    done.expect_code(5);
    let (_, rows) = index(&output);
    for context in ["one", "two"] {
        assert_eq!(rows[context]["status"], "complete", "{:#}", rows[context]);
        let lines = said(&done, context);
        assert_eq!(lines[0], format!("{context}: \"interactive\":false"), "{}", done.stderr);
        assert_eq!(lines[1], format!("{context}: no end of line"));
        assert!(lines[2].contains(": complete: ") || lines[3].contains(": complete: "), "{lines:?}");
        assert!(!done.stderr.contains("could ask"));
        let left = std::fs::read_to_string(folder.join(format!("{context}.left"))).expect("a number");
        let left = left.trim().parse().expect("a number");
        until("what a plugin left ends with the run", || !runs(left));
    }
    let reason = rows["asks"]["failures"][0]["reason"].as_str().expect("a reason");
    assert!(reason.contains("needs a terminal (interactiveMode: Always)"), "{reason}");
    assert!(!folder.join("asks.left").exists(), "it was not even started");
    let tokens: Vec<_> =
        server.seen().iter().map(|seen| seen.header("authorization").map(str::to_owned)).collect();
    assert_eq!(tokens, [Some("Bearer t".to_owned()), Some("Bearer t".to_owned())]);
}
