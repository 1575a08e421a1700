/* net.c - connections: two pipes of bytes each, and everything that happens to them. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

enum { WINDOW_BYTES = 65536, SEGMENTS_MAX = 64, WAYS_MAX = 64 };

/* One direction. Offsets count from the connection's begin. */
struct pipe {
    uint8_t *bytes; /* a ring of `window` */
    size_t window;
    uint64_t put, arrived, read;
    struct {
        uint64_t upto, at_ms;
    } segments[SEGMENTS_MAX]; /* on their way, a ring */
    size_t first, count;
    uint64_t last_ms;            /* when the last byte arrives: nothing overtakes it */
    uint64_t stall_at, stall_ms; /* from this offset on everything is late */
    uint64_t reset_at;           /* at this offset the connection breaks */
    uint64_t end_ms;             /* when the end arrives, behind all bytes */
    bool ended;
};

struct way {
    int sock; /* the program's; 0: it has closed it */
    struct sim_host *host;
    void *connection; /* the service's; NULL: not yet, or no more */
    struct pipe up, down;
    uint64_t open_ms;  /* when the connect ends */
    uint64_t reset_ms; /* when it breaks */
    uint64_t fin_at;   /* the server's end comes after so many bytes of `down` */
    uint64_t idle_ms;  /* a kept connection ends then */
    bool refused, open, broken, server_closed, told_end, drops_unread, closes_idle;
};

static struct way *ways[WAYS_MAX];
static size_t way_count;

/* ---- pipes ---- */

static bool pipe_init(struct pipe *p)
{
    *p = (struct pipe){.window = sim.faults.window_bytes != 0 ? sim.faults.window_bytes
                                                              : (size_t)WINDOW_BYTES};
    p->bytes = malloc(p->window);
    p->stall_at = p->reset_at = p->end_ms = NEVER_MS;
    return p->bytes != NULL;
}

static size_t pipe_room(const struct pipe *p)
{
    return p->window - (size_t)(p->put - p->read);
}

static uint64_t delay_ms(void)
{
    return sim_roll_weather(sim.faults.delay_ms_max + 1);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a == NEVER_MS || b > NEVER_MS - a ? NEVER_MS : a + b;
}

/* One segment more; where the table is full, the last one becomes longer. */
static void pipe_schedule(struct pipe *p, uint64_t upto)
{
    uint64_t at_ms = later(sim.now_ms, 1 + delay_ms());
    if (upto > p->stall_at) at_ms = later(at_ms, p->stall_ms);
    if (at_ms < p->last_ms) at_ms = p->last_ms;
    p->last_ms = at_ms;
    size_t last = (p->first + p->count - 1) % SEGMENTS_MAX;
    if (p->count < SEGMENTS_MAX) last = (p->first + p->count++) % SEGMENTS_MAX;
    p->segments[last].upto = upto;
    p->segments[last].at_ms = at_ms;
}

static void pipe_put(struct pipe *p, const uint8_t *bytes, size_t n)
{
    assert(n <= pipe_room(p));
    for (size_t done = 0; done < n;) {
        size_t piece = n - done;
        if (sim.faults.piece_bytes != 0 && piece > sim.faults.piece_bytes)
            piece = 1 + (size_t)sim_roll_weather(sim.faults.piece_bytes);
        size_t at = (size_t)(p->put % p->window);
        size_t first = p->window - at < piece ? p->window - at : piece;
        memcpy(p->bytes + at, bytes + done, first);
        memcpy(p->bytes, bytes + done + first, piece - first);
        uint64_t before = p->put;
        p->put += piece;
        if (before < p->stall_at && p->put > p->stall_at) pipe_schedule(p, p->stall_at);
        pipe_schedule(p, p->put);
        done += piece;
    }
}

static void pipe_arrive(struct pipe *p)
{
    while (p->count > 0 && p->segments[p->first].at_ms <= sim.now_ms) {
        p->arrived = p->segments[p->first].upto;
        p->first = (p->first + 1) % SEGMENTS_MAX;
        p->count--;
    }
    if (p->arrived > p->reset_at) p->arrived = p->reset_at;
}

/* What can be read in one piece. */
static struct span pipe_front(const struct pipe *p)
{
    size_t at = (size_t)(p->read % p->window);
    size_t n = (size_t)(p->arrived - p->read);
    return span_of(p->bytes + at, n < p->window - at ? n : p->window - at);
}

static void pipe_end(struct pipe *p)
{
    if (p->ended) return;
    p->ended = true;
    p->end_ms = later(sim.now_ms, 1 + delay_ms());
    if (p->end_ms < p->last_ms) p->end_ms = p->last_ms;
}

static bool pipe_is_over(const struct pipe *p)
{
    return p->end_ms <= sim.now_ms && p->read == p->put;
}

static uint64_t pipe_next_ms(const struct pipe *p)
{
    uint64_t next_ms = p->count > 0 ? p->segments[p->first].at_ms : NEVER_MS;
    return p->end_ms > sim.now_ms && p->end_ms < next_ms ? p->end_ms : next_ms;
}

/* ---- faults ---- */

/* Small offsets are as likely as large ones: heads and bodies both are hit. */
static uint64_t some_offset(void)
{
    return sim_roll(UINT64_C(1) << (1 + sim_roll(17)));
}

static void draw_stall(struct pipe *p, enum sim_fault fault)
{
    if (!sim_happens(fault)) return;
    p->stall_at = some_offset();
    p->stall_ms = sim_roll(4) == 0 ? NEVER_MS : sim_roll(UINT64_C(1) << (7 + sim_roll(11)));
}

static void draw_fate(struct way *w)
{
    w->open_ms = later(sim.now_ms, 1 + delay_ms());
    w->reset_ms = w->fin_at = w->idle_ms = NEVER_MS;
    w->refused = sim_happens(SIM_REFUSED);
    if (sim_happens(SIM_UNREACHED) || (w->host->address_count > 1 && sim_happens(SIM_DEAD_ADDRESS)))
        w->open_ms = NEVER_MS;
    if (sim_happens(SIM_RESET_UP)) w->up.reset_at = some_offset();
    if (sim_happens(SIM_RESET_DOWN)) w->down.reset_at = some_offset();
    if (sim_happens(SIM_FIN)) w->fin_at = some_offset();
    draw_stall(&w->up, SIM_STALL_UP);
    draw_stall(&w->down, SIM_STALL_DOWN);
    w->closes_idle = sim_happens(SIM_IDLE_CLOSE);
    w->drops_unread = sim_roll(2) == 0;
}

/* ---- the server's side ---- */

static void leave_service(struct way *w)
{
    if (w->connection != NULL) w->host->service->end(w->connection);
    w->connection = NULL;
}

static void break_way(struct way *w)
{
    if (w->broken) return;
    w->broken = true;
    sim_event("reset", w->sock, (int64_t)w->down.put);
    leave_service(w);
    if (w->drops_unread) w->down.read = w->down.arrived;
}

static void feed_service(struct way *w)
{
    const struct sim_service *s = w->host->service;
    for (;;) {
        struct span front = pipe_front(&w->up);
        if (front.len == 0) break;
        size_t n = w->connection != NULL ? s->feed(w->connection, front.at, front.len) : front.len;
        if (n == 0) break;
        w->up.read += n;
    }
    if (w->connection != NULL && !w->told_end && pipe_is_over(&w->up)) {
        w->told_end = true;
        s->feed_end(w->connection);
    }
}

static void take_from_service(struct way *w)
{
    uint8_t some[4096];
    while (w->connection != NULL && w->down.put < w->fin_at) {
        size_t room = pipe_room(&w->down);
        if (room > sizeof some) room = sizeof some;
        if (room > w->fin_at - w->down.put) room = (size_t)(w->fin_at - w->down.put);
        size_t n = room > 0 ? w->host->service->take(w->connection, some, room) : 0;
        if (n == 0) break;
        sim.counts.bytes_down += n;
        pipe_put(&w->down, some, n);
        if (w->down.reset_at < w->down.put && w->reset_ms == NEVER_MS)
            w->reset_ms = w->down.last_ms;
    }
    if (w->down.put >= w->fin_at && !w->server_closed) {
        sim_event("end in the middle", w->sock, (int64_t)w->fin_at);
        w->server_closed = true;
        pipe_end(&w->down);
        leave_service(w);
    }
}

static void close_from_service(struct way *w)
{
    bool reset = false;
    if (w->connection == NULL || !w->host->service->wants_close(w->connection, &reset)) return;
    leave_service(w);
    w->server_closed = true;
    sim_event(reset ? "server resets" : "server closes", w->sock, (int64_t)w->down.put);
    if (reset && w->reset_ms == NEVER_MS)
        w->reset_ms = later(sim.now_ms, 1 + delay_ms());
    else
        pipe_end(&w->down);
}

static void mind_idleness(struct way *w)
{
    if (!w->closes_idle || w->connection == NULL || w->down.put == 0) return;
    if (!w->host->service->is_idle(w->connection)) {
        w->idle_ms = NEVER_MS;
        return;
    }
    if (w->idle_ms == NEVER_MS) w->idle_ms = later(sim.now_ms, sim_roll(300));
    if (w->idle_ms > sim.now_ms) return;
    sim_event("idle: closed", w->sock, 0);
    leave_service(w);
    w->server_closed = true;
    pipe_end(&w->down);
}

static void pump_open(struct way *w)
{
    if (w->connection != NULL) w->host->service->tick(w->connection);
    bool came = w->up.read < w->up.arrived;
    feed_service(w);
    if (came && w->server_closed && w->reset_ms == NEVER_MS)
        w->reset_ms = later(sim.now_ms, 1 + delay_ms()); /* nobody is there any more */
    if (w->connection != NULL) w->host->service->tick(w->connection);
    take_from_service(w);
    close_from_service(w);
    mind_idleness(w);
}

/* The program has closed it: what is on its way is nobody's, and the server need not wait. */
static void forget_down(struct pipe *p)
{
    p->read = p->arrived = p->put;
    p->count = 0;
}

static void pump(struct way *w)
{
    w->host->service->clock(w->host->service->context, sim.now_ms, sim_true_utc_ms());
    if (!w->open && !w->refused && w->open_ms <= sim.now_ms && !w->broken) {
        w->open = true;
        w->connection = w->host->service->accept(w->host->service->context);
        sim_event("open", w->sock, 0);
    }
    pipe_arrive(&w->up);
    pipe_arrive(&w->down);
    if (w->sock == 0) forget_down(&w->down);
    if (w->open && !w->broken) pump_open(w);
    if (w->reset_ms <= sim.now_ms) break_way(w);
}

/* Nobody has a view of it any more. */
static bool is_done(const struct way *w)
{
    if (w->sock != 0) return false;
    return w->broken || !w->open || w->connection == NULL;
}

static void remove_way(size_t at)
{
    struct way *w = ways[at];
    leave_service(w);
    free(w->up.bytes);
    free(w->down.bytes);
    free(w);
    ways[at] = ways[--way_count];
}

void net_pump(void)
{
    for (size_t i = 0; i < way_count; i++)
        pump(ways[i]);
    for (size_t i = way_count; i-- > 0;)
        if (is_done(ways[i])) remove_way(i);
}

static uint64_t way_next_ms(const struct way *w)
{
    if (w->broken) return NEVER_MS;
    uint64_t times[] = {
        w->open ? NEVER_MS : w->open_ms,
        pipe_next_ms(&w->up),
        pipe_next_ms(&w->down),
        w->reset_ms,
        w->idle_ms,
        w->connection != NULL ? w->host->service->next_ms(w->connection) : NEVER_MS,
    };
    uint64_t next_ms = NEVER_MS;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (times[i] > sim.now_ms && times[i] < next_ms) next_ms = times[i];
    return next_ms;
}

uint64_t net_next_ms(void)
{
    uint64_t next_ms = NEVER_MS;
    for (size_t i = 0; i < way_count; i++) {
        uint64_t one_ms = way_next_ms(ways[i]);
        if (one_ms < next_ms) next_ms = one_ms;
    }
    return next_ms;
}

void net_end(void)
{
    while (way_count > 0)
        remove_way(way_count - 1);
}

/* ---- the program's side ---- */

static struct way *way_of(int sock)
{
    for (size_t i = 0; i < way_count; i++)
        if (ways[i]->sock == sock) return ways[i];
    sim_violation("a socket that is not open", sock);
    return NULL;
}

bool net_is_met(const struct port_want *want)
{
    if (lookup_is_ready(want->sock)) return true;
    for (size_t i = 0; i < way_count; i++) {
        const struct way *w = ways[i];
        if (w->sock != want->sock) continue;
        if (w->broken || (w->refused && w->open_ms <= sim.now_ms)) return true;
        if (!w->open) return false;
        bool readable = w->down.arrived > w->down.read || pipe_is_over(&w->down);
        return (want->to_read && readable) || (want->to_write && pipe_room(&w->up) > 0);
    }
    return false;
}

int port_connect(const struct port_address *to)
{
    sim_called();
    sim.counts.connects++;
    struct sim_host *host = host_at(to);
    if (host == NULL) {
        sim_violation("connects to an address nobody told it", to->bytes[3]);
        return PORT_LOST;
    }
    struct way *w = calloc(1, sizeof *w);
    if (w == NULL || way_count == WAYS_MAX || !pipe_init(&w->up) || !pipe_init(&w->down)) abort();
    w->sock = sim.next_sock++;
    w->host = host;
    draw_fate(w);
    ways[way_count++] = w;
    sim.counts.sockets_open++;
    sim_event("connect", w->sock, to->bytes[to->family == 4 ? 3 : 15]);
    return w->sock;
}

long port_connected(int sock)
{
    sim_called();
    const struct way *w = way_of(sock);
    if (w == NULL || w->broken || (w->refused && w->open_ms <= sim.now_ms)) return PORT_LOST;
    return w->open ? 1 : PORT_WAIT;
}

long port_send(int sock, struct span from)
{
    sim_called();
    struct way *w = way_of(sock);
    if (w == NULL || w->broken) return PORT_LOST;
    if (!w->open) return w->refused && w->open_ms <= sim.now_ms ? PORT_LOST : PORT_WAIT;
    size_t n = pipe_room(&w->up);
    if (n > from.len) n = from.len;
    if (n > 1 && sim.faults.short_calls) n = 1 + (size_t)sim_roll_weather(n);
    if (n == 0) return PORT_WAIT;
    pipe_put(&w->up, from.at, n);
    sim.counts.bytes_up += n;
    if (w->up.reset_at < w->up.put && w->reset_ms == NEVER_MS) w->reset_ms = w->up.last_ms;
    sim_event("send", sock, (int64_t)n);
    return (long)n;
}

long port_recv(int sock, uint8_t *to, size_t room)
{
    sim_called();
    assert(room > 0);
    struct way *w = way_of(sock);
    if (w == NULL) return PORT_LOST;
    struct span front = pipe_front(&w->down);
    if (front.len == 0) {
        if (w->broken || (w->refused && w->open_ms <= sim.now_ms)) return PORT_LOST;
        return pipe_is_over(&w->down) ? PORT_END : PORT_WAIT;
    }
    size_t n = front.len < room ? front.len : room;
    if (n > 1 && sim.faults.short_calls) n = 1 + (size_t)sim_roll_weather(n);
    memcpy(to, front.at, n);
    w->down.read += n;
    sim_event("recv", sock, (int64_t)n);
    return (long)n;
}

static void close_way(struct way *w)
{
    sim_event("close", w->sock, (int64_t)w->up.put);
    w->sock = 0;
    sim.counts.sockets_open--;
    pipe_end(&w->up);
    forget_down(&w->down);
}

void port_close(int sock)
{
    sim_called();
    if (sock < 0) return;
    struct way *w = way_of(sock);
    if (w != NULL) close_way(w);
}

void sim_died(void)
{
    for (size_t i = 0; i < way_count; i++)
        if (ways[i]->sock != 0) close_way(ways[i]);
    lookups_end();
    sim.counts.sockets_open = 0;
    sim.kill_at = 0;
}

struct sim_counts sim_counts(void)
{
    return sim.counts;
}
