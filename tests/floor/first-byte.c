/* The floor under every start-up time: a process that does nothing but connect to
 * 127.0.0.1:PORT, send one HTTP request, read the answer and exit. With a second
 * argument, it writes the answer to that file.
 *
 * It is not a client: it understands no answer and retries nothing. It exists so that
 * `make bench` can say how much of a start is the kernel's and how much is ours; hence no
 * stdio, no name resolution, no allocation, and a static binary (cc -O2 -static).
 *
 * Exit codes: 0 answered, 1 no connection, no answer or no file, 2 no port given. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static const char request[] =
    "GET /apis/config.openshift.io/v1/clusteroperators?limit=500 HTTP/1.1\r\n"
    "Host: 127.0.0.1\r\n"
    "Accept: application/json\r\n"
    "Connection: close\r\n"
    "\r\n";

/* 0 stands for anything that is not a port. */
static unsigned port_from(const char *text) {
    unsigned port = 0;
    for (; *text >= '0' && *text <= '9' && port <= 65535; text++) port = port * 10 + (unsigned)(*text - '0');
    return *text == '\0' && port <= 65535 ? port : 0;
}

static int fail(int code, const char *message) {
    ssize_t ignored = write(2, message, strlen(message));
    (void)ignored;
    return code;
}

int main(int argc, char **argv) {
    unsigned port = argc == 2 || argc == 3 ? port_from(argv[1]) : 0;
    if (port == 0) return fail(2, "first-byte: give one port of 127.0.0.1 to connect to\n");

    struct sockaddr_in server = {
        .sin_family = AF_INET,
        .sin_port = htons((unsigned short)port),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    int connection = socket(AF_INET, SOCK_STREAM, 0);
    if (connection < 0 || connect(connection, (struct sockaddr *)&server, sizeof server) != 0)
        return fail(1, "first-byte: nothing listens on that port of 127.0.0.1\n");

    for (size_t sent = 0; sent < sizeof request - 1;) {
        ssize_t n = write(connection, request + sent, sizeof request - 1 - sent);
        if (n <= 0) return fail(1, "first-byte: the server hung up before it had the request\n");
        sent += (size_t)n;
    }

    /* "Connection: close" asks the server to end the answer by closing. */
    char answer[4096];
    size_t received = 0;
    ssize_t n;
    int file = argc == 3 ? open(argv[2], O_WRONLY | O_CREAT | O_TRUNC, 0644) : -1;
    if (argc == 3 && file < 0) return fail(1, "first-byte: the file cannot be made\n");
    while ((n = read(connection, answer, sizeof answer)) > 0) {
        if (file >= 0 && write(file, answer, (size_t)n) != n) return fail(1, "first-byte: the file cannot be written\n");
        received += (size_t)n;
    }
    if (n < 0 || received == 0) return fail(1, "first-byte: no answer\n");
    return 0;
}
