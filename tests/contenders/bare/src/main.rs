//! `bare-wasm3 MODULE PORT OUTPUT`: runs a gatherer in wasm3, and performs its requests without any safety mechanism.
//!
//! It uses the host's engine and flags, so only the host differs. The crate `imports` implements the imports for all
//! engines. The exit code is 0 if the gatherer succeeds.
#![allow(unsafe_code)] // the guest's memory behind a call

use imports::{EXPORT_GATHER, Host, IMPORT_MODULE, IMPORTS, Import, ResultType};
use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use wasm3::error::Trap;
use wasm3::{CallContext, Environment, Module, Runtime};

/// What the host gives its interpreter, too.
const STACK_BYTES: u32 = 256 << 10;

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
    let Some(words) = imports::words(0) else { return imports::usage("bare-wasm3 MODULE PORT OUTPUT") };
    let host = Rc::new(RefCell::new(Host::new(words.port)));
    let module = std::fs::read(&words.module).expect("a module");
    let environment = Environment::new().expect("an engine");
    let runtime = Runtime::new(&environment, STACK_BYTES).expect("an interpreter");
    let mut module = runtime.parse_and_load_module(module).expect("a module that wasm3 takes");
    for row in IMPORTS {
        link(&mut module, row.import, &host);
    }
    let gathered = module.find_function::<(), i32>(EXPORT_GATHER).and_then(|gather| gather.call());
    imports::end(&host.borrow(), &words.output, gathered.ok())
}
