//! What people see of a run, during it and at its end, and what programs read instead.
//!
//! | file | contains |
//! |---|---|
//! | `format` | numbers for people |
//! | `event`, `fleet` | events as text or as JSON lines; events of several clusters |
//! | `delivery` | events of a delivery |
//! | `object` | a JSON line |
//! | `settings` | the options for all this |
//! | `summary` | the results of gatherers |
//! | `table` | text in columns |
//! | `live` | progress, as lines |
//! | `block` | lines that are redrawn in place |
//! | `page` | results on stdout |
//! | `terminal` | what stderr is |
//!
//! This is the only way to the terminal. Foreign text is escaped here (`wagather_printable`), and no other code of the
//! command line writes to a standard stream.
//!
//! All files except this one, `page` and `terminal` are pure. This file has the rows, the lock that keeps output from mixing, and
//! the loop that refreshes the rows. For one cluster, the loop is a thread. It does not start, and the terminal is not
//! queried, before a gauge wakes it when the first request is out. A process with several clusters forks, so it must have no thread;
//! there, the code that waits for the clusters calls [`Display::tick`].

mod block;
mod delivery;
mod event;
mod fleet;
pub mod format;
mod live;
mod object;
mod page;
mod settings;
mod subject;
mod summary;
mod table;
mod terminal;

pub use event::{Completeness, Event, Format};
pub use fleet::Fleet;
pub use page::{print, print_json};
pub use settings::{FORMATS, Settings, WHEN, format, when};
pub use subject::Subject;
pub use summary::Ended;

use block::Block;
use event::Pace;
use live::Row;
use settings::{LOOK, Way};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use table::Room;
use wagather_abi::LogLevel;
use wagather_base::error::Failure;
use wagather_broker::{Gauge, Observer, Progress};
use wagather_printable::Page;

/// A run that ends sooner shows no progress.
const SHOWN_AFTER: Duration = Duration::from_millis(300);
/// How often progress lines are written.
const LINES_EVERY: Duration = Duration::from_secs(2);

/// Shows a run. Any thread can call it.
pub struct Display {
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
    rows: Vec<(Row, ProgressSource)>,
    block: Block,
    /// How progress is shown, if ticks show it.
    ticks: Option<Way>,
    /// When the next tick is due.
    tick_at: Option<Instant>,
    /// When the next progress lines are due.
    lines_at: Duration,
    is_over: bool,
    thread: Option<JoinHandle<()>>,
}

/// Where the progress of a gatherer comes from.
enum ProgressSource {
    /// A gauge in this process.
    Gauge(Arc<Gauge>),
    /// A report from another process, and its time.
    Reported(Progress, Instant),
}

/// Shows the failure that ends the program.
pub fn show_failure(format: Format, failure: &Failure) {
    terminal::write(&render_line(format, &Subject::default(), &Event::Failure(failure)));
}

/// Shows a request, in the process of one of several clusters. The parent process passes the line on.
pub fn show_request(line: &str) {
    terminal::write(&render_line(Format::Text, &Subject::default(), &Event::Log(LogLevel::DEBUG, line)));
}

/// Shows what is wrong with a command line, and where to find help.
pub fn show_usage_error(reason: &str, usage: &str, command: &str) {
    let mut page = Page::new();
    page.line(format_args!("error: {reason}"));
    page.lines(&format!("\n{usage}\n\nFor more information, try 'host-min {command}--help'."));
    terminal::write(page.as_str());
}

fn render_line(format: Format, who: &Subject, said: &Event<'_>) -> String {
    let mut line = render(format, who, said);
    line.push('\n');
    line
}

fn render(format: Format, who: &Subject, said: &Event<'_>) -> String {
    match format {
        Format::Text => said.text(who),
        Format::Json => said.json(who, &humantime::format_rfc3339_millis(SystemTime::now()).to_string()),
    }
}

impl Display {
    /// A display that shows nothing yet. Starts no thread.
    pub fn new(settings: Settings) -> Display {
        let (state, over) = (Mutex::default(), Condvar::new());
        Display { shared: Arc::new(Shared { settings, began: Instant::now(), state, over }) }
    }

    /// Shows an event, above the progress.
    pub fn show(&self, who: &Subject, said: &Event<'_>) {
        let settings = self.shared.settings;
        // A line of another program may be a prompt for the user.
        if settings.quiet && !matches!(said, Event::Failure(_) | Event::Fleet(Fleet::Line(_))) {
            return;
        }
        let mut state = self.shared.lock();
        terminal::write(&state.block.above(&render(settings.format, who, said)));
    }

    /// Adds a row for each gatherer of each of several clusters, whose progress is [set](Display::set_progress) later. Returns whether the rows
    /// are visible. If so, they need [ticks](Display::tick).
    pub fn watch_all(&self, contexts: &[String], gatherers: &[String]) -> bool {
        let settings = self.shared.settings;
        let mut state = self.shared.lock();
        state.ticks = if settings.wants_progress() { settings.way() } else { None };
        if state.ticks.is_some() {
            for context in contexts {
                let who = |gatherer: &String| Subject {
                    context: Some(context.clone()),
                    gatherer: gatherer.clone(),
                };
                let nothing = || ProgressSource::Reported(Progress::default(), self.shared.began);
                state.rows.extend(gatherers.iter().map(|gatherer| (Row::new(who(gatherer)), nothing())));
            }
        }
        state.ticks.is_some()
    }

    /// Sets the progress of a gatherer in another process, by the index of its row.
    pub fn set_progress(&self, row: usize, progress: Progress) {
        if let Some((_, seen)) = self.shared.lock().rows.get_mut(row) {
            *seen = ProgressSource::Reported(progress, Instant::now());
        }
    }

    /// Shows progress on this thread, if it is due. Returns when it is due again.
    pub fn tick(&self) -> Option<Instant> {
        let mut state = self.shared.lock();
        let (way, now) = (state.ticks?, Instant::now());
        if state.tick_at.is_none_or(|at| at <= now) {
            self.shared.refresh(&mut state, way);
            state.tick_at = Some(now + way.pause());
        }
        state.tick_at
    }

    /// Adds a row for a gatherer of one cluster, unless progress is off.
    fn row(&self, gatherer: &str) -> Option<Arc<Gauge>> {
        if !self.shared.settings.wants_progress() {
            return None;
        }
        let shared = Arc::downgrade(&self.shared);
        let gauge = Arc::new(Gauge::new(move || {
            if let Some(shared) = shared.upgrade() {
                shared.start();
            }
        }));
        let row = Row::new(Subject { context: None, gatherer: gatherer.to_owned() });
        self.shared.lock().rows.push((row, ProgressSource::Gauge(gauge.clone())));
        Some(gauge)
    }

    /// Removes the progress. From here on, only events are shown.
    pub fn finish(&self) {
        let mut state = self.shared.lock();
        state.is_over = true;
        state.ticks = None;
        let thread = state.thread.take();
        drop(state);
        self.shared.over.notify_all();
        if let Some(thread) = thread {
            let _ = thread.join();
        }
        terminal::write(&self.shared.lock().block.clear());
    }

    /// Shows the results of the gatherers.
    pub fn summarise(&self, ended: &[Ended]) {
        let Settings { quiet, format, .. } = self.shared.settings;
        if quiet || ended.is_empty() {
            return;
        }
        match format {
            Format::Json => {
                let of_gatherers = ended.iter().filter_map(|ended| Some((&ended.who, ended.sums.as_ref()?)));
                of_gatherers.for_each(|(who, sums)| self.show(who, &Event::Summary(sums)));
            }
            Format::Text => {
                let has_colour = terminal::wants_colour() && terminal::has_cursor();
                let room = Room { width: usize::MAX, has_colour };
                let lines = summary::table(ended, room).join("\n");
                terminal::write(&self.shared.lock().block.above(&lines));
            }
        }
    }
}

/// One cluster's gatherers.
impl Observer for Display {
    fn log(&self, gatherer: &str, level: LogLevel, text: &str) {
        if level != LogLevel::DEBUG || self.shared.settings.shows_debug() {
            let who = Subject { context: None, gatherer: gatherer.to_owned() };
            self.show(&who, &Event::Log(level, text));
        }
    }

    fn watch(&self, gatherer: &str) -> Option<Arc<Gauge>> {
        self.row(gatherer)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        self.finish();
    }
}

impl ProgressSource {
    fn progress(&self) -> Progress {
        match self {
            ProgressSource::Gauge(gauge) => gauge.read(),
            // Time has passed since the report, if the gatherer is running.
            ProgressSource::Reported(progress, at) => {
                let mut progress = progress.clone();
                if !progress.elapsed.is_zero() && !progress.phase.has_ended() {
                    progress.elapsed += at.elapsed();
                }
                progress
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts to show progress, if it is visible.
    fn start(self: Arc<Self>) {
        let mut state = self.lock();
        if state.is_over || state.thread.is_some() {
            return;
        }
        let Some(way) = self.settings.way() else { return };
        let shared = self.clone();
        let thread = std::thread::Builder::new().name("display".into()).stack_size(256 << 10);
        // Without a thread there is no progress to see, and the run goes on.
        state.thread = thread.spawn(move || shared.refresh_until_over(way)).ok();
    }

    fn refresh_until_over(&self, way: Way) {
        let mut state = self.lock();
        while !state.is_over {
            self.refresh(&mut state, way);
            (state, _) = self.over.wait_timeout(state, way.pause()).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Reads all progress, and shows it if it is due.
    fn refresh(&self, state: &mut State, way: Way) {
        let now = self.began.elapsed();
        for (row, seen) in &mut state.rows {
            row.update(now, seen.progress());
        }
        match way {
            Way::Block { has_colour } if now >= SHOWN_AFTER => {
                let rows = state.rows.iter().map(|(row, _)| row);
                let lines = live::block(rows, now, terminal::size(), has_colour);
                terminal::write(&state.block.draw(lines));
            }
            Way::Lines if now >= state.lines_at.max(LINES_EVERY) => {
                state.lines_at = now + LINES_EVERY - LOOK / 2;
                terminal::write(&self.lines(state, now));
            }
            _ => {}
        }
    }

    /// A line for each gatherer that is running.
    fn lines(&self, state: &State, now: Duration) -> String {
        let rows = state.rows.iter().map(|(row, _)| row);
        let going = rows.filter(|row| row.has_begun() && !row.progress.phase.has_ended());
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
                render_line(self.settings.format, &row.who, &Event::Progress(pace))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::settings::When;
    use super::*;

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
            // Of several clusters it is known at once whether there is a terminal, so that nothing is sent for nobody.
            let all = Display::new(settings);
            if settings.progress != When::Auto || !is_watched {
                assert_eq!(all.watch_all(&["prod".into()], &["pods".into()]), is_watched, "{settings:?}");
                assert_eq!(all.tick().is_some(), is_watched, "{settings:?}");
            }
            all.finish();
            assert_eq!(all.tick(), None);
        }
    }
}
