//! Internal to host-min, without any promise of stability: what its other crates stand on.
//!
//! Failures and limits; processes, threads, signals and files; encodings. Nothing here knows of Kubernetes, of credentials or of
//! WebAssembly. The system calls that std does not have are here and in `wagather-sandbox`, so that the other crates forbid unsafe
//! code.
//!
//! The host runs on Linux. What codegen has of it compiles for other systems too, so what asks the system for more than std does
//! is left out there.

pub mod base64;
pub mod bytes;
pub mod error;
#[cfg(target_os = "linux")]
pub mod file;
#[cfg(target_os = "linux")]
pub mod fork;
pub mod layout;
pub mod limits;
pub mod percent;
#[cfg(target_os = "linux")]
pub mod rename;
pub mod request;
#[cfg(target_os = "linux")]
pub mod stop;
pub mod thread;
pub mod time;
