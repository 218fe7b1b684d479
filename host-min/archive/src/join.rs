//! Joins sections into one archive: one after the other, and the host's own files last.
//!
//! [`super::paths`] decides which files are moved or left out. Data is streamed or renamed,
//! and never held in memory. A section without moved files is copied as it is. A section with moved files has to be
//! decompressed and compressed again, which few runs need.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use flate2::read::GzDecoder;

use super::lists::Lists;
use super::names;
use super::part::{Part, copy_exactly};
use super::paths::Extent;
use super::section::{Closed, encoder, make_parent, put_tar};
use super::spool::SpoolReader;
use super::tar;
use super::target::{create_file, create_folder};

/// The host's own files. The report is the last.
pub(super) type Own<'a> = [(&'a str, &'a [u8])];

/// Writes a `.tar.gz`.
pub(super) fn join_tar(
    to: &mut dyn Write,
    parts: Vec<Part>,
    lists: &mut Lists,
    own: &Own<'_>,
    mtime_seconds: u64,
) -> io::Result<()> {
    let mut open = None;
    for Part { closed, paths, lost } in parts {
        let moved = paths.iter().filter(|(_, extent)| extent.is_moved);
        let mut changes: Vec<(Extent, Option<&str>)> =
            moved.map(|(path, extent)| (*extent, Some(path))).collect();
        changes.extend(lost.into_iter().map(|extent| (extent, None)));
        let mut member = match closed {
            // Only the last part is open.
            Closed::Open(encoder) if changes.is_empty() => {
                open = Some(encoder);
                break;
            }
            Closed::Open(encoder) => encoder.finish()?.into_reader()?,
            Closed::Tar(Some(spool)) => spool.into_reader()?,
            Closed::Read(reader) => reader,
            Closed::Tar(None) | Closed::Folder(_) => continue,
        };
        if changes.is_empty() {
            member.copy_to(to)?;
        } else {
            changes.sort_unstable_by_key(|(extent, _)| extent.start);
            repack(member, &changes, to, mtime_seconds)?;
        }
    }
    if !lists.is_empty() {
        let mut packed = encoder(&mut *to);
        lists.each(&mut |path, len, content| {
            put_tar(&mut packed, path, len, mtime_seconds, content).map(drop)
        })?;
        packed.finish()?;
    }
    match open {
        Some(mut last) => {
            put_own(&mut last, own, mtime_seconds)?;
            last.finish()?.into_reader()?.copy_to(to).map(drop)
        }
        None => {
            let mut last = encoder(to);
            put_own(&mut last, own, mtime_seconds)?;
            last.finish().map(drop)
        }
    }
}

/// Writes the host's own files and the end of the tar.
fn put_own(to: &mut dyn Write, own: &Own<'_>, mtime_seconds: u64) -> io::Result<()> {
    for (path, content) in own {
        put_tar(to, path, content.len() as u64, mtime_seconds, |to| to.write_all(content))?;
    }
    to.write_all(&tar::END)
}

/// Copies a member with changes: files that get another path, and files without a path, which are left out.
fn repack(
    member: SpoolReader,
    changes: &[(Extent, Option<&str>)],
    to: &mut dyn Write,
    mtime_seconds: u64,
) -> io::Result<()> {
    let mut from = GzDecoder::new(member);
    let mut packed = encoder(to);
    let mut position = 0;
    for (extent, path) in changes {
        copy_exactly(&mut from, extent.start - position, &mut packed)?;
        copy_exactly(&mut from, extent.header_bytes.into(), &mut io::sink())?;
        match path {
            Some(path) => {
                packed.write_all(&tar::header(path, extent.len, mtime_seconds))?;
                copy_exactly(&mut from, extent.padded_bytes(), &mut packed)?;
            }
            None => copy_exactly(&mut from, extent.padded_bytes(), &mut io::sink())?,
        }
        position = extent.end();
    }
    io::copy(&mut from, &mut packed)?;
    packed.finish().map(drop)
}

/// Writes a folder.
pub(super) fn join_folder(
    whole: &Path,
    parts: Vec<Part>,
    lists: &mut Lists,
    own: &Own<'_>,
) -> io::Result<()> {
    let mut parent = PathBuf::new();
    for part in parts {
        let Closed::Folder(root) = part.closed else { continue };
        // In the first section, no file was moved.
        if !whole.exists() {
            fs::rename(root, whole)?;
            continue;
        }
        for (path, extent) in part.paths.iter() {
            let file = whole.join(path);
            make_parent(&file, &mut parent)?;
            let before = if extent.is_moved { names::path_before_move(path) } else { path };
            fs::rename(root.join(before), file)?;
        }
    }
    if !whole.exists() {
        create_folder(whole)?;
    }
    lists.each(&mut |path, _, content| {
        let file = whole.join(path);
        make_parent(&file, &mut parent)?;
        content(&mut create_file(&file)?)
    })?;
    own.iter().try_for_each(|(path, content)| {
        let file = whole.join(path);
        make_parent(&file, &mut parent)?;
        create_file(&file)?.write_all(content)
    })
}
