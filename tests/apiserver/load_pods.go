package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// load_pods.go makes pods: names, specs and metadata. Their status is in load_pod_status.go.
//
// A pod is about 7 KB of JSON with managedFields, as in real clusters.

// workload is what a pod belongs to. Pod N is of workload N/len(podNamespaces) modulo their count.
type workload struct {
	name       string
	containers []string
}

var workloads = []workload{
	{"collector", []string{"main", "proxy"}},
	{"frontend", []string{"main", "proxy"}},
	{"resolver", []string{"main", "reloader"}},
	{"store", []string{"main", "backup", "metrics"}},
	{"worker", []string{"main"}},
	{"reporter", []string{"main", "proxy"}},
	{"scheduler", []string{"main"}},
}

func (l *loader) applyPods(ctx context.Context) error {
	return l.each(ctx, l.sizes.pods, func(ctx context.Context, index int) error {
		object := pod(index, l.sizes.nodes)
		return applyWithStatus(ctx, l.kubernetes.CoreV1().Pods(object.Namespace), object)
	})
}

// hexOf is a stand-in for a hash or an id: the same for the same kind and index.
func hexOf(kind string, index, length int) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d", kind, index))
	return hex.EncodeToString(sum[:])[:length]
}

// podSuffix looks like Kubernetes' random suffix, but is unique: the multiplier has no factor in common
// with 27, so multiplying is a permutation of the 27^5 suffixes.
func podSuffix(index int) string {
	const alphabet, length, multiplier = "bcdfghjklmnpqrstvwxz2456789", 5, 7_368_787
	number := index * multiplier
	suffix := make([]byte, length)
	for position := range suffix {
		suffix[position] = alphabet[number%len(alphabet)]
		number /= len(alphabet)
	}
	return string(suffix)
}

func podWorkload(index int) workload { return workloads[index/len(podNamespaces)%len(workloads)] }

// pod is the pod with this index, in full. nodes is how many there are to run on.
func pod(index, nodes int) *corev1.Pod {
	namespace := podNamespaces[index%len(podNamespaces)]
	work := podWorkload(index)
	replicaSet := work.name + "-" + hexOf(namespace+work.name, 0, 10)
	name := replicaSet + "-" + podSuffix(index)
	state := podState(index)
	yes, no := true, false

	object := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{
			Name: name, Namespace: namespace, GenerateName: replicaSet + "-",
			Labels: map[string]string{
				"app.kubernetes.io/name": work.name, "app.kubernetes.io/part-of": namespace,
				"pod-template-hash": hexOf(namespace+work.name, 0, 10), "wagather.test/state": string(state),
			},
			Annotations: map[string]string{
				"openshift.io/scc":          "restricted-v2",
				"k8s.ovn.org/pod-networks":  fmt.Sprintf(`{"default":{"ip_addresses":["%s/23"],"mac_address":"0a:58:%s","role":"primary"}}`, podAddress(index), macOf(index)),
				"wagather.test/description": fmt.Sprintf("pod №%d of \"%s\" – gehört zu %s", index, work.name, namespace),
			},
			OwnerReferences: []metav1.OwnerReference{{
				APIVersion: "apps/v1", Kind: "ReplicaSet", Name: replicaSet, UID: uidOf("replicaset/" + namespace + replicaSet),
				Controller: &yes, BlockOwnerDeletion: &yes,
			}},
		},
		Spec: corev1.PodSpec{
			ServiceAccountName:           "default",
			AutomountServiceAccountToken: &no,
			RestartPolicy:                corev1.RestartPolicyAlways,
			Volumes: []corev1.Volume{
				{Name: "config", VolumeSource: corev1.VolumeSource{ConfigMap: &corev1.ConfigMapVolumeSource{
					LocalObjectReference: corev1.LocalObjectReference{Name: work.name + "-config"}}}},
			},
		},
	}
	if state != stateUnschedulable {
		object.Spec.NodeName = nodeName(index % max(1, nodes))
	}
	if state == stateSucceeded || state == stateEvicted {
		object.Spec.RestartPolicy = corev1.RestartPolicyNever
	}
	object.Spec.InitContainers = initContainers(work.name)
	for position, container := range work.containers {
		object.Spec.Containers = append(object.Spec.Containers, podContainer(index, position, work.name, container))
	}
	if logs := podLogs(index); logs != "" && logs != logsLost {
		object.Annotations[logsAnnotation] = logs
	}
	object.Status = podStatus(index, object)
	return object
}

// podContainer is one container; those after the first are small, as sidecars are.
func podContainer(index, position int, workload, name string) corev1.Container {
	port := int32(8080 + position)
	container := corev1.Container{
		Name:            name,
		Image:           containerImage(workload, name),
		ImagePullPolicy: corev1.PullIfNotPresent,
		Args:            []string{fmt.Sprintf("--listen=:%d", port)},
		Env:             []corev1.EnvVar{{Name: "DB_PASSWORD", Value: passwordValue}},
		Resources: corev1.ResourceRequirements{Requests: corev1.ResourceList{
			corev1.ResourceCPU:    resource.MustParse("25m"),
			corev1.ResourceMemory: resource.MustParse(fmt.Sprintf("%dMi", 64+index%8*32)),
		}},
	}
	if position > 0 {
		return container
	}
	container.Command = []string{"/usr/bin/" + workload}
	container.Ports = []corev1.ContainerPort{{Name: "http", ContainerPort: port, Protocol: corev1.ProtocolTCP}}
	container.Env = append(container.Env,
		corev1.EnvVar{Name: "UPSTREAM", Value: fmt.Sprintf("https://%s-%d.wagather.test:8443/?a=1&b=2", workload, index%9)},
		corev1.EnvVar{Name: "API_KEY", ValueFrom: &corev1.EnvVarSource{SecretKeyRef: &corev1.SecretKeySelector{
			LocalObjectReference: corev1.LocalObjectReference{Name: "gatherer-secret"}, Key: "password"}}},
	)
	container.VolumeMounts = []corev1.VolumeMount{{Name: "config", MountPath: "/etc/" + workload, ReadOnly: true}}
	return container
}

func containerImage(workload, container string) string {
	return "registry.wagather.test/" + workload + "/" + container + ":v1.7.3"
}
