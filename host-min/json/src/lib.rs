//! Internal to host-min, without any promise of stability: what happens to an answer on its way to a guest.
//!
//! [`project`] keeps the fields that a mask wants, [`redact`] replaces secrets, and [`obfuscate`] replaces addresses by placeholders.
//! All three work on the server's own bytes. [`yaml`] makes objects in the archive readable for parsers of YAML. Nothing here sends or stores anything, or decides what may be asked for.
#![forbid(unsafe_code)]

pub mod obfuscate;
pub mod project;
pub mod redact;
pub mod yaml;
