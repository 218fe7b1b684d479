//! The source of schemas: files or a cluster.

use crate::{Error, Saved, schema};
use clap::Args;
use std::path::PathBuf;

/// Files or a cluster; without either, what the declaration names.
// `check` compares with them; for other commands, they replace the declaration's schemas.
#[derive(Args)]
pub(super) struct Source {
    /// File or folder with schemas (OpenAPI or CustomResourceDefinitions); overrides those that the declaration names
    #[arg(long, value_name = "PATH")]
    pub(super) schema: Vec<PathBuf>,

    #[cfg(feature = "cluster")]
    #[command(flatten)]
    cluster: Cluster,
}

/// The options are named as in host-min and kubectl.
#[cfg(feature = "cluster")]
#[derive(Args)]
struct Cluster {
    /// Get the schemas from the current cluster, as kubectl finds it
    #[arg(long, conflicts_with = "schema")]
    cluster: bool,

    /// Kubeconfig file
    #[arg(long, value_name = "FILE", requires = "cluster")]
    kubeconfig: Option<PathBuf>,

    /// Kubeconfig context (default: the current context)
    #[arg(long, value_name = "NAME", requires = "cluster")]
    context: Option<String>,

    /// URL of the API server; overrides the kubeconfig
    #[arg(long, value_name = "URL", requires = "cluster")]
    server: Option<String>,

    /// User to impersonate
    #[arg(long = "as", value_name = "USER", requires = "cluster")]
    as_user: Option<String>,

    /// Group to impersonate; may be repeated
    #[arg(long, value_name = "GROUP", requires = "as_user")]
    as_group: Vec<String>,
}

impl Source {
    /// The named documents; from a cluster, those with these resources, or all if there are none. `None` if no source
    /// is given.
    #[cfg_attr(not(feature = "cluster"), allow(unused_variables))]
    pub(super) fn documents(&self, resources: Option<&[String]>) -> Result<Option<Vec<Saved>>, Error> {
        #[cfg(feature = "cluster")]
        if self.cluster.cluster {
            return self.cluster.documents(resources).map(Some);
        }
        if self.schema.is_empty() { Ok(None) } else { schema::files(&self.schema).map(Some) }
    }
}

#[cfg(feature = "cluster")]
impl Cluster {
    fn documents(&self, resources: Option<&[String]>) -> Result<Vec<Saved>, Error> {
        use crate::cluster::{Options, Which, open, read};
        let options = Options {
            kubeconfig: self.kubeconfig.clone(),
            context: self.context.clone(),
            server: self.server.clone(),
            as_user: self.as_user.clone(),
            as_groups: self.as_group.clone(),
            ..Options::default()
        };
        let cluster = open(&options).map_err(|failure| Error::of_failure("the cluster", &failure))?;
        cluster.warnings().iter().for_each(|warning| super::shown::say(format_args!("warning: {warning}")));
        read(&cluster, resources.map_or(Which::All, Which::Of))
    }
}
