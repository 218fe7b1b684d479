//! Turns a merged kubeconfig and the options into one [`Access`]: chooses the context, its cluster and its user.
//!
//! It reads the certificate files of the chosen context only. It refuses what client-go refuses: two ways to
//! authenticate, groups without a user.

use serde_json::{Value, json};
use std::path::Path;

use super::{ClusterEntry, ContextEntry, Entry, Kubeconfig, Material, UserEntry, load};
use crate::cluster::access::{Access, Auth, Impersonate, Trust};
use crate::cluster::identity::IdentityPem;
use crate::cluster::url::{self, ProxyUrl, ServerUrl};
use crate::cluster::{Context, Options};
use wagather_base::base64;
use wagather_base::error::{Class, Failure};
use wagather_base::limits::MAX_CREDENTIAL_BYTES;
use wagather_yaml as yaml;

impl Kubeconfig {
    /// Whether it is empty, like an empty file or `/dev/null`.
    pub(in crate::cluster) fn is_empty(&self) -> bool {
        self.current_context.is_none()
            && self.clusters.is_empty()
            && self.contexts.is_empty()
            && self.users.is_empty()
    }

    fn shown(&self) -> String {
        let files: Vec<String> = self.files.iter().map(|file| file.display().to_string()).collect();
        format!("cannot use the kubeconfig {}", files.join(", "))
    }
}

/// Chooses a context and joins its parts.
pub(in crate::cluster) fn resolve(config: Kubeconfig, over: &Options) -> Result<Access, Failure> {
    let attempt = config.shown();
    let fail = |reason: String| Failure::new(Class::Config, attempt.clone(), reason);
    let Kubeconfig { current_context, clusters, contexts, users, warnings, .. } = config;

    let chosen = over.context.clone().or(current_context);
    let (mut cluster_name, mut user_name) = (over.cluster.clone(), over.user.clone());
    match &chosen {
        Some(name) => {
            let Some((_, context)) = contexts.iter().find(|(known, _)| known == name) else {
                let advice = match over.context {
                    Some(_) => "Choose another with --context.",
                    None => {
                        "It is the kubeconfig's current-context; change it, or choose another with --context."
                    }
                };
                return Err(fail(missing("context", name, &contexts)).advise(advice));
            };
            cluster_name = cluster_name.or_else(|| context.cluster.clone());
            user_name = user_name.or_else(|| context.user.clone());
        }
        None if over.server.is_none() && over.cluster.is_none() => {
            return Err(fail(format!("it has no current-context; {}", existing("context", &contexts)))
                .advise("Choose one with --context, or set current-context."));
        }
        None => {}
    }

    let cluster_label = label("cluster", cluster_name.as_deref());
    let user_label = label("user", user_name.as_deref());
    let cluster = match &cluster_name {
        Some(name) => {
            let entry = find(&clusters, name).ok_or_else(|| fail(missing("cluster", name, &clusters)))?;
            load::cluster(entry).map_err(|error| misread(&cluster_label, entry, &error))?
        }
        None => ClusterEntry::default(),
    };
    let user = match &user_name {
        Some(name) => {
            let entry = find(&users, name).ok_or_else(|| fail(missing("user", name, &users)))?;
            load::user(entry).map_err(|error| misread(&user_label, entry, &error))?
        }
        None => UserEntry::default(),
    };
    let mut access = access(cluster, user, over, &cluster_label, &user_label, &fail)?;
    access.warnings.splice(0..0, warnings);
    Ok(access)
}

/// A mistake in a chosen entry, with its place.
fn misread(label: &str, entry: &Entry, error: &yaml::Error) -> Failure {
    let error = yaml::Error { place: error.place, message: format!("{label}: {}", error.message) };
    Failure::new(Class::Config, "cannot use the kubeconfig", error.in_file(entry.file.display()))
}

/// Every context, with its server.
pub(in crate::cluster) fn contexts(config: &Kubeconfig) -> Vec<Context> {
    let server = |context: &ContextEntry| {
        let cluster = load::cluster(find(&config.clusters, context.cluster.as_deref()?)?).ok()?;
        let user = context.user.as_deref().and_then(|name| find(&config.users, name));
        let user = user.and_then(|entry| load::user(entry).ok());
        let tls_by_default = tls_by_default(&cluster, user.as_ref());
        let server = ServerUrl::parse(cluster.server.as_deref()?, tls_by_default).ok()?;
        Some(server.to_string())
    };
    config
        .contexts
        .iter()
        .map(|(name, context)| Context { name: name.clone(), server: server(context) })
        .collect()
}

fn tls_by_default(cluster: &ClusterEntry, user: Option<&UserEntry>) -> bool {
    cluster.insecure_skip_tls_verify
        || cluster.certificate_authority.is_some()
        || user.is_some_and(|user| user.client_certificate.is_some())
}

/// A server that an option names, without a kubeconfig.
pub(in crate::cluster) fn server_alone(over: &Options) -> Result<Access, Failure> {
    let server = over.server.as_deref().map(url::shown).unwrap_or_default();
    let attempt = format!("cannot use the server {server}");
    let fail = |reason| Failure::new(Class::Config, attempt.clone(), reason);
    access(ClusterEntry::default(), UserEntry::default(), over, "the cluster", "the user", &fail)
}

/// Joins a cluster and a user. The options override both.
pub(in crate::cluster) fn access(
    mut cluster: ClusterEntry,
    mut user: UserEntry,
    over: &Options,
    cluster_label: &str,
    user_label: &str,
    fail: &dyn Fn(String) -> Failure,
) -> Result<Access, Failure> {
    override_cluster(&mut cluster, over);
    override_user(&mut user, over);
    let mut warnings = Vec::new();
    let insecure = cluster.insecure_skip_tls_verify;
    let tls_by_default = tls_by_default(&cluster, Some(&user));
    let Some(server) = &cluster.server else {
        return Err(fail(format!("{cluster_label} has no server")));
    };
    let server = ServerUrl::parse(server, tls_by_default).map_err(|why| {
        fail(format!("the server of {cluster_label}, {}, cannot be used: {why}", url::shown(server)))
    })?;

    let proxy = match &cluster.proxy_url {
        Some(text) => Some(
            ProxyUrl::parse(text)
                .map_err(|why| fail(format!("the proxy-url of {cluster_label} cannot be used: {why}")))?,
        ),
        None => None,
    };
    if insecure && cluster.certificate_authority.is_some() {
        return Err(fail(format!(
            "{cluster_label} has both a certificate-authority and insecure-skip-tls-verify; only one is allowed"
        )));
    }
    let authority = match &cluster.certificate_authority {
        Some(material) if server.tls => {
            let what = format!("the certificate-authority of {cluster_label}");
            let pem = read(material, &what, fail)?;
            let place = match material {
                Material::Inline(_) => what,
                Material::File(path) => format!("{what}, {},", path.display()),
            };
            Some((pem, place))
        }
        _ => None,
    };
    if insecure && server.tls {
        warnings.push(format!(
            "the server's certificate is not verified (insecure-skip-tls-verify of {cluster_label})"
        ));
    }
    let server_name = cluster.tls_server_name.clone();

    let impersonate = impersonate(user.impersonate.clone(), over, user_label, fail)?;
    let has_credentials = user.client_certificate.is_some()
        || user.token.is_some()
        || user.token_file.is_some()
        || user.username.is_some()
        || user.exec.is_some()
        || server.login.is_some();
    let (mut auth, mut identity) = (Auth::Nothing, None);
    if server.tls {
        identity = self::identity(&user, user_label, fail)?;
        auth = self::auth(
            user,
            &cluster,
            &server,
            authority.as_ref().map(|(pem, _)| &pem[..]),
            user_label,
            fail,
        )?;
    } else if has_credentials {
        warnings
            .push(format!("the credentials of {user_label} are not sent, because the connection to {server} is not encrypted"));
    }
    let trust = Trust { authority, insecure, server_name };
    let plain_answers = cluster.disable_compression;
    Ok(Access { server, trust, proxy, auth, identity, impersonate, plain_answers, warnings })
}

fn auth(
    user: UserEntry,
    cluster: &ClusterEntry,
    server: &ServerUrl,
    authority: Option<&[u8]>,
    label: &str,
    fail: &dyn Fn(String) -> Failure,
) -> Result<Auth, Failure> {
    let token = user.token.filter(|token| !token.is_empty());
    let login = server.login.as_ref();
    let basic = user.username.is_some() || user.password.is_some();
    if basic && (token.is_some() || user.token_file.is_some()) {
        return Err(fail(format!("{label} has both a token and a username; only one is allowed")));
    }
    if let Some(path) = user.token_file {
        return Ok(Auth::TokenFile(path, token));
    }
    if let Some(token) = token {
        return Ok(Auth::Token(token));
    }
    if basic {
        return Ok(Auth::Basic(user.username.unwrap_or_default(), user.password.unwrap_or_default()));
    }
    // As in client-go, a plugin does not run beside a client certificate.
    if let Some(config) = user.exec.filter(|_| user.client_certificate.is_none()) {
        let info = config.provide_cluster_info.then(|| cluster_info(cluster, server, authority));
        return Ok(Auth::Exec(config, info));
    }
    if let Some(name) = user.auth_provider {
        let reason =
            format!("{label} uses the auth-provider \"{name}\", which Kubernetes removed in version 1.26");
        return Err(fail(reason).advise(
            "Use an exec plugin instead (gke-gcloud-auth-plugin, kubelogin, …), or a token: see \
             https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
        ));
    }
    // As in Go's client, the user and password of the URL count if there is no other credential.
    Ok(login.map_or(Auth::Nothing, |(user, password)| Auth::Basic(user.clone(), password.clone())))
}

/// The cluster's data for a plugin that asks for it (`spec.cluster` of `ExecCredential`).
///
/// As in client-go, an authority of the options replaces the kubeconfig's, and so does turning verification off. A server of the
/// options does not inherit the TLS name that the kubeconfig sets for its own server.
pub(in crate::cluster) fn cluster_info(
    cluster: &ClusterEntry,
    server: &ServerUrl,
    authority: Option<&[u8]>,
) -> Value {
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

fn override_cluster(cluster: &mut ClusterEntry, over: &Options) {
    if over.insecure_skip_tls_verify || over.certificate_authority.is_some() {
        cluster.insecure_skip_tls_verify = over.insecure_skip_tls_verify;
        cluster.certificate_authority = over.certificate_authority.clone().map(Material::File);
    }
    if over.tls_server_name.is_some() || over.server.is_some() {
        cluster.tls_server_name.clone_from(&over.tls_server_name);
    }
    if over.server.is_some() {
        cluster.server.clone_from(&over.server);
    }
    if over.proxy_url.is_some() {
        cluster.proxy_url.clone_from(&over.proxy_url);
    }
}

/// A token of the options replaces the kubeconfig's token, password or plugin. A client certificate stays.
fn override_user(user: &mut UserEntry, over: &Options) {
    if over.token.is_some() || over.token_file.is_some() {
        let UserEntry { client_certificate, client_key, impersonate, .. } = std::mem::take(user);
        let (token, token_file) = (over.token.clone(), over.token_file.clone());
        let kept = UserEntry { client_certificate, client_key, impersonate, ..UserEntry::default() };
        *user = UserEntry { token, token_file, ..kept };
    }
}

fn identity(
    user: &UserEntry,
    label: &str,
    fail: &dyn Fn(String) -> Failure,
) -> Result<Option<IdentityPem>, Failure> {
    match (&user.client_certificate, &user.client_key) {
        (Some(certificate), Some(key)) => Ok(Some(IdentityPem {
            certificates: read(certificate, &format!("the client-certificate of {label}"), fail)?,
            key: read(key, &format!("the client-key of {label}"), fail)?,
            owner: label.to_owned(),
        })),
        (Some(_), None) => Err(fail(format!("{label} has a client-certificate but no client-key"))),
        (None, Some(_)) => Err(fail(format!("{label} has a client-key but no client-certificate"))),
        (None, None) => Ok(None),
    }
}

/// The kubeconfig's impersonation, overridden by the options.
fn impersonate(
    mut wanted: Impersonate,
    over: &Options,
    label: &str,
    fail: &dyn Fn(String) -> Failure,
) -> Result<Impersonate, Failure> {
    if over.as_user.is_some() {
        wanted.user.clone_from(&over.as_user);
    }
    if over.as_uid.is_some() {
        wanted.uid.clone_from(&over.as_uid);
    }
    if !over.as_groups.is_empty() {
        wanted.groups.clone_from(&over.as_groups);
    }
    let without_user = wanted.user.as_deref().is_none_or(str::is_empty);
    if without_user && (wanted.uid.is_some() || !wanted.groups.is_empty() || !wanted.extra.is_empty()) {
        let reason = format!("{label} impersonates a group, uid or extra without a user");
        return Err(fail(reason).advise("Name the user with --as, or with 'as' in the kubeconfig."));
    }
    let texts = wanted
        .user
        .iter()
        .chain(&wanted.uid)
        .chain(&wanted.groups)
        .chain(wanted.extra.iter().flat_map(|e| &e.1));
    for text in texts {
        if text.chars().any(char::is_control) {
            return Err(fail(format!("{label} impersonates {text:?}, which has control characters")));
        }
    }
    Ok(wanted)
}

fn read(material: &Material, what: &str, fail: &dyn Fn(String) -> Failure) -> Result<Vec<u8>, Failure> {
    match material {
        Material::Inline(pem) => Ok(pem.clone()),
        Material::File(path) => {
            read_file(path).map_err(|why| fail(format!("{what}, {}, cannot be read: {why}", path.display())))
        }
    }
}

fn read_file(path: &Path) -> std::io::Result<Vec<u8>> {
    wagather_base::file::read(path, MAX_CREDENTIAL_BYTES)
}

fn find<'a, T>(entries: &'a [(String, T)], name: &str) -> Option<&'a T> {
    entries.iter().find(|(known, _)| known == name).map(|(_, entry)| entry)
}

fn label(kind: &str, name: Option<&str>) -> String {
    match name {
        Some(name) => format!("{kind} \"{name}\""),
        None => format!("the {kind}"),
    }
}

fn missing<T>(kind: &str, name: &str, entries: &[(String, T)]) -> String {
    format!("unknown {kind} \"{name}\"; {}", existing(kind, entries))
}

/// The existing names, for a person who mistyped one. Of many, only the most similar.
fn existing<T>(kind: &str, entries: &[(String, T)]) -> String {
    const SHOWN: usize = 12;
    if entries.is_empty() {
        return format!("it has no {kind}s");
    }
    let mut names: Vec<&str> = entries.iter().map(|(name, _)| name.as_str()).collect();
    names.sort_unstable();
    let more = names.len().saturating_sub(SHOWN);
    names.truncate(SHOWN);
    let mut text = format!("it has the {kind}s \"{}\"", names.join("\", \""));
    if more > 0 {
        text += &format!(" and {more} more");
    }
    text
}
