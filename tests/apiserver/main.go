// Command apiserver is a real Kubernetes API server for tests: kube-apiserver and etcd in one process.
//
// It is what the project's end-to-end tests talk to, because a fake server would agree with our own
// misreadings of paging, watch cache, RBAC and TLS. It is not a cluster: no controllers, no scheduler,
// no kubelet; nothing happens to an object but what a client does to it.
//
// README.md says how to run it and what it writes.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	_ "time/tzdata" // as kube-apiserver's own command: time zones where the machine has none

	"k8s.io/client-go/rest"
	"k8s.io/klog/v2"
)

const usage = `A real kube-apiserver with etcd inside, for tests.

usage:
  apiserver --dir DIR [--port 0] [--stop-on-stdin-close] [--cache-snapshots]
  apiserver load --dir DIR [--pods 100] [--operators 32] [--nodes 6] [--events 20] [--workloads 15] [--workers 16]
  apiserver compact --dir DIR

The first form serves until SIGTERM, SIGINT or, if asked, the end of standard input. Everything is
written into DIR; standard output gets one line, "ready URL", once DIR/ready.json is there. SIGUSR1
compacts etcd, so that older continue tokens are 410 Gone, and prints "compacted REVISION".
load fills the running server of DIR with objects; compact does what SIGUSR1 does, and waits.
KUBEBUILDER_ASSETS: a folder whose etcd and kube-apiserver are used instead of the embedded ones.

exit codes: 0 done or stopped cleanly, 1 failed, 2 wrong arguments
`

const (
	exitFailed = 1
	exitUsage  = 2
)

// errUsage marks an error of the command line.
var errUsage = errors.New("see apiserver --help")

func main() {
	// stderr becomes the log while serving, so failures go to a copy of it.
	terminal, err := run(os.Args[1:])
	switch {
	case err == nil || errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		fmt.Fprintln(terminal, "apiserver:", err)
		os.Exit(exitUsage)
	default:
		fmt.Fprintln(terminal, "apiserver:", err)
		os.Exit(exitFailed)
	}
}

func run(arguments []string) (terminal io.Writer, err error) {
	command, options := "serve", arguments
	if len(arguments) > 0 && len(arguments[0]) > 0 && arguments[0][0] != '-' {
		command, options = arguments[0], arguments[1:]
	}
	flags := flag.NewFlagSet("apiserver "+command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	dir := flags.String("dir", "", "")
	parse := func() error {
		if err := flags.Parse(options); errors.Is(err, flag.ErrHelp) {
			fmt.Print(usage)
			return err
		} else if err != nil {
			return fmt.Errorf("%w; %w", err, errUsage)
		}
		if flags.NArg() > 0 {
			return fmt.Errorf("unexpected argument %q; %w", flags.Arg(0), errUsage)
		}
		if *dir == "" {
			return fmt.Errorf("--dir is missing: the folder for the server's files; %w", errUsage)
		}
		*dir, err = filepath.Abs(*dir)
		return err
	}
	switch command {
	case "serve":
		var settings serveSettings
		flags.IntVar(&settings.port, "port", 0, "")
		flags.BoolVar(&settings.stopOnStdinClose, "stop-on-stdin-close", false, "")
		flags.BoolVar(&settings.cacheSnapshots, "cache-snapshots", false, "")
		if err := parse(); err != nil {
			return os.Stderr, err
		}
		settings.dir = *dir
		return serve(settings)
	case "load":
		var sizes loadSizes
		flags.IntVar(&sizes.pods, "pods", 100, "")
		flags.IntVar(&sizes.operators, "operators", 32, "")
		flags.IntVar(&sizes.nodes, "nodes", 6, "")
		flags.IntVar(&sizes.events, "events", 20, "")
		flags.IntVar(&sizes.workloads, "workloads", 15, "")
		flags.IntVar(&sizes.workers, "workers", 16, "")
		if err := parse(); err != nil {
			return os.Stderr, err
		}
		silenceLibraries()
		return os.Stderr, load(*dir, sizes)
	case "compact":
		if err := parse(); err != nil {
			return os.Stderr, err
		}
		silenceLibraries()
		return os.Stderr, compact(*dir)
	default:
		return os.Stderr, fmt.Errorf("unknown command %q; %w", command, errUsage)
	}
}

// silenceLibraries drops what client-go and gRPC would log to stderr: failures come back as errors.
func silenceLibraries() {
	klog.LogToStderr(false)
	klog.SetOutput(io.Discard)
	rest.SetDefaultWarningHandler(rest.NoWarnings{})
}

// compact compacts the etcd of the server that runs in dir.
func compact(dir string) error {
	ready, err := readReady(dir)
	if err != nil {
		return err
	}
	revision, err := compactEtcd(ready.Etcd)
	if err != nil {
		return err
	}
	fmt.Println("compacted", revision)
	return nil
}
