// Command node is a whole Kubernetes in one binary: it is the program by whose name it is called.
//
// `make test-node` links it as etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet and kubectl.
// Each takes the flags of the released program. Together they are a third of the size that six binaries have, and
// they compile once. The package lies in the module of the tests' API server, so that both use one version of
// Kubernetes and one build cache.
package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync/atomic"
	_ "time/tzdata" // as kube-apiserver's own command: time zones where the machine has none
	_ "unsafe"      // for go:linkname

	"github.com/spf13/cobra"
	"go.etcd.io/etcd/server/v3/etcdmain"
	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register" // for --logging-format=json, as the released programs
	kubectl "k8s.io/kubectl/pkg/cmd"
	apiserver "k8s.io/kubernetes/cmd/kube-apiserver/app"
	controllers "k8s.io/kubernetes/cmd/kube-controller-manager/app"
	scheduler "k8s.io/kubernetes/cmd/kube-scheduler/app"
	kubelet "k8s.io/kubernetes/cmd/kubelet/app"
)

// kubernetesVersion is the version in go.mod, which the node reports. The other program of this module has the same,
// and says there why it is set in this way.
const kubernetesVersion = "v1.36.3"

//go:linkname dynamicGitVersion k8s.io/component-base/version.dynamicGitVersion
var dynamicGitVersion atomic.Value

var programs = map[string]func() *cobra.Command{
	"kube-apiserver":          apiserver.NewAPIServerCommand,
	"kube-controller-manager": controllers.NewControllerManagerCommand,
	"kube-scheduler":          func() *cobra.Command { return scheduler.NewSchedulerCommand() },
	"kubelet":                 func() *cobra.Command { return kubelet.NewKubeletCommand(context.Background()) },
	"kubectl":                 kubectl.NewDefaultKubectlCommand,
}

func main() {
	name := filepath.Base(os.Args[0])
	if name == "etcd" {
		etcdmain.Main(os.Args)
		return
	}
	program, known := programs[name]
	if !known {
		fmt.Fprintf(os.Stderr, "node: link me as etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet or kubectl; I was called %q\n", name)
		os.Exit(2)
	}
	dynamicGitVersion.Store(kubernetesVersion)
	os.Exit(cli.Run(program()))
}
