/*
 * A clock that jumps, for a program that is linked dynamically: LD_PRELOAD puts this before the C library's own function. The file of
 * SOAK_CLOCK holds the seconds to add, as text. Only the wall clock jumps; that is what an administrator or NTP sets.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *now) {
    int done = (int)syscall(SYS_clock_gettime, clock, now);
    const char *path = getenv("SOAK_CLOCK");
    if (done == 0 && clock == CLOCK_REALTIME && path) {
        char text[32] = "";
        int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file >= 0) {
            if (read(file, text, sizeof text - 1) > 0) now->tv_sec += atol(text);
            close(file);
        }
    }
    return done;
}
