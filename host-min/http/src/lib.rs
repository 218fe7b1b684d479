//! Internal to host-min, without any promise of stability: the HTTP server of the programs that stay.
//!
//! It speaks HTTP/1.1 on hyper, with one thread for all connections and a bounded pool for work that blocks. Two threads can
//! serve in turn, so that a handler can have its thread do work ([`relay`]). It knows nothing of
//! Kubernetes, archives or runs. Who may use a server, and how much of it, is decided here, once for all programs:
//!
//! - **Addresses.** Loopback TCP, a Unix socket, or a socket that the service manager opened ([`Address`], [`Listener`]). An address that
//!   other machines reach needs TLS, and a token or client certificates ([`Access`]); without them, [`Listener`] refuses it.
//! - **Browsers.** A page of somebody else's must not reach a server on loopback. Requests whose `Host` is not this machine's are refused
//!   (DNS rebinding), and so are those that a browser sends from another site. No CORS header is ever sent.
//! - **Bounds.** Connections, heads, bodies, threads and every wait for a client have [`Limits`].
//! - **Bodies.** A body is bytes, a file that is read piece by piece, pieces that a thread sends, or one that stays open for a while ([`Body`]).
//!
//! ```no_run
//! use std::path::Path;
//! use wagather_http::{Access, Answer, Body, Limits, Listener, Request, Response, Server, StatusCode, Token};
//!
//! # fn main() -> Result<(), wagather_http::Error> {
//! let access = Access { token: Some(Token::file(Path::new("token"))?), ..Access::default() };
//! let listener = Listener::bind(&"127.0.0.1:0".parse()?, access)?;
//! println!("http://{}", listener.address());
//! let server = Server::new(Limits::default(), |request: Request| match request.path() {
//!     // At once: this thread serves all connections, so nothing here may block.
//!     "/version" => Answer::from(Response::json(&serde_json::json!({ "major": "1" }))),
//!     // On the pool.
//!     "/archive" => Answer::on_pool(|| match std::fs::File::open("archive.tar.gz") {
//!         Ok(file) => Response::new(StatusCode::OK).body(Body::reader(file, 1000)),
//!         Err(_) => Response::new(StatusCode::NOT_FOUND),
//!     }),
//!     _ => Response::new(StatusCode::NOT_FOUND).into(),
//! });
//! let stopper = server.stopper();
//! std::thread::spawn(move || {
//!     std::thread::sleep(std::time::Duration::from_secs(60));
//!     stopper.stop();
//! });
//! // Until then, and until the requests under way are answered.
//! server.run(vec![listener])
//! # }
//! ```
//!
//! `docs/decisions/0057` says why hyper, and what it costs.
#![forbid(unsafe_code)]

mod access;
mod address;
mod answer;
mod body;
mod connection;
mod error;
mod guard;
mod handler;
mod limits;
mod listener;
mod patient;
mod refusal;
mod relay;
mod request;
mod response;
mod server;
mod shared;
#[cfg(test)]
mod tests;
mod tls;
mod token;
mod watched;

pub use access::Access;
pub use address::Address;
pub use answer::{Answer, Promise};
pub use body::{Body, Gone, Pieces};
pub use bytes::Bytes;
pub use error::Error;
pub use handler::Handler;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
pub use limits::Limits;
pub use listener::Listener;
pub use refusal::Refusal;
pub use relay::{Work, relay};
pub use request::{Peer, Request};
pub use response::Response;
pub use server::{Server, Stopper};
pub use tls::Tls;
pub use token::Token;
