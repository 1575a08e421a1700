/* lookup_ask.c - asks the port's resolver, as test_lookup.py tells it to.
 *   lookup-ask HOSTS RESOLV_CONF PORT MOST_WAITS NAME...
 * One line a name: how many were found or -2, milliseconds, the longest single call in
 * milliseconds, how many calls, then the addresses or the words. All names are asked at the same
 * time. */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#include "port.h"
#include "posix/lookup.h"

enum { NAMES_MAX = 4 };

struct asked {
    struct port_lookup q;
    long answer;
    uint64_t took_ms, longest_ms;
    unsigned calls;
};

static struct asked all[NAMES_MAX];

static void ask(struct asked *a, uint64_t began_ms)
{
    uint64_t before = port_now_ms();
    a->answer = port_lookup(&a->q);
    uint64_t after = port_now_ms();
    a->calls++;
    a->took_ms = after - began_ms;
    if (after - before > a->longest_ms) a->longest_ms = after - before;
}

static void tell(const struct asked *a)
{
    printf("%ld %llu %llu %u", a->answer, (unsigned long long)a->took_ms,
           (unsigned long long)a->longest_ms, a->calls);
    for (size_t i = 0; i < a->q.count; i++) {
        const struct port_address *found = &a->q.found[i];
        char text[INET6_ADDRSTRLEN];
        inet_ntop(found->family == 4 ? AF_INET : AF_INET6, found->bytes, text, sizeof text);
        printf(" %s,%u,%u", text, found->port, found->scope);
    }
    printf("%s%s\n", a->answer < 0 ? " " : "", a->answer < 0 ? a->q.why : "");
}

int main(int argc, char **argv)
{
    if (argc < 6 || argc > 5 + NAMES_MAX) return 2;
    lookup_hosts_path = argv[1];
    lookup_resolv_conf_path = argv[2];
    lookup_server_port = (uint16_t)atoi(argv[3]);
    unsigned most = (unsigned)atoi(argv[4]), waits = 0;
    size_t count = (size_t)argc - 5;
    uint64_t began = port_now_ms();
    for (size_t i = 0; i < count; i++) {
        port_lookup_begin(&all[i].q, span_text(argv[5 + i]), 443);
        ask(&all[i], began);
    }
    for (;;) {
        struct port_want wants[NAMES_MAX];
        size_t wanted = 0;
        uint64_t until = UINT64_MAX;
        for (size_t i = 0; i < count; i++)
            if (all[i].answer == PORT_WAIT) wants[wanted++] = port_lookup_want(&all[i].q, &until);
        if (wanted == 0 || waits++ == most) break;
        port_wait(wants, wanted, until);
        for (size_t i = 0; i < count; i++)
            if (all[i].answer == PORT_WAIT) ask(&all[i], began);
    }
    for (size_t i = 0; i < count; i++) {
        /* The same again, and an end that is safe twice. */
        if (all[i].answer != PORT_WAIT && port_lookup(&all[i].q) != all[i].answer) return 3;
        port_lookup_end(&all[i].q);
        port_lookup_end(&all[i].q);
        tell(&all[i]);
    }
    return 0;
}
