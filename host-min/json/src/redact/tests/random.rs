//! Random documents: no secret stays, and nothing else changes. What is no JSON does no harm.

use super::*;

/// The same numbers each time.
struct Random(u64);

impl Random {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % most
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }
}

const CANARY: &str = "CaNaRy0123456789CaNaRy0123456789CaNaRy0123456789";

fn document(random: &mut Random, depth: usize) -> Value {
    let harmless = [
        "",
        "a",
        "é\n",
        "\u{e}yJ",
        "\\",
        "\"",
        "{\"env\":",
        "://",
        "<b>&",
        "Bearer ",
        "eyJ",
        "x@y",
        "\u{8}",
        "LS0t",
        "-----BEGIN ",
        "env",
    ];
    match random.below(if depth > 4 { 5 } else { 12 }) {
        0 => Value::Null,
        1 => random.below(1000).into(),
        2 => random.pick(&["true", "secret"]).into(),
        3 => {
            let words: Vec<&str> = (0..random.below(5)).map(|_| random.pick(&harmless)).collect();
            words.concat().into()
        }
        4 => {
            let canary = match random.below(6) {
                0 => format!("Bearer {CANARY}"),
                1 => format!("eyJ{CANARY}.{CANARY}.{CANARY}"),
                2 => format!("sha256~{CANARY}"),
                3 => format!("-----BEGIN PRIVATE KEY-----\n{CANARY}\n-----END PRIVATE KEY-----"),
                4 => {
                    base64(
                        format!("{}-----BEGIN EC PRIVATE KEY-----\n", random.pick(&["", "\n", "--"]))
                            .as_bytes(),
                    )
                    .trim_end_matches('=')
                    .to_owned()
                        + CANARY
                }
                _ => format!("https://a:{CANARY}@host/path"),
            };
            let space = ["", " ", "\n", "\"", "é", "<", "\u{1}", ", "];
            format!("{}{canary}{}", random.pick(&space), random.pick(&space)).into()
        }
        5 => {
            serde_json::json!({"kind": "Secret", "data": {"a": CANARY, "b": [CANARY]}, "stringData": {"c": CANARY}})
        }
        6 => {
            serde_json::json!({"env": [{"name": random.pick(&["A_TOKEN", "db.password"]), "value": CANARY}, {"value": CANARY}, document(random, depth + 1)]})
        }
        7 => {
            serde_json::json!({"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"{CANARY}\"}}")})
        }
        8 | 9 => (0..random.below(4)).map(|_| document(random, depth + 1)).collect::<Vec<_>>().into(),
        _ => {
            let keys = ["a", "env", "name", "value", "data", "kind", "metadata", "\"env", "a,\"data", "é"];
            (0..random.below(5))
                .map(|_| (random.pick(&keys).to_owned(), document(random, depth + 1)))
                .collect::<serde_json::Map<_, _>>()
                .into()
        }
    }
}

/// Equal but for what was replaced: strings within, or a value that was secret as a whole.
fn is_redaction(before: &Value, after: &Value) -> bool {
    let is_replaced = |text: &str| text.contains(REDACTED) || text.contains(REDACTED_BASE64);
    match (before, after) {
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len()
                && a.iter().all(|(key, value)| b.get(key).is_some_and(|other| is_redaction(value, other)))
        }
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_redaction(a, b))
        }
        (_, Value::String(text)) if is_replaced(text) => true,
        _ => before == after,
    }
}

#[test]
fn random_documents() {
    let redactor = redactor();
    let mut random = Random(7);
    let mut total = Counts::default();
    for round in 0..1500 {
        let before = document(&mut random, 0);
        // Go's encoder escapes these three, others do not.
        let text = before.to_string();
        let go = text.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        for text in [text, go] {
            let (after, counts) = object_by(&redactor, &text, false);
            assert!(!after.contains("CaNaRy"), "round {round}: {text}\nbecame\n{after}");
            let value: Value = serde_json::from_str(&after).expect("JSON");
            assert!(is_redaction(&before, &value), "round {round}: {text}\nbecame\n{after}");
            if counts.total() == 0 {
                assert_eq!(after, text, "round {round}");
            }
            total.add(&counts);
        }
    }
    for kind in Kind::ALL {
        assert!(*total.of(kind) > 50, "{kind:?} hardly occurred: {total:?}");
    }
}

/// What begins a secret is before every kind of character, and at the limits of lengths.
#[test]
fn random_texts_stay_json() {
    let words = [
        "x-token:",
        "authorization: ",
        "authorization:",
        "my-key\": \"",
        "password=",
        "TOKEN=\"",
        "--token ",
        "\"--secret\",\"",
        "cookie: a=",
        ";Pwd=",
        "?sig=",
        "- name: A_TOKEN\n  value: ",
        "name: TOKEN",
        "value:",
        "\n",
        "\\",
        "\"",
        "'",
        "\u{1}",
        "é",
        "🦀",
        "\t",
        " ",
        "[",
        "]",
        "{{",
        "}}",
        "$(",
        ")",
        "<",
        ">",
        "&",
        ",",
        ";",
        "a",
        "7",
        "hunter2",
        "0123456789abcdef0123456789",
        "://",
        "a:b@",
        "bearer ",
        "kind: Secret\ndata:\n  a: ",
        "{\"kind\":\"Secret\",\"data\":{\"a\":\"",
    ];
    let redactor = redactor();
    let mut random = Random(11);
    let mut text = |round: usize| {
        let text: String = (0..random.below(14)).map(|_| random.pick(&words)).collect();
        match round % 50 {
            0 => {
                text.clone()
                    + &random.pick(&["é", "\n", "<", "a", "\""]).repeat(4_090 + random.below(12))
                    + &text
            }
            _ => text,
        }
    };
    for round in 0..10_000 {
        let before = match round % 3 {
            0 => serde_json::json!({"metadata": {"annotations": {"a": text(round)}}}),
            1 => {
                serde_json::json!({"a": text(1), "k": text(1), "env": [{"name": text(1), "value": text(1)}, {"x": text(1)}]})
            }
            _ => {
                serde_json::json!({"args": [text(1), text(1), text(1)], "b": {"c": text(round), "d": [[text(1)], text(1)]}})
            }
        };
        let json = before.to_string();
        let go = json.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
        for json in [json, go] {
            let mut after = json.clone().into_bytes();
            redactor.object(&mut after, false, &mut Counts::default());
            let after = String::from_utf8(after).expect("UTF-8");
            let value = serde_json::from_str(&after).ok();
            assert!(
                value.is_some_and(|value| is_redaction(&before, &value)),
                "round {round}: {json}\nbecame\n{after}"
            );
        }
    }
}

#[test]
fn what_is_no_json_does_no_harm() {
    let whole = r#"{"kind":"Secret","data":{"a":"b"},"stringData":{"a":1},"env":[{"name":"TOKEN","value":"a\\"},[{}]],"c":"eyJa.b.c\n"}"#;
    for end in 0..whole.len() {
        for tail in ["", "\\", "\"", "{", "[", ",", "\\u00", "\"env\":", "\"data\":{\"", "\0"] {
            let mut bytes = [&whole.as_bytes()[..end], tail.as_bytes()].concat();
            redactor().object(&mut bytes, true, &mut Counts::default());
        }
    }
    let mut deep = "{\"env\":[".repeat(100_000).into_bytes();
    redactor().object(&mut deep, true, &mut Counts::default());
}
