//! The name of a module in a registry: `oci://HOST/NAME:TAG@sha256:DIGEST`.

use super::is_digest;
use std::fmt;
use wagather_kube::cluster::upload::Address;

/// What a reference begins with.
pub const SCHEME: &str = "oci://";

/// The longest name, with which registries agree.
const MAX_NAME_BYTES: usize = 255;
/// The longest tag.
const MAX_TAG_BYTES: usize = 128;

/// The name of a module in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// The registry: a host, and a port if it has one.
    pub(crate) host: String,
    /// The name of the repository.
    pub(crate) name: String,
    /// The tag. Without it, there is a digest.
    pub(crate) tag: Option<String>,
    /// The digest that the manifest must have.
    pub(crate) digest: Option<String>,
}

/// A registry, or a part of it, and the one that is asked instead.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mirror {
    from: String,
    to: String,
}

impl Reference {
    /// Reads a reference.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Reference, String> {
        let rest = text.strip_prefix(SCHEME).ok_or("it does not begin with oci://")?;
        let (rest, digest) = match rest.split_once('@') {
            Some((rest, digest)) if is_digest(digest) => (rest, Some(digest.to_owned())),
            Some(_) => return Err("after the @, expected sha256: and 64 hexadecimal digits".into()),
            None => (rest, None),
        };
        let (host, name) = rest.split_once('/').ok_or("expected HOST/NAME:TAG after oci://")?;
        let (name, tag) = match name.split_once(':') {
            Some((name, tag)) => (name, Some(tag)),
            None => (name, None),
        };
        check_host(host)?;
        check_name(name)?;
        if let Some(tag) = tag {
            check_tag(tag)?;
        } else if digest.is_none() {
            return Err("it has neither a tag nor a digest; add :TAG or @sha256:DIGEST".into());
        }
        Ok(Reference { host: host.into(), name: name.into(), tag: tag.map(Into::into), digest })
    }

    /// Whether it names one content, whatever the registry says.
    pub fn is_pinned(&self) -> bool {
        self.digest.is_some()
    }

    /// The same with the digest that it stands for.
    pub(crate) fn pinned(&self, digest: String) -> Reference {
        Reference { digest: Some(digest), ..self.clone() }
    }

    /// Where it is really asked for: the host and the name, by the mirror that replaces most of it.
    pub(crate) fn by(&self, mirrors: &[Mirror]) -> (String, String) {
        let whole = format!("{}/{}", self.host, self.name);
        let rest = |mirror: &Mirror| {
            let rest = whole.strip_prefix(&mirror.from)?;
            rest.starts_with('/').then(|| format!("{}{rest}", mirror.to))
        };
        let longest =
            mirrors.iter().filter(|mirror| rest(mirror).is_some()).max_by_key(|mirror| mirror.from.len());
        let real = longest.and_then(rest).unwrap_or(whole);
        real.split_once('/').map(|(host, name)| (host.to_owned(), name.to_owned())).unwrap_or_default()
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}/{}", self.host, self.name)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl Mirror {
    /// Reads `FROM=TO`. Either is a host, or a host and the beginning of a name.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Mirror, String> {
        let (from, to) =
            text.split_once('=').ok_or("expected FROM=TO, such as a.example.com=b.example.com/a")?;
        for part in [from, to] {
            match part.split_once('/') {
                Some((host, name)) => check_host(host).and_then(|()| check_name(name))?,
                None => check_host(part)?,
            }
        }
        Ok(Mirror { from: from.into(), to: to.into() })
    }
}

fn check_host(host: &str) -> Result<(), String> {
    let address = Address::parse(&format!("https://{host}"))
        .map_err(|why| format!("its host cannot be used: {why}"))?;
    if host.is_empty() || address.target() != "/" || address.has_login() {
        return Err("expected HOST/NAME:TAG after oci://; a host has no user and no password".into());
    }
    Ok(())
}

/// Components of small letters and digits, with `.`, `_` and `-` between them.
fn check_name(name: &str) -> Result<(), String> {
    let is_end = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_component = |component: &str| {
        let bytes = component.as_bytes();
        bytes.first().is_some_and(is_end)
            && bytes.last().is_some_and(is_end)
            && bytes.iter().all(|byte| is_end(byte) || b"._-".contains(byte))
    };
    if name.len() <= MAX_NAME_BYTES && name.split('/').all(is_component) {
        return Ok(());
    }
    Err("its name is invalid: a-z, 0-9, and '.', '_', '-' and '/' between them".into())
}

fn check_tag(tag: &str) -> Result<(), String> {
    let is_first = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let is_tag = tag.bytes().enumerate().all(|(at, byte)| is_first(byte) || at > 0 && b".-".contains(&byte));
    if !tag.is_empty() && tag.len() <= MAX_TAG_BYTES && is_tag {
        return Ok(());
    }
    Err("its tag is invalid: letters, digits, '_', and '.' and '-' after the first".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SUM: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn references() {
        for text in
            ["oci://r.example.com/a:1", "oci://localhost:5000/a/b-c__d.e:v1.0-x_Y", "oci://[::1]:5000/a:_"]
        {
            let reference = Reference::parse(text).expect(text);
            assert_eq!(reference.to_string(), text);
            assert!(!reference.is_pinned());
            assert_eq!(reference.pinned(SUM.into()).to_string(), format!("{text}@{SUM}"));
            assert!(Reference::parse(&format!("{text}@{SUM}")).is_ok_and(|both| both.is_pinned()));
        }
        let pinned = Reference::parse(&format!("oci://h/a@{SUM}")).expect("a digest is enough");
        assert_eq!((pinned.tag, pinned.digest.as_deref()), (None, Some(SUM)));
        for text in [
            "h/a:1",
            "oci://",
            "oci://h",
            "oci://h/",
            "oci:///a:1",
            "oci://h/a",
            "oci://h/a:",
            "oci://h/A:1",
            "oci://h/a:-1",
            "oci://h/a:1:2",
            "oci://h/../a:1",
            "oci://h//a:1",
            "oci://h/a/:1",
            "oci://h/a?b:1",
            "oci://h/a:1?b",
            "oci://h/a:1#b",
            "oci://u:p@h/a:1",
            "oci://h/a:1@sha256:00",
            "oci://h/a:1@sha512:00",
            "oci://h b/a:1",
            "oci://h\r\nx/a:1",
            "oci://h/a%2f:1",
        ] {
            assert!(Reference::parse(text).is_err(), "{text:?}");
        }
        assert!(Reference::parse(&format!("oci://h/a:1@{}", SUM.to_uppercase())).is_err());
    }

    #[test]
    fn the_mirror_that_replaces_most_is_asked() {
        let mirrors: Vec<Mirror> =
            ["a.example.com=m:5000", "a.example.com/x=m:5000/deep/y", "b.example.com=m:5000/b"]
                .iter()
                .map(|text| Mirror::parse(text).expect(text))
                .collect();
        for (text, host, name) in [
            ("oci://a.example.com/n:1", "m:5000", "n"),
            ("oci://a.example.com/x/n:1", "m:5000", "deep/y/n"),
            ("oci://a.example.com/xy/n:1", "m:5000", "xy/n"),
            ("oci://b.example.com/n:1", "m:5000", "b/n"),
            ("oci://b.example.com:80/n:1", "b.example.com:80", "n"),
            ("oci://ab.example.com/n:1", "ab.example.com", "n"),
        ] {
            let real = Reference::parse(text).expect(text).by(&mirrors);
            assert_eq!(real, (host.to_owned(), name.to_owned()), "{text}");
        }
        for text in ["a", "=b", "a=", "a=https://b", "a/=b", "a=b/C", "u@a=b"] {
            assert!(Mirror::parse(text).is_err(), "{text}");
        }
    }
}
