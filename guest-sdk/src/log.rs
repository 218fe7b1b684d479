//! Log lines for the user; warnings and errors are also in the report.
//!
//! A line is text. [`Line`] joins strings and numbers without `core::fmt`, which is larger than a small gatherer.

use crate::abi::LogLevel;
use crate::sys;

/// Writes a line for the gatherer's developer.
pub fn debug(text: &str) {
    write(LogLevel::DEBUG, text.as_bytes());
}

/// Writes a line for the user who runs the gatherer.
pub fn info(text: &str) {
    write(LogLevel::INFO, text.as_bytes());
}

/// Writes a warning: something is missing or unusual. It is also in the report.
pub fn warn(text: &str) {
    write(LogLevel::WARN, text.as_bytes());
}

/// Writes an error: something failed. It is also in the report.
pub fn error(text: &str) {
    write(LogLevel::ERROR, text.as_bytes());
}

// A full log is no reason to stop gathering, so the status is ignored.
fn write(level: LogLevel, text: &[u8]) {
    sys::log(level.0, text);
}

/// Writes a line with numbers of type `u32`: `log::info!("{} of {} pods crash-loop", found, all)`.
///
/// The host formats the line, so this takes a fifth of the code that [`Line`] takes. `warn!`, `error!` and `debug!`
/// do the same for the other levels. There is no way to write a literal brace.
///
/// ```
/// use wagather::log;
/// # let run = wagather::fake::Host::new().run(|| {
/// log::info!("{} of {} operators are degraded", 3, 32);
/// # Ok(()) });
/// # assert_eq!(run.logs[0].text, "3 of 32 operators are degraded");
/// ```
///
/// There are as many numbers as there are places for them:
///
/// ```compile_fail
/// wagather::log::info!("{} of {} operators are degraded", 3);
/// ```
pub use crate::__log_info as info;
#[doc(hidden)]
pub use crate::{__log_debug as debug, __log_error as error, __log_warn as warn};

#[doc(hidden)]
#[macro_export]
macro_rules! __log_debug {
    ($($line:tt)*) => {
        $crate::__log_line!(DEBUG, $($line)*)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_info {
    ($($line:tt)*) => {
        $crate::__log_line!(INFO, $($line)*)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_warn {
    ($($line:tt)*) => {
        $crate::__log_line!(WARN, $($line)*)
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log_error {
    ($($line:tt)*) => {
        $crate::__log_line!(ERROR, $($line)*)
    };
}

/// A line of at most 256 bytes, built in place. A piece that does not fit is left out.
///
/// ```
/// use wagather::log::Line;
/// # wagather::fake::Host::new().run(|| {
/// Line::new().number(3).text(" of ").number(32).text(" operators are degraded").warn();
/// # Ok(()) });
/// ```
#[derive(Default)]
pub struct Line {
    bytes: heapless::Vec<u8, 256>,
}

impl Line {
    /// An empty line.
    pub const fn new() -> Self {
        Line { bytes: heapless::Vec::new() }
    }

    /// Appends text.
    #[inline(always)]
    pub fn text(&mut self, text: &str) -> &mut Self {
        self.append(text.as_bytes());
        self
    }

    /// Appends a number, in decimal.
    #[inline(always)]
    pub fn number(&mut self, number: u32) -> &mut Self {
        self.append_number(number);
        self
    }

    fn append_number(&mut self, mut number: u32) {
        let mut digits = [0; 10];
        let mut begin = digits.len();
        while let Some(digit) = begin.checked_sub(1).and_then(|at| digits.get_mut(at)) {
            *digit = b'0' + (number % 10) as u8;
            number /= 10;
            begin -= 1;
            if number == 0 {
                break;
            }
        }
        self.append(digits.get(begin..).unwrap_or(&[]));
    }

    #[inline(never)]
    fn append(&mut self, bytes: &[u8]) {
        // Leaving out a whole piece never splits a character.
        let _ = self.bytes.extend_from_slice(bytes);
    }

    /// Writes the line for the gatherer's developer.
    #[inline(always)]
    pub fn debug(&self) {
        write(LogLevel::DEBUG, &self.bytes);
    }

    /// Writes the line for the user who runs the gatherer.
    #[inline(always)]
    pub fn info(&self) {
        write(LogLevel::INFO, &self.bytes);
    }

    /// Writes the line as a warning.
    #[inline(always)]
    pub fn warn(&self) {
        write(LogLevel::WARN, &self.bytes);
    }

    /// Writes the line as an error.
    #[inline(always)]
    pub fn error(&self) {
        write(LogLevel::ERROR, &self.bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Host;

    #[test]
    fn every_level_arrives() {
        let run = Host::new().run(|| {
            debug("a");
            info("b");
            warn("c");
            error("d");
            Line::new().text("e").number(0).debug();
            Line::new().text("f").number(4_294_967_295).info();
            Line::default().text("g").warn();
            Line::new().text("h").error();
            Ok(())
        });
        let logs: std::vec::Vec<_> =
            run.logs.iter().map(|line| (line.level.name(), line.text.as_str())).collect();
        assert_eq!(
            logs,
            [
                ("debug", "a"),
                ("info", "b"),
                ("warn", "c"),
                ("error", "d"),
                ("debug", "e0"),
                ("info", "f4294967295"),
                ("warn", "g"),
                ("error", "h"),
            ]
        );
    }

    #[test]
    fn what_does_not_fit_is_left_out_whole() {
        let run = Host::new().run(|| {
            Line::new().text("ä").text(&"ö".repeat(128)).text("ü").info();
            Ok(())
        });
        assert_eq!(run.logs[0].text, "äü");
    }
}
