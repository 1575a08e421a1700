/* names.c - the name service, and which address leads where. */
#include "inside.h"

#include <arpa/inet.h>

enum { LOOKUPS_MAX = 16 };

static struct {
    uint64_t ready_ms;
    const struct sim_host *host; /* NULL: there is no such name */
    int sock;                    /* 0: free */
    bool fails;
} lookups[LOOKUPS_MAX];

static bool read_address(const char *text, struct port_address *to)
{
    to->family = 4;
    if (inet_pton(AF_INET, text, to->bytes) == 1) return true;
    to->family = 6;
    return inet_pton(AF_INET6, text, to->bytes) == 1;
}

void sim_host(const char *name, uint16_t port, unsigned addresses,
              const struct sim_service *service)
{
    assert(sim.host_count < SIM_HOSTS_MAX);
    assert(strlen(name) <= HOST_BYTES_MAX);
    assert(addresses <= ADDRESSES_MAX);
    struct sim_host *h = &sim.hosts[sim.host_count++];
    *h = (struct sim_host){.port = port, .address_count = addresses, .service = service};
    memcpy(h->name, name, strlen(name));
    struct port_address own = {.port = port};
    if (read_address(name, &own)) {
        h->address_count = 1;
        h->addresses[0] = own;
        return;
    }
    for (unsigned i = 0; i < addresses; i++) {
        struct port_address *a = &h->addresses[i];
        *a = (struct port_address){.family = i % 3 == 1 ? 6 : 4, .port = port};
        a->bytes[0] = a->family == 4 ? 10 : 0xfd;
        a->bytes[a->family == 4 ? 2 : 14] = (uint8_t)sim.host_count;
        a->bytes[a->family == 4 ? 3 : 15] = (uint8_t)(i + 1);
    }
}

struct sim_host *host_at(const struct port_address *to)
{
    for (size_t h = 0; h < sim.host_count; h++)
        for (unsigned i = 0; i < sim.hosts[h].address_count; i++) {
            const struct port_address *a = &sim.hosts[h].addresses[i];
            if (a->family == to->family && sim.hosts[h].port == to->port &&
                memcmp(a->bytes, to->bytes, a->family == 4 ? 4 : 16) == 0)
                return &sim.hosts[h];
        }
    return NULL;
}

static size_t find(int sock)
{
    size_t at = 0;
    while (at < LOOKUPS_MAX && lookups[at].sock != sock)
        at++;
    return at;
}

bool lookup_is_ready(int sock)
{
    size_t at = find(sock);
    return sock > 0 && at < LOOKUPS_MAX && lookups[at].ready_ms <= sim.now_ms;
}

uint64_t lookup_next_ms(void)
{
    uint64_t next_ms = NEVER_MS;
    for (size_t i = 0; i < LOOKUPS_MAX; i++)
        if (lookups[i].sock != 0 && lookups[i].ready_ms > sim.now_ms &&
            lookups[i].ready_ms < next_ms)
            next_ms = lookups[i].ready_ms;
    return next_ms;
}

void lookups_end(void)
{
    memset(lookups, 0, sizeof lookups);
}

static uint64_t answer_ms(void)
{
    if (!sim_happens(SIM_LOOKUP_SLOW))
        return sim.now_ms + sim_roll_weather(sim.faults.delay_ms_max + 2);
    return sim_roll(2) == 0 ? NEVER_MS : sim.now_ms + sim_roll(30000);
}

void port_lookup_begin(struct port_lookup *q, struct span host, uint16_t port)
{
    sim_called();
    sim.counts.lookups++;
    assert(host.len >= 1 && host.len <= HOST_BYTES_MAX);
    *q = (struct port_lookup){.port = port, .sock = -1};
    memcpy(q->host, host.at, host.len);
    struct port_address own = {.port = port};
    if (read_address(q->host, &own)) {
        q->found[0] = own;
        q->count = 1;
        return;
    }
    size_t at = find(0);
    assert(at < LOOKUPS_MAX);
    q->sock = lookups[at].sock = sim.next_sock++;
    sim.counts.sockets_open++;
    lookups[at].host = NULL;
    for (size_t h = 0; h < sim.host_count; h++)
        if (strcmp(sim.hosts[h].name, q->host) == 0 && sim.hosts[h].port == port)
            lookups[at].host = &sim.hosts[h];
    if (lookups[at].host == NULL) sim_violation("asks for a name nobody told it", q->sock);
    lookups[at].fails = sim_happens(SIM_LOOKUP_FAILS);
    lookups[at].ready_ms = answer_ms();
    sim_event("lookup", q->sock, (int64_t)lookups[at].ready_ms);
}

long port_lookup(struct port_lookup *q)
{
    sim_called();
    if (q->count > 0) return (long)q->count;
    if (q->why != NULL) return PORT_LOST;
    size_t at = find(q->sock);
    assert(q->sock > 0 && at < LOOKUPS_MAX);
    if (lookups[at].ready_ms > sim.now_ms) return PORT_WAIT;
    const struct sim_host *h = lookups[at].host;
    if (h == NULL || lookups[at].fails) {
        q->why = h == NULL ? "there is no such name" : "the name service failed";
        sim_event("lookup failed", q->sock, 0);
        return PORT_LOST;
    }
    q->count = h->address_count;
    memcpy(q->found, h->addresses, sizeof q->found);
    sim_event("lookup done", q->sock, (int64_t)q->count);
    return (long)q->count;
}

struct port_want port_lookup_want(const struct port_lookup *q, uint64_t *until_ms)
{
    sim_called();
    if (q->sock > 0) {
        uint64_t again_ms = sim.now_ms + 1000; /* as the real one, which then asks another server */
        if (again_ms < *until_ms) *until_ms = again_ms;
    }
    return (struct port_want){.sock = q->sock, .to_read = q->sock > 0};
}

void port_lookup_end(struct port_lookup *q)
{
    sim_called();
    size_t at = find(q->sock);
    if (q->sock <= 0 || at == LOOKUPS_MAX) return;
    lookups[at].sock = 0;
    q->sock = -1;
    sim.counts.sockets_open--;
}
