// The conformance kit's guest in Go: ../../README.md says what each task does.
package main

import (
	"fmt"
	"os"
	"strconv"
	"time"
	"unsafe"

	"wagather"
)

var answers *wagather.Entry

// Also an arena, which begins at a multiple of 8.
var words [1 << 17]uint64
var room = unsafe.Pointer(&words)

// answer is a line `name=number` of answers.txt.
func answer(name string, number int64) {
	answers.Write(name + "=" + strconv.FormatInt(number, 10) + "\n")
}

func result(name string, number int32) {
	answer(name, int64(number))
}

func list(resource string) wagather.Request {
	return wagather.Request{Verb: wagather.List, Version: wagather.Of("v1"), Resource: wagather.Of(resource)}
}

func raw(path string) wagather.Request {
	return wagather.Request{Verb: wagather.Raw, Resource: wagather.Of(path)}
}

func configMap(name string) int32 {
	return start(wagather.Request{
		Verb:      wagather.Get,
		Version:   wagather.Of("v1"),
		Resource:  wagather.Of("configmaps"),
		Namespace: wagather.Of("shop"),
		Name:      wagather.Of(name),
	})
}

func start(request wagather.Request) int32 {
	return wagather.HostRestStart(unsafe.Pointer(&request))
}

func pods() int32    { return start(list("pods")) }
func nodes() int32   { return start(list("nodes")) }
func version() int32 { return start(raw("/version")) }

func next(handle int32) int32 { return wagather.HostRestNext(handle, room, 64) }

func data(text string) unsafe.Pointer { return unsafe.Pointer(unsafe.StringData(text)) }

func open(name string) int32 { return wagather.HostArchiveOpen(data(name), uint32(len(name))) }

func write(handle int32, text string) int32 {
	return wagather.HostArchiveWrite(handle, data(text), uint32(len(text)))
}

func pipe(handle int32, name string) int32 {
	return wagather.HostArchivePipe(handle, data(name), uint32(len(name)))
}

func hides(handle int32, field string) int32 {
	return wagather.HostRestHides(handle, data(field), uint32(len(field)))
}

func inRoom(length int32) string { return string(unsafe.Slice((*byte)(room), length)) }

// itemsOf writes each item as a line: how it ended.
func itemsOf(handle int32, most int32) int32 {
	for {
		length := wagather.HostRestNext(handle, room, uint32(most))
		switch {
		case length <= 0:
			return length
		case length > most:
			most = length
		default:
			answers.Write(inRoom(length) + "\n")
		}
	}
}

// bodyOf reads a body in pieces of at most so many bytes into an entry: how many bytes in all, or the status.
func bodyOf(handle int32, name string, most uint32) int32 {
	entry := wagather.Create(name)
	defer entry.Close()
	all := int32(0)
	for {
		length := wagather.HostRestRead(handle, room, most)
		if length < 0 {
			return length
		}
		if length == 0 {
			return all
		}
		all += length
		entry.Write(inRoom(length))
	}
}

// Pod is what `typed` reads.
type Pod struct {
	Metadata struct {
		Name, Namespace wagather.Text
		Labels          wagather.Array[wagather.Pair]
	}
	Status struct {
		Cpu        wagather.Text
		Started    uint64
		Restarts   int32
		Phase      uint8
		Ready      bool
		HasStarted bool
	}
	Spec struct {
		Containers wagather.Array[Container]
	}
}

// Container is one of a pod's.
type Container struct{ Name, Image wagather.Text }

// Row is what `typed` writes.
type Row struct {
	Namespace, Name, Cpu, First wagather.Text
	Labels                      wagather.Array[wagather.Pair]
	Started                     uint64
	Restarts                    int32
	Containers                  uint32
	Phase                       uint8
	Ready                       bool
	HasStarted                  bool
}

var podShape = wagather.Object(unsafe.Sizeof(Pod{})).
	Begin("metadata", unsafe.Offsetof(Pod{}.Metadata)).
	Text("name", unsafe.Offsetof(Pod{}.Metadata.Name)).
	Text("namespace", unsafe.Offsetof(Pod{}.Metadata.Namespace)).
	Pairs("labels", unsafe.Offsetof(Pod{}.Metadata.Labels)).
	End().
	Begin("status", unsafe.Offsetof(Pod{}.Status)).
	OneOf("phase", unsafe.Offsetof(Pod{}.Status.Phase), "Pending", "Running", "Failed").
	Int32("restarts", unsafe.Offsetof(Pod{}.Status.Restarts)).
	Bool("ready", unsafe.Offsetof(Pod{}.Status.Ready)).
	NumberText("cpu", unsafe.Offsetof(Pod{}.Status.Cpu)).
	Optional(unsafe.Offsetof(Pod{}.Status.HasStarted)).Uint64("started", unsafe.Offsetof(Pod{}.Status.Started)).
	End().
	Begin("spec", unsafe.Offsetof(Pod{}.Spec)).
	Array("containers", unsafe.Offsetof(Pod{}.Spec.Containers), unsafe.Sizeof(Container{})).
	Text("name", unsafe.Offsetof(Container{}.Name)).
	Text("image", unsafe.Offsetof(Container{}.Image)).
	End().
	End().
	End()

var rowShape = wagather.Object(unsafe.Sizeof(Row{})).
	Text("namespace", unsafe.Offsetof(Row{}.Namespace)).
	Text("name", unsafe.Offsetof(Row{}.Name)).
	Uint8("phase", unsafe.Offsetof(Row{}.Phase)).
	Int32("restarts", unsafe.Offsetof(Row{}.Restarts)).
	Bool("ready", unsafe.Offsetof(Row{}.Ready)).
	Text("cpu", unsafe.Offsetof(Row{}.Cpu)).
	Optional(unsafe.Offsetof(Row{}.HasStarted)).Uint64("started", unsafe.Offsetof(Row{}.Started)).
	Pairs("labels", unsafe.Offsetof(Row{}.Labels)).
	Text("first", unsafe.Offsetof(Row{}.First)).
	Uint32("containers", unsafe.Offsetof(Row{}.Containers)).
	End()

func typed() int32 {
	rows := wagather.Create("rows.json")
	request := list("pods")
	items, err := wagather.Start[Pod](&request, podShape)
	for err == nil {
		var pod *Pod
		if pod, err = items.Next(); err == wagather.StatusDecode {
			err = nil
			continue
		}
		if pod == nil {
			break
		}
		containers := pod.Spec.Containers.Slice()
		row := Row{
			Namespace: pod.Metadata.Namespace, Name: pod.Metadata.Name, Labels: pod.Metadata.Labels,
			Phase: pod.Status.Phase, Restarts: pod.Status.Restarts, Ready: pod.Status.Ready, Cpu: pod.Status.Cpu,
			Started: pod.Status.Started, HasStarted: pod.Status.HasStarted, Containers: uint32(len(containers)),
		}
		if len(containers) > 0 {
			row.First = containers[0].Image
		}
		rows.Push(rowShape, unsafe.Pointer(&row))
	}
	result("end", wagather.Code(err))
	return wagather.Code(rows.CloseArray())
}

func logs() {
	wagather.Log(wagather.LevelInfo, "a line")
	wagather.Log(wagather.LevelWarn, "a warning: ü€")
	wagather.Log(wagather.LevelError, "an error")
	result("not-text", wagather.HostLog(int32(wagather.LevelInfo), data("\xff"), 1))
}

func params() {
	for _, name := range []string{"given", "defaulted", "absent", "undeclared"} {
		length := wagather.HostParam(data(name), uint32(len(name)), room, 4)
		result(name, length)
		if length <= 4 {
			continue
		}
		if value, err := wagather.Param(name); err == nil {
			answers.Write(value + "\n")
		}
	}
}

func refused() {
	result("undeclared", start(list("endpoints")))
	other := list("services")
	other.Namespace = wagather.Of("other")
	result("other-namespace", start(other))
	result("path", start(raw("/metrics")))
	odd := list("pods")
	odd.Verb = 9
	result("verb", start(odd))
	masked := list("pods")
	masked.Mask = wagather.Of("metadata(")
	result("mask", start(masked))
}

func handles() {
	request, entry := nodes(), open("a.txt")
	result("entry-as-request", next(entry))
	result("request-as-entry", write(request, "x"))
	result("close", wagather.HostRestClose(request))
	result("closed", next(request))
	result("close-again", wagather.HostRestClose(request))
	result("close-entry", wagather.HostArchiveClose(entry))
	result("closed-entry", write(entry, "x"))
	result("none", wagather.HostRestStatus(0))
}

func pointers() {
	nowhere := unsafe.Add(unsafe.Pointer(nil), uintptr(0xfffffff0))
	handle, entry := pods(), open("a.txt")
	result("request", wagather.HostRestStart(nowhere))
	result("buffer", wagather.HostRestNext(handle, nowhere, 64))
	result("wraps", wagather.HostRestNext(handle, room, 0xffffffff))
	result("shape", wagather.HostRestNextAs(handle, nowhere, room, 64))
	result("name", wagather.HostArchiveOpen(nowhere, 4))
	result("bytes", wagather.HostArchiveWrite(entry, nowhere, 64))
	result("text", wagather.HostLog(1, nowhere, 64))
	result("nothing", wagather.HostArchiveWrite(entry, nowhere, 0))
	result("close", wagather.HostArchiveClose(entry))
}

func shapes() {
	handle := nodes()
	result("letter", wagather.HostRestNextAs(handle, data("\x08x"), room, 64))
	result("outside", wagather.HostRestNextAs(handle, data("\x04(t\x08name\x00\x00"), room, 64))
}

func entries() {
	a, b := open("a.txt"), open("folder/b.txt")
	result("write", write(a, "one "))
	result("write-b", write(b, "b"))
	result("write-again", write(a, "two"))
	result("close", wagather.HostArchiveClose(a))
	result("close-b", wagather.HostArchiveClose(b))
	result("exists", wagather.HostArchiveClose(open("a.txt")))
	result("outside", open("../a.txt"))
	result("empty", wagather.HostArchiveClose(open("empty")))
	result("left-open", write(open("left-open.txt"), "x"))
}

func wasi() {
	fmt.Println("to stdout")
	fmt.Fprintln(os.Stderr, "to stderr")
	answer("arguments", int64(len(os.Args)))
	answer("environment", int64(len(os.Environ())))
	answer("now", time.Now().UnixMilli()/1000*1000)
}

func run(task string) int32 {
	switch task {
	case "log":
		logs()
	case "params":
		params()
	case "now":
		answer("now", wagather.Now())
	case "items":
		handle := pods()
		result("end", itemsOf(handle, 64))
		result("again", next(handle))
		result("close", wagather.HostRestClose(handle))
	case "typed":
		return typed()
	case "selectors":
		request := list("pods")
		request.Limit = 1
		request.Namespace = wagather.Of("shop")
		request.Labels = wagather.Of("app=web")
		request.Fields = wagather.Of("status.phase=Running")
		request.Mask = wagather.Of("metadata(name)")
		result("end", itemsOf(start(request), 4096))
	case "bytes":
		handle := version()
		result("total", bodyOf(handle, "version.json", 7))
		result("again", wagather.HostRestRead(handle, room, 7))
	case "container-log":
		result("total", bodyOf(start(wagather.Request{
			Verb:        wagather.Get,
			Version:     wagather.Of("v1"),
			Resource:    wagather.Of("pods"),
			Namespace:   wagather.Of("shop"),
			Name:        wagather.Of("web-0"),
			Subresource: wagather.Of("log"),
			Query:       wagather.Of("container=web&tailLines=2"),
		}), "web.log", 16))
	case "object":
		handle := configMap("settings")
		result("status", wagather.HostRestStatus(handle))
		result("end", itemsOf(handle, 4096))
	case "pipe":
		result("nodes", pipe(nodes(), ""))
		result("version", pipe(version(), "version.json"))
	case "forbidden":
		handle := configMap("forbidden")
		result("status", wagather.HostRestStatus(handle))
		result("next", next(handle))
		result("pipe", pipe(configMap("forbidden"), ""))
		result("body", bodyOf(configMap("forbidden"), "reason.json", 4096))
	case "missing":
		handle := configMap("missing")
		result("status", wagather.HostRestStatus(handle))
		result("next", next(handle))
	case "broken":
		handle := start(list("events"))
		result("end", itemsOf(handle, 4096))
		result("again", next(handle))
	case "refused":
		refused()
	case "modes":
		list, raw := pods(), version()
		result("list-as-bytes", wagather.HostRestRead(list, room, 64))
		result("raw-as-items", next(raw))
		result("read", wagather.HostRestRead(raw, room, 1))
		result("read-then-pipe", pipe(raw, "x"))
	case "handles":
		handles()
	case "pointers":
		pointers()
	case "shapes":
		shapes()
	case "entries":
		entries()
	case "parallel":
		first, second := nodes(), configMap("settings")
		result("second", itemsOf(second, 4096))
		result("first", itemsOf(first, 4096))
	case "hides":
		handle := nodes()
		result("last-applied",
			hides(handle, `metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]`))
		result("name", hides(handle, "metadata.name"))
		result("invalid", hides(handle, "a..b"))
		result("end", itemsOf(handle, 4096))
	case "reject":
		handle := nodes()
		reject := func() int32 { return wagather.HostRestReject(handle, 0, uint32(wagather.WantedArray)) }
		result("early", reject())
		wagather.HostRestNext(handle, room, 4096)
		result("reject", reject())
		result("again", reject())
		result("end", itemsOf(handle, 4096))
	case "own-code":
		return 5
	case "status-code":
		return next(configMap("forbidden"))
	case "wasi":
		wasi()
	default:
		return 99
	}
	return 0
}

func main() {}

//go:wasmexport gather
func gather() int32 {
	task, err := wagather.Param("task")
	if err != nil {
		return wagather.Code(err)
	}
	answers = wagather.Create("answers.txt")
	code := run(task)
	if err := answers.Close(); code == 0 {
		return wagather.Code(err)
	}
	return code
}
