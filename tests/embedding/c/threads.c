/*
 * What a program in C may do to the library, beside using it as gather.c does: threads with small stacks, a SIGPIPE that is not
 * ignored, and wrong use.
 *
 *   threads HELPER GUEST.wasm RECORDING.har FOLDER
 */
#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <wagather.h>

#define STACK_BYTES (256 << 10) /* as wagather.h says */
#define THREADS 8

static char **words;

static void set(wagather_plan *plan, const char *name, const char *value) {
    assert(wagather_plan_set(plan, name, value) == NULL);
}

static void count_line(void *context, int32_t level, const char *gatherer, const char *line) {
    assert(level <= WAGATHER_ERROR && *gatherer && *line);
    __atomic_add_fetch((int *)context, 1, __ATOMIC_RELAXED);
}

static void *gather(void *number) {
    char output[4096];
    wagather_outcome *outcome;
    wagather_plan *plan = wagather_plan_new();
    snprintf(output, sizeof output, "%s/%d", words[4], *(int *)number);
    set(plan, "helper", words[1]);
    set(plan, "replay", words[3]);
    set(plan, "output", output);
    assert(wagather_plan_add_file(plan, words[2]) == NULL);
    int lines = 0;
    wagather_failure *failure = wagather_run(plan, count_line, &lines, &outcome);
    /* The run has ended, so that nothing uses the plan. */
    wagather_plan_free(plan);
    if (failure) fprintf(stderr, "threads: %s\n", wagather_failure_text(failure));
    assert(failure == NULL && wagather_outcome_is_complete(outcome));
    assert(strcmp(wagather_outcome_output(outcome), output) == 0);
    assert(strstr(wagather_outcome_report(outcome), "\"isolation\": \"helper\""));
    assert(wagather_outcome_failure(outcome, 0) == NULL);
    wagather_outcome_free(outcome);
    return NULL;
}

/* A sandbox that ends at once must not end this program with SIGPIPE. */
static void broken_helpers(void) {
    for (int i = 0; i < 50; i++) {
        wagather_outcome *outcome = (wagather_outcome *)words;
        wagather_plan *plan = wagather_plan_new();
        set(plan, "helper", "true");
        set(plan, "replay", words[3]);
        set(plan, "output", words[4]);
        set(plan, "overwrite", "true");
        assert(wagather_plan_add_file(plan, words[2]) == NULL);
        wagather_failure *failure = wagather_run(plan, NULL, NULL, &outcome);
        if (failure) {
            assert(outcome == NULL && wagather_failure_class(failure) != WAGATHER_OK);
        } else {
            const wagather_failure *first = wagather_outcome_failure(outcome, 0);
            assert(!wagather_outcome_is_complete(outcome) && wagather_failure_class(first) != WAGATHER_OK);
        }
        wagather_outcome_free(outcome);
        wagather_failure_free(failure);
        wagather_plan_free(plan);
    }
}

static void wrong_use(void) {
    int mine = 0;
    wagather_plan *plan = wagather_plan_new();
    void *wrong[] = {NULL, &mine, (void *)16, (char *)plan + 1};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        wagather_failure *failure = wagather_plan_set(wrong[i], "output", "x");
        assert(wagather_failure_class(failure) == WAGATHER_USAGE);
        wagather_failure_free(failure);
        wagather_failure_free(failure);
        assert(wagather_failure_text(failure) == NULL);
        wagather_plan_free(wrong[i]);
        wagather_outcome_free(wrong[i]);
        assert(wagather_outcome_report(wrong[i]) == NULL);
    }
    wagather_plan_free(plan);
    wagather_failure *failure = wagather_run(plan, NULL, NULL, NULL);
    assert(wagather_failure_class(failure) == WAGATHER_USAGE);
    wagather_failure_free(failure);
}

int main(int count, char **given) {
    struct sigaction pipe_action;
    pthread_t threads[THREADS];
    int numbers[THREADS];
    pthread_attr_t attributes;
    assert(count == 5);
    words = given;
    assert(sigaction(SIGPIPE, NULL, &pipe_action) == 0 && pipe_action.sa_handler == SIG_DFL);
    assert(pthread_attr_init(&attributes) == 0 && pthread_attr_setstacksize(&attributes, STACK_BYTES) == 0);
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        assert(pthread_create(&threads[i], &attributes, gather, &numbers[i]) == 0);
    }
    for (int i = 0; i < THREADS; i++) assert(pthread_join(threads[i], NULL) == 0);
    pthread_attr_destroy(&attributes);
    broken_helpers();
    wrong_use();
    /* Nothing of the above has changed what a signal does. */
    assert(sigaction(SIGPIPE, NULL, &pipe_action) == 0 && pipe_action.sa_handler == SIG_DFL);
    puts("well");
    return 0;
}
