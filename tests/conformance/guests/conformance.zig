//! The conformance kit's guest in Zig: ../README.md says what each task does.
const wagather = @import("wagather");
const imports = wagather.imports;
const Request = wagather.Request;
const Text = wagather.Text;

comptime {
    asm (wagather.manifest(@embedFile("manifest")));
}

var answers: wagather.Entry = undefined;
/// Also an arena, which begins at a multiple of 8.
var room: [1 << 20]u8 align(8) = undefined;

/// A line `name=number` of answers.txt.
fn answer(name: []const u8, number: i64) !void {
    var line: wagather.Line = .{};
    line.text(name);
    line.text(if (number < 0) "=-" else "=");
    line.number(@abs(number));
    line.text("\n");
    try answers.write(line.slice());
}

fn configMap(comptime name: []const u8) Request {
    return .{
        .verb = .get,
        .version = .of("v1"),
        .resource = .of("configmaps"),
        .namespace = .of("shop"),
        .name = .of(name),
    };
}

const pods: Request = .{ .version = .of("v1"), .resource = .of("pods") };
const nodes: Request = .{ .version = .of("v1"), .resource = .of("nodes") };
const events: Request = .{ .version = .of("v1"), .resource = .of("events") };
const settings = configMap("settings");
const forbidden = configMap("forbidden");
const missing = configMap("missing");
const version: Request = .{ .verb = .raw, .resource = .of("/version") };

fn start(request: Request) i32 {
    return imports.rest_start(&request);
}

fn open(name: []const u8) i32 {
    return imports.archive_open(name.ptr, @intCast(name.len));
}

fn write(handle: i32, text: []const u8) i32 {
    return imports.archive_write(handle, text.ptr, @intCast(text.len));
}

fn pipe(handle: i32, name: []const u8) i32 {
    return imports.archive_pipe(handle, name.ptr, @intCast(name.len));
}

fn next(handle: i32) i32 {
    return imports.rest_next(handle, &room, 64);
}

fn hides(handle: i32, field: []const u8) i32 {
    return imports.rest_hides(handle, field.ptr, @intCast(field.len));
}

/// Writes each item as a line: how it ended.
fn itemsOf(handle: i32, first_cap: u32) !i32 {
    var cap = first_cap;
    while (true) {
        const len = imports.rest_next(handle, &room, cap);
        if (len <= 0) return len;
        if (len > cap) {
            cap = @intCast(len);
            continue;
        }
        try answers.write(room[0..@intCast(len)]);
        try answers.write("\n");
    }
}

/// Reads a body in pieces of at most `cap` bytes into an entry: how many bytes in all, or the status.
fn bodyOf(handle: i32, name: []const u8, cap: u32) !i32 {
    const entry: wagather.Entry = try .create(name);
    var all: i32 = 0;
    while (true) {
        const len = imports.rest_read(handle, &room, cap);
        if (len <= 0) {
            try entry.close();
            return if (len < 0) len else all;
        }
        all += len;
        try entry.write(room[0..@intCast(len)]);
    }
}

const tasks = struct {
    pub fn log() !void {
        wagather.logText(.info, "a line");
        wagather.logText(.warn, "a warning: ü€");
        wagather.logText(.@"error", "an error");
        try answer("not-text", imports.log(1, "\xff", 1));
    }

    pub fn params() !void {
        for ([_][]const u8{ "given", "defaulted", "absent", "undeclared" }) |name| {
            const len = imports.param(name.ptr, @intCast(name.len), &room, 4);
            try answer(name, len);
            if (len <= 4) continue;
            try answers.write((try wagather.param(name, &room)).?);
            try answers.write("\n");
        }
    }

    pub fn now() !void {
        try answer("now", wagather.now());
    }

    pub fn items() !void {
        const handle = start(pods);
        try answer("end", try itemsOf(handle, 64));
        try answer("again", next(handle));
        try answer("close", imports.rest_close(handle));
    }

    const Pod = extern struct {
        metadata: extern struct { name: Text, namespace: Text, labels: wagather.Map(Text) },
        status: extern struct {
            phase: enum(u8) { other, Pending, Running, Failed },
            restarts: i32,
            ready: bool,
            cpu: wagather.NumberText,
            started: wagather.Optional(u64),
        },
        spec: extern struct {
            containers: wagather.List(extern struct { name: Text, image: Text }),
        },
    };

    const Row = extern struct {
        namespace: Text,
        name: Text,
        phase: u8,
        restarts: i32,
        ready: bool,
        cpu: Text,
        started: wagather.Optional(u64),
        labels: wagather.Map(Text),
        first: Text,
        containers: u32,
    };

    pub fn typed() !void {
        var rows: wagather.ArrayEntry = try .create("rows.json");
        var list = try wagather.start(Pod, &pods);
        const end: i32 = while (true) {
            const pod = list.next() catch {
                if (wagather.failure != wagather.status.decode) break wagather.failure;
                continue;
            } orelse break 0;
            const containers = pod.spec.containers.slice();
            try rows.push(&Row{
                .namespace = pod.metadata.namespace,
                .name = pod.metadata.name,
                .phase = @backingInt(pod.status.phase),
                .restarts = pod.status.restarts,
                .ready = pod.status.ready,
                .cpu = pod.status.cpu.text,
                .started = pod.status.started,
                .labels = pod.metadata.labels,
                .first = if (containers.len > 0) containers[0].image else .{},
                .containers = @intCast(containers.len),
            });
        };
        list.close();
        try answer("end", end);
        try rows.close();
    }

    pub fn selectors() !void {
        try answer("end", try itemsOf(start(.{
            .limit = 1,
            .version = .of("v1"),
            .resource = .of("pods"),
            .namespace = .of("shop"),
            .labels = .of("app=web"),
            .fields = .of("status.phase=Running"),
            .mask = .of("metadata(name)"),
        }), 4096));
    }

    pub fn bytes() !void {
        const handle = start(version);
        try answer("total", try bodyOf(handle, "version.json", 7));
        try answer("again", imports.rest_read(handle, &room, 7));
    }

    pub fn @"container-log"() !void {
        try answer("total", try bodyOf(start(.{
            .verb = .get,
            .version = .of("v1"),
            .resource = .of("pods"),
            .namespace = .of("shop"),
            .name = .of("web-0"),
            .subresource = .of("log"),
            .query = .of("container=web&tailLines=2"),
        }), "web.log", 16));
    }

    pub fn object() !void {
        const handle = start(settings);
        try answer("status", imports.rest_status(handle));
        try answer("end", try itemsOf(handle, 4096));
    }

    pub fn pipe() !void {
        try answer("nodes", outer.pipe(start(nodes), ""));
        try answer("version", outer.pipe(start(version), "version.json"));
    }

    pub fn forbidden() !void {
        const handle = start(outer.forbidden);
        try answer("status", imports.rest_status(handle));
        try answer("next", next(handle));
        try answer("pipe", outer.pipe(start(outer.forbidden), ""));
        try answer("body", try bodyOf(start(outer.forbidden), "reason.json", 4096));
    }

    pub fn missing() !void {
        const handle = start(outer.missing);
        try answer("status", imports.rest_status(handle));
        try answer("next", next(handle));
    }

    pub fn broken() !void {
        const handle = start(events);
        try answer("end", try itemsOf(handle, 4096));
        try answer("again", next(handle));
    }

    pub fn refused() !void {
        try answer("undeclared", start(.{ .version = .of("v1"), .resource = .of("endpoints") }));
        try answer("other-namespace", start(.{
            .version = .of("v1"),
            .resource = .of("services"),
            .namespace = .of("other"),
        }));
        try answer("path", start(.{ .verb = .raw, .resource = .of("/metrics") }));
        var odd = pods;
        @as(*u8, @ptrCast(&odd)).* = 9;
        try answer("verb", start(odd));
        try answer("mask", start(.{
            .version = .of("v1"),
            .resource = .of("pods"),
            .mask = .of("metadata("),
        }));
    }

    pub fn modes() !void {
        const list = start(pods);
        const raw = start(version);
        try answer("list-as-bytes", imports.rest_read(list, &room, 64));
        try answer("raw-as-items", next(raw));
        try answer("read", imports.rest_read(raw, &room, 1));
        try answer("read-then-pipe", outer.pipe(raw, "x"));
    }

    pub fn handles() !void {
        const request = start(nodes);
        const entry = open("a.txt");
        try answer("entry-as-request", next(entry));
        try answer("request-as-entry", write(request, "x"));
        try answer("close", imports.rest_close(request));
        try answer("closed", next(request));
        try answer("close-again", imports.rest_close(request));
        try answer("close-entry", imports.archive_close(entry));
        try answer("closed-entry", write(entry, "x"));
        try answer("none", imports.rest_status(0));
    }

    pub fn pointers() !void {
        const nowhere: [*]u8 = @ptrFromInt(0xfffffff0);
        const handle = start(pods);
        const entry = open("a.txt");
        try answer("request", imports.rest_start(@ptrCast(@alignCast(nowhere))));
        try answer("buffer", imports.rest_next(handle, nowhere, 64));
        try answer("wraps", imports.rest_next(handle, &room, 0xffffffff));
        try answer("shape", imports.rest_next_as(handle, nowhere, &room, 64));
        try answer("name", imports.archive_open(nowhere, 4));
        try answer("bytes", imports.archive_write(entry, nowhere, 64));
        try answer("text", imports.log(1, nowhere, 64));
        try answer("nothing", imports.archive_write(entry, nowhere, 0));
        try answer("close", imports.archive_close(entry));
    }

    pub fn shapes() !void {
        const handle = start(nodes);
        try answer("letter", imports.rest_next_as(handle, "\x08x", &room, 64));
        try answer("outside", imports.rest_next_as(handle, "\x04(t\x08name\x00\x00", &room, 64));
    }

    pub fn entries() !void {
        const a = open("a.txt");
        const b = open("folder/b.txt");
        try answer("write", write(a, "one "));
        try answer("write-b", write(b, "b"));
        try answer("write-again", write(a, "two"));
        try answer("close", imports.archive_close(a));
        try answer("close-b", imports.archive_close(b));
        try answer("exists", imports.archive_close(open("a.txt")));
        try answer("outside", open("../a.txt"));
        try answer("empty", imports.archive_close(open("empty")));
        try answer("left-open", write(open("left-open.txt"), "x"));
    }

    pub fn parallel() !void {
        const first = start(nodes);
        const second = start(settings);
        try answer("second", try itemsOf(second, 4096));
        try answer("first", try itemsOf(first, 4096));
    }

    pub fn hides() !void {
        const handle = start(nodes);
        const applied = "metadata.annotations[\"kubectl.kubernetes.io/last-applied-configuration\"]";
        try answer("last-applied", outer.hides(handle, applied));
        try answer("name", outer.hides(handle, "metadata.name"));
        try answer("invalid", outer.hides(handle, "a..b"));
        try answer("end", try itemsOf(handle, 4096));
    }

    pub fn reject() !void {
        const handle = start(nodes);
        try answer("early", imports.rest_reject(handle, 0, wagather.wanted.array));
        _ = imports.rest_next(handle, &room, 4096);
        try answer("reject", imports.rest_reject(handle, 0, wagather.wanted.array));
        try answer("again", imports.rest_reject(handle, 0, wagather.wanted.array));
        try answer("end", try itemsOf(handle, 4096));
    }

    pub fn @"own-code"() !void {
        return wagather.fail(5);
    }

    pub fn @"status-code"() !void {
        try wagather.check(next(start(outer.forbidden)));
    }
};

const outer = @This();

export fn gather() i32 {
    var buffer: [32]u8 = undefined;
    const name = (wagather.param("task", &buffer) catch return wagather.failure) orelse return 98;
    inline for (@typeInfo(tasks).@"struct".decl_names) |task| {
        if (Text.of(name).is(task)) {
            answers = wagather.Entry.create("answers.txt") catch return wagather.failure;
            const code = wagather.run(@field(tasks, task));
            answers.close() catch return wagather.failure;
            return code;
        }
    }
    return 99;
}
