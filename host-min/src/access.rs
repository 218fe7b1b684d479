//! Asks, before anything is gathered, what the account of a run would be forbidden.
//!
//! An answer is not a promise: rights may change until they are used, and a server may refuse for other reasons. What the
//! grant refuses is not asked about; that is known without a server.

use crate::broker::policy::{Granted, Rights};
use crate::error::{Class, Failure, Result};
use crate::source::{Question, Source};
use std::fmt;
use std::time::Instant;
use wagather_abi::Verb;

/// Something that a gatherer declares, is granted, and would be forbidden.
struct Forbidden<'a> {
    gatherer: &'a str,
    question: Question,
    reason: String,
}

/// Fails with everything that would be forbidden.
pub(crate) fn check<'a>(
    source: &dyn Source,
    gatherers: impl Iterator<Item = (&'a str, &'a Rights)>,
    deadline: Instant,
) -> Result<()> {
    let mut asked: Vec<(Question, Option<String>)> = Vec::new();
    let mut forbidden = Vec::new();
    for (gatherer, rights) in gatherers {
        for question in questions(rights) {
            let known =
                asked.iter().find(|(known, _)| *known == question).map(|(_, refusal)| refusal.clone());
            let refusal = match known {
                Some(refusal) => refusal,
                None => {
                    let permission = source.may(&question, deadline).map_err(|no_answer| {
                        Failure::new(Class::Cluster, "cannot check the account's access", no_answer.reason)
                            .advise(no_answer.advice)
                    })?;
                    let refusal = (!permission.allowed).then_some(permission.reason);
                    asked.push((question.clone(), refusal.clone()));
                    refusal
                }
            };
            forbidden.extend(refusal.map(|reason| Forbidden { gatherer, question, reason }));
        }
    }
    if forbidden.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = forbidden.iter().map(Forbidden::to_string).collect();
    Err(Failure::new(Class::Cluster, "the account may not do all that is to be gathered", lines.join("\n  "))
        .advise("'host-min rbac' prints the roles that these gatherers need; or use another account"))
}

/// What a gatherer may come to ask, each kind once.
fn questions(rights: &Rights) -> Vec<Question> {
    let effective = rights.effective();
    let only = rights.narrowing().namespace.as_deref();
    let resources = effective.resources.iter().filter(|rest| !matches!(rest.granted, Granted::Nothing(_)));
    let mut questions: Vec<Question> = resources
        .map(|rest| Question {
            verb: if rest.verb == Verb::LIST { "list" } else { "get" },
            group: rest.resource.group.clone(),
            version: rest.resource.version.clone(),
            resource: rest.resource.plural.clone(),
            subresource: rest.resource.subresource.clone(),
            namespace: rest.resource.namespace.as_deref().or(only).unwrap_or_default().to_owned(),
            ..Question::default()
        })
        .collect();
    let paths = effective.paths.iter().filter(|rest| rest.granted.is_ok());
    questions.extend(paths.map(|rest| Question {
        verb: "get",
        path: rest.path.to_owned(),
        ..Question::default()
    }));
    questions
}

impl fmt::Display for Forbidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Question { verb, group, version, resource, subresource, namespace, path, .. } = &self.question;
        write!(f, "{}: {verb} ", self.gatherer)?;
        if !path.is_empty() {
            write!(f, "{path}")?;
        } else {
            let parts = [&**group, version, resource, subresource];
            f.write_str(&parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"))?;
            match &**namespace {
                "" => {}
                namespace => write!(f, " in the namespace {namespace}")?,
            }
        }
        match &*self.reason {
            "" => Ok(()),
            reason => write!(f, " ({reason})"),
        }
    }
}
