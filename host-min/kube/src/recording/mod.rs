//! Recordings: what a server answered, in a file, to run again without the server.
//!
//! A recording is a HAR 1.2 file (<http://www.softwareishard.com/blog/har-12-spec/>), which browsers and many other
//! tools read and write. [`Recorder`] makes one while another source answers; [`Recording`] answers from one.
//! Neither knows of guests or masks: a recording holds bodies as the server sent them, *before* any field
//! is dropped. It is as confidential as the cluster's objects are.
//!
//! What is not in it: credentials. Of a request only the method, the path, the query and the `Accept` header
//! are written, of an answer the status, the content type and the body. Nor the server's name: URLs begin with
//! [`ORIGIN`], because a name tells more than a test needs and differs from one recording to the next.
//! (The text of an error that was recorded may name the server.)
//!
//! HAR has no word for an answer that did not come or that broke off. Both are written as browsers do, with the
//! custom field `response._error` (status 0 if there was no answer at all), and a replay fails in the same way.
//!
//! Time stands still in both: guests are told when the recording began, so that a replay gives the same archive.

mod body;
mod discovery;
mod entry;
mod har;
mod near;
mod recorder;
mod redacted;
mod replay;

use super::Cause;
pub use recorder::Recorder;
pub use replay::Recording;

/// What URLs begin with in a recording. RFC 2606 keeps `.invalid` from ever being a host's name.
pub const ORIGIN: &str = "https://cluster.invalid";

/// The host of [`ORIGIN`].
const ORIGIN_HOST: &str = "cluster.invalid";

/// The size of a recording that is read, for it is held in memory: a large cluster's pods and nodes are 100 MB.
pub const MAX_RECORDING_BYTES: u64 = 1 << 30;

/// What causes are called in a recording.
const CAUSES: [(Cause, &str); 5] = [
    (Cause::Late, "late"),
    (Cause::Unreachable, "unreachable"),
    (Cause::Broken, "broken"),
    (Cause::Final, "final"),
    (Cause::NotGathered, "notGathered"),
];

/// How an exchange failed.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Problem {
    cause: Cause,
    reason: String,
    advice: String,
}

#[cfg(test)]
mod tests;
