//! `bare-wasmi eager|lazy MODULE PORT OUTPUT`: runs a gatherer in wasmi, which validates and translates the whole
//! module at once, or each function at its first call.
//!
//! The crate `imports` implements the imports for all engines. The exit code is 0 if the gatherer succeeds.

use imports::{EXPORT_GATHER, EXPORT_MEMORY, Host, Import, ResultType};
use std::process::ExitCode;
use wasmi::{Caller, CompilationMode, Config, Engine, Error, Linker, Module, Store};

const USAGE: &str = "bare-wasmi eager|lazy MODULE PORT OUTPUT";

fn link(linker: &mut Linker<Host>, import: Import) -> Result<(), Error> {
    let (row, module) = (import.row(), imports::IMPORT_MODULE);
    let call = move |mut caller: Caller<'_, Host>, args: [u32; 4]| {
        let memory = caller.get_export(EXPORT_MEMORY).and_then(wasmi::Extern::into_memory);
        let (memory, host) = memory.expect("a memory").data_and_store_mut(&mut caller);
        host.call(import, args, memory)
    };
    match (row.params.len(), row.result) {
        (0, ResultType::I64) => {
            linker.func_wrap(module, row.name, move |caller: Caller<'_, Host>| call(caller, [0; 4]))
        }
        (1, _) => linker.func_wrap(module, row.name, move |caller: Caller<'_, Host>, a: u32| {
            call(caller, [a, 0, 0, 0]) as i32
        }),
        (2, _) => linker.func_wrap(module, row.name, move |caller: Caller<'_, Host>, a: u32, b: u32| {
            call(caller, [a, b, 0, 0]) as i32
        }),
        (3, _) => {
            linker.func_wrap(module, row.name, move |caller: Caller<'_, Host>, a: u32, b: u32, c: u32| {
                call(caller, [a, b, c, 0]) as i32
            })
        }
        _ => linker.func_wrap(
            module,
            row.name,
            move |caller: Caller<'_, Host>, a: u32, b: u32, c: u32, d: u32| call(caller, [a, b, c, d]) as i32,
        ),
    }?;
    Ok(())
}

fn main() -> ExitCode {
    let mode = match std::env::args().nth(1).as_deref() {
        Some("eager") => CompilationMode::Eager,
        Some("lazy") => CompilationMode::Lazy,
        _ => return imports::usage(USAGE),
    };
    let Some(words) = imports::words(1) else { return imports::usage(USAGE) };
    let mut config = Config::default();
    config.compilation_mode(mode);
    let engine = Engine::new(&config);
    let module = std::fs::read(&words.module).expect("a module");
    let module = Module::new(&engine, module).expect("a module that wasmi takes");
    let mut linker = Linker::new(&engine);
    for needed in module.imports() {
        link(&mut linker, Import::by_name(needed.name()).expect("an import of a gatherer")).expect("a link");
    }
    let mut store = Store::new(&engine, Host::new(words.port));
    let instance = linker.instantiate_and_start(&mut store, &module).expect("an instance");
    let gather = instance.get_typed_func::<(), i32>(&store, EXPORT_GATHER).expect("a gatherer");
    let gathered = gather.call(&mut store, ()).ok();
    imports::end(store.data(), &words.output, gathered)
}
