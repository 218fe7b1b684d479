//! Users and passwords in URLs, also where people write what they should have escaped.

use super::body::Rest;
use super::bytes::{AUTHORITY, is, unit};
use super::text::{Form, push};
use super::{Found, Kind, Open, REDACTED};

/// How far a password may go that has blanks or quotes.
const MAX_PASSWORD_BYTES: usize = 256;

/// The part before the last `@` of a URL's authority, which begins at `start`. A password may hold `/`, `?`, `#`, quotes and blanks:
/// after a user and a colon that begins no port, it ends at the last `@` of the first word that has one.
pub(super) fn credentials(bytes: &[u8], form: Form, from: usize, start: usize, found: &mut Vec<Found>) {
    let (mut at, mut sign, mut colon) = (start, None, None);
    // Up to here the authority goes by its grammar.
    let mut is_authority = true;
    while at < bytes.len() {
        let (byte, len) = match form {
            Form::Json if bytes[at] == b'"' => break,
            Form::Json => unit(bytes, at),
            Form::Plain => (bytes[at], 1),
        };
        if is_authority && !is(byte, AUTHORITY) {
            is_authority = false;
            let begins = colon == Some(at) && b"/#?".contains(&byte);
            let has_password =
                colon.is_some_and(|colon| sign.is_some() || begins || !is_port(&bytes[colon..at]));
            if !has_password || bytes[start] == b'[' {
                break;
            }
        }
        if !is_authority {
            let is_break = sign.is_some() && b" \"'<>`,)".contains(&byte);
            if is_break || byte < b' ' || at - start > MAX_PASSWORD_BYTES || bytes[at..].starts_with(b"://") {
                break;
            }
        }
        match byte {
            b'@' if is_authority => sign = Some(at),
            b'@' if is_host(&bytes[at + 1..]) && !is_digest(&bytes[at..]) => sign = Some(at),
            b':' if is_authority && colon.is_none() => colon = Some(at + len),
            _ => {}
        }
        at += len;
    }
    let open = (at >= bytes.len() && is_authority)
        .then_some(Open { resume: bytes.len(), rest: Rest::Class(AUTHORITY) });
    let end = sign.unwrap_or(start);
    // Of git's servers everybody knows the user.
    let is_known = matches!(&bytes[start..end], b"" | b"git") || bytes[start..end] == *REDACTED.as_bytes();
    let is_certain = !is_known && !is_digest(&bytes[end..]);
    push(found, from, start..end, Kind::UrlCredentials, is_certain, open);
}

/// Whether what follows a colon is a port, and not a password.
fn is_port(text: &[u8]) -> bool {
    let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    digits <= 5 && text.get(digits).is_none_or(|byte| !byte.is_ascii_alphanumeric())
}

/// Whether a host could begin there.
fn is_host(text: &[u8]) -> bool {
    text.first().is_some_and(|&byte| byte.is_ascii_alphanumeric() || byte == b'[' || byte == b'/')
}

/// An image by its digest, as in `docker-pullable://nginx@sha256:0123…`: there is no host of that name.
fn is_digest(text: &[u8]) -> bool {
    let hex = text.strip_prefix(b"@sha256:").or_else(|| text.strip_prefix(b"@sha512:")).unwrap_or_default();
    hex.len() >= 32 && hex[..32].iter().all(u8::is_ascii_hexdigit)
}

/// `user:password@tcp(host:3306)/db`, the form of Go's MySQL driver, whose `@` is at an offset.
pub(super) fn go_dsn(bytes: &[u8], at: usize, found: &mut Vec<Found>) {
    let before = &bytes[at.saturating_sub(MAX_PASSWORD_BYTES)..at];
    let is_part = |&&byte: &&u8| byte > b' ' && !b"\"'`\\".contains(&byte);
    let text = &before[before.len() - before.iter().rev().take_while(is_part).count()..];
    let Some(colon) = text.iter().position(|&byte| byte == b':') else { return };
    let name = text[..colon].iter().rposition(|&byte| byte == b'=').map_or(0, |equals| equals + 1);
    let start = at - (text.len() - name);
    push(found, start, start..at, Kind::UrlCredentials, true, None);
}
