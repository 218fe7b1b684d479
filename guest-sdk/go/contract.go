// Made by `BLESS=1 cargo test -p tests --test languages`, from guest-sdk/abi. DO NOT EDIT.

// The contract between gatherers and host-min, version 1.

package wagather

import "unsafe"

// Request says what to read; a text that is not given is empty. contract.md says what each is.
type Request struct {
	Verb        Verb
	_           [3]uint8
	Limit       uint32
	Version     Text
	Resource    Text
	Group       Text
	Namespace   Text
	Name        Text
	Subresource Text
	Labels      Text
	Fields      Text
	Mask        Text
	Query       Text
}

// Verb says what a request does.
type Verb uint8

const (
	Get      Verb = 1
	List     Verb = 2
	Raw      Verb = 3
	Discover Verb = 4
)

// Level is a level of the log.
type Level int32

const (
	LevelDebug Level = 0
	LevelInfo  Level = 1
	LevelWarn  Level = 2
	LevelError Level = 3
)

// Status is what a result below 0 means; -100 to -599 are HTTP statuses of the API server, negated.
type Status int32

const (
	StatusDenied       Status = -1  // not declared in the manifest or not granted
	StatusBadPointer   Status = -2  // a pointer outside of the guest's memory
	StatusBadHandle    Status = -3  // a handle that is closed or invalid
	StatusBadRequest   Status = -4  // a malformed request
	StatusWrongMode    Status = -5  // reading a response in the wrong mode
	StatusTooLarge     Status = -6  // larger than the host's limit
	StatusOutOfBudget  Status = -7  // a budget is used up
	StatusUnreachable  Status = -8  // the API server could not be reached
	StatusBadAnswer    Status = -9  // the API server's response cannot be decoded
	StatusAbsent       Status = -10 // there is no such parameter
	StatusExists       Status = -11 // an entry of that name already exists
	StatusBadName      Status = -12 // not a valid entry name
	StatusUnsupported  Status = -13 // not supported by this host
	StatusTimedOut     Status = -14 // the deadline passed
	StatusOutputFailed Status = -15 // the archive could not be written
	StatusNotText      Status = -16 // not UTF-8 text
	StatusDecode       Status = -17 // the JSON does not match the type
	StatusNoRoom       Status = -18 // a buffer of the guest is too small
	StatusBadShape     Status = -19 // a malformed shape
)

// text says what a status is, or nothing if it has no name.
func (status Status) text() string {
	switch status {
	case StatusDenied:
		return "not declared in the manifest or not granted"
	case StatusBadPointer:
		return "a pointer outside of the guest's memory"
	case StatusBadHandle:
		return "a handle that is closed or invalid"
	case StatusBadRequest:
		return "a malformed request"
	case StatusWrongMode:
		return "reading a response in the wrong mode"
	case StatusTooLarge:
		return "larger than the host's limit"
	case StatusOutOfBudget:
		return "a budget is used up"
	case StatusUnreachable:
		return "the API server could not be reached"
	case StatusBadAnswer:
		return "the API server's response cannot be decoded"
	case StatusAbsent:
		return "there is no such parameter"
	case StatusExists:
		return "an entry of that name already exists"
	case StatusBadName:
		return "not a valid entry name"
	case StatusUnsupported:
		return "not supported by this host"
	case StatusTimedOut:
		return "the deadline passed"
	case StatusOutputFailed:
		return "the archive could not be written"
	case StatusNotText:
		return "not UTF-8 text"
	case StatusDecode:
		return "the JSON does not match the type"
	case StatusNoRoom:
		return "a buffer of the guest is too small"
	case StatusBadShape:
		return "a malformed shape"
	}
	return ""
}

// Wanted is what RestReject says was wanted.
type Wanted uint32

const (
	WantedUnsaid          Wanted = 0
	WantedString          Wanted = 1
	WantedBoolean         Wanted = 2
	WantedObject          Wanted = 3
	WantedArray           Wanted = 4
	WantedMap             Wanted = 5
	WantedOther           Wanted = 6
	WantedNumber          Wanted = 9
	WantedIntegerOrString Wanted = 10
	WantedNumberOrString  Wanted = 11
	WantedLess            Wanted = 12
	WantedInteger         Wanted = 16
	WantedSigned          Wanted = 4
)

// Limits of the contract.
const (
	MaxNameBytes         = 253
	MaxSelectorBytes     = 4096
	MaxMaskBytes         = 16384
	MaxMaskDepth         = 32
	MaxShapeBytes        = 16384
	MaxShapeDepth        = 32
	MaxStructureBytes    = 65536
	MaxArenaBytes        = 67108864
	MaxManifestBytes     = 65536
	MaxManifestRecords   = 512
	MaxGathererNameBytes = 63
	MaxEntryNameBytes    = 180
	MaxFieldBytes        = 1024
	MaxLogLineBytes      = 4096
	MaxParamNameBytes    = 256
	MaxWriteBytes        = 1048576
)

// What the host can do, as it is imported. It keeps no address after a call returns.

// HostRestStart is rest_start. Starts a request and returns at once: a handle, or a status if the request is
// refused.
//
//go:wasmimport wagather_v1 rest_start
//go:noescape
func HostRestStart(request unsafe.Pointer) int32

// HostRestStatus is rest_status. Waits for the head of the answer: its HTTP status, or a status if there is
// no answer.
//
//go:wasmimport wagather_v1 rest_status
//go:noescape
func HostRestStatus(handle int32) int32

// HostRestRead is rest_read. Copies the next bytes of the body: how many, 0 at the end.
//
//go:wasmimport wagather_v1 rest_read
//go:noescape
func HostRestRead(handle int32, buffer unsafe.Pointer, room uint32) int32

// HostRestNext is rest_next. Copies the next item of a list, or the object of a get, as JSON: its length, 0
// after the last. A result above `cap` copies nothing and loses nothing: call again with that much room.
//
//go:wasmimport wagather_v1 rest_next
//go:noescape
func HostRestNext(handle int32, buffer unsafe.Pointer, room uint32) int32

// HostRestNextAs is rest_next_as. Decodes the next item by a shape, into the guest's memory: how many bytes
// of `arena` it takes, 0 after the last. A result above `cap` changes nothing and loses nothing: call again
// with that much room.
//
//go:wasmimport wagather_v1 rest_next_as
//go:noescape
func HostRestNextAs(handle int32, shape unsafe.Pointer, arena unsafe.Pointer, room uint32) int32

// HostRestReject is rest_reject. Says that the item that `rest_next` gave last does not fit: from which of
// its bytes on, and what was wanted there. The host names it in the report.
//
//go:wasmimport wagather_v1 rest_reject
//go:noescape
func HostRestReject(handle int32, at uint32, wanted uint32) int32

// HostRestHides is rest_hides. Says whether a field is hidden of the objects that the request is for, by the
// grant or by redaction: 1, or 0 if it is not, so that it is absent where it does not come. `field` is a
// path such as `spec.nodeName`.
//
//go:wasmimport wagather_v1 rest_hides
//go:noescape
func HostRestHides(handle int32, field unsafe.Pointer, fieldLen uint32) int32

// HostRestClose is rest_close. Gives the handle back; what was not read yet is dropped.
//
//go:wasmimport wagather_v1 rest_close
//go:noescape
func HostRestClose(handle int32) int32

// HostArchivePipe is archive_pipe. Writes the whole answer to the archive without copying it to the guest:
// how many entries. Lists and objects go to their conventional places, a raw body goes to the entry `name`.
//
//go:wasmimport wagather_v1 archive_pipe
//go:noescape
func HostArchivePipe(handle int32, name unsafe.Pointer, nameLen uint32) int32

// HostArchiveOpen is archive_open. Opens an entry of the gatherer's own: a handle.
//
//go:wasmimport wagather_v1 archive_open
//go:noescape
func HostArchiveOpen(name unsafe.Pointer, nameLen uint32) int32

// HostArchiveWrite is archive_write. Appends to an open entry: all of `bytes`, or a status and none of them.
//
//go:wasmimport wagather_v1 archive_write
//go:noescape
func HostArchiveWrite(handle int32, bytes unsafe.Pointer, length uint32) int32

// HostArchiveWriteAs is archive_write_as. Appends a structure to an open entry, as JSON by its shape: how
// many bytes, or a status. `before` is an ASCII character that goes before it, such as the comma between two
// elements, or 0.
//
//go:wasmimport wagather_v1 archive_write_as
//go:noescape
func HostArchiveWriteAs(handle int32, shape unsafe.Pointer, from unsafe.Pointer, before uint32) int32

// HostArchiveClose is archive_close. Completes an entry. One that is never closed is left out of the archive
// and reported.
//
//go:wasmimport wagather_v1 archive_close
//go:noescape
func HostArchiveClose(handle int32) int32

// HostLog is log. Writes one line to the log of the run.
//
//go:wasmimport wagather_v1 log
//go:noescape
func HostLog(level int32, text unsafe.Pointer, length uint32) int32

// HostLogAs is log_as. Writes one line to the log: of a structure, by its shape, the name and the value of
// each field, one after the other.
//
//go:wasmimport wagather_v1 log_as
//go:noescape
func HostLogAs(level int32, shape unsafe.Pointer, from unsafe.Pointer) int32

// HostJsonReadAs is json_read_as. Decodes JSON that the guest has, by a shape: how many bytes of `arena` it
// takes. `text` is the address of an address and a length. A result above `cap` changes nothing.
//
//go:wasmimport wagather_v1 json_read_as
//go:noescape
func HostJsonReadAs(text unsafe.Pointer, shape unsafe.Pointer, arena unsafe.Pointer, room uint32) int32

// HostParam is param. Copies a parameter that the manifest declares: its length, or ABSENT. A result above
// `cap` copies nothing.
//
//go:wasmimport wagather_v1 param
//go:noescape
func HostParam(name unsafe.Pointer, nameLen uint32, buffer unsafe.Pointer, room uint32) int32

// HostNow is now. Milliseconds since the Unix epoch; in a replay, the time of the recording.
//
//go:wasmimport wagather_v1 now
//go:noescape
func HostNow() int64
