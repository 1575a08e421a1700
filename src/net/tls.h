/* tls.h - one TLS connection of a client, on a socket that is connected.
 *   eats    a socket, the host's name, plain bytes
 *   gives   plain bytes; the same answers as the port's sockets: bytes, WAIT, END, LOST
 *   keeps   everything of Mbed TLS in an arena of its own; a session to resume, per host
 *   knows   who is trusted: Amazon's roots, or the certificates of a bundle file, read one at a
 * time */
#ifndef RUSUDEN_NET_TLS_H
#define RUSUDEN_NET_TLS_H

#include "base/fault.h"
#include "net/arena.h"
#include "port.h"
#include "text/pem.h"

#include <mbedtls/ssl.h>

/* Whom to trust and who we are. The strings are the caller's, for as long as a connection is used. */
struct tls_trust {
    const char *bundle_path;      /* PEM certificates; NULL: Amazon's roots, built in */
    const char *certificate_path; /* PEM, ours, leaf first; NULL: none */
    const char *key_path;         /* PEM, not encrypted */
};

/* A PEM file being read, piece by piece. */
struct pem_file {
    const char *path;
    uint64_t at;        /* of the next piece in the file */
    struct span unread; /* of `piece` */
    struct pem pem;
    uint8_t piece[PEM_PIECE_BYTES];
    uint8_t der[CERTIFICATE_BYTES_MAX];
};

/* All zero before the first tls_begin. */
struct tls {
    enum {
        TLS_CLOSED,
        TLS_SHAKING, /* tls_begin was called; tls_handshake goes on */
        TLS_OPEN,
        TLS_OVER, /* the other side has said close_notify: nothing more to read */
        TLS_LOST
    } at;
    struct arena arena; /* all that follows points into it; wiped with tls_close */
    uint64_t memory[TLS_ARENA_BYTES / sizeof(uint64_t)];
    size_t arena_bytes; /* of memory; 0: all of it. Less of it, and arena.fail_at, are for tests */
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config config;
    const struct tls_trust *trust;
    mbedtls_x509_crt *certificate; /* ours; NULL: none */
    mbedtls_pk_context *key;
    int sock;
    char host[HOST_BYTES_MAX + 1];
    uint16_t port;
    uint8_t address[16];   /* the host, where it is an IP address */
    size_t address_len;    /* 0, 4 or 16 */
    size_t sending;        /* bytes of an unfinished tls_send */
    unsigned tickets;      /* that came on this connection */
    bool resumed;          /* the server took the session: no certificate was shown */
    struct port_want want; /* after PORT_WAIT */
    size_t peak;           /* of arenas past */
    /* To resume: kept when the connection is closed. */
    char session_host[HOST_BYTES_MAX + 1];
    uint16_t session_port;
    const struct tls_trust *session_trust;
    size_t session_len; /* 0: none */
    union {
        uint8_t session[TLS_SESSION_BYTES];
        struct pem_file bundle; /* while a certificate is judged: then no session is in use */
    };
    struct fault fault; /* after PORT_LOST: FAULT_TLS or FAULT_NETWORK, in words for a person */
};

/* Once a process, before the first connection. False: the machine has no chance to give. */
bool tls_setup(void);

/* Begins a connection on a connected socket, which stays the caller's to close. The host is what
 * the certificate must be for: a name (also sent as SNI) or an IP address. False: t->fault says
 * why; tls_close is then due, too. */
bool tls_begin(struct tls *t, const struct tls_trust *trust, struct span host, uint16_t port,
               int sock);

/* 1: done, the host is who it says. PORT_WAIT: see t->want. PORT_LOST. */
long tls_handshake(struct tls *t);

/* Bytes moved, PORT_WAIT, PORT_LOST. After PORT_WAIT the next call must offer the same bytes at
 * least. */
long tls_send(struct tls *t, struct span from);

/* Bytes moved; PORT_WAIT; PORT_END after close_notify; PORT_LOST, also when the connection ends
 * without close_notify: then bytes may be missing. */
long tls_recv(struct tls *t, uint8_t *to, size_t room);

/* Tells the other side if it will hear it at once, and wipes the arena. Safe to call twice. */
void tls_close(struct tls *t);

/* The largest number of arena bytes that were in use at once; for the budget's test. */
size_t tls_arena_peak(const struct tls *t);

#endif
