package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// assets.go runs the etcd and kube-apiserver binaries of KUBEBUILDER_ASSETS instead of the embedded ones.
//
// KUBEBUILDER_ASSETS is envtest's convention: a folder with both binaries, of any Kubernetes version
// from 1.33 on (older ones do not know the feature gate we set). Flags, files and ready.json are the
// same. Linux only: the kernel ends the children should this process be killed.

const assetsVariable = "KUBEBUILDER_ASSETS"

// childStopLimit is how long a child may take to stop on SIGTERM before it is killed.
const childStopLimit = 2 * time.Second

// startAssetsEtcd starts the etcd binary on a port that was free a moment ago.
//
// kube-apiserver retries until it answers, so nothing waits here.
func startAssetsEtcd(assets, dir string) (*etcdMember, error) {
	client, err := freeLoopbackAddress()
	if err != nil {
		return nil, err
	}
	peer, err := freeLoopbackAddress()
	if err != nil {
		return nil, err
	}
	endpoint, peerURL := "http://"+client, "http://"+peer
	ctx, cancel := context.WithCancel(context.Background())
	done, err := startChild(ctx, filepath.Join(assets, "etcd"), []string{
		"--name=wagather-test",
		"--data-dir=" + etcdDataDir(dir),
		"--listen-client-urls=" + endpoint,
		"--advertise-client-urls=" + endpoint,
		"--listen-peer-urls=" + peerURL,
		"--initial-advertise-peer-urls=" + peerURL,
		"--initial-cluster=wagather-test=" + peerURL,
		"--unsafe-no-fsync=true",
		fmt.Sprintf("--heartbeat-interval=%d", etcdTickMs),
		fmt.Sprintf("--election-timeout=%d", etcdElectionMs),
		"--log-level=warn",
	})
	if err != nil {
		cancel()
		return nil, err
	}
	return &etcdMember{endpoint, func() { cancel(); <-done }}, nil
}

// runAssetsServer runs the kube-apiserver binary until ctx is done.
func runAssetsServer(ctx context.Context, assets string, flags []string) error {
	done, err := startChild(ctx, filepath.Join(assets, "kube-apiserver"), flags)
	if err != nil {
		return err
	}
	if err := <-done; err != nil && ctx.Err() == nil {
		return fmt.Errorf("%s ended: %w; see %s", filepath.Join(assets, "kube-apiserver"), err, logName)
	}
	return nil
}

// startChild starts a binary whose output is our stderr, which is the log. It gets SIGTERM when ctx is done.
func startChild(ctx context.Context, path string, args []string) (<-chan error, error) {
	command := exec.CommandContext(ctx, path, args...)
	command.Stdout, command.Stderr = os.Stderr, os.Stderr
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL, Setpgid: true}
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = childStopLimit
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("start %s (from %s; unset it to use the embedded one): %w", path, assetsVariable, err)
	}
	done := make(chan error, 1)
	go func() {
		done <- command.Wait()
		close(done)
	}()
	return done, nil
}

func freeLoopbackAddress() (string, error) {
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free loopback port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
