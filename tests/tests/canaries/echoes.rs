//! Servers that repeat the credentials that they received, in every part of an answer.
//!
//! Each test covers one part, or one plain encoding. The server knows the secret; the test checks that the host
//! passes it on to nobody.

use super::{EXEC_TOKEN, FILE_TOKEN, MARKER, PASSWORD, Planted, TOKEN, bearer, server};
use tests::canaries::{base64, json_escaped, json_escaped_all, json_escaped_as_go};
use tests::server::{Answer, Framing, List, Server};

const BODY_PLACES: &[&str] =
    &["dumps-everything/raw", "dumps-everything/piped", "dumps-everything/memory", "recording.har", "stderr"];

fn text(body: String) -> Answer {
    Answer::bytes("text/plain", format!("{MARKER} {body} {MARKER}"))
}

/// A raw body that says what it was asked with, and where it goes to.
fn in_a_body(header: &str) -> Server {
    server().on("/version", text(header.into()))
}

#[test]
fn in_a_body_by_token() {
    Planted::new().echoed("token", &bearer(TOKEN), in_a_body, BODY_PLACES);
}

#[test]
fn in_a_body_by_token_file() {
    Planted::new().echoed("file", &bearer(FILE_TOKEN), in_a_body, BODY_PLACES);
}

#[test]
fn in_a_body_by_plugin() {
    Planted::new().echoed("exec", &bearer(EXEC_TOKEN), in_a_body, BODY_PLACES);
}

#[test]
fn in_a_body_by_password() {
    let header = format!("Basic {}", base64(format!("someone:{PASSWORD}").as_bytes()));
    let planted = Planted::new();
    planted.echoed("basic", &header, in_a_body, BODY_PLACES);
    planted.clear();
    planted.echoed(
        "basic",
        &header,
        |_| server().on("/version", text(format!("someone:{PASSWORD}"))),
        BODY_PLACES,
    );
}

#[test]
fn in_base64() {
    for what in
        [TOKEN.to_owned(), bearer(TOKEN), format!("a{TOKEN}"), format!("Authorization: {}", bearer(TOKEN))]
    {
        let answers = |_: &str| server().on("/version", text(base64(what.as_bytes())));
        Planted::new().echoed("token", &bearer(TOKEN), answers, BODY_PLACES);
    }
}

#[test]
fn over_the_ends_of_chunks() {
    for bytes in [1, 7, 16] {
        let answers = |header: &str| {
            let body = format!("{} {header} {}", "x".repeat(5000), header.repeat(3));
            let answer = text(body).framed(Framing::Chunked);
            server().on("/version", answer.drip(bytes, std::time::Duration::ZERO))
        };
        Planted::new().echoed("token", &bearer(TOKEN), answers, BODY_PLACES);
    }
}

/// At every place around the ends of the pieces in which a body may be read: a power of two, from the guest's or the host's
/// buffers.
#[test]
fn over_the_ends_of_buffers() {
    let answers = |header: &str| {
        let mut body = MARKER.to_owned();
        for end in [512, 4096, 8192, 16 << 10, 64 << 10, 256 << 10] {
            body += &"x".repeat(end - body.len() - header.len() / 2);
            body += header;
        }
        server().on("/version", Answer::bytes("text/plain", body))
    };
    Planted::new().echoed("token", &bearer(TOKEN), answers, BODY_PLACES);
}

#[test]
fn in_an_error_that_the_guest_reads() {
    let answers = |header: &str| {
        let message = format!("{MARKER}: {header} may not");
        server().on("/healthz", Answer::status(403, "Forbidden", &message))
    };
    Planted::new().echoed("token", &bearer(TOKEN), answers, &["dumps-everything/refused", "recording.har"]);
}

#[test]
fn in_an_error_that_the_host_tells() {
    for is_status in [true, false] {
        let answers = |header: &str| {
            let message = format!("{MARKER}: {header} may not");
            let answer = if is_status {
                Answer::status(403, "Forbidden", &message)
            } else {
                text(message).with_status(500)
            };
            server().on("/api/v1/configmaps", answer)
        };
        // A refusal is a gap in the archive; what may pass makes it incomplete.
        let report = if is_status { "archive/wagather.json" } else { "archive.incomplete/wagather.json" };
        let places = ["recording.har", report, "stderr"];
        Planted::new().echoed("token", &bearer(TOKEN), answers, &places);
    }
}

#[test]
fn in_fields_of_items() {
    let answers = |header: &str| {
        let item = |name: &str| {
            let metadata =
                serde_json::json!({"name": name, "namespace": "shop", "annotations": {header: MARKER}});
            serde_json::json!({"metadata": metadata, "data": [header, {"auth": format!("{MARKER} {header}")}]})
        };
        let pods = vec![item("pod-1"), item("pod-2")];
        server()
            .list("/api/v1/pods", List::new("v1", "PodList", pods))
            .on("/api/v1/namespaces/shop/pods/pod-1", Answer::json(&item("pod-1")))
    };
    let places = [
        "dumps-everything/items",
        "dumps-everything/object",
        "namespaces/shop/core/pods/pod-2.json",
        "recording.har",
    ];
    Planted::new().echoed("token", &bearer(TOKEN), answers, &places);
}

/// A password has characters that JSON escapes.
#[test]
fn in_fields_of_items_escaped() {
    let header = format!("Basic {}", base64(format!("someone:{PASSWORD}").as_bytes()));
    let answers = |_: &str| {
        let body = format!(
            r#"{{"metadata":{{"name":"pod-1","namespace":"shop"}},"a":"{MARKER}","b":"{}","c":"{}"}}"#,
            json_escaped(PASSWORD),
            json_escaped(&json_escaped(PASSWORD)),
        );
        server().on("/api/v1/namespaces/shop/pods/pod-1", Answer::bytes("application/json", body))
    };
    Planted::new().echoed("basic", &header, answers, &["dumps-everything/object", "recording.har"]);
}

type Escape = fn(&str) -> String;

/// Ways to write a credential that are no more than JSON. Go's is enough for a password that has `&`.
const ESCAPES: [Escape; 4] = [
    json_escaped_all,
    json_escaped_as_go,
    |text| json_escaped(&json_escaped_all(text)),
    |text| json_escaped(text).replace('a', "\\u0061").replace('/', "\\/"),
];

/// Whoever reads the object decodes them, and so does redaction: what is plain then must have gone before.
#[test]
fn in_escapes_of_json() {
    let basic = format!("Basic {}", base64(format!("someone:{PASSWORD}").as_bytes()));
    for (user, header, secret) in [("token", bearer(TOKEN), TOKEN), ("basic", basic, PASSWORD)] {
        for escape in ESCAPES {
            let answers = |header: &str| {
                let (secret, header) = (escape(secret), escape(header));
                let object = format!(
                    r#"{{"metadata":{{"name":"pod-1","namespace":"shop","annotations":{{"{header}":"{MARKER}"}}}},"data":["{secret}"],"{secret}":"{header}"}}"#
                );
                let list =
                    format!(r#"{{"kind":"PodList","apiVersion":"v1","metadata":{{}},"items":[{object}]}}"#);
                let json = |text: &str| Answer::bytes("application/json", text.to_owned());
                server()
                    .on("/version", json(&object))
                    .on("/api/v1/pods", json(&list))
                    .on("/api/v1/namespaces/shop/pods/pod-1", json(&object).framed(Framing::Chunked))
            };
            let places = [
                "dumps-everything/items",
                "dumps-everything/object",
                "dumps-everything/raw",
                "namespaces/shop/core/pods/pod-1.json",
                "recording.har",
            ];
            let planted = Planted::new();
            planted.echoed(user, &header, answers, &places);
        }
    }
}

#[test]
fn in_escapes_of_an_errors_message() {
    for escape in ESCAPES {
        let answers = |header: &str| {
            let status = format!(
                r#"{{"kind":"Status","apiVersion":"v1","status":"Failure","message":"{MARKER}: {} may not","code":403}}"#,
                escape(header)
            );
            let refusal = Answer::bytes("application/json", status).with_status(403);
            server().on("/api/v1/configmaps", refusal.clone()).on("/healthz", refusal)
        };
        let places = ["recording.har", "archive/wagather.json", "stderr", "dumps-everything/refused"];
        Planted::new().echoed("token", &bearer(TOKEN), answers, &places);
    }
}

#[test]
fn in_escapes_of_names() {
    let answers = |_: &str| {
        let name = json_escaped_all(FILE_TOKEN);
        let item = format!(r#"{{"metadata":{{"name":"{name}","namespace":"shop"}},"note":"{MARKER}"}}"#);
        let list = format!(r#"{{"kind":"PodList","apiVersion":"v1","items":[{item}]}}"#);
        server().on("/api/v1/pods", Answer::bytes("application/json", list))
    };
    Planted::new().echoed("file", &bearer(FILE_TOKEN), answers, &["dumps-everything/items", "recording.har"]);
}

/// A name becomes a file's.
#[test]
fn in_names_of_objects() {
    let answers = |_: &str| {
        let item = serde_json::json!({"metadata": {"name": FILE_TOKEN, "namespace": "shop"}, "note": MARKER});
        server().list("/api/v1/pods", List::new("v1", "PodList", vec![item]))
    };
    Planted::new().echoed("file", &bearer(FILE_TOKEN), answers, &["dumps-everything/items", "recording.har"]);
}

/// A token to go on with is sent again, and is part of a recorded URL.
#[test]
fn in_continue_tokens() {
    let answers = |header: &str| {
        let page = |token: &str| {
            let metadata = serde_json::json!({"continue": token, "resourceVersion": "1"});
            let items =
                [serde_json::json!({"metadata": {"name": "pod-1", "namespace": "shop"}, "note": MARKER})];
            Answer::json(
                &serde_json::json!({"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": items}),
            )
        };
        // Twice two pages: for the items, and for the pipe.
        let list = List::new("v1", "PodList", vec![]);
        let list =
            list.page_is(1, page(header)).page_is(2, page("")).page_is(3, page(TOKEN)).page_is(4, page(""));
        server().list("/api/v1/pods", list)
    };
    Planted::new().echoed("token", &bearer(TOKEN), answers, &["dumps-everything/items", "recording.har"]);
}

#[test]
fn in_fresh_tokens_of_lists_that_are_too_old() {
    let answers = |header: &str| {
        let page = serde_json::json!({"kind": "PodList", "apiVersion": "v1", "metadata": {"continue": "old"}, "items": [{"metadata": {"name": "pod-1"}, "note": MARKER}]});
        let mut too_old = serde_json::json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "code": 410, "message": MARKER});
        too_old["metadata"]["continue"] = header.into();
        let mut list = List::new("v1", "PodList", vec![]);
        for number in [1, 4] {
            list = list
                .page_is(number, Answer::json(&page))
                .page_is(number + 1, Answer::json(&too_old).with_status(410));
        }
        server().list("/api/v1/pods", list)
    };
    Planted::new().echoed("token", &bearer(TOKEN), answers, &["dumps-everything/items", "recording.har"]);
}

#[test]
fn in_heads_of_answers() {
    let answers = |header: &str| {
        // A test's head may live as long as the test.
        let head = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let echo = head(format!("text/{MARKER}; charset={header}"));
        let fields = head(format!(
            "text/plain\r\nX-Echo: {header}\r\nSet-Cookie: {header}\r\nWarning: 299 - \"{header}\""
        ));
        let broken = head(format!("text/plain\r\nTransfer-Encoding: {header}"));
        server()
            .on("/version", Answer::bytes(echo, MARKER))
            .on("/healthz", Answer::bytes(fields, MARKER))
            .on("/api/v1/configmaps", Answer::bytes(broken, MARKER))
    };
    Planted::new().echoed("token", &bearer(TOKEN), answers, &["dumps-everything/raw", "recording.har"]);
}

#[test]
fn no_redirect_is_followed_and_none_is_told() {
    let elsewhere = server().start();
    let answers = |header: &str| {
        let location = format!("{}/version?{}", elsewhere.url(), header.replace(' ', "+"));
        let answer = || Answer::redirect(&location);
        server().on("/version", answer()).on("/healthz", answer()).on("/api/v1/configmaps", answer())
    };
    Planted::new().echoed("token", &bearer(TOKEN), answers, &["dumps-everything/items"]);
    assert_eq!(elsewhere.seen(), [], "a redirect was followed");
}

/// A body that breaks off in the middle of a credential has a part of one, which is not searched for; the rest of the run is.
#[test]
fn in_a_body_that_breaks_off() {
    let answers = |header: &str| server().on("/version", text(format!("{header} {header}")).cut_after(100));
    Planted::new().echoed("token", &bearer(TOKEN), answers, &["recording.har"]);
}
