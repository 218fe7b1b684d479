//! Exec credential plugins: programs that answer with a token or a client certificate.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins>,
//! `client.authentication.k8s.io/v1` and `v1beta1`. One run of a plugin is here; when to run it again is for
//! [`credentials`](super::credentials) to say. The plugin's stderr is the person's to see and passes through.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};

use super::access::IdentityPem;
use super::base64;
use super::kubeconfig::ClusterEntry;
use super::secret::Secret;
use super::timestamp;
use super::url::ServerUrl;
use crate::source::{Cause, NoAnswer};

/// What a plugin may print: tokens and certificates are a few kilobytes.
const MAX_OUTPUT_BYTES: u64 = 1 << 20;
/// How often a plugin is looked at while it ends.
const POLL: Duration = Duration::from_millis(2);

/// The `exec` of a kubeconfig's user.
#[derive(Debug)]
pub(super) struct ExecConfig {
    /// A name to be found in `PATH`, or an absolute path.
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

/// What a plugin answered.
#[derive(Debug)]
pub(super) struct Issued {
    pub(super) token: Option<Secret>,
    pub(super) identity: Option<IdentityPem>,
    /// When to ask again; never if it does not say.
    pub(super) expires: Option<SystemTime>,
}

/// What a plugin is told of the cluster if it wants to know (`spec.cluster` of `ExecCredential`).
pub(super) fn cluster_info(cluster: &ClusterEntry, server: &ServerUrl, authority: Option<&[u8]>) -> Value {
    let mut info = json!({ "server": server.to_string() });
    if let Some(name) = &cluster.tls_server_name {
        info["tls-server-name"] = json!(name);
    }
    if cluster.insecure_skip_tls_verify {
        info["insecure-skip-tls-verify"] = json!(true);
    }
    if let Some(pem) = authority {
        info["certificate-authority-data"] = json!(base64::encode(pem));
    }
    if let Some(url) = &cluster.proxy_url {
        info["proxy-url"] = json!(url);
    }
    if let Some(extension) = &cluster.exec_extension {
        info["config"] = extension.clone();
    }
    info
}

/// Runs a plugin and reads its answer; it is killed at the deadline.
pub(super) fn run(
    config: &ExecConfig,
    cluster: Option<&Value>,
    deadline: Instant,
) -> Result<Issued, NoAnswer> {
    let output = output(config, cluster, deadline)?;
    read_answer(config, &output)
        .map_err(|why| failed(config, format!("gave an answer that cannot be used: {why}"), false))
}

fn output(config: &ExecConfig, cluster: Option<&Value>, deadline: Instant) -> Result<String, NoAnswer> {
    let terminal = config.interactive_mode != InteractiveMode::Never && std::io::stdin().is_terminal();
    if config.interactive_mode == InteractiveMode::Always && !terminal {
        return Err(failed(
            config,
            "needs a terminal (interactiveMode: Always), and stdin is none".to_owned(),
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
    let mut child = Command::new(&config.command)
        .args(&config.args)
        .env("KUBERNETES_EXEC_INFO", info.to_string())
        .envs(config.env.iter().map(|(name, value)| (name, value.reveal())))
        .stdin(if terminal { Stdio::inherit() } else { Stdio::null() })
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()
        .map_err(|error| failed(config, format!("could not be started: {error}"), true))?;

    // The answer is read on a thread, so that a plugin that hangs costs no more than the deadline.
    let (sender, receiver) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        std::thread::spawn(move || {
            let mut text = String::new();
            let read = stdout.take(MAX_OUTPUT_BYTES).read_to_string(&mut text);
            let _ = sender.send(read.map(|_| text));
        });
    }
    let read = receiver.recv_timeout(deadline.saturating_duration_since(Instant::now()));
    loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break,
            Ok(Some(status)) => return Err(failed(config, format!("failed ({status})"), false)),
            Ok(None) if Instant::now() < deadline => std::thread::sleep(POLL),
            Ok(None) => {
                let _ = child.kill();
                let _ = child.wait();
                let mut failure = failed(config, "did not answer in time, and was stopped".to_owned(), false);
                failure.cause = Cause::Late;
                return Err(failure);
            }
            Err(error) => return Err(failed(config, format!("could not be waited for: {error}"), false)),
        }
    }
    match read {
        Ok(Ok(text)) => Ok(text),
        Ok(Err(error)) => Err(failed(config, format!("gave an answer that cannot be read: {error}"), false)),
        Err(_) => Err(failed(config, "left its output open to another program".to_owned(), false)),
    }
}

pub(super) fn read_answer(config: &ExecConfig, text: &str) -> Result<Issued, String> {
    // The error of serde_json would quote what it met, which may be a token.
    let answer: Value = serde_json::from_str(text)
        .map_err(|error| format!("it is not JSON (line {}, column {})", error.line(), error.column()))?;
    let said = |key: &str| answer[key].as_str().unwrap_or_default();
    if said("kind") != "ExecCredential" {
        return Err("it is not an ExecCredential".to_owned());
    }
    if said("apiVersion") != config.api_version {
        return Err(format!("its apiVersion is \"{}\", not \"{}\"", said("apiVersion"), config.api_version));
    }
    let status = &answer["status"];
    let field = |key: &str| status[key].as_str().filter(|text| !text.is_empty());
    let identity = match (field("clientCertificateData"), field("clientKeyData")) {
        (Some(certificates), Some(key)) => Some(IdentityPem {
            certificates: certificates.as_bytes().to_vec(),
            key: key.as_bytes().to_vec(),
            owner: format!("the exec plugin {}", config.command.display()),
        }),
        (None, None) => None,
        _ => return Err("it has only one of clientCertificateData and clientKeyData".to_owned()),
    };
    let token = field("token").map(Secret::new);
    if token.is_none() && identity.is_none() {
        return Err("it has neither a token nor a client certificate".to_owned());
    }
    let expires = match field("expirationTimestamp") {
        Some(text) => Some(
            timestamp::parse(text)
                .ok_or_else(|| format!("its expirationTimestamp, {text}, is not an RFC 3339 time"))?,
        ),
        None => None,
    };
    Ok(Issued { token, identity, expires })
}

fn failed(config: &ExecConfig, what: String, hint: bool) -> NoAnswer {
    let advice = match &config.install_hint {
        Some(text) if hint => text.trim().to_owned(),
        _ if hint => "Install it, or name it by its whole path in the kubeconfig.".to_owned(),
        _ => "It is the kubeconfig's exec plugin; run it by hand to see more.".to_owned(),
    };
    let reason = format!("cannot get credentials: the exec plugin {} {what}", config.command.display());
    NoAnswer { cause: Cause::Final, reason, advice }
}

#[cfg(test)]
mod tests {
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
        run(&plugin(script), None, Instant::now() + Duration::from_secs(10))
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
        run(&config, Some(&info), Instant::now() + Duration::from_secs(10)).unwrap();
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
            ("echo '{'".to_owned(), "it is not JSON (line 2, column 0)"),
            ("echo '{}'".to_owned(), "it is not an ExecCredential"),
            (format!("echo '{{{HEAD}}}'"), "it has neither a token nor a client certificate"),
            (
                format!(r#"echo '{{{HEAD},"status":{{"clientKeyData":"x"}}}}'"#),
                "it has only one of clientCertificateData and clientKeyData",
            ),
            (
                format!(r#"echo '{{{HEAD},"status":{{"token":"x","expirationTimestamp":"soon"}}}}'"#),
                "its expirationTimestamp, soon, is not an RFC 3339 time",
            ),
        ] {
            let failure = issue(&script).unwrap_err();
            assert!(failure.reason.contains(expected), "{}", failure.reason);
            assert!(failure.reason.starts_with("cannot get credentials: the exec plugin /bin/sh "));
        }
        let mut config = plugin("");
        config.command = "no-such-plugin-here".into();
        let failure = run(&config, None, Instant::now() + Duration::from_secs(1)).unwrap_err();
        assert!(failure.reason.contains("could not be started"));
        assert_eq!(failure.advice, "get it from the shelf");
    }

    #[test]
    fn a_plugin_that_hangs_is_stopped_at_the_deadline() {
        let begin = Instant::now();
        let failure = run(&plugin("exec sleep 60"), None, begin + Duration::from_millis(100)).unwrap_err();
        assert_eq!(failure.cause, Cause::Late);
        assert!(begin.elapsed() < Duration::from_secs(5));
    }
}
