//! Programs with the instructions that the engine's copy replaces, compared with an engine that supports them.
//!
//! The other tests compare engines with the same copy, so a mistake in the copy would affect both. Here, the original
//! module runs in wasmi, without any of our code around it, and the sandbox's engines must report the same. A program
//! is made from a seed: overlapping copies and fills, some of which end at the memory's end or exceed it,
//! `memory.size` within expressions while the memory grows, saturating conversions and sign extensions.

use crate::sandbox::{End, helper, run};
use std::fmt::Write as _;
use std::time::Duration;
use wagather_sandbox::engine::Kind;
use wasmi::{Caller, Engine, Linker, Module, Store};

const PROGRAMS: u64 = 150;

struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    fn of<'a>(&mut self, all: &[&'a str]) -> &'a str {
        all[self.below(all.len() as u64) as usize]
    }

    /// An address: close to the start, around the end of a page, or anywhere.
    fn address(&mut self) -> u64 {
        match self.below(64) {
            0..36 => self.below(80),
            36..48 => 65_536 - self.below(40),
            48..62 => self.below(120_000),
            _ => 131_072 - self.below(40),
        }
    }

    fn len(&mut self) -> u64 {
        match self.below(96) {
            0..50 => self.below(40),
            50..80 => self.below(9),
            80..95 => self.below(3_000),
            _ => self.below(u64::from(u32::MAX)),
        }
    }

    /// An `i32`, while other values may wait on the stack.
    fn word(&mut self, depth: u64) -> String {
        if depth == 0 {
            return self.of(&["(local.get $a)", "(local.get $b)", "(memory.size)", "(i32.const 7)"]).into();
        }
        match self.below(7) {
            0 => format!("({} {})", self.of(&["i32.extend8_s", "i32.extend16_s"]), self.word(depth - 1)),
            1 => {
                let to = self.of(&["s", "u"]);
                let from = self.of(&["f32_{} (f32.demote_f64 (local.get $f))", "f64_{} (local.get $f)"]);
                format!("(i32.trunc_sat_{})", from.replace("{}", to))
            }
            2 => {
                let to = self.of(&["s", "u"]);
                let from = self.of(&["f32_{} (f32.demote_f64 (local.get $f))", "f64_{} (local.get $f)"]);
                let wide = self.of(&["i64.extend8_s", "i64.extend16_s", "i64.extend32_s"]);
                let half = self.of(&["0", "32"]);
                let value = from.replace("{}", to);
                format!("(i32.wrap_i64 (i64.shr_u ({wide} (i64.trunc_sat_{value})) (i64.const {half})))")
            }
            3 => format!("(i32.load8_u (i32.and {} (i32.const 0xffff)))", self.word(depth - 1)),
            _ => {
                let operator = self.of(&["i32.add", "i32.sub", "i32.mul", "i32.xor", "i32.shl", "i32.lt_u"]);
                format!("({operator} {} {})", self.word(depth - 1), self.word(depth - 1))
            }
        }
    }

    fn statement(&mut self) -> String {
        let depth = self.below(4);
        match self.below(10) {
            0..2 => {
                let (to, from, len) = (self.address(), self.address(), self.len());
                format!("(memory.copy (i32.const {to}) (i32.const {from}) (i32.const {len}))")
            }
            2 => {
                let (to, len) = (self.address(), self.len());
                format!("(memory.fill (i32.const {to}) {} (i32.const {len}))", self.word(depth))
            }
            3 => {
                let pages = self.of(&["0", "1", "1", "-1", "65536"]);
                format!("(drop (call $report (memory.grow (i32.const {pages}))))")
            }
            4 => format!(
                "(local.set $f (f64.mul (local.get $f) (f64.const {})))",
                self.of(&["-1e3", "1e9", "1.7", "nan", "inf", "-0.1"])
            ),
            5 => format!("(local.set $f (f64.convert_i32_s {}))", self.word(depth)),
            6 => format!("(i32.store (i32.and {} (i32.const 0xfff)) {})", self.word(depth), self.word(depth)),
            7 => format!("(drop (call $report {}))", self.word(depth)),
            _ => format!("(local.set {} {})", self.of(&["$a", "$b"]), self.word(depth)),
        }
    }
}

fn program(seed: u64) -> Vec<u8> {
    let mut numbers = Numbers(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut text = String::from(
        r#"(module (import "wagather_v1" "rest_close" (func $report (param i32) (result i32)))
        (memory (export "memory") 1 2)
        (data (i32.const 0) "what is copied, is overlapped and filled, 0123456789")
        (data (i32.const 65490) "the end of the first page is here, a-z")
        (func (export "gather") (result i32) (local $a i32) (local $b i32) (local $f f64) (local $sum i64)
        (local.set $b (i32.const 0x12345678)) (local.set $f (f64.const 1.5))"#,
    );
    if numbers.below(5) > 0 {
        text.push_str("(drop (memory.grow (i32.const 1)))");
    }
    for _ in 0..10 + numbers.below(40) {
        let _ = writeln!(text, "{}", numbers.statement());
    }
    // The sum of the memory, each word turned by its place.
    text.push_str(
        "(local.set $a (i32.const 0))
        (loop $next
            (local.set $sum (i64.add (i64.rotl (local.get $sum) (i64.const 5)) (i64.load (local.get $a))))
            (br_if $next (i32.lt_u (local.tee $a (i32.add (local.get $a) (i32.const 8))) (i32.shl (memory.size) (i32.const 16)))))
        (drop (call $report (i32.wrap_i64 (local.get $sum))))
        (call $report (i32.wrap_i64 (i64.shr_u (local.get $sum) (i64.const 32))))))",
    );
    tests::guest::from_wat(&text)
}

/// What the module reports in wasmi as it is, and the words of its trap.
fn native(module: &[u8]) -> (Vec<u32>, Option<String>) {
    let engine = Engine::default();
    let mut store = Store::new(&engine, Vec::new());
    let mut linker = Linker::new(&engine);
    let report = |mut caller: Caller<'_, Vec<u32>>, word: i32| -> i32 {
        caller.data_mut().push(word.cast_unsigned());
        0
    };
    linker.func_wrap("wagather_v1", "rest_close", report).expect("a function to link");
    let module = Module::new(&engine, module).expect("a module that wasmi takes");
    let instance = linker.instantiate_and_start(&mut store, &module).expect("an instance");
    let gather = instance.get_typed_func::<(), i32>(&store, "gather").expect("gather");
    let error = gather.call(&mut store, ()).err().map(|error| error.to_string());
    (store.into_data(), error)
}

#[test]
fn the_copy_does_what_the_module_does() {
    let isolation = helper();
    let (mut returned, mut trapped) = (0, 0);
    for seed in 0..PROGRAMS {
        let module = program(seed);
        let (reports, error) = native(&module);
        for kind in Kind::ALL {
            let ran = run(module.clone(), *kind, &isolation, Duration::from_secs(20));
            assert_eq!(ran.reports().collect::<Vec<_>>(), reports, "seed {seed}, {}", kind.name());
            match (&ran.end, &error) {
                (End::Returned(0), None) => returned += 1,
                (End::Trapped(words), Some(error))
                    if [words, error].iter().all(|words| words.contains("out of bounds memory")) =>
                {
                    trapped += 1;
                }
                (end, error) => panic!("seed {seed}, {}: {end:?}, but natively {error:?}", kind.name()),
            }
        }
    }
    assert!(returned > PROGRAMS / 2 && trapped > PROGRAMS / 10, "{returned} returned, {trapped} trapped");
}
