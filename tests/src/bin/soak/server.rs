//! An API server that misbehaves now and then, goes away, and wants another token from time to time.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tests::certificates::{Authority, ServerCertificate};
use tests::objects;
use tests::server::{Answer, Framing, Running, Seen, Server};

/// Cluster operators: an answer of some kilobytes.
const OPERATORS: usize = 10;

/// Of so many requests, one is answered badly.
const FAULT_EVERY: u64 = 40;

/// The server, over its absences.
pub(crate) struct Faulty {
    port: u16,
    authority: Authority,
    certificate: ServerCertificate,
    running: Mutex<Option<Running>>,
    moods: Arc<Moods>,
}

#[derive(Default)]
struct Moods {
    token: Mutex<String>,
    is_well: AtomicBool,
    requests: AtomicU64,
    faults: AtomicU64,
}

impl Faulty {
    pub(crate) fn start() -> Faulty {
        let moods = Arc::new(Moods::default());
        let authority = Authority::new("soak");
        let certificate = authority.server("127.0.0.1");
        let running = with(&moods).start_tls(&certificate);
        Faulty { port: running.port(), authority, certificate, running: Mutex::new(Some(running)), moods }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// Who has signed its certificate.
    pub(crate) fn authority(&self) -> String {
        self.authority.pem()
    }

    /// Wants this token from now on.
    pub(crate) fn want(&self, token: &str) {
        token.clone_into(&mut self.moods.token.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Goes away: connections are refused, and kept ones end.
    pub(crate) fn go_away(&self) {
        *self.running() = None;
    }

    /// Comes back.
    pub(crate) fn come_back(&self) {
        *self.running() = Some(with(&self.moods).start_tls_on(self.port, &self.certificate));
    }

    /// Answers everything well from now on.
    pub(crate) fn get_well(&self) {
        self.moods.is_well.store(true, Ordering::SeqCst);
    }

    /// Requests, and those that were answered badly.
    pub(crate) fn counts(&self) -> (u64, u64) {
        (self.moods.requests.load(Ordering::Relaxed), self.moods.faults.load(Ordering::Relaxed))
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn with(moods: &Arc<Moods>) -> Server {
    let moods = moods.clone();
    Server::new()
        .list(objects::CLUSTER_OPERATORS, objects::cluster_operators(OPERATORS))
        .forgetting()
        .instead(move |seen, answer| moods.answer(seen, answer))
}

impl Moods {
    fn answer(&self, seen: &Seen, well: Answer) -> Answer {
        let number = self.requests.fetch_add(1, Ordering::Relaxed);
        let token = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if seen.header("authorization") != Some(&format!("Bearer {token}")) {
            return Answer::status(401, "Unauthorized", "Unauthorized");
        }
        if !number.is_multiple_of(FAULT_EVERY) || self.is_well.load(Ordering::SeqCst) {
            return well;
        }
        match self.faults.fetch_add(1, Ordering::Relaxed) % 8 {
            // The connection ends before the answer, within its body, and within a body whose length nobody said.
            0 => Answer::bytes("application/json", "").framed(Framing::Close).with_status(502).cut_after(0),
            1 => well.cut_after(1000),
            2 => well.framed(Framing::Chunked).cut_after(3000),
            3 => Answer::status(500, "InternalError", "etcdserver: request timed out"),
            4 => Answer::status(429, "TooManyRequests", "wait a moment").retry_after("1"),
            5 => Answer::page(503, "a proxy's page"),
            // Slow, and so slow that the request's time is over before.
            6 => well.drip(2000, Duration::from_millis(50)),
            _ => well.drip(50, Duration::from_millis(100)),
        }
    }
}
