//! What a person sees of a run while it goes on and at its end, and what a machine reads instead.
//!
//! | file | has |
//! |---|---|
//! | [`mod@format`] | numbers as people read them |
//! | [`voice`], [`fleet`] | what is said, in words or as JSON lines; what is said of several clusters alone |
//! | [`object`] | a JSON line |
//! | [`settings`] | what was typed of all that |
//! | [`summary`] | what became of gatherers |
//! | [`table`] | text in columns |
//! | [`live`] | how far a run is, as lines |
//! | [`block`] | lines that are drawn again in place |
//! | [`page`] | what is printed on stdout |
//! | [`terminal`] | what stderr is |
//!
//! This is the only door to the terminal: whatever others wrote is escaped here ([`wagather_printable`]), and nothing else in the
//! command line writes to a standard stream.
//!
//! Everything but this file, `page` and `terminal` is pure. This file holds the rows, the one lock that lets nothing be written into
//! something else, and what looks at the rows again and again. For one cluster that is a thread. It does not exist, and nothing is
//! asked of a terminal, before a gauge wakes it: then the first request is out. A process with several clusters must have no thread,
//! as it forks; there it is whoever waits for them, with [`Display::tick`].

mod block;
mod fleet;
mod format;
mod live;
mod object;
mod page;
mod settings;
mod summary;
mod table;
mod terminal;
mod voice;
mod who;

pub(super) use fleet::Fleet;
pub(super) use page::{print, print_json};
pub(super) use settings::{FORMATS, Settings, WHEN, format, when};
pub(super) use summary::Ended;
pub(super) use voice::{Format, Said, Wholeness};
pub(super) use who::Who;

use block::Block;
use host_min::{Failure, Gauge, Observer, Progress};
use live::Row;
use settings::{LOOK, Way};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};
use table::Room;
use voice::Pace;
use wagather_abi::LogLevel;
use wagather_printable::Page;

/// A run that is over sooner is not shown at all.
const SHOWN_AFTER: Duration = Duration::from_millis(300);
/// How often lines are written.
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
    rows: Vec<(Row, Seen)>,
    block: Block,
    /// How progress is shown, if that is done by ticks.
    ticks: Option<Way>,
    /// When it is time for the next one.
    tick_at: Option<Instant>,
    /// When lines are written next.
    lines_at: Duration,
    is_over: bool,
    thread: Option<JoinHandle<()>>,
}

/// Where it is seen how far a gatherer is.
enum Seen {
    /// In this process.
    Gauge(Arc<Gauge>),
    /// Another one told so at that time.
    Told(Progress, Instant),
}

/// Says why the program ends as it does.
pub(super) fn say_failure(format: Format, failure: &Failure) {
    terminal::write(&line_of(format, &Who::default(), &Said::Failure(failure)));
}

/// Tells of a request in the process of one of several clusters, whose lines the process above says.
pub(super) fn say_request(line: &str) {
    terminal::write(&line_of(Format::Text, &Who::default(), &Said::Log(LogLevel::DEBUG, line)));
}

/// Says what is wrong with a command line, and where to read what is right.
pub(super) fn say_wrong(reason: &str, usage: &str, command: &str) {
    let mut page = Page::new();
    page.line(format_args!("error: {reason}"));
    page.lines(&format!("\n{usage}\n\nFor more information, try 'host-min {command}--help'."));
    terminal::write(page.as_str());
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
        if settings.quiet && !matches!(said, Said::Failure(_) | Said::Fleet(Fleet::Line(_))) {
            return;
        }
        let mut state = self.shared.lock();
        terminal::write(&state.block.above(&words_of(settings.format, who, said)));
    }

    /// A row for each gatherer of each of several clusters; how far they are will be [told](Display::told). Whether anybody sees them:
    /// then it takes [ticks](Display::tick).
    pub(super) fn watch_all(&self, contexts: &[String], gatherers: &[String]) -> bool {
        let settings = self.shared.settings;
        let mut state = self.shared.lock();
        state.ticks = if settings.wants_progress() { settings.way() } else { None };
        if state.ticks.is_some() {
            for context in contexts {
                let who =
                    |gatherer: &String| Who { context: Some(context.clone()), gatherer: gatherer.clone() };
                let nothing = || Seen::Told(Progress::default(), self.shared.began);
                state.rows.extend(gatherers.iter().map(|gatherer| (Row::new(who(gatherer)), nothing())));
            }
        }
        state.ticks.is_some()
    }

    /// How far a gatherer of another process is, by the number of its row.
    pub(super) fn told(&self, row: usize, progress: Progress) {
        if let Some((_, seen)) = self.shared.lock().rows.get_mut(row) {
            *seen = Seen::Told(progress, Instant::now());
        }
    }

    /// Shows progress on this thread, if it is time; when it will be time again.
    pub(super) fn tick(&self) -> Option<Instant> {
        let mut state = self.shared.lock();
        let (way, now) = (state.ticks?, Instant::now());
        if state.tick_at.is_none_or(|at| at <= now) {
            self.shared.look(&mut state, way);
            state.tick_at = Some(now + way.pause());
        }
        state.tick_at
    }

    /// A row for a gatherer of one cluster; none if progress is not to be shown.
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
        let row = Row::new(Who { context: None, gatherer: gatherer.to_owned() });
        self.shared.lock().rows.push((row, Seen::Gauge(gauge.clone())));
        Some(gauge)
    }

    /// Takes away what is drawn; from here on things are only said.
    pub(super) fn finish(&self) {
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

    /// Tells what became of the gatherers.
    pub(super) fn summarise(&self, ended: &[Ended]) {
        let Settings { quiet, format, .. } = self.shared.settings;
        if quiet || ended.is_empty() {
            return;
        }
        match format {
            Format::Json => {
                let of_gatherers = ended.iter().filter_map(|ended| Some((&ended.who, ended.sums.as_ref()?)));
                of_gatherers.for_each(|(who, sums)| self.say(who, &Said::Summary(sums)));
            }
            Format::Text => {
                let has_colour = terminal::welcomes_colour() && terminal::is_obedient();
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
        if level != LogLevel::DEBUG || self.shared.settings.tells_debug() {
            let who = Who { context: None, gatherer: gatherer.to_owned() };
            self.say(&who, &Said::Log(level, text));
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

impl Seen {
    fn progress(&self) -> Progress {
        match self {
            Seen::Gauge(gauge) => gauge.read(),
            // Time passes meanwhile, for what has begun and has not ended.
            Seen::Told(progress, at) => {
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

    /// Begins to show progress, if it can be seen.
    fn start(self: Arc<Self>) {
        let mut state = self.lock();
        if state.is_over || state.thread.is_some() {
            return;
        }
        let Some(way) = self.settings.way() else { return };
        let shared = self.clone();
        let thread = std::thread::Builder::new().name("display".into()).stack_size(256 << 10);
        // Without a thread there is no progress to see; the run does not suffer.
        state.thread = thread.spawn(move || shared.follow(way)).ok();
    }

    fn follow(&self, way: Way) {
        let mut state = self.lock();
        while !state.is_over {
            self.look(&mut state, way);
            (state, _) = self.over.wait_timeout(state, way.pause()).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Looks at everything, and shows it if it is time.
    fn look(&self, state: &mut State, way: Way) {
        let now = self.began.elapsed();
        for (row, seen) in &mut state.rows {
            row.look(now, seen.progress());
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

    /// A line for each gatherer that has begun and has not ended.
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
                line_of(self.settings.format, &row.who, &Said::Progress(pace))
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
