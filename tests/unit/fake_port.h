/* fake_port.h - a machine made of tables: a clock that stands still, names, addresses, sockets with a script each.
 *   eats    what the rooms send; what the script says shall happen, and when
 *   gives   port.h's functions; sleep that wakes only for what is wanted, or when the time has come
 *   keeps   every socket, what was heard on it, how many were closed
 *   knows   nothing of HTTP */
#ifndef TESTS_UNIT_FAKE_PORT_H
#define TESTS_UNIT_FAKE_PORT_H

#include <stdlib.h>

#include "cut.h"
#include "port.h"

enum {
    FAKE_SOCKETS = 128,
    FAKE_FIRST_SOCKET = 40,
    FAKE_LOOKUP_SOCKET = 20,
    FAKE_SLEEPS_MAX = 200000
};

enum fake_kind {
    FAKE_STOP,  /* the script's end: nothing more happens */
    FAKE_HEAR,  /* goes on when so many bytes have come in all */
    FAKE_AFTER, /* goes on after so many ms */
    FAKE_SAY,
    FAKE_SAY_BYTES, /* `number` of them */
    FAKE_END,       /* nothing more is said */
    FAKE_RESET,     /* the next recv without words is lost, and sends are */
    FAKE_DEAF,      /* sends are lost; what was said before can still be read */
    FAKE_WINDOW     /* takes no more than so many bytes in all, until the next of these */
};

struct fake_step {
    enum fake_kind kind;
    uint64_t number;
    const char *text;
};

enum fake_connecting { FAKE_CONNECTS, FAKE_REFUSES_AT_ONCE, FAKE_REFUSES, FAKE_NEVER };

struct fake_address {
    enum fake_connecting how;
    uint64_t after_ms;
};

struct fake_socket {
    bool is_open;
    struct fake_address address;
    uint64_t began_ms;
    const struct fake_step *step;
    uint64_t step_ms;
    bool ended, reset, deaf;
    uint64_t window;
    uint8_t *heard, *words;
    size_t heard_len, words_len, words_at, answered; /* `answered`: the server's own */
};

static struct {
    uint64_t now_ms;
    uint32_t seed;
    size_t piece;            /* no send or recv moves more; 0: as much as it likes */
    unsigned refuse_percent; /* of the calls that could go on are refused all the same */
    struct fake_address addresses[ADDRESSES_MAX];
    size_t address_count; /* 0: the name is not found */
    uint64_t lookup_ms;
    uint64_t lookup_ready_ms;
    const struct fake_step *scripts[FAKE_SOCKETS]; /* of each socket that is connected */
    void (*serve)(struct fake_socket *s);          /* NULL: only scripts */
    struct fake_socket sockets[FAKE_SOCKETS];
    size_t opened, closed, lookups, lookups_ended, sleeps;
} fake;

static inline void fake_end(void)
{
    for (size_t i = 0; i < fake.opened; i++) {
        free(fake.sockets[i].heard);
        free(fake.sockets[i].words);
    }
    memset(&fake, 0, sizeof fake);
}

static inline void fake_begin(uint32_t seed)
{
    fake_end();
    fake.now_ms = 1000000;
    fake.seed = seed;
    fake.address_count = 1;
}

static inline struct fake_socket *fake_of(int sock)
{
    assert_in_range(sock, FAKE_FIRST_SOCKET, FAKE_FIRST_SOCKET + (int)fake.opened - 1);
    struct fake_socket *s = &fake.sockets[sock - FAKE_FIRST_SOCKET];
    assert_true(s->is_open); /* nobody uses a socket that was closed */
    return s;
}

static inline void fake_say(struct fake_socket *s, struct span text)
{
    if (text.len == 0) return;
    s->words = realloc(s->words, s->words_len + text.len);
    assert_non_null(s->words);
    memcpy(s->words + s->words_len, text.at, text.len);
    s->words_len += text.len;
}

static inline bool fake_is_connected(const struct fake_socket *s)
{
    return s->address.how == FAKE_CONNECTS && fake.now_ms >= s->began_ms + s->address.after_ms;
}

static inline void fake_next_step(struct fake_socket *s)
{
    s->step++;
    s->step_ms = fake.now_ms;
}

static inline void fake_run_one(struct fake_socket *s)
{
    while (s->is_open && s->step != NULL && fake_is_connected(s)) {
        switch (s->step->kind) {
        case FAKE_STOP: return;
        case FAKE_HEAR:
            if (s->heard_len < s->step->number) return;
            break;
        case FAKE_AFTER:
            if (fake.now_ms < s->step_ms + s->step->number) return;
            break;
        case FAKE_SAY: fake_say(s, span_text(s->step->text)); break;
        case FAKE_SAY_BYTES: fake_say(s, span_of(s->step->text, (size_t)s->step->number)); break;
        case FAKE_END: s->ended = true; break;
        case FAKE_RESET: s->reset = s->deaf = true; break;
        case FAKE_DEAF: s->deaf = true; break;
        case FAKE_WINDOW: s->window = s->step->number; break;
        }
        fake_next_step(s);
    }
}

static inline void fake_run(void)
{
    for (size_t i = 0; i < fake.opened; i++)
        fake_run_one(&fake.sockets[i]);
}

/* ---- sleep ---- */

static inline bool fake_is_met(struct port_want want)
{
    if (want.sock < 0) return false;
    if (want.sock == FAKE_LOOKUP_SOCKET) return want.to_read && fake.now_ms >= fake.lookup_ready_ms;
    const struct fake_socket *s = fake_of(want.sock);
    if (s->address.how == FAKE_REFUSES && fake.now_ms >= s->began_ms + s->address.after_ms)
        return true;
    if (!fake_is_connected(s)) return false;
    const bool can_read = s->words_at < s->words_len || s->ended || s->reset;
    const bool can_write = s->heard_len < s->window || s->deaf;
    return (want.to_read && can_read) || (want.to_write && can_write) || s->reset;
}

/* When something happens next; UINT64_MAX: never. */
static inline uint64_t fake_next_ms(void)
{
    uint64_t next = UINT64_MAX;
    if (fake.lookup_ready_ms > fake.now_ms) next = fake.lookup_ready_ms;
    for (size_t i = 0; i < fake.opened; i++) {
        const struct fake_socket *s = &fake.sockets[i];
        if (!s->is_open) continue;
        uint64_t at = UINT64_MAX;
        if (s->address.how != FAKE_NEVER && fake.now_ms < s->began_ms + s->address.after_ms)
            at = s->began_ms + s->address.after_ms;
        else if (s->step != NULL && s->step->kind == FAKE_AFTER)
            at = s->step_ms + s->step->number;
        if (at > fake.now_ms && at < next) next = at;
    }
    return next;
}

/* As port_wait, but it wakes for nothing else: who forgot to want something sleeps until its time. */
static inline void fake_sleep(struct port_want want, uint64_t until_ms)
{
    assert_true(++fake.sleeps < FAKE_SLEEPS_MAX);
    assert_true(until_ms > fake.now_ms); /* else it would spin */
    assert_true(until_ms != UINT64_MAX); /* else it might sleep for ever */
    for (;;) {
        fake_run();
        if (fake_is_met(want)) return;
        const uint64_t next = fake_next_ms();
        if (next >= until_ms) break;
        fake.now_ms = next;
    }
    fake.now_ms = until_ms;
}

/* ---- port.h ---- */

static inline bool fake_refuses(void)
{
    return fake.refuse_percent > 0 && cut_random(&fake.seed) % 100 < fake.refuse_percent;
}

static inline size_t fake_portion(size_t n)
{
    if (fake.piece == 0 || n <= 1) return n;
    const size_t most = n < fake.piece ? n : fake.piece;
    return 1 + cut_random(&fake.seed) % most;
}

uint64_t port_now_ms(void)
{
    return fake.now_ms;
}

void port_lookup_begin(struct port_lookup *q, struct span host, uint16_t port)
{
    memset(q, 0, sizeof *q);
    memcpy(q->host, host.at, host.len);
    q->port = port;
    q->at = LOOKUP_LISTEN;
    fake.lookups++;
    fake.lookup_ready_ms = fake.now_ms + fake.lookup_ms;
}

long port_lookup(struct port_lookup *q)
{
    assert_int_equal(q->at, LOOKUP_LISTEN);
    if (fake.now_ms < fake.lookup_ready_ms || fake_refuses()) return PORT_WAIT;
    if (fake.address_count == 0) {
        q->why = "there is no such name";
        return PORT_LOST;
    }
    q->count = fake.address_count;
    for (size_t i = 0; i < q->count; i++) {
        q->found[i] = (struct port_address){.family = 4, .port = q->port};
        q->found[i].bytes[3] = (uint8_t)i;
    }
    return (long)q->count;
}

struct port_want port_lookup_want(const struct port_lookup *q, uint64_t *until_ms)
{
    assert_int_equal(q->at, LOOKUP_LISTEN);
    (void)until_ms;
    return (struct port_want){FAKE_LOOKUP_SOCKET, true, false};
}

void port_lookup_end(struct port_lookup *q)
{
    if (q->at != LOOKUP_ENDED) fake.lookups_ended++;
    q->at = LOOKUP_ENDED;
}

int port_connect(const struct port_address *to)
{
    const struct fake_address address = fake.addresses[to->bytes[3]];
    if (address.how == FAKE_REFUSES_AT_ONCE) return PORT_LOST;
    assert_true(fake.opened < FAKE_SOCKETS);
    struct fake_socket *s = &fake.sockets[fake.opened];
    *s = (struct fake_socket){.is_open = true,
                              .address = address,
                              .began_ms = fake.now_ms,
                              .step = fake.scripts[fake.opened],
                              .step_ms = fake.now_ms,
                              .window = UINT64_MAX};
    return FAKE_FIRST_SOCKET + (int)fake.opened++;
}

long port_connected(int sock)
{
    const struct fake_socket *s = fake_of(sock);
    fake_run();
    if (s->address.how == FAKE_NEVER || fake.now_ms < s->began_ms + s->address.after_ms)
        return PORT_WAIT;
    if (s->address.how == FAKE_REFUSES) return PORT_LOST;
    return fake_refuses() ? PORT_WAIT : 1;
}

long port_send(int sock, struct span from)
{
    struct fake_socket *s = fake_of(sock);
    assert_true(from.len > 0);
    fake_run();
    if (s->deaf) return PORT_LOST;
    if (s->heard_len >= s->window || fake_refuses()) return PORT_WAIT;
    const size_t n = fake_portion(span_min(from, s->window - s->heard_len));
    s->heard = realloc(s->heard, s->heard_len + n + 1);
    assert_non_null(s->heard);
    memcpy(s->heard + s->heard_len, from.at, n);
    s->heard_len += n;
    s->heard[s->heard_len] = 0; /* so that it may be searched as text */
    fake_run();
    if (fake.serve != NULL) fake.serve(s);
    return (long)n;
}

long port_recv(int sock, uint8_t *to, size_t room)
{
    struct fake_socket *s = fake_of(sock);
    assert_true(room > 0);
    fake_run();
    const size_t left = s->words_len - s->words_at;
    if (left > 0) {
        if (fake_refuses()) return PORT_WAIT;
        const size_t n = fake_portion(left < room ? left : room);
        memcpy(to, s->words + s->words_at, n);
        s->words_at += n;
        return (long)n;
    }
    if (s->reset) {
        s->reset = false; /* a reset is told once */
        s->ended = true;
        return PORT_LOST;
    }
    return s->ended ? PORT_END : PORT_WAIT;
}

void port_close(int sock)
{
    if (sock < 0) return;
    fake_of(sock)->is_open = false;
    fake.closed++;
}

#endif
