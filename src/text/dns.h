/* dns.h - questions to a name server and its answers (RFC 1035, 3596): bytes of one UDP message. */
#ifndef RUSUDEN_TEXT_DNS_H
#define RUSUDEN_TEXT_DNS_H
#endif
