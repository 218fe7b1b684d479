//! The contract between gatherers and host-min, version 1, for Zig: see docs/languages.md.
//!
//! The part above the mark is made by `BLESS=1 cargo test -p tests --test languages`, from guest-sdk/abi.

/// What to read; a text that is not given is empty. contract.md says what each is.
pub const Request = extern struct {
    verb: Verb = .list,
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

    comptime {
        assert(@offsetOf(Request, "verb") == 0);
        assert(@offsetOf(Request, "limit") == 4);
        assert(@offsetOf(Request, "version") == 8);
        assert(@offsetOf(Request, "resource") == 16);
        assert(@offsetOf(Request, "group") == 24);
        assert(@offsetOf(Request, "namespace") == 32);
        assert(@offsetOf(Request, "name") == 40);
        assert(@offsetOf(Request, "subresource") == 48);
        assert(@offsetOf(Request, "labels") == 56);
        assert(@offsetOf(Request, "fields") == 64);
        assert(@offsetOf(Request, "mask") == 72);
        assert(@offsetOf(Request, "query") == 80);
        assert(@sizeOf(Request) == 88);
    }
};

pub const Verb = enum(u8) {
    get = 1,
    list = 2,
    raw = 3,
    discover = 4,
};

/// Levels of the log.
pub const Level = enum(i32) {
    debug = 0,
    info = 1,
    warn = 2,
    @"error" = 3,
};

/// What a result below 0 means; -100 to -599 are HTTP statuses of the API server, negated.
pub const status = struct {
    /// not declared in the manifest or not granted
    pub const denied: i32 = -1;
    /// a pointer outside of the guest's memory
    pub const bad_pointer: i32 = -2;
    /// a handle that is closed or invalid
    pub const bad_handle: i32 = -3;
    /// a malformed request
    pub const bad_request: i32 = -4;
    /// reading a response in the wrong mode
    pub const wrong_mode: i32 = -5;
    /// larger than the host's limit
    pub const too_large: i32 = -6;
    /// a budget is used up
    pub const out_of_budget: i32 = -7;
    /// the API server could not be reached
    pub const @"unreachable": i32 = -8;
    /// the API server's response cannot be decoded
    pub const bad_answer: i32 = -9;
    /// there is no such parameter
    pub const absent: i32 = -10;
    /// an entry of that name already exists
    pub const exists: i32 = -11;
    /// not a valid entry name
    pub const bad_name: i32 = -12;
    /// not supported by this host
    pub const unsupported: i32 = -13;
    /// the deadline passed
    pub const timed_out: i32 = -14;
    /// the archive could not be written
    pub const output_failed: i32 = -15;
    /// not UTF-8 text
    pub const not_text: i32 = -16;
    /// the JSON does not match the type
    pub const decode: i32 = -17;
    /// a buffer of the guest is too small
    pub const no_room: i32 = -18;
    /// a malformed shape
    pub const bad_shape: i32 = -19;
};

/// What `imports.rest_reject` says was wanted.
pub const wanted = struct {
    pub const unsaid: u32 = 0;
    pub const string: u32 = 1;
    pub const boolean: u32 = 2;
    pub const object: u32 = 3;
    pub const array: u32 = 4;
    pub const map: u32 = 5;
    pub const other: u32 = 6;
    pub const number: u32 = 9;
    pub const integer_or_string: u32 = 10;
    pub const number_or_string: u32 = 11;
    pub const less: u32 = 12;
    pub const integer: u32 = 16;
    pub const signed: u32 = 4;
};

pub const limits = struct {
    pub const max_name_bytes = 253;
    pub const max_selector_bytes = 4096;
    pub const max_mask_bytes = 16384;
    pub const max_mask_depth = 32;
    pub const max_shape_bytes = 16384;
    pub const max_shape_depth = 32;
    pub const max_structure_bytes = 65536;
    pub const max_arena_bytes = 67108864;
    pub const max_manifest_bytes = 65536;
    pub const max_manifest_records = 512;
    pub const max_gatherer_name_bytes = 63;
    pub const max_entry_name_bytes = 180;
    pub const max_field_bytes = 1024;
    pub const max_log_line_bytes = 4096;
    pub const max_param_name_bytes = 256;
    pub const max_write_bytes = 1048576;
};

/// The custom section that has the manifest.
const manifest_section = "wagather.manifest";

/// What the host can do, as it is imported.
pub const imports = struct {
    /// Starts a request and returns at once: a handle, or a status if the request is refused.
    pub extern "wagather_v1" fn rest_start(request: *const Request) i32;
    /// Waits for the head of the answer: its HTTP status, or a status if there is no answer.
    pub extern "wagather_v1" fn rest_status(handle: i32) i32;
    /// Copies the next bytes of the body: how many, 0 at the end.
    pub extern "wagather_v1" fn rest_read(handle: i32, buffer: [*]u8, cap: u32) i32;
    /// Copies the next item of a list, or the object of a get, as JSON: its length, 0 after the last. A
    /// result above `cap` copies nothing and loses nothing: call again with that much room.
    pub extern "wagather_v1" fn rest_next(handle: i32, buffer: [*]u8, cap: u32) i32;
    /// Decodes the next item by a shape, into the guest's memory: how many bytes of `arena` it takes, 0
    /// after the last. A result above `cap` changes nothing and loses nothing: call again with that much
    /// room.
    pub extern "wagather_v1" fn rest_next_as(handle: i32, shape: [*]const u8, arena: [*]u8, cap: u32) i32;
    /// Says that the item that `rest_next` gave last does not fit: from which of its bytes on, and what was
    /// wanted there. The host names it in the report.
    pub extern "wagather_v1" fn rest_reject(handle: i32, at: u32, wanted: u32) i32;
    /// Says whether a field is hidden of the objects that the request is for, by the grant or by redaction:
    /// 1, or 0 if it is not, so that it is absent where it does not come. `field` is a path such as
    /// `spec.nodeName`.
    pub extern "wagather_v1" fn rest_hides(handle: i32, field: [*]const u8, field_len: u32) i32;
    /// Gives the handle back; what was not read yet is dropped.
    pub extern "wagather_v1" fn rest_close(handle: i32) i32;
    /// Writes the whole answer to the archive without copying it to the guest: how many entries. Lists and
    /// objects go to their conventional places, a raw body goes to the entry `name`.
    pub extern "wagather_v1" fn archive_pipe(handle: i32, name: [*]const u8, name_len: u32) i32;
    /// Opens an entry of the gatherer's own: a handle.
    pub extern "wagather_v1" fn archive_open(name: [*]const u8, name_len: u32) i32;
    /// Appends to an open entry: all of `bytes`, or a status and none of them.
    pub extern "wagather_v1" fn archive_write(handle: i32, bytes: [*]const u8, len: u32) i32;
    /// Appends a structure to an open entry, as JSON by its shape: how many bytes, or a status. `before` is
    /// an ASCII character that goes before it, such as the comma between two elements, or 0.
    pub extern "wagather_v1" fn archive_write_as(handle: i32, shape: [*]const u8, from: [*]const u8, before: u32) i32;
    /// Completes an entry. One that is never closed is left out of the archive and reported.
    pub extern "wagather_v1" fn archive_close(handle: i32) i32;
    /// Writes one line to the log of the run.
    pub extern "wagather_v1" fn log(level: i32, text: [*]const u8, len: u32) i32;
    /// Writes one line to the log: of a structure, by its shape, the name and the value of each field, one
    /// after the other.
    pub extern "wagather_v1" fn log_as(level: i32, shape: [*]const u8, from: [*]const u8) i32;
    /// Decodes JSON that the guest has, by a shape: how many bytes of `arena` it takes. `text` is the
    /// address of an address and a length. A result above `cap` changes nothing.
    pub extern "wagather_v1" fn json_read_as(text: [*]const u8, shape: [*]const u8, arena: [*]u8, cap: u32) i32;
    /// Copies a parameter that the manifest declares: its length, or ABSENT. A result above `cap` copies
    /// nothing.
    pub extern "wagather_v1" fn param(name: [*]const u8, name_len: u32, buffer: [*]u8, cap: u32) i32;
    /// Milliseconds since the Unix epoch; in a replay, the time of the recording.
    pub extern "wagather_v1" fn now() i64;
};

// By hand from here on.

const std = @import("std");
const assert = std.debug.assert;

/// UTF-8, without a 0 at the end.
pub const Text = extern struct {
    /// Not dereferenced if the text is empty.
    ptr: [*]const u8 = @ptrFromInt(8),
    len: u32 = 0,

    pub inline fn of(text: []const u8) Text {
        return .{ .ptr = text.ptr, .len = @intCast(text.len) };
    }

    pub fn slice(text: Text) []const u8 {
        return text.ptr[0..text.len];
    }

    pub fn is(text: Text, word: []const u8) bool {
        if (text.len != word.len) return false;
        for (word, text.slice()) |a, b| if (a != b) return false;
        return true;
    }
};

/// A list, in the contract's memory layout.
pub fn List(comptime T: type) type {
    return extern struct {
        ptr: [*]const T,
        len: u32,

        pub const Element = T;
        pub const shape_kind = "[" ++ number(@sizeOf(T)) ++ element(T);

        pub fn slice(list_: @This()) []const T {
            return list_.ptr[0..list_.len];
        }
    };
}

/// An object with arbitrary keys, in the contract's memory layout.
pub fn Map(comptime T: type) type {
    return extern struct {
        ptr: [*]const Entry_,
        len: u32,

        pub const Entry_ = extern struct { key: Text, value: T };
        pub const shape_kind =
            "{" ++ number(@sizeOf(Entry_)) ++ number(@offsetOf(Entry_, "value")) ++ element(T);

        pub fn slice(map: @This()) []const Entry_ {
            return map.ptr[0..map.len];
        }
    };
}

/// The text of any JSON value.
pub const Json = extern struct {
    text: Text,

    pub const shape_kind = "j";
};

/// A string, or the text of a number.
pub const NumberText = extern struct {
    text: Text,

    pub const shape_kind = "v";
};

/// A value that distinguishes absent from empty.
pub fn Optional(comptime T: type) type {
    return extern struct {
        value: T,
        is_there: bool,

        pub const Value = T;

        pub fn get(optional: @This()) ?T {
            return if (optional.is_there) optional.value else null;
        }
    };
}

/// The bytes of a structure's shape, generated at compile time. The field `last_time` has the key `lastTime`; the declaration
/// `pub const json_names = .{ .since = "lastTime" }` in the structure overrides a key. contract.md defines shapes.
pub fn shape(comptime T: type) []const u8 {
    return comptime number(@sizeOf(T)) ++ element(T);
}

/// The field mask of a structure's fields.
pub fn mask(comptime T: type) []const u8 {
    comptime {
        var out: []const u8 = "";
        for (@typeInfo(T).@"struct".field_names) |name| {
            const below = nested(@FieldType(T, name));
            out = out ++ (if (out.len == 0) "" else ",") ++ key(T, name) ++
                if (below) |Below| "(" ++ mask(Below) ++ ")" else "";
        }
        return out;
    }
}

/// The structure whose fields a mask contains below a field of this type, if any.
fn nested(comptime T: type) ?type {
    return switch (@typeInfo(T)) {
        .@"struct" => if (T == Text or T == Json or T == NumberText)
            null
        else if (@hasDecl(T, "Element"))
            nested(T.Element)
        else if (@hasDecl(T, "Value"))
            nested(T.Value)
        else if (@hasDecl(T, "shape_kind")) null else T,
        .optional => |optional| nested(@typeInfo(optional.child).pointer.child),
        else => null,
    };
}

fn number(comptime value: usize) []const u8 {
    const low: u8 = value & 0x7f;
    return if (value < 0x80) &[_]u8{low} else &[_]u8{low | 0x80} ++ number(value >> 7);
}

fn key(comptime T: type, comptime name: []const u8) []const u8 {
    if (@hasDecl(T, "json_names") and @hasField(@TypeOf(T.json_names), name)) return @field(T.json_names, name);
    var out: []const u8 = "";
    var is_next_capital = false;
    for (name) |letter| {
        const written = if (is_next_capital) std.ascii.toUpper(letter) else letter;
        is_next_capital = letter == '_';
        if (!is_next_capital) out = out ++ &[_]u8{written};
    }
    return out;
}

/// A kind, and its further bytes.
fn element(comptime T: type) []const u8 {
    if (T == Text) return "t";
    return switch (@typeInfo(T)) {
        .bool => "y",
        .int => |int| switch (int.bits) {
            8 => if (int.signedness == .signed) "b" else "B",
            16 => if (int.signedness == .signed) "h" else "H",
            32 => if (int.signedness == .signed) "i" else "I",
            64 => if (int.signedness == .signed) "q" else "Q",
            else => unsuitable(T),
        },
        .float => |float| if (float.bits == 64) "d" else unsuitable(T),
        .@"enum" => names(T),
        .optional => |optional| pointer(optional.child),
        .@"struct" => if (@hasDecl(T, "shape_kind")) T.shape_kind else "(" ++ object(T),
        else => unsuitable(T),
    };
}

fn object(comptime T: type) []const u8 {
    var out: []const u8 = "";
    for (@typeInfo(T).@"struct".field_names) |name| {
        const Field = @FieldType(T, name);
        const begin = @offsetOf(T, name);
        const is_optional = @typeInfo(Field) == .@"struct" and @hasDecl(Field, "Value");
        const Value = if (is_optional) Field.Value else Field;
        const absence = if (is_optional) "?" ++ number(begin + @offsetOf(Field, "is_there")) else "";
        const kind = element(Value);
        out = out ++ absence ++ kind[0..1] ++ number(begin) ++ key(T, name) ++ "\x00" ++ kind[1..];
    }
    return out ++ "\x00";
}

fn pointer(comptime T: type) []const u8 {
    const Child = @typeInfo(T).pointer.child;
    return "&" ++ number(@sizeOf(Child)) ++ object(Child);
}

/// The tags of an enum(u8); 0 represents any other string.
fn names(comptime T: type) []const u8 {
    var out: []const u8 = "e";
    for (@typeInfo(T).@"enum".field_names, 0..) |name, index| {
        assert(@backingInt(@field(T, name)) == index);
        if (index > 0) out = out ++ name ++ "\x00";
    }
    return out ++ "\x00";
}

fn unsuitable(comptime T: type) noreturn {
    @compileError("a shape cannot have " ++ @typeName(T));
}

/// The manifest section, for the top level of a file: `comptime { asm (manifest("gatherer 1 a 0.1.0\npath /version")); }`
/// It leaves out empty lines and lines that begin with `#`, as `host-min manifest` does, so you can embed a manifest file.
pub fn manifest(comptime records: []const u8) []const u8 {
    comptime {
        @setEvalBranchQuota(100_000);
        var out: []const u8 = ".section .custom_section." ++ manifest_section ++ ",\"\",@\n";
        var begin = 0;
        while (begin < records.len) {
            var end = begin;
            while (end < records.len and records[end] != '\n') end += 1;
            const is_record = end > begin and records[begin] != '#';
            if (is_record) out = out ++ ".ascii \"" ++ escaped(records[begin..end]) ++ "\\n\"\n";
            begin = end + 1;
        }
        return out ++ ".text\n";
    }
}

fn escaped(comptime text: []const u8) []const u8 {
    var out: []const u8 = "";
    for (text) |letter| out = out ++ switch (letter) {
        '"' => "\\\"",
        '\\' => "\\\\",
        else => &[_]u8{letter},
    };
    return out;
}

pub const Error = error{Failed};

/// The reason of `error.Failed`: a status, or an error code of the gatherer's own.
pub var failure: i32 = 0;

pub fn fail(code: i32) Error {
    failure = code;
    return error.Failed;
}

/// Returns an error if the result of an import is a status.
pub noinline fn check(result: i32) Error!void {
    if (result < 0) return fail(result);
}

/// The result of the exported function `gather`: `export fn gather() i32 { return wagather.run(work); }`
pub fn run(comptime work: fn () Error!void) i32 {
    work() catch return failure;
    return 0;
}

/// The items of a list, or the object of a get, one by one in a growing arena. Each item overwrites the previous one.
pub fn Items(comptime T: type) type {
    return struct {
        handle: i32,
        arena: Arena = .{},

        /// The next item, or null at the end. After `status.decode`, which the host reports, call it again to continue with
        /// the item after the one that does not match.
        pub fn next(items: *@This()) Error!?*const T {
            const at = try items.arena.next(items.handle, shape(T).ptr);
            return if (at == 0) null else @ptrFromInt(at);
        }

        pub fn close(items: @This()) void {
            _ = imports.rest_close(items.handle);
        }
    };
}

/// Starts a request whose items or object have this structure; use `Json` for plain JSON.
pub inline fn start(comptime T: type, request: *const Request) Error!Items(T) {
    const handle = imports.rest_start(request);
    try check(handle);
    return .{ .handle = handle };
}

/// Memory for items, at the end of the module's memory.
pub const Arena = struct {
    begin: usize = 0,
    cap: u32 = 0,

    fn next(arena: *Arena, handle: i32, bytes: [*]const u8) Error!usize {
        while (true) {
            const buffer: [*]allowzero u8 = @ptrFromInt(arena.begin);
            const result = imports.rest_next_as(handle, bytes, @ptrCast(buffer), arena.cap);
            try check(result);
            const len: u32 = @intCast(result);
            if (len == 0) return 0;
            if (len <= arena.cap) return arena.begin;
            try arena.grow(len);
        }
    }

    /// Grows it to this many bytes, in place if nothing else was allocated after it.
    fn grow(arena: *Arena, bytes: u32) Error!void {
        const pages = (bytes + 65535) / 65536;
        const at = @wasmMemoryGrow(0, pages);
        if (at < 0) return fail(status.no_room);
        const begin = @as(usize, @intCast(at)) * 65536;
        if (begin != arena.begin + arena.cap) arena.* = .{ .begin = begin };
        arena.cap += pages * 65536;
    }
};

/// An entry of the archive. It becomes a file when it is closed.
pub const Entry = enum(i32) {
    _,

    pub fn create(name: []const u8) Error!Entry {
        const handle = imports.archive_open(name.ptr, @intCast(name.len));
        try check(handle);
        return @fromBackingInt(@intCast(handle));
    }

    pub fn write(entry: Entry, text: []const u8) Error!void {
        try check(imports.archive_write(@backingInt(entry), text.ptr, @intCast(text.len)));
    }

    /// Appends a structure as JSON.
    pub fn json(entry: Entry, value: anytype) Error!void {
        const bytes = shape(std.meta.Child(@TypeOf(value)));
        try check(imports.archive_write_as(@backingInt(entry), bytes.ptr, @ptrCast(value), 0));
    }

    pub fn close(entry: Entry) Error!void {
        try check(imports.archive_close(@backingInt(entry)));
    }
};

/// An entry that is a JSON array.
pub const ArrayEntry = struct {
    entry: Entry,
    is_begun: bool = false,

    pub fn create(name: []const u8) Error!ArrayEntry {
        return .{ .entry = try Entry.create(name) };
    }

    /// Appends a structure.
    pub fn push(array: *ArrayEntry, value: anytype) Error!void {
        try array.entry.write("[,"[@intFromBool(array.is_begun)..][0..1]);
        array.is_begun = true;
        try array.entry.json(value);
    }

    pub fn close(array: ArrayEntry) Error!void {
        try array.entry.write("[]"[@intFromBool(array.is_begun)..]);
        try array.entry.close();
    }
};

/// The entry of findings, findings.json: docs/findings.md describes its elements.
pub const Findings = struct {
    array: ArrayEntry,

    pub fn create() Error!Findings {
        const findings: Findings = .{ .array = try .create("findings.json") };
        try findings.array.entry.write("{\"findings\":");
        return findings;
    }

    /// Appends a finding.
    pub fn push(findings: *Findings, value: anytype) Error!void {
        try findings.array.push(value);
    }

    pub fn close(findings: Findings) Error!void {
        try findings.array.entry.write("[]}"[@intFromBool(findings.array.is_begun)..]);
        try findings.array.entry.close();
    }
};

/// A log line that is built piece by piece; text that does not fit is cut off.
pub const Line = struct {
    bytes: [256]u8 = undefined,
    len: u32 = 0,

    pub noinline fn text(line: *Line, words: []const u8) void {
        const len: u32 = @min(words.len, line.bytes.len - line.len);
        @memcpy(line.bytes[line.len..][0..len], words[0..len]);
        line.len += len;
    }

    pub fn number(line: *Line, value: u64) void {
        var digits: [20]u8 = undefined;
        var at: usize = digits.len;
        var rest = value;
        while (true) {
            at -= 1;
            digits[at] = '0' + @as(u8, @intCast(rest % 10));
            rest /= 10;
            if (rest == 0) break;
        }
        line.text(digits[at..]);
    }

    pub fn slice(line: *const Line) []const u8 {
        return line.bytes[0..line.len];
    }

    pub fn log(line: *const Line, level: Level) void {
        logText(level, line.slice());
    }
};

/// Writes a log line.
pub fn logText(level: Level, text: []const u8) void {
    _ = imports.log(@backingInt(level), text.ptr, @intCast(text.len));
}

/// A parameter's value, in a sufficiently large buffer; null if the user gave none and there is no default.
pub fn param(name: []const u8, buffer: []u8) Error!?[]const u8 {
    const len = imports.param(name.ptr, @intCast(name.len), buffer.ptr, @intCast(buffer.len));
    if (len == status.absent) return null;
    try check(len);
    if (len > buffer.len) return fail(status.no_room);
    return buffer[0..@intCast(len)];
}

/// Milliseconds since the Unix epoch; in a replay, the time of the recording.
pub const now = imports.now;
