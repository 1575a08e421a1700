/* lookup.h - where the stub resolver looks; tests look elsewhere. For posix/ and tests alone.
 *   eats    nothing
 *   gives   two paths and a port
 *   keeps   them: set before the first port_lookup_begin, or never
 *   knows   hosts(5), resolv.conf(5) */
#ifndef RUSUDEN_PORT_POSIX_LOOKUP_H
#define RUSUDEN_PORT_POSIX_LOOKUP_H

#include <stdint.h>

extern const char *lookup_hosts_path;
extern const char *lookup_resolv_conf_path;
extern uint16_t lookup_server_port;

#endif
