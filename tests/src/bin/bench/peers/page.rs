//! The page with the results: tables, drawings, the contenders and the missing ones.

use super::chart::{self, Dots, Line, Panel};
use super::contenders::{BARE, FLOOR, OURS, TLS_FLOOR};
use super::kept::{self, Kept};
use super::rounds::Sample;
use super::{Row, SLICES};
use crate::Result;
use crate::contender::WORK;
use crate::figures::{grouped, markdown, median, quantile, row, sorted};
use std::collections::BTreeMap;
use std::time::Duration;

const PAGE: &str = "peers.md";
const DOTS: &str = "peers.svg";
const LINES: &str = "peers-growth.svg";

const BEGINNING: &str = "\
# Peers

Made by `make bench BENCH='peers --write docs'`, and not to be edited: the next run overwrites it. [benchmarks.md](../benchmarks.md#peers) says how
it measures, what is compared and how to add a contender. Compare figures only within a section; absolute figures depend on the machine. Every
round is in the CSV files beside this page. Rows are in the order of their exit, and rows where a contender is faster than `host-min` stay.
";

const TASKS: &str = "\
- **a**: the list goes into the archive or a file, as it is (`cluster-operators`).
- **b**: the operators in trouble are found and written. A gatherer has its items decoded by the host (`degraded-operators`); all hosts of engines in
  Rust use the same decoder. Native programs decode as they always do.
- **c**: the same, and the gatherer decodes JSON itself (`tests/contenders/guest`), so more of it runs in the engine.
";

/// Writes the page and its drawings of the slices that are there; gives its text and the names of all files.
pub(super) fn write() -> Result<(String, Vec<String>)> {
    let kept = Kept::all()?;
    let mut files = vec![PAGE.to_owned()];
    let mut text = BEGINNING.to_owned();
    let slices = || kept.iter().map(|(name, kept)| (*name, kept));
    files.extend(slices().map(|(name, _)| kept::file(name)));
    for (slice, kept) in slices() {
        let made = format!("{}\n", kept.made);
        text += &match slice {
            "plain" => {
                save(DOTS, &dots(&kept.rows))?;
                files.push(DOTS.to_owned());
                format!(
                    "\n## Plain HTTP\n\n{made}\n{TASKS}\n![The first byte and the exit of each contender, as multiples of the floor]({DOTS})\n{}\n\
                     ### Beside the same engine without a sandbox\n\n{}",
                    tables(&kept.rows, FLOOR),
                    beside_bare(&kept.rows)
                )
            }
            "tls" => format!(
                "\n## TLS\n\n{made}\nThe floor here is a static program with rustls and ring that sends one request and writes the answer to a file. The \
                 first byte is that of the deciphered request.\n{}",
                tables(&kept.rows, TLS_FLOOR)
            ),
            _ => {
                save(LINES, &lines(&kept.rows))?;
                files.push(LINES.to_owned());
                format!(
                    "\n## Growth with the module\n\n{made}\nThe first byte of task a, by the module's size: the median, and the exit in parentheses. The modules \
                     are `cluster-operators` with functions of other gatherers, which are never called.\n\n\
                     ![The first byte by the size of the module]({LINES})\n\n{}",
                    growth(&kept.rows)
                )
            }
        };
    }
    text += &format!("\n## Contenders\n\n{}", markdown(&versions()));
    let missing: BTreeMap<&str, &str> = slices()
        .flat_map(|(_, kept)| &kept.missing)
        .map(|(name, why)| (name.as_str(), why.as_str()))
        .collect();
    let absent = SLICES.into_iter().filter(|slice| kept.iter().all(|(name, _)| name != slice));
    let absent = absent.map(|slice| format!("- The section `{slice}`: it was not measured.\n"));
    let missing = missing.iter().map(|(name, why)| format!("- {name}: {why}.\n"));
    let all: String = missing.chain(absent).collect();
    text += &format!("\n## Not measured\n\n{}", if all.is_empty() { "Nothing is missing.\n" } else { &all });
    save(PAGE, &text)?;
    Ok((text, files))
}

fn save(name: &str, text: &str) -> Result<()> {
    kept::write(&format!("{WORK}/{name}"), text)
}

fn seconds(samples: &[Sample], time: fn(&Sample) -> Duration) -> Vec<f64> {
    sorted(samples.iter().map(|sample| time(sample).as_secs_f64()))
}

/// The median of the ratios to another contender's time in the same round.
fn ratio(samples: &[Sample], floor: &[Sample], time: fn(&Sample) -> Duration) -> f64 {
    let pairs = samples.iter().filter_map(|sample| {
        let floor = floor.iter().find(|floor| floor.round == sample.round)?;
        Some(time(sample).as_secs_f64() / time(floor).as_secs_f64())
    });
    median(pairs)
}

const FIRST_BYTE: fn(&Sample) -> Duration = |sample| sample.first_byte;
const EXIT: fn(&Sample) -> Duration = |sample| sample.exit;

fn floor_of<'a>(rows: &'a [Row], floor: &str) -> &'a [Sample] {
    rows.iter().find(|row| row.contender == floor).map_or(&[], |row| &row.samples)
}

/// The rows with a task, the fastest first; below the floors.
fn with_task<'a>(rows: &'a [Row], task: &str) -> Vec<&'a Row> {
    let mut found: Vec<&Row> = rows.iter().filter(|row| row.what == task).collect();
    found.sort_by(|one, other| {
        quantile(&seconds(&one.samples, EXIT), 0.5).total_cmp(&quantile(&seconds(&other.samples, EXIT), 0.5))
    });
    found
}

fn tasks(rows: &[Row]) -> Vec<&str> {
    let mut tasks: Vec<&str> = rows.iter().map(|row| &*row.what).filter(|task| *task != "-").collect();
    tasks.sort_unstable();
    tasks.dedup();
    tasks
}

fn millis(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.2}", seconds * 1e3) } else { format!("{:.0}", seconds * 1e3) }
}

/// A table for each task.
fn tables(rows: &[Row], floor: &str) -> String {
    let samples = floor_of(rows, floor);
    let mut text = String::new();
    for task in tasks(rows) {
        let mut cells = vec![row(&[
            task,
            "first byte, ms",
            "min",
            "× floor",
            "exit, ms",
            "min",
            "× floor",
            "peak RSS, MiB",
            "on disk, KB",
            "rounds",
        ])];
        for row in with_task(rows, "-").into_iter().chain(with_task(rows, task)) {
            cells.push(line(row, samples));
        }
        text += &format!("\n{}", markdown(&cells));
    }
    text
}

fn line(row: &Row, floor: &[Sample]) -> Vec<String> {
    let mut cells = vec![if row.contender == OURS { format!("**{OURS}**") } else { row.contender.clone() }];
    for time in [FIRST_BYTE, EXIT] {
        let seconds = seconds(&row.samples, time);
        cells.extend([millis(quantile(&seconds, 0.5)), millis(quantile(&seconds, 0.0))]);
        cells.push(format!("{:.2}", ratio(&row.samples, floor, time)));
    }
    let look = row.look.map(|look| {
        [format!("{:.2}", look.peak_rss_kib as f64 / 1024.0), grouped(look.disk_bytes.div_ceil(1000))]
    });
    cells.extend(look.unwrap_or_else(|| ["-".into(), "-".into()]));
    cells.push(row.samples.len().to_string());
    cells
}

/// Each task in the host, compared with the same module in its engine alone.
fn beside_bare(rows: &[Row]) -> String {
    let mut cells = vec![row(&["task", "first byte", "exit"])];
    for task in tasks(rows) {
        let of = |name: &str| {
            rows.iter().find(|row| row.contender == name && row.what == task).map(|row| &*row.samples)
        };
        let Some((ours, bare)) = of(OURS).zip(of(BARE)) else { continue };
        let [first_byte, exit] = [FIRST_BYTE, EXIT].map(|time| format!("{:.2}", ratio(ours, bare, time)));
        cells.push(vec![task.to_owned(), first_byte, exit]);
    }
    format!(
        "`{OURS}` as a multiple of `{BARE}` with the same module, as the median of each round's own ratio:\n\n{}",
        markdown(&cells)
    )
}

fn dots(rows: &[Row]) -> String {
    let floor = floor_of(rows, FLOOR);
    let what = |task: &str| match task {
        "a" => "a: the list as it is",
        "b" => "b: decoded by the host, or natively",
        _ => "c: decoded in the module",
    };
    let panel = |task: &str| Panel {
        heading: what(task).to_owned(),
        rows: with_task(rows, task)
            .into_iter()
            .map(|row| Dots {
                name: row.contender.clone(),
                values: [FIRST_BYTE, EXIT].map(|time| ratio(&row.samples, floor, time)),
                is_ours: row.contender == OURS,
            })
            .collect(),
    };
    let panels: Vec<Panel> = tasks(rows).into_iter().map(panel).collect();
    chart::dots(
        "The start of each contender",
        "Filled: to the first byte of the request. Hollow: to the exit. As multiples of static C with musl, on a scale of powers.",
        &panels,
    )
}

/// The sizes of modules, in order, as they are and as the rows have them.
fn sizes(rows: &[Row]) -> Vec<(u64, &str)> {
    let mut sizes: Vec<(u64, &str)> =
        rows.iter().filter_map(|row| Some((row.what.parse().ok()?, &*row.what))).collect();
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

fn names(rows: &[Row]) -> Vec<&str> {
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&&*row.contender) {
            names.push(&row.contender);
        }
    }
    names
}

fn growth(rows: &[Row]) -> String {
    let sizes = sizes(rows);
    let mut head = vec!["contender".to_owned()];
    head.extend(sizes.iter().map(|(bytes, _)| format!("{} bytes", grouped(*bytes))));
    let mut cells = vec![head];
    for name in names(rows) {
        let mut line = vec![if name == OURS { format!("**{OURS}**") } else { name.to_owned() }];
        for (_, size) in &sizes {
            let found = rows.iter().find(|row| row.contender == name && row.what == *size);
            line.push(found.map_or("-".into(), |row| {
                let [first_byte, exit] =
                    [FIRST_BYTE, EXIT].map(|time| millis(quantile(&seconds(&row.samples, time), 0.5)));
                format!("{first_byte} ms ({exit})")
            }));
        }
        cells.push(line);
    }
    markdown(&cells)
}

fn lines(rows: &[Row]) -> String {
    let sizes = sizes(rows);
    let line = |name: &str| Line {
        name: name.to_owned(),
        points: sizes
            .iter()
            .filter_map(|(bytes, size)| {
                let row = rows.iter().find(|row| row.contender == name && row.what == *size)?;
                Some((*bytes as f64, quantile(&seconds(&row.samples, FIRST_BYTE), 0.5) * 1e3))
            })
            .collect(),
        is_ours: name == OURS,
    };
    let lines: Vec<Line> = names(rows).into_iter().map(line).collect();
    chart::lines(
        "The first byte by the size of the module",
        "Milliseconds to the first byte of the request, by the bytes of the module. Both on scales of powers.",
        &lines,
    )
}

/// Which version of what is compared, from the lock files.
fn versions() -> Vec<Vec<String>> {
    const SOURCE: &str = "tests/contenders";
    let read = |file: &str| std::fs::read_to_string(format!("{SOURCE}/{file}")).unwrap_or_default();
    let of_cargo = |folder: &str, package: &str| {
        let lock = read(&format!("{folder}/Cargo.lock"));
        let (_, rest) = lock.split_once(&format!("name = \"{package}\"\nversion = \""))?;
        rest.split('"').next().map(str::to_owned)
    };
    let of_go = |folder: &str, module: &str| {
        let text = read(&format!("{folder}/go.mod"));
        let (_, rest) = text.split_once(&format!("{module} "))?;
        rest.split_whitespace().next().map(str::to_owned)
    };
    let said = |program: &str, words: &[&str]| {
        let said = std::process::Command::new(program).args(words).output().ok()?;
        // "curl 8.1 (for this system) and its libraries", "Client Version: v1.2".
        let said = String::from_utf8_lossy(&said.stdout).into_owned();
        let version =
            said.lines().next()?.split_whitespace().find(|word| word.contains(|c: char| c.is_ascii_digit()));
        version.map(str::to_owned)
    };
    let static_musl = "static, musl";
    let dynamic = "dynamic, glibc; its libraries are not counted on disk";
    let all = [
        (BARE, of_cargo("bare", "wasm3"), "static, musl; the engine and flags of `host-min`"),
        ("wasmi", of_cargo("wasmi", "wasmi"), static_musl),
        ("Wasmtime", of_cargo("wasmtime", "wasmtime"), "static, musl; AOT and Pulley without a compiler"),
        (
            "Wasmer",
            of_cargo("wasmer", "wasmer"),
            "static, musl; compiled by Cranelift, run without a compiler",
        ),
        ("wazero", of_go("wazero", "github.com/tetratelabs/wazero"), "static, Go; its compiler"),
        ("ureq", of_cargo("native", "ureq"), static_musl),
        ("rustls", of_cargo("native", "rustls"), "static, musl; with ring"),
        ("kube-rs", of_cargo(".", "kube"), dynamic),
        ("client-go", of_go("client-go", "k8s.io/client-go"), "static, Go"),
        ("curl", said("curl", &["--version"]), dynamic),
        ("kubectl", said("kubectl", &["version", "--client"]), "`get --raw`, as it is installed"),
        ("Node.js", said("node", &["--version"]), "`node:http`; as it is installed"),
        ("Python", said("python3", &["--version"]), "`http.client`; the file of the interpreter alone"),
    ];
    let mut rows = vec![row(&["contender", "version", "how it is built"])];
    rows.extend(all.into_iter().map(|(name, version, how)| {
        vec![name.to_owned(), version.unwrap_or_else(|| "not on this machine".into()), how.to_owned()]
    }));
    rows
}

#[cfg(test)]
mod tests {
    use super::super::rounds::Look;
    use super::*;

    fn measured(contender: &str, what: &str, micros: &[(usize, u64)]) -> Row {
        let sample = |&(round, micros): &(usize, u64)| Sample {
            round,
            first_byte: Duration::from_micros(micros),
            exit: Duration::from_micros(3 * micros),
        };
        let look = Some(Look { peak_rss_kib: 1536, disk_bytes: 1_234_001 });
        Row {
            contender: contender.into(),
            what: what.into(),
            look,
            samples: micros.iter().map(sample).collect(),
        }
    }

    fn rows() -> Vec<Row> {
        vec![
            measured(FLOOR, "-", &[(0, 100), (1, 200), (2, 100)]),
            measured(OURS, "a", &[(0, 300), (1, 600), (2, 310)]),
            measured(BARE, "a", &[(1, 400)]),
        ]
    }

    #[test]
    fn a_ratio_is_that_of_the_same_round() {
        let rows = rows();
        let said = |index: usize, time| format!("{:.2}", ratio(&rows[index].samples, &rows[0].samples, time));
        assert_eq!(said(1, FIRST_BYTE), "3.00");
        assert_eq!(said(2, EXIT), "2.00", "the only round of both is the slow one");
    }

    #[test]
    fn tables_name_the_fastest_first_below_the_floor() {
        let text = tables(&rows(), FLOOR);
        let lines: Vec<String> =
            text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(
            lines[3],
            format!("| {FLOOR} | 0.10 | 0.10 | 1.00 | 0.30 | 0.30 | 1.00 | 1.50 | 1,235 | 3 |")
        );
        assert_eq!(lines[4], "| **host-min** | 0.31 | 0.30 | 3.00 | 0.93 | 0.90 | 3.00 | 1.50 | 1,235 | 3 |");
        assert_eq!(lines[5], "| wasm3 | 0.40 | 0.40 | 2.00 | 1.20 | 1.20 | 2.00 | 1.50 | 1,235 | 1 |");
        assert!(beside_bare(&rows()).contains("| a    | 1.50       | 1.50 |"), "{}", beside_bare(&rows()));
    }

    #[test]
    fn growth_has_a_column_for_each_size() {
        let rows = [
            measured(OURS, "1000", &[(0, 300)]),
            measured(OURS, "200000", &[(0, 3_000)]),
            measured(BARE, "1000", &[(0, 200_000)]),
        ];
        let text = growth(&rows);
        assert!(text.starts_with("| contender    | 1,000 bytes    | 200,000 bytes  |"), "{text}");
        assert!(text.contains("| **host-min** | 0.30 ms (0.90) | 3.00 ms (9.00) |"), "{text}");
        assert!(text.contains("| wasm3        | 200 ms (600)   | -              |"), "{text}");
    }
}
