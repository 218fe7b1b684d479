//! Places in size-report.

use super::{EVIL, Place, check, evil_line};
use std::fs;
use tests::{guest, place, programs};

#[test]
fn modules_names_and_budgets() {
    let place = place();
    let folder = place.path();
    let quoted: String = EVIL.bytes().map(|byte| format!("\\{byte:02x}")).collect();
    let module = guest::from_wat(&format!(
        "(module (import \"{quoted}\" \"{quoted}\" (func)) (memory (export \"memory\") 1)
            (@custom \"{quoted}\" \"x\")
            (func $named (export \"{quoted}\") (result i32) (i32.const 0))
            (data (i32.const 0) \"{quoted}\"))"
    ));
    // The name section names the function as the export does.
    let mut names = vec![1];
    let name = [&[1, 1][..], &[EVIL.len() as u8], EVIL.as_bytes()].concat();
    names.extend(guest::leb128(name.len()));
    names.extend(name);
    let mut section = vec![4];
    section.extend(b"name");
    section.extend(names);
    let mut with_names = module.clone();
    with_names.push(0);
    with_names.extend(guest::leb128(section.len()));
    with_names.extend(section);
    let plain = guest::from_wat(
        "(module (memory (export \"memory\") 1) (func (export \"gather\") (result i32) (i32.const 0)))",
    );
    let odd = format!("{EVIL}.wasm");
    fs::write(folder.join(&odd), &plain).expect("a module");
    fs::write(folder.join("odd.wasm"), &with_names).expect("a module");
    fs::write(folder.join("unnamed.wasm"), &module).expect("a module");
    fs::write(folder.join("plain.wasm"), &plain).expect("a module");
    fs::write(folder.join("broken.wasm"), [b"\0asm\x01\0\0\0\x07\xff".as_slice(), EVIL.as_bytes()].concat())
        .expect("a file");
    fs::write(folder.join(format!("{EVIL}-broken.wasm")), EVIL).expect("a file");
    fs::write(folder.join("symbols"), format!("0:{0}\n1:{0}\n", evil_line())).expect("a file");
    let toml = |text: &str| text.chars().map(|c| format!("\\U{:08x}", u32::from(c))).collect::<String>();
    let budget = |name: &str, text: String| fs::write(folder.join(name), text).expect("a budget");
    budget("budget.toml", format!("[[module]]\nfile = \"{}\"\nmax_bytes = 1\n", toml(&odd)));
    budget("budget-missing.toml", format!("[[module]]\nfile = \"{}x\"\nmax_bytes = 1\n", toml(EVIL)));
    budget("budget-key.toml", format!("\"{}\" = 1\n", toml(EVIL)));
    budget("budget-text.toml", EVIL.into());

    let mut places = Vec::new();
    for shape in [
        &[][..],
        &["--by", "crate"],
        &["--by", "function"],
        &["--by", "import"],
        &["--by", "data"],
        &["--by", "dominator"],
        &["--by", "section"],
        &["--markdown"],
        &["--markdown", "--by", "function,import"],
        &["--json"],
        &["--json", "--by", "function,import,data,section"],
        &["--html", "-"],
        &["--svg", "-"],
    ] {
        for file in [&odd[..], "odd.wasm", "unnamed.wasm", "broken.wasm", &format!("{EVIL}-broken.wasm")] {
            let name = format!("{} of {}", shape.join(" "), file.replace(EVIL, "EVIL"));
            let words = shape.iter().copied().chain([file]);
            let place = Place::new(name, words).may_be_shown();
            places.push(place);
        }
    }
    for (name, words) in [
        ("table", &["odd.wasm"][..]),
        ("functions", &["odd.wasm", "--by", "function"]),
        ("imports", &["odd.wasm", "--by", "import"]),
        ("functions as Markdown", &["odd.wasm", "--markdown", "--by", "function"]),
        ("module's file", &[&odd]),
        ("module's file that is missing", &["missing-forged\u{1b}"]),
        ("module's file that is none", &[&format!("{EVIL}-broken.wasm")]),
        ("symbols", &["unnamed.wasm", "--by", "function", "--symbols", "symbols"]),
        ("symbols that are missing", &["plain.wasm", "--symbols", EVIL]),
        ("why", &["why", "odd.wasm", "*"]),
        ("why of nothing", &["why", "plain.wasm", EVIL]),
        ("diff", &["diff", "plain.wasm", "odd.wasm"]),
        ("diff as Markdown", &["diff", "plain.wasm", "odd.wasm", "--markdown"]),
        ("budget's module", &["check", "--budget", "budget.toml"]),
        ("budget's module as Markdown", &["check", "--budget", "budget.toml", "--markdown"]),
        ("budget's module that is missing", &["check", "--budget", "budget-missing.toml"]),
        ("budget's key", &["check", "--budget", "budget-key.toml"]),
        ("budget that is missing", &["check", "--budget", EVIL]),
        ("picture that cannot be written", &["plain.wasm", "--svg", &format!("{EVIL}/x.svg")]),
        ("option", &[&format!("--{EVIL}")]),
        ("option's value", &["--by", EVIL, "plain.wasm"]),
    ] {
        places.push(Place::new(name, words));
    }
    places.push(Place::new("budget that is none", ["check", "--budget", "budget-text.toml"]).may_be_shown());
    for (name, words) in [
        ("functions", &["odd.wasm", "--json", "--by", "function"][..]),
        ("why", &["why", "odd.wasm", "*", "--json"]),
        ("diff", &["diff", "plain.wasm", "odd.wasm", "--json"]),
        ("budget's module", &["check", "--budget", "budget.toml", "--json"]),
    ] {
        places.push(Place::new(format!("{name} as JSON"), words).printed_as_json());
    }
    check(&programs::size_report(), folder, &places);
}
