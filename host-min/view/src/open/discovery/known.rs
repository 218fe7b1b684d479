//! Resources that are known without an archive: those of Kubernetes, and some of OpenShift.
//!
//! An archive without discovery documents does not say which resources its cluster had. With these, kubectl knows short names
//! and says what was not gathered, instead of that there is no such resource.

use super::model::ApiResource;

/// A line is `plural kind scope short-names categories`; `-` is none. The others begin a group with its version.
const KUBERNETES: &str = "
v1
componentstatuses ComponentStatus cluster cs -
configmaps ConfigMap namespaced cm -
endpoints Endpoints namespaced ep -
events Event namespaced ev -
limitranges LimitRange namespaced limits -
namespaces Namespace cluster ns -
nodes Node cluster no -
persistentvolumeclaims PersistentVolumeClaim namespaced pvc -
persistentvolumes PersistentVolume cluster pv -
pods Pod namespaced po all
podtemplates PodTemplate namespaced - -
replicationcontrollers ReplicationController namespaced rc all
resourcequotas ResourceQuota namespaced quota -
secrets Secret namespaced - -
serviceaccounts ServiceAccount namespaced sa -
services Service namespaced svc all
admissionregistration.k8s.io/v1
mutatingwebhookconfigurations MutatingWebhookConfiguration cluster - api-extensions
validatingadmissionpolicies ValidatingAdmissionPolicy cluster - api-extensions
validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding cluster - api-extensions
validatingwebhookconfigurations ValidatingWebhookConfiguration cluster - api-extensions
apiextensions.k8s.io/v1
customresourcedefinitions CustomResourceDefinition cluster crd,crds api-extensions
apiregistration.k8s.io/v1
apiservices APIService cluster - api-extensions
apps/v1
controllerrevisions ControllerRevision namespaced - -
daemonsets DaemonSet namespaced ds all
deployments Deployment namespaced deploy all
replicasets ReplicaSet namespaced rs all
statefulsets StatefulSet namespaced sts all
autoscaling/v2
horizontalpodautoscalers HorizontalPodAutoscaler namespaced hpa all
batch/v1
cronjobs CronJob namespaced cj all
jobs Job namespaced - all
certificates.k8s.io/v1
certificatesigningrequests CertificateSigningRequest cluster csr -
coordination.k8s.io/v1
leases Lease namespaced - -
discovery.k8s.io/v1
endpointslices EndpointSlice namespaced - -
events.k8s.io/v1
events Event namespaced ev -
flowcontrol.apiserver.k8s.io/v1
flowschemas FlowSchema cluster - -
prioritylevelconfigurations PriorityLevelConfiguration cluster - -
networking.k8s.io/v1
ingressclasses IngressClass cluster - -
ingresses Ingress namespaced ing -
ipaddresses IPAddress cluster ip -
networkpolicies NetworkPolicy namespaced netpol -
servicecidrs ServiceCIDR cluster - -
node.k8s.io/v1
runtimeclasses RuntimeClass cluster - -
policy/v1
poddisruptionbudgets PodDisruptionBudget namespaced pdb -
rbac.authorization.k8s.io/v1
clusterrolebindings ClusterRoleBinding cluster - -
clusterroles ClusterRole cluster - -
rolebindings RoleBinding namespaced - -
roles Role namespaced - -
resource.k8s.io/v1
deviceclasses DeviceClass cluster - -
resourceclaims ResourceClaim namespaced - -
resourceclaimtemplates ResourceClaimTemplate namespaced - -
resourceslices ResourceSlice cluster - -
scheduling.k8s.io/v1
priorityclasses PriorityClass cluster pc -
storage.k8s.io/v1
csidrivers CSIDriver cluster - -
csinodes CSINode cluster - -
csistoragecapacities CSIStorageCapacity namespaced - -
storageclasses StorageClass cluster sc -
volumeattachments VolumeAttachment cluster - -
volumeattributesclasses VolumeAttributesClass cluster vac -
";

/// These are there if an archive has objects of them.
const OTHERS: &str = "
apps.openshift.io/v1
deploymentconfigs DeploymentConfig namespaced dc all
build.openshift.io/v1
buildconfigs BuildConfig namespaced bc all
builds Build namespaced - all
config.openshift.io/v1
apiservers APIServer cluster - -
authentications Authentication cluster - -
builds Build cluster - -
clusteroperators ClusterOperator cluster co -
clusterversions ClusterVersion cluster - -
consoles Console cluster - -
dnses DNS cluster - -
featuregates FeatureGate cluster - -
imagecontentpolicies ImageContentPolicy cluster - -
images Image cluster - -
infrastructures Infrastructure cluster - -
ingresses Ingress cluster - -
networks Network cluster - -
oauths OAuth cluster - -
operatorhubs OperatorHub cluster - -
projects Project cluster - -
proxies Proxy cluster - -
schedulers Scheduler cluster - -
image.openshift.io/v1
imagestreams ImageStream namespaced is all
machine.openshift.io/v1beta1
machinehealthchecks MachineHealthCheck namespaced mhc,mhcs -
machines Machine namespaced - -
machinesets MachineSet namespaced - -
machineconfiguration.openshift.io/v1
containerruntimeconfigs ContainerRuntimeConfig cluster ctrcfg -
kubeletconfigs KubeletConfig cluster - -
machineconfigpools MachineConfigPool cluster mcp -
machineconfigs MachineConfig cluster mc -
metrics.k8s.io/v1beta1
nodes NodeMetrics cluster - -
pods PodMetrics namespaced - -
operators.coreos.com/v1alpha1
catalogsources CatalogSource namespaced catsrc olm
clusterserviceversions ClusterServiceVersion namespaced csv,csvs olm
installplans InstallPlan namespaced ip olm
subscriptions Subscription namespaced sub,subs olm
project.openshift.io/v1
projects Project cluster - -
route.openshift.io/v1
routes Route namespaced - all
";

/// A resource and where it is.
pub(super) struct Known {
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) resource: ApiResource,
}

/// Those of Kubernetes.
pub(super) fn of_kubernetes() -> impl Iterator<Item = Known> {
    read(KUBERNETES)
}

/// All of them.
pub(super) fn all() -> impl Iterator<Item = Known> {
    of_kubernetes().chain(read(OTHERS))
}

fn read(table: &'static str) -> impl Iterator<Item = Known> {
    let (mut group, mut version) = ("", "");
    table.lines().filter_map(move |line| {
        let mut words = line.split(' ');
        let first = words.next().unwrap_or_default();
        let (Some(kind), Some(scope), Some(short), Some(categories)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            (group, version) = first.split_once('/').unwrap_or(("", first));
            return None;
        };
        let list = |text: &str| text.split(',').filter(|name| *name != "-").map(String::from).collect();
        let resource = ApiResource {
            short_names: list(short),
            categories: list(categories),
            ..ApiResource::new(first, kind, scope == "namespaced")
        };
        Some(Known { group, version, resource })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_read() {
        let all: Vec<Known> = all().collect();
        assert!(all.len() > 90, "{}", all.len());
        assert!(all.iter().all(|known| !known.version.is_empty() && !known.resource.kind.is_empty()));
        let find = |group: &str, plural: &str| {
            all.iter().find(|known| known.group == group && known.resource.plural == plural).expect("known")
        };
        let crd = find("apiextensions.k8s.io", "customresourcedefinitions");
        assert_eq!(
            (crd.version, &*crd.resource.short_names.join(" "), crd.resource.namespaced),
            ("v1", "crd crds", false)
        );
        let pods = find("", "pods");
        assert_eq!((pods.version, &*pods.resource.singular, pods.resource.namespaced), ("v1", "pod", true));
    }
}
