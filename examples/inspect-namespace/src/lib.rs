//! Copies everything in some namespaces into the archive, as `oc adm inspect ns/…` does: each object of each resource that the server can
//! list, except Secrets, and the logs of all containers of all pods.
//!
//! Logs are those of init containers and ephemeral containers, too; of a container that was restarted, also that of the previous instance.
//! They go from the API server to the archive without passing through the gatherer, eight of them in flight at a time.

#![no_std]
#![forbid(unsafe_code)]

use wagather::abi::Status;
use wagather::abi::limits::MAX_ENTRY_NAME_BYTES;
use wagather::arena::String;
use wagather::rest::DynamicResources;
use wagather::{
    Api, ApiResource, Body, DynamicApi, Fields, ListParams, LogParams, Param, Resource, Result, gatherer, log,
};

const ANY: DynamicResources = wagather::manifest_resources!("get,list", "*/*/*");

const NAMESPACES: Param = wagather::param!("namespaces", "Which namespaces, with commas between them");

/// Requests for logs in flight: the API server forwards each to a node, and some nodes are slow.
const AHEAD: usize = 8;

const NAMESPACE: ApiResource<'static> = ApiResource::preferred("", "namespaces");

#[derive(Clone, Copy, Resource)]
#[resource(version = "v1", plural = "pods", namespaced, log)]
struct Pod<'a> {
    metadata: ObjectMeta<'a>,
    status: PodStatus<'a>,
}

#[derive(Clone, Copy, Fields)]
struct ObjectMeta<'a> {
    name: &'a str,
    namespace: &'a str,
    uid: &'a str,
}

#[derive(Clone, Copy, Fields)]
struct PodStatus<'a> {
    init_container_statuses: &'a [ContainerStatus<'a>],
    container_statuses: &'a [ContainerStatus<'a>],
    ephemeral_container_statuses: &'a [ContainerStatus<'a>],
}

/// A container. Its ID is that of an instance that was started, which has a log.
#[derive(Clone, Copy, Fields)]
struct ContainerStatus<'a> {
    name: &'a str,
    #[field(name = "containerID")]
    container_id: &'a str,
    last_state: ContainerState<'a>,
}

#[derive(Clone, Copy, Fields)]
struct ContainerState<'a> {
    terminated: Terminated<'a>,
}

#[derive(Clone, Copy, Fields)]
struct Terminated<'a> {
    #[field(name = "containerID")]
    container_id: &'a str,
}

gatherer!(gather);

fn gather() -> Result<()> {
    let mut buffer = [0; 4096];
    let Some(namespaces) = NAMESPACES.value(&mut buffer)? else {
        log::warn("no namespace is inspected: name them, as in --param namespaces=shop,bank");
        return Ok(());
    };
    // The host reports what fails of a namespace. The others are inspected in any case. What is no name is a mistake in the parameter.
    let mut result = Ok(());
    for namespace in namespaces.split([',', ' ']) {
        // The empty name would stand for all namespaces.
        if !namespace.is_empty()
            && let Err(error) = inspect(namespace)
            && error.status() == Status::BAD_REQUEST
        {
            result = Err(error);
        }
    }
    result
}

fn inspect(namespace: &str) -> Result<()> {
    let all = ListParams::default();
    let pods = Api::<Pod>::namespaced(namespace).list(&all)?;
    let objects = DynamicApi::namespaced_with(ANY, namespace, &ApiResource::ANY).list(&all)?;
    let _ = DynamicApi::all_with(ANY, &NAMESPACE).pipe(namespace);
    let _ = objects.pipe();
    let mut logs = Logs { under_way: [const { None }; AHEAD], next: 0 };
    for pod in pods.items() {
        let pod = pod?;
        let Pod { metadata, status } = pod.get();
        for list in
            [status.init_container_statuses, status.container_statuses, status.ephemeral_container_statuses]
        {
            for container in list {
                logs.start(metadata, container.name, container.container_id, false)?;
                logs.start(metadata, container.name, container.last_state.terminated.container_id, true)?;
            }
        }
    }
    (0..AHEAD).for_each(|_| logs.put(None));
    Ok(())
}

/// Logs on their way into the archive, each with its name there.
struct Logs {
    under_way: [Option<(Body, String)>; AHEAD],
    next: usize,
}

impl Logs {
    /// Starts to read the log of an instance of a container, if it was started.
    fn start(&mut self, pod: &ObjectMeta<'_>, container: &str, id: &str, is_previous: bool) -> Result<()> {
        if id.is_empty() {
            return Ok(());
        }
        let params = LogParams::default().container(container);
        let (params, file) =
            if is_previous { (params.previous(), "/previous.log") } else { (params, "/current.log") };
        let Ok(body) = Api::<Pod>::namespaced(pod.namespace).logs(pod.name, &params) else { return Ok(()) };
        // A pod's name may be longer than an entry's name.
        let len = pod.namespace.len() + pod.name.len() + container.len() + "//".len() + file.len();
        let pod_name = if len <= MAX_ENTRY_NAME_BYTES { pod.name } else { pod.uid };
        let mut name = String::new();
        for piece in [pod.namespace, "/", pod_name, "/", container, file] {
            name.push_str(piece)?;
        }
        self.put(Some((body, name)));
        Ok(())
    }

    /// Writes the oldest of them, in whose place the new one is.
    fn put(&mut self, new: Option<(Body, String)>) {
        let next = self.next % AHEAD;
        self.next += 1;
        let Some(slot) = self.under_way.get_mut(next) else { return };
        if let Some((body, name)) = core::mem::replace(slot, new) {
            let _ = body.pipe(&name);
        }
    }
}

#[cfg(test)]
mod tests;
