//! Kubeconfig files: with one cluster, user and context, as kubectl writes them, or with many.

use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A kubeconfig that is not written yet.
pub struct Kubeconfig {
    cluster: Vec<String>,
    user: Vec<String>,
}

impl Kubeconfig {
    /// A kubeconfig for a server's URL, without credentials.
    pub fn new(server: &str) -> Kubeconfig {
        Kubeconfig { cluster: vec![format!("server: {server}")], user: Vec::new() }
    }

    /// One more line for the cluster, such as `tls-server-name: api`.
    pub fn cluster(mut self, line: impl Into<String>) -> Kubeconfig {
        self.cluster.push(line.into());
        self
    }

    /// One more line for the user, such as `token: abc`.
    pub fn user(mut self, line: impl Into<String>) -> Kubeconfig {
        self.user.push(line.into());
        self
    }

    /// The authority that the server's certificate is signed by, written beside the kubeconfig as `ca.pem`.
    pub fn authority(self, folder: &Path, pem: &str) -> Kubeconfig {
        std::fs::write(folder.join("ca.pem"), pem).expect("a certificate that can be written");
        self.cluster("certificate-authority: ca.pem")
    }

    /// The file's text.
    pub fn text(&self) -> String {
        let mut text = "apiVersion: v1\nkind: Config\ncurrent-context: test\n".to_owned();
        text += "contexts:\n- name: test\n  context:\n    cluster: test\n    user: test\n";
        for (kind, name, lines) in [("clusters", "cluster", &self.cluster), ("users", "user", &self.user)] {
            text +=
                &format!("{kind}:\n- name: test\n  {name}:{}\n", if lines.is_empty() { " {}" } else { "" });
            for line in lines {
                text += &format!("    {line}\n");
            }
        }
        text
    }

    /// Writes it into a folder.
    pub fn write(&self, folder: &Path) -> PathBuf {
        let path = folder.join("kubeconfig");
        std::fs::write(&path, self.text()).expect("a kubeconfig that can be written");
        path
    }
}

/// A kubeconfig with a cluster and a user for each context, in JSON, which is YAML too: names may be anything.
#[derive(Default)]
pub struct Contexts {
    clusters: Vec<Value>,
    users: Vec<Value>,
    contexts: Vec<Value>,
}

impl Contexts {
    /// None yet.
    pub fn new() -> Contexts {
        Contexts::default()
    }

    /// One more, without credentials.
    pub fn add(self, name: &str, server: &str) -> Contexts {
        self.add_with(name, json!({ "server": server }), json!({}))
    }

    /// One more, with all that a cluster and a user can have.
    pub fn add_with(mut self, name: &str, cluster: Value, user: Value) -> Contexts {
        self.clusters.push(json!({ "name": name, "cluster": cluster }));
        self.users.push(json!({ "name": name, "user": user }));
        self.contexts.push(json!({ "name": name, "context": { "cluster": name, "user": name } }));
        self
    }

    /// Writes it to a file.
    pub fn write(&self, path: impl AsRef<Path>) -> PathBuf {
        let Contexts { clusters, users, contexts } = self;
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "clusters": clusters, "users": users, "contexts": contexts,
        });
        std::fs::write(&path, config.to_string()).expect("a kubeconfig that can be written");
        path.as_ref().to_owned()
    }
}
