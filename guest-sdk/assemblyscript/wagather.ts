// The contract between gatherers and host-min, version 1, for AssemblyScript: see docs/languages.md.
//
// The part above the mark is made by `BLESS=1 cargo test -p tests --test languages`, from guest-sdk/abi.

export enum Verb {
  GET = 1,
  LIST = 2,
  RAW = 3,
}

// Levels of the log.
export enum Level {
  DEBUG = 0,
  INFO = 1,
  WARN = 2,
  ERROR = 3,
}

// What a result below 0 means; -100 to -599 are HTTP statuses of the API server, negated.
export enum Status {
  // not declared in the manifest or not granted
  DENIED = -1,
  // a pointer outside of the guest's memory
  BAD_POINTER = -2,
  // a handle that is closed or invalid
  BAD_HANDLE = -3,
  // a malformed request
  BAD_REQUEST = -4,
  // reading a response in the wrong mode
  WRONG_MODE = -5,
  // larger than the host's limit
  TOO_LARGE = -6,
  // a budget is used up
  OUT_OF_BUDGET = -7,
  // the API server could not be reached
  UNREACHABLE = -8,
  // the API server's response cannot be decoded
  BAD_ANSWER = -9,
  // there is no such parameter
  ABSENT = -10,
  // an entry of that name already exists
  EXISTS = -11,
  // not a valid entry name
  BAD_NAME = -12,
  // not supported by this host
  UNSUPPORTED = -13,
  // the deadline passed
  TIMED_OUT = -14,
  // the archive could not be written
  OUTPUT_FAILED = -15,
  // not UTF-8 text
  NOT_TEXT = -16,
  // the JSON does not match the type
  DECODE = -17,
  // a buffer of the guest is too small
  NO_ROOM = -18,
  // a malformed shape
  BAD_SHAPE = -19,
}

// What rest_reject says was wanted.
export enum Wanted {
  UNSAID = 0,
  STRING = 1,
  BOOLEAN = 2,
  OBJECT = 3,
  ARRAY = 4,
  MAP = 5,
  OTHER = 6,
  NUMBER = 9,
  INTEGER_OR_STRING = 10,
  NUMBER_OR_STRING = 11,
  LESS = 12,
  INTEGER = 16,
  SIGNED = 4,
}

export const MAX_NAME_BYTES: u32 = 253;
export const MAX_SELECTOR_BYTES: u32 = 4096;
export const MAX_MASK_BYTES: u32 = 16384;
export const MAX_MASK_DEPTH: u32 = 32;
export const MAX_SHAPE_BYTES: u32 = 16384;
export const MAX_SHAPE_DEPTH: u32 = 32;
export const MAX_STRUCTURE_BYTES: u32 = 65536;
export const MAX_ARENA_BYTES: u32 = 67108864;
export const MAX_MANIFEST_BYTES: u32 = 65536;
export const MAX_MANIFEST_RECORDS: u32 = 512;
export const MAX_GATHERER_NAME_BYTES: u32 = 63;
export const MAX_ENTRY_NAME_BYTES: u32 = 180;
export const MAX_FIELD_BYTES: u32 = 1024;
export const MAX_LOG_LINE_BYTES: u32 = 4096;
export const MAX_PARAM_NAME_BYTES: u32 = 256;
export const MAX_WRITE_BYTES: u32 = 1048576;

// Where the parts of a request lie: the verb at 0, and an address and a length for each text.
const REQUEST_SIZE: u32 = 88;
const AT_LIMIT: usize = 4;
const AT_VERSION: usize = 8;
const AT_RESOURCE: usize = 16;
const AT_GROUP: usize = 24;
const AT_NAMESPACE: usize = 32;
const AT_NAME: usize = 40;
const AT_SUBRESOURCE: usize = 48;
const AT_LABELS: usize = 56;
const AT_FIELDS: usize = 64;
const AT_MASK: usize = 72;
const AT_QUERY: usize = 80;

// What the host can do, as it is imported.
export namespace imports {
  // Starts a request and returns at once: a handle, or a status if the request is refused.
  // @ts-ignore: decorator
  @external("wagather_v1", "rest_start")
  export declare function rest_start(request: usize): i32;
  // Waits for the head of the answer: its HTTP status, or a status if there is no answer.
  // @ts-ignore: decorator
  @external("wagather_v1", "rest_status")
  export declare function rest_status(handle: i32): i32;
  // Copies the next bytes of the body: how many, 0 at the end.
  // @ts-ignore: decorator
  @external("wagather_v1", "rest_read")
  export declare function rest_read(handle: i32, buffer: usize, cap: u32): i32;
  // Copies the next item of a list, or the object of a get, as JSON: its length, 0 after the last. A result
  // above `cap` copies nothing and loses nothing: call again with that much room.
  // @ts-ignore: decorator
  @external("wagather_v1", "rest_next")
  export declare function rest_next(handle: i32, buffer: usize, cap: u32): i32;
  // Decodes the next item by a shape, into the guest's memory: how many bytes of `arena` it takes, 0 after
  // the last. A result above `cap` changes nothing and loses nothing: call again with that much room.
  // @ts-ignore: decorator
  @external("wagather_v1", "rest_next_as")
  export declare function rest_next_as(handle: i32, shape: usize, arena: usize, cap: u32): i32;
  // Says that the item that `rest_next` gave last does not fit: from which of its bytes on, and what was
  // wanted there. The host names it in the report.
  // @ts-ignore: decorator
  @external("wagather_v1", "rest_reject")
  export declare function rest_reject(handle: i32, at: u32, wanted: u32): i32;
  // Says whether a field is hidden of the objects that the request is for, by the grant or by redaction: 1,
  // or 0 if it is not, so that it is absent where it does not come. `field` is a path such as
  // `spec.nodeName`.
  // @ts-ignore: decorator
  @external("wagather_v1", "rest_hides")
  export declare function rest_hides(handle: i32, field: usize, field_len: u32): i32;
  // Gives the handle back; what was not read yet is dropped.
  // @ts-ignore: decorator
  @external("wagather_v1", "rest_close")
  export declare function rest_close(handle: i32): i32;
  // Writes the whole answer to the archive without copying it to the guest: how many entries. Lists and
  // objects go to their conventional places, a raw body goes to the entry `name`.
  // @ts-ignore: decorator
  @external("wagather_v1", "archive_pipe")
  export declare function archive_pipe(handle: i32, name: usize, name_len: u32): i32;
  // Opens an entry of the gatherer's own: a handle.
  // @ts-ignore: decorator
  @external("wagather_v1", "archive_open")
  export declare function archive_open(name: usize, name_len: u32): i32;
  // Appends to an open entry: all of `bytes`, or a status and none of them.
  // @ts-ignore: decorator
  @external("wagather_v1", "archive_write")
  export declare function archive_write(handle: i32, bytes: usize, len: u32): i32;
  // Appends a structure to an open entry, as JSON by its shape: how many bytes, or a status.
  // @ts-ignore: decorator
  @external("wagather_v1", "archive_write_as")
  export declare function archive_write_as(handle: i32, shape: usize, from: usize): i32;
  // Completes an entry. One that is never closed is left out of the archive and reported.
  // @ts-ignore: decorator
  @external("wagather_v1", "archive_close")
  export declare function archive_close(handle: i32): i32;
  // Writes one line to the log of the run.
  // @ts-ignore: decorator
  @external("wagather_v1", "log")
  export declare function log(level: i32, text: usize, len: u32): i32;
  // Copies a parameter that the manifest declares: its length, or ABSENT. A result above `cap` copies
  // nothing.
  // @ts-ignore: decorator
  @external("wagather_v1", "param")
  export declare function param(name: usize, name_len: u32, buffer: usize, cap: u32): i32;
  // Milliseconds since the Unix epoch; in a replay, the time of the recording.
  // @ts-ignore: decorator
  @external("wagather_v1", "now")
  export declare function now(): i64;
}

// By hand from here on.
