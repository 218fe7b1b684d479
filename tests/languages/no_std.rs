//! Writes all pods into the archive: Rust with only `core`, without the SDK. `host-min manifest` adds the manifest.
#![no_std]
#![allow(unsafe_code)] // the contract, as any language has it

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
    fn archive_pipe(handle: i32, name: *const u8, len: u32) -> i32;
}

const fn text(text: &'static str) -> Text {
    Text { ptr: text.as_ptr(), len: text.len() as u32 }
}

/// The function that the host calls.
// SAFETY: there is one function of this name.
#[unsafe(no_mangle)]
pub extern "C" fn gather() -> i32 {
    let mut pods = Request { verb: 2, reserved: [0; 3], limit: 0, texts: [text(""); 10] };
    (pods.texts[0], pods.texts[1]) = (text("v1"), text("pods"));
    // SAFETY: the request outlives the call, which reads it.
    let handle = unsafe { rest_start(&pods) };
    if handle < 0 {
        return handle;
    }
    // SAFETY: a name of no bytes stands for the usual place of each object.
    let piped = unsafe { archive_pipe(handle, core::ptr::null(), 0) };
    piped.min(0)
}

#[panic_handler]
fn panic(_: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}
