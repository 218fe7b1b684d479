//! Which archives there are: paths, patterns of paths, and lists of paths.

use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Component, Path, PathBuf};
use wagather_base::error::{Class, Failure, Result};
use wagather_policy::rights::Shard;

/// The longest line of a list.
const MAX_LINE_BYTES: u64 = 64 << 10;

/// The archives that were named. Lists are read line by line, and patterns folder by folder, so the number of archives has no limit.
#[derive(Debug)]
pub struct Sources {
    named: VecDeque<OsString>,
    list: Option<(PathBuf, BufReader<File>)>,
    /// Whether the list that is open named something.
    in_list: bool,
    pattern: Option<Pattern>,
    shard: Option<Shard>,
    of_other_shards: u64,
    knows_urls: bool,
}

impl Sources {
    /// The archives of these words: a path, a pattern with `*` or `?`, or `@FILE` for a list of both.
    pub fn new(named: impl IntoIterator<Item = OsString>, shard: Option<Shard>) -> Sources {
        let named: VecDeque<OsString> = named.into_iter().collect();
        let knows_urls = named.iter().any(|word| is_url(word));
        Sources { named, list: None, in_list: false, pattern: None, shard, of_other_shards: 0, knows_urls }
    }

    /// Whether a word stands for several archives, or for one on a server.
    pub fn is_several(word: &OsStr) -> bool {
        is_url(word) || word.as_bytes().starts_with(b"@") || is_pattern(word)
    }

    /// Whether a URL is in the memory of this process, or was. It may be a credential: signed, or with a login.
    pub(super) fn knows_urls(&self) -> bool {
        let ahead = self.list.as_ref().map_or(&b""[..], |(_, list)| list.buffer());
        self.knows_urls || memchr::memmem::find(ahead, b"://").is_some()
    }

    /// How many archives were skipped, because they are in other shards.
    pub(super) fn of_other_shards(&self) -> u64 {
        self.of_other_shards
    }

    /// The next archive.
    pub(super) fn next(&mut self) -> Result<Option<PathBuf>> {
        loop {
            let Some(path) = self.any()? else { return Ok(None) };
            match &self.shard {
                Some(shard) if !shard.has(&path.to_string_lossy()) => self.of_other_shards += 1,
                _ => return Ok(Some(path)),
            }
        }
    }

    fn any(&mut self) -> Result<Option<PathBuf>> {
        loop {
            if let Some(pattern) = &mut self.pattern {
                if let Some(path) = pattern.next()? {
                    return Ok(Some(path));
                }
                self.pattern = None;
            }
            let Some(word) = self.word()? else { return Ok(None) };
            if !is_pattern(&word) {
                return Ok(Some(word.into()));
            }
            self.pattern = Some(Pattern::new(Path::new(&word)));
        }
    }

    /// The next path or pattern, from the list that is open or from the words.
    fn word(&mut self) -> Result<Option<OsString>> {
        loop {
            if let Some((path, list)) = &mut self.list {
                match line(list).map_err(|why| unusable(path, &why))? {
                    Some(word) if word.is_empty() => continue,
                    // It would not end if it named itself.
                    Some(word) if word.as_bytes().starts_with(b"@") => {
                        return Err(unusable(
                            path,
                            &format_args!("it names another list, {}", word.display()),
                        ));
                    }
                    Some(word) => {
                        self.knows_urls |= is_url(&word);
                        self.in_list = true;
                        return Ok(Some(word));
                    }
                    // It would look as if all archives had been read.
                    None if !self.in_list => return Err(unusable(path, &"it names no archive")),
                    None => self.list = None,
                }
            }
            let Some(word) = self.named.pop_front() else { return Ok(None) };
            let Some(list) = word.as_bytes().strip_prefix(b"@") else { return Ok(Some(word)) };
            let path = PathBuf::from(OsStr::from_bytes(list));
            let file = File::open(&path).map_err(|error| unusable(&path, &error))?;
            self.list = Some((path, BufReader::new(file)));
            self.in_list = false;
        }
    }
}

/// The next line of a list, without the blanks around it. A comment is an empty line.
fn line(list: &mut BufReader<File>) -> Result<Option<OsString>, String> {
    let mut line = Vec::new();
    let read = std::io::Read::take(list, MAX_LINE_BYTES).read_until(b'\n', &mut line);
    match read.map_err(|error| error.to_string())? {
        0 => return Ok(None),
        len if len as u64 == MAX_LINE_BYTES => {
            return Err(format!("a line has more than {MAX_LINE_BYTES} bytes"));
        }
        _ => {}
    }
    let text = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&line).trim_ascii();
    let text = if text.starts_with(b"#") { b"" } else { text };
    Ok(Some(OsString::from_vec(text.to_vec())))
}

fn unusable(list: &Path, why: &dyn std::fmt::Display) -> Failure {
    Failure::new(Class::Config, format!("cannot read the list of archives {}", list.display()), why)
        .advise("write the path of an archive on each line")
}

/// The URL of an archive that is on a server.
pub(super) fn url_of(archive: &Path) -> Option<&str> {
    archive.to_str().filter(|text| text.starts_with("https://") || text.starts_with("http://"))
}

/// Whether a word is a pattern, and no file of such a name. A URL has a `?` before its query.
fn is_pattern(word: &OsStr) -> bool {
    has_wildcard(word) && !is_url(word) && fs::symlink_metadata(word).is_err()
}

fn has_wildcard(word: &OsStr) -> bool {
    word.as_bytes().iter().any(|byte| b"*?".contains(byte))
}

fn is_url(word: &OsStr) -> bool {
    url_of(Path::new(word)).is_some()
}

/// The files and folders that match a pattern, in the order of their names.
#[derive(Debug)]
struct Pattern {
    pattern: PathBuf,
    /// What is left to look at, the next one last: a path, and what must follow it.
    open: Vec<(PathBuf, Vec<OsString>)>,
    found: bool,
}

impl Pattern {
    fn new(pattern: &Path) -> Pattern {
        let mut parts: Vec<OsString> = Vec::new();
        let mut root = PathBuf::new();
        for component in pattern.components() {
            match component {
                Component::RootDir | Component::Prefix(_) => root.push(component),
                other => parts.push(other.as_os_str().to_owned()),
            }
        }
        parts.reverse();
        Pattern { pattern: pattern.to_owned(), open: vec![(root, parts)], found: false }
    }

    fn next(&mut self) -> Result<Option<PathBuf>> {
        while let Some((path, mut rest)) = self.open.pop() {
            let Some(part) = rest.pop() else {
                self.found = true;
                return Ok(Some(path));
            };
            if !has_wildcard(&part) {
                let path = path.join(part);
                match fs::symlink_metadata(&path) {
                    Ok(_) => self.open.push((path, rest)),
                    Err(error) if is_absent(&error) => {}
                    Err(error) => return Err(self.unreadable(&path, &error)),
                }
                continue;
            }
            let folder = if path.as_os_str().is_empty() { Path::new(".") } else { &path };
            let mut names = match names_in(folder, part.as_bytes()) {
                Ok(names) => names,
                Err(error) if is_absent(&error) => continue,
                Err(error) => return Err(self.unreadable(folder, &error)),
            };
            names.sort_unstable_by(|a, b| b.cmp(a));
            self.open.extend(names.into_iter().map(|name| (path.join(name), rest.clone())));
        }
        if self.found {
            return Ok(None);
        }
        let attempt = format!("cannot find the archives {}", self.pattern.display());
        Err(Failure::new(Class::Config, attempt, "nothing matches the pattern").advise(
            "'*' stands for any part of a name, and '?' for one byte; neither matches a '/' or a leading dot",
        ))
    }

    /// What is there cannot be seen, so the results would look whole without it.
    fn unreadable(&self, path: &Path, error: &io::Error) -> Failure {
        let attempt = format!("cannot find all archives {}", self.pattern.display());
        Failure::new(Class::Config, attempt, format!("{}: {error}", path.display()))
            .advise("let this user read it, or choose a pattern that does not reach it")
    }
}

/// The names in a folder that match a part of a pattern.
fn names_in(folder: &Path, part: &[u8]) -> io::Result<Vec<OsString>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name = entry?.file_name();
        if matches(part, name.as_bytes()) {
            names.push(name);
        }
    }
    Ok(names)
}

/// Whether there is nothing at a path, because nothing has that name or a file is where a folder would be. Any other error may hide archives.
fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory)
}

/// Whether a name matches a pattern. A hidden file matches only a pattern that begins with a dot.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    if name.starts_with(b".") && !pattern.starts_with(b".") {
        return false;
    }
    // After a mismatch, the last star takes one byte more.
    let (mut at, mut byte, mut star) = (0, 0, None);
    while byte < name.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, byte));
                at += 1;
            }
            Some(&wanted) if wanted == b'?' || wanted == name[byte] => {
                at += 1;
                byte += 1;
            }
            _ => match star {
                Some((star_at, taken)) => {
                    star = Some((star_at, taken + 1));
                    at = star_at + 1;
                    byte = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(words: &[&OsStr], shard: Option<Shard>) -> Result<Vec<PathBuf>> {
        let mut sources = Sources::new(words.iter().map(|word| (*word).to_owned()), shard);
        let mut paths = Vec::new();
        while let Some(path) = sources.next()? {
            paths.push(path);
        }
        Ok(paths)
    }

    #[test]
    fn names_match_as_in_a_shell() {
        for (pattern, name, expected) in [
            ("*.tar.gz", "a.tar.gz", true),
            ("*.tar.gz", "a.tar.gz.age", false),
            ("*", "a", true),
            ("*", ".hidden", false),
            (".*", ".hidden", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xaxbx", true),
            ("*a*b*", "xbxax", false),
            ("a*a", "a", false),
            ("**", "", true),
        ] {
            assert_eq!(matches(pattern.as_bytes(), name.as_bytes()), expected, "{pattern} {name}");
        }
        let (many, long) = ("*a".repeat(50), "a".repeat(49));
        assert!(!matches(many.as_bytes(), long.as_bytes()), "and it ends");
    }

    #[test]
    fn patterns_lists_and_paths_in_their_order() {
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        for folder in ["b", "a", ".c"] {
            fs::create_dir(at(folder)).expect("a folder");
            for name in ["2.tgz", "1.tgz", "x"] {
                fs::write(at(folder).join(name), "").expect("a file");
            }
        }
        fs::write(at("list"), format!("{}\r\n\n  \nlast", at("?/1.tgz").display())).expect("a list");
        let (pattern, list) = (at("*/*.tgz"), OsString::from(format!("@{}", at("list").display())));
        let found = all(&[OsStr::new("first"), pattern.as_os_str(), &list], None).expect("archives");
        let expected = ["a/1.tgz", "a/2.tgz", "b/1.tgz", "b/2.tgz", "a/1.tgz", "b/1.tgz"].map(at);
        assert_eq!(found[0], Path::new("first"));
        assert_eq!(found[1..7], expected);
        assert_eq!(found[7..], [PathBuf::from("last")]);
        fs::write(at("list"), "\u{feff}# the fleet\r\n  a b  \r\n\t# c\n\u{e9}#\n").expect("a list");
        assert_eq!(all(&[&list], None).expect("archives"), ["a b", "\u{e9}#"].map(PathBuf::from));
        fs::write(at("list"), "\n# nothing\n").expect("a list");
        let failure = all(&[&list], None).expect_err("an empty list");
        assert!(failure.reason.contains("names no archive"), "{failure}");
        let failure = all(&[at("*.none").as_os_str()], None).expect_err("nothing");
        assert!(failure.reason.contains("nothing matches"), "{failure}");
        // Whatever is behind it would be missing, and nobody would know.
        std::os::unix::fs::symlink("loop", at("loop")).expect("a link");
        for pattern in ["*/1.tgz", "*/*.tgz"] {
            let failure = all(&[at(pattern).as_os_str()], None).expect_err("a folder that cannot be read");
            assert!(failure.reason.contains("loop"), "{failure}");
        }
        fs::remove_file(at("loop")).expect("a link");
        fs::write(at("list"), format!("x\n{}\n", list.display())).expect("a list");
        let failure = all(&[&list], None).expect_err("a list that names itself");
        assert!(failure.reason.contains("another list"), "{failure}");
        // A URL is known as soon as it is read, which is before its turn.
        fs::write(at("list"), "a\nb\nhttps://h/c?signature=x\n").expect("a list");
        let mut sources = Sources::new([list.clone(), "d".into()], None);
        assert!(!sources.knows_urls());
        assert_eq!(sources.next().expect("an archive"), Some("a".into()));
        assert!(sources.knows_urls());
        while sources.next().expect("archives").is_some() {}
        assert!(sources.knows_urls(), "memory is not forgotten");
        assert!(Sources::new(["http://h/a".into()], None).knows_urls());
        // A file whose name looks like a pattern is that file.
        fs::write(at("*"), "").expect("a file");
        assert!(!Sources::is_several(at("*").as_os_str()));
    }

    #[test]
    fn every_archive_is_in_one_shard() {
        let names: Vec<OsString> = (0..200).map(|number| format!("c-{number}.tgz").into()).collect();
        let words: Vec<&OsStr> = names.iter().map(OsString::as_os_str).collect();
        let mut together = Vec::new();
        for index in 0..3 {
            let part = all(&words, Shard::new(index, 3)).expect("paths");
            assert!(part.len() > 40, "{}", part.len());
            together.extend(part);
        }
        together.sort();
        let mut expected: Vec<PathBuf> = names.iter().map(PathBuf::from).collect();
        expected.sort();
        assert_eq!(together, expected);
    }
}
