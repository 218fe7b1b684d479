//! Reads all pods with kube-rs, as its documentation shows, and counts the crash-looping ones like `pods.wasm`:
//! `kube-rs KUBECONFIG LIMIT`.
//!
//! It reads typed pods page by page on one thread, keeps one page in memory, and prints one line of JSON.

use k8s_openapi::api::core::v1::{ContainerStatus, Pod};
use kube::api::ListParams;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, Config};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [kubeconfig, limit] = &*words else { return Err("usage: kube-rs KUBECONFIG LIMIT".into()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let line = runtime.block_on(count(kubeconfig, limit.parse()?))?;
    println!("{line}");
    Ok(())
}

async fn count(kubeconfig: &str, limit: u32) -> Result<String, Box<dyn Error>> {
    let kubeconfig = Kubeconfig::read_from(kubeconfig)?;
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    let api: Api<Pod> = Api::all(Client::try_from(config)?);
    let mut params = ListParams::default().limit(limit);
    let (mut requests, mut pods, mut crash_looping) = (0, 0, 0);
    loop {
        let page = api.list(&params).await?;
        requests += 1;
        pods += page.items.len();
        crash_looping += page.items.iter().filter(|pod| crash_loops(pod)).count();
        match page.metadata.continue_ {
            Some(token) if !token.is_empty() => params = params.continue_token(&token),
            _ => break,
        }
    }
    Ok(format!(r#"{{"requests":{requests},"pods":{pods},"crashLooping":{crash_looping}}}"#))
}

fn crash_loops(pod: &Pod) -> bool {
    let Some(status) = &pod.status else { return false };
    let lists = [&status.init_container_statuses, &status.container_statuses];
    lists.into_iter().flatten().flatten().any(waits_in_a_loop)
}

fn waits_in_a_loop(container: &ContainerStatus) -> bool {
    let waiting = container.state.as_ref().and_then(|state| state.waiting.as_ref());
    waiting.and_then(|waiting| waiting.reason.as_deref()) == Some("CrashLoopBackOff")
}
