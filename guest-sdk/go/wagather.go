// Package wagather is the SDK for gatherers in Go and TinyGo: see docs/languages.md. It needs neither reflection nor a JSON parser,
// because the host fills and writes structures.
package wagather

import "unsafe"

// Text is UTF-8 text in the contract's memory layout.
type Text struct {
	address, length uint32
}

// Of returns the text of a string. The text does not keep the string alive: if the string is not a constant, call runtime.KeepAlive
// after the last use of the text.
func Of(text string) Text {
	return Text{uint32(uintptr(unsafe.Pointer(unsafe.StringData(text)))), uint32(len(text))}
}

// String returns a copy of the text.
func (text Text) String() string {
	return string(bytes(text.address, text.length))
}

// Is reports whether the text equals the word. It copies nothing.
func (text Text) Is(word string) bool {
	return string(bytes(text.address, text.length)) == word
}

// Len returns the length in bytes.
func (text Text) Len() int {
	return int(text.length)
}

// Array is a list in the contract's memory layout.
type Array[T any] struct {
	address, length uint32
}

// Slice returns the list. It is in the arena, and valid until the next item.
func (array Array[T]) Slice() []T {
	if array.length == 0 {
		return nil
	}
	return unsafe.Slice((*T)(at(array.address)), array.length)
}

// Pair is an entry of an object with arbitrary keys and string values: Array[Pair].
type Pair struct {
	Key, Value Text
}

// Json is the text of any JSON value.
type Json struct {
	Text Text
}

// The memory of a module begins at 0, and an address is a number.
func at(address uint32) unsafe.Pointer {
	return unsafe.Add(unsafe.Pointer(nil), uintptr(address))
}

func bytes(address, length uint32) []byte {
	if length == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(at(address)), length)
}

// Error describes the status.
func (status Status) Error() string {
	if text := status.text(); text != "" {
		return text
	}
	if status <= -100 && status > -600 {
		return "the API server answered " + decimal(int64(-status))
	}
	return "status " + decimal(int64(status))
}

// Code returns the result of gather for an error: its status, or 1 for any other error; 0 for nil.
func Code(err error) int32 {
	if err == nil {
		return 0
	}
	if status, is := err.(Status); is {
		return int32(status)
	}
	Log(LevelError, err.Error())
	return 1
}

func failed(result int32) error {
	if result < 0 {
		return Status(result)
	}
	return nil
}

func decimal(number int64) string {
	var digits [20]byte
	at := len(digits)
	rest := uint64(number)
	if number < 0 {
		rest = -rest
	}
	for {
		at--
		digits[at] = byte('0' + rest%10)
		rest /= 10
		if rest == 0 {
			break
		}
	}
	if number < 0 {
		at--
		digits[at] = '-'
	}
	return string(digits[at:])
}

// Items returns the items of a list, or the object of a get, one by one in a growing arena. Each item overwrites the
// previous one.
type Items[T any] struct {
	handle int32
	shape  Shape
	// Words, because the arena must begin at a multiple of 8.
	arena []uint64
}

// Start starts a request whose items or object have the layout of the shape.
func Start[T any](request *Request, shape Shape) (*Items[T], error) {
	handle := HostRestStart(unsafe.Pointer(request))
	if handle < 0 {
		return nil, Status(handle)
	}
	return &Items[T]{handle: handle, shape: shape}, nil
}

// Next returns the next item, or nil at the end. After StatusDecode, which the host reports, call it again to continue with the item
// after the one that does not match.
func (items *Items[T]) Next() (*T, error) {
	for {
		arena := unsafe.Pointer(unsafe.SliceData(items.arena))
		length := HostRestNextAs(items.handle, items.shape.pointer(), arena, uint32(8*len(items.arena)))
		switch {
		case length < 0:
			return nil, Status(length)
		case length == 0:
			return nil, nil
		case int(length) <= 8*len(items.arena):
			return (*T)(arena), nil
		}
		items.arena = make([]uint64, max(512, (int(length)+7)/8))
	}
}

// Close closes the request.
func (items *Items[T]) Close() {
	HostRestClose(items.handle)
}

// Entry is an entry of the archive. It becomes a file when it is closed. The first failure stays, and later writes do
// nothing.
type Entry struct {
	handle   int32
	err      error
	elements int
}

// Create opens an entry.
func Create(name string) *Entry {
	handle := HostArchiveOpen(unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)))
	return &Entry{handle: handle, err: failed(handle)}
}

// Write appends a text.
func (entry *Entry) Write(text string) {
	if entry.err == nil {
		entry.err = failed(HostArchiveWrite(entry.handle, unsafe.Pointer(unsafe.StringData(text)), uint32(len(text))))
	}
}

// JSON appends the structure at this address as JSON.
func (entry *Entry) JSON(shape Shape, from unsafe.Pointer) {
	if entry.err == nil {
		entry.err = failed(HostArchiveWriteAs(entry.handle, shape.pointer(), from, 0))
	}
}

// Push appends an element, if the entry is a JSON array.
func (entry *Entry) Push(shape Shape, from unsafe.Pointer) {
	if entry.elements == 0 {
		entry.Write("[")
	} else {
		entry.Write(",")
	}
	entry.elements++
	entry.JSON(shape, from)
}

// Close completes the entry.
func (entry *Entry) Close() error {
	if entry.err != nil {
		return entry.err
	}
	return failed(HostArchiveClose(entry.handle))
}

// CloseArray completes an entry that is a JSON array.
func (entry *Entry) CloseArray() error {
	if entry.elements == 0 {
		entry.Write("[")
	}
	entry.Write("]")
	return entry.Close()
}

// CreateFindings creates the entry of findings, findings.json: docs/findings.md describes its elements.
func CreateFindings() *Entry {
	entry := Create("findings.json")
	entry.Write(`{"findings":`)
	return entry
}

// CloseFindings completes the entry of findings.
func (entry *Entry) CloseFindings() error {
	if entry.elements == 0 {
		entry.Write("[")
	}
	entry.Write("]}")
	return entry.Close()
}

// Log writes a log line.
func Log(level Level, text string) {
	HostLog(int32(level), unsafe.Pointer(unsafe.StringData(text)), uint32(len(text)))
}

// Param returns a parameter's value; StatusAbsent if the user gave none and there is no default.
func Param(name string) (string, error) {
	buffer := make([]byte, 64)
	for {
		length := HostParam(
			unsafe.Pointer(unsafe.StringData(name)), uint32(len(name)),
			unsafe.Pointer(unsafe.SliceData(buffer)), uint32(len(buffer)),
		)
		if length < 0 {
			return "", Status(length)
		}
		if int(length) <= len(buffer) {
			return string(buffer[:length]), nil
		}
		buffer = make([]byte, length)
	}
}

// Now returns the milliseconds since the Unix epoch; in a replay, the time of the recording.
func Now() int64 {
	return HostNow()
}
