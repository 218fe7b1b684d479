//! Collects the last lines of each crash-looping container, from before it crashed.
//!
//! It writes `<namespace>/<pod>/<container>.log` for each, and `index.json`: the crash-looping containers, which log
//! was collected, or why there is none. Several requests are in flight at once, but only one log is in memory.
//! Parameters limit the number, the length and the size of the logs.

#![no_std]
#![forbid(unsafe_code)]

mod resources;

use resources::{ContainerStateTerminated, ContainerStatus, ObjectMeta, Pod, Pods};
use resources::{MAX_BYTES, MAX_CONTAINERS, MAX_TOTAL_BYTES, TAIL_LINES};
use wagather::abi::limits::MAX_ENTRY_NAME_BYTES;
use wagather::archive::Entry;
use wagather::arena::{String, Vec};
use wagather::io::Read;
use wagather::typed::Item;
use wagather::{
    Body, DefaultedParam, Error, Fields, ListParams, LogParams, Result, Serialize, gatherer, json, log,
};

/// Requests for logs in flight: the API server forwards each to a node, and some nodes are slow.
const AHEAD: usize = 8;

/// To find the end of a log, the gatherer reads at most this many times the number of bytes that it keeps.
const READ_FACTOR: u32 = 16;

/// The value for a container without a log.
const NONE: &str = "none";

/// The bytes of one write to the archive.
const PIECE_BYTES: usize = 64 << 10;

/// The bytes of a refusal that are read: a `Status` object is a few hundred bytes.
const REFUSAL_BYTES: usize = 4 << 10;

/// The API server's answer if there is no log.
#[derive(Fields)]
struct Refusal<'a> {
    message: &'a str,
}

#[derive(Default, Serialize)]
struct Index {
    crash_looping: u32,
    not_listed: u32,
    logs: u32,
    bytes: u32,
    containers: Vec<Container>,
}

#[derive(Serialize)]
struct Container {
    namespace: &'static str,
    pod: &'static str,
    container: &'static str,
    restarts: i32,
    last_reason: &'static str,
    last_exit_code: i32,
    /// `previous`, `current` or [`NONE`].
    log: &'static str,
    file: &'static str,
    bytes: u32,
    truncated: bool,
    /// The HTTP status, or a status of the host, which is negative; 0 if there was no request.
    status: i32,
    why: &'static str,
    #[field(skip)]
    uid: &'static str,
    /// Whether the instance that crashed last is the current one.
    #[field(skip)]
    is_down: bool,
}

gatherer!(gather);

fn gather() -> Result<()> {
    let [most_containers, tail_lines, most_bytes, left_bytes] =
        numbers(&[MAX_CONTAINERS, TAIL_LINES, MAX_BYTES, MAX_TOTAL_BYTES])?;
    let mut logs = Logs { tail_lines, most_bytes, left_bytes, end: Vec::new() };
    let mut index = Index::default();
    for pod in Pods::all().list(&ListParams::default())?.items() {
        index.add(pod?, most_containers)?;
    }
    let mut under_way = [const { None }; AHEAD];
    for step in 0..index.containers.len() + AHEAD {
        let slot = &mut under_way[step % AHEAD];
        let oldest = step.checked_sub(AHEAD).and_then(|at| index.containers.get_mut(at));
        if let Some(container) = oldest {
            logs.take(slot.take(), container);
            index.logs += u32::from(!container.file.is_empty());
            index.bytes += container.bytes;
        }
        let next = index.containers.get_mut(step).filter(|_| logs.left_bytes > 0);
        *slot = next.and_then(|container| logs.start(container, !container.is_down));
    }
    log::info!("{} logs of {} containers that crash-loop", index.logs, index.crash_looping);
    json::to_entry("index.json", &index)
}

/// The values of numeric parameters.
fn numbers<const N: usize>(params: &[DefaultedParam; N]) -> Result<[u32; N]> {
    let mut numbers = [0; N];
    for (at, number) in numbers.iter_mut().enumerate() {
        let Ok(value) = params[at].number() else {
            let mut line = String::new();
            line.push_str("the parameter ")?;
            line.push_str(params[at].name())?;
            line.push_str(" is not a number")?;
            log::error(&line);
            return Err(Error::own(1));
        };
        *number = value;
    }
    Ok(numbers)
}

impl Index {
    fn add(&mut self, pod: Item<Pod<'static>>, most_containers: u32) -> Result<()> {
        let status = &pod.get().status;
        let mut found = 0;
        for list in &[status.init_container_statuses, status.container_statuses] {
            for container in *list {
                found += u32::from(container.is_crash_looping());
            }
        }
        self.crash_looping += found;
        let mut room = most_containers.saturating_sub(self.containers.len() as u32);
        self.not_listed += found.saturating_sub(room);
        if found.min(room) == 0 {
            return Ok(());
        }
        let Pod { metadata, status } = pod.keep();
        for list in &[status.init_container_statuses, status.container_statuses] {
            for container in *list {
                if room > 0 && container.is_crash_looping() {
                    room -= 1;
                    self.containers.push(Container::new(metadata, container))?;
                }
            }
        }
        Ok(())
    }
}

impl<'a> ContainerStatus<'a> {
    /// Whether the kubelet delays its next restart, or has yet to decide on it after another crash.
    // Not inlined: it is called twice.
    #[inline(never)]
    fn is_crash_looping(&self) -> bool {
        self.state.waiting.reason == "CrashLoopBackOff" || self.restart_count > 0 && self.is_down()
    }

    fn is_down(&self) -> bool {
        self.state.terminated.exit_code != 0
    }

    fn last_end(&self) -> &ContainerStateTerminated<'a> {
        if self.is_down() { &self.state.terminated } else { &self.last_state.terminated }
    }
}

impl Container {
    fn new(pod: &ObjectMeta<'static>, status: &ContainerStatus<'static>) -> Self {
        let last = status.last_end();
        Container {
            namespace: pod.namespace,
            pod: pod.name,
            container: status.name,
            restarts: status.restart_count,
            last_reason: last.reason,
            last_exit_code: last.exit_code,
            log: NONE,
            file: "",
            bytes: 0,
            truncated: false,
            status: 0,
            why: "",
            uid: pod.uid,
            is_down: status.is_down(),
        }
    }

    /// The name of the log's file.
    fn file_name(&self) -> Result<String> {
        // A pod's name may be longer than an entry's name.
        let len = self.namespace.len() + self.pod.len() + self.container.len() + "//.log".len();
        let mut name = String::new();
        name.push_str(self.namespace)?;
        name.push_str("/")?;
        name.push_str(if len <= MAX_ENTRY_NAME_BYTES { self.pod } else { self.uid })?;
        name.push_str("/")?;
        name.push_str(self.container)?;
        name.push_str(".log")?;
        Ok(name)
    }
}

/// The limits of the logs, and the log that is being read.
struct Logs {
    tail_lines: u32,
    most_bytes: u32,
    left_bytes: u32,
    /// The end of what was read: at least the bytes that are kept.
    end: Vec<u8>,
}

impl Logs {
    /// Starts to read a log, or records why it cannot.
    fn start(&self, container: &mut Container, is_previous: bool) -> Option<Body> {
        let read_bytes = self.most_bytes.saturating_mul(READ_FACTOR).max(1);
        let params = LogParams::default().container(container.container).tail_lines(self.tail_lines);
        let params = params.limit_bytes(read_bytes);
        let params = if is_previous { params.previous() } else { params };
        let started = Pods::namespaced(container.namespace).logs(container.pod, &params);
        started.map_err(|error| container.status = error.status().0).ok()
    }

    /// Writes a log to the archive, or records why there is none.
    fn take(&mut self, started: Option<Body>, container: &mut Container) {
        if self.left_bytes == 0 {
            container.status = 0;
            container.why = "max-total-bytes are used up";
        } else if let Some(body) = started
            && let Err(error) = self.fetch(body, container)
        {
            container.status = error.status().0;
        }
    }

    fn fetch(&mut self, mut body: Body, container: &mut Container) -> Result<()> {
        let mut status = body.status()?;
        let mut log = if container.is_down { "current" } else { "previous" };
        if status == 400 && !container.is_down {
            // The node no longer has the previous instance.
            let Some(current) = self.start(container, false) else { return Ok(()) };
            body = current;
            status = body.status()?;
            log = "current";
        }
        container.status = status.into();
        if status != 200 {
            self.read(&mut body, REFUSAL_BYTES)?;
            if let Ok(refusal) = json::read_as::<Refusal>(&self.end) {
                container.why = refusal.keep().message;
            }
            return Ok(());
        }
        let most = self.most_bytes.min(self.left_bytes) as usize;
        let read = self.read(&mut body, most);
        let skipped = self.end.len().saturating_sub(most);
        let kept = self.end.get(skipped..).unwrap_or(&[]);
        let file = container.file_name()?;
        let mut entry = Entry::create(&file)?;
        for piece in kept.chunks(PIECE_BYTES) {
            entry.append(piece)?;
        }
        entry.close()?;
        let bytes = kept.len() as u32;
        container.log = log;
        container.file = file.keep();
        container.bytes = bytes;
        // A complete log ends with a line feed.
        container.truncated = skipped > 0 || kept.last().is_some_and(|byte| *byte != b'\n');
        self.left_bytes -= bytes;
        // If the log broke off, keep what arrived.
        read
    }

    /// Reads a body to its end, and keeps at least this many of the last bytes, if there are more.
    fn read(&mut self, body: &mut Body, most: usize) -> Result<()> {
        self.end.clear();
        let mut chunk = [0; 4096];
        loop {
            let read = body.read(&mut chunk)?;
            let Some(bytes @ [_, ..]) = chunk.get(..read) else { return Ok(()) };
            if let Some((start, rest)) = self.end.split_at_mut_checked(most)
                && let Some(last) = rest.len().checked_sub(most).and_then(|at| rest.get(at..))
            {
                start.copy_from_slice(last);
                self.end.truncate(most);
            }
            self.end.extend_from_slice(bytes)?;
        }
    }
}

#[cfg(test)]
mod tests;
