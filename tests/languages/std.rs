//! Counts the pods of each phase with Rust's standard library, without the SDK, for the targets
//! wasm32-unknown-unknown and wasm32-wasip1, as a library. `host-min manifest` adds the manifest.
#![allow(unsafe_code)] // the contract, as any language has it

use std::collections::BTreeMap;
use std::fmt::Write as _;

#[repr(C)]
#[derive(Clone, Copy)]
struct Text {
    ptr: *const u8,
    len: u32,
}

#[repr(C)]
struct Request {
    verb: u8,
    reserved: [u8; 3],
    limit: u32,
    texts: [Text; 10],
}

#[link(wasm_import_module = "wagather_v1")]
unsafe extern "C" {
    fn rest_start(request: *const Request) -> i32;
    fn rest_next(handle: i32, item: *mut u8, room: u32) -> i32;
    fn archive_open(name: *const u8, len: u32) -> i32;
    fn archive_write(entry: i32, bytes: *const u8, len: u32) -> i32;
    fn archive_close(entry: i32) -> i32;
}

const PHASES: [&str; 5] = ["Pending", "Running", "Succeeded", "Failed", "Unknown"];

fn text(text: &'static str) -> Text {
    Text { ptr: text.as_ptr(), len: text.len() as u32 }
}

fn phase_of(item: &str) -> Option<&str> {
    item.split_once("\"phase\":\"")?.1.split('"').next()
}

/// The function that the host calls.
// SAFETY: there is one function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn gather() -> i32 {
    let mut counts: BTreeMap<String, u32> = PHASES.iter().map(|phase| (phase.to_string(), 0)).collect();
    let mut pods = Request { verb: 2, reserved: [0; 3], limit: 0, texts: [text(""); 10] };
    (pods.texts[0], pods.texts[1]) = (text("v1"), text("pods"));
    // SAFETY: the request outlives the call, which reads it.
    let handle = unsafe { rest_start(&pods) };
    if handle < 0 {
        return handle;
    }
    let mut item = vec![0; 16];
    loop {
        // SAFETY: the host writes no more than the room that it is told of.
        let len = unsafe { rest_next(handle, item.as_mut_ptr(), item.len() as u32) };
        match usize::try_from(len) {
            Err(_) => return len,
            Ok(0) => break,
            Ok(len) if len > item.len() => item.resize(len, 0),
            Ok(len) => {
                let item = String::from_utf8_lossy(&item[..len]);
                *counts.entry(phase_of(&item).unwrap_or("Unknown").to_owned()).or_default() += 1;
            }
        }
    }
    let mut report = String::new();
    for phase in PHASES {
        let separator = if report.is_empty() { '{' } else { ',' };
        let _ = write!(report, "{separator}\"{phase}\":{}", counts[phase]);
    }
    report.push_str("}\n");
    let name = "phases.json";
    // SAFETY: both texts outlive the calls, which read them.
    unsafe {
        let entry = archive_open(name.as_ptr(), name.len() as u32);
        if entry < 0 {
            return entry;
        }
        let written = archive_write(entry, report.as_ptr(), report.len() as u32);
        if written < 0 { written } else { archive_close(entry) }
    }
}
