// The conformance kit's guest in AssemblyScript: ../README.md says what each task does.
import {
  Entry, Items, Level, List, Request, Shape, Status, Text, Verb, Wanted, at, imports, length, log, now, param,
} from "../../../guest-sdk/assemblyscript/wagather";

let answers!: Entry;
// Also an arena, which begins at a multiple of 8.
const room = memory.data(1 << 17, 8);

// A line `name=number` of answers.txt.
function answer(name: string, number: i64): void {
  answers.write(`${name}=${number}\n`);
}

function request(resource: string, verb: Verb = Verb.LIST): Request {
  const made = new Request();
  made.verb = verb;
  if (verb != Verb.RAW) made.version = "v1";
  made.resource = resource;
  return made;
}

function configMap(name: string): i32 {
  const made = request("configmaps", Verb.GET);
  made.namespace = "shop";
  made.name = name;
  return made.start();
}

function version(): i32 { return request("/version", Verb.RAW).start(); }
function pods(): i32 { return request("pods").start(); }
function nodes(): i32 { return request("nodes").start(); }

function next(handle: i32): i32 { return imports.rest_next(handle, room, 64); }

function open(name: string): i32 {
  const bytes = String.UTF8.encode(name);
  return imports.archive_open(changetype<usize>(bytes), bytes.byteLength);
}

function write(handle: i32, text: string): i32 {
  const bytes = String.UTF8.encode(text);
  return imports.archive_write(handle, changetype<usize>(bytes), bytes.byteLength);
}

function pipe(handle: i32, name: string): i32 {
  const bytes = String.UTF8.encode(name);
  return imports.archive_pipe(handle, changetype<usize>(bytes), bytes.byteLength);
}

function hides(handle: i32, field: string): i32 {
  const bytes = String.UTF8.encode(field);
  return imports.rest_hides(handle, changetype<usize>(bytes), bytes.byteLength);
}

// Writes each item as a line: how it ended.
function itemsOf(handle: i32, cap: u32): i32 {
  let len = imports.rest_next(handle, room, cap);
  while (len > 0) {
    if (<u32>len > cap) {
      cap = len;
    } else {
      answers.write(String.UTF8.decodeUnsafe(room, len) + "\n");
    }
    len = imports.rest_next(handle, room, cap);
  }
  return len;
}

// Reads a body in pieces of at most `cap` bytes into an entry: how many bytes in all, or the status.
function bodyOf(handle: i32, name: string, cap: u32): i32 {
  const entry = new Entry(name);
  let all = 0;
  let len = imports.rest_read(handle, room, cap);
  while (len > 0) {
    all += len;
    entry.write(String.UTF8.decodeUnsafe(room, len));
    len = imports.rest_read(handle, room, cap);
  }
  entry.close();
  return len < 0 ? len : all;
}

@unmanaged class Pod {
  name: Text = 0;
  namespace: Text = 0;
  labels: List = 0;
  cpu: Text = 0;
  started: u64 = 0;
  restarts: i32 = 0;
  phase: u8 = 0;
  ready: bool = false;
  hasStarted: u8 = 0;
  containers: List = 0;
}

@unmanaged class Container {
  name: Text = 0;
  image: Text = 0;
}

@unmanaged class Row {
  namespace: Text = 0;
  name: Text = 0;
  phase: u8 = 0;
  ready: bool = false;
  hasStarted: u8 = 0;
  restarts: i32 = 0;
  cpu: Text = 0;
  started: u64 = 0;
  labels: List = 0;
  first: Text = 0;
  containers: u32 = 0;
}

const podShape = new Shape(offsetof<Pod>())
  .object("metadata", offsetof<Pod>("name"))
    .text("name", offsetof<Pod>("name"))
    .text("namespace", offsetof<Pod>("namespace"))
    .textMap("labels", offsetof<Pod>("labels"))
  .end()
  .object("status", offsetof<Pod>("cpu"))
    .oneOf("phase", offsetof<Pod>("phase"), ["Pending", "Running", "Failed"])
    .i32("restarts", offsetof<Pod>("restarts"))
    .bool("ready", offsetof<Pod>("ready"))
    .numberText("cpu", offsetof<Pod>("cpu"))
    .optional(offsetof<Pod>("hasStarted")).u64("started", offsetof<Pod>("started"))
  .end()
  .object("spec", offsetof<Pod>("containers"))
    .list("containers", offsetof<Pod>("containers"), offsetof<Container>())
      .text("name", offsetof<Container>("name"))
      .text("image", offsetof<Container>("image"))
    .end()
  .end()
.end();

const rowShape = new Shape(offsetof<Row>())
  .text("namespace", offsetof<Row>("namespace"))
  .text("name", offsetof<Row>("name"))
  .u8("phase", offsetof<Row>("phase"))
  .i32("restarts", offsetof<Row>("restarts"))
  .bool("ready", offsetof<Row>("ready"))
  .text("cpu", offsetof<Row>("cpu"))
  .optional(offsetof<Row>("hasStarted")).u64("started", offsetof<Row>("started"))
  .textMap("labels", offsetof<Row>("labels"))
  .text("first", offsetof<Row>("first"))
  .u32("containers", offsetof<Row>("containers"))
.end();

const row = new Row();

function typed(): i32 {
  const rows = new Entry("rows.json");
  const list = new Items<Pod>(request("pods"), podShape);
  while (true) {
    if (list.next()) {
      const pod = list.item;
      row.namespace = pod.namespace;
      row.name = pod.name;
      row.phase = pod.phase;
      row.restarts = pod.restarts;
      row.ready = pod.ready;
      row.cpu = pod.cpu;
      row.started = pod.started;
      row.hasStarted = pod.hasStarted;
      row.labels = pod.labels;
      row.containers = length(pod.containers);
      row.first = row.containers ? at<Container>(pod.containers, 0).image : 0;
      rows.push<Row>(rowShape, row);
    } else if (list.status != Status.DECODE) {
      break;
    }
  }
  answer("end", list.close());
  return rows.closeArray();
}

function logs(): void {
  log(Level.INFO, "a line");
  log(Level.WARN, "a warning: ü€");
  log(Level.ERROR, "an error");
  store<u8>(room, 0xff);
  answer("not-text", imports.log(Level.INFO, room, 1));
}

function params(): void {
  const names = ["given", "defaulted", "absent", "undeclared"];
  for (let index = 0; index < names.length; index++) {
    const bytes = String.UTF8.encode(names[index]);
    const len = imports.param(changetype<usize>(bytes), bytes.byteLength, room, 4);
    answer(names[index], len);
    if (len <= 4) continue;
    const value = param(names[index]);
    if (value) answers.write(value + "\n");
  }
}

function handles(): void {
  const started = nodes();
  const entry = open("a.txt");
  answer("entry-as-request", next(entry));
  answer("request-as-entry", write(started, "x"));
  answer("close", imports.rest_close(started));
  answer("closed", next(started));
  answer("close-again", imports.rest_close(started));
  answer("close-entry", imports.archive_close(entry));
  answer("closed-entry", write(entry, "x"));
  answer("none", imports.rest_status(0));
}

function pointers(): void {
  const nowhere: usize = 0xfffffff0;
  const handle = pods();
  const entry = open("a.txt");
  answer("request", imports.rest_start(nowhere));
  answer("buffer", imports.rest_next(handle, nowhere, 64));
  answer("wraps", imports.rest_next(handle, room, 0xffffffff));
  answer("shape", imports.rest_next_as(handle, nowhere, room, 64));
  answer("name", imports.archive_open(nowhere, 4));
  answer("bytes", imports.archive_write(entry, nowhere, 64));
  answer("text", imports.log(1, nowhere, 64));
  answer("nothing", imports.archive_write(entry, nowhere, 0));
  answer("close", imports.archive_close(entry));
}

function shapes(): void {
  const handle = nodes();
  const letter = memory.data<u8>([8, 0x78]);
  const outside = memory.data<u8>([4, 0x28, 0x74, 8, 0x6e, 0x61, 0x6d, 0x65, 0, 0]);
  answer("letter", imports.rest_next_as(handle, letter, room, 64));
  answer("outside", imports.rest_next_as(handle, outside, room, 64));
}

function entries(): void {
  const a = open("a.txt");
  const b = open("folder/b.txt");
  answer("write", write(a, "one "));
  answer("write-b", write(b, "b"));
  answer("write-again", write(a, "two"));
  answer("close", imports.archive_close(a));
  answer("close-b", imports.archive_close(b));
  answer("exists", imports.archive_close(open("a.txt")));
  answer("outside", open("../a.txt"));
  answer("empty", imports.archive_close(open("empty")));
  answer("left-open", write(open("left-open.txt"), "x"));
}

function refused(): void {
  answer("undeclared", request("endpoints").start());
  const other = request("services");
  other.namespace = "other";
  answer("other-namespace", other.start());
  answer("path", request("/metrics", Verb.RAW).start());
  answer("verb", request("pods", <Verb>9).start());
  const masked = request("pods");
  masked.mask = "metadata(";
  answer("mask", masked.start());
}

function run(task: string): i32 {
  if (task == "log") logs();
  else if (task == "params") params();
  else if (task == "now") answer("now", now());
  else if (task == "items") {
    const handle = pods();
    answer("end", itemsOf(handle, 64));
    answer("again", next(handle));
    answer("close", imports.rest_close(handle));
  } else if (task == "typed") return typed();
  else if (task == "selectors") {
    const made = request("pods");
    made.limit = 1;
    made.namespace = "shop";
    made.labels = "app=web";
    made.fields = "status.phase=Running";
    made.mask = "metadata(name)";
    answer("end", itemsOf(made.start(), 4096));
  } else if (task == "bytes") {
    const handle = version();
    answer("total", bodyOf(handle, "version.json", 7));
    answer("again", imports.rest_read(handle, room, 7));
  } else if (task == "container-log") {
    const made = request("pods", Verb.GET);
    made.namespace = "shop";
    made.name = "web-0";
    made.subresource = "log";
    made.query = "container=web&tailLines=2";
    answer("total", bodyOf(made.start(), "web.log", 16));
  } else if (task == "object") {
    const handle = configMap("settings");
    answer("status", imports.rest_status(handle));
    answer("end", itemsOf(handle, 4096));
  } else if (task == "pipe") {
    answer("nodes", pipe(nodes(), ""));
    answer("version", pipe(version(), "version.json"));
  } else if (task == "forbidden") {
    const handle = configMap("forbidden");
    answer("status", imports.rest_status(handle));
    answer("next", next(handle));
    answer("pipe", pipe(configMap("forbidden"), ""));
    answer("body", bodyOf(configMap("forbidden"), "reason.json", 4096));
  } else if (task == "missing") {
    const handle = configMap("missing");
    answer("status", imports.rest_status(handle));
    answer("next", next(handle));
  } else if (task == "broken") {
    const handle = request("events").start();
    answer("end", itemsOf(handle, 4096));
    answer("again", next(handle));
  } else if (task == "refused") refused();
  else if (task == "modes") {
    const list = pods();
    const raw = version();
    answer("list-as-bytes", imports.rest_read(list, room, 64));
    answer("raw-as-items", next(raw));
    answer("read", imports.rest_read(raw, room, 1));
    answer("read-then-pipe", pipe(raw, "x"));
  } else if (task == "handles") handles();
  else if (task == "pointers") pointers();
  else if (task == "shapes") shapes();
  else if (task == "entries") entries();
  else if (task == "parallel") {
    const first = nodes();
    const second = configMap("settings");
    answer("second", itemsOf(second, 4096));
    answer("first", itemsOf(first, 4096));
  } else if (task == "hides") {
    const handle = nodes();
    answer("last-applied", hides(handle, 'metadata.annotations["kubectl.kubernetes.io/last-applied-configuration"]'));
    answer("name", hides(handle, "metadata.name"));
    answer("invalid", hides(handle, "a..b"));
    answer("end", itemsOf(handle, 4096));
  } else if (task == "reject") {
    const handle = nodes();
    answer("early", imports.rest_reject(handle, 0, Wanted.ARRAY));
    imports.rest_next(handle, room, 4096);
    answer("reject", imports.rest_reject(handle, 0, Wanted.ARRAY));
    answer("again", imports.rest_reject(handle, 0, Wanted.ARRAY));
    answer("end", itemsOf(handle, 4096));
  } else if (task == "own-code") return 5;
  else if (task == "status-code") return next(configMap("forbidden"));
  else return 99;
  return 0;
}

export function gather(): i32 {
  const task = param("task");
  if (!task) return 98;
  answers = new Entry("answers.txt");
  const code = run(task);
  const closed = answers.close();
  return code ? code : closed;
}
