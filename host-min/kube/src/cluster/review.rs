//! Asks the API server whether this account may do something, before anything is gathered: `SelfSubjectAccessReview`, which
//! every authenticated account may send. It changes nothing, though it is a POST.

use std::io::Read;
use std::time::Instant;

use serde::Deserialize;
use serde_json::json;

use super::Cluster;
use super::credentials::Credential;
use crate::{Cause, NoAnswer, Permission, Question};
use wagather_base::limits::MAX_ERROR_BODY_BYTES;

const PATH: &str = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

#[derive(Deserialize)]
struct Review {
    status: Verdict,
}

#[derive(Deserialize)]
struct Verdict {
    #[serde(default)]
    allowed: bool,
    #[serde(default)]
    reason: String,
}

impl Cluster {
    pub(super) fn review(&self, question: &Question, deadline: Instant) -> Result<Permission, NoAnswer> {
        let body = body(question);
        let ask = |credential: &Credential| {
            let request = self.template.with_body("POST", PATH, &body, credential.authorization.as_ref());
            self.exchange(&|_| Ok(request.clone()), deadline, credential)
        };
        let answer = self.with_credentials(deadline, ask)?;
        let status = answer.status;
        let no_answer = |reason: String| NoAnswer {
            cause: Cause::Final,
            reason: format!("cannot check the account's permissions at {}: {reason}", self.url),
            advice: "omit --check-access".into(),
        };
        let mut text = Vec::new();
        let read = answer.body.take(MAX_ERROR_BODY_BYTES as u64).read_to_end(&mut text);
        read.map_err(|error| no_answer(error.to_string()))?;
        if !(200..300).contains(&status) {
            return Err(no_answer(format!("HTTP {status}")));
        }
        let Review { status: Verdict { allowed, reason } } =
            serde_json::from_slice(&text).map_err(|error| no_answer(error.to_string()))?;
        Ok(Permission { allowed, reason: reason.chars().filter(|c| !c.is_control()).take(2000).collect() })
    }
}

fn body(question: &Question) -> String {
    let spec = if question.path.is_empty() {
        json!({"resourceAttributes": {
            "verb": question.verb,
            "group": question.group,
            "version": question.version,
            "resource": question.resource,
            "subresource": question.subresource,
            "namespace": question.namespace,
            "name": question.name,
        }})
    } else {
        json!({"nonResourceAttributes": {"verb": question.verb, "path": question.path}})
    };
    json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview", "spec": spec})
        .to_string()
}
