//! Internal to host-min, without any promise of stability: what its other crates share.
//!
//! Failures and limits; processes, threads, signals and files; encodings. Nothing here knows about Kubernetes, credentials or
//! WebAssembly. System calls that std does not have are made here and in `wagather-sandbox` only, so that the other crates forbid
//! unsafe code.
//!
//! The host runs on Linux. codegen uses parts of it and compiles for other systems, too, so modules that need more of the system
//! than std offers are left out there.

pub mod base64;
pub mod bytes;
pub mod error;
#[cfg(target_os = "linux")]
pub mod file;
#[cfg(target_os = "linux")]
pub mod fork;
pub mod hex;
#[cfg(target_os = "linux")]
pub mod inherited;
pub mod layout;
pub mod limits;
#[cfg(target_os = "linux")]
pub mod peer;
pub mod percent;
pub mod recycle;
#[cfg(target_os = "linux")]
pub mod rename;
pub mod request;
#[cfg(target_os = "linux")]
pub mod stop;
pub mod thread;
pub mod time;
#[cfg(target_os = "linux")]
pub mod watch;
