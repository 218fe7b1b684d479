//! The programs that are measured side by side: gatherers, and the floor under them.

use crate::Result;
use std::path::Path;
use std::process::{Command, Stdio};

/// The host, as `make host` builds it.
pub(crate) const HOST: &str = "target/dist/host-min";
/// What runs leave behind.
pub(crate) const WORK: &str = "target/bench";

/// A program that sends one request to the bench's server, reads the answer and ends with 0.
pub(crate) struct Contender {
    /// What it is called in tables.
    pub(crate) name: &'static str,
    program: String,
    args: Vec<String>,
    /// Whether it is the floor, or is run by the host and leaves an archive.
    pub(crate) is_floor: bool,
}

impl Contender {
    /// A gatherer of `examples/`, run by the host.
    pub(crate) fn gatherer(name: &'static str, port: u16) -> Result<Contender> {
        let module = module(name);
        for needed in [HOST, &module] {
            if !Path::new(needed).exists() {
                return Err(format!("{needed} is not there; run 'make guests host' first"));
            }
        }
        let server = format!("http://127.0.0.1:{port}");
        let args = ["run", "--quiet", &module, "--server", &server].map(str::to_owned).to_vec();
        Ok(Contender { name, program: HOST.to_owned(), args, is_floor: false })
    }

    /// A static C program that does nothing else.
    pub(crate) fn floor(port: u16) -> Result<Contender> {
        let program = compiled("first-byte")?;
        Ok(Contender { name: "floor (static C)", program, args: vec![port.to_string()], is_floor: true })
    }

    /// The command of one run; what it gathers goes to `output`, which must not be there.
    pub(crate) fn command(&self, output: &str) -> Command {
        let mut command = quiet(&self.program);
        command.args(&self.args);
        if !self.is_floor {
            command.args(["--output", output]);
        }
        command
    }
}

/// A static program of `tests/floor`.
pub(crate) fn compiled(name: &str) -> Result<String> {
    let (program, source) = (format!("{WORK}/{name}"), format!("tests/floor/{name}.c"));
    std::fs::create_dir_all(WORK).map_err(|error| format!("cannot make {WORK}: {error}"))?;
    let built = Command::new("cc")
        .args(["-O2", "-static", "-o", &program, &source])
        .status()
        .map_err(|error| format!("cannot run cc, the C compiler: {error}"))?;
    if built.success() { Ok(program) } else { Err(format!("cc cannot build {source}")) }
}

/// The module of an example.
pub(crate) fn module(name: &str) -> String {
    format!("target/guests/{name}.wasm")
}

/// A command without this process's surroundings: a kubeconfig or a proxy there would change what is measured.
pub(crate) fn quiet(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// Removes what a run left, and says whether it left anything.
pub(crate) fn remove(output: &str) -> Result<bool> {
    let path = Path::new(output);
    let removed = if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) };
    match removed {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(format!("cannot remove {output}: {error}")),
    }
}
