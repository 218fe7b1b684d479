//! The redaction corpus: texts with a secret that must be removed, and texts without one that must not change.
//!
//! `tests/redaction/corpus.txt` explains its format. Each text is tested as a string (the report, a message), as a
//! body (a log) and as a string of an object, with the escapes of Go's encoder and with others. Known misses and
//! false positives stay in the corpus, and the table of docs/redaction.md counts them, so fixing one changes the
//! table. `BLESS=1` rewrites the table.

use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::{Read, Write};
use std::sync::Arc;
use tests::canaries::base64;
use wagather_json::redact::{Counts, Redactor, Rules};

/// What becomes of a text of the corpus.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Fate {
    Caught,
    Stays,
    Missed,
    Wrong,
}

struct Line {
    number: usize,
    fate: Fate,
    group: String,
    text: String,
    secrets: Vec<String>,
}

/// Letters and digits that mean nothing, and are the same each time.
struct Filler(u64);

impl Filler {
    fn of(&mut self, alphabet: &[u8], len: usize) -> String {
        let mut pick = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            char::from(alphabet[(self.0 >> 33) as usize % alphabet.len()])
        };
        (0..len).map(|_| pick()).collect()
    }

    /// A text with its macros resolved.
    fn expand(&mut self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            match self.macro_at(rest) {
                Some((value, len)) => {
                    out.push_str(&value);
                    rest = &rest[len..];
                }
                None => {
                    out.push(if first == '⏎' { '\n' } else { first });
                    rest = &rest[first.len_utf8()..];
                }
            }
        }
        out
    }

    /// The macro that a text begins with: its value, and how long it is.
    fn macro_at(&mut self, text: &str) -> Option<(String, usize)> {
        let inner = text.strip_prefix('{')?;
        let mut depth = 1;
        let end = inner.char_indices().find_map(|(at, char)| {
            depth += i32::from(char == '{') - i32::from(char == '}');
            (depth == 0).then_some(at)
        })?;
        let (inner, len) = (&inner[..end], end + 2);
        let lengths = [
            ('a', "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"),
            ('A', "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
            ('h', "0123456789abcdef"),
        ];
        for (name, alphabet) in lengths {
            if let Some(count) = inner.strip_prefix(name).and_then(|count| count.parse().ok()) {
                return Some((self.of(alphabet.as_bytes(), count), len));
            }
        }
        let (name, inner) = inner.split_once(':')?;
        let encode: fn(&str) -> String = match name {
            "b64" => |text| base64(text.as_bytes()),
            "url64" => |text| base64(text.as_bytes()).replace('+', "-").replace('/', "_").replace('=', ""),
            "gz64" => |text| {
                let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
                encoder.write_all(text.as_bytes()).expect("room");
                base64(&encoder.finish().expect("gzip"))
            },
            "pct" => |text| {
                let escape = |byte: u8| match byte.is_ascii_alphanumeric() {
                    true => char::from(byte).to_string(),
                    false => format!("%{byte:02X}"),
                };
                text.bytes().map(escape).collect()
            },
            _ => return None,
        };
        Some((encode(&self.expand(inner)), len))
    }
}

fn corpus() -> Vec<Line> {
    let mut filler = Filler(7);
    let text = include_str!("../redaction/corpus.txt");
    let lines = text.lines().enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|(index, line)| {
            let (sign, rest) = line.split_once(' ').expect("a sign");
            let fate = match sign {
                "+" => Fate::Caught,
                "-" => Fate::Stays,
                "?" => Fate::Missed,
                "!" => Fate::Wrong,
                _ => panic!("line {}: no sign", index + 1),
            };
            let (group, text) = rest.split_once(": ").expect("a group");
            let text = filler.expand(text);
            let secrets: Vec<String> = text
                .split('«')
                .skip(1)
                .map(|part| part.split_once('»').expect("a closing mark").0.to_owned())
                .collect();
            let has = matches!(fate, Fate::Caught | Fate::Missed);
            assert_eq!(has, !secrets.is_empty(), "line {}: what is secret?", index + 1);
            let text = text.replace(['«', '»'], "");
            Line { number: index + 1, fate, group: group.to_owned(), text, secrets }
        })
        .collect()
}

/// What becomes of a text in each of the ways that texts leave the host.
fn redacted(redactor: &Arc<Redactor>, text: &str) -> Vec<(&'static str, String)> {
    let mut counts = Counts::default();
    let mut plain = text.to_owned();
    redactor.text(&mut plain, &mut counts);
    let mut body = String::new();
    let source = std::io::Cursor::new(text.as_bytes().to_vec());
    redactor.body(Box::new(source)).read_to_string(&mut body).expect("UTF-8");
    let object = |json: &str| {
        let mut bytes = json.as_bytes().to_vec();
        redactor.object(&mut bytes, false, &mut Counts::default());
        let value: serde_json::Value = serde_json::from_slice(&bytes).expect("an object stays one");
        value["message"].as_str().expect("a string stays one").to_owned()
    };
    let json = serde_json::json!({"kind": "Event", "message": text}).to_string();
    let go = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    let hidden = json.replace("\\\"", "\\u0022").replace('/', "\\/");
    vec![
        ("text", plain),
        ("body", body),
        ("object", object(&json)),
        ("object by Go", object(&go)),
        ("object with escapes", object(&hidden)),
    ]
}

#[test]
fn the_corpus_is_redacted_as_it_says() {
    let redactor = Arc::new(Redactor::new(&Rules::default()));
    let mut wrong = Vec::new();
    for line in corpus() {
        for (carrier, after) in redacted(&redactor, &line.text) {
            let stays = line.secrets.iter().any(|secret| after.contains(&**secret));
            let fits = match line.fate {
                Fate::Caught => !stays,
                Fate::Missed => stays,
                Fate::Stays => after == line.text,
                Fate::Wrong => after != line.text,
            };
            if !fits {
                wrong.push(format!(
                    "{} {:?} as {carrier}:\n  {:?}\n  {after:?}",
                    line.number, line.fate, line.text
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{} do not become what the corpus says:\n{}", wrong.len(), wrong.join("\n"));
}

const MARK: &str = "<!-- corpus -->\n";

#[test]
fn the_table_is_what_the_corpus_has() {
    let lines = corpus();
    assert!(lines.len() >= 150);
    let mut groups: Vec<&str> = lines.iter().map(|line| &*line.group).collect();
    groups.dedup();
    let count = |group: Option<&str>, fate: Fate| {
        lines.iter().filter(|line| group.is_none_or(|group| line.group == group) && line.fate == fate).count()
    };
    let row = |name: &str, group: Option<&str>| {
        let [caught, stays, missed, wrong] =
            [Fate::Caught, Fate::Stays, Fate::Missed, Fate::Wrong].map(|fate| count(group, fate));
        format!("| {name} | {caught} | {missed} | {stays} | {wrong} |\n")
    };
    let mut table = String::from(
        "| group | caught | missed | correctly kept | false positives |\n|---|---|---|---|---|\n",
    );
    for group in groups {
        table += &row(group, Some(group));
    }
    table += &row("all", None);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/redaction.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let parts: Vec<&str> = page.split(MARK).collect();
    let [before, shown, after] = parts[..] else { panic!("docs/redaction.md has its two marks") };
    if std::env::var_os("BLESS").is_some() {
        std::fs::write(path, format!("{before}{MARK}{table}{MARK}{after}")).expect("written");
    } else {
        assert_eq!(shown, table, "BLESS=1 writes the table anew");
    }
}
