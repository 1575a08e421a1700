#include "net/connection.h"

void connection_init(struct connection *c, const struct tls_trust *trust)
{
    memset(c, 0, sizeof *c);
    c->trust = trust;
    c->sock = -1;
}

/* ---- words ---- */

static struct writer begin_fault(struct connection *c, enum fault_kind kind)
{
    struct writer w = fault_begin(&c->fault, kind, FAULT_NOWHERE);
    writer_visible(&w, span_of(c->endpoint.host, c->endpoint.host_len));
    writer_text(&w, " port ");
    writer_number(&w, c->endpoint.port);
    writer_text(&w, ": ");
    return w;
}

static void note(struct connection *c, const char *text)
{
    struct writer w = begin_fault(c, FAULT_NETWORK);
    writer_text(&w, text);
    fault_put(&c->fault, &w);
}

static void note_tls(struct connection *c)
{
    struct writer w = begin_fault(c, c->tls.fault.kind);
    writer_bytes(&w, span_of(c->tls.fault.text, c->tls.fault.len));
    fault_put(&c->fault, &w);
}

static void note_broken(struct connection *c)
{
    if (c->endpoint.tls)
        note_tls(c);
    else
        note(c, "it broke the connection");
}

static void lose(struct connection *c, const char *text)
{
    note(c, text);
    c->at = CONNECTION_LOST;
}

static void lose_tls(struct connection *c)
{
    note_tls(c);
    c->at = CONNECTION_LOST;
}

/* ---- the way there ---- */

static void begin_handshake(struct connection *c, uint64_t now_ms)
{
    struct span host = span_of(c->endpoint.host, c->endpoint.host_len);
    c->at = CONNECTION_OPEN;
    if (!c->endpoint.tls) return;
    c->at = CONNECTION_HANDSHAKE;
    c->until_ms = now_ms + TLS_PATIENCE_MS;
    if (!tls_begin(&c->tls, c->trust, host, c->endpoint.port, c->sock)) lose_tls(c);
}

/* Begins with the address at hand, or the next one that can be begun with. */
static void try_address(struct connection *c, uint64_t now_ms)
{
    for (; c->address_at < c->lookup.count; c->address_at++) {
        c->sock = port_connect(&c->lookup.found[c->address_at]);
        if (c->sock < 0) continue;
        bool is_last = c->address_at + 1 == c->lookup.count;
        c->at = CONNECTION_CONNECT;
        c->until_ms = now_ms + (is_last ? CONNECT_PATIENCE_MS : ADDRESS_PATIENCE_MS);
        return;
    }
    lose(c, "none of its addresses can be reached; is the network up, a firewall in the way?");
}

static void look_up(struct connection *c, uint64_t now_ms)
{
    long found = port_lookup(&c->lookup);
    if (found > 0) {
        c->address_at = 0;
        try_address(c, now_ms);
    } else if (found != PORT_WAIT) {
        lose(c, c->lookup.why != NULL ? c->lookup.why : "its name cannot be looked up");
    } else if (now_ms >= c->until_ms) {
        lose(c, "the name service does not answer");
    }
}

static void connect_on(struct connection *c, uint64_t now_ms)
{
    long connected = port_connected(c->sock);
    if (connected > 0) {
        begin_handshake(c, now_ms);
    } else if (connected != PORT_WAIT || now_ms >= c->until_ms) {
        port_close(c->sock);
        c->sock = -1;
        c->address_at++;
        try_address(c, now_ms);
    }
}

static void shake_hands(struct connection *c, uint64_t now_ms)
{
    long done = tls_handshake(&c->tls);
    if (done > 0)
        c->at = CONNECTION_OPEN;
    else if (done != PORT_WAIT)
        lose_tls(c);
    else if (now_ms >= c->until_ms)
        lose(c, "the TLS handshake takes too long");
}

/* 1: open. PORT_WAIT. PORT_LOST. */
static long advance(struct connection *c, uint64_t now_ms)
{
    for (;;) {
        int before = (int)c->at;
        size_t address_before = c->address_at;
        switch (c->at) {
        case CONNECTION_LOOKUP: look_up(c, now_ms); break;
        case CONNECTION_CONNECT: connect_on(c, now_ms); break;
        case CONNECTION_HANDSHAKE: shake_hands(c, now_ms); break;
        case CONNECTION_OPEN: return 1;
        case CONNECTION_CLOSED:
        case CONNECTION_LOST: return PORT_LOST;
        }
        if ((int)c->at == before && c->address_at == address_before) return PORT_WAIT;
    }
}

static bool is_towards(const struct connection *c, const struct endpoint *to)
{
    const struct endpoint *e = &c->endpoint;
    return e->tls == to->tls && e->port == to->port && e->host_len == to->host_len &&
           memcmp(e->host, to->host, to->host_len) == 0;
}

/* What comes between two exchanges belongs to none: mostly the end, sometimes words (408) to somebody who was silent for
 * too long, which would be taken for the next answer. */
static bool is_quiet(struct connection *c)
{
    uint8_t byte;
    long got = c->endpoint.tls ? tls_recv(&c->tls, &byte, 1) : port_recv(c->sock, &byte, 1);
    return got == PORT_WAIT;
}

void connection_begin(struct connection *c, const struct endpoint *to, uint64_t now_ms)
{
    assert(to->host_len > 0 && to->host_len <= HOST_BYTES_MAX);
    if (c->at != CONNECTION_OPEN || !is_towards(c, to) || !is_quiet(c)) {
        connection_close(c);
        c->endpoint = *to;
        c->fault.kind = FAULT_NONE;
        c->exchanges = 0;
        c->at = CONNECTION_LOOKUP;
        c->until_ms = now_ms + LOOKUP_PATIENCE_MS;
        port_lookup_begin(&c->lookup, span_of(to->host, to->host_len), to->port);
    }
    c->exchanges++;
}

/* ---- bytes ---- */

long connection_send(struct connection *c, struct span from, uint64_t now_ms)
{
    assert(from.len > 0);
    long open = advance(c, now_ms);
    if (open != 1) return open;
    long sent = c->endpoint.tls ? tls_send(&c->tls, from) : port_send(c->sock, from);
    if (sent == PORT_WAIT) c->want = (struct port_want){c->sock, false, true};
    if (sent < 0) note_broken(c);
    return sent;
}

long connection_recv(struct connection *c, uint8_t *to, size_t room, uint64_t now_ms)
{
    assert(room > 0);
    long open = advance(c, now_ms);
    if (open != 1) return open;
    long got = c->endpoint.tls ? tls_recv(&c->tls, to, room) : port_recv(c->sock, to, room);
    if (got == PORT_WAIT) c->want = (struct port_want){c->sock, true, false};
    if (got == PORT_LOST) {
        note_broken(c);
        c->at = CONNECTION_LOST;
    }
    return got;
}

struct port_want connection_want(const struct connection *c, uint64_t *until_ms)
{
    struct port_want none = {-1, false, false};
    if (c->at == CONNECTION_LOOKUP || c->at == CONNECTION_CONNECT || c->at == CONNECTION_HANDSHAKE)
        *until_ms = c->until_ms < *until_ms ? c->until_ms : *until_ms;
    switch (c->at) {
    case CONNECTION_LOOKUP: return port_lookup_want(&c->lookup, until_ms);
    case CONNECTION_CONNECT: return (struct port_want){c->sock, false, true};
    case CONNECTION_HANDSHAKE: return c->tls.want;
    case CONNECTION_OPEN: return c->endpoint.tls ? c->tls.want : c->want;
    case CONNECTION_CLOSED:
    case CONNECTION_LOST: break;
    }
    return none;
}

void connection_close(struct connection *c)
{
    if (c->at == CONNECTION_CLOSED) return;
    port_lookup_end(&c->lookup);
    tls_close(&c->tls);
    port_close(c->sock);
    c->sock = -1;
    c->at = CONNECTION_CLOSED;
}
