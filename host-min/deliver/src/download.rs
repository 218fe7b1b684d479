//! An archive from a server: the opposite of a delivery, with the same settings.

use std::fs::File;
use std::io::{self, Seek};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::Transport;
use crate::destination::LONGEST;
use crate::fields;
use crate::retry::{Pace, Verdict, random};
use wagather_base::error::{Class, Failure};
use wagather_kube::Cause;
use wagather_kube::cluster::upload::{Address, Request, Uploader};

/// The largest archive.
const MAX_BYTES: u64 = 16 << 30;

/// How much of a server's text is shown.
const MAX_SHOWN_CHARS: usize = 300;

/// How archives are downloaded.
#[derive(Clone, Debug, Default)]
pub struct Download {
    /// A file with header fields. It is read again for each request.
    pub fields: Option<PathBuf>,
    /// How long an archive may take, with all retries.
    pub timeout: Duration,
    /// How long the waits between requests are.
    pub pace: Pace,
    /// How the server is reached.
    pub transport: Transport,
}

impl Download {
    /// Downloads an archive into an empty file, and rewinds it. What time may heal is tried again.
    ///
    /// # Errors
    /// Why there is no archive. The file may have a part of it.
    pub fn fetch(&self, url: &str, into: &mut File) -> Result<(), Failure> {
        let now = Instant::now();
        let until = now.checked_add(self.timeout).unwrap_or(now + LONGEST);
        // The URL may have a credential.
        let address = Address::parse(url).map_err(|why| {
            Failure::new(Class::Config, "cannot download an archive", format!("its URL: {why}"))
        })?;
        let attempt = format!("cannot download {}", address.shown());
        let fail =
            |class: Class, reason: &dyn std::fmt::Display| Failure::new(class, attempt.clone(), reason);
        let uploader = Uploader::new(address, &self.transport)
            .map_err(|failure| Failure { attempt: attempt.clone(), ..failure })?;
        for requests in 1.. {
            let own = self.fields.as_deref().map(fields::read).transpose();
            let own = own.map_err(|why| fail(Class::Config, &why))?.unwrap_or_default();
            let request = Request { method: "GET", fields: &own, len: 0 };
            into.set_len(0).and_then(|()| into.rewind()).map_err(|error| fail(Class::Output, &error))?;
            let (reason, asked, advice) = match uploader.ask(&request, &mut io::empty(), until) {
                Ok(reply) if reply.status == 200 => {
                    match reply.copy_to(into, MAX_BYTES).map_err(|error| fail(Class::Output, &error))? {
                        Ok(()) => return into.rewind().map_err(|error| fail(Class::Output, &error)),
                        Err(unsent) if unsent.cause == Cause::Final => {
                            return Err(fail(Class::Config, &unsent.reason).advise(unsent.advice));
                        }
                        Err(unsent) => (unsent.reason, None, unsent.advice),
                    }
                }
                Ok(reply) => {
                    let (status, asked) = (reply.status, reply.retry_after);
                    let location = reply.location.clone().unwrap_or_default();
                    let location = location.split(['?', '#']).next().map(|to| reply.clean(to.to_owned()));
                    let text: String = reply.text().split_whitespace().collect::<Vec<_>>().join(" ");
                    let text: String = text.chars().take(MAX_SHOWN_CHARS).collect();
                    let reason = match location.filter(|_| (300..400).contains(&status)) {
                        Some(to) => format!("HTTP {status}: the server redirects to {to}"),
                        None if text.is_empty() => format!("HTTP {status}"),
                        None => format!("HTTP {status}: {text}"),
                    };
                    if Verdict::of(status) != Verdict::Again {
                        return Err(fail(Class::Config, &reason).advise(advice(status)));
                    }
                    (reason, asked, String::new())
                }
                Err(unsent) if unsent.cause == Cause::Final => {
                    return Err(fail(Class::Config, &unsent.reason).advise(unsent.advice));
                }
                Err(unsent) => (unsent.reason, None, unsent.advice),
            };
            let wait = self.pace.wait(requests, random()).max(asked.unwrap_or_default());
            if wait >= until.saturating_duration_since(Instant::now()) {
                let tried =
                    if requests == 1 { "tried once".into() } else { format!("tried {requests} times") };
                return Err(fail(Class::Cluster, &format_args!("{reason} ({tried})")).advise(advice));
            }
            std::thread::sleep(wait);
        }
        Err(fail(Class::Internal, &"it was not asked for"))
    }
}

fn advice(status: u16) -> &'static str {
    match status {
        300..=399 => "host-min does not follow redirects; name the final URL",
        401 | 403 => {
            "check the credentials in the file of --upload-headers, or whether the signature of the URL has expired"
        }
        404 | 410 => "check the URL",
        407 => "check the user and the password in HTTPS_PROXY or HTTP_PROXY",
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_end_is_no_mistake() {
        let download = Download { timeout: Duration::MAX, ..Download::default() };
        let mut file = tempfile::tempfile().expect("a file");
        let failure = download.fetch("ftp://h/a", &mut file).expect_err("no URL of HTTP");
        assert_eq!(failure.class, Class::Config);
    }
}
