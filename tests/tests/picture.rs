//! The README's picture of a run, `docs/run.svg`: a terminal's content, as the host wrote it.
//!
//! The run replays the demo recording, so its output is the same each time, except for the order in which gatherers
//! end. `make picture` (`BLESS=1`) draws the picture, and this test fails when a run shows something else.

use std::fmt::Write as _;
use tests::host::Host;
use tests::screen::Screen;
use tests::{place, programs, workspace};

const FILE: &str = "docs/run.svg";
const COLUMNS: u16 = 100;
const GATHERERS: [&str; 3] = ["pods", "nodes", "degraded-operators"];
const READ: &str = "gathered/pods/findings.json";

/// A prompt with what was typed, or a line that a program wrote.
enum Line {
    Typed(String),
    Written(String),
}

/// Two commands and what the terminal shows of them.
fn session() -> Vec<Line> {
    let place = place();
    for name in GATHERERS {
        std::fs::copy(programs::guest(name), place.path().join(format!("{name}.wasm"))).expect("a copy");
    }
    std::fs::copy(workspace::root().join("examples/demo.har"), place.path().join("demo.har"))
        .expect("a copy");
    let modules = GATHERERS.map(|name| format!("{name}.wasm"));
    let options = ["--replay", "demo.har", "--output", "gathered"];
    let mut terminal =
        Host::run_all(&modules).args(options).current_folder(place.path()).on_terminal(COLUMNS, 40);
    terminal.wait().expect_success();
    let mut lines = vec![Line::Typed(format!("host-min run {} {}", modules.join(" "), options.join(" ")))];
    lines.extend(terminal.screen().text().lines().map(|line| Line::Written(line.to_owned())));

    let entry = std::fs::read_to_string(place.path().join(READ)).expect("what pods.wasm wrote");
    lines.push(Line::Typed(format!("cat {READ}")));
    let shown = Screen::of(entry.as_bytes(), COLUMNS.into(), 40).text();
    lines.extend(shown.lines().map(|line| Line::Written(line.to_owned())));
    lines
}

const LINE: usize = 20;
/// Of a character, in the font's own proportions. Each line is stretched to it, whatever font a viewer has.
const CHARACTER: f32 = 8.4;
const LEFT: usize = 16;
const TOP: usize = 52;

fn drawn(lines: &[Line]) -> String {
    let (width, height) = ((f32::from(COLUMNS) * CHARACTER) as usize + 2 * LEFT, TOP + lines.len() * LINE);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\">\n\
         <title>A terminal: host-min runs three gatherers on a recording, and one of their reports</title>\n\
         <style>\n\
         text {{ font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace; fill: #e6edf3; white-space: pre }}\n\
         .typed {{ fill: #7ee787; font-weight: bold }} .head {{ font-weight: bold }}\n\
         </style>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#161b22\"/>\n\
         <circle cx=\"20\" cy=\"18\" r=\"5\" fill=\"#f85149\"/><circle cx=\"38\" cy=\"18\" r=\"5\" fill=\"#d29922\"/><circle cx=\"56\" cy=\"18\" r=\"5\" fill=\"#3fb950\"/>\n"
    );
    for (index, line) in lines.iter().enumerate() {
        let (class, text) = match line {
            Line::Typed(text) => (" class=\"typed\"", format!("$ {text}")),
            Line::Written(text) if text.starts_with("GATHERER ") => (" class=\"head\"", text.clone()),
            Line::Written(text) => ("", text.clone()),
        };
        let length = text.chars().count() as f32 * CHARACTER;
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let y = TOP + index * LINE;
        let _ = writeln!(
            svg,
            "<text{class} x=\"{LEFT}\" y=\"{y}\" textLength=\"{length:.1}\" lengthAdjust=\"spacingAndGlyphs\" xml:space=\"preserve\">{escaped}</text>"
        );
    }
    svg.push_str("</svg>\n");
    svg
}

/// The texts of a picture in alphabetical order: which gatherer ends first is not the picture's to say.
fn texts(svg: &str) -> Vec<&str> {
    let mut texts: Vec<&str> = svg.lines().filter_map(text_of).collect();
    texts.sort_unstable();
    texts
}

fn text_of(line: &str) -> Option<&str> {
    let (_, rest) = line.strip_prefix("<text")?.split_once('>')?;
    rest.strip_suffix("</text>")
}

#[test]
fn the_picture_shows_what_a_run_shows() {
    let made = drawn(&session());
    if std::env::var_os("BLESS").is_some() {
        return std::fs::write(workspace::root().join(FILE), made).expect("the picture");
    }
    let kept = workspace::read(FILE);
    assert!(texts(&made).len() > 10, "{made}");
    assert_eq!(
        texts(&kept),
        texts(&made),
        "{FILE} (left) is not what a run shows (right); 'make picture' draws it anew"
    );
}
