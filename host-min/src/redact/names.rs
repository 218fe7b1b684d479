//! Names of environment variables that tell of a secret value.
//!
//! Upper and lower case make no difference, nor do `-`, `.` and `_`: `spring.api-key` is `SPRING_API_KEY`.

/// What is recognised without rules of the cluster's owner. A plain `*KEY*` is not among them: it would take
/// `KEYCLOAK_URL` and `PUBLIC_KEY` too.
pub const BUILT_IN: &[&str] = &[
    "*PASSWORD*",
    "*PASSWD*",
    "*PASSPHRASE*",
    "*PASSCODE*",
    "PASS",
    "*_PASS",
    "*_PWD",
    "*SECRET*",
    "*TOKEN*",
    "*CREDENTIAL*",
    "*API_KEY*",
    "*APIKEY*",
    "*ACCESS_KEY*",
    "*ACCESSKEY*",
    "*ACCOUNT_KEY*",
    "*AUTH_KEY*",
    "*ENCRYPTION_KEY*",
    "*MASTER_KEY*",
    "*PRIVATE_KEY*",
    "*PRIVATEKEY*",
    "*SHARED_KEY*",
    "*SIGNING_KEY*",
    "*SSH_KEY*",
    "*CONNECTION_STRING*",
    "*CONNECTIONSTRING*",
    "*CONN_STR*",
    "*DSN*",
    "*DOCKERCONFIG*",
    "*DOCKER_AUTH*",
    "REDIS_AUTH",
];

/// Compiled patterns.
pub(super) struct Names {
    /// Words that are looked for anywhere in a name, sorted.
    words: Vec<Box<[u8]>>,
    /// For each byte, the words that begin with it: from, and how many.
    begin: [(u16, u16); 256],
    globs: Vec<Box<[u8]>>,
}

impl Names {
    pub(super) fn new(more: &[String]) -> Names {
        let mut names = Names { words: Vec::new(), begin: [(0, 0); 256], globs: Vec::new() };
        for pattern in BUILT_IN.iter().copied().chain(more.iter().map(String::as_str)) {
            let pattern: Box<[u8]> = pattern.bytes().map(fold).collect();
            let inner = pattern.strip_prefix(b"*").and_then(|rest| rest.strip_suffix(b"*"));
            match inner.filter(|inner| !inner.is_empty() && !inner.contains(&b'*') && !inner.contains(&b'?'))
            {
                // So many that a number does not hold them are slow, not wrong.
                Some(word) if names.words.len() < usize::from(u16::MAX) => names.words.push(word.into()),
                _ => names.globs.push(pattern),
            }
        }
        names.words.sort_unstable();
        for (index, word) in names.words.iter().enumerate() {
            let (from, count) = &mut names.begin[usize::from(word[0])];
            if *count == 0 {
                *from = index as u16;
            }
            *count += 1;
        }
        names
    }

    pub(super) fn tells(&self, name: &[u8]) -> bool {
        let name: Vec<u8> = name.iter().copied().map(fold).collect();
        let has_word = name.iter().enumerate().any(|(at, &byte)| {
            let (from, count) = self.begin[usize::from(byte)];
            let mut words = self.words.iter().skip(from.into()).take(count.into());
            words.any(|word| name[at..].starts_with(word))
        });
        has_word || self.globs.iter().any(|pattern| matches(pattern, &name))
    }
}

fn fold(byte: u8) -> u8 {
    match byte {
        b'-' | b'.' => b'_',
        other => other.to_ascii_uppercase(),
    }
}

/// Whether the whole name is what the pattern says. Of the stars only the last one is ever tried again, so the time is at
/// most the product of both lengths.
fn matches(pattern: &[u8], name: &[u8]) -> bool {
    let (mut p, mut n) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while n < name.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, n));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == name[n] => (p, n) = (p + 1, n + 1),
            _ => {
                let Some((after_star, from)) = retry else { return false };
                retry = Some((after_star, from + 1));
                (p, n) = (after_star, from + 1);
            }
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn built_in_names() {
        let names = Names::new(&[]);
        for name in [
            "DB_PASSWORD",
            "password",
            "MyPasswd",
            "POSTGRES_PASS",
            "PASS",
            "DB_PWD",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_ACCESS_KEY_ID",
            "GITHUB_TOKEN",
            "spring.datasource.password",
            "x-api-key",
            "APIKEY",
            "TLS_PRIVATE_KEY",
            "GOOGLE_APPLICATION_CREDENTIALS",
            "SENTRY_DSN",
            "AZURE_STORAGE_CONNECTION_STRING",
            "REDIS_AUTH",
            "TTOKEN",
        ] {
            assert!(names.tells(name.as_bytes()), "{name}");
        }
        for name in [
            "",
            "PATH",
            "PWD",
            "OLDPWD",
            "BYPASS",
            "KEYCLOAK_URL",
            "PUBLIC_KEY",
            "SORT_KEY",
            "UPSTREAM",
            "TOKE",
            "AUTHOR",
            "LOG_LEVEL",
            "SECRE",
        ] {
            assert!(!names.tells(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn patterns_of_the_owner() {
        let names =
            Names::new(&["my_*".into(), "*pin".into(), "a?c".into(), "*x*y".into(), "*inner*".into()]);
        for name in ["MY_", "my-thing", "CARD_PIN", "pin", "ABC", "a.c", "XY", "1x2x3y", "THE_INNER_ONE"] {
            assert!(names.tells(name.as_bytes()), "{name}");
        }
        for name in ["AMY_", "PINS", "AC", "ABBC", "XYZ", ""] {
            assert!(!names.tells(name.as_bytes()), "{name}");
        }
        assert!(Names::new(&["*".into()]).tells(b""), "a star alone is any name");
        assert!(!Names::new(&["".into()]).tells(b"a"));
        let long = vec![b'A'; 10_000];
        assert!(!Names::new(&["*A*A*A*A*A*A*B".into()]).tells(&long), "and in no more than a moment");
    }
}
