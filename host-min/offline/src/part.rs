//! Which part of a log a request asks for.

/// Which part of a log.
#[derive(Clone, Debug, Default)]
pub struct LogPart {
    /// How many lines, from the end.
    pub tail_lines: Option<usize>,
    /// From when.
    pub since: Option<Since>,
    /// How many bytes, from the beginning of what is left.
    pub limit_bytes: Option<usize>,
    /// Whether lines begin with their time, if the log was gathered so.
    pub timestamps: bool,
}

/// From when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Milliseconds before the gathering.
    Before(i64),
    /// Milliseconds since the Unix epoch.
    Time(i64),
}

impl Since {
    /// Seconds before the gathering.
    pub fn seconds(seconds: usize) -> Since {
        Since::Before(i64::try_from(seconds).unwrap_or(i64::MAX).saturating_mul(1000))
    }

    /// A time as RFC 3339 has it.
    pub fn time(text: &str) -> Result<Since, String> {
        let millis = millis_of(text).ok_or_else(|| format!("the time {text} cannot be read"))?;
        Ok(Since::Time(millis))
    }
}

/// A time, in milliseconds since the Unix epoch.
pub(crate) fn millis_of(time: &str) -> Option<i64> {
    let time = humantime::parse_rfc3339(time).ok()?;
    time.duration_since(std::time::UNIX_EPOCH).ok()?.as_millis().try_into().ok()
}
