//! The part `projection`: the output of the program `bench-projection`, if it is built beside this one, for the pages
//! that the part `cluster` got from its server.

use crate::Result;
use crate::contender::WORK;
use crate::document::{Section, save};
use std::path::PathBuf;
use std::process::Command;
use tests::apiserver::Server;

const PROGRAM: &str = "bench-projection";
/// Where the pages are.
const PAGES: &str = "target/bench/pages";
/// How they were asked for.
const TARGET: &str = "/api/v1/pods?limit=500";

/// Runs it.
pub(crate) fn section() -> Result<Section> {
    let section = |text, files| Section { name: "projection", title: "Projection", text, files };
    let this = std::env::current_exe().map_err(|error| format!("cannot find this program: {error}"))?;
    let program = this.with_file_name(PROGRAM);
    if !program.is_file() {
        let text = format!("Not measured: {PROGRAM} is not built beside this program.\n");
        return Ok(section(text, Vec::new()));
    }
    let pages = pages()?;
    if pages.is_empty() {
        let text = format!("Not measured: {PAGES} has no pages; the part 'cluster' puts them there.\n");
        return Ok(section(text, Vec::new()));
    }
    let ended = Command::new(&program)
        .args(pages)
        .output()
        .map_err(|error| format!("cannot run {PROGRAM}: {error}"))?;
    if !ended.status.success() {
        return Err(format!("{PROGRAM} ended badly: {}", String::from_utf8_lossy(&ended.stderr)));
    }
    let text = String::from_utf8_lossy(&ended.stdout).into_owned();
    let file = save("projection.txt", &text)?;
    Ok(section(format!("{text}\nThe same as text is in {WORK}/{file}.\n"), vec![file]))
}

fn pages() -> Result<Vec<PathBuf>> {
    let Ok(entries) = std::fs::read_dir(PAGES) else { return Ok(Vec::new()) };
    let mut pages: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    pages.sort();
    Ok(pages)
}

/// Keeps all pods of a server, each page in a file.
pub(crate) fn keep_pages(server: &Server) -> Result<()> {
    let failed = |error: std::io::Error| format!("cannot write to {PAGES}: {error}");
    let _ = std::fs::remove_dir_all(PAGES);
    std::fs::create_dir_all(PAGES).map_err(failed)?;
    let mut token = String::new();
    for number in 0.. {
        let page = server.admin().get(&format!("{TARGET}{token}"));
        std::fs::write(format!("{PAGES}/{number:04}.json"), &page.body).map_err(failed)?;
        match page.json()["metadata"]["continue"].as_str() {
            Some(next) if !next.is_empty() => token = format!("&continue={next}"),
            _ => break,
        }
    }
    Ok(())
}
