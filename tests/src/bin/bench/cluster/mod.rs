//! The part `cluster`: all pods of a real API server, read by the host and by the programs that it is compared with.
//!
//! It starts, fills and stops one API server. For each number of pods, it first runs every reader once without
//! timing, to measure its peak memory, its requests and its traffic, and to check its answer. Then it runs timed
//! rounds. Each round runs every reader once, starting with a different one, so other load affects all of them
//! equally.

mod everything;
mod links;
mod readers;
mod wire;

use crate::document::{Section, save};
use crate::figures::{grouped, markdown, median, row};
use crate::usage::{Memory, Time};
use crate::{Result, long_rounds, projection, tell};
pub(crate) use everything::section as everything;
pub(crate) use links::section as links;
use readers::{Place, Reader, Seen};
use std::path::Path;
use tests::apiserver::Server;
use wire::Wire;

const APISERVER: &str = "target/apiserver/apiserver";
/// The files of rounds.
pub(crate) const TIMES: &str = "cluster-times.csv";
/// The files of looks.
pub(crate) const LOOKS: &str = "cluster-looks.csv";

/// How often each reader's memory is looked at; the largest counts.
const TIMES_LOOKED: usize = 2;

/// What was measured of one reader.
struct Measured {
    memory: Memory,
    seen: Seen,
    wire_bytes: u64,
    /// By round; those that take long are not in all of them.
    times: Vec<Option<Time>>,
}

/// Measures.
pub(crate) fn section() -> Result<Section> {
    let section = |text, files| Section { name: "cluster", title: "Large clusters", text, files };
    if !Path::new(APISERVER).is_file() {
        let text =
            format!("Not measured: {APISERVER} is not there; 'make apiserver' builds it, and needs Go.\n");
        return Ok(section(text, Vec::new()));
    }
    let sizes = sizes()?;
    let rounds = long_rounds()?;
    let readers = readers::all()?;
    let server = Server::start();
    let mut text = String::new();
    let mut times = "pods,round,reader,wall_us,user_us,system_us\n".to_owned();
    let mut looks = "pods,reader,peak_rss_kib,peak_pss_kib,requests,body_bytes,wire_bytes\n".to_owned();
    for pods in sizes {
        tell(&format!("filling the API server: {pods} pods"));
        server.load(32, pods);
        if times.lines().count() == 1 {
            projection::keep_pages(&server)?;
        }
        let measured = measure(&server, &readers, pods, rounds)?;
        for (reader, measured) in readers.iter().zip(&measured) {
            times += &times_of(reader, measured, pods);
            looks += &look_of(reader, measured, pods);
        }
        text += &format!(
            "{} pods, {rounds} rounds, interleaved:\n\n{}\n",
            grouped(pods as u64),
            table(&readers, &measured)
        );
    }
    text += NOTES;
    if !readers.iter().any(Reader::is_kubectl) {
        text += "\nThe tables lack `kubectl`, because it is not on the PATH of the machine.\n";
    }
    Ok(section(text, vec![save(TIMES, &times)?, save(LOOKS, &looks)?]))
}

const NOTES: &str = "\
All readers use the same server over TLS with a bearer token. The server runs on the same cores, so the wall time includes part of the server's work. Wall and CPU
(user and system, all processes) are medians. A ratio is the median of the ratios to the sequential throw-away reader of the same round. Peak RSS is the sum of the exact peaks
of all processes of a reader (for the host: broker and sandbox). Peak PSS is sampled, and counts shared memory once. Both are the larger value of two
separate runs. Body is the decoded size of what a reader reads. Wire is what the socket carried, including TLS. A reader that asks for gzip receives
less, but both ends spend time on compression.

The throw-away reader does the minimum that any client must do: it uses the same TLS and requests the same pages as the host, and discards them. Looking ahead, it requests the next
page on a second connection as soon as it knows the continue token, as the host does. kube-rs reads typed pods, 500 per page, on one thread. `kubectl` runs only in the first
round if it takes many times as long.
";

fn sizes() -> Result<Vec<usize>> {
    let typed = std::env::var("WAGATHER_BENCH_PODS").unwrap_or_else(|_| "5000,20000".into());
    let sizes: Option<Vec<usize>> = typed.split(',').map(|size| size.trim().parse().ok()).collect();
    let mut sizes = sizes
        .filter(|sizes| sizes.iter().all(|&size| size > 0))
        .ok_or_else(|| format!("WAGATHER_BENCH_PODS is '{typed}', and not numbers with commas between"))?;
    // The server is filled further for each.
    sizes.sort_unstable();
    Ok(sizes)
}

fn measure(server: &Server, readers: &[Reader], pods: usize, rounds: usize) -> Result<Vec<Measured>> {
    let kubeconfig = server.kubeconfig("token.yaml");
    let direct = Place::new(server, server.port(), kubeconfig.clone(), Vec::new())?;
    let limits = readers::limits_of_the_host(&direct)?;
    let direct = Place { limits, ..direct };
    let wire = Wire::start(server.port(), None)?;
    let through_wire = Place { limits: direct.limits.clone(), ..wire.place(server, &kubeconfig)? };
    let mut measured = Vec::new();
    for reader in readers {
        tell(&format!("looking at {}", reader.name));
        measured.push(look(reader, &through_wire, &wire, pods)?);
    }
    agree(readers, &measured)?;
    for round in 0..rounds {
        tell(&format!("{pods} pods, round {} of {rounds}", round + 1));
        for index in (0..readers.len()).map(|index| (index + round) % readers.len()) {
            let reader = &readers[index];
            let is_timed = round == 0 || !(reader.is_kubectl() && pods > 5_000);
            let time = is_timed.then(|| reader.timed(&direct)).transpose()?;
            measured[index].times.push(time);
        }
    }
    readers::remove_left()?;
    Ok(measured)
}

fn look(reader: &Reader, place: &Place, wire: &Wire, pods: usize) -> Result<Measured> {
    let (mut peak, mut seen, mut wire_bytes) = (Memory::default(), Seen::default(), 0);
    for _ in 0..TIMES_LOOKED {
        wire.forget();
        let (memory, now) = reader.looked_at(place)?;
        wire_bytes = wire.bytes();
        peak.peak_rss_kib = peak.peak_rss_kib.max(memory.peak_rss_kib);
        peak.peak_pss_kib = peak.peak_pss_kib.max(memory.peak_pss_kib);
        seen = now;
    }
    match seen.pods {
        Some(read) if read != pods as u64 && reader.reads_pods() => {
            Err(format!("{} has read {read} pods of {pods}", reader.name))
        }
        _ => Ok(Measured { memory: peak, seen, wire_bytes, times: Vec::new() }),
    }
}

/// Fails if readers do not say the same of the same pods: a wrong answer is not worth its time.
fn agree(readers: &[Reader], measured: &[Measured]) -> Result<()> {
    let figures: [fn(&Seen) -> Option<u64>; 2] = [|seen| seen.crash_looping, |seen| seen.body_bytes];
    for (what, figure) in ["crash-looping pods", "bytes"].into_iter().zip(figures) {
        let said = readers
            .iter()
            .zip(measured)
            .filter(|(reader, _)| !reader.is_apart())
            .filter_map(|(reader, measured)| figure(&measured.seen).map(|number| (reader.name, number)));
        let said: Vec<(&str, u64)> = said.collect();
        // Where pages are cut differently there are more or fewer tokens.
        let slack = if what == "bytes" { 100 } else { u64::MAX };
        let (least, most) = (said.iter().map(|said| said.1).min(), said.iter().map(|said| said.1).max());
        if let (Some(least), Some(most)) = (least, most)
            && most - least > most / slack
        {
            return Err(format!("the readers do not agree on the number of {what}: {said:?}"));
        }
    }
    Ok(())
}

fn table(readers: &[Reader], measured: &[Measured]) -> String {
    let mut rows = vec![row(&[
        "reader", "wall", "ratio", "CPU", "ratio", "peak RSS", "peak PSS", "requests", "body", "wire",
    ])];
    let floor = readers.iter().zip(measured).find(|(reader, _)| reader.is_floor()).map(|(_, floor)| floor);
    for (reader, measured) in readers.iter().zip(measured) {
        let of = |figure: fn(Time) -> f64| {
            let seconds = median(measured.times.iter().flatten().map(|&time| figure(time)));
            let floors = floor.map(|floor| &*floor.times).unwrap_or_default();
            let pairs = measured.times.iter().zip(floors).filter_map(|(one, floor)| one.zip(*floor));
            let ratio = median(pairs.map(|(one, floor)| figure(one) / figure(floor)));
            let ratio = if reader.is_apart() { "-".to_owned() } else { format!("{ratio:.2}") };
            [format!("{seconds:.2} s"), ratio]
        };
        let [wall, wall_ratio] = of(Time::wall);
        let [cpu, cpu_ratio] = of(Time::cpu);
        let megabytes = |bytes: u64| format!("{:.1} MB", bytes as f64 / 1e6);
        let kib = |kib: u64| format!("{} KiB", grouped(kib));
        let or_none = |figure: Option<String>| figure.unwrap_or_else(|| "-".into());
        rows.push(vec![
            reader.name.to_owned(),
            wall,
            wall_ratio,
            cpu,
            cpu_ratio,
            kib(measured.memory.peak_rss_kib),
            kib(measured.memory.peak_pss_kib),
            or_none(measured.seen.requests.map(|requests| requests.to_string())),
            or_none(measured.seen.body_bytes.map(megabytes)),
            megabytes(measured.wire_bytes),
        ]);
    }
    markdown(&rows)
}

fn times_of(reader: &Reader, measured: &Measured, pods: usize) -> String {
    let mut text = String::new();
    for (round, time) in measured.times.iter().enumerate() {
        if let Some(Time { wall_us, user_us, system_us }) = time {
            text += &format!("{pods},{round},{},{wall_us},{user_us},{system_us}\n", reader.key);
        }
    }
    text
}

fn look_of(reader: &Reader, measured: &Measured, pods: usize) -> String {
    let Measured { memory, seen, wire_bytes, .. } = measured;
    let or_empty = |figure: Option<u64>| figure.map(|figure| figure.to_string()).unwrap_or_default();
    format!(
        "{pods},{},{},{},{},{},{wire_bytes}\n",
        reader.key,
        memory.peak_rss_kib,
        memory.peak_pss_kib,
        or_empty(seen.requests),
        or_empty(seen.body_bytes),
    )
}

/// The name that a reader has in tables, by the one that it has in files.
pub(crate) fn name_of(key: &str) -> &str {
    readers::NAMES.iter().find(|(known, _)| *known == key).map_or(key, |(_, name)| name)
}
