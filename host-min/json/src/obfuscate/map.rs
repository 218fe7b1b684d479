//! The map between originals and placeholders.
//!
//! An original can be written in several ways (`10.0.0.1` and `10-0-0-1`, `AA:BB:…` and `aa-bb-…`). All of them have the same
//! placeholder. The map keeps each way, and whether it was a part of a longer name, so that a name which a guest sends back becomes the
//! original name.

use super::kinds::Kinds;
use serde::Serialize;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use wagather_base::limits::{MAX_OBFUSCATED, MAX_OBFUSCATED_BYTES};

/// The first key of a map's file, which identifies it.
pub(super) const FORMAT: &str = "wagatherObfuscation";

/// How many digits a placeholder's number has.
const DIGITS: usize = 10;

/// How many ways to write an original are kept.
const MAX_SPELLINGS: usize = 8;

/// The memory of an entry besides its text.
const ENTRY_BYTES: usize = 96;

/// An original, however it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    V4(u32),
    V6(u128),
    /// With its length: 48 bits or 64.
    Mac(u8, u64),
    /// The number of a domain.
    Domain(u8),
}

/// The kinds of originals, as placeholders name them.
const KINDS: [&str; 4] = ["ipv4", "ipv6", "mac", "domain"];

impl Key {
    const fn kind(self) -> usize {
        match self {
            Key::V4(_) => 0,
            Key::V6(_) => 1,
            Key::Mac(..) => 2,
            Key::Domain(_) => 3,
        }
    }
}

/// How many originals of each kind have a placeholder. A kind that is not obfuscated has no number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Addresses of IPv4.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv4: Option<u64>,
    /// Addresses of IPv6.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ipv6: Option<u64>,
    /// Addresses of network cards.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mac: Option<u64>,
    /// Domains.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub domain: Option<u64>,
}

impl Counts {
    /// The obfuscated kinds, by their names in placeholders.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = [self.ipv4, self.ipv6, self.mac, self.domain];
        KINDS.into_iter().zip(counts).filter_map(|(kind, count)| Some((kind, count?)))
    }
}

/// One original.
struct Original {
    /// The first way in which it was written, then the others.
    spellings: Vec<Spelling>,
}

struct Spelling {
    text: Box<str>,
    /// Whether it was a part of a longer name: `ip-10-0-0-1`.
    is_joined: bool,
}

/// The originals of a run.
pub(super) struct Map {
    numbers: HashMap<Key, u32>,
    /// By kind and number.
    originals: [Vec<Original>; 4],
    bytes: usize,
}

/// Whether the byte before a placeholder makes it a part of a longer name.
pub(super) fn joins(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

fn written(kind: usize, number: usize) -> String {
    format!("x-{}-{number:0DIGITS$}-x", KINDS[kind])
}

impl Map {
    pub(super) fn new() -> Map {
        Map { numbers: HashMap::new(), originals: Default::default(), bytes: 0 }
    }

    /// The placeholder of an original that is written in this way. The error is a placeholder for originals that have no room.
    pub(super) fn placeholder(&mut self, key: Key, text: &[u8], is_joined: bool) -> Result<String, String> {
        let kind = key.kind();
        let is_full = self.numbers.len() >= MAX_OBFUSCATED || self.bytes >= MAX_OBFUSCATED_BYTES;
        let originals = &mut self.originals[kind];
        let number = match self.numbers.entry(key) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(_) if is_full => return Err(written(kind, 0)),
            Entry::Vacant(new) => {
                originals.push(Original { spellings: Vec::new() });
                self.bytes += ENTRY_BYTES;
                *new.insert(u32::try_from(originals.len()).unwrap_or(u32::MAX))
            }
        };
        let spellings = &mut originals[number as usize - 1].spellings;
        let is_known =
            spellings.iter().any(|known| known.text.as_bytes() == text && known.is_joined == is_joined);
        if !is_known && spellings.len() < MAX_SPELLINGS {
            let text: Box<str> = String::from_utf8_lossy(text).into();
            self.bytes += text.len() + size_of::<Spelling>();
            spellings.push(Spelling { text, is_joined });
        }
        Ok(written(kind, number as usize))
    }

    /// Replaces placeholders by their originals.
    pub(super) fn restore(&self, text: &mut Vec<u8>, is_name: bool) {
        let mut restored = Vec::with_capacity(text.len());
        let mut done = 0;
        for at in memchr::memmem::find_iter(text, b"x-") {
            if at < done {
                continue;
            }
            let Some((original, len)) = self.original(&text[at..]) else { continue };
            restored.extend_from_slice(&text[done..at]);
            let is_joined = restored.last().copied().is_some_and(joins);
            restored.extend_from_slice(original.spelled(is_joined, is_name).as_bytes());
            done = at + len;
        }
        if done > 0 {
            restored.extend_from_slice(&text[done..]);
            *text = restored;
        }
    }

    /// The original of the placeholder at the beginning of a text, and the placeholder's length.
    fn original(&self, text: &[u8]) -> Option<(&Original, usize)> {
        let rest = text.strip_prefix(b"x-")?;
        let kind = KINDS.iter().position(|kind| rest.starts_with(kind.as_bytes()))?;
        let rest = rest[KINDS[kind].len()..].strip_prefix(b"-")?;
        let (digits, rest) = rest.split_at_checked(DIGITS)?;
        if !rest.starts_with(b"-x") || !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number: usize = std::str::from_utf8(digits).ok()?.parse().ok()?;
        let original = self.originals[kind].get(number.checked_sub(1)?)?;
        Some((original, text.len() - rest.len() + "-x".len()))
    }

    pub(super) fn counts(&self, kinds: &Kinds) -> Counts {
        let count = |kind: usize, is_on| if is_on { Some(self.originals[kind].len() as u64) } else { None };
        Counts {
            ipv4: count(0, kinds.ips),
            ipv6: count(1, kinds.ips),
            mac: count(2, kinds.macs),
            domain: count(3, !kinds.domains.is_empty()),
        }
    }

    pub(super) fn to_json(&self) -> Vec<u8> {
        /// An original, as a reader of the archive looks it up.
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Row<'a> {
            placeholder: String,
            original: &'a str,
            #[serde(skip_serializing_if = "Vec::is_empty")]
            also_written: Vec<&'a str>,
        }
        let mut text = format!("{{\n\"{FORMAT}\": 1,\n\"originals\": [");
        let mut between = "\n";
        for (kind, originals) in self.originals.iter().enumerate() {
            for (index, original) in originals.iter().enumerate() {
                let mut spellings: Vec<&str> = Vec::new();
                for spelling in &original.spellings {
                    if !spellings.contains(&&*spelling.text) {
                        spellings.push(&spelling.text);
                    }
                }
                let (first, rest) =
                    spellings.split_first().map_or(("", &[][..]), |(first, rest)| (*first, rest));
                let row = Row {
                    placeholder: written(kind, index + 1),
                    original: first,
                    also_written: rest.to_vec(),
                };
                text.push_str(between);
                text.push_str(&serde_json::to_string(&row).unwrap_or_default());
                between = ",\n";
            }
        }
        text.push_str("\n]\n}\n");
        text.into_bytes()
    }
}

impl Original {
    /// How it is written in such a place, if that is known.
    fn spelled(&self, is_joined: bool, is_name: bool) -> &str {
        let fits = |spelling: &&Spelling| {
            !is_name || !spelling.text.bytes().any(|byte| byte == b':' || byte.is_ascii_uppercase())
        };
        let known = || self.spellings.iter();
        let found = known()
            .filter(|spelling| spelling.is_joined == is_joined)
            .find(fits)
            .or_else(|| known().find(fits))
            .or_else(|| known().next());
        found.map_or("", |spelling| &spelling.text)
    }
}
