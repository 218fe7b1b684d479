/* Finds degraded or unavailable cluster operators, with time, reason and version. It writes `findings.json` incrementally, and
 * logs a line with the count. */
#include "wagather.h"

WAGATHER_RECORD("gatherer 1 __NAME__ 0.1.0");
WAGATHER_RECORD("resource list config.openshift.io/v1/clusteroperators * metadata(name),"
                "status(conditions(type,status,reason,message,lastTransitionTime),versions(name,version))");

/* The fields of an operator that are read. If you add a field here, add it to the record above too. */
#define meta_fields(_, T) \
    _(T, TEXT, name, "name")
WAGATHER_STRUCT(meta);

/* The indices of the names below. */
enum { DEGRADED = 1, AVAILABLE = 2 };
enum { TRUE = 1, FALSE = 2 };
enum { OPERATOR = 1 };

#define condition_fields(_, T) \
    _(T, ENUM, type, "type", "Degraded\0Available\0") \
    _(T, ENUM, status, "status", "True\0False\0") \
    _(T, TEXT, reason, "reason") \
    _(T, TEXT, message, "message") \
    _(T, TEXT, since, "lastTransitionTime")
WAGATHER_STRUCT(condition);

#define version_fields(_, T) \
    _(T, ENUM, name, "name", "operator\0") \
    _(T, TEXT, version, "version")
WAGATHER_STRUCT(version);

#define status_fields(_, T) \
    _(T, LIST, conditions, "conditions", condition) \
    _(T, LIST, versions, "versions", version)
WAGATHER_STRUCT(status);

#define cluster_operator_fields(_, T) \
    _(T, OBJECT, metadata, "metadata", meta) \
    _(T, OBJECT, status, "status", status)
WAGATHER_STRUCT(cluster_operator);
WAGATHER_SHAPE(cluster_operator_shape, cluster_operator);

/* The fields that are written. */
#define finding_fields(_, T) \
    _(T, TEXT, name, "operator") \
    _(T, TEXT, version, "version") \
    _(T, TEXT, problem, "problem") \
    _(T, TEXT, since, "since") \
    _(T, TEXT, reason, "reason") \
    _(T, TEXT, message, "message")
WAGATHER_STRUCT(finding);
WAGATHER_SHAPE(finding_shape, finding);

/* Writes the problems of an operator, and returns whether there are any. */
static int examine(const cluster_operator *operator_, wagather_entry *findings) {
    static finding found;
    int is_in_trouble = 0;
    found.name = operator_->metadata.name;
    found.version.len = 0;
    /* The operator's own version among those of its operands. */
    for (uint32_t at = 0; at < operator_->status.versions.len; at++) {
        const version *known = &operator_->status.versions.ptr[at];
        if (known->name == OPERATOR) found.version = known->version;
    }
    for (uint32_t at = 0; at < operator_->status.conditions.len; at++) {
        const condition *now = &operator_->status.conditions.ptr[at];
        if (now->type == DEGRADED && now->status == TRUE)
            found.problem = wagather_of("degraded");
        else if (now->type == AVAILABLE && now->status == FALSE)
            found.problem = wagather_of("unavailable");
        else
            continue;
        found.since = now->since;
        found.reason = now->reason;
        found.message = now->message;
        is_in_trouble = 1;
        wagather_push(findings, &finding_shape, &found);
    }
    return is_in_trouble;
}

WAGATHER_GATHER {
    static const wagather_request operators = {
        .verb = WAGATHER_LIST,
        .version = WAGATHER_TEXT("v1"),
        .resource = WAGATHER_TEXT("clusteroperators"),
        .group = WAGATHER_TEXT("config.openshift.io"),
    };
    static wagather_items items;
    static wagather_line line;
    wagather_entry findings;
    uint32_t all = 0, in_trouble = 0;

    wagather_start(&items, &operators, &cluster_operator_shape);
    wagather_create(&findings, wagather_of("findings.json"));
    const cluster_operator *next;
    while ((next = wagather_next(&items))) {
        all++;
        in_trouble += (uint32_t)examine(next, &findings);
    }
    int32_t failed = wagather_end(&items);
    if (failed < 0) return failed;

    wagather_put_number(&line, in_trouble);
    wagather_put(&line, wagather_of(" of "));
    wagather_put_number(&line, all);
    wagather_put(&line, wagather_of(" cluster operators are degraded or unavailable"));
    wagather_log_text(WAGATHER_LOG_INFO, wagather_line_text(&line));
    return wagather_close_array(&findings);
}
