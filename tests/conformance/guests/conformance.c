/* The conformance kit's guest in C: ../README.md says what each task does. */
#include "wagather.h"

#ifdef __cplusplus
#error "C, for its designated initializers"
#endif

/* The manifest is ../conformance.manifest, as for all guests. */

#define T(literal) WAGATHER_TEXT(literal)

static wagather_entry answers;
/* Also an arena, which begins at a multiple of 8. */
static _Alignas(8) char room[1 << 20];

static void say(wagather_text text) { wagather_write(&answers, text); }

/* A line `name=number` of answers.txt. */
static void answer(wagather_text name, int64_t number) {
    wagather_line line;
    line.len = 0;
    wagather_put(&line, name);
    wagather_put(&line, wagather_of("="));
    wagather_put_number(&line, number);
    wagather_put(&line, wagather_of("\n"));
    say(wagather_line_text(&line));
}
#define ANSWER(name, number) answer(wagather_of(name), number)

/* Requests that several tasks use. */
#define REQUEST(...) (&(const wagather_request){ __VA_ARGS__ })
#define PODS REQUEST(.verb = WAGATHER_LIST, .version = T("v1"), .resource = T("pods"))
#define CONFIG_MAP(name_) REQUEST(.verb = WAGATHER_GET, .version = T("v1"), .resource = T("configmaps"), \
                                  .namespace_ = T("shop"), .name = T(name_))
#define NODES REQUEST(.verb = WAGATHER_LIST, .version = T("v1"), .resource = T("nodes"))
#define EVENTS REQUEST(.verb = WAGATHER_LIST, .version = T("v1"), .resource = T("events"))
#define VERSION REQUEST(.verb = WAGATHER_RAW, .resource = T("/version"))

static int32_t log_(void) {
    static const char not_text[] = "\xff";
    wagather_log_text(WAGATHER_LOG_INFO, wagather_of("a line"));
    wagather_log_text(WAGATHER_LOG_WARN, wagather_of("a warning: \xc3\xbc\xe2\x82\xac"));
    wagather_log_text(WAGATHER_LOG_ERROR, wagather_of("an error"));
    ANSWER("not-text", wagather_log(WAGATHER_LOG_INFO, not_text, 1));
    return 0;
}

static int32_t params(void) {
    static const wagather_text names[] = { T("given"), T("defaulted"), T("absent"), T("undeclared") };
    for (uint32_t at = 0; at < 4; at++) {
        int32_t len = wagather_param(names[at].ptr, names[at].len, room, 4);
        answer(names[at], len);
        if (len <= 4) continue;
        wagather_param(names[at].ptr, names[at].len, room, (uint32_t)len);
        say(wagather_text_of(room, (size_t)len));
        say(wagather_of("\n"));
    }
    return 0;
}

static int32_t now(void) {
    ANSWER("now", wagather_now());
    return 0;
}

/* Writes each item as a line: how it ended. */
static int32_t items_of(int32_t handle, uint32_t cap) {
    for (;;) {
        int32_t len = wagather_rest_next(handle, room, cap);
        if (len <= 0) return len;
        if ((uint32_t)len > cap) {
            cap = (uint32_t)len;
            continue;
        }
        say(wagather_text_of(room, (size_t)len));
        say(wagather_of("\n"));
    }
}

static int32_t items(void) {
    int32_t handle = wagather_rest_start(PODS);
    ANSWER("end", items_of(handle, 64));
    ANSWER("again", wagather_rest_next(handle, room, 64));
    ANSWER("close", wagather_rest_close(handle));
    return 0;
}

static int32_t selectors(void) {
    int32_t handle = wagather_rest_start(REQUEST(
        .verb = WAGATHER_LIST, .limit = 1, .version = T("v1"), .resource = T("pods"), .namespace_ = T("shop"),
        .labels = T("app=web"), .fields = T("status.phase=Running"), .mask = T("metadata(name)")));
    ANSWER("end", items_of(handle, 4096));
    return 0;
}

#define container_fields(_, S) _(S, TEXT, name, "name") _(S, TEXT, image, "image")
WAGATHER_STRUCT(container);
#define meta_fields(_, S) \
    _(S, TEXT, name, "name") _(S, TEXT, namespace_, "namespace") _(S, TEXT_MAP, labels, "labels")
WAGATHER_STRUCT(meta);
#define state_fields(_, S) \
    _(S, ENUM, phase, "phase", "Pending\0Running\0Failed\0") _(S, I32, restarts, "restarts") \
    _(S, BOOL, ready, "ready") _(S, NUMBER_TEXT, cpu, "cpu") _(S, OPTIONAL, started, "started", U64)
WAGATHER_STRUCT(state);
#define spec_fields(_, S) _(S, LIST, containers, "containers", container)
WAGATHER_STRUCT(spec);
#define pod_fields(_, S) _(S, OBJECT, metadata, "metadata", meta) _(S, OBJECT, status, "status", state) \
    _(S, OBJECT, spec, "spec", spec)
WAGATHER_STRUCT(pod);
WAGATHER_SHAPE(pod_shape, pod);

#define row_fields(_, S) \
    _(S, TEXT, namespace_, "namespace") _(S, TEXT, name, "name") _(S, U8, phase, "phase") _(S, I32, restarts, "restarts") \
    _(S, BOOL, ready, "ready") _(S, TEXT, cpu, "cpu") _(S, OPTIONAL, started, "started", U64) \
    _(S, TEXT_MAP, labels, "labels") _(S, TEXT, first, "first") _(S, U32, containers, "containers")
WAGATHER_STRUCT(row);
WAGATHER_SHAPE(row_shape, row);

static int32_t typed(void) {
    static wagather_items pods;
    wagather_entry rows;
    wagather_create(&rows, wagather_of("rows.json"));
    wagather_start(&pods, PODS, &pod_shape);
    for (;;) {
        const pod *next = wagather_next(&pods);
        if (!next && pods.status == WAGATHER_DECODE) continue;
        if (!next) break;
        row one = {
            .namespace_ = next->metadata.namespace_, .name = next->metadata.name, .phase = next->status.phase,
            .restarts = next->status.restarts, .ready = next->status.ready, .cpu = next->status.cpu,
            .labels.ptr = next->metadata.labels.ptr, .labels.len = next->metadata.labels.len,
            .containers = next->spec.containers.len,
        };
        one.started.value = next->status.started.value;
        one.started.is_there = next->status.started.is_there;
        if (one.containers) one.first = next->spec.containers.ptr->image;
        wagather_push(&rows, &row_shape, &one);
    }
    ANSWER("end", wagather_end(&pods));
    return wagather_close_array(&rows);
}

/* Reads a body in pieces of at most `cap` bytes into an entry: how many bytes in all, or the status. */
static int32_t body_of(int32_t handle, wagather_text name, uint32_t cap) {
    wagather_entry entry;
    int32_t len, all = 0;
    wagather_create(&entry, name);
    while ((len = wagather_rest_read(handle, room, cap)) > 0) {
        all += len;
        wagather_write(&entry, wagather_text_of(room, (size_t)len));
    }
    wagather_close(&entry);
    return len < 0 ? len : all;
}

static int32_t bytes(void) {
    int32_t handle = wagather_rest_start(VERSION);
    ANSWER("total", body_of(handle, wagather_of("version.json"), 7));
    ANSWER("again", wagather_rest_read(handle, room, 7));
    return 0;
}

static int32_t container_log(void) {
    int32_t handle = wagather_rest_start(REQUEST(
        .verb = WAGATHER_GET, .version = T("v1"), .resource = T("pods"), .namespace_ = T("shop"), .name = T("web-0"),
        .subresource = T("log"), .query = T("container=web&tailLines=2")));
    ANSWER("total", body_of(handle, wagather_of("web.log"), 16));
    return 0;
}

static int32_t object(void) {
    int32_t handle = wagather_rest_start(CONFIG_MAP("settings"));
    ANSWER("status", wagather_rest_status(handle));
    ANSWER("end", items_of(handle, 4096));
    return 0;
}

static int32_t pipe(void) {
    static const char name[] = "version.json";
    ANSWER("nodes", wagather_archive_pipe(wagather_rest_start(NODES), 0, 0));
    ANSWER("version", wagather_archive_pipe(wagather_rest_start(VERSION), name, sizeof name - 1));
    return 0;
}

static int32_t forbidden(void) {
    int32_t handle = wagather_rest_start(CONFIG_MAP("forbidden"));
    ANSWER("status", wagather_rest_status(handle));
    ANSWER("next", wagather_rest_next(handle, room, 64));
    ANSWER("pipe", wagather_archive_pipe(wagather_rest_start(CONFIG_MAP("forbidden")), 0, 0));
    ANSWER("body", body_of(wagather_rest_start(CONFIG_MAP("forbidden")), wagather_of("reason.json"), 4096));
    return 0;
}

static int32_t missing(void) {
    int32_t handle = wagather_rest_start(CONFIG_MAP("missing"));
    ANSWER("status", wagather_rest_status(handle));
    ANSWER("next", wagather_rest_next(handle, room, 64));
    return 0;
}

static int32_t broken(void) {
    int32_t handle = wagather_rest_start(EVENTS);
    ANSWER("end", items_of(handle, 4096));
    ANSWER("again", wagather_rest_next(handle, room, 4096));
    return 0;
}

static int32_t refused(void) {
    ANSWER("undeclared", wagather_rest_start(
        REQUEST(.verb = WAGATHER_LIST, .version = T("v1"), .resource = T("endpoints"))));
    ANSWER("other-namespace", wagather_rest_start(REQUEST(
        .verb = WAGATHER_LIST, .version = T("v1"), .resource = T("services"), .namespace_ = T("other"))));
    ANSWER("path", wagather_rest_start(REQUEST(.verb = WAGATHER_RAW, .resource = T("/metrics"))));
    ANSWER("verb", wagather_rest_start(REQUEST(.verb = 9, .version = T("v1"), .resource = T("pods"))));
    ANSWER("mask", wagather_rest_start(
        REQUEST(.verb = WAGATHER_LIST, .version = T("v1"), .resource = T("pods"), .mask = T("metadata("))));
    return 0;
}

static int32_t modes(void) {
    int32_t list = wagather_rest_start(PODS), raw = wagather_rest_start(VERSION);
    ANSWER("list-as-bytes", wagather_rest_read(list, room, 64));
    ANSWER("raw-as-items", wagather_rest_next(raw, room, 64));
    ANSWER("read", wagather_rest_read(raw, room, 1));
    ANSWER("read-then-pipe", wagather_archive_pipe(raw, "x", 1));
    return 0;
}

static int32_t handles(void) {
    int32_t request = wagather_rest_start(NODES), entry = wagather_archive_open("a.txt", 5);
    ANSWER("entry-as-request", wagather_rest_next(entry, room, 64));
    ANSWER("request-as-entry", wagather_archive_write(request, "x", 1));
    ANSWER("close", wagather_rest_close(request));
    ANSWER("closed", wagather_rest_next(request, room, 64));
    ANSWER("close-again", wagather_rest_close(request));
    ANSWER("close-entry", wagather_archive_close(entry));
    ANSWER("closed-entry", wagather_archive_write(entry, "x", 1));
    ANSWER("none", wagather_rest_status(0));
    return 0;
}

/* Behind the end of any memory. */
#define NOWHERE ((void *)0xfffffff0)

static int32_t pointers(void) {
    int32_t handle = wagather_rest_start(PODS), entry = wagather_archive_open("a.txt", 5);
    ANSWER("request", wagather_rest_start((const wagather_request *)NOWHERE));
    ANSWER("buffer", wagather_rest_next(handle, NOWHERE, 64));
    ANSWER("wraps", wagather_rest_next(handle, room, 0xffffffff));
    ANSWER("shape", wagather_rest_next_as(handle, NOWHERE, room, 64));
    ANSWER("name", wagather_archive_open(NOWHERE, 4));
    ANSWER("bytes", wagather_archive_write(entry, NOWHERE, 64));
    ANSWER("text", wagather_log(WAGATHER_LOG_INFO, NOWHERE, 64));
    ANSWER("nothing", wagather_archive_write(entry, NOWHERE, 0));
    ANSWER("close", wagather_archive_close(entry));
    return 0;
}

static int32_t shapes(void) {
    int32_t handle = wagather_rest_start(NODES);
    ANSWER("letter", wagather_rest_next_as(handle, "\x08x", room, 64));
    ANSWER("outside", wagather_rest_next_as(handle, "\x04(t\x08name\0\0", room, 64));
    return 0;
}

static int32_t entries(void) {
    int32_t a = wagather_archive_open("a.txt", 5), b = wagather_archive_open("folder/b.txt", 12);
    ANSWER("write", wagather_archive_write(a, "one ", 4));
    ANSWER("write-b", wagather_archive_write(b, "b", 1));
    ANSWER("write-again", wagather_archive_write(a, "two", 3));
    ANSWER("close", wagather_archive_close(a));
    ANSWER("close-b", wagather_archive_close(b));
    ANSWER("exists", wagather_archive_close(wagather_archive_open("a.txt", 5)));
    ANSWER("outside", wagather_archive_open("../a.txt", 8));
    ANSWER("empty", wagather_archive_close(wagather_archive_open("empty", 5)));
    int32_t open = wagather_archive_open("left-open.txt", 13);
    ANSWER("left-open", wagather_archive_write(open, "x", 1));
    return 0;
}

static int32_t parallel(void) {
    int32_t nodes = wagather_rest_start(NODES), settings = wagather_rest_start(CONFIG_MAP("settings"));
    ANSWER("second", items_of(settings, 4096));
    ANSWER("first", items_of(nodes, 4096));
    return 0;
}

static int32_t hides(void) {
    static const char applied[] = "metadata.annotations[\"kubectl.kubernetes.io/last-applied-configuration\"]";
    int32_t handle = wagather_rest_start(NODES);
    ANSWER("last-applied", wagather_rest_hides(handle, applied, sizeof applied - 1));
    ANSWER("name", wagather_rest_hides(handle, "metadata.name", 13));
    ANSWER("invalid", wagather_rest_hides(handle, "a..b", 4));
    ANSWER("end", items_of(handle, 4096));
    return 0;
}

static int32_t reject(void) {
    int32_t handle = wagather_rest_start(NODES);
    ANSWER("early", wagather_rest_reject(handle, 0, WAGATHER_WANTED_ARRAY));
    wagather_rest_next(handle, room, 4096);
    ANSWER("reject", wagather_rest_reject(handle, 0, WAGATHER_WANTED_ARRAY));
    ANSWER("again", wagather_rest_reject(handle, 0, WAGATHER_WANTED_ARRAY));
    ANSWER("end", items_of(handle, 4096));
    return 0;
}

static int32_t own_code(void) { return 5; }

static int32_t status_code(void) {
    return wagather_rest_next(wagather_rest_start(CONFIG_MAP("forbidden")), room, 64);
}

static const struct {
    const char *name;
    int32_t (*run)(void);
} tasks[] = {
    { "log", log_ }, { "params", params }, { "now", now }, { "items", items }, { "typed", typed },
    { "selectors", selectors }, { "bytes", bytes }, { "container-log", container_log }, { "object", object },
    { "pipe", pipe }, { "forbidden", forbidden }, { "missing", missing }, { "broken", broken },
    { "refused", refused }, { "modes", modes }, { "handles", handles }, { "pointers", pointers },
    { "shapes", shapes }, { "entries", entries }, { "parallel", parallel }, { "hides", hides },
    { "reject", reject }, { "own-code", own_code }, { "status-code", status_code },
};

WAGATHER_GATHER {
    static char name[32];
    wagather_text task;
    int32_t len = wagather_param_text(wagather_of("task"), &task, name, sizeof name);
    if (len < 0) return len;
    for (uint32_t at = 0; at < sizeof tasks / sizeof *tasks; at++) {
        if (!wagather_is(task, tasks[at].name)) continue;
        wagather_create(&answers, wagather_of("answers.txt"));
        int32_t code = tasks[at].run();
        int32_t closed = wagather_close(&answers);
        return code ? code : closed;
    }
    return 99;
}
