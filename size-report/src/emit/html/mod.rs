//! A self-contained page with an interactive treemap of each requested view.
//!
//! The page makes no requests, and its Content-Security-Policy forbids them. Text from a module gets into it in only
//! two ways: as JSON in an element that is not executed, from which the script makes text nodes, and as escaped text.
//! The policy allows the script and the style by their hashes, so even injected code would not run.
//!
//! `page.js` computes the layout, because it knows the window's size; `svg` does it for pictures.

use std::{
    collections::HashMap,
    fmt::Write as _,
    io::{self, Write},
};

use serde::Serialize;
use wagather_printable::line;

use super::{
    palette::{DARK_TEXT, LIGHT_TEXT, LOOKS},
    svg::Escaped,
};
use crate::{Report, View, analyses::tree::Node};

const PAGE: &str = include_str!("page.html");
const SCRIPT: &str = include_str!("page.js");
/// Its hashes are those of [`SCRIPT`] and of the output of [`style`]. A test checks them, and `BLESS=1` rewrites
/// them.
const POLICY: &str = include_str!("policy.txt");

/// The number of rows for readers without scripts.
const MOST_ROWS: usize = 200;

/// Writes a report with at least one view.
///
/// # Errors
/// Errors of `output`.
pub fn write(report: &Report, output: &mut impl Write) -> io::Result<()> {
    let data = data(report)?;
    let mut pieces = PAGE.split("{{");
    output.write_all(pieces.next().unwrap_or_default().as_bytes())?;
    // Inserted text is not searched for placeholders again, so it may contain braces.
    for piece in pieces {
        let (name, after) = piece.split_once("}}").unwrap_or((piece, ""));
        match name {
            "policy" => write!(output, "{}", Escaped(POLICY.trim()))?,
            "file" => write!(output, "{}", Escaped(&report.file))?,
            "notices" => notices(report, output)?,
            "style" => output.write_all(style().as_bytes())?,
            "table" => table(report, output)?,
            "data" => output.write_all(data.as_bytes())?,
            "script" => output.write_all(SCRIPT.as_bytes())?,
            other => return Err(io::Error::other(format!("the page has no place for {other}"))),
        }
        output.write_all(after.as_bytes())?;
    }
    Ok(())
}

/// The style sheet with the colours.
fn style() -> String {
    let mut style = String::from(":root {");
    // Writing to a string cannot fail.
    let _ = write!(style, " --text: light-dark({LIGHT_TEXT}, {DARK_TEXT});");
    for look in LOOKS {
        let _ = write!(style, " --{}: light-dark({}, {});", look.class, look.light, look.dark);
    }
    style.push_str(" }\n");
    for look in LOOKS {
        let _ = writeln!(style, ".{class} {{ background-color: var(--{class}) }}", class = look.class);
    }
    style + include_str!("page.css")
}

/// The script's input. Each label occurs once, however many views use it.
#[derive(Serialize)]
struct Data<'a> {
    bytes: usize,
    /// The class and the title of each kind.
    kinds: Vec<[&'static str; 2]>,
    labels: Vec<String>,
    views: Vec<ViewData<'a>>,
}

#[derive(Serialize)]
struct ViewData<'a> {
    by: &'a crate::By,
    title: String,
    /// Four numbers per node, parents before children: label, kind, bytes, and number of children.
    nodes: Vec<u64>,
}

/// The report as JSON that can be the content of a `<script>`.
fn data(report: &Report) -> io::Result<String> {
    let mut labels = Labels::default();
    let views = report.views.iter().map(|view| labels.view(view)).collect();
    let kinds = LOOKS.iter().map(|look| [look.class, look.title]).collect();
    let data = Data { bytes: report.bytes, kinds, labels: labels.texts, views };
    Ok(inert(&serde_json::to_string(&data)?))
}

/// Escapes JSON so that HTML parsers and old JavaScript parsers see nothing special. The value stays the same.
fn inert(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\u{7f}' => {
                let _ = write!(text, "\\u{:04x}", c as u32);
            }
            c => text.push(c),
        }
    }
    text
}

/// Numbers labels in the order of their first use.
#[derive(Default)]
struct Labels<'a> {
    of: HashMap<&'a str, u64>,
    texts: Vec<String>,
}

impl<'a> Labels<'a> {
    fn view(&mut self, view: &'a View) -> ViewData<'a> {
        let mut nodes = Vec::new();
        let mut open: Vec<&Node> = vec![&view.tree];
        while let Some(node) = open.pop() {
            let label = *self.of.entry(&node.label).or_insert_with(|| {
                self.texts.push(line(&node.label).into_owned());
                self.texts.len() as u64 - 1
            });
            nodes.extend([label, node.kind as u64, node.bytes, node.children.len() as u64]);
            open.extend(node.children.iter().rev());
        }
        let possible = clap::ValueEnum::to_possible_value(&view.by);
        let title = possible.and_then(|value| value.get_help().map(ToString::to_string)).unwrap_or_default();
        ViewData { by: &view.by, title, nodes }
    }
}

fn notices(report: &Report, output: &mut impl Write) -> io::Result<()> {
    if let Some(invalid) = &report.invalid {
        writeln!(output, "<p class=\"notice\">Invalid, engines will reject it: {}</p>", Escaped(invalid))?;
    }
    if report.unreadable_functions > 0 {
        writeln!(
            output,
            "<p class=\"notice\">{} function(s) contain unknown instructions.</p>",
            report.unreadable_functions
        )?;
    }
    Ok(())
}

/// The rows of the first view, for readers without scripts.
fn table(report: &Report, output: &mut impl Write) -> io::Result<()> {
    let Some(view) = report.views.first() else { return Ok(()) };
    let mut row = |label: &str, bytes: u64| {
        let share = bytes as f64 * 100.0 / report.bytes.max(1) as f64;
        writeln!(output, "<tr><th scope=\"row\">{}<td>{bytes}<td>{share:.1} %", Escaped(label))
    };
    let nodes = &view.tree.children;
    for node in nodes.iter().take(MOST_ROWS) {
        row(&node.label, node.bytes)?;
    }
    if nodes.len() > MOST_ROWS {
        let rest = nodes[MOST_ROWS..].iter().map(|node| node.bytes).sum();
        row(&format!("{} more", nodes.len() - MOST_ROWS), rest)?;
    }
    row(&view.tree.label, view.tree.bytes)
}

#[cfg(test)]
mod tests {
    use std::{
        path::Path,
        process::{Command, Stdio},
    };

    use super::*;
    use crate::{By, analyses::names::Names, module::Module};

    const HOSTILE: [&str; 8] = [
        "</script><script>alert(1)</script>",
        "<!--<script>",
        "]]>",
        "\"'><img src=x onerror=alert(1)>",
        "{{script}}",
        "\u{2028}\u{2029}\u{202e}\u{feff}",
        "\0\u{1}\u{1b}[31m\u{7f}\u{9b}\r\n",
        "&lt;&amp;\\u003c\\",
    ];

    /// The hash by the system's openssl, in the policy's format.
    fn hash(text: &str) -> String {
        let run = |arguments: &[&str], input: &[u8]| {
            let mut child = Command::new("openssl")
                .args(arguments)
                .stdin(Stdio::piped())
                .stdout(Stdio::piped())
                .spawn()
                .expect("openssl, which `.ci/setup` installs");
            child.stdin.take().unwrap().write_all(input).unwrap();
            child.wait_with_output().unwrap().stdout
        };
        let digest = run(&["dgst", "-sha256", "-binary"], text.as_bytes());
        assert_eq!(digest.len(), 32);
        let base64 = run(&["base64", "-A"], &digest);
        format!("'sha256-{}'", String::from_utf8(base64).unwrap().trim())
    }

    #[test]
    fn the_policy_is_for_this_script_and_this_style() {
        let expected = format!(
            "default-src 'none'; img-src data:; script-src {}; style-src {}; base-uri 'none'; form-action 'none'; \
             require-trusted-types-for 'script'; trusted-types 'none'\n",
            hash(SCRIPT),
            hash(&style())
        );
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/emit/html/policy.txt");
        if std::env::var_os("BLESS").is_some() {
            return std::fs::write(file, expected).unwrap();
        }
        assert_eq!(POLICY, expected, "BLESS=1 cargo test -p size-report policy writes it anew");
    }

    fn hostile_page() -> (Report, String) {
        let functions: Vec<String> = (0..HOSTILE.len()).map(|number| format!("(func $f{number})")).collect();
        let bytes = wat::parse_str(format!("(module {})", functions.concat())).unwrap();
        let mut module = bytes.clone();
        // A handmade name section, because the text format does not accept all of these names.
        let mut names = vec![HOSTILE.len() as u8];
        for (index, name) in HOSTILE.iter().enumerate() {
            names.extend([index as u8, name.len() as u8]);
            names.extend(name.as_bytes());
        }
        let at = bytes.windows(5).position(|bytes| bytes == b"\x04name").unwrap() - 2;
        module.truncate(at);
        let mut contents = b"\x04name\x01".to_vec();
        for length in [names.len(), 0] {
            if length > 0 {
                contents.extend([(length & 0x7f) as u8 | 0x80, (length >> 7) as u8]);
            }
        }
        contents.extend(names);
        module.extend([0, (contents.len() & 0x7f) as u8 | 0x80, (contents.len() >> 7) as u8]);
        module.extend(contents);
        let module = Module::parse(&module).unwrap();
        let names = Names::of(&module);
        let file = Path::new("</title><script>alert(1)</script>.wasm");
        let report = Report::of_module(file, &module, names, &[By::Function, By::Section]).unwrap();
        let mut page = Vec::new();
        write(&report, &mut page).unwrap();
        (report, String::from_utf8(page).unwrap())
    }

    #[test]
    fn no_name_gets_out_of_its_place() {
        let (_, page) = hostile_page();
        // Only the two of the template.
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script").count(), 2);
        for markup in ["<img", "<!--", "</title><script"] {
            assert!(!page.contains(markup), "{markup:?}");
        }
        assert!(page.contains("&lt;/title&gt;&lt;script&gt;alert(1)&lt;/script&gt;.wasm"));
        let controls = |c: char| c.is_control() && c != '\n';
        assert!(!page.contains(controls));
    }

    #[test]
    fn names_are_what_they_were() {
        let (report, page) = hostile_page();
        let json = page.split("<script id=\"data\" type=\"application/json\">").nth(1).unwrap();
        let data: serde_json::Value = serde_json::from_str(json.split("</script>").next().unwrap()).unwrap();
        let labels: Vec<&str> =
            data["labels"].as_array().unwrap().iter().map(|label| label.as_str().unwrap()).collect();
        for name in HOSTILE {
            let name = line(name);
            assert!(labels.iter().any(|label| *label == name), "{name:?} is not in {labels:?}");
        }
        assert_eq!(data["bytes"], report.bytes);
        assert_eq!(data["views"][0]["nodes"][2], report.bytes);
        let kinds: Vec<&str> =
            data["kinds"].as_array().unwrap().iter().map(|kind| kind[0].as_str().unwrap()).collect();
        assert!(LOOKS.iter().map(|look| look.class).eq(kinds));
    }

    #[test]
    fn every_escape_is_the_same_value() {
        for text in HOSTILE {
            let json = serde_json::to_string(text).unwrap();
            assert_eq!(serde_json::from_str::<String>(&inert(&json)).unwrap(), text);
            assert!(!inert(&json).contains(['<', '>', '&', '\u{2028}', '\u{2029}']));
        }
    }

    #[test]
    fn a_reader_without_scripts_gets_rows_that_add_up() {
        let (report, page) = hostile_page();
        let table = page.split("<tbody>").nth(1).and_then(|rest| rest.split("</tbody>").next()).unwrap();
        let mut bytes: Vec<u64> =
            table.lines().filter_map(|row| row.split("<td>").nth(1)?.parse().ok()).collect();
        assert_eq!(bytes.pop(), Some(report.bytes as u64));
        assert_eq!(bytes.iter().sum::<u64>(), report.bytes as u64);
    }

    #[test]
    fn nothing_is_fetched_and_nothing_is_markup() {
        let page = PAGE.to_owned() + SCRIPT + &style();
        for forbidden in
            ["http:", "https:", "//cdn", "@import", "url(", "fetch(", "innerHTML", "eval(", "style="]
        {
            assert!(!page.contains(forbidden), "{forbidden}");
        }
    }
}
