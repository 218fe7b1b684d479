//! The part `everything`: all resources of a real API server, found by discovery, read by the gatherer `everything`.
//!
//! It is compared with a reader that sends the same requests, with the same numbers of items per page, and throws the
//! answers away.

use super::readers::{self, Place};
use super::{APISERVER, measure, table, times_of};
use crate::document::{Section, save};
use crate::figures::grouped;
use crate::{Result, long_rounds, tell};
use std::path::Path;
use tests::apiserver::Server;

const PODS: usize = 5_000;

/// Measures.
pub(crate) fn section() -> Result<Section> {
    let section = |text, files| Section { name: "everything", title: "Everything", text, files };
    if !Path::new(APISERVER).is_file() {
        let text =
            format!("Not measured: {APISERVER} is not there; 'make apiserver' builds it, and needs Go.\n");
        return Ok(section(text, Vec::new()));
    }
    let readers = readers::for_everything()?;
    let rounds = long_rounds()?;
    let server = Server::start();
    tell(&format!("filling the API server: {PODS} pods"));
    server.load(32, PODS);
    let direct = Place::new(&server, server.port(), server.kubeconfig("token.yaml"), Vec::new())?;
    let requests = readers::keep_requests_of_the_host(&direct)?;
    let measured = measure(&server, &readers, PODS, rounds)?;
    let mut times = "pods,round,reader,wall_us,user_us,system_us\n".to_owned();
    for (reader, measured) in readers.iter().zip(&measured) {
        times += &times_of(reader, measured, PODS);
    }
    let text = format!(
        "{} pods, {requests} requests, {rounds} rounds, interleaved:\n\n{}\n{NOTES}",
        grouped(PODS as u64),
        table(&readers, &measured)
    );
    Ok(section(text, vec![save("everything.csv", &times)?]))
}

const NOTES: &str = "\
The gatherer asks for the lists of all resources that the server has, without Secrets. The throw-away reader sends the requests of a recording of that run, and
discards the answers. The last row is for its memory: it reads less, so it has no ratios. [Large clusters](#large-clusters) explains the columns.
";
