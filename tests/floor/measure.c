/* Runs a program and says what its whole process tree took.
 *
 *   measure time RESULT PROGRAM ARG...     RESULT: wall, user and system microseconds
 *   measure memory RESULT PROGRAM ARG...   RESULT: KiB of all processes' peaks added up, and the most PSS seen at once
 *
 * Time is what wait4 says, which has the children that the program waited for. Memory is another run: each process is stopped
 * by ptrace when it is about to exit, and its VmHWM read, which is its exact peak; the peaks of processes that had theirs at
 * different times are added up all the same, so the sum is never too small. PSS, which counts a page that two processes share once, is
 * read every two milliseconds, so it may miss a short peak. Nothing of the program is slowed down in a run whose time is taken.
 *
 * A program of its own, and a static one, because Linux counts the size of whoever called exec into the peak of what was executed.
 *
 * Exit codes: the program's own, 127 if it could not be run or was killed, 2 if the arguments are none. */
#define _GNU_SOURCE
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Processes, not threads; what runs here has two or three. */
#define MOST_PROCESSES 64
static struct {
    pid_t pid;
    long peak_kib;
    int alive;
} processes[MOST_PROCESSES];
static int known;

/* The number after NAME in a file of /proc/PID; -1 if there is none. */
static long field(pid_t pid, const char *file, const char *name) {
    char path[64], line[256];
    long value = -1;
    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    FILE *from = fopen(path, "r");
    if (!from) return -1;
    while (value < 0 && fgets(line, sizeof line, from))
        if (strncmp(line, name, strlen(name)) == 0) sscanf(line + strlen(name), "%ld", &value);
    fclose(from);
    return value;
}

/* The process that a thread is of. */
static int process_of(pid_t thread) {
    pid_t pid = (pid_t)field(thread, "status", "Tgid:");
    if (pid <= 0) return -1;
    for (int i = 0; i < known; i++)
        if (processes[i].pid == pid) return i;
    if (known == MOST_PROCESSES) return -1;
    processes[known].pid = pid;
    processes[known].alive = 1;
    return known++;
}

static long pss_kib(void) {
    long sum = 0;
    for (int i = 0; i < known; i++) {
        long pss = processes[i].alive ? field(processes[i].pid, "smaps_rollup", "Pss:") : -1;
        if (pss > 0) sum += pss;
    }
    return sum;
}

static void tick(int signal) { (void)signal; }

static int end_of(int status) { return WIFEXITED(status) ? WEXITSTATUS(status) : 127; }

static int memory(pid_t child, FILE *result) {
    const struct itimerval every = {{0, 2000}, {0, 2000}};
    struct sigaction action = {.sa_handler = tick}; /* without SA_RESTART: a tick ends the wait */
    int status, code = 127;
    long most_pss = 0;
    if (waitpid(child, &status, 0) != child || !WIFSTOPPED(status)) return 127;
    if (ptrace(PTRACE_SETOPTIONS, child, 0,
               PTRACE_O_TRACECLONE | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | PTRACE_O_TRACEEXEC | PTRACE_O_TRACEEXIT |
                   PTRACE_O_EXITKILL) != 0)
        return 127;
    ptrace(PTRACE_CONT, child, 0, 0);
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every, NULL);
    for (;;) {
        pid_t thread = waitpid(-1, &status, __WALL);
        if (thread < 0 && errno == EINTR) {
            long pss = pss_kib();
            if (pss > most_pss) most_pss = pss;
            continue;
        }
        if (thread < 0) break; /* nobody is left */
        if (!WIFSTOPPED(status)) {
            if (thread == child) code = end_of(status);
            for (int i = 0; i < known; i++)
                if (processes[i].pid == thread) processes[i].alive = 0;
            continue;
        }
        int process = process_of(thread), event = status >> 16, stop = WSTOPSIG(status);
        if (event == PTRACE_EVENT_EXIT && process >= 0) {
            long peak = field(thread, "status", "VmHWM:");
            if (peak > processes[process].peak_kib) processes[process].peak_kib = peak;
        }
        /* Events are not signals, and new threads begin with a stop that is ptrace's own. */
        ptrace(PTRACE_CONT, thread, 0, event || stop == SIGTRAP || stop == SIGSTOP ? 0 : stop);
    }
    long sum = 0;
    for (int i = 0; i < known; i++) sum += processes[i].peak_kib;
    fprintf(result, "%ld %ld\n", sum, most_pss);
    return sum > 0 ? code : 127;
}

static long micros(struct timeval time) { return time.tv_sec * 1000000L + time.tv_usec; }

int main(int argc, char **argv) {
    int is_memory = argc > 1 && strcmp(argv[1], "memory") == 0;
    if (argc < 4 || (!is_memory && strcmp(argv[1], "time") != 0)) return 2;
    FILE *result = fopen(argv[2], "we");
    if (!result) return 2;
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    pid_t child = fork();
    if (child == 0) {
        if (is_memory && (ptrace(PTRACE_TRACEME, 0, 0, 0) != 0 || raise(SIGSTOP) != 0)) _exit(127);
        execvp(argv[3], argv + 3);
        _exit(127);
    }
    int status, code;
    struct rusage usage;
    if (child < 0) return 127;
    if (is_memory) {
        code = memory(child, result);
    } else {
        if (wait4(child, &status, 0, &usage) != child) return 127;
        clock_gettime(CLOCK_MONOTONIC, &end);
        long wall = (end.tv_sec - begin.tv_sec) * 1000000L + (end.tv_nsec - begin.tv_nsec) / 1000;
        fprintf(result, "%ld %ld %ld\n", wall, micros(usage.ru_utime), micros(usage.ru_stime));
        code = end_of(status);
    }
    return fclose(result) == 0 ? code : 127;
}
