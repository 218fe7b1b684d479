//! How a gatherer ended, and who is to blame for it.

use super::tally::Tally;
use std::io;
use wagather_abi::Status;
use wagather_archive::Section;
use wagather_base::error::{Class, Failure};
use wagather_base::stop;
use wagather_sandbox::channel::{self, End};
use wagather_sandbox::engine::Kind;
use wagather_sandbox::in_force::InForce;
use wagather_sandbox::process::Exit;

/// The result of serving a gatherer.
pub struct Served {
    /// How it ended.
    pub ending: Ending,
    /// Its figures, warnings and errors.
    pub tally: Tally,
    /// Its files.
    pub section: Section,
    /// Its audit records, as JSON lines.
    pub audit: Vec<u8>,
    /// How its process exited.
    pub exit: Exit,
    /// The name of its isolation.
    pub isolation: &'static str,
    /// The mechanisms of its sandbox. Empty if it ended before it reported them.
    pub in_force: InForce,
    /// The engine that ran it, if it was not the first choice.
    pub engine: Option<Kind>,
}

/// How a gatherer ended, seen from the broker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The guest ended by itself.
    Ended(End),
    /// The deadline passed.
    TimedOut,
    /// A signal ended the run.
    Stopped(i32),
    /// The process died, because of a fault in the engine or the machine.
    Died,
    /// It sent a frame that no guest can make an intact sandbox send.
    Misbehaved,
    /// The host failed.
    Failed(Failure),
}

/// What an error of the channel means: the deadline, an invalid frame, or the death of the sandbox.
pub(super) fn ending_of(error: &io::Error) -> Ending {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Ending::TimedOut,
        io::ErrorKind::InvalidData => Ending::Misbehaved,
        _ => Ending::Died,
    }
}

/// The failure that an ending means for the run, if it means one.
pub fn failure_of(name: &str, served: &Served) -> Option<Failure> {
    let attempt = format!("the gatherer {name} failed");
    let fail = |class, reason: String| Some(Failure::new(class, attempt.clone(), reason));
    match &served.ending {
        Ending::Ended(end) => match end.ending {
            channel::Ending::Returned(0) => served.tally.gaps.broken().map(|blame| {
                let reason = format!("{}; the gatherer continued and returned 0", blame.reason);
                Failure::new(blame.class, format!("what the gatherer {name} read is incomplete"), reason)
                    .advise(&blame.advice)
            }),
            channel::Ending::Returned(code) => {
                let status = Status(code);
                match served.tally.blame(status) {
                    Some(blame) => {
                        Some(Failure::new(blame.class, attempt, &blame.reason).advise(&blame.advice))
                    }
                    None => {
                        // The number alone does not help, so add what is known.
                        let meaning = if status.is_ok() { String::new() } else { format!(": {status}") };
                        let last = served.tally.last_blame().map_or_else(String::new, |blame| {
                            format!("; last failure: {}", blame.reason)
                        });
                        fail(Class::Gatherer, format!("it returned {code}{meaning}{last}"))
                    }
                }
            }
            channel::Ending::Trapped => {
                fail(Class::Gatherer, format!("it trapped: {}", end.text))
            }
            channel::Ending::Unusable => {
                Some(Failure::new(Class::Module, format!("the gatherer {name} cannot be used"), &end.text))
            }
        },
        Ending::TimedOut => Some(match served.tally.blame(Status::TIMED_OUT) {
            // The server took the time.
            Some(blame) => {
                Failure::new(blame.class, attempt, &blame.reason).advise("give it more time with --timeout")
            }
            None => Failure::new(Class::Gatherer, attempt, "it was stopped at its deadline")
                .advise("give it more time with --timeout, or look for a loop in it"),
        }),
        Ending::Stopped(signal) => Some(
            Failure::new(Class::Stopped(*signal as u8), attempt, format_args!("{} ended the run", stop::name(*signal)))
                .advise("everything that it gathered before is kept"),
        ),
        Ending::Died if served.exit.signal == Some(libc::SIGKILL) => Some(
            Failure::new(
                Class::Gatherer,
                attempt,
                "its sandbox was killed by signal 9, as the kernel does when memory runs out",
            )
            .advise("raise the memory limit of the container, or lower --memory or --parallel"),
        ),
        Ending::Died => fail(
            Class::Gatherer,
            match served.exit.signal {
                Some(libc::SIGSYS) => {
                    "its process was killed because it tried a system call the sandbox forbids; the guest may have escaped the engine".into()
                }
                Some(libc::SIGABRT) => {
                    "its sandbox aborted (signal 6): it ran out of memory or stack, or detected an internal error".into()
                }
                Some(libc::SIGXCPU) => "its sandbox exceeded its CPU time limit".into(),
                Some(signal) => {
                    format!("its sandbox was killed by signal {signal}; the engine could not run the module")
                }
                None => "its sandbox exited without a result".into(),
            },
        ),
        Ending::Misbehaved => fail(
            Class::Gatherer,
            "its sandbox sent an invalid frame; the guest may have escaped the engine".into(),
        ),
        Ending::Failed(failure) => Some(failure.clone()),
    }
}
