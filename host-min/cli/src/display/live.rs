//! Progress as lines for a terminal: a pure function of the gauges' values, the time and the terminal's size.
//!
//! [`super`] decides when they are drawn.

use super::format;
use super::subject::Subject;
use super::table::{self, Cell, Colour, Column, Room};
use std::collections::VecDeque;
use std::time::Duration;
use wagather_broker::{Phase, Progress};

/// The time over which rates are computed.
const WINDOW: Duration = Duration::from_millis(1100);
/// A gatherer without any change for this long is shown as stalled.
const STALLED_AFTER: Duration = Duration::from_secs(5);
/// The most rows, so that earlier lines stay on the terminal.
const MOST_ROWS: usize = 12;
/// The minimum width of the column for what a gatherer does.
const LEAST_NOW: usize = 12;

/// A gatherer that is watched.
pub(super) struct Row {
    pub(super) who: Subject,
    /// Its newest progress.
    pub(super) progress: Progress,
    samples: VecDeque<Sample>,
    changed: Duration,
}

/// The figures at a time since the start of the display.
struct Sample {
    at: Duration,
    items: u64,
    bytes: u64,
}

/// The terminal's size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    pub(super) columns: usize,
    pub(super) lines: usize,
}

impl Row {
    /// A row without progress.
    pub(super) fn new(who: Subject) -> Row {
        Row { who, progress: Progress::default(), samples: VecDeque::new(), changed: Duration::ZERO }
    }

    /// Takes the newest progress.
    pub(super) fn update(&mut self, now: Duration, progress: Progress) {
        let last = &self.progress;
        let is_same = (last.phase, last.requests, last.items, last.bytes_received)
            == (progress.phase, progress.requests, progress.items, progress.bytes_received);
        if !is_same || self.samples.is_empty() {
            self.changed = now;
        }
        if self.samples.is_empty() {
            // It started with zero.
            let at = now.saturating_sub(progress.elapsed);
            self.samples.push_back(Sample { at, items: 0, bytes: 0 });
        }
        self.samples.push_back(Sample { at: now, items: progress.items, bytes: progress.bytes_received });
        while self.samples.len() > 2 && self.samples[1].at + WINDOW <= now {
            self.samples.pop_front();
        }
        self.progress = progress;
    }

    /// Whether it has any progress. A gatherer has none while its cluster waits for its turn.
    pub(super) fn has_begun(&self) -> bool {
        self.progress != Progress::default()
    }

    /// The recent rates of items and bytes per second. Zero unless it is running.
    pub(super) fn rates(&self) -> (u64, u64) {
        match (self.progress.phase, self.samples.front(), self.samples.back()) {
            (Phase::Running, Some(first), Some(last)) if last.at > first.at => {
                let seconds = (last.at - first.at).as_secs_f64();
                let rate = |from: u64, to: u64| (to.saturating_sub(from) as f64 / seconds).round() as u64;
                (rate(first.items, last.items), rate(first.bytes, last.bytes))
            }
            _ => (0, 0),
        }
    }

    /// How long nothing has changed, if that is long.
    pub(super) fn stalled(&self, now: Duration) -> Option<Duration> {
        let still = now.saturating_sub(self.changed);
        (self.progress.phase == Phase::Running && still >= STALLED_AFTER).then_some(still)
    }

    /// What it is doing.
    pub(super) fn now(&self, now: Duration) -> String {
        let doing = &self.progress.doing;
        if self.progress.phase.has_ended() {
            return String::new();
        }
        let Some(still) = self.stalled(now) else { return doing.clone() };
        let what = if self.progress.awaits_server { "data" } else { "progress" };
        let whole = Duration::from_secs(still.as_secs());
        let seconds = match still.as_secs() {
            seconds @ 0..60 => format!("{seconds} s"),
            _ => format::duration(whole),
        };
        let colon = if doing.is_empty() { "" } else { ": " };
        format!("no {what} for {seconds}{colon}{doing}")
    }

    fn state(&self, now: Duration) -> Cell {
        match (self.progress.phase, self.stalled(now)) {
            (Phase::Waiting, _) => "Waiting".into(),
            (Phase::Running, None) => "Running".into(),
            (Phase::Running, Some(_)) => Cell { text: "Stalled".to_owned(), colour: Some(Colour::Yellow) },
            (Phase::Complete, _) => "Complete".into(),
            (Phase::Failed, _) => failed(),
        }
    }
}

/// The status of a failure.
pub(super) fn failed() -> Cell {
    Cell { text: "Failed".to_owned(), colour: Some(Colour::Red) }
}

/// The status of gaps.
pub(super) fn gaps() -> Cell {
    Cell { text: "Gaps".to_owned(), colour: Some(Colour::Yellow) }
}

const CONTEXT: &str = "CONTEXT";
const COLUMNS: [Column; 10] = [
    table::text(CONTEXT),
    table::text("GATHERER"),
    table::text("STATUS").at_least(8),
    table::number("ITEMS").at_least(6),
    table::number("ITEMS/S"),
    table::number("RECEIVED"),
    table::number("RATE").at_least(10),
    table::number("REQUESTS"),
    table::number("TIME").at_least(6),
    table::text("NOW"),
];
/// The columns to leave out on a narrow terminal, in this order.
const EXPENDABLE: [&str; 5] = ["REQUESTS", "ITEMS/S", "RATE", "NOW", "TIME"];

/// The lines for all rows.
pub(super) fn block<'a>(
    rows: impl Iterator<Item = &'a Row>,
    now: Duration,
    size: Size,
    has_colour: bool,
) -> Vec<String> {
    let rows: Vec<&Row> = rows.collect();
    // The header and the cursor take a line each.
    let room = MOST_ROWS.min(size.lines.saturating_sub(2)).max(1);
    let mut cells: Vec<Vec<Cell>> = Vec::new();
    if rows.len() <= room {
        cells.extend(rows.iter().map(|row| cells_of(row, now)));
    } else {
        cells.extend(liveliest(&rows, room - 1).into_iter().map(|row| cells_of(row, now)));
        cells.push(sum_of(&rows));
    }
    let mut columns = COLUMNS.to_vec();
    // Terminals differ in where the cursor is after a line of full width.
    let width = size.columns.saturating_sub(1);
    if rows.iter().all(|row| row.who.context.is_none()) {
        table::leave_out(CONTEXT, &mut columns, &mut cells);
    }
    for header in EXPENDABLE {
        if wanted(&columns, &cells) <= width {
            break;
        }
        table::leave_out(header, &mut columns, &mut cells);
    }
    table::lines(&columns, &cells, Room { width, has_colour })
}

/// The width that columns need. The last one can be cut.
fn wanted(columns: &[Column], cells: &[Vec<Cell>]) -> usize {
    let mut widths = table::widths(columns, cells);
    if let (Some(last), Some("NOW")) = (widths.last_mut(), columns.last().map(|column| column.header)) {
        *last = LEAST_NOW.min(*last);
    }
    table::sum(&widths)
}

/// At most `most` rows: running ones first, then failed ones, then waiting ones. Their order stays.
fn liveliest<'a>(rows: &[&'a Row], most: usize) -> Vec<&'a Row> {
    let rank = |row: &Row| match row.progress.phase {
        Phase::Running => 0,
        Phase::Failed => 1,
        Phase::Waiting => 2,
        Phase::Complete => 3,
    };
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by_key(|&index| rank(rows[index]));
    order.truncate(most);
    order.sort_unstable();
    order.into_iter().map(|index| rows[index]).collect()
}

fn cells_of(row: &Row, now: Duration) -> Vec<Cell> {
    let progress = &row.progress;
    let (items, bytes) = row.rates();
    vec![
        row.who.context.clone().unwrap_or_default().into(),
        row.who.gatherer.clone().into(),
        row.state(now),
        format::count(progress.items).into(),
        items_rate(items).into(),
        format::bytes(progress.bytes_received).into(),
        bytes_rate(bytes).into(),
        format::count(progress.requests).into(),
        if row.has_begun() { format::duration(progress.elapsed).into() } else { Cell::default() },
        row.now(now).into(),
    ]
}

fn items_rate(rate: u64) -> String {
    if rate == 0 { String::new() } else { format::count(rate) }
}

fn bytes_rate(rate: u64) -> String {
    if rate == 0 { String::new() } else { format!("{}/s", format::bytes(rate)) }
}

/// The sums of all rows.
fn sum_of(rows: &[&Row]) -> Vec<Cell> {
    let sum = |of: fn(&Row) -> u64| rows.iter().map(|row| of(row)).sum::<u64>();
    let are = |phase: Phase| rows.iter().filter(|row| row.progress.phase == phase).count();
    let longest = rows.iter().map(|row| row.progress.elapsed).max().unwrap_or_default();
    let others = [
        (are(Phase::Complete), "complete"),
        (are(Phase::Failed), "failed"),
        (are(Phase::Waiting), "waiting"),
    ];
    let others: Vec<String> = others
        .into_iter()
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    vec![
        Cell::default(),
        format!("all {}", rows.len()).into(),
        format!("{} running", are(Phase::Running)).into(),
        format::count(sum(|row| row.progress.items)).into(),
        items_rate(sum(|row| row.rates().0)).into(),
        format::bytes(sum(|row| row.progress.bytes_received)).into(),
        bytes_rate(sum(|row| row.rates().1)).into(),
        format::count(sum(|row| row.progress.requests)).into(),
        format::duration(longest).into(),
        others.join(", ").into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);
    const WIDE: Size = Size { columns: 120, lines: 40 };

    fn progress(phase: Phase, items: u64, bytes_received: u64, elapsed: Duration) -> Progress {
        let doing = "list v1/pods".to_owned();
        Progress {
            phase,
            requests: 1 + items / 500,
            items,
            bytes_received,
            doing,
            awaits_server: true,
            elapsed,
        }
    }

    fn row(gatherer: &str, phase: Phase, items: u64) -> Row {
        let mut row = Row::new(Subject { context: None, gatherer: gatherer.into() });
        row.update(2 * SECOND, progress(phase, items, items * 6800, 2 * SECOND));
        row
    }

    #[test]
    fn a_line_for_each_gatherer() {
        let rows = [
            row("pods", Phase::Running, 2500),
            row("operators", Phase::Waiting, 0),
            row("hello", Phase::Complete, 1),
            row("broken", Phase::Failed, 0),
        ];
        assert_eq!(
            block(rows.iter(), 2 * SECOND, WIDE, false),
            [
                "GATHERER   STATUS     ITEMS  ITEMS/S  RECEIVED        RATE  REQUESTS    TIME  NOW",
                "pods       Running    2,500    1,250   17.0 MB    8.5 MB/s         6   2.0 s  list v1/pods",
                "operators  Waiting        0                0 B                     1   2.0 s  list v1/pods",
                "hello      Complete       1             6.8 kB                     1   2.0 s",
                "broken     Failed         0                0 B                     1   2.0 s",
            ]
        );
    }

    #[test]
    fn a_narrow_terminal_does_without_some_columns_and_nothing_is_wrapped() {
        let rows = [row("pods", Phase::Running, 2500)];
        for (columns, expected) in [
            (91, "pods      Running    2,500    1,250   17.0 MB    8.5 MB/s         6   2.0 s  list v1/pods"),
            (80, "pods      Running    2,500    1,250   17.0 MB    8.5 MB/s   2.0 s  list v1/pods"),
            (79, "pods      Running    2,500   17.0 MB    8.5 MB/s   2.0 s  list v1/pods"),
            (66, "pods      Running    2,500   17.0 MB   2.0 s  list v1/pods"),
            (50, "pods      Running    2,500   17.0 MB   2.0 s"),
            (40, "pods      Running    2,500   17.0 MB"),
            (20, "pods      Running"),
            (4, "p…"),
        ] {
            let lines = block(rows.iter(), 2 * SECOND, Size { columns, lines: 40 }, false);
            assert_eq!(lines[1], expected, "{columns}");
            assert!(lines.iter().all(|line| table::width_of(line) < columns), "{columns}: {lines:?}");
        }
    }

    #[test]
    fn rates_are_of_the_last_second() {
        let mut row = Row::new(Subject { context: None, gatherer: "pods".into() });
        for tenth in 0..=100_u64 {
            // A hundred items a second, then for two seconds a thousand.
            let items = if tenth <= 80 { tenth * 10 } else { 800 + (tenth - 80) * 100 };
            let at = Duration::from_millis(tenth * 100);
            row.update(at, progress(Phase::Running, items, items * 1000, at));
            let (rate, bytes) = row.rates();
            let expected = match tenth {
                0 => 0..=0,
                1..=80 => 100..=100,
                91.. => 1000..=1000,
                _ => 101..=999,
            };
            assert!(expected.contains(&rate), "{rate} after {tenth} tenths");
            assert!(bytes.abs_diff(rate * 1000) <= 500, "{bytes} after {tenth} tenths");
        }
        assert!(row.samples.len() < 20, "what is old is forgotten");
        row.update(11 * SECOND, progress(Phase::Complete, 2800, 2_800_000, 11 * SECOND));
        assert_eq!(row.rates(), (0, 0));
    }

    #[test]
    fn what_stands_still_is_told_from_what_goes_on() {
        let mut row = Row::new(Subject { context: None, gatherer: "pods".into() });
        let mut look = |seconds: u32, items: u64, awaits_server: bool| {
            let now = seconds * SECOND;
            let seen = Progress { awaits_server, ..progress(Phase::Running, items, items * 10, now) };
            row.update(now, seen);
            let line = block(std::iter::once(&row), now, WIDE, false).pop().unwrap_or_default();
            (line.contains("Stalled"), row.now(now))
        };
        let going = |is: (bool, String)| assert_eq!(is, (false, "list v1/pods".into()));
        going(look(1, 7, true));
        going(look(5, 7, true));
        assert_eq!(look(6, 7, true), (true, "no data for 5 s: list v1/pods".into()));
        assert_eq!(look(8, 7, false), (true, "no progress for 7 s: list v1/pods".into()));
        assert_eq!(look(66, 7, true), (true, "no data for 1m 05s: list v1/pods".into()));
        going(look(67, 8, true));
    }

    #[test]
    fn more_gatherers_than_rows_are_the_active_ones_and_a_sum() {
        let phases = [Phase::Complete, Phase::Running, Phase::Waiting, Phase::Failed];
        let rows: Vec<Row> =
            (0..20).map(|n| row(&format!("g{n}"), phases[n % phases.len()], n as u64)).collect();
        let lines = block(rows.iter(), 2 * SECOND, WIDE, false);
        let shown: Vec<&str> = lines.iter().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(
            shown,
            ["GATHERER", "g1", "g2", "g3", "g5", "g7", "g9", "g11", "g13", "g15", "g17", "g19", "all"]
        );
        let sum = lines.last().expect("a sum");
        assert!(sum.starts_with("all 20    5 running     190"), "{sum}");
        assert!(sum.ends_with("2.0 s  5 complete, 5 failed, 5 waiting"), "{sum}");
        let low = block(rows.iter(), 2 * SECOND, Size { columns: 120, lines: 5 }, false);
        assert_eq!(low.len(), 4, "a header, two rows, a sum, and a line for the cursor: {low:?}");
        assert_eq!(block(rows.iter(), 2 * SECOND, Size { columns: 120, lines: 1 }, false).len(), 2);
    }

    #[test]
    fn contexts_have_a_column_if_there_are_any() {
        let mut rows = [row("pods", Phase::Running, 1), row("pods", Phase::Running, 2)];
        rows[0].who.context = Some("prod".into());
        let lines = block(rows.iter(), 2 * SECOND, WIDE, false);
        assert!(lines[0].starts_with("CONTEXT  GATHERER  STATUS"), "{lines:?}");
        assert!(lines[1].starts_with("prod     pods      Running"), "{lines:?}");
        assert!(lines[2].starts_with("         pods      Running"), "{lines:?}");
    }

    #[test]
    fn colours_are_few() {
        let rows = [row("good", Phase::Running, 1), row("bad", Phase::Failed, 1)];
        let lines = block(rows.iter(), 2 * SECOND, WIDE, true);
        assert!(!lines[0].contains('\x1b') && !lines[1].contains('\x1b'), "{lines:?}");
        assert!(lines[2].contains("\x1b[31mFailed\x1b[0m"), "{lines:?}");
    }
}
