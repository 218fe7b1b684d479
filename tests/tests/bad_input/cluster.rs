//! Servers that are unreachable, fail verification, refuse, or send unusable answers.

use super::{CLUSTER, REFUSED, cluster_operators};
use std::time::Duration;
use tests::certificates::Authority;
use tests::failing::Failing;
use tests::kubeconfig::Kubeconfig;
use tests::objects::{self, CLUSTER_OPERATORS};
use tests::place;
use tests::server::{Answer, Expiry, Framing, List, Server};

#[test]
fn connections() {
    let (mut failing, place) = (Failing::new("bad-connections.txt"), place());
    let free_port =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let unreachable = format!("http://127.0.0.1:{free_port}");
    failing.case("nobody listens", CLUSTER, cluster_operators().server(&unreachable));

    let (authority, stranger) = (Authority::new("the authority"), Authority::new("a stranger"));
    let server = objects::server().start_tls(&authority.server("127.0.0.1"));
    let kubeconfig =
        Kubeconfig::new(&server.url()).authority(place.path(), &stranger.pem()).write(place.path());
    failing.case("an unknown authority", CLUSTER, cluster_operators().kubeconfig(kubeconfig));

    let server = objects::server().start_tls(&authority.server("api.example.test"));
    let kubeconfig =
        Kubeconfig::new(&server.url()).authority(place.path(), &authority.pem()).write(place.path());
    failing.case("a certificate for another name", CLUSTER, cluster_operators().kubeconfig(kubeconfig));

    let server = objects::server().start();
    let tls = server.url().replace("http:", "https:");
    let kubeconfig = Kubeconfig::new(&tls).authority(place.path(), &authority.pem()).write(place.path());
    failing.case("no TLS where TLS should be", CLUSTER, cluster_operators().kubeconfig(kubeconfig));

    let server = Server::new().on(CLUSTER_OPERATORS, Answer::silence()).start();
    failing.case(
        "a server that never answers",
        CLUSTER,
        cluster_operators().server(&server.url()).timeout("300ms"),
    );

    let server = objects::server().start_tls(&authority.server("127.0.0.1"));
    let kubeconfig =
        Kubeconfig::new(&server.url()).authority(place.path(), &authority.pem()).user("tokenFile: not-there");
    let host = cluster_operators().current_folder(place.path()).kubeconfig(kubeconfig.write(place.path()));
    // The file is read again whenever it may have changed, so this is found when the request is made.
    failing.case("a token file that is missing", CLUSTER, host);

    let plugin = "exec: {apiVersion: client.authentication.k8s.io/v1, interactiveMode: Never, command: not-there-either}";
    let server = objects::server().start_tls(&authority.server("127.0.0.1"));
    let kubeconfig = Kubeconfig::new(&server.url())
        .authority(place.path(), &authority.pem())
        .user(plugin)
        .write(place.path());
    failing.case("an exec plugin that is missing", CLUSTER, cluster_operators().kubeconfig(kubeconfig));
    failing.check();
}

#[test]
fn statuses() {
    let mut failing = Failing::new("bad-statuses.txt");
    for (code, reason, message) in [
        (400, "BadRequest", "unable to parse the field selector"),
        (401, "Unauthorized", "Unauthorized"),
        (
            403,
            "Forbidden",
            "clusteroperators.config.openshift.io is forbidden: User \"system:anonymous\" cannot list resource",
        ),
        (404, "NotFound", "the server could not find the requested resource"),
        (410, "Expired", "The resourceVersion for the provided list is too old."),
        (429, "TooManyRequests", "Too many requests, please try again later."),
        (500, "InternalError", "Internal error occurred: etcdserver: request timed out"),
    ] {
        let server = Server::new().on(CLUSTER_OPERATORS, Answer::status(code, reason, message)).start();
        let expected = if matches!(code, 401 | 403) { REFUSED } else { CLUSTER };
        failing.case(&format!("HTTP {code}"), expected, cluster_operators().server(&server.url()));
    }
    let page = Server::new().on(CLUSTER_OPERATORS, Answer::page(503, "Application is not available")).start();
    failing.case("a page of a proxy", CLUSTER, cluster_operators().server(&page.url()));
    let elsewhere =
        Server::new().on(CLUSTER_OPERATORS, Answer::redirect("https://login.example.test/")).start();
    failing.case("a redirect", CLUSTER, cluster_operators().server(&elsewhere.url()));
    failing.check();
}

#[test]
fn answers() {
    const PLENTY: &str = "20s";
    const LITTLE: &str = "800ms";
    let mut failing = Failing::new("bad-answers.txt");
    let list = objects::list_text(40);
    let json = |text: &str| Answer::bytes("application/json", text.to_owned());
    let mut within = |time: &str, name: &str, answer: Answer| {
        let server = Server::new().on(CLUSTER_OPERATORS, answer).start();
        failing.case(name, CLUSTER, cluster_operators().server(&server.url()).timeout(time));
    };
    within(PLENTY, "an empty body", json(""));
    within(PLENTY, "a page", Answer::page(200, "Sign in"));
    within(
        PLENTY,
        "JSON that is no list",
        json("{\"kind\": \"ClusterOperator\", \"metadata\": {\"name\": \"x\"}}"),
    );
    within(PLENTY, "JSON that is no object", json("[1, 2, 3]"));
    within(PLENTY, "items that are no array", json("{\"kind\": \"List\", \"items\": \"none\"}"));
    within(
        PLENTY,
        "a Status where a list should be",
        json(
            "{\"kind\": \"Status\", \"apiVersion\": \"v1\", \"message\": \"etcd is not there\", \"code\": 503}",
        ),
    );
    within(PLENTY, "a Status without a code", json("{\"message\": \"\\u001b[2Jno\", \"kind\": \"Status\"}"));
    within(PLENTY, "an answer behind the answer", json(&format!("{list}{list}")));
    let deep = format!(
        "{{\"items\": [{{\"metadata\": {{\"name\": \"x\"}}, \"a\": {}{}}}]}}",
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    within(PLENTY, "nested too deep", json(&deep));
    let half = list.len() / 2;
    within(PLENTY, "cut, with a length", json(&list).cut_after(half));
    within(PLENTY, "cut, in chunks", json(&list).framed(Framing::Chunked).cut_after(half));
    within(PLENTY, "cut, without a length", json(&list).framed(Framing::Close).cut_after(half));
    within(PLENTY, "cut before its first byte", json(&list).cut_after(0));
    within(LITTLE, "an answer that never ends", json("").endless(b" ", Duration::ZERO));
    within(
        PLENTY,
        "an item that never ends",
        json("{\"items\": [{\"metadata\": {\"name\": \"x").endless(b"x", Duration::ZERO),
    );
    // Slowly, or the budgets for files would be used up before the time is.
    let items = json("{\"items\": [{\"metadata\": {\"name\": \"x\"}}");
    within(
        LITTLE,
        "items that never end",
        items.endless(b",{\"metadata\":{\"name\":\"x\"}}", Duration::from_millis(100)),
    );
    within(LITTLE, "a byte now and then", json(&list).drip(1, Duration::from_millis(100)));
    failing.check();
}

#[test]
fn later_pages() {
    let mut failing = Failing::new("bad-pages.txt");
    let mut case = |name: &str, list: List| {
        let server = Server::new().list(CLUSTER_OPERATORS, list.pages_of(2)).start();
        failing.case(name, CLUSTER, cluster_operators().server(&server.url()));
    };
    let list = || objects::cluster_operators(6);
    case("a token that is too old, and no other", list().expiring(Expiry::NoToken));
    case(
        "a second page that fails",
        list().page_is(2, Answer::status(500, "InternalError", "etcdserver: leader changed")),
    );
    case("a second page that is not JSON", list().page_is(2, Answer::page(200, "Sign in")));
    // As often as it is asked for: one that is cut once is asked for again.
    let token_of = |items: &str, token: &str| {
        json_list(&format!("\"metadata\": {{\"continue\": \"{token}\"}}, \"items\": [{items}]"))
    };
    let item = "{\"metadata\": {\"name\": \"a\"}}";
    case("the same token again", list().page_is(2, token_of("", "from-2")));
    case("a token of before", list().page_is(2, token_of("", "x")).page_is(3, token_of("", "from-2")));
    case("a page again", list().page_is(1, token_of(item, "x")).page_is(2, token_of(item, "y")));
    let cut = || Answer::bytes("application/json", "{\"items\": [ ").cut_after(11);
    case("a third page that is cut", (3..20).fold(list(), |list, page| list.page_is(page, cut())));
    failing.check();
}

fn json_list(members: &str) -> Answer {
    Answer::bytes("application/json", format!("{{\"kind\": \"ClusterOperatorList\", {members}}}"))
}
