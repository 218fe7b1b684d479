// Counts the pods of each phase: AssemblyScript with its strings, its map and its garbage collector.

// @ts-ignore: decorator
@external("wagather_v1", "rest_start") declare function rest_start(request: usize): i32;
// @ts-ignore: decorator
@external("wagather_v1", "rest_next") declare function rest_next(handle: i32, buffer: usize, cap: u32): i32;
// @ts-ignore: decorator
@external("wagather_v1", "archive_open") declare function archive_open(name: usize, len: u32): i32;
// @ts-ignore: decorator
@external("wagather_v1", "archive_write") declare function archive_write(handle: i32, bytes: usize, len: u32): i32;
// @ts-ignore: decorator
@external("wagather_v1", "archive_close") declare function archive_close(handle: i32): i32;

// Offsets as guest-sdk/contract.json has them.
const SIZE = 88;
const VERSION = 8;
const RESOURCE = 16;

function start(version: string, resource: string): i32 {
  const request = new ArrayBuffer(SIZE);
  const at = changetype<usize>(request);
  const v = String.UTF8.encode(version);
  const r = String.UTF8.encode(resource);
  store<u8>(at, 2);
  store<u32>(at, changetype<usize>(v) as u32, VERSION);
  store<u32>(at, v.byteLength, VERSION + 4);
  store<u32>(at, changetype<usize>(r) as u32, RESOURCE);
  store<u32>(at, r.byteLength, RESOURCE + 4);
  return rest_start(at);
}

function write(name: string, text: string): i32 {
  const n = String.UTF8.encode(name);
  const t = String.UTF8.encode(text);
  const entry = archive_open(changetype<usize>(n), n.byteLength);
  if (entry < 0) return entry;
  const written = archive_write(entry, changetype<usize>(t), t.byteLength);
  return written < 0 ? written : archive_close(entry);
}

export function gather(): i32 {
  const phases = ["Pending", "Running", "Succeeded", "Failed", "Unknown"];
  const counts = new Map<string, i32>();
  for (let i = 0; i < phases.length; i++) counts.set(phases[i], 0);
  const handle = start("v1", "pods");
  if (handle < 0) return handle;
  let item = new ArrayBuffer(64);
  for (;;) {
    const len = rest_next(handle, changetype<usize>(item), item.byteLength);
    if (len < 0) return len;
    if (len == 0) break;
    if (len > item.byteLength) {
      item = new ArrayBuffer(len);
      continue;
    }
    const text = String.UTF8.decodeUnsafe(changetype<usize>(item), len);
    const key = '"phase":"';
    const at = text.indexOf(key);
    const from = at + key.length;
    const phase = at < 0 ? "Unknown" : text.substring(from, text.indexOf('"', from));
    counts.set(phase, counts.has(phase) ? counts.get(phase) + 1 : 1);
  }
  let report = "{";
  for (let i = 0; i < phases.length; i++) {
    report += (i > 0 ? ',"' : '"') + phases[i] + '":' + counts.get(phases[i]).toString();
  }
  return write("phases.json", report + "}\n");
}
