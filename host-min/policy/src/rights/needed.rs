//! The permissions that an account needs for the rights, as closely as RBAC can express them. `host-min rbac` prints them, and
//! `--check-access` asks for them.

use super::scope::{Extent, named_namespaces};
use super::{Granted, Remainder};
use crate::grant::Glob;
use wagather_abi::Verb;

/// A permission for one resource and one verb.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// The namespace. `None` for all of them, and for objects in none.
    pub namespace: Option<String>,
    /// The names of the objects. Empty for all.
    pub names: Vec<String>,
    /// Why this is wider than the grant, where it is.
    pub wider: Vec<String>,
}

impl Remainder<'_> {
    /// The namespaces in which its list is requested one by one. `None` if the list is requested as the gatherer asks.
    pub fn places(&self) -> Option<Vec<String>> {
        match &self.granted {
            Granted::Part(extents) if self.is_list_over_all() => named_namespaces(extents),
            _ => None,
        }
    }

    /// Whether it is a list over all namespaces.
    pub fn is_list_over_all(&self) -> bool {
        self.verb == Verb::LIST && self.resource.namespace.is_none() && !self.resource.is_namespaces()
    }

    /// The permissions that it needs.
    pub fn needs(&self) -> Vec<Need> {
        match &self.granted {
            Granted::Nothing(_) => Vec::new(),
            Granted::All => {
                let namespace = self.resource.namespace.clone();
                vec![Need {
                    namespace,
                    wider: self.wider_than_declared().into_iter().collect(),
                    ..Need::default()
                }]
            }
            Granted::Part(extents) => extents.iter().flat_map(|extent| self.needs_of(extent)).collect(),
        }
    }

    fn wider_than_declared(&self) -> Option<String> {
        let pattern = self.resource.pattern.as_ref()?;
        Some(format!("RBAC cannot express that namespaces are {pattern}"))
    }

    fn needs_of(&self, extent: &Extent) -> Vec<Need> {
        let is_list = self.verb == Verb::LIST;
        let mut wider = Vec::new();
        let names = match (&extent.names, extent.names.as_deref().map(exact)) {
            (Some(_), Some(Some(names))) if !is_list => names,
            (Some(globs), _) => {
                let why = if is_list { "RBAC cannot express for a list" } else { "RBAC cannot express" };
                wider.push(format!("{why} that names are {}", joined(globs)));
                Vec::new()
            }
            (None, _) => Vec::new(),
        };
        let namespaces = match (&self.resource.namespace, &extent.namespaces) {
            (Some(namespace), _) => vec![Some(namespace.clone())],
            (None, None) => {
                wider.extend(self.wider_than_declared());
                vec![None]
            }
            (None, Some(globs)) => match exact(globs) {
                Some(_) if is_list && self.resource.is_namespaces() => {
                    wider.push("Namespaces are listed all or none".into());
                    vec![None]
                }
                Some(namespaces) => namespaces.into_iter().map(Some).collect(),
                None => {
                    wider.push(format!("RBAC cannot express that namespaces are {}", joined(globs)));
                    vec![None]
                }
            },
        };
        let need = |namespace| Need { namespace, names: names.clone(), wider: wider.clone() };
        namespaces.into_iter().map(need).collect()
    }
}

/// The names, sorted and without duplicates, if each pattern is a name.
fn exact(globs: &[Glob]) -> Option<Vec<String>> {
    let mut names: Vec<String> =
        globs.iter().map(|glob| glob.exact().map(Into::into)).collect::<Option<_>>()?;
    names.sort_unstable();
    names.dedup();
    Some(names)
}

fn joined(globs: &[Glob]) -> String {
    globs.iter().map(Glob::to_string).collect::<Vec<_>>().join(", ")
}
