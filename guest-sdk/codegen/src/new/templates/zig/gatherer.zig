//! Finds degraded or unavailable cluster operators, with time, reason and version. It writes `findings.json` incrementally, and
//! logs a line with the count.
const wagather = @import("wagather.zig");
const Text = wagather.Text;

/// The fields of an operator that are read. They define the request's shape and the manifest's mask.
const ClusterOperator = extern struct {
    metadata: extern struct { name: Text },
    status: extern struct {
        conditions: wagather.List(Condition),
        versions: wagather.List(Version),
    },
};

const Condition = extern struct {
    type: enum(u8) { other, Degraded, Available },
    status: enum(u8) { other, True, False },
    reason: Text,
    message: Text,
    last_transition_time: Text,
};

const Version = extern struct {
    name: enum(u8) { other, operator },
    version: Text,
};

/// What is written: a finding in the form that all readers of archives know.
const Finding = extern struct {
    severity: Text = .{},
    code: Text = .{},
    object: extern struct { api_version: Text, kind: Text, name: Text },
    message: Text = .{},
    since: Text = .{},
    properties: extern struct { reason: Text = .{}, version: Text = .{} } = .{},
};

comptime {
    asm (wagather.manifest("gatherer 1 __NAME__ 0.1.0\n" ++
            "resource list config.openshift.io/v1/clusteroperators * " ++ wagather.mask(ClusterOperator)));
}

export fn gather() i32 {
    return wagather.run(work);
}

const request: wagather.Request = .{
    .version = .of("v1"),
    .resource = .of("clusteroperators"),
    .group = .of("config.openshift.io"),
};

var report: wagather.Line = .{};

fn work() !void {
    var operators = try wagather.start(ClusterOperator, &request);
    var findings: wagather.Findings = try .create();
    var all: u32 = 0;
    var in_trouble: u32 = 0;
    while (try operators.next()) |operator| {
        all += 1;
        if (try examine(operator, &findings)) in_trouble += 1;
    }
    operators.close();

    const line = &report;
    line.number(in_trouble);
    line.text(" of ");
    line.number(all);
    line.text(" cluster operators are degraded or unavailable");
    line.log(.info);
    try findings.close();
}

/// Writes the problems of an operator, and returns whether there are any.
fn examine(operator: *const ClusterOperator, findings: *wagather.Findings) !bool {
    var is_in_trouble = false;
    var finding: Finding = .{ .object = .{
        .api_version = .of("config.openshift.io/v1"),
        .kind = .of("ClusterOperator"),
        .name = operator.metadata.name,
    } };
    // The operator's own version among those of its operands.
    for (operator.status.versions.slice()) |known| {
        if (known.name == .operator) finding.properties.version = known.version;
    }
    for (operator.status.conditions.slice()) |*condition| {
        if (condition.type == .Degraded and condition.status == .True) {
            finding.severity = .of("warning");
            finding.code = .of("Degraded");
        } else if (condition.type == .Available and condition.status == .False) {
            finding.severity = .of("error");
            finding.code = .of("Unavailable");
        } else continue;
        is_in_trouble = true;
        finding.since = condition.last_transition_time;
        finding.properties.reason = condition.reason;
        finding.message = condition.message;
        try findings.push(&finding);
    }
    return is_in_trouble;
}
