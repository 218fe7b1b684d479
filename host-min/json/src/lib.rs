//! Internal to host-min, without any promise of stability: what happens to an answer on its way to a guest.
//!
//! [`project`] keeps the fields that a mask wants, [`redact`] makes secrets unreadable, and [`obfuscate`] writes placeholders for
//! addresses. All work on the server's own bytes;
//! nothing here sends, stores or decides what may be asked for.
#![forbid(unsafe_code)]

pub mod obfuscate;
pub mod project;
pub mod redact;
