//! Credentials that stay fresh: when to read a token file or to run an exec plugin again.
//!
//! The rules are those of client-go. A token file is read at most once a minute. While it cannot be read, its last good content is
//! used. A plugin's answer is used until it expires; without an expiration it is used for good. Both are refreshed when
//! the server answers 401. One thread refreshes, and the others wait for it until their deadlines.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use super::access::Auth;
use super::exec::{self, ExecConfig, Running};
use super::identity::IdentityPem;
use super::scrub::Scrub;
use super::secret::Secret;
use crate::{Cause, NoAnswer};
use wagather_base::base64;
use wagather_base::file;
use wagather_base::limits::MAX_CREDENTIAL_BYTES;

/// How long the content of a token file is used before the file is read again.
const TOKEN_FILE_SECONDS: u64 = 60;

/// One credential. It never changes.
pub(super) struct Credential {
    /// The value of the `Authorization` header.
    pub(super) authorization: Option<Secret>,
    /// The client certificate that an exec plugin issued.
    pub(super) identity: Option<IdentityPem>,
    /// The number of the credential. Connections that were made with another client certificate are not reused.
    pub(super) generation: u64,
    /// Removes the header's value from answers.
    pub(super) scrub: Option<Arc<Scrub>>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credential").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// Where credentials come from.
#[derive(Debug)]
pub(super) struct Credentials {
    origin: Origin,
    state: Mutex<State>,
    changed: Condvar,
    /// The plugin that is running.
    running: Running,
}

#[derive(Debug)]
enum Origin {
    Fixed(Arc<Credential>),
    TokenFile(PathBuf),
    Exec(ExecConfig, Option<Value>),
}

#[derive(Debug, Default)]
struct State {
    current: Option<Arc<Credential>>,
    /// When to refresh: a monotonic time for files, a time of day for plugins.
    stale_at: Option<Instant>,
    expires: Option<SystemTime>,
    /// Whether a thread is refreshing.
    busy: bool,
    /// Why a plugin failed. It is not run again, because it would ask the person again, or be refused again.
    failed: Option<NoAnswer>,
}

impl Credentials {
    /// Credentials of a configuration. This neither reads a file nor runs a plugin.
    pub(super) fn new(auth: Auth) -> Result<Credentials, String> {
        let mut state = State::default();
        let origin = match auth {
            Auth::Nothing => Origin::Fixed(credential(None, None, 0)),
            Auth::Token(token) => Origin::Fixed(credential(Some(bearer(token.reveal())?), None, 0)),
            Auth::Basic(user, password) => {
                let both = base64::encode(format!("{user}:{}", password.reveal()).as_bytes());
                Origin::Fixed(credential(Some(Secret::new(format!("Basic {both}"))), None, 0))
            }
            Auth::TokenFile(path, fallback) => {
                if let Some(token) = fallback {
                    state.current = Some(credential(Some(bearer(token.reveal())?), None, 0));
                    state.stale_at = Some(Instant::now());
                }
                Origin::TokenFile(path)
            }
            Auth::Exec(config, info) => Origin::Exec(config, info),
        };
        let running = Running::default();
        Ok(Credentials { origin, state: Mutex::new(state), changed: Condvar::new(), running })
    }

    /// Kills the running plugin. Nobody waits for its answer any more.
    pub(super) fn close(&self) {
        self.running.end();
    }

    /// The credential to use now.
    pub(super) fn current(&self, deadline: Instant) -> Result<Arc<Credential>, NoAnswer> {
        match &self.origin {
            Origin::Fixed(credential) => Ok(credential.clone()),
            _ => self.get(None, deadline),
        }
    }

    /// The credential to use now, if that is known without reading a file, running a plugin or waiting.
    pub(super) fn known(&self) -> Option<Arc<Credential>> {
        match &self.origin {
            Origin::Fixed(credential) => Some(credential.clone()),
            _ => {
                let state = self.lock();
                state.current.clone().filter(|_| !state.is_stale())
            }
        }
    }

    /// A credential other than the one that the server refused. `None` if there is no other.
    pub(super) fn renewed(
        &self,
        refused: &Credential,
        deadline: Instant,
    ) -> Result<Option<Arc<Credential>>, NoAnswer> {
        if matches!(self.origin, Origin::Fixed(_)) {
            return Ok(None);
        }
        let credential = self.get(Some(refused.generation), deadline)?;
        Ok((credential.generation != refused.generation).then_some(credential))
    }

    fn get(&self, refused: Option<u64>, deadline: Instant) -> Result<Arc<Credential>, NoAnswer> {
        let mut state = self.lock();
        loop {
            if let Some(current) = &state.current
                && refused != Some(current.generation)
                && !state.is_stale()
            {
                return Ok(current.clone());
            }
            if let Some(failed) = &state.failed {
                return Err(failed.clone());
            }
            if !state.busy {
                break;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                let reason = "cannot get credentials in time".to_owned();
                return Err(NoAnswer { cause: Cause::Late, reason, advice: String::new() });
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.busy = true;
        let before = state.current.clone();
        drop(state);

        let asked = self.ask(before.as_ref(), deadline);
        let mut state = self.lock();
        state.busy = false;
        self.changed.notify_all();
        if let (Origin::Exec(..), Err(failed)) = (&self.origin, &asked)
            && failed.cause != Cause::Late
        {
            state.failed = Some(failed.clone());
        }
        let (credential, expires) = asked?;
        state.stale_at = match self.origin {
            Origin::TokenFile(_) => Some(Instant::now() + Duration::from_secs(TOKEN_FILE_SECONDS)),
            _ => None,
        };
        state.expires = expires;
        state.current = Some(credential.clone());
        Ok(credential)
    }

    /// Reads the file or runs the plugin. If the result has not changed, the credential stays the same.
    fn ask(
        &self,
        before: Option<&Arc<Credential>>,
        deadline: Instant,
    ) -> Result<(Arc<Credential>, Option<SystemTime>), NoAnswer> {
        let generation = before.map_or(1, |before| before.generation + 1);
        match &self.origin {
            Origin::Fixed(credential) => Ok((credential.clone(), None)),
            Origin::TokenFile(path) => match (read_token(path), before) {
                (Ok(token), Some(before)) if before.authorization.as_ref() == Some(&token) => {
                    Ok((before.clone(), None))
                }
                (Ok(token), before) => Ok((succeed(before, Some(token), None, generation), None)),
                (Err(_), Some(before)) => Ok((before.clone(), None)),
                (Err(why), None) => Err(NoAnswer {
                    cause: Cause::Final,
                    reason: format!("cannot get credentials: the token file {} {why}", path.display()),
                    advice: String::new(),
                }),
            },
            Origin::Exec(config, info) => {
                let issued = exec::run(config, info.as_ref(), deadline, &self.running)?;
                let token =
                    issued.token.map(|token| bearer(token.reveal())).transpose().map_err(|why| NoAnswer {
                        cause: Cause::Final,
                        reason: format!(
                            "cannot use the credentials of the exec plugin {}: {why}",
                            config.command.display()
                        ),
                        advice: String::new(),
                    })?;
                Ok((succeed(before, token, issued.identity, generation), issued.expires))
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn is_stale(&self) -> bool {
        self.stale_at.is_some_and(|at| Instant::now() >= at)
            || self.expires.is_some_and(|expires| SystemTime::now() >= expires)
    }
}

fn credential(
    authorization: Option<Secret>,
    identity: Option<IdentityPem>,
    generation: u64,
) -> Arc<Credential> {
    succeed(None, authorization, identity, generation)
}

/// A credential that replaces another one. A server may still repeat the old one, so both are scrubbed.
fn succeed(
    before: Option<&Arc<Credential>>,
    authorization: Option<Secret>,
    identity: Option<IdentityPem>,
    generation: u64,
) -> Arc<Credential> {
    let former = before.and_then(|before| before.scrub.as_ref());
    let scrub = Scrub::after(authorization.as_ref(), former);
    Arc::new(Credential { authorization, identity, generation, scrub })
}

fn read_token(path: &Path) -> Result<Secret, String> {
    let text = file::read_text(path, MAX_CREDENTIAL_BYTES).map_err(|why| format!("cannot be read: {why}"))?;
    // Editors of Windows write a byte order mark.
    match text.trim_start_matches('\u{feff}').trim() {
        "" => Err("is empty".to_owned()),
        token => bearer(token).map_err(|why| format!("cannot be used: {why}")),
    }
}

fn bearer(token: &str) -> Result<Secret, String> {
    if !token.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(
            "the token has white space or other characters that are not allowed in a token".to_owned()
        );
    }
    Ok(Secret::new(format!("Bearer {token}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn soon() -> Instant {
        Instant::now() + Duration::from_secs(10)
    }

    fn header(credential: &Credential) -> &str {
        credential.authorization.as_ref().unwrap().reveal()
    }

    #[test]
    fn fixed_ones() {
        let of = |auth| Credentials::new(auth).unwrap().current(soon()).unwrap();
        assert!(of(Auth::Nothing).authorization.is_none());
        assert_eq!(header(&of(Auth::Token(Secret::new("t")))), "Bearer t");
        assert_eq!(header(&of(Auth::Basic("u".to_owned(), Secret::new("p")))), "Basic dTpw");
        assert!(Credentials::new(Auth::Token(Secret::new("a\r\nb"))).is_err());
        let token = Credentials::new(Auth::Token(Secret::new("hunter2"))).unwrap();
        assert!(!format!("{token:?}").contains("hunter2"));
        assert!(token.renewed(&token.current(soon()).unwrap(), soon()).unwrap().is_none());
    }

    #[test]
    fn a_token_file_is_read_again_after_a_refusal_and_after_a_minute() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let credentials = Credentials::new(Auth::TokenFile(path.clone(), None)).unwrap();
        assert!(credentials.current(soon()).unwrap_err().reason.contains("cannot be read"));
        std::fs::write(&path, "two words").unwrap();
        let reason = credentials.current(soon()).unwrap_err().reason;
        assert!(reason.contains("/token cannot be used: the token has white space"), "{reason}");
        std::fs::write(&path, "\u{feff} one\n").unwrap();
        let one = credentials.current(soon()).unwrap();
        assert_eq!(header(&one), "Bearer one");
        assert!(credentials.renewed(&one, soon()).unwrap().is_none());

        std::fs::write(&path, "two").unwrap();
        assert_eq!(header(&credentials.current(soon()).unwrap()), "Bearer one");
        let two = credentials.renewed(&one, soon()).unwrap().unwrap();
        assert_eq!(header(&two), "Bearer two");

        std::fs::write(&path, "three").unwrap();
        credentials.lock().stale_at = Some(Instant::now());
        assert_eq!(header(&credentials.current(soon()).unwrap()), "Bearer three");
        std::fs::remove_file(&path).unwrap();
        credentials.lock().stale_at = Some(Instant::now());
        assert_eq!(header(&credentials.current(soon()).unwrap()), "Bearer three");
    }

    #[test]
    fn a_token_beside_its_file_is_used_until_the_file_can_be_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        let credentials = Credentials::new(Auth::TokenFile(path.clone(), Some(Secret::new("old")))).unwrap();
        assert_eq!(header(&credentials.current(soon()).unwrap()), "Bearer old");
        std::fs::write(&path, "new").unwrap();
        credentials.lock().stale_at = Some(Instant::now());
        assert_eq!(header(&credentials.current(soon()).unwrap()), "Bearer new");
    }

    /// A plugin that counts its runs in a file; its answer expires at the time given.
    fn counting(folder: &Path, expires: &str) -> Credentials {
        let script = format!(
            r#"echo x >> "{0}/runs"; n=$(wc -l < "{0}/runs"); sleep 0.05
            printf '{{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential",
                "status":{{"token":"t%d","expirationTimestamp":"{expires}"}}}}' $n"#,
            folder.display()
        );
        let config = ExecConfig {
            command: "/bin/sh".into(),
            args: vec!["-c".to_owned(), script],
            env: Vec::new(),
            api_version: "client.authentication.k8s.io/v1".to_owned(),
            provide_cluster_info: false,
            interactive_mode: exec::InteractiveMode::Never,
            install_hint: None,
        };
        Credentials::new(Auth::Exec(config, None)).unwrap()
    }

    #[test]
    fn a_plugin_runs_once_for_all_threads_and_again_after_a_refusal() {
        let folder = tempfile::tempdir().unwrap();
        let credentials = counting(folder.path(), "2090-01-01T00:00:00Z");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(header(&credentials.current(soon()).unwrap()), "Bearer t1"));
            }
        });
        let first = credentials.current(soon()).unwrap();
        assert_eq!(header(&credentials.renewed(&first, soon()).unwrap().unwrap()), "Bearer t2");
        assert_eq!(header(&credentials.renewed(&first, soon()).unwrap().unwrap()), "Bearer t2");
    }

    #[test]
    fn a_plugin_that_fails_runs_once() {
        let folder = tempfile::tempdir().unwrap();
        let credentials = counting(folder.path(), "not a time");
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    let failure = credentials.current(soon()).unwrap_err();
                    assert!(failure.reason.contains("is not an RFC 3339 time"), "{failure:?}");
                });
            }
        });
        assert!(credentials.current(soon()).is_err());
        assert_eq!(std::fs::read_to_string(folder.path().join("runs")).unwrap(), "x\n");
    }

    #[test]
    fn a_plugin_runs_again_when_its_answer_expires() {
        let folder = tempfile::tempdir().unwrap();
        let credentials = counting(folder.path(), "2020-01-01T00:00:00Z");
        assert_eq!(header(&credentials.current(soon()).unwrap()), "Bearer t1");
        assert_eq!(header(&credentials.current(soon()).unwrap()), "Bearer t2");
    }
}
