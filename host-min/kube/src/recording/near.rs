//! Which recorded request asks for the same as one that is not in the recording letter by letter.
//!
//! Browsers and `kubectl proxy` write the same query in another order and with other escapes, ask for pages of another size or for the
//! whole list, and add what changes no object. A list may be had from any of its first pages: the `continue` token of the page
//! says what comes next.

use std::collections::HashMap;

use wagather_base::percent::decode_lossy;

/// What recorded requests mean.
#[derive(Default)]
pub(super) struct Near(HashMap<String, Found>);

struct Found {
    path_and_query: Box<str>,
    rank: Rank,
}

/// What is better to answer with: an answer at all, then more items at once.
type Rank = (bool, u64);

/// Which part of a list a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part {
    /// How many items; `u64::MAX` for all.
    pub(super) limit: u64,
    /// Whether it is a page behind the first.
    pub(super) is_later: bool,
}

impl Near {
    /// Adds a request, in the order of the recording.
    pub(super) fn add(&mut self, path_and_query: &str, is_success: bool) {
        let (meant, part) = meaning(path_and_query);
        let found = Found { path_and_query: path_and_query.into(), rank: (is_success, part.limit) };
        match self.0.get_mut(&meant) {
            Some(known) if known.rank >= found.rank => {}
            Some(known) => *known = found,
            None => {
                self.0.insert(meant, found);
            }
        }
    }

    /// The recorded request that asks for the same.
    pub(super) fn find(&self, path_and_query: &str) -> Option<&str> {
        Some(&self.0.get(&meaning(path_and_query).0)?.path_and_query)
    }
}

/// What a request asks for, however it is written, and which part of it.
pub(super) fn meaning(path_and_query: &str) -> (String, Part) {
    let (path, query) = path_and_query.split_once('?').unwrap_or((path_and_query, ""));
    let mut part = Part { limit: u64::MAX, is_later: false };
    let mut pairs = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let (name, value) = (decode_lossy(name), decode_lossy(&value.replace('+', " ")));
        match (&*name, &*value) {
            ("limit", limit) => {
                part.limit = limit.parse().ok().filter(|limit| *limit > 0).unwrap_or(u64::MAX);
                continue;
            }
            ("continue", token) if !token.is_empty() => part.is_later = true,
            // How it is written and how long it may take changes no object. A list from a cache (version 0) is a list.
            ("pretty" | "timeout" | "timeoutSeconds" | "allowWatchBookmarks" | "resourceVersionMatch", _)
            | ("watch", "" | "0" | "false")
            | ("resourceVersion", "" | "0")
            | ("continue" | "labelSelector" | "fieldSelector", "") => continue,
            _ => {}
        }
        pairs.push((name, value));
    }
    pairs.sort_unstable();
    let mut meant = decode_lossy(path);
    for (name, value) in pairs {
        // Neither is in what was decoded from a URL that a server understands.
        meant.extend(["\0", &name, "\0", &value]);
    }
    (meant, part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_is_asked_for_in_other_words() {
        let same = |one: &str, other: &str| meaning(one).0 == meaning(other).0;
        for (one, other) in [
            ("/api/v1/pods?limit=500", "/api/v1/pods"),
            ("/api/v1/pods?limit=500", "/api/v1/pods?limit=0&pretty=true"),
            ("/api/v1/pods?limit=500&continue=a%3D", "/api/v1/pods?continue=a=&limit=7"),
            ("/a?labelSelector=a%3Db%2Cc&limit=1", "/a?labelSelector=a=b,c&fieldSelector="),
            ("/a?labelSelector=a%20in%20%28b%29", "/a?labelSelector=a+in+(b)"),
            ("/apis/x/clusterroles/system%3Anode", "/apis/x/clusterroles/system:node"),
            ("/a?resourceVersion=0&watch=false&timeoutSeconds=5", "/a"),
            ("/a?b=1&c=2", "/a?c=2&b=1"),
        ] {
            assert!(same(one, other), "{one} {other}");
        }
        for (one, other) in [
            ("/a?limit=5&continue=x", "/a?limit=5"),
            ("/a?continue=x", "/a?continue=y"),
            ("/a?watch=true", "/a"),
            ("/a?labelSelector=x", "/a"),
            ("/a?resourceVersion=7", "/a"),
            ("/a?tailLines=5", "/a?tailLines=6"),
            ("/a+b", "/a%20b"),
            ("/a/log?container=x", "/a/log"),
        ] {
            assert!(!same(one, other), "{one} {other}");
        }
    }

    #[test]
    fn what_has_more_answers_rather() {
        let mut near = Near::default();
        for (path, is_success) in
            [("/a?limit=5", false), ("/a?limit=1", true), ("/a?limit=3", true), ("/a?limit=03", true)]
        {
            near.add(path, is_success);
        }
        assert_eq!(near.find("/a?limit=500"), Some("/a?limit=3"));
        near.add("/a?x=1", true);
        near.add("/a", false);
        assert_eq!(near.find("/a?limit=500"), Some("/a?limit=3"));
        near.add("/a?pretty", true);
        assert_eq!((near.find("/a?limit=500"), near.find("/b")), (Some("/a?pretty"), None));
    }
}
