//! Optimizes the linker's module into the one that ships.

use crate::{Error, Result, fail, module, run};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

/// The exports that the host uses; the linker also exports __data_end and __heap_base.
const ROOTS: &str = r#"[
  {"name": "host", "root": true, "reaches": ["gather", "memory"]},
  {"name": "gather", "export": "gather"},
  {"name": "memory", "export": "memory"}
]"#;

/// WebAssembly 1.0 and mutable globals, which the linker needs for its stack pointer.
const FEATURES: &[&str] = &["--mvp-features", "--enable-mutable-globals"];

/// The passes. Those that assume that traps never happen, or that low addresses are unused, are left out on
/// purpose: a guest fails safely by trapping, and its stack lies at low addresses.
const PASSES: &[&str] = &["-Oz", "-Oz", "--const-hoisting", "--reorder-locals"];

/// What comes before the passes: nothing, or control flow that is made anew. The first suits gatherers that the host
/// decodes for (1 % smaller), the second those with a parser of their own (1.4 % smaller). The smaller module ships.
const WAYS: &[&[&str]] = &[&[], &["--flatten", "--rereloop"]];

/// Names are stripped last, so the map has the final indices.
const STRIP: &[&str] = &[
    "--strip-debug",
    "--strip-producers",
    "--strip-target-features",
    "--generate-stack-ir",
    "--optimize-stack-ir",
];

/// Makes NAME.wasm and NAME.symbols, unless they are up to date.
pub(crate) fn shrink(name: &str, linked: &Path, scratch: &Path, output: &Path) -> Result<()> {
    let wrong = |what: &str, file: &Path, error: std::io::Error| {
        Error(format!("cannot {what} {}: {error}", file.display()))
    };
    let bytes = fs::read(linked).map_err(|error| wrong("read", linked, error))?;
    if let Some(why) = module::refused(&bytes) {
        return fail(format!("{name}: {why}"));
    }
    let work = scratch.join("shrink");
    fs::create_dir_all(&work).map_err(|error| wrong("make", &work, error))?;
    let [reached, small, symbols, other, other_symbols, roots, made_of] =
        ["reached.wasm", "wasm", "symbols", "other.wasm", "other.symbols", "roots.json", "made-of"]
            .map(|extension| work.join(format!("{name}.{extension}")));
    let [small_out, symbols_out] =
        ["wasm", "symbols"].map(|extension| output.join(format!("{name}.{extension}")));
    // The inputs: output path, passes and module.
    let way = format!("{}\n{ROOTS}{FEATURES:?}{WAYS:?}{PASSES:?}{STRIP:?}\n", small_out.display());
    let inputs = [way.as_bytes(), &bytes].concat();
    if small_out.is_file() && symbols_out.is_file() && fs::read(&made_of).is_ok_and(|known| known == inputs) {
        return Ok(());
    }
    let _ = fs::remove_file(&made_of);
    fs::write(&roots, ROOTS).map_err(|error| wrong("write", &roots, error))?;
    let what = format!("make {name} smaller");
    let mut metadce = Command::new("wasm-metadce");
    metadce.arg("--debuginfo").args(FEATURES).arg(prefixed("--graph-file=", &roots)).arg(linked);
    // wasm-metadce prints what it removed.
    run(metadce.arg("--output").arg(&reached).stdout(Stdio::null()), &what)?;
    let mut smallest = u64::MAX;
    for way in WAYS {
        let mut opt = Command::new("wasm-opt");
        opt.args(FEATURES).arg("--zero-filled-memory").args(*way).args(PASSES);
        opt.arg(prefixed("--symbolmap=", &other_symbols)).args(STRIP);
        run(opt.arg(&reached).arg("--output").arg(&other), &what)?;
        let bytes = fs::metadata(&other).map_err(|error| wrong("read", &other, error))?.len();
        if bytes < smallest {
            smallest = bytes;
            for (from, to) in [(&other, &small), (&other_symbols, &symbols)] {
                fs::rename(from, to).map_err(|error| wrong("write", to, error))?;
            }
        }
    }
    // Read the result again with only these features. This fails if a newer feature slipped in.
    run(Command::new("wasm-opt").arg("--quiet").args(FEATURES).arg(&small), &what)?;
    // Copy, because the output may be on another file system. Write the record last.
    for (from, to) in [(&symbols, &symbols_out), (&small, &small_out)] {
        fs::copy(from, to).map_err(|error| wrong("write", to, error))?;
    }
    fs::write(&made_of, inputs).map_err(|error| wrong("write", &made_of, error))
}

fn prefixed(option: &str, path: &Path) -> std::ffi::OsString {
    let mut argument = std::ffi::OsString::from(option);
    argument.push(path);
    argument
}
