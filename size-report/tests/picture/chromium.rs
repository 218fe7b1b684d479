//! A headless Chromium, and the part of its DevTools protocol that the tests need.
//!
//! Messages are JSON with a NUL after each, on descriptors 3 and 4 of the browser (`--remote-debugging-pipe`), so
//! there is no port to wait for. A shell opens the two pipes, so this file needs no unsafe code.

use std::{
    cell::{Cell, RefCell},
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        OnceLock,
        mpsc::{Receiver, channel},
    },
    time::{Duration, Instant},
};

use serde_json::{Value, json};

/// The maximum time for an answer, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// The names in distributions; `.ci/setup` looks for the same ones.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome"];

/// A browser with one page.
pub(crate) struct Page {
    browser: Child,
    input: RefCell<ChildStdin>,
    messages: Receiver<Value>,
    events: RefCell<Vec<Value>>,
    session: String,
    last: Cell<u64>,
    _profile: tempfile::TempDir,
}

fn program() -> &'static str {
    static PROGRAM: OnceLock<String> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Ok(program) = std::env::var("CHROMIUM") {
            return program;
        }
        let works = |name: &&str| {
            let tried = Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
            tried.is_ok_and(|status| status.success())
        };
        NAMES.into_iter().find(works).map(str::to_owned).unwrap_or_else(|| {
            panic!(
                "no browser to open the picture with: none of {} runs. `.ci/setup --with-chromium` installs it \
                 where it can (by hand: apt-get install chromium); CHROMIUM=/path/to/it names another",
                NAMES.join(", ")
            )
        })
    })
}

impl Page {
    /// Opens a file after subscribing to events, so none is missed.
    pub(crate) fn open(file: &Path) -> Page {
        Page::open_address(&format!("file://{}", file.display()))
    }

    /// The same for any address.
    pub(crate) fn open_address(address: &str) -> Page {
        let profile = tempfile::tempdir().unwrap();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", r#"exec "$0" "$@" 3<&0 4>&1 0</dev/null 1>&2"#])
            .arg(program())
            .args(["--headless=new", "--remote-debugging-pipe", "--no-first-run", "--disable-gpu"])
            // The browser's sandbox needs rights that containers and root lack; the pages are our own.
            .args(["--no-sandbox", "--disable-dev-shm-usage", "--disable-background-networking"])
            .args(["--disable-component-update", "--window-size=1200,800", "--force-device-scale-factor=1"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank");
        // Chromium prints warnings about everything that a container lacks.
        let mut browser = shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let input = RefCell::new(browser.stdin.take().unwrap());
        let mut output = BufReader::new(browser.stdout.take().unwrap());
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            loop {
                let mut message = Vec::new();
                let read = output.read_until(0, &mut message);
                if message.pop().is_none() || read.is_err() {
                    return;
                }
                let message = serde_json::from_slice(&message).expect("a message of the browser");
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let mut page = Page {
            browser,
            input,
            messages,
            events: RefCell::default(),
            session: String::new(),
            last: Cell::new(0),
            _profile: profile,
        };
        let target = page.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        page.session = page.call("Target.attachToTarget", attach)["sessionId"].as_str().unwrap().to_owned();
        for domain in ["Page", "Runtime", "Log", "Network", "Audits"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        page.call("Page.navigate", json!({ "url": address }));
        page.until(|page| page.events("Page.loadEventFired").len() == 1, "the page to load");
        page
    }

    /// Calls a method and waits for its result.
    #[track_caller]
    pub(crate) fn call(&self, method: &str, parameters: Value) -> Value {
        let id = self.last.get() + 1;
        self.last.set(id);
        let mut message = json!({ "id": id, "method": method, "params": parameters });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        let mut text = message.to_string().into_bytes();
        text.push(0);
        self.input.borrow_mut().write_all(&text).expect("a browser that runs");
        loop {
            let mut message = self.receive(method);
            if message["id"] == id {
                assert!(message["error"].is_null(), "{method}: {}", message["error"]);
                return message["result"].take();
            }
            self.events.borrow_mut().push(message);
        }
    }

    #[track_caller]
    fn receive(&self, what: &str) -> Value {
        self.messages.recv_timeout(PATIENCE).unwrap_or_else(|error| {
            panic!("no answer to {what} from {}: {error}; does it run by itself?", program())
        })
    }

    /// The page's events of a kind so far.
    pub(crate) fn events(&self, method: &str) -> Vec<Value> {
        let events = self.events.borrow();
        events.iter().filter(|event| event["method"] == method).map(|event| event["params"].clone()).collect()
    }

    /// Waits for something to become true.
    #[track_caller]
    pub(crate) fn until(&self, is_true: impl Fn(&Page) -> bool, what: &str) {
        let start = Instant::now();
        while !is_true(self) {
            assert!(start.elapsed() < PATIENCE, "waited for {what}");
            // Any answer arrives after the earlier events.
            self.call("Runtime.evaluate", json!({ "expression": "0" }));
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// The value of an expression in the page.
    #[track_caller]
    pub(crate) fn value(&self, expression: &str) -> Value {
        let parameters = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let mut answer = self.call("Runtime.evaluate", parameters);
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {}", answer["exceptionDetails"]);
        answer["result"]["value"].take()
    }

    #[track_caller]
    pub(crate) fn text(&self, expression: &str) -> String {
        let value = self.value(expression);
        value.as_str().unwrap_or_else(|| panic!("{expression} is no text: {value}")).to_owned()
    }

    #[track_caller]
    pub(crate) fn number(&self, expression: &str) -> f64 {
        let value = self.value(expression);
        value.as_f64().unwrap_or_else(|| panic!("{expression} is no number: {value}"))
    }

    /// Presses a key, as a keyboard does.
    #[track_caller]
    pub(crate) fn press(&self, key: &str) {
        let code = match key {
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            "Backspace" => 8,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        let mut down = json!({ "type": "keyDown", "key": key, "code": key, "windowsVirtualKeyCode": code });
        if key == "Enter" {
            down["text"] = json!("\r");
        } else if key.chars().count() == 1 {
            down["text"] = json!(key);
        }
        self.call("Input.dispatchKeyEvent", down);
        let up = json!({ "type": "keyUp", "key": key, "code": key, "windowsVirtualKeyCode": code });
        self.call("Input.dispatchKeyEvent", up);
    }

    /// Types a text, key by key.
    #[track_caller]
    pub(crate) fn write(&self, text: &str) {
        for c in text.chars() {
            self.press(&c.to_string());
        }
    }

    /// Clicks into the middle of the first match of a selector.
    #[track_caller]
    pub(crate) fn click(&self, element: &str) {
        let place = self.value(&format!(
            "(() => {{ const {{ x, y, width, height }} = {element}.getBoundingClientRect(); return [x + width / 2, y + Math.min(8, height / 2)]; }})()"
        ));
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let mouse =
                json!({ "type": kind, "x": place[0], "y": place[1], "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", mouse);
        }
    }

    /// Sets the reader's preferred colour scheme.
    pub(crate) fn prefer(&self, scheme: &str) {
        let features = json!([
            { "name": "prefers-color-scheme", "value": scheme },
            { "name": "prefers-reduced-motion", "value": "reduce" }
        ]);
        self.call("Emulation.setEmulatedMedia", json!({ "features": features }));
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // If it is asked to quit, it ends its children first. If it is killed, they still write into the profile
        // while it is deleted.
        let told = self.input.borrow_mut().write_all(b"{\"id\":0,\"method\":\"Browser.close\"}\0");
        let start = Instant::now();
        while told.is_ok() && start.elapsed() < PATIENCE / 6 {
            if let Ok(Some(_)) = self.browser.try_wait() {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        // It may have ended already.
        let _ = self.browser.kill();
        let _ = self.browser.wait();
    }
}
