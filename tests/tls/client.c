/* A client for tests/tls/test_tls.py: src/net/tls.h on real sockets, with a port of its own whose
 * clock and files can be told what to say.
 *
 *     client PORT HOST [KEY=VALUE...]
 *
 * ca, cert, key: files. utc: milliseconds. arena: its bytes. fail: the allocation that fails.
 * say: a line to send. send: bytes to send behind it. times: connections one after another, with
 * the same struct; other: a second host, every second time. piece: bytes the socket takes or gives at once, then refuses once. sweep: "fail"
 * lets every allocation of a handshake fail once, or with stride= every so many; "arena" finds the smallest arena. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <psa/crypto.h>

#include "net/lent.h"
#include "net/tls.h"

static struct tls tls; /* all zero */
static struct tls_trust trust;
static uint16_t server_port;
static const char *host, *other_host, *say_line = "";
static int64_t utc_ms = -1;
static size_t send_bytes, piece_bytes;
static bool refuse_next;
static unsigned patience_ms = 3000;

/* ---- the port ---- */

uint64_t port_now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

int64_t port_utc_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return utc_ms >= 0 ? utc_ms : (int64_t)t.tv_sec * 1000;
}

bool port_random(uint8_t *to, size_t n)
{
    return getrandom(to, n, 0) == (ssize_t)n;
}

long port_read_file(const char *path, uint64_t offset, uint8_t *to, size_t room)
{
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return PORT_LOST;
    const ssize_t got = pread(fd, to, room, (off_t)offset);
    close(fd);
    return got < 0 ? PORT_LOST : got;
}

/* With piece=: no more than that at once, and every second call refuses. */
static bool refuses(size_t *n)
{
    if (piece_bytes == 0) return false;
    refuse_next = !refuse_next;
    if (*n > piece_bytes) *n = piece_bytes;
    return !refuse_next;
}

long port_send(int sock, struct span from)
{
    if (refuses(&from.len)) return PORT_WAIT;
    const ssize_t n = send(sock, from.at, from.len, MSG_NOSIGNAL);
    if (n > 0) return n;
    return errno == EAGAIN ? PORT_WAIT : PORT_LOST;
}

long port_recv(int sock, uint8_t *to, size_t room)
{
    if (refuses(&room)) return PORT_WAIT;
    const ssize_t n = recv(sock, to, room, 0);
    if (n == 0) return PORT_END;
    if (n > 0) return n;
    return errno == EAGAIN ? PORT_WAIT : PORT_LOST;
}

static int connect_to_server(void)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(server_port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int sock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), one = 1;
    if (sock < 0 || connect(sock, (struct sockaddr *)&to, sizeof to) != 0) {
        perror("connect");
        exit(3);
    }
    setsockopt(sock, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    fcntl(sock, F_SETFL, O_NONBLOCK);
    return sock;
}

/* False: nothing came in time. */
static bool wait_for(struct port_want want)
{
    struct pollfd p = {.fd = want.sock};
    if (want.to_read) p.events |= POLLIN;
    if (want.to_write) p.events |= POLLOUT;
    if (p.events == 0) {
        printf("wants=nothing\n");
        exit(4);
    }
    return poll(&p, 1, (int)patience_ms) > 0;
}

/* ---- one connection ---- */

static long lost(const char *where)
{
    uint8_t text[1000];
    struct writer w = writer_on(text, sizeof text);
    fault_tell(&tls.fault, &w);
    printf("lost=%s kind=%s words=%.*s\n", where, fault_name(tls.fault.kind), (int)w.len,
           (const char *)text);
    if (tls.fault.kind != FAULT_TLS && tls.fault.kind != FAULT_TRUST &&
        tls.fault.kind != FAULT_CONFIG && tls.fault.kind != FAULT_NETWORK)
        exit(5);
    if (tls.fault.len == 0 || w.full) exit(6);
    return PORT_LOST;
}

static long stalled(const char *where)
{
    printf("stalled=%s\n", where);
    return PORT_WAIT;
}

static long shake(int sock)
{
    if (!tls_begin(&tls, &trust, span_text(host), server_port, sock)) return PORT_LOST;
    for (;;) {
        const long answer = tls_handshake(&tls);
        if (answer != PORT_WAIT) return answer;
        if (!wait_for(tls.want)) return PORT_WAIT;
    }
}

/* A little is offered at first, and after a refusal more: only the little may be called sent. */
static long say_all(struct span all)
{
    bool refused = false;
    while (all.len > 0) {
        const long sent = tls_send(&tls, span_of(all.at, refused ? all.len : span_min(all, 1500)));
        refused = sent == PORT_WAIT;
        if (sent == PORT_LOST) return lost("send");
        if (sent == PORT_WAIT && !wait_for(tls.want)) return stalled("send");
        if (sent > 0) span_cut(&all, (size_t)sent);
    }
    return 1;
}

/* Bytes that a server can check: the low byte of each position times 7. */
static long say_bytes(void)
{
    static uint8_t bytes[1 << 16];
    size_t told = 0;
    while (told < send_bytes) {
        const size_t n = send_bytes - told < sizeof bytes ? send_bytes - told : sizeof bytes;
        for (size_t i = 0; i < n; i++)
            bytes[i] = (uint8_t)((told + i) * 7);
        const long answer = say_all(span_of(bytes, n));
        if (answer != 1) return answer;
        told += n;
    }
    return 1;
}

static void listen_to_the_end(void)
{
    uint8_t bytes[10000];
    size_t heard = 0;
    bool as_sent = true;
    long got;
    for (;;) {
        got = tls_recv(&tls, bytes, sizeof bytes);
        if (got == PORT_WAIT && !wait_for(tls.want)) break;
        if (got == PORT_END || got == PORT_LOST) break;
        for (long i = 0; i < got; i++, heard++)
            as_sent = as_sent && bytes[i] == (uint8_t)(heard * 7);
    }
    printf("heard=%zu right=%d\n", heard, as_sent);
    if (got == PORT_END) printf("end=close_notify\n");
    if (got == PORT_LOST) lost("recv");
    if (got == PORT_WAIT) stalled("recv");
    if (got == PORT_LOST && tls_recv(&tls, bytes, 1) != PORT_LOST) exit(7);
}

/* After tls_close. A key in PSA's store would see an arena that is gone. */
static void nothing_is_left(void)
{
    mbedtls_psa_stats_t stats;
    mbedtls_psa_get_stats(&stats);
    if (stats.MBEDTLS_PRIVATE(volatile_slots) != 0) exit(11);
    if (tls.arena.used != 0 && tls.arena.refused == 0) exit(8);
}

static void talk(int sock)
{
    const long answer = shake(sock);
    if (answer == PORT_LOST) lost("handshake");
    if (answer == PORT_WAIT) stalled("handshake");
    if (answer == 1) {
        printf("done version=%s suite=%s resumed=%d used=%zu\n", mbedtls_ssl_get_version(&tls.ssl),
               mbedtls_ssl_get_ciphersuite(&tls.ssl), tls.resumed, tls.arena.used);
        fflush(stdout);
        if (say_all(span_text(say_line)) == 1 && say_bytes() == 1) listen_to_the_end();
    }
    tls_close(&tls);
    tls_close(&tls);
    nothing_is_left();
    printf("peak=%zu calls=%llu session=%zu shared=%zu\n", tls_arena_peak(&tls),
           (unsigned long long)tls.arena.calls, tls.session_len, lent_shared_peak());
    close(sock);
}

/* ---- many connections ---- */

static bool shakes(void)
{
    const int sock = connect_to_server();
    const long answer = shake(sock);
    if (answer == PORT_LOST && tls.fault.len == 0) exit(9);
    if (answer == PORT_WAIT) exit(10);
    /* A line, so that a server that waits for one goes on, and its tickets. */
    bool good = answer == 1;
    if (good && *say_line != '\0') {
        uint8_t bytes[1000];
        good = say_all(span_text(say_line)) == 1;
        long got = 1;
        while (good && (got > 0 || (got == PORT_WAIT && wait_for(tls.want))))
            got = tls_recv(&tls, bytes, sizeof bytes);
        good = good && got == PORT_END;
    }
    tls_close(&tls);
    nothing_is_left();
    close(sock);
    return good;
}

static void sweep_failures(uint64_t stride)
{
    unsigned lost_count = 0, good_count = 0, otherwise = 0;
    uint64_t n = 0;
    do {
        /* Each of the first, where most different places are; then some. */
        n += n < 300 ? 1 : stride;
        tls.arena.fail_at = n;
        tls.session_len = 0;
        if (shakes())
            good_count++;
        else
            lost_count++;
        if (tls.fault.kind != FAULT_NONE &&
            memmem(tls.fault.text, tls.fault.len, "TLS_ARENA_BYTES", 15) == NULL) {
            otherwise++;
            lost("sweep");
        }
    } while (tls.arena.calls >= n);
    printf("swept=%llu lost=%u good=%u otherwise=%u\n", (unsigned long long)n, lost_count,
           good_count, otherwise);
}

static void find_smallest(void)
{
    size_t fits = sizeof tls.memory, not = 20000;
    tls.arena_bytes = fits;
    if (!shakes()) {
        lost("sweep");
        return;
    }
    while (fits - not > 8) {
        const size_t middle = (fits + not ) / 2 / 8 * 8;
        tls.arena_bytes = middle;
        tls.session_len = 0;
        if (shakes())
            fits = middle;
        else
            not = middle;
    }
    printf("smallest=%zu peak=%zu\n", fits, tls_arena_peak(&tls));
}

int main(int count, char **words)
{
    const char *sweep = "";
    unsigned times = 1;
    uint64_t stride = 1;
    if (count < 3 || !tls_setup() || !tls_setup()) return 2;
    server_port = (uint16_t)atoi(words[1]);
    host = words[2];
    for (int i = 3; i < count; i++) {
        char *value = strchr(words[i], '=');
        if (value == NULL) return 2;
        *value++ = '\0';
        const char *key = words[i];
        if (strcmp(key, "ca") == 0)
            trust.bundle_path = value;
        else if (strcmp(key, "cert") == 0)
            trust.certificate_path = value;
        else if (strcmp(key, "key") == 0)
            trust.key_path = value;
        else if (strcmp(key, "utc") == 0)
            utc_ms = atoll(value);
        else if (strcmp(key, "arena") == 0)
            tls.arena_bytes = (size_t)atoll(value);
        else if (strcmp(key, "fail") == 0)
            tls.arena.fail_at = (uint64_t)atoll(value);
        else if (strcmp(key, "say") == 0)
            say_line = value;
        else if (strcmp(key, "send") == 0)
            send_bytes = (size_t)atoll(value);
        else if (strcmp(key, "piece") == 0)
            piece_bytes = (size_t)atoll(value);
        else if (strcmp(key, "times") == 0)
            times = (unsigned)atoi(value);
        else if (strcmp(key, "patience") == 0)
            patience_ms = (unsigned)atoi(value);
        else if (strcmp(key, "other") == 0)
            other_host = value;
        else if (strcmp(key, "stride") == 0)
            stride = (uint64_t)atoll(value);
        else if (strcmp(key, "sweep") == 0)
            sweep = value;
        else
            return 2;
    }
    if (strcmp(sweep, "fail") == 0)
        sweep_failures(stride);
    else if (strcmp(sweep, "arena") == 0)
        find_smallest();
    else
        for (unsigned i = 0; i < times; i++) {
            talk(connect_to_server());
            const char *next = other_host != NULL ? other_host : host;
            other_host = other_host != NULL ? host : NULL;
            host = next;
        }
    return 0;
}
