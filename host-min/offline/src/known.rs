//! Resources that are known without an archive: those of Kubernetes, and some of OpenShift.
//!
//! An archive without discovery documents does not say which resources its cluster had, nor of which kind the objects of an empty list
//! would be. With these, kubectl knows short names and says what was not gathered, instead of that there is no such resource.

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

/// A resource.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// The API group; empty for the core group.
    pub group: &'static str,
    /// The version that servers prefer.
    pub version: &'static str,
    /// The name of the resource, as in paths.
    pub plural: &'static str,
    /// The kind of its objects.
    pub kind: &'static str,
    /// Whether its objects are in namespaces.
    pub is_namespaced: bool,
    short_names: &'static str,
    categories: &'static str,
}

impl Known {
    /// What people call it.
    pub fn short_names(&self) -> impl Iterator<Item = &'static str> + use<> {
        words(self.short_names)
    }

    /// The groups of resources that it is in, such as `all`.
    pub fn categories(&self) -> impl Iterator<Item = &'static str> + use<> {
        words(self.categories)
    }
}

fn words(text: &'static str) -> impl Iterator<Item = &'static str> {
    text.split(',').filter(|name| *name != "-")
}

/// Those of Kubernetes.
pub fn of_kubernetes() -> impl Iterator<Item = Known> {
    read(KUBERNETES)
}

/// All of them.
pub fn all() -> impl Iterator<Item = Known> {
    of_kubernetes().chain(read(OTHERS))
}

/// The resource of a group and a name.
pub(crate) fn find(group: &str, plural: &str) -> Option<Known> {
    all().find(|known| known.group == group && known.plural == plural)
}

fn read(table: &'static str) -> impl Iterator<Item = Known> {
    let (mut group, mut version) = ("", "");
    table.lines().filter_map(move |line| {
        let mut words = line.split(' ');
        let plural = words.next().unwrap_or_default();
        let (Some(kind), Some(scope), Some(short_names), Some(categories)) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            (group, version) = plural.split_once('/').unwrap_or(("", plural));
            return None;
        };
        let is_namespaced = scope == "namespaced";
        Some(Known { group, version, plural, kind, is_namespaced, short_names, categories })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_read() {
        let all: Vec<Known> = all().collect();
        assert!(all.len() > 90, "{}", all.len());
        assert!(all.iter().all(|known| !known.version.is_empty() && !known.kind.is_empty()));
        let crd = find("apiextensions.k8s.io", "customresourcedefinitions").expect("known");
        let short_names: Vec<&str> = crd.short_names().collect();
        assert_eq!((crd.version, short_names.join(" "), crd.is_namespaced), ("v1", "crd crds".into(), false));
        let pods = find("", "pods").expect("known");
        assert_eq!((pods.version, pods.kind, pods.is_namespaced), ("v1", "Pod", true));
        assert_eq!(pods.categories().collect::<Vec<_>>(), ["all"]);
        assert_eq!(find("", "nodes").expect("known").categories().count(), 0);
    }
}
