//! Requests that are written at once, to a connection that waits, by the thread that has them. What waits for the answer reads it later.
//!
//! That is for a service: its connections are warm when a run begins. Another program makes its connection while its run begins.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::credentials::Credential;
use super::pool::Connection;
use super::{Asked, Cluster};
use crate::{Call, NoAnswer, Ready, Response, Written};

/// A reader that comes after the time for the first byte, or for all of the answer, looks for its head at least so long.
const LAST_LOOK: Duration = Duration::from_millis(10);

/// A connection that waits, and the credential to use on it.
struct Waiting {
    cluster: Arc<Cluster>,
    credential: Arc<Credential>,
    /// Taken when it is written to.
    connection: Option<Connection>,
}

/// A request on its way.
struct OnItsWay {
    cluster: Arc<Cluster>,
    credential: Arc<Credential>,
    connection: Connection,
    call: Call,
    since: Instant,
    /// Or why there is no such request.
    asked: Result<Asked, NoAnswer>,
}

impl Cluster {
    /// A connection that a request can be written to at once. `None` if there is none that waits, or if the credential has to be renewed first.
    pub fn at_once(self: &Arc<Self>) -> Option<Box<dyn Ready>> {
        let credential = self.credentials.known()?;
        let connection = Some(self.pool.take_idle(&credential)?);
        Some(Box::new(Waiting { cluster: self.clone(), credential, connection }))
    }
}

impl Ready for Waiting {
    fn write(mut self: Box<Self>, call: &Call) -> Box<dyn Written> {
        let (cluster, credential) = (self.cluster.clone(), self.credential.clone());
        let Some(mut connection) = self.connection.take() else { unreachable!("it is taken here only") };
        let since = Instant::now();
        let wants_gzip = cluster.pool.link().wants_gzip();
        let asked = cluster
            .head(call, &credential, wants_gzip)
            .map(|request| cluster.ask(&mut connection, (&request, wants_gzip), call.deadline));
        Box::new(OnItsWay { cluster, credential, connection, call: call.clone(), since, asked })
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(connection) = self.connection.take() {
            self.cluster.pool.put_back(connection);
        }
    }
}

impl Written for OnItsWay {
    fn answer(self: Box<Self>) -> Result<Response, NoAnswer> {
        let OnItsWay { cluster, credential, connection, call, since, asked } = *self;
        let mut asked = asked?;
        // What has come until now counts, however long nobody looked: a gatherer may read another list first.
        let last_look = Instant::now() + LAST_LOOK;
        (asked.first_byte, asked.deadline) = (asked.first_byte.max(last_look), asked.deadline.max(last_look));
        let request = |gzip| cluster.head(&call, &credential, gzip);
        let times = (since, call.deadline);
        let answer = cluster.exchange_on(connection, Some(asked), &request, times, &credential)?;
        cluster.renewing(answer, &credential, call.deadline, |renewed| {
            cluster.exchange(&|gzip| cluster.head(&call, renewed, gzip), call.deadline, renewed)
        })
    }
}
