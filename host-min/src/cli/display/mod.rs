//! What a person sees of a run while it goes on and at its end, and what a machine reads instead.
//!
//! | file | has |
//! |---|---|
//! | [`format`] | numbers as people read them |
//! | [`voice`] | what is said, in words or as JSON lines |
//! | [`table`] | text in columns |
//! | [`live`] | how far a run is, as lines |
//! | [`block`] | lines that are drawn again in place |
//! | [`terminal`] | what the standard error is |
//!
//! Everything but this file and `terminal` is pure. This file holds the rows, the one lock that lets nothing be written into
//! something else, and the thread that looks at the gauges. That thread does not exist, and nothing is asked of a terminal, before a
//! gauge wakes it: then the first request is out.

mod block;
mod format;
mod live;
mod table;
mod terminal;
mod voice;

pub(super) use voice::{Ended, Format, Said, Who};

use block::Block;
use host_min::broker::line;
use host_min::error::Failure;
use host_min::{Gauge, Observer};
use live::Row;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use table::{Cell, Room};
use voice::Pace;
use wagather_abi::LogLevel;

/// When progress is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum When {
    /// On a terminal.
    #[default]
    Auto,
    /// Also elsewhere, as lines.
    Always,
    Never,
}

/// What `--progress` can be.
pub(super) const WHEN: &[&str] = &["auto", "always", "never"];
/// What `--log-format` can be.
pub(super) const FORMATS: &[&str] = &["text", "json"];

/// What is shown, and how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Settings {
    /// Nothing but failures.
    pub(super) quiet: bool,
    pub(super) progress: When,
    pub(super) format: Format,
}

/// A run that is over sooner is not shown at all.
const SHOWN_AFTER: Duration = Duration::from_millis(300);
/// How often a terminal is drawn on.
const FRAME: Duration = Duration::from_millis(100);
/// How often gauges are looked at for lines, and how often lines are written.
const LOOK: Duration = Duration::from_secs(1);
const LINES_EVERY: Duration = Duration::from_secs(2);

/// What a run shows. Its calls may come from any thread.
pub(super) struct Display {
    shared: Arc<Shared>,
}

struct Shared {
    settings: Settings,
    began: Instant,
    state: Mutex<State>,
    over: Condvar,
}

#[derive(Default)]
struct State {
    rows: Vec<(Row, Arc<Gauge>)>,
    block: Block,
    is_over: bool,
    thread: Option<JoinHandle<()>>,
}

/// How progress is shown.
#[derive(Clone, Copy)]
enum Way {
    Block { has_colour: bool },
    Lines,
}

/// The meaning of a word for `--progress`.
pub(super) fn when(word: &str) -> Result<When, String> {
    match word {
        "auto" => Ok(When::Auto),
        "always" => Ok(When::Always),
        "never" => Ok(When::Never),
        _ => Err("it is auto, always or never".into()),
    }
}

/// The meaning of a word for `--log-format`.
pub(super) fn format(word: &str) -> Result<Format, String> {
    match word {
        "text" => Ok(Format::Text),
        "json" => Ok(Format::Json),
        _ => Err("it is text or json".into()),
    }
}

/// Says why the program ends as it does.
pub(super) fn say_failure(format: Format, failure: &Failure) {
    terminal::write(&line_of(format, &Who::default(), &Said::Failure(failure)));
}

fn line_of(format: Format, who: &Who, said: &Said<'_>) -> String {
    let mut line = words_of(format, who, said);
    line.push('\n');
    line
}

fn words_of(format: Format, who: &Who, said: &Said<'_>) -> String {
    match format {
        Format::Text => said.text(who),
        Format::Json => said.json(who, &humantime::format_rfc3339_millis(SystemTime::now()).to_string()),
    }
}

impl Display {
    /// Shows nothing yet, and starts nothing.
    pub(super) fn new(settings: Settings) -> Display {
        let (state, over) = (Mutex::default(), Condvar::new());
        Display { shared: Arc::new(Shared { settings, began: Instant::now(), state, over }) }
    }

    /// Says something, above whatever is drawn.
    pub(super) fn say(&self, who: &Who, said: &Said<'_>) {
        let settings = self.shared.settings;
        // A line of another program may be what it asks of the person.
        if settings.quiet && !matches!(said, Said::Failure(_) | Said::Line(_)) {
            return;
        }
        let mut state = self.shared.lock();
        terminal::write(&state.block.above(&words_of(settings.format, who, said)));
    }

    /// A row for a gatherer, in one of several clusters if there are several; none if progress is not to be shown.
    pub(super) fn row(&self, context: Option<&str>, gatherer: &str) -> Option<Arc<Gauge>> {
        let Settings { quiet, progress, format } = self.shared.settings;
        let is_for_lines = format == Format::Json;
        if quiet || progress == When::Never || (is_for_lines && progress == When::Auto) {
            return None;
        }
        let shared = Arc::downgrade(&self.shared);
        let gauge = Arc::new(Gauge::new(move || {
            if let Some(shared) = shared.upgrade() {
                shared.start();
            }
        }));
        let context = context.map(|context| line::of(context.as_bytes()));
        let row = Row::new(Who { context, gatherer: gatherer.to_owned() });
        self.shared.lock().rows.push((row, gauge.clone()));
        Some(gauge)
    }

    /// Takes away what is drawn; from here on things are only said.
    pub(super) fn finish(&self) {
        let mut state = self.shared.lock();
        state.is_over = true;
        let thread = state.thread.take();
        drop(state);
        self.shared.over.notify_all();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        terminal::write(&self.shared.lock().block.clear());
    }

    /// Tells what became of the gatherers.
    pub(super) fn summarise(&self, ended: &[Ended]) {
        let Settings { quiet, format, .. } = self.shared.settings;
        if quiet || ended.is_empty() {
            return;
        }
        match format {
            Format::Json => ended.iter().for_each(|ended| self.say(&ended.who, &Said::Summary(ended))),
            Format::Text => {
                let has_colour = terminal::welcomes_colour() && terminal::is_obedient();
                let room = Room { width: usize::MAX, has_colour };
                let lines = summary(ended, room).join("\n");
                terminal::write(&self.shared.lock().block.above(&lines));
            }
        }
    }
}

/// One cluster's gatherers.
impl Observer for Display {
    fn log(&self, gatherer: &str, level: LogLevel, text: &str) {
        if level != LogLevel::DEBUG {
            let who = Who { context: None, gatherer: gatherer.to_owned() };
            self.say(&who, &Said::Log(level, text));
        }
    }

    fn watch(&self, gatherer: &str) -> Option<Arc<Gauge>> {
        self.row(None, gatherer)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.finish();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to show progress, if it can be seen.
    fn start(self: Arc<Self>) {
        let mut state = self.lock();
        if state.is_over || state.thread.is_some() {
            return;
        }
        let Settings { progress, format, .. } = self.settings;
        let way = if format == Format::Text && terminal::is_obedient() {
            Way::Block { has_colour: terminal::welcomes_colour() }
        } else if progress == When::Always {
            Way::Lines
        } else {
            return;
        };
        let shared = self.clone();
        let thread = std::thread::Builder::new().name("display".into()).stack_size(256 << 10);
        // Without a thread there is no progress to see; the run does not suffer.
        state.thread = thread.spawn(move || shared.follow(way)).ok();
    }

    fn follow(&self, way: Way) {
        let tick = match way {
            Way::Block { .. } => FRAME,
            Way::Lines => LOOK,
        };
        let mut lines_at = LINES_EVERY;
        let mut state = self.lock();
        while !state.is_over {
            let now = self.began.elapsed();
            for (row, gauge) in &mut state.rows {
                row.look(now, gauge.read());
            }
            match way {
                Way::Block { has_colour } if now >= SHOWN_AFTER => {
                    let lines =
                        live::block(state.rows.iter().map(|(row, _)| row), now, terminal::size(), has_colour);
                    terminal::write(&state.block.draw(lines));
                }
                Way::Lines if now >= lines_at => {
                    lines_at = now + LINES_EVERY - LOOK / 2;
                    terminal::write(&self.lines(&state, now));
                }
                _ => {}
            }
            (state, _) = self.over.wait_timeout(state, tick).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// A line for each gatherer that has not ended.
    fn lines(&self, state: &State, now: Duration) -> String {
        let going = state.rows.iter().map(|(row, _)| row).filter(|row| !row.progress.phase.has_ended());
        going
            .map(|row| {
                let (items_per_second, bytes_per_second) = row.rates();
                let pace = Pace {
                    progress: &row.progress,
                    items_per_second,
                    bytes_per_second,
                    stalled: row.stalled(now),
                    now: row.now(now),
                };
                line_of(self.settings.format, &row.who, &Said::Progress(pace))
            })
            .collect()
    }
}

/// The table at the end.
fn summary(ended: &[Ended], room: Room) -> Vec<String> {
    let has_contexts = ended.iter().any(|ended| ended.who.context.is_some());
    let columns = [
        table::text("CONTEXT"),
        table::text("GATHERER"),
        table::text("STATUS"),
        table::number("ITEMS"),
        table::number("REQUESTS"),
        table::number("RECEIVED"),
        table::number("FILES"),
        table::number("ARCHIVED"),
        table::number("TIME"),
    ];
    let cells = |ended: &Ended| -> Vec<Cell> {
        vec![
            ended.who.context.clone().unwrap_or_default().into(),
            ended.who.gatherer.clone().into(),
            if ended.is_complete { "Complete".into() } else { live::failed() },
            format::count(ended.items).into(),
            format::count(ended.requests).into(),
            format::bytes(ended.bytes_received).into(),
            format::count(ended.entries).into(),
            format::bytes(ended.bytes_archived).into(),
            ended.took.map_or_else(|| "-".to_owned(), format::duration).into(),
        ]
    };
    let mut rows: Vec<Vec<Cell>> = ended.iter().map(cells).collect();
    let first = usize::from(!has_contexts);
    rows.iter_mut().for_each(|row| drop(row.drain(..first)));
    table::lines(&columns[first..], &rows, room)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(context: Option<&str>, gatherer: &str, is_complete: bool) -> Ended {
        Ended {
            who: Who { context: context.map(str::to_owned), gatherer: gatherer.into() },
            is_complete,
            items: 5000,
            requests: 10,
            bytes_received: 33_940_000,
            entries: 1,
            bytes_archived: 1234,
            took: is_complete.then_some(Duration::from_millis(1234)),
        }
    }

    #[test]
    fn a_table_at_the_end() {
        let room = Room { width: usize::MAX, has_colour: false };
        assert_eq!(
            summary(&[ended(None, "pods", true), ended(None, "cluster-operators", false)], room),
            [
                "GATHERER           STATUS    ITEMS  REQUESTS  RECEIVED  FILES  ARCHIVED   TIME",
                "pods               Complete  5,000        10   33.9 MB      1    1.2 kB  1.2 s",
                "cluster-operators  Failed    5,000        10   33.9 MB      1    1.2 kB      -",
            ]
        );
        assert_eq!(
            summary(&[ended(Some("prod"), "pods", true), ended(Some("test"), "pods", true)], room)[1..],
            [
                "prod     pods      Complete  5,000        10   33.9 MB      1    1.2 kB  1.2 s",
                "test     pods      Complete  5,000        10   33.9 MB      1    1.2 kB  1.2 s",
            ]
        );
    }

    #[test]
    fn nobody_watches_what_is_not_shown() {
        for (settings, is_watched) in [
            (Settings::default(), true),
            (Settings { progress: When::Always, ..Settings::default() }, true),
            (Settings { progress: When::Never, ..Settings::default() }, false),
            (Settings { quiet: true, progress: When::Always, ..Settings::default() }, false),
            (Settings { format: Format::Json, ..Settings::default() }, false),
            (Settings { format: Format::Json, progress: When::Always, ..Settings::default() }, true),
        ] {
            assert_eq!(Display::new(settings).watch("pods").is_some(), is_watched, "{settings:?}");
        }
    }

    #[test]
    fn the_words_of_the_options_are_those_of_the_help() {
        assert!(WHEN.iter().all(|word| when(word).is_ok()) && when("often").is_err());
        assert!(FORMATS.iter().all(|word| format(word).is_ok()) && format("yaml").is_err());
    }
}
