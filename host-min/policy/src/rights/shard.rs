//! A share of the namespaces: several runs, each with its own shard, gather what one run would.
//!
//! An object is in the shard of its namespace, and an object in no namespace is in shard 0. Which shard a namespace is in depends on
//! its name and the number of shards alone, so runs agree on it without talking to each other.

use super::order::sort_places;
use serde::Serialize;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// One of several shards.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Shard {
    /// Its number, from 0.
    pub index: u32,
    /// How many there are.
    pub count: u32,
    /// The namespaces of the cluster, once they are known.
    #[serde(skip)]
    namespaces: Arc<OnceLock<Vec<String>>>,
}

/// The most shards of a run. A namespace is never divided, and few clusters have more namespaces with pods.
pub const MAX_SHARDS: u32 = 1_000;

/// Why a text is not a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ShardError {
    /// It is not an index and a number of shards.
    Form,
    /// There is no such shard, or there are too many.
    Range,
}

impl fmt::Display for ShardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ShardError::Form => f.write_str("expected INDEX/COUNT, such as 0/16"),
            ShardError::Range => write!(
                f,
                "the index counts from 0 to one less than the number of shards, of which there are at most {MAX_SHARDS}"
            ),
        }
    }
}

impl std::error::Error for ShardError {}

impl Shard {
    /// A shard. `None` if there is none of that number.
    pub fn new(index: u32, count: u32) -> Option<Shard> {
        let exists = index < count && count <= MAX_SHARDS;
        exists.then(|| Shard { index, count, namespaces: Arc::default() })
    }

    /// Reads `INDEX/COUNT`.
    pub fn parse(text: &str) -> Result<Shard, ShardError> {
        let numbers = text.split_once('/').map(|(index, count)| (index.parse().ok(), count.parse().ok()));
        let Some((Some(index), Some(count))) = numbers else {
            return Err(ShardError::Form);
        };
        Shard::new(index, count).ok_or(ShardError::Range)
    }

    /// Whether objects of a namespace are in this shard. The namespace of an object in none is empty.
    pub fn has(&self, namespace: &str) -> bool {
        if namespace.is_empty() { self.index == 0 } else { self.of(namespace) == self.index }
    }

    /// The shard of a namespace: the FNV-1a hash of its name with 64 bits, modulo the number of shards. It must never change, because
    /// shards of different versions of this program may be merged.
    fn of(&self, namespace: &str) -> u32 {
        let hash = namespace.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        (hash % u64::from(self.count)) as u32
    }

    /// Says which namespaces the cluster has. Without that, lists over all namespaces are read as a whole.
    pub fn set_namespaces(&self, mut namespaces: Vec<String>) {
        sort_places(&mut namespaces);
        let _ = self.namespaces.set(namespaces);
    }

    /// The namespaces of the cluster, if they are known, in the order of a list over all of them.
    pub(super) fn namespaces(&self) -> Option<&[String]> {
        self.namespaces.get().map(Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// These never change.
    #[test]
    fn each_namespace_is_in_one_shard_for_good() {
        for (namespace, of_4, of_16) in [
            ("default", 2, 14),
            ("kube-system", 2, 14),
            ("shop", 1, 9),
            ("a", 0, 12),
            ("openshift-etcd", 0, 4),
        ] {
            for (count, expected) in [(4, of_4), (16, of_16), (1, 0)] {
                let shards = (0..count).map(|index| Shard::new(index, count).expect("a shard"));
                let having: Vec<u32> =
                    shards.filter(|shard| shard.has(namespace)).map(|shard| shard.index).collect();
                assert_eq!(having, [expected], "{namespace} of {count}");
            }
        }
        assert!((0..3).all(|index| Shard::new(index, 3).expect("a shard").has("") == (index == 0)));
    }

    #[test]
    fn shards_are_about_as_large() {
        let shards: Vec<Shard> = (0..16).map(|index| Shard::new(index, 16).expect("a shard")).collect();
        for name in ["team-", "ns", "customer-0000-"] {
            let names: Vec<String> = (0..1600).map(|number| format!("{name}{number}")).collect();
            for shard in &shards {
                let own = names.iter().filter(|name| shard.has(name)).count();
                assert!((60..=140).contains(&own), "{name}: {own} of 1600 in shard {}", shard.index);
            }
        }
    }

    #[test]
    fn what_is_typed() {
        let shard = Shard::parse("3/16").expect("a shard");
        assert_eq!((shard.index, shard.count), (3, 16));
        assert_eq!(serde_json::to_string(&shard).expect("JSON"), r#"{"index":3,"count":16}"#);
        for wrong in ["", "3", "16/16", "0/0", "-1/4", "1/1001", "a/b", "1/2/3", "$(JOB_COMPLETION_INDEX)/4"]
        {
            assert!(Shard::parse(wrong).is_err(), "{wrong}");
        }
    }
}
