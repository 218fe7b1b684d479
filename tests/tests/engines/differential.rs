//! Generated modules in both engines, which must behave the same.
//!
//! A module is made from a seed. The test calls each of its functions once with arguments from the seed, and compares
//! every call of an import with its arguments, every result, the checksum of the memory and the globals at the end,
//! and the kind of end. After a trap, the memory is not accessible, and is not compared.
//!
//! Three known differences are excluded, so that others become visible: wasm3 makes signalling NaNs of 32 bits quiet
//! when it moves them, and cannot compile some unreachable code; [`Original::tamed`] removes both. And the engines
//! have stacks of different depth: a trap in only one of them because of its stack is counted, and must be rare.
//!
//! [`KNOWN`] lists the remaining differences by seed; one more or one less fails the test.
//!
//! `WAGATHER_MODULES` is the number of modules, `WAGATHER_FIRST_SEED` the first seed.

use crate::rewrite::{Original, Step, Value};
use crate::sandbox::{End, Ran, helper, run};
use arbitrary::Unstructured;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tests::guest::large;
use wagather_abi::IMPORT_MODULE;
use wagather_sandbox::engine::Kind;
use wasm_encoder::ValType;
use wasm_smith::Config;

/// Modules of a run that says nothing else.
const MODULES: u64 = 1_000;

/// Seeds below 3,000 under which an engine is known to compute something else than V8 and the other engine do: see
/// `docs/engines.md`. What they do is contained: a wrong value in the guest's own memory, or a trap.
const KNOWN: &[(u64, &str)] = &[
    (175, "wasmi"),
    (380, "wasmi"),
    (990, "wasmi"),
    (1203, "wasmi"),
    (1369, "wasmi"),
    (1425, "wasmi"),
    (2067, "wasmi"),
    (2825, "wasmi"),
    (2860, "wasmi"),
];

/// Calls and rounds of loops that a function may take, with all that it calls.
const FUEL: u32 = 200;

/// A module that grew its memory to the end is summed up in silence, which takes an unoptimised wasmi on a busy machine its time.
const SILENCE: Duration = Duration::from_secs(120);

/// Imports that take no pointer to a structure, so that a generated call means something.
const IMPORTS: &str = r#"(module
    (import "MODULE" "now" (func (result i64)))
    (import "MODULE" "log" (func (param i32 i32 i32) (result i32)))
    (import "MODULE" "param" (func (param i32 i32 i32 i32) (result i32)))
    (import "MODULE" "rest_status" (func (param i32) (result i32)))
    (import "MODULE" "archive_write" (func (param i32 i32 i32) (result i32))))"#;

/// Numbers from a seed: splitmix64.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An argument: often a small one, or one at an edge.
    fn value(&mut self, ty: ValType) -> Value {
        let (choice, bits) = (self.next() % 4, self.next());
        let bits = match (ty, choice) {
            (ValType::F32, 0) => u64::from((bits as i16 as f32).to_bits()),
            (ValType::F32, _) => u64::from(quiet(bits as u32)),
            (ValType::F64, 0) => f64::from(bits as i16).to_bits(),
            (_, 0) => bits % 256,
            (_, 1) => (bits as i8 as i64).cast_unsigned(),
            (_, 2) => (1_u64 << (bits % 64)).wrapping_sub(bits >> 63),
            _ => bits,
        };
        let bits = if ty == ValType::I32 { bits & u64::from(u32::MAX) } else { bits };
        Value { ty, bits }
    }
}

fn quiet(bits: u32) -> u32 {
    if f32::from_bits(bits).is_nan() { bits | 1 << 22 } else { bits }
}

/// WebAssembly 1.0, small enough to be made and run by the thousand.
fn config(numbers: &mut Numbers) -> Config {
    let choice = numbers.next();
    Config {
        available_imports: Some(tests::guest::from_wat(&IMPORTS.replace("MODULE", IMPORT_MODULE))),
        allow_floats: choice & 1 == 0,
        // Half of the modules run to their end.
        disallow_traps: choice & 2 == 0,
        canonicalize_nans: true,
        bulk_memory_enabled: false,
        exceptions_enabled: false,
        extended_const_enabled: false,
        gc_enabled: false,
        compact_imports_enabled: false,
        memory64_enabled: false,
        multi_value_enabled: false,
        reference_types_enabled: false,
        relaxed_simd_enabled: false,
        saturating_float_to_int_enabled: false,
        sign_extension_ops_enabled: false,
        simd_enabled: false,
        tail_call_enabled: false,
        threads_enabled: false,
        wide_arithmetic_enabled: false,
        min_funcs: 1,
        max_funcs: 12,
        max_globals: 6,
        max_imports: 6,
        max_instructions: 200,
        min_memories: 1,
        max_memories: 1,
        max_tables: 1,
        max_memory32_bytes: 4 << 16,
        max_table_elements: 100,
        max_element_segments: 1,
        max_data_segments: 4,
        ..Config::default()
    }
}

/// A gatherer from a seed.
fn module(seed: u64) -> Vec<u8> {
    let mut numbers = Numbers(seed);
    let config = config(&mut numbers);
    let len = 256 << (numbers.next() % 5);
    let bytes: Vec<u8> = (0..len / 8).flat_map(|_| numbers.next().to_le_bytes()).collect();
    let mut smith = wasm_smith::Module::new(config, &mut Unstructured::new(&bytes)).expect("a module");
    let fuel = smith.ensure_termination(FUEL).expect("functions that wasm-smith made");
    let original = Original::read(&smith.to_bytes()).unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
    let original = original.tamed();
    let refuel = Step::Set(fuel, Value { ty: ValType::I32, bits: u64::from(FUEL) });
    let mut steps = Vec::new();
    for (function, params) in original.defined() {
        steps.push((refuel.clone(), false));
        let args = params.iter().map(|ty| numbers.value(*ty)).collect();
        steps.push((Step::Call(function, args), true));
    }
    steps.push((Step::Memory, true));
    let globals = original.globals().len() as u32;
    steps.extend((0..globals).filter(|global| *global != fuel).map(|global| (Step::Get(global), true)));
    original.gatherer(&steps)
}

/// Kinds of traps, and the words that the engines have for each.
const TRAPS: [(&str, &[&str]); 8] = [
    ("unreachable", &["unreachable"]),
    ("memory", &["out of bounds memory"]),
    ("division", &["divide by zero"]),
    ("overflow", &["integer overflow"]),
    ("conversion", &["invalid conversion"]),
    ("signature", &["type mismatch"]),
    ("element", &["undefined element", "uninitialized element", "null table element"]),
    ("stack", &["stack overflow", "call stack exhausted"]),
];

/// An end as a word that both engines share.
fn kind(engine: Kind, end: &End) -> String {
    match end {
        End::Trapped(words) => {
            let is = |(_, known): &&(&str, &[&str])| known.iter().any(|known| words.contains(known));
            TRAPS.iter().find(is).map_or_else(|| format!("trap: {words}"), |(kind, _)| (*kind).to_owned())
        }
        End::Returned(code) => format!("returned {code}"),
        End::Unusable(words) if words.contains(" exceeds its ") => "refused".to_owned(),
        End::Unusable(words) => format!("{} cannot run it: {words}", engine.name()),
        End::Died(signal) => format!("{} died of signal {signal}", engine.name()),
        End::Silent => "silence".to_owned(),
    }
}

/// What a seed came to: the kind of its end, or how the engines differ.
fn compare(seed: u64) -> Result<String, String> {
    let module = module(seed);
    // Every second one with functions that wasm3's side validates when they are called.
    let module = if seed % 2 == 1 { large(module) } else { module };
    let ran: Vec<(Kind, Ran)> =
        Kind::ALL.iter().map(|engine| (*engine, run(module.clone(), *engine, &helper(), SILENCE))).collect();
    let ends: Vec<String> = ran.iter().map(|(engine, ran)| kind(*engine, &ran.end)).collect();
    let calls = ran.iter().map(|(_, ran)| &ran.calls);
    let common = calls.clone().map(Vec::len).min().unwrap_or(0);
    let same_calls = calls.clone().all(|calls| calls[..common] == ran[0].1.calls[..common]);
    if same_calls && ends.iter().any(|end| end == "stack") {
        return Ok("stack".into());
    }
    if ends[0] == ends[1] && ran[0].1.calls == ran[1].1.calls {
        return Ok(ends[0].clone());
    }
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("seed-{seed}.wasm"));
    std::fs::write(&path, &module).expect("a folder that can be written");
    let differs = (0..common).find(|&at| ran[0].1.calls[at] != ran[1].1.calls[at]);
    let calls = differs.map_or_else(
        || format!("{} and {} calls", ran[0].1.calls.len(), ran[1].1.calls.len()),
        |at| format!("call {at}: {:?} and {:?}", ran[0].1.calls[at], ran[1].1.calls[at]),
    );
    Err(format!("seed {seed}: {ends:?}, {calls}; the module is {}", path.display()))
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .map_or(otherwise, |text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

#[test]
fn generated_modules_do_the_same_under_both_engines() {
    assert_eq!(Kind::ALL.len(), 2, "this crate asks for both engines");
    let (modules, first) =
        (from_environment("WAGATHER_MODULES", MODULES), from_environment("WAGATHER_FIRST_SEED", 0));
    let (next, begin) = (AtomicU64::new(first), Instant::now());
    let (ends, differences) = (Mutex::new(BTreeMap::<String, u64>::new()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + modules {
                        return;
                    }
                    match (compare(seed), KNOWN.iter().find(|known| known.0 == seed)) {
                        (Err(_), Some((_, engine))) => {
                            *ends.lock().expect("no panic").entry(format!("known, {engine}")).or_default() +=
                                1;
                        }
                        (Ok(end), Some(_)) => {
                            let text =
                                format!("seed {seed} is known to differ, and both engines came to '{end}'");
                            differences.lock().expect("no panic").push(text);
                        }
                        (Ok(end), None) => *ends.lock().expect("no panic").entry(end).or_default() += 1,
                        (Err(difference), None) => differences.lock().expect("no panic").push(difference),
                    }
                }
            });
        }
    });
    let (ends, differences) =
        (ends.into_inner().expect("no panic"), differences.into_inner().expect("no panic"));
    eprintln!("{modules} modules in {:?}: {ends:?}", begin.elapsed());
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
    let count = |end: &str| ends.get(end).copied().unwrap_or_default();
    assert!(count("returned 0") > modules / 4, "too few modules came to their end to say much: {ends:?}");
    assert!(count("stack") <= modules / 100, "too many modules ended for want of stack: {ends:?}");
}
