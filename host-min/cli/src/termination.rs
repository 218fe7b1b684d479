//! The outcome of a run in one line, where the kubelet looks for it: `kubectl describe pod` shows the line as the message of the container.
//!
//! Source: <https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/>.

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use wagather_base::error::Failure;
use wagather_printable::line;

/// Where a container has the file, unless its spec says otherwise.
const DEFAULT: &str = "/dev/termination-log";
/// What the kubelet reads of it.
const MAX_BYTES: usize = 4096;

/// Writes the outcome into the file that was named, or into the pod's own. The file must exist: outside of a pod, nothing is made. A link or
/// a pipe is left alone. Whatever goes wrong here is no reason to fail.
pub(crate) fn write(named: Option<OsString>, outcome: Result<(), &Failure>) {
    let is_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    let Some(path) = named.or_else(|| is_pod.then(|| DEFAULT.into())) else { return };
    let _ = write_to(path.as_ref(), &message(outcome));
}

fn write_to(path: &Path, message: &str) -> io::Result<()> {
    // Opening a pipe waits for a reader, unless this says otherwise.
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK;
    let mut file = OpenOptions::new().write(true).custom_flags(flags).open(path)?;
    if !file.metadata()?.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    file.set_len(0)?;
    file.write_all(message.as_bytes())
}

/// The message: one line.
fn message(outcome: Result<(), &Failure>) -> String {
    let Err(failure) = outcome else { return "everything was gathered".into() };
    let lines = failure.to_string();
    let lines: Vec<&str> = lines.lines().map(str::trim).collect();
    let mut text = line(&lines.join("; ")).into_owned();
    let mut end = text.len().min(MAX_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use wagather_base::error::Class;

    #[test]
    fn only_a_file_is_written() {
        let place = tempfile::tempdir().expect("a folder");
        let [file, link, pipe] = ["file", "link", "pipe"].map(|name| place.path().join(name));
        std::fs::write(&file, "an older and longer message").expect("a file");
        std::os::unix::fs::symlink(&file, &link).expect("a link");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo");
        assert!(made.success());
        let absent = place.path().join("absent");
        for other in [&link, &pipe, &absent, &place.path().to_owned()] {
            write_to(other, "new").expect_err("not a file");
        }
        assert_eq!(std::fs::read(&file).expect("a file"), b"an older and longer message");
        write_to(&file, "new").expect("a file");
        assert_eq!(std::fs::read(&file).expect("a file"), b"new");
    }

    #[test]
    fn a_message_is_one_line_that_the_kubelet_reads_whole() {
        assert_eq!(message(Ok(())), "everything was gathered");
        let failure = Failure::new(Class::Refused, "list /v1/pods", "HTTP 403\nforged").advise("grant it");
        assert_eq!(message(Err(&failure)), "list /v1/pods: HTTP 403\\nforged; grant it");
        let long = Failure::new(Class::Cluster, "a", "ä".repeat(MAX_BYTES));
        let text = message(Err(&long));
        assert!((MAX_BYTES - 3..=MAX_BYTES).contains(&text.len()) && text.lines().count() == 1);
    }
}
