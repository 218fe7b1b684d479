//! Which columns a resource of the API server itself has.

use super::column::Column;
use super::{cluster, network, storage, workloads};

/// The columns of a resource, in any version. Pods have a table of their own.
pub(super) fn columns(group: &str, plural: &str) -> Option<&'static [Column]> {
    Some(match (group, plural) {
        ("", "podtemplates") => workloads::POD_TEMPLATES,
        ("", "replicationcontrollers") => workloads::REPLICATION_CONTROLLERS,
        ("", "services") => network::SERVICES,
        ("", "endpoints") => network::ENDPOINTS,
        ("", "nodes") => cluster::NODES,
        ("" | "events.k8s.io", "events") => cluster::EVENTS,
        ("", "namespaces") => cluster::NAMESPACES,
        ("", "secrets") => cluster::SECRETS,
        ("", "serviceaccounts") => cluster::NAME_AND_AGE,
        ("", "configmaps") => cluster::CONFIG_MAPS,
        ("", "resourcequotas") => cluster::RESOURCE_QUOTAS,
        ("", "componentstatuses") => cluster::COMPONENT_STATUSES,
        ("", "persistentvolumes") => storage::PERSISTENT_VOLUMES,
        ("", "persistentvolumeclaims") => storage::PERSISTENT_VOLUME_CLAIMS,
        ("apps", "deployments") => workloads::DEPLOYMENTS,
        ("apps", "replicasets") => workloads::REPLICA_SETS,
        ("apps", "statefulsets") => workloads::STATEFUL_SETS,
        ("apps", "daemonsets") => workloads::DAEMON_SETS,
        ("apps", "controllerrevisions") => workloads::CONTROLLER_REVISIONS,
        ("batch", "jobs") => workloads::JOBS,
        ("batch", "cronjobs") => workloads::CRON_JOBS,
        ("autoscaling", "horizontalpodautoscalers") => workloads::HORIZONTAL_POD_AUTOSCALERS,
        ("policy", "poddisruptionbudgets") => workloads::POD_DISRUPTION_BUDGETS,
        ("networking.k8s.io", "ingresses") => network::INGRESSES,
        ("networking.k8s.io", "ingressclasses") => network::INGRESS_CLASSES,
        ("networking.k8s.io", "networkpolicies") => network::NETWORK_POLICIES,
        ("networking.k8s.io", "servicecidrs") => network::SERVICE_CIDRS,
        ("networking.k8s.io", "ipaddresses") => network::IP_ADDRESSES,
        ("discovery.k8s.io", "endpointslices") => network::ENDPOINT_SLICES,
        ("storage.k8s.io", "storageclasses") => storage::STORAGE_CLASSES,
        ("storage.k8s.io", "volumeattributesclasses") => storage::VOLUME_ATTRIBUTES_CLASSES,
        ("storage.k8s.io", "volumeattachments") => storage::VOLUME_ATTACHMENTS,
        ("storage.k8s.io", "csinodes") => storage::CSI_NODES,
        ("storage.k8s.io", "csidrivers") => storage::CSI_DRIVERS,
        ("storage.k8s.io", "csistoragecapacities") => storage::CSI_STORAGE_CAPACITIES,
        ("rbac.authorization.k8s.io", "rolebindings" | "clusterrolebindings") => cluster::ROLE_BINDINGS,
        ("coordination.k8s.io", "leases") => cluster::LEASES,
        ("coordination.k8s.io", "leasecandidates") => cluster::LEASE_CANDIDATES,
        ("scheduling.k8s.io", "priorityclasses") => cluster::PRIORITY_CLASSES,
        ("node.k8s.io", "runtimeclasses") => cluster::RUNTIME_CLASSES,
        ("certificates.k8s.io", "certificatesigningrequests") => cluster::CERTIFICATE_SIGNING_REQUESTS,
        (ADMISSION, "mutatingwebhookconfigurations" | "validatingwebhookconfigurations") => {
            cluster::WEBHOOK_CONFIGURATIONS
        }
        (ADMISSION, "validatingadmissionpolicies") => cluster::VALIDATING_POLICIES,
        (ADMISSION, "mutatingadmissionpolicies") => cluster::MUTATING_POLICIES,
        (ADMISSION, "validatingadmissionpolicybindings" | "mutatingadmissionpolicybindings") => {
            cluster::POLICY_BINDINGS
        }
        ("flowcontrol.apiserver.k8s.io", "flowschemas") => cluster::FLOW_SCHEMAS,
        ("flowcontrol.apiserver.k8s.io", "prioritylevelconfigurations") => cluster::PRIORITY_LEVELS,
        ("apiregistration.k8s.io", "apiservices") => cluster::API_SERVICES,
        ("", "limitranges")
        | ("rbac.authorization.k8s.io", "roles" | "clusterroles")
        | ("apiextensions.k8s.io", "customresourcedefinitions") => cluster::NAME_AND_TIME,
        _ => return None,
    })
}

const ADMISSION: &str = "admissionregistration.k8s.io";
