//! The imports of the fake host: the contract's order of calls and its statuses.

use super::answer::{Content, find, path, place, project};
use super::any::{self, Known};
use super::{Host, Log, Misfit, Piped, Request, Run, hidden};
use crate::abi::limits::{
    MAX_ARENA_BYTES, MAX_ENTRY_NAME_BYTES, MAX_LOG_LINE_BYTES, MAX_PARAM_NAME_BYTES, MAX_SELECTOR_BYTES,
};
use crate::abi::manifest::{is_name, is_object_name, is_raw_path};
use crate::abi::place::{Place, Wanted};
use crate::abi::{LogLevel, Status, Verb, mask};
use crate::{Result, sys};
use std::borrow::ToOwned;
use std::collections::BTreeMap;
use std::string::String;
use std::vec::Vec;
use wagather_shape::{Failed, Scratch, Shape};

/// An active run.
#[derive(Default)]
pub(crate) struct Running {
    host: Host,
    handles: i32,
    open: BTreeMap<i32, Open>,
    writing: BTreeMap<i32, (String, Vec<u8>)>,
    taken: Vec<String>,
    entries: BTreeMap<String, Vec<u8>>,
    piped: Vec<Piped>,
    requests: Vec<Request>,
    logs: Vec<Log>,
    misfits: Vec<Misfit>,
}

/// A request in flight, with its answer ready.
struct Open {
    verb: Verb,
    is_object: bool,
    http: core::result::Result<u16, Status>,
    /// Items or the object, each with its path in the archive.
    items: Vec<(String, String)>,
    body: Vec<u8>,
    break_after: Option<(usize, Status)>,
    mode: Option<Mode>,
    at: usize,
    /// The path of the request, for error messages.
    path: String,
    /// Whether an item was returned and not rejected since.
    has_given: bool,
    /// The hidden fields.
    hidden: Vec<Vec<String>>,
    /// The redacted fields.
    redacted: &'static [&'static str],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Items,
    Bytes,
    Piped,
}

impl Open {
    /// Chooses the mode, if it is still open. Fails for an unsuccessful answer, unless the guest reads its body.
    fn consume(&mut self, mode: Mode) -> core::result::Result<(), Status> {
        let allowed = match mode {
            Mode::Items => matches!(self.verb, Verb::LIST | Verb::DISCOVER) || self.is_object,
            Mode::Bytes => !matches!(self.verb, Verb::LIST | Verb::DISCOVER),
            Mode::Piped => self.mode.is_none(),
        };
        if !allowed || self.mode.is_some_and(|chosen| chosen != mode) {
            return Err(Status::WRONG_MODE);
        }
        self.mode = Some(mode);
        match self.http? {
            200..300 => Ok(()),
            _ if mode == Mode::Bytes => Ok(()),
            code => Err(Status::http(code)),
        }
    }

    fn break_here(&self) -> core::result::Result<(), Status> {
        match self.break_after {
            Some((after, status)) if self.at >= after => Err(status),
            _ => Ok(()),
        }
    }
}

fn len(bytes: &[u8]) -> i32 {
    i32::try_from(bytes.len()).unwrap_or(Status::TOO_LARGE.0)
}

fn text(bytes: &[u8]) -> core::result::Result<&str, Status> {
    core::str::from_utf8(bytes).map_err(|_| Status::NOT_TEXT)
}

fn number(result: core::result::Result<i32, Status>) -> i32 {
    result.unwrap_or_else(|status| status.0)
}

impl Running {
    pub(super) fn new(host: Host) -> Self {
        Running { host, ..Running::default() }
    }

    pub(super) fn finish(self, result: Result<()>) -> Run {
        Run {
            result,
            entries: self.entries,
            unclosed: self.writing.into_values().map(|(name, _)| name).collect(),
            piped: self.piped,
            requests: self.requests,
            logs: self.logs,
            misfits: self.misfits,
            in_flight: self.open.len(),
        }
    }

    /// A new handle; requests and entries share the numbers.
    fn handle(&mut self) -> i32 {
        self.handles += 1;
        self.handles
    }

    pub(crate) fn rest_start(&mut self, request: &sys::Request<'_>) -> i32 {
        if !is_well_formed(request) {
            return Status::BAD_REQUEST.0;
        }
        if any::is_of_any(request) {
            return self.start_any(request);
        }
        let Some(version) = any::version(&self.host.resources, request) else {
            return Status::DENIED.0;
        };
        let request = &sys::Request { version: &version, ..*request };
        let answer = find(&self.host.answers, request);
        if answer.denied {
            return Status::DENIED.0;
        }
        self.record(request);
        let hidden = hidden::of(&self.host.hidden, request);
        let item = |mut object| {
            let place = place(request, &object);
            hidden.iter().for_each(|keys| hidden::remove(&mut object, keys));
            (place, project(object, request.mask))
        };
        let (items, body) = match answer.content {
            Content::Items(items) => (items.into_iter().map(item).collect(), Vec::new()),
            Content::Object(object) => {
                let object = item(object);
                let body = object.1.clone().into_bytes();
                (std::vec![object], body)
            }
            Content::Bytes(body) => (Vec::new(), body),
        };
        let hidden = hidden.iter().map(|keys| keys.iter().map(|key| (*key).to_owned()).collect()).collect();
        let handle = self.handle();
        let open = Open {
            verb: request.verb,
            is_object: request.verb == Verb::GET && request.subresource.is_empty(),
            http: answer.http,
            items,
            body,
            break_after: answer.break_after,
            mode: None,
            at: 0,
            path: path(request),
            has_given: false,
            hidden,
            redacted: hidden::redacted(request.resource, request.subresource),
        };
        self.open.insert(handle, open);
        handle
    }

    fn record(&mut self, request: &sys::Request<'_>) {
        self.requests.push(Request {
            verb: request.verb,
            path: path(request),
            labels: request.labels.to_owned(),
            fields: request.fields.to_owned(),
            limit: request.limit,
            mask: request.mask.to_owned(),
            query: request.query.to_owned(),
        });
    }

    /// Starts a request for any resource: for which there are, or for the objects of all of them. What fails of them is left out.
    fn start_any(&mut self, request: &sys::Request<'_>) -> i32 {
        let answer = find(&self.host.answers, request);
        if answer.denied {
            return Status::DENIED.0;
        }
        self.record(request);
        let known: Vec<Known> = any::fitting(&self.host.resources, request).cloned().collect();
        let mut items = Vec::new();
        let mut body = Vec::new();
        if request.verb == Verb::DISCOVER {
            items.extend(known.iter().map(|known| (String::new(), known.to_json())));
            body = any::document(&known).into_bytes();
        } else {
            for known in &known {
                let one = known.list(request);
                self.record(&one);
                items.extend(any::items(known, find(&self.host.answers, &one), &one));
            }
            items.truncate(if request.limit > 0 { request.limit as usize } else { usize::MAX });
        }
        let http = match answer.http {
            // Nothing is known of the request itself.
            Ok(404) => Ok(200),
            http => http,
        };
        let handle = self.handle();
        let open = Open {
            verb: request.verb,
            is_object: false,
            http,
            items,
            body,
            break_after: answer.break_after,
            mode: None,
            at: 0,
            path: path(request),
            has_given: false,
            hidden: Vec::new(),
            redacted: &[],
        };
        self.open.insert(handle, open);
        handle
    }

    pub(crate) fn rest_status(&mut self, handle: i32) -> i32 {
        number(self.request(handle).and_then(|open| open.http.map(i32::from)))
    }

    fn request(&mut self, handle: i32) -> core::result::Result<&mut Open, Status> {
        self.open.get_mut(&handle).ok_or(Status::BAD_HANDLE)
    }

    pub(crate) fn rest_read(&mut self, handle: i32, buffer: &mut [u8]) -> i32 {
        let most = self.host.short_reads.unwrap_or(usize::MAX);
        number(self.request(handle).and_then(|open| {
            open.consume(Mode::Bytes)?;
            open.break_here()?;
            let stop = open.break_after.map_or(usize::MAX, |(after, _)| after).min(open.body.len());
            let rest = open.body.get(open.at..stop).unwrap_or(&[]);
            let read = rest.len().min(buffer.len()).min(most);
            buffer[..read].copy_from_slice(&rest[..read]);
            open.at += read;
            Ok(len(&rest[..read]))
        }))
    }

    pub(crate) fn rest_next(&mut self, handle: i32, buffer: &mut [u8]) -> i32 {
        number(self.request(handle).and_then(|open| {
            open.consume(Mode::Items)?;
            open.break_here()?;
            let Some((_, item)) = open.items.get(open.at) else { return Ok(0) };
            if let Some(room) = buffer.get_mut(..item.len()) {
                room.copy_from_slice(item.as_bytes());
                open.at += 1;
                open.has_given = !item.is_empty();
            }
            Ok(len(item.as_bytes()))
        }))
    }

    /// Decodes the next item into an arena.
    pub(crate) fn rest_next_as(
        &mut self,
        handle: i32,
        shape: &Shape,
        base: u64,
    ) -> core::result::Result<Option<Vec<u8>>, Status> {
        let open = self.request(handle)?;
        open.consume(Mode::Items)?;
        open.break_here()?;
        let Some((_, item)) = open.items.get(open.at) else { return Ok(None) };
        let mut scratch = Scratch::default();
        let (failed, at, wanted) =
            match wagather_shape::decode(item.as_bytes(), shape, base, MAX_ARENA_BYTES, &mut scratch) {
                Ok(arena) => {
                    open.at += 1;
                    open.has_given = true;
                    return Ok(Some(arena.to_vec()));
                }
                Err(Failed::Misfit(at, wanted)) => (Status::DECODE, at, wanted),
                Err(Failed::TooLarge) => (Status::TOO_LARGE, 0, Wanted::LESS),
            };
        open.at += 1;
        open.has_given = true;
        self.rest_reject(handle, at, wanted.0);
        Err(failed)
    }

    pub(crate) fn rest_reject(&mut self, handle: i32, at: u32, wanted: u32) -> i32 {
        let misfit = self.request(handle).and_then(|open| {
            let given = open.at.checked_sub(1).filter(|_| core::mem::take(&mut open.has_given));
            let (name, item) = given.and_then(|last| open.items.get(last)).ok_or(Status::WRONG_MODE)?;
            let there = Place::of(item.as_bytes(), at as usize);
            let (mut field, mut found) = (String::new(), String::new());
            // Writing to a `String` cannot fail.
            let _ = there.write_path(&mut field).and_then(|()| there.write_value(&mut found));
            let (asked, object) = (open.path.clone(), object_of(name));
            Ok(Misfit { asked, object, field, found, wanted: Wanted(wanted).text().to_owned() })
        });
        number(misfit.map(|misfit| {
            std::eprintln!("{misfit}");
            self.misfits.push(misfit);
            0
        }))
    }

    pub(crate) fn rest_hides(&mut self, handle: i32, field: &[u8]) -> i32 {
        number(self.request(handle).and_then(|open| {
            if open.verb != Verb::LIST && !open.is_object {
                return Err(Status::WRONG_MODE);
            }
            let field = hidden::keys(text(field)?).ok_or(Status::BAD_REQUEST)?;
            Ok(i32::from(hidden::hides(&open.hidden, open.redacted, &field)))
        }))
    }

    pub(crate) fn rest_close(&mut self, handle: i32) -> i32 {
        match self.open.remove(&handle) {
            Some(_) => 0,
            None => Status::BAD_HANDLE.0,
        }
    }

    pub(crate) fn archive_pipe(&mut self, handle: i32, name: &[u8]) -> i32 {
        number(text(name).and_then(|name| self.pipe(handle, name)))
    }

    fn pipe(&mut self, handle: i32, name: &str) -> core::result::Result<i32, Status> {
        let open = self.request(handle)?;
        open.consume(Mode::Piped)?;
        if open.verb == Verb::LIST || open.is_object {
            let mut count = 0;
            loop {
                let open = self.request(handle)?;
                open.break_here()?;
                let Some((place, item)) = open.items.get(open.at).cloned() else { return Ok(count) };
                open.at += 1;
                count += 1;
                self.piped.push(Piped { name: place, bytes: item.into_bytes() });
            }
        }
        let body = match open.break_after {
            Some((after, status)) if after <= open.body.len() => {
                open.http = Err(status);
                return Err(status);
            }
            _ => core::mem::take(&mut open.body),
        };
        self.take_name(name)?;
        self.piped.push(Piped { name: name.to_owned(), bytes: body });
        Ok(1)
    }

    fn take_name(&mut self, name: &str) -> core::result::Result<(), Status> {
        if !is_entry_name(name) {
            return Err(Status::BAD_NAME);
        }
        if self.taken.iter().any(|taken| taken == name) {
            return Err(Status::EXISTS);
        }
        self.taken.push(name.to_owned());
        Ok(())
    }

    pub(crate) fn archive_open(&mut self, name: &[u8]) -> i32 {
        number(text(name).and_then(|name| {
            self.take_name(name)?;
            let handle = self.handle();
            self.writing.insert(handle, (name.to_owned(), Vec::new()));
            Ok(handle)
        }))
    }

    pub(crate) fn archive_write(&mut self, handle: i32, bytes: &[u8]) -> i32 {
        match (self.writing.get_mut(&handle), self.host.entries_fail) {
            (None, _) => Status::BAD_HANDLE.0,
            (_, Some(status)) => status.0,
            (Some((_, written)), _) => {
                written.extend_from_slice(bytes);
                len(bytes)
            }
        }
    }

    pub(crate) fn archive_close(&mut self, handle: i32) -> i32 {
        match self.writing.remove(&handle) {
            Some((name, bytes)) => {
                self.entries.insert(name, bytes);
                0
            }
            None => Status::BAD_HANDLE.0,
        }
    }

    pub(crate) fn log(&mut self, level: i32, text: &[u8]) -> i32 {
        number(self::text(text).map(|text| {
            let text = &text[..text.floor_char_boundary(MAX_LOG_LINE_BYTES)];
            self.logs.push(Log { level: LogLevel(level), text: text.to_owned() });
            0
        }))
    }

    pub(crate) fn param(&mut self, name: &[u8], buffer: &mut [u8]) -> i32 {
        if name.len() > MAX_PARAM_NAME_BYTES {
            return Status::ABSENT.0;
        }
        let Some((_, value)) = self.host.params.iter().rev().find(|(known, _)| known.as_bytes() == name)
        else {
            return Status::ABSENT.0;
        };
        if let Some(room) = buffer.get_mut(..value.len()) {
            room.copy_from_slice(value.as_bytes());
        }
        len(value.as_bytes())
    }

    pub(crate) fn now(&self) -> i64 {
        self.host.now_millis
    }
}

/// An object's name in the usual form, from its path in the archive.
fn object_of(place: &str) -> String {
    let mut segments = place.trim_end_matches(".json").split('/');
    match (segments.next(), segments.next()) {
        (Some("namespaces"), Some(namespace)) => {
            std::format!("{namespace}/{}", segments.next_back().unwrap_or_default())
        }
        _ => segments.next_back().unwrap_or(place).to_owned(),
    }
}

fn is_well_formed(request: &sys::Request<'_>) -> bool {
    let absent_or = |text: &str, is_valid: fn(&str) -> bool| text.is_empty() || is_valid(text);
    let short =
        [request.labels, request.fields, request.query].iter().all(|text| text.len() <= MAX_SELECTOR_BYTES);
    let named = match request.verb {
        Verb::GET => is_object_name(request.name) && absent_or(request.subresource, is_name),
        Verb::LIST | Verb::DISCOVER => request.name.is_empty() && request.subresource.is_empty(),
        Verb::RAW => return short && is_raw_path(request.resource),
        _ => false,
    };
    // The parameters of a log: names and plain values, as a host wants them.
    let is_value = |byte: u8| byte.is_ascii_alphanumeric() || b"-.:+".contains(&byte);
    let is_plain = |pair: &str| {
        pair.split_once('=').is_some_and(|(name, value)| {
            !name.is_empty() && [name, value].iter().all(|text| text.bytes().all(is_value))
        })
    };
    short
        && named
        && (request.query.is_empty() || request.query.split('&').all(is_plain))
        && (absent_or(request.group, is_name) || any::is_of_any(request))
        && absent_or(request.version, is_name)
        && (is_name(request.resource) || any::is_of_any(request))
        && absent_or(request.namespace, is_name)
        && absent_or(request.mask, |text| mask::check(text).is_ok())
}

fn is_entry_name(name: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:@+=".contains(&byte);
    name.len() <= MAX_ENTRY_NAME_BYTES
        && name.split('/').all(|segment| {
            !segment.is_empty() && segment.bytes().all(is_plain) && !segment.bytes().all(|byte| byte == b'.')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn running() -> Running {
        let host = Host::new()
            .list(
                "/api/v1/pods",
                r#"[{"metadata":{"name":"a","namespace":"x"}},{"metadata":{"name":"b","namespace":"y"}}]"#,
            )
            .body("/version", b"12345")
            .status("/api/v1/nodes", 403);
        Running::new(host)
    }

    fn pods(verb: Verb) -> sys::Request<'static> {
        sys::Request { version: "v1", resource: "pods", ..sys::Request::new(verb) }
    }

    #[test]
    fn a_handle_is_never_given_out_again() {
        let mut running = running();
        let list = running.rest_start(&pods(Verb::LIST));
        assert_eq!(running.rest_close(list), 0);
        let other = running.rest_start(&pods(Verb::LIST));
        assert_ne!(list, other);
        for result in [
            running.rest_close(list),
            running.rest_status(list),
            running.rest_next(list, &mut [0; 9]),
            running.rest_read(list, &mut [0; 9]),
            running.archive_pipe(list, b""),
            running.archive_write(other, b"a request is no entry"),
            running.archive_close(other),
        ] {
            assert_eq!(Status(result), Status::BAD_HANDLE);
        }
        let entry = running.archive_open(b"a");
        assert_eq!(Status(running.rest_status(entry)), Status::BAD_HANDLE);
    }

    #[test]
    fn an_answer_is_consumed_in_one_mode() {
        let mut running = running();
        let list = running.rest_start(&pods(Verb::LIST));
        assert_eq!(Status(running.rest_read(list, &mut [0; 99])), Status::WRONG_MODE);
        assert!(running.rest_next(list, &mut [0; 99]) > 0);
        assert_eq!(Status(running.archive_pipe(list, b"")), Status::WRONG_MODE);

        let raw = running.rest_start(&sys::Request { resource: "/version", ..sys::Request::new(Verb::RAW) });
        assert_eq!(Status(running.rest_next(raw, &mut [0; 99])), Status::WRONG_MODE);
        assert_eq!(running.archive_pipe(raw, b"version"), 1);
        assert_eq!(Status(running.rest_read(raw, &mut [0; 99])), Status::WRONG_MODE);
        assert_eq!(Status(running.archive_pipe(raw, b"again")), Status::WRONG_MODE);
    }

    #[test]
    fn too_small_a_buffer_loses_nothing() {
        let mut running = running();
        let list = running.rest_start(&pods(Verb::LIST));
        let needed = running.rest_next(list, &mut [0; 3]);
        assert!(needed > 3);
        assert_eq!(running.rest_next(list, &mut std::vec![0; needed as usize]), needed);
        assert!(running.rest_next(list, &mut [0; 99]) > 0);
        assert_eq!(running.rest_next(list, &mut [0; 99]), 0);
        assert_eq!(running.rest_next(list, &mut [0; 99]), 0);
    }

    #[test]
    fn a_refusal_has_a_status_and_a_body() {
        let mut running = running();
        let nodes = sys::Request { resource: "nodes", name: "a", ..pods(Verb::GET) };
        let get = running.rest_start(&nodes);
        assert_eq!(running.rest_status(get), 403);
        assert!(running.rest_read(get, &mut [0; 99]) > 0);
        let get = running.rest_start(&nodes);
        assert_eq!(running.rest_next(get, &mut [0; 99]), -403);
        let get = running.rest_start(&nodes);
        assert_eq!(running.archive_pipe(get, b""), -403);
        let other = running.rest_start(&sys::Request { resource: "secrets", ..pods(Verb::LIST) });
        assert_eq!(running.rest_status(other), 404);
    }

    #[test]
    fn what_could_leave_its_place_in_a_url_is_refused() {
        let mut running = running();
        for request in [
            sys::Request { name: "a/b", ..pods(Verb::GET) },
            sys::Request { name: "..", ..pods(Verb::GET) },
            sys::Request { name: "", ..pods(Verb::GET) },
            sys::Request { name: "a", ..pods(Verb::LIST) },
            sys::Request { namespace: "a?b", ..pods(Verb::LIST) },
            sys::Request { resource: "pods/log", ..pods(Verb::LIST) },
            sys::Request { mask: "a(", ..pods(Verb::LIST) },
            sys::Request { resource: "/../x", ..sys::Request::new(Verb::RAW) },
            sys::Request { ..pods(Verb(9)) },
        ] {
            assert_eq!(Status(running.rest_start(&request)), Status::BAD_REQUEST);
        }
    }
}
