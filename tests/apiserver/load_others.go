package main

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
)

// load_others.go makes namespaces and the few single objects: a Secret, a ConfigMap, Warning events.
//
// The secret values are plain words, so that a test can search an archive for them: they must not be there.

const (
	secretValue   = "wagather-secret-must-not-leak"
	passwordValue = "wagather-password-must-not-leak"
)

// podNamespaces are where pods live; pod N is in namespace N modulo their count.
var podNamespaces = []string{
	"openshift-monitoring", "openshift-ingress", "openshift-dns", "openshift-registry", "shop-frontend",
	"shop-payments", "edge-telemetry", "edge-vision", "batch-reports", "team-meteo",
}

func (l *loader) applyNamespaces(ctx context.Context) error {
	return l.each(ctx, len(podNamespaces), func(ctx context.Context, index int) error {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{
			Name:        podNamespaces[index],
			Labels:      map[string]string{"wagather.test/index": fmt.Sprint(index)},
			Annotations: map[string]string{"wagather.test/display-name": fmt.Sprintf("Équipe №%d", index)},
		}}
		_, err := l.kubernetes.CoreV1().Namespaces().Create(ctx, namespace, metav1.CreateOptions{FieldManager: creator})
		return ignoreExisting(err)
	})
}

func (l *loader) applyOthers(ctx context.Context) error {
	core, options := l.kubernetes.CoreV1(), metav1.CreateOptions{FieldManager: creator}
	if _, err := core.Secrets("default").Create(ctx, loadedSecret(), options); ignoreExisting(err) != nil {
		return fmt.Errorf("create the secret: %w", err)
	}
	if _, err := core.ConfigMaps("default").Create(ctx, loadedConfigMap(), options); ignoreExisting(err) != nil {
		return fmt.Errorf("create the config map: %w", err)
	}
	for _, event := range warningEvents() {
		if _, err := core.Events(event.Namespace).Create(ctx, event, options); ignoreExisting(err) != nil {
			return fmt.Errorf("create event %s: %w", event.Name, err)
		}
	}
	return nil
}

// removeEventsOfServer removes what kube-apiserver warns of while it starts, such as an address of the kubernetes Service
// that it had not written down yet: whether it does is a matter of microseconds, and the tests count warnings.
func (l *loader) removeEventsOfServer(ctx context.Context) error {
	selector := fields.OneTermEqualSelector("involvedObject.kind", "Service").String()
	return l.kubernetes.CoreV1().Events(metav1.NamespaceDefault).DeleteCollection(ctx, metav1.DeleteOptions{}, metav1.ListOptions{FieldSelector: selector})
}

func loadedSecret() *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "gatherer-secret", Namespace: "default"},
		Type:       corev1.SecretTypeOpaque,
		Data:       map[string][]byte{"password": []byte(secretValue), "binary": {0x00, 0xff, 0x80, 0x7f}},
	}
}

func loadedConfigMap() *corev1.ConfigMap {
	return &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "gatherer-config", Namespace: "default"},
		Data: map[string]string{
			"settings.yaml": "interval: 5m\nlanguages: [français, 日本語]\n",
			"empty":         "",
		},
		BinaryData: map[string][]byte{"logo.bin": {0xde, 0xad, 0xbe, 0xef}},
	}
}

// warningEvents are about pods of podState's troubled kinds; they exist whether or not those pods do.
func warningEvents() []*corev1.Event {
	kinds := []struct {
		reason, message string
		count           int32
	}{
		{"BackOff", "Back-off restarting failed container main in pod %s", 41},
		{"Failed", "Failed to pull image \"registry.wagather.test/missing:v9\": not found (pod %s)", 12},
		{"FailedScheduling", "0/6 nodes are available: 6 Insufficient memory. (pod %s)", 7},
		{"OOMKilling", "Memory cgroup out of memory: killed process 4242 of pod %s", 1},
		{"Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503 – „nicht bereit“ (pod %s)", 230},
	}
	var events []*corev1.Event
	for index, kind := range kinds {
		about := pod(index+1, 1)
		first := epoch.Add(time.Duration(index) * time.Hour)
		events = append(events, &corev1.Event{
			ObjectMeta:     metav1.ObjectMeta{Name: fmt.Sprintf("%s.%012x", about.Name, 0x17d1000+index), Namespace: about.Namespace},
			InvolvedObject: corev1.ObjectReference{APIVersion: "v1", Kind: "Pod", Namespace: about.Namespace, Name: about.Name},
			Type:           corev1.EventTypeWarning,
			Reason:         kind.reason,
			Message:        fmt.Sprintf(kind.message, about.Name),
			Source:         corev1.EventSource{Component: "kubelet", Host: nodeName(0)},
			FirstTimestamp: metav1.NewTime(first),
			LastTimestamp:  metav1.NewTime(first.Add(30 * time.Minute)),
			Count:          kind.count,
		})
	}
	return events
}
