//! A proxy that injects faults between a client and an API server. It forwards requests, and does to some of the
//! answers what networks, load balancers and busy servers do to them.
//!
//! The faults depend only on a seed and the order of the requests, so a failure can be reproduced. The proxy never
//! changes a byte: an answer arrives complete, or is visibly incomplete.

use crate::apiserver::read_head;
use serde_json::json;
use std::fmt;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsRawFd;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// The real answer to a target and an `Accept`: status, media type, body.
pub type Upstream = Arc<dyn Fn(&str, &str) -> (u16, String, Vec<u8>) + Send + Sync>;

/// How long an answer that has no end is kept up; the client has given up before.
const ENDLESS: Duration = Duration::from_secs(20);

/// Something that goes wrong with one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer comes late, and is good.
    Latency(Duration),
    /// The connection is reset before there is an answer.
    ResetBeforeHead,
    /// The connection ends within the head, after so many bytes.
    CutHead(usize),
    /// The body ends after so many bytes, by a reset or by an orderly end.
    Cut {
        /// How much of it comes, modulo its length.
        after: usize,
        /// Whether it is a reset.
        reset: bool,
    },
    /// The connection stays, but nothing comes after so many bytes of the body.
    Stall {
        /// How much of it comes, modulo its length.
        after: usize,
    },
    /// The body comes in small pieces with pauses.
    Drip {
        /// How large the pieces are.
        piece: usize,
        /// What is between them.
        pause: Duration,
    },
    /// After its last byte the body goes on with spaces.
    Endless,
    /// A busy server, or a load balancer in front of a dead one.
    Status {
        /// 429, or one of the 500s.
        code: u16,
        /// Seconds of `Retry-After`.
        retry_after: Option<u32>,
        /// Whether it is a page for people instead of a `Status`.
        html: bool,
    },
    /// The continue token is said to be too old, with a fresh one. A request without a token is passed on.
    Expired,
}

/// How the proxy behaves.
#[derive(Clone, Debug)]
pub struct Weather {
    /// What the numbers are made from.
    pub seed: u64,
    /// Of a thousand requests so many go wrong.
    pub per_mille: u64,
    /// So many of the first requests are answered with 429 or 503.
    pub storm: usize,
    /// Whether continue tokens may expire.
    pub expiry: bool,
}

/// A proxy that runs until the value is dropped.
pub struct FaultyProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: Upstream,
    weather: Weather,
    state: Mutex<State>,
    stopped: AtomicBool,
}

struct State {
    dice: Dice,
    requests: usize,
    done: Vec<(String, Option<Fault>)>,
}

/// Numbers from a seed: splitmix64.
pub struct Dice(pub u64);

impl Dice {
    /// A number below a bound.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ mixed >> 31) % bound.max(1)
    }
}

impl Weather {
    /// One of many kinds of bad weather.
    pub fn of_seed(seed: u64) -> Weather {
        let mut dice = Dice(seed);
        let per_mille = [0, 50, 150, 300, 600][dice.below(5) as usize];
        let storm = if dice.below(4) == 0 { 1 + dice.below(4) as usize } else { 0 };
        Weather { seed, per_mille, storm, expiry: dice.below(3) == 0 }
    }

    fn fault(&self, dice: &mut Dice, request: usize) -> Option<Fault> {
        if request < self.storm {
            return Some(busy(dice));
        }
        if dice.below(1000) >= self.per_mille {
            return None;
        }
        // Where a body is cut is found when its length is known.
        let after = dice.below(u64::MAX) as usize;
        Some(match dice.below(12) {
            0 => Fault::Latency(Duration::from_millis(dice.below(60))),
            1 => Fault::ResetBeforeHead,
            2 => Fault::CutHead(dice.below(60) as usize),
            3 | 4 => Fault::Cut { after, reset: true },
            5 | 6 => Fault::Cut { after, reset: false },
            7 => Fault::Stall { after },
            8 => Fault::Drip {
                piece: 1 + dice.below(4000) as usize,
                pause: Duration::from_millis(dice.below(4)),
            },
            9 => Fault::Endless,
            10 if self.expiry => Fault::Expired,
            _ => busy(dice),
        })
    }
}

fn busy(dice: &mut Dice) -> Fault {
    let code = [429, 429, 503, 502, 504][dice.below(5) as usize];
    let retry_after = [None, Some(0), Some(1), None][dice.below(4) as usize];
    Fault::Status { code, retry_after, html: code != 429 && dice.below(2) == 0 }
}

impl FaultyProxy {
    /// Starts one in front of a server.
    pub fn start(upstream: Upstream, weather: Weather) -> FaultyProxy {
        let listener = TcpListener::bind("127.0.0.1:0")
            .unwrap_or_else(|error| panic!("cannot listen on loopback: {error}"));
        let address = listener.local_addr().expect("an address");
        let state = State { dice: Dice(weather.seed ^ 0x5eed), requests: 0, done: Vec::new() };
        let shared =
            Arc::new(Shared { upstream, weather, state: Mutex::new(state), stopped: AtomicBool::new(false) });
        let serving = shared.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                if serving.stopped.load(Ordering::SeqCst) {
                    return;
                }
                let serving = serving.clone();
                std::thread::spawn(move || {
                    let _ = stream.set_nodelay(true);
                    let _ = serving.serve(stream);
                });
            }
        });
        FaultyProxy { address, shared }
    }

    /// Its URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What was asked for, and what went wrong with it.
    pub fn done(&self) -> Vec<(String, Option<Fault>)> {
        self.shared.lock().done.clone()
    }
}

impl Drop for FaultyProxy {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the listener up, so that it sees the flag.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().expect("no panic while it was held")
    }

    fn serve(&self, mut stream: TcpStream) -> io::Result<()> {
        while let Some(head) = read_head(&mut stream)? {
            let target = head.split(' ').nth(1).unwrap_or_default().to_owned();
            let accept = head.lines().find_map(|line| line.strip_prefix("Accept: ")).unwrap_or("*/*");
            let (fault, chunked) = {
                let mut state = self.lock();
                let request = state.requests;
                state.requests += 1;
                let fault = self.weather.fault(&mut state.dice, request);
                let fault = fault.filter(|fault| *fault != Fault::Expired || token_of(&target).is_some());
                state.done.push((target.clone(), fault.clone()));
                (fault, state.dice.below(2) == 0)
            };
            if !self.answer(&mut stream, &target, accept, fault, chunked)? {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Answers, well or not; whether the connection can be used again.
    fn answer(
        &self,
        stream: &mut TcpStream,
        target: &str,
        accept: &str,
        fault: Option<Fault>,
        chunked: bool,
    ) -> io::Result<bool> {
        let (status, media_type, body) = match &fault {
            Some(Fault::ResetBeforeHead) => return reset(stream),
            Some(Fault::Status { code, retry_after, html }) => {
                let (media_type, body) = excuse(*code, *html);
                let wait = retry_after.map_or(String::new(), |seconds| format!("Retry-After: {seconds}\r\n"));
                return send(stream, *code, media_type, &wait, &body, chunked).map(|()| true);
            }
            Some(Fault::Expired) => {
                let body = expired(token_of(target).unwrap_or_default());
                return send(stream, 410, "application/json", "", &body, chunked).map(|()| true);
            }
            _ => (self.upstream)(target, accept),
        };
        match fault {
            Some(Fault::Latency(latency)) => std::thread::sleep(latency),
            Some(Fault::CutHead(bytes)) => {
                let head = head(status, &media_type, "", Some(body.len()));
                stream.write_all(&head.as_bytes()[..bytes.min(head.len() - 1)])?;
                return Ok(false);
            }
            Some(Fault::Cut { after, reset: is_reset }) => {
                begin(stream, status, &media_type, &body[..after % body.len().max(1)], body.len(), chunked)?;
                return if is_reset { reset(stream) } else { Ok(false) };
            }
            Some(Fault::Stall { after }) => {
                begin(stream, status, &media_type, &body[..after % body.len().max(1)], body.len(), chunked)?;
                // Until the client has had enough of it.
                stream.set_read_timeout(Some(ENDLESS))?;
                let _ = stream.read(&mut [0]);
                return Ok(false);
            }
            Some(Fault::Drip { piece, pause }) => {
                stream.write_all(head(status, &media_type, "", Some(body.len())).as_bytes())?;
                for piece in body.chunks(piece) {
                    stream.write_all(piece)?;
                    std::thread::sleep(pause);
                }
                return Ok(true);
            }
            Some(Fault::Endless) => {
                begin(stream, status, &media_type, &body, usize::MAX, true)?;
                let begun = Instant::now();
                while begun.elapsed() < ENDLESS && !self.stopped.load(Ordering::SeqCst) {
                    stream.write_all(b"4\r\n    \r\n")?;
                    std::thread::sleep(Duration::from_millis(5));
                }
                return Ok(false);
            }
            _ => {}
        }
        send(stream, status, &media_type, "", &body, chunked).map(|()| true)
    }
}

fn head(status: u16, media_type: &str, more: &str, length: Option<usize>) -> String {
    let framing = match length {
        Some(length) => format!("Content-Length: {length}"),
        None => "Transfer-Encoding: chunked".to_owned(),
    };
    format!("HTTP/1.1 {status} -\r\nContent-Type: {media_type}\r\n{more}{framing}\r\n\r\n")
}

fn send(
    stream: &mut TcpStream,
    status: u16,
    media_type: &str,
    more: &str,
    body: &[u8],
    chunked: bool,
) -> io::Result<()> {
    stream.write_all(head(status, media_type, more, (!chunked).then_some(body.len())).as_bytes())?;
    if !chunked {
        return stream.write_all(body);
    }
    for piece in body.chunks(3000) {
        write!(stream, "{:x}\r\n", piece.len())?;
        stream.write_all(piece)?;
        stream.write_all(b"\r\n")?;
    }
    stream.write_all(b"0\r\n\r\n")
}

/// The beginning of an answer that is said to be longer.
fn begin(
    stream: &mut TcpStream,
    status: u16,
    media_type: &str,
    part: &[u8],
    length: usize,
    chunked: bool,
) -> io::Result<()> {
    stream.write_all(head(status, media_type, "", (!chunked).then_some(length)).as_bytes())?;
    if chunked && !part.is_empty() {
        write!(stream, "{:x}\r\n", part.len())?;
    }
    stream.write_all(part)?;
    if chunked && !part.is_empty() {
        stream.write_all(b"\r\n")?;
    }
    Ok(())
}

/// Ends a connection with RST instead of FIN.
#[allow(unsafe_code)]
fn reset(stream: &mut TcpStream) -> io::Result<bool> {
    let linger = libc::linger { l_onoff: 1, l_linger: 0 };
    // SAFETY: the descriptor is open, and the structure is one that SO_LINGER takes, with its own size.
    unsafe {
        libc::setsockopt(
            stream.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_LINGER,
            (&raw const linger).cast(),
            size_of_val(&linger) as libc::socklen_t,
        );
    }
    Ok(false)
}

fn excuse(code: u16, html: bool) -> (&'static str, Vec<u8>) {
    if html {
        return ("text/html", format!("<html><h1>{code} Bad weather</h1></html>").into_bytes());
    }
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "code": code,
        "message": format!("bad weather ({code})"),
    });
    ("application/json", body.to_string().into_bytes())
}

/// The continue token of a target.
fn token_of(target: &str) -> Option<&str> {
    target.split(['?', '&']).find_map(|pair| pair.strip_prefix("continue="))
}

/// What an API server says of a token that is too old. The fresh one means "from there on, as it is now": its resource
/// version is -1.
fn expired(token: &str) -> Vec<u8> {
    let fresh = base64(false, token.as_bytes()).and_then(|text| {
        let mut token: serde_json::Value = serde_json::from_slice(&text).ok()?;
        token["rv"] = json!(-1);
        base64(true, token.to_string().as_bytes())
    });
    let fresh = fresh.and_then(|fresh| String::from_utf8(fresh).ok()).unwrap_or_default();
    let body = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {"continue": fresh}, "status": "Failure",
        "message": "The provided continue parameter is too old", "reason": "Expired", "code": 410,
    });
    body.to_string().into_bytes()
}

/// Base64 with the alphabet for URLs and without padding (RFC 4648, section 5), there or back.
fn base64(encode: bool, text: &[u8]) -> Option<Vec<u8>> {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let (from, to) = if encode { (8, 6) } else { (6, 8) };
    let (mut bits, mut held, mut out) = (0_u32, 0, Vec::new());
    for &byte in text {
        let value =
            if encode { u32::from(byte) } else { DIGITS.iter().position(|&digit| digit == byte)? as u32 };
        (bits, held) = (bits << from | value, held + from);
        while held >= to {
            held -= to;
            out.push((bits >> held & ((1 << to) - 1)) as u8);
        }
        bits &= (1 << held) - 1;
    }
    if encode {
        if held > 0 {
            out.push((bits << (to - held)) as u8);
        }
        out.iter_mut().for_each(|digit| *digit = DIGITS[usize::from(*digit)]);
    }
    Some(out)
}

impl fmt::Debug for FaultyProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.shared.weather)?;
        for (target, fault) in self.done() {
            match fault {
                Some(fault) => writeln!(f, "  {target}: {fault:?}")?,
                None => writeln!(f, "  {target}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_there_and_back() {
        for (plain, encoded) in
            [("", ""), ("f", "Zg"), ("fo", "Zm8"), ("foo", "Zm9v"), ("{\"v\":1}", "eyJ2IjoxfQ")]
        {
            assert_eq!(base64(true, plain.as_bytes()).as_deref(), Some(encoded.as_bytes()));
            assert_eq!(base64(false, encoded.as_bytes()).as_deref(), Some(plain.as_bytes()));
        }
        assert_eq!(base64(false, b"a=b"), None);
    }

    #[test]
    fn weather_is_the_same_for_a_seed_and_of_all_kinds() {
        let faults = |seed| {
            let weather = Weather::of_seed(seed);
            let mut dice = Dice(seed);
            (0..50).map(|request| weather.fault(&mut dice, request)).collect::<Vec<_>>()
        };
        assert_eq!(faults(7), faults(7));
        let all: Vec<Fault> = (0..200).flat_map(faults).flatten().collect();
        let kinds: std::collections::HashSet<_> = all.iter().map(std::mem::discriminant).collect();
        assert_eq!(kinds.len(), 9, "{kinds:?}");
    }
}
