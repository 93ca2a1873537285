//! A headless Chromium, spoken to through its debugging pipe.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tempfile::TempDir;

/// A browser with one page. It ends with this value.
pub struct Browser {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    session: Value,
    next: u64,
    /// What the page and the browser complained of.
    pub complaints: Vec<String>,
    _profile: TempDir,
}

impl Browser {
    /// Starts Chromium, or nothing where there is none: then the test has been named as skipped, and should return.
    ///
    /// With `COMEBACK_REQUIRE_CHROMIUM=1` a missing one fails the test.
    pub fn start_or_skip(test: &str) -> Option<Self> {
        let there = Command::new("chromium").arg("--version").output();
        if !there.is_ok_and(|output| output.status.success()) {
            let missing = format!("{test} (no chromium)");
            assert!(
                !std::env::var("COMEBACK_REQUIRE_CHROMIUM").is_ok_and(|value| value == "1"),
                "{missing}"
            );
            let line = format!("skipped: {missing}\n");
            let _ = Write::write_all(&mut std::io::stderr(), line.as_bytes());
            return None;
        }
        let profile = TempDir::new().unwrap();
        // The browser speaks through its descriptors 3 and 4, which a shell can give it.
        let mut child = Command::new("sh")
            .args([
                "-c",
                "exec chromium \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1",
                "sh",
            ])
            .args([
                "--headless=new",
                "--no-sandbox",
                "--disable-gpu",
                "--hide-scrollbars",
            ])
            .args([
                "--remote-debugging-pipe",
                "--window-size=1250,1400",
                "--no-first-run",
            ])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        let mut browser = Browser {
            child,
            to,
            from: BufReader::new(from),
            session: Value::Null,
            next: 0,
            complaints: Vec::new(),
            _profile: profile,
        };
        let page = browser.call("Target.createTarget", json!({"url": "about:blank"}));
        let attach = json!({"targetId": page["targetId"], "flatten": true});
        browser.session = browser.call("Target.attachToTarget", attach)["sessionId"].take();
        for domain in ["Page", "Runtime", "Log", "Network"] {
            browser.call(&format!("{domain}.enable"), json!({}));
        }
        Some(browser)
    }

    /// Opens a file and waits until it is loaded and drawn.
    pub fn open(&mut self, page: &Path) {
        let url = format!("file://{}", page.display());
        self.call("Page.navigate", json!({"url": url}));
        loop {
            let event = self.read();
            if event["method"] == "Page.loadEventFired" {
                break;
            }
            self.hear(&event);
        }
        self.drawn();
    }

    /// Waits until what has changed is drawn.
    pub fn drawn(&mut self) {
        self.ask("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
    }

    /// The value of an expression; of a promise, what it comes to.
    pub fn ask(&mut self, expression: &str) -> Value {
        let ask = json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.call("Runtime.evaluate", ask);
        assert!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {answer}"
        );
        answer["result"]["value"].take()
    }

    /// Moves the mouse to a place of the page's visible part.
    pub fn point(&mut self, x: f64, y: f64) {
        let there = json!({"type": "mouseMoved", "x": x, "y": y});
        self.call("Input.dispatchMouseEvent", there);
    }

    /// Taps at a place of the page's visible part, with a finger.
    pub fn tap(&mut self, x: f64, y: f64) {
        self.call(
            "Emulation.setTouchEmulationEnabled",
            json!({"enabled": true}),
        );
        for (what, points) in [
            ("touchStart", json!([{"x": x, "y": y}])),
            ("touchEnd", json!([])),
        ] {
            let touch = json!({"type": what, "touchPoints": points});
            self.call("Input.dispatchTouchEvent", touch);
        }
        self.drawn();
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str) {
        for what in ["keyDown", "keyUp"] {
            self.call("Input.dispatchKeyEvent", json!({"type": what, "key": key}));
        }
    }

    /// Asks for light or dark pages.
    pub fn prefer(&mut self, scheme: &str) {
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.call("Emulation.setEmulatedMedia", json!({"features": [feature]}));
    }

    /// Makes the window as wide as asked, as on a phone.
    pub fn resize(&mut self, width: u32) {
        let size = json!({"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size);
        self.drawn();
    }

    /// The number of pages on paper.
    pub fn pages(&mut self) -> usize {
        let pdf = self.call("Page.printToPDF", json!({}));
        let pdf = BASE64_STANDARD.decode(pdf["data"].as_str().unwrap());
        let pdf = pdf.unwrap();
        let pdf = String::from_utf8_lossy(&pdf);
        pdf.matches("/Type /Page").count() - pdf.matches("/Type /Pages").count()
    }

    fn call(&mut self, method: &str, params: Value) -> Value {
        self.next += 1;
        let id = self.next;
        let mut message = json!({"id": id, "method": method, "params": params});
        if !self.session.is_null() {
            message["sessionId"] = self.session.clone();
        }
        self.to
            .write_all(format!("{message}\0").as_bytes())
            .unwrap();
        loop {
            let mut answer = self.read();
            if answer["id"] == id {
                assert!(answer["error"].is_null(), "{method}: {answer}");
                return answer["result"].take();
            }
            self.hear(&answer);
        }
    }

    fn read(&mut self) -> Value {
        let mut message = Vec::new();
        self.from.read_until(0, &mut message).unwrap();
        assert_eq!(message.pop(), Some(0), "the browser has gone");
        serde_json::from_slice(&message).unwrap()
    }

    /// An event that nobody asked for may be a complaint: an exception, an error in the console, or a request beyond the page itself.
    fn hear(&mut self, event: &Value) {
        let params = &event["params"];
        let complaint = match event["method"].as_str().unwrap_or_default() {
            "Runtime.exceptionThrown" => true,
            "Log.entryAdded" => params["entry"]["level"] == "error",
            "Runtime.consoleAPICalled" => params["type"] == "error",
            "Network.requestWillBeSent" => {
                let url = params["request"]["url"].as_str().unwrap_or_default();
                !url.starts_with("file:") && !url.starts_with("about:")
            }
            "Page.javascriptDialogOpening" => true,
            _ => false,
        };
        if complaint {
            self.complaints.push(event.to_string());
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
