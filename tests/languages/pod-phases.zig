//! Counts the pods of each phase: Zig with its standard library, and as many declarations of the contract as it takes.
const std = @import("std");

const Text = extern struct {
    ptr: [*]const u8 = "",
    len: u32 = 0,

    fn of(text: []const u8) Text {
        return .{ .ptr = text.ptr, .len = @intCast(text.len) };
    }
};

const Request = extern struct {
    verb: u8,
    reserved: [3]u8 = .{ 0, 0, 0 },
    limit: u32 = 0,
    version: Text = .{},
    resource: Text = .{},
    group: Text = .{},
    namespace: Text = .{},
    name: Text = .{},
    subresource: Text = .{},
    labels: Text = .{},
    fields: Text = .{},
    mask: Text = .{},
    query: Text = .{},
};

extern "wagather_v1" fn rest_start(request: *const Request) i32;
extern "wagather_v1" fn rest_next(handle: i32, buffer: [*]u8, cap: u32) i32;
extern "wagather_v1" fn archive_open(name: [*]const u8, len: u32) i32;
extern "wagather_v1" fn archive_write(handle: i32, bytes: [*]const u8, len: u32) i32;
extern "wagather_v1" fn archive_close(handle: i32) i32;

const phases = [_][]const u8{ "Pending", "Running", "Succeeded", "Failed", "Unknown" };
var counts: [phases.len]u32 = @splat(0);
var item: [4096]u8 = undefined;

fn phaseOf(text: []const u8) usize {
    const key = "\"phase\":\"";
    const at = std.mem.indexOf(u8, text, key) orelse return phases.len - 1;
    for (phases, 0..) |phase, index| {
        if (std.mem.startsWith(u8, text[at + key.len ..], phase)) return index;
    }
    return phases.len - 1;
}

export fn gather() i32 {
    const pods = Request{ .verb = 2, .version = Text.of("v1"), .resource = Text.of("pods") };
    const handle = rest_start(&pods);
    if (handle < 0) return handle;
    while (true) {
        const len = rest_next(handle, &item, item.len);
        if (len < 0) return len;
        if (len == 0) break;
        if (len > item.len) return 1;
        counts[phaseOf(item[0..@intCast(len)])] += 1;
    }
    var report: [256]u8 = undefined;
    const text = std.fmt.bufPrint(
        &report,
        "{{\"Pending\":{d},\"Running\":{d},\"Succeeded\":{d},\"Failed\":{d},\"Unknown\":{d}}}\n",
        .{ counts[0], counts[1], counts[2], counts[3], counts[4] },
    ) catch return 2;
    const name = "phases.json";
    const entry = archive_open(name, name.len);
    if (entry < 0) return entry;
    const written = archive_write(entry, text.ptr, @intCast(text.len));
    return if (written < 0) written else archive_close(entry);
}
