//! Values in a text whose name says that they are secret: `PASSWORD=…`, `--token=…`, `"password":"…"` within a string, headers.

use super::bytes::{NAME, after_blanks, is, level_of_quote, run, unit};
use super::names::{Names, is_harmless_value};
use super::text::{Form, is_user_and_password, push};
use super::{Found, Kind};
use std::ops::Range;

/// The longest name that is checked.
const MAX_NAME_BYTES: usize = 80;

/// The longest value. A longer one is not a password that somebody typed.
const MAX_VALUE_BYTES: usize = 4096;

/// The name that ends at an offset.
fn name_before(bytes: &[u8], end: usize) -> Range<usize> {
    let mut start = end;
    while start > 0 && end - start < MAX_NAME_BYTES && is(bytes[start - 1], NAME) {
        start -= 1;
    }
    // The letter of an escape does not belong to the name.
    if start > 0 && bytes[start - 1] == b'\\' && start < end {
        start = (start + if bytes[start] == b'u' { 5 } else { 1 }).min(end);
    }
    start..end
}

/// How many backslashes are before an offset.
fn backslashes(bytes: &[u8], at: usize) -> usize {
    bytes[..at].iter().rev().take(64).take_while(|&&byte| byte == b'\\').count()
}

/// The range of a value that may be in quotes, without the quotes. Without quotes, it ends at a blank or at the next
/// assignment.
fn value_at(bytes: &[u8], form: Form, start: usize) -> Range<usize> {
    let limit = bytes.len().min(start + MAX_VALUE_BYTES);
    let limit = if form == Form::Json { start + end_of_string(&bytes[start..limit]) } else { limit };
    let slashes = bytes[start..limit].iter().take_while(|&&byte| byte == b'\\').count();
    let quote = bytes[start..limit].get(slashes).copied().unwrap_or_default();
    if matches!(quote, b'"' | b'\'') && (slashes > 0 || form == Form::Plain || quote == b'\'') {
        let begin = start + slashes + 1;
        return match closing_quote(&bytes[..limit], begin, quote, slashes) {
            Some(end) => begin..end,
            // The string ends within the quotes.
            None if form == Form::Json && quote == b'"' && bytes.get(limit) == Some(&b'"') => begin..limit,
            None => begin..begin,
        };
    }
    // An expression of a template is one word. It ends where its text does.
    let text = &bytes[start..limit];
    if text.starts_with(b"{{")
        && let Some(len) = memchr::memmem::find(text, b"}}")
    {
        return start..start + len + 2;
    }
    let mut end = start;
    while end < limit {
        let (byte, len) = if form == Form::Json { unit(bytes, end) } else { (bytes[end], 1) };
        let next = bytes.get(end + len).copied().unwrap_or_default();
        let ends = byte == b'\\' && b"ntr\"'\\".contains(&next);
        if byte <= b' ' || b"\"'`".contains(&byte) || ends {
            break;
        }
        end = limit.min(end + len);
    }
    for at in start..end {
        let next = at + 1;
        if b"&;,".contains(&bytes[at]) {
            let name = run(&bytes[..end], next, NAME);
            if name > next && matches!(bytes.get(name), Some(b'=')) {
                end = at;
                break;
            }
        }
    }
    start..start + without_what_follows(&bytes[start..end])
}

/// Where a string of JSON that begins before these bytes ends: at its closing quote, if that is among them.
fn end_of_string(bytes: &[u8]) -> usize {
    let is_closing =
        |&at: &usize| bytes[..at].iter().rev().take_while(|&&byte| byte == b'\\').count() % 2 == 0;
    memchr::memchr_iter(b'"', bytes).find(is_closing).unwrap_or(bytes.len())
}

/// The length of a value without the characters at its end that belong to the text around it: they close something that the value does not
/// open, or end the sentence. Each kind of bracket is looked for once, however many there are at the end.
fn without_what_follows(value: &[u8]) -> usize {
    let opened_at = |open: u8| memchr::memchr(open, value).unwrap_or(value.len());
    let mut brackets = [(b')', b'(', None), (b']', b'[', None), (b'}', b'{', None), (b'>', b'<', None)];
    let mut len = value.len();
    while let Some(&last) = value[..len].last() {
        let bracket = brackets.iter_mut().find(|(close, ..)| *close == last);
        let follows = match bracket {
            Some((_, open, first)) => *first.get_or_insert_with(|| opened_at(*open)) >= len,
            None => b",;.:".contains(&last),
        };
        if !follows {
            break;
        }
        len -= 1;
    }
    len
}

/// The quote that closes a value whose opening quote has this many backslashes.
fn closing_quote(bytes: &[u8], from: usize, quote: u8, slashes: usize) -> Option<usize> {
    let level = level_of_quote(slashes);
    for offset in memchr::memchr_iter(quote, &bytes[from..]) {
        let at = from + offset;
        let before = backslashes(&bytes[from..], offset);
        if level_of_quote(before) <= level {
            return Some(at - slashes.min(before));
        }
    }
    None
}

/// `NAME=value` and `name = "value"`.
pub(super) fn equals(bytes: &[u8], form: Form, at: usize, names: &Names, found: &mut Vec<Found>) {
    let before = at.checked_sub(1).map_or(0, |before| bytes[before]);
    let after = bytes.get(at + 1).copied().unwrap_or_default();
    if b"=!<>~".contains(&before) || b"=~>".contains(&after) {
        return;
    }
    let mut end = if before == b':' { at - 1 } else { at };
    while end > 0 && at - end < 8 && bytes[end - 1] == b' ' {
        end -= 1;
    }
    let has_blanks = end < at;
    let name = name_before(bytes, end);
    if name.is_empty() || !(names.tells(&bytes[name.clone()]) || is_of_what_is_before(bytes, &name, at + 1)) {
        return;
    }
    let mut start = at + 1;
    while has_blanks && bytes.get(start) == Some(&b' ') {
        start += 1;
    }
    let value = value_at(bytes, form, start);
    // With blanks around the sign, only a quoted text is a value. The next word is not.
    let is_value = !has_blanks || value.start > start;
    let is_certain = is_value && is_value_of(&bytes[value.clone()], &bytes[name.clone()]);
    push(found, name.start, value, Kind::Env, is_certain, None);
}

/// Whether a name tells because of what is before it: the signature of a URL that grants access, `&sig=…` or `&X-Amz-Signature=…`, and the
/// password of a connection string, `;Pwd=…`. Elsewhere, `PWD` is the folder of a shell.
fn is_of_what_is_before(bytes: &[u8], name: &Range<usize>, value: usize) -> bool {
    /// The shortest signature, in base64.
    const MIN_SIGNATURE_BYTES: usize = 20;
    // Also `\u0026` and `&amp;`.
    let Some(before @ (b'?' | b'&' | b';' | b'6')) = bytes[..name.start].trim_ascii_end().last() else {
        return false;
    };
    let name = bytes[name.clone()].to_ascii_lowercase();
    match &*name {
        b"pwd" => *before == b';' && !matches!(bytes.get(value), Some(b'/' | b'~')),
        _ => {
            (name == b"sig" || name.ends_with(b"signature"))
                && run(bytes, value, NAME) >= value + MIN_SIGNATURE_BYTES
        }
    }
}

/// `--password hunter2`, and `"--password","hunter2"` in a list of arguments. The dashes are at an offset.
pub(super) fn argument(bytes: &[u8], form: Form, at: usize, names: &Names, found: &mut Vec<Found>) {
    let start = at + 2;
    let end = run(bytes, start, NAME);
    let name = &bytes[start..end.min(start + MAX_NAME_BYTES)];
    // The end of the name is compared first: most options fail it.
    if !name.first().is_some_and(u8::is_ascii_alphanumeric) || !takes_secret(name) || !names.tells(name) {
        return;
    }
    let (value, is_argument) = if bytes.get(end) == Some(&b' ') {
        let value = value_at(bytes, form, end + 1);
        let text = &bytes[value.clone()];
        // Not the next word of a sentence, nor `<password>` as Go's encoder writes it.
        (
            value,
            !text.starts_with(b"\\")
                && text.iter().any(|byte| byte.is_ascii_digit() || b"!@#%^&*+".contains(byte)),
        )
    } else {
        let slashes = bytes[end..].iter().take_while(|&&byte| byte == b'\\').count();
        let is_string = bytes[end + slashes..].starts_with(b"\",") && bytes[..at].ends_with(b"\"");
        (string_after(bytes, end + slashes + 2, slashes), is_string)
    };
    let text = &bytes[value.clone()];
    let is_certain = is_argument && is_value_of(text, name) && !matches!(text.first(), Some(b'-' | b'/'));
    push(found, at, value, Kind::Env, is_certain, None);
}

/// Whether an option has a secret as its value, by the end of its name: not `--no-password`, `--password-stdin` or `--token-ca-cert-hash`.
fn takes_secret(name: &[u8]) -> bool {
    const LAST: [&[u8]; 7] = [b"password", b"passwd", b"passphrase", b"pass", b"token", b"secret", b"key"];
    const FIRST: [&[u8]; 4] = [b"no-", b"use-", b"require-", b"enable-"];
    LAST.iter().any(|last| name.ends_with(last)) && !FIRST.iter().any(|first| name.starts_with(first))
}

/// A variable in YAML: `value: …` below `name: …`. The colon is at an offset.
pub(super) fn below_name(bytes: &[u8], form: Form, colon: usize, names: &Names, found: &mut Vec<Found>) {
    const NAME_KEY: &[u8] = b"name: ";
    let key = colon - b"value".len();
    let lines = &bytes[key.saturating_sub(2 * MAX_NAME_BYTES)..key];
    let Some(at) = memchr::memmem::rfind(lines, NAME_KEY) else { return };
    let quotes = |byte: &u8| b" \"'\\".contains(byte);
    let (first, text) = lines.split_at(at);
    let from = NAME_KEY.len() + text[NAME_KEY.len()..].iter().take_while(|byte| quotes(byte)).count();
    let end = run(text, from, NAME);
    let name = &text[from..end];
    // Only a line feed is between, which may be escaped.
    let is_next = text[end..].iter().all(|byte| quotes(byte) || b"\nn".contains(byte));
    let are_lines =
        is_next && begins_line(lines) && begins_line(first) && bytes.get(colon + 1) == Some(&b' ');
    if !are_lines || !names.tells(name) {
        return;
    }
    let value = value_at(bytes, form, after_blanks(bytes, colon + 1));
    let is_certain = is_value_of(&bytes[value.clone()], name);
    push(found, key, value, Kind::Env, is_certain, None);
}

/// A header with cookies. What ends its name is at an offset.
pub(super) fn cookie(bytes: &[u8], form: Form, end: usize, found: &mut Vec<Found>) {
    /// The shortest value that is one of a session, or several values.
    const MIN_BYTES: usize = 8;
    let Some(start) = after_colon(bytes, form, end) else { return };
    let limit = bytes.len().min(start + MAX_VALUE_BYTES);
    let is_part = |&&byte: &&u8| byte >= b' ' && !b"\"'`\\]".contains(&byte);
    let len = bytes[start..limit].iter().take_while(is_part).count();
    let text = &bytes[start..start + len];
    let is_certain = memchr::memchr(b'=', text).is_some_and(|at| at > 0 && len - at > MIN_BYTES);
    push(found, end, start..start + len, Kind::Token, is_certain, None);
}

/// `"name":"value"` in JSON, or in JSON within a string. What is no string says no secret. The quote after the name is at an offset.
pub(super) fn quoted(bytes: &[u8], form: Form, at: usize, names: &Names, found: &mut Vec<Found>) {
    let slashes = backslashes(bytes, at);
    if form == Form::Json && slashes == 0 {
        return;
    }
    let end = at - slashes;
    let name = name_before(bytes, end);
    let opens = name.start > 0 && bytes[name.start - 1] == b'"';
    if !opens || name.is_empty() {
        return;
    }
    let is_auth = bytes[name.clone()] == *b"auth";
    let value = string_after(bytes, at + 2, slashes);
    if value.is_empty() || !is_auth && !names.tells(&bytes[name.clone()]) {
        return;
    }
    let text = &bytes[value.clone()];
    let is_certain =
        if is_auth { is_user_and_password(text) } else { is_value_of(text, &bytes[name.clone()]) };
    push(found, name.start, value, Kind::Env, is_certain, None);
}

/// The string after a colon, whose quotes have so many backslashes; it may be the first one of an array.
fn string_after(bytes: &[u8], mut start: usize, slashes: usize) -> Range<usize> {
    while bytes.get(start).is_some_and(|&byte| byte == b' ' || byte == b'[') {
        start += 1;
    }
    let begin = start + slashes + 1;
    let opens = bytes
        .get(start..begin)
        .is_some_and(|text| text[slashes] == b'"' && text[..slashes].iter().all(|&byte| byte == b'\\'));
    if !opens {
        return start.min(bytes.len())..start.min(bytes.len());
    }
    let limit = bytes.len().min(begin + MAX_VALUE_BYTES);
    let end = closing_quote(&bytes[..limit], begin, b'"', slashes).unwrap_or(limit);
    begin..end.max(begin)
}

/// A registry's `auth`: base64 of user, colon, password. The quote after the name is at an offset.
pub(super) fn auth(bytes: &[u8], at: usize, found: &mut Vec<Found>) {
    let mut colon = at + 1;
    while bytes.get(colon) == Some(&b' ') {
        colon += 1;
    }
    if bytes.get(colon) != Some(&b':') {
        return;
    }
    let value = string_after(bytes, colon + 1, backslashes(bytes, at));
    let is_certain = value.len() >= 4 && is_user_and_password(&bytes[value.clone()]);
    push(found, at, value, Kind::Token, is_certain, None);
}

/// A header whose name tells, such as `X-Vault-Token: …`. What ends its name is at an offset.
pub(super) fn header(bytes: &[u8], form: Form, end: usize, names: &Names, found: &mut Vec<Found>) {
    let Some(start) = after_colon(bytes, form, end) else { return };
    let name = name_before(bytes, end);
    if !names.tells(&bytes[name.clone()]) {
        return;
    }
    let value = value_at(bytes, form, start);
    let is_certain = is_value_of(&bytes[value.clone()], &bytes[name.clone()]);
    push(found, name.start, value, Kind::Token, is_certain, None);
}

/// `Authorization:` with any scheme but those that are known without it.
pub(super) fn authorization(bytes: &[u8], form: Form, end: usize, found: &mut Vec<Found>) {
    let Some(start) = after_colon(bytes, form, end) else { return };
    let limit = bytes.len().min(start + MAX_VALUE_BYTES);
    let is_part = |&&byte: &&u8| byte >= b' ' && !b"\"'`\\\n]".contains(&byte);
    let text = &bytes[start..start + bytes[start..limit].iter().take_while(is_part).count()];
    let scheme = text.iter().position(|&byte| byte == b' ');
    let from = scheme.map_or(0, |blank| blank + 1);
    let known: [&[u8]; 2] = [b"bearer", b"basic"];
    if scheme.is_some_and(|blank| known.iter().any(|scheme| text[..blank].eq_ignore_ascii_case(scheme))) {
        return;
    }
    let first = text[from..].split(|&byte| byte == b' ').next().unwrap_or_default();
    let is_certain = first.len() >= 8
        && !is_harmless_value(first)
        && first.iter().any(|byte| !byte.is_ascii_lowercase() && *byte != b'-');
    push(found, end, start + from..start + text.len(), Kind::Token, is_certain, None);
}

/// Where a value begins after a colon, which may follow a quote: `Name: `, `"Name": "`, `Name:[`. An escape other than a quote ends the line.
/// The value of a member is a string, and a string that ends at the colon has none.
fn after_colon(bytes: &[u8], form: Form, at: usize) -> Option<usize> {
    let after = |mut at: usize, signs: &[u8]| loop {
        let slashes = backslashes_from(bytes, at);
        match bytes.get(at + slashes)? {
            b'"' if form == Form::Json && level_of_quote(slashes) == 0 => {
                return Some((at + slashes + 1, true));
            }
            b'"' | b'\'' => at += slashes + 1,
            sign if slashes == 0 && signs.contains(sign) => at += 1,
            _ => return (slashes == 0).then_some((at, false)),
        }
    };
    let (colon, is_member) = after(at, b"")?;
    if bytes.get(colon) != Some(&b':') {
        return None;
    }
    let (value, begins) = after(colon + 1, b" [")?;
    (is_member == begins).then_some(value)
}

/// How many backslashes begin at an offset.
fn backslashes_from(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().take_while(|&&byte| byte == b'\\').count()
}

/// Where the last `user:` of a text is that a line begins with, up to where was looked.
#[derive(Default)]
pub(super) struct User {
    at: Option<usize>,
    looked: usize,
}

/// A value of a user in a kubeconfig that is written as YAML: `token: …` on a line of its own, below `user:`. Its colon is at an offset.
pub(super) fn login(bytes: &[u8], form: Form, colon: usize, user: &mut User, found: &mut Vec<Found>) {
    const KEYS: [&[u8]; 6] =
        [b"token", b"password", b"client-secret", b"id-token", b"access-token", b"refresh-token"];
    const USER: &[u8] = b"user:";
    /// How far before it `user:` may be: certificates may be between.
    const MAX_BEFORE: usize = 16 << 10;
    let name = name_before(bytes, colon);
    let is_key = KEYS.contains(&&bytes[name.clone()]) && bytes.get(colon + 1) == Some(&b' ');
    if !is_key || !begins_line(&bytes[..name.start]) {
        return;
    }
    if user.looked < name.start {
        let last = memchr::memmem::find_iter(&bytes[user.looked..name.start], USER)
            .map(|at| user.looked + at)
            .filter(|&at| begins_line(&bytes[..at]))
            .last();
        *user = User { at: last.or(user.at), looked: name.start };
    }
    if user.at.is_none_or(|at| name.start.saturating_sub(at) > MAX_BEFORE) {
        return;
    }
    let start = after_blanks(bytes, colon + 1);
    let value = value_at(bytes, form, start);
    let is_certain = !value.is_empty() && !is_harmless_value(&bytes[value.clone()]);
    push(found, name.start, value, Kind::Token, is_certain, None);
}

/// Whether a line or a string begins here, but for blanks and dashes. Line feeds may be escaped.
fn begins_line(text: &[u8]) -> bool {
    let indent = text.iter().rev().take_while(|byte| b" -".contains(byte)).count();
    let rest = &text[..text.len() - indent];
    rest.is_empty() || [&b"\n"[..], b"\\n", b"\""].iter().any(|end| rest.ends_with(end))
}

/// Whether a value looks like what its name promises.
pub(crate) fn is_value_of(value: &[u8], name: &[u8]) -> bool {
    const METHODS: [&[u8]; 12] = [
        b"basic",
        b"bearer",
        b"ldap",
        b"oidc",
        b"oauth",
        b"oauth2",
        b"saml",
        b"kerberos",
        b"plain",
        b"login",
        b"required",
        b"optional",
    ];
    let name = name.to_ascii_lowercase();
    let is_counted = name.ends_with(b"tokens") && value.iter().all(u8::is_ascii_digit);
    let is_method =
        name.ends_with(b"auth") && METHODS.iter().any(|method| value.eq_ignore_ascii_case(method));
    !is_harmless_value(value) && !is_counted && !is_method
}
