//! wasmi: an engine without C code.

use super::super::channel::{End, Ending};
use super::super::link::Link;
use wagather_abi::{
    EXPORT_GATHER, EXPORT_INITIALIZE, EXPORT_MEMORY, EXPORT_START, IMPORT_MODULE, Import, ResultType,
};
use wagather_base::limits::INTERPRETER_STACK_BYTES;
use wagather_module::wasi::{self, Wasi};
use wagather_module::{Checked, Imported};
use wasmi::{Caller, Config, Engine, Error, Extern, FuncType, Instance, Linker, Module, Store, Val, ValType};

pub(super) fn run(checked: &Checked, link: Link) -> (End, Link) {
    let mut config = Config::default();
    config.set_max_stack_height(INTERPRETER_STACK_BYTES as usize);
    let engine = Engine::new(&config);
    let mut store = Store::new(&engine, link);
    let end = match instance(checked, &engine, &mut store) {
        Ok(instance) => {
            let result = call(checked, &instance, &mut store);
            let memory_bytes = instance
                .get_memory(&store, EXPORT_MEMORY)
                .map_or(0, |memory| memory.data_size(&store) as u64);
            super::end(result.map_err(|error| error.to_string()), store.data().exit(), memory_bytes)
        }
        // The start function exited or trapped.
        Err(error) if store.data().exit().is_some() => {
            super::end(Err(error.to_string()), store.data().exit(), 0)
        }
        Err(error) if checked.start.is_some() && error.as_trap_code().is_some() => {
            super::end(Err(error.to_string()), store.data().exit(), 0)
        }
        Err(error) => {
            End { ending: Ending::Unusable, text: format!("wasmi cannot load it: {error}"), memory_bytes: 0 }
        }
    };
    (end, store.into_data())
}

fn call(checked: &Checked, instance: &Instance, store: &mut Store<Link>) -> Result<i32, Error> {
    if checked.initialize.is_some() {
        instance.get_typed_func::<(), ()>(&*store, EXPORT_INITIALIZE)?.call(&mut *store, ())?;
    }
    if checked.is_command {
        return instance.get_typed_func::<(), ()>(&*store, EXPORT_START)?.call(store, ()).map(|()| 0);
    }
    instance.get_typed_func::<(), i32>(&*store, EXPORT_GATHER)?.call(store, ())
}

fn instance(checked: &Checked, engine: &Engine, store: &mut Store<Link>) -> Result<Instance, Error> {
    let module = Module::new(engine, checked.bytes_with_start())?;
    let mut linker = Linker::<Link>::new(engine);
    for &import in &checked.imports {
        let import = match import {
            Imported::Host(import) => import,
            Imported::Wasi(function) => {
                let params = function.params().bytes().map(|letter| match letter {
                    b'I' => ValType::I64,
                    _ => ValType::I32,
                });
                let ty = FuncType::new(params, function.has_result().then_some(ValType::I32));
                linker.func_new(wasi::MODULE, function.name(), ty, move |caller, params, results| {
                    wasi_call(function, caller, params, results)
                })?;
                continue;
            }
        };
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
    linker.instantiate_and_start(store, &module)
}

fn wasi_call(
    function: Wasi,
    mut caller: Caller<'_, Link>,
    params: &[Val],
    results: &mut [Val],
) -> Result<(), Error> {
    let mut args = [0; 4];
    for (arg, param) in args.iter_mut().zip(params) {
        let word = |value: i32| u64::from(value.cast_unsigned());
        *arg = param.i64().map_or_else(|| param.i32().map_or(0, word), i64::cast_unsigned);
    }
    let Some(Extern::Memory(memory)) = caller.get_export(EXPORT_MEMORY) else {
        return Err(Error::new("the memory is gone"));
    };
    let (memory, link) = memory.data_and_store_mut(&mut caller);
    let number = link.call_wasi(function, args, memory).map_err(|gone| Error::new(gone.to_string()))?;
    if link.exit().is_some() {
        return Err(Error::new("it ended itself"));
    }
    if let Some(result) = results.first_mut() {
        *result = Val::I32(number.cast_signed());
    }
    Ok(())
}

fn import_call(
    import: Import,
    mut caller: Caller<'_, Link>,
    params: &[Val],
    results: &mut [Val],
) -> Result<(), Error> {
    let mut args = [0; 4];
    for (arg, param) in args.iter_mut().zip(params) {
        *arg = param.i32().unwrap_or_default().cast_unsigned();
    }
    let Some(Extern::Memory(memory)) = caller.get_export(EXPORT_MEMORY) else {
        return Err(Error::new("the memory is gone"));
    };
    let (memory, link) = memory.data_and_store_mut(&mut caller);
    let value = link.call(import, args, memory).map_err(|gone| Error::new(gone.to_string()))?;
    if let Some(result) = results.first_mut() {
        *result = match import.row().result {
            ResultType::I32 => Val::I32(value as i32),
            ResultType::I64 => Val::I64(value),
        };
    }
    Ok(())
}
