//! Runs a gatherer in Wasmer, compiled ahead of time.
//!
//! - `bare-wasmer MODULE PORT OUTPUT`: runs the output of `--compile`.
//! - `bare-wasmer --compile MODULE OUTPUT` (with the feature `cranelift`): compiles a module ahead of time.
//!
//! The crate `imports` implements the imports for all engines. The exit code is 0 if the gatherer succeeds.
#![allow(unsafe_code)] // what was compiled ahead of time is trusted, and the guest's memory behind a call

use imports::{EXPORT_GATHER, EXPORT_MEMORY, Host, Import, ResultType};
use std::process::ExitCode;
use wasmer::sys::NativeEngineExt;
use wasmer::{Engine, Function, FunctionEnv, FunctionEnvMut, Imports, Instance, Memory, Module, Store};

const USAGE: &str = "bare-wasmer MODULE PORT OUTPUT, or bare-wasmer --compile MODULE OUTPUT";

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What calls get at.
struct Env {
    host: Host,
    memory: Option<Memory>,
}

fn call(mut env: FunctionEnvMut<'_, Env>, import: Import, args: [u32; 4]) -> i64 {
    let (env, store) = env.data_and_store_mut();
    let view = env.memory.as_ref().expect("a memory").view(&store);
    // SAFETY: the guest is suspended in this call on the only thread, and nothing else refers to its memory.
    let memory = unsafe { view.data_unchecked_mut() };
    env.host.call(import, args, memory)
}

fn function(store: &mut Store, env: &FunctionEnv<Env>, import: Import) -> Function {
    type Caller<'a> = FunctionEnvMut<'a, Env>;
    let row = import.row();
    match (row.params.len(), row.result) {
        (0, ResultType::I64) => {
            Function::new_typed_with_env(store, env, move |env: Caller<'_>| call(env, import, [0; 4]))
        }
        (1, _) => Function::new_typed_with_env(store, env, move |env: Caller<'_>, a: u32| {
            call(env, import, [a, 0, 0, 0]) as i32
        }),
        (2, _) => Function::new_typed_with_env(store, env, move |env: Caller<'_>, a: u32, b: u32| {
            call(env, import, [a, b, 0, 0]) as i32
        }),
        (3, _) => Function::new_typed_with_env(store, env, move |env: Caller<'_>, a: u32, b: u32, c: u32| {
            call(env, import, [a, b, c, 0]) as i32
        }),
        _ => Function::new_typed_with_env(
            store,
            env,
            move |env: Caller<'_>, a: u32, b: u32, c: u32, d: u32| call(env, import, [a, b, c, d]) as i32,
        ),
    }
}

#[cfg(feature = "cranelift")]
fn compile(words: &[String]) -> Result<()> {
    let [_, _, module, output] = words else { return Err(USAGE.into()) };
    let engine = Engine::from(wasmer::sys::Cranelift::default());
    Ok(Module::from_file(&engine, module)?.serialize_to_file(output)?)
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
    let mut store = Store::new(Engine::headless());
    // SAFETY: the bench had the file compiled by `--compile`, of a module that it trusts.
    let module = unsafe { Module::deserialize_from_file_unchecked(&store, &words.module) }?;
    let env = FunctionEnv::new(&mut store, Env { host: Host::new(words.port), memory: None });
    let mut imports = Imports::new();
    for needed in module.imports() {
        let import = Import::by_name(needed.name()).ok_or("an import that no gatherer has")?;
        let function = function(&mut store, &env, import);
        imports.define(needed.module(), needed.name(), function);
    }
    let instance = Instance::new(&mut store, &module, &imports)?;
    env.as_mut(&mut store).memory = Some(instance.exports.get_memory(EXPORT_MEMORY)?.clone());
    let gather = instance.exports.get_typed_function::<(), i32>(&store, EXPORT_GATHER)?;
    let gathered = gather.call(&mut store).ok();
    Ok(imports::end(&env.as_ref(&store).host, &words.output, gathered))
}

fn main() -> ExitCode {
    run().unwrap_or_else(|error| imports::usage(&format!("bare-wasmer: {error}")))
}
