//! wasm3, through its published crate.
//!
//! wasm3 trusts its input, so it gets only the output of [`module::check`](wagather_module::check), and it compiles no body that was not
//! validated ([`on_call`](super::on_call)). It is written in C; the process
//! around it contains its faults. Functions are looked up by index. A lookup by name would use whichever name wasm3 saw last.
#![allow(unsafe_code)] // the memory of a call's context, and the engine's memory and stack limit

use super::super::channel::{End, Ending};
use super::super::link::{Gone, Link};
use super::on_call::OnCall;
use std::cell::RefCell;
use std::ffi::c_void;
use std::rc::Rc;
use wagather_abi::{IMPORT_MODULE, Import, ResultType};
use wagather_base::limits::INTERPRETER_STACK_BYTES;
use wagather_module::wasi::{self, Wasi};
use wagather_module::{ABORT, ABORT_MODULE, Bodies, Checked, Imported};
use wasm3::error::{Error, Trap};
use wasm3::{CallContext, Environment, Module, Runtime};
use wasm3_sys as ffi;

type Shared = Rc<RefCell<Link>>;

pub(super) fn run(checked: Checked<'_>, bodies: Option<Bodies<'_>>, link: Link) -> (End, Link) {
    let shared = Rc::new(RefCell::new(link));
    let end = match instance(checked, bodies, &shared) {
        Ok(end) => end,
        Err(error) => End {
            ending: Ending::Unusable,
            text: format!("wasm3 cannot load it: {}", words(&error)),
            memory_bytes: 0,
        },
    };
    // The instance and its closures were dropped, so this is the last owner.
    let link = Rc::into_inner(shared).map(RefCell::into_inner);
    (end, link.unwrap_or_else(|| unreachable!("the runtime outlived its function")))
}

fn instance(mut checked: Checked<'_>, bodies: Option<Bodies<'_>>, shared: &Shared) -> Result<End, Error> {
    let environment = Environment::new()?;
    let runtime = Runtime::new(&environment, INTERPRETER_STACK_BYTES + RESERVE_SLOTS * SLOT_BYTES)?;
    place_memory(&runtime, checked.initial_pages)?;
    let mut module = runtime.parse_and_load_module(std::mem::take(&mut checked.bytes).into_owned())?;
    keep_reserve(&runtime);
    // SAFETY: the module was loaded last, none of its functions was compiled or linked, and the value is dropped after the last call.
    let on_call = bodies.map(|bodies| unsafe { OnCall::new(&runtime, bodies) });
    for &import in &checked.imports {
        match import {
            Imported::Host(import) => link(&mut module, import, shared)?,
            Imported::Wasi(function) => link_wasi(&mut module, function, shared)?,
            Imported::Abort => link_abort(&mut module, shared)?,
        }
    }
    let has_turn = shared.borrow().has_turn;
    if has_turn {
        // Compiles it. Why that fails is reported when it is called.
        match checked.is_command {
            _ if on_call.is_some() => {}
            true => drop(module.function::<(), ()>(checked.gather as usize)),
            false => drop(module.function::<(), i32>(checked.gather as usize)),
        }
        if shared.borrow_mut().await_turn().is_err() {
            return Ok(super::end(Err("the broker is gone".into()), None, memory_len(&runtime)));
        }
    }
    let result = (|| {
        if let Some(start) = checked.start {
            module.function::<(), ()>(start.function as usize)?.call()?;
        }
        if let Some(initialize) = checked.initialize {
            module.function::<(), ()>(initialize as usize)?.call()?;
        }
        if checked.is_command {
            return module.function::<(), ()>(checked.gather as usize)?.call().map(|()| 0);
        }
        module.function::<(), i32>(checked.gather as usize)?.call()
    })();
    let memory_bytes = memory_len(&runtime);
    let end = match on_call.and_then(OnCall::into_refusal) {
        Some(mut text) => {
            // Nothing else that wasm3 cannot have is seen so late.
            if text.contains(" is too large") {
                text.push_str(". wasmi runs it: host-min-full with --engine wasmi");
            }
            End { ending: Ending::Unusable, text, memory_bytes }
        }
        None => {
            let link = shared.try_borrow().ok();
            super::end(result.map_err(|error| words(&error)), link.as_deref(), memory_bytes)
        }
    };
    if let Ok(mut link) = shared.try_borrow_mut() {
        link.report_end(&end);
    }
    Ok(end)
}

/// Slots at the end of the stack that are hidden from wasm3.
///
/// Before a function runs, wasm3 checks that the slots of its values are within the stack. The check omits the
/// arguments that the function passes on and values that it moves out of registers, which wasm3 then writes without a
/// check. In a valid module, a frame has at most 4,000 slots, and the arguments of a call at most 1,000 beyond them.
const RESERVE_SLOTS: u32 = 8 << 10;

const SLOT_BYTES: u32 = size_of::<ffi::m3slot_t>() as u32;

/// Moves wasm3's stack limit down by the reserve.
fn keep_reserve(runtime: &Runtime) {
    // SAFETY: `memory` is as in `memory_len`, and not empty, as `module::check` refuses a module that starts without memory: so its
    // pointer is behind the header that `m3_LoadModule` allocated for it, and the header has the runtime, which lives. Nothing of
    // the guest has run yet, and no other reference to either exists. The stack has `RESERVE_SLOTS` more than is asked for.
    unsafe {
        let header = runtime.memory_mut().cast::<ffi::M3MemoryHeader>().sub(1);
        let raw = (*header).runtime;
        (*raw).numStackSlots -= RESERVE_SLOTS;
        let end = (*raw).stack.cast::<ffi::m3slot_t>().add((*raw).numStackSlots as usize);
        (*header).maxStack = end.cast();
    }
}

/// A module that imports the function `a.b`, which returns an `i64`, and has nothing else. Its memory has no pages.
const ASKING: &[u8] = b"\0asm\x01\0\0\0\x01\x05\x01\x60\0\x01\x7e\x02\x07\x01\x01a\x01b\0\0";

/// The function `a.b`: returns the address of the runtime.
unsafe extern "C" fn address(
    runtime: ffi::IM3Runtime,
    results: ffi::m3stack_t,
    _memory: *mut c_void,
) -> *const c_void {
    // SAFETY: the call has room for one result there.
    unsafe { results.cast::<u64>().write(runtime.expose_provenance() as u64) };
    std::ptr::null()
}

/// Allocates the initial memory of the module before the module is loaded. wasm3 would clear all of it, although memory from the system is zero,
/// so each page of the module would cost 16 page faults.
fn place_memory(runtime: &Runtime, pages: u64) -> Result<(), Error> {
    let mut asking = runtime.parse_and_load_module(ASKING)?;
    asking.link_function::<(), i64>("a", "b", address)?;
    let address = asking.function::<(), i64>(0)?.call()?;
    let (Ok(address), Ok(len)) = (usize::try_from(address), usize::try_from(pages * PAGE_BYTES)) else {
        return Ok(());
    };
    let raw = std::ptr::with_exposed_provenance_mut::<ffi::M3Runtime>(address);
    // SAFETY: the runtime lives. Its memory is only a header, to which nothing else refers. The new memory has the size and the allocator
    // that wasm3 would use for so many pages. wasm3 fills in the header when it loads the module, which starts with the same number of
    // pages. If there is no memory, wasm3 reports that then.
    unsafe {
        let placed = libc::calloc(1, len + size_of::<ffi::M3MemoryHeader>());
        if !placed.is_null() {
            libc::free((*raw).memory.mallocated.cast());
            (*raw).memory.mallocated = placed.cast();
            (*raw).memory.numPages = pages as u32;
        }
    }
    Ok(())
}

/// A page of a module's memory.
const PAGE_BYTES: u64 = 64 << 10;

fn memory_len(runtime: &Runtime) -> u64 {
    // SAFETY: `memory` reads the header that `m3_LoadModule` allocated for the module's memory; the module has one, as
    // `module::check` refuses those that have not. Nothing is read through the pointer.
    unsafe { runtime.memory() }.len() as u64
}

/// wasm3's message without its prefix for traps.
fn words(error: &Error) -> String {
    let text = error.to_string();
    text.trim_start_matches("[trap] ").to_owned()
}

fn link(module: &mut Module<'_>, import: Import, shared: &Shared) -> Result<(), Error> {
    let row = import.row();
    let shared = shared.clone();
    macro_rules! closure {
        ($args:ty, $ret:ty, |$value:ident| $array:expr) => {
            module.link_closure(IMPORT_MODULE, row.name, move |context: CallContext<'_>, $value: $args| {
                call(&shared, import, $array, context).map(|value| value as $ret)
            })
        };
    }
    match (row.params.len(), row.result) {
        (0, ResultType::I64) => closure!((), i64, |_args| [0; 4]),
        (0, ResultType::I32) => closure!((), i32, |_args| [0; 4]),
        (1, _) => closure!(u32, i32, |a| [a, 0, 0, 0]),
        (2, _) => closure!((u32, u32), i32, |args| [args.0, args.1, 0, 0]),
        (3, _) => closure!((u32, u32, u32), i32, |args| [args.0, args.1, args.2, 0]),
        _ => closure!((u32, u32, u32, u32), i32, |args| [args.0, args.1, args.2, args.3]),
    }
}

fn link_wasi(module: &mut Module<'_>, function: Wasi, shared: &Shared) -> Result<(), Error> {
    let shared = shared.clone();
    macro_rules! closure {
        ($args:ty, $ret:ty, |$value:ident| $array:expr) => {
            module.link_closure(
                wasi::MODULE,
                function.name(),
                move |context: CallContext<'_>, $value: $args| {
                    call_wasi(&shared, function, $array, context).map(|value| value as $ret)
                },
            )
        };
    }
    match function.params() {
        "" => closure!((), u32, |_args| [0; 4]),
        // `proc_exit` ends the guest, which never sees its result.
        "i" => module.link_closure(wasi::MODULE, function.name(), move |context: CallContext<'_>, a: u32| {
            call_wasi(&shared, function, [a.into(), 0, 0, 0], context).map(|_| ())
        }),
        "ii" => closure!((u32, u32), u32, |args| [args.0.into(), args.1.into(), 0, 0]),
        "iIi" => closure!((u32, u64, u32), u32, |args| [args.0.into(), args.1, args.2.into(), 0]),
        _ => closure!((u32, u32, u32, u32), u32, |args| [
            args.0.into(),
            args.1.into(),
            args.2.into(),
            args.3.into()
        ]),
    }
}

fn link_abort(module: &mut Module<'_>, shared: &Shared) -> Result<(), Error> {
    let shared = shared.clone();
    module.link_closure(
        ABORT_MODULE,
        ABORT,
        move |context: CallContext<'_>, args: (u32, u32, u32, u32)| -> Result<(), Trap> {
            // SAFETY: as in `call`.
            let memory = unsafe { &*context.memory() };
            if let Ok(mut link) = shared.try_borrow_mut() {
                link.abort([args.0, args.1, args.2, args.3], memory);
            }
            Err(Trap::Abort)
        },
    )
}

fn call_wasi(shared: &Shared, function: Wasi, args: [u64; 4], context: CallContext<'_>) -> Result<u32, Trap> {
    // SAFETY: as in `call`.
    let memory = unsafe { &mut *context.memory_mut() };
    let Ok(mut link) = shared.try_borrow_mut() else { return Err(Trap::Abort) };
    let number = link.call_wasi(function, args, memory).map_err(|Gone| Trap::Abort)?;
    if link.exit().is_some() { Err(Trap::Exit) } else { Ok(number) }
}

fn call(shared: &Shared, import: Import, args: [u32; 4], context: CallContext<'_>) -> Result<i64, Trap> {
    // SAFETY: the pointer covers the guest's memory as it is now. Nothing else refers to it: the guest is
    // suspended in this call on this thread, and the slice ends before the call does.
    let memory = unsafe { &mut *context.memory_mut() };
    match shared.try_borrow_mut() {
        Ok(mut link) => link.call(import, args, memory).map_err(|Gone| Trap::Abort),
        Err(_) => Err(Trap::Abort),
    }
}
