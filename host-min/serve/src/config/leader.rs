//! The settings of leader election.

use super::parse::Reader;
use std::time::Duration;
use wagather_kube::cluster;
use wagather_kube::cluster::lease::LeaseName;
use wagather_yaml::Node;

/// How replicas of the service agree on the one that runs the gatherers.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct LeaderElection {
    /// The Lease that the leader holds.
    pub lease: LeaseName,
    /// When it is held, and for how long.
    pub terms: Terms,
    /// The account that writes the Lease. Without it, the account that gathers.
    pub cluster: Option<Box<cluster::Options>>,
}

/// The times of a leader election, with the names and defaults that controllers of Kubernetes have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How long the others wait after they saw the leader renew the Lease for the last time.
    pub lease_duration: Duration,
    /// How long the leader goes on without having renewed it.
    pub renew_deadline: Duration,
    /// The time between two attempts to renew it, or to get it.
    pub retry_period: Duration,
}

impl Default for Terms {
    fn default() -> Terms {
        Terms {
            lease_duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry_period: Duration::from_secs(2),
        }
    }
}

/// Attempts of replicas that have no Lease come up to so much later than the period says, so that they do not all come at once.
pub(crate) const JITTER: f64 = 1.2;

impl LeaderElection {
    /// With the default times, by the account that gathers.
    pub fn new(lease: LeaseName) -> LeaderElection {
        LeaderElection { lease, terms: Terms::default(), cluster: None }
    }
}

impl PartialEq for LeaderElection {
    /// The same Lease at the same times. How the server is reached may change with a token.
    fn eq(&self, other: &LeaderElection) -> bool {
        (&self.lease, self.terms) == (&other.lease, other.terms)
    }
}

const KEYS: &[&str] = &["leaseDuration", "renewDeadline", "retryPeriod", "cluster"];

/// Keys that people write, and what to write instead.
const OTHER_WORDS: &[(&str, &str)] = &[
    ("name", "lease: NAMESPACE/NAME"),
    ("namespace", "lease: NAMESPACE/NAME"),
    ("resourceName", "lease: NAMESPACE/NAME"),
    ("identity", "omit it: each replica has a name of its own"),
];

impl Reader<'_> {
    pub(super) fn leader_election(&mut self, node: &Node) -> Option<LeaderElection> {
        let map = self.mistakes.map(node, "leaderElection", &["lease"], KEYS, OTHER_WORDS)?;
        let lease = map.get("lease").and_then(|node| self.mistakes.text(node, "lease", str::parse));
        let mut terms = Terms::default();
        self.duration(&map, "leaseDuration", &mut terms.lease_duration);
        self.duration(&map, "renewDeadline", &mut terms.renew_deadline);
        self.duration(&map, "retryPeriod", &mut terms.retry_period);
        if terms.lease_duration <= terms.renew_deadline || terms.lease_duration < Duration::from_secs(1) {
            let text = "leaseDuration is at least 1 s, and longer than renewDeadline";
            self.mistakes.tell(node.place, text);
        }
        if terms.renew_deadline <= terms.retry_period.mul_f64(JITTER) {
            let text = format!("renewDeadline is longer than retryPeriod times {JITTER}");
            self.mistakes.tell(node.place, text);
        }
        let cluster = map.get("cluster").map(|node| Box::new(self.cluster(node).unwrap_or_default()));
        Some(LeaderElection { lease: lease?, terms, cluster })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, parse};
    use super::*;
    use std::path::Path;

    fn of(text: &str) -> Result<Config, Vec<String>> {
        let text = format!(
            "apiVersion: wagather/v1\nkind: Service\ngatherers: [{{module: a}}]\nleaderElection: {text}"
        );
        parse::config(&text, Path::new("/etc/wagather"))
            .map_err(|mistakes| mistakes.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn every_key_is_read() {
        let election = |text| of(text).expect("settings").leader_election.expect("an election");
        let usual = election("{lease: monitoring/gatherers}");
        assert_eq!(
            (usual.lease.to_string().as_str(), usual.terms),
            ("monitoring/gatherers", Terms::default())
        );
        let other = election(
            "{lease: a/b, leaseDuration: 60s, renewDeadline: 40s, retryPeriod: 5s, cluster: {tokenFile: t}}",
        );
        let [lease_duration, renew_deadline, retry_period] = [60, 40, 5].map(Duration::from_secs);
        assert_eq!(other.terms, Terms { lease_duration, renew_deadline, retry_period });
        let cluster = other.cluster.as_ref().expect("an account");
        assert_eq!(cluster.token_file.as_deref(), Some(Path::new("/etc/wagather/t")));
        assert!(usual != other && usual == election("{lease: monitoring/gatherers, cluster: {as: me}}"));
    }

    #[test]
    fn mistakes_have_places() {
        for (text, mistake) in [
            ("{}", "4:17: leaderElection has no lease"),
            ("{lease: gatherers}", "4:25: lease cannot be 'gatherers': expected a namespace and a name"),
            ("{lease: a/b, leaseDuration: 10s}", "4:17: leaseDuration is at least 1 s, and longer"),
            ("{lease: a/b, retryPeriod: 9s}", "4:17: renewDeadline is longer than retryPeriod"),
            ("{lease: a/b, identity: x}", "4:30: unknown key 'identity'; omit it"),
        ] {
            let mistakes = of(text).expect_err(text);
            assert!(mistakes.iter().any(|found| found.starts_with(mistake)), "{text}: {mistakes:?}");
        }
        let recording = of("{lease: a/b}\nrecording: r.har").expect_err("no cluster");
        assert!(recording[0].contains("a recording has no Lease"), "{recording:?}");
        assert!(of("{lease: a/b, cluster: {}}\nrecording: r.har").is_ok());
    }
}
