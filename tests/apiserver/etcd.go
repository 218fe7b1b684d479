package main

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/server/v3/embed"
	"go.uber.org/zap"
)

// etcd.go runs the one-member etcd inside this process, and compacts it on demand.
//
// The member listens on loopback ports that the kernel picks, without TLS: it is a test's store and is
// deleted at the end. It never syncs to disk, which is most of a small server's start-up time.

const (
	// A single member elects itself after one election timeout, so a short one is a fast start.
	etcdTickMs     = 20
	etcdElectionMs = 200
	etcdStartLimit = 20 * time.Second
	compactLimit   = 10 * time.Second
)

func etcdDataDir(dir string) string { return filepath.Join(dir, "etcd") }

// etcdMember is a running etcd.
type etcdMember struct {
	endpoint string
	// stop does not wait for clients; the data may be removed after it.
	stop func()
}

// startEmbeddedEtcd returns when the member serves clients. Its log goes to this process' stderr.
func startEmbeddedEtcd(dir string) (*etcdMember, error) {
	config := embed.NewConfig()
	config.Name = "wagather-test"
	config.Dir = etcdDataDir(dir)
	config.LogLevel = "warn"
	config.LogOutputs = []string{"stderr"}
	// Nobody speaks JSON to it.
	config.EnableGRPCGateway = false
	config.UnsafeNoFsync = true
	// The embedding default is 0, which logs every request.
	config.WarningUnaryRequestDuration = embed.DefaultWarningUnaryRequestDuration
	config.TickMs, config.ElectionMs = etcdTickMs, etcdElectionMs
	loopback := []url.URL{{Scheme: "http", Host: "127.0.0.1:0"}}
	config.ListenClientUrls, config.AdvertiseClientUrls = loopback, loopback
	config.ListenPeerUrls, config.AdvertisePeerUrls = loopback, loopback
	config.InitialCluster = config.InitialClusterFromName(config.Name)

	member, err := embed.StartEtcd(config)
	if err != nil {
		return nil, fmt.Errorf("start etcd in %s: %w", config.Dir, err)
	}
	select {
	case <-member.Server.ReadyNotify():
	case err := <-member.Err():
		return nil, fmt.Errorf("etcd in %s failed while starting: %w", config.Dir, err)
	case <-time.After(etcdStartLimit):
		member.Close()
		return nil, fmt.Errorf("etcd in %s did not elect itself within %s; see %s", config.Dir, etcdStartLimit, logName)
	}
	return &etcdMember{
		endpoint: "http://" + member.Clients[0].Addr().String(),
		stop:     member.Server.HardStop,
	}, nil
}

// compactEtcd drops every revision but the newest, so that a continue token issued before is answered
// with 410 Gone. It returns the revision.
//
// etcd still serves reads *at* the compacted revision, so one key is written first: a token that was
// issued a moment ago is then older than the compaction.
func compactEtcd(endpoint string) (int64, error) {
	ctx, cancel := context.WithTimeout(context.Background(), compactLimit)
	defer cancel()
	client, err := clientv3.New(clientv3.Config{Endpoints: []string{endpoint}, Logger: zap.NewNop(), DialTimeout: compactLimit})
	if err != nil {
		return 0, fmt.Errorf("connect to etcd at %s: %w", endpoint, err)
	}
	defer client.Close()
	put, err := client.Put(ctx, "/wagather/compacted-at", time.Now().UTC().Format(time.RFC3339Nano))
	if err != nil {
		return 0, fmt.Errorf("write the key that precedes a compaction to etcd at %s: %w", endpoint, err)
	}
	revision := put.Header.Revision
	if _, err := client.Compact(ctx, revision, clientv3.WithCompactPhysical()); err != nil {
		return 0, fmt.Errorf("compact etcd at %s up to revision %d: %w", endpoint, revision, err)
	}
	return revision, nil
}

func removeEtcdData(dir string) error {
	if err := os.RemoveAll(etcdDataDir(dir)); err != nil {
		return fmt.Errorf("remove the etcd data: %w", err)
	}
	return nil
}
