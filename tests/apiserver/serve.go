package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// serve.go is the life of one server: start, ready, serve, stop.

const (
	// startLimit is far above the usual few seconds: a loaded machine is slow, not broken.
	startLimit = 120 * time.Second
	// stopLimit bounds the stop. kube-apiserver takes one second by itself, and a minute with a watch
	// open: those are cut off.
	stopLimit = 2 * time.Second
	// startGCPercent trades memory for start-up time: decoding the API's schemas is mostly allocation.
	startGCPercent = 400
)

type serveSettings struct {
	dir                              string
	port                             int
	stopOnStdinClose, cacheSnapshots bool
}

// serve runs the server until it is told to stop. terminal is the stderr that this process was given.
func serve(settings serveSettings) (terminal io.Writer, err error) {
	started := time.Now()
	usualGCPercent := debug.SetGCPercent(startGCPercent)
	ctx, stopListening := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stopListening()
	compactions := make(chan os.Signal, 1)
	signal.Notify(compactions, syscall.SIGUSR1)
	if settings.stopOnStdinClose {
		ctx = untilStdinCloses(ctx)
	}
	if err := prepareDir(settings.dir); err != nil {
		return os.Stderr, err
	}
	if terminal, err = stderrToLog(filepath.Join(settings.dir, logName)); err != nil {
		return os.Stderr, err
	}

	running, err := start(ctx, settings)
	if err != nil {
		return terminal, err
	}
	ready, err := running.becomeReady(ctx)
	if err != nil {
		if ctx.Err() != nil {
			err = nil
		}
		return terminal, errors.Join(err, running.abandon())
	}
	defer func() { err = errors.Join(err, running.stop()) }()
	ready.StartMs = time.Since(started).Milliseconds()
	if err := ready.write(settings.dir); err != nil {
		return terminal, err
	}
	debug.SetGCPercent(usualGCPercent)
	fmt.Println("ready", ready.Server)

	for {
		select {
		case <-ctx.Done():
			return terminal, nil
		case err := <-running.done:
			// stop waits for done too.
			running.done <- err
			return terminal, endedEarly(err)
		case <-compactions:
			revision, err := compactEtcd(ready.Etcd)
			if err != nil {
				return terminal, err
			}
			fmt.Println("compacted", revision)
		}
	}
}

// prepareDir makes dir and clears what a killed server may have left.
func prepareDir(dir string) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make the server's folder: %w", err)
	}
	if err := os.RemoveAll(filepath.Join(dir, readyName)); err != nil {
		return fmt.Errorf("remove the %s of an earlier run: %w", readyName, err)
	}
	return removeEtcdData(dir)
}

// stderrToLog points file descriptor 2 at the log, so that every library, child and crash writes there,
// and returns the stderr that was.
func stderrToLog(path string) (*os.File, error) {
	log, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY|os.O_APPEND|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the log: %w", err)
	}
	defer log.Close()
	saved, err := unix.FcntlInt(2, unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("save stderr: %w", err)
	}
	if err := unix.Dup2(int(log.Fd()), 2); err != nil {
		return nil, fmt.Errorf("point stderr at %s: %w", path, err)
	}
	return os.NewFile(uintptr(saved), "stderr"), nil
}

// untilStdinCloses is done when standard input ends: the process that started us is gone.
func untilStdinCloses(parent context.Context) context.Context {
	ctx, cancel := context.WithCancel(parent)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return ctx
}

// endedEarly is the error of a server that stopped without being told to.
func endedEarly(err error) error {
	if err == nil {
		return fmt.Errorf("kube-apiserver ended by itself; see %s", logName)
	}
	return fmt.Errorf("%w; see %s", err, logName)
}
