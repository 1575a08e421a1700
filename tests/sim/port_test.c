/* port_test.c - the simulated port against what port.h promises, and the faults one by one. */
#include "sim/sim.h"

#include <setjmp.h>
#include <stdio.h>

static int failures;
static jmp_buf out;

static void check(bool good, const char *what)
{
    if (good) return;
    failures++;
    printf("FAILED: %s\n", what);
}

/* ---- a service that eats a little at a time, and sends back what it was told to ---- */

static struct {
    size_t appetite, eaten, to_say, said;
    bool ended, closes, resets, open;
} server;

static void set_clock(void *context, uint64_t now_ms, int64_t utc_ms)
{
    (void)context;
    (void)now_ms;
    (void)utc_ms;
}

static void *accept(void *context)
{
    (void)context;
    server.open = true;
    return &server;
}

static size_t feed(void *connection, const void *bytes, size_t n)
{
    (void)connection;
    (void)bytes;
    if (n > server.appetite) n = server.appetite;
    server.appetite -= n;
    server.eaten += n;
    return n;
}

static void feed_end(void *connection)
{
    (void)connection;
    server.ended = true;
}

static void tick(void *connection)
{
    (void)connection;
}

static uint64_t next_ms(const void *connection)
{
    (void)connection;
    return UINT64_MAX;
}

static size_t take(void *connection, void *to, size_t room)
{
    (void)connection;
    size_t n = server.to_say - server.said < room ? server.to_say - server.said : room;
    for (size_t i = 0; i < n; i++)
        ((uint8_t *)to)[i] = (uint8_t)(server.said + i);
    server.said += n;
    return n;
}

static bool wants_close(const void *connection, bool *reset)
{
    (void)connection;
    *reset = server.resets;
    return server.closes && server.said == server.to_say;
}

static bool is_idle(const void *connection)
{
    (void)connection;
    return false;
}

static void end(void *connection)
{
    (void)connection;
    server.open = false;
}

static const struct sim_service service = {NULL,    set_clock, accept,      feed,    feed_end, tick,
                                           next_ms, take,      wants_close, is_idle, end};

/* ---- a program ---- */

static int reach(const struct sim_faults *faults)
{
    sim_begin(7, faults, 0);
    sim_host("server", 80, 3, &service);
    memset(&server, 0, sizeof server);
    server.appetite = SIZE_MAX;
    struct port_lookup q;
    port_lookup_begin(&q, span_text("server"), 80);
    while (port_lookup(&q) == PORT_WAIT) {
        uint64_t until_ms = UINT64_MAX;
        struct port_want want = port_lookup_want(&q, &until_ms);
        port_wait(&want, 1, until_ms);
    }
    check(q.count == 3, "three addresses");
    port_lookup_end(&q);
    port_lookup_end(&q);
    return port_connect(&q.found[1]);
}

static void wait_for(int sock, bool to_read, bool to_write, uint64_t ms)
{
    port_wait(&(struct port_want){sock, to_read, to_write}, 1, port_now_ms() + ms);
}

static long open_one(int sock)
{
    while (port_connected(sock) == PORT_WAIT && port_now_ms() < 20000)
        wait_for(sock, false, true, 10000);
    return port_connected(sock);
}

static size_t send_all_it_takes(int sock)
{
    static const uint8_t some[5000];
    size_t sum = 0;
    long n;
    while ((n = port_send(sock, span_of(some, sizeof some))) > 0)
        sum += (size_t)n;
    check(n == PORT_WAIT, "zero means: not now");
    return sum;
}

static void test_flow_control(void)
{
    int sock = reach(&(struct sim_faults){.delay_ms_max = 10, .window_bytes = 4000});
    check(port_send(sock, span_text("x")) == PORT_WAIT, "nothing before it is connected");
    check(open_one(sock) == 1, "connected");
    server.appetite = 1000;
    check(send_all_it_takes(sock) == 4000, "a window, not more");
    wait_for(sock, false, true, 5000);
    check(server.eaten == 1000 && send_all_it_takes(sock) == 1000, "what was eaten is free again");
    uint64_t before_ms = port_now_ms();
    wait_for(sock, false, true, 5000);
    check(port_now_ms() == before_ms + 5000, "who is full waits to the end");
    port_close(sock);
    server.appetite = SIZE_MAX;
    sim_settle(1000);
    check(server.eaten == 5000 && server.ended, "what was sent arrives, and then the end");
    check(sim_counts().sockets_open == 0 && sim_violations()[0] == '\0', "nothing is left");
}

static void test_answer(bool resets)
{
    int sock =
        reach(&(struct sim_faults){.delay_ms_max = 50, .piece_bytes = 3, .short_calls = true});
    check(open_one(sock) == 1, "connected");
    server.to_say = 500;
    server.closes = true;
    server.resets = resets;
    uint8_t byte;
    size_t got = 0;
    long n;
    while ((n = port_recv(sock, &byte, 1)) >= 0) {
        if (n == PORT_WAIT)
            wait_for(sock, true, false, UINT32_MAX);
        else
            check(byte == (uint8_t)got++, "in order");
    }
    check(resets ? n == PORT_LOST && got <= 500 : n == PORT_END && got == 500, "to its end");
    port_close(sock);
}

static void test_fault(enum sim_fault fault, const char *what, bool connects)
{
    struct sim_faults faults = {.delay_ms_max = 5};
    faults.permille[fault] = 1000;
    int sock = reach(&faults);
    check((open_one(sock) == 1) == connects, what);
    check(sim_counts().faults[fault] > 0, "it is counted");
    if (connects) {
        server.to_say = 200000;
        server.closes = true;
        uint64_t sent = 0;
        long n = PORT_WAIT;
        while (port_now_ms() < 700000 && n != PORT_LOST && n != PORT_END) {
            uint8_t some[999];
            long up = sent < 200000 ? port_send(sock, span_of(some, sizeof some)) : PORT_WAIT;
            if (up > 0) sent += (uint64_t)up;
            n = port_recv(sock, some, sizeof some);
            if (n == PORT_WAIT) wait_for(sock, true, false, 300);
        }
        bool is_reset = fault == SIM_RESET_UP || fault == SIM_RESET_DOWN;
        check(is_reset ? n == PORT_LOST : true, "a reset is a loss");
        check(fault != SIM_RESET_UP || server.eaten < sent, "not what lies behind the break");
        check(fault != SIM_FIN || (n == PORT_END || n == PORT_LOST), "an end in the middle");
    }
    port_close(sock);
    check(sim_violations()[0] == '\0', what);
}

static void leave(void)
{
    longjmp(out, 1);
}

static void test_stuck(void)
{
    int sock = reach(&(struct sim_faults){0});
    open_one(sock);
    sim_on_stuck(leave);
    if (setjmp(out) == 0) {
        port_wait(&(struct port_want){sock, true, false}, 1, UINT64_MAX);
        check(false, "waiting for ever is noticed");
    }
    if (setjmp(out) == 0) {
        for (int i = 0; i < 1000000; i++)
            port_send(sock, span_text(""));
        check(false, "a busy loop is noticed");
    }
    if (setjmp(out) == 0) {
        for (int i = 0; i < 1000000; i++)
            port_wait(&(struct port_want){sock, false, true}, 1, UINT64_MAX);
        check(false, "waiting for what is there already is noticed");
    }
    sim_kill(2, leave);
    port_now_ms();
    if (setjmp(out) == 0) {
        port_now_ms();
        check(false, "the second call kills");
    }
    sim_died();
    check(sim_counts().sockets_open == 0, "the dead have no sockets");
}

static void test_mistakes(void)
{
    int sock = reach(&(struct sim_faults){0});
    open_one(sock);
    port_close(sock);
    check(sim_violations()[0] == '\0', "a clean close");
    check(port_send(sock, span_text("x")) == PORT_LOST && strstr(sim_violations(), "not open"),
          "a closed socket is not to be used");
    struct port_address nowhere = {.family = 4, .bytes = {1, 2, 3, 4}, .port = 80};
    check(port_connect(&nowhere) == PORT_LOST && strstr(sim_violations(), "address"),
          "addresses come from the name service");
    port_log(span_text("a\nb"));
    check(strstr(sim_violations(), "control byte") != NULL, "a line is one line");
}

static void test_clocks(void)
{
    sim_begin(1, &(struct sim_faults){0}, 1000000);
    sim_utc_offset(5000, -700000);
    sim_set_environment("A", "");
    sim_set_environment("B", "b");
    sim_set_file("/f", "12345", 5);
    check(port_environment("A") == NULL && strcmp(port_environment("B"), "b") == 0, "variables");
    uint8_t to[9];
    check(port_read_file("/f", 3, to, 9) == 2 && memcmp(to, "45", 2) == 0, "a file");
    check(port_read_file("/f", 5, to, 9) == 0 && port_read_file("/g", 0, to, 9) == PORT_LOST,
          "its end");
    check(port_utc_ms() == 1000000 + (int64_t)port_now_ms(), "the clock is right");
    port_wait(NULL, 0, 6000);
    check(port_now_ms() == 6000 && port_utc_ms() == 1000000 + 6000 - 700000, "and jumps");
}

int main(void)
{
    test_flow_control();
    test_answer(false);
    test_answer(true);
    test_fault(SIM_REFUSED, "refused", false);
    test_fault(SIM_UNREACHED, "never", false);
    test_fault(SIM_DEAD_ADDRESS, "dead", false);
    test_fault(SIM_RESET_UP, "reset up", true);
    test_fault(SIM_RESET_DOWN, "reset down", true);
    test_fault(SIM_FIN, "end", true);
    test_fault(SIM_STALL_UP, "stall up", true);
    test_fault(SIM_STALL_DOWN, "stall down", true);
    test_stuck();
    test_mistakes();
    test_clocks();
    sim_end();
    printf("%d failed\n", failures);
    return failures != 0;
}
