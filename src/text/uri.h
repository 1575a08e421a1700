/* uri.h - percent-encoding, and the addresses of endpoints.
 *   eats    text
 *   gives   encoded or decoded text; scheme, host, port and path of an http or https URL
 *   keeps   nothing
 *   knows   RFC 3986; "+" for a blank only where a service writes it so (S3's encoding-type=url) */
#ifndef RUSUDEN_TEXT_URI_H
#define RUSUDEN_TEXT_URI_H

#include "base/writer.h"

/* Every byte but A-Z a-z 0-9 - . _ ~ as %XX, upper case (SigV4's UriEncode); "/" stays where
 * asked. */
void uri_encode(struct writer *to, struct span text, bool keep_slash);

/* False: a % without two hexadecimal digits, or no room. */
bool uri_decode(struct writer *to, struct span text, bool plus_is_blank);

struct uri {
    bool tls;         /* https */
    bool has_port;    /* the port was written */
    uint16_t port;    /* 80 or 443 where it was not */
    struct span host; /* without brackets around an IPv6 address; sees the text that was read */
    struct span path; /* with the query; "/" where there is none */
};

/* http://HOST[:PORT][/PATH][?QUERY]. False: another scheme, user names, a fragment, a host with
 * other bytes than a name or address has, a port outside 1..65535, a byte in path or query that
 * must be encoded, a query without a path before it (nobody writes that, and no span could see
 * the "/"). */
bool uri_read(struct span text, struct uri *to);

#endif
