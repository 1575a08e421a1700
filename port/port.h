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

/* False: the machine has no chance to give, or not yet: it was switched on a moment ago. Nothing
 * secret may be made then. Never waits. */
bool port_random(uint8_t *to, size_t n);

/* NULL where it is not set or empty. The machine's, for ever. */
const char *port_environment(const char *name);

/* Bytes of a small file from `offset` on, as many as it likes; 0 at its end, PORT_LOST where it
 * cannot be read (also a folder or a pipe: they have no offset). For credentials and certificates:
 * read again each time, as they are renewed under their names; so two pieces may come from two
 * files. */
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

/* One question to the name service. The caller places it and looks at `found` and `why`. A struct
 * of zeros is one that has ended. */
struct port_lookup {
    struct port_address found[ADDRESSES_MAX]; /* in the order to try them */
    size_t count;
    const char *why; /* after PORT_LOST: words for a person, for ever */
    char host[HOST_BYTES_MAX + 1];
    uint16_t port;
    /* The port's own. */
    enum { LOOKUP_ENDED, LOOKUP_ASK, LOOKUP_LISTEN, LOOKUP_FOUND, LOOKUP_LOST } at;
    int sock;          /* while it listens */
    unsigned answered; /* bits: AAAA, A; for good */
    unsigned failed;   /* bits: this server cannot tell */
    bool no_name;      /* NXDOMAIN was said */
    unsigned tries, tries_max;
    uint16_t id[2];
    uint64_t try_ms, again_at_ms, over_at_ms;
    struct port_address servers[LOOKUP_SERVERS_MAX];
    size_t server_count;
};

/* Host: a name, an IPv4 address, or an IPv6 address without brackets, perhaps with a scope
 * ("fe80::1%eth0"); 1..HOST_BYTES_MAX bytes. A name is asked as it is, with or without a dot at its
 * end: no search domains. End with port_lookup_end, also after success; what was found stays. */
void port_lookup_begin(struct port_lookup *q, struct span host, uint16_t port);

/* The number of addresses found, PORT_WAIT or PORT_LOST; the same again when asked again. It gives
 * up by itself after LOOKUP_PATIENCE_MS. */
long port_lookup(struct port_lookup *q);

/* After PORT_WAIT: what it waits for. *until_ms is lowered to when it wants to be asked again at
 * the latest. */
struct port_want port_lookup_want(const struct port_lookup *q, uint64_t *until_ms);

/* Safe to call twice. */
void port_lookup_end(struct port_lookup *q);

/* Begins to connect. A socket (0 is one too), or PORT_LOST. */
int port_connect(const struct port_address *to);

/* 1: it is connected. PORT_WAIT (want to write), PORT_LOST: close it, also then. */
long port_connected(int sock);

/* Bytes moved, PORT_WAIT, PORT_LOST (the reset, the broken pipe). At least one byte is given: 0
 * moved would be PORT_WAIT. */
long port_send(int sock, struct span from);

/* Bytes moved, PORT_WAIT, PORT_END, PORT_LOST. There is room for at least one. After PORT_LOST,
 * also from port_send, what had come before may still be read, and then PORT_END does not say that
 * it is all: a reset is told once. */
long port_recv(int sock, uint8_t *to, size_t room);

/* A negative socket is none. */
void port_close(int sock);

/* The only one that may sleep: until a want is met or its socket is broken, a signal came (a new
 * one: who winds up after it sleeps as before), or port_now_ms() is until_ms. It may return earlier
 * than that: ask again. At most WANTS_MAX wants; none is a plain sleep, and one without to_read and
 * to_write is passed over. */
void port_wait(const struct port_want *wants, size_t count, uint64_t until_ms);

/* One line for the log, without its end of line. Control bytes from outside are the caller's to
 * make visible (writer_visible). */
void port_log(struct span line);

#endif
