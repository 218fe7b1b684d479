//! The part `peers`: start-up of a gatherer in the host, compared with other engines without a sandbox, and with
//! programs and clients that do the same natively.
//!
//! It has three slices: plain HTTP, TLS, and modules from 1 KB to 10 MB. Each slice is measured separately and has
//! its own files below `target/bench`; the page is made from the files that exist. So a slice can be measured again
//! when a machine is quiet for a minute.

mod chart;
mod contenders;
mod growth;
mod kept;
mod modules;
mod page;
mod rounds;
mod server;

use crate::document::{Section, machine};
use crate::{Result, contender, number_of, print, tell};
use contenders::{Missing, PLACE, Run};
use kept::Kept;
use rounds::{Look, Sample};
use server::Server;
use std::collections::BTreeSet;
use std::path::PathBuf;

const DEFAULT_ROUNDS: usize = 120;
/// The slices, by the names of their files.
const SLICES: [&str; 3] = ["plain", "tls", "growth"];

/// Measures.
pub(crate) fn section() -> Result<Section> {
    let rounds = number_of("WAGATHER_BENCH_PEERS_ROUNDS", DEFAULT_ROUNDS)?;
    let typed = std::env::var("WAGATHER_BENCH_PEERS").unwrap_or_else(|_| SLICES.join(","));
    let wanted: Vec<&str> = typed.split(',').collect();
    if let Some(unknown) = wanted.iter().find(|word| !SLICES.contains(word)) {
        return Err(format!("WAGATHER_BENCH_PEERS has '{unknown}'; there are {}", SLICES.join(", ")));
    }
    std::fs::create_dir_all(PLACE).map_err(|error| format!("cannot make {PLACE}: {error}"))?;
    for slice in wanted {
        tell(&format!("peers, {slice}"));
        let made = machine();
        let (rows, missing) = match slice {
            "plain" => plain(rounds)?,
            "tls" => tls(rounds)?,
            _ => growth::measure()?,
        };
        Kept { made: made.trim().to_owned(), rows, missing }.save(slice)?;
    }
    let (text, files) = page::write()?;
    print(&text)?;
    // The page is a document of its own.
    Ok(Section { name: "peers", title: "Peers", text: String::new(), files })
}

/// What was measured of a contender.
struct Row {
    contender: String,
    /// The letter of its task, or the bytes of its module.
    what: String,
    look: Option<Look>,
    samples: Vec<Sample>,
}

type Measured = (Vec<Row>, Missing);

fn plain(rounds: usize) -> Result<Measured> {
    let server = Server::start(false)?;
    let kubeconfig = kubeconfig(&server, "plain.yaml", "")?;
    let (runs, missing) = contenders::plain(server.port, &kubeconfig)?;
    Ok((measured(&runs, &server, rounds)?, missing))
}

fn tls(rounds: usize) -> Result<Measured> {
    let server = Server::start(true)?;
    let (ca, token) = (format!("{PLACE}/ca.pem"), format!("{PLACE}/token"));
    kept::write(&ca, &server.ca)?;
    kept::write(&token, TOKEN)?;
    let absolute = |path: &str| {
        let path = std::path::Path::new(path).canonicalize();
        path.map_err(|error| format!("cannot find {PLACE}: {error}")).map(|path| path.display().to_string())
    };
    let kubeconfig = kubeconfig(&server, "tls.yaml", &absolute(&ca)?)?;
    let (runs, missing) = contenders::tls(server.port, &ca, &token, &kubeconfig);
    Ok((measured(&runs, &server, rounds.div_ceil(2))?, missing))
}

const TOKEN: &str = "the-token-of-the-bench";

/// A kubeconfig for the server; with a file of its authority, over TLS and with a token.
fn kubeconfig(server: &Server, name: &str, ca: &str) -> Result<String> {
    let path = format!("{PLACE}/{name}");
    let (scheme, cluster, user) = if ca.is_empty() {
        ("http", String::new(), "{}".to_owned())
    } else {
        ("https", format!("certificate-authority: {ca}, "), format!("{{token: {TOKEN}}}"))
    };
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: bench\n\
         contexts: [{{name: bench, context: {{cluster: bench, user: bench}}}}]\n\
         clusters: [{{name: bench, cluster: {{{cluster}server: \"{scheme}://127.0.0.1:{}\"}}}}]\n\
         users: [{{name: bench, user: {user}}}]\n",
        server.port
    );
    kept::write(&path, &text)?;
    Ok(path)
}

fn measured(runs: &[Run], server: &Server, rounds: usize) -> Result<Vec<Row>> {
    let files: BTreeSet<&PathBuf> = runs.iter().flat_map(|run| &run.files).collect();
    files.into_iter().try_for_each(|file| contender::write_anew(file))?;
    let looks = rounds::looks(runs, server)?;
    let samples = rounds::run(runs, server, rounds)?;
    let rows = runs.iter().zip(looks).zip(samples).map(|((run, look), samples)| Row {
        contender: run.name.to_owned(),
        what: run.task.letter().to_owned(),
        look: Some(look),
        samples,
    });
    Ok(rows.collect())
}
