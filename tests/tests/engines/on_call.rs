//! Functions of large modules, which are validated at their first call: valid functions behave as in a small module,
//! and invalid ones are never compiled, however they are called.

use crate::sandbox::{End, helper, run};
use std::time::Duration;
use tests::guest::{from_wat, large};
use wagather_sandbox::engine::Kind;

fn end_of(engine: &str, module: Vec<u8>) -> End {
    let engine = Kind::by_name(engine).unwrap_or_else(|| panic!("this crate asks for {engine}"));
    run(module, engine, &helper(), Duration::from_secs(60)).end
}

/// How a large module ends in wasm3.
fn end(fields: &str) -> End {
    end_of("wasm3", large(from_wat(&format!("(module {fields} (memory (export \"memory\") 1 3))"))))
}

#[test]
fn what_is_valid_does_the_same() {
    for (fields, value) in [
        // One function that calls itself, two that call each other, and one that is called from several places.
        (
            "(func $down (param i32) (result i32) (if (result i32) (local.get 0)
                (then (call $even (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 1))))
             (func $even (param i32) (result i32) (if (result i32) (local.get 0)
                (then (call $down (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 2))))
             (func $sum (param i32) (result i32) (if (result i32) (local.get 0)
                (then (i32.add (local.get 0) (call $sum (i32.sub (local.get 0) (i32.const 1))))) (else (i32.const 0))))
             (func (export \"gather\") (result i32)
                (i32.add (call $down (i32.const 501)) (i32.add (call $sum (i32.const 10)) (call $sum (i32.const 4)))))",
            67,
        ),
        // By way of a table, again and again.
        (
            "(type $t (func (param f64) (result f64))) (table 2 funcref) (elem (i32.const 0) $half $twice)
             (func $half (param f64) (result f64) (f64.mul (local.get 0) (f64.const 0.5)))
             (func $twice (param f64) (result f64) (f64.mul (local.get 0) (f64.const 2)))
             (func (export \"gather\") (result i32) (local $left i32) (local $x f64)
                (local.set $left (i32.const 1000)) (local.set $x (f64.const 21))
                (loop $again
                    (local.set $x (call_indirect (type $t) (local.get $x) (i32.and (local.get $left) (i32.const 1))))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if $again (local.get $left)))
                (i32.trunc_f64_s (local.get $x)))",
            21,
        ),
        // Instructions that the engine has not got, and a memory that grows while a stub's caller has its address.
        (
            "(func $grow (param i32) (result i32) (memory.fill (i32.const 0) (i32.const 7) (i32.const 9))
                (memory.copy (i32.const 100) (i32.const 0) (i32.const 9))
                (drop (memory.grow (local.get 0))) (memory.size))
             (func (export \"gather\") (result i32)
                (i32.store8 (i32.const 131071) (call $grow (i32.const 1)))
                (i32.add (i32.load8_u (i32.const 131071)) (i32.load8_u (i32.const 108))))",
            9,
        ),
        // A start function, an import that comes twice, and one that nobody calls.
        (
            "(import \"wagather_v1\" \"now\" (func $now (result i64))) (import \"wagather_v1\" \"now\" (func $also (result i64)))
             (global $g (mut i32) (i32.const 0))
             (func $start (global.set $g (i64.ne (call $now) (call $also))))
             (start $start)
             (func (export \"gather\") (result i32) (global.get $g))",
            1,
        ),
    ] {
        assert_eq!(end(fields), End::Returned(value), "{fields}");
        let small = from_wat(&format!("(module {fields} (memory (export \"memory\") 1 3))"));
        for engine in ["wasm3", "wasmi"] {
            assert_eq!(end_of(engine, small.clone()), End::Returned(value), "{engine}: {fields}");
        }
        assert_eq!(end_of("wasmi", large(small)), End::Returned(value), "wasmi: {fields}");
    }
}

/// A function that is not valid: it takes from an empty stack what wasm3 would take from below it.
const INVALID: &str = "(func $invalid (result i32) (i32.add))";

#[test]
fn what_is_not_valid_is_never_compiled() {
    let gather = |body: &str| format!("{INVALID} (func (export \"gather\") (result i32) {body})");
    let table = "(type $t (func (result i32))) (table 1 funcref) (elem (i32.const 0) $invalid)";
    // Nobody can tell: it is never looked at.
    assert_eq!(end(&gather("(i32.const 3)")), End::Returned(3));
    for fields in [
        gather("(call $invalid)"),
        // Not the first time either: what was done before is done.
        gather(
            "(if (i32.eqz (memory.size)) (then (return (call $invalid)))) (drop (memory.grow (i32.const 1))) (call $invalid)",
        ),
        format!("{table} {}", gather("(call_indirect (type $t) (i32.const 0))")),
        format!(
            "{INVALID} (func $start (drop (call $invalid))) (start $start) (func (export \"gather\") (result i32) (i32.const 0))"
        ),
        "(func $start (drop)) (start $start) (func (export \"gather\") (result i32) (i32.const 0))"
            .to_owned(),
        "(func (export \"gather\") (result i32) (i32.add))".to_owned(),
        "(func (export \"_initialize\") (drop)) (func (export \"gather\") (result i32) (i32.const 0))"
            .to_owned(),
    ] {
        let end = end(&fields);
        let is_refused =
            matches!(&end, End::Unusable(why) if why.starts_with("it is not a valid module: type mismatch"));
        assert!(is_refused, "{end:?}: {fields}");
    }
    // A small module is validated as a whole.
    let small = from_wat(&format!("(module {} (memory (export \"memory\") 1))", gather("(i32.const 3)")));
    for engine in ["wasm3", "wasmi"] {
        assert!(matches!(end_of(engine, small.clone()), End::Unusable(_)), "{engine}");
    }
    assert!(matches!(end_of("wasmi", large(small)), End::Unusable(_)), "wasmi compiles at once");
}

#[test]
fn the_bound_of_the_compilers_room_holds() {
    let f = "(func $f (param i32) (result i32) (local.get 0))";
    let calls = |calls: usize| format!("{}(i32.const 7){}", "(call $f ".repeat(calls), ")".repeat(calls));
    let gather = |calls_of: usize| {
        format!(
            "{f} (func $g (result i32) {}) (func (export \"gather\") (result i32) (call $g))",
            calls(calls_of)
        )
    };
    assert_eq!(end(&gather(3_700)), End::Returned(7));
    let end = end(&gather(4_000));
    assert!(matches!(&end, End::Unusable(why) if why.contains("its function 1 is too large")), "{end:?}");
}

#[test]
fn a_stack_that_overflows_is_still_seen() {
    let fields = "(func $f (param i64) (result i64) (i64.add (i64.const 1) (call $f (local.get 0))))
        (func (export \"gather\") (result i32) (i32.wrap_i64 (call $f (i64.const 0))))";
    assert_eq!(end(fields), End::Trapped("stack overflow".into()));
}

#[test]
fn sections_are_validated_before_anything_runs() {
    for (fields, why) in [
        ("(data (i32.const 65536) \"x\")", "exceeds its memory"),
        ("(table 1 funcref) (elem (i32.const 1) $f)", "exceeds its table"),
        ("(global i32 (i64.const 1))", "type mismatch"),
        ("(import \"wagather_v1\" \"nothing\" (func))", "ABI version"),
    ] {
        let (imports, others) = if fields.starts_with("(import") { (fields, "") } else { ("", fields) };
        let end =
            end(&format!("{imports} (func $f (export \"gather\") (result i32) (i32.const 0)) {others}"));
        assert!(matches!(&end, End::Unusable(words) if words.contains(why)), "{end:?}: {fields}");
    }
}
