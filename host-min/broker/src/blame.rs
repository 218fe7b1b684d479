//! Why a call returned a status, and who is to blame for it.

use wagather_abi::{Kind, Status};
use wagather_base::error::Class;

/// Why a call returned a status.
#[derive(Clone, Debug)]
pub struct Blame {
    pub(super) status: Status,
    /// Who is to blame.
    pub class: Class,
    /// Why.
    pub reason: String,
    /// What to do about it. May be empty.
    pub advice: String,
}

impl Blame {
    /// Blames by status.
    pub fn of(status: Status, reason: String, advice: &str) -> Blame {
        let class = match status.kind() {
            // A retry does not help until credentials or rights change.
            Kind::Http(401 | 403) => Class::Refused,
            Kind::Http(_) | Kind::Unreachable | Kind::BadAnswer | Kind::TooLarge | Kind::TimedOut => {
                Class::Cluster
            }
            Kind::OutputFailed => Class::Output,
            _ => Class::Gatherer,
        };
        Blame { status, class, reason, advice: advice.to_owned() }
    }
}
