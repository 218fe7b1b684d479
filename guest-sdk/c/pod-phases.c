/* Counts the pods of each phase, without a C library: 1.3 kB. docs/languages.md explains how to build and run it. */
#include "wagather.h"

WAGATHER_RECORD("gatherer 1 pod-phases 0.1.0");
WAGATHER_RECORD("resource list /v1/pods * status(phase)");

static const char *const phases[] = {"Pending", "Running", "Succeeded", "Failed", "Unknown"};
enum { PHASES = sizeof phases / sizeof *phases };

static uint32_t counts[PHASES];
static char item[4096], report[256];

/* Whether the text begins with the word. */
static int begins(const char *text, const char *end, const char *word) {
    while (*word)
        if (text == end || *text++ != *word++) return 0;
    return 1;
}

/* With the mask, a pod is {"status":{"phase":"Running"}}. */
static void count(const char *text, const char *end) {
    static const char key[] = "\"phase\":\"";
    for (; text != end; text++) {
        if (!begins(text, end, key)) continue;
        for (int phase = 0; phase < PHASES; phase++)
            if (begins(text + sizeof key - 1, end, phases[phase])) {
                counts[phase]++;
                return;
            }
    }
    counts[PHASES - 1]++;
}

static char *put(char *at, const char *text) {
    while (*text) *at++ = *text++;
    return at;
}

static char *put_number(char *at, uint32_t number) {
    char digits[10];
    int len = 0;
    do digits[len++] = (char)('0' + number % 10);
    while (number /= 10);
    while (len) *at++ = digits[--len];
    return at;
}

WAGATHER_GATHER {
    static const wagather_request pods = {
        .verb = WAGATHER_LIST,
        .version = WAGATHER_TEXT("v1"),
        .resource = WAGATHER_TEXT("pods"),
    };
    int32_t handle = wagather_rest_start(&pods);
    if (handle < 0) return handle;
    int32_t len;
    while ((len = wagather_rest_next(handle, item, sizeof item)) > 0) {
        /* The item does not fit and was not copied; a gatherer with a heap would call again with a larger buffer. */
        if ((uint32_t)len > sizeof item) return WAGATHER_NO_ROOM;
        count(item, item + len);
    }
    wagather_rest_close(handle);
    if (len < 0) return len;

    char *at = report;
    for (int phase = 0; phase < PHASES; phase++) {
        at = put(at, phase ? ",\"" : "{\"");
        at = put(at, phases[phase]);
        at = put(at, "\":");
        at = put_number(at, counts[phase]);
    }
    at = put(at, "}\n");
    static const char name[] = "phases.json";
    int32_t entry = wagather_archive_open(name, sizeof name - 1);
    if (entry < 0) return entry;
    int32_t written = wagather_archive_write(entry, report, (uint32_t)(at - report));
    return written < 0 ? written : wagather_archive_close(entry);
}
