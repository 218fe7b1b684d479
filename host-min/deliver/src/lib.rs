//! Internal to host-min, without any promise of stability: what becomes of an archive that is whole.
//!
//! It is uploaded, or waits in a spool until a server takes it; and old ones go. From an archive to the server's 2xx:
//!
//! | file | does |
//! |---|---|
//! | `destination` | what was configured: the URL and its placeholders, the form, the fields of a file |
//! | `fields` | reads that file |
//! | `body` | the bytes of a request, and how many they are |
//! | `retry` | what an answer means, and how long to wait |
//! | `send` | one archive, as often as it takes |
//! | `receipt` | what was delivered, when, with which checksum |
//! | `spool` | the folder in which archives wait, its budget and its lock |
//! | `download` | an archive from a server, with the same settings |
//! | `keep` | how many archives stay in a folder |
//! | `packed` | a destination for a machine that does not have its files |
//!
//! Nothing here reads what is in an archive, and nothing here knows what was gathered. The transport is that of `wagather-kube`.

#![forbid(unsafe_code)]

mod body;
mod destination;
mod download;
mod fields;
mod keep;
mod packed;
mod receipt;
mod retry;
mod send;
mod spool;

pub use destination::{Destination, Form, Template, Url};
pub use download::Download;
pub use keep::{Keep, Known, keep, keep_again};
pub use packed::Packed;
pub use receipt::Receipt;
pub use retry::Pace;
pub use send::{NotDelivered, Why, send};
pub use spool::{Delivered, Spool};
pub use wagather_kube::cluster::upload::Options as Transport;

use std::path::Path;
use std::time::Duration;

/// Something that happened on the way. Its texts may be foreign: whoever shows them escapes them.
#[derive(Debug)]
pub enum Step<'a> {
    /// It did not work, and is tried again after a time.
    Again {
        /// The archive's name.
        archive: &'a str,
        /// Why it did not work.
        reason: &'a str,
        /// How long the wait is.
        wait: Duration,
    },
    /// The server has it.
    Delivered(&'a Receipt),
    /// An earlier run delivered it, and could not remove it.
    Already(&'a str),
    /// The server refused this archive; it was moved to this path.
    Refused {
        /// The archive's name.
        archive: &'a str,
        /// Why.
        reason: &'a str,
        /// Where it is now.
        kept: &'a Path,
    },
    /// It was removed from the spool to make room.
    Evicted {
        /// The archive's name.
        archive: &'a str,
        /// Its size.
        bytes: u64,
    },
    /// It is in the spool's folder, and this program did not make it.
    Foreign(&'a str),
    /// Another process delivers from the spool; this one waits for it.
    Busy,
    /// It was removed, because there are enough newer ones.
    Removed(&'a Path),
    /// Something that does not keep archives from being delivered.
    Warning(&'a str),
}

/// Who is told.
pub type Tell<'a> = &'a dyn Fn(&Step<'_>);
