//! A request as handlers see it.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Method, header};
use std::net::SocketAddr;
use wagather_base::percent;

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Peer {
    /// A client on TCP.
    Tcp(SocketAddr),
    /// A client on a Unix socket.
    Unix,
}

/// A request with its body. Who may not send it does not come this far.
#[derive(Debug)]
pub struct Request {
    pub(crate) method: Method,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) peer: Peer,
}

impl Request {
    /// A request as a server gets it, for tests of handlers. The target is the path with the query.
    pub fn new(method: Method, target: &str, body: impl Into<Bytes>) -> Request {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Request {
            method,
            path: path.to_owned(),
            query: query.to_owned(),
            headers: HeaderMap::new(),
            body: body.into(),
            peer: Peer::Unix,
        }
    }

    /// Adds a header, for tests of handlers.
    pub fn header(mut self, name: HeaderName, value: &str) -> Request {
        if let Ok(value) = value.parse() {
            self.headers.append(name, value);
        }
        self
    }

    /// The method. A `HEAD` is answered as a `GET` is; the server leaves the body out.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The path as it was sent, with its escapes.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The path's parts, decoded: `/a/b%20c` is `a` and `b c`. Gives `None` for a path that does not name one thing: with an empty part,
    /// `.` or `..`, a broken escape, or a part that has a slash, a backslash or a control character once it is decoded.
    pub fn segments(&self) -> Option<Vec<String>> {
        let segment = |text: &str| {
            let decoded = percent::decode_strict(text)?;
            let is_odd = |character: char| matches!(character, '/' | '\\') || character.is_control();
            let fits = !matches!(&*decoded, "" | "." | "..") && !decoded.contains(is_odd);
            fits.then_some(decoded)
        };
        match self.path.strip_prefix('/')? {
            "" => Some(Vec::new()),
            path => path.split('/').map(segment).collect(),
        }
    }

    /// The query's pairs, decoded, in their order. A key without `=` has an empty value. Gives `None` if an escape is broken.
    pub fn query(&self) -> Option<Vec<(String, String)>> {
        let decode = |text: &str| percent::decode_strict(&text.replace('+', " "));
        let pairs = self.query.split('&').filter(|pair| !pair.is_empty());
        pairs
            .map(|pair| {
                let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                Some((decode(key)?, decode(value)?))
            })
            .collect()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// The media type of the body, without its parameters, in lower case.
    pub fn content_type(&self) -> Option<String> {
        let value = self.headers.get(header::CONTENT_TYPE)?.to_str().ok()?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The whole body.
    pub fn body(&self) -> &Bytes {
        &self.body
    }

    /// Who sent it.
    pub fn peer(&self) -> Peer {
        self.peer
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_one_thing() {
        let segments = |path: &str| Request::new(Method::GET, path, "").segments();
        let owned = |parts: &[&str]| Some(parts.iter().map(|part| (*part).to_owned()).collect::<Vec<_>>());
        assert_eq!(segments("/"), owned(&[]));
        assert_eq!(segments("/a/b%20c/d:e"), owned(&["a", "b c", "d:e"]));
        assert_eq!(segments("/a...b/..c"), owned(&["a...b", "..c"]));
        for path in [
            "", "a", "*", "//", "/a/", "/a//b", "/.", "/..", "/a/../b", "/%2e%2E", "/a%2fb", "/a%5Cb",
            "/a%00", "/a%0d", "/%", "/%zz", "/%ff", "/a\\b",
        ] {
            assert_eq!(segments(path), None, "{path}");
        }
    }

    #[test]
    fn queries_are_pairs() {
        let query = |target: &str| Request::new(Method::GET, target, "").query();
        let pairs = query("/?a=1&&b=x%26+y%2B&c&a==").expect("pairs");
        let pairs: Vec<_> = pairs.iter().map(|(key, value)| (&**key, &**value)).collect();
        assert_eq!(pairs, [("a", "1"), ("b", "x& y+"), ("c", ""), ("a", "=")]);
        assert_eq!(query("/").expect("none"), []);
        assert_eq!(query("/?a=%"), None);
    }
}
