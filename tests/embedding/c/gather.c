/*
 * Runs a gatherer on a recording, or on a live API server, and says what became of it.
 *
 *   gather HELPER GUEST.wasm RECORDING.har|http(s)://SERVER ARCHIVE
 *
 * cc -I target/dist gather.c -o gather -L target/dist -lwagather
 */
#include <stdio.h>
#include <string.h>
#include <wagather.h>

static void on_log(void *context, int32_t level, const char *gatherer, const char *line) {
    static const char *const names[] = {"debug", "info", "warn", "error"};
    (void)context;
    fprintf(stderr, "%s: %s: %s\n", names[level & 3], gatherer, line);
}

/* Shows a failure and frees it. Returns its class, which is a good exit code: 0 without a failure. */
static int ended(wagather_failure *failure) {
    int class = wagather_failure_class(failure);
    if (class != WAGATHER_OK) fprintf(stderr, "gather: %s\n", wagather_failure_text(failure));
    wagather_failure_free(failure);
    return class;
}

static int gather(wagather_plan *plan, char **words) {
    const char *from = words[3], *input = strncmp(from, "http", 4) == 0 ? "server" : "replay";
    const char *options[][2] = {{"helper", words[1]}, {input, from}, {"output", words[4]}, {"timeout", "20s"}};
    int class;
    for (size_t i = 0; i < sizeof options / sizeof *options; i++)
        if ((class = ended(wagather_plan_set(plan, options[i][0], options[i][1])))) return class;
    if ((class = ended(wagather_plan_add_file(plan, words[2])))) return class;

    wagather_outcome *outcome;
    if ((class = ended(wagather_run(plan, on_log, NULL, &outcome)))) return class;
    const wagather_failure *failure;
    for (size_t i = 0; (failure = wagather_outcome_failure(outcome, i)); i++) {
        if (class == 0) class = wagather_failure_class(failure);
        fprintf(stderr, "gather: %s\n", wagather_failure_text(failure));
    }
    printf("complete: %s\narchive: %s\n%s", wagather_outcome_is_complete(outcome) ? "yes" : "no",
           wagather_outcome_output(outcome), wagather_outcome_report(outcome));
    if (class == 0 && !wagather_outcome_is_complete(outcome)) class = WAGATHER_GAPS;
    wagather_outcome_free(outcome);
    return class;
}

int main(int count, char **words) {
    if (count != 5) {
        fprintf(stderr, "gather: give a HELPER, a GUEST.wasm, a RECORDING.har or the URL of a server, and a new ARCHIVE\n");
        return WAGATHER_USAGE;
    }
    wagather_plan *plan = wagather_plan_new();
    int class = gather(plan, words);
    wagather_plan_free(plan);
    return class;
}
