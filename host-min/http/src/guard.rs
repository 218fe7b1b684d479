//! Which requests the handler may see, as a pure function of their heads.

use crate::{Access, Error, Refusal};
use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, Method, Version, header};
use std::net::IpAddr;

/// Decides on a request by its head.
pub(crate) fn check(
    head: &Parts,
    access: &Access,
    checks_hosts: bool,
    max_target_bytes: usize,
    warn: impl FnOnce(&Error),
) -> Result<(), Refusal> {
    let target = head.uri.path_and_query().ok_or(Refusal::Target)?;
    if target.as_str().len() > max_target_bytes {
        return Err(Refusal::LongTarget);
    }
    if head.method == Method::CONNECT {
        return Err(Refusal::Target);
    }
    let host = host(head)?;
    if let (Some(named), Some(host)) = (head.uri.authority(), &host)
        && !named.as_str().eq_ignore_ascii_case(host.as_str())
    {
        return Err(Refusal::Target);
    }
    // HTTP/1.0 has no Host; browsers do not speak it.
    if checks_hosts && host.as_ref().is_some_and(|host| !is_this_machine(host.host(), &access.hosts)) {
        return Err(Refusal::ForeignHost);
    }
    if is_of_another_site(&head.headers, host.as_ref()) {
        return Err(Refusal::ForeignSite);
    }
    let Some(expected) = access.token.as_ref().filter(|_| !access.open_paths.contains(&target.path())) else {
        return Ok(());
    };
    match token(&head.headers) {
        None => Err(Refusal::NoToken),
        Some(token) if expected.is(token, warn) => Ok(()),
        Some(_) => Err(Refusal::WrongToken),
    }
}

/// The one host that a request names. Only HTTP/1.0 may name none.
fn host(head: &Parts) -> Result<Option<Authority>, Refusal> {
    let mut hosts = head.headers.get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    match (first, second) {
        (None, _) if head.version == Version::HTTP_10 => Ok(None),
        (Some(host), None) => {
            let authority = Authority::try_from(host.as_bytes()).map_err(|_| Refusal::Host)?;
            // user@host
            if authority.as_str().contains('@') { Err(Refusal::Host) } else { Ok(Some(authority)) }
        }
        _ => Err(Refusal::Host),
    }
}

fn is_this_machine(host: &str, more: &[String]) -> bool {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    let is_loopback = bare.parse().is_ok_and(|ip: IpAddr| ip.to_canonical().is_loopback());
    is_loopback
        || host.eq_ignore_ascii_case("localhost")
        || more.iter().any(|name| name.eq_ignore_ascii_case(host))
}

/// Whether a browser says that a page of another site is behind the request. Other clients send neither header.
fn is_of_another_site(headers: &HeaderMap, host: Option<&Authority>) -> bool {
    let is_ours = |origin: &[u8]| {
        let authority = origin.strip_prefix(b"http://").or_else(|| origin.strip_prefix(b"https://"));
        authority
            .zip(host)
            .is_some_and(|(authority, host)| authority.eq_ignore_ascii_case(host.as_str().as_bytes()))
    };
    let is_direct = |site: &[u8]| matches!(site, b"same-origin" | b"none");
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let mut sites = headers.get_all("sec-fetch-site").iter();
    origins.any(|origin| !is_ours(origin.as_bytes())) || sites.any(|site| !is_direct(site.as_bytes()))
}

/// The token of the one `Authorization` header.
fn token(headers: &HeaderMap) -> Option<&[u8]> {
    let mut all = headers.get_all(header::AUTHORIZATION).iter();
    let (first, second) = (all.next()?, all.next());
    let (scheme, token) = first.as_bytes().split_at_checked(7)?;
    (second.is_none() && scheme.eq_ignore_ascii_case(b"bearer ")).then_some(token.trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Token;

    fn decide(
        target: &str,
        version: Version,
        headers: &[(&str, &str)],
        access: &Access,
    ) -> Result<(), Refusal> {
        let mut request = http::Request::builder().uri(target).version(version);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).expect("a request").into_parts();
        check(&head, access, true, 100, |_| ())
    }

    #[test]
    fn a_name_that_somebody_points_here_is_no_name_of_ours() {
        let access = Access { hosts: vec!["gatherer.example".into()], ..Access::default() };
        let ask = |host: &str| decide("/", Version::HTTP_11, &[("host", host)], &access);
        for host in [
            "localhost",
            "LocalHost:80",
            "127.0.0.1",
            "127.0.0.2:9",
            "[::1]:80",
            "[::ffff:127.0.0.1]",
            "gatherer.example:1",
        ] {
            assert_eq!(ask(host), Ok(()), "{host}");
        }
        for host in [
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example",
            "10.0.0.1",
            "[::2]:80",
            "0.0.0.0",
        ] {
            assert_eq!(ask(host), Err(Refusal::ForeignHost), "{host}");
        }
        for host in ["", "a b", "localhost@evil.example", "evil.example@localhost", "localhost/", "[::1"] {
            assert_eq!(ask(host), Err(Refusal::Host), "{host:?}");
        }
        let twice = [("host", "localhost"), ("host", "localhost")];
        assert_eq!(decide("/", Version::HTTP_11, &twice, &access), Err(Refusal::Host));
        assert_eq!(decide("/", Version::HTTP_11, &[], &access), Err(Refusal::Host));
        assert_eq!(decide("/", Version::HTTP_10, &[], &access), Ok(()));
    }

    #[test]
    fn targets_are_paths_of_this_server() {
        let access = Access::default();
        let ask = |target: &str| decide(target, Version::HTTP_11, &[("host", "localhost:8")], &access);
        assert_eq!(ask("/a?b"), Ok(()));
        assert_eq!(ask("http://LOCALHOST:8/a"), Ok(()));
        assert_eq!(ask("http://localhost:9/a"), Err(Refusal::Target));
        assert_eq!(ask("http://evil.example/a"), Err(Refusal::Target));
        assert_eq!(ask("localhost:8"), Err(Refusal::Target));
        assert_eq!(ask(&format!("/{}", "a".repeat(99))), Ok(()));
        assert_eq!(ask(&format!("/{}", "a".repeat(100))), Err(Refusal::LongTarget));
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let access = Access::default();
        let ask =
            |name, value| decide("/", Version::HTTP_11, &[("host", "localhost:8"), (name, value)], &access);
        for (name, value) in
            [("origin", "http://localhost:8"), ("sec-fetch-site", "same-origin"), ("sec-fetch-site", "none")]
        {
            assert_eq!(ask(name, value), Ok(()), "{name}: {value}");
        }
        for (name, value) in [
            ("origin", "http://evil.example"),
            ("origin", "http://localhost:9"),
            ("origin", "null"),
            ("origin", ""),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert_eq!(ask(name, value), Err(Refusal::ForeignSite), "{name}: {value}");
        }
    }

    #[test]
    fn one_right_token_opens_all_but_open_paths() {
        let token = Some(Token::fixed("0123456789abcdef"));
        let access = Access { token, open_paths: &["/healthz"], ..Access::default() };
        let ask = |target: &str, values: &[&str]| {
            let mut headers = vec![("host", "localhost")];
            headers.extend(values.iter().map(|value| ("authorization", *value)));
            decide(target, Version::HTTP_11, &headers, &access)
        };
        let right = "Bearer 0123456789abcdef";
        for value in [right, "bearer 0123456789abcdef", "BEARER  0123456789abcdef"] {
            assert_eq!(ask("/", &[value]), Ok(()), "{value}");
        }
        for values in
            [&[][..], &["Basic 0123456789abcdef"], &["0123456789abcdef"], &["Bearer"], &[right, right]]
        {
            assert_eq!(ask("/", values), Err(Refusal::NoToken), "{values:?}");
        }
        for value in ["Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdef0"] {
            assert_eq!(ask("/", &[value]), Err(Refusal::WrongToken), "{value}");
        }
        assert_eq!(ask("/healthz?verbose", &[]), Ok(()));
        for path in ["/healthz/", "/healthz/../runs", "//healthz", "/Healthz", "/healthz%00"] {
            assert_eq!(ask(path, &[]), Err(Refusal::NoToken), "{path}");
        }
    }
}
