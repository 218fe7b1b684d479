//! Guests that do nothing but call one import as often as they can.

use tests::guest;

/// Calls `now` so many times.
pub(crate) fn now(times: u32) -> Vec<u8> {
    let fields = format!(
        r#"(import "wagather_v1" "now" (func $now (result i64)))
        (func (export "gather") (result i32) (local $left i32)
            (local.set $left (i32.const {times}))
            (block $done
                (br_if $done (i32.eqz (local.get $left)))
                (loop $again
                    (drop (call $now))
                    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                    (br_if $again (local.get $left))))
            (i32.const 0))"#
    );
    guest::module("calls-now", &[], &fields)
}

/// Asks for what the text of a request says, and calls `import` for it with a buffer of `room` bytes until that gives nothing
/// more, or a status.
fn until_the_end(name: &str, record: &str, verb: u32, texts: [&str; 2], import: &str, room: u32) -> Vec<u8> {
    let [version, resource] = texts;
    // The structure begins with verb and limit, then come pointer and length of each text.
    let words = [verb, 0, 256, version.len() as u32, 256 + version.len() as u32, resource.len() as u32];
    let quoted = |bytes: &[u8]| bytes.iter().map(|byte| format!("\\{byte:02x}")).collect::<String>();
    let structure: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
    let fields = format!(
        r#"(import "wagather_v1" "rest_start" (func $start (param i32) (result i32)))
        (import "wagather_v1" "{import}" (func $next (param i32 i32 i32) (result i32)))
        (data (i32.const 0) "{}")
        (data (i32.const 256) "{version}{resource}")
        (func (export "gather") (result i32) (local $handle i32) (local $got i32)
            (local.set $handle (call $start (i32.const 0)))
            (if (i32.le_s (local.get $handle) (i32.const 0)) (then (return (local.get $handle))))
            (loop $again
                (local.set $got (call $next (local.get $handle) (i32.const 1024) (i32.const {room})))
                (br_if $again (i32.gt_s (local.get $got) (i32.const 0))))
            (local.get $got))"#,
        quoted(&structure)
    );
    guest::module(name, &[record], &fields)
}

/// Takes all items of the list of `calls` one by one.
pub(crate) fn next() -> Vec<u8> {
    until_the_end("calls-next", "resource list /v1/things * *", 2, ["v1", "things"], "rest_next", 60 << 10)
}

/// Reads all of the body of `calls`.
pub(crate) fn read() -> Vec<u8> {
    until_the_end("calls-read", "path /version", 3, ["", "/version"], "rest_read", 32 << 10)
}

/// Pipes all items of the list.
pub(crate) fn pipe_list() -> Vec<u8> {
    let texts = guest::Texts { version: "v1", resource: "things", ..guest::Texts::default() };
    guest::piping("calls-pipe", &["resource list /v1/things * *"], &texts)
}

/// Pipes the body.
pub(crate) fn pipe_body() -> Vec<u8> {
    let texts = guest::Texts { resource: "/version", ..guest::Texts::default() };
    guest::piping("calls-pipe-body", &["path /version"], &texts)
}
