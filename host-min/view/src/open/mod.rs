//! `open`: an archive as a read-only API server on the loopback interface, for kubectl, k9s and this host.
//!
//! | module | does |
//! |---|---|
//! | `request`, `target` | what a request asks for |
//! | `content`, `object` | what the server has |
//! | `lookup` | what there is of a target, or why there is nothing |
//! | `server` | from a request to its response |
//! | `list`, `watch`, `logs`, `reviews`, `openapi` | the answers |
//! | `protobuf` | the reviews that kubectl sends |
//! | `refusal` | the answers that are errors |
//! | `discovery` | which resources there are |
//! | `table` | what kubectl prints of them |
//! | `openshift` | columns of OpenShift's resources |
//! | `kubeconfig` | the file that leads clients to the server, and the credentials |
//! | `page` | the page of the archive, on an address of its own |
//! | `stamp` | whether the archive has changed before its page was made |
//!
//! The archive is in memory, compressed (`wagather-offline`); an object is decompressed when somebody asks for it. Nothing is written
//! but the kubeconfig. The server knows no way to change anything.

mod content;
mod discovery;
#[cfg(fuzzing)]
pub mod fuzz;
mod kubeconfig;
mod list;
mod logs;
mod lookup;
mod object;
mod openapi;
mod openshift;
mod page;
mod protobuf;
mod refusal;
mod request;
mod reviews;
mod server;
mod stamp;
mod table;
mod target;
#[cfg(test)]
mod tests;
mod watch;

use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::sync::Arc;
use std::thread;

use clap::Args;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::fork::{self, Signals};
use wagather_base::time::rfc3339;
use wagather_http::{Access, Address, Answer, Limits, Listener, Request, Server, Stopper, Token};

use crate::terminal;
use content::Content;
use kubeconfig::{Credentials, quoted};
use stamp::Stamp;

/// Connections at the same time: a client has one for each watch.
const MAX_CONNECTIONS: usize = 256;

/// What to serve, and to whom.
#[derive(Args)]
pub(crate) struct Options {
    /// The archive: a folder, a .tar or a .tar.gz
    #[arg(value_name = "ARCHIVE")]
    archive: PathBuf,

    /// Listen on this port of 127.0.0.1; 0 is any free one
    #[arg(long, value_name = "PORT", default_value_t = 0)]
    port: u16,

    /// Run the command after `--` with KUBECONFIG set, and end with it and with its exit code
    #[arg(long, requires = "command")]
    exec: bool,

    /// The command of --exec, with its arguments
    #[arg(last = true, value_name = "COMMAND", requires = "exec")]
    command: Vec<OsString>,
}

/// Serves an archive until a signal comes, or until the command ends.
pub(crate) fn run(options: &Options) -> Result<ExitCode> {
    let opened = Stamp::of(&options.archive);
    let content = Arc::new(Content::open(&options.archive)?);
    let archive = content.archive();
    archive.warnings().iter().for_each(|warning| terminal::warn(warning));
    let (layout, gathered) = (archive.layout(), rfc3339(archive.gathered_millis()));

    let credentials = Credentials::new()?;
    let token = Token::fixed(credentials.token());
    let access = Access { tls: Some(credentials.tls()?), token: Some(token), ..Access::default() };
    let address = Address::Tcp(([127, 0, 0, 1], options.port).into());
    let listener = Listener::bind(&address, access)?;
    let kubeconfig = credentials.kubeconfig(&listener.address().to_string())?;
    // Connections wait for the server from now on. The command gets the signals of this process before they are held.
    let command = match &options.command[..] {
        [] => None,
        words => Some(start(words, &kubeconfig)?),
    };
    let signals = Signals::hold().map_err(unserved)?;
    let limits = Limits { connections: MAX_CONNECTIONS, ..Limits::default() };
    let server = Server::new(limits, move |request: Request| {
        let content = content.clone();
        Answer::on_pool(move || server::answer(&content, &request))
    });
    let serving = Serving::start(server, listener);
    let code = match command {
        Some(command) => wait_for_command(command, &signals)?,
        None => {
            let (server, listener, url) = page::server(&options.archive, opened)?;
            let page = Serving::start(server, listener);
            terminal::tell(&format!(
                "the {layout} of {gathered}; ages are relative to this time; Ctrl-C ends"
            ));
            terminal::tell(&format!("for a browser, and for your eyes only: {url}"));
            terminal::print_line(&format!("export KUBECONFIG={}", quoted(&kubeconfig)))?;
            let code = wait_for_signal(&signals, &serving)?;
            page.stop()?;
            code
        }
    };
    serving.stop()?;
    Ok(code)
}

fn unserved(error: io::Error) -> Failure {
    Failure::new(Class::Internal, "cannot serve", error)
}

fn start(words: &[OsString], kubeconfig: &Path) -> Result<Child> {
    let (program, arguments) = words.split_first().expect("a word, as the caller found");
    let child = Command::new(program).args(arguments).env("KUBECONFIG", kubeconfig).spawn();
    child.map_err(|error| {
        let attempt = format!("cannot run {}", program.display());
        Failure::new(Class::Config, attempt, error)
            .advise("name a program that is there, or that is on the PATH")
    })
}

/// Waits for the command. A Ctrl-C reaches the command as it reaches this process; another signal is for this process alone, and ends
/// the command.
fn wait_for_command(mut command: Child, signals: &Signals) -> Result<ExitCode> {
    let pid = command.id();
    let (ended, writer) = io::pipe().map_err(unserved)?;
    let waiting = thread::spawn(move || {
        let status = command.wait();
        drop(writer);
        status
    });
    loop {
        let ready = fork::wait_for(&[ended.as_fd(), signals.pending().as_fd()], None).map_err(unserved)?;
        if ready.first() == Some(&true) {
            break;
        }
        if let Some(signal) = signals.take()
            && signal != INTERRUPT
            && let Ok(pid) = fork::Pid::try_from(pid)
        {
            fork::kill(pid);
        }
    }
    let status = waiting.join().map_err(|_| unserved(io::ErrorKind::Other.into()))?.map_err(unserved)?;
    Ok(code_of(status))
}

/// The terminal sends it to the command, too.
const INTERRUPT: i32 = 2;

/// The exit code of a command, as shells have it.
fn code_of(status: ExitStatus) -> ExitCode {
    let code = status.code().or_else(|| Some(128 + status.signal()?));
    ExitCode::from(code.and_then(|code| u8::try_from(code).ok()).unwrap_or(u8::MAX))
}

/// A server that runs.
struct Serving {
    thread: thread::JoinHandle<std::result::Result<(), wagather_http::Error>>,
    stopper: Stopper,
}

impl Serving {
    fn start(server: Server, listener: Listener) -> Serving {
        let stopper = server.stopper();
        Serving { thread: thread::spawn(move || server.run(vec![listener])), stopper }
    }

    fn stop(self) -> Result<()> {
        self.stopper.stop();
        let served = self.thread.join();
        let served = served.map_err(|_| unserved(io::Error::other("the server's thread panicked")))?;
        Ok(served?)
    }
}

/// Waits until somebody asks this process to end: that is how the command ends, so it is no failure.
fn wait_for_signal(signals: &Signals, serving: &Serving) -> Result<ExitCode> {
    loop {
        let slice = std::time::Instant::now() + std::time::Duration::from_secs(1);
        fork::wait_for(&[signals.pending().as_fd()], Some(slice)).map_err(unserved)?;
        if signals.take().is_some() || serving.thread.is_finished() {
            return Ok(ExitCode::SUCCESS);
        }
    }
}
