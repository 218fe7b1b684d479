//! The thread that asks registries whether a tag has moved: from time to time, and when somebody wants that. It holds no lock while it asks, so
//! that a slow registry holds up nothing else.

use super::Inner;
use super::look::{Pulled, Why, look};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use wagather_run::modules::in_registry;

/// Asks until the service ends.
pub(super) fn run(inner: &Arc<Inner>, asked: &Receiver<()>) {
    loop {
        let config = inner.lock().config.clone();
        let asks = config.gatherers.iter().any(|entry| in_registry(&entry.module).is_some());
        let next = match asks {
            true => asked.recv_timeout(config.poll),
            false => asked.recv().map_err(|_| RecvTimeoutError::Disconnected),
        };
        if next == Err(RecvTimeoutError::Disconnected) {
            return;
        }
        // Several wishes are one.
        while asked.try_recv().is_ok() {}
        // While they are asked, another configuration may take over.
        let config = inner.lock().config.clone();
        let pulled = Pulled::of(config);
        if !pulled.is_empty() {
            let _ = look(inner, Why::Everything, &pulled);
        }
    }
}
