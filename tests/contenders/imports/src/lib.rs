//! The imports of a gatherer, without any safety mechanism. All compared engines use this code, so only the engines
//! differ.
//!
//! There is no validation, no separate process, no manifest, no grant, no projection, no redaction and no report:
//! module and server are trusted. The rest is what any host of such a module must do: query a server on 127.0.0.1
//! over plain HTTP, return the items of a list, and write the gatherer's output, to a single file. Typed items are
//! decoded by the host's decoder.
//!
//! A program links [`Host::call`] under the names of `wagather_abi::IMPORTS` and ends with [`end`].

mod http;

use http::Answer;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::io::Write;
use std::process::ExitCode;
pub use wagather_abi::{EXPORT_GATHER, EXPORT_MEMORY, IMPORT_MODULE, IMPORTS, Import, ImportRow, ResultType};
use wagather_abi::{Request, Status, Text, Verb};
use wagather_shape::{Memory, Scratch, Shape, Width, decode, line, write};

/// More than any item of the bench becomes.
const MOST_BYTES: usize = 1 << 20;

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// One run: a gatherer of the bench has one request and one entry at a time.
#[derive(Default)]
pub struct Host {
    port: u16,
    answer: Option<Answer>,
    status: i32,
    items: std::vec::IntoIter<Box<RawValue>>,
    /// An item that was too large for the guest's buffer.
    waiting: Option<Box<RawValue>>,
    shape: Option<(u32, Shape)>,
    scratch: Scratch,
    written: Vec<u8>,
    file: Vec<u8>,
}

struct Guest<'a>(&'a [u8]);

impl Memory for Guest<'_> {
    type At = u32;
    fn offset(&self, at: u32, bytes: usize) -> Option<u32> {
        at.checked_add(bytes as u32)
    }
    fn bytes(&self, at: u32, len: usize) -> Option<&[u8]> {
        self.0.get(at as usize..)?.get(..len)
    }
    fn follow(&self, at: u32) -> Result<Option<u32>, Status> {
        let word = self.bytes(at, 4).and_then(|bytes| bytes.try_into().ok()).ok_or(Status::BAD_POINTER)?;
        Ok(Some(u32::from_le_bytes(word)).filter(|address| *address != 0))
    }
}

fn bytes(memory: &[u8], at: u32, len: u32) -> &[u8] {
    &memory[at as usize..][..len as usize]
}

impl Host {
    /// A host whose server listens on that port of 127.0.0.1.
    pub fn new(port: u16) -> Host {
        Host { port, ..Host::default() }
    }

    /// What a call of the guest does. Arguments that the import does not have are 0.
    pub fn call(&mut self, import: Import, args: [u32; 4], memory: &mut [u8]) -> i64 {
        let [first, second, third, fourth] = args;
        match import {
            Import::rest_start => self.start(first, memory),
            Import::rest_status => {
                self.receive();
                self.status.into()
            }
            Import::rest_next => self.next(second, third, memory),
            Import::rest_next_as => self.next_as(args, memory),
            Import::rest_close | Import::archive_close | Import::rest_reject | Import::rest_hides => 0,
            Import::archive_pipe => self.pipe(),
            Import::archive_open => 1,
            Import::archive_write => {
                self.file.extend_from_slice(bytes(memory, second, third));
                0
            }
            Import::archive_write_as => self.write_as(second, third, fourth, memory),
            Import::log_as => {
                self.know_shape(second, memory);
                let (_, shape) = self.shape.as_ref().expect("found");
                line(&Guest(memory), shape, third, MOST_BYTES, &mut self.written).expect("a line");
                let _ = writeln!(std::io::stderr(), "{}", String::from_utf8_lossy(&self.written));
                0
            }
            Import::log => {
                let _ =
                    writeln!(std::io::stderr(), "{}", String::from_utf8_lossy(bytes(memory, second, third)));
                0
            }
            Import::param => Status::ABSENT.0.into(),
            Import::now => std::time::UNIX_EPOCH.elapsed().map_or(0, |time| time.as_millis() as i64),
            _ => Status::DENIED.0.into(),
        }
    }

    fn start(&mut self, at: u32, memory: &[u8]) -> i64 {
        let request = Request::decode(bytes(memory, at, Request::SIZE as u32).try_into().expect("its size"));
        let text = |text: Text<u32>| String::from_utf8_lossy(bytes(memory, text.ptr, text.len)).into_owned();
        assert!(request.verb == Verb::LIST, "a gatherer of the bench asks for lists");
        let (group, version, resource) = (text(request.group), text(request.version), text(request.resource));
        let root =
            if group.is_empty() { format!("/api/{version}") } else { format!("/apis/{group}/{version}") };
        self.answer = Some(Answer::ask(self.port, &format!("{root}/{resource}?limit=500")));
        1
    }

    /// Reads the answer, once.
    fn receive(&mut self) {
        let Some(answer) = self.answer.take() else { return };
        let (status, body) = answer.read();
        self.status = status;
        let list: List<'_> = serde_json::from_slice(&body).expect("a list");
        self.items = list.items.into_iter().map(ToOwned::to_owned).collect::<Vec<_>>().into_iter();
    }

    fn take(&mut self) -> Option<Box<RawValue>> {
        self.receive();
        self.waiting.take().or_else(|| self.items.next())
    }

    fn next(&mut self, buffer: u32, cap: u32, memory: &mut [u8]) -> i64 {
        let Some(item) = self.take() else { return 0 };
        let text = item.get().as_bytes();
        if text.len() <= cap as usize {
            memory[buffer as usize..][..text.len()].copy_from_slice(text);
            return text.len() as i64;
        }
        let len = text.len() as i64;
        self.waiting = Some(item);
        len
    }

    fn know_shape(&mut self, at: u32, memory: &[u8]) {
        let there = &memory[at as usize..];
        if !self.shape.as_ref().is_some_and(|(known, shape)| *known == at && shape.is_at(there)) {
            let there = there.get(..wagather_abi::limits::MAX_SHAPE_BYTES).unwrap_or(there);
            self.shape = Some((at, Shape::parse(there, Width::Four).expect("a shape")));
        }
    }

    fn next_as(&mut self, [_, shape, arena, cap]: [u32; 4], memory: &mut [u8]) -> i64 {
        let Some(item) = self.take() else { return 0 };
        self.know_shape(shape, memory);
        let (_, shape) = self.shape.as_ref().expect("found");
        match decode(item.get().as_bytes(), shape, arena.into(), MOST_BYTES, &mut self.scratch) {
            Ok(decoded) if decoded.len() <= cap as usize => {
                memory[arena as usize..][..decoded.len()].copy_from_slice(decoded);
                decoded.len() as i64
            }
            Ok(decoded) => {
                let len = decoded.len() as i64;
                self.waiting = Some(item);
                len
            }
            Err(_) => panic!("an item that does not fit"),
        }
    }

    fn write_as(&mut self, shape: u32, from: u32, before: u32, memory: &[u8]) -> i64 {
        self.know_shape(shape, memory);
        let (_, shape) = self.shape.as_ref().expect("found");
        write(&Guest(memory), shape, from, MOST_BYTES, &mut self.written).expect("a structure");
        self.file.extend(Some(before as u8).filter(|before| *before != 0));
        self.file.extend_from_slice(&self.written);
        self.written.len() as i64
    }

    fn pipe(&mut self) -> i64 {
        let mut entries = 0;
        while let Some(item) = self.take() {
            self.file.extend_from_slice(item.get().as_bytes());
            self.file.push(b'\n');
            entries += 1;
        }
        entries
    }
}

/// What a program is called with: `PROGRAM MODULE PORT OUTPUT`.
pub struct Words {
    /// The file of the module, or of what a compiler made of it.
    pub module: String,
    /// A port of 127.0.0.1.
    pub port: u16,
    /// Where the file goes that the gatherer writes.
    pub output: String,
}

/// The words of this program's command line, after so many that are the program's own.
pub fn words(own: usize) -> Option<Words> {
    let words: Vec<String> = std::env::args().skip(1 + own).collect();
    match <[String; 3]>::try_from(words) {
        Ok([module, port, output]) => Some(Words { module, port: port.parse().ok()?, output }),
        Err(_) => None,
    }
}

/// Says how a program is called.
pub fn usage(text: &str) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "{text}");
    ExitCode::from(2)
}

/// Writes the file, and makes an exit code of what `gather` returned: none if the guest trapped.
pub fn end(host: &Host, output: &str, gathered: Option<i32>) -> ExitCode {
    std::fs::write(output, &host.file).expect("a file");
    if gathered == Some(0) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
