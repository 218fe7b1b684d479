//! Which resources a cluster has, for whoever must know it before a run: manifests with wildcards name none.

use crate::plan::Input;
use std::collections::VecDeque;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wagather_base::error::{Class, Failure, Result};
use wagather_kube::recording::Recording;
use wagather_kube::{Accept, Call, Source, cluster};
use wagather_policy::discovery::{Catalog, Discovery, MAX_DOCUMENT_BYTES, ROOTS};

/// How long it may take.
const TIME: Duration = Duration::from_secs(60);

/// Asks a cluster, a recording or an archive.
pub fn discover(input: &Input) -> Result<Catalog> {
    let source: Arc<dyn Source> = match input {
        Input::Recording(path) => Arc::new(Recording::open(path)?),
        Input::Archive(path) => Arc::new(wagather_offline::Archive::open(path)?),
        Input::Source(source) => source.clone(),
        Input::Cluster(options) => Arc::new(cluster::open(options)?),
    };
    let found = catalog_of(&*source, Instant::now() + TIME);
    source.close();
    found
}

/// Asks a source.
pub(crate) fn catalog_of(source: &dyn Source, deadline: Instant) -> Result<Catalog> {
    let failure = |path: &str, reason: &dyn std::fmt::Display| {
        let attempt =
            format!("cannot find out which resources there are, from {path} of {}", source.describe());
        Failure::new(Class::Cluster, attempt, reason)
    };
    let mut discovery = Discovery::default();
    let mut paths: VecDeque<String> = ROOTS.into_iter().map(Into::into).collect();
    while let Some(path) = paths.pop_front() {
        let is_root = ROOTS.contains(&&*path);
        let answered = document(source, &path, deadline).and_then(|body| {
            discovery.answered(&path, &body).map_err(|error| (error.to_string(), String::new()))
        });
        match answered {
            Ok(more) => paths.extend(more),
            Err((reason, advice)) if is_root => return Err(failure(&path, &reason).advise(advice)),
            Err((reason, _)) => discovery.failed(&path, &reason),
        }
    }
    Ok(discovery.finish())
}

/// One document. The error is a reason, and advice.
fn document(source: &dyn Source, path: &str, deadline: Instant) -> Result<Vec<u8>, (String, String)> {
    let call = Call { path_and_query: path.to_owned(), accept: Accept::Discovery, deadline };
    let response = source.send(&call).map_err(|no_answer| (no_answer.reason, no_answer.advice))?;
    if response.status != 200 {
        return Err((format!("HTTP {}", response.status), String::new()));
    }
    let mut body = Vec::new();
    let read = response.body.take(MAX_DOCUMENT_BYTES as u64 + 1).read_to_end(&mut body);
    read.map_err(|error| (error.to_string(), String::new()))?;
    if body.len() > MAX_DOCUMENT_BYTES {
        return Err((format!("the document has more than {MAX_DOCUMENT_BYTES} bytes"), String::new()));
    }
    Ok(body)
}
