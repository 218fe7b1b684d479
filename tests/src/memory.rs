//! What is in another process's memory.

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
