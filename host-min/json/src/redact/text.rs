//! Secrets that are known by how they look, wherever they stand: tokens, private keys, credentials in URLs, values with a name.
//!
//! What begins a secret is searched for in all of the text at once, see [`super::needles`]; only around such a place is anything
//! looked at byte by byte. No pattern looks further back than a bound, and no byte is looked at more than a few times, so the
//! time is linear whatever the text.

use super::body::Rest;
use super::bytes::{
    BASE64, JWT, LETTERS, TOKEN, UPPER, URL64, after_blanks, decode, is, is_within_escape, run,
};
use super::encoded::Depth;
use super::names::Names;
use super::needles::Needles;
use super::tokens::{self, FORMS};
use super::{Found, Kind, Open, REDACTED, Rules, assigned, encoded, keys, manifests, urls};
use std::sync::Arc;

/// Words that follow `Bearer` in sentences.
const NO_TOKENS: [&[u8]; 7] =
    [b"token", b"tokens", b"auth", b"authentication", b"authorization", b"realm=", b"scheme"];

/// What is shorter is no header in base64: `{"alg":…`.
const MIN_JWT_HEADER_BYTES: usize = 8;

/// How a text is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// JSON: strings end at a quote, and have escapes.
    Json,
    /// As it is.
    Plain,
}

/// What a word is the beginning of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Token {
        class: u16,
        least: usize,
        begins_word: bool,
    },
    Bearer,
    /// What may be before a bootstrap token.
    Bootstrap,
    /// A key of a user in a kubeconfig.
    Login,
    Basic,
    /// A JSON object in base64.
    Json64,
    /// Other text in base64.
    Text64,
    Pem,
    Pem64,
    Url,
    DataUrl,
    Header,
    Authorization,
    Cookie,
    /// The value of a variable in YAML.
    Value,
    /// `auth` of a registry's credentials.
    Auth,
    /// The end of a password in the form that Go's MySQL driver takes.
    GoDsn,
    /// What stands in the middle of a token.
    Middle {
        before: usize,
        after: usize,
    },
}

/// Compiled patterns.
pub(super) struct Patterns {
    names: Arc<Names>,
    needles: Needles,
    signs: Vec<Sign>,
    is_on: [bool; 5],
    secret: memchr::memmem::Finder<'static>,
    quoted: memchr::memmem::Finder<'static>,
    /// The same within a string, where other keys would be found all the time.
    quoted_twice: memchr::memmem::Finder<'static>,
    dashes: memchr::memmem::Finder<'static>,
}

/// Up to where the patterns have looked.
#[derive(Default)]
struct Seen {
    token: usize,
    bearer: usize,
    jwt: usize,
    key: usize,
    key64: usize,
    text64: usize,
    data_url: usize,
    user: assigned::User,
}

const WORDS: &[(&str, bool, Sign)] = &[
    ("bearer ", true, Sign::Bearer),
    ("bearer\t", true, Sign::Bearer),
    ("bearer\\t", true, Sign::Bearer),
    ("bearer\\\\t", true, Sign::Bearer),
    ("bearer%20", true, Sign::Bearer),
    ("bearer+", true, Sign::Bearer),
    ("token", true, Sign::Bootstrap),
    ("token:", false, Sign::Login),
    ("password:", false, Sign::Login),
    ("client-secret:", false, Sign::Login),
    ("basic ", true, Sign::Basic),
    ("eyJ", false, Sign::Json64),
    ("eyAi", false, Sign::Json64),
    ("eyAg", false, Sign::Json64),
    ("ewog", false, Sign::Json64),
    ("ewoi", false, Sign::Json64),
    ("ewoJ", false, Sign::Json64),
    ("ewki", false, Sign::Json64),
    ("ew0K", false, Sign::Json64),
    ("H4sI", false, Sign::Text64),
    ("SDRzSU", false, Sign::Text64),
    ("YXBpVmVyc2lv", false, Sign::Text64),
    ("a2luZDog", false, Sign::Text64),
    ("PRIVATE KEY", false, Sign::Pem),
    ("LS0t", false, Sign::Pem64),
    ("://", false, Sign::Url),
    (":\\/\\/", false, Sign::Url),
    ("data:", false, Sign::DataUrl),
    ("-token", true, Sign::Header),
    ("-key", true, Sign::Header),
    ("-secret", true, Sign::Header),
    ("authorization", true, Sign::Authorization),
    ("cookie", true, Sign::Cookie),
    ("value:", false, Sign::Value),
    ("auth\"", false, Sign::Auth),
    ("@tcp(", false, Sign::GoDsn),
    ("@unix(", false, Sign::GoDsn),
    ("T3BlbkFJ", false, Sign::Middle { before: 20, after: 20 }),
    (".atlasv1.", false, Sign::Middle { before: 14, after: 60 }),
];

impl Patterns {
    pub(super) fn new(rules: &Rules, names: Arc<Names>) -> Patterns {
        let is_on = |kind| !rules.except.contains(&kind);
        let (mut needles, mut signs) = (Needles::new(), Vec::new());
        let mut add = |word: &[u8], folded: bool, sign: Sign| {
            if needles.add(word, folded) == signs.len() {
                signs.push(sign);
            }
        };
        for &(word, folded, sign) in WORDS {
            add(word.as_bytes(), folded, sign);
        }
        for &(prefix, class, least) in FORMS {
            let begins_word = tokens::begins_word(prefix);
            add(prefix.as_bytes(), false, Sign::Token { class, least, begins_word });
        }
        let usable = |prefix: &&String| {
            (4..=64).contains(&prefix.len())
                && prefix.bytes().all(|byte| (b' '..=b'~').contains(&byte) && byte != b'"' && byte != b'\\')
        };
        for prefix in rules.tokens.iter().filter(usable) {
            // As it is, and as Go's encoder writes it.
            let escaped = prefix.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
            for needle in [(escaped != *prefix).then_some(&escaped), Some(prefix)].into_iter().flatten() {
                let sign = Sign::Token { class: TOKEN, least: 1, begins_word: false };
                add(needle.as_bytes(), false, sign);
            }
        }
        Patterns {
            names,
            needles,
            signs,
            is_on: [
                is_on(Kind::Token),
                is_on(Kind::PrivateKey),
                is_on(Kind::UrlCredentials),
                is_on(Kind::Env),
                is_on(Kind::SecretData),
            ],
            secret: memchr::memmem::Finder::new("Secret"),
            quoted: memchr::memmem::Finder::new("\":"),
            quoted_twice: memchr::memmem::Finder::new("\\\":"),
            dashes: memchr::memmem::Finder::new("--"),
        }
    }

    /// What is secret in a text. `nested` is how deep it is in others. Answers whether an object in it says that it is a
    /// Secret; of JSON that is left to `json`.
    pub(super) fn find(&self, bytes: &[u8], form: Form, nested: Depth<'_>, found: &mut Vec<Found>) -> bool {
        let [tokens, private_keys, credentials, env, data] = self.is_on;
        let mut seen = Seen::default();
        self.needles.find(bytes, |word, at| {
            let after = at + self.needles.len_of(word);
            match self.signs[word] {
                Sign::Token { class, least, begins_word }
                    if tokens && at >= seen.token && (!begins_word || is_word_begin(bytes, at)) =>
                {
                    seen.token = token(bytes, form, at, after, class, least, found).max(seen.token);
                }
                Sign::Bearer if tokens && at >= seen.bearer => {
                    seen.bearer = bearer(bytes, at, after, found);
                }
                Sign::Bootstrap if tokens => bootstrap(bytes, at, after, found),
                Sign::Login if tokens => assigned::login(bytes, form, after - 1, &mut seen.user, found),
                Sign::Basic if tokens => basic(bytes, after - 1, found),
                Sign::Json64 => {
                    let is_jwt = tokens && jwt(bytes, form, at, &mut seen, found);
                    if !is_jwt && !nested.is_most() {
                        seen.text64 = encoded::base64(self, bytes, form, at, seen.text64, nested, found);
                    }
                }
                Sign::Text64 if !nested.is_most() => {
                    seen.text64 = encoded::base64(self, bytes, form, at, seen.text64, nested, found);
                }
                Sign::DataUrl if !nested.is_most() && at >= seen.data_url => {
                    seen.data_url = encoded::data_url(self, bytes, form, (at, after), nested, found);
                }
                Sign::Pem if private_keys => seen.key = keys::pem(bytes, form, at, seen.key, found),
                Sign::Pem64 if private_keys => {
                    seen.key64 = keys::base64(bytes, form, at, seen.key64, found);
                }
                Sign::Url if credentials => urls::credentials(bytes, form, at, after, found),
                Sign::GoDsn if credentials => urls::go_dsn(bytes, at, found),
                Sign::Header if tokens => assigned::header(bytes, form, after, &self.names, found),
                Sign::Authorization if tokens => assigned::authorization(bytes, form, after, found),
                Sign::Cookie if tokens => assigned::cookie(bytes, form, after, found),
                Sign::Value if env => assigned::below_name(bytes, form, after - 1, &self.names, found),
                Sign::Auth if tokens => assigned::auth(bytes, after - 1, found),
                Sign::Middle { before, after: least } if tokens && at >= seen.token => {
                    middle(bytes, form, at..after, before, least, found);
                }
                _ => {}
            }
        });
        if env {
            for at in memchr::memchr_iter(b'=', bytes) {
                assigned::equals(bytes, form, at, &self.names, found);
            }
            for at in self.dashes.find_iter(bytes) {
                assigned::argument(bytes, form, at, &self.names, found);
            }
            let (quoted, before) = match form {
                Form::Json => (&self.quoted_twice, 1),
                Form::Plain => (&self.quoted, 0),
            };
            for at in quoted.find_iter(bytes) {
                assigned::quoted(bytes, form, at + before, &self.names, found);
            }
        }
        let mut embeds = false;
        if data {
            let patience = manifests::Patience::with(bytes);
            for at in self.secret.find_iter(bytes) {
                embeds |= bytes[..at].ends_with(b"\"kind\":\"");
                manifests::around(bytes, form, at, &patience, found);
            }
        }
        embeds
    }
}

/// Whether what begins there is the beginning of a word.
fn is_word_begin(bytes: &[u8], at: usize) -> bool {
    at.checked_sub(1).is_none_or(|before| {
        !is(bytes[before], LETTERS) || is_within_escape(bytes, before) || is_percent(bytes, before)
    })
}

/// Whether a byte is the last one of a byte as URLs escape it.
fn is_percent(bytes: &[u8], at: usize) -> bool {
    at >= 2 && bytes[at - 2] == b'%' && bytes[at - 1].is_ascii_hexdigit() && bytes[at].is_ascii_hexdigit()
}

/// Two to five parts of base64url, of which the first is that of an object. Answers whether it is one for sure.
fn jwt(bytes: &[u8], form: Form, at: usize, seen: &mut Seen, found: &mut Vec<Found>) -> bool {
    if at < seen.jwt || form == Form::Json && is_within_escape(bytes, at) {
        return false;
    }
    let mut end = run(bytes, at, URL64);
    let mut text = decode(&bytes[at..end]).skip(1).skip_while(|byte| b" \t\r\n".contains(byte));
    if text.next() != Some(b'"') || end - at < MIN_JWT_HEADER_BYTES {
        return false;
    }
    // What begins later in the same part does not end otherwise.
    seen.jwt = end;
    let mut dots = 0;
    let mut is_complete = true;
    while dots < 4 && bytes.get(end) == Some(&b'.') {
        let next = run(bytes, end + 1, URL64);
        // Only the third part, the signature, may be empty.
        if next == end + 1 && dots != 1 {
            is_complete = dots > 1;
            break;
        }
        (end, dots) = (next, dots + 1);
    }
    let is_certain = dots >= 2 && is_complete;
    if is_certain {
        seen.jwt = end;
    }
    // What reaches the end of the text may go on.
    let is_last = run(bytes, end, JWT) == bytes.len();
    let open = is_last.then_some(Open { resume: bytes.len(), rest: Rest::Class(JWT) });
    push(found, at, at..end, Kind::Token, is_certain, open);
    is_certain
}

/// Notes what was found, if it is secret or may go on as such.
pub(super) fn push(
    found: &mut Vec<Found>,
    from: usize,
    range: std::ops::Range<usize>,
    kind: Kind,
    is_certain: bool,
    open: Option<Open>,
) {
    if is_certain || open.is_some() {
        found.push(Found {
            from,
            start: range.start,
            end: range.end,
            kind,
            with: REDACTED.into(),
            is_certain,
            open,
        });
    }
}

/// A token with a prefix, all of it. Answers where to look on: what is too short is not long enough to matter if it is read again.
fn token(
    bytes: &[u8],
    form: Form,
    at: usize,
    after: usize,
    class: u16,
    least: usize,
    found: &mut Vec<Found>,
) -> usize {
    if form == Form::Json && is_within_escape(bytes, at) {
        return after;
    }
    let end = run(bytes, after, class);
    let open = (end == bytes.len()).then_some(Open { resume: end, rest: Rest::Class(class) });
    // Of two alphabets that are part of others, a word may go on with what is in none.
    let goes_on = class == UPPER && bytes.get(end).is_some_and(|&byte| is(byte, LETTERS));
    let is_certain = end - after >= least && !goes_on;
    push(found, at, at..end, Kind::Token, is_certain, open);
    if is_certain { end } else { after }
}

/// A token that is known by what is in its middle.
fn middle(
    bytes: &[u8],
    form: Form,
    at: std::ops::Range<usize>,
    before: usize,
    least: usize,
    found: &mut Vec<Found>,
) {
    let mut start = at.start;
    while start > 0 && at.start - start < 64 && is(bytes[start - 1], URL64) {
        start -= 1;
    }
    if form == Form::Json && is_within_escape(bytes, start) {
        start += 1;
    }
    if at.start.saturating_sub(start) >= before {
        token(bytes, Form::Plain, start, at.end, URL64, least, found);
    }
}

/// A token, and not the next word of a sentence: in a header's place any, elsewhere one that is no plain word. Answers where it ends: `bearer+`
/// within a token is a part of it, as a token with a plus sign is no plain word.
fn bearer(bytes: &[u8], at: usize, after: usize, found: &mut Vec<Found>) -> usize {
    let start = after_blanks(bytes, after);
    let end = run(bytes, start, TOKEN);
    let open = (end == bytes.len()).then_some(Open { resume: end, rest: Rest::Class(TOKEN) });
    let token = &bytes[start..end];
    let word = token.strip_suffix(b".").unwrap_or(token);
    let is_no_token = word.is_empty() || NO_TOKENS.iter().any(|other| word.eq_ignore_ascii_case(other));
    let is_plain = word.len() < 24 && word.iter().skip(1).all(u8::is_ascii_lowercase);
    let ends = match bytes.get(end..).unwrap_or_default() {
        [b' ', next, ..] => !next.is_ascii_alphanumeric(),
        _ => true,
    };
    let before = bytes[..at].iter().rev().find(|&&byte| byte != b' ').copied();
    let is_value = before.is_none_or(|byte| !is(byte, LETTERS) && !b".,;)".contains(&byte));
    let is_header = ends_with(bytes[..at].trim_ascii_end(), b"authorization:");
    let is_certain = !is_no_token && (!is_plain || is_header || is_value && ends);
    push(found, at, start..end, Kind::Token, is_certain, open);
    end
}

/// A bootstrap token, such as kubeadm's, where something says that it is one: six characters, a dot, 16 characters. Events have names of
/// the same form.
fn bootstrap(bytes: &[u8], at: usize, after: usize, found: &mut Vec<Found>) {
    const MAX_BETWEEN: usize = 8;
    let between = bytes[after..].iter().take_while(|byte| b" \t:=\"'\\[".contains(byte)).count();
    let start = after + between;
    let is_part = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let Some((text, rest)) = bytes[start..].split_at_checked(23) else { return };
    let (id, secret) = text.split_at(6);
    let is_token = id.iter().all(is_part) && secret[0] == b'.' && secret[1..].iter().all(is_part);
    let ends = rest.first().is_none_or(|&byte| !is(byte, LETTERS) && byte != b'.');
    let is_certain = (1..=MAX_BETWEEN).contains(&between) && is_token && ends;
    push(found, at, start..start + text.len(), Kind::Token, is_certain, None);
}

fn ends_with(text: &[u8], word: &[u8]) -> bool {
    text.len() >= word.len() && text[text.len() - word.len()..].eq_ignore_ascii_case(word)
}

/// HTTP's basic authentication: base64 of user, colon, password.
fn basic(bytes: &[u8], blank: usize, found: &mut Vec<Found>) {
    let start = after_blanks(bytes, blank);
    let mut end = run(bytes, start, BASE64);
    let is_certain = is_user_and_password(&bytes[start..end]);
    while bytes.get(end) == Some(&b'=') {
        end += 1;
    }
    let open = (end == bytes.len()).then_some(Open { resume: end, rest: Rest::Class(TOKEN) });
    push(found, blank - b"basic".len(), start..end, Kind::Token, is_certain, open);
}

/// Whether base64 is that of a user, a colon and a password.
pub(super) fn is_user_and_password(base64: &[u8]) -> bool {
    decode(base64).any(|byte| byte == b':') && decode(base64).all(|byte| byte >= b' ')
}
