package main

import (
	"context"
	_ "embed"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apiextensionsclient "k8s.io/apiextensions-apiserver/pkg/client/clientset/clientset"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/yaml"
)

// load.go fills a running server with the test objects: `apiserver load`.
//
// The objects are functions of an index (the load_*.go files) with no randomness and no clock, so two
// servers hold the same, but for what the server itself sets: uid, resourceVersion, creationTimestamp
// and the times in managedFields. Loading is repeatable: what exists stays, and its status is set
// again; loading fewer deletes nothing.

//go:embed clusteroperators.crd.yaml
var clusterOperatorCRD []byte

const (
	// Names of field managers, as a cluster's own components would leave them in managedFields.
	creator      = "kube-controller-manager"
	statusWriter = "kubelet"
	crdLimit     = 20 * time.Second
)

type loadSizes struct{ pods, operators, nodes, events, workloads, workers int }

// loader holds the clients of one load.
type loader struct {
	sizes       loadSizes
	kubeletPort int
	kubernetes  kubernetes.Interface
	extensions  apiextensionsclient.Interface
	dynamic     dynamic.Interface
}

// load fills the server that runs in dir.
func load(dir string, sizes loadSizes) error {
	ready, err := readReady(dir)
	if err != nil {
		return err
	}
	l, err := newLoader(ready, sizes)
	if err != nil {
		return err
	}
	ctx, started := context.Background(), time.Now()
	steps := []struct {
		name string
		run  func(context.Context) error
	}{
		{"the ClusterOperator type", l.applyCRD},
		{"namespaces", l.applyNamespaces},
		{"nodes", l.applyNodes},
		{"secret, config map and events", l.applyOthers},
		{"events", l.applyEvents},
		{"workloads", l.applyWorkloads},
		{"pods", l.applyPods},
		{"ephemeral containers", l.applyEphemeralContainers},
		// Last: the server holds back the first create of a new type for 2 s after the type appeared.
		{"cluster operators", l.applyOperators},
		{"events of the server's own", l.removeEventsOfServer},
	}
	for _, step := range steps {
		if err := step.run(ctx); err != nil {
			return fmt.Errorf("load %s into %s (is it still running?): %w", step.name, ready.Server, err)
		}
	}
	fmt.Fprintf(os.Stdout, "loaded %d operators, %d nodes, %d events, %d workloads, %d pods in %d ms\n",
		sizes.operators, sizes.nodes, sizes.events, sizes.workloads, sizes.pods, time.Since(started).Milliseconds())
	return nil
}

func newLoader(ready ready, sizes loadSizes) (*loader, error) {
	config := &rest.Config{
		Host:            ready.Server,
		BearerToken:     ready.Users[adminUser].Token,
		TLSClientConfig: rest.TLSClientConfig{CAFile: ready.CA},
		UserAgent:       "apiserver-load",
		// The server is ours alone; client-go need not spare it.
		QPS: -1,
	}
	binary := rest.CopyConfig(config)
	binary.ContentType, binary.AcceptContentTypes = runtime.ContentTypeProtobuf, runtime.ContentTypeProtobuf
	l := &loader{sizes: sizes, kubeletPort: ready.KubeletPort}
	var err error
	if l.kubernetes, err = kubernetes.NewForConfig(binary); err != nil {
		return nil, fmt.Errorf("make a client of %s: %w", ready.Server, err)
	}
	if l.extensions, err = apiextensionsclient.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("make a client of %s: %w", ready.Server, err)
	}
	if l.dynamic, err = dynamic.NewForConfig(config); err != nil {
		return nil, fmt.Errorf("make a client of %s: %w", ready.Server, err)
	}
	return l, nil
}

// each calls apply for 0..count, several at a time, and stops at the first error.
func (l *loader) each(ctx context.Context, count int, apply func(ctx context.Context, index int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, l.sizes.workers))
	for index := range count {
		if ctx.Err() != nil {
			break
		}
		group.Go(func() error { return apply(ctx, index) })
	}
	return group.Wait()
}

// applyCRD creates the type and waits until it is served.
func (l *loader) applyCRD(ctx context.Context) error {
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(clusterOperatorCRD, &crd); err != nil {
		return fmt.Errorf("decode clusteroperators.crd.yaml: %w", err)
	}
	_, err := l.extensions.ApiextensionsV1().CustomResourceDefinitions().Create(ctx, &crd, metav1.CreateOptions{FieldManager: creator})
	if err != nil && !apierrors.IsAlreadyExists(err) {
		return fmt.Errorf("create CustomResourceDefinition %s: %w", crd.Name, err)
	}
	for deadline := time.Now().Add(crdLimit); ; time.Sleep(20 * time.Millisecond) {
		_, err := l.dynamic.Resource(clusterOperators).List(ctx, metav1.ListOptions{Limit: 1})
		if err == nil {
			return nil
		}
		if !apierrors.IsNotFound(err) || time.Now().After(deadline) {
			return fmt.Errorf("wait until %s is served: %w", crd.Name, err)
		}
	}
}

// statusClient is what client-go's typed clients of objects with a status have in common.
type statusClient[T metav1.Object] interface {
	Create(context.Context, T, metav1.CreateOptions) (T, error)
	Get(context.Context, string, metav1.GetOptions) (T, error)
	UpdateStatus(context.Context, T, metav1.UpdateOptions) (T, error)
}

// applyWithStatus creates object unless it exists, then sets its status: create ignores that part.
func applyWithStatus[T metav1.Object](ctx context.Context, client statusClient[T], object T) error {
	name := object.GetName()
	stored, err := client.Create(ctx, object, metav1.CreateOptions{FieldManager: creator})
	if apierrors.IsAlreadyExists(err) {
		stored, err = client.Get(ctx, name, metav1.GetOptions{})
	}
	if err != nil {
		return fmt.Errorf("create %s: %w", name, err)
	}
	object.SetResourceVersion(stored.GetResourceVersion())
	if _, err := client.UpdateStatus(ctx, object, metav1.UpdateOptions{FieldManager: statusWriter}); err != nil {
		return fmt.Errorf("set the status of %s: %w", name, err)
	}
	return nil
}

// ignoreExisting turns "already exists" into success.
func ignoreExisting(err error) error {
	if apierrors.IsAlreadyExists(err) {
		return nil
	}
	return err
}
