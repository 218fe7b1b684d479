//! Writes down what another source answers.
//!
//! Not here: the form of an entry, and what of a body is secret. A body goes to a spool while it is read; once it is over, the entry is
//! appended to a nameless file, in whatever order answers end. Only [`Recorder::finish`] puts entries in the
//! order of their requests, and gives the recording its name.

use std::fs::File;
use std::io::{self, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::entry::{self, Exchange, Quoted};
use super::redacted::{self, Redacted};
use super::{MAX_RECORDING_BYTES, Problem};
use crate::{Call, Cause, NoAnswer, Permission, Question, Response, Source};
use wagather_archive::{Existing, Partial, Spool, SpoolFull, SpoolReader, Target, is_recording};
use wagather_base::error::{Class, Failure};
use wagather_base::limits::{MAX_RECORDED_BODY_BYTES, MAX_SPOOLS_IN_MEMORY};
use wagather_base::time::{clock_millis, rfc3339};
use wagather_json::redact::Redactor;

/// What a recording may have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bounds {
    /// Bytes of one body.
    pub(super) body_bytes: u64,
    /// Bytes of all bodies, and of all entries.
    pub(super) all_bytes: u64,
}

impl Default for Bounds {
    fn default() -> Bounds {
        // What a replay reads, less what is around the entries.
        Bounds { body_bytes: MAX_RECORDED_BODY_BYTES, all_bytes: MAX_RECORDING_BYTES - (64 << 10) }
    }
}

/// A source that records another one.
pub struct Recorder {
    inner: Arc<dyn Source>,
    log: Arc<Log>,
    now_millis: i64,
    requests: AtomicU64,
}

/// Entries that are over.
struct Log {
    target: Arc<Target>,
    existing: Existing,
    redactor: Arc<Redactor>,
    state: Mutex<State>,
    bounds: Bounds,
    /// Bytes of bodies that are being written down, or were.
    bytes: AtomicU64,
    /// Bodies that are being written down.
    open: AtomicUsize,
    /// Answers of which not all is in the recording, as it has its bounds.
    cut: AtomicU64,
}

struct State {
    /// The file to be, until the recording is finished.
    output: Option<(File, Partial)>,
    text: Spool,
    /// A request's number, and where in the text its entry is.
    entries: Vec<(u64, Range<u64>)>,
    failure: Option<Failure>,
}

impl Recorder {
    /// Claims the file before anything is sent: one that exists, or cannot be written, is refused now.
    pub fn new(
        inner: Arc<dyn Source>,
        path: &Path,
        existing: Existing,
        redactor: Arc<Redactor>,
    ) -> Result<Recorder, Failure> {
        Recorder::within(Bounds::default(), inner, path, existing, redactor)
    }

    /// The same, within other bounds.
    pub(super) fn within(
        bounds: Bounds,
        inner: Arc<dyn Source>,
        path: &Path,
        existing: Existing,
        redactor: Arc<Redactor>,
    ) -> Result<Recorder, Failure> {
        let target = Arc::new(Target::claim_over(path, "the recording", existing, is_recording)?);
        let output = Some(target.new_file()?);
        let text = Spool::new(&target, bounds.all_bytes);
        let state = Mutex::new(State { output, text, entries: Vec::new(), failure: None });
        let now_millis = inner.now_millis();
        Ok(Recorder {
            inner,
            log: Arc::new(Log {
                target,
                existing,
                redactor,
                state,
                bounds,
                bytes: AtomicU64::new(0),
                open: AtomicUsize::new(0),
                cut: AtomicU64::new(0),
            }),
            now_millis,
            requests: AtomicU64::new(0),
        })
    }

    /// Writes the recording and gives it its name, or `<name>.incomplete` if the run was stopped; the result is where it is. Called once,
    /// after the last body was dropped: an exchange that is not over is not in it.
    pub fn finish(&self, stopped: bool) -> Result<PathBuf, Failure> {
        let mut state = self.log.lock();
        if let Some(failure) = state.failure.take() {
            state.output = None;
            return Err(failure);
        }
        let text = std::mem::replace(&mut state.text, Spool::new(&self.log.target, 0));
        let mut entries = std::mem::take(&mut state.entries);
        let Some((file, partial)) = state.output.take() else {
            return Err(Failure::new(Class::Internal, "cannot write the recording", "it is already written"));
        };
        drop(state);
        entries.sort_unstable_by_key(|(number, _)| *number);
        let target = &self.log.target;
        write_log(file, self.now_millis, text, &entries).map_err(|error| target.failure(&error))?;
        if stopped {
            return target
                .place_incomplete(partial.path(), is_recording)
                .map_err(|error| target.failure(&error));
        }
        match target.place(partial.path(), self.log.existing, is_recording) {
            Ok(()) => Ok(target.path().to_owned()),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(target.failure(&io::Error::new(
                ErrorKind::AlreadyExists,
                "another program wrote to the same file during the run",
            ))),
            Err(error) => Err(target.failure(&error)),
        }
    }

    /// What it leaves out, for people; nothing if it has all that was answered.
    pub fn left_out(&self) -> Option<String> {
        let cut = self.log.cut.load(Ordering::Relaxed);
        let are = if cut == 1 { "response is" } else { "responses are" };
        (cut > 0).then(|| {
            format!(
                "{cut} {are} truncated or missing in the recording: it keeps at most {} MiB of one response, and {} MiB in total",
                MAX_RECORDED_BODY_BYTES >> 20,
                MAX_RECORDING_BYTES >> 20
            )
        })
    }

    /// Removes what is not finished, also while a request on its way still holds the recorder.
    pub fn discard(&self) {
        self.log.lock().output = None;
    }
}

fn write_log(file: File, now_millis: i64, text: Spool, entries: &[(u64, Range<u64>)]) -> io::Result<()> {
    let mut text = text.into_reader()?;
    let mut out = BufWriter::new(file);
    let now = Quoted(&rfc3339(now_millis));
    let (name, version) = (Quoted(env!("CARGO_PKG_NAME")), Quoted(env!("CARGO_PKG_VERSION")));
    writeln!(
        out,
        r#"{{"log":{{"version":"1.2","creator":{{"name":{name},"version":{version}}},"pages":[{{"startedDateTime":{now},"id":"run","title":"wagather","pageTimings":{{}}}}],"entries":["#
    )?;
    for (number, (_, range)) in entries.iter().enumerate() {
        if number > 0 {
            out.write_all(b",\n")?;
        }
        text.seek(SeekFrom::Start(range.start))?;
        io::copy(&mut text.by_ref().take(range.end - range.start), &mut out)?;
    }
    out.write_all(b"\n]}}\n")?;
    out.flush()?;
    out.get_ref().sync_all()
}

impl Source for Recorder {
    fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let mut exchange = Exchange {
            path_and_query: call.path_and_query.clone(),
            accept: call.accept,
            started_millis: clock_millis(),
            wait_millis: 0,
            receive_millis: 0,
            status: 0,
            content_type: None,
            problem: None,
        };
        let sent = Instant::now();
        let answer = self.inner.send(call);
        exchange.wait_millis = millis(sent);
        let spool = Spool::new(&self.log.target, self.log.bounds.body_bytes);
        match answer {
            Ok(Response { status, content_type, retry_after, body }) => {
                exchange.status = status;
                exchange.content_type.clone_from(&content_type);
                let log = Arc::clone(&self.log);
                let spool = match log.open.fetch_add(1, Ordering::Relaxed) {
                    0..MAX_SPOOLS_IN_MEMORY => spool,
                    _ => spool.on_disk(),
                };
                let open = Some(Open { number, exchange, head: Instant::now(), spool, log });
                Ok(Response { status, content_type, retry_after, body: Box::new(Tee { body, open }) })
            }
            Err(no_answer) => {
                let NoAnswer { cause, reason, advice } = no_answer.clone();
                exchange.problem = Some(Problem { cause, reason, advice });
                self.log.append(number, &exchange, spool, false);
                Err(no_answer)
            }
        }
    }

    fn warm(&self, deadline: Instant) {
        self.inner.warm(deadline);
    }

    fn close(&self) {
        self.inner.close();
    }

    /// Not recorded: a replay needs no permission.
    fn may(&self, question: &Question, deadline: Instant) -> Result<Permission, NoAnswer> {
        self.inner.may(question, deadline)
    }

    fn has_answer(&self, path_and_query: &str) -> bool {
        self.inner.has_answer(path_and_query)
    }

    fn knows(&self, path_and_query: &str) -> bool {
        self.inner.knows(path_and_query)
    }

    fn missing(&self, path_and_query: &str) -> Vec<String> {
        self.inner.missing(path_and_query)
    }

    fn now_millis(&self) -> i64 {
        self.now_millis
    }

    fn is_recording(&self) -> bool {
        self.inner.is_recording()
    }

    fn describe(&self) -> String {
        self.inner.describe()
    }

    fn label(&self) -> String {
        self.inner.label()
    }
}

fn millis(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, State> {
        // An entry is counted only once it is written, so a thread that panicked has left nothing half done.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an exchange that is over. The source has done its work, so a failure here waits for the end of the run.
    fn append(&self, number: u64, exchange: &Exchange, body: Spool, is_cut: bool) {
        let mut state = self.lock();
        if state.output.is_none() || state.failure.is_some() {
            return;
        }
        self.cut.fetch_add(u64::from(is_cut), Ordering::Relaxed);
        let start = state.text.len();
        let written = self.redacted(exchange, body).and_then(|(body_bytes, mut body)| {
            let mut text = BufWriter::new(&mut state.text);
            entry::write(&mut text, exchange, body_bytes, &mut body)?;
            text.flush()
        });
        match written {
            Ok(()) => {
                let end = state.text.len();
                state.entries.push((number, start..end));
            }
            // What was written of it is in no entry.
            Err(error) if SpoolFull::is(&error) => {
                self.cut.fetch_add(u64::from(!is_cut), Ordering::Relaxed);
            }
            Err(error) => state.failure = Some(self.target.failure(&error)),
        }
    }

    /// Whether so many bytes of bodies more may be written down.
    fn has_room_for(&self, bytes: usize) -> bool {
        let before = self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        before + bytes as u64 <= self.bounds.all_bytes
    }

    fn redacted(&self, exchange: &Exchange, body: Spool) -> io::Result<(u64, SpoolReader)> {
        let body_bytes = body.len();
        let spool = || Spool::new(&self.target, u64::MAX);
        match redacted::redact(&self.redactor, &exchange.path_and_query, body.into_reader()?, spool)? {
            Redacted::Nothing(body) => Ok((body_bytes, body)),
            Redacted::Changed(body) => Ok((body.len(), body.into_reader()?)),
        }
    }

    fn fail(&self, error: &io::Error) {
        self.lock().failure.get_or_insert_with(|| self.target.failure(error));
    }
}

/// A body that is written down as it is read.
struct Tee {
    body: Box<dyn Read + Send>,
    open: Option<Open>,
}

/// An exchange that is not over.
struct Open {
    number: u64,
    exchange: Exchange,
    head: Instant,
    spool: Spool,
    log: Arc<Log>,
}

impl Tee {
    fn close(&mut self, is_cut: bool, problem: impl FnOnce(u64) -> Option<Problem>) {
        let Some(Open { number, mut exchange, head, spool, log }) = self.open.take() else { return };
        log.open.fetch_sub(1, Ordering::Relaxed);
        exchange.receive_millis = millis(head);
        exchange.problem = problem(spool.len());
        log.append(number, &exchange, spool, is_cut);
    }
}

impl Tee {
    /// Writes a piece down. What is too large ends there: it has what it had, and says so.
    fn write_down(&mut self, piece: &[u8]) {
        let Some(open) = &mut self.open else { return };
        let written = match open.log.has_room_for(piece.len()) {
            true => open.spool.write_all(piece),
            false => Err(SpoolFull.into()),
        };
        match written {
            Ok(()) => {}
            Err(error) if SpoolFull::is(&error) => {
                self.close(true, |bytes| {
                    let reason = format!(
                        "the recording has only the first {bytes} bytes of this response, which is too large"
                    );
                    Some(Problem { cause: Cause::Final, reason, advice: String::new() })
                });
            }
            Err(error) => {
                open.log.fail(&error);
                open.log.open.fetch_sub(1, Ordering::Relaxed);
                self.open = None;
            }
        }
    }
}

impl Read for Tee {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.body.read(buffer) {
            Ok(0) if !buffer.is_empty() => {
                self.close(false, |_| None);
                Ok(0)
            }
            Ok(len) => {
                self.write_down(&buffer[..len]);
                Ok(len)
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => Err(error),
            Err(error) => {
                let cause = Cause::of(&error);
                self.close(false, |_| {
                    Some(Problem { cause, reason: error.to_string(), advice: String::new() })
                });
                Err(error)
            }
        }
    }
}

impl Drop for Tee {
    fn drop(&mut self) {
        self.close(false, |bytes| {
            let reason =
                format!("only the first {bytes} bytes of this response were read when it was recorded");
            Some(Problem { cause: Cause::Final, reason, advice: String::new() })
        });
    }
}
