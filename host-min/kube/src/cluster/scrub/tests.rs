use super::*;

fn scrub(value: &str) -> Arc<Scrub> {
    Scrub::of(Some(&Secret::new(value))).expect("something to look for")
}

/// Gives so many bytes at a time.
struct Drip(io::Cursor<Vec<u8>>, usize);

impl Read for Drip {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = self.1.min(buffer.len());
        self.0.read(&mut buffer[..most])
    }
}

fn through(scrub: &Arc<Scrub>, text: &str, chunk: usize, cap: usize) -> String {
    let drip = Drip(io::Cursor::new(text.as_bytes().to_vec()), chunk);
    let mut body = Scrubbed::new(drip, scrub.clone());
    let (mut all, mut buffer) = (Vec::new(), vec![0; cap]);
    loop {
        match body.read(&mut buffer).expect("read") {
            0 => break,
            len => all.extend_from_slice(&buffer[..len]),
        }
    }
    String::from_utf8(all).expect("text")
}

#[test]
fn every_form_goes_wherever_it_is_split() {
    let scrub = scrub("Bearer abab/abc+canary");
    let token = "abab/abc+canary";
    let mut text = format!("ab {token} ababab/abc+canary \"abab\\/abc+canary\" abab%2Fabc%2Bcanary ");
    for before in ["", "x", "xy", "Authorization: Bearer "] {
        text += &base64::encode(format!("{before}{token}!").as_bytes());
        text += " ";
    }
    text += "abab/abc+canar";
    let whole = scrub.text(text.clone());
    assert_eq!(whole.len(), text.len());
    for gone in ["canary", "YWJhYi9hYmMrY2Fu", "abab\\/abc+canary", "abc%2B"] {
        assert!(!whole.contains(gone), "{gone} is in {whole}");
    }
    assert!(whole.starts_with("ab *****") && whole.ends_with("abab/abc+canar"), "{whole}");
    for chunk in 1..40 {
        for cap in [1, 7, 100, 1 << 16] {
            assert_eq!(through(&scrub, &text, chunk, cap), whole, "chunks of {chunk} into {cap}");
        }
    }
}

#[test]
fn finds_that_overlap_are_all_hidden_wherever_they_are_split() {
    let value = format!("Basic {}", base64::encode(b"me:xyzxyz/xyzxyz"));
    let scrub = scrub(&value);
    for text in ["xyzxyz/xyzxyz/xyzxyz", "-xyzxyz\\/xyzxyz/xyzxyz%2Fxyzxyz-", "xyzxyz/xyzxyz\\/xyzxyz"] {
        let whole = scrub.text(text.into());
        assert!(!whole.contains("xyz"), "{whole}");
        for chunk in 1..20 {
            assert_eq!(through(&scrub, text, chunk, 5), whole, "chunks of {chunk}");
        }
    }
}

#[test]
fn a_password_is_looked_for_if_it_is_no_word() {
    let value = |password: &str| format!("Basic {}", base64::encode(format!("me:{password}").as_bytes()));
    let long = value("correct horse battery");
    assert_eq!(scrub(&long).text("a correct horse battery".into()), "a *********************");
    let short = value("admin");
    let text = format!("admin {short}");
    let stars = "*".repeat(short.len() - "Basic ".len());
    assert_eq!(scrub(&short).text(text), format!("admin Basic {stars}"));
    assert!(Scrub::of(None).is_none());
    assert!(Scrub::of(Some(&Secret::new("Bearer "))).is_none());
}

type Write = fn(char) -> String;

fn units(c: char, write: impl Fn(u16) -> String) -> String {
    c.encode_utf16(&mut [0; 2]).iter().map(|unit| write(*unit)).collect()
}

fn bytes(c: char, write: impl Fn(u8) -> String) -> String {
    c.to_string().bytes().map(write).collect()
}

/// How others write a character.
const WRITERS: [(&str, Write); 11] = [
    ("json, all", |c| units(c, |unit| format!("\\u{unit:04x}"))),
    ("json, capitals", |c| units(c, |unit| format!("\\u{unit:04X}"))),
    ("go", |c| match c {
        '<' | '>' | '&' => format!("\\u{:04x}", u32::from(c)),
        c => serde_json::to_string(&c).map(|quoted| quoted[1..quoted.len() - 1].to_owned()).expect("JSON"),
    }),
    ("php", |c| match c {
        '/' | '"' | '\\' => format!("\\{c}"),
        c if c.is_ascii() => c.into(),
        c => units(c, |unit| format!("\\u{unit:04x}")),
    }),
    ("json in json", |c| units(c, |unit| format!("\\\\u{unit:04x}"))),
    ("escaped backslashes", |c| units(c, |unit| format!("\\u005cu{unit:04x}"))),
    ("json in json in json", |c| units(c, |unit| format!("\\\\\\\\u{unit:04x}"))),
    ("url, all", |c| bytes(c, |byte| format!("%{byte:02x}"))),
    ("url", |c| match c {
        c if c.is_ascii_alphanumeric() || "-._~".contains(c) => c.into(),
        c => bytes(c, |byte| format!("%{byte:02X}")),
    }),
    ("html", |c| match c {
        '&' => "&amp;".into(),
        '<' => "&lt;".into(),
        '>' => "&gt;".into(),
        '"' => "&#34;".into(),
        '\'' => "&#39;".into(),
        c => c.into(),
    }),
    ("html, all", |c| format!("&#x{:x};", u32::from(c))),
];

/// A secret in all of these ways, in a mixture, and with one character of it escaped, wherever that is.
fn escaped(secret: &str) -> Vec<(&'static str, String)> {
    let mut all: Vec<(&str, String)> =
        WRITERS.iter().map(|(name, write)| (*name, secret.chars().map(write).collect())).collect();
    let mixed = secret.chars().enumerate().map(|(at, c)| WRITERS[at * 7 % WRITERS.len()].1(c)).collect();
    all.push(("mixed", mixed));
    for place in 0..secret.chars().count() {
        let one = |(at, c): (usize, char)| WRITERS[if at == place { 0 } else { 2 }].1(c);
        all.push(("one", secret.chars().enumerate().map(one).collect()));
    }
    all
}

const PASSWORD: &str = "co&rr<ec>t \"ho\\rse\\\\ b%41/\u{f6}\u{1f40e}\n'x";

#[test]
fn every_escape_of_every_character_goes_wherever_it_is_split() {
    let both = base64::encode(format!("me:{PASSWORD}").as_bytes());
    let token = "eyJhbGciOi.abc-d_e~f+g/h";
    for (value, secret) in [
        (format!("Bearer {token}"), token.to_owned()),
        (format!("Bearer {token}"), base64::encode(token.as_bytes())),
        (format!("Basic {both}"), PASSWORD.to_owned()),
        (format!("Basic {both}"), format!("me:{PASSWORD}")),
        (format!("Basic {both}"), both.clone()),
    ] {
        let scrub = scrub(&value);
        for (name, written) in escaped(&secret) {
            let text = format!("{{\"a\\n\":\"x {written}\",\"%2\":\"&am {written}{written} \\\\\"}}");
            let whole = scrub.text(text.clone());
            assert_eq!(whole.len(), text.len());
            // Nothing of it, and all else as it was.
            let rest = whole.replace('*', "");
            assert_eq!(rest, r#"{"a\n":"x ","%2":"&am  \\"}"#, "{name}: {written}\n{whole}");
            let chunks = if name == "one" { &[3][..] } else { &[1, 2, 3, 7, 64] };
            for &chunk in chunks {
                assert_eq!(through(&scrub, &text, chunk, 9), whole, "{name}: chunks of {chunk}");
            }
        }
    }
}

#[test]
fn what_only_begins_like_it_stays() {
    let scrub = scrub("Bearer abcdef/ghijkl");
    for text in [
        r"abcdef\u002fghijk \u0061bcdef/ghijkm abcdef%2",
        r"abcdef\",
        r"\u00",
        r"\u0061bcdef\n/ghijkl",
        r"abcdef\\u002",
        r"\ud83d\u0061bcdef/ghijk",
        "&#97;bcdef&#47;ghijk",
        r"&#99999999999;&#x;&;%zz\uzzzz\x",
        "ab\u{1f40e}cdef",
    ] {
        assert_eq!(scrub.text(text.into()), text);
        for chunk in 1..9 {
            assert_eq!(through(&scrub, text, chunk, 5), text, "chunks of {chunk}");
        }
    }
    let many = "\\".repeat(70_000);
    assert_eq!(through(&scrub, &many, 1000, 1 << 16), many);
    // Ever the beginning of it, and never it.
    let slow = r"\\\u0061bcde".repeat(5000);
    assert_eq!(through(&scrub, &slow, 4096, 1 << 16), slow);
}

#[test]
fn passwords_that_are_no_words_are_looked_for_though_short() {
    let is_scrubbed = |password: &str| {
        let value = format!("Basic {}", base64::encode(format!("me:{password}").as_bytes()));
        let text = format!("kube-system {password} Running");
        scrub(&value).text(text.clone()) != text
    };
    for password in ["p&ss<w>rd", "a\"b\\cd", "Hunter22", "correct horse battery"] {
        assert!(is_scrubbed(password), "{password}");
    }
    for word in ["kube-system", "Running", "admin", "openshift", "10.0.0.1"] {
        assert!(!is_scrubbed(word), "{word}");
    }
    let value = format!("Basic {}", base64::encode(b"me:admin"));
    assert_eq!(scrub(&value).text("of me:admin".into()), "of ********");
}

#[test]
fn what_was_replaced_is_still_looked_for() {
    let mut last = None;
    for number in 0..9 {
        last = Scrub::after(Some(&Secret::new(format!("Bearer token-number-{number}"))), last.as_ref());
    }
    let text = |number: usize| format!("token-number-{number}");
    let scrub = last.expect("a token");
    assert!((9 - 1 - MAX_FORMER..9).all(|number| !scrub.text(text(number)).contains("token")));
    assert_eq!(scrub.text(text(0)), text(0));
    assert!(Arc::ptr_eq(&scrub, &Scrub::after(None, Some(&scrub)).expect("the same")));
}

#[test]
fn a_user_without_a_password_is_a_token() {
    let scrub = scrub(&format!("Basic {}", base64::encode(b"canary-0123456789:")));
    assert_eq!(scrub.text("a canary-0123456789 b".into()), "a ***************** b");
}
