//! Archives of files that an input names, so that a mutation changes a file and not the checksums of a tar.

/// A tar of files: a path, a zero byte, the content, and two zero bytes before the next path.
pub fn of(mut files: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    while let Some(end) = files.iter().position(|byte| *byte == 0) {
        let (path, rest) = (&files[..end.min(100)], &files[end + 1..]);
        let len = rest.windows(2).position(|two| two == [0, 0]).unwrap_or(rest.len());
        let (content, after) = rest.split_at(len);
        files = after.get(2..).unwrap_or_default();
        let mut header = [0; 512];
        header[..path.len()].copy_from_slice(path);
        header[124..135].copy_from_slice(format!("{len:011o}").as_bytes());
        header[156] = b'0';
        header[257..263].copy_from_slice(b"ustar\0");
        header[148..156].fill(b' ');
        let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&header);
        tar.extend_from_slice(content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}
