//! `size-budget.toml`: it contains every example, every module is within its budget, and `size-report check` explains
//! modules that are not.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Output};
use tests::{place, programs, workspace};
use wasm_encoder::{CodeSection, FunctionSection, Module, RawSection};
use wasmparser::{Parser, Payload};

fn check(folder: &Path) -> Output {
    Command::new(programs::size_report()).arg("check").current_dir(folder).output().expect("size-report")
}

#[track_caller]
fn text(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The strings that a key of the budget has, in order.
fn values(budget: &str, key: &str) -> Vec<String> {
    let of_line = |line: &str| {
        let value = line.strip_prefix(key)?.trim_start().strip_prefix('=')?.trim().strip_prefix('"')?;
        Some(value.split('"').next().unwrap_or_default().to_owned())
    };
    budget.lines().filter_map(of_line).collect()
}

#[test]
fn every_example_has_a_limit_and_a_baseline() {
    let budget = workspace::read("size-budget.toml");
    let examples: BTreeSet<String> = programs::examples().into_iter().collect();
    let files = examples.iter().map(|name| format!("target/guests/{name}.wasm"));
    let in_budget: BTreeSet<String> = values(&budget, "file").into_iter().collect();
    assert_eq!(in_budget, files.collect(), "size-budget.toml (left) and the examples (right)");
    let baselines: BTreeSet<String> = values(&budget, "baseline").into_iter().collect();
    assert_eq!(baselines, examples.iter().map(|name| format!("examples/{name}/size.json")).collect());
    let limits = budget.lines().filter(|line| line.starts_with("max_bytes = ")).count();
    assert_eq!(limits, examples.len(), "a max_bytes for each module");
}

#[test]
fn gatherers_are_as_small_as_promised() {
    for name in programs::examples() {
        // Without names nothing could be found that is forbidden.
        let symbols = workspace::read(&format!("target/guests/{name}.symbols"));
        assert!(symbols.contains("gather"), "{name}.symbols names no function");
    }
    let output = check(workspace::root());
    assert!(
        output.status.success(),
        "size-budget.toml does not hold. `size-report why` tells what a function is there for.\n{}",
        text(&output)
    );
}

/// A function of `core::fmt` that `gather` calls, and a list that got longer.
#[test]
fn a_gatherer_that_grew_is_told_by_what() {
    const FORMATTER_BYTES: usize = 640;
    const RESERVE_BYTES: usize = 172;
    let bytes = std::fs::read(programs::guest("events")).expect("a guest");
    let symbols = workspace::read("target/guests/events.symbols");
    let index = |name: &str| -> u32 {
        let line = symbols.lines().find(|line| line.ends_with(name)).expect("a symbol");
        line.split(':').next().and_then(|index| index.parse().ok()).expect("an index")
    };
    let new = symbols.lines().count() as u32;
    let gather = index(":gather");
    let reserve = index("4Room7reserve");

    let place = place();
    let at = |path: &str| place.path().join(path);
    for folder in ["target/guests", "examples/events"] {
        std::fs::create_dir_all(at(folder)).expect("a folder");
    }
    let grown = grown(&bytes, |function, body| {
        if function == gather {
            // `call` with an index of two bytes at most; the end is the last.
            body.splice(body.len() - 1..body.len() - 1, [0x10, (new as u8 & 0x7f) | 0x80, (new >> 7) as u8]);
        } else if function == reserve {
            body.splice(body.len() - 1..body.len() - 1, [NOP; RESERVE_BYTES]);
        }
    });
    std::fs::write(at("target/guests/events.wasm"), &grown).expect("a module");
    let named = format!("{symbols}{new}:_RNvNtCs1234_4core3fmt5write\n");
    std::fs::write(at("target/guests/events.symbols"), named).expect("symbols");
    std::fs::copy(workspace::root().join("examples/events/size.json"), at("examples/events/size.json"))
        .expect("a baseline");

    // The repository's own limits, of this module.
    let budget = workspace::read("size-budget.toml");
    let mut tables = budget.split("[[module]]");
    let of_all = tables.next().expect("what holds for all");
    let own = tables.find(|table| table.contains("guests/events.wasm")).expect("the limits of events");
    std::fs::write(at("size-budget.toml"), format!("{of_all}[[module]]{own}")).expect("a budget");

    let output = check(place.path());
    let text = text(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    let most = own.split("max_bytes = ").nth(1).and_then(|rest| rest.split('\n').next()).expect("a limit");
    let over = grown.len() - most.parse::<usize>().expect("a number");
    let explanation =
        format!("over by {over} B ({} of {most}): +{FORMATTER_BYTES} core::fmt via gather, +", grown.len());
    assert!(text.contains(&explanation), "{text}\nand not: {explanation}");
    // The baseline is of one release of wasm-opt; that of another system makes some bytes more or less of the crate.
    let rest = text.split(&explanation).nth(1).unwrap_or_default();
    let of_crate: Option<usize> = rest.split_once(" wagather").and_then(|(bytes, _)| bytes.parse().ok());
    assert!(of_crate.is_some_and(|bytes| bytes.abs_diff(RESERVE_BYTES) <= 16), "{text}");
    let way = format!("*core::fmt::* is forbidden and keeps {FORMATTER_BYTES} B: gather -> core::fmt::write");
    assert!(text.contains(&way), "{text}\nand not: {way}");
}

const NOP: u8 = 0x01;

/// A copy with other bodies, and with one function more, of the first type and 640 bytes in all.
fn grown(bytes: &[u8], change: impl Fn(u32, &mut Vec<u8>)) -> Vec<u8> {
    let (mut module, mut code) = (Module::new(), CodeSection::new());
    let (mut next, mut bodies) = (0, 0);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload.expect("a module");
        match &payload {
            Payload::FunctionSection(types) => {
                let mut section = FunctionSection::new();
                for index in types.clone() {
                    section.function(index.expect("a type"));
                }
                section.function(0);
                module.section(&section);
            }
            Payload::CodeSectionStart { count, .. } => bodies = next + *count,
            Payload::CodeSectionEntry(body) => {
                let mut copy = body.as_bytes().to_vec();
                change(next, &mut copy);
                code.raw(&copy);
                next += 1;
                if next == bodies {
                    // No locals, instructions that do nothing, and the end; before them a length of two bytes.
                    code.raw(&[&[0][..], &[NOP; 636], &[0x0b]].concat());
                    module.section(&code);
                }
            }
            payload => {
                if let Payload::ImportSection(imports) = payload {
                    next = imports.count();
                }
                if let Some((id, range)) = payload.as_section() {
                    module
                        .section(&RawSection { id, data: &bytes[range.start as usize..range.end as usize] });
                }
            }
        }
    }
    module.finish()
}
