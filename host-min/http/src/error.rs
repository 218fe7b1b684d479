//! Why a server cannot start.

use std::fmt;
use std::io;
use std::path::PathBuf;
use wagather_base::error::{Class, Failure};

/// Why a server cannot start, or cannot go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// This text is no address.
    Address {
        /// The text.
        text: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The address cannot be listened on.
    Listen {
        /// The address.
        address: String,
        /// What the system said.
        source: io::Error,
    },
    /// Another server answers on this Unix socket.
    Taken {
        /// The path of the socket.
        path: PathBuf,
    },
    /// Other machines reach this address, and nothing says who may use it.
    Unprotected {
        /// The address.
        address: String,
    },
    /// Other machines reach this address, and the token would cross the network as text.
    Readable {
        /// The address.
        address: String,
    },
    /// Every user of the machine may connect to this Unix socket.
    Anybody {
        /// The address.
        address: String,
    },
    /// A file with a token, a key or certificates cannot be used.
    Credential {
        /// What it should hold, with its article.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it cannot be used.
        reason: String,
    },
    /// The system does not give what a server needs.
    System(io::Error),
}

impl Error {
    /// What to do about it; empty if there is no useful advice.
    pub fn advice(&self) -> &'static str {
        match self {
            Error::Address { .. } => {
                "Addresses are IP:PORT (127.0.0.1:8080, [::1]:8080), localhost:PORT, :PORT for every interface, or unix:PATH."
            }
            Error::Taken { .. } => "Stop the other server, or choose another path.",
            Error::Unprotected { .. } => {
                "Give it a file with a token or with the certificates of its clients' authority, or listen on 127.0.0.1 or on a Unix socket."
            }
            Error::Readable { .. } => {
                "Give it a certificate and a key, or listen on 127.0.0.1 or on a Unix socket."
            }
            Error::Anybody { .. } => "Give it a path, and the mode 0600 or 0660 (SocketMode= of systemd).",
            Error::Listen { .. } | Error::Credential { .. } | Error::System(_) => "",
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Address { text, reason } => write!(f, "cannot use the address '{text}': {reason}"),
            Error::Listen { address, source } => write!(f, "cannot listen on {address}: {source}"),
            Error::Taken { path } => {
                write!(f, "cannot listen on unix:{}: another server answers there", path.display())
            }
            Error::Unprotected { address } => write!(
                f,
                "refuse to listen on {address}: other machines reach it, and neither a token nor client certificates are required"
            ),
            Error::Readable { address } => write!(
                f,
                "refuse to listen on {address}: other machines reach it, and without TLS the token can be read on the way"
            ),
            Error::Anybody { address } => write!(
                f,
                "refuse to listen on {address}: its permissions let every user of the machine connect"
            ),
            Error::Credential { what, path, reason } => {
                write!(f, "cannot use {} as {what}: {reason}", path.display())
            }
            Error::System(source) => write!(f, "cannot serve: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Listen { source, .. } | Error::System(source) => Some(source),
            _ => None,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Failure {
        let text = error.to_string();
        let (attempt, reason) = text.split_once(": ").unwrap_or(("cannot serve", &text));
        Failure::new(Class::Config, attempt, reason).advise(error.advice())
    }
}
