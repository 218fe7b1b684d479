//! Which namespaces the cluster has, for a run that gathers from a share of them.
//!
//! The host asks for their names once, before gatherers run, and no gatherer sees the answer. An account that may not list them
//! gets the same objects: then each list is read as a whole, and what is in other shards is left out.

use std::thread::sleep;
use std::time::Instant;
use wagather_base::error::{Class, Failure, Result};
use wagather_base::limits::{BACKOFF_BASE, MAX_FIRST_TRIES};
use wagather_base::{percent, stop};
use wagather_json::project::{ListReader, Node};
use wagather_kube::{Accept, Call, Cause, NoAnswer, Source};
use wagather_policy::rights::Shard;

/// A namespace is about a kilobyte.
const FIRST_PAGE: &str = "/api/v1/namespaces?limit=500";

/// Why the names cannot be had.
enum Without {
    /// The account may not list namespaces, in the server's words.
    Refused(u16),
    /// There is no answer, or none that can be used.
    NoAnswer(NoAnswer),
}

/// Finds the namespaces for a shard. The result is a warning, if they stay unknown.
pub(crate) fn find_namespaces(shard: &Shard, source: &dyn Source, until: Instant) -> Result<Option<String>> {
    // A recording of a run without a shard has lists as a whole.
    if !source.knows(FIRST_PAGE) {
        return Ok(None);
    }
    let mut tries = 1;
    loop {
        match names(source, until) {
            Ok(names) => {
                shard.set_namespaces(names);
                return Ok(None);
            }
            Err(Without::Refused(status)) => {
                return Ok(Some(format!(
                    "the account may not list namespaces (HTTP {status}), so each list over all namespaces was read as a whole, and what is \
                     in other shards was left out: with 'list' on namespaces, a run reads its own only"
                )));
            }
            Err(Without::NoAnswer(NoAnswer { cause, .. }))
                if tries < MAX_FIRST_TRIES && cause != Cause::Final && Instant::now() < until =>
            {
                sleep(stop::slice(BACKOFF_BASE * (1 << tries)));
                tries += 1;
            }
            Err(Without::NoAnswer(NoAnswer { reason, advice, .. })) => {
                let attempt = "cannot list the namespaces for --shard";
                return Err(Failure::new(Class::Cluster, attempt, reason).advise(advice));
            }
        }
    }
}

/// The names of all namespaces.
fn names(source: &dyn Source, until: Instant) -> Result<Vec<String>, Without> {
    let broken =
        |reason: String| Without::NoAnswer(NoAnswer { cause: Cause::Broken, reason, advice: String::new() });
    let mut names = Vec::new();
    let mut path_and_query = FIRST_PAGE.to_owned();
    loop {
        let call = Call { path_and_query, accept: Accept::Json, deadline: until };
        let response = source.send(&call).map_err(Without::NoAnswer)?;
        match response.status {
            200 => {}
            status @ (401 | 403 | 404) => return Err(Without::Refused(status)),
            status => return Err(broken(format!("HTTP {status}"))),
        }
        let mut page = ListReader::new(response.body);
        let mut nothing = Vec::new();
        while let Some(identity) =
            page.next(&Node::Drop, &mut nothing).map_err(|error| broken(error.to_string()))?
        {
            names.push(identity.name);
        }
        if page.meta().next.is_empty() {
            return Ok(names);
        }
        path_and_query = format!("{FIRST_PAGE}&continue=");
        percent::encode(&page.meta().next, &mut path_and_query);
    }
}
