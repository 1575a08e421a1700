/* address.h - the contract's addresses as the sockets' ones; for posix/ alone.
 *   eats    a port_address
 *   gives   a sockaddr and its length
 *   keeps   nothing
 *   knows   sockaddr_in, sockaddr_in6 */
#ifndef RUSUDEN_PORT_POSIX_ADDRESS_H
#define RUSUDEN_PORT_POSIX_ADDRESS_H

#include "port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

union socket_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static inline socklen_t socket_address_of(const struct port_address *a, union socket_address *to)
{
    assert(a->family == 4 || a->family == 6);
    if (a->family == 4) {
        to->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(a->port)};
        memcpy(&to->v4.sin_addr, a->bytes, 4);
        return sizeof to->v4;
    }
    to->v6 = (struct sockaddr_in6){
        .sin6_family = AF_INET6, .sin6_port = htons(a->port), .sin6_scope_id = a->scope};
    memcpy(&to->v6.sin6_addr, a->bytes, 16);
    return sizeof to->v6;
}

#endif
