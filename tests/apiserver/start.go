package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

// start.go brings up etcd, keys, kube-apiserver and a kubelet, as much of it at once as can be, and takes it down.

// server is one that has been started; it may not be ready yet.
type server struct {
	settings serveSettings
	engine   string
	url      string
	port     int
	etcd     *etcdMember
	// kubelet is there once the server is ready.
	kubelet *kubelet
	pki     *pki
	tokens  map[string]string
	cancel  context.CancelFunc
	// done gets kube-apiserver's end, once.
	done chan error
}

// start returns when kube-apiserver has been launched.
func start(ctx context.Context, settings serveSettings) (*server, error) {
	s := &server{settings: settings, engine: "embedded", done: make(chan error, 1)}
	assets := os.Getenv(assetsVariable)
	if assets != "" {
		s.engine = assets
	}
	listener, err := listenLoopback(settings.port)
	if err != nil {
		return nil, err
	}
	s.port = listener.Addr().(*net.TCPAddr).Port
	s.url = fmt.Sprintf("https://127.0.0.1:%d", s.port)

	etcdStarted := make(chan error, 1)
	go func() {
		var err error
		if assets != "" {
			s.etcd, err = startAssetsEtcd(assets, settings.dir)
		} else {
			s.etcd, err = startEmbeddedEtcd(settings.dir)
		}
		etcdStarted <- err
	}()
	tokenAuthFile, err := s.makeCredentials()
	if etcdErr := <-etcdStarted; etcdErr != nil {
		return nil, etcdErr
	}
	if err != nil {
		s.etcd.stop()
		return nil, err
	}

	flags := serverFlags(s.pki, tokenAuthFile, s.etcd.endpoint, s.port, settings.cacheSnapshots)
	serverCtx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.cancel = cancel
	go func() {
		if assets != "" {
			listener.Close()
			s.done <- runAssetsServer(serverCtx, assets, flags)
		} else {
			s.done <- runEmbeddedServer(serverCtx, flags, listener)
		}
	}()
	return s, nil
}

// makeCredentials writes keys, tokens and kubeconfigs; none of them needs a running server.
func (s *server) makeCredentials() (tokenAuthFile string, err error) {
	if s.pki, err = newPKI(filepath.Join(s.settings.dir, "pki")); err != nil {
		return "", err
	}
	if s.tokens, tokenAuthFile, err = writeTokens(filepath.Join(s.settings.dir, "tokens")); err != nil {
		return "", err
	}
	return tokenAuthFile, kubeconfigSet{s.kubeconfigDir(), s.url, s.pki, s.tokens}.write()
}

func (s *server) kubeconfigDir() string { return filepath.Join(s.settings.dir, "kubeconfigs") }

// becomeReady waits for /readyz, grants access, and says what ready.json holds.
func (s *server) becomeReady(ctx context.Context) (ready, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	if err := s.waitReadyz(ctx); err != nil {
		return ready{}, err
	}
	client, err := kubernetes.NewForConfig(&rest.Config{
		Host:            s.url,
		BearerToken:     s.tokens[adminUser],
		TLSClientConfig: rest.TLSClientConfig{CAData: s.pki.servingCA},
		QPS:             -1,
	})
	if err != nil {
		return ready{}, fmt.Errorf("make a client of our own server: %w", err)
	}
	token, err := grantAccess(ctx, client)
	if err != nil {
		return ready{}, err
	}
	if s.kubelet, err = startKubelet(s.pki, client); err != nil {
		return ready{}, err
	}
	accountDir := filepath.Join(s.settings.dir, "serviceaccount")
	if err := writeServiceAccountFiles(accountDir, token, s.pki.servingCA); err != nil {
		return ready{}, err
	}
	r := ready{
		Server:         s.url,
		Port:           s.port,
		CA:             s.pki.path("ca.crt"),
		TLSServerName:  tlsServerName,
		Users:          map[string]readyUser{},
		ServiceAccount: readyServiceAccount{gathererNamespace, gathererName, token, accountDir},
		Kubeconfigs:    s.kubeconfigDir(),
		Log:            filepath.Join(s.settings.dir, logName),
		Etcd:           s.etcd.endpoint,
		KubeletPort:    s.kubelet.port,
		Engine:         s.engine,
		PID:            os.Getpid(),
	}
	for _, user := range users {
		login := readyUser{
			Token:     s.tokens[user.name],
			TokenFile: tokenPath(filepath.Join(s.settings.dir, "tokens"), user.name),
		}
		if user.certificate {
			login.Cert, login.Key = s.pki.path(user.name+".crt"), s.pki.path(user.name+".key")
		}
		r.Users[user.name] = login
	}
	return r, nil
}

// waitReadyz polls until the server says ok, ends, or the time is up.
func (s *server) waitReadyz(ctx context.Context) error {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(s.pki.servingCA)
	client := &http.Client{
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
		Timeout:   2 * time.Second,
	}
	defer client.CloseIdleConnections()
	last := "no answer yet"
	for {
		select {
		case err := <-s.done:
			return endedEarly(err)
		case <-ctx.Done():
			return fmt.Errorf("%s/readyz was not ok within %s, the last answer was %q; see %s", s.url, startLimit, last, logName)
		case <-time.After(20 * time.Millisecond):
		}
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.url+"/readyz", nil)
		if err != nil {
			return fmt.Errorf("make a request for /readyz: %w", err)
		}
		request.Header.Set("Authorization", "Bearer "+s.tokens[adminUser])
		response, err := client.Do(request)
		if err != nil {
			last = err.Error()
			continue
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode == http.StatusOK {
			return nil
		}
		last = string(body)
	}
}

// stop ends the server, then etcd, and removes the store.
func (s *server) stop() error {
	s.cancel()
	select {
	case <-s.done:
	case <-time.After(stopLimit):
		fmt.Fprintf(os.Stderr, "kube-apiserver took more than %s to stop: what still hangs is cut off\n", stopLimit)
	}
	return s.abandon()
}

// abandon ends etcd and removes the store, just before this process ends and kube-apiserver with it.
//
// It is all that can be done for a server that is not ready: kube-apiserver's start hooks are fatal when
// cancelled. etcd goes before its folder does, or it would end this process with an error of its own.
func (s *server) abandon() error {
	if s.kubelet != nil {
		s.kubelet.stop()
	}
	s.etcd.stop()
	return removeEtcdData(s.settings.dir)
}
