//! The part `serve`: a service that stays. From a trigger to the first byte of the guest's request, runs a second, replacements, and memory at rest.

mod server;
mod service;

use crate::contender::WORK;
use crate::document::{Section, save};
use crate::figures::{grouped, markdown, millis, quantile, row, sorted};
use crate::{Result, number_of, tell};
use server::{OPERATORS, Server};
use service::{Service, replace};
use std::fmt::Write as _;
use std::process::Command;
use std::time::{Duration, Instant};
use tests::guest;

const ROUNDS: usize = 300;
const GATHERER: &str = "cluster-operators";
/// For the connection, the caches, and the sandbox that waits.
const UNCOUNTED: usize = 20;
/// Between two triggers, another sandbox is prepared.
const PAUSE: Duration = Duration::from_millis(20);
const REPLACEMENTS: usize = 60;
/// Clients that ask for runs at the same time, each for the next one when the last one has ended.
const CLIENTS: usize = 4;
const RATE_TIME: Duration = Duration::from_secs(5);
const RATE_ROUNDS: usize = 3;

/// Measures.
pub(crate) fn section() -> Result<Section> {
    let rounds = number_of("WAGATHER_BENCH_ROUNDS", ROUNDS)?;
    let mut csv = "what,value\n".to_owned();
    let mut note = |what: &str, values: &[f64]| {
        for value in values {
            let _ = writeln!(csv, "{what},{value:.3}");
        }
    };
    let mut rows = vec![row(&["what", "min", "median", "p90", "p99", "bar, for the median"])];
    let mut put = |what: &str, seconds: Vec<f64>, bar: &str| {
        let seconds = sorted(seconds.into_iter());
        let of = |part| millis(quantile(&seconds, part));
        rows.push(vec![what.to_owned(), of(0.0), of(0.5), of(0.9), of(0.99), bar.to_owned()]);
        seconds.iter().map(|seconds| seconds * 1e3).collect::<Vec<f64>>()
    };
    let mut resting = String::new();
    for (name, has_tls, bar) in [("plain socket", false, "0.3 ms"), ("TLS", true, "0.4 ms")] {
        tell(&format!("serve, {name}"));
        let server = Server::start(has_tls)?;
        let service = Service::start(if has_tls { "tls" } else { "plain" }, GATHERER, &server, None)?;
        let triggers = triggers(&service, &server, rounds)?;
        let values = put(&format!("trigger to the first byte of the guest's request, {name}"), triggers, bar);
        note(&format!("trigger to first byte {name} ms"), &values);
        std::thread::sleep(Duration::from_secs(1));
        let (kibibytes, processes) = service.memory()?;
        note(&format!("memory at rest {name} KiB"), &[kibibytes as f64]);
        let _ = writeln!(
            resting,
            "| at rest, {name}, API on | {processes} | {:.2} MB |",
            kibibytes as f64 * 1024.0 / 1e6
        );
    }
    let server = Server::start(false)?;
    tell("serve, replacements");
    let service = Service::start("replaced", GATHERER, &server, None)?;
    let values = put("change on disk to the new version being served", replacements(&service)?, "200 ms");
    note("replacement ms", &values);
    drop(service);
    tell("serve, runs per second");
    let mut rates = Vec::new();
    for _ in 0..RATE_ROUNDS {
        rates.push(rate(&server)?);
    }
    note("runs per second", &rates);
    let rates = sorted(rates.into_iter());
    let file = save("serve.csv", &csv)?;
    let text = format!(
        "`host-min serve` with the gatherer {GATHERER}, and a server on this machine with {OPERATORS} operators, whose connections stay open. {rounds} \
         triggers over the Unix socket, {} ms apart; {REPLACEMENTS} replacements, each by a rename, looked at every millisecond:\n\n{}\n\
         The memory of all processes, what they share counted once (PSS); the bar is 4 MB:\n\n| | processes | PSS |\n|---|---|---|\n{resting}\n\
         Runs a second with the service on one core, and {CLIENTS} clients and the server on another one, each run with its own sandbox and archive: **{}** (median of \
         {RATE_ROUNDS} rounds of {} s, {} to {}); the bar is 500.\n\nEvery round is in {WORK}/{file}.\n",
        PAUSE.as_millis(),
        markdown(&rows),
        grouped(quantile(&rates, 0.5) as u64),
        RATE_TIME.as_secs(),
        grouped(quantile(&rates, 0.0) as u64),
        grouped(quantile(&rates, 1.0) as u64),
    );
    Ok(Section { name: "serve", title: "A service", text, files: vec![file] })
}

fn triggers(service: &Service, server: &Server, rounds: usize) -> Result<Vec<f64>> {
    let mut client = service.client()?;
    let mut seconds = Vec::new();
    for round in 0..UNCOUNTED + rounds {
        std::thread::sleep(PAUSE);
        server.forget();
        let begin = client.run(GATHERER)?;
        // The first connection's first byte is not told, with TLS or without.
        if round > 0 {
            let took = server.first_byte()? - begin;
            if round >= UNCOUNTED {
                seconds.push(took.as_secs_f64());
            }
        }
    }
    Ok(seconds)
}

fn replacements(service: &Service) -> Result<Vec<f64>> {
    let mut client = service.client()?;
    let original =
        std::fs::read(&service.module).map_err(|error| format!("cannot read the module: {error}"))?;
    let mut seconds = Vec::new();
    for number in 1..=REPLACEMENTS {
        let module = guest::padded(original.clone(), number);
        let digest = host_min::ModuleFacts::of(&module).sha256;
        std::thread::sleep(PAUSE);
        let begin = Instant::now();
        replace(&service.module, &module)?;
        loop {
            let status = client.get(&format!("/v1/gatherers/{GATHERER}"))?;
            if status["digest"] == digest.as_str() {
                break;
            }
            if begin.elapsed() > Duration::from_secs(10) {
                return Err(format!("a replacement is not served: {status}"));
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        seconds.push(begin.elapsed().as_secs_f64());
    }
    Ok(seconds)
}

/// Runs a second, with the service on the first core and everything else on the others.
fn rate(server: &Server) -> Result<f64> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let service = Service::start("rate", GATHERER, server, Some("0"))?;
    let own = std::process::id().to_string();
    let pin = |to: &str| {
        let done = Command::new("taskset").args(["-a", "-c", "-p", to, &own]).output();
        let done = done.map_err(|error| format!("cannot start taskset: {error}"))?;
        if done.status.success() { Ok(()) } else { Err(String::from_utf8_lossy(&done.stderr).into_owned()) }
    };
    if cores > 1 {
        pin(&format!("1-{}", cores - 1))?;
    }
    let counted = std::thread::scope(|scope| {
        let begin = Instant::now();
        let workers: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let service = &service;
                scope.spawn(move || -> Result<u64> {
                    let (mut client, mut runs) = (service.client()?, 0);
                    while begin.elapsed() < RATE_TIME {
                        client.run(GATHERER)?;
                        runs += 1;
                    }
                    Ok(runs)
                })
            })
            .collect();
        let runs: Result<Vec<u64>> = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|_| Err("a client panicked".into())))
            .collect();
        runs.map(|runs| runs.iter().sum::<u64>() as f64 / begin.elapsed().as_secs_f64())
    });
    server.forget();
    if cores > 1 {
        pin(&format!("0-{}", cores - 1))?;
    }
    counted
}
