//! Writes the hostile guests as modules, for a machine that has no tests: `hostile-guests FOLDER`
//!
//! For each, it prints a line with the name, the seconds that it may take, and its options on the command line.

use std::io::Write as _;
use std::path::Path;
use tests::guest;
use tests::hostile::{End, Hostile};

/// Much more than any takes that ends by itself, since that machine may be an emulated one.
const SECONDS: u32 = 300;

/// For those that are stopped.
const SECONDS_TO_DEADLINE: u32 = 2;

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [folder] = &words[..] else { panic!("usage: hostile-guests FOLDER") };
    let mut lines = String::new();
    for name in Hostile::names() {
        let hostile = Hostile::read(&name);
        guest::write(Path::new(folder), &name, &hostile.module);
        let seconds = if hostile.end == End::Deadline { SECONDS_TO_DEADLINE } else { SECONDS };
        lines += &format!("{name} {seconds} {}\n", hostile.options.join(" "));
    }
    std::io::stdout().write_all(lines.as_bytes()).expect("a standard output");
}
