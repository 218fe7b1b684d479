//! The TLS part of `start`: the same gatherers against a real API server, if one is running, compared with curl.
//!
//! The arrival of the first answer is not visible from outside a TLS connection, so a gatherer logs a line when it
//! has read its list.

use crate::contender::{HOST, module, quiet};
use crate::figures::{markdown, millis, quantile, row, sorted};
use crate::{Result, process};
use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Instant;

const VARIABLE: &str = "WAGATHER_APISERVER_DIR";

const NOT_RUNNING: &str = "\
Not measured, because WAGATHER_APISERVER_DIR is not set. To measure it (`make apiserver` needs Go):

    make apiserver
    target/apiserver/apiserver --dir target/apiserver/run &
    target/apiserver/apiserver load --dir target/apiserver/run
    WAGATHER_APISERVER_DIR=target/apiserver/run make bench
";

/// A program that asks the real server.
struct Client {
    name: &'static str,
    /// Whether it prints to stderr when it has read the answer.
    tells: bool,
    command: Box<dyn Fn() -> Command>,
}

/// The table, or how to get it.
pub(crate) fn table(rounds: usize) -> Result<String> {
    let Some(folder) = std::env::var_os(VARIABLE).map(PathBuf::from) else {
        return Ok(NOT_RUNNING.to_owned());
    };
    let clients = clients(&folder)?;
    let mut measured = vec![(Vec::new(), Vec::new()); clients.len()];
    // Each takes an order of magnitude longer than a plain start.
    for _ in 0..rounds.div_ceil(5) {
        for (client, (answers, exits)) in clients.iter().zip(&mut measured) {
            let (answer, exit) = once(client)?;
            answers.extend(answer);
            exits.push(exit);
        }
    }
    let mut rows =
        vec![row(&["program", "to the answer, read: median", "to its exit: min", "median", "p90"])];
    for (client, (answers, exits)) in clients.iter().zip(measured) {
        let (answers, exits) = (sorted(answers.into_iter()), sorted(exits.into_iter()));
        let answer = if answers.is_empty() { "-".to_owned() } else { millis(quantile(&answers, 0.5)) };
        let [median, p90] = [0.5, 0.9].map(|part| millis(quantile(&exits, part)));
        rows.push(vec![client.name.to_owned(), answer, millis(exits[0]), median, p90]);
    }
    Ok(markdown(&rows))
}

fn clients(folder: &std::path::Path) -> Result<Vec<Client>> {
    let ready = folder.join("ready.json");
    let failed = |why: String| {
        format!("cannot use {}, where {VARIABLE} says that a server runs: {why}", ready.display())
    };
    let text = std::fs::read(&ready).map_err(|error| failed(error.to_string()))?;
    let ready: serde_json::Value =
        serde_json::from_slice(&text).map_err(|error| failed(error.to_string()))?;
    let field = |pointer: &str| {
        let value = ready.pointer(pointer).and_then(serde_json::Value::as_str);
        value.map(str::to_owned).ok_or_else(|| failed(format!("it has no {pointer}")))
    };
    let kubeconfig = format!("{}/token.yaml", field("/kubeconfigs")?);
    let gatherer = |name: &'static str, tells| {
        let (module, kubeconfig) = (module(name), kubeconfig.clone());
        let command = Box::new(move || {
            let mut command = quiet(HOST);
            command.args(["run", &module, "--kubeconfig", &kubeconfig, "--output", "-"]);
            command
        });
        Client { name, tells, command }
    };
    let mut clients = vec![gatherer("cluster-operators", false), gatherer("degraded-operators", true)];
    if Command::new("curl").arg("--version").stdout(Stdio::null()).status().is_ok() {
        let url = format!("{}/apis/config.openshift.io/v1/clusteroperators?limit=500", field("/server")?);
        let (ca, token) = (field("/ca")?, format!("Authorization: Bearer {}", field("/users/admin/token")?));
        let command = Box::new(move || {
            let mut command = Command::new("curl");
            command
                .args(["--silent", "--fail", "--cacert", &ca, "--header", &token, &url])
                .stdout(Stdio::null());
            command
        });
        clients.push(Client { name: "curl, the same request", tells: false, command });
    }
    Ok(clients)
}

/// Seconds to the answer, where the program tells, and to its end.
fn once(client: &Client) -> Result<(Option<f64>, f64)> {
    let mut command = (client.command)();
    command.stderr(Stdio::piped());
    let mut running = process::start(command)?;
    let mut first = [0; 1];
    let mut told = String::new();
    let mut answer = None;
    if let Some(mut stderr) = running.child.stderr.take() {
        let read = stderr.read(&mut first);
        answer = (client.tells && matches!(read, Ok(1))).then(|| running.start.elapsed().as_secs_f64());
        told.push(char::from(first[0]));
        let _ = stderr.read_to_string(&mut told);
    }
    let start: Instant = running.start;
    let ended = running.wait(client.name).map_err(|why| format!("{why}\n{told}"))?;
    Ok((answer, (ended - start).as_secs_f64()))
}
