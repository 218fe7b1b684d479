//! Parameters that the user passes to the gatherer (`--param name=value`).

use crate::abi::manifest::is_param_name;
use crate::error::check;
use crate::{Error, Result, abi::Status, sys};

/// Declares a parameter in the manifest, with a description, and evaluates to the [`Param`] that reads it.
///
/// With a default, it evaluates to a [`DefaultedParam`]; the host then returns the default if the user gives no
/// value. The host refuses a run with a parameter that none of its gatherers declares, so users notice a mistyped
/// name.
///
/// ```
/// use wagather::{DefaultedParam, Param, param};
///
/// const TEAM: Param = param!("team", "Whose pods; without it, everybody's");
/// const LINES: DefaultedParam = param!("lines" = "20", "How many of the last lines of each log");
///
/// fn gather() -> wagather::Result<()> {
///     let mut buffer = [0; 16];
///     assert_eq!(LINES.value(&mut buffer)?, "20");
///     assert_eq!(TEAM.value(&mut buffer)?, Some("blue"));
///     Ok(())
/// }
/// # let run = wagather::fake::Host::new().param("team", "blue").run(gather);
/// # assert_eq!(run.result, Ok(()));
/// ```
#[macro_export]
macro_rules! param {
    ($name:literal, $help:literal $(,)?) => {{
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            $crate::__manifest_record!(["param ", $name, " ", $help, "\n"]);
        };
        const { $crate::Param::declared($name, $help) }
    }};
    ($name:literal = $default:literal, $help:literal $(,)?) => {{
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            $crate::__manifest_record!([
                "param ", $name, " ", $help, "\n", "default ", $name, " ", $default, "\n"
            ]);
        };
        const { $crate::DefaultedParam::declared($name, $default, $help) }
    }};
}

/// An optional parameter; [`param!`](crate::param!) declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Param(&'static str);

/// A parameter with a default; [`param!`](crate::param!) declares it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DefaultedParam {
    name: &'static str,
    /// For tests only; a host takes the default from the manifest.
    #[cfg(not(target_arch = "wasm32"))]
    default: &'static str,
}

impl Param {
    /// For the macro only.
    #[doc(hidden)]
    pub const fn declared(name: &'static str, help: &'static str) -> Param {
        check_texts(name, "", help);
        Param(name)
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        self.0
    }

    /// Reads the value into a buffer; `None` if the user gave none.
    ///
    /// # Errors
    ///
    /// [`Status::NO_ROOM`] if the value is longer than `buffer`.
    pub fn value(self, buffer: &mut [u8]) -> Result<Option<&str>> {
        value(self.0, buffer)
    }

    /// The value, of at most `N` bytes; `None` if the user gave none.
    ///
    /// # Errors
    ///
    /// [`Status::NO_ROOM`] if the value is longer than `N` bytes.
    pub fn string<const N: usize>(self) -> Result<Option<heapless::String<N>>> {
        match self.value(&mut [0; N])? {
            None => Ok(None),
            Some(value) => string(value).map(Some),
        }
    }
}

impl DefaultedParam {
    /// For the macro only.
    #[doc(hidden)]
    pub const fn declared(name: &'static str, default: &'static str, help: &'static str) -> DefaultedParam {
        check_texts(name, default, help);
        DefaultedParam {
            name,
            #[cfg(not(target_arch = "wasm32"))]
            default,
        }
    }

    /// The name.
    pub const fn name(self) -> &'static str {
        self.name
    }

    /// Reads the value, or the default, into a buffer.
    ///
    /// # Errors
    ///
    /// [`Status::NO_ROOM`] if the value is longer than `buffer`.
    pub fn value(self, buffer: &mut [u8]) -> Result<&str> {
        let len = check(self.copy(buffer))?;
        text(buffer, len)
    }

    /// The length of the value or the default, which is in the buffer if it fits, or a status.
    #[inline(always)]
    fn copy(self, buffer: &mut [u8]) -> i32 {
        let len = sys::param(self.name.as_bytes(), buffer);
        #[cfg(not(target_arch = "wasm32"))]
        if len == Status::ABSENT.0 {
            if let Some(place) = buffer.get_mut(..self.default.len()) {
                place.copy_from_slice(self.default.as_bytes());
            }
            return self.default.len() as i32;
        }
        len
    }

    /// The value or the default, as a number in decimal digits.
    ///
    /// # Errors
    ///
    /// [`Status::NO_ROOM`] or [`Status::DECODE`] if it is not one, or not below 2³².
    #[inline]
    pub fn number(self) -> Result<u32> {
        let mut digits = [0; 10];
        let len = check(self.copy(&mut digits))? as usize;
        let Some(digits) = digits.get(..len) else { return Err(Error::new(Status::NO_ROOM)) };
        // Ten bytes stay below 2^63, whether they are digits or not.
        let mut number = if digits.is_empty() { u64::MAX } else { 0 };
        for digit in digits {
            let digit = digit.wrapping_sub(b'0');
            number = number * 10 + if digit < 10 { u64::from(digit) } else { 1 << 32 };
        }
        u32::try_from(number).map_err(|_| Error::new(Status::DECODE))
    }

    /// The value or the default, of at most `N` bytes.
    ///
    /// # Errors
    ///
    /// [`Status::NO_ROOM`] if the value is longer than `N` bytes.
    pub fn string<const N: usize>(self) -> Result<heapless::String<N>> {
        string(self.value(&mut [0; N])?)
    }
}

fn value<'a>(name: &str, buffer: &'a mut [u8]) -> Result<Option<&'a str>> {
    match check(sys::param(name.as_bytes(), buffer)) {
        Err(error) if error.status() == Status::ABSENT => Ok(None),
        Err(error) => Err(error),
        Ok(len) => text(buffer, len).map(Some),
    }
}

fn text(buffer: &[u8], len: u32) -> Result<&str> {
    sys::text(buffer.get(..len as usize).ok_or(Error::new(Status::NO_ROOM))?)
}

fn string<const N: usize>(value: &str) -> Result<heapless::String<N>> {
    heapless::String::try_from(value).map_err(|_| Error::new(Status::NO_ROOM))
}

/// Rejects at compile time what a host would refuse the module for.
const fn check_texts(name: &str, default: &str, help: &str) {
    assert!(
        is_param_name(name),
        "a parameter's name has letters, digits, '.', '-' and '_', and 63 bytes at most"
    );
    let blank = help.trim_ascii().is_empty();
    assert!(!blank, "a parameter has a sentence about it");
    assert!(
        is_one_line(default) && is_one_line(help),
        "a parameter's default and sentence have no control characters"
    );
}

const fn is_one_line(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        // U+0080 to U+009F are C2 80 to C2 9F in UTF-8.
        let is_c1 = bytes[at] == 0xc2 && at + 1 < bytes.len() && bytes[at + 1] < 0xa0;
        if bytes[at].is_ascii_control() || is_c1 {
            return false;
        }
        at += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::Host;

    const TEAM: Param = crate::param!("team", "Whose");
    const EMPTY: Param = crate::param!("empty", "Nothing");
    const OTHER: Param = crate::param!("other", "What nobody gives");
    const LINES: DefaultedParam = crate::param!("lines" = "20", "How many");

    #[test]
    fn a_value_fits_or_is_refused() {
        let host = Host::new().param("team", "blue").param("empty", "");
        let run = host.run(|| {
            assert_eq!(TEAM.value(&mut [0; 4]), Ok(Some("blue")));
            assert_eq!(TEAM.value(&mut [0; 3]), Err(Error::new(Status::NO_ROOM)));
            assert_eq!(EMPTY.value(&mut []), Ok(Some("")));
            assert_eq!(OTHER.value(&mut [0; 4]), Ok(None));
            assert_eq!(TEAM.string::<8>()?.as_deref(), Some("blue"));
            assert_eq!(TEAM.string::<3>(), Err(Error::new(Status::NO_ROOM)));
            assert_eq!(OTHER.string::<8>(), Ok(None));
            Ok(())
        });
        assert_eq!(run.result, Ok(()));
    }

    #[test]
    fn a_default_is_what_nobody_gave() {
        for (host, expected) in [(Host::new(), "20"), (Host::new().param("lines", "1000"), "1000")] {
            let run = host.run(|| {
                assert_eq!(LINES.value(&mut [0; 8]), Ok(expected));
                assert_eq!(LINES.string::<8>()?, expected);
                assert_eq!(LINES.value(&mut [0; 1]), Err(Error::new(Status::NO_ROOM)));
                Ok(())
            });
            assert_eq!(run.result, Ok(()));
        }
    }

    #[test]
    fn a_number_has_digits_and_32_bits() {
        for (value, expected) in [
            ("0", Ok(0)),
            ("007", Ok(7)),
            ("4294967295", Ok(u32::MAX)),
            ("4294967296", Err(Status::DECODE)),
            ("9999999999", Err(Status::DECODE)),
            ("00000000001", Err(Status::NO_ROOM)),
            ("", Err(Status::DECODE)),
            ("-1", Err(Status::DECODE)),
            ("1e3", Err(Status::DECODE)),
            ("12\u{ff10}", Err(Status::DECODE)),
        ] {
            let run = Host::new().param("lines", value).run(|| {
                assert_eq!(LINES.number(), expected.map_err(Error::new), "{value}");
                Ok(())
            });
            assert_eq!(run.result, Ok(()));
        }
        assert_eq!(Host::new().run(|| LINES.number().map(|number| assert_eq!(number, 20))).result, Ok(()));
    }

    #[test]
    fn texts_are_one_line() {
        assert!(is_one_line("ä – 日 \u{a0}") && is_one_line(""));
        for bad in ["a\nb", "\t", "\u{7f}", "\u{80}", "x\u{9f}"] {
            assert!(!is_one_line(bad), "{bad:?}");
        }
    }
}
