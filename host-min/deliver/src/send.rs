//! One archive to its destination, as often as it takes and as long as there is time.

use std::fs::File;
use std::time::{Duration, Instant};

use crate::body::{Body, Digest};
use crate::destination::Destination;
use crate::fields;
use crate::receipt::Receipt;
use crate::retry::{Verdict, random};
use crate::{Step, Tell};
use wagather_base::error::{Class, Failure};
use wagather_base::time::{clock_millis, rfc3339};
use wagather_kube::Cause;
use wagather_kube::cluster::upload::{Answer, Request, Unsent, Uploader};

/// How much of a server's text is told.
const TOLD_CHARS: usize = 300;

/// An archive that was not delivered.
#[derive(Debug)]
pub struct NotDelivered {
    /// What that means for others.
    pub why: Why,
    /// What is told.
    pub failure: Failure,
}

/// What it means for other archives that one was not delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The server does not want this archive; others may arrive.
    Refused,
    /// The server takes nothing that is sent so: the URL, the credentials or the certificates are wrong.
    Unwilling,
    /// There was no time to try again.
    Away,
    /// The archive could not be read.
    Unreadable,
}

/// Sends a file until the server confirms or refuses it, or the time is over. `several` says whether other archives go to the same
/// destination.
///
/// # Errors
/// Why it was not delivered.
pub fn send(
    name: &str,
    file: &File,
    to: &Destination,
    several: bool,
    until: Instant,
    tell: Tell<'_>,
) -> Result<Receipt, NotDelivered> {
    let unreadable = |error| not_delivered(Why::Unreadable, name, &to.shown_for(name, None), &error);
    let digest = Digest::of(file).map_err(unreadable)?;
    send_digested(name, file, &digest, to, several, until, tell)
}

/// [`send`], with a checksum that is known.
pub(crate) fn send_digested(
    name: &str,
    file: &File,
    digest: &Digest,
    to: &Destination,
    several: bool,
    until: Instant,
    tell: Tell<'_>,
) -> Result<Receipt, NotDelivered> {
    let of_config = |failure: Failure| NotDelivered {
        why: Why::Unwilling,
        failure: Failure { class: Class::Delivery, ..failure },
    };
    let address = to.address(name, &digest.sha256, several).map_err(of_config)?;
    let (url, shown) = (address.shown(), to.shown_for(name, Some(&digest.sha256)));
    let uploader = Uploader::new(address, &to.transport).map_err(of_config)?;
    let body = Body::new(name, digest, to.form.as_ref());
    let mut requests = 0;
    loop {
        requests += 1;
        let answer = ask(&uploader, &body, file, digest, to, until)
            .map_err(|why| not_delivered(Why::Unwilling, name, &shown, &why))?;
        let (verdict, reason, retry_after, advice) = match answer {
            Ok(answer) => {
                let verdict = Verdict::of(answer.status);
                if verdict == Verdict::Delivered {
                    return Ok(Receipt {
                        archive: name.to_owned(),
                        sha256: digest.sha256.clone(),
                        bytes: digest.len,
                        url,
                        status: answer.status,
                        requests,
                        time: rfc3339(clock_millis()),
                    });
                }
                (verdict, words(&answer), answer.retry_after, advice(answer.status).to_owned())
            }
            Err(Unsent { cause, reason, advice }) => {
                let verdict = if cause == Cause::Final { Verdict::Unwilling } else { Verdict::Again };
                (verdict, reason, None, advice)
            }
        };
        let gives_up = |why: Why, reason: &str| {
            let mut gave_up = not_delivered(why, name, &shown, &reason);
            gave_up.failure.advice = advice.clone();
            Err(gave_up)
        };
        match verdict {
            Verdict::Refused => return gives_up(Why::Refused, &reason),
            Verdict::Again => {}
            Verdict::Delivered | Verdict::Unwilling => return gives_up(Why::Unwilling, &reason),
        }
        let wait = to.pace.wait(requests, random()).max(retry_after.unwrap_or_default());
        if wait >= until.saturating_duration_since(Instant::now()) {
            let times =
                if requests == 1 { "tried once".to_owned() } else { format!("tried {requests} times") };
            let asked = match retry_after {
                Some(time) if time == wait => {
                    format!(
                        "; the server asks to wait {} s, longer than --upload-timeout allows",
                        time.as_secs()
                    )
                }
                _ => String::new(),
            };
            return gives_up(Why::Away, &format!("{reason} ({times}{asked})"));
        }
        tell(&Step::Again { archive: name, reason: &reason, wait });
        sleep(wait);
    }
}

fn sleep(time: Duration) {
    // A signal ends the process from its handler: what is delivered or spooled by then stays so.
    std::thread::sleep(time);
}

/// Sends it once. What is wrong with the file of the header fields is wrong for every archive.
fn ask(
    uploader: &Uploader,
    body: &Body,
    file: &File,
    digest: &Digest,
    to: &Destination,
    until: Instant,
) -> Result<Result<Answer, Unsent>, String> {
    let own = to.fields.as_deref().map(fields::read).transpose()?.unwrap_or_default();
    let is_own = |name: &str| own.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
    let is_form = to.form.is_some();
    if is_form && is_own("content-type") {
        return Err("Content-Type is that of the form; give the archive's in --upload-form".into());
    }
    let usual = body.fields.iter().filter(|(name, _)| !is_own(name)).cloned();
    let fields: Vec<_> = usual.chain(own.iter().cloned()).collect();
    let mut bytes = body.read(file, digest).map_err(|error| error.to_string())?;
    let request = Request { method: body.method, fields: &fields, len: body.len };
    Ok(uploader.send(&request, &mut bytes, until))
}

fn not_delivered(why: Why, name: &str, to: &str, reason: &dyn std::fmt::Display) -> NotDelivered {
    let attempt = format!("cannot deliver {name} to {to}");
    NotDelivered { why, failure: Failure::new(Class::Delivery, attempt, reason) }
}

/// What a server says, in one line that is not too long.
fn words(answer: &Answer) -> String {
    let text: String = answer.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut said: String = text.chars().take(TOLD_CHARS).collect();
    if said.len() < text.len() {
        said.push('…');
    }
    let colon = if said.is_empty() { "" } else { ": " };
    match &answer.location {
        Some(to) if (300..400).contains(&answer.status) => {
            format!("HTTP {}: the server redirects to {to}", answer.status)
        }
        _ => format!("HTTP {}{colon}{said}", answer.status),
    }
}

fn advice(status: u16) -> &'static str {
    match status {
        300..=399 => "host-min does not follow redirects; name the final URL",
        401 | 403 => {
            "check the credentials in the file of --upload-headers, or whether the signature of the URL has expired"
        }
        407 => "check the user and the password in HTTPS_PROXY or HTTP_PROXY",
        404 | 405 | 410 => "check the URL, and whether the server expects PUT or a form (--upload-form)",
        413 => "the server takes no archive of this size",
        415 => "check the media type that --upload-form or --upload-headers names",
        _ => "",
    }
}
