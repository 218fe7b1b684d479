// client-go pipe|decode KUBECONFIG OUTPUT: the cluster operators with client-go's dynamic client, as its documentation shows it: the list as it
// is into a file, or those that are in trouble.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/client-go/dynamic"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

var operators = schema.GroupVersionResource{Group: "config.openshift.io", Version: "v1", Resource: "clusteroperators"}

type finding struct {
	Operator string `json:"operator"`
	Version  string `json:"version"`
	Problem  string `json:"problem"`
	Since    string `json:"since"`
	Reason   string `json:"reason"`
	Message  string `json:"message"`
}

func main() {
	if len(os.Args) != 4 {
		fail(fmt.Errorf("usage: client-go pipe|decode KUBECONFIG OUTPUT"))
	}
	config, err := clientcmd.BuildConfigFromFlags("", os.Args[2])
	if err != nil {
		fail(err)
	}
	gather := decoded
	if os.Args[1] == "pipe" {
		gather = piped
	}
	written, err := gather(config)
	if err == nil {
		err = os.WriteFile(os.Args[3], written, 0o644)
	}
	if err != nil {
		fail(err)
	}
}

func piped(config *rest.Config) ([]byte, error) {
	config.NegotiatedSerializer = serializer.NewCodecFactory(runtime.NewScheme()).WithoutConversion()
	client, err := rest.UnversionedRESTClientFor(config)
	if err != nil {
		return nil, err
	}
	path := "/apis/" + operators.Group + "/" + operators.Version + "/" + operators.Resource
	return client.Get().AbsPath(path).Param("limit", "500").DoRaw(context.Background())
}

func decoded(config *rest.Config) ([]byte, error) {
	client, err := dynamic.NewForConfig(config)
	if err != nil {
		return nil, err
	}
	list, err := client.Resource(operators).List(context.Background(), metav1.ListOptions{Limit: 500})
	if err != nil {
		return nil, err
	}
	found := []finding{}
	for _, operator := range list.Items {
		found = append(found, findings(operator)...)
	}
	return json.Marshal(found)
}

func findings(operator unstructured.Unstructured) (found []finding) {
	text := func(from any, key string) string {
		fields, _ := from.(map[string]any)
		text, _ := fields[key].(string)
		return text
	}
	versions, _, _ := unstructured.NestedSlice(operator.Object, "status", "versions")
	version := ""
	for _, one := range versions {
		if text(one, "name") == "operator" {
			version = text(one, "version")
			break
		}
	}
	conditions, _, _ := unstructured.NestedSlice(operator.Object, "status", "conditions")
	for _, condition := range conditions {
		problem := ""
		switch text(condition, "type") + "=" + text(condition, "status") {
		case "Degraded=True":
			problem = "degraded"
		case "Available=False":
			problem = "unavailable"
		default:
			continue
		}
		found = append(found, finding{
			Operator: operator.GetName(),
			Version:  version,
			Problem:  problem,
			Since:    text(condition, "lastTransitionTime"),
			Reason:   text(condition, "reason"),
			Message:  text(condition, "message"),
		})
	}
	return found
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "client-go:", err)
	os.Exit(1)
}
