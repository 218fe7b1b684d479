//! The file: its style, its script and its data in one, and a policy by which nothing else runs or loads.
//!
//! A loader unpacks the style and the script, which are compressed as the data is: they would be half of the file otherwise. The
//! policy has the hashes of both scripts.
//!
//! Nothing foreign is markup: data is base64, from which the script makes text nodes. Only the title has a name in it, escaped.

use std::fmt::Write as _;
use std::io::{self, Write};

use wagather_base::base64;

use super::blocks::packed;
use super::model::Model;

const PAGE: &str = include_str!("assets/page.html");
const LOADER: &str = include_str!("assets/loader.js");
const STYLE: &[&str] =
    &[include_str!("assets/colours.css"), include_str!("assets/frame.css"), include_str!("assets/parts.css")];
/// In this order, they are one script.
const SCRIPT: &[&str] = &[
    include_str!("assets/text.js"),
    include_str!("assets/data.js"),
    include_str!("assets/list.js"),
    include_str!("assets/object.js"),
    include_str!("assets/sections.js"),
    include_str!("assets/overview.js"),
    include_str!("assets/frame.js"),
];

/// The parts that are the same in every page.
pub(super) struct Frame {
    loader: String,
    script: String,
    style: String,
}

impl Frame {
    pub(super) fn new() -> Frame {
        Frame { loader: lean(&[LOADER]), script: lean(SCRIPT), style: lean(STYLE) }
    }

    /// About how many bytes a page has without its data.
    pub(super) fn len(&self) -> usize {
        PAGE.len()
            + self.loader.len()
            + packed(self.script.as_bytes()).len()
            + packed(self.style.as_bytes()).len()
            + 1000
    }

    /// Writes a page.
    pub(super) fn write(&self, title: &str, model: &Model, output: &mut dyn Write) -> io::Result<()> {
        let mut pieces = PAGE.split("{{");
        output.write_all(pieces.next().unwrap_or_default().as_bytes())?;
        // What is inserted is not searched for places again.
        for piece in pieces {
            let (name, after) = piece.split_once("}}").unwrap_or((piece, ""));
            match name {
                "policy" => output.write_all(self.policy().as_bytes())?,
                "title" => output.write_all(escaped(title).as_bytes())?,
                "loader" => output.write_all(self.loader.as_bytes())?,
                "data" => {
                    data(output, "style", &packed(self.style.as_bytes()))?;
                    data(output, "script", &packed(self.script.as_bytes()))?;
                    data(output, "lists", &model.lists)?;
                    for (number, block) in model.blocks.iter().enumerate() {
                        data(output, &format!("block-{number}"), block)?;
                    }
                }
                other => return Err(io::Error::other(format!("the page has no place for {other}"))),
            }
            output.write_all(after.as_bytes())?;
        }
        Ok(())
    }

    /// The scripts and the style in the head by their hashes, and nothing else.
    fn policy(&self) -> String {
        let head =
            PAGE.split("<style>").nth(1).and_then(|rest| rest.split("</style>").next()).unwrap_or_default();
        format!(
            "default-src 'none'; script-src '{}' '{}'; style-src '{}'; base-uri 'none'; form-action 'none'; \
             require-trusted-types-for 'script'; trusted-types wagather",
            hash(&self.loader),
            hash(&self.script),
            hash(head)
        )
    }
}

fn hash(text: &str) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, text.as_bytes());
    format!("sha256-{}", base64::encode(digest.as_ref()))
}

fn data(output: &mut dyn Write, id: &str, base64: &str) -> io::Result<()> {
    // A type that browsers do not run.
    writeln!(output, "<script type=\"application/octet-stream\" id=\"{id}\">{base64}</script>")
}

/// Sources without indentation and without lines that are comments. No text in them has several lines.
fn lean(sources: &[&str]) -> String {
    let lines = sources.iter().flat_map(|source| source.lines()).map(str::trim);
    let mut text = String::from("\n");
    for line in lines.filter(|line| !line.is_empty() && !line.starts_with("//")) {
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// A text as the content of an element.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in wagather_printable::line(text).chars() {
        match c {
            '<' | '>' | '&' | '"' | '\'' => _ = write!(out, "&#{};", u32::from(c)),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_page_ends_its_script_or_its_data() {
        let Frame { loader, .. } = Frame::new();
        assert!(!loader.contains("</") && !loader.contains("<!--"));
        assert_eq!(escaped("</title><b>\u{202e}&\n"), "&#60;/title&#62;&#60;b&#62;\\u{202e}&#38;\\n");
    }

    #[test]
    fn the_script_has_no_door_to_markup_or_the_network() {
        let Frame { loader, script, .. } = Frame::new();
        // The name of a language, which no browser loads.
        let script = (loader + &script).replace("http://www.w3.org/2000/svg", "");
        for door in [
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "Function(",
            "srcdoc",
            "createContextualFragment",
            "parseFromString",
            "fetch(",
            "XMLHttpRequest",
            "import(",
            "http:",
            "https:",
        ] {
            assert!(!script.contains(door), "the script has {door}");
        }
    }

    #[test]
    fn comments_and_indentation_are_no_part_of_the_file() {
        assert_eq!(
            lean(&["// a\n  const a = 1; // b\n\n", ".c {\n  d: e\n}"]),
            "\nconst a = 1; // b\n.c {\nd: e\n}\n"
        );
    }
}
