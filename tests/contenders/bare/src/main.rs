//! `bare-wasm3 MODULE PORT OUTPUT`: runs a gatherer in wasm3 and does what it asks for, without anything that makes that safe.
//!
//! No validation, no process of its own, no manifest, no grant, no projection, no redaction, no report: the module is trusted, and so is
//! the server. What is left is what any host of such a module has to do: load it, ask a server on 127.0.0.1 over plain HTTP, hand out the
//! items of a list, and write what the gatherer writes, one file for all of it. The engine, its flags and the decoder of typed items
//! are those of the host, so that what differs is the host.
//!
//! It ends with 0 if the gatherer does.
#![allow(unsafe_code)] // the guest's memory behind a call

use serde::Deserialize;
use serde_json::value::RawValue;
use std::cell::RefCell;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::rc::Rc;
use wagather_abi::{IMPORT_MODULE, IMPORTS, Import, Request, ResultType, Status, Text, Verb};
use wagather_shape::{Memory, Scratch, Shape, Width, decode, write};
use wasm3::error::Trap;
use wasm3::{CallContext, Environment, Module, Runtime};

/// What the host gives its interpreter, too.
const STACK_BYTES: u32 = 256 << 10;
/// More than any item of the bench becomes.
const MOST_BYTES: usize = 1 << 20;

#[derive(Deserialize)]
struct List<'a> {
    #[serde(borrow)]
    items: Vec<&'a RawValue>,
}

/// One run: a gatherer of the bench has one request and one entry at a time.
struct Host {
    port: u16,
    stream: Option<TcpStream>,
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
    fn call(&mut self, import: Import, args: [u32; 4], memory: &mut [u8]) -> i64 {
        let [first, second, third, _] = args;
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
            Import::archive_write_as => self.write_as(second, third, memory),
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
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("a server");
        let head = format!(
            "GET {root}/{resource}?limit=500 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nConnection: close\r\n\r\n"
        );
        stream.write_all(head.as_bytes()).expect("a request");
        self.stream = Some(stream);
        1
    }

    /// Reads the answer, once.
    fn receive(&mut self) {
        let Some(mut stream) = self.stream.take() else { return };
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("an answer");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("a head");
        self.status =
            std::str::from_utf8(&answer[9..12]).ok().and_then(|code| code.parse().ok()).expect("a status");
        let list: List<'_> = serde_json::from_slice(&answer[end + 4..]).expect("a list");
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

    fn shape(&mut self, at: u32, memory: &[u8]) -> usize {
        let there = &memory[at as usize..];
        if !self.shape.as_ref().is_some_and(|(known, shape)| *known == at && shape.is_at(there)) {
            let there = there.get(..wagather_abi::limits::MAX_SHAPE_BYTES).unwrap_or(there);
            self.shape = Some((at, Shape::parse(there, Width::Four).expect("a shape")));
        }
        0
    }

    fn next_as(&mut self, [_, shape, arena, cap]: [u32; 4], memory: &mut [u8]) -> i64 {
        let Some(item) = self.take() else { return 0 };
        self.shape(shape, memory);
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

    fn write_as(&mut self, shape: u32, from: u32, memory: &[u8]) -> i64 {
        self.shape(shape, memory);
        let (_, shape) = self.shape.as_ref().expect("found");
        write(&Guest(memory), shape, from, MOST_BYTES, &mut self.written).expect("a structure");
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

fn link(module: &mut Module<'_>, import: Import, host: &Rc<RefCell<Host>>) {
    let (row, host) = (import.row(), host.clone());
    let call = move |context: &CallContext<'_>, args: [u32; 4]| -> Result<i64, Trap> {
        // SAFETY: the guest is suspended in this call on the only thread, and nothing else refers to its memory.
        let memory = unsafe { &mut *context.memory_mut() };
        Ok(host.borrow_mut().call(import, args, memory))
    };
    macro_rules! closure {
        ($args:ty, $ret:ty, |$value:ident| $array:expr) => {
            module.link_closure(IMPORT_MODULE, row.name, move |context: CallContext<'_>, $value: $args| {
                call(&context, $array).map(|value| value as $ret)
            })
        };
    }
    // What a module does not import is not found, and need not be.
    let _ = match (row.params.len(), row.result) {
        (0, ResultType::I64) => closure!((), i64, |_args| [0; 4]),
        (1, _) => closure!(u32, i32, |a| [a, 0, 0, 0]),
        (2, _) => closure!((u32, u32), i32, |args| [args.0, args.1, 0, 0]),
        (3, _) => closure!((u32, u32, u32), i32, |args| [args.0, args.1, args.2, 0]),
        _ => closure!((u32, u32, u32, u32), i32, |args| [args.0, args.1, args.2, args.3]),
    };
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().collect();
    let [_, module, port, output] = &words[..] else {
        let _ = writeln!(std::io::stderr(), "bare-wasm3 MODULE PORT OUTPUT");
        return ExitCode::from(2);
    };
    let host = Rc::new(RefCell::new(Host {
        port: port.parse().expect("a port"),
        stream: None,
        status: 0,
        items: Vec::new().into_iter(),
        waiting: None,
        shape: None,
        scratch: Scratch::default(),
        written: Vec::new(),
        file: Vec::new(),
    }));
    let module = std::fs::read(module).expect("a module");
    let environment = Environment::new().expect("an engine");
    let runtime = Runtime::new(&environment, STACK_BYTES).expect("an interpreter");
    let mut module = runtime.parse_and_load_module(module).expect("a module that wasm3 takes");
    for row in IMPORTS {
        link(&mut module, row.import, &host);
    }
    let result = module.find_function::<(), i32>("gather").and_then(|gather| gather.call());
    std::fs::write(output, &host.borrow().file).expect("a file");
    if matches!(result, Ok(0)) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
