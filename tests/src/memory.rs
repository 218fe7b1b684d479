//! The memory of another process.

use crate::archive::contains;
use std::os::unix::fs::FileExt;

/// Whether a process has a text somewhere in what it can write to.
pub fn has(process: u32, text: &str) -> bool {
    let regions = std::fs::read_to_string(format!("/proc/{process}/maps")).expect("its regions");
    let memory = std::fs::File::open(format!("/proc/{process}/mem")).expect("its memory");
    regions.lines().filter(|line| line.contains(" rw")).any(|line| {
        let (begin, rest) = line.split_once('-').expect("a begin");
        let (end, _) = rest.split_once(' ').expect("an end");
        let [begin, end] = [begin, end].map(|address| u64::from_str_radix(address, 16).expect("an address"));
        let mut bytes = vec![0; usize::try_from(end - begin).expect("a size")];
        memory.read_exact_at(&mut bytes, begin).is_ok() && contains(&bytes, text.as_bytes())
    })
}

/// Whether nobody with this process's rights may look into it: it said so itself (`PR_SET_DUMPABLE`, see prctl(2)), and this process
/// has not the capability that overrules it, which root has outside of containers.
pub fn is_closed(process: u32) -> bool {
    const CAP_SYS_PTRACE: u64 = 1 << 19;
    let refused = std::fs::read_to_string(format!("/proc/{process}/maps"))
        .is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
    refused && capabilities() & CAP_SYS_PTRACE == 0
}

/// The capabilities that are in force for this process.
fn capabilities() -> u64 {
    crate::processes::mask_of(std::process::id(), "CapEff")
}
