//! What is known of the cluster's resources so far, and how discovery is sent for.

use super::failed::Failed;
use crate::fetch::{Fetcher, Order, Ticket};
use crate::tally::Tally;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;
use wagather_kube::Accept;
use wagather_policy::discovery::{Catalog, ROOTS};
use wagather_policy::rights::Rights;

/// What a gatherer's requests need to find resources.
pub(crate) struct Finder<'a> {
    pub(crate) rights: &'a Rights,
    pub(crate) discovered: &'a mut Discovered,
    /// The gatherer's deadline.
    pub(crate) deadline: Instant,
    /// How many items each page of a list has, if that is fixed.
    pub(crate) chunk_items: Option<u32>,
}

/// What is known of the cluster so far.
#[derive(Default)]
pub(crate) struct Discovered {
    pub(super) progress: Progress,
    /// The names of its namespaces, if they were asked for.
    pub(super) namespaces: Option<Vec<String>>,
}

#[derive(Default)]
pub(super) enum Progress {
    #[default]
    NotAsked,
    Asked(VecDeque<(String, Ticket)>),
    Known(Arc<Catalog>),
    Failed(Failed),
}

pub(super) fn order(path_and_query: String, accept: Accept, deadline: Instant, tally: &Tally) -> Order {
    Order { path_and_query, accept, time: tally.budget().request_time, deadline }
}

impl Discovered {
    /// Sends for it, so that it is on its way when it is needed.
    pub(crate) fn ask(&mut self, fetcher: &Fetcher, deadline: Instant, tally: &mut Tally) {
        if !matches!(self.progress, Progress::NotAsked) {
            return;
        }
        let mut tickets = VecDeque::new();
        for path in ROOTS {
            match send(path.to_owned(), fetcher, deadline, tally) {
                Ok(ticket) => tickets.push_back(ticket),
                Err(failed) => {
                    self.progress = Progress::Failed(failed);
                    return;
                }
            }
        }
        self.progress = Progress::Asked(tickets);
    }
}

/// Sends for a document of discovery, if the budget allows.
pub(super) fn send(
    path: String,
    fetcher: &Fetcher,
    deadline: Instant,
    tally: &mut Tally,
) -> Result<(String, Ticket), Failed> {
    tally.count_request()?;
    let ticket = fetcher.send(order(path.clone(), Accept::Discovery, deadline, tally));
    Ok((path, ticket))
}
