// bare-wazero CACHE MODULE PORT OUTPUT: a gatherer in wazero, compiled at each start or, with a folder of compiled modules in place of "-", once.
//
// The imports do what those of tests/contenders/imports do, but the typed ones: they are those of a library in Rust, and a gatherer that
// needs them does not run here. It ends with 0 if the gatherer does.
package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
)

const module = "wagather_v1"

// Where the texts of a request lie.
const (
	versionAt  = 8
	resourceAt = 16
	groupAt    = 24
)

// ABSENT and DENIED of the contract's statuses.
const (
	absent = -10
	denied = -1
)

type host struct {
	port   string
	conn   net.Conn
	status int32
	items  []json.RawMessage
	file   bytes.Buffer
}

// A call of the guest. Arguments that the import does not have are 0.
func (h *host) call(name string, memory api.Memory, args []uint64) int64 {
	arg := func(index int) uint32 {
		if index < len(args) {
			return uint32(args[index])
		}
		return 0
	}
	switch name {
	case "rest_start":
		return h.start(memory, arg(0))
	case "rest_status":
		h.receive()
		return int64(h.status)
	case "rest_next":
		return h.next(memory, arg(1), arg(2))
	case "rest_close", "archive_close", "rest_reject", "rest_hides":
		return 0
	case "archive_pipe":
		return h.pipe()
	case "archive_open":
		return 1
	case "archive_write":
		h.file.Write(view(memory, arg(1), arg(2)))
		return 0
	case "log":
		fmt.Fprintf(os.Stderr, "%s\n", view(memory, arg(1), arg(2)))
		return 0
	case "param":
		return absent
	case "now":
		return time.Now().UnixMilli()
	}
	return denied
}

func view(memory api.Memory, at, len uint32) []byte {
	bytes, ok := memory.Read(at, len)
	if !ok {
		fail(fmt.Errorf("a pointer out of range"))
	}
	return bytes
}

// The request lies in the guest's memory as wagather_abi::Request says: a verb, and texts as pairs of pointer and length.
func (h *host) start(memory api.Memory, at uint32) int64 {
	text := func(offset uint32) string {
		pair := view(memory, at+offset, 8)
		return string(view(memory, binary.LittleEndian.Uint32(pair), binary.LittleEndian.Uint32(pair[4:])))
	}
	group, version, resource := text(groupAt), text(versionAt), text(resourceAt)
	root := "/apis/" + group + "/" + version
	if group == "" {
		root = "/api/" + version
	}
	conn, err := net.Dial("tcp", "127.0.0.1:"+h.port)
	if err != nil {
		fail(err)
	}
	fmt.Fprintf(conn, "GET %s/%s?limit=500 HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: application/json\r\nConnection: close\r\n\r\n", root, resource)
	h.conn = conn
	return 1
}

// Reads the answer, once. net/http would cost the start more than all else here.
func (h *host) receive() {
	if h.conn == nil {
		return
	}
	answer, err := io.ReadAll(h.conn)
	h.conn = nil
	if err != nil {
		fail(err)
	}
	head, body, _ := bytes.Cut(answer, []byte("\r\n\r\n"))
	words := strings.SplitN(string(head), " ", 3)
	status, err := strconv.Atoi(words[1])
	if err != nil {
		fail(err)
	}
	h.status = int32(status)
	var list struct{ Items []json.RawMessage }
	if err := json.Unmarshal(body, &list); err != nil {
		fail(err)
	}
	h.items = list.Items
}

func (h *host) next(memory api.Memory, buffer, limit uint32) int64 {
	h.receive()
	if len(h.items) == 0 {
		return 0
	}
	item := h.items[0]
	if len(item) <= int(limit) {
		memory.Write(buffer, item)
		h.items = h.items[1:]
	}
	return int64(len(item))
}

func (h *host) pipe() int64 {
	h.receive()
	for _, item := range h.items {
		h.file.Write(item)
		h.file.WriteByte('\n')
	}
	return int64(len(h.items))
}

func main() {
	if len(os.Args) != 5 {
		fail(fmt.Errorf("usage: bare-wazero CACHE|- MODULE PORT OUTPUT"))
	}
	code, err := os.ReadFile(os.Args[2])
	if err != nil {
		fail(err)
	}
	ctx, config := context.Background(), wazero.NewRuntimeConfigCompiler()
	if os.Args[1] != "-" {
		cache, err := wazero.NewCompilationCacheWithDir(os.Args[1])
		if err != nil {
			fail(err)
		}
		config = config.WithCompilationCache(cache)
	}
	runtime := wazero.NewRuntimeWithConfig(ctx, config)
	compiled, err := runtime.CompileModule(ctx, code)
	if err != nil {
		fail(err)
	}
	host := &host{port: os.Args[3]}
	builder := runtime.NewHostModuleBuilder(module)
	for _, imported := range compiled.ImportedFunctions() {
		_, name, _ := imported.Import()
		result := imported.ResultTypes()
		call := api.GoModuleFunc(func(_ context.Context, guest api.Module, stack []uint64) {
			value := host.call(name, guest.Memory(), stack[:len(imported.ParamTypes())])
			if result[0] == api.ValueTypeI32 {
				value = int64(uint32(value))
			}
			stack[0] = uint64(value)
		})
		builder.NewFunctionBuilder().WithGoModuleFunction(call, imported.ParamTypes(), result).Export(name)
	}
	if _, err := builder.Instantiate(ctx); err != nil {
		fail(err)
	}
	guest, err := runtime.InstantiateModule(ctx, compiled, wazero.NewModuleConfig())
	if err != nil {
		fail(err)
	}
	gathered, err := guest.ExportedFunction("gather").Call(ctx)
	if err == nil && uint32(gathered[0]) != 0 {
		err = fmt.Errorf("the gatherer returns %d", int32(gathered[0]))
	}
	if err != nil {
		fail(err)
	}
	if err := os.WriteFile(os.Args[4], host.file.Bytes(), 0o644); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "bare-wazero:", err)
	os.Exit(1)
}
