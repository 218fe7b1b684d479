//! What happens to the service while it runs: modules are replaced, the token rotates, the API server goes away, the disk is full, the
//! clock jumps.

use crate::Soak;
use crate::client::Client;
use crate::service::Service;
use serde_json::Value;
use std::path::Path;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a replacement may take to be in force, and a bad one to be refused. The service's aim is 0.2 s; a machine with other work may
/// take longer, and this is about whether it happens at all.
const PATIENCE: Duration = Duration::from_secs(30);

/// Of so many replacements, one is broken.
const BROKEN_EVERY: u64 = 5;

impl Soak {
    /// Replaces modules, one after the other, evenly over the runs.
    pub(crate) fn replace_modules(&self) {
        let mut client = Client::new(&self.socket);
        for number in 1..=self.options.replacements {
            if !self.wait_for_share(number as f64 / (self.options.replacements + 1) as f64) {
                return;
            }
            let gatherer = &self.gatherers[number as usize % self.gatherers.len()];
            let (name, begin) = (&*gatherer.gatherer.name, Instant::now());
            let before = self.status(&mut client, name);
            if number.is_multiple_of(BROKEN_EVERY) {
                gatherer.gatherer.break_it(number);
                let is_refused = |now: &Value| {
                    now["lastReplacement"]["accepted"] == false
                        && now["lastReplacement"]["time"] != before["lastReplacement"]["time"]
                };
                match self.until(&mut client, name, is_refused) {
                    Some(now) if now["digest"] != before["digest"] => {
                        self.wrong.tell(format!("a broken module took over: {now}"));
                    }
                    Some(_) => _ = self.figures.broken.fetch_add(1, Ordering::Relaxed),
                    None => self.wrong.tell(format!(
                        "replacement {number}, a broken {name}, was not refused: {}",
                        self.status(&mut client, name)
                    )),
                };
                continue;
            }
            let (version, digest) = gatherer.gatherer.replace();
            match self.until(&mut client, name, |now| now["digest"] == *digest) {
                Some(_) => {
                    // Whoever asks for a run from now on gets this one.
                    gatherer.confirmed.store(version, Ordering::SeqCst);
                    self.figures.replaced.lock().expect("no panic").push(begin.elapsed());
                }
                None => self.wrong.tell(format!(
                    "replacement {number}: version {version} of {name} is not in force: {}",
                    self.status(&mut client, name)
                )),
            }
        }
    }

    fn status(&self, client: &mut Client, name: &str) -> Value {
        match client.get(&format!("/v1/gatherers/{name}")) {
            Ok(answer) if answer.status == 200 => answer.body,
            Ok(answer) => {
                self.wrong.tell(format!("the status of {name}: {answer:?}"));
                Value::Null
            }
            Err(error) => {
                self.wrong.tell(format!("the status of {name}: {error}"));
                Value::Null
            }
        }
    }

    /// The status for which something is so, if it becomes so in time.
    fn until(&self, client: &mut Client, name: &str, is_so: impl Fn(&Value) -> bool) -> Option<Value> {
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            let now = self.status(client, name);
            if is_so(&now) {
                return Some(now);
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        None
    }

    /// The rest, each at its share of the runs.
    pub(crate) fn make_weather(&self, service: &Service, token: &Path, clock: Option<&Path>) {
        let absence = self.options.away;
        let events = 20;
        for event in 1..events {
            if !self.wait_for_share(f64::from(event) / f64::from(events)) {
                return;
            }
            self.rotate(token, event);
            match event {
                3 => {
                    self.server.go_away();
                    std::thread::sleep(absence);
                    self.server.come_back();
                    self.happened(format!("the API server was away for {} s", absence.as_secs()));
                }
                // No archive is as small; no more can be written at all.
                8 | 9 => {
                    service.limit_files(Some(if event == 8 { 512 } else { 0 }));
                    std::thread::sleep(absence / 10);
                    service.limit_files(None);
                    self.happened("the disk was full".into());
                }
                12..=15 => {
                    let Some(offset) = clock else { continue };
                    let day = 86_400_i64;
                    let jump = [day, -2 * day, 400 * day, 0][event as usize - 12];
                    write(offset, &jump.to_string());
                    self.happened(format!("the clock is off by {jump} s"));
                }
                _ => {}
            }
        }
    }

    /// Another token: the server refuses the old one at once.
    pub(crate) fn rotate(&self, file: &Path, number: i32) {
        let token = format!("token-{number}");
        write(file, &token);
        self.server.want(&token);
    }
}

/// Replaces a small file in one step, as the kubelet does.
fn write(path: &Path, text: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, text).and_then(|()| std::fs::rename(&new, path)).expect("a file");
}
