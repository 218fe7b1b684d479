//! Archives, whole or in parts.

use super::backend::Backend;
use super::problem::problem;
use super::range::{Part, part};
use crate::status::{RunId, RunStatus};
use std::fs::{File, OpenOptions};
use std::io::{self, Seek, SeekFrom};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use wagather_http::{Answer, Body, HeaderMap, HeaderName, Request, Response, StatusCode, header};

/// The path of a run's archive in the API.
pub(super) fn url(id: &RunId) -> String {
    format!("/v1/runs/{id}/archive")
}

/// The archive of a run.
pub(super) fn answer(run: &RunStatus, request: &Request) -> Answer {
    let Some(path) = run.archive.clone() else {
        let why = if run.state.has_ended() { "has no archive" } else { "has not ended" };
        return problem(StatusCode::NOT_FOUND, format!("The run {} {why}.", run.id)).into();
    };
    let (headers, whose) = (request.headers().clone(), format!("of the run {}", run.id));
    Answer::on_pool(move || of_file(&path, &whose, &headers))
}

/// The newest complete archive of a gatherer.
pub(super) fn latest(backend: &Arc<dyn Backend>, name: String, request: &Request) -> Answer {
    let (backend, headers) = (Arc::clone(backend), request.headers().clone());
    Answer::on_pool(move || match backend.latest(&name) {
        Some(path) => of_file(&path, &format!("of {name}"), &headers),
        None => problem(StatusCode::NOT_FOUND, format!("There is no gatherer '{name}'.")),
    })
}

fn of_file(path: &Path, whose: &str, headers: &HeaderMap) -> Response {
    match open(path) {
        Ok((file, len, tag)) => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            respond(file, len, &tag, &name, headers)
        }
        // Whoever keeps the folder small may have removed it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            problem(StatusCode::NOT_FOUND, format!("There is no archive {whose} (any more)."))
        }
        Err(error) => {
            let detail = format!("The archive {whose} cannot be read: {}.", error.kind());
            problem(StatusCode::INTERNAL_SERVER_ERROR, detail)
        }
    }
}

/// Opens a plain file and makes its tag. Nothing else is opened: a link or a pipe in the folder is not ours.
fn open(path: &Path) -> io::Result<(File, u64, String)> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let of = file.metadata()?;
    if !of.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // Two names of one file have one tag.
    let tag = format!("\"{:x}-{:x}-{:x}{:x}\"", of.ino(), of.len(), of.mtime(), of.mtime_nsec());
    Ok((file, of.len(), tag))
}

fn respond(mut file: File, len: u64, tag: &str, name: &str, headers: &HeaderMap) -> Response {
    let sent = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let is_known = |value: &str| {
        value
            .split(',')
            .any(|known| matches!(known.trim(), "*" | "W/*") || known.trim().trim_start_matches("W/") == tag)
    };
    let common = |response: Response| {
        let name: String =
            name.chars().filter(|c| c.is_ascii_graphic() && !matches!(c, '"' | '\\')).collect();
        response
            .header(header::ETAG, tag)
            .header(header::ACCEPT_RANGES, "bytes")
            .header(header::CONTENT_DISPOSITION, &format!("attachment; filename=\"{name}\""))
    };
    if sent(header::IF_NONE_MATCH).is_some_and(is_known) {
        return common(Response::new(StatusCode::NOT_MODIFIED));
    }
    // A part of something else than the client has is of no use to it.
    let is_same = sent(header::IF_RANGE).is_none_or(|value| value == tag);
    let range = sent(header::RANGE).filter(|_| is_same && headers.get_all(header::RANGE).iter().count() == 1);
    let (status, first, count) = match part(range, len) {
        Part::Whole => (StatusCode::OK, 0, len),
        Part::Bytes(first, last) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Part::None => {
            let detail = format!("The archive has {len} bytes, and none of those that were asked for.");
            return problem(StatusCode::RANGE_NOT_SATISFIABLE, detail)
                .header(header::CONTENT_RANGE, &format!("bytes */{len}"));
        }
    };
    if let Err(error) = file.seek(SeekFrom::Start(first)) {
        return problem(
            StatusCode::INTERNAL_SERVER_ERROR,
            format!("The archive cannot be read: {}.", error.kind()),
        );
    }
    let response = common(Response::typed("application/gzip", Body::reader(file, count))).status(status);
    match status {
        StatusCode::PARTIAL_CONTENT => {
            response.header(header::CONTENT_RANGE, &format!("bytes {first}-{}/{len}", first + count - 1))
        }
        _ => response,
    }
}
