// Gather runs a gatherer on a recording, or on a live API server, and says what became of it.
//
//	gather HELPER GUEST.wasm RECORDING.har|http(s)://SERVER ARCHIVE
//
// CGO_CFLAGS=-Itarget/dist CGO_LDFLAGS=-Ltarget/dist go build
package main

/*
#cgo LDFLAGS: -lwagather
#include <stdlib.h>
#include <wagather.h>
*/
import "C"

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"
	"unsafe"
)

// Failure is what was attempted, why it failed, and what to do about it.
type Failure struct {
	Class                          int
	Attempt, Reason, Advice, shown string
}

func (f *Failure) Error() string { return f.shown }

// read copies a failure, which stays the library's.
func read(failure *C.wagather_failure) *Failure {
	return &Failure{
		Class:   int(C.wagather_failure_class(failure)),
		Attempt: C.GoString(C.wagather_failure_attempt(failure)),
		Reason:  C.GoString(C.wagather_failure_reason(failure)),
		Advice:  C.GoString(C.wagather_failure_advice(failure)),
		shown:   C.GoString(C.wagather_failure_text(failure)),
	}
}

// ended turns what a call returns into an error.
func ended(failure *C.wagather_failure) error {
	if failure == nil {
		return nil
	}
	defer C.wagather_failure_free(failure)
	return read(failure)
}

// Outcome is what a run gathered.
type Outcome struct {
	Complete bool
	Output   string
	Report   struct {
		Gatherers []struct {
			Name, Status string
			Entries      int
		}
	}
	Failures []*Failure
}

// Run runs one gatherer with these options of wagather_plan_set.
func Run(guest string, options map[string]string) (*Outcome, error) {
	plan := C.wagather_plan_new()
	defer C.wagather_plan_free(plan)
	with := func(text string, call func(*C.char) *C.wagather_failure) error {
		copied := C.CString(text)
		defer C.free(unsafe.Pointer(copied))
		return ended(call(copied))
	}
	for name, value := range options {
		err := with(value, func(value *C.char) *C.wagather_failure {
			name := C.CString(name)
			defer C.free(unsafe.Pointer(name))
			return C.wagather_plan_set(plan, name, value)
		})
		if err != nil {
			return nil, err
		}
	}
	if err := with(guest, func(path *C.char) *C.wagather_failure { return C.wagather_plan_add_file(plan, path) }); err != nil {
		return nil, err
	}
	var outcome *C.wagather_outcome
	if err := ended(C.wagather_run(plan, nil, nil, &outcome)); err != nil {
		return nil, err
	}
	defer C.wagather_outcome_free(outcome)
	gathered := &Outcome{
		Complete: bool(C.wagather_outcome_is_complete(outcome)),
		Output:   C.GoString(C.wagather_outcome_output(outcome)),
	}
	for index := C.size_t(0); ; index++ {
		failure := C.wagather_outcome_failure(outcome, index)
		if failure == nil {
			break
		}
		gathered.Failures = append(gathered.Failures, read(failure))
	}
	return gathered, json.Unmarshal([]byte(C.GoString(C.wagather_outcome_report(outcome))), &gathered.Report)
}

func main() {
	if len(os.Args) != 5 {
		fmt.Fprintln(os.Stderr, "gather: give a HELPER, a GUEST.wasm, a RECORDING.har or the URL of a server, and a new ARCHIVE")
		os.Exit(C.WAGATHER_USAGE)
	}
	input := "replay"
	if strings.HasPrefix(os.Args[3], "http") {
		input = "server"
	}
	gathered, err := Run(os.Args[2], map[string]string{
		"helper": os.Args[1], input: os.Args[3], "output": os.Args[4], "timeout": "20s",
	})
	var failure *Failure
	if errors.As(err, &failure) {
		fmt.Fprintln(os.Stderr, "gather:", failure)
		os.Exit(failure.Class)
	} else if err != nil {
		fmt.Fprintln(os.Stderr, "gather:", err)
		os.Exit(C.WAGATHER_INTERNAL)
	}
	fmt.Printf("complete: %v\narchive: %s\n", gathered.Complete, gathered.Output)
	for _, gatherer := range gathered.Report.Gatherers {
		fmt.Printf("%s: %s, files: %d\n", gatherer.Name, gatherer.Status, gatherer.Entries)
	}
	for _, failure := range gathered.Failures {
		fmt.Fprintln(os.Stderr, "gather:", failure)
		os.Exit(failure.Class)
	}
	if !gathered.Complete {
		os.Exit(C.WAGATHER_GAPS)
	}
}
