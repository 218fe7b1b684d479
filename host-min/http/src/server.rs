//! A server: its handler, its thread, and its end.

use crate::connection::{self, Lot};
use crate::listener::Socket;
use crate::patient::Stream;
use crate::relay::{Relay, Work, perform};
use crate::shared::{Shared, Stop, stopped};
use crate::{Address, Error, Handler, Limits, Listener, Peer};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, UnixListener};
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// How long a thread of the pool waits for work before it ends.
const IDLE_THREAD_TIME: Duration = Duration::from_secs(5);

/// The wait before looking again whether the thread that stands by has left.
const LEAVING_TIME: Duration = Duration::from_millis(1);

/// The wait before connections are accepted again where the system has no descriptors or memory for one.
const EXHAUSTED_TIME: Duration = Duration::from_millis(100);

/// Stops a server, from any thread.
#[derive(Clone, Debug)]
pub struct Stopper(Arc<watch::Sender<bool>>);

impl Stopper {
    /// Asks the server to stop: it accepts no connections any more, and ends when the requests under way are answered, at the latest after
    /// [`Limits::grace`].
    pub fn stop(&self) {
        self.0.send_replace(true);
    }
}

/// A server that does not run yet.
pub struct Server {
    shared: Shared,
    stopper: Stopper,
}

impl Server {
    /// A server with this handler.
    pub fn new(limits: Limits, handler: impl Handler) -> Server {
        let connections = Arc::new(Semaphore::new(limits.connections));
        let shared = Shared { handler: Box::new(handler), limits, connections };
        Server { shared, stopper: Stopper(Arc::new(watch::Sender::new(false))) }
    }

    /// What stops it.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Serves until it is [stopped](Stopper::stop). It runs on the calling thread, with a pool beside it for what blocks.
    pub fn run(self, listeners: Vec<Listener>) -> Result<(), Error> {
        let runtime = self.runtime()?;
        let result = runtime.block_on(serve(self.shared, self.stopper, listeners));
        // Work on the pool that did not end within the grace time is not waited for.
        runtime.shutdown_background();
        result
    }

    /// The same with another thread that stands by, which `start` starts: a handler can have the thread that serves do [work](crate::relay) itself.
    /// Returns when the work of the calling thread is done, too.
    pub fn run_with_standby(
        self,
        listeners: Vec<Listener>,
        start: impl FnOnce(Work) -> io::Result<()>,
    ) -> Result<(), Error> {
        let runtime = Arc::new(self.runtime()?);
        let (end, ended) = watch::channel(false);
        let relay = Arc::new(Relay::new(ended));
        let serving = runtime.spawn(async move {
            let result = serve(self.shared, self.stopper, listeners).await;
            end.send_replace(true);
            result
        });
        let (other, standby) = (Arc::clone(&relay), Arc::downgrade(&runtime));
        // Without it, no thread leaves.
        let _ = start(Box::new(move || other.stand_by(&standby)));
        while let Some(work) = relay.serve(&runtime) {
            perform(work);
        }
        let result =
            runtime.block_on(serving).unwrap_or_else(|error| Err(Error::System(io::Error::other(error))));
        // The other thread leaves now, unless it works: then it has left.
        let mut shared = runtime;
        loop {
            match Arc::try_unwrap(shared) {
                Ok(runtime) => {
                    runtime.shutdown_background();
                    return result;
                }
                Err(still) => shared = still,
            }
            std::thread::sleep(LEAVING_TIME);
        }
    }

    fn runtime(&self) -> Result<Runtime, Error> {
        tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .enable_time()
            .max_blocking_threads(self.shared.limits.threads.max(1))
            .thread_keep_alive(IDLE_THREAD_TIME)
            .thread_name("http-pool")
            .build()
            .map_err(Error::System)
    }
}

async fn serve(shared: Shared, stopper: Stopper, listeners: Vec<Listener>) -> Result<(), Error> {
    let shared = Arc::new(shared);
    let mut loops = JoinSet::new();
    for mut listener in listeners {
        let access = std::mem::take(&mut listener.access);
        let checks_hosts = matches!(listener.address(), Address::Tcp(_)) && listener.address().is_local();
        let lot = Arc::new(Lot { access, checks_hosts });
        let socket = Accepting::new(&listener).map_err(Error::System)?;
        let stop = stopper.0.subscribe();
        loops.spawn(accept(Arc::clone(&shared), lot, listener, socket, stop));
    }
    // Each ends when the server is stopped. Then sockets are closed and their files removed before the last answers are given.
    stopped_or_broken(&mut loops, stopped(stopper.0.subscribe())).await?;
    while loops.join_next().await.is_some() {}
    let all = u32::try_from(shared.limits.connections).unwrap_or(u32::MAX);
    drop(timeout(shared.limits.grace, shared.connections.acquire_many(all)).await);
    Ok(())
}

/// Waits for the end of the server. One that accepts on a part of its addresses only is broken.
async fn stopped_or_broken(loops: &mut JoinSet<()>, end: impl Future<Output = ()>) -> Result<(), Error> {
    tokio::select! {
        () = end => Ok(()),
        Some(Err(error)) = loops.join_next() => Err(Error::System(io::Error::other(error))),
    }
}

enum Accepting {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Accepting {
    fn new(listener: &Listener) -> io::Result<Accepting> {
        Ok(match &listener.socket {
            Socket::Tcp(socket) => {
                socket.set_nonblocking(true)?;
                Accepting::Tcp(TcpListener::from_std(socket.try_clone()?)?)
            }
            Socket::Unix(socket) => {
                socket.set_nonblocking(true)?;
                Accepting::Unix(UnixListener::from_std(socket.try_clone()?)?)
            }
        })
    }

    async fn accept(&self) -> io::Result<(Box<dyn Stream>, Peer)> {
        Ok(match self {
            Accepting::Tcp(socket) => {
                let (stream, address) = socket.accept().await?;
                // Answers are written whole; the last segment should not wait for the acknowledgement of the one before.
                stream.set_nodelay(true)?;
                (Box::new(stream), Peer::Tcp(address))
            }
            Accepting::Unix(socket) => (Box::new(socket.accept().await?.0), Peer::Unix),
        })
    }
}

/// Accepts connections while there is room for them. The listener is held for its file.
async fn accept(shared: Arc<Shared>, lot: Arc<Lot>, _listener: Listener, socket: Accepting, stop: Stop) {
    loop {
        let next = async {
            let permit = Arc::clone(&shared.connections).acquire_owned().await;
            (permit, socket.accept().await)
        };
        let (permit, accepted) = tokio::select! {
            next = next => next,
            () = stopped(stop.clone()) => return,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (shared, lot, stop) = (Arc::clone(&shared), Arc::clone(&lot), stop.clone());
                tokio::spawn(async move {
                    connection::serve(shared, lot, stream, peer, stop).await;
                    drop(permit);
                });
            }
            // The client left before it was accepted, or there are too many descriptors.
            Err(_) => sleep(EXHAUSTED_TIME).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_accepts_no_more_ends() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        let ended = runtime.block_on(async {
            let mut loops = JoinSet::new();
            loops.spawn(std::future::pending());
            loops.spawn(async { panic!("as the test wants it") });
            stopped_or_broken(&mut loops, std::future::pending()).await
        });
        let error = ended.expect_err("an end").to_string();
        assert!(error.contains("panicked"), "{error}");
        let ended = runtime.block_on(async {
            let mut loops = JoinSet::new();
            loops.spawn(std::future::pending());
            stopped_or_broken(&mut loops, std::future::ready(())).await
        });
        assert!(ended.is_ok());
    }
}
