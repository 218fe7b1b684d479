//! Reads one kubeconfig file.
//!
//! The file is parsed as a whole. A cluster or a user is read when it is chosen, so that a user which this program does not support does
//! not affect the others. Paths in a file are relative to the folder of that file. Certificate files are not read here.

use std::io::ErrorKind;
use std::path::{MAIN_SEPARATOR, Path, PathBuf};

use super::{ClusterEntry, ContextEntry, Entry, Kubeconfig, Material, UserEntry};
use crate::cluster::access::Impersonate;
use crate::cluster::exec::{ExecConfig, InteractiveMode};
use crate::cluster::secret::Secret;
use wagather_base::base64;
use wagather_base::error::{Class, Failure};
use wagather_base::file;
use wagather_base::limits::MAX_KUBECONFIG_BYTES;
use wagather_yaml::{self as yaml, Foreign, Node, Value};

/// The name of the cluster extension that exec plugins get.
const EXEC_EXTENSION: &str = "client.authentication.k8s.io/exec";

/// Reads a file. `None` if the file does not exist.
pub(in crate::cluster) fn file(path: &Path) -> Result<Option<Kubeconfig>, Failure> {
    let attempt = || format!("cannot read the kubeconfig {}", path.display());
    let bytes = match file::read(path, MAX_KUBECONFIG_BYTES) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::new(Class::Config, attempt(), error)),
    };
    let text = yaml::decode(&bytes).map_err(|why| Failure::new(Class::Config, attempt(), why))?;
    let misread = |error: yaml::Error| {
        Failure::new(Class::Config, "cannot read the kubeconfig", error.in_file(path.display()))
    };
    parse(&text, path).map(Some).map_err(misread)
}

/// Reads the text of a file.
pub(in crate::cluster) fn parse(text: &str, path: &Path) -> Result<Kubeconfig, yaml::Error> {
    let Foreign { root, oddities } = yaml::parse_foreign(text)?;
    root.expect_map("a kubeconfig")?;
    // An empty kind counts as absent, as in kubectl.
    if let Some(kind) = root.get("kind")
        && !matches!(kind.text(), Some("" | "Config"))
    {
        return Err(kind.error("not a kubeconfig: its kind is not Config"));
    }
    let entry = |node: &Node| Ok(Entry { node: node.clone(), file: path.to_owned() });
    let warn = |odd: &yaml::Error| format!("the kubeconfig {}", odd.in_file(path.display()));
    Ok(Kubeconfig {
        files: vec![path.to_owned()],
        current_context: text_of(&root, "current-context")?,
        clusters: named(&root, "clusters", "cluster", entry)?,
        contexts: named(&root, "contexts", "context", context)?,
        users: named(&root, "users", "user", entry)?,
        warnings: oddities.iter().map(warn).collect(),
    })
}

/// A list of `{name: …, <what>: {…}}`. An entry without a body is empty, as in kubectl.
fn named<T>(
    root: &Node,
    list: &str,
    what: &str,
    read: impl Fn(&Node) -> Result<T, yaml::Error>,
) -> Result<Vec<(String, T)>, yaml::Error> {
    let Some(list_node) = root.get(list) else { return Ok(Vec::new()) };
    let mut entries: Vec<(String, T)> = Vec::new();
    // An empty entry has no name, so no context can name it.
    for item in list_node.expect_list(list)?.iter().filter(|item| !item.is_null()) {
        item.expect_map(&format!("an entry of {list}"))?;
        let Some(name) = item.get("name") else {
            return Err(item.error(format!("an entry of {list} has no name")));
        };
        let text = name.expect_text("name")?;
        if entries.iter().any(|(known, _)| known == text) {
            return Err(name.error(format!("the {what} \"{text}\" occurs a second time")));
        }
        let nothing = Node { place: item.place, value: Value::Map(Vec::new()) };
        entries.push((text.to_owned(), read(item.get(what).unwrap_or(&nothing))?));
    }
    Ok(entries)
}

/// Reads a cluster.
pub(in crate::cluster) fn cluster(entry: &Entry) -> Result<ClusterEntry, yaml::Error> {
    let (node, folder) = (&entry.node, entry.file.parent().unwrap_or(Path::new("")));
    node.expect_map("cluster")?;
    let mut exec_extension = None;
    if let Some(extensions) = node.get("extensions") {
        let wanted = extensions
            .expect_list("extensions")?
            .iter()
            .find(|e| e.get("name").and_then(Node::text) == Some(EXEC_EXTENSION));
        exec_extension = wanted.and_then(|e| e.get("extension")).map(Node::to_json);
    }
    Ok(ClusterEntry {
        server: text_of(node, "server")?,
        tls_server_name: text_of(node, "tls-server-name")?,
        insecure_skip_tls_verify: flag(node, "insecure-skip-tls-verify")?,
        certificate_authority: material(node, "certificate-authority", folder)?,
        proxy_url: text_of(node, "proxy-url")?,
        disable_compression: flag(node, "disable-compression")?,
        exec_extension,
    })
}

/// A boolean. False if it is absent.
fn flag(node: &Node, key: &str) -> Result<bool, yaml::Error> {
    node.get(key).map_or(Ok(false), |flag| flag.expect_bool(key))
}

fn context(node: &Node) -> Result<ContextEntry, yaml::Error> {
    node.expect_map("context")?;
    Ok(ContextEntry { cluster: text_of(node, "cluster")?, user: text_of(node, "user")? })
}

/// Reads a user.
pub(in crate::cluster) fn user(entry: &Entry) -> Result<UserEntry, yaml::Error> {
    let (node, folder) = (&entry.node, entry.file.parent().unwrap_or(Path::new("")));
    node.expect_map("user")?;
    let mut extra = Vec::new();
    if let Some(map) = node.get("as-user-extra") {
        for (key, values) in map.expect_map("as-user-extra")? {
            extra.push((key.expect_text("a key")?.to_owned(), texts(values, "as-user-extra")?));
        }
    }
    Ok(UserEntry {
        client_certificate: material(node, "client-certificate", folder)?,
        client_key: material(node, "client-key", folder)?,
        token: text_of(node, "token")?.map(Secret::new),
        token_file: text_of(node, "tokenFile")?.map(|path| folder.join(path)),
        username: text_of(node, "username")?,
        password: text_of(node, "password")?.map(Secret::new),
        exec: node.get("exec").map(|node| exec(node, folder)).transpose()?,
        auth_provider: match node.get("auth-provider") {
            Some(provider) => Some(text_of(provider, "name")?.unwrap_or_default()),
            None => None,
        },
        impersonate: Impersonate {
            user: text_of(node, "as")?,
            uid: text_of(node, "as-uid")?,
            groups: node.get("as-groups").map(|n| texts(n, "as-groups")).transpose()?.unwrap_or_default(),
            extra,
        },
    })
}

fn exec(node: &Node, folder: &Path) -> Result<ExecConfig, yaml::Error> {
    node.expect_map("exec")?;
    let Some(command) = text_of(node, "command")? else { return Err(node.error("exec has no command")) };
    // A name without a slash is looked up in PATH. With a slash it is a path, relative to this file.
    let command =
        if command.contains(MAIN_SEPARATOR) { folder.join(command) } else { PathBuf::from(command) };
    let mut env = Vec::new();
    for item in node.get("env").map_or(Ok(&[][..]), |n| n.expect_list("env"))? {
        let Some(name) = text_of(item, "name")? else {
            return Err(item.error("this entry of env has no name"));
        };
        env.push((name, Secret::new(text_of(item, "value")?.unwrap_or_default())));
    }
    let Some(version) = node.get("apiVersion") else { return Err(node.error("exec has no apiVersion")) };
    let api_version = version.expect_text("apiVersion")?.to_owned();
    let v1 = match api_version.as_str() {
        "client.authentication.k8s.io/v1" => true,
        "client.authentication.k8s.io/v1beta1" => false,
        other => {
            return Err(version.error(format!(
                "the exec plugin's apiVersion {other} is not supported; it must be \
                 client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1"
            )));
        }
    };
    // An empty mode counts as absent. Programs that write all fields write it so.
    let interactive_mode = match node.get("interactiveMode").filter(|mode| mode.text() != Some("")) {
        None if v1 => return Err(node.error("exec must have an interactiveMode with apiVersion v1")),
        None => InteractiveMode::IfAvailable,
        Some(mode) => match mode.expect_text("interactiveMode")? {
            "Never" => InteractiveMode::Never,
            "IfAvailable" => InteractiveMode::IfAvailable,
            "Always" => InteractiveMode::Always,
            _ => return Err(mode.error("interactiveMode must be Never, IfAvailable or Always")),
        },
    };
    Ok(ExecConfig {
        command,
        args: node.get("args").map(|n| texts(n, "args")).transpose()?.unwrap_or_default(),
        env,
        api_version,
        provide_cluster_info: match node.get("provideClusterInfo") {
            Some(flag) => flag.expect_bool("provideClusterInfo")?,
            None => false,
        },
        interactive_mode,
        install_hint: text_of(node, "installHint")?,
    })
}

/// `<key>-data`, which wins, or `<key>`.
fn material(node: &Node, key: &str, folder: &Path) -> Result<Option<Material>, yaml::Error> {
    let data_key = format!("{key}-data");
    if let Some(data) = node.get(&data_key) {
        let text = data.expect_text(&data_key)?;
        if !text.is_empty() {
            let bytes =
                base64::decode(text).ok_or_else(|| data.error(format!("{data_key} is not base64")))?;
            return Ok(Some(Material::Inline(bytes)));
        }
    }
    Ok(text_of(node, key)?.map(|path| Material::File(folder.join(path))))
}

/// A text. `None` if it is absent, null or empty.
fn text_of(node: &Node, key: &str) -> Result<Option<String>, yaml::Error> {
    match node.get(key) {
        Some(value) => Ok(Some(value.expect_text(key)?.to_owned()).filter(|text| !text.is_empty())),
        None => Ok(None),
    }
}

fn texts(node: &Node, what: &str) -> Result<Vec<String>, yaml::Error> {
    let mut texts = Vec::new();
    for item in node.expect_list(what)? {
        // An argument may be empty, and is then written as `""`.
        texts.push(if item.is_null() { String::new() } else { item.expect_text(what)?.to_owned() });
    }
    Ok(texts)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> String {
        let read = parse(text, Path::new("/etc/kube/config")).and_then(|config| {
            config.clusters.iter().try_for_each(|(_, entry)| cluster(entry).map(drop))?;
            config.users.iter().try_for_each(|(_, entry)| user(entry).map(drop))
        });
        read.unwrap_err().to_string()
    }

    #[test]
    fn every_field() {
        let text = r#"
apiVersion: v1
kind: Config
current-context: dev
preferences: {colors: true}
clusters:
- name: dev
  cluster:
    server: https://10.0.0.1:6443
    tls-server-name: kubernetes
    certificate-authority: pki/ca.crt
    proxy-url: http://proxy:3128
    disable-compression: true
    extensions:
    - name: client.authentication.k8s.io/exec
      extension: {audience: me, n: 1}
contexts:
- name: dev
  context: {cluster: dev, user: me, namespace: default}
users:
- name: me
  user:
    client-certificate-data: Zm9v
    client-key: /keys/me.key
    token: hunter2
    tokenFile: token
    as: alice
    as-uid: u-1
    as-groups: [a, b]
    as-user-extra: {reason: [x, y]}
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: ./bin/login
      args: [get, "", 12]
      env: [{name: A, value: b}]
      interactiveMode: Never
      provideClusterInfo: true
      installHint: get it
"#;
        let config = parse(text, Path::new("/etc/kube/config")).unwrap();
        let cluster = &cluster(&config.clusters[0].1).unwrap();
        assert_eq!(cluster.certificate_authority, Some(Material::File("/etc/kube/pki/ca.crt".into())));
        assert_eq!(cluster.exec_extension.as_ref().unwrap().to_string(), r#"{"audience":"me","n":1}"#);
        assert!(cluster.disable_compression && !cluster.insecure_skip_tls_verify);
        let user = &user(&config.users[0].1).unwrap();
        assert_eq!(user.client_certificate, Some(Material::Inline(b"foo".to_vec())));
        assert_eq!(user.client_key, Some(Material::File("/keys/me.key".into())));
        assert_eq!(user.token_file.as_deref(), Some(Path::new("/etc/kube/token")));
        assert_eq!(user.impersonate.extra, [("reason".to_owned(), vec!["x".to_owned(), "y".to_owned()])]);
        let exec = user.exec.as_ref().unwrap();
        assert_eq!(exec.command, Path::new("/etc/kube/./bin/login"));
        assert_eq!(exec.args, ["get", "", "12"]);
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn errors_name_the_place() {
        for (text, expected) in [
            ("clusters: 3", "1:11: clusters must be a list, not a single value"),
            ("kind: Pod", "1:7: not a kubeconfig: its kind is not Config"),
            ("- a", "1:1: a kubeconfig must be a mapping, not a list"),
            ("users:\n- user: {}", "2:3: an entry of users has no name"),
            ("users:\n- {name: a}\n- {name: a}", "3:10: the user \"a\" occurs a second time"),
            (
                "clusters:\n- name: a\n  cluster: {certificate-authority-data: '*'}",
                "3:41: certificate-authority-data is not base64",
            ),
            (
                "users: [{name: a, user: {exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}}}]",
                "1:57: the exec plugin's apiVersion client.authentication.k8s.io/v1alpha1 is not \
                 supported; it must be client.authentication.k8s.io/v1 or client.authentication.k8s.io/v1beta1",
            ),
        ] {
            assert_eq!(wrong(text), expected);
        }
        assert!(wrong("clusters: [\n  a: b").starts_with("2:"));
    }

    #[test]
    fn an_entry_is_read_when_it_is_chosen() {
        let old = "users: [{name: old, user: {exec: {command: x, apiVersion: client.authentication.k8s.io/v1alpha1}}}, {name: list, user: []}]";
        let config = parse(old, Path::new("config")).unwrap();
        assert!(config.users.iter().all(|(_, entry)| user(entry).is_err()));
    }

    #[test]
    fn an_interactive_mode_may_be_empty() {
        let with = |version: &str| {
            let text = format!(
                "users: [{{name: a, user: {{exec: {{command: x, interactiveMode: '', apiVersion: client.authentication.k8s.io/{version}}}}}}}]"
            );
            user(&parse(&text, Path::new("config")).unwrap().users[0].1)
                .map(|user| user.exec.unwrap().interactive_mode)
        };
        assert_eq!(with("v1beta1"), Ok(InteractiveMode::IfAvailable));
        assert!(with("v1").unwrap_err().message.contains("must have an interactiveMode"));
    }

    #[test]
    fn booleans_of_yaml_1_1() {
        for (word, expected) in
            [("yes", Some(true)), ("on", Some(true)), ("off", Some(false)), ("maybe", None)]
        {
            let text = format!("clusters: [{{name: a, cluster: {{insecure-skip-tls-verify: {word}}}}}]");
            let read = cluster(&parse(&text, Path::new("config")).unwrap().clusters[0].1);
            assert_eq!(read.ok().map(|cluster| cluster.insecure_skip_tls_verify), expected, "{word}");
        }
    }

    /// kubectl reads these too.
    #[test]
    fn an_empty_kind_and_empty_entries_are_as_if_absent() {
        let text = "kind: ''\nclusters:\n-\n- name: a\n  cluster: {server: x}\nusers: [null]";
        let config = parse(text, Path::new("config")).unwrap();
        assert_eq!(config.clusters.iter().map(|(name, _)| name).collect::<Vec<_>>(), ["a"]);
        assert!(config.users.is_empty());
    }

    #[test]
    fn an_empty_file_says_nothing() {
        assert!(parse("", Path::new("config")).unwrap().clusters.is_empty());
    }
}
