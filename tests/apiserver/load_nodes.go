package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// load_nodes.go makes nodes with a full status. Every fifth is not ready, and its kubelet does not answer.
//
// One kubelet stands for all of them (kubelet.go), so they have one address.

func (l *loader) applyNodes(ctx context.Context) error {
	return l.each(ctx, l.sizes.nodes, func(ctx context.Context, index int) error {
		return applyWithStatus(ctx, l.kubernetes.CoreV1().Nodes(), node(index, l.kubeletPort))
	})
}

func nodeName(index int) string { return fmt.Sprintf("edge-node-%03d", index) }

// node is the node with this index, in full.
func node(index, kubeletPort int) *corev1.Node {
	ready, reason, message := corev1.ConditionTrue, "KubeletReady", "kubelet is posting ready status"
	if index%5 == 4 {
		ready, reason, message = corev1.ConditionUnknown, "NodeStatusUnknown", "Kubelet stopped posting node status."
		kubeletPort = silentKubeletPort
	}
	role := "node-role.kubernetes.io/worker"
	if index < 3 {
		role = "node-role.kubernetes.io/control-plane"
	}
	seen := metav1.NewTime(epoch.Add(time.Duration(index) * time.Minute))
	condition := func(kind corev1.NodeConditionType, status corev1.ConditionStatus, reason, message string) corev1.NodeCondition {
		return corev1.NodeCondition{
			Type: kind, Status: status, Reason: reason, Message: message,
			LastHeartbeatTime: seen, LastTransitionTime: metav1.NewTime(epoch),
		}
	}
	resources := func(milliCPU, memoryMi int64) corev1.ResourceList {
		return corev1.ResourceList{
			corev1.ResourceCPU:              *resource.NewMilliQuantity(milliCPU, resource.DecimalSI),
			corev1.ResourceMemory:           *resource.NewQuantity(memoryMi<<20, resource.BinarySI),
			corev1.ResourceEphemeralStorage: *resource.NewQuantity(100<<30, resource.BinarySI),
			corev1.ResourcePods:             *resource.NewQuantity(250, resource.DecimalSI),
		}
	}
	object := &corev1.Node{
		ObjectMeta: metav1.ObjectMeta{
			Name: nodeName(index),
			Labels: map[string]string{
				"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": nodeName(index),
				"topology.kubernetes.io/zone": fmt.Sprintf("zone-%c", 'a'+rune(index%3)), role: "",
			},
			Annotations: map[string]string{"volumes.kubernetes.io/controller-managed-attach-detach": "true"},
		},
		Spec: corev1.NodeSpec{ProviderID: fmt.Sprintf("metal://rack-%d/%03d", index/16, index)},
		Status: corev1.NodeStatus{
			Capacity:    resources(8000, 32768),
			Allocatable: resources(7500, 31616),
			Conditions: []corev1.NodeCondition{
				condition(corev1.NodeMemoryPressure, corev1.ConditionFalse, "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
				condition(corev1.NodeDiskPressure, corev1.ConditionFalse, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
				condition(corev1.NodePIDPressure, corev1.ConditionFalse, "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
				condition(corev1.NodeReady, ready, reason, message),
			},
			Addresses: []corev1.NodeAddress{
				{Type: corev1.NodeInternalIP, Address: kubeletAddress},
				{Type: corev1.NodeHostName, Address: nodeName(index)},
			},
			DaemonEndpoints: corev1.NodeDaemonEndpoints{KubeletEndpoint: corev1.DaemonEndpoint{Port: int32(kubeletPort)}},
			NodeInfo: corev1.NodeSystemInfo{
				MachineID: hexOf("machine", index, 32), SystemUUID: hexOf("system", index, 32), BootID: hexOf("boot", index, 32),
				KernelVersion: "6.12.0-55.el10.x86_64", OSImage: "Edge Linux 10", ContainerRuntimeVersion: "cri-o://1.36.0",
				KubeletVersion: kubernetesVersion, OperatingSystem: "linux", Architecture: "amd64",
			},
			Images: []corev1.ContainerImage{
				{Names: []string{"registry.wagather.test/base@sha256:" + hexOf("base", 0, 64), "registry.wagather.test/base:v1"}, SizeBytes: 84_112_033},
			},
		},
	}
	troubleNode(index, object)
	return object
}
