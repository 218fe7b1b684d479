//! A failure with its texts as C has them.

use host_min::{Class, Failure};
use std::any::Any;
use std::ffi::CString;

/// The class of a mistake of the embedding program: the exit code that the command line has for wrong options.
pub(crate) const USAGE: i32 = 2;

/// A failure.
#[derive(Debug)]
pub(crate) struct Failed {
    pub(crate) class: i32,
    pub(crate) attempt: CString,
    pub(crate) reason: CString,
    pub(crate) advice: CString,
    pub(crate) text: CString,
}

impl Failed {
    /// The library was used in a wrong way.
    pub(crate) fn usage(attempt: impl Into<String>, reason: impl std::fmt::Display, advice: &str) -> Failed {
        // Class has no variant for it, and its own is not shown.
        let failure = Failure::new(Class::Config, attempt, reason).advise(advice);
        Failed { class: USAGE, ..Failed::from(&failure) }
    }

    /// The library panicked.
    pub(crate) fn panic(attempt: &str, panic: &(dyn Any + Send)) -> Failed {
        let said = panic.downcast_ref::<&str>().copied();
        let said = said.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no reason");
        let failure = Failure::new(Class::Internal, attempt, format!("a bug in libwagather: {said}"));
        Failed::from(&failure.advise("report it; the program can go on, and other runs are not affected"))
    }
}

impl From<&Failure> for Failed {
    fn from(failure: &Failure) -> Failed {
        let mut reason = failure.reason.clone();
        for more in &failure.more {
            reason.push('\n');
            reason.push_str(more);
        }
        Failed {
            class: i32::from(failure.class.exit_code()),
            attempt: text(&failure.attempt),
            reason: text(&reason),
            advice: text(&failure.advice),
            text: text(&failure.to_string()),
        }
    }
}

/// A text for C, which ends at its first zero byte: such a byte in what a server said becomes U+FFFD.
pub(crate) fn text(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_reasons_are_there_and_none_is_cut() {
        let reasons = ["first\0more".to_owned(), "second".to_owned()];
        let failure = Failure::of_many(Class::Cluster, "cannot ask", reasons).advise("wait");
        let failed = Failed::from(&failure);
        assert_eq!(failed.reason.to_str(), Ok("first\u{fffd}more\nsecond"));
        assert_eq!((failed.attempt.to_str(), failed.advice.to_str()), (Ok("cannot ask"), Ok("wait")));
        assert_eq!(
            (failed.class, failed.text.to_str()),
            (5, Ok("cannot ask: first\\u{0}more\n  second\n  wait"))
        );
    }
}
