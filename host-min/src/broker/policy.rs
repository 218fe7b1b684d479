//! Who may read what: the manifest, and what the cluster's owner grants.
//!
//! Pure. [`Rights`] are what both allow; a request that is not within them is refused with the sentence that says why.

use super::canonical::{Canonical, Refusal};
use crate::manifest::{Manifest, Resource};
use crate::project::Node;
use wagather_abi::{Status, Verb};

/// What a cluster's owner lets gatherers read.
///
/// There is one so far, for runs without a grant of their own: every resource but Secrets, and of the raw
/// paths those that say how the server is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grant(());

/// Raw paths that say nothing but how the server is and which version it has.
const HARMLESS_PATHS: &[&str] = &["/healthz", "/livez", "/readyz", "/version"];

impl Grant {
    /// Why a resource is not granted, if it is not.
    fn refuses(&self, group: &str, plural: &str) -> Option<&'static str> {
        (group.is_empty() && plural == "secrets").then_some("Secrets are not granted")
    }

    fn allows_path(&self, path: &str) -> bool {
        HARMLESS_PATHS.contains(&path)
    }
}

/// What one gatherer may read: its manifest and the grant together.
#[derive(Clone, Debug)]
pub struct Rights {
    manifest: Manifest,
    grant: Grant,
}

impl Rights {
    /// The rights of a gatherer under a grant.
    pub fn new(manifest: Manifest, grant: Grant) -> Rights {
        Rights { manifest, grant }
    }

    /// Whether there is anything that may be asked of the server.
    pub fn need_a_server(&self) -> bool {
        !self.manifest.resources.is_empty() || !self.manifest.paths.is_empty()
    }

    /// Judges a request: which fields of the answer may be seen, or why it is refused.
    pub fn judge(&self, request: &Canonical) -> Result<Node, Refusal> {
        let denied = |reason: String| Err(Refusal::new(Status::DENIED, reason));
        if request.verb == Verb::RAW {
            let path = &request.resource;
            return if !self.manifest.paths.contains(path) {
                denied(format!("the manifest does not declare the path {path}"))
            } else if !self.grant.allows_path(path) {
                denied(format!(
                    "the path {path} is not granted; without a grant those are: {}",
                    HARMLESS_PATHS.join(", ")
                ))
            } else {
                Ok(Node::Keep)
            };
        }
        let declared: Vec<&Resource> =
            self.manifest.resources.iter().filter(|resource| covers(resource, request)).collect();
        let Some(mask) = declared.iter().map(|resource| resource.mask.clone()).reduce(|a, b| a.union(&b))
        else {
            return denied(format!("the manifest does not declare '{}'", describe(request)));
        };
        if let Some(why) = self.grant.refuses(&request.group, &request.resource) {
            return denied(why.into());
        }
        Ok(mask.intersect(&request.mask).without(&["metadata", "managedFields"]))
    }
}

fn covers(resource: &Resource, request: &Canonical) -> bool {
    resource.verbs.contains(request.verb)
        && resource.group == request.group
        && resource.version == request.version
        && resource.plural == request.resource
        && resource.subresource == request.subresource
        && resource.namespace.as_ref().is_none_or(|namespace| *namespace == request.namespace)
}

/// A request in the manifest's words.
pub(super) fn describe(request: &Canonical) -> String {
    let verb = request.verb.name().unwrap_or_default();
    if request.verb == Verb::RAW {
        return format!("{verb} {}", request.resource);
    }
    let mut text = format!("{verb} {}/{}/{}", request.group, request.version, request.resource);
    if !request.subresource.is_empty() {
        text = format!("{text}/{}", request.subresource);
    }
    if !request.namespace.is_empty() {
        text = format!("{text} in {}", request.namespace);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::channel::RestRequest;

    fn judge(manifest: &str, verb: Verb, texts: [&str; 10]) -> Result<Node, Refusal> {
        let manifest =
            Manifest::parse(format!("gatherer 1 test 1\n{manifest}\n").as_bytes()).expect("manifest");
        let request = RestRequest { verb, limit: 0, texts: texts.map(|text| text.as_bytes().to_vec()) };
        Rights::new(manifest, Grant::default()).judge(&Canonical::new(request).expect("request"))
    }

    const PODS: [&str; 10] = ["v1", "pods", "", "", "", "", "", "", "", ""];

    #[test]
    fn what_is_declared_is_allowed_and_nothing_else() {
        assert!(judge("resource list /v1/pods * *", Verb::LIST, PODS).is_ok());
        for manifest in [
            "resource get /v1/pods * *",
            "resource list apps/v1/pods * *",
            "resource list /v2/pods * *",
            "resource list /v1/nodes * *",
            "resource list /v1/pods/log * *",
            "resource list /v1/pods default *",
            "path /version",
        ] {
            assert_eq!(judge(manifest, Verb::LIST, PODS).expect_err(manifest).status, Status::DENIED);
        }
        let in_default = ["v1", "pods", "", "default", "", "", "", "", "", ""];
        assert!(judge("resource list /v1/pods default *", Verb::LIST, in_default).is_ok());
    }

    #[test]
    fn the_mask_is_what_request_and_manifest_both_have() {
        let mask = |manifest, wanted| {
            judge(manifest, Verb::LIST, ["v1", "pods", "", "", "", "", "", "", wanted, ""]).expect("allowed")
        };
        let parse = |text| Node::parse(text).expect("mask");
        assert_eq!(
            mask("resource list /v1/pods * spec,status", "status(phase),metadata"),
            parse("status(phase)")
        );
        assert_eq!(mask("resource list /v1/pods * spec(a)", ""), parse("spec(a)"));
        let two = "resource list /v1/pods * spec(a)\nresource list /v1/pods * spec(b)";
        assert_eq!(mask(two, ""), parse("spec(a,b)"));
        assert_eq!(*mask("resource list /v1/pods * *", "").get("metadata").get("managedFields"), Node::Drop);
        assert_eq!(
            *mask("resource list /v1/pods * metadata", "").get("metadata").get("managedFields"),
            Node::Drop
        );
    }

    #[test]
    fn secrets_and_telling_paths_are_not_granted() {
        let secrets = ["v1", "secrets", "", "", "", "", "", "", "", ""];
        let refusal = judge("resource list /v1/secrets * *", Verb::LIST, secrets).expect_err("refused");
        assert_eq!(refusal.reason, "Secrets are not granted");
        let raw = |path| {
            judge("path /version\npath /metrics", Verb::RAW, ["", path, "", "", "", "", "", "", "", ""])
        };
        assert!(raw("/version").is_ok());
        assert!(raw("/metrics").is_err());
        assert!(raw("/livez").is_err());
    }
}
