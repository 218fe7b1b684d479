package main

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// load_operators.go makes ClusterOperators: most are well, a handful are in trouble.
//
// The names are our own list in the manner of an OpenShift cluster's. The troubled ones carry messages
// that are hard on a JSON parser: other scripts, escapes, control characters, a long line.

var clusterOperators = schema.GroupVersionResource{Group: "config.openshift.io", Version: "v1", Resource: "clusteroperators"}

const operatorVersion = "4.21.7"

// epoch is the moment that every fixed timestamp counts from.
var epoch = time.Date(2026, time.January, 15, 8, 0, 0, 0, time.UTC)

var operatorNames = []string{
	"audit-log", "authentication", "backup", "bare-metal", "certificates", "cloud-bridge", "cluster-dns",
	"cluster-store", "console", "container-images", "edge-gateway", "feature-gates", "garbage-collection",
	"image-mirror", "ingress", "kube-controllers", "kube-scheduling", "kube-server", "load-balancing",
	"machine-config", "machine-sets", "marketplace", "metrics", "multi-network", "node-tuning",
	"operator-lifecycle", "pod-network", "registry", "service-mesh", "storage-migration", "telemetry",
	"volume-snapshots",
}

// trouble is what one operator reports instead of being well.
type trouble struct {
	available, progressing, degraded string
	reason, message                  string
	extension                        any
}

// troubles is keyed by the index in operatorNames; later rounds of names are all well.
var troubles = map[int]trouble{
	4: {"True", "False", "True", "CertificateExpiring",
		"certificate \"apps\" expires in 3 days – renouvellement échoué; 証明書の期限が近い 🔥\n\tissuer: C:\\pki\\root\\ca.pem", nil},
	10: {"False", "True", "True", "GatewayUnreachable",
		"<gateway> & \"tunnel\" down: dial tcp [2001:db8::1]:443: i/o timeout\r\nretry in 30s \u2028 next line \u0007 bell", nil},
	13: {"False", "False", "True", "MirrorOutOfSpace",
		"no space left on device: /var/lib/mirror (used 100%)", map[string]any{
			"bytesFree": int64(0), "bytesTotal": int64(9007199254740991), "ratio": 0.9999, "tags": []any{}, "nested": map[string]any{"a": map[string]any{"b": nil}},
		}},
	22: {"True", "True", "False", "RollingOut", "rolling out 3 of 5 replicas", nil},
	27: {"Unknown", "False", "Unknown", "NoData",
		"no report since the storage was removed; last one was " + longText, nil},
}

// longText makes one message longer than small fixed buffers.
var longText = func() string {
	text := ""
	for n := range 60 {
		text += fmt.Sprintf("[%02d] replica registry-%02d did not answer; ", n, n)
	}
	return text
}()

func (l *loader) applyOperators(ctx context.Context) error {
	client := l.dynamic.Resource(clusterOperators)
	return l.each(ctx, l.sizes.operators, func(ctx context.Context, index int) error {
		object := clusterOperator(index)
		name := object.GetName()
		stored, err := client.Create(ctx, object, metav1.CreateOptions{FieldManager: "cluster-version-operator"})
		if apierrors.IsAlreadyExists(err) {
			stored, err = client.Get(ctx, name, metav1.GetOptions{})
		}
		if err != nil {
			return fmt.Errorf("create %s: %w", name, err)
		}
		stored.Object["status"] = object.Object["status"]
		if _, err := client.UpdateStatus(ctx, stored, metav1.UpdateOptions{FieldManager: name + "-operator"}); err != nil {
			return fmt.Errorf("set the status of %s: %w", name, err)
		}
		return nil
	})
}

func operatorName(index int) string {
	name := operatorNames[index%len(operatorNames)]
	if round := index / len(operatorNames); round > 0 {
		return fmt.Sprintf("%s-%03d", name, round+1)
	}
	return name
}

// clusterOperator is the operator with this index, in full.
func clusterOperator(index int) *unstructured.Unstructured {
	name := operatorName(index)
	state, troubled := troubles[index]
	if !troubled {
		state = trouble{available: "True", progressing: "False", degraded: "False", reason: "AsExpected"}
	}
	since := func(minutes int) string {
		return epoch.Add(time.Duration(index*17+minutes) * time.Minute).Format(time.RFC3339)
	}
	condition := func(kind, status, message string, minutes int) map[string]any {
		c := map[string]any{"type": kind, "status": status, "lastTransitionTime": since(minutes)}
		c["reason"] = "AsExpected"
		if wellWhen := map[bool]string{true: "True", false: "False"}[kind == "Available" || kind == "Upgradeable"]; status != wellWhen {
			c["reason"] = state.reason
		}
		if message != "" {
			c["message"] = message
		}
		return c
	}
	availableMessage := "All is well"
	if state.available != "True" {
		availableMessage = state.message
	}
	namespace := "openshift-" + name
	related := []any{
		map[string]any{"group": "operator.openshift.io", "resource": "clusters", "name": name},
		map[string]any{"group": "", "resource": "namespaces", "name": namespace},
		map[string]any{"group": "apps", "resource": "deployments", "name": name + "-operator", "namespace": namespace},
	}
	for n := range index % 4 {
		related = append(related, map[string]any{
			"group": "", "resource": "configmaps", "name": fmt.Sprintf("%s-config-%d", name, n), "namespace": namespace,
		})
	}
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "config.openshift.io/v1",
		"kind":       "ClusterOperator",
		"metadata": map[string]any{
			"name":        name,
			"annotations": map[string]any{"include.release.openshift.io/self-managed-high-availability": "true"},
		},
		"spec": map[string]any{},
		"status": map[string]any{
			"conditions": []any{
				condition("Degraded", state.degraded, state.message, 3),
				condition("Progressing", state.progressing, "", 2),
				condition("Available", state.available, availableMessage, 1),
				condition("Upgradeable", "True", "", 0),
			},
			"versions": []any{
				map[string]any{"name": "operator", "version": operatorVersion},
				map[string]any{"name": name, "version": fmt.Sprintf("1.%d.%d", index%7, index%5)},
			},
			"relatedObjects": related,
			"extension":      state.extension,
		},
	}}
}
