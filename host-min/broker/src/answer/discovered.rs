//! What the cluster has, for requests that do not name a resource, or not its version: asked for once for a gatherer, and only if it has
//! such a request.
//!
//! No gatherer sees these answers. It gets the resources that its manifest and the grant allow.

use super::context::Context;
use super::failed::Failed;
use super::finder::{Progress, order, send};
use crate::fetch::{Reply, Ticket};
use crate::refusal::{self, ServerStatus};
use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;
use std::time::Instant;
use wagather_abi::Status;
use wagather_json::project::{ListReader, Node, ProjectError};
use wagather_kube::Accept;
use wagather_policy::discovery::{Catalog, Discovery, MAX_DOCUMENT_BYTES, ROOTS};

/// What to do if the server refuses to say which resources it has.
const ADVICE: &str = "the ClusterRole system:discovery allows it to every account that is authenticated";

/// The most namespaces that are looked for.
const MAX_NAMESPACES: usize = 20_000;

/// The resources of the cluster.
pub(super) fn catalog(cx: &mut Context<'_>) -> Result<Arc<Catalog>, Failed> {
    let Some(finder) = &mut cx.finder else {
        return Err(Failed::new(Status::UNSUPPORTED, "there is no discovery here", ""));
    };
    let deadline = finder.deadline;
    match std::mem::take(&mut finder.discovered.progress) {
        Progress::Known(catalog) => {
            finder.discovered.progress = Progress::Known(catalog.clone());
            Ok(catalog)
        }
        Progress::Failed(failed) => {
            finder.discovered.progress = Progress::Failed(failed.clone());
            Err(failed)
        }
        Progress::NotAsked => {
            finder.discovered.ask(cx.fetcher, deadline, cx.tally);
            catalog(cx)
        }
        Progress::Asked(tickets) => {
            let read = read_all(tickets, deadline, cx).map(Arc::new);
            if let Some(finder) = &mut cx.finder {
                finder.discovered.progress = match &read {
                    Ok(catalog) => Progress::Known(catalog.clone()),
                    Err(failed) => Progress::Failed(failed.clone()),
                };
            }
            read
        }
    }
}

fn read_all(
    tickets: VecDeque<(String, Ticket)>,
    deadline: Instant,
    cx: &mut Context<'_>,
) -> Result<Catalog, Failed> {
    let mut discovery = Discovery::default();
    let mut waiting = tickets;
    while let Some((path, ticket)) = waiting.pop_front() {
        let answered = read(&path, ticket, deadline, cx).and_then(|body| {
            discovery.answered(&path, &body).map_err(|error| Failed::bad_answer(&error.to_string(), ""))
        });
        match answered {
            Ok(more) => {
                for path in more {
                    waiting.push_back(send(path, cx.fetcher, deadline, cx.tally)?);
                }
            }
            Err(failed) if ROOTS.contains(&&*path) => return Err(failed.about("discovery")),
            // One version cannot be had. The others can.
            Err(Failed { mut why, .. }) => {
                cx.redactor.text(&mut why, &mut cx.tally.redacted);
                discovery.failed(&path, &why);
            }
        }
    }
    Ok(discovery.finish())
}

/// A document of discovery.
fn read(path: &str, ticket: Ticket, deadline: Instant, cx: &mut Context<'_>) -> Result<Vec<u8>, Failed> {
    let (mut ticket, mut cuts) = (ticket, 0);
    loop {
        let Reply { answer, tried, until } = ticket.wait();
        let response = answer.map_err(|no_answer| Failed::no_answer(&no_answer))?;
        let code = response.status;
        cx.tally.record_list(format!("discover {path}"), code);
        if !(200..300).contains(&code) {
            let message = ServerStatus::read(response, cx.tally).message;
            let advice = if code == 403 { ADVICE } else { refusal::advice(code) };
            return Err(Failed::http(code, &refusal::text(code, &message), advice).tried(&tried));
        }
        let mut body = Vec::new();
        let read = response.body.take(MAX_DOCUMENT_BYTES as u64 + 1).read_to_end(&mut body);
        cx.tally.count_received(body.len() as u64)?;
        match read {
            Ok(_) if body.len() > MAX_DOCUMENT_BYTES => {
                let why = format!("the answer to {path} has more than {MAX_DOCUMENT_BYTES} bytes");
                return Err(Failed::new(Status::TOO_LARGE, &why, ""));
            }
            Ok(_) => return Ok(body),
            Err(error) => {
                let failed = Failed::project(&ProjectError::Read(error));
                cuts += 1;
                if !failed.may_be_sent_again(deadline, until, false, cx.is_replay()) {
                    return Err(failed.after_tries(cuts));
                }
                let again = order(path.to_owned(), Accept::Discovery, deadline, cx.tally);
                ticket = match cx.fetcher.send_again(again, cuts) {
                    Ok(ticket) => ticket,
                    Err(gave_up) => return Err(failed.tried(&gave_up.text(cuts))),
                };
                cx.tally.count_requests();
            }
        }
    }
}

/// The namespaces of the cluster, if the gatherer may list them and the server lets the account. Nothing is missing if they cannot be had:
/// then lists are asked for in the namespaces that rules name.
pub(super) fn namespaces(cx: &mut Context<'_>) -> Vec<String> {
    let Some(finder) = &mut cx.finder else { return Vec::new() };
    if let Some(known) = &finder.discovered.namespaces {
        return known.clone();
    }
    let names = finder.rights.namespaces().and_then(|(request, scope)| {
        let (deadline, mut names, mut token) = (finder.deadline, Vec::new(), String::new());
        loop {
            cx.tally.count_request().ok()?;
            let path = request.page(wagather_base::limits::PAGE_ITEMS, &token);
            let reply = cx.fetcher.send(order(path, Accept::Json, deadline, cx.tally)).wait();
            let response = reply.answer.ok()?;
            cx.tally.record_list(format!("list namespaces, because {OVER_ALL_REFUSED}"), response.status);
            if response.status != 200 {
                return None;
            }
            let mut page = ListReader::new(response.body);
            let mut nothing = Vec::new();
            while let Ok(Some(identity)) = page.next(&Node::Drop, &mut nothing) {
                let is_name = wagather_abi::manifest::is_name(&identity.name);
                if is_name && scope.covers("", &identity.name) && names.len() < MAX_NAMESPACES {
                    names.push(identity.name);
                }
            }
            let _ = cx.tally.count_received(page.bytes_read());
            match &*page.meta().next {
                "" => return Some(names),
                next if next == token => return Some(names),
                next => token = next.to_owned(),
            }
        }
    });
    let names = names.unwrap_or_default();
    finder.discovered.namespaces = Some(names.clone());
    names
}

/// Why namespaces are asked one by one.
const OVER_ALL_REFUSED: &str = "the server refuses a list over all of them";
