//! What a registry answers with 401: how it wants to know who asks (RFC 9110, section 11.6.1; RFC 6750).

/// How to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// With the user and the password themselves.
    Basic,
    /// With a token, which this service gives.
    Bearer {
        /// The URL of the service.
        realm: String,
        /// The name by which it knows the registry.
        service: Option<String>,
    },
}

impl Challenge {
    /// The one to answer: a token, if the registry takes one. `None` if it takes neither.
    pub(crate) fn of(fields: &[String]) -> Option<Challenge> {
        let known = || fields.iter().filter_map(|field| Challenge::parse(field));
        known().find(|challenge| *challenge != Challenge::Basic).or_else(|| known().next())
    }

    /// Reads the first challenge of a field.
    fn parse(field: &str) -> Option<Challenge> {
        let (scheme, parameters) = field.trim().split_once(' ').unwrap_or((field.trim(), ""));
        if scheme.eq_ignore_ascii_case("basic") {
            return Some(Challenge::Basic);
        }
        if !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let (mut realm, mut service) = (None, None);
        for (name, value) in Parameters(parameters) {
            let known = match name {
                name if name.eq_ignore_ascii_case("realm") => &mut realm,
                name if name.eq_ignore_ascii_case("service") => &mut service,
                _ => continue,
            };
            known.get_or_insert(value);
        }
        Some(Challenge::Bearer { realm: realm?, service })
    }
}

/// Pairs of a name and a value, up to the first thing that is none: another challenge, or nonsense.
struct Parameters<'a>(&'a str);

impl<'a> Iterator for Parameters<'a> {
    type Item = (&'a str, String);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = self.0.trim_start_matches([' ', '\t', ',']).split_once('=')?;
        if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        {
            return None;
        }
        let Some(quoted) = rest.strip_prefix('"') else {
            let (value, rest) = rest.split_at(rest.find([',', ' ']).unwrap_or(rest.len()));
            self.0 = rest;
            return Some((name, value.to_owned()));
        };
        let (mut value, mut escaped) = (String::new(), false);
        for (at, char) in quoted.char_indices() {
            match char {
                _ if std::mem::take(&mut escaped) => value.push(char),
                '\\' => escaped = true,
                '"' => {
                    self.0 = &quoted[at + 1..];
                    return Some((name, value));
                }
                _ => value.push(char),
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(fields: &[&str]) -> Option<Challenge> {
        Challenge::of(&fields.iter().map(|field| (*field).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn challenges() {
        let bearer = |realm: &str, service: Option<&str>| {
            Some(Challenge::Bearer { realm: realm.into(), service: service.map(Into::into) })
        };
        assert_eq!(
            of(&[r#"Bearer realm="https://a/token",service="r, \"x\"",scope="repository:a:pull,push""#]),
            bearer("https://a/token", Some("r, \"x\""))
        );
        assert_eq!(of(&["bearer service=s , REALM=https://a"]), bearer("https://a", Some("s")));
        assert_eq!(of(&["Basic realm=\"x\"", "Bearer realm=\"https://a\""]), bearer("https://a", None));
        assert_eq!(of(&[r#"Bearer realm="https://a", Basic realm="https://b""#]), bearer("https://a", None));
        assert_eq!(of(&["Basic realm=\"x\""]), Some(Challenge::Basic));
        assert_eq!(of(&["Basic"]), Some(Challenge::Basic));
        for fields in
            [&[][..], &["Negotiate"], &["Bearer"], &["Bearer realm=\"https://a"], &["Bearer service=\"s\""]]
        {
            assert_eq!(of(fields), None, "{fields:?}");
        }
    }
}
