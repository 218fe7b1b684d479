//! Guests that only call one import as often as possible, and guests of any size.

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

/// Asks for the cluster operators and pipes them, after a call of every hundredth of its functions, which are as many as make that size.
pub(crate) fn of_size(bytes: usize) -> Vec<u8> {
    let functions = bytes / (FILLER.len() + 3);
    // The functions are behind two imports and `gather`, and of the first import's type.
    let calls: String = (0..functions)
        .step_by(100)
        .map(|index| format!("(drop (call {} (i32.const 1)))", index + 3))
        .collect();
    let texts = ["v1", "clusteroperators", "config.openshift.io"];
    let mut structure: Vec<u8> = [2_u32, 0].into_iter().flat_map(u32::to_le_bytes).collect();
    let mut at = 256;
    for text in texts {
        structure.extend([at, text.len() as u32].into_iter().flat_map(u32::to_le_bytes));
        at += text.len() as u32;
    }
    let quoted: String = structure.iter().map(|byte| format!("\\{byte:02x}")).collect();
    let fields = format!(
        r#"(import "wagather_v1" "rest_start" (func $start (param i32) (result i32)))
        (import "wagather_v1" "archive_pipe" (func $pipe (param i32 i32 i32) (result i32)))
        (data (i32.const 0) "{quoted}") (data (i32.const 256) "{}")
        (func (export "gather") (result i32) (local $handle i32) {calls}
            (local.set $handle (call $start (i32.const 0)))
            (if (i32.le_s (local.get $handle) (i32.const 0)) (then (return (local.get $handle))))
            (i32.shr_s (call $pipe (local.get $handle) (i32.const 0) (i32.const 0)) (i32.const 31)))"#,
        texts.concat()
    );
    let name = format!("of-{bytes}-bytes");
    let small = guest::module(&name, &["resource list config.openshift.io/v1/clusteroperators * *"], &fields);
    with_functions(&small, functions)
}

/// Arithmetic, as a body has it: no locals, instructions, the end.
const FILLER: [u8; 284] = {
    let mut body = [0; 284];
    // local.get 0, i32.const, i32.add or i32.xor, local.set 0
    let (mut at, mut number) = (1, 0);
    while at < 281 {
        [body[at], body[at + 2], body[at + 3], body[at + 4], body[at + 5]] =
            [0x20, 0x41, number % 64, if number % 2 == 0 { 0x6a } else { 0x73 }, 0x21];
        (at, number) = (at + 7, number + 1);
    }
    [body[281], body[283]] = [0x20, 0x0b];
    body
};

/// A module with so many more functions of type 0 behind its own.
fn with_functions(module: &[u8], more: usize) -> Vec<u8> {
    const FUNCTIONS: u8 = 3;
    const CODE: u8 = 10;
    let number = |bytes: &[u8]| {
        let end = bytes.iter().position(|byte| *byte < 0x80).map_or(bytes.len(), |last| last + 1);
        let value = bytes[..end].iter().rev().fold(0, |value, byte| value << 7 | usize::from(byte & 0x7f));
        (value, end)
    };
    let entry = |id| match id {
        FUNCTIONS => vec![0],
        _ => [guest::leb128(FILLER.len()), FILLER.to_vec()].concat(),
    };
    let (mut out, mut rest) = module.split_at(8);
    let mut made = out.to_vec();
    while let [id, after @ ..] = rest {
        let (len, start) = number(after);
        (out, rest) = after[start..].split_at(len);
        let contents = match *id {
            FUNCTIONS | CODE => {
                let (count, start) = number(out);
                [guest::leb128(count + more), out[start..].to_vec(), entry(*id).repeat(more)].concat()
            }
            _ => out.to_vec(),
        };
        made.push(*id);
        made.extend(guest::leb128(contents.len()));
        made.extend(contents);
    }
    made
}
