//! The part `calls`: the cost of a guest's calls, with a sandbox in a separate process and with one in this process.
//!
//! The host is the library, in this process. Its source serves pages from memory, so the figures contain neither
//! network nor TLS. The separate sandbox is the one that ships. The time is that of the whole run, including its
//! start and end, which take a few of several hundred milliseconds.

use crate::contender::{HOST, WORK, remove};
use crate::document::{Section, save};
use crate::figures::{grouped, markdown, median, row};
use crate::{Result, guests, long_rounds, tell};
use host_min::{Call, Guest, Input, Isolation, NoAnswer, Output, Plan, Response, Silent, Source};
use std::io::Cursor;
use std::sync::Arc;
use std::time::Instant;

/// The path of the list that the guests ask for.
const LIST: &str = "/api/v1/things";
/// The path of the body.
const BODY: &str = "/version";
/// Items of a page.
const PAGE_ITEMS: usize = 500;
/// Calls of `now` in a run.
const NOWS: u32 = 300_000;
/// The body that is read and piped; an entry may have 64 MiB.
const BODY_BYTES: usize = 48 << 20;
/// How many items of how many bytes.
const LISTS: [(usize, usize); 3] = [(256, 50_000), (2 << 10, 20_000), (16 << 10, 3_000)];
/// The list that is piped.
const PIPED: usize = 1;

/// What a guest does in one run.
struct Work {
    name: String,
    guest: Vec<u8>,
    source: Arc<Pages>,
    /// Where what it gathers goes.
    output: &'static str,
    /// How much is done, and what that is.
    amount: u64,
    unit: Unit,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Calls,
    Items,
    Bytes,
}

/// What a run took, in seconds.
#[derive(Clone, Copy)]
struct Took {
    wall: f64,
    cpu: f64,
}

const FOLDER: &str = "gathered";
const TAR: &str = "gathered.tar.gz";

/// Measures.
pub(crate) fn section() -> Result<Section> {
    let rounds = long_rounds()?;
    let all = all();
    let isolations = [
        ("process", Isolation::Helper { program: HOST.into(), args: vec!["sandbox".into()] }),
        ("thread", Isolation::InProcess),
    ];
    let mut took = vec![vec![Vec::new(); isolations.len()]; all.len()];
    let mut csv = "round,work,sandbox,amount,unit,wall_us,cpu_us\n".to_owned();
    for round in 0..rounds {
        tell(&format!("calls, round {} of {rounds}", round + 1));
        for (work, took) in all.iter().zip(&mut took) {
            for ((name, isolation), took) in isolations.iter().zip(took) {
                let one = once(work, isolation)?;
                csv += &format!(
                    "{round},{},{name},{},{},{:.0},{:.0}\n",
                    work.name,
                    work.amount,
                    work.unit.name(),
                    one.wall * 1e6,
                    one.cpu * 1e6
                );
                took.push(one);
            }
        }
    }
    let mut rows = vec![row(&["what", "sandbox", "wall", "CPU", "rate"])];
    for (work, took) in all.iter().zip(&took) {
        for ((name, _), took) in isolations.iter().zip(took) {
            let [wall, cpu] = [|took: &Took| took.wall, |took: &Took| took.cpu]
                .map(|figure| median(took.iter().map(figure)) / work.amount as f64);
            let each = |seconds: f64| match work.unit {
                Unit::Bytes => format!("{:.2} ns a byte", seconds * 1e9),
                Unit::Calls | Unit::Items => {
                    format!("{:.2} µs each", seconds * 1e6)
                }
            };
            let rate = match work.unit {
                Unit::Bytes => format!("{:.0} MB/s", 1e-6 / wall),
                Unit::Calls | Unit::Items => {
                    format!("{} {}/s", grouped((1.0 / wall) as u64), work.unit.name())
                }
            };
            rows.push(vec![work.name.clone(), (*name).to_owned(), each(wall), each(cpu), rate]);
        }
    }
    let file = save("calls.csv", &csv)?;
    let text = format!(
        "Medians of {rounds} rounds, interleaved. The source is memory, without network and TLS. Items pass projection (with the mask `*`) and redaction as usual. CPU is the time of host and sandbox. `process`: the guest runs in a separate sandbox process, as in `host-min`. `thread`: the guest runs in a thread of the host, at the other end of the same channel.\n\n{}\nEvery round is in {WORK}/{file}.\n",
        markdown(&rows)
    );
    Ok(Section { name: "calls", title: "Calls", text, files: vec![file] })
}

impl Unit {
    const fn name(self) -> &'static str {
        match self {
            Unit::Calls => "calls",
            Unit::Items => "items",
            Unit::Bytes => "bytes",
        }
    }
}

fn all() -> Vec<Work> {
    let body = Arc::new(Pages { list: Vec::new(), body: text(BODY_BYTES).into() });
    let lists = LISTS.map(|(item_bytes, items)| (items, item_bytes, Arc::new(Pages::of(items, item_bytes))));
    let mut all = vec![Work {
        name: "`now`".into(),
        guest: guests::now(NOWS),
        source: body.clone(),
        output: FOLDER,
        amount: NOWS.into(),
        unit: Unit::Calls,
    }];
    let list = |name: String, guest, index: usize, output| Work {
        name,
        guest,
        source: lists[index].2.clone(),
        output,
        amount: lists[index].0 as u64,
        unit: Unit::Items,
    };
    for (index, (_, bytes, _)) in lists.iter().enumerate() {
        let name = format!("`rest_next` of {} bytes", grouped(*bytes as u64));
        all.push(list(name, guests::next(), index, FOLDER));
    }
    let piped =
        |to: &str| format!("`archive_pipe` of items of {} bytes to {to}", grouped(LISTS[PIPED].0 as u64));
    all.push(list(piped("a folder"), guests::pipe_list(), PIPED, FOLDER));
    all.push(list(piped("a .tar.gz"), guests::pipe_list(), PIPED, TAR));
    let bytes = |name: &str, guest, output| Work {
        name: name.into(),
        guest,
        source: body.clone(),
        output,
        amount: BODY_BYTES as u64,
        unit: Unit::Bytes,
    };
    all.push(bytes("`rest_read`, 32 KiB a call", guests::read(), FOLDER));
    all.push(bytes("`archive_pipe` of a body to a folder", guests::pipe_body(), FOLDER));
    all.push(bytes("`archive_pipe` of a body to a .tar.gz", guests::pipe_body(), TAR));
    all
}

fn once(work: &Work, isolation: &Isolation) -> Result<Took> {
    let output = format!("{WORK}/{}", work.output);
    remove(&output)?;
    let mut plan = Plan::new(Input::Source(work.source.clone()), Output::parse(&output), isolation.clone());
    plan.guests.push(Guest { label: work.name.clone(), module: work.guest.clone(), signature: None });
    let (begin, cpu) = (Instant::now(), cpu()?);
    let outcome = host_min::run(&plan, &Silent);
    let took = Took { wall: begin.elapsed().as_secs_f64(), cpu: self::cpu()? - cpu };
    let outcome = outcome.map_err(|failure| format!("{} fails: {failure}", work.name))?;
    let done = &outcome.report.gatherers[0];
    let amount = match work.unit {
        Unit::Calls => work.amount,
        Unit::Items => done.items,
        Unit::Bytes => done.bytes_received,
    };
    if !outcome.report.complete || amount != work.amount {
        return Err(format!("{} did {amount} of {}: {:?}", work.name, work.amount, done.errors));
    }
    remove(&output)?;
    Ok(took)
}

/// What this process and the children that it waited for have used of processors, in seconds (proc(5), fields 14 to 17).
fn cpu() -> Result<f64> {
    /// What `/proc` counts in, on Linux everywhere.
    const TICKS_A_SECOND: f64 = 100.0;
    let failed = || "cannot read the processor's time from /proc/self/stat".to_owned();
    let text = std::fs::read_to_string("/proc/self/stat").map_err(|_| failed())?;
    // The second field is a name, and ends with the last parenthesis.
    let (_, fields) = text.rsplit_once(')').ok_or_else(failed)?;
    let ticks = fields.split_whitespace().skip(11).take(4).map(str::parse::<f64>);
    Ok(ticks.sum::<std::result::Result<f64, _>>().map_err(|_| failed())? / TICKS_A_SECOND)
}

/// A source that serves what it has in memory.
struct Pages {
    list: Vec<Arc<[u8]>>,
    body: Arc<[u8]>,
}

impl Pages {
    /// A list of so many items of so many bytes.
    fn of(items: usize, item_bytes: usize) -> Pages {
        let pages = items.div_ceil(PAGE_ITEMS);
        let page = |page: usize| -> Arc<[u8]> {
            let next =
                if page + 1 < pages { format!(r#","continue":"{}""#, page + 1) } else { String::new() };
            let mut json = format!(
                r#"{{"kind":"ThingList","apiVersion":"v1","metadata":{{"resourceVersion":"7"{next}}},"items":["#
            );
            for number in page * PAGE_ITEMS..items.min((page + 1) * PAGE_ITEMS) {
                let head = format!(r#"{{"metadata":{{"name":"thing-{number}"}},"data":""#);
                let data = text(item_bytes.saturating_sub(head.len() + 2));
                let comma = if number % PAGE_ITEMS == 0 { "" } else { "," };
                json += &format!("{comma}{head}{}\"}}", String::from_utf8_lossy(&data));
            }
            (json + "]}").into_bytes().into()
        };
        Pages { list: (0..pages).map(page).collect(), body: Arc::from([]) }
    }
}

/// Words, of which a compressor makes about as little as of an object's.
fn text(len: usize) -> Vec<u8> {
    const WORDS: [&str; 8] =
        ["pod", "container", "ready", "started", "image", "registry", "volume", "status"];
    let mut text = Vec::with_capacity(len + 16);
    let mut number = 7_u64;
    while text.len() < len {
        // Knuth's linear congruential generator, MMIX.
        number = number.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.extend_from_slice(WORDS[(number >> 61) as usize].as_bytes());
        text.extend_from_slice(format!("-{:x} ", number >> 52).as_bytes());
    }
    text.truncate(len);
    text
}

impl Source for Pages {
    fn send(&self, call: &Call) -> std::result::Result<Response, NoAnswer> {
        let path = &call.path_and_query;
        let page = path.split_once("continue=").and_then(|(_, page)| page.parse().ok()).unwrap_or(0);
        let body = if path == BODY { Some(&self.body) } else { self.list.get::<usize>(page) };
        let status = if body.is_some() && (path == BODY || path.starts_with(LIST)) { 200 } else { 404 };
        let body = body.cloned().unwrap_or_else(|| Arc::from([]));
        let content_type = Some("application/json".to_owned());
        Ok(Response { status, content_type, retry_after: None, body: Box::new(Cursor::new(body)) })
    }

    fn now_millis(&self) -> i64 {
        1_700_000_000_000
    }

    fn is_recording(&self) -> bool {
        false
    }

    fn describe(&self) -> String {
        "memory".into()
    }
}
