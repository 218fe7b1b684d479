//! Proxies with logins: SOCKS 5, HTTP and HTTPS, from the kubeconfig, the command line or the environment. They reach
//! the server, and nothing reveals their passwords.

use super::{MARKER, PROXY_PASSWORD, Planted, server};
use tests::canaries::{Canary, Left, base64, json_escaped, json_escaped_all};
use tests::host::Done;
use tests::proxy::{Asked, Proxy};
use tests::server::{Answer, Server};

/// A name that only the proxy can look up.
const HOST: &str = "api.wagather.test:6443";

/// With what has to be escaped in a URL, in a header and in JSON.
const PASSWORD: &str = "canary/proxy \"p@ss\" 66e0&%";
const IN_URL: &str = "canary%2Fproxy%20%22p%40ss%22%2066e0%26%25";

const KINDS: [&str; 3] = ["socks5", "http", "https"];

fn authorization() -> String {
    format!("Basic {}", base64(format!("someone:{PASSWORD}").as_bytes()))
}

fn proxy(kind: &str, planted: &Planted, upstream: u16) -> Proxy {
    match kind {
        "socks5" => Proxy::socks("someone", PASSWORD, upstream),
        "http" => Proxy::http(&authorization(), upstream),
        _ => Proxy::https(&authorization(), &planted.authority.server("127.0.0.1"), upstream),
    }
}

/// A run through a proxy that is named in one of three ways.
fn run(planted: &Planted, way: &str, url: &str) -> (Done, Left) {
    let mut more = "    certificate-authority: ca.pem\n".to_owned();
    if way == "kubeconfig" {
        more += &format!("    proxy-url: \"{url}\"\n");
    }
    planted.run_with("archive", "token", &format!("https://{HOST}"), &more, |host| match way {
        "option" => host.args(["--proxy-url", url]),
        "environment" => host.env("HTTPS_PROXY", url),
        _ => host,
    })
}

fn canaries(planted: &Planted) -> Vec<Canary> {
    let mut canaries = planted.canaries();
    canaries.push(Canary::new("the proxy's password", PASSWORD));
    canaries.push(Canary::new("the proxy's password in its URL", IN_URL));
    canaries
}

/// Starts the server that is behind the proxies.
fn behind(planted: &Planted, server: Server) -> tests::server::Running {
    server.start_tls(&planted.authority.server("api.wagather.test"))
}

#[test]
fn they_lead_to_the_server_with_a_user_and_a_password() {
    for kind in KINDS {
        for way in ["kubeconfig", "option", "environment"] {
            let planted = Planted::new();
            let server = behind(&planted, server());
            let proxy = proxy(kind, &planted, server.port());
            let (done, left) = run(&planted, way, &proxy.url(&format!("someone:{IN_URL}")));
            done.expect_success();
            assert!(left.places_of(MARKER).len() >= 8, "{kind} {way}: {:?}", left.places_of(MARKER));
            left.has_none_of(&canaries(&planted));
            let login = if kind == "socks5" { format!("someone:{PASSWORD}") } else { authorization() };
            let asked = proxy.asked();
            assert!(!asked.is_empty(), "{kind} {way}");
            let expected = Asked { login, target: HOST.to_owned() };
            assert!(asked.iter().all(|asked| *asked == expected), "{kind} {way}: {asked:?}");
            assert!(server.seen().iter().all(|seen| seen.header("proxy-authorization").is_none()));
        }
    }
}

/// The proxy knows what it was given, and so may the server behind it.
#[test]
fn what_comes_back_has_no_password_of_theirs() {
    let login = format!("someone:{PASSWORD}");
    let echoes = [
        PASSWORD.to_owned(),
        login.clone(),
        base64(login.as_bytes()),
        base64(PASSWORD.as_bytes()),
        json_escaped(PASSWORD),
        json_escaped_all(PASSWORD),
        IN_URL.to_owned(),
        format!("socks5://someone:{IN_URL}@proxy:1080"),
    ];
    let body = format!("{MARKER} {} {MARKER}", echoes.join(" | "));
    for kind in KINDS {
        let planted = Planted::new();
        let answers = server()
            .on("/version", Answer::bytes("text/plain", body.clone()))
            .on("/healthz", Answer::status(403, "Forbidden", &body))
            .on("/api/v1/configmaps", Answer::status(403, "Forbidden", &body));
        let server = behind(&planted, answers);
        let proxy = proxy(kind, &planted, server.port());
        let (_, left) = run(&planted, "kubeconfig", &proxy.url(&format!("someone:{IN_URL}")));
        let found = left.places_of(MARKER);
        for place in ["dumps-everything/raw", "dumps-everything/refused", "recording.har", "wagather.json"] {
            assert!(found.iter().any(|found| found.contains(place)), "{kind}: nothing in {place}: {found:?}");
        }
        left.has_none_of(&canaries(&planted));
    }
}

#[test]
fn a_password_that_they_do_not_take_is_said_and_not_shown() {
    for (kind, says) in [
        ("socks5", "the proxy rejects the user or the password"),
        ("http", "the proxy said \"407 Not with"),
        ("https", "the proxy said \"407 Not with"),
    ] {
        for way in ["kubeconfig", "option", "environment"] {
            let planted = Planted::new();
            let server = behind(&planted, server());
            let proxy = proxy(kind, &planted, server.port());
            let (done, left) = run(&planted, way, &proxy.url(&format!("someone:{PROXY_PASSWORD}")));
            assert_ne!(done.code(), 0);
            assert!(
                done.stderr.contains(&format!("cannot reach {HOST} through the proxy 127.0.0.1:")),
                "{}",
                done.stderr
            );
            assert!(done.stderr.contains(says), "{kind} {way}: {}", done.stderr);
            left.has_none_of(&canaries(&planted));
            assert!(server.seen().is_empty() && !proxy.asked().is_empty());
        }
    }
}

/// URLs that cannot be used.
#[test]
fn what_is_wrong_with_a_proxys_url_is_told_without_its_password() {
    let planted = Planted::new();
    for url in [
        format!("ftp://someone:{PROXY_PASSWORD}@proxy"),
        format!("socks4://someone:{PROXY_PASSWORD}@proxy"),
        format!("https://someone:{PROXY_PASSWORD}@pro xy"),
        format!("http://someone:{PROXY_PASSWORD}@proxy:port"),
        format!("http://someone:/{PROXY_PASSWORD}@proxy"),
        format!("http://someone:{PROXY_PASSWORD}/@proxy"),
        format!("http://{PROXY_PASSWORD}?@proxy"),
    ] {
        for way in ["kubeconfig", "option", "environment"] {
            let (done, left) = run(&planted, way, &url);
            assert_ne!(done.code(), 0, "{url}");
            assert!(done.stderr.contains("cannot be used"), "{url} {way}: {}", done.stderr);
            left.has_none_of(&canaries(&planted));
            planted.clear();
        }
    }
}
