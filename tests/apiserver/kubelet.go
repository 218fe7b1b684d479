package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/kubernetes/pkg/api/legacyscheme"
	"k8s.io/kubernetes/pkg/apis/core/v1/validation"
)

// kubelet.go is the one endpoint of a kubelet that the API server needs for the logs of pods:
// GET /containerLogs/NAMESPACE/POD/CONTAINER. What a container has logged is in kubelet_logs.go.
//
// One server stands for the kubelets of all nodes: load registers its address and port with each node
// (but for those that are not ready, which have a port where nobody listens). It lets in only who has
// a client certificate of the client CA, as the API server does, and it knows of a pod what the API
// server says of it. It runs nothing, and has no other endpoint.

const (
	// kubeletAddress is on loopback, and not the API server's, which tests search recordings for.
	kubeletAddress = "127.0.0.2"
	// silentKubeletPort is that of nodes that are not ready. Port 1 is reserved, and refuses.
	silentKubeletPort = 1
	// kubeletClient is what the API server calls itself towards the kubelet.
	kubeletClient = "kube-apiserver-kubelet-client"
)

// kubelet is a running one.
type kubelet struct {
	port   int
	server *http.Server
	pods   kubernetes.Interface
}

// startKubelet listens on a port that the kernel picks. Its log goes to this process' stderr.
func startKubelet(p *pki, pods kubernetes.Interface) (*kubelet, error) {
	certificate, err := tls.LoadX509KeyPair(p.path("kubelet.crt"), p.path("kubelet.key"))
	if err != nil {
		return nil, fmt.Errorf("load the kubelet's certificate: %w", err)
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(p.clientCA)
	listener, err := net.Listen("tcp4", net.JoinHostPort(kubeletAddress, "0"))
	if err != nil {
		return nil, fmt.Errorf("listen on a loopback port for the kubelet: %w", err)
	}
	k := &kubelet{port: listener.Addr().(*net.TCPAddr).Port, pods: pods}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.containerLogs)
	k.server = &http.Server{
		Handler: mux,
		TLSConfig: &tls.Config{
			Certificates: []tls.Certificate{certificate},
			ClientCAs:    clients,
			ClientAuth:   tls.RequireAndVerifyClientCert,
			MinVersion:   tls.VersionTLS12,
		},
	}
	go func() {
		if err := k.server.ServeTLS(listener, "", ""); !errors.Is(err, http.ErrServerClosed) {
			log.Printf("the kubelet ended by itself: %v", err)
		}
	}()
	return k, nil
}

// stop cuts off what still runs.
func (k *kubelet) stop() { k.server.Close() }

// containerLogs answers as a kubelet does: a refusal is plain text, and 400 for nearly every reason.
func (k *kubelet) containerLogs(response http.ResponseWriter, request *http.Request) {
	refuse := func(code int, reason string) {
		response.Header().Set("Content-Type", "text/plain; charset=utf-8")
		response.WriteHeader(code)
		fmt.Fprint(response, reason)
	}
	namespace, name, container := request.PathValue("namespace"), request.PathValue("pod"), request.PathValue("container")
	var options corev1.PodLogOptions
	if err := legacyscheme.ParameterCodec.DecodeParameters(request.URL.Query(), corev1.SchemeGroupVersion, &options); err != nil {
		refuse(http.StatusBadRequest, `{"message": "Unable to decode query."}`)
		return
	}
	if options.Stream == nil {
		all := corev1.LogStreamAll
		options.Stream = &all
	}
	if errs := validation.ValidatePodLogOptions(&options); len(errs) > 0 {
		refuse(http.StatusUnprocessableEntity, `{"message": "Invalid request."}`)
		return
	}
	pod, err := k.pods.CoreV1().Pods(namespace).Get(request.Context(), name, metav1.GetOptions{})
	if apierrors.IsNotFound(err) {
		refuse(http.StatusNotFound, fmt.Sprintf("pod %q does not exist", name))
		return
	}
	if err != nil {
		refuse(http.StatusInternalServerError, err.Error())
		return
	}
	status, found := statusOf(pod, container)
	if !found {
		refuse(http.StatusBadRequest, fmt.Sprintf("container %q in pod %q is not available", container, name))
		return
	}
	behaviour := pod.Annotations[logsAnnotation]
	if behaviour == logsBroken {
		refuse(http.StatusInternalServerError, "the disk with the log of "+container+" cannot be read")
		return
	}
	run, err := runToRead(name, status, behaviour, options.Previous)
	if err != nil {
		refuse(http.StatusBadRequest, err.Error())
		return
	}
	response.Header().Set("Content-Type", "text/plain")
	written := containerLog{namespace, name, container, run, behaviour}
	if err := written.writeTo(request.Context(), response, &options); err != nil && !isGone(request.Context(), err) {
		log.Printf("the log of %s/%s/%s: %v", namespace, name, container, err)
	}
}

// isGone is whether the reader went away, which is no failure of the kubelet.
func isGone(ctx context.Context, err error) bool {
	return ctx.Err() != nil || strings.Contains(err.Error(), "stream closed") || strings.Contains(err.Error(), "broken pipe")
}

// statusOf is what the kubelet last reported of a container.
func statusOf(pod *corev1.Pod, container string) (corev1.ContainerStatus, bool) {
	for _, statuses := range [][]corev1.ContainerStatus{
		pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses, pod.Status.EphemeralContainerStatuses,
	} {
		for _, status := range statuses {
			if status.Name == container {
				return status, true
			}
		}
	}
	return corev1.ContainerStatus{}, false
}

// runToRead is which of the container's runs is meant, counted from 0, with the refusals of a kubelet in
// its own words.
func runToRead(pod string, status corev1.ContainerStatus, behaviour string, previous bool) (int32, error) {
	last, runs := status.LastTerminationState.Terminated, status.RestartCount
	waiting, running, terminated := status.State.Waiting, status.State.Running, status.State.Terminated
	// While a container runs, the last one that ended is the run before it.
	if running != nil && previous {
		runs--
	}
	switch {
	case previous:
		if last == nil || last.ContainerID == "" || behaviour == logsNoPrevious {
			return 0, fmt.Errorf("previous terminated container %q in pod %q not found", status.Name, pod)
		}
	case running != nil, terminated != nil && terminated.ContainerID != "":
	case terminated != nil || last != nil:
		if last == nil || last.ContainerID == "" {
			return 0, fmt.Errorf("container %q in pod %q is terminated", status.Name, pod)
		}
	case waiting != nil && waiting.Reason == "ImagePullBackOff":
		return 0, fmt.Errorf("container %q in pod %q is waiting to start: trying and failing to pull image", status.Name, pod)
	case waiting != nil:
		return 0, fmt.Errorf("container %q in pod %q is waiting to start: %v", status.Name, pod, waiting.Reason)
	default:
		return 0, fmt.Errorf("container %q in pod %q is waiting to start - no logs yet", status.Name, pod)
	}
	return max(0, runs), nil
}
