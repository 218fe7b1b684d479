package main

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync/atomic"
	_ "unsafe" // for go:linkname

	"github.com/spf13/pflag"
	utilerrors "k8s.io/apimachinery/pkg/util/errors"
	"k8s.io/client-go/rest"
	"k8s.io/component-base/compatibility"
	"k8s.io/component-base/logs"
	logsapi "k8s.io/component-base/logs/api/v1"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// kubeapiserver.go holds the server's flags and runs kube-apiserver inside this process.
//
// It does what kube-apiserver's own command does, apart from two things: the listener is opened by us
// (no race for a free port) and signals are ours. The flags are plain strings because the child
// process of assets.go takes the same ones.

// kubernetesVersion is the version in go.mod. Kubernetes stamps it at link time, and a build from the
// module has none: /version would say v0.0.0-master.
const kubernetesVersion = "v1.36.3"

// The stamp's setter refuses a version that differs from the unstamped one, so the variable behind it
// is set directly. Should Kubernetes rename it, /version is unstamped again and nothing else changes.
//
//go:linkname dynamicGitVersion k8s.io/component-base/version.dynamicGitVersion
var dynamicGitVersion atomic.Value

// serverFlags are kube-apiserver's flags.
func serverFlags(p *pki, tokenAuthFile, etcdEndpoint string, port int, cacheSnapshots bool) []string {
	return []string{
		"--bind-address=127.0.0.1",
		"--advertise-address=127.0.0.1",
		"--secure-port=" + strconv.Itoa(port),
		"--tls-cert-file=" + p.path("serving.crt"),
		"--tls-private-key-file=" + p.path("serving.key"),
		"--client-ca-file=" + p.path("client-ca.crt"),
		"--token-auth-file=" + tokenAuthFile,
		"--authorization-mode=RBAC",
		"--service-account-issuer=https://kubernetes.default.svc",
		"--service-account-key-file=" + p.serviceAccountPublicKey,
		"--service-account-signing-key-file=" + p.serviceAccountKeyFile,
		"--service-cluster-ip-range=10.96.0.0/16",
		"--allow-privileged=true",
		// For the logs of pods: kubelet.go is the kubelet of all nodes.
		"--kubelet-preferred-address-types=InternalIP",
		"--kubelet-certificate-authority=" + p.path("ca.crt"),
		"--kubelet-client-certificate=" + p.path("kubelet-client.crt"),
		"--kubelet-client-key=" + p.path("kubelet-client.key"),
		"--etcd-servers=" + etcdEndpoint,
		// Nothing here makes default service accounts, which this plugin would wait for.
		"--disable-admission-plugins=ServiceAccount",
		// There is one server and nobody looks for it in the endpoints.
		"--endpoint-reconciler-type=none",
		"--profiling=false",
		// Events stay for as long as a test may run.
		"--event-ttl=24h",
		// History is compacted when a test says so, never by itself.
		"--etcd-compaction-interval=0",
		// With cache snapshots a stale continue token is served from memory for up to 15 s after the
		// compaction; without them it is 410 at once, as in any cluster before 1.34.
		"--feature-gates=ListFromCacheSnapshot=" + strconv.FormatBool(cacheSnapshots),
	}
}

// listenLoopback opens the server's port; 0 lets the kernel pick one.
func listenLoopback(port int) (net.Listener, error) {
	listener, err := net.Listen("tcp4", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	if err != nil {
		return nil, fmt.Errorf("listen on loopback port %d (pass --port 0 for a free one): %w", port, err)
	}
	return listener, nil
}

// runEmbeddedServer runs kube-apiserver on listener until ctx is done.
func runEmbeddedServer(ctx context.Context, flags []string, listener net.Listener) error {
	dynamicGitVersion.Store(kubernetesVersion)
	logs.InitLogs()
	defer logs.FlushLogs()

	run := options.NewServerRunOptions()
	flagSet := pflag.NewFlagSet("kube-apiserver", pflag.ContinueOnError)
	for _, named := range run.Flags().FlagSets {
		flagSet.AddFlagSet(named)
	}
	if err := flagSet.Parse(flags); err != nil {
		return fmt.Errorf("parse kube-apiserver's flags: %w", err)
	}
	registry := run.GenericServerRunOptions.ComponentGlobalsRegistry
	if err := registry.Set(); err != nil {
		return fmt.Errorf("apply kube-apiserver's feature gates: %w", err)
	}
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
	if err := logsapi.ValidateAndApply(run.Logs, registry.FeatureGateFor(compatibility.DefaultKubeComponent)); err != nil {
		return fmt.Errorf("set up kube-apiserver's log: %w", err)
	}
	run.SecureServing.Listener = listener
	completed, err := run.Complete(ctx)
	if err != nil {
		return fmt.Errorf("complete kube-apiserver's options: %w", err)
	}
	if errs := completed.Validate(); len(errs) != 0 {
		return fmt.Errorf("validate kube-apiserver's options: %w", utilerrors.NewAggregate(errs))
	}
	if err := app.Run(ctx, completed); err != nil {
		return fmt.Errorf("run kube-apiserver: %w", err)
	}
	return nil
}
