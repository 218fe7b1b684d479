/* Runs a program and prints the most physical memory that it had, in KiB.
 *
 * A program of its own, and a static one, because Linux counts the size of whoever called exec
 * into the peak of what was executed: started by the bench itself, a small program would appear
 * as large as the bench.
 *
 * Exit codes: the program's own, 127 if it could not be run or was killed, 2 if none was named. */
#define _GNU_SOURCE
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
    if (argc < 2) return 2;
    pid_t child = fork();
    if (child == 0) {
        execv(argv[1], argv + 1);
        _exit(127);
    }
    int status;
    struct rusage usage;
    if (child < 0 || wait4(child, &status, 0, &usage) != child || !WIFEXITED(status)) return 127;
    printf("%ld\n", usage.ru_maxrss);
    return WEXITSTATUS(status);
}
