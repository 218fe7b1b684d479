//! The patterns of rules: names and globs, resources, raw paths, and paths of fields.
//!
//! One constructor makes each from a text, and says what is wrong with the text. A pattern matches whole texts. Only `*` is
//! special in a name.

use super::{CONNECTIONS, Escalating, PatternError};
use std::fmt;
use wagather_abi::field;
use wagather_abi::limits::MAX_MASK_DEPTH;
use wagather_abi::manifest::{is_name, is_object_name, is_raw_path};
use wagather_base::limits::MAX_KEY_BYTES;

/// A name in which `*` stands for any number of characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Glob(String);

impl Glob {
    /// A pattern for names of namespaces.
    pub fn of_namespaces(text: &str) -> Result<Glob, PatternError> {
        // Try a digit in place of each star, because a star at the edge may stand for nothing, too.
        if is_name(&text.replace('*', "0")) { Ok(Glob(text.into())) } else { Err(PatternError::Namespace) }
    }

    /// A pattern for names of objects.
    pub fn of_objects(text: &str) -> Result<Glob, PatternError> {
        if is_object_name(text) { Ok(Glob(text.into())) } else { Err(PatternError::Object) }
    }

    /// Whether the pattern matches the name. No pattern matches an empty name.
    pub fn matches(&self, name: &str) -> bool {
        !name.is_empty() && matches(self.0.as_bytes(), name.as_bytes())
    }

    /// The name, if the pattern matches only one.
    pub fn exact(&self) -> Option<&str> {
        (!self.0.contains('*')).then_some(&*self.0)
    }
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Backtracks to the last star only. That is enough, because what an earlier star matched need not change.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut back: Option<(usize, usize)> = None;
    while n < name.len() {
        if pattern.get(p) == Some(&b'*') {
            back = Some((p, n));
            p += 1;
        } else if pattern.get(p) == Some(&name[n]) {
            (p, n) = (p + 1, n + 1);
        } else if let Some((star, at)) = back {
            back = Some((star, at + 1));
            (p, n) = (star + 1, at + 1);
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

/// A resource as RBAC writes it: `pods`, `pods/log`, `*`, `*/status`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourcePattern {
    plural: String,
    subresource: String,
}

impl ResourcePattern {
    /// Reads one.
    pub fn parse(text: &str) -> Result<ResourcePattern, PatternError> {
        let (plural, subresource) = text.split_once('/').unwrap_or((text, ""));
        if CONNECTIONS.contains(&subresource) {
            return Err(PatternError::Connection(subresource.into()));
        }
        if subresource == "*" {
            return Err(PatternError::AnySubresource(plural.into()));
        }
        if plural.contains('.') {
            return Err(PatternError::ResourceWithGroup);
        }
        let fits = (plural == "*" || is_name(plural))
            && (is_name(subresource) || subresource.is_empty() && !text.contains('/'));
        if !fits {
            return Err(PatternError::Resource);
        }
        Ok(ResourcePattern { plural: plural.into(), subresource: subresource.into() })
    }

    /// Every resource and subresource, except those that are [`Escalating`].
    pub(super) fn any() -> ResourcePattern {
        ResourcePattern { plural: "*".into(), subresource: String::new() }
    }

    /// Whether a rule with this pattern grants the resource. An [`Escalating`] resource must be named.
    pub fn grants(&self, plural: &str, subresource: &str) -> bool {
        match (&*self.plural, &*self.subresource) {
            ("*", _) if Escalating::of(plural, subresource).is_some() => false,
            ("*", "") => true,
            ("*", named) => named == subresource,
            (named, sub) => named == plural && sub == subresource,
        }
    }

    /// Whether the fields that a rule with this pattern removes are removed from the resource. A subresource can repeat the whole object,
    /// and `*` includes Secrets here: it is safer to remove too much than too little.
    pub fn removes(&self, plural: &str, subresource: &str) -> bool {
        (self.plural == "*" || self.plural == plural)
            && (self.subresource.is_empty() || self.subresource == subresource)
    }
}

impl fmt::Display for ResourcePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.plural)?;
        if self.subresource.is_empty() { Ok(()) } else { write!(f, "/{}", self.subresource) }
    }
}

/// A raw path, or all paths that begin with one, like RBAC's `nonResourceURLs`: `/version`, `/healthz/*`, `*`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPattern(String);

impl PathPattern {
    /// Reads one.
    pub fn parse(text: &str) -> Result<PathPattern, PatternError> {
        let path = match text.strip_suffix('*') {
            Some("" | "/") => return Ok(PathPattern("/*".into())),
            Some(prefix) => prefix.strip_suffix('/').ok_or(PatternError::Star)?,
            None => text,
        };
        if !is_raw_path(path) {
            return Err(PatternError::Path);
        }
        if is_resource_path(&format!("{path}{}", if path == text { "" } else { "/x" })) {
            return Err(PatternError::ResourcePath);
        }
        Ok(PathPattern(text.into()))
    }

    /// Whether the path is granted. The path of a resource never is.
    pub fn matches(&self, path: &str) -> bool {
        let same = match self.0.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix),
            None => path == self.0,
        };
        same && !is_resource_path(path)
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether an API server treats the path as one of resources: `/api/VERSION/…`, `/apis/GROUP/VERSION/…`.
///
/// See <https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-whether-a-request-allows-access>.
pub fn is_resource_path(path: &str) -> bool {
    let mut segments = path.split('/').skip(1);
    let before = match segments.next() {
        // The second was OpenShift's own. The third is older.
        Some("api" | "oapi" | "osapi") => 1,
        Some("apis") => 2,
        _ => return false,
    };
    segments.nth(before).is_some()
}

/// The path of a field: `spec.containers.env`, `metadata.annotations["example.com/x"]`. It leads through the elements of arrays.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldPath(Vec<String>);

impl FieldPath {
    /// Reads one.
    pub fn parse(text: &str) -> Result<FieldPath, PatternError> {
        let mut keys = Vec::new();
        for key in field::keys(text) {
            let key = key.map_err(PatternError::Field)?;
            if key.len() > MAX_KEY_BYTES {
                return Err(PatternError::FieldTooLong);
            }
            keys.push(key.to_owned());
        }
        if keys.len() > MAX_MASK_DEPTH {
            return Err(PatternError::FieldTooDeep);
        }
        Ok(FieldPath(keys))
    }

    /// The path with these keys, outermost first.
    pub fn of(keys: Vec<String>) -> FieldPath {
        FieldPath(keys)
    }

    /// The keys, outermost first.
    pub fn keys(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, key) in self.0.iter().enumerate() {
            match field::plain(key) {
                Ok(key) if !key.contains(['.', '[']) => {
                    write!(f, "{}{key}", if index == 0 { "" } else { "." })?;
                }
                _ => write!(f, "[\"{}\"]", key.escape_debug())?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn globs() {
        for (pattern, yes, no) in [
            ("shop-*", &["shop-", "shop-a", "shop-a-b"][..], &["shop", "ashop-", "", "shopa"][..]),
            ("*", &["a", "kube-system"], &[""]),
            ("*-system", &["kube-system", "-system"], &["kube-systems", "system"]),
            ("a*b*c", &["abc", "axxbyyc", "abcbc", "abbbcc"], &["ab", "acb", "abcd", "xabc"]),
            ("default", &["default"], &["defaul", "default-2", "Default"]),
            ("a**b", &["ab", "axb"], &["a", "b"]),
        ] {
            let glob = Glob::of_namespaces(pattern).expect(pattern);
            assert!(yes.iter().all(|name| glob.matches(name)), "{pattern}");
            assert!(!no.iter().any(|name| glob.matches(name)), "{pattern}");
            assert_eq!(glob.exact().is_some(), !pattern.contains('*'));
        }
        for bad in ["", "Shop", "a/b", "a b", "-a", "shop?", "a_b"] {
            assert!(Glob::of_namespaces(bad).is_err(), "{bad}");
        }
        assert!(Glob::of_objects("system:node-*").expect("a pattern").matches("system:node-proxier"));
        assert!(Glob::of_objects("a/b").is_err());
    }

    #[test]
    fn resources() {
        let grants =
            |pattern: &str, plural, sub| ResourcePattern::parse(pattern).expect(pattern).grants(plural, sub);
        assert!(grants("pods", "pods", "") && !grants("pods", "pods", "log"));
        assert!(grants("pods/log", "pods", "log") && !grants("pods/log", "pods", ""));
        assert!(grants("*", "pods", "") && grants("*", "pods", "log"));
        assert!(grants("*/status", "pods", "status") && !grants("*/status", "pods", ""));
        for (plural, sub) in [
            ("secrets", ""),
            ("secrets", "status"),
            ("imagestreams", "secrets"),
            ("serviceaccounts", "token"),
            ("oauthclients", ""),
        ] {
            let named = [plural, sub].join("/");
            assert!(grants(named.trim_end_matches('/'), plural, sub), "{named}");
            for pattern in ["*", "*/status", "*/secrets", "*/token", "imagestreams"] {
                assert!(!grants(pattern, plural, sub), "{pattern} for {named}");
            }
        }
        for bad in [
            "",
            "Pod",
            "pods/",
            "/log",
            "pods/*",
            "pods/log/x",
            "deployments.apps",
            "pods/exec",
            "*/proxy",
            "po*",
        ] {
            assert!(ResourcePattern::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_removed_is_removed_from_all_that_shows_it() {
        let removes =
            |pattern: &str, plural, sub| ResourcePattern::parse(pattern).expect(pattern).removes(plural, sub);
        assert!(removes("pods", "pods", "") && removes("pods", "pods", "status"));
        assert!(removes("pods/status", "pods", "status") && !removes("pods/status", "pods", ""));
        assert!(removes("*", "secrets", "") && !removes("pods", "nodes", ""));
    }

    #[test]
    fn raw_paths() {
        let matches = |pattern: &str, path| PathPattern::parse(pattern).expect(pattern).matches(path);
        assert!(matches("/version", "/version") && !matches("/version", "/version/x"));
        assert!(matches("/livez/*", "/livez/ping") && !matches("/livez/*", "/livez"));
        assert!(matches("*", "/metrics") && matches("/*", "/apis") && matches("*", "/apis/apps/v1"));
        for path in [
            "/api/v1/secrets",
            "/apis/apps/v1/deployments",
            "/api/v1/namespaces/a/secrets/b",
            "/oapi/v1/oauthaccesstokens",
        ] {
            assert!(!matches("*", path), "{path}");
            assert!(PathPattern::parse(path).is_err(), "{path}");
        }
        for bad in ["", "version", "/liv*", "/a/*/b", "/api/v1/*", "/apis/apps/v1/*", "/../x", "/version?x"] {
            assert!(PathPattern::parse(bad).is_err(), "{bad}");
        }
        assert!(PathPattern::parse("/apis/*").expect("discovery").matches("/apis/apps"));
        assert!(!matches("/apis/*", "/apis/apps/v1/deployments"));
    }

    #[test]
    fn fields() {
        for (text, keys, shown) in [
            ("data", &["data"][..], "data"),
            ("spec.containers.env", &["spec", "containers", "env"], "spec.containers.env"),
            (".spec.containers", &["spec", "containers"], "spec.containers"),
            (
                "metadata.annotations[\"example.com/x\"]",
                &["metadata", "annotations", "example.com/x"],
                "metadata.annotations[\"example.com/x\"]",
            ),
            ("data['a.b'].c", &["data", "a.b", "c"], "data[\"a.b\"].c"),
        ] {
            let path = FieldPath::parse(text).expect(text);
            assert_eq!(path.keys(), keys);
            assert_eq!(path.to_string(), shown);
        }
        for bad in [
            "",
            ".",
            "a.",
            "a..b",
            "a[0]",
            "a[*].b",
            "a[]",
            "a[b]",
            "a['b",
            "a['b'",
            "a.*",
            "*",
            "a b",
            "example.com/x",
            "{.spec}",
            "$.spec",
            "a.['b']",
            "a['']",
        ] {
            assert!(FieldPath::parse(bad).is_err(), "{bad}");
        }
        assert!(FieldPath::parse(&["a"; 40].join(".")).is_err());
    }
}
