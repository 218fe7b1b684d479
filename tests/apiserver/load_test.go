package main

import (
	"encoding/json"
	"reflect"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// load_test.go holds the test objects to what other tests rely on: same again, unique, a share of each state.

func TestObjectsAreTheSameEachTime(t *testing.T) {
	for index := range 200 {
		if !reflect.DeepEqual(pod(index, 6), pod(index, 6)) {
			t.Errorf("pod %d differs from itself", index)
		}
		if !reflect.DeepEqual(clusterOperator(index), clusterOperator(index)) {
			t.Errorf("cluster operator %d differs from itself", index)
		}
		if !reflect.DeepEqual(node(index, 10250), node(index, 10250)) {
			t.Errorf("node %d differs from itself", index)
		}
		if !reflect.DeepEqual(countedEvent(index), countedEvent(index)) || !reflect.DeepEqual(seriesEvent(index), seriesEvent(index)) {
			t.Errorf("event %d differs from itself", index)
		}
	}
}

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for index := range 20_000 {
		object := pod(index, 6)
		name := object.Namespace + "/" + object.Name
		if seen[name] {
			t.Fatalf("pod %d has the name of an earlier one: %s", index, name)
		}
		seen[name] = true
	}
	for index := range 300 {
		if name := operatorName(index); seen[name] {
			t.Fatalf("operator %d has the name of an earlier one: %s", index, name)
		} else {
			seen[name] = true
		}
	}
}

func TestEveryStateOccurs(t *testing.T) {
	count := map[podCondition]int{}
	for index := range statePeriod {
		count[podState(index)]++
	}
	want := map[podCondition]int{
		stateRunning: 30, stateCrashLoop: 2, stateImagePull: 1, stateUnschedulable: 1, stateOOMKilled: 1,
		stateNotReady: 1, stateSucceeded: 3, stateEvicted: 1,
	}
	if !reflect.DeepEqual(count, want) {
		t.Errorf("states of %d pods: got %v, want %v (update README.md too)", statePeriod, count, want)
	}
}

func TestFirstPodIsPinned(t *testing.T) {
	object := pod(0, 6)
	if got, want := object.Namespace+"/"+object.Name, "openshift-monitoring/collector-437a796e20-bbbbb"; got != want {
		t.Errorf("recordings depend on names: got %s, want %s", got, want)
	}
	data, err := json.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) < 3_000 {
		t.Errorf("a pod is %d bytes before the server adds its part; real ones are larger", len(data))
	}
}

func TestCRDDecodes(t *testing.T) {
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.UnmarshalStrict(clusterOperatorCRD, &crd); err != nil {
		t.Fatal(err)
	}
	if crd.Name != clusterOperators.Resource+"."+clusterOperators.Group {
		t.Errorf("the type's name is %s", crd.Name)
	}
}
