package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/kubernetes/fake"
)

// kubelet_test.go holds the kubelet to what a kubelet does with each option and with each state of a container.

// ask is what the kubelet answers about the main container of a pod that it knows.
func ask(t *testing.T, pod *corev1.Pod, query string) (int, string) {
	t.Helper()
	k := &kubelet{pods: fake.NewClientset(pod)}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /containerLogs/{namespace}/{pod}/{container}", k.containerLogs)
	path := (&url.URL{Path: "/containerLogs/" + pod.Namespace + "/" + pod.Name + "/main", RawQuery: query}).String()
	recorder := httptest.NewRecorder()
	mux.ServeHTTP(recorder, httptest.NewRequestWithContext(context.Background(), http.MethodGet, path, nil))
	return recorder.Code, recorder.Body.String()
}

func linesOf(text string) []string {
	lines := strings.SplitAfter(text, "\n")
	return lines[:len(lines)-1]
}

func TestOptionsChooseLines(t *testing.T) {
	object := pod(1, 6)
	code, whole := ask(t, object, "")
	lines := linesOf(whole)
	if code != http.StatusOK || len(lines) < 60 || len(lines) > 259 {
		t.Fatalf("%d with %d lines", code, len(lines))
	}
	last := len(lines) - 1
	if !strings.Contains(lines[last-2], loggedToken()) || !strings.Contains(lines[last-1], passwordValue) {
		t.Errorf("the last lines have no secrets: %q", lines[last-2:])
	}
	_, stamped := ask(t, object, "timestamps=true")
	for _, c := range []struct{ name, query, want string }{
		{"the tail", "tailLines=2", strings.Join(lines[last-1:], "")},
		{"no line", "tailLines=0", ""},
		{"more lines than there are", "tailLines=1000", whole},
		{"bytes from the start", "limitBytes=100", whole[:100]},
		{"bytes of the tail, from its start", "tailLines=2&limitBytes=7", lines[last-1][:7]},
		{"from a minute on", "sinceTime=2026-01-15T08:10:00Z", strings.Join(lines[10:], "")},
		{"the tail first, then the time", "tailLines=1000&sinceTime=2026-01-15T08:10:00Z", strings.Join(lines[10:], "")},
		{"the last seconds, of which nothing is", "sinceSeconds=1", ""},
		{"the time of each line", "timestamps=true&tailLines=1", linesOf(stamped)[last]},
		{"bytes with the time", "timestamps=true&limitBytes=21", "2026-01-15T08:00:00.0"},
		{"the run that crashed", "previous=true", whole},
	} {
		if code, got := ask(t, object, c.query); code != http.StatusOK || got != c.want {
			t.Errorf("%s (%s): %d %.200q, want %.200q", c.name, c.query, code, got, c.want)
		}
	}
	if !strings.HasPrefix(linesOf(stamped)[61], "2026-01-15T09:01:00.000000000Z run=") {
		t.Errorf("the 61st minute: %q", linesOf(stamped)[61])
	}
	for _, query := range []string{"limitBytes=0", "tailLines=-1", "sinceSeconds=5&sinceTime=2026-01-15T08:10:00Z"} {
		if code, got := ask(t, object, query); code != http.StatusUnprocessableEntity {
			t.Errorf("%s: %d %q", query, code, got)
		}
	}
	if _, again := ask(t, object, ""); again != whole {
		t.Error("the same log differs from itself")
	}
}

func TestStatesRefuseInAKubeletsWords(t *testing.T) {
	at := func(index int) *corev1.Pod { return pod(index, 6) }
	for _, c := range []struct {
		name  string
		pod   *corev1.Pod
		query string
		code  int
		want  string
	}{
		{"running", at(0), "tailLines=1", 200, "run=0 "},
		{"running, previous", at(0), "previous=true", 400, `previous terminated container "main" in pod `},
		{"no image", at(2), "", 400, "is waiting to start: trying and failing to pull image"},
		{"succeeded", at(12), "tailLines=1", 200, "run=0 "},
		{"killed, previous", at(4), "previous=true&tailLines=1", 200, "run=4 "},
		{"evicted", at(21), "", 400, `container "main" in pod `},
		{"broken", at(161), "", 500, "cannot be read"},
		{"no previous", at(201), "previous=true", 400, "previous terminated container"},
		{"no previous, current", at(201), "tailLines=1", 200, "run=206 "},
		{"lost, previous", at(241), "previous=true", 400, "previous terminated container"},
		{"lost, current", at(241), "", 400, "is terminated"},
		{"large", at(121), "limitBytes=9", 200, "run=126 l"},
	} {
		if code, got := ask(t, c.pod, c.query); code != c.code || !strings.Contains(got, c.want) {
			t.Errorf("%s: %d %q, want %d %q", c.name, code, got, c.code, c.want)
		}
	}
	k := &kubelet{pods: fake.NewClientset()}
	recorder := httptest.NewRecorder()
	request := httptest.NewRequest(http.MethodGet, "/", nil)
	request.SetPathValue("namespace", "a")
	request.SetPathValue("pod", "b")
	k.containerLogs(recorder, request)
	if recorder.Code != http.StatusNotFound {
		t.Errorf("a pod that is not there: %d", recorder.Code)
	}
}

func TestALargeLogIsLarge(t *testing.T) {
	log := containerLog{"shop", "till", "main", 3, logsLarge}
	if size := int64(len(log.line(nil, 1000))) * log.lines(); size < 70<<20 {
		t.Errorf("only about %d bytes", size)
	}
}
