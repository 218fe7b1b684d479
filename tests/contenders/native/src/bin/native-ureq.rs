//! `native-ureq pipe|decode URL OUTPUT`: writes the unchanged list, or the degraded operators, to a file, with ureq
//! and serde.

use serde::{Deserialize, Serialize};
use std::error::Error;
use std::fs::File;
use std::io::Write;

#[derive(Deserialize)]
struct List {
    items: Vec<ClusterOperator>,
}

#[derive(Deserialize)]
struct ClusterOperator {
    metadata: ObjectMeta,
    #[serde(default)]
    status: Status,
}

#[derive(Deserialize)]
struct ObjectMeta {
    name: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: Vec<Condition>,
    versions: Vec<OperandVersion>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    r#type: String,
    status: String,
    reason: String,
    message: String,
    last_transition_time: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OperandVersion {
    name: String,
    version: String,
}

#[derive(Serialize)]
struct Finding<'a> {
    operator: &'a str,
    version: &'a str,
    problem: &'static str,
    since: &'a str,
    reason: &'a str,
    message: &'a str,
}

fn findings(operator: &ClusterOperator) -> impl Iterator<Item = Finding<'_>> {
    let version = operator.status.versions.iter().find(|version| version.name == "operator");
    operator.status.conditions.iter().filter_map(move |condition| {
        let problem = match (&*condition.r#type, &*condition.status) {
            ("Degraded", "True") => "degraded",
            ("Available", "False") => "unavailable",
            _ => return None,
        };
        Some(Finding {
            operator: &operator.metadata.name,
            version: version.map_or("", |version| &version.version),
            problem,
            since: &condition.last_transition_time,
            reason: &condition.reason,
            message: &condition.message,
        })
    })
}

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [task, url, output] = &*words else { return Err("usage: native-ureq pipe|decode URL OUTPUT".into()) };
    let body = ureq::get(url).header("Accept", "application/json").call()?.body_mut().read_to_vec()?;
    let written = match &**task {
        "pipe" => body,
        _ => {
            let list: List = serde_json::from_slice(&body)?;
            serde_json::to_vec(&list.items.iter().flat_map(findings).collect::<Vec<_>>())?
        }
    };
    Ok(File::create(output)?.write_all(&written)?)
}
