//! Runs a gatherer in Wasmtime. The features of this crate select one of three ways.
//!
//! - `bare-wasmtime MODULE PORT OUTPUT`: runs a module. With `cranelift`, it compiles the module first. Without it,
//!   the module is the output of `--compile`. With `pulley`, it uses Wasmtime's interpreter.
//! - `bare-wasmtime --compile native|pulley MODULE OUTPUT` (with `cranelift`): compiles a module ahead of time.
//!
//! The crate `imports` implements the imports for all engines. The exit code is 0 if the gatherer succeeds.
#![allow(unsafe_code)] // what was compiled ahead of time is trusted

use imports::{EXPORT_GATHER, EXPORT_MEMORY, Host, Import, ResultType};
use std::process::ExitCode;
use wasmtime::{Caller, Config, Engine, Linker, Module, Result, Store};

const USAGE: &str =
    "bare-wasmtime MODULE PORT OUTPUT, or bare-wasmtime --compile native|pulley MODULE OUTPUT";

fn engine(is_for_pulley: bool) -> Result<Engine> {
    let mut config = Config::new();
    if is_for_pulley {
        config.target("pulley64")?;
    }
    Engine::new(&config)
}

#[cfg(feature = "cranelift")]
fn module(engine: &Engine, path: &str) -> Result<Module> {
    Module::new(engine, std::fs::read(path)?)
}

#[cfg(not(feature = "cranelift"))]
fn module(engine: &Engine, path: &str) -> Result<Module> {
    // SAFETY: the bench had the file compiled by `--compile`, of a module that it trusts.
    unsafe { Module::deserialize_file(engine, path) }
}

#[cfg(feature = "cranelift")]
fn compile(words: &[String]) -> Result<()> {
    let [_, _, target, module, output] = words else { wasmtime::bail!("{USAGE}") };
    let compiled = engine(target == "pulley")?.precompile_module(&std::fs::read(module)?)?;
    Ok(std::fs::write(output, compiled)?)
}

fn link(linker: &mut Linker<Host>, import: Import) -> Result<()> {
    let (row, module) = (import.row(), imports::IMPORT_MODULE);
    let call = move |mut caller: Caller<'_, Host>, args: [u32; 4]| {
        let memory = caller.get_export(EXPORT_MEMORY).and_then(wasmtime::Extern::into_memory);
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

fn run() -> Result<ExitCode> {
    #[cfg(feature = "cranelift")]
    {
        let words: Vec<String> = std::env::args().collect();
        if words.get(1).is_some_and(|word| word == "--compile") {
            compile(&words)?;
            return Ok(ExitCode::SUCCESS);
        }
    }
    let Some(words) = imports::words(0) else { return Ok(imports::usage(USAGE)) };
    let engine = engine(cfg!(feature = "pulley"))?;
    let module = module(&engine, &words.module)?;
    let mut linker = Linker::new(&engine);
    for needed in module.imports() {
        link(&mut linker, Import::by_name(needed.name()).expect("an import of a gatherer"))?;
    }
    let mut store = Store::new(&engine, Host::new(words.port));
    let instance = linker.instantiate(&mut store, &module)?;
    let gather = instance.get_typed_func::<(), i32>(&mut store, EXPORT_GATHER)?;
    let gathered = gather.call(&mut store, ()).ok();
    Ok(imports::end(store.data(), &words.output, gathered))
}

fn main() -> ExitCode {
    run().unwrap_or_else(|error| imports::usage(&format!("bare-wasmtime: {error:?}")))
}
