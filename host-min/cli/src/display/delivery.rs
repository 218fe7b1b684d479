//! Events of a delivery, which only a run with `--upload`, `--spool` or `--keep` has. They are a part of [`super::event`].

use super::format;
use super::object::Object;
use wagather_deliver::{Receipt, Step};

pub(super) fn message(step: &Step<'_>) -> String {
    match step {
        Step::Again { archive, reason, wait } => {
            format!("cannot deliver {archive} yet: {reason}; next try in {}", format::duration(*wait))
        }
        Step::Delivered(Receipt { archive, sha256, bytes, url, .. }) => {
            format!("delivered {archive} to {url} ({}, sha256 {sha256})", format::bytes(*bytes))
        }
        Step::Already(archive) => format!("{archive} was delivered by an earlier run"),
        Step::Refused { archive, reason, kept } => {
            format!("the server refused {archive}: {reason}; it is kept as {}", kept.display())
        }
        Step::Evicted { archive, bytes } => {
            format!("removed {archive} ({}) from the spool, which is full", format::bytes(*bytes))
        }
        Step::Foreign(name) => format!("{name} in the spool is not delivered: host-min did not make it"),
        Step::Busy => "another process delivers from the spool; waiting for it".to_owned(),
        Step::Removed(path) => format!("removed {}, because there are newer archives", path.display()),
        Step::Warning(text) => (*text).to_owned(),
    }
}

pub(super) const fn level(step: &Step<'_>) -> &'static str {
    match step {
        Step::Delivered(_) | Step::Already(_) | Step::Busy | Step::Removed(_) => "info",
        Step::Again { .. }
        | Step::Refused { .. }
        | Step::Evicted { .. }
        | Step::Foreign(_)
        | Step::Warning(_) => "warn",
    }
}

pub(super) fn put(step: &Step<'_>, object: &mut Object) {
    object.text("outcome", outcome(step));
    match step {
        Step::Again { archive, reason, wait } => {
            object.text("archive", archive);
            object.text("reason", reason);
            object.number("waitMs", u64::try_from(wait.as_millis()).unwrap_or(u64::MAX));
        }
        Step::Delivered(receipt) => {
            object.text("archive", &receipt.archive);
            object.text("sha256", &receipt.sha256);
            object.number("bytes", receipt.bytes);
            object.text("url", &receipt.url);
            object.number("status", receipt.status.into());
            object.number("requests", receipt.requests.into());
        }
        Step::Refused { archive, reason, kept } => {
            object.text("archive", archive);
            object.text("reason", reason);
            object.text("path", &kept.to_string_lossy());
        }
        Step::Evicted { archive, bytes } => {
            object.text("archive", archive);
            object.number("bytes", *bytes);
        }
        Step::Already(archive) | Step::Foreign(archive) => object.text("archive", archive),
        Step::Removed(path) => object.text("path", &path.to_string_lossy()),
        Step::Busy | Step::Warning(_) => {}
    }
}

const fn outcome(step: &Step<'_>) -> &'static str {
    match step {
        Step::Again { .. } => "retry",
        Step::Delivered(_) => "delivered",
        Step::Already(_) => "already-delivered",
        Step::Refused { .. } => "refused",
        Step::Evicted { .. } => "evicted",
        Step::Foreign(_) => "foreign",
        Step::Busy => "waiting",
        Step::Removed(_) => "removed",
        Step::Warning(_) => "warning",
    }
}
