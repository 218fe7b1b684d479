// Counts the pods of each phase: standard Go with encoding/json, as a reactor of WASI.
package main

import (
	"encoding/json"
	"unsafe"
)

type text struct {
	address, length uint32
}

func of(s string) text {
	return text{uint32(uintptr(unsafe.Pointer(unsafe.StringData(s)))), uint32(len(s))}
}

type request struct {
	verb                                                   uint8
	_                                                      [3]uint8
	limit                                                  uint32
	version, resource, group, namespace, name, subresource text
	labels, fields, mask, query                            text
}

//go:wasmimport wagather_v1 rest_start
//go:noescape
func restStart(request unsafe.Pointer) int32

//go:wasmimport wagather_v1 rest_next
//go:noescape
func restNext(handle int32, buffer unsafe.Pointer, room uint32) int32

//go:wasmimport wagather_v1 archive_open
//go:noescape
func archiveOpen(name unsafe.Pointer, length uint32) int32

//go:wasmimport wagather_v1 archive_write
//go:noescape
func archiveWrite(handle int32, bytes unsafe.Pointer, length uint32) int32

//go:wasmimport wagather_v1 archive_close
func archiveClose(handle int32) int32

func main() {}

//go:wasmexport gather
func gather() int32 {
	pods := request{verb: 2, version: of("v1"), resource: of("pods")}
	handle := restStart(unsafe.Pointer(&pods))
	if handle < 0 {
		return handle
	}
	var counts struct{ Pending, Running, Succeeded, Failed, Unknown int }
	item := make([]byte, 64)
	for {
		length := restNext(handle, unsafe.Pointer(unsafe.SliceData(item)), uint32(len(item)))
		if length < 0 {
			return length
		}
		if length == 0 {
			break
		}
		if int(length) > len(item) {
			item = make([]byte, length)
			continue
		}
		var pod struct{ Status struct{ Phase string } }
		if json.Unmarshal(item[:length], &pod) != nil {
			return 1
		}
		switch pod.Status.Phase {
		case "Pending":
			counts.Pending++
		case "Running":
			counts.Running++
		case "Succeeded":
			counts.Succeeded++
		case "Failed":
			counts.Failed++
		default:
			counts.Unknown++
		}
	}
	report, err := json.Marshal(counts)
	if err != nil {
		return 2
	}
	report = append(report, '\n')
	name := "phases.json"
	entry := archiveOpen(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)))
	if entry < 0 {
		return entry
	}
	if written := archiveWrite(entry, unsafe.Pointer(unsafe.SliceData(report)), uint32(len(report))); written < 0 {
		return written
	}
	return archiveClose(entry)
}
