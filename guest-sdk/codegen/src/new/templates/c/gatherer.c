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

/* What is written: a finding in the form that all readers of archives know. */
#define object_fields(_, T) \
    _(T, TEXT, api_version, "apiVersion") \
    _(T, TEXT, kind, "kind") \
    _(T, TEXT, name, "name")
WAGATHER_STRUCT(object);

#define properties_fields(_, T) \
    _(T, TEXT, reason, "reason") \
    _(T, TEXT, version, "version")
WAGATHER_STRUCT(properties);

#define finding_fields(_, T) \
    _(T, TEXT, severity, "severity") \
    _(T, TEXT, code, "code") \
    _(T, OBJECT, object, "object", object) \
    _(T, TEXT, message, "message") \
    _(T, TEXT, since, "since") \
    _(T, OBJECT, properties, "properties", properties)
WAGATHER_STRUCT(finding);
WAGATHER_SHAPE(finding_shape, finding);

/* Writes the problems of an operator, and returns whether there are any. */
static int examine(const cluster_operator *operator_, wagather_entry *findings) {
    static finding found;
    int is_in_trouble = 0;
    found.object.api_version = wagather_of("config.openshift.io/v1");
    found.object.kind = wagather_of("ClusterOperator");
    found.object.name = operator_->metadata.name;
    found.properties.version.len = 0;
    /* The operator's own version among those of its operands. */
    for (uint32_t at = 0; at < operator_->status.versions.len; at++) {
        const version *known = &operator_->status.versions.ptr[at];
        if (known->name == OPERATOR) found.properties.version = known->version;
    }
    for (uint32_t at = 0; at < operator_->status.conditions.len; at++) {
        const condition *now = &operator_->status.conditions.ptr[at];
        if (now->type == DEGRADED && now->status == TRUE) {
            found.severity = wagather_of("warning");
            found.code = wagather_of("Degraded");
        } else if (now->type == AVAILABLE && now->status == FALSE) {
            found.severity = wagather_of("error");
            found.code = wagather_of("Unavailable");
        } else {
            continue;
        }
        found.since = now->since;
        found.properties.reason = now->reason;
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
    wagather_create_findings(&findings);
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
    return wagather_close_findings(&findings);
}
