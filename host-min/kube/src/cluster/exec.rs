//! Exec credential plugins: programs that print a token or a client certificate.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>,
//! `client.authentication.k8s.io/v1` and `v1beta1`. This module runs a plugin once. [`credentials`](super::credentials)
//! decides when to run it again. The plugin's stderr is for the person and passes through.
//!
//! A plugin has its own process group, so that everything it starts can be killed with it. That happens at the deadline, when the
//! plugin prints more than any credential has, and when the plugin has exited but another process still holds its standard output.
//! Other processes that it leaves behind, such as a browser, are left alone. A plugin that may ask a person is an exception: a
//! terminal serves only the foreground group, which is ours. So such a plugin stays in our group, and only the plugin is killed.

mod answer;

use std::io::{self, IsTerminal, PipeReader, Read};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use super::identity::IdentityPem;
use super::secret::Secret;
use crate::{Cause, NoAnswer};
use answer::is_whole;
pub(super) use answer::read_answer;
use wagather_base::fork::{self, Pid};
use wagather_base::stop::{self, Group};

/// How much a plugin may print. Tokens and certificates are a few kilobytes.
const MAX_OUTPUT_BYTES: usize = 1 << 20;
/// How soon a silent plugin is checked. The time doubles with each check…
const FIRST_LOOK: Duration = Duration::from_millis(1);
/// …up to this.
const LAST_LOOK: Duration = Duration::from_millis(50);

/// The `exec` of a kubeconfig's user.
#[derive(Debug)]
pub(super) struct ExecConfig {
    /// A name that is looked up in `PATH`, or an absolute path.
    pub(super) command: PathBuf,
    pub(super) args: Vec<String>,
    pub(super) env: Vec<(String, Secret)>,
    pub(super) api_version: String,
    pub(super) provide_cluster_info: bool,
    pub(super) interactive_mode: InteractiveMode,
    pub(super) install_hint: Option<String>,
}

/// Whether a plugin gets our stdin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum InteractiveMode {
    Never,
    IfAvailable,
    Always,
}

/// The credential that a plugin printed.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) token: Option<Secret>,
    pub(super) identity: Option<IdentityPem>,
    /// When to run the plugin again. Never if it does not say.
    pub(super) expires: Option<SystemTime>,
}

/// The running plugin, so that other threads can kill it.
#[derive(Debug, Default)]
pub(super) struct Running(Mutex<Option<Plugin>>);

/// A plugin that has not been waited for.
#[derive(Debug)]
struct Plugin {
    process: Pid,
    /// Its own group, if it has one. A signal that ends this process kills the group, too.
    group: Option<Group>,
}

impl Running {
    fn lock(&self) -> MutexGuard<'_, Option<Plugin>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn begin(&self, child: &Child, is_apart: bool) {
        let process = child.id().cast_signed();
        *self.lock() = Some(Plugin { process, group: is_apart.then(|| Group::new(process)) });
    }

    /// Kills it, and what it started.
    pub(super) fn end(&self) {
        if let Some(Plugin { process, group }) = &*self.lock() {
            match group {
                Some(_) => fork::kill_group(*process),
                None => fork::kill(*process),
            }
        }
    }

    /// Waits for a plugin that was killed.
    fn wait(&self, child: &mut Child) {
        let mut plugin = self.lock();
        let _ = child.wait();
        *plugin = None;
    }

    /// Waits for it if it has exited. Until then its number cannot be reused.
    fn ended(&self, child: &mut Child) -> io::Result<Option<ExitStatus>> {
        let mut plugin = self.lock();
        let status = child.try_wait()?;
        if status.is_some() {
            *plugin = None;
        }
        Ok(status)
    }
}

/// Runs a plugin and reads its answer. Kills it at the deadline.
pub(super) fn run(
    config: &ExecConfig,
    cluster: Option<&Value>,
    deadline: Instant,
    running: &Running,
) -> Result<Issued, NoAnswer> {
    let output = output(config, cluster, deadline, running)?;
    read_answer(config, &output)
        .map_err(|why| failed(config, format!("printed output that cannot be used: {why}"), false))
}

fn output(
    config: &ExecConfig,
    cluster: Option<&Value>,
    deadline: Instant,
    running: &Running,
) -> Result<Vec<u8>, NoAnswer> {
    let terminal = config.interactive_mode != InteractiveMode::Never && std::io::stdin().is_terminal();
    if config.interactive_mode == InteractiveMode::Always && !terminal {
        return Err(failed(
            config,
            "needs a terminal (interactiveMode: Always), but stdin is not a terminal".to_owned(),
            false,
        ));
    }
    let mut info = json!({
        "apiVersion": config.api_version,
        "kind": "ExecCredential",
        "spec": { "interactive": terminal },
    });
    if let Some(cluster) = cluster {
        info["spec"]["cluster"] = cluster.clone();
    }
    let no_pipe = |error: io::Error| failed(config, format!("could not be started: {error}"), false);
    let (stdout, theirs) = io::pipe().map_err(no_pipe)?;
    let mut command = Command::new(&config.command);
    command
        .args(&config.args)
        .env("KUBERNETES_EXEC_INFO", info.to_string())
        .envs(config.env.iter().map(|(name, value)| (name, value.reveal())))
        .stdin(if terminal { Stdio::inherit() } else { Stdio::null() })
        .stdout(theirs)
        .stderr(Stdio::inherit());
    if !terminal {
        command.process_group(0);
    }
    let mut child =
        command.spawn().map_err(|error| failed(config, format!("could not be started: {error}"), true))?;
    // Our copy of the pipe's other end goes with it.
    drop(command);
    running.begin(&child, !terminal);
    let group = (!terminal).then(|| child.id().cast_signed());
    let heard = hear(stdout, &mut child, group, deadline, running);
    if heard.is_err() {
        running.end();
        running.wait(&mut child);
    }
    match heard {
        Ok(bytes) => Ok(bytes),
        Err(Silent::Failed(status)) => Err(failed(config, format!("failed ({status})"), false)),
        Err(Silent::Endless) => {
            let what = format!("printed more than {} KiB, and was killed", MAX_OUTPUT_BYTES >> 10);
            Err(failed(config, what, false))
        }
        Err(Silent::Unheard(error)) => Err(failed(config, format!("cannot be waited for: {error}"), false)),
        Err(Silent::Late) => {
            let mut failure = failed(config, "did not finish in time, and was killed".to_owned(), false);
            failure.cause = Cause::Late;
            Err(failure)
        }
    }
}

/// Why a plugin failed.
enum Silent {
    Failed(ExitStatus),
    Endless,
    Unheard(io::Error),
    Late,
}

/// Reads the output of a plugin until the plugin exits. If another process still holds the standard output, the output counts as soon
/// as it is a whole document, and the rest of the group is killed.
fn hear(
    mut stdout: PipeReader,
    child: &mut Child,
    group: Option<Pid>,
    deadline: Instant,
    running: &Running,
) -> Result<Vec<u8>, Silent> {
    let (mut text, mut piece) = (Vec::new(), vec![0; 16 << 10]);
    let (mut is_open, mut status, mut look) = (true, None, FIRST_LOOK);
    loop {
        if status.is_none() {
            status = running.ended(child).map_err(Silent::Unheard)?;
        }
        let now = Instant::now();
        // The plugin has exited, so its output is complete in the pipe.
        let until = if status.is_some() { now } else { now + look };
        let can_read = if is_open {
            fork::wait_for(&[stdout.as_fd()], Some(until.min(deadline))).map_err(Silent::Unheard)?[0]
        } else {
            std::thread::sleep(until.min(deadline).saturating_duration_since(now));
            false
        };
        if can_read {
            let len = stdout.read(&mut piece).map_err(Silent::Unheard)?;
            is_open = len > 0;
            text.extend_from_slice(&piece[..len]);
            if text.len() > MAX_OUTPUT_BYTES {
                return Err(Silent::Endless);
            }
            look = FIRST_LOOK;
            continue;
        }
        match status {
            Some(status) if !status.success() => {
                end_rest(group, is_open);
                return Err(Silent::Failed(status));
            }
            Some(_) if !is_open || is_whole(&text) => {
                end_rest(group, is_open);
                return Ok(text);
            }
            // A process that it left behind may still print the rest.
            Some(_) => std::thread::sleep(look),
            None => {}
        }
        if Instant::now() >= deadline || stop::asked().is_some() {
            end_rest(group, status.is_some());
            return Err(Silent::Late);
        }
        look = (look * 2).min(LAST_LOOK);
    }
}

/// Kills what a plugin that has exited left in its group, if it holds the output.
fn end_rest(group: Option<Pid>, is_in_the_way: bool) {
    if let Some(group) = group.filter(|_| is_in_the_way) {
        fork::kill_rest_of_group(group);
    }
}

fn failed(config: &ExecConfig, what: String, hint: bool) -> NoAnswer {
    let advice = match &config.install_hint {
        Some(text) if hint => text.trim().to_owned(),
        _ if hint => "Install it, or write its full path in the kubeconfig.".to_owned(),
        _ => "This is the kubeconfig's exec plugin; run it by hand to see more.".to_owned(),
    };
    let reason = format!("cannot get credentials: the exec plugin {} {what}", config.command.display());
    NoAnswer { cause: Cause::Final, reason, advice }
}

#[cfg(test)]
mod tests {
    use super::super::kubeconfig::ClusterEntry;
    use super::super::kubeconfig::resolve::cluster_info;
    use super::super::timestamp;
    use super::super::url::ServerUrl;
    use super::*;

    fn plugin(script: &str) -> ExecConfig {
        ExecConfig {
            command: "/bin/sh".into(),
            args: vec!["-c".to_owned(), script.to_owned()],
            env: vec![("SECRET".to_owned(), Secret::new("hunter2"))],
            api_version: "client.authentication.k8s.io/v1".to_owned(),
            provide_cluster_info: false,
            interactive_mode: InteractiveMode::Never,
            install_hint: Some("get it from the shelf".to_owned()),
        }
    }

    fn issue(script: &str) -> Result<Issued, NoAnswer> {
        run(&plugin(script), None, Instant::now() + Duration::from_secs(10), &Running::default())
    }

    const HEAD: &str = r#""apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential""#;

    #[test]
    fn a_token_with_an_end() {
        let script = format!(
            r#"printf '{{{HEAD},"status":{{"token":"%s","expirationTimestamp":"2030-01-01T00:00:00Z"}}}}' "$SECRET""#
        );
        let issued = issue(&script).unwrap();
        assert_eq!(issued.token.as_ref().unwrap().reveal(), "hunter2");
        assert_eq!(issued.expires, timestamp::parse("2030-01-01T00:00:00Z"));
        assert!(!format!("{issued:?} {:?}", plugin("")).contains("hunter2"));
    }

    #[test]
    fn a_plugin_is_told_of_the_cluster() {
        let cluster = ClusterEntry {
            tls_server_name: Some("kube".to_owned()),
            exec_extension: Some(json!({"audience": "me"})),
            ..ClusterEntry::default()
        };
        let server = ServerUrl::parse("https://10.0.0.1:6443", true).unwrap();
        let info = cluster_info(&cluster, &server, Some(b"pem"));
        let mut config = plugin(
            r#"printf '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"x"}}'
               printf '%s' "$KUBERNETES_EXEC_INFO" > "$OUT""#,
        );
        config.api_version = "client.authentication.k8s.io/v1beta1".to_owned();
        let folder = tempfile::tempdir().unwrap();
        let out = folder.path().join("info.json");
        config.env.push(("OUT".to_owned(), Secret::new(out.to_str().unwrap())));
        run(&config, Some(&info), Instant::now() + Duration::from_secs(10), &Running::default()).unwrap();
        let told: Value = serde_json::from_slice(&std::fs::read(out).unwrap()).unwrap();
        assert_eq!(
            told,
            json!({
                "apiVersion": "client.authentication.k8s.io/v1beta1",
                "kind": "ExecCredential",
                "spec": {
                    "interactive": false,
                    "cluster": {
                        "server": "https://10.0.0.1:6443",
                        "tls-server-name": "kube",
                        "certificate-authority-data": "cGVt",
                        "config": {"audience": "me"},
                    },
                },
            })
        );
    }

    #[test]
    fn what_goes_wrong_is_told() {
        for (script, expected) in [
            ("exit 3".to_owned(), "failed (exit status: 3)"),
            ("echo '{'".to_owned(), "it is not JSON (at 2:0)"),
            ("echo 'a: ['".to_owned(), "it is neither JSON nor YAML (at 1:5)"),
            ("true".to_owned(), "it is empty"),
            ("echo hunter2".to_owned(), "it is not an ExecCredential"),
            ("echo '{\"kind\":\"Pod\"}'".to_owned(), "it is not an ExecCredential"),
            ("echo '{}'".to_owned(), "its apiVersion is \"\", not \"client.authentication.k8s.io/v1\""),
            (format!("echo '{{{HEAD}}}'"), "it has neither a token nor a client certificate"),
            (
                format!(r#"echo '{{{HEAD},"status":{{"clientKeyData":"x"}}}}'"#),
                "it has only one of clientCertificateData and clientKeyData",
            ),
            (
                format!(r#"echo '{{{HEAD},"status":{{"token":"x","expirationTimestamp":"soon"}}}}'"#),
                "its expirationTimestamp, soon, is not an RFC 3339 timestamp",
            ),
        ] {
            let failure = issue(&script).unwrap_err();
            assert!(failure.reason.contains(expected), "{}", failure.reason);
            assert!(failure.reason.starts_with("cannot get credentials: the exec plugin /bin/sh "));
        }
        let mut config = plugin("");
        config.command = "no-such-plugin-here".into();
        let failure =
            run(&config, None, Instant::now() + Duration::from_secs(1), &Running::default()).unwrap_err();
        assert!(failure.reason.contains("could not be started"));
        assert_eq!(failure.advice, "get it from the shelf");
    }

    #[test]
    fn answers_that_client_go_takes() {
        const YAML: &str = "apiVersion: client.authentication.k8s.io/v1\nkind: ExecCredential\nstatus:\n  token: hunter2\n  expirationTimestamp: 2030-01-01T00:00:00Z\n";
        let json = r#"{"apiVersion":"client.authentication.k8s.io/v1","status":{"token":"hunter2"}}"#;
        let wide: Vec<u8> = format!("\u{feff}{json}").encode_utf16().flat_map(u16::to_le_bytes).collect();
        let marked = format!("\u{feff}{json}");
        let separated = format!("---\n{YAML}");
        for answer in [YAML.as_bytes(), json.as_bytes(), marked.as_bytes(), &wide, separated.as_bytes()] {
            let issued = read_answer(&plugin(""), answer).unwrap();
            assert_eq!(issued.token.unwrap().reveal(), "hunter2");
            assert!(is_whole(answer));
        }
        let issued = read_answer(&plugin(""), YAML.as_bytes()).unwrap();
        assert_eq!(issued.expires, timestamp::parse("2030-01-01T00:00:00Z"));
    }

    fn runs(process: &str) -> bool {
        // A zombie does not run; nobody here waits for one that a plugin left.
        let status = std::fs::read_to_string(format!("/proc/{}/stat", process.trim())).unwrap_or_default();
        status.rsplit(')').next().is_some_and(|rest| !rest.is_empty() && !rest.trim_start().starts_with('Z'))
    }

    fn ends(process: &str) -> bool {
        let begin = Instant::now();
        while runs(process) && begin.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(5));
        }
        !runs(process)
    }

    #[test]
    fn a_plugin_that_hangs_is_stopped_at_the_deadline_with_what_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("left");
        let begin = Instant::now();
        let script = format!("sleep 60 & echo $! > {}; wait", left.display());
        let deadline = begin + Duration::from_millis(500);
        let failure = run(&plugin(&script), None, deadline, &Running::default()).unwrap_err();
        assert_eq!(failure.cause, Cause::Late);
        assert!(begin.elapsed() < Duration::from_secs(5));
        assert!(ends(&std::fs::read_to_string(left).unwrap()));
    }

    #[test]
    fn what_a_plugin_leaves_is_not_waited_for_and_ends_if_it_holds_the_output() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join("left");
        let answer = format!(r#"printf '{{{HEAD},"status":{{"token":"t"}}}}'"#);
        for (redirected, stays) in [("", false), (">/dev/null", true)] {
            let begin = Instant::now();
            let script = format!("sleep 60 {redirected} & echo $! > {}; {answer}", left.display());
            assert_eq!(issue(&script).unwrap().token.unwrap().reveal(), "t");
            assert!(begin.elapsed() < Duration::from_secs(5));
            let process = std::fs::read_to_string(&left).unwrap();
            if stays {
                assert!(runs(&process));
                fork::kill(process.trim().parse().unwrap());
            } else {
                assert!(ends(&process));
            }
        }
        // The answer comes from what was left.
        assert_eq!(issue(&format!("(sleep 0.1; {answer}) &")).unwrap().token.unwrap().reveal(), "t");
    }

    #[test]
    fn a_plugin_without_end_is_stopped() {
        let failure = issue("exec yes").unwrap_err();
        assert!(failure.reason.contains("printed more than 1024 KiB"), "{}", failure.reason);
    }

    #[test]
    fn a_plugin_ends_when_nobody_waits_for_it_any_more() {
        let (running, begin) = (Running::default(), Instant::now());
        std::thread::scope(|scope| {
            let asking = scope.spawn(|| {
                run(&plugin("exec sleep 60"), None, begin + Duration::from_secs(60), &running).unwrap_err()
            });
            while running.lock().is_none() {
                std::thread::sleep(Duration::from_millis(1));
            }
            running.end();
            assert!(asking.join().unwrap().reason.contains("signal: 9"));
        });
        assert!(begin.elapsed() < Duration::from_secs(30));
    }
}
