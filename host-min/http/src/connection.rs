//! One connection: its requests, one after the other, and the bodies of their responses.

use crate::answer::Kind;
use crate::body::{Content, Piece, broken};
use crate::guard;
use crate::patient::{Patient, Stream};
use crate::shared::{Shared, Stop, stopped};
use crate::{Access, Body, Peer, Refusal, Request, Response};
use bytes::Bytes;
use http::{HeaderValue, header};
use http_body::{Body as _, Frame, SizeHint};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::io::{self, Read};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;
use tokio::task::{JoinHandle, spawn_blocking};
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsAcceptor;

/// What is read of a file at once.
const PIECE_BYTES: u64 = 32 << 10;

/// What hyper may buffer beyond a head: the beginning of a body.
const BEYOND_HEAD_BYTES: usize = 8 << 10;

/// Whose connection it is.
pub(crate) struct Lot {
    pub(crate) access: Access,
    pub(crate) checks_hosts: bool,
}

/// Serves a connection to its end.
pub(crate) async fn serve(
    shared: Arc<Shared>,
    lot: Arc<Lot>,
    stream: Box<dyn Stream>,
    peer: Peer,
    stop: Stop,
) {
    let limits = shared.limits;
    let stream = match &lot.access.tls {
        None => stream,
        Some(tls) => {
            let acceptor = TlsAcceptor::from(tls.config(|error| shared.handler.warn(error)));
            match timeout(limits.handshake_time, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => Box::new(stream),
                // A client that does not speak TLS, has no certificate, or is gone. It was told what TLS has to say.
                _ => return,
            }
        }
    };
    let io = TokioIo::new(Patient::new(stream, limits.write_time));
    let stop_of_bodies = stop.clone();
    let service = service_fn(move |request| {
        let (shared, lot, stop) = (Arc::clone(&shared), Arc::clone(&lot), stop_of_bodies.clone());
        async move { Ok::<_, Infallible>(exchange(&shared, &lot, request, peer, stop).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.head_time)
        .max_headers(limits.headers)
        .max_header_size(limits.head_bytes)
        .max_buf_size(limits.head_bytes + BEYOND_HEAD_BYTES)
        .serve_connection(io, service);
    let mut connection = pin!(connection);
    // What breaks a connection is its client's matter, who sees it.
    tokio::select! {
        _ = &mut connection => {}
        () = stopped(stop) => {
            connection.as_mut().graceful_shutdown();
            drop(connection.await);
        }
    }
}

async fn exchange(
    shared: &Arc<Shared>,
    lot: &Lot,
    request: hyper::Request<Incoming>,
    peer: Peer,
    stop: Stop,
) -> hyper::Response<Outgoing> {
    let (response, closes) = match admitted(shared, lot, request, peer).await {
        Ok(request) => (answered(shared, request).await, false),
        // The rest of the request may still be on its way.
        Err(refusal) => (shared.handler.refuse(refusal), true),
    };
    let mut answer = hyper::Response::new(Outgoing::new(response.body, stop));
    *answer.status_mut() = response.status;
    *answer.headers_mut() = response.headers;
    let headers = answer.headers_mut();
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if closes {
        headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// A request that the handler may see, with its body.
async fn admitted(
    shared: &Shared,
    lot: &Lot,
    request: hyper::Request<Incoming>,
    peer: Peer,
) -> Result<Request, Refusal> {
    let limits = &shared.limits;
    let (head, body) = request.into_parts();
    guard::check(&head, &lot.access, lot.checks_hosts, limits.target_bytes, |error| {
        shared.handler.warn(error)
    })?;
    let all = timeout(limits.body_time, collected(body, limits.body_bytes));
    let body = all.await.map_err(|_| Refusal::SlowBody)??;
    Ok(Request {
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
        peer,
    })
}

async fn collected(body: Incoming, max_bytes: usize) -> Result<Bytes, Refusal> {
    // What is announced is not waited for if it is too much.
    if body.size_hint().lower() > max_bytes as u64 {
        return Err(Refusal::LargeBody);
    }
    let mut body = pin!(body);
    let mut all = Vec::new();
    while let Some(frame) = std::future::poll_fn(|context| body.as_mut().poll_frame(context)).await {
        // Trailers are left out.
        if let Ok(piece) = frame.map_err(|_| Refusal::BrokenBody)?.into_data() {
            if piece.len() > max_bytes - all.len() {
                return Err(Refusal::LargeBody);
            }
            all.extend_from_slice(&piece);
        }
    }
    Ok(all.into())
}

async fn answered(shared: &Arc<Shared>, request: Request) -> Response {
    let refused = |refusal| shared.handler.refuse(refusal);
    match shared.handler.handle(request).0 {
        Kind::Now(response) => *response,
        Kind::OnPool(work) => spawn_blocking(work).await.unwrap_or_else(|_| refused(Refusal::Failed)),
        Kind::Later(response, None) => response.await.unwrap_or_else(|_| refused(Refusal::Abandoned)),
        Kind::Later(response, Some(late)) => match timeout(late.time, response).await {
            Ok(response) => response.unwrap_or_else(|_| refused(Refusal::Abandoned)),
            Err(_) => (late.otherwise)(),
        },
    }
}

/// The body of a response as hyper takes it.
pub(crate) enum Outgoing {
    Bytes(Bytes),
    Reader(Reading),
    Pieces {
        receiver: mpsc::Receiver<Piece>,
        has_ended: bool,
    },
    Held {
        first: Bytes,
        end: Pin<Box<Sleep>>,
        stopped: Pin<Box<dyn Future<Output = ()> + Send>>,
        has_ended: bool,
    },
}

/// A reader and what is left to read of it.
pub(crate) struct Reading {
    left: u64,
    reader: Option<Reader>,
    piece: Option<JoinHandle<(Reader, io::Result<Vec<u8>>)>>,
}

type Reader = Box<dyn Read + Send>;

impl Outgoing {
    fn new(body: Body, stop: Stop) -> Outgoing {
        match body.0 {
            Content::Bytes(bytes) => Outgoing::Bytes(bytes),
            Content::Reader { reader, len } => {
                Outgoing::Reader(Reading { left: len, reader: Some(reader), piece: None })
            }
            Content::Pieces(receiver) => Outgoing::Pieces { receiver, has_ended: false },
            Content::Held { first, time } => Outgoing::Held {
                first,
                end: Box::pin(sleep(time)),
                stopped: Box::pin(stopped(stop)),
                has_ended: false,
            },
        }
    }
}

impl http_body::Body for Outgoing {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let taken = |bytes: &mut Bytes| Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes)))));
        match self.get_mut() {
            Outgoing::Bytes(bytes) if bytes.is_empty() => Poll::Ready(None),
            Outgoing::Bytes(bytes) => taken(bytes),
            Outgoing::Reader(reading) => {
                reading.poll(context).map(|piece| piece.map(|piece| piece.map(Frame::data)))
            }
            Outgoing::Pieces { receiver, has_ended } => {
                Poll::Ready(match ready!(receiver.poll_recv(context)) {
                    _ if *has_ended => None,
                    Some(Piece::Bytes(bytes)) => Some(Ok(Frame::data(bytes))),
                    Some(Piece::End) => {
                        *has_ended = true;
                        None
                    }
                    None => Some(Err(broken())),
                })
            }
            Outgoing::Held { first, .. } if !first.is_empty() => taken(first),
            Outgoing::Held { end, stopped, has_ended, .. } => {
                *has_ended = *has_ended
                    || end.as_mut().poll(context).is_ready()
                    || stopped.as_mut().poll(context).is_ready();
                if *has_ended { Poll::Ready(None) } else { Poll::Pending }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Outgoing::Bytes(bytes) => bytes.is_empty(),
            Outgoing::Reader(reading) => reading.left == 0,
            Outgoing::Pieces { has_ended, .. } | Outgoing::Held { has_ended, .. } => *has_ended,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Outgoing::Bytes(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Outgoing::Reader(reading) => SizeHint::with_exact(reading.left),
            Outgoing::Pieces { .. } | Outgoing::Held { .. } => SizeHint::default(),
        }
    }
}

impl Reading {
    fn poll(&mut self, context: &mut Context<'_>) -> Poll<Option<io::Result<Bytes>>> {
        if self.left == 0 {
            return Poll::Ready(None);
        }
        let most = self.left.min(PIECE_BYTES);
        if let Some(mut reader) = self.reader.take() {
            self.piece = Some(spawn_blocking(move || {
                let mut bytes = Vec::new();
                let read = reader.by_ref().take(most).read_to_end(&mut bytes);
                (reader, read.map(|_| bytes))
            }));
        }
        let Some(piece) = &mut self.piece else { return Poll::Ready(Some(Err(broken()))) };
        let (reader, bytes) = ready!(Pin::new(piece).poll(context)).map_err(io::Error::other)?;
        self.piece = None;
        let bytes = bytes?;
        if bytes.is_empty() {
            return Poll::Ready(Some(Err(broken())));
        }
        self.left = self.left.saturating_sub(bytes.len() as u64);
        self.reader = Some(reader);
        Poll::Ready(Some(Ok(bytes.into())))
    }
}
