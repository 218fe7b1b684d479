//! Measures the transport alone: it reads all pages of a list from a real API server and discards them.
//!
//! `cargo run --profile dist -p tests --bin bench-transport KUBECONFIG PATH ROUNDS [WORD...]`. PATH is a path such as
//! `/api/v1/pods`. The words are `gzip` (request compressed answers), `anew` (a new connection for each page),
//! `limit=N` (items per page; default 500) and `pid=N` (also print the CPU time of this process, the server). It
//! prints one line per round: wall-clock seconds, CPU seconds of this process and of the server (in hundredths),
//! pages and bytes.

use host_min::{Accept, Call, ClusterOptions, Compression, Source};
use std::error::Error;
use std::io::{Read, Write};
use std::time::{Duration, Instant};
use wagather_kube::cluster;
use wagather_kube::cluster::Cluster;

/// What the host reads at once.
const BUFFER_BYTES: usize = 64 << 10;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let mut words = std::env::args().skip(1);
    let (Some(kubeconfig), Some(path), Some(rounds)) = (words.next(), words.next(), words.next()) else {
        return Err("bench-transport KUBECONFIG PATH ROUNDS [gzip] [anew] [limit=N] [pid=N]".into());
    };
    let words: Vec<String> = words.collect();
    let has = |wanted: &str| words.iter().any(|word| word == wanted);
    let after = |prefix: &str| words.iter().find_map(|word| word.strip_prefix(prefix));
    let (server, limit) = (after("pid="), after("limit=").unwrap_or("500"));
    let path = format!("{path}?limit={limit}");
    let compression = if has("gzip") { Compression::Gzip } else { Compression::None };
    let options =
        ClusterOptions { kubeconfig: Some(kubeconfig.into()), compression, ..ClusterOptions::default() };
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut out = std::io::stdout().lock();
    for _ in 0..rounds.parse()? {
        let mut cluster = cluster::open(&options)?;
        let (begin, own, servers) = (Instant::now(), own_time()?, servers_time(server)?);
        let (mut pages, mut bytes, mut token) = (0, 0, String::new());
        loop {
            if pages > 0 && has("anew") {
                cluster = cluster::open(&options)?;
            }
            let (len, next) = page(&cluster, &path, &token, &mut buffer)?;
            (pages, bytes, token) = (pages + 1, bytes + len, next);
            if token.is_empty() {
                break;
            }
        }
        let (wall, own) = (begin.elapsed(), own_time()? - own);
        let servers = servers_time(server)? - servers;
        writeln!(
            out,
            "wall {:.3} own {:.4} server {:.2} pages {pages} bytes {bytes}",
            wall.as_secs_f64(),
            own.as_secs_f64(),
            servers.as_secs_f64()
        )?;
    }
    Ok(())
}

/// Reads a page; gives its bytes and the token of the next one, which the server puts before the items.
fn page(cluster: &Cluster, path: &str, token: &str, buffer: &mut [u8]) -> Result<(u64, String)> {
    let path_and_query = match token {
        "" => path.to_owned(),
        token => format!("{path}&continue={token}"),
    };
    let call =
        Call { path_and_query, accept: Accept::Json, deadline: Instant::now() + Duration::from_secs(60) };
    let response = cluster.send(&call).map_err(|no_answer| no_answer.reason)?;
    if response.status != 200 {
        return Err(format!("HTTP {}", response.status).into());
    }
    let mut body = response.body;
    let (mut bytes, mut start) = (0, Vec::new());
    loop {
        let len = body.read(buffer)?;
        if len == 0 {
            break;
        }
        if start.len() < 4096 {
            start.extend_from_slice(&buffer[..len.min(4096)]);
        }
        bytes += len as u64;
    }
    Ok((bytes, token_of(&String::from_utf8_lossy(&start))))
}

fn token_of(start: &str) -> String {
    let token = start.split_once("\"continue\":\"").and_then(|(_, rest)| rest.split_once('"'));
    token.map(|(token, _)| token.to_owned()).unwrap_or_default()
}

/// How long this thread, the only one, had a processor (the first number of schedstat, in nanoseconds).
fn own_time() -> Result<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    let nanos = text.split(' ').next().ok_or("no time in schedstat")?;
    Ok(Duration::from_nanos(nanos.parse()?))
}

/// The same of the server's process, in user and kernel, which the kernel counts in hundredths of a second.
fn servers_time(pid: Option<&str>) -> Result<Duration> {
    let Some(pid) = pid else { return Ok(Duration::ZERO) };
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let (_, fields) = text.rsplit_once(')').ok_or("no process in stat")?;
    let mut times = fields.split_whitespace().skip(11);
    let mut ticks = || -> Result<u64> { Ok(times.next().ok_or("no times in stat")?.parse()?) };
    Ok(Duration::from_millis((ticks()? + ticks()?) * 10))
}
