//! Header fields from a file, so that a token is no word of a command line.
//!
//! Each line is `Name: value`. Empty lines and lines that begin with `#` are skipped. Fields that belong to the connection or to the
//! length of the body are refused, because they are ours.

use std::path::Path;

use wagather_base::file;
use wagather_base::limits::MAX_CREDENTIAL_BYTES;
use wagather_kube::cluster::Secret;

/// What the transport says itself.
const OURS: &[&str] = &[
    "connection",
    "content-digest",
    "content-length",
    "expect",
    "host",
    "idempotency-key",
    "proxy-authorization",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Reads the fields of a file.
///
/// # Errors
/// Which line is wrong, and why. The message does not repeat it.
pub(crate) fn read(path: &Path) -> Result<Vec<(String, Secret)>, String> {
    of_text(path).map(|(_, fields)| fields)
}

/// Reads a file, and finds what is wrong with its fields.
///
/// # Errors
/// Which line is wrong, and why. The message does not repeat it.
pub(crate) fn read_text(path: &Path) -> Result<String, String> {
    of_text(path).map(|(text, _)| text)
}

fn of_text(path: &Path) -> Result<(String, Vec<(String, Secret)>), String> {
    let text = file::read_text(path, MAX_CREDENTIAL_BYTES)
        .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let fields = parse(&text).map_err(|(line, why)| format!("{}:{line}: {why}", path.display()))?;
    Ok((text, fields))
}

fn parse(text: &str) -> Result<Vec<(String, Secret)>, (usize, String)> {
    let mut fields = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let wrong = |why: &str| Err((number, why.to_owned()));
        let Some((name, value)) = line.split_once(':') else { return wrong("expected NAME: VALUE") };
        let (name, value) = (name.trim_end(), value.trim());
        // RFC 9110, section 5.6.2.
        if name.is_empty()
            || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
        {
            return wrong("this is not the name of a header field");
        }
        if !value.bytes().all(|b| b == b' ' || b == b'\t' || b.is_ascii_graphic()) {
            return wrong("the value has characters that a header field cannot have");
        }
        if let Some(ours) = OURS.iter().find(|ours| name.eq_ignore_ascii_case(ours)) {
            return wrong(&format!("host-min sets {ours} itself"));
        }
        fields.push((name.to_owned(), Secret::new(value)));
    }
    Ok(fields)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_lines() {
        let fields = parse("# token\n\nAuthorization: Bearer a:b \r\nX-A:\n").expect("fields");
        let names: Vec<&str> = fields.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["Authorization", "X-A"]);
        assert_eq!(fields[0].1, Secret::new("Bearer a:b"));
        for (text, line) in [
            ("A: b\nhunter2", 2),
            ("A b: hunter2", 1),
            (": hunter2", 1),
            ("A: hunter2\u{1b}", 1),
            ("A: hunter2\u{e4}", 1),
            ("\nContent-LENGTH: 2", 2),
            ("Host: hunter2", 1),
        ] {
            let (number, why) = parse(text).expect_err(text);
            assert_eq!(number, line, "{text}");
            assert!(!why.contains("hunter2"), "{why}");
        }
    }
}
