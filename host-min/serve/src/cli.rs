//! The command line: `host-min-serve [serve] CONFIG`. `host-min serve …` starts this program with the same words.

use clap::error::ErrorKind;
use clap::{Parser, ValueEnum};
use std::os::fd::AsFd;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::fork::{Signals, wait_for};
use wagather_base::stop;
use wagather_http::Address;
use wagather_sandbox::zygote::run_zygote;
use wagather_serve::api::Api;
use wagather_serve::config::Input;
use wagather_serve::log::{Entry, Format, Level, Log};
use wagather_serve::systemd::{State, Systemd};
use wagather_serve::{Config, Service, service};

/// What this program is started with to make sandboxes.
const ZYGOTE: &str = "zygote";

/// Run gatherers by schedule and on demand, and replace them without a restart.
#[derive(Debug, Parser)]
#[command(name = "host-min serve", bin_name = "host-min serve", version, disable_help_subcommand = true)]
struct Words {
    /// The configuration: a YAML file, or a folder of modules.
    config: PathBuf,
    /// The folder of archives, instead of the configuration's.
    #[arg(short, long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Take responses from this recording, instead of a cluster.
    #[arg(long, value_name = "FILE")]
    replay: Option<PathBuf>,
    /// The format of lines on stderr.
    #[arg(long, value_enum, default_value = "text", value_name = "FORMAT")]
    log_format: LogFormat,
    /// Write only warnings and errors to stderr.
    #[arg(short, long)]
    quiet: bool,
    /// Where the HTTP API listens, instead of the configuration's addresses: 127.0.0.1:8080 or unix:PATH. Can be repeated.
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<Address>,
    /// Check the configuration and its modules, and exit.
    #[arg(long)]
    check: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum LogFormat {
    Text,
    Json,
}

/// The number of SIGHUP on Linux.
const HANGUP: i32 = 1;

/// The exit code for an invalid command line.
const WRONG: u8 = 2;

pub(crate) fn main() -> ExitCode {
    let mut words = std::env::args_os().peekable();
    let program = words.next().unwrap_or_default();
    if words.peek().is_some_and(|word| word == ZYGOTE) {
        // Nothing has happened in this process yet: no thread, no file.
        run_zygote();
    }
    // The name of the command, if host-min started this program.
    let words: Vec<_> =
        words.enumerate().filter(|(at, word)| *at > 0 || word != "serve").map(|(_, word)| word).collect();
    let words = match Words::try_parse_from(std::iter::once(program).chain(words)) {
        Ok(words) => words,
        Err(error) => return shown(&error),
    };
    let format = match words.log_format {
        LogFormat::Text => Format::Text,
        LogFormat::Json => Format::Json,
    };
    let log = Log { format, quiet: words.quiet };
    match serve(&words, log) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            log.write(&Entry::of(&failure));
            ExitCode::from(failure.class.exit_code())
        }
    }
}

/// Prints a message of the argument parser.
fn shown(error: &clap::Error) -> ExitCode {
    let text = error.to_string();
    let is_help = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
    let mut page = wagather_printable::Page::new();
    match is_help {
        true => page.lines(&text),
        false => page.lines_with(&text, std::env::args_os().map(|word| word.to_string_lossy().into_owned())),
    }
    wagather_serve::log::print(&page, is_help);
    if is_help { ExitCode::SUCCESS } else { ExitCode::from(WRONG) }
}

fn serve(words: &Words, log: Log) -> Result<()> {
    // Before anything else opens files, and before the zygote would have them, too.
    let inherited = wagather_base::inherited::sockets()
        .map_err(|error| Failure::new(Class::Config, "cannot use the sockets of LISTEN_FDS", error))?;
    // Before there are threads, so that no other thread gets these signals.
    let signals =
        Signals::hold().map_err(|error| Failure::new(Class::Internal, "cannot handle signals", error))?;
    let read = {
        let (path, output, replay) = (words.config.clone(), words.output.clone(), words.replay.clone());
        let listen = words.listen.clone();
        move || -> Result<Config> {
            let mut config = Config::read(&path)?;
            config.output.folder = output.clone().unwrap_or(config.output.folder);
            config.input = replay.clone().map_or(config.input, Input::Recording);
            if !listen.is_empty() {
                config.api.listen = Some(listen.clone());
            }
            Ok(config)
        }
    };
    let config = read()?;
    Api::check(&config.api)?;
    let program = std::env::current_exe()
        .map_err(|error| Failure::new(Class::Internal, "cannot find this program's file", error))?;
    let options =
        service::Options { program, args: vec![ZYGOTE.to_owned()], log, read_again: Some(Arc::new(read)) };
    if words.check {
        let names = Service::check(config, options)?;
        log.write(&Entry::new(Level::Info, "checked", format!("can serve {}", names.join(", "))));
        return Ok(());
    }
    let api = Api::open(&config.api, inherited, &config.output.folder)?;
    let service = Service::start(config, options)?;
    let warn = move |text: String| log.write(&Entry::new(Level::Warn, "api", text));
    let api = api.serve(service.clone(), warn)?;
    let systemd = Systemd::from_environment();
    let serves = || {
        let names: Vec<String> = service.gatherers().into_iter().map(|gatherer| gatherer.name).collect();
        format!("serves {}", names.join(", "))
    };
    let addresses: Vec<String> = api.addresses().iter().map(ToString::to_string).collect();
    let listens = match addresses.is_empty() {
        true => "has no API".to_owned(),
        false => format!("the API is at {}", addresses.join(", ")),
    };
    log.write(&Entry::new(Level::Info, "started", serves()).with("addresses", addresses));
    log.write(&Entry::new(Level::Info, "api", listens));
    systemd.tell(State::Ready(&serves()));
    loop {
        let beat = systemd.beat().map(|beat| Instant::now() + beat);
        // Interrupted waits are repeated.
        let _ = wait_for(&[signals.pending().as_fd(), service.breakdown()], beat);
        if let Some(why) = service.broken() {
            systemd.tell(State::Stopping);
            signals.release();
            service.shutdown();
            api.stop();
            return Err(Failure::new(Class::Internal, "the service has ended", why)
                .advise("this is a fault of host-min: report it with the lines above"));
        }
        let Some(signal) = signals.take() else {
            // Who has the lock for good keeps this from being told.
            if beat.is_some() && service.readiness().ready {
                systemd.tell(State::Watchdog);
            }
            continue;
        };
        if signal == HANGUP {
            log.write(&Entry::new(Level::Info, "reloading", "reads the configuration again"));
            systemd.tell(State::Reloading);
            // Why that failed was written.
            let _ = service.reload();
            systemd.tell(State::Ready(&serves()));
            continue;
        }
        let text = format!("{}: no more runs are accepted", stop::name(signal));
        log.write(&Entry::new(Level::Info, "ending", text));
        systemd.tell(State::Stopping);
        // A second signal ends it at once.
        signals.release();
        // The API still tells how the runs end, and that no more are accepted.
        service.shutdown();
        api.stop();
        log.write(&Entry::new(Level::Info, "ended", "all runs have ended"));
        return Ok(());
    }
}
