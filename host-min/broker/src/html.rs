//! HTML pages instead of API responses, as proxies and login pages in front of an API server send them.
//!
//! This is not an HTML parser. It only looks for a title, by which a person recognizes the page.

use wagather_printable::is_printable;

/// Titles are cut at this length.
const MAX_TITLE_CHARS: usize = 100;
/// Media types are cut at this length.
const MAX_TYPE_CHARS: usize = 60;

/// What to do about an HTML page.
pub(super) const ADVICE: &str =
    "this is not the API server: check the server's URL, and any proxy or login page in front of it";

/// Describes a body, if it is an HTML page by its beginning or its media type.
pub(super) fn describe(body: &[u8], content_type: Option<&str>) -> Option<String> {
    let text = String::from_utf8_lossy(body);
    let begins = |with: &str| {
        text.trim_start_matches('\u{feff}')
            .trim_start()
            .get(..with.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(with))
    };
    let media_type = content_type.unwrap_or_default();
    let is_html =
        media_type.to_ascii_lowercase().contains("html") || begins("<html") || begins("<!doctype html");
    if !is_html {
        return None;
    }
    let title = ["title", "h1"]
        .into_iter()
        .find_map(|tag| element_text(&text, tag))
        .map(|title| sanitized(&title, MAX_TITLE_CHARS));
    let title =
        title.filter(|title| !title.is_empty()).map_or_else(String::new, |title| format!(" \"{title}\""));
    let media_type = match media_type {
        "" => "without a Content-Type".to_owned(),
        said => format!("Content-Type {}", sanitized(said, MAX_TYPE_CHARS)),
    };
    Some(format!("an HTML page{title} ({media_type})"))
}

/// The text of the first element with this name.
fn element_text(text: &str, tag: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let open = format!("<{tag}");
    let opened = lower.match_indices(&open).map(|(at, _)| at + 1 + tag.len());
    // `<h1>` with any attributes, but not `<h10>`.
    let from = opened
        .filter(|at| !lower[*at..].starts_with(|c: char| c.is_ascii_alphanumeric()))
        .find_map(|at| lower[at..].find('>').map(|end| at + end + 1))?;
    let upto = lower[from..].find('<').map_or(lower.len(), |len| from + len);
    // `to_ascii_lowercase` keeps the length.
    Some(text[from..upto].to_owned())
}

/// One line without control characters.
fn sanitized(text: &str, most_chars: usize) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    words.chars().filter(|c| is_printable(*c)).take(most_chars).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_known_by_its_title_and_type() {
        for (body, content_type, expected) in [
            (
                "<!DOCTYPE html>\n<html><head><TITLE class=\"a\">\n Sign in\n to x </title></head>",
                Some("text/html; charset=utf-8"),
                "an HTML page \"Sign in to x\" (Content-Type text/html; charset=utf-8)",
            ),
            (
                "<html><body><h1>503 Service</h1>",
                None,
                "an HTML page \"503 Service\" (without a Content-Type)",
            ),
            ("<html><header>x</header>", Some("text/html"), "an HTML page (Content-Type text/html)"),
            (
                "\u{feff} <HTML><title>\u{1b}[2Jx\u{202e}y",
                Some("a\u{1b}b"),
                "an HTML page \"[2Jxy\" (Content-Type ab)",
            ),
            ("Sign in", Some("Text/HTML"), "an HTML page (Content-Type Text/HTML)"),
            ("<html><title", None, "an HTML page (without a Content-Type)"),
            ("<html><title></title><h1>b</h1>", None, "an HTML page (without a Content-Type)"),
        ] {
            assert_eq!(describe(body.as_bytes(), content_type).as_deref(), Some(expected), "{body}");
        }
        for body in ["", "{}", "<xml>", "no html", "<htm"] {
            assert_eq!(describe(body.as_bytes(), Some("application/json")), None, "{body}");
        }
        let long = format!("<html><title>{}", "\u{e4}".repeat(5_000));
        assert!(describe(long.as_bytes(), None).is_some_and(|words| words.chars().count() < 200));
        assert!(describe(b"<html><title>\xff\xfe</title>", None).is_some());
    }
}
