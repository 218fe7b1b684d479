//! The HTTP API of a service: runs, archives, gatherers, health and metrics. `docs/serve-api.md` describes it for people, and
//! `openapi.json` for programs.
//!
//! Who may connect, and how much a client may take, is decided by `wagather-http`. Here are the routes, as functions from a request to an
//! answer over what the service offers ([`Backend`]); nothing here waits for a run.
//!
//! | file | does |
//! |---|---|
//! | `listeners` | the addresses, and who may use them |
//! | `routes` | which path and method is what |
//! | `runs` | starting runs and showing them |
//! | `archives` | archives, also in parts |
//! | `exposition` | metrics as OpenMetrics |
//! | `problem` | errors |

mod archives;
mod backend;
mod exposition;
mod listeners;
mod problem;
mod query;
mod range;
mod routes;
mod runs;
mod served;
#[cfg(test)]
mod tests;

pub use backend::Backend;
pub use served::{Api, Opened};
