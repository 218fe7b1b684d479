// Finds degraded or unavailable cluster operators, with time, reason and version. It writes `findings.json` incrementally, and
// logs a line with the count.
package main

import (
	"strconv"
	"unsafe"

	"wagather"
)

// The file declares what the gatherer reads. If you add a field below, add it there too.
//
//go:generate host-min manifest gatherer.manifest __NAME__.wasm

// ClusterOperator has the fields of an operator that are read.
type ClusterOperator struct {
	Metadata struct{ Name wagather.Text }
	Status   struct {
		Conditions wagather.Array[Condition]
		Versions   wagather.Array[Version]
	}
}

// Condition has the indices of the names in the shape.
type Condition struct {
	Reason, Message, Since wagather.Text
	Type                   uint8
	Status                 uint8
}

const (
	degraded  = 1
	available = 2
	isTrue    = 1
	isFalse   = 2
)

// Version is the version of an operand, or the operator's own.
type Version struct {
	Version    wagather.Text
	IsOperator uint8
}

var shape = wagather.Object(unsafe.Sizeof(ClusterOperator{})).
	Begin("metadata", unsafe.Offsetof(ClusterOperator{}.Metadata)).
	Text("name", 0).
	End().
	Begin("status", unsafe.Offsetof(ClusterOperator{}.Status)).
	Array("conditions", unsafe.Offsetof(ClusterOperator{}.Status.Conditions), unsafe.Sizeof(Condition{})).
	OneOf("type", unsafe.Offsetof(Condition{}.Type), "Degraded", "Available").
	OneOf("status", unsafe.Offsetof(Condition{}.Status), "True", "False").
	Text("reason", unsafe.Offsetof(Condition{}.Reason)).
	Text("message", unsafe.Offsetof(Condition{}.Message)).
	Text("lastTransitionTime", unsafe.Offsetof(Condition{}.Since)).
	End().
	Array("versions", unsafe.Offsetof(ClusterOperator{}.Status.Versions), unsafe.Sizeof(Version{})).
	OneOf("name", unsafe.Offsetof(Version{}.IsOperator), "operator").
	Text("version", unsafe.Offsetof(Version{}.Version)).
	End().
	End().
	End()

// Finding has the fields that are written, in the form that all readers of archives know.
type Finding struct {
	Severity, Code, Message, Since wagather.Text
	Object                         struct{ APIVersion, Kind, Name wagather.Text }
	Properties                     struct{ Reason, Version wagather.Text }
}

var findingShape = wagather.Object(unsafe.Sizeof(Finding{})).
	Text("severity", unsafe.Offsetof(Finding{}.Severity)).
	Text("code", unsafe.Offsetof(Finding{}.Code)).
	Begin("object", unsafe.Offsetof(Finding{}.Object)).
	Text("apiVersion", unsafe.Offsetof(Finding{}.Object.APIVersion)).
	Text("kind", unsafe.Offsetof(Finding{}.Object.Kind)).
	Text("name", unsafe.Offsetof(Finding{}.Object.Name)).
	End().
	Text("message", unsafe.Offsetof(Finding{}.Message)).
	Text("since", unsafe.Offsetof(Finding{}.Since)).
	Begin("properties", unsafe.Offsetof(Finding{}.Properties)).
	Text("reason", unsafe.Offsetof(Finding{}.Properties.Reason)).
	Text("version", unsafe.Offsetof(Finding{}.Properties.Version)).
	End().
	End()

func main() {}

//go:wasmexport gather
func gather() int32 {
	return wagather.Code(work())
}

func work() error {
	operators, err := wagather.Start[ClusterOperator](&wagather.Request{
		Verb:     wagather.List,
		Version:  wagather.Of("v1"),
		Resource: wagather.Of("clusteroperators"),
		Group:    wagather.Of("config.openshift.io"),
	}, shape)
	if err != nil {
		return err
	}
	defer operators.Close()
	findings := wagather.CreateFindings()
	all, inTrouble := 0, 0
	for {
		operator, err := operators.Next()
		if err != nil {
			return err
		}
		if operator == nil {
			break
		}
		all++
		if examine(operator, findings) {
			inTrouble++
		}
	}
	wagather.Log(wagather.LevelInfo,
		strconv.Itoa(inTrouble)+" of "+strconv.Itoa(all)+" cluster operators are degraded or unavailable")
	return findings.CloseFindings()
}

// examine writes the problems of an operator, and returns whether there are any.
func examine(operator *ClusterOperator, findings *wagather.Entry) bool {
	isInTrouble := false
	var finding Finding
	finding.Object.APIVersion = wagather.Of("config.openshift.io/v1")
	finding.Object.Kind = wagather.Of("ClusterOperator")
	finding.Object.Name = operator.Metadata.Name
	// The operator's own version among those of its operands.
	for _, version := range operator.Status.Versions.Slice() {
		if version.IsOperator != 0 {
			finding.Properties.Version = version.Version
		}
	}
	for _, condition := range operator.Status.Conditions.Slice() {
		switch {
		case condition.Type == degraded && condition.Status == isTrue:
			finding.Severity, finding.Code = wagather.Of("warning"), wagather.Of("Degraded")
		case condition.Type == available && condition.Status == isFalse:
			finding.Severity, finding.Code = wagather.Of("error"), wagather.Of("Unavailable")
		default:
			continue
		}
		isInTrouble = true
		finding.Since, finding.Properties.Reason, finding.Message = condition.Since, condition.Reason, condition.Message
		findings.Push(findingShape, unsafe.Pointer(&finding))
	}
	return isInTrouble
}
