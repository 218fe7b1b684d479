//! The service that is measured, and its API over the Unix socket.

use super::server::Server;
use crate::Result;
use crate::contender::WORK;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// The service, as `make host-serve` builds it.
const SERVE: &str = "target/dist/host-min-serve";

const PATIENCE: Duration = Duration::from_secs(30);

/// A service that runs; it is killed with the value.
pub(super) struct Service {
    process: Child,
    pub(super) folder: PathBuf,
    pub(super) module: PathBuf,
    socket: PathBuf,
}

impl Service {
    /// Starts it for one gatherer, on these processors.
    pub(super) fn start(name: &str, guest: &str, server: &Server, cores: Option<&str>) -> Result<Service> {
        let root = std::env::current_dir().map_err(|error| format!("no current folder: {error}"))?;
        let folder = root.join(WORK).join(format!("serve-{name}"));
        let _ = std::fs::remove_dir_all(&folder);
        let failed = |error: std::io::Error| format!("cannot make {}: {error}", folder.display());
        std::fs::create_dir_all(&folder).map_err(failed)?;
        let module = folder.join("gatherer.wasm");
        std::fs::copy(format!("target/guests/{guest}.wasm"), &module).map_err(failed)?;
        let ca = if server.ca.is_empty() { "" } else { ", certificateAuthority: ca.pem" };
        std::fs::write(folder.join("ca.pem"), &server.ca).map_err(failed)?;
        let text = format!(
            "apiVersion: wagather/v1\nkind: Service\ncluster: {{server: '{}'{ca}}}\noutput: {{folder: archives, keep: 5}}\n\
             gatherers: [{{module: gatherer.wasm, concurrencyPolicy: Allow}}]\n",
            server.url
        );
        std::fs::write(folder.join("service.yaml"), text).map_err(failed)?;
        let mut command = match cores {
            None => Command::new(SERVE),
            Some(cores) => {
                let mut command = Command::new("taskset");
                command.args(["-c", cores, SERVE]);
                command
            }
        };
        command.arg(folder.join("service.yaml")).args(["--quiet", "--log-format", "json"]);
        command.stdin(Stdio::null()).stderr(Stdio::inherit());
        let process = command
            .spawn()
            .map_err(|error| format!("cannot start {SERVE}: {error}; run 'make host-serve' first"))?;
        let socket = folder.join("archives/api.sock");
        let service = Service { process, folder, module, socket };
        let begin = Instant::now();
        while service.client().is_err() {
            if begin.elapsed() > PATIENCE {
                return Err(format!("{SERVE} does not listen"));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(service)
    }

    /// A connection to its API.
    pub(super) fn client(&self) -> Result<Client> {
        let failed = |error| format!("cannot connect to {}: {error}", self.socket.display());
        let stream = UnixStream::connect(&self.socket).map_err(failed)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
        Ok(Client(BufReader::new(stream)))
    }

    /// The memory of all its processes, what they share counted once, in KiB. Also how many they are.
    pub(super) fn memory(&self) -> Result<(u64, usize)> {
        let mut all = tests::processes::descendants(self.process.id());
        all.push(self.process.id());
        let pss = |id: &u32| -> Option<u64> {
            let text = std::fs::read_to_string(format!("/proc/{id}/smaps_rollup")).ok()?;
            let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
            line.trim().trim_end_matches(" kB").parse().ok()
        };
        let sizes: Option<Vec<u64>> = all.iter().map(pss).collect();
        let sizes = sizes.ok_or("a process of the service ended while its memory was read")?;
        Ok((sizes.iter().sum(), sizes.len()))
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

/// A connection that stays open.
pub(super) struct Client(BufReader<UnixStream>);

impl Client {
    /// Asks for a run, and waits for its end. Gives the moment before the request was written.
    pub(super) fn run(&mut self, gatherer: &str) -> Result<Instant> {
        let body = format!(r#"{{"gatherer":"{gatherer}","waitSeconds":30}}"#);
        let request = format!(
            "POST /v1/runs HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let begin = Instant::now();
        let run = self.ask(&request)?;
        if run["state"] != "complete" {
            return Err(format!("a run was not complete: {run}"));
        }
        Ok(begin)
    }

    pub(super) fn get(&mut self, path: &str) -> Result<Value> {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
    }

    fn ask(&mut self, request: &str) -> Result<Value> {
        let failed = |error: std::io::Error| format!("the service did not answer: {error}");
        self.0.get_mut().write_all(request.as_bytes()).map_err(failed)?;
        let (mut line, mut length) = (String::new(), 0);
        loop {
            line.clear();
            if self.0.read_line(&mut line).map_err(failed)? == 0 {
                return Err("the service hung up".to_owned());
            }
            match line.trim_end().split_once(": ") {
                Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                    length = value.parse().map_err(|_| format!("the length {value}"))?;
                }
                None if line == "\r\n" => break,
                _ => {}
            }
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).map_err(failed)?;
        serde_json::from_slice(&body).map_err(|error| format!("the service sent no JSON: {error}"))
    }
}

/// Puts a module in the place of another one in one step.
pub(super) fn replace(path: &Path, module: &[u8]) -> Result<()> {
    let new = path.with_extension("new");
    std::fs::write(&new, module)
        .and_then(|()| std::fs::rename(&new, path))
        .map_err(|error| format!("cannot write {}: {error}", path.display()))
}
