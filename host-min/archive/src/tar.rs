//! The part of the tar format that an archive needs: headers of regular files.
//!
//! The format is POSIX.1-2017 `pax`, "ustar Interchange Format", with an extended header for long paths. It is written by
//! hand because it is short. Everything except path, size and time is fixed, so archives with the
//! same content have the same bytes. Nothing else is read back.

/// Headers and contents are padded to a multiple of this.
pub(super) const BLOCK_BYTES: usize = 512;

/// The largest file that eleven octal digits in a header can express: 8 GiB minus one byte.
pub(super) const MAX_FILE_BYTES: u64 = 0o77_777_777_777;

const MAX_NAME_BYTES: usize = 100;
const MAX_PREFIX_BYTES: usize = 155;

/// The end of an archive.
pub(super) const END: [u8; 2 * BLOCK_BYTES] = [0; 2 * BLOCK_BYTES];

/// Everything before a file's content.
pub(super) fn header(path: &str, len: u64, mtime_seconds: u64) -> Vec<u8> {
    if let Some((prefix, name)) = split(path) {
        return block(prefix, name, b'0', len, mtime_seconds).to_vec();
    }
    let record = pax_record("path", path);
    let mut out = block("", "././@PaxHeader", b'x', record.len() as u64, mtime_seconds).to_vec();
    out.extend_from_slice(record.as_bytes());
    out.resize(out.len() + padding(record.len() as u64), 0);
    // Programs without support for extended headers get as much of the path as fits.
    out.extend_from_slice(&block("", &path[..MAX_NAME_BYTES], b'0', len, mtime_seconds));
    out
}

/// How many zero bytes follow a content of this length.
pub(super) fn padding(len: u64) -> usize {
    (len.wrapping_neg() % BLOCK_BYTES as u64) as usize
}

/// The name, without a prefix, and the length in a header. `None` at the end of an archive and for an invalid header.
pub(super) fn name_and_len(header: &[u8; BLOCK_BYTES]) -> Option<(&[u8], u64)> {
    let name = header[..MAX_NAME_BYTES].split(|byte| *byte == 0).next().filter(|name| !name.is_empty())?;
    let len = std::str::from_utf8(&header[124..135]).ok()?;
    Some((name, u64::from_str_radix(len, 8).ok()?))
}

/// What a header says.
pub(super) struct Head {
    /// The path, with its prefix. Of an extended header, a name that nobody uses.
    pub(super) path: String,
    pub(super) len: u64,
    pub(super) mtime_seconds: u64,
    /// The type of the entry: `0` for a file.
    pub(super) kind: u8,
}

/// Reads a header. `None` at the end of an archive and for an invalid header.
pub(super) fn head(header: &[u8; BLOCK_BYTES]) -> Option<Head> {
    let text = |from: usize, len: usize| {
        let field = header[from..from + len].split(|byte| *byte == 0).next()?;
        std::str::from_utf8(field).ok()
    };
    let number = |from: usize| u64::from_str_radix(text(from, 12)?, 8).ok();
    let name = text(0, MAX_NAME_BYTES).filter(|name| !name.is_empty())?;
    let path = match text(345, MAX_PREFIX_BYTES)? {
        "" => name.to_owned(),
        prefix => format!("{prefix}/{name}"),
    };
    Some(Head { path, len: number(124)?, mtime_seconds: number(136)?, kind: header[156] })
}

/// The path that an extended header gives to the entry after it.
pub(super) fn path_of_pax(records: &str) -> Option<String> {
    let (len, rest) = records.split_once(' ')?;
    let is_whole = len.parse() == Ok(records.len());
    rest.strip_prefix("path=")?.strip_suffix('\n').filter(|_| is_whole).map(str::to_owned)
}

/// Splits an ASCII path into prefix and name, if it fits into a plain header.
fn split(path: &str) -> Option<(&str, &str)> {
    if path.len() <= MAX_NAME_BYTES {
        return Some(("", path));
    }
    let earliest = path.len().checked_sub(MAX_NAME_BYTES + 1)?;
    let at = earliest + path.get(earliest..)?.find('/')?;
    (at <= MAX_PREFIX_BYTES).then(|| (&path[..at], &path[at + 1..]))
}

/// `<length> <key>=<value>\n`. The length includes its own digits.
fn pax_record(key: &str, value: &str) -> String {
    let rest = key.len() + value.len() + 3;
    let mut len = rest + 1;
    while rest + len.to_string().len() != len {
        len += 1;
    }
    format!("{len} {key}={value}\n")
}

fn block(prefix: &str, name: &str, kind: u8, len: u64, mtime_seconds: u64) -> [u8; BLOCK_BYTES] {
    let mut block = [0; BLOCK_BYTES];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    // The files contain data of a cluster, so only their owner may read them.
    put(100, b"0000600\0");
    put(108, b"0000000\0");
    put(116, b"0000000\0");
    put(124, format!("{:011o}\0", len.min(MAX_FILE_BYTES)).as_bytes());
    put(136, format!("{:011o}\0", mtime_seconds.min(MAX_FILE_BYTES)).as_bytes());
    put(148, b"        ");
    put(156, &[kind]);
    put(257, b"ustar\x0000");
    put(345, prefix.as_bytes());
    let sum: u32 = block.iter().copied().map(u32::from).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    #[test]
    fn paths_of_all_lengths_are_read_back() {
        let long = |len: usize, segment: usize| -> String {
            (0..len).map(|i| if i % segment == segment - 1 && i + 1 < len { '/' } else { 'a' }).collect()
        };
        let mut paths = vec!["a".to_owned(), "wagather.json".to_owned()];
        for len in [99, 100, 101, 155, 156, 200, 255, 256, 257, 400, 1000] {
            paths.extend([long(len, 30), long(len, 120), long(len, 250)]);
        }
        let mut bytes = Vec::new();
        for path in &paths {
            let content = path.as_bytes();
            bytes.extend(header(path, content.len() as u64, 1_700_000_000));
            bytes.extend(content);
            bytes.resize(bytes.len() + padding(content.len() as u64), 0);
            assert_eq!(bytes.len() % BLOCK_BYTES, 0);
        }
        bytes.extend(END);
        let mut archive = ::tar::Archive::new(bytes.as_slice());
        for (entry, path) in archive.entries().expect("an archive").zip(&paths) {
            let mut entry = entry.expect("an entry");
            assert_eq!(entry.path_bytes(), path.as_bytes());
            assert_eq!(entry.header().mtime().expect("a time"), 1_700_000_000);
            let mut content = String::new();
            entry.read_to_string(&mut content).expect("content");
            assert_eq!(&content, path);
        }
    }

    #[test]
    fn records_count_themselves() {
        assert_eq!(pax_record("path", "a"), "9 path=a\n");
        assert_eq!(pax_record("path", ""), "8 path=\n");
        for len in 0..2000 {
            let record = pax_record("path", &"a".repeat(len));
            let (said, _) = record.split_once(' ').expect("a length");
            assert_eq!(said.parse::<usize>().expect("a number"), record.len());
        }
    }

    #[test]
    fn padding_fills_a_block() {
        for (len, zeros) in [(0, 0), (1, 511), (511, 1), (512, 0), (513, 511)] {
            assert_eq!(padding(len), zeros);
        }
    }
}
