//! The mechanisms that confine a sandbox, and which of them are active.
//!
//! A sandbox sends the set in its first frame, before it reads a byte of its module. The report lists it as `inForce`. `confine`
//! implements the mechanisms.

use std::fmt::Write as _;

/// A mechanism that confines a sandbox's process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Mechanism {
    /// The channel is the only open descriptor.
    Descriptors,
    /// Executing a program cannot give it more privileges (`PR_SET_NO_NEW_PRIVS`).
    NoNewPrivileges,
    /// A system call that is not on the list kills it.
    Seccomp,
    /// It cannot reach files, TCP ports, or processes outside (`landlock(7)`).
    Landlock,
    /// Address space and CPU time are limited. It cannot dump core, grow a file, or make a new descriptor or process.
    Rlimits,
    /// It is killed when its broker dies.
    ParentDeath,
    /// The environment and the command line, which a fork has copies of, are overwritten.
    Environment,
}

impl Mechanism {
    /// Every mechanism, in the order of the report.
    pub const ALL: [Mechanism; 7] = [
        Mechanism::Descriptors,
        Mechanism::NoNewPrivileges,
        Mechanism::Seccomp,
        Mechanism::Landlock,
        Mechanism::Rlimits,
        Mechanism::ParentDeath,
        Mechanism::Environment,
    ];

    /// Its name in the report.
    pub const fn name(self) -> &'static str {
        match self {
            Mechanism::Descriptors => "descriptors",
            Mechanism::NoNewPrivileges => "noNewPrivileges",
            Mechanism::Seccomp => "seccomp",
            Mechanism::Landlock => "landlock",
            Mechanism::Rlimits => "rlimits",
            Mechanism::ParentDeath => "parentDeath",
            Mechanism::Environment => "environment",
        }
    }

    /// Why a process could not activate it.
    const fn why_missing(self) -> &'static str {
        match self {
            Mechanism::Seccomp => {
                "the kernel refuses seccomp filters (no CONFIG_SECCOMP_FILTER, or the container forbids them), or host-min has no filter for this architecture"
            }
            Mechanism::Landlock => {
                "the kernel has no landlock: it is older than 5.13, lacks CONFIG_SECURITY_LANDLOCK or landlock in its lsm= list, or the container forbids it"
            }
            Mechanism::Descriptors => {
                "the kernel has no close_range (it is older than 5.9), and there are too many descriptors to close one by one"
            }
            Mechanism::Environment => "it is not at the address that Linux uses",
            Mechanism::NoNewPrivileges | Mechanism::Rlimits | Mechanism::ParentDeath => {
                "the kernel refused it"
            }
        }
    }
}

/// A set of mechanisms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InForce(u8);

impl InForce {
    /// No mechanism: a guest in the program's own process, or a sandbox that has sent no frame yet.
    pub const NONE: InForce = InForce(0);

    /// Adds a mechanism, if it is active.
    #[must_use]
    pub(super) const fn with(self, mechanism: Mechanism, is_in_force: bool) -> InForce {
        InForce(self.0 | (is_in_force as u8) << mechanism as u8)
    }

    /// Whether a mechanism is in the set.
    pub const fn has(self, mechanism: Mechanism) -> bool {
        self.0 & 1 << mechanism as u8 != 0
    }

    /// The names of the mechanisms in the set, or of those not in it.
    pub fn names(self, is_in_force: bool) -> Vec<&'static str> {
        let all = Mechanism::ALL.into_iter().filter(|mechanism| self.has(*mechanism) == is_in_force);
        all.map(Mechanism::name).collect()
    }

    /// What is missing and why, in words. `None` if nothing is missing.
    pub fn missing(self) -> Option<String> {
        let missing = Mechanism::ALL.into_iter().filter(|mechanism| !self.has(*mechanism));
        let mut text = String::new();
        for mechanism in missing {
            let before = if text.is_empty() { "" } else { "; " };
            let _ = write!(text, "{before}{} is not active", mechanism.name());
            // Without a confined process, the kernel refused nothing.
            if self != InForce::NONE {
                let _ = write!(text, ": {}", mechanism.why_missing());
            }
        }
        (!text.is_empty()).then_some(text)
    }

    pub(super) const fn byte(self) -> u8 {
        self.0
    }

    /// Decodes the set of a frame. `None` if it has an unknown mechanism.
    pub(super) fn of_byte(byte: u8) -> Option<InForce> {
        (byte >> Mechanism::ALL.len() == 0).then_some(InForce(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets() {
        let mut all = InForce::NONE;
        for (number, mechanism) in Mechanism::ALL.into_iter().enumerate() {
            assert_eq!((mechanism as usize, all.has(mechanism)), (number, false));
            assert_eq!(all.with(mechanism, false), all);
            all = all.with(mechanism, true);
            assert!(all.has(mechanism));
        }
        assert_eq!((all.names(true).len(), all.names(false).len(), all.missing()), (7, 0, None));
        assert_eq!(InForce::of_byte(all.byte()), Some(all));
        assert_eq!(InForce::of_byte(0x80), None, "there are seven");
    }

    #[test]
    fn what_is_missing_is_named_with_its_reason() {
        let all = Mechanism::ALL.into_iter().fold(InForce::NONE, |set, mechanism| set.with(mechanism, true));
        for missing in Mechanism::ALL {
            let set = InForce(all.0 & !(1 << missing as u8));
            assert_eq!(set.names(false), [missing.name()]);
            let text = set.missing().expect("something is missing");
            assert!(text.starts_with(&format!("{} is not active: ", missing.name())), "{text}");
        }
        let nothing = InForce::NONE.missing().expect("everything is missing");
        assert!(nothing.contains("seccomp is not active; landlock is not active"), "{nothing}");
    }
}
