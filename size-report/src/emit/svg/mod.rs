//! A static picture of one view, for documents and printing.
//!
//! Each rectangle has its full text as a `<title>`, which browsers show as a tooltip. Rectangles that are too small
//! to see are summed up. The same report gives the same bytes.

pub mod layout;

use std::io::{self, Write};

use self::layout::{Frame, squarify};
use super::{
    human,
    palette::{DARK_TEXT, LIGHT_TEXT, LOOKS, Look},
};
use crate::{
    Report, View,
    analyses::{
        symbol,
        tree::{Node, NodeKind},
    },
};

const PAGE: Frame = Frame { x: 0.0, y: 0.0, width: 1200.0, height: 800.0 };
const MARGIN: f64 = 12.0;
/// The height of the title above the map.
const HEAD: f64 = 38.0;
/// The height of the legend below it.
const LEGEND: f64 = 22.0;
/// The height of a group's label.
const LABEL: f64 = 17.0;
const GAP: f64 = 2.0;
/// Smaller rectangles are summed up with their neighbours, because nobody could see or click them.
const LEAST_AREA: f64 = 40.0;
/// The width of a character in a monospaced font, and the height of a line.
const CHARACTER: f64 = 6.7;
const LINE: f64 = 14.0;
const TITLE_CHARACTER: f64 = 9.8;

/// Writes one view of a report.
///
/// # Errors
/// Errors of `output`.
pub fn write(report: &Report, view: &View, output: &mut impl Write) -> io::Result<()> {
    let head = format!("{}: {} bytes by {}", report.file, grouped(view.tree.bytes), name(view));
    writeln!(
        output,
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {} {}" role="img" aria-labelledby="head">"#,
        PAGE.width, PAGE.height
    )?;
    writeln!(output, r#"<title id="head">{}</title>"#, Escaped(&head))?;
    writeln!(output, "<style>\n{}{}</style>", include_str!("style.css"), colours())?;
    writeln!(output, r#"<rect class="page" width="{}" height="{}"/>"#, PAGE.width, PAGE.height)?;
    let shown = cut(&head, ((PAGE.width - 2.0 * MARGIN) / TITLE_CHARACTER) as usize);
    writeln!(output, r#"<text class="title" x="{MARGIN}" y="26">{}</text>"#, Escaped(&shown))?;
    let map = Frame {
        x: MARGIN,
        y: HEAD,
        width: PAGE.width - 2.0 * MARGIN,
        height: PAGE.height - HEAD - LEGEND - MARGIN,
    };
    let mut drawing = Drawing { whole: view.tree.bytes.max(1), used: [false; LOOKS.len()], output };
    drawing.children(&view.tree, map)?;
    drawing.legend()?;
    writeln!(output, "</svg>")
}

fn name(view: &View) -> String {
    format!("{:?}", view.by).to_lowercase()
}

/// The colours of the classes, which follow the reader's light or dark mode.
fn colours() -> String {
    let rules = |text: &str, page: &str, stroke: &str, colour: fn(Look) -> &'static str| {
        let mut rules =
            format!("text {{ fill: {text} }} .page {{ fill: {page} }} rect {{ stroke: {stroke} }}");
        for look in LOOKS {
            rules.push_str(&format!(" .{} {{ fill: {} }}", look.class, colour(look)));
        }
        rules
    };
    let light = rules(LIGHT_TEXT, "#ffffff", "#ffffff", |look| look.light);
    let dark = rules(DARK_TEXT, "#12151b", "#12151b", |look| look.dark);
    format!("{light}\n@media (prefers-color-scheme: dark) {{ {dark} }}\n")
}

struct Drawing<'a, W> {
    whole: u64,
    used: [bool; LOOKS.len()],
    output: &'a mut W,
}

impl<W: Write> Drawing<'_, W> {
    fn children(&mut self, group: &Node, frame: Frame) -> io::Result<()> {
        let count = drawable(group, frame);
        let (nodes, small) = group.children.split_at(count);
        let mut bytes: Vec<u64> = nodes.iter().map(|node| node.bytes).collect();
        bytes.push(small.iter().map(|node| node.bytes).sum());
        let frames = squarify(&bytes, frame);
        for (node, frame) in nodes.iter().zip(&frames) {
            self.node(node, *frame)?;
        }
        match (small, frames.last()) {
            ([], _) | (_, None) => Ok(()),
            (_, Some(frame)) => {
                let label = format!("{} smaller", small.len());
                self.rectangle(NodeKind::Group, &label, bytes[count], *frame)?;
                self.label(&label, bytes[count], *frame)?;
                writeln!(self.output, "</g>")
            }
        }
    }

    fn node(&mut self, node: &Node, frame: Frame) -> io::Result<()> {
        self.rectangle(node.kind, &node.label, node.bytes, frame)?;
        let inner = if frame.width > 60.0 && frame.height > 44.0 {
            frame.within(LABEL, GAP)
        } else {
            frame.within(GAP, GAP)
        };
        if frame.width > 20.0 && frame.height > 20.0 && drawable(node, inner) > 0 {
            if inner.y - frame.y > GAP {
                let bytes = human(node.bytes);
                let label = fitting(&node.label, room(frame).saturating_sub(bytes.len() + 1));
                if !label.is_empty() {
                    self.text("head", &format!("{label} {bytes}"), frame, 12.0)?;
                }
            }
            writeln!(self.output, "</g>")?;
            self.children(node, inner)
        } else {
            self.label(&node.label, node.bytes, frame)?;
            writeln!(self.output, "</g>")
        }
    }

    /// A rectangle in the current group.
    fn rectangle(&mut self, kind: NodeKind, label: &str, bytes: u64, frame: Frame) -> io::Result<()> {
        self.used[kind as usize] = true;
        let look = Look::of(kind);
        let share = bytes as f64 * 100.0 / self.whole as f64;
        writeln!(
            self.output,
            r#"<g><title>{}: {} bytes, {share:.1} %, {}</title><rect class="{}" x="{:.2}" y="{:.2}" width="{:.2}" height="{:.2}"/>"#,
            Escaped(label),
            grouped(bytes),
            look.title,
            look.class,
            frame.x,
            frame.y,
            frame.width,
            frame.height
        )
    }

    /// The label and the bytes, as far as they fit.
    fn label(&mut self, label: &str, bytes: u64, frame: Frame) -> io::Result<()> {
        if frame.height < LINE + 2.0 {
            return Ok(());
        }
        self.text("", &fitting(label, room(frame)), frame, 13.0)?;
        let bytes = human(bytes);
        if frame.height < 2.0 * LINE + 2.0 || bytes.len() > room(frame) {
            return Ok(());
        }
        self.text("", &bytes, frame, 13.0 + LINE)
    }

    fn text(&mut self, class: &str, text: &str, frame: Frame, below: f64) -> io::Result<()> {
        if text.is_empty() {
            return Ok(());
        }
        let class = if class.is_empty() { String::new() } else { format!(r#" class="{class}""#) };
        writeln!(
            self.output,
            r#"<text{class} x="{:.2}" y="{:.2}">{}</text>"#,
            frame.x + 4.0,
            frame.y + below,
            Escaped(text)
        )
    }

    fn legend(&mut self) -> io::Result<()> {
        let (mut x, y) = (MARGIN, PAGE.height - LEGEND);
        for look in LOOKS.iter().filter(|look| self.used[look.kind as usize]) {
            writeln!(
                self.output,
                r#"<rect class="{}" x="{x:.2}" y="{y:.2}" width="12" height="12"/><text x="{:.2}" y="{:.2}">{}</text>"#,
                look.class,
                x + 17.0,
                y + 10.0,
                look.title
            )?;
            x += 17.0 + CHARACTER * look.title.len() as f64 + 18.0;
        }
        Ok(())
    }
}

/// The number of a node's children that are large enough to draw. A single small one is not summed up.
fn drawable(node: &Node, frame: Frame) -> usize {
    let least = LEAST_AREA * node.bytes as f64 / frame.area();
    let count = node.children.partition_point(|child| child.bytes as f64 >= least);
    if count > 0 && count + 1 == node.children.len() { count + 1 } else { count }
}

/// The number of characters that fit into a line.
fn room(frame: Frame) -> usize {
    ((frame.width - 8.0) / CHARACTER).max(0.0) as usize
}

/// A label that fits: the whole label, the last part of its path, or the beginning of that; empty if too little fits
/// to distinguish it.
fn fitting(label: &str, room: usize) -> String {
    let short = cut(label, room);
    if short == label {
        return short;
    }
    let short = match symbol::path(label).last() {
        Some(last) if *last != label => {
            let last = format!("…{last}");
            if cut(&last, room) == last {
                return last;
            }
            cut(&last, room)
        }
        _ => short,
    };
    if short.chars().count() < 5 { String::new() } else { short }
}

/// The first characters, and a sign that more follow. Non-ASCII characters may be twice as wide.
fn cut(text: &str, room: usize) -> String {
    let width = |c: char| if c.is_ascii() { 1 } else { 2 };
    if text.chars().map(width).sum::<usize>() <= room {
        return text.to_owned();
    }
    let (mut short, mut used) = (String::new(), 2);
    for c in text.chars() {
        used += width(c);
        if used > room {
            break;
        }
        short.push(c);
    }
    short + "…"
}

/// A number with thousands separators.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Escapes text for markup, and characters that are not printable. Leaves out what XML forbids (XML 1.0, section
/// 2.2).
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in wagather_printable::line(self.0).chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '"' => f.write_str("&quot;")?,
                '\'' => f.write_str("&#39;")?,
                '\u{fffe}' | '\u{ffff}' => {}
                c => std::fmt::Write::write_char(f, c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::{By, analyses::names::Names, module::Module};

    fn picture_of(view: Node) -> String {
        let bytes = wat::parse_str("(module)").unwrap();
        let module = Module::parse(&bytes).unwrap();
        let file = Path::new("a<b>&\"c\u{1}.wasm");
        let report = Report::of_module(file, &module, Names::of(&module), &[]).unwrap();
        let mut picture = Vec::new();
        write(&report, &View { by: By::Crate, tree: view }, &mut picture).unwrap();
        String::from_utf8(picture).unwrap()
    }

    fn leaf(label: &str, bytes: u64) -> Node {
        Node::leaf(NodeKind::Function, label, bytes)
    }

    #[test]
    fn names_are_text_and_nothing_that_xml_forbids_is_left() {
        let names = ["</title><script>alert(1)</script>", "]]>", "<![CDATA[", "&lol;", "\0\u{1b}\u{fffe}x"];
        let nodes = names.iter().map(|name| leaf(name, 10)).collect();
        let picture = picture_of(Node::of(NodeKind::Module, "m", nodes));
        assert!(picture.contains(
            "<title>&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;: 10 bytes, 20.0 %, function</title>"
        ));
        assert!(picture.contains("a&lt;b&gt;&amp;&quot;c\\u{1}.wasm: 50 bytes by crate"));
        assert!(picture.contains("<title>\\u{0}\\u{1b}x: 10 bytes"));
        for markup in ["<script", "]]>", "<!", "&lol"] {
            assert!(!picture.contains(markup), "{markup}");
        }
        assert!(!picture.contains(|c: char| c.is_control() && c != '\n'));
    }

    /// The four numbers of a rectangle.
    fn frame(line: &str) -> Frame {
        let number = |name: &str| -> f64 {
            let value = line.split(&format!(" {name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
            value.unwrap_or_else(|| panic!("{name} is not in {line}")).parse().unwrap()
        };
        Frame { x: number("x"), y: number("y"), width: number("width"), height: number("height") }
    }

    #[test]
    fn what_is_drawn_adds_up_and_is_on_the_page() {
        let many =
            |count: u64| (1..=count).map(|bytes| leaf(&format!("a::b::{bytes}"), bytes * bytes)).collect();
        let group = Node::of(NodeKind::Crate, "a", many(200));
        let sum = group.bytes + 1000;
        let picture = picture_of(Node::of(NodeKind::Module, "m", vec![group, leaf("other", 1000)]));
        let rows: Vec<(&str, u64)> = picture
            .lines()
            .filter(|line| line.starts_with("<g>"))
            .map(|line| {
                let title = line.split(": ").nth(1).unwrap().split(" bytes").next().unwrap();
                (line, title.replace(',', "").parse().unwrap())
            })
            .collect();
        assert!(rows.iter().any(|(line, _)| line.contains("smaller")), "{picture}");
        // The only group; all others are leaves.
        let group: u64 = rows.iter().filter(|(line, _)| line.contains("\"crate\"")).map(|row| row.1).sum();
        let all: u64 = rows.iter().map(|row| row.1).sum();
        assert_eq!((all - group, group + 1000), (sum, sum));
        for (line, _) in rows {
            let frame = frame(line);
            assert!(
                frame.x >= MARGIN - 0.01 && frame.x + frame.width <= PAGE.width - MARGIN + 0.02,
                "{line}"
            );
            assert!(frame.y >= HEAD - 0.01 && frame.y + frame.height <= PAGE.height - LEGEND, "{line}");
        }
    }

    #[test]
    fn labels_are_cut_to_their_room() {
        assert_eq!(fitting("core::fmt::write", 16), "core::fmt::write");
        assert_eq!(fitting("core::fmt::write", 8), "…write");
        assert_eq!(fitting("a::b::c::d", 4), "…d");
        assert_eq!(fitting("a_long_name", 6), "a_lo…");
        assert_eq!(fitting("a_long_name", 5), "");
        assert_eq!(cut("語語語", 4), "語…");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
