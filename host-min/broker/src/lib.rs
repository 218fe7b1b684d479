//! Internal to host-min, without any promise of stability: the broker, which acts for a guest within its rights.
//!
//! Each gatherer has one loop ([`serve()`]). The broker receives a frame, [`admission`] judges it, `calls` performs it, and the result goes
//! back. Only the broker has both the guest's requests and the means to fulfil them: the source and the archive. It trusts nothing that
//! the sandbox says.
#![forbid(unsafe_code)]

pub mod admission;
mod answer;
pub mod audit;
pub mod blame;
pub mod budget;
mod calls;
mod ending;
mod fetch;
pub mod findings;
pub mod gaps;
mod handles;
mod held;
mod html;
pub mod line;
mod obfuscated;
mod observer;
mod pipe;
mod refusal;
mod serve;
mod service;
pub mod tally;

pub use ending::{Ending, Served, failure_of};
pub use fetch::{Fetcher, Fetchers, RateLimits};
pub use held::share_of;
pub use obfuscated::too_many_originals;
pub use observer::{Gauge, Observer, Phase, Progress, Silent};
pub use serve::serve;
pub use service::{Service, Settings};
pub use wagather_policy::{canonical, rights as policy, uses};
