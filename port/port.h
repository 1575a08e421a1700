/* port.h - the machine below the network: clocks, chance, names, sockets, and the only sleep.
 *   eats    addresses and bytes
 *   gives   bytes, or why not: WAIT ("not now", never "closed"), END, LOST
 *   keeps   nothing of the caller's
 *   knows   the machine: written once for each (posix/, sim/) */
#ifndef RUSUDEN_PORT_PORT_H
#define RUSUDEN_PORT_PORT_H

#include "base/budget.h"
#include "base/span.h"

enum {
    PORT_WAIT = 0,  /* refused for now; port_wait tells when to ask again */
    PORT_END = -1,  /* the other side has said everything */
    PORT_LOST = -2, /* broken, refused, unreachable */
};

/* Milliseconds that never go back; for patience. */
uint64_t port_now_ms(void);

/* Milliseconds since 1970-01-01T00:00:00Z; for signatures and certificates. May jump. */
int64_t port_utc_ms(void);

/* False: the machine has no chance to give; nothing secret may be made then. */
bool port_random(uint8_t *to, size_t n);

/* NULL where it is not set or empty. The machine's, for ever. */
const char *port_environment(const char *name);

/* Bytes of a small file from `offset` on; 0 at its end, PORT_LOST where it cannot be read. For
 * credentials and certificates: read again each time, as they are renewed under their names. */
long port_read_file(const char *path, uint64_t offset, uint8_t *to, size_t room);

struct port_address {
    uint8_t family; /* 4 or 6 */
    uint8_t bytes[16];
    uint16_t port;
    uint32_t scope; /* of a link-local IPv6 address; else 0 */
};

/* What would let a refused call go on. */
struct port_want {
    int sock;
    bool to_read;
    bool to_write;
};

enum { LOOKUP_SERVERS_MAX = 3 };

/* One question to the name service. The caller places it and looks at `found` and `why`. */
struct port_lookup {
    struct port_address found[ADDRESSES_MAX]; /* in the order to try them */
    size_t count;
    const char *why;                  /* after PORT_LOST: words for a person, for ever */
    char host[HOST_BYTES_MAX + 1];
    uint16_t port;
    /* The port's own. */
    int sock;
    unsigned answers; /* bits: A, AAAA */
    unsigned tries;
    uint16_t id[2];
    uint64_t again_at_ms;
    struct port_address servers[LOOKUP_SERVERS_MAX];
    size_t server_count;
};

/* Host: a name, an IPv4 address, or an IPv6 address without brackets; 1..HOST_BYTES_MAX bytes.
 * End with port_lookup_end, also after success. */
void port_lookup_begin(struct port_lookup *q, struct span host, uint16_t port);

/* The number of addresses found, PORT_WAIT or PORT_LOST. */
long port_lookup(struct port_lookup *q);

/* After PORT_WAIT: what it waits for, and when it wants to be asked again at the latest. */
struct port_want port_lookup_want(const struct port_lookup *q, uint64_t *until_ms);

/* Safe to call twice. */
void port_lookup_end(struct port_lookup *q);

/* Begins to connect. A socket, or PORT_LOST. */
int port_connect(const struct port_address *to);

/* 1: it is connected. PORT_WAIT (want to write), PORT_LOST. */
long port_connected(int sock);

/* Bytes moved, PORT_WAIT, PORT_LOST (the reset, the broken pipe). */
long port_send(int sock, struct span from);

/* Bytes moved, PORT_WAIT, PORT_END, PORT_LOST. */
long port_recv(int sock, uint8_t *to, size_t room);

/* A negative socket is none. */
void port_close(int sock);

/* The only one that may sleep: until a want is met, a signal came, or port_now_ms() is until_ms. */
void port_wait(const struct port_want *wants, size_t count, uint64_t until_ms);

/* One line for the log, without its end of line. */
void port_log(struct span line);

#endif
