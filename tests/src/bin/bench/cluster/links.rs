//! The part `links`: all pods of a real API server over slow links, with each kind of compression.
//!
//! The link is a relay on this machine that delays and limits the traffic. To the host, it looks like a tunnel: the
//! server's address is on this machine.

use super::APISERVER;
use super::readers::{self, Place, Reader};
use super::wire::{Link, Wire};
use crate::document::{Section, save};
use crate::figures::{grouped, markdown, median, row};
use crate::usage::{Memory, Time};
use crate::{Result, long_rounds, tell};
use std::path::Path;
use std::time::Duration;
use tests::apiserver::Server;

const PODS: usize = 5_000;

/// Round trip and rate in each direction, and what it is called.
const LINKS: [(&str, Duration, u64); 4] = [
    ("this machine", Duration::ZERO, u64::MAX),
    ("1 ms, 1 Gbit/s", Duration::from_millis(1), 125_000_000),
    ("1 ms, 50 Mbit/s", Duration::from_millis(1), 6_250_000),
    ("50 ms, 50 Mbit/s", Duration::from_millis(50), 6_250_000),
];

/// Measures.
pub(crate) fn section() -> Result<Section> {
    let section = |text, files| Section { name: "links", title: "Slow links", text, files };
    if !Path::new(APISERVER).is_file() {
        let text =
            format!("Not measured: {APISERVER} is not there; 'make apiserver' builds it, and needs Go.\n");
        return Ok(section(text, Vec::new()));
    }
    let rounds = long_rounds()?;
    let server = Server::start();
    tell(&format!("filling the API server: {PODS} pods"));
    server.load(32, PODS);
    let kubeconfig = server.kubeconfig("token.yaml");
    let limits =
        readers::limits_of_the_host(&Place::new(&server, server.port(), kubeconfig.clone(), Vec::new())?)?;
    let readers = readers::for_links()?;
    let mut rows = vec![row(&["link", "reader", "wall", "CPU", "wire", "peak RSS"])];
    let mut csv = "link,round,reader,wall_us,user_us,system_us,wire_bytes,peak_rss_kib\n".to_owned();
    for (name, round_trip, rate) in LINKS {
        let link = || Link::new(round_trip / 2, rate);
        let wire = Wire::start(server.port(), Some([link(), link()]))?;
        let place = Place { limits: limits.clone(), ..wire.place(&server, &kubeconfig)? };
        tell(&format!("{name}, looking at the memory"));
        let memories = readers.iter().map(|reader| Ok(reader.looked_at(&place)?.0));
        let memories = memories.collect::<Result<Vec<_>>>()?;
        let mut measured: Vec<Vec<(Time, u64)>> = vec![Vec::new(); readers.len()];
        for round in 0..rounds {
            tell(&format!("{name}, round {} of {rounds}", round + 1));
            for index in (0..readers.len()).map(|index| (index + round) % readers.len()) {
                wire.forget();
                let time = readers[index].timed(&place)?;
                measured[index].push((time, wire.bytes()));
            }
        }
        for ((reader, measured), memory) in readers.iter().zip(&measured).zip(&memories) {
            rows.push(line(name, reader, measured, memory));
            for (round, (time, bytes)) in measured.iter().enumerate() {
                let Time { wall_us, user_us, system_us } = time;
                csv += &format!(
                    "\"{name}\",{round},{},{wall_us},{user_us},{system_us},{bytes},{}\n",
                    reader.key, memory.peak_rss_kib
                );
            }
        }
    }
    let text = format!(
        "{PODS} pods, {rounds} rounds, interleaved; medians. Each link is a relay on this machine with that round trip and rate; the server has \
         the same cores. The server's address is therefore a loopback address, as that of a tunnel is. Peak RSS is the sum of the peaks of all \
         processes, from a run of its own:\n\n{}",
        markdown(&rows)
    );
    Ok(section(text, vec![save("links.csv", &csv)?]))
}

fn line(link: &str, reader: &Reader, measured: &[(Time, u64)], memory: &Memory) -> Vec<String> {
    let of = |figure: fn(Time) -> f64| median(measured.iter().map(|(time, _)| figure(*time)));
    let bytes = median(measured.iter().map(|(_, bytes)| *bytes as f64));
    vec![
        link.to_owned(),
        reader.name.to_owned(),
        format!("{:.2} s", of(Time::wall)),
        format!("{:.2} s", of(Time::cpu)),
        format!("{:.1} MB", bytes / 1e6),
        format!("{} KiB", grouped(memory.peak_rss_kib)),
    ]
}
