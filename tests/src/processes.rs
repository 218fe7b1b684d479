//! Processes, as `/proc` has them (proc(5)).

use std::process::Command;
use std::time::{Duration, Instant};

/// The children of a process that are not only waited for.
pub fn children(parent: u32) -> Vec<u32> {
    let entries = std::fs::read_dir("/proc").expect("/proc").flatten();
    let ids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    ids.filter(|id| status(*id).is_some_and(|(state, of)| of == parent && state != "Z")).collect()
}

/// All that it started, and what they started.
pub fn descendants(parent: u32) -> Vec<u32> {
    children(parent).into_iter().flat_map(|child| [vec![child], descendants(child)].concat()).collect()
}

/// Its state and its parent.
fn status(id: u32) -> Option<(String, u32)> {
    let text = std::fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    // Behind the name of its program, which may hold anything.
    let mut words = text.rsplit_once(')')?.1.split_whitespace();
    Some((words.next()?.to_owned(), words.next()?.parse().ok()?))
}

/// One of the masks in its `status`: `CapEff`, `SigCgt`, … .
pub fn mask_of(id: u32, field: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).expect("its status");
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).expect("a mask");
    u64::from_str_radix(line.trim(), 16).expect("a mask in hexadecimal digits")
}

/// Whether it runs; one that nobody has waited for does not.
pub fn runs(id: u32) -> bool {
    status(id).is_some_and(|(state, _)| !["Z", "X"].contains(&&*state))
}

/// Sends it a signal.
pub fn send(signal: &str, id: u32) {
    let sent = Command::new("kill").arg(format!("-{signal}")).arg(id.to_string()).status().expect("kill");
    assert!(sent.success(), "no signal {signal} could be sent to {id}");
}

/// Waits until something is so.
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_so() {
        assert!(begin.elapsed() < Duration::from_secs(20), "not within 20 s: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}
