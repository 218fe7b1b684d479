//! Validates the body of a function at its first call, right before wasm3 compiles it.
//!
//! wasm3 calls a function by the address of its code, and compiles a function without an address. So before anything runs, each function that
//! the module defines gets the address of a stub. The crate `wasm3` makes the code of imports in the same way. At the first call, the
//! stub validates the body, lets wasm3 compile it, and becomes a jump to the code. An invalid body is never compiled, and ends
//! the guest. After the first call, the stub costs one jump, and only in callers that were compiled before the function.
#![allow(unsafe_code)] // wasm3's structures, and functions that wasm3 calls

use std::borrow::Cow;
use std::ffi::{CStr, c_void};
use wagather_module::{Bodies, Body};
use wasm3::Runtime;
use wasm3_sys as ffi;

/// An operation of wasm3. It ends with a call of the next operation, whose address is the next word of the code.
type Operation = unsafe extern "C" fn(
    ffi::pc_t,
    ffi::m3stack_t,
    *mut ffi::M3MemoryHeader,
    ffi::m3reg_t,
    f64,
) -> ffi::m3ret_t;

unsafe extern "C" {
    /// Compiles a function. The crate `wasm3` declares it too, but privately.
    fn Compile_Function(function: *mut ffi::M3Function) -> ffi::M3Result;
}

/// Code of a function, as wasm3 sees it: an operation and its operands.
#[repr(C)]
struct Stub {
    operation: Operation,
    /// The function's code; null before the first call.
    code: ffi::pc_t,
    /// The index of the body.
    index: usize,
    state: *mut State<'static>,
}

struct State<'a> {
    bodies: Bodies<'a>,
    /// The function of the first body. The functions of the other bodies follow.
    functions: *mut ffi::M3Function,
    /// Bodies that differ from the module's.
    kept: Vec<Vec<u8>>,
    /// Why a body was refused.
    refusal: Option<String>,
}

/// The stubs of a loaded module.
pub(super) struct OnCall<'a> {
    state: *mut State<'a>,
    /// wasm3 has pointers to them.
    stubs: *mut [Stub],
}

/// The error of a guest whose function is invalid. [`OnCall::into_refusal`] has the reason, so nobody sees this text.
const REFUSED: &CStr = c"a function is not valid";

impl<'a> OnCall<'a> {
    /// Gives each function of the module a stub.
    ///
    /// # Safety
    ///
    /// The module that was loaded last is the copy that belongs to these bodies, and none of its functions was compiled or linked. None of
    /// its functions is called after the value was dropped.
    pub(super) unsafe fn new(runtime: &Runtime, bodies: Bodies<'a>) -> OnCall<'a> {
        // SAFETY: the header of the memory is in front of it and points to the runtime, as in `keep_reserve`. The module that was loaded last
        // is the first in the runtime's list. Its functions are an array: first the imported ones, then those with a body.
        let functions = unsafe {
            let header = runtime.memory_mut().cast::<ffi::M3MemoryHeader>().sub(1);
            let module = (*(*header).runtime).modules;
            debug_assert!(bodies.first_in_copy() as usize + bodies.len() <= (*module).numFunctions as usize);
            (*module).functions.add(bodies.first_in_copy() as usize)
        };
        let len = bodies.len();
        let state = Box::into_raw(Box::new(State { bodies, functions, kept: Vec::new(), refusal: None }));
        let stub = |index| Stub { operation: first_call, code: std::ptr::null(), index, state: state.cast() };
        let stubs = Box::into_raw((0..len).map(stub).collect::<Box<[Stub]>>());
        for index in 0..len {
            // SAFETY: `len` functions and `len` stubs follow.
            unsafe { (*functions.add(index)).compiled = stubs.cast::<Stub>().add(index).cast() };
        }
        OnCall { state, stubs }
    }

    /// Why a body was refused, if one was. For use after the last call.
    pub(super) fn into_refusal(self) -> Option<String> {
        // SAFETY: the state lives until the value is dropped, and no stub is running.
        unsafe { (*self.state).refusal.take() }
    }
}

impl Drop for OnCall<'_> {
    fn drop(&mut self) {
        // SAFETY: both come from `Box::into_raw`, and no stub is running.
        drop(unsafe { (Box::from_raw(self.stubs), Box::from_raw(self.state)) });
    }
}

/// The operation of a stub before the first call.
unsafe extern "C" fn first_call(
    pc: ffi::pc_t,
    sp: ffi::m3stack_t,
    memory: *mut ffi::M3MemoryHeader,
    r0: ffi::m3reg_t,
    fp0: f64,
) -> ffi::m3ret_t {
    let stub = pc.wrapping_sub(1).cast::<Stub>().cast_mut();
    // SAFETY: wasm3 calls an operation with the address of the word after it, so this is the stub's address.
    let refused = unsafe { compile(stub) };
    if !refused.is_null() {
        return refused;
    }
    // SAFETY: the stub is a jump now, and `pc` points to its operand.
    unsafe { jump(pc, sp, memory, r0, fp0) }
}

/// Validates and compiles the function of a stub. Returns an error for wasm3, or null.
///
/// A function of its own: its frame has a kilobyte, and `first_call` would keep it while the guest's function runs.
///
/// # Safety
///
/// The stub belongs to a module that is running.
#[inline(never)]
unsafe fn compile(stub: *mut Stub) -> ffi::m3ret_t {
    // SAFETY: both live as long as the module is running. wasm3 is single-threaded and waits for this call, so nothing else uses the state,
    // and the reference ends before wasm3 continues.
    let (index, state) = unsafe { ((*stub).index, &mut *(*stub).state) };
    let body = match state.bodies.check(index) {
        Ok(body) => body,
        Err(reason) => {
            state.refusal = Some(reason.to_string());
            return REFUSED.as_ptr().cast();
        }
    };
    let function = state.functions.wrapping_add(index);
    let Body { bytes, locals } = body;
    let range = bytes.as_ptr_range();
    if let Cow::Owned(bytes) = bytes {
        state.kept.push(bytes);
    }
    // SAFETY: the function belongs to the module. The body was validated. It is part of the module's file, which outlives the state, or the
    // state keeps it. wasm3 itself compiles functions during calls.
    unsafe {
        ((*function).wasm, (*function).wasmEnd) = (range.start, range.end);
        // The bound of a body is far below 65,536.
        (*function).numLocals = locals as u16;
        // If the function calls itself, wasm3 inserts the address of its code at that call.
        (*function).compiled = std::ptr::null();
        let result = Compile_Function(function);
        if !result.is_null() {
            (*function).compiled = stub.cast_const().cast();
            return result.cast();
        }
        ((*stub).operation, (*stub).code) = (jump, (*function).compiled);
    }
    std::ptr::null()
}

/// The operation of a stub after the first call: continues with the function's code.
unsafe extern "C" fn jump(
    pc: ffi::pc_t,
    sp: ffi::m3stack_t,
    memory: *mut ffi::M3MemoryHeader,
    r0: ffi::m3reg_t,
    fp0: f64,
) -> ffi::m3ret_t {
    // SAFETY: the operand is the address of code from wasm3. Its first word is an operation, which gets the address of the next
    // word.
    unsafe {
        let code = pc.cast::<ffi::pc_t>().read();
        let operation = std::mem::transmute::<*mut c_void, Operation>(code.read().cast());
        operation(code.add(1), sp, memory, r0, fp0)
    }
}
