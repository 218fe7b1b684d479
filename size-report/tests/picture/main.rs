//! Tests the page of `--html` and the picture of `--svg` in a real browser: layout, keys, colours, and names that
//! contain markup.

mod chromium;

use std::{fs, path::Path, process::Command};

use chromium::Page;

/// Helper functions that run in each page.
const EYES: &str = r#"
    window.items = () => [...document.querySelectorAll('[role=treeitem]')];
    window.leaves = () => items().filter((item) => item.getAttribute('aria-expanded') !== 'true');
    window.sum = () => leaves().reduce((sum, item) => sum + Number(item.dataset.bytes), 0);
    window.path = () => [...document.querySelectorAll('#path button')].map((button) => button.textContent);
    window.focused = () => document.activeElement.getAttribute('aria-label') ?? document.activeElement.id;
    window.named = (name) => items().find((item) => item.getAttribute('aria-label').startsWith(name + ','));
    const pixels = new Map();
    window.pixel = (colour) => {
        if (!pixels.has(colour)) pixels.set(colour, paint(colour));
        return pixels.get(colour);
    };
    const paint = (colour) => {
        const canvas = new OffscreenCanvas(1, 1).getContext('2d');
        canvas.fillStyle = colour;
        canvas.fillRect(0, 0, 1, 1);
        return canvas.getImageData(0, 0, 1, 1).data;
    };
    window.luminance = (colour) => [...pixel(colour)].slice(0, 3)
        .map((value) => value / 255)
        .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4)
        .reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
    window.behind = (element) => {
        for (let at = element; at; at = at.parentElement) {
            const colour = getComputedStyle(at).backgroundColor;
            if (pixel(colour)[3] === 255) return colour;
        }
        return 'white';
    };
    window.contrast = (element) => {
        const [a, b] = [getComputedStyle(element).color, behind(element)].map(luminance).sort((a, b) => b - a);
        return (a + 0.05) / (b + 0.05);
    };
"#;

fn draw(module: &Path, arguments: &[&str]) -> (tempfile::TempDir, Page) {
    draw_as("html", module, arguments)
}

fn draw_as(form: &str, module: &Path, arguments: &[&str]) -> (tempfile::TempDir, Page) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(format!("picture.{form}"));
    let output = Command::new(env!("CARGO_BIN_EXE_size-report"))
        .arg(format!("--{form}"))
        .arg(&file)
        .args(arguments)
        .arg(module)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = Page::open(&file);
    page.prefer("light");
    page.value(EYES);
    (folder, page)
}

fn module(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/modules").join(name)
}

/// A module with crates, modules in them, data and many small functions.
fn guest(folder: &Path) -> std::path::PathBuf {
    let body = |count: usize| "(nop)".repeat(count);
    let mut text = String::from("(module (memory 1) (data (i32.const 1024) \"hello, world\")");
    for (name, count) in [
        ("pods::read::all", 900),
        ("pods::read::one", 500),
        ("pods::write", 700),
        ("core::fmt::write", 800),
        ("core::fmt::num::imp", 300),
        ("nodes::count", 400),
    ] {
        text += &format!("(func ${name} {})", body(count));
    }
    for number in 0..2000 {
        text += &format!("(func $small::f{number} {})", body(number % 3));
    }
    text += "(func $gather (export \"gather\") (call $pods::read::all)))";
    let file = folder.join("guest.wasm");
    fs::write(&file, wat::parse_str(text).unwrap()).unwrap();
    file
}

/// Checks that the page reported no errors, requested nothing but itself, and ran no foreign code.
#[track_caller]
fn assert_quiet(page: &Page) {
    page.value("0");
    for complaint in [
        "Runtime.exceptionThrown",
        "Runtime.consoleAPICalled",
        "Log.entryAdded",
        "Audits.issueAdded",
        "Page.javascriptDialogOpening",
    ] {
        assert_eq!(page.events(complaint), [] as [serde_json::Value; 0], "{complaint}");
    }
    let requests: Vec<String> = page
        .events("Network.requestWillBeSent")
        .iter()
        .map(|request| request["request"]["url"].as_str().unwrap().to_owned())
        .filter(|url| !url.starts_with("data:"))
        .collect();
    assert!(requests.len() == 1 && requests[0].starts_with("file:///"), "{requests:?}");
}

#[test]
fn rectangles_are_the_file() {
    let module = module("es-module-lexer.wasm");
    let bytes = fs::metadata(&module).unwrap().len() as f64;
    let (_folder, page) = draw(&module, &[]);
    assert_eq!(page.number("document.querySelectorAll('[name=view]').length"), 8.0);
    for view in 0..8 {
        page.click(&format!("document.querySelectorAll('#views label')[{view}]"));
        assert_eq!(page.number("sum()"), bytes, "view {view}");
        assert!(page.number("items().length") > 3.0, "view {view}");
    }
    assert!(page.text("document.getElementById('whole').textContent").starts_with("29,953 bytes"));
    page.click("document.querySelector('#views label')");
    // The rectangles of a group have areas proportional to their bytes, do not overlap, and lie within the map.
    let worst = page.number(
        "(() => { const top = items().filter((item) => item.ariaLevel === '1');
            const map = document.getElementById('map').getBoundingClientRect();
            const scale = map.width * map.height / sum();
            return Math.max(...top.map((item) => {
                const { width, height } = item.getBoundingClientRect();
                return Math.abs(width * height - item.dataset.bytes * scale) / (map.width + map.height);
            })); })()",
    );
    assert!(worst < 0.1, "{worst} pixels of rounding");
    let overlaps = "(() => { const top = items().filter((item) => item.ariaLevel === '1').map((item) => item.getBoundingClientRect());
        const map = document.getElementById('map').getBoundingClientRect();
        const cover = (from, to, start, end) => Math.max(0, Math.min(to, end) - Math.max(from, start));
        let wrong = 0;
        for (const a of top) {
            if (a.left < map.left - 0.1 || a.right > map.right + 0.1 || a.top < map.top - 0.1 || a.bottom > map.bottom + 0.1) wrong += 1;
            for (const b of top) if (a !== b && Math.min(cover(a.left, a.right, b.left, b.right), cover(a.top, a.bottom, b.top, b.bottom)) > 0.1) wrong += 1;
        }
        return wrong; })()";
    assert_eq!(page.number(overlaps), 0.0);
    assert_quiet(&page);
}

#[test]
fn keys_walk_search_and_go_back() {
    let folder = tempfile::tempdir().unwrap();
    let (_folder, page) = draw(&guest(folder.path()), &["--by", "crate,section"]);
    let bytes = page.number("sum()");

    // Tab moves from control to control, and the map is one of them.
    let mut stops = Vec::new();
    for _ in 0..5 {
        page.press("Tab");
        stops.push(page.text("document.activeElement.id || document.activeElement.name || document.activeElement.role || document.activeElement.parentElement.parentElement.id"));
    }
    assert_eq!(stops, ["scheme", "view", "query", "path", "treeitem"]);

    // Into the group, to a neighbour and back, and out.
    let start = page.text("focused()");
    assert!(start.starts_with("custom \"name\", "), "the largest comes first: {start}");
    page.press("ArrowRight");
    let beside = page.text("focused()");
    assert!(beside != start && page.text("document.activeElement.ariaLevel") == "1", "{beside}");
    page.press("ArrowLeft");
    assert_eq!(page.text("focused()"), start);
    page.value("named('pods').focus()");
    page.press("Enter");
    assert_eq!(page.value("path()"), serde_json::json!(["all of the file", "pods"]));
    let pods = page.number("sum()");
    assert!(pods > 2100.0 && pods < bytes, "{pods} of {bytes}");
    assert!(page.text("focused()").starts_with("read, "));
    page.press("Enter");
    assert_eq!(page.number("path().length"), 3.0);
    page.press("Escape");
    assert!(page.text("focused()").starts_with("read, "));
    page.press("Backspace");
    assert_eq!(page.number("path().length"), 1.0);
    assert!(page.text("focused()").starts_with("pods, "));
    assert_eq!(page.number("sum()"), bytes);

    // A click does the same as Enter, and the path leads back.
    page.click("named('core')");
    assert_eq!(page.number("path().length"), 2.0);
    page.click("document.querySelector('#path button')");
    assert_eq!(page.number("path().length"), 1.0);

    // Search counts nested matches once: `pods` is one crate and its functions.
    page.press("/");
    assert_eq!(page.text("focused()"), "query");
    page.write("pods::");
    let found = || page.text("document.getElementById('found').textContent");
    assert!(found().starts_with("3 matches, 2,1"), "{}", found());
    let names = |selector: &str| {
        page.value(&format!(
            "[...document.querySelectorAll('{selector}')].map((item) => item.ariaLabel.split(',')[0])"
        ))
    };
    assert_eq!(names(".box.match"), serde_json::json!(["pods::read::all", "pods::read::one", "pods::write"]));
    assert_eq!(names(".box.hit:not(.match)"), serde_json::json!(["pods", "read"]));
    // The smallest of two thousand functions is not drawn, but can be found.
    page.press("Escape");
    assert!(page.value("named('small::f1998')").is_null());
    page.press("/");
    page.write("SMALL::f1998");
    assert!(found().starts_with("1 match, "), "{}", found());
    page.press("Enter");
    assert_eq!(page.value("named('small::f1998').classList.contains('match')"), true);
    assert_eq!(page.number("document.querySelectorAll('#list button').length"), 1.0);
    page.write("x");
    assert!(found().starts_with("0 matches, 0 bytes"), "{}", found());
    page.press("Escape");
    assert_eq!(page.value("document.querySelector('.searching')"), serde_json::Value::Null);

    // Select the next view.
    page.value("document.querySelector('[name=view]').focus()");
    page.press("ArrowRight");
    assert_eq!(page.value("path()"), serde_json::json!(["all of the file"]));
    assert!(page.value("named('code') !== undefined") == true && page.number("sum()") == bytes);
    assert_quiet(&page);
}

/// Checks accessibility: what screen readers need, and contrast.
fn assert_accessible(page: &Page) {
    let nameless = "[...document.querySelectorAll('button, input, [tabindex], [role=treeitem]')].filter((element) =>
        !(element.ariaLabel || element.textContent.trim() || element.labels?.[0]?.textContent.trim())).map((element) => element.outerHTML)";
    assert_eq!(page.value(nameless), serde_json::json!([]), "without a name");
    let lost = "items().filter((item) => !(Number(item.ariaPosInSet) <= Number(item.ariaSetSize) && Number(item.ariaLevel) > 0)).length";
    assert_eq!(page.number(lost), 0.0, "without a place in the tree");
    assert_eq!(page.number("items().filter((item) => item.tabIndex === 0).length"), 1.0);
    let ids = "(() => { const ids = [...document.querySelectorAll('[id]')].map((element) => element.id); return ids.length - new Set(ids).size; })()";
    assert_eq!(page.number(ids), 0.0, "an id that is there twice");
    let dangling = "[...document.querySelectorAll('[aria-labelledby], [aria-describedby], label[for]')].flatMap((element) =>
        ['aria-labelledby', 'aria-describedby', 'for'].map((name) => element.getAttribute(name)).filter((id) => id && !document.getElementById(id)))";
    assert_eq!(page.value(dangling), serde_json::json!([]));
    let faint = "[...document.querySelectorAll('body *')].filter((element) => element.checkVisibility() &&
            [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim()) && !['SCRIPT', 'STYLE', 'NOSCRIPT'].includes(element.tagName))
        .map((element) => [contrast(element), element.outerHTML]).filter(([contrast]) => !(contrast >= 4.5))";
    assert_eq!(page.value(faint), serde_json::json!([]), "too faint to read");
}

#[test]
fn light_and_dark_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let (_folder, page) = draw(&guest(folder.path()), &[]);
    let background =
        || page.text("String(pixel(getComputedStyle(document.documentElement).backgroundColor))");
    let light = background();
    // Check every view; with a search, which looks the same in all views, only one.
    for (query, views) in [("", 8), ("fmt", 1)] {
        page.value(&format!("{{ const query = document.getElementById('query'); query.value = '{query}'; query.dispatchEvent(new Event('input')); }}"));
        for scheme in ["light", "dark"] {
            page.prefer(scheme);
            assert_eq!(background() == light, scheme == "light", "{scheme}");
            for view in 0..views {
                page.click(&format!("document.querySelectorAll('#views label')[{view}]"));
                assert_accessible(&page);
            }
        }
    }
    // The button overrides the system's scheme, in both directions.
    page.click("document.getElementById('scheme')");
    assert_eq!(background(), light);
    assert_eq!(page.text("document.getElementById('scheme').textContent"), "Dark colours");
    page.prefer("light");
    page.click("document.getElementById('scheme')");
    assert_ne!(background(), light);
    assert_accessible(&page);
    assert_quiet(&page);
}

/// A module with markup in its functions, sections, data and file name.
fn hostile(folder: &Path) -> std::path::PathBuf {
    let hostile = [
        "</script><script>window.broken = 1; alert(1)</script>",
        "<img src=x onerror='window.broken = 1'>",
        "<!--<script>",
        "</style></noscript><svg onload=alert(1)>",
        "{{script}}",
        "__proto__",
        "\\u003cscript>",
        "\u{202e}\u{2028}backwards",
    ];
    let mut text = String::from("(module");
    for (at, name) in hostile.iter().enumerate() {
        // The text format's strings: non-plain characters as escaped bytes.
        let name: String = name.bytes().map(|byte| format!("\\{byte:02x}")).collect();
        text += &format!("(func (export \"{name}\") {}) (@custom \"{name}{at}\" \"x\")", "(nop)".repeat(50));
        text += &format!("(data \"{name}\")");
    }
    let file = folder.join("<img src=x onerror=alert(1)>.wasm");
    fs::write(&file, wat::parse_str(text + ")").unwrap()).unwrap();
    file
}

#[test]
fn names_of_a_hostile_module_are_only_names() {
    let folder = tempfile::tempdir().unwrap();
    let file = hostile(folder.path());
    let (_folder, page) = draw(&file, &[]);
    let expected = "document.querySelectorAll('script').length === 2 && document.images.length === 0 && document.querySelectorAll('svg').length === 0";
    for view in 0..8 {
        page.click(&format!("document.querySelectorAll('#views label')[{view}]"));
        page.press("/");
        page.write("<");
        page.press("Enter");
        page.press("Escape");
        assert_eq!(page.value(expected), true, "view {view}");
        assert_eq!(page.value("window.broken === undefined && ({}).text === undefined"), true);
    }
    page.click("document.querySelectorAll('#views label')[1]");
    assert_eq!(
        page.value("named('</script><script>window.broken = 1; alert(1)</script>') !== undefined"),
        true
    );
    assert!(
        page.text("document.querySelector('h1').textContent").contains("<img src=x onerror=alert(1)>.wasm")
    );
    assert_quiet(&page);

    // The second line of defence: injected code would not run.
    page.value("{ const script = document.createElement('script'); script.append('window.broken = 1'); document.body.append(script); }");
    assert_eq!(page.value("window.broken === undefined"), true);
    assert!(!page.events("Log.entryAdded").is_empty() || !page.events("Audits.issueAdded").is_empty());
}

#[test]
fn the_picture_is_xml_and_can_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let (_folder, page) = draw_as("svg", &hostile(folder.path()), &["--by", "function"]);
    // A browser replaces malformed documents by an error.
    assert_eq!(page.text("document.documentElement.nodeName"), "svg");
    assert_eq!(page.value("document.querySelectorAll('script, img, foreignObject, parsererror').length"), 0);
    let titles = "[...document.querySelectorAll('g > title')].map((title) => title.textContent)";
    let wanted = "</script><script>window.broken = 1; alert(1)</script>: ";
    assert_eq!(page.value(&format!("{titles}.some((title) => title.startsWith('{wanted}'))")), true);
    assert_eq!(
        page.value(
            "document.querySelectorAll('g > rect').length === document.querySelectorAll('g > title').length"
        ),
        true
    );
    let mut pages = Vec::new();
    for scheme in ["light", "dark"] {
        page.prefer(scheme);
        pages.push(page.text("getComputedStyle(document.querySelector('.page')).fill"));
        let least = page.number(
            "(() => { const text = luminance(getComputedStyle(document.querySelector('text')).fill);
                return Math.min(...[...document.querySelectorAll('rect')].map((rect) => luminance(getComputedStyle(rect).fill))
                    .map((fill) => (Math.max(text, fill) + 0.05) / (Math.min(text, fill) + 0.05))); })()",
        );
        assert!(least >= 4.5, "{scheme}: {least}");
    }
    assert_ne!(pages[0], pages[1]);
    assert_quiet(&page);
}
