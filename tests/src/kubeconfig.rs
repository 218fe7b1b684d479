//! Kubeconfig files with one cluster, one user and one context, as kubectl would write them.

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
