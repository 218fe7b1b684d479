//! The query of a subresource or a raw path: which parameters exist, and which values they may have.
//!
//! A pod's log takes the parameters of Kubernetes' `PodLogOptions` that limit it or choose a part of it. The API server reads
//! any text except `false` as true, uses the first of two values, and reads `+` as a space. So a value must have the form that
//! Kubernetes documents, must occur once, and is sent as it was judged. [`rights`](crate::rights) decides whether it may be asked for.

use wagather_abi::Verb;
use wagather_abi::limits::MAX_SELECTOR_BYTES;
use wagather_abi::manifest::is_name;
use wagather_base::percent::{decode_strict, encode};

/// The form that a value must have, and the words for it.
type Form = (fn(&str) -> bool, &'static str);

const NAME: Form = (is_name, "a plain name");
const COUNT: Form = (is_number, "a number");
const ABOVE_ZERO: Form =
    (|value| is_number(value) && value.bytes().any(|byte| byte != b'0'), "a number above 0");
const SWITCH: Form = (|value| matches!(value, "true" | "false"), "true or false");
const TIME: Form = (is_time, "an RFC 3339 timestamp, such as 2024-05-02T11:00:00Z");

/// The parameters of a pod's log. `follow` is missing, because its answer does not end.
const LOG: &[(&str, Form)] = &[
    ("container", NAME),
    ("limitBytes", ABOVE_ZERO),
    ("previous", SWITCH),
    ("sinceSeconds", ABOVE_ZERO),
    ("sinceTime", TIME),
    ("tailLines", COUNT),
    ("timestamps", SWITCH),
];

/// The parameters of health endpoints. `exclude` may occur several times.
const RAW: &[&str] = &["exclude", "verbose"];

/// The query as it is sent, or why it is refused.
pub(crate) fn canonical(query: &str, verb: Verb, subresource: &str) -> Result<String, String> {
    if query.is_empty() {
        return Ok(String::new());
    }
    if query.len() > MAX_SELECTOR_BYTES {
        return Err(format!("a query of {} bytes; the limit is {MAX_SELECTOR_BYTES}", query.len()));
    }
    match (verb, subresource) {
        (Verb::GET, "log") => log(query),
        (Verb::RAW, _) => raw(query).map(|()| query.to_owned()),
        _ => Err("a query; only logs and raw paths may have one".to_owned()),
    }
}

fn log(query: &str) -> Result<String, String> {
    let mut given: Vec<&str> = Vec::new();
    let mut canonical = String::new();
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let Some((name, (fits, words))) = LOG.iter().find(|(known, _)| *known == name) else {
            let known: Vec<&str> = LOG.iter().map(|(name, _)| *name).collect();
            return Err(format!("a log parameter other than {}", known.join(", ")));
        };
        // A `+` means a plus sign, because no value has a space.
        let Some(value) = decode_strict(value).filter(|value| fits(value)) else {
            return Err(format!("the log's {name} is not {words}"));
        };
        if given.contains(name) {
            return Err(format!("the log's {name} is given twice"));
        }
        given.push(name);
        if !canonical.is_empty() {
            canonical.push('&');
        }
        canonical.push_str(name);
        canonical.push('=');
        encode(&value, &mut canonical);
    }
    if given.contains(&"sinceSeconds") && given.contains(&"sinceTime") {
        return Err("the log's sinceSeconds and sinceTime exclude each other".to_owned());
    }
    Ok(canonical)
}

fn raw(query: &str) -> Result<(), String> {
    let plain = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'%' | b':' | b'+')
    };
    let fits = query.split('&').all(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        RAW.contains(&name) && value.bytes().all(plain)
    });
    if fits { Ok(()) } else { Err(format!("a query with parameters other than {}", RAW.join(" and "))) }
}

/// A number that the API server accepts: an `i64` that is not negative.
fn is_number(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit()) && value.parse::<i64>().is_ok()
}

/// A time as in RFC 3339, at least as strict as the API server: `2024-05-02T11:00:00.5+02:00`.
fn is_time(value: &str) -> bool {
    let number = |at: usize, len: usize| -> Option<u32> {
        let digits = value.get(at..at + len)?;
        if digits.bytes().all(|byte| byte.is_ascii_digit()) { digits.parse().ok() } else { None }
    };
    let separated = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')]
        .iter()
        .all(|&(at, byte)| value.as_bytes().get(at) == Some(&byte));
    let (Some(year), Some(month), Some(day)) = (number(0, 4), number(5, 2), number(8, 2)) else {
        return false;
    };
    let clock = [number(11, 2), number(14, 2), number(17, 2)];
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => 0,
    };
    let Some(mut zone) = value.get(19..) else { return false };
    if let Some(fraction) = zone.strip_prefix('.') {
        zone = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
        if zone.len() == fraction.len() {
            return false;
        }
    }
    let at = value.len() - zone.len();
    let offset = match zone.as_bytes() {
        b"Z" => [Some(0), Some(0)],
        [b'+' | b'-', _, _, b':', _, _] => [number(at + 1, 2), number(at + 4, 2)],
        _ => return false,
    };
    let within = |got: &[Option<u32>], most: &[u32]| {
        got.iter().zip(most).all(|(got, most)| got.is_some_and(|got| got <= *most))
    };
    separated && (1..=days).contains(&day) && within(&clock, &[23, 59, 59]) && within(&offset, &[23, 59])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(query: &str) -> Result<String, String> {
        canonical(query, Verb::GET, "log")
    }

    #[test]
    fn what_a_log_takes() {
        for (query, sent) in [
            ("", ""),
            ("container=web-1", "container=web-1"),
            ("tailLines=0", "tailLines=0"),
            ("tailLines=9223372036854775807", "tailLines=9223372036854775807"),
            ("limitBytes=1&previous=true&timestamps=false", "limitBytes=1&previous=true&timestamps=false"),
            ("sinceSeconds=3600&container=a", "sinceSeconds=3600&container=a"),
            ("sinceTime=2024-02-29T11:00:00Z", "sinceTime=2024-02-29T11%3A00%3A00Z"),
            ("sinceTime=2024-02-29T11%3a00%3A00Z", "sinceTime=2024-02-29T11%3A00%3A00Z"),
            (
                "sinceTime=2024-05-02T11:00:00.123456789-02:30",
                "sinceTime=2024-05-02T11%3A00%3A00.123456789-02%3A30",
            ),
            // In the API server's eyes a bare + is a space.
            ("sinceTime=2024-05-02T11:00:00+02:00", "sinceTime=2024-05-02T11%3A00%3A00%2B02%3A00"),
            ("sinceTime=2024-05-02T11:00:00%2B02:00", "sinceTime=2024-05-02T11%3A00%3A00%2B02%3A00"),
        ] {
            assert_eq!(log(query).as_deref(), Ok(sent), "{query}");
        }
    }

    #[test]
    fn what_a_log_does_not_take() {
        for (query, reason) in [
            ("follow=true", "a log parameter other than container, limitBytes, previous"),
            ("follow=false", "other than"),
            ("pretty=true", "other than"),
            ("insecureSkipTLSVerifyBackend=true", "other than"),
            ("stream=Stdout", "other than"),
            ("TailLines=1", "other than"),
            ("cont%61iner=a", "other than"),
            ("&", "other than"),
            ("tailLines=1&", "other than"),
            ("tailLines", "tailLines is not a number"),
            ("tailLines=", "tailLines is not a number"),
            ("tailLines=-1", "tailLines is not a number"),
            ("tailLines=+1", "tailLines is not a number"),
            ("tailLines=1.5", "tailLines is not a number"),
            ("tailLines=1e3", "tailLines is not a number"),
            ("tailLines=0x10", "tailLines is not a number"),
            ("tailLines= 1", "tailLines is not a number"),
            ("tailLines=%31%", "tailLines is not a number"),
            ("tailLines=%+1", "tailLines is not a number"),
            ("tailLines=%ff", "tailLines is not a number"),
            ("tailLines=١", "tailLines is not a number"),
            ("tailLines=9223372036854775808", "tailLines is not a number"),
            ("limitBytes=0", "limitBytes is not a number above 0"),
            ("limitBytes=000", "limitBytes is not a number above 0"),
            ("limitBytes=64Ki", "limitBytes is not a number above 0"),
            ("sinceSeconds=0", "sinceSeconds is not a number above 0"),
            ("previous", "previous is not true or false"),
            ("previous=1", "previous is not true or false"),
            ("previous=True", "previous is not true or false"),
            ("timestamps=yes", "timestamps is not true or false"),
            ("container=", "container is not a plain name"),
            ("container=a/../b", "container is not a plain name"),
            ("container=a%2Fb", "container is not a plain name"),
            ("container=a%26previous=true", "container is not a plain name"),
            ("container=a=b", "container is not a plain name"),
            ("container=a&container=b", "container is given twice"),
            ("tailLines=1&previous=true&tailLines=1", "tailLines is given twice"),
            ("sinceSeconds=5&sinceTime=2024-05-02T11:00:00Z", "exclude each other"),
        ] {
            let refused = log(query).expect_err(query);
            assert!(refused.contains(reason), "{query}: {refused}");
        }
        assert!(log(&"&tailLines=1".repeat(400)).expect_err("long").contains("the limit is 4096"));
    }

    #[test]
    fn what_is_a_time() {
        for time in ["0001-01-01T00:00:00Z", "2000-02-29T23:59:59.9Z", "2024-12-31T00:00:00-23:59"] {
            assert!(is_time(time), "{time}");
        }
        for time in [
            "",
            "now",
            "1714647600",
            "2024-05-02",
            "2024-05-02T11:00Z",
            "2024-05-02T11:00:00",
            "2024-05-02t11:00:00Z",
            "2024-05-02T11:00:00z",
            "2024-05-02 11:00:00Z",
            "2024-05-02T11:00:00.Z",
            "2024-05-02T11:00:00,5Z",
            "2024-05-02T11:00:00+0200",
            "2024-05-02T11:00:00+02:60",
            "2024-05-02T11:00:00+2:000",
            "2024-05-02T11:00:00ZZ",
            "2024-05-02T24:00:00Z",
            "2024-05-02T11:60:00Z",
            "2024-05-02T11:00:60Z",
            "2024-13-01T11:00:00Z",
            "2024-00-01T11:00:00Z",
            "2024-04-31T11:00:00Z",
            "2023-02-29T11:00:00Z",
            "1900-02-29T11:00:00Z",
            "2024-05-00T11:00:00Z",
            "+024-05-02T11:00:00Z",
            "2024-05-02T11:00:0ä",
            "２024-05-02T11:00:00Z",
        ] {
            assert!(!is_time(time), "{time}");
        }
    }

    #[test]
    fn others() {
        for (query, verb, subresource, is_fine) in [
            ("verbose", Verb::RAW, "", true),
            ("verbose=&exclude=etcd&exclude=ping", Verb::RAW, "", true),
            ("follow=true", Verb::RAW, "", false),
            ("tailLines=1", Verb::RAW, "", false),
            ("verbose&watch", Verb::RAW, "", false),
            ("exclude=a b", Verb::RAW, "", false),
            ("verbose", Verb::GET, "", false),
            ("tailLines=1", Verb::GET, "status", false),
            ("watch=true", Verb::LIST, "", false),
        ] {
            let canonical = canonical(query, verb, subresource);
            assert_eq!(canonical.is_ok(), is_fine, "{query}: {canonical:?}");
            assert_eq!(canonical.as_deref().unwrap_or(query), query, "as it was");
        }
    }
}
