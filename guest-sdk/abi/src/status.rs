//! The result of an import that is neither a length nor a handle.

use core::fmt;

/// A code: zero or above is success, below zero is a failure.
///
/// `-1` to `-99` are failures of the host. `-100` to `-599` are negated HTTP statuses of the API server
/// (`-403` for 403). Every `i32` is a valid `Status`; a code that this version does not know is
/// [`Kind::Unknown`].
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(transparent)]
pub struct Status(pub i32);

macro_rules! statuses {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $kind:ident, $text:literal;)*) => {
        impl Status {
            $($(#[doc = $doc])+ pub const $name: Status = Status($code);)*

            /// The kind of failure, to match on.
            pub const fn kind(self) -> Kind {
                match self.0 {
                    0.. => Kind::Ok,
                    $($code => Kind::$kind,)*
                    -599..=-100 => Kind::Http(self.0.unsigned_abs() as u16),
                    other => Kind::Unknown(other),
                }
            }

            /// A short description. It is literal text, so a guest only contains the texts that it prints.
            pub const fn text(self) -> &'static str {
                match self.0 {
                    0.. => "ok",
                    $($code => $text,)*
                    -599..=-100 => "the API server answered with an error status",
                    _ => "unknown status",
                }
            }
        }

        /// Every status of the host and of the SDK: name, code and description.
        pub const STATUSES: &[(&str, i32, &str)] = &[$((stringify!($name), $code, $text),)*];

        /// A [`Status`], decoded.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind {
            /// Success.
            Ok,
            $($(#[doc = $doc])+ $kind,)*
            /// The API server answered with this status, which is not a success.
            Http(u16),
            /// A code of a later version.
            Unknown(i32),
        }
    };
}

statuses! {
    /// The manifest does not declare the request, or the grant does not allow it.
    DENIED = -1, Denied, "not declared in the manifest or not granted";
    /// A range outside the guest's memory.
    BAD_POINTER = -2, BadPointer, "a pointer outside of the guest's memory";
    /// A handle that is closed, was never returned, or belongs to another kind of object.
    BAD_HANDLE = -3, BadHandle, "a handle that is closed or invalid";
    /// A malformed request: an unknown verb, a name with a slash, an invalid selector.
    BAD_REQUEST = -4, BadRequest, "a malformed request";
    /// The guest read a list as bytes or a raw body as items, or consumed one answer in two modes.
    WRONG_MODE = -5, WrongMode, "reading a response in the wrong mode";
    /// An item, a body or an entry exceeds the host's limit.
    TOO_LARGE = -6, TooLarge, "larger than the host's limit";
    /// A budget of the run is used up: requests, handles, bytes, entries, log lines.
    OUT_OF_BUDGET = -7, OutOfBudget, "a budget is used up";
    /// No answer: the server is unreachable, closed the connection, or failed verification.
    UNREACHABLE = -8, Unreachable, "the API server could not be reached";
    /// An answer that violates the API: not JSON, truncated, or not a list.
    BAD_ANSWER = -9, BadAnswer, "the API server's response cannot be decoded";
    /// There is no such parameter.
    ABSENT = -10, Absent, "there is no such parameter";
    /// This gatherer already wrote an entry of that name.
    EXISTS = -11, Exists, "an entry of that name already exists";
    /// An entry name that is empty, too long, or not a plain relative path.
    BAD_NAME = -12, BadName, "not a valid entry name";
    /// This host does not support the operation.
    UNSUPPORTED = -13, Unsupported, "not supported by this host";
    /// The deadline passed while waiting.
    TIMED_OUT = -14, TimedOut, "the deadline passed";
    /// The archive could not be written; the host reports why.
    OUTPUT_FAILED = -15, OutputFailed, "the archive could not be written";
    /// A string that is not UTF-8.
    NOT_TEXT = -16, NotText, "not UTF-8 text";
    /// JSON that does not match the shape or the type. The host sends it, and the SDK returns it where it
    /// decodes.
    DECODE = -17, Decode, "the JSON does not match the type";
    /// A buffer of the guest is too small. Only the SDK returns it; a host never sends it.
    NO_ROOM = -18, NoRoom, "a buffer of the guest is too small";
    /// A shape that is malformed or exceeds a limit.
    BAD_SHAPE = -19, BadShape, "a malformed shape";
}

impl Status {
    /// Success.
    pub const OK: Status = Status(0);

    /// The status for an unsuccessful answer of the API server.
    pub const fn http(code: u16) -> Status {
        match code {
            100..=599 => Status(-(code as i32)),
            _ => Status::BAD_ANSWER,
        }
    }

    /// Whether this is success.
    pub const fn is_ok(self) -> bool {
        self.0 >= 0
    }

    /// The HTTP status, if this is one.
    pub const fn http_code(self) -> Option<u16> {
        match self.kind() {
            Kind::Http(code) => Some(code),
            _ => None,
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Status({}: {})", self.0, self.text())
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind() {
            Kind::Http(code) => write!(f, "the API server answered {code}"),
            Kind::Unknown(code) => write!(f, "unknown status {code}"),
            _ => f.write_str(self.text()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decoding_is_total() {
        for code in -1000..1000 {
            let status = Status(code);
            assert_eq!(status.is_ok(), status.kind() == Kind::Ok);
            assert!(!status.text().is_empty());
        }
        assert_eq!(Status(i32::MIN).kind(), Kind::Unknown(i32::MIN));
        assert_eq!(Status(-403).kind(), Kind::Http(403));
        assert_eq!(Status::http(403), Status(-403));
        assert_eq!(Status::http(0), Status::BAD_ANSWER);
        assert_eq!(Status::http(700), Status::BAD_ANSWER);
        assert_eq!(Status(-20).kind(), Kind::Unknown(-20));
    }
}
