/* Counts the pods of each phase with a library of C: malloc, strstr and snprintf, as a reactor of WASI. */
#include "wagather.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

WAGATHER_RECORD("gatherer 1 pod-phases 0.1.0");
WAGATHER_RECORD("resource list /v1/pods * status(phase)");
WAGATHER_RECORD("wasi preview1");

static const char *const phases[] = {"Pending", "Running", "Succeeded", "Failed", "Unknown"};
enum { PHASES = sizeof phases / sizeof *phases };

static int phase_of(const char *item) {
    const char *phase = strstr(item, "\"phase\":\"");
    for (int number = 0; phase && number < PHASES; number++)
        if (!strncmp(phase + 9, phases[number], strlen(phases[number]))) return number;
    return PHASES - 1;
}

WAGATHER_GATHER {
    const wagather_request pods = {
        .verb = WAGATHER_LIST,
        .version = WAGATHER_TEXT("v1"),
        .resource = WAGATHER_TEXT("pods"),
    };
    uint32_t counts[PHASES] = {0};
    uint32_t room = 16;
    char *item = malloc(room + 1);
    int32_t handle = wagather_rest_start(&pods), len;
    if (handle < 0) return handle;
    while ((len = wagather_rest_next(handle, item, room)) > 0) {
        if ((uint32_t)len > room) {
            room = (uint32_t)len;
            item = realloc(item, room + 1);
            continue;
        }
        item[len] = 0;
        counts[phase_of(item)]++;
    }
    free(item);
    if (len < 0) return len;
    char report[256];
    len = snprintf(report, sizeof report,
                   "{\"Pending\":%u,\"Running\":%u,\"Succeeded\":%u,\"Failed\":%u,\"Unknown\":%u}\n", counts[0],
                   counts[1], counts[2], counts[3], counts[4]);
    int32_t entry = wagather_archive_open("phases.json", strlen("phases.json"));
    if (entry < 0) return entry;
    int32_t written = wagather_archive_write(entry, report, (uint32_t)len);
    return written < 0 ? written : wagather_archive_close(entry);
}
