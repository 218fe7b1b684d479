//! The programs that are measured together: gatherers in the host, the same modules in the bare engine, and the
//! floors.

use crate::Result;
use std::fs::{File, FileTimes, Metadata};
use std::path::Path;
use std::process::{Command, Stdio};

/// The host, as `make host` builds it.
pub(crate) const HOST: &str = "target/dist/host-min";
/// What runs leave behind.
pub(crate) const WORK: &str = "target/bench";

/// A program that sends one request to the bench's server, reads the answer and ends with 0.
pub(crate) struct Contender {
    /// What it is called in tables.
    pub(crate) name: String,
    program: String,
    args: Vec<String>,
    /// What it is.
    pub(crate) kind: Kind,
}

/// What a contender is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// What all others are compared with: static C with musl, as the host is.
    Floor,
    /// Static C with glibc, which takes longer to begin.
    Glibc,
    /// A module in the engine alone, without a sandbox: it leaves a file.
    Bare,
    /// Run by the host: it leaves an archive.
    Host,
}

/// Where `make bench` builds `tests/contenders/bare`.
const BARE: &str = "target/contenders/bare-wasm3";

impl Contender {
    /// A gatherer of `examples/`, run by the host.
    pub(crate) fn gatherer(name: &str, port: u16) -> Result<Contender> {
        Ok(Contender { name: name.to_owned(), ..Contender::of_module(Kind::Host, module(name), port)? })
    }

    /// A gatherer of `examples/` in the bare engine.
    pub(crate) fn bare(name: &str, guest: &str, port: u16) -> Result<Contender> {
        Ok(Contender { name: name.to_owned(), ..Contender::of_module(Kind::Bare, module(guest), port)? })
    }

    /// A module, run by the host or in the bare engine.
    pub(crate) fn of_module(kind: Kind, module: String, port: u16) -> Result<Contender> {
        let program = if kind == Kind::Bare { BARE } else { HOST };
        there(&[program, &module])?;
        let name = format!("{module} {}", if kind == Kind::Bare { "bare" } else { "host" });
        let args = match kind {
            Kind::Bare => vec![module, port.to_string()],
            _ => {
                let server = format!("http://127.0.0.1:{port}");
                ["run", "--quiet", &module, "--server", &server].map(str::to_owned).to_vec()
            }
        };
        Ok(Contender { name, program: program.to_owned(), args, kind })
    }

    /// Static C programs that do nothing but send the request and read the answer.
    pub(crate) fn floors(port: u16) -> Result<Vec<Contender>> {
        let of = |name: &str, compiler, kind| -> Result<Contender> {
            let program = compiled_by(compiler, "first-byte")?;
            Ok(Contender { name: name.to_owned(), program, args: vec![port.to_string()], kind })
        };
        let musl = of("floor (static C, musl)", "musl-gcc", Kind::Floor)?;
        Ok(vec![musl, of("static C, glibc", "cc", Kind::Glibc)?])
    }

    /// Writes its program to the disk anew.
    pub(crate) fn write_anew(&self) -> Result<()> {
        write_anew(Path::new(&self.program))
    }

    /// The command of one run; what it gathers goes to `output`, which must not be there.
    pub(crate) fn command(&self, output: &str) -> Command {
        let mut command = quiet(&self.program);
        command.args(&self.args);
        match self.kind {
            Kind::Host => command.args(["--output", output]),
            Kind::Bare => command.arg(output),
            Kind::Floor | Kind::Glibc => &mut command,
        };
        command
    }
}

/// Writes a file of ours to the disk anew, with its times. How a file got into the kernel's memory decides how large its pieces are there,
/// and with it up to 15 % of a program's start. So it must have been the same way for all that are compared.
pub(crate) fn write_anew(path: &Path) -> Result<()> {
    if !path.starts_with("target") || !path.is_file() {
        return Ok(());
    }
    let mut copy = path.to_owned().into_os_string();
    copy.push(".copy");
    let times = |data: &Metadata| Ok(FileTimes::new().set_modified(data.modified()?));
    std::fs::metadata(path)
        .and_then(|data| times(&data))
        .and_then(|times| {
            std::fs::copy(path, &copy)?;
            File::open(&copy)?.set_times(times)?;
            std::fs::rename(&copy, path)
        })
        .map_err(|error| format!("cannot copy {}: {error}", path.display()))
}

fn there(files: &[&str]) -> Result<()> {
    match files.iter().find(|file| !Path::new(file).exists()) {
        Some(missing) => Err(format!("{missing} is not there; 'make bench' builds it")),
        None => Ok(()),
    }
}

/// A static program of `tests/floor`.
pub(crate) fn compiled(name: &str) -> Result<String> {
    compiled_by("cc", name)
}

/// The same by that compiler.
pub(crate) fn compiled_by(compiler: &str, name: &str) -> Result<String> {
    let (program, source) = (format!("{WORK}/{name}-{compiler}"), format!("tests/floor/{name}.c"));
    std::fs::create_dir_all(WORK).map_err(|error| format!("cannot make {WORK}: {error}"))?;
    let built = Command::new(compiler)
        .args(["-O2", "-static", "-o", &program, &source])
        .status()
        .map_err(|error| format!("cannot run {compiler}, a C compiler: {error}; 'make setup' installs it"))?;
    if built.success() { Ok(program) } else { Err(format!("{compiler} cannot build {source}")) }
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
