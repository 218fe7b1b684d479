//! Names of environment variables that tell of a secret value.
//!
//! Upper and lower case make no difference, nor do `-`, `.` and `_`: `spring.api-key` is `SPRING_API_KEY`.

/// What is recognised without rules of the cluster's owner. A plain `*KEY*` is not among them: it would take
/// `KEYCLOAK_URL` and `PUBLIC_KEY` too.
pub(super) const BUILT_IN: &[&str] = &[
    "*PASSWORD*",
    "*PASSWD*",
    "*PASSPHRASE*",
    "*PASSCODE*",
    "*PASSKEY*",
    "*PASS",
    "*PWD",
    "PW",
    "*_PW",
    "*_PSW",
    "*SECRET*",
    "*TOKEN*",
    "*CREDENTIAL*",
    "*CREDS*",
    "*_CRED",
    "*API_KEY*",
    "*APIKEY*",
    "*APP_KEY*",
    "*ACCESS_KEY*",
    "*ACCESSKEY*",
    "*ACCOUNT_KEY*",
    "*ACCOUNTKEY*",
    "*ADMIN_KEY*",
    "*AES_KEY*",
    "*AUTH_KEY*",
    "*AUTHKEY*",
    "*CIPHER_KEY*",
    "*CRYPT_KEY*",
    "*CRYPTO_KEY*",
    "*ENCRYPTION_KEY*",
    "*ENCRYPTIONKEY*",
    "*FERNET*KEY*",
    "*HMAC_KEY*",
    "*HMACKEY*",
    "*JWT_KEY*",
    "*LICENSE_KEY*",
    "*LICENSEKEY*",
    "*MASTER_KEY*",
    "*MASTERKEY*",
    "*PRIVATE_KEY*",
    "*PRIVATEKEY*",
    "*ROOT_KEY*",
    "*SESSION_KEY*",
    "*SHARED_KEY*",
    "*SHAREDKEY*",
    "*SIGNATURE_KEY*",
    "*SIGNING_KEY*",
    "*SIGNINGKEY*",
    "*SSH_KEY*",
    "*STORAGE_KEY*",
    "*SUBSCRIPTION_KEY*",
    "*UNSEAL_KEY*",
    "*CONNECTION_STRING*",
    "*CONNECTIONSTRING*",
    "*CONN_STR*",
    "DSN",
    "*_DSN",
    "DSN_*",
    "*DOCKERCONFIG*",
    "*DOCKER_AUTH*",
    "*_AUTH",
    "*_JWT",
    "*_SALT",
    "*_SALTS",
    "*ERLANG_COOKIE*",
    "*MNEMONIC*",
    "*SEED_PHRASE*",
    "*HTPASSWD*",
];

/// Names that one of the patterns would take, and that say where a secret is, or what is due of it.
pub(super) const HARMLESS: &[&str] = &[
    "*_FILE",
    "*_FILES",
    "*_FILENAME",
    "*_PATH",
    "*_DIR",
    "*_DIRECTORY",
    "*_LOCATION",
    "*_MOUNT",
    "*_NAME",
    "*_NAMES",
    "*_USERNAME",
    "*_NAMESPACE",
    "*_NAMESPACES",
    "*_REF",
    "*_REFS",
    "*_ARN",
    "*_CLASS",
    "*_KIND",
    "*_TYPE",
    "*_VERSION",
    "*_URL",
    "*_URI",
    "*_ENDPOINT",
    "*_HOST",
    "*_HOSTNAME",
    "*_PORT",
    "*_PORT_*_TCP*",
    "*_ADDR",
    "*_ADDRESS",
    "*_PROVIDER",
    "*_BACKEND",
    "*_STORE",
    "*_MANAGER",
    "*_ENGINE",
    "*_HEADER",
    "*_PARAM",
    "*_ISSUER",
    "*_AUDIENCE",
    "*_AUDIENCES",
    "*_ALGORITHM",
    "*_ALG",
    "*_METHOD",
    "*_MODE",
    "*_FORMAT",
    "*_POLICY",
    "*_ENABLED",
    "*_DISABLED",
    "*_REQUIRED",
    "*_TTL",
    "*_AGE",
    "*_EXPIRY",
    "*_EXPIRATION",
    "*_EXPIRES",
    "*_EXPIRES_IN",
    "*_EXPIRE_*",
    "*_LIFETIME",
    "*_DURATION",
    "*_TIMEOUT",
    "*_INTERVAL",
    "*_PERIOD",
    "*_SECONDS",
    "*_MINUTES",
    "*_HOURS",
    "*_DAYS",
    "*_LENGTH",
    "*_LEN",
    "*_SIZE",
    "*_COUNT",
    "*_LIMIT",
    "*_MAX",
    "*_MIN",
    "*_PER_*",
    "*_ROTATION",
    "*_REGEX",
    "*_LABEL",
    "*_SELECTOR",
    "MAX_*TOKEN*",
    "*_MAX_*TOKEN*",
    "MIN_*TOKEN*",
    "NUM_*TOKEN*",
    "*_NUM_*TOKEN*",
    "TOTAL_TOKENS",
    "PROMPT_TOKENS",
    "COMPLETION_TOKENS",
    "*TOKENIZER*",
    "*TOKENIZE",
    "*TOKENIZATION*",
    "*PARALLELISM*",
    "*SECRETARY*",
    "ALLOW_EMPTY_*",
    "*PUBLIC_KEY*",
    "*TOKEN_PUBLIC*",
    "AUTOMOUNT*TOKEN",
    "PWD",
    "OLDPWD",
    "*BYPASS",
    "*COMPASS",
    "*SURPASS",
    "*TRESPASS",
    "*OVERPASS",
    "*UNDERPASS",
    "*MULTIPASS",
    "*LOWPASS",
    "*HIGHPASS",
    "*BANDPASS",
];

/// Compiled patterns.
pub(super) struct Names {
    /// Words that are looked for anywhere in a name, sorted.
    words: Vec<Box<[u8]>>,
    /// For each byte, the words that begin with it: from, and how many.
    begin: [(u16, u16); 256],
    globs: Vec<Glob>,
    harmless: Vec<Glob>,
    /// Patterns of the cluster's owner, which hold whatever a name looks like.
    owned: Vec<Box<[u8]>>,
}

/// A pattern. Most say how a name ends.
enum Glob {
    End(&'static [u8]),
    Any(&'static [u8]),
}

impl Glob {
    fn new(pattern: &'static str) -> Glob {
        match pattern.strip_prefix('*').filter(|end| !end.contains('*')) {
            Some(end) => Glob::End(end.as_bytes()),
            None => Glob::Any(pattern.as_bytes()),
        }
    }

    fn is_match(&self, name: &[u8]) -> bool {
        match self {
            Glob::End(end) => name.ends_with(end),
            Glob::Any(pattern) => matches(pattern, name),
        }
    }
}

impl Names {
    pub(super) fn new(more: &[String]) -> Names {
        let mut names = Names {
            words: Vec::new(),
            begin: [(0, 0); 256],
            globs: Vec::new(),
            harmless: HARMLESS.iter().copied().map(Glob::new).collect(),
            owned: more.iter().map(|pattern| pattern.bytes().map(fold).collect()).collect(),
        };
        for pattern in BUILT_IN {
            let inner = pattern.strip_prefix('*').and_then(|rest| rest.strip_suffix('*'));
            match inner.filter(|inner| !inner.contains('*')) {
                Some(word) => names.words.push(word.as_bytes().into()),
                None => names.globs.push(Glob::new(pattern)),
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

    /// Whether the value of a variable of that name is secret.
    pub(super) fn tells(&self, name: &[u8]) -> bool {
        let folded: Vec<u8> = name.iter().copied().map(fold).collect();
        if self.owned.iter().any(|pattern| matches(pattern, &folded)) {
            return true;
        }
        let has_word = folded.iter().enumerate().any(|(at, &byte)| {
            let (from, count) = self.begin[usize::from(byte)];
            let mut words = self.words.iter().skip(from.into()).take(count.into());
            words.any(|word| folded[at..].starts_with(word))
        });
        if !has_word && !self.globs.iter().any(|glob| glob.is_match(&folded)) {
            return false;
        }
        let is_camel = name.windows(2).any(|two| two[0].is_ascii_lowercase() && two[1].is_ascii_uppercase());
        let words = if is_camel { words_of(name) } else { Vec::new() };
        !self.harmless.iter().any(|glob| glob.is_match(&folded) || glob.is_match(&words))
    }
}

/// A name whose words have underscores between them, also where only a capital letter begins one: `secretName`.
fn words_of(name: &[u8]) -> Vec<u8> {
    let mut words = Vec::with_capacity(name.len() + 4);
    for (at, &byte) in name.iter().enumerate() {
        if byte.is_ascii_uppercase() && at > 0 && name[at - 1].is_ascii_lowercase() {
            words.push(b'_');
        }
        words.push(fold(byte));
    }
    words
}

/// Whether a value says nothing: a switch, a number where numbers of tokens are meant, a reference to a value that is elsewhere.
pub(super) fn is_harmless_value(value: &[u8]) -> bool {
    const SWITCHES: [&[u8]; 11] =
        [b"true", b"false", b"yes", b"no", b"on", b"off", b"none", b"null", b"nil", b"enabled", b"disabled"];
    let text = value.trim_ascii();
    let is_within = |open: &[u8], close: &[u8]| text.starts_with(open) && text.ends_with(close);
    text.is_empty()
        || SWITCHES.iter().any(|switch| text.eq_ignore_ascii_case(switch))
        || is_within(b"$(", b")")
        || is_within(b"${", b"}")
        || is_within(b"{{", b"}}")
        || is_within(b"<", b">")
        || is_within(b"%(", b")s")
        || matches!(text, b"%s" | b"%v" | b"%q" | b"cmVkYWN0ZWQ=")
        || text.iter().all(|&byte| byte == b'*')
        || is_variable(text)
}

/// `$NAME`, as shells write it.
fn is_variable(text: &[u8]) -> bool {
    let Some(name) = text.strip_prefix(b"$") else { return false };
    name.first().is_some_and(u8::is_ascii_uppercase)
        && name.iter().all(|&byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
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
