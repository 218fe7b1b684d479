//! A program that embeds the host: one run with any helper, for tests that measure the memory of the broker.
//!
//! ```text
//! embedder HELPER SERVER OUTPUT TIMEOUT_MILLIS GUEST…
//! ```
//!
//! It prints the library's messages to stderr unchanged: each log line, then each failure. It prints its peak
//! physical memory in bytes to stdout. Its exit code is that of the command line.
use host_min::{ClusterOptions, Failure, Input, Isolation, Observer, Output, Plan, run};
use std::io::Write;
use std::process::ExitCode;
use std::time::Duration;
use wagather_abi::LogLevel;

/// Shows each line as it comes.
struct Lines;

impl Observer for Lines {
    fn log(&self, gatherer: &str, level: LogLevel, text: &str) {
        eprintln!("{gatherer}: {}: {text}", level.name());
    }
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [helper, server, output, timeout, guests @ ..] = &words[..] else {
        eprintln!("usage: embedder HELPER SERVER OUTPUT TIMEOUT_MILLIS GUEST…");
        return ExitCode::from(2);
    };
    let options = ClusterOptions { server: Some(server.clone()), ..Default::default() };
    let isolation = Isolation::Helper { program: helper.into(), args: Vec::new() };
    let mut plan = Plan::new(Input::Cluster(Box::new(options)), Output::Folder(output.into()), isolation);
    plan.timeout = Duration::from_millis(timeout.parse().expect("milliseconds"));
    let failures = guests.iter().try_for_each(|guest| plan.add_file(guest)).and_then(|()| run(&plan, &Lines));
    let failures: Vec<Failure> = failures.map_or_else(|failure| vec![failure], |outcome| outcome.failures);
    for failure in &failures {
        eprintln!("error: {failure}");
    }
    let written = writeln!(std::io::stdout(), "{}", peak_rss_bytes());
    written.expect("a standard output");
    ExitCode::from(failures.first().map_or(0, |failure| failure.class.exit_code()))
}

/// What Linux says in `/proc` (proc(5), `VmHWM`).
fn peak_rss_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("VmHWM");
    let kib = line.trim().trim_end_matches(" kB").trim();
    kib.parse::<u64>().expect("a number") << 10
}
