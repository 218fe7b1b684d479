//! What the page shows, and how it is used.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::archives;
use crate::chromium::Page;

/// Functions that run in each page.
const EYES: &str = r#"
    window.all = (selector) => [...document.querySelectorAll(selector)].filter((element) => element.checkVisibility());
    window.texts = (selector) => all(selector).map((element) => element.innerText.trim());
    window.seen = () => document.body.innerText;
    window.button = (text) => all('button').find((button) => button.innerText.includes(text));
    window.chosen = () => document.querySelector('.row[aria-selected=true]')?.innerText ?? '';
    window.opened = () => document.querySelector('#detail:not([hidden]) h2')?.innerText ?? '';
    const paint = (colour) => {
        const canvas = new OffscreenCanvas(1, 1).getContext('2d');
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return [...canvas.getImageData(0, 0, 1, 1).data];
    };
    const known = new Map();
    const pixel = (colour) => known.get(colour) ?? (known.set(colour, paint(colour)), known.get(colour));
    const luminance = (colour) => pixel(colour).slice(0, 3)
        .map((value) => value / 255)
        .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
    const behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (pixel(colour)[3] === 255) return colour;
        }
        return 'white';
    };
    // The texts whose contrast is below that of WCAG 2.2, level AA.
    window.faint = () => all('body *')
        .filter((element) => [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
        .map((element) => {
            const [a, b] = [getComputedStyle(element).color, behind(element)].map(luminance).sort((a, b) => b - a);
            return [(a + 0.05) / (b + 0.05), element.innerText.slice(0, 40)];
        })
        .filter(([contrast]) => contrast < 4.5);
    0
"#;

/// Runs the program. The result is the page, in the folder of the archive.
fn write(archive: &Path, words: &[&str]) -> PathBuf {
    let file = archive.with_extension("html");
    let output = Command::new(env!("CARGO_BIN_EXE_host-min-view"))
        .args(["report", "--html"])
        .arg(archive)
        .arg("--output")
        .arg(&file)
        .args(words)
        .output()
        .expect("the program");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    file
}

/// Opens the page of an archive and waits until it shows something.
fn open(archive: &Path) -> Page {
    open_with(archive, &[])
}

fn open_with(archive: &Path, words: &[&str]) -> Page {
    let page = Page::open(&write(archive, words));
    page.until(
        |page| page.value("document.querySelectorAll('#nav a').length > 0") == true,
        "the page to show something",
    );
    page.value(EYES);
    page.prefer("light");
    page
}

fn cluster(objects: usize) -> (tempfile::TempDir, Page) {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("edge-7");
    archives::cluster(&archive, objects);
    let page = open(&archive);
    (folder, page)
}

fn go(page: &Page, address: &str) {
    page.value(&format!("location.hash = {}", json!(address)));
    page.until(|page| page.value("data && current.id !== ''") == true, "a section");
    // The hash's event, and what it draws.
    page.value("new Promise((done) => setTimeout(() => requestAnimationFrame(() => setTimeout(done))))");
}

fn has(page: &Page, text: &str) {
    // What is drawn may come a frame later than what was asked for.
    page.until(|page| page.text("seen()").contains(text), &format!("the page to show {text}"));
}

/// Nothing went wrong in the page, and it asked nobody for anything.
#[track_caller]
fn is_quiet(page: &Page) {
    for event in ["Runtime.exceptionThrown", "Log.entryAdded"] {
        assert_eq!(page.events(event), Vec::<Value>::new(), "{event}");
    }
    for issue in page.events("Audits.issueAdded") {
        // The tests change the address without a reader who clicks.
        let text = issue.to_string();
        assert!(text.contains("NavigationEntryMarkedSkippable"), "the browser says that {text}");
    }
    let requests: Vec<Value> = page.events("Network.requestWillBeSent");
    let foreign = requests
        .iter()
        .filter(|request| !request["request"]["url"].as_str().is_some_and(|url| url.starts_with("file:///")));
    assert_eq!(foreign.collect::<Vec<_>>(), Vec::<&Value>::new());
    assert_eq!(requests.len(), 1, "the page itself is all that was loaded: {requests:?}");
}

const SECTIONS: [&str; 9] =
    ["overview", "findings", "gaps", "objects", "events", "logs", "files", "requests", "kept"];

#[test]
fn the_overview_says_what_matters() {
    let (_folder, page) = cluster(700);
    for text in [
        "Complete with gaps",
        "OpenShift 4.21.7",
        "gathered 2026-01-02 12:04:05 UTC",
        // Ages are those at the gathering, whatever the time is now.
        "Unavailable\n3h 36m",
        "list v1/configmaps",
        "configmaps is forbidden",
        "HTTP 403",
        "degraded-operators",
        "3 retries",
    ] {
        has(&page, text);
    }
    let numbers = page.value("texts('#nav a').join('|')").as_str().unwrap_or_default().replace('\n', " ");
    assert!(numbers.contains("Missing 3") && numbers.contains("Events 264"), "{numbers}");
    go(&page, "#/kept");
    for text in ["the grant has no rule for secrets", "rule 2 of the grant", "Environment variables", "155"] {
        has(&page, text);
    }
    go(&page, "#/requests");
    has(&page, "list v1/configmaps HTTP 403");
    let wide = page.number("parseFloat(document.querySelector('.track i').style.width)");
    assert!(wide > 0.0 && wide < 100.0, "a request is a part of the time: {wide} %");
    go(&page, "#/gaps/2");
    assert_eq!(page.text("opened()"), "get v1/pods/log in shop-search");
    is_quiet(&page);
}

#[test]
fn search_finds_in_a_section_and_everywhere() {
    let (_folder, page) = cluster(700);
    page.press("/");
    page.write("node-017");
    page.until(|page| page.text("seen()").contains("Objects ("), "what is found everywhere");
    has(&page, "NotReady");
    page.press("Escape");
    page.until(|page| page.text("seen()").contains("Findings, the worst first"), "the overview");
    go(&page, "#/objects");
    page.press("/");
    page.write("CLUSTEROPERATOR degraded");
    page.until(|page| page.value("texts('.row').length") == 1, "one row");
    has(&page, "1 of 700 objects");
    assert!(page.text("texts('.row')[0]").contains("image-registry"));
    page.press("Enter");
    page.press("Enter");
    page.until(|page| page.text("opened()") == "image-registry", "the object");
    for text in ["EndpointsMissing", "i/o timeout", "apiVersion: config.openshift.io/v1"] {
        has(&page, text);
    }
    page.press("Escape");
    page.press("/");
    page.press("Escape");
    page.until(|page| page.value("texts('.row').length > 5") == true, "all rows");
    page.press("/");
    page.write("nothing-has-this-name");
    page.until(|page| page.text("seen()").contains("No object is left"), "a word about nothing");
    is_quiet(&page);
}

#[test]
fn keys_are_enough() {
    let (_folder, page) = cluster(700);
    page.press("?");
    page.until(|page| page.text("seen()").contains("loads nothing from a network"), "the help");
    page.press("Escape");
    page.press("4");
    page.until(|page| page.text("chosen()").contains("authentication"), "the objects");
    for (key, name) in [
        ("j", "cloud-bridge"),
        ("ArrowDown", "cluster-dns"),
        ("k", "cloud-bridge"),
        ("ArrowUp", "authentication"),
        ("k", "authentication"),
    ] {
        page.press(key);
        assert!(page.text("chosen()").contains(name), "{key}: {}", page.text("chosen()"));
    }
    page.press("Enter");
    page.until(|page| page.text("opened()") == "authentication", "the object");
    page.press("j");
    page.until(|page| page.text("opened()") == "cloud-bridge", "the next object");
    page.press("Escape");
    page.until(|page| page.text("opened()").is_empty(), "the list");
    page.press("End");
    let last = page
        .number("Number(document.querySelector('.row[aria-selected=true]').getAttribute('aria-posinset'))");
    assert_eq!(last as usize, 700);
    page.press("1");
    page.until(|page| page.text("seen()").contains("Findings, the worst first"), "the overview");
    page.press("j");
    page.press("j");
    assert!(page.value("document.activeElement.matches('[data-pick]')") == true);
    let back = page.text("getComputedStyle(document.body).backgroundColor");
    page.press("t");
    assert_ne!(page.text("getComputedStyle(document.body).backgroundColor"), back);
    // The back of the browser is the way back.
    page.value("history.back()");
    page.until(|page| page.value("current.id") == "objects", "the section before");
    is_quiet(&page);
}

#[test]
fn filters_leave_what_they_say() {
    let (_folder, page) = cluster(700);
    go(&page, "#/objects");
    page.click("button('Failing')");
    let only_bad = "texts('.row').length > 0 && all('.row').every((row) => row.querySelector('.pill.bad'))";
    page.until(|page| page.value(only_bad) == true, "failing objects alone");
    page.click("button('Failing')");
    page.click("all('.facets button').find((button) => button.innerText.startsWith('Node'))");
    page.until(|page| page.text("seen()").contains("24 of 700 objects"), "nodes alone");
    page.click("button('Age')");
    page.value("document.querySelector('select').value = ''");
    go(&page, "#/events");
    page.click("button('Warning')");
    let warnings = "texts('.row').length > 0 && all('.row').every((row) => row.querySelector('.dot.warn'))";
    page.until(|page| page.value(warnings) == true, "warnings alone");
    page.value("(() => { const select = document.querySelector('select'); select.value = 'team-meteo'; select.dispatchEvent(new Event('change')); })()");
    let in_space =
        "texts('.row').length > 0 && all('.row').every((row) => row.innerText.includes('team-meteo/'))";
    page.until(|page| page.value(in_space) == true, "a namespace alone");
    is_quiet(&page);
}

#[test]
fn five_thousand_objects_are_small_and_fast() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("edge-7");
    archives::cluster(&archive, 5000);
    let page = open(&archive);
    let size = std::fs::metadata(archive.with_extension("html")).expect("a file").len();
    assert!(size <= 150_000, "{size} bytes");
    page.until(|page| page.value("performance.getEntriesByName('shown').length") == 1, "the first view");
    // On a quiet machine it is a tenth of a second. The bound is for machines that do ten other things.
    let shown = page.number("performance.getEntriesByName('shown')[0].startTime");
    assert!(shown < 10_000.0, "the first view took {shown} ms");
    go(&page, "#/objects");
    has(&page, "5,000 objects");
    // What does not depend on the machine: only what is seen has elements.
    let elements = page.number("document.querySelectorAll('*').length");
    assert!(elements < 1500.0, "{elements} elements");
    page.press("End");
    page.until(
        |page| page.value("document.querySelector('.row[aria-posinset=\"5000\"]') !== null") == true,
        "the last object",
    );
    // Those that fail are whole in the page, and others are told to be a line.
    go(&page, "#/objects");
    let whole = page.number("data.rows.filter((row) => row.tone === 0 && row.place).length");
    let failing = page.number("data.rows.filter((row) => row.tone === 0).length");
    assert_eq!(whole, failing);
    let line = page.number("data.rows.findIndex((row) => !row.place)");
    go(&page, &format!("#/objects/{line}"));
    page.until(
        |page| page.text("seen()").contains("The page has only this line"),
        "a word about what is left out",
    );
    let all = write_again(&archive, &["--limit", "none"]);
    assert!(all > 150_000, "{all} bytes with everything");
    is_quiet(&page);
}

/// The size of the page with other options.
fn write_again(archive: &Path, words: &[&str]) -> u64 {
    let words: Vec<&str> = words.iter().copied().chain(["--overwrite"]).collect();
    std::fs::metadata(write(archive, &words)).expect("a file").len()
}

#[test]
fn a_hostile_archive_does_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("</title><script>window.owned=4</script>\u{202e}");
    archives::hostile(&archive, 30_000);
    let page = open(&archive);
    for section in SECTIONS {
        go(&page, &format!("#/{section}"));
        let items = page.number("current.view.list?.items.length ?? 0") as usize;
        for item in 0..items.min(3) {
            go(&page, &format!("#/{section}/{item}"));
        }
        let text = page.text("document.body.textContent");
        assert!(
            !text.contains(['\u{202e}', '\u{2066}', '\u{1b}', '\0']),
            "{section} has marks that hide text"
        );
        assert!(
            section == "files" || section == "logs" || text.contains("<img src=x onerror="),
            "{section} shows names as they are"
        );
    }
    go(&page, "#/gatherers/0");
    page.press("/");
    page.write("<img");
    let foreign = "document.querySelectorAll('img, iframe, object, embed, form, base, link, script[src], [onerror], [style*=url]').length";
    assert_eq!(page.value(foreign), 0);
    for expression in ["window.owned", "({}).polluted", "[].polluted"] {
        assert_eq!(page.value(&format!("{expression} ?? 'not there'")), "not there", "{expression}");
    }
    go(&page, "#/events");
    has(&page, "10,000 more events are in the archive, and not in the page.");
    is_quiet(&page);
}

#[test]
fn the_policy_holds() {
    let (_folder, page) = cluster(700);
    is_quiet(&page);
    let refused = |expression: &str| {
        let tried = format!(
            "(() => {{ try {{ {expression}; return 'done' }} catch (error) {{ return error.name }} }})()"
        );
        assert_eq!(page.text(&tried), "TypeError", "{expression}");
    };
    refused("document.createElement('script').text = 'window.owned = 5'");
    refused("document.body.innerHTML = '<b>'");
    refused("self.trustedTypes.createPolicy('wagather', { createScript: (text) => text })");
    page.value("window.violations = []; addEventListener('securitypolicyviolation', (event) => violations.push(event.effectiveDirective))");
    page.value("void fetch('http://127.0.0.1:9/').catch(() => 0)");
    page.value("void (new Image().src = 'http://127.0.0.1:9/x.png')");
    page.until(|page| page.value("violations.length") == 2, "both to be refused");
    assert_eq!(page.value("violations.sort()"), json!(["connect-src", "img-src"]));
}

#[test]
fn texts_can_be_read_and_nothing_is_wider_than_the_window() {
    let (_folder, page) = cluster(700);
    for scheme in ["light", "dark"] {
        page.prefer(scheme);
        for width in [1440, 390] {
            page.call(
                "Emulation.setDeviceMetricsOverride",
                json!({"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": false}),
            );
            for section in SECTIONS {
                go(&page, &format!("#/{section}"));
                assert_eq!(page.value("faint()"), json!([]), "{section}, {scheme}, {width}");
                let wide = page.number("document.documentElement.scrollWidth");
                assert!(wide <= f64::from(width), "{section} is {wide} wide in a window of {width}");
            }
            for detail in
                ["objects/0", "objects/200", "findings/0", "events/0", "logs/0", "requests/5", "gatherers/0"]
            {
                go(&page, &format!("#/{detail}"));
                page.until(|page| !page.text("opened()").is_empty(), "something open");
                assert_eq!(page.value("faint()"), json!([]), "{detail}, {scheme}, {width}");
            }
            go(&page, "#/overview");
        }
    }
    is_quiet(&page);
}

#[test]
fn a_long_name_takes_no_more_room_than_a_few_lines() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("must-gather");
    let pod = |name: &str, reason: &str| json!({"metadata": {"name": name, "namespace": "shop"}, "status": {"phase": "Failed", "reason": reason}});
    let (long, word) = ("x".repeat(5_000), "y".repeat(60));
    let list =
        json!({"apiVersion": "v1", "kind": "PodList", "items": [pod("web-1", &word), pod(&long, &long)]});
    archives::write(&archive, "namespaces/shop/core/pods.json", list.to_string());
    let page = open(&archive);
    for width in [1440, 390] {
        page.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": false}),
        );
        go(&page, "#/objects");
        go(&page, "#/overview");
        has(&page, "web-1");
        let most = |what: &str| {
            page.number(&format!("Math.max(...[...document.querySelectorAll('.line')].map({what}))"))
        };
        let height = most("(line) => line.offsetHeight");
        assert!(height < 140.0, "{height} in a window of {width}");
        // The name has at least as much room as the word beside it.
        let ratio =
            most("(line) => line.querySelector('.pill').offsetWidth / line.querySelector('b').offsetWidth");
        assert!(ratio <= 1.0, "{ratio} in a window of {width}");
    }
    is_quiet(&page);
}

#[test]
fn archives_of_other_programs_have_pages() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("must-gather");
    archives::write(
        &archive,
        "namespaces/shop/core/pods.yaml",
        "apiVersion: v1\nkind: PodList\nitems:\n- metadata:\n    name: web-1\n    namespace: shop\n    creationTimestamp: \"2026-01-01T00:00:00Z\"\n  status:\n    phase: Running\n",
    );
    archives::write(
        &archive,
        "namespaces/shop/pods/web-1/main/main/logs/current.log",
        "E0101 it failed\nit went on\n",
    );
    archives::write(
        &archive,
        "cluster-scoped-resources/core/nodes/a.yaml",
        "apiVersion: v1\nkind: Node\nmetadata:\n  name: a\n",
    );
    archives::write(&archive, "timestamp", "2026-01-03 00:00:00.123 +0000 UTC\n");
    let page = open(&archive);
    has(&page, "Partial: must-gather");
    go(&page, "#/objects");
    assert!(page.text("texts('.row').join('|')").contains("web-1"));
    assert!(page.text("texts('.row time').join('|')").contains("2d"), "the age at the gathering");
    go(&page, "#/logs/0");
    page.until(|page| page.text("seen()").contains("E0101 it failed"), "the log");
    assert_eq!(page.value("texts('.log .row.bad').length"), 1);
    go(&page, "#/gaps");
    has(&page, "may exist in the cluster");
    has(&page, "the source is the must-gather must-gather:");
    assert!(
        !page.text("seen()").contains(folder.path().to_str().expect("a path")),
        "whose disk it was on is nobody's business"
    );
    go(&page, "#/requests");
    has(&page, "has no audit of requests");
    is_quiet(&page);
}

#[test]
fn changes_since_an_earlier_archive_are_a_section() {
    let folder = tempfile::tempdir().expect("a folder");
    let [before, after] = ["monday", "tuesday"].map(|name| folder.path().join(name));
    archives::cluster(&before, 700);
    archives::cluster(&after, 700);
    let operator = "cluster-scoped-resources/config.openshift.io/clusteroperators/console.json";
    let text = std::fs::read_to_string(after.join(operator))
        .expect("an operator")
        .replace("AsExpected", archives::HOSTILE_WORD);
    archives::write(&after, operator, text);
    archives::write(&after, "pods/findings.json", r#"{"findings": []}"#);
    std::fs::remove_file(after.join("degraded-operators/findings.json")).expect("findings");
    let page = open_with(&after, &["--compare-with", before.to_str().expect("a path")]);
    has(&page, "Changes since monday");
    go(&page, "#/changes");
    has(&page, "0 added, ");
    has(&page, " removed, 1 changed");
    assert!(!page.text("seen()").contains(" 0 removed"), "findings that are gone are told");
    has(&page, "Not compared");
    page.click("button('changed')");
    page.until(|page| page.value("texts('.row').length") == 1, "the changed one");
    page.press("Home");
    page.press("Enter");
    page.until(|page| page.text("opened()") == "console", "the change");
    has(&page, "status.conditions[type=Available].reason");
    has(&page, archives::HOSTILE_WORD);
    assert_eq!(page.value("window.owned ?? 'not there'"), "not there");
    is_quiet(&page);
    // Another page has no such section.
    assert_eq!(open(&before).value("texts('#nav a').join().includes('Changes')"), false);
}

#[test]
fn an_open_archive_has_its_page() {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("edge-7");
    archives::cluster(&archive, 700);
    let mut server = Command::new(env!("CARGO_BIN_EXE_host-min-view"))
        .arg("open")
        .arg(&archive)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program");
    let said = BufReader::new(server.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let address = said.into_iter().find_map(|line| Some(line[line.find("http://127.0.0.1:")?..].to_owned()));
    let address = address.expect("an address");
    let page = Page::open_address(&address);
    page.until(
        |page| page.value("document.querySelectorAll('#nav a').length > 0") == true,
        "the page to show something",
    );
    page.value(EYES);
    has(&page, "OpenShift 4.21.7");
    go(&page, "#/objects");
    page.until(|page| page.value("document.querySelectorAll('.row').length > 5") == true, "objects");
    assert_eq!(page.value("document.cookie"), "");
    // Browsers ask every server for an icon, which is refused as everything else is.
    let requests = page.events("Network.requestWillBeSent");
    let urls: Vec<&str> = requests.iter().filter_map(|request| request["request"]["url"].as_str()).collect();
    assert!(urls.iter().all(|url| *url == address || url.ends_with("/favicon.ico")), "{urls:?}");
    assert_eq!(page.events("Runtime.exceptionThrown"), Vec::<Value>::new());
    let picture = page.call("Page.captureScreenshot", json!({"format": "png"}));
    if let Some(file) = std::env::var_os("PICTURE") {
        let base64 = picture["data"].as_str().unwrap_or_default();
        std::fs::write(file, wagather_base::base64::decode(base64).expect("base64")).expect("a picture");
    }
    server.kill().expect("a child");
    server.wait().expect("a child");
}

/// `BLESS=1` draws the pictures of docs/report.md anew.
#[test]
fn pictures_are_drawn_when_they_are_asked_for() {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs");
    let pictures = [("report.png", "light", "#/overview"), ("report-object.png", "dark", "#/objects")];
    if std::env::var_os("BLESS").is_some() {
        let (_folder, page) = cluster(5000);
        page.call(
            "Emulation.setDeviceMetricsOverride",
            json!({"width": 1280, "height": 760, "deviceScaleFactor": 1, "mobile": false}),
        );
        page.call("Emulation.setScrollbarsHidden", json!({"hidden": true}));
        for (name, scheme, address) in pictures {
            page.prefer(scheme);
            go(&page, address);
            if address == "#/objects" {
                page.click("button('Failing')");
                page.press("PageDown");
                page.press("Enter");
                page.until(|page| !page.text("opened()").is_empty(), "an object");
            }
            let picture =
                page.call("Page.captureScreenshot", json!({"format": "png", "optimizeForSpeed": false}));
            let base64 = picture["data"].as_str().unwrap_or_default();
            let bytes = wagather_base::base64::decode(base64).expect("base64");
            std::fs::write(docs.join(name), bytes).expect("a picture");
        }
    }
    let sizes: Vec<u64> = pictures
        .iter()
        .map(|(name, ..)| std::fs::metadata(docs.join(name)).expect("a picture").len())
        .collect();
    assert!(sizes.iter().sum::<u64>() <= 300_000, "the pictures have {sizes:?} bytes");
}
