//! Work that a thread of the server does itself. The thread leaves the server, and one that stands by serves in its place: between a request and the
//! work that it asks for, no other thread has to wake up.

use crate::shared::{Stop, stopped};
use std::cell::RefCell;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::task::{Poll, Waker};
use tokio::runtime::Runtime;

/// Work of a thread.
pub type Work = Box<dyn FnOnce() + Send>;

/// The threads that serve one after the other.
pub(crate) struct Relay {
    /// How many serve or stand by.
    there: AtomicUsize,
    /// When the server has ended.
    end: Stop,
}

/// What a thread that serves or stands by is to do.
struct Place {
    relay: Arc<Relay>,
    work: Option<Work>,
    waker: Option<Waker>,
}

thread_local! {
    static PLACE: RefCell<Option<Place>> = const { RefCell::new(None) };
}

/// Has this thread do work as soon as the handler that asks for it has returned. Gives the work back if this is no thread of a server, or if no other
/// thread stands by.
pub fn relay(work: Work) -> Result<(), Work> {
    PLACE.with_borrow_mut(|place| match place {
        Some(place) if place.work.is_none() && place.relay.leave() => {
            place.work = Some(work);
            place.waker.take().into_iter().for_each(Waker::wake);
            Ok(())
        }
        _ => Err(work),
    })
}

impl Relay {
    pub(crate) const fn new(end: Stop) -> Relay {
        Relay { there: AtomicUsize::new(0), end }
    }

    /// Whether a thread may leave: another one is there.
    fn leave(&self) -> bool {
        let less = |there: usize| (there > 1).then(|| there - 1);
        self.there.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less).is_ok()
    }

    /// Serves or stands by until this thread has work; `None` at the end of the server.
    pub(crate) fn serve(self: &Arc<Self>, runtime: &Runtime) -> Option<Work> {
        self.there.fetch_add(1, Ordering::Relaxed);
        PLACE.set(Some(Place { relay: Arc::clone(self), work: None, waker: None }));
        let work = poll_fn(|context| {
            PLACE.with_borrow_mut(|place| {
                let Some(place) = place else { return Poll::Pending };
                place.waker = Some(context.waker().clone());
                place.work.take().map_or(Poll::Pending, Poll::Ready)
            })
        });
        let work = runtime.block_on(async {
            tokio::select! {
                work = work => Some(work),
                () = stopped(self.end.clone()) => None,
            }
        });
        // It may have got work while the server ended.
        let work = work.or_else(|| PLACE.take().and_then(|place| place.work));
        PLACE.set(None);
        if work.is_none() {
            self.there.fetch_sub(1, Ordering::Relaxed);
        }
        work
    }

    /// The life of the thread that stands by. While it works, it does not keep the server.
    pub(crate) fn stand_by(self: &Arc<Self>, runtime: &Weak<Runtime>) {
        while let Some(runtime) = runtime.upgrade() {
            let work = self.serve(&runtime);
            drop(runtime);
            match work {
                Some(work) => perform(work),
                None => return,
            }
        }
    }
}

/// A panic of the work is not the server's.
pub(crate) fn perform(work: Work) {
    // Whoever waits for the work hears that its promise was dropped.
    drop(catch_unwind(AssertUnwindSafe(work)));
}
