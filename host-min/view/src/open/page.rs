//! The page of the archive, for a browser, on an address of its own: `http://127.0.0.1:PORT/SECRET/`.
//!
//! A browser cannot send the token of the API server, so the path is the secret here. That address serves the page and nothing else, and
//! the page loads nothing. The API server is on another port, which knows nothing of this one.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use ring::digest::{SHA256, digest};
use wagather_base::error::Result;
use wagather_http::{Access, Address, Answer, Bytes, Limits, Listener, Method, Request, Response, Server};
use wagather_http::{StatusCode, header};

use super::kubeconfig;
use super::stamp::Stamp;
use crate::{page, terminal};

/// Random bytes of the path: nobody guesses them.
const SECRET_BYTES: usize = 32;

/// Connections at the same time: browsers open a few ahead.
const MAX_CONNECTIONS: usize = 16;

/// What a browser may do with the page, beside what the page's own policy says.
const HEADERS: [(header::HeaderName, &str); 7] = [
    // It is for the tab of its reader alone.
    (header::CACHE_CONTROL, "no-store"),
    (header::CONTENT_SECURITY_POLICY, "frame-ancestors 'none'"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (header::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// The page of an archive. It is made when somebody asks for it for the first time.
pub(super) struct Page {
    archive: PathBuf,
    /// What the archive was known by when it was opened.
    opened: Option<Stamp>,
    /// The digest of the path's secret, so that neither its length nor a common beginning shows in the time of a comparison.
    secret: [u8; 32],
    made: Mutex<Option<Bytes>>,
}

fn hashed(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

/// The server of the page, and the address that shows it.
pub(super) fn server(archive: &Path, opened: Option<Stamp>) -> Result<(Server, Listener, String)> {
    let secret = kubeconfig::random(SECRET_BYTES).map_err(super::unserved)?;
    let listener = Listener::bind(&Address::Tcp(([127, 0, 0, 1], 0).into()), Access::default())?;
    let url = format!("http://{}/{secret}/", listener.address());
    let page = Arc::new(Page::new(archive, opened, &secret));
    let limits = Limits { connections: MAX_CONNECTIONS, threads: 1, ..Limits::default() };
    let server = Server::new(limits, move |request: Request| {
        let page = page.clone();
        Answer::on_pool(move || page.answer(&request))
    });
    Ok((server, listener, url))
}

impl Page {
    pub(super) fn new(archive: &Path, opened: Option<Stamp>, secret: &str) -> Page {
        Page { archive: archive.to_owned(), opened, secret: hashed(secret), made: Mutex::default() }
    }

    /// Answers a request.
    pub(super) fn answer(&self, request: &Request) -> Response {
        let path = request.path().strip_prefix('/').unwrap_or_default();
        let is_it = hashed(path.strip_suffix('/').unwrap_or(path)) == self.secret;
        let response = match request.method() {
            _ if !is_it => said(
                StatusCode::NOT_FOUND,
                "there is nothing here: open the whole address that host-min printed",
            ),
            &Method::GET | &Method::HEAD => self.page(),
            _ => {
                said(StatusCode::METHOD_NOT_ALLOWED, "this server shows an archive, which nothing can change")
                    .header(header::ALLOW, "GET, HEAD")
            }
        };
        HEADERS.iter().fold(response, |response, (name, value)| response.header(name.clone(), value))
    }

    fn page(&self) -> Response {
        // Who comes meanwhile waits, and gets the same one.
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if made.is_none() {
            let mut bytes = Vec::new();
            if let Err(failure) = page::write(&self.archive, None, None, &mut bytes) {
                terminal::warn(&failure.to_string());
                return said(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "the page cannot be made; host-min printed why",
                );
            }
            // Afterwards, because it may change while it is read.
            if self.opened.is_none() || Stamp::of(&self.archive) != self.opened {
                return said(
                    StatusCode::CONFLICT,
                    "the archive has changed since it was opened, and the page would not show what kubectl shows: end host-min open, and open the archive again",
                );
            }
            *made = Some(bytes.into());
        }
        Response::typed("text/html; charset=utf-8", made.clone().unwrap_or_default().into())
    }
}

fn said(status: StatusCode, text: &str) -> Response {
    Response::text(format!("{text}\n")).status(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "0123456789abcdef";

    fn answer(page: &Page, method: Method, target: &str) -> (StatusCode, String) {
        let response = page.answer(&Request::new(method, target, ""));
        for (name, value) in HEADERS {
            let found = response.get_headers().get(&name).and_then(|value| value.to_str().ok());
            assert_eq!(found, Some(value), "{name} at {target}");
        }
        let status = response.get_status();
        let body = response.into_body().into_bytes().expect("a whole body");
        (status, String::from_utf8(body.to_vec()).expect("text"))
    }

    #[test]
    fn only_the_whole_address_has_the_page() {
        let place = tempfile::tempdir().expect("a folder");
        let pods = place.path().join("namespaces/shop/core");
        std::fs::create_dir_all(&pods).expect("a folder");
        let list = r#"{"apiVersion":"v1","kind":"PodList","items":[{"metadata":{"name":"web","namespace":"shop"}}]}"#;
        std::fs::write(pods.join("pods.json"), list).expect("a file");
        let page = Page::new(place.path(), Stamp::of(place.path()), SECRET);
        for target in [
            "/",
            "/index.html",
            "/0123456789abcde/",
            "/0123456789abcdeF/",
            "/0123456789abcdef0/",
            "/0123456789abcdef/x",
            "/0123456789abcdef//",
            "//0123456789abcdef/",
            "/api/v1/pods",
            "/?0123456789abcdef",
        ] {
            let (status, body) = answer(&page, Method::GET, target);
            assert_eq!(status, StatusCode::NOT_FOUND, "{target}: {body}");
        }
        assert!(page.made.lock().expect("no panic").is_none(), "nobody made a page without the address");
        let target = format!("/{SECRET}/");
        let (status, body) = answer(&page, Method::POST, &target);
        assert_eq!(
            (status, &*body),
            (StatusCode::METHOD_NOT_ALLOWED, "this server shows an archive, which nothing can change\n")
        );
        let (status, body) = answer(&page, Method::GET, &target);
        assert_eq!(status, StatusCode::OK);
        assert!(body.starts_with("<!doctype html>") && body.contains("Content-Security-Policy"), "{body}");
        // It is made once: the archive is not read again.
        std::fs::remove_dir_all(place.path().join("namespaces")).expect("ours");
        for target in [&*target, "/0123456789abcdef", "/0123456789abcdef/?a=b"] {
            assert_eq!(answer(&page, Method::GET, target), (StatusCode::OK, body.clone()));
        }
    }

    #[test]
    fn the_page_is_that_of_the_archive_that_was_opened() {
        let place = tempfile::tempdir().expect("a folder");
        let nodes = place.path().join("cluster-scoped-resources/core");
        std::fs::create_dir_all(&nodes).expect("a folder");
        let node = |name: &str| {
            let text = format!(r#"{{"apiVersion":"v1","kind":"Node","metadata":{{"name":"{name}"}}}}"#);
            std::fs::write(nodes.join(format!("{name}.json")), text).expect("a file");
        };
        node("a");
        let page = Page::new(place.path(), Stamp::of(place.path()), SECRET);
        node("b");
        let target = format!("/{SECRET}/");
        let (status, body) = answer(&page, Method::GET, &target);
        assert_eq!(status, StatusCode::CONFLICT);
        assert!(body.starts_with("the archive has changed since it was opened"), "{body}");
        // It is what it was, so the page is.
        std::fs::remove_file(nodes.join("b.json")).expect("ours");
        assert_eq!(answer(&page, Method::GET, &target).0, StatusCode::OK);
    }

    #[test]
    fn a_page_that_cannot_be_made_says_so_and_no_more() {
        let page = Page::new(Path::new("/nonexistent/archive"), None, SECRET);
        let (status, body) = answer(&page, Method::GET, &format!("/{SECRET}/"));
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body, "the page cannot be made; host-min printed why\n");
    }

    #[test]
    fn addresses_are_long_and_never_the_same() {
        let [one, other] = [(); 2].map(|()| server(Path::new("/"), None).expect("a port").2);
        let secret = |url: &str| url.rsplit('/').nth(1).map(str::len);
        assert!(one.starts_with("http://127.0.0.1:") && one != other, "{one} {other}");
        assert_eq!((secret(&one), secret(&other)), (Some(64), Some(64)));
    }
}
