//! wasmi: an engine without C code.
//!
//! It gets the module itself, which [`module::check`](wagather_module::check) validated, and translates each function at its first
//! call.
#![allow(unsafe_code)] // a module that is not validated again

use super::super::channel::{End, Ending};
use super::super::link::Link;
use wagather_abi::{
    EXPORT_GATHER, EXPORT_INITIALIZE, EXPORT_MEMORY, EXPORT_START, IMPORT_MODULE, Import, ResultType,
};
use wagather_base::limits::INTERPRETER_STACK_BYTES;
use wagather_module::wasi::{self, Refused, Wasi};
use wagather_module::{ABORT, ABORT_MODULE, Checked, Imported};
use wasmi::{
    Caller, Config, Engine, Error, Extern, FuncType, Instance, Linker, Memory, Module, Store, StoreLimits,
    StoreLimitsBuilder, Val, ValType,
};

/// What a guest's calls have to do with.
struct State {
    link: Link,
    limits: StoreLimits,
}

pub(super) fn run(checked: &Checked<'_>, link: Link) -> (End, Link) {
    let mut config = Config::default();
    config.set_max_stack_height(INTERPRETER_STACK_BYTES as usize);
    config.ignore_custom_sections(true);
    let engine = Engine::new(&config);
    let memory_bytes = usize::try_from(checked.memory_limit_bytes).unwrap_or(usize::MAX);
    let limits = StoreLimitsBuilder::new().memory_size(memory_bytes).build();
    let mut store = Store::new(&engine, State { link, limits });
    store.limiter(|state| &mut state.limits);
    if store.data_mut().link.await_turn().is_err() {
        return (super::end(Err("the broker is gone".into()), None, 0), store.into_data().link);
    }
    let end = match instance(checked, &engine, &mut store) {
        Ok(instance) => {
            let result = call(checked, &instance, &mut store);
            let memory_bytes = instance
                .get_memory(&store, EXPORT_MEMORY)
                .map_or(0, |memory| memory.data_size(&store) as u64);
            super::end(result.map_err(|error| error.to_string()), Some(&store.data().link), memory_bytes)
        }
        // The start function ran, and trapped or ended it.
        Err(error) if checked.start.is_some() && (error.as_trap_code().is_some() || has_ended(&store)) => {
            super::end(Err(error.to_string()), Some(&store.data().link), 0)
        }
        Err(error) => {
            End { ending: Ending::Unusable, text: format!("wasmi cannot load it: {error}"), memory_bytes: 0 }
        }
    };
    (end, store.into_data().link)
}

fn has_ended(store: &Store<State>) -> bool {
    let link = &store.data().link;
    link.exit().is_some() || link.aborted().is_some()
}

fn call(checked: &Checked<'_>, instance: &Instance, store: &mut Store<State>) -> Result<i32, Error> {
    if checked.initialize.is_some() {
        instance.get_typed_func::<(), ()>(&*store, EXPORT_INITIALIZE)?.call(&mut *store, ())?;
    }
    if checked.is_command {
        return instance.get_typed_func::<(), ()>(&*store, EXPORT_START)?.call(store, ()).map(|()| 0);
    }
    instance.get_typed_func::<(), i32>(&*store, EXPORT_GATHER)?.call(store, ())
}

fn instance(checked: &Checked<'_>, engine: &Engine, store: &mut Store<State>) -> Result<Instance, Error> {
    // SAFETY: these bytes were validated by a newer parser of the same authors, with the same limits, for what wasmi has.
    let module = unsafe { Module::new_unchecked(engine, &checked.bytes)? };
    let mut linker = Linker::<State>::new(engine);
    for &import in &checked.imports {
        match import {
            Imported::Host(import) => {
                let row = import.row();
                let result = match row.result {
                    ResultType::I32 => ValType::I32,
                    ResultType::I64 => ValType::I64,
                };
                let ty = FuncType::new(row.params.iter().map(|_| ValType::I32), [result]);
                linker.func_new(IMPORT_MODULE, row.name, ty, move |caller, params, results| {
                    import_call(import, caller, params, results)
                })?;
            }
            Imported::Wasi(function) => {
                let ty = of_wasi(function.params(), function.has_result().then_some(ValType::I32).as_slice());
                linker.func_new(wasi::MODULE, function.name(), ty, move |caller, params, results| {
                    wasi_call(function, caller, params, results)
                })?;
            }
            Imported::Abort => {
                let ty = FuncType::new([ValType::I32; 4], []);
                linker.func_new(ABORT_MODULE, ABORT, ty, |caller, params, _| abort_call(caller, params))?;
            }
        }
    }
    for &Refused { name, params, number } in &checked.refused {
        let ty = of_wasi(params, &[ValType::I32]);
        linker.func_new(wasi::MODULE, name, ty, move |_, _, results| {
            results[0] = Val::I32(number.into());
            Ok(())
        })?;
    }
    linker.instantiate_and_start(store, &module)
}

fn of_wasi(params: &str, results: &[ValType]) -> FuncType {
    let params = params.bytes().map(|letter| match letter {
        b'I' => ValType::I64,
        _ => ValType::I32,
    });
    FuncType::new(params, results.iter().copied())
}

fn memory_of(caller: &Caller<'_, State>) -> Result<Memory, Error> {
    match caller.get_export(EXPORT_MEMORY) {
        Some(Extern::Memory(memory)) => Ok(memory),
        _ => Err(Error::new("the memory is gone")),
    }
}

fn words(params: &[Val]) -> [u32; 4] {
    let mut args = [0; 4];
    for (arg, param) in args.iter_mut().zip(params) {
        *arg = param.i32().unwrap_or_default().cast_unsigned();
    }
    args
}

fn abort_call(mut caller: Caller<'_, State>, params: &[Val]) -> Result<(), Error> {
    let (memory, state) = memory_of(&caller)?.data_and_store_mut(&mut caller);
    state.link.abort(words(params), memory);
    Err(Error::new("it aborted"))
}

fn wasi_call(
    function: Wasi,
    mut caller: Caller<'_, State>,
    params: &[Val],
    results: &mut [Val],
) -> Result<(), Error> {
    let mut args = words(params).map(u64::from);
    for (arg, param) in args.iter_mut().zip(params) {
        *arg = param.i64().map_or(*arg, i64::cast_unsigned);
    }
    let (memory, state) = memory_of(&caller)?.data_and_store_mut(&mut caller);
    let number = state.link.call_wasi(function, args, memory).map_err(|gone| Error::new(gone.to_string()))?;
    if state.link.exit().is_some() {
        return Err(Error::new("it ended itself"));
    }
    if let Some(result) = results.first_mut() {
        *result = Val::I32(number.cast_signed());
    }
    Ok(())
}

fn import_call(
    import: Import,
    mut caller: Caller<'_, State>,
    params: &[Val],
    results: &mut [Val],
) -> Result<(), Error> {
    let (memory, state) = memory_of(&caller)?.data_and_store_mut(&mut caller);
    let value =
        state.link.call(import, words(params), memory).map_err(|gone| Error::new(gone.to_string()))?;
    if let Some(result) = results.first_mut() {
        *result = match import.row().result {
            ResultType::I32 => Val::I32(value as i32),
            ResultType::I64 => Val::I64(value),
        };
    }
    Ok(())
}
