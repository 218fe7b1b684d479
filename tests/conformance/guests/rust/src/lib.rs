//! The Rust guest of the conformance kit. ../../../README.md describes the tasks.
//!
//! It uses the contract's crate, and the SDK's heap and entries. It calls the imports for requests, because the SDK
//! makes many decisions that the tasks test, and cannot misuse a handle or an address.
#![no_std]
#![allow(unsafe_code)] // the imports as they are

extern crate alloc;

use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::mem::offset_of;
use wagather::abi::place::Wanted;
use wagather::abi::{LogLevel, Request, Status, Text, Verb};
use wagather::archive::Entry;
use wagather::{Error, Param, Result, gatherer, heap, log, param, time};

type RequestPtr = *const Request<*const u8>;
type BytesPtr = *const u8;
type BufferPtr = *mut u8;
type ShapePtr = *const u8;
type TextPtr = *const Text<*const u8>;

/// The imports, as safe functions: the tasks pass buffers of their own, or addresses that the host has to refuse.
mod imports {
    use super::{BufferPtr, BytesPtr, RequestPtr, ShapePtr, TextPtr};

    macro_rules! declare {
        ($($(#[doc = $doc:literal])* $name:ident($($param:ident: $ty:ident $([$len:ident])?),*) -> $ret:ident;)*) => {
            mod declared {
                use super::{BufferPtr, BytesPtr, RequestPtr, ShapePtr, TextPtr};

                #[link(wasm_import_module = "wagather_v1")]
                unsafe extern "C" {
                    $(pub(super) fn $name($($param: $ty $(, $len: u32)?),*) -> $ret;)*
                }
            }
            $(
                #[allow(dead_code)]
                pub(super) fn $name($($param: $ty $(, $len: u32)?),*) -> $ret {
                    // SAFETY: the host checks each address, and writes only where a buffer of the task is, or nowhere.
                    unsafe { declared::$name($($param $(, $len)?),*) }
                }
            )*
        };
    }
    wagather::abi::for_each_import!(declare);
}

const TASK: Param = param!("task", "Which of the tasks in README.md");
const GIVEN: Param = param!("given", "A parameter that the runner gives");

gatherer!(gather);
heap!();

fn gather() -> Result<()> {
    let mut buffer = [0; 32];
    let task = TASK.value(&mut buffer)?.unwrap_or_default();
    let mut guest = Guest { answers: Entry::create("answers.txt")?, room: vec![0; 1 << 17] };
    let code = guest.run(task)?;
    guest.answers.close()?;
    match code {
        0 => Ok(()),
        code if code < 0 => Err(Error::new(Status(code))),
        code => Err(Error::own(code)),
    }
}

/// What to ask for, as the tasks name it.
struct Wish<'a> {
    verb: Verb,
    version: &'a str,
    resource: &'a str,
    namespace: &'a str,
    name: &'a str,
    subresource: &'a str,
    query: &'a str,
    limit: u32,
    labels: &'a str,
    fields: &'a str,
    mask: &'a str,
}

impl Wish<'_> {
    const NONE: Wish<'static> = Wish {
        verb: Verb::LIST,
        version: "v1",
        resource: "",
        namespace: "",
        name: "",
        subresource: "",
        query: "",
        limit: 0,
        labels: "",
        fields: "",
        mask: "",
    };

    fn start(&self) -> i32 {
        let text = |text: &str| Text { ptr: text.as_ptr(), len: text.len() as u32 };
        imports::rest_start(&Request {
            verb: self.verb,
            reserved: [0; 3],
            limit: self.limit,
            version: text(self.version),
            resource: text(self.resource),
            group: text(""),
            namespace: text(self.namespace),
            name: text(self.name),
            subresource: text(self.subresource),
            labels: text(self.labels),
            fields: text(self.fields),
            mask: text(self.mask),
            query: text(self.query),
        })
    }
}

fn list(resource: &str) -> i32 {
    Wish { resource, ..Wish::NONE }.start()
}

fn raw(path: &str) -> i32 {
    Wish { verb: Verb::RAW, version: "", resource: path, ..Wish::NONE }.start()
}

fn config_map(name: &str) -> i32 {
    Wish { verb: Verb::GET, resource: "configmaps", namespace: "shop", name, ..Wish::NONE }.start()
}

fn open(name: &str) -> i32 {
    imports::archive_open(name.as_ptr(), name.len() as u32)
}

fn write(handle: i32, text: &str) -> i32 {
    imports::archive_write(handle, text.as_ptr(), text.len() as u32)
}

fn pipe(handle: i32, name: &str) -> i32 {
    imports::archive_pipe(handle, name.as_ptr(), name.len() as u32)
}

fn hides(handle: i32, field: &str) -> i32 {
    imports::rest_hides(handle, field.as_ptr(), field.len() as u32)
}

/// A text, list or map where it lies in memory.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Place {
    address: u32,
    len: u32,
}

#[repr(C)]
struct Pod {
    name: Place,
    namespace: Place,
    labels: Place,
    cpu: Place,
    started: u64,
    containers: Place,
    restarts: i32,
    phase: u8,
    ready: u8,
    has_started: u8,
}

#[derive(Default)]
#[repr(C)]
struct Row {
    namespace: Place,
    name: Place,
    cpu: Place,
    labels: Place,
    first: Place,
    started: u64,
    restarts: i32,
    containers: u32,
    phase: u8,
    ready: u8,
    has_started: u8,
}

#[repr(C)]
struct Container {
    name: Place,
    image: Place,
}

/// The bytes of a shape, put together.
struct Shape(Vec<u8>);

impl Shape {
    fn new(size: usize) -> Shape {
        Shape(Vec::new()).number(size).byte(b'(')
    }

    fn byte(mut self, byte: u8) -> Shape {
        self.0.push(byte);
        self
    }

    fn number(self, number: usize) -> Shape {
        match number {
            0..0x80 => self.byte(number as u8),
            _ => self.byte(number as u8 | 0x80).number(number >> 7),
        }
    }

    fn name(mut self, name: &str) -> Shape {
        self.0.extend_from_slice(name.as_bytes());
        self.byte(0)
    }

    fn field(self, kind: u8, name: &str, offset: usize) -> Shape {
        self.byte(kind).number(offset).name(name)
    }

    fn texts(self, name: &str, offset: usize) -> Shape {
        self.field(b'{', name, offset).number(16).number(8).byte(b't')
    }
}

fn pod_shape() -> Shape {
    // Objects at offset 0: their fields lie in the structure itself.
    Shape::new(size_of::<Pod>())
        .field(b'(', "metadata", 0)
        .field(b't', "name", offset_of!(Pod, name))
        .field(b't', "namespace", offset_of!(Pod, namespace))
        .texts("labels", offset_of!(Pod, labels))
        .byte(0)
        .field(b'(', "status", offset_of!(Pod, cpu))
        .field(b'e', "phase", offset_of!(Pod, phase) - offset_of!(Pod, cpu))
        .name("Pending")
        .name("Running")
        .name("Failed")
        .byte(0)
        .field(b'i', "restarts", offset_of!(Pod, restarts) - offset_of!(Pod, cpu))
        .field(b'y', "ready", offset_of!(Pod, ready) - offset_of!(Pod, cpu))
        .field(b'v', "cpu", 0)
        .byte(b'?')
        .number(offset_of!(Pod, has_started) - offset_of!(Pod, cpu))
        .field(b'Q', "started", offset_of!(Pod, started) - offset_of!(Pod, cpu))
        .byte(0)
        .field(b'(', "spec", offset_of!(Pod, containers))
        .field(b'[', "containers", 0)
        .number(size_of::<Container>())
        .byte(b'(')
        .field(b't', "name", offset_of!(Container, name))
        .field(b't', "image", offset_of!(Container, image))
        .byte(0)
        .byte(0)
        .byte(0)
}

fn row_shape() -> Shape {
    Shape::new(size_of::<Row>())
        .field(b't', "namespace", offset_of!(Row, namespace))
        .field(b't', "name", offset_of!(Row, name))
        .field(b'B', "phase", offset_of!(Row, phase))
        .field(b'i', "restarts", offset_of!(Row, restarts))
        .field(b'y', "ready", offset_of!(Row, ready))
        .field(b't', "cpu", offset_of!(Row, cpu))
        .byte(b'?')
        .number(offset_of!(Row, has_started))
        .field(b'Q', "started", offset_of!(Row, started))
        .texts("labels", offset_of!(Row, labels))
        .field(b't', "first", offset_of!(Row, first))
        .field(b'I', "containers", offset_of!(Row, containers))
        .byte(0)
}

struct Guest {
    answers: Entry,
    /// Also an arena, which begins at a multiple of 8.
    room: Vec<u64>,
}

impl Guest {
    fn room(&mut self) -> *mut u8 {
        self.room.as_mut_ptr().cast()
    }

    /// What the host wrote to the room.
    fn bytes(&self, len: i32) -> Vec<u8> {
        let words = self.room.iter().flat_map(|word| word.to_le_bytes());
        words.take(len as usize).collect()
    }

    /// A line `name=number` of answers.txt.
    fn answer(&mut self, name: &str, number: impl Into<i64>) -> Result<()> {
        let mut line = String::from(name);
        line.push('=');
        line.push_str(&number.into().to_string());
        line.push('\n');
        self.answers.append(line.as_bytes())
    }

    fn next(&mut self, handle: i32) -> i32 {
        imports::rest_next(handle, self.room(), 64)
    }

    /// Writes each item as a line: how it ended.
    fn items(&mut self, handle: i32, mut cap: i32) -> Result<i32> {
        loop {
            let len = imports::rest_next(handle, self.room(), cap as u32);
            if len <= 0 {
                return Ok(len);
            }
            if len > cap {
                cap = len;
                continue;
            }
            let mut line = self.bytes(len);
            line.push(b'\n');
            self.answers.append(&line)?;
        }
    }

    /// Reads a body in pieces of at most `cap` bytes into an entry: how many bytes in all, or the status.
    fn body(&mut self, handle: i32, name: &str, cap: u32) -> Result<i32> {
        let mut entry = Entry::create(name)?;
        let mut all = 0;
        loop {
            let len = imports::rest_read(handle, self.room(), cap);
            if len <= 0 {
                entry.close()?;
                return Ok(if len < 0 { len } else { all });
            }
            all += len;
            entry.append(&self.bytes(len))?;
        }
    }

    fn typed(&mut self) -> Result<()> {
        let (pods, rows) = (pod_shape(), row_shape());
        let entry = open("rows.json");
        let handle = list("pods");
        let mut between = "[";
        let end = loop {
            let cap = 8 * self.room.len() as u32;
            match imports::rest_next_as(handle, pods.0.as_ptr(), self.room(), cap) {
                code if code == Status::DECODE.0 => continue,
                end if end <= 0 => break end,
                _ => {}
            }
            // SAFETY: the host wrote a pod to the beginning of the room, as the shape says, and it is aligned to 8.
            let pod = unsafe { &*self.room.as_ptr().cast::<Pod>() };
            let first = match pod.containers.len {
                0 => Place::default(),
                // SAFETY: the list has a container, which lies in the room.
                _ => unsafe { (*(pod.containers.address as usize as *const Container)).image },
            };
            let row = Row {
                namespace: pod.namespace,
                name: pod.name,
                cpu: pod.cpu,
                labels: pod.labels,
                first,
                started: pod.started,
                restarts: pod.restarts,
                containers: pod.containers.len,
                phase: pod.phase,
                ready: pod.ready,
                has_started: pod.has_started,
            };
            write(entry, between);
            imports::archive_write_as(entry, rows.0.as_ptr(), (&raw const row).cast(), 0);
            between = ",";
        };
        self.answer("end", end)?;
        write(entry, "]");
        imports::archive_close(entry);
        Ok(())
    }

    fn params(&mut self) -> Result<()> {
        for name in ["given", "defaulted", "absent", "undeclared"] {
            let len = imports::param(name.as_ptr(), name.len() as u32, self.room(), 4);
            self.answer(name, len)?;
            if len <= 4 {
                continue;
            }
            imports::param(name.as_ptr(), name.len() as u32, self.room(), len as u32);
            let mut line = self.bytes(len);
            if name == GIVEN.name() {
                let mut buffer = [0; 64];
                line = GIVEN.value(&mut buffer)?.unwrap_or_default().as_bytes().to_vec();
            }
            line.push(b'\n');
            self.answers.append(&line)?;
        }
        Ok(())
    }

    fn refused(&mut self) -> Result<()> {
        self.answer("undeclared", list("endpoints"))?;
        let other = Wish { resource: "services", namespace: "other", ..Wish::NONE };
        self.answer("other-namespace", other.start())?;
        self.answer("path", raw("/metrics"))?;
        self.answer("verb", Wish { verb: Verb(9), resource: "pods", ..Wish::NONE }.start())?;
        self.answer("mask", Wish { resource: "pods", mask: "metadata(", ..Wish::NONE }.start())
    }

    fn handles(&mut self) -> Result<()> {
        let (request, entry) = (list("nodes"), open("a.txt"));
        let misused = self.next(entry);
        self.answer("entry-as-request", misused)?;
        self.answer("request-as-entry", write(request, "x"))?;
        self.answer("close", imports::rest_close(request))?;
        let closed = self.next(request);
        self.answer("closed", closed)?;
        self.answer("close-again", imports::rest_close(request))?;
        self.answer("close-entry", imports::archive_close(entry))?;
        self.answer("closed-entry", write(entry, "x"))?;
        self.answer("none", imports::rest_status(0))
    }

    fn pointers(&mut self) -> Result<()> {
        let nowhere = 0xffff_fff0_usize as *mut u8;
        let (handle, entry, room) = (list("pods"), open("a.txt"), self.room());
        self.answer("request", imports::rest_start(nowhere.cast()))?;
        self.answer("buffer", imports::rest_next(handle, nowhere, 64))?;
        self.answer("wraps", imports::rest_next(handle, room, u32::MAX))?;
        self.answer("shape", imports::rest_next_as(handle, nowhere, room, 64))?;
        self.answer("name", imports::archive_open(nowhere, 4))?;
        self.answer("bytes", imports::archive_write(entry, nowhere, 64))?;
        self.answer("text", imports::log(LogLevel::INFO.0, nowhere, 64))?;
        self.answer("nothing", imports::archive_write(entry, nowhere, 0))?;
        self.answer("close", imports::archive_close(entry))
    }

    fn entries(&mut self) -> Result<()> {
        let (a, b) = (open("a.txt"), open("folder/b.txt"));
        self.answer("write", write(a, "one "))?;
        self.answer("write-b", write(b, "b"))?;
        self.answer("write-again", write(a, "two"))?;
        self.answer("close", imports::archive_close(a))?;
        self.answer("close-b", imports::archive_close(b))?;
        self.answer("exists", imports::archive_close(open("a.txt")))?;
        self.answer("outside", open("../a.txt"))?;
        self.answer("empty", imports::archive_close(open("empty")))?;
        self.answer("left-open", write(open("left-open.txt"), "x"))
    }

    /// What `gather` is to return.
    fn run(&mut self, task: &str) -> Result<i32> {
        match task {
            "log" => {
                log::info("a line");
                log::warn("a warning: ü€");
                log::error("an error");
                self.answer("not-text", imports::log(LogLevel::INFO.0, b"\xff".as_ptr(), 1))?;
            }
            "params" => self.params()?,
            "now" => self.answer("now", time::now_millis())?,
            "items" => {
                let handle = list("pods");
                let end = self.items(handle, 64)?;
                self.answer("end", end)?;
                let again = self.next(handle);
                self.answer("again", again)?;
                self.answer("close", imports::rest_close(handle))?;
            }
            "typed" => self.typed()?,
            "selectors" => {
                let wish = Wish {
                    resource: "pods",
                    namespace: "shop",
                    limit: 1,
                    labels: "app=web",
                    fields: "status.phase=Running",
                    mask: "metadata(name)",
                    ..Wish::NONE
                };
                let end = self.items(wish.start(), 4096)?;
                self.answer("end", end)?;
            }
            "bytes" => {
                let handle = raw("/version");
                let total = self.body(handle, "version.json", 7)?;
                self.answer("total", total)?;
                let again = imports::rest_read(handle, self.room(), 7);
                self.answer("again", again)?;
            }
            "container-log" => {
                let wish = Wish {
                    verb: Verb::GET,
                    resource: "pods",
                    namespace: "shop",
                    name: "web-0",
                    subresource: "log",
                    query: "container=web&tailLines=2",
                    ..Wish::NONE
                };
                let total = self.body(wish.start(), "web.log", 16)?;
                self.answer("total", total)?;
            }
            "object" => {
                let handle = config_map("settings");
                self.answer("status", imports::rest_status(handle))?;
                let end = self.items(handle, 4096)?;
                self.answer("end", end)?;
            }
            "pipe" => {
                self.answer("nodes", pipe(list("nodes"), ""))?;
                self.answer("version", pipe(raw("/version"), "version.json"))?;
            }
            "forbidden" => {
                let handle = config_map("forbidden");
                self.answer("status", imports::rest_status(handle))?;
                let next = self.next(handle);
                self.answer("next", next)?;
                self.answer("pipe", pipe(config_map("forbidden"), ""))?;
                let body = self.body(config_map("forbidden"), "reason.json", 4096)?;
                self.answer("body", body)?;
            }
            "missing" => {
                let handle = config_map("missing");
                self.answer("status", imports::rest_status(handle))?;
                let next = self.next(handle);
                self.answer("next", next)?;
            }
            "broken" => {
                let handle = list("events");
                let end = self.items(handle, 4096)?;
                self.answer("end", end)?;
                let again = self.next(handle);
                self.answer("again", again)?;
            }
            "refused" => self.refused()?,
            "modes" => {
                let (list, raw) = (list("pods"), raw("/version"));
                let read = imports::rest_read(list, self.room(), 64);
                self.answer("list-as-bytes", read)?;
                let next = self.next(raw);
                self.answer("raw-as-items", next)?;
                let read = imports::rest_read(raw, self.room(), 1);
                self.answer("read", read)?;
                self.answer("read-then-pipe", pipe(raw, "x"))?;
            }
            "handles" => self.handles()?,
            "pointers" => self.pointers()?,
            "shapes" => {
                let (handle, room) = (list("nodes"), self.room());
                for (name, shape) in [("letter", &b"\x08x"[..]), ("outside", b"\x04(t\x08name\0\0")] {
                    self.answer(name, imports::rest_next_as(handle, shape.as_ptr(), room, 64))?;
                }
            }
            "entries" => self.entries()?,
            "parallel" => {
                let (first, second) = (list("nodes"), config_map("settings"));
                let end = self.items(second, 4096)?;
                self.answer("second", end)?;
                let end = self.items(first, 4096)?;
                self.answer("first", end)?;
            }
            "hides" => {
                let handle = list("nodes");
                let applied = "metadata.annotations[\"kubectl.kubernetes.io/last-applied-configuration\"]";
                self.answer("last-applied", hides(handle, applied))?;
                self.answer("name", hides(handle, "metadata.name"))?;
                self.answer("invalid", hides(handle, "a..b"))?;
                let end = self.items(handle, 4096)?;
                self.answer("end", end)?;
            }
            "reject" => {
                let handle = list("nodes");
                let reject = || imports::rest_reject(handle, 0, Wanted::ARRAY.0);
                self.answer("early", reject())?;
                imports::rest_next(handle, self.room(), 4096);
                self.answer("reject", reject())?;
                self.answer("again", reject())?;
                let end = self.items(handle, 4096)?;
                self.answer("end", end)?;
            }
            "own-code" => return Ok(5),
            "status-code" => return Ok(self.next(config_map("forbidden"))),
            _ => return Ok(99),
        }
        Ok(0)
    }
}
