//! Known faults of the engines with valid modules, in minimal examples, and that their effects stay within the guest.
//!
//! `docs/engines.md` has the table. If an engine is fixed, the test of the fault fails, so the table stays up to
//! date. Faults that could have accessed memory outside the guest are now refused or contained; the tests check that.

use crate::sandbox::{End, helper, run};
use std::fmt::Write as _;
use std::time::Duration;
use wagather_sandbox::engine::Kind;

fn engine(name: &str) -> Kind {
    Kind::by_name(name).unwrap_or_else(|| panic!("this crate asks for {name}"))
}

/// How `gather` with this body ends, with a function `$f` of such a type and body beside it.
fn end(engine_name: &str, function: &str, gather: &str) -> End {
    let text = format!(
        r#"(module (memory (export "memory") 1) (table 4 funcref) (global $g i32 (i32.const 5)) (func $f {function})
            (func (export "gather") (result i32) {gather}))"#
    );
    run(tests::guest::from_wat(&text), engine(engine_name), &helper(), Duration::from_secs(20)).end
}

fn returns(engine_name: &str, function: &str, gather: &str) -> i32 {
    match end(engine_name, function, gather) {
        End::Returned(code) => code,
        end => panic!("{engine_name} with {gather}: {end:?}"),
    }
}

#[test]
fn memory_never_shrinks() {
    // wasm3 alone adds 32 bits: by -1 pages, it would shrink the memory by one. The copy asks in a function of its own.
    for pages in ["-1", "-2147483648", "2147483647", "65536", "65535"] {
        let gather = format!(
            "(if (i32.ne (memory.grow (i32.const {pages})) (i32.const -1)) (then unreachable)) (memory.size)"
        );
        for name in ["wasm3", "wasmi"] {
            assert_eq!(returns(name, "", &gather), 1, "{name}: {pages}");
        }
    }
}

#[test]
fn a_size_beside_a_size() {
    // wasm3 would not compile the first, and lose a value in the second; the copy asks in a function of its own.
    for (gather, value) in [
        ("(i32.add (memory.size) (memory.size))", 2),
        ("(i32.popcnt (i32.const 0xff)) (drop (memory.size))", 8),
        ("(i32.lt_u (i32.shl (memory.size) (i32.const 16)) (i32.add (global.get $g) (i32.const 64)))", 0),
    ] {
        for name in ["wasm3", "wasmi"] {
            assert_eq!(returns(name, "", gather), value, "{name}: {gather}");
        }
    }
}

#[test]
fn wasm3_returns_what_an_unreached_end_left() {
    // A branch to the end of a function whose last instructions are not reached and left another type on the stack.
    let function =
        "(param i32) (result i32) i32.const 3 local.get 0 br_if 0 drop (f64.abs (f64.const 1)) unreachable";
    let gather = "(call $f (i32.const 1))";
    assert_eq!(returns("wasmi", function, gather), 3);
    assert_ne!(returns("wasm3", function, gather), 3);
}

#[test]
fn wasmi_chooses_wrongly_after_a_block() {
    let function = "(param i32) (result i32) (local i32 i32 i32) (block (br_if 0 (local.get 0)))
        (select (i32.const 1) (local.get 3) (i32.eqz (local.get 3)))";
    let gather = "(drop (call $f (i32.const 0))) (call $f (i32.const 5))";
    assert_eq!((returns("wasm3", function, gather), returns("wasmi", function, gather)), (1, 0));
}

#[test]
fn the_upper_half_of_a_value_stays_its_own() {
    // A value is on the stack twice while its local is set; one of the two is dropped, and a value of 32 bits comes.
    let function = "(param i64) (result i64)
        (local.get 0) (local.get 0) (local.set 0 (i64.const 7)) (drop) (drop (global.get $g))";
    let gather = "(i32.wrap_i64 (i64.shr_u (call $f (i64.const 0x5555555566666666)) (i64.const 32)))";
    for name in ["wasm3", "wasmi"] {
        assert_eq!(returns(name, function, gather), 0x5555_5555, "{name}");
    }
}

#[test]
fn arguments_do_not_leave_the_stack() {
    // Some depth of the recursion leaves room for the last frame, but not for the 900 arguments that it passes on.
    let params = "i64 ".repeat(900);
    let arguments = "(i64.const 0x4141414141414141) ".repeat(900);
    let mut traps = 0;
    for depth in 200..330 {
        let mut text = String::from(r#"(module (memory (export "memory") 1)"#);
        let _ = write!(
            text,
            "(func $last (param {params}))
             (func $deeper (param i32) (if (local.get 0)
                (then (call $deeper (i32.sub (local.get 0) (i32.const 1)))) (else (call $last {arguments}))))
             (func (export \"gather\") (result i32) (call $deeper (i32.const {depth})) (i32.const 0)))"
        );
        match run(tests::guest::from_wat(&text), engine("wasm3"), &helper(), Duration::from_secs(20)).end {
            End::Returned(0) => {}
            End::Trapped(words) if words == "stack overflow" => traps += 1,
            end => panic!("{depth} deep: {end:?}"),
        }
    }
    assert!(traps > 0, "it was never deep enough");
}

#[test]
fn calls_within_calls_do_not_leave_the_compilers_room() {
    let function = "(param i32) (result i32) (local.get 0)";
    let gather = |calls: usize| format!("{}(i32.const 7){}", "(call $f ".repeat(calls), ")".repeat(calls));
    assert_eq!(returns("wasm3", function, &gather(3_700)), 7);
    assert!(
        matches!(end("wasm3", function, &gather(4_000)), End::Unusable(words) if words.contains("too large"))
    );
}

#[test]
fn a_table_is_filled_in_any_order() {
    let text = r#"(module (memory (export "memory") 1) (table 4 funcref) (type $t (func (result i32)))
        (elem (i32.const 3) $three) (elem (i32.const 1) $one) (elem (i32.const 2))
        (func $one (result i32) (i32.const 1)) (func $three (result i32) (i32.const 3))
        (func (export "gather") (result i32)
            (i32.add (call_indirect (type $t) (i32.const 1)) (call_indirect (type $t) (i32.const 3)))))"#;
    for kind in Kind::ALL {
        let end = run(tests::guest::from_wat(text), *kind, &helper(), Duration::from_secs(20)).end;
        assert_eq!(end, End::Returned(4), "{}", kind.name());
    }
}
