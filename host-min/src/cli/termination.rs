//! The outcome of a run in one line, where the kubelet looks for it: `kubectl describe pod` shows the line as the message of the container.
//!
//! Source: <https://kubernetes.io/docs/tasks/debug/debug-application/determine-reason-pod-failure/>.

use host_min::Failure;
use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io::Write as _;
use wagather_printable::line;

/// Where a container has the file, unless its spec says otherwise.
const DEFAULT: &str = "/dev/termination-log";
/// What the kubelet reads of it.
const MAX_BYTES: usize = 4096;

/// Writes the outcome into the file that was named, or into the pod's own. The file must exist: outside of a pod, nothing is made. Whatever
/// goes wrong here is no reason to fail.
pub(super) fn write(named: Option<OsString>, outcome: Result<(), &Failure>) {
    let is_pod = std::env::var_os("KUBERNETES_SERVICE_HOST").is_some();
    let Some(path) = named.or_else(|| is_pod.then(|| DEFAULT.into())) else { return };
    let _ = OpenOptions::new()
        .write(true)
        .truncate(true)
        .open(path)
        .and_then(|mut file| file.write_all(message(outcome).as_bytes()));
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
    use host_min::Class;

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
