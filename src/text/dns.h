/* dns.h - one question to a name server, and its answer: a whole message in memory.
 *   eats    a name; the bytes of an answer that came over UDP
 *   gives   the query's bytes; the name's addresses, or why there are none
 *   keeps   nothing
 *   knows   RFC 1035 sections 3 and 4, RFC 3596 (AAAA); CNAMEs inside the answer; no EDNS0 */
#ifndef RUSUDEN_TEXT_DNS_H
#define RUSUDEN_TEXT_DNS_H

#include "base/budget.h"
#include "base/writer.h"

enum dns_type { DNS_A = 1, DNS_AAAA = 28 };

enum {
    DNS_PORT = 53,
    /* Head of 12, a name of 253 as 255, type and class. */
    DNS_QUERY_BYTES_MAX = 12 + HOST_BYTES_MAX + 2 + 4,
    /* RFC 1035 section 4.2.1 bounds what a server sends without EDNS0 to 512; some send more, and
     * this is what reaches everybody in one packet. */
    DNS_MESSAGE_BYTES_MAX = 1232
};

enum dns_answer {
    DNS_FOUND,      /* `to` holds one address at least */
    DNS_NO_ADDRESS, /* the name exists and has none of this type */
    DNS_NO_NAME,    /* NXDOMAIN: there is no such name; another server will say the same */
    DNS_REFUSED,    /* SERVFAIL, REFUSED, NOTIMP ...: another server may know */
    DNS_TRUNCATED,  /* it did not fit a UDP message; what there is of it is not told */
    DNS_NOT_OURS,   /* another id or question, or no answer at all: go on waiting */
    DNS_BROKEN      /* our question was answered, and the answer breaks a rule */
};

struct dns_addresses {
    size_t count;
    uint8_t bytes[ADDRESSES_MAX][16]; /* in the answer's order; the first 4 of each for DNS_A */
};

/* Letters, digits, hyphens and underscores in labels of 1..63, 253 bytes in all; a dot at the
 * end is allowed and changes nothing. */
bool dns_name_is_legal(struct span host);

/* With "recursion desired". The id is the caller's: it must be hard to guess. False: not a legal
 * name, or no room (DNS_QUERY_BYTES_MAX are enough); nothing is written then. */
bool dns_write_query(struct writer *to, uint16_t id, struct span host, enum dns_type type);

/* Id, host and type are the query's. More addresses than fit are left out. */
enum dns_answer dns_read_answer(struct span message, uint16_t id, struct span host,
                                enum dns_type type, struct dns_addresses *to);

#endif
