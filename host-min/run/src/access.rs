//! Checks, before anything is gathered, which permissions the account of a run lacks.
//!
//! The answers are no guarantee: permissions may change before they are used, and a server may refuse for other reasons. What the
//! grant refuses is not checked, because that is known without a server.

use crate::discover::catalog_of;
use std::fmt;
use std::time::Instant;
use wagather_abi::Verb;
use wagather_base::error::{Class, Failure, Result};
use wagather_kube::{Question, Source};
use wagather_policy::rights::{Need, Rights};

/// A request that a gatherer declares, that the grant allows, and that the server would refuse.
struct Forbidden<'a> {
    gatherer: &'a str,
    question: Question,
    reason: String,
    /// Whether a run would skip this namespace of a list, and read the others.
    is_gap: bool,
}

/// A question, and whether it is about one of several namespaces of a list.
struct Asked {
    question: Question,
    is_part: bool,
}

/// Fails if a request would be refused. The failure names all of them.
pub(crate) fn check<'a>(
    source: &dyn Source,
    gatherers: impl Iterator<Item = (&'a str, &'a Rights)>,
    deadline: Instant,
) -> Result<()> {
    let mut asked: Vec<(Question, Option<String>)> = Vec::new();
    let mut forbidden = Vec::new();
    for (gatherer, rights) in gatherers {
        let first = forbidden.len();
        let mut allowed = Vec::new();
        let expanded = match rights.have_wildcards() {
            true => Some(rights.expanded(&catalog_of(source, deadline)?)),
            false => None,
        };
        for Asked { question, is_part } in questions(expanded.as_ref().unwrap_or(rights)) {
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
            match refusal {
                Some(reason) => forbidden.push(Forbidden { gatherer, question, reason, is_gap: is_part }),
                None => allowed.push(question),
            }
        }
        for part in &mut forbidden[first..] {
            // A list fails if all of its namespaces refuse.
            let is_of_the_list = |other: &Question| {
                let namespace = part.question.namespace.clone();
                Question { namespace, ..other.clone() } == part.question
            };
            part.is_gap &= allowed.iter().any(is_of_the_list);
        }
    }
    if forbidden.is_empty() {
        return Ok(());
    }
    let mut advice = "'host-min rbac' with the same --grant prints the required roles; or grant less, or use another account"
        .to_owned();
    let is_over_all = |Forbidden { question, .. }: &Forbidden<'_>| {
        question.verb == "list" && question.namespace.is_empty() && question.path.is_empty()
    };
    if forbidden.iter().any(is_over_all) {
        advice += ". For namespaced resources, -n limits the request to one namespace, and a grant that names namespaces limits it to those";
    }
    if forbidden.iter().all(|forbidden| forbidden.is_gap) {
        advice += ". Without --check-access, the run reads the other namespaces, reports these as gaps, and exits with code 8";
    }
    let reasons = forbidden.iter().map(Forbidden::to_string);
    Err(Failure::of_many(Class::Refused, "the account lacks permissions that the gatherers need", reasons)
        .advise(advice))
}

/// What a gatherer may request under its grant, each kind once. `host-min rbac --grant` prints the roles for it.
fn questions(rights: &Rights) -> Vec<Asked> {
    let effective = rights.effective();
    let mut questions: Vec<Asked> = Vec::new();
    for rest in &effective.resources {
        let question = Question {
            verb: if rest.verb == Verb::LIST { "list" } else { "get" },
            group: rest.resource.group.clone(),
            version: rest.resource.version.clone(),
            resource: rest.resource.plural.clone(),
            subresource: rest.resource.subresource.clone(),
            ..Question::default()
        };
        let is_part = rest.places().is_some();
        let mut add = |question: Question| match questions.iter_mut().find(|known| known.question == question)
        {
            Some(known) => known.is_part &= is_part,
            None => questions.push(Asked { question, is_part }),
        };
        for Need { namespace, names, .. } in rest.needs() {
            let here = Question { namespace: namespace.unwrap_or_default(), ..question.clone() };
            match &names[..] {
                [] => add(here),
                names => names.iter().for_each(|name| add(Question { name: name.clone(), ..here.clone() })),
            }
        }
    }
    let paths = effective.paths.iter().filter(|rest| rest.granted.is_ok());
    questions.extend(paths.map(|rest| Asked {
        question: Question { verb: "get", path: rest.path.to_owned(), ..Question::default() },
        is_part: false,
    }));
    questions
}

impl fmt::Display for Forbidden<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Question { verb, group, version, resource, subresource, namespace, name, path } = &self.question;
        write!(f, "{}: {verb} ", self.gatherer)?;
        if !path.is_empty() {
            write!(f, "{path}")?;
        } else {
            let parts = [&**group, version, resource, subresource];
            f.write_str(&parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/"))?;
            if !name.is_empty() {
                write!(f, " named {name}")?;
            }
            match &**namespace {
                "" if *verb == "list" => f.write_str(" at the cluster scope")?,
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

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Arc, Mutex};
    use wagather_kube::{Call, NoAnswer, Permission, Response};
    use wagather_policy::grant::Grant;
    use wagather_policy::manifest::Manifest;

    const GAPS: &str = "Without --check-access, the run reads the other namespaces, reports these as gaps";

    /// A server that allows requests in the namespace `shop`, and records the questions.
    #[derive(Default)]
    struct Server(Mutex<Vec<Question>>);

    impl Source for Server {
        fn send(&self, call: &Call) -> Result<Response, NoAnswer> {
            unreachable!("{}", call.path_and_query)
        }
        fn may(&self, question: &Question, _: Instant) -> Result<Permission, NoAnswer> {
            self.0.lock().expect("no panic").push(question.clone());
            let allowed = question.namespace == "shop" || !question.path.is_empty();
            Ok(Permission { allowed, reason: String::new() })
        }
        fn now_millis(&self) -> i64 {
            0
        }
        fn is_recording(&self) -> bool {
            false
        }
        fn describe(&self) -> String {
            "test".into()
        }
    }

    /// The questions, and the result of the check.
    fn checked(grant: &str) -> (Vec<String>, Result<(), String>) {
        let manifest = "gatherer 1 g 1\nresource get,list /v1/pods * *\nresource list apps/v1/deployments shop *\npath /version\n";
        let grant = Grant::parse(&format!("apiVersion: wagather/v1\nkind: Grant\n{grant}")).expect("a grant");
        let rights = Rights::new(Manifest::parse(manifest.as_bytes()).expect("a manifest"), Arc::new(grant));
        let server = Server::default();
        let checked = check(&server, [("g", &rights), ("h", &rights)].into_iter(), Instant::now());
        let asked = server.0.lock().expect("no panic").iter().map(words).collect();
        let lines =
            |failure: Failure| [vec![failure.reason], failure.more, vec![failure.advice]].concat().join("\n");
        (asked, checked.map_err(lines))
    }

    fn words(question: &Question) -> String {
        let Question { verb, resource, namespace, name, path, .. } = question;
        [*verb, resource, namespace, name, path]
            .into_iter()
            .filter(|word| !word.is_empty())
            .collect::<Vec<_>>()
            .join(" ")
    }

    #[test]
    fn it_asks_for_what_the_grant_leaves() {
        let rule = |verbs: &str, more: &str| {
            format!("rules: [{{verbs: [{verbs}], apiGroups: [''], resources: [pods]{more}}}]\n")
        };
        // Without a rule there is no question. Each question is asked once for all gatherers.
        assert_eq!(
            checked("rules: []\nnonResourceURLs: [/version]\n"),
            (vec!["get /version".into()], Ok(()))
        );
        assert_eq!(
            checked(&rule("get, list", ", namespaces: [shop]")),
            (vec!["get pods shop".into(), "list pods shop".into()], Ok(()))
        );
        assert_eq!(
            checked(&rule("get", ", namespaces: [shop], resourceNames: [b, a]")),
            (vec!["get pods shop a".into(), "get pods shop b".into()], Ok(()))
        );
        let (asked, refused) = checked(&rule("list", ", namespaces: [shop, other]"));
        assert_eq!(asked, ["list pods other", "list pods shop"]);
        let refused = refused.expect_err("other is refused");
        let lines =
            "g: list v1/pods in the namespace other\nh: list v1/pods in the namespace other\n'host-min rbac'";
        assert!(refused.starts_with(lines) && refused.contains(GAPS), "{refused}");
        // Nothing of a list is left, or something else is refused as well: that is not a gap.
        for rules in [
            rule("list", ", namespaces: [other, third]"),
            rule("get", ", namespaces: [shop, other]"),
            rule("get, list", ", namespaces: [shop, other]"),
        ] {
            let refused = checked(&rules).1.expect_err("other is refused");
            assert!(refused.contains("in the namespace other") && !refused.contains(GAPS), "{refused}");
        }
        for rule in
            [rule("list", ", namespaces: ['shop*']"), rule("list", ", resourceNames: [a]"), rule("list", "")]
        {
            let (asked, refused) = checked(&rule);
            assert_eq!(asked, ["list pods"]);
            let refused = refused.expect_err("the cluster scope is refused");
            assert!(refused.starts_with("g: list v1/pods at the cluster scope\n"), "{refused}");
            assert!(refused.ends_with("and a grant that names namespaces limits it to those"), "{refused}");
        }
    }
}
