/* connection.h - a way to one host: name, address, socket, TLS.
 *   eats    an endpoint, bytes
 *   gives   bytes; the same answers as the port's sockets
 *   keeps   the socket and TLS open from one exchange to the next
 *   knows   which address to try next, and how long to wait for each stage */
#ifndef RUSUDEN_NET_CONNECTION_H
#define RUSUDEN_NET_CONNECTION_H

#include "net/tls.h"

struct endpoint {
    bool tls;
    uint16_t port;
    size_t host_len;
    char host[HOST_BYTES_MAX + 1]; /* a name, or an address without brackets */
};

struct connection {
    enum {
        CONNECTION_CLOSED,
        CONNECTION_LOOKUP,
        CONNECTION_CONNECT,
        CONNECTION_HANDSHAKE,
        CONNECTION_OPEN,
        CONNECTION_LOST
    } at;
    struct endpoint endpoint;
    const struct tls_trust *trust;
    struct port_lookup lookup;
    size_t address_at; /* of lookup.found: the one being tried, then the one in use */
    int sock;
    uint64_t until_ms;     /* patience for this stage ends */
    struct port_want want; /* after PORT_WAIT */
    uint64_t
        exchanges; /* begun on this socket: above 1, the other side may have closed it meanwhile */
    struct fault fault; /* after PORT_LOST: FAULT_NETWORK, FAULT_TLS, FAULT_TRUST or FAULT_CONFIG */
    struct tls tls;
};

void connection_init(struct connection *c, const struct tls_trust *trust);

/* Towards this endpoint: what is open to it stays open, if nothing has come on it meanwhile; else it begins anew. */
void connection_begin(struct connection *c, const struct endpoint *to, uint64_t now_ms);

/* The first calls look the name up, connect and shake hands: PORT_WAIT until that is done. Where sending
 * fails, the other side's last words may still be received. */
long connection_send(struct connection *c, struct span from, uint64_t now_ms);
long connection_recv(struct connection *c, uint8_t *to, size_t room, uint64_t now_ms);

/* After PORT_WAIT: what for. *until_ms is lowered to when it must be asked again. */
struct port_want connection_want(const struct connection *c, uint64_t *until_ms);

/* Safe to call twice. */
void connection_close(struct connection *c);

#endif
