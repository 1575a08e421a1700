#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "console.h"
#include "port.h"

enum { SOON_MS = 5000, MEGABYTE = 1 << 20 };

/* ---- clocks, chance, environment, files ---- */

static void clocks_go_forward(void **state)
{
    (void)state;
    uint64_t before = port_now_ms();
    struct timespec nap = {.tv_nsec = 20 * 1000000};
    nanosleep(&nap, NULL);
    uint64_t passed = port_now_ms() - before;
    assert_in_range(passed, 19, SOON_MS);
    int64_t off = port_utc_ms() - (int64_t)time(NULL) * 1000;
    assert_true(off > -1000 && off < 3000);
}

static void chance_differs(void **state)
{
    (void)state;
    uint8_t a[300] = {0}, b[300] = {0}, none = 7;
    assert_true(port_random(a, sizeof a) && port_random(b, sizeof b));
    assert_memory_not_equal(a, b, sizeof a);
    assert_memory_not_equal(a + 270, b + 270, 30); /* also behind the first 256 */
    assert_true(port_random(&none, 0));
    assert_int_equal(none, 7);
}

static void an_empty_variable_is_none(void **state)
{
    (void)state;
    setenv("PORT_TEST_SET", "it is", 1);
    setenv("PORT_TEST_EMPTY", "", 1);
    assert_string_equal(port_environment("PORT_TEST_SET"), "it is");
    assert_null(port_environment("PORT_TEST_EMPTY"));
    assert_null(port_environment("PORT_TEST_NEVER"));
}

static void files_are_read_in_pieces(void **state)
{
    (void)state;
    char folder[48], file[64], pipe[64];
    snprintf(folder, sizeof folder, "/tmp/port-test-%ld", (long)getpid());
    assert_int_equal(mkdir(folder, 0700), 0);
    snprintf(file, sizeof file, "%s/file", folder);
    snprintf(pipe, sizeof pipe, "%s/pipe", folder);
    FILE *f = fopen(file, "w");
    fputs("hello, world", f);
    fclose(f);
    assert_int_equal(mkfifo(pipe, 0600), 0);

    uint8_t to[8];
    assert_int_equal(port_read_file(file, 0, to, sizeof to), 8);
    assert_memory_equal(to, "hello, w", 8);
    assert_int_equal(port_read_file(file, 8, to, sizeof to), 4);
    assert_memory_equal(to, "orld", 4);
    assert_int_equal(port_read_file(file, 12, to, sizeof to), 0);
    assert_int_equal(port_read_file(file, 1U << 30, to, sizeof to), 0);
    assert_int_equal(port_read_file(file, UINT64_MAX, to, sizeof to), PORT_LOST);
    assert_int_equal(port_read_file(folder, 0, to, sizeof to), PORT_LOST);
    assert_int_equal(port_read_file(pipe, 0, to, sizeof to), PORT_LOST); /* and does not wait */
    assert_int_equal(port_read_file("/nowhere/at/all", 0, to, sizeof to), PORT_LOST);
    unlink(file);
    unlink(pipe);
    rmdir(folder);
}

static void a_line_of_the_log_is_one_write(void **state)
{
    (void)state;
    int ends[2], before = dup(STDERR_FILENO);
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, ends), 0); /* keeps writes apart */
    dup2(ends[1], STDERR_FILENO);
    port_log(span_text("one line"));
    port_log(span_of(NULL, 0));
    dup2(before, STDERR_FILENO);
    close(before);
    char line[64];
    assert_int_equal(read(ends[0], line, sizeof line), 9);
    assert_memory_equal(line, "one line\n", 9);
    assert_int_equal(read(ends[0], line, sizeof line), 1);
    assert_memory_equal(line, "\n", 1);
    close(ends[0]);
    close(ends[1]);
}

/* ---- sockets; the other side is this process ---- */

struct pair {
    int ours, theirs;
};

static int listener(uint8_t family, struct port_address *at)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    v6.sin6_addr = in6addr_loopback;
    int sock = socket(family == 4 ? AF_INET : AF_INET6, SOCK_STREAM, 0);
    if (sock < 0) return -1;
    socklen_t len = family == 4 ? sizeof v4 : sizeof v6;
    struct sockaddr *any = family == 4 ? (struct sockaddr *)&v4 : (struct sockaddr *)&v6;
    if (bind(sock, any, len) != 0 || listen(sock, 4) != 0 || getsockname(sock, any, &len) != 0) {
        close(sock);
        return -1;
    }
    *at = (struct port_address){.family = family, .bytes = {127, 0, 0, 1}};
    if (family == 6) memcpy(at->bytes, &v6.sin6_addr, 16);
    at->port = ntohs(family == 4 ? v4.sin_port : v6.sin6_port);
    return sock;
}

static void until(int sock, bool to_read, bool to_write)
{
    struct port_want want = {.sock = sock, .to_read = to_read, .to_write = to_write};
    port_wait(&want, 1, port_now_ms() + SOON_MS);
}

static long connected(int sock)
{
    long answer;
    while ((answer = port_connected(sock)) == PORT_WAIT)
        until(sock, false, true);
    return answer;
}

static struct pair connect_pair(uint8_t family)
{
    struct port_address at;
    int listening = listener(family, &at);
    if (listening < 0) skip(); /* no IPv6 here */
    struct pair p = {.ours = port_connect(&at)};
    assert_true(p.ours >= 0);
    p.theirs = accept(listening, NULL, NULL);
    assert_true(p.theirs >= 0);
    assert_int_equal(connected(p.ours), 1);
    assert_int_equal(port_connected(p.ours), 1);
    close(listening);
    return p;
}

static void close_pair(struct pair p)
{
    port_close(p.ours);
    port_close(p.theirs);
    port_close(-1);
}

static long receive(int sock, uint8_t *to, size_t room)
{
    long n;
    while ((n = port_recv(sock, to, room)) == PORT_WAIT)
        until(sock, true, false);
    return n;
}

static void words_go_both_ways(uint8_t family)
{
    struct pair p = connect_pair(family);
    assert_true(fcntl(p.ours, F_GETFD) & FD_CLOEXEC);
    assert_true(fcntl(p.ours, F_GETFL) & O_NONBLOCK);
    int no_delay = 0;
    socklen_t len = sizeof no_delay;
    getsockopt(p.ours, IPPROTO_TCP, TCP_NODELAY, &no_delay, &len);
    assert_true(no_delay);

    uint8_t text[8];
    assert_int_equal(port_recv(p.ours, text, sizeof text), PORT_WAIT);
    assert_int_equal(port_send(p.ours, span_text("there")), 5);
    assert_int_equal(read(p.theirs, text, sizeof text), 5);
    assert_memory_equal(text, "there", 5);
    assert_int_equal(write(p.theirs, "back", 4), 4);
    assert_int_equal(receive(p.ours, text, 3), 3);
    assert_int_equal(receive(p.ours, text + 3, 3), 1);
    assert_memory_equal(text, "back", 4);
    close_pair(p);
}

static void ipv4(void **state)
{
    (void)state;
    words_go_both_ways(4);
}

static void ipv6(void **state)
{
    (void)state;
    words_go_both_ways(6);
}

static void refused(void **state)
{
    (void)state;
    struct port_address at;
    close(listener(4, &at));
    int sock = port_connect(&at);
    if (sock == PORT_LOST) return; /* it may say so at once */
    assert_int_equal(connected(sock), PORT_LOST);
    assert_int_equal(port_connected(sock), PORT_LOST); /* and again */
    uint8_t byte;
    assert_int_equal(port_send(sock, span_text("x")), PORT_LOST);
    assert_true(port_recv(sock, &byte, 1) < 0);
    port_close(sock);
}

static void unreachable(void **state)
{
    (void)state;
    /* Nobody connects to a multicast group. */
    struct port_address at = {.family = 4, .bytes = {224, 0, 0, 1}, .port = 443};
    assert_int_equal(port_connect(&at), PORT_LOST);
}

static void a_reset_is_a_loss(void **state)
{
    (void)state;
    struct pair p = connect_pair(4);
    struct linger at_once = {.l_onoff = 1};
    setsockopt(p.theirs, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(p.theirs);
    uint8_t byte;
    assert_int_equal(receive(p.ours, &byte, 1), PORT_LOST);
    assert_int_equal(port_send(p.ours, span_text("x")), PORT_LOST);
    assert_int_equal(port_send(p.ours, span_text("x")), PORT_LOST);
    port_close(p.ours);
}

static void a_closed_pipe_is_no_death(void **state)
{
    (void)state;
    signal(SIGPIPE, SIG_DFL);
    struct pair p = connect_pair(4);
    close(p.theirs);
    uint8_t byte;
    assert_int_equal(receive(p.ours, &byte, 1), PORT_END);
    long n = 1;
    for (unsigned i = 0; i < 100 && n > 0; i++) {
        n = port_send(p.ours, span_text("x"));
        port_wait(NULL, 0, port_now_ms() + 2);
    }
    assert_int_equal(n, PORT_LOST);
    port_close(p.ours);
}

static void half_closed(void **state)
{
    (void)state;
    struct pair p = connect_pair(4);
    uint8_t text[8];
    assert_int_equal(write(p.theirs, "last", 4), 4);
    shutdown(p.theirs, SHUT_WR);
    assert_int_equal(receive(p.ours, text, sizeof text), 4);
    assert_int_equal(receive(p.ours, text, sizeof text), PORT_END);
    assert_int_equal(receive(p.ours, text, sizeof text), PORT_END);
    assert_int_equal(port_send(p.ours, span_text("heard")), 5); /* our direction is open */
    assert_int_equal(read(p.theirs, text, sizeof text), 5);
    close_pair(p);
}

static uint8_t large[MEGABYTE];

static void a_slow_reader(void **state)
{
    (void)state;
    struct pair p = connect_pair(4);
    size_t sent = 0;
    long n;
    while ((n = port_send(p.ours, span_of(large, sizeof large))) > 0)
        sent += (size_t)n;
    assert_int_equal(n, PORT_WAIT);
    struct port_want room = {.sock = p.ours, .to_write = true};
    uint64_t began = port_now_ms();
    port_wait(&room, 1, began + 30);
    assert_true(port_now_ms() >= began + 30); /* there is none */
    static uint8_t away[MEGABYTE];
    while (sent > 0) {
        ssize_t got = read(p.theirs, away, sizeof away);
        assert_true(got > 0);
        sent -= (size_t)got;
    }
    until(p.ours, false, true);
    assert_true(port_send(p.ours, span_text("x")) == 1);
    close_pair(p);
}

/* What one side sends, the other checks, both ways at once. */
struct stream {
    uint32_t seed;
    size_t sent, got;
    bool ended;
};

static uint8_t byte_at(uint32_t seed, size_t at)
{
    return (uint8_t)((at * 2654435761U + seed) >> 13);
}

static void push(int sock, struct stream *s)
{
    static uint8_t piece[7001];
    if (s->sent == MEGABYTE) return;
    size_t len = MEGABYTE - s->sent < sizeof piece ? MEGABYTE - s->sent : sizeof piece;
    for (size_t i = 0; i < len; i++)
        piece[i] = byte_at(s->seed, s->sent + i);
    long n = port_send(sock, span_of(piece, len));
    assert_true(n >= 0);
    s->sent += (size_t)n;
    if (s->sent == MEGABYTE) shutdown(sock, SHUT_WR);
}

static void pull(int sock, struct stream *s)
{
    static uint8_t piece[9001];
    long n = port_recv(sock, piece, sizeof piece);
    assert_true(n >= PORT_END);
    if (n == PORT_END) s->ended = true;
    for (long i = 0; i < n; i++)
        assert_int_equal(piece[i], byte_at(s->seed, s->got + (size_t)i));
    if (n > 0) s->got += (size_t)n;
}

static void a_megabyte_both_ways(void **state)
{
    (void)state;
    struct pair p = connect_pair(4);
    fcntl(p.theirs, F_SETFL, O_NONBLOCK);
    struct stream there = {.seed = 1}, back = {.seed = 99};
    while (!there.ended || !back.ended) {
        struct port_want wants[2] = {{p.ours, !back.ended, there.sent < MEGABYTE},
                                     {p.theirs, !there.ended, back.sent < MEGABYTE}};
        port_wait(wants, 2, port_now_ms() + SOON_MS);
        push(p.ours, &there);
        push(p.theirs, &back);
        if (!back.ended) pull(p.ours, &back);
        if (!there.ended) pull(p.theirs, &there);
    }
    assert_int_equal(there.got, MEGABYTE);
    assert_int_equal(back.got, MEGABYTE);
    close_pair(p);
}

/* ---- waiting ---- */

static void sleeping(void **state)
{
    (void)state;
    uint64_t began = port_now_ms();
    port_wait(NULL, 0, began + 40);
    assert_in_range(port_now_ms() - began, 40, SOON_MS);
    began = port_now_ms();
    port_wait(NULL, 0, 0);
    port_wait(NULL, 0, began);
    assert_in_range(port_now_ms() - began, 0, 30);
}

static void a_want_ends_a_sleep(void **state)
{
    (void)state;
    struct pair p = connect_pair(4);
    uint64_t began = port_now_ms();
    struct port_want wants[3] = {{p.theirs, true, false}, {p.ours, true, false}, {-1, true, true}};
    assert_int_equal(write(p.theirs, "x", 1), 1);
    port_wait(wants, 3, UINT64_MAX);
    assert_in_range(port_now_ms() - began, 0, SOON_MS);
    /* Who wants nothing is not woken, even by a broken socket. */
    struct linger at_once = {.l_onoff = 1};
    setsockopt(p.theirs, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    close(p.theirs);
    struct port_want nothing = {p.ours, false, false};
    began = port_now_ms();
    port_wait(&nothing, 1, began + 30);
    assert_true(port_now_ms() >= began + 30);
    port_close(p.ours);
}

/* Comes last: the flag stays. */
static void a_signal_ends_a_sleep(void **state)
{
    (void)state;
    console_init();
    signal(SIGALRM, SIG_IGN);
    uint64_t began = port_now_ms();
    pid_t child = fork();
    if (child == 0) {
        struct timespec nap = {.tv_nsec = 50 * 1000000};
        nanosleep(&nap, NULL);
        kill(getppid(), SIGTERM);
        _exit(0);
    }
    port_wait(NULL, 0, began + 2 * SOON_MS);
    assert_in_range(port_now_ms() - began, 0, SOON_MS);
    assert_true(console_interrupted());
    waitpid(child, NULL, 0);
    began = port_now_ms();
    port_wait(NULL, 0, began + 30); /* winding up */
    assert_true(port_now_ms() >= began + 30);
}

/* Between the caller's look and the sleep. In a process of its own, for a flag of its own. */
static void an_early_signal_ends_a_sleep_too(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        console_init();
        uint64_t began = port_now_ms();
        raise(SIGTERM);
        port_wait(NULL, 0, began + 2 * SOON_MS);
        bool at_once = port_now_ms() - began < SOON_MS;
        began = port_now_ms();
        port_wait(NULL, 0, began + 30);
        _exit(at_once && port_now_ms() >= began + 30 ? 0 : 1);
    }
    int status = 1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clocks_go_forward),
        cmocka_unit_test(chance_differs),
        cmocka_unit_test(an_empty_variable_is_none),
        cmocka_unit_test(files_are_read_in_pieces),
        cmocka_unit_test(a_line_of_the_log_is_one_write),
        cmocka_unit_test(ipv4),
        cmocka_unit_test(ipv6),
        cmocka_unit_test(refused),
        cmocka_unit_test(unreachable),
        cmocka_unit_test(a_reset_is_a_loss),
        cmocka_unit_test(a_closed_pipe_is_no_death),
        cmocka_unit_test(half_closed),
        cmocka_unit_test(a_slow_reader),
        cmocka_unit_test(a_megabyte_both_ways),
        cmocka_unit_test(sleeping),
        cmocka_unit_test(a_want_ends_a_sleep),
        cmocka_unit_test(an_early_signal_ends_a_sleep_too),
        cmocka_unit_test(a_signal_ends_a_sleep),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
