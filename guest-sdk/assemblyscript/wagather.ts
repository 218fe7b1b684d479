// The contract between gatherers and host-min, version 1, for AssemblyScript: see docs/languages.md.
//
// The part above the mark is made by `BLESS=1 cargo test -p tests --test languages`, from guest-sdk/abi.

export enum Verb {
  GET = 1,
  LIST = 2,
  RAW = 3,
  DISCOVER = 4,
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
  // Appends a structure to an open entry, as JSON by its shape: how many bytes, or a status. `before` is an
  // ASCII character that goes before it, such as the comma between two elements, or 0.
  // @ts-ignore: decorator
  @external("wagather_v1", "archive_write_as")
  export declare function archive_write_as(handle: i32, shape: usize, from: usize, before: u32): i32;
  // Completes an entry. One that is never closed is left out of the archive and reported.
  // @ts-ignore: decorator
  @external("wagather_v1", "archive_close")
  export declare function archive_close(handle: i32): i32;
  // Writes one line to the log of the run.
  // @ts-ignore: decorator
  @external("wagather_v1", "log")
  export declare function log(level: i32, text: usize, len: u32): i32;
  // Writes one line to the log: of a structure, by its shape, the name and the value of each field, one
  // after the other.
  // @ts-ignore: decorator
  @external("wagather_v1", "log_as")
  export declare function log_as(level: i32, shape: usize, from: usize): i32;
  // Decodes JSON that the guest has, by a shape: how many bytes of `arena` it takes. `text` is the address
  // of an address and a length. A result above `cap` changes nothing.
  // @ts-ignore: decorator
  @external("wagather_v1", "json_read_as")
  export declare function json_read_as(text: usize, shape: usize, arena: usize, cap: u32): i32;
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

// A text in memory: its address in the lower half, its length in the upper half. The empty text is 0.
export type Text = u64;

// A list in memory, in the same form. Its elements are of an @unmanaged class, or texts.
export type List = u64;

// @ts-ignore: decorator
@inline export function address(value: u64): usize { return <usize>(value & 0xffffffff); }
// @ts-ignore: decorator
@inline export function length(value: u64): i32 { return <i32>(value >> 32); }
// @ts-ignore: decorator
@inline function textAt(address: usize, length: i32): Text { return <u64>address | (<u64>length << 32); }

// A copy of a text.
export function toString(text: Text): string {
  return String.UTF8.decodeUnsafe(address(text), length(text));
}

// Whether a text equals an ASCII word.
export function is(text: Text, word: string): bool {
  if (length(text) != word.length) return false;
  for (let at = 0; at < word.length; at++) {
    if (load<u8>(address(text) + at) != word.charCodeAt(at)) return false;
  }
  return true;
}

// A permanent text of a string, for literals.
export function lasting(word: string): Text {
  const bytes = String.UTF8.encode(word);
  __pin(changetype<usize>(bytes));
  return textAt(changetype<usize>(bytes), bytes.byteLength);
}

// An element of a list, of an @unmanaged class.
// @ts-ignore: decorator
@inline export function at<T>(list: List, index: i32): T {
  return changetype<T>(address(list) + index * offsetof<T>());
}

// An element of a list of texts.
// @ts-ignore: decorator
@inline export function textOf(list: List, index: i32): Text {
  return load<u64>(address(list) + (index << 3));
}

// The memory layout of an @unmanaged class and its JSON; contract.md defines shapes.
//
//   @unmanaged class Pod { name: Text = 0; restarts: i32 = 0 }
//   const pod = new Shape(offsetof<Pod>())
//     .object("metadata", offsetof<Pod>("name")).text("name", offsetof<Pod>("name")).end()
//     .i32("restarts", offsetof<Pod>("restarts")).end();
//
// Offsets are those of the class. Within object(), they are relative to the offset of object().
export class Shape {
  private bytes: u8[] = [];
  private begins: usize[] = [0];
  private done: StaticArray<u8> | null = null;

  constructor(size: usize) {
    this.number(size);
    this.byte(0x28);
  }

  private byte(byte: u32): void { this.bytes.push(<u8>byte); }

  private number(number: usize): void {
    while (number >= 0x80) {
      this.byte(<u32>(number & 0x7f) | 0x80);
      number >>= 7;
    }
    this.byte(<u32>number);
  }

  private name(name: string): void {
    const bytes = Uint8Array.wrap(String.UTF8.encode(name, true));
    for (let at = 0; at < bytes.length; at++) this.byte(bytes[at]);
  }

  private field(kind: u32, name: string, offset: usize): Shape {
    this.byte(kind);
    this.number(offset - this.begins[this.begins.length - 1]);
    this.name(name);
    return this;
  }

  // The next field is an optional number: the byte at the offset is 1 if it is present.
  optional(offset: usize): Shape {
    this.byte(0x3f);
    this.number(offset - this.begins[this.begins.length - 1]);
    return this;
  }

  text(name: string, offset: usize): Shape { return this.field(0x74, name, offset); }
  // A string, or the text of a number.
  numberText(name: string, offset: usize): Shape { return this.field(0x76, name, offset); }
  // The text of any JSON value.
  json(name: string, offset: usize): Shape { return this.field(0x6a, name, offset); }
  bool(name: string, offset: usize): Shape { return this.field(0x79, name, offset); }
  i8(name: string, offset: usize): Shape { return this.field(0x62, name, offset); }
  i16(name: string, offset: usize): Shape { return this.field(0x68, name, offset); }
  i32(name: string, offset: usize): Shape { return this.field(0x69, name, offset); }
  i64(name: string, offset: usize): Shape { return this.field(0x71, name, offset); }
  u8(name: string, offset: usize): Shape { return this.field(0x42, name, offset); }
  u16(name: string, offset: usize): Shape { return this.field(0x48, name, offset); }
  u32(name: string, offset: usize): Shape { return this.field(0x49, name, offset); }
  u64(name: string, offset: usize): Shape { return this.field(0x51, name, offset); }
  f64(name: string, offset: usize): Shape { return this.field(0x64, name, offset); }

  // A u8: the index of the string among the names, counted from 1, or 0 for any other string.
  oneOf(name: string, offset: usize, names: string[]): Shape {
    this.field(0x65, name, offset);
    for (let at = 0; at < names.length; at++) this.name(names[at]);
    this.byte(0);
    return this;
  }

  // An object whose fields are in the class itself, from the offset on; end() ends it.
  object(name: string, offset: usize): Shape {
    const begin = offset - this.begins[this.begins.length - 1];
    this.byte(0x28);
    this.number(begin);
    this.name(name);
    this.begins.push(offset);
    return this;
  }

  // A list of objects of a class with this size, offsetof<T>(); end() ends it.
  list(name: string, offset: usize, size: usize): Shape {
    this.field(0x5b, name, offset);
    this.number(size);
    this.byte(0x28);
    this.begins.push(0);
    return this;
  }

  // A list of strings.
  texts(name: string, offset: usize): Shape {
    this.field(0x5b, name, offset);
    this.number(8);
    this.byte(0x74);
    return this;
  }

  // An object with arbitrary keys and string values: a list of a class with a key and a value, both texts.
  textMap(name: string, offset: usize): Shape {
    this.field(0x7b, name, offset);
    this.number(16);
    this.number(8);
    this.byte(0x74);
    return this;
  }

  // Ends an object() or a list(), and finally the shape itself.
  end(): Shape {
    this.byte(0);
    this.begins.pop();
    return this;
  }

  get pointer(): usize {
    const done = this.done;
    if (done) return changetype<usize>(done);
    const made = StaticArray.fromArray(this.bytes);
    this.done = made;
    return changetype<usize>(made);
  }
}

// What to read; an omitted text is empty. contract.md describes the fields.
export class Request {
  verb: Verb = Verb.LIST;
  limit: u32 = 0;
  version: string = "";
  resource: string = "";
  group: string = "";
  namespace: string = "";
  name: string = "";
  subresource: string = "";
  labels: string = "";
  fields: string = "";
  mask: string = "";
  query: string = "";

  // A handle, or a status.
  start(): i32 {
    const texts: ArrayBuffer[] = [];
    const begin = memory.data(REQUEST_SIZE);
    memory.fill(begin, 0, REQUEST_SIZE);
    store<u8>(begin, <u8>this.verb);
    store<u32>(begin, this.limit, AT_LIMIT);
    this.put(texts, begin + AT_VERSION, this.version);
    this.put(texts, begin + AT_RESOURCE, this.resource);
    this.put(texts, begin + AT_GROUP, this.group);
    this.put(texts, begin + AT_NAMESPACE, this.namespace);
    this.put(texts, begin + AT_NAME, this.name);
    this.put(texts, begin + AT_SUBRESOURCE, this.subresource);
    this.put(texts, begin + AT_LABELS, this.labels);
    this.put(texts, begin + AT_FIELDS, this.fields);
    this.put(texts, begin + AT_MASK, this.mask);
    this.put(texts, begin + AT_QUERY, this.query);
    return imports.rest_start(begin);
  }

  private put(texts: ArrayBuffer[], at: usize, text: string): void {
    if (text.length == 0) return;
    const bytes = String.UTF8.encode(text);
    // Kept until the request is started.
    texts.push(bytes);
    store<u32>(at, <u32>changetype<usize>(bytes));
    store<u32>(at, bytes.byteLength, 4);
  }
}

// The items of a list, or the object of a get, as an @unmanaged class, one by one in a growing arena. Each item overwrites the
// previous one.
export class Items<T> {
  // Below 0 if something failed.
  status: i32 = 0;
  private handle: i32;
  private arena: ArrayBuffer = new ArrayBuffer(0);
  private begin: usize = 0;
  private cap: u32 = 0;

  constructor(request: Request, private shape: Shape) {
    this.handle = request.start();
    if (this.handle < 0) this.status = this.handle;
  }

  // Whether there is a next item. After Status.DECODE, which the host reports, call it again to continue with the item after the
  // one that does not match.
  next(): bool {
    if (this.handle < 0) return false;
    let len = imports.rest_next_as(this.handle, this.shape.pointer, this.begin, this.cap);
    while (len > <i32>this.cap) {
      this.cap = max(len, 4096);
      this.arena = new ArrayBuffer(this.cap + 8);
      // Its address has to be a multiple of 8.
      this.begin = (changetype<usize>(this.arena) + 7) & ~7;
      len = imports.rest_next_as(this.handle, this.shape.pointer, this.begin, this.cap);
    }
    this.status = min(len, 0);
    return len > 0;
  }

  get item(): T { return changetype<T>(this.begin); }

  close(): i32 {
    if (this.handle >= 0) imports.rest_close(this.handle);
    return this.status;
  }
}

// An entry of the archive. It becomes a file when it is closed. The first failure stays in `status`, and later writes do
// nothing.
export class Entry {
  status: i32;
  private handle: i32;
  protected elements: i32 = 0;

  constructor(name: string) {
    const bytes = String.UTF8.encode(name);
    this.handle = imports.archive_open(changetype<usize>(bytes), bytes.byteLength);
    this.status = this.handle;
  }

  write(text: string): void {
    if (this.status < 0) return;
    const bytes = String.UTF8.encode(text);
    this.status = imports.archive_write(this.handle, changetype<usize>(bytes), bytes.byteLength);
  }

  // Appends an object of an @unmanaged class as JSON.
  json<T>(shape: Shape, value: T): void {
    if (this.status >= 0) {
      this.status = imports.archive_write_as(this.handle, shape.pointer, changetype<usize>(value), 0);
    }
  }

  // Appends an element, if the entry is a JSON array.
  push<T>(shape: Shape, value: T): void {
    this.write(this.elements++ ? "," : "[");
    this.json(shape, value);
  }

  // Completes the entry, and returns the first failure, or 0.
  close(): i32 {
    return this.status < 0 ? this.status : imports.archive_close(this.handle);
  }

  // The same for an entry that is a JSON array.
  closeArray(): i32 {
    this.write(this.elements ? "]" : "[]");
    return this.close();
  }
}

// The entry of findings, findings.json: docs/findings.md describes its elements.
export class Findings extends Entry {
  constructor() {
    super("findings.json");
    this.write('{"findings":');
  }

  close(): i32 {
    this.write(this.elements ? "]}" : "[]}");
    return super.close();
  }
}

// Writes a log line.
export function log(level: Level, text: string): void {
  const bytes = String.UTF8.encode(text);
  imports.log(level, changetype<usize>(bytes), bytes.byteLength);
}

// A parameter's value, or null if the user gave none and there is no default.
export function param(name: string): string | null {
  const bytes = String.UTF8.encode(name);
  let buffer = new ArrayBuffer(64);
  const begin = __pin(changetype<usize>(bytes));
  let len = imports.param(begin, bytes.byteLength, changetype<usize>(buffer), buffer.byteLength);
  if (len > buffer.byteLength) {
    buffer = new ArrayBuffer(len);
    len = imports.param(begin, bytes.byteLength, changetype<usize>(buffer), len);
  }
  __unpin(begin);
  return len < 0 ? null : String.UTF8.decodeUnsafe(changetype<usize>(buffer), len);
}

// Milliseconds since the Unix epoch; in a replay, the time of the recording.
export function now(): i64 { return imports.now(); }
