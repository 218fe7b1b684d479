package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ready.go is DIR/ready.json: the one file that says where a running server is and how to log in.
//
// It is written last, by rename, and removed at the next start; it stays behind when the server stops.

const (
	readyName = "ready.json"
	logName   = "apiserver.log"
)

// ready is the content of ready.json. Paths are absolute.
type ready struct {
	Server         string               `json:"server"`
	Port           int                  `json:"port"`
	CA             string               `json:"ca"`
	TLSServerName  string               `json:"tls_server_name"`
	Users          map[string]readyUser `json:"users"`
	ServiceAccount readyServiceAccount  `json:"service_account"`
	Kubeconfigs    string               `json:"kubeconfigs"`
	Log            string               `json:"log"`
	Etcd           string               `json:"etcd"`
	// KubeletPort is where the kubelet of all nodes listens, on 127.0.0.2.
	KubeletPort int `json:"kubelet_port"`
	// Engine is "embedded" or the folder that KUBEBUILDER_ASSETS names.
	Engine string `json:"engine"`
	PID    int    `json:"pid"`
	// StartMs is the time from the process' start to this file, in milliseconds.
	StartMs int64 `json:"start_ms"`
}

// readyUser is how to log in as one user; users without a client certificate have no cert and key.
type readyUser struct {
	Token     string `json:"token"`
	TokenFile string `json:"token_file"`
	Cert      string `json:"cert,omitempty"`
	Key       string `json:"key,omitempty"`
}

// readyServiceAccount is the account whose in-cluster files lie in Dir.
type readyServiceAccount struct {
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Token     string `json:"token"`
	Dir       string `json:"dir"`
}

func (r ready) write(dir string) error {
	data, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return fmt.Errorf("encode %s: %w", readyName, err)
	}
	return writeFile(filepath.Join(dir, readyName), append(data, '\n'), 0o600)
}

// readReady reads the file of a server that some other process runs.
func readReady(dir string) (ready, error) {
	var r ready
	path := filepath.Join(dir, readyName)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return r, fmt.Errorf("no server is ready in %s: start one there with apiserver --dir %s: %w", dir, dir, err)
	}
	if err != nil {
		return r, fmt.Errorf("read where the server is: %w", err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		return r, fmt.Errorf("decode %s: %w", path, err)
	}
	return r, nil
}
