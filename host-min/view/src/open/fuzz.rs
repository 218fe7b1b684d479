//! A way in for the fuzzer of `tests/fuzz/`: no part of the program, compiled under `cfg(fuzzing)` alone.

use std::sync::Arc;

use wagather_http::{Method, Request, header};
use wagather_offline::Archive;

use super::content::Content;
use super::server;

/// A server for an archive.
pub struct Opened(Arc<Content>);

impl Opened {
    /// Reads the bytes of a tar. `None` if there are no objects in them.
    pub fn read(tar: &[u8]) -> Option<Opened> {
        let archive = Archive::read("fuzz.tar".into(), tar).ok()?;
        Some(Opened(Arc::new(Content::of(archive))))
    }

    /// The status and the body of a response, if it ends.
    pub fn get(&self, target: &str, accept: &str) -> (u16, Option<Vec<u8>>) {
        self.send(Method::GET, target, accept, b"")
    }

    /// The same for a request with a body.
    pub fn post(&self, target: &str, body: &[u8]) -> (u16, Option<Vec<u8>>) {
        self.send(Method::POST, target, "", body)
    }

    fn send(&self, method: Method, target: &str, accept: &str, body: &[u8]) -> (u16, Option<Vec<u8>>) {
        let request = Request::new(method, target, body.to_vec()).header(header::ACCEPT, accept);
        let response = server::answer(&self.0, &request);
        (response.get_status().as_u16(), response.into_body().into_bytes().ok().map(Vec::from))
    }
}
