//! What all connections of a server have in common: its handler, its limits, and its end.

use crate::{Handler, Limits};
use std::sync::Arc;
use tokio::sync::{Semaphore, watch};

/// What all connections of a server have in common.
pub(crate) struct Shared {
    pub(crate) handler: Box<dyn Handler>,
    pub(crate) limits: Limits,
    pub(crate) connections: Arc<Semaphore>,
}

/// Whether the server should stop.
pub(crate) type Stop = watch::Receiver<bool>;

/// Waits until the server should stop.
pub(crate) async fn stopped(mut stop: Stop) {
    // A server holds the other end as long as it runs.
    drop(stop.wait_for(|stop| *stop).await);
}
