#include "port.h"

#include "address.h"
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

/* ---- clocks, chance, environment, files ---- */

static int64_t clock_ms(clockid_t clock)
{
    struct timespec now = {0};
    (void)clock_gettime(clock, &now); /* cannot fail for these clocks */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t port_now_ms(void)
{
    return (uint64_t)clock_ms(CLOCK_MONOTONIC);
}

int64_t port_utc_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

/* GRND_NONBLOCK: a machine that has just been switched on may gather chance for minutes. */
bool port_random(uint8_t *to, size_t n)
{
    while (n > 0) {
        ssize_t got = getrandom(to, n, GRND_NONBLOCK);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return false;
        to += got;
        n -= (size_t)got;
    }
    return true;
}

const char *port_environment(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* O_NONBLOCK: a pipe under that name would wait for its writer. */
long port_read_file(const char *path, uint64_t offset, uint8_t *to, size_t room)
{
    assert(room > 0 && room <= LONG_MAX);
    if (offset > INT64_MAX) return PORT_LOST;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (fd < 0) return PORT_LOST;
    ssize_t n;
    do
        n = pread(fd, to, room, (off_t)offset);
    while (n < 0 && errno == EINTR);
    close(fd);
    return n < 0 ? PORT_LOST : (long)n;
}

/* ---- sockets ---- */

int port_connect(const struct port_address *to)
{
    union socket_address address;
    socklen_t len = socket_address_of(to, &address);
    int sock = socket(address.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sock < 0) return PORT_LOST;
    /* What we write is written in one piece as far as it can be; an answer shall not wait for the
     * other side's delayed acknowledgement (RFC 896, RFC 1122 section 4.2.3.2). */
    int yes = 1;
    (void)setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    /* After EINTR the connection goes on by itself (POSIX, connect). */
    if (connect(sock, &address.any, len) == 0 || errno == EINPROGRESS || errno == EINTR)
        return sock;
    close(sock);
    return PORT_LOST;
}

long port_connected(int sock)
{
    struct pollfd ready = {.fd = sock, .events = POLLOUT};
    int met = poll(&ready, 1, 0);
    if (met == 0 || (met < 0 && errno == EINTR)) return PORT_WAIT;
    int error = 0;
    socklen_t len = sizeof error;
    if (met < 0 || getsockopt(sock, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)
        return PORT_LOST;
    /* The error is told once only; whoever asks again hears it from here. */
    union socket_address peer;
    len = sizeof peer;
    return getpeername(sock, &peer.any, &len) == 0 ? 1 : PORT_LOST;
}

static bool is_not_now(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK;
}

long port_send(int sock, struct span from)
{
    assert(from.len > 0); /* 0 bytes moved would be PORT_WAIT */
    ssize_t n;
    do
        n = send(sock, from.at, span_min(from, INT_MAX), MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n >= 0) return (long)n;
    return is_not_now(errno) ? PORT_WAIT : PORT_LOST;
}

long port_recv(int sock, uint8_t *to, size_t room)
{
    assert(room > 0);
    ssize_t n;
    do
        n = recv(sock, to, room < INT_MAX ? room : INT_MAX, 0);
    while (n < 0 && errno == EINTR);
    if (n > 0) return (long)n;
    if (n == 0) return PORT_END;
    return is_not_now(errno) ? PORT_WAIT : PORT_LOST;
}

void port_close(int sock)
{
    if (sock >= 0) close(sock);
}

/* ---- waiting ---- */

/* A signal that came after the caller's last look at console_interrupted, but before the sleep,
 * must end that sleep too: signals are let in by ppoll only, and the first wait after one does not
 * sleep. Later ones do: whoever winds up after a signal waits as everybody. */
static bool signal_is_news(void)
{
    static bool told;
    bool news = console_interrupted() && !told;
    told = console_interrupted();
    return news;
}

static void sleep_on(struct pollfd *polled, size_t count, uint64_t until_ms)
{
    sigset_t stops, before;
    sigemptyset(&stops);
    sigaddset(&stops, SIGINT);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGHUP);
    sigprocmask(SIG_BLOCK, &stops, &before);
    if (!signal_is_news()) {
        /* Now is rounded down and the rest therefore up: nobody wakes a millisecond early. */
        uint64_t now = port_now_ms();
        uint64_t rest = until_ms > now ? until_ms - now : 0;
        if (rest > INT_MAX) rest = INT_MAX; /* 24 days; time_t may have 32 bits */
        struct timespec patience = {.tv_sec = (time_t)(rest / 1000),
                                    .tv_nsec = (long)(rest % 1000) * 1000000};
        (void)ppoll(polled, (nfds_t)count, &patience, &before);
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    (void)signal_is_news(); /* what ended this sleep needs not end the next */
}

void port_wait(const struct port_want *wants, size_t count, uint64_t until_ms)
{
    assert(count <= WANTS_MAX);
    struct pollfd polled[WANTS_MAX];
    for (size_t i = 0; i < count; i++) {
        int events = (wants[i].to_read ? POLLIN : 0) | (wants[i].to_write ? POLLOUT : 0);
        /* Who wants nothing is not looked at: poll would tell of a closed one for ever. */
        polled[i] =
            (struct pollfd){.fd = events != 0 ? wants[i].sock : -1, .events = (short)events};
    }
    sleep_on(polled, count, until_ms);
}

/* One writev, so that lines of several programs do not mix. */
void port_log(struct span line)
{
    char end = '\n';
    /* It only reads what it is given, though its type does not say so.
     * NOLINTNEXTLINE(performance-no-int-to-ptr): there is no optimisation to lose here. */
    struct iovec pieces[2] = {{(void *)(uintptr_t)line.at, line.len}, {&end, 1}};
    while (writev(STDERR_FILENO, pieces, 2) < 0 && errno == EINTR && !console_interrupted()) {
    }
}
