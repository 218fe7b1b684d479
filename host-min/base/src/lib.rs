//! Internal to host-min, without any promise of stability: what its other crates stand on.
//!
//! Failures and limits; processes, threads, signals and files; encodings. Nothing here knows of Kubernetes, of credentials or of
//! WebAssembly. The system calls that std does not have are here and in `wagather-sandbox`, so that the other crates forbid unsafe
//! code.

pub mod base64;
pub mod bytes;
pub mod error;
pub mod file;
pub mod fork;
pub mod layout;
pub mod limits;
pub mod percent;
pub mod rename;
pub mod request;
pub mod stop;
pub mod thread;
pub mod time;
