//! `operators-kube-rs pipe|decode KUBECONFIG OUTPUT`: writes the unchanged list of cluster operators, or the degraded
//! ones, to a file, with kube-rs as its documentation shows.

use kube::api::{ApiResource, GroupVersionKind, ListParams, NotUsed, Object};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::core::Request;
use kube::{Api, Client, Config, Resource, ResourceExt};
use serde::{Deserialize, Serialize};
use std::error::Error;

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    conditions: Vec<Condition>,
    versions: Vec<OperandVersion>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Condition {
    r#type: String,
    status: String,
    reason: String,
    message: String,
    last_transition_time: String,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct OperandVersion {
    name: String,
    version: String,
}

#[derive(Serialize)]
struct Finding {
    operator: String,
    version: String,
    problem: &'static str,
    since: String,
    reason: String,
    message: String,
}

type ClusterOperator = Object<NotUsed, Status>;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [task, kubeconfig, output] = &*words else {
        return Err("usage: operators-kube-rs pipe|decode KUBECONFIG OUTPUT".into());
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let written = runtime.block_on(gathered(task == "decode", kubeconfig))?;
    Ok(std::fs::write(output, written)?)
}

async fn gathered(decodes: bool, kubeconfig: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let client = Client::try_from(config)?;
    let kind = GroupVersionKind::gvk("config.openshift.io", "v1", "ClusterOperator");
    let resource = ApiResource::from_gvk(&kind);
    let params = ListParams::default().limit(500);
    if !decodes {
        let request = Request::new(ClusterOperator::url_path(&resource, None)).list(&params)?;
        return Ok(client.request_text(request).await?.into_bytes());
    }
    let api: Api<ClusterOperator> = Api::all_with(client, &resource);
    let operators = api.list(&params).await?;
    Ok(serde_json::to_vec(&operators.items.iter().flat_map(findings).collect::<Vec<_>>())?)
}

fn findings(operator: &ClusterOperator) -> Vec<Finding> {
    let Some(status) = &operator.status else { return Vec::new() };
    let version = status.versions.iter().find(|version| version.name == "operator");
    let conditions = status.conditions.iter().filter_map(|condition| {
        let problem = match (&*condition.r#type, &*condition.status) {
            ("Degraded", "True") => "degraded",
            ("Available", "False") => "unavailable",
            _ => return None,
        };
        Some(Finding {
            operator: operator.name_any(),
            version: version.map_or(String::new(), |version| version.version.clone()),
            problem,
            since: condition.last_transition_time.clone(),
            reason: condition.reason.clone(),
            message: condition.message.clone(),
        })
    });
    conditions.collect()
}
