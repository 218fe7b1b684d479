//! Each function of WASI preview 1, with its official signature and arguments that no honest program has, in both
//! engines. The engines must answer the same, and a refused call must not change the guest's memory.
//!
//! The list comes from the standard's own witx files and not from the code, so a wrong signature in either place
//! fails.

use crate::sandbox::{End, helper, run};
use std::fmt::Write as _;
use std::time::Duration;
use wagather_sandbox::channel::Call;
use wagather_sandbox::engine::Kind;

/// Names, and parameters: `i` of 32 bits, `I` of 64.
const PREVIEW1: [(&str, &str); 46] = [
    ("args_get", "ii"),
    ("args_sizes_get", "ii"),
    ("clock_res_get", "ii"),
    ("clock_time_get", "iIi"),
    ("environ_get", "ii"),
    ("environ_sizes_get", "ii"),
    ("fd_advise", "iIIi"),
    ("fd_allocate", "iII"),
    ("fd_close", "i"),
    ("fd_datasync", "i"),
    ("fd_fdstat_get", "ii"),
    ("fd_fdstat_set_flags", "ii"),
    ("fd_fdstat_set_rights", "iII"),
    ("fd_filestat_get", "ii"),
    ("fd_filestat_set_size", "iI"),
    ("fd_filestat_set_times", "iIIi"),
    ("fd_pread", "iiiIi"),
    ("fd_prestat_dir_name", "iii"),
    ("fd_prestat_get", "ii"),
    ("fd_pwrite", "iiiIi"),
    ("fd_read", "iiii"),
    ("fd_readdir", "iiiIi"),
    ("fd_renumber", "ii"),
    ("fd_seek", "iIii"),
    ("fd_sync", "i"),
    ("fd_tell", "ii"),
    ("fd_write", "iiii"),
    ("path_create_directory", "iii"),
    ("path_filestat_get", "iiiii"),
    ("path_filestat_set_times", "iiiiIIi"),
    ("path_link", "iiiiiii"),
    ("path_open", "iiiiiIIii"),
    ("path_readlink", "iiiiii"),
    ("path_remove_directory", "iii"),
    ("path_rename", "iiiiii"),
    ("path_symlink", "iiiii"),
    ("path_unlink_file", "iii"),
    ("poll_oneoff", "iiii"),
    ("proc_exit", "i"),
    ("proc_raise", "i"),
    ("random_get", "ii"),
    ("sched_yield", ""),
    ("sock_accept", "iii"),
    ("sock_recv", "iiiiii"),
    ("sock_send", "iiiii"),
    ("sock_shutdown", "ii"),
];

/// What TinyGo's runtime and libraries import for its target wasip1, by their sources; for wasm-unknown it imports nothing.
const TINYGO: [&str; 26] = [
    "args_get",
    "args_sizes_get",
    "clock_time_get",
    "environ_get",
    "environ_sizes_get",
    "fd_close",
    "fd_fdstat_get",
    "fd_fdstat_set_flags",
    "fd_filestat_get",
    "fd_pread",
    "fd_prestat_dir_name",
    "fd_prestat_get",
    "fd_read",
    "fd_readdir",
    "fd_seek",
    "fd_write",
    "path_create_directory",
    "path_filestat_get",
    "path_open",
    "path_readlink",
    "path_remove_directory",
    "path_rename",
    "path_unlink_file",
    "poll_oneoff",
    "proc_exit",
    "random_get",
];

/// Addresses and lengths: all there are, the last ones of the memory, the first ones behind it, none.
const WORDS: [i64; 7] = [-1, 0x7fff_ffff, 0x1_0000, 0xffff, 0xfff8, 1 << 31, 0];

/// Reports what a call came back with.
const REPORT: &str = r#"(import "wagather_v1" "rest_close" (func $report (param i32) (result i32)))"#;

fn module(imports: &str, gather: &str) -> Vec<u8> {
    with_functions(imports, "", gather)
}

fn with_functions(imports: &str, functions: &str, gather: &str) -> Vec<u8> {
    tests::guest::from_wat(&format!(
        r#"(module {imports} {REPORT} (memory (export "memory") 1) {functions}
            (@custom "wagather.manifest" "gatherer 1 a 0\nwasi preview1\n")
            (func (export "gather") (result i32) {gather} (i32.const 0)))"#
    ))
}

fn import(name: &str, params: &str) -> String {
    let types: String = params.chars().map(|letter| if letter == 'I' { " i64" } else { " i32" }).collect();
    let result = if name == "proc_exit" { "" } else { "(result i32)" };
    format!(r#"(import "wasi_snapshot_preview1" "{name}" (func ${name} (param{types}) {result}))"#)
}

fn call(name: &str, params: &str, mut word: impl FnMut() -> i64) -> String {
    let args: String = params
        .chars()
        .map(|letter| match letter {
            'I' => format!("(i64.const {}) ", word()),
            _ => format!("(i32.const {}) ", word() as i32),
        })
        .collect();
    format!("(drop (call $report (call ${name} {args})))\n")
}

#[test]
fn every_function_bears_every_argument() {
    let functions = || PREVIEW1.into_iter().filter(|(name, _)| *name != "proc_exit");
    let imports: String = functions().map(|(name, params)| import(name, params)).collect();
    // For wasm3, a function has only so many calls.
    let (mut bodies, mut calls) = (String::new(), String::new());
    for (name, params) in functions() {
        let _ = write!(bodies, "(func $call_{name} ");
        let _ = write!(calls, "(call $call_{name}) ");
        // Each word in every place, beside others.
        for (first, _) in WORDS.iter().enumerate() {
            for step in 0..WORDS.len() {
                let mut at = first;
                bodies += &call(name, params, || {
                    at += step;
                    WORDS[(at - step) % WORDS.len()]
                });
            }
        }
        bodies += ")";
    }
    let module = with_functions(&imports, &bodies, &calls);
    let ran: Vec<_> = Kind::ALL
        .iter()
        .map(|engine| run(module.clone(), *engine, &helper(), Duration::from_secs(60)))
        .collect();
    for (ran, engine) in ran.iter().zip(Kind::ALL) {
        assert_eq!(ran.end, End::Returned(0), "{}", engine.name());
        // Success, or a number of WASI's; and nothing reached the broker but what a gatherer may ask for.
        for call in &ran.calls {
            match call {
                Call::rest_close { handle: number } => {
                    assert!([0, 8, 21, 28, 52].contains(number), "{}: {number}", engine.name());
                }
                Call::now {} | Call::log { .. } => {}
                other => panic!("{}: {other:?}", engine.name()),
            }
        }
        let reports = ran.reports().count();
        assert_eq!(reports, functions().count() * WORDS.len() * WORDS.len());
    }
    assert_eq!(ran[0].calls, ran[1].calls);
}

#[test]
fn an_exit_of_any_number_ends_the_guest() {
    for code in [0_u32, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX] {
        let module = module(
            &import("proc_exit", "i"),
            &format!("(call $proc_exit (i32.const {})) unreachable", code.cast_signed()),
        );
        for engine in Kind::ALL {
            let ran = run(module.clone(), *engine, &helper(), Duration::from_secs(20));
            // A number of 32 bits never looks like a status, which is below 0.
            assert_eq!(ran.end, End::Returned(code.min(0x7fff_ffff).cast_signed()), "{}", engine.name());
        }
    }
}

#[test]
fn what_tinygo_imports_is_answered() {
    let params = |name: &str| {
        PREVIEW1.into_iter().find(|function| function.0 == name).expect("a function of preview 1").1
    };
    let imports: String = TINYGO.into_iter().map(|name| import(name, params(name))).collect();
    // What its start does: arguments, environment, folders that were opened before; then a line and the time.
    let start = r#"
        (if (call $args_sizes_get (i32.const 0) (i32.const 4)) (then unreachable))
        (if (call $environ_sizes_get (i32.const 8) (i32.const 12)) (then unreachable))
        (if (i32.ne (call $fd_prestat_get (i32.const 3) (i32.const 16)) (i32.const 8)) (then unreachable))
        (if (call $clock_time_get (i32.const 0) (i64.const 1000) (i32.const 16)) (then unreachable))
        (if (call $random_get (i32.const 24) (i32.const 8)) (then unreachable))
        (i32.store8 (i32.const 64) (i32.const 0x68)) (i32.store8 (i32.const 65) (i32.const 10))
        (i32.store (i32.const 32) (i32.const 64)) (i32.store (i32.const 36) (i32.const 2))
        (if (call $fd_write (i32.const 1) (i32.const 32) (i32.const 1) (i32.const 40)) (then unreachable))
        (call $proc_exit (i32.const 0)) unreachable"#;
    for engine in Kind::ALL {
        let ran = run(module(&imports, start), *engine, &helper(), Duration::from_secs(20));
        assert_eq!(ran.end, End::Returned(0), "{}", engine.name());
        let logged =
            ran.calls.iter().any(|call| matches!(call, Call::log { text, .. } if text.as_slice() == b"h"));
        assert!(logged, "{}: {:?}", engine.name(), ran.calls);
    }
}
