//! The thread that notices changes of files.

use super::Inner;
use super::look::{Pulled, Why, look};
use crate::log::{Entry, Level};
use std::collections::BTreeSet;
use std::io::PipeReader;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use wagather_base::fork::wait_for;
use wagather_base::watch::Watch;
use wagather_run::modules::in_registry;

/// Several changes at once are looked at together: a program that writes a file makes several events.
const TOGETHER: Duration = Duration::from_millis(10);

/// When files that were not valid are looked at again.
const AGAIN: Duration = Duration::from_millis(110);

/// How often files are looked at where the kernel does not tell.
const WITHOUT_WATCH: Duration = Duration::from_secs(10);

/// Looks at files when they change, until the other end of the pipe closes.
pub(super) fn run(inner: &Arc<Inner>, end: &PipeReader) {
    let watch = Watch::new();
    if let Err(error) = &watch {
        let text = format!("cannot watch files, so they are looked at every 10 s: {error}");
        inner.log(&Entry::new(Level::Warn, "warning", text));
    }
    // What changed while nothing was watched yet.
    let mut again = Some(Instant::now());
    let mut config_text = config_text(inner);
    loop {
        if let Ok(watch) = &watch {
            // Folders may be new, or others under the same names.
            folders(inner).iter().for_each(|folder| drop(watch.add(folder)));
        }
        let unwatched = watch.is_err().then(|| Instant::now() + WITHOUT_WATCH);
        let until = [again, unwatched].into_iter().flatten().min();
        let mut fds = vec![end.as_fd()];
        fds.extend(watch.as_ref().map(AsFd::as_fd));
        if let Ok([true, ..]) = wait_for(&fds, until).as_deref() {
            return;
        }
        if watch.as_ref().is_ok_and(Watch::take) {
            std::thread::sleep(TOGETHER);
            let _ = watch.as_ref().is_ok_and(Watch::take);
        }
        if has_changed(inner, &mut config_text) {
            // Why that failed was told. The new configuration may have other folders.
            let _ = super::reload::reload(inner);
            again = Some(Instant::now());
            continue;
        }
        again = look(inner, Why::Files, &Pulled::default()).is_err().then(|| Instant::now() + AGAIN);
    }
}

/// The folders in which a change matters: those of files as they are named, and those where links lead.
fn folders(inner: &Inner) -> BTreeSet<PathBuf> {
    let config = inner.lock().config.clone();
    let entries = config.gatherers.iter().filter(|entry| in_registry(&entry.module).is_none());
    let modules = entries.clone().map(|entry| &entry.module);
    let grants = entries.filter_map(|entry| entry.grant.as_ref());
    let files = modules.chain(grants).chain(&config.grant).chain(&config.file);
    let mut folders = BTreeSet::new();
    for file in files {
        let real = file.canonicalize().unwrap_or_else(|_| file.clone());
        for path in [file, &real] {
            if path.is_dir() {
                folders.insert(path.clone());
            }
            folders.insert(parent(path));
        }
    }
    folders
}

fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// The configuration's file as it is now.
fn config_text(inner: &Inner) -> Option<Vec<u8>> {
    let file = inner.lock().config.file.clone()?;
    std::fs::read(file).ok()
}

fn has_changed(inner: &Inner, known: &mut Option<Vec<u8>>) -> bool {
    let now = config_text(inner);
    // A file that is gone for a moment says nothing.
    let has_changed = now.is_some() && now != *known;
    if has_changed {
        *known = now;
    }
    has_changed
}
