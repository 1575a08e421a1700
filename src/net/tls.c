#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* struct members that 3.6 gives no function for */

#include "net/tls.h"

#include "net/lent.h"
#include "net/trust.h"

#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h> /* error numbers only */
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>

_Static_assert(sizeof(struct pem_file) <= TLS_SESSION_BYTES,
               "a certificate of a bundle is looked at in the room of a session");
_Static_assert(MBEDTLS_SSL_MAX_HOST_NAME_LEN >= HOST_BYTES_MAX, "every host can be named");

/* In the order of our wishes: AEAD only, ephemeral keys only. */
static const int aes_first[] = {
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    0,
};

/* Without instructions for AES: three times faster here (135 against 429 MB/s). */
static const int chacha_first[] = {
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256,
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    0,
};

static const uint16_t groups[] = {
    MBEDTLS_SSL_IANA_TLS_GROUP_X25519,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP256R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_SECP384R1,
    MBEDTLS_SSL_IANA_TLS_GROUP_NONE,
};

bool tls_setup(void)
{
    return lent_setup();
}

/* ---- the socket, as Mbed TLS sees it ---- */

static int say(void *tls, const unsigned char *from, size_t len)
{
    struct tls *t = tls;
    const long moved = port_send(t->sock, span_of(from, len));
    if (moved > 0) return (int)moved;
    if (moved != PORT_WAIT) return MBEDTLS_ERR_NET_SEND_FAILED;
    t->want = (struct port_want){.sock = t->sock, .to_write = true};
    return MBEDTLS_ERR_SSL_WANT_WRITE;
}

/* 0 is Mbed TLS's word for the end. */
static int hear(void *tls, unsigned char *to, size_t room)
{
    struct tls *t = tls;
    const long moved = port_recv(t->sock, to, room);
    if (moved > 0) return (int)moved;
    if (moved == PORT_END) return 0;
    if (moved != PORT_WAIT) return MBEDTLS_ERR_NET_RECV_FAILED;
    t->want = (struct port_want){.sock = t->sock, .to_read = true};
    return MBEDTLS_ERR_SSL_WANT_READ;
}

/* ---- what went wrong, in words ---- */

/* RFC 8446 section 6.2, and RFC 5246's that servers still send: those that a person can act upon. */
static const char *alert_words(unsigned alert)
{
    switch (alert) {
    case 40: return "handshake_failure: nothing that both of us speak";
    case 42: return "bad_certificate: it does not like ours";
    case 43: return "unsupported_certificate: it does not like ours";
    case 44: return "certificate_revoked: ours";
    case 45: return "certificate_expired: ours";
    case 46: return "certificate_unknown: it does not like ours";
    case 47: return "illegal_parameter";
    case 48: return "unknown_ca: it does not know who issued our certificate";
    case 49: return "access_denied";
    case 50: return "decode_error";
    case 51: return "decrypt_error";
    case 70: return "protocol_version: it speaks neither TLS 1.2 nor 1.3";
    case 71: return "insufficient_security";
    case 80: return "internal_error: the fault is its own";
    case 109: return "missing_extension";
    case 112: return "unrecognized_name: it is not this host";
    case 116: return "certificate_required: it wants one of ours";
    default: return NULL;
    }
}

static void tell_alert(struct writer *w, const struct tls *t)
{
    const unsigned alert = t->ssl.in_msg[1]; /* level, description */
    const char *words = alert_words(alert);
    writer_text(w, " ended TLS with alert ");
    if (words != NULL)
        writer_text(w, words);
    else
        writer_number(w, alert);
}

/* The rest of a sentence that begins with the host. */
static void tell_error(struct writer *w, const struct tls *t, int error)
{
    const bool shaking = t->at == TLS_SHAKING;
    switch (error) {
    case MBEDTLS_ERR_SSL_CONN_EOF:
        writer_text(w, shaking ? " closed the connection while TLS was being set up"
                               : " cut the connection: bytes may be missing");
        return;
    case MBEDTLS_ERR_NET_SEND_FAILED:
    case MBEDTLS_ERR_NET_RECV_FAILED:
        writer_text(w, shaking ? ": the connection broke while TLS was being set up"
                               : ": the connection broke");
        return;
    case MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE: tell_alert(w, t); return;
    case MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY:
        writer_text(w, " said good-bye while TLS was being set up");
        return;
    case MBEDTLS_ERR_SSL_INVALID_RECORD:
    case MBEDTLS_ERR_SSL_UNEXPECTED_RECORD:
        writer_text(w, shaking ? " does not speak TLS here" : " sent what is no TLS record");
        break;
    case MBEDTLS_ERR_SSL_INVALID_MAC: writer_text(w, " sent a damaged record"); break;
    case MBEDTLS_ERR_SSL_BAD_PROTOCOL_VERSION:
        writer_text(w, " speaks neither TLS 1.2 nor 1.3");
        break;
    case MBEDTLS_ERR_SSL_BAD_CERTIFICATE:
        writer_text(w, " has a certificate that is not for servers");
        break;
    default: writer_text(w, " and this machine do not understand each other"); break;
    }
    writer_text(w, " (Mbed TLS says -0x");
    writer_hex(w, (uint64_t) - (int64_t)error, 4);
    writer_byte(w, ')');
}

static bool is_network(int error)
{
    return error == MBEDTLS_ERR_SSL_CONN_EOF || error == MBEDTLS_ERR_NET_SEND_FAILED ||
           error == MBEDTLS_ERR_NET_RECV_FAILED;
}

/* A fault that was told already, by trust.c, stays. */
static long lost(struct tls *t, int error)
{
    const bool too_small = t->arena.refused > 0;
    struct writer w = fault_begin(
        &t->fault, is_network(error) && !too_small ? FAULT_NETWORK : FAULT_TLS, FAULT_NOWHERE);
    if (too_small) {
        writer_text(&w, "TLS needs more memory than TLS_ARENA_BYTES of budget.h, ");
        writer_number(&w, t->arena.bytes);
        writer_text(&w, ": a very long certificate chain?");
    } else {
        writer_visible(&w, writer_end_of(span_text(t->host), NAME_SHOWN_BYTES));
        tell_error(&w, t, error);
    }
    fault_put(&t->fault, &w);
    if (t->at == TLS_SHAKING) t->session_len = 0; /* if that was it, the next one will do */
    t->at = TLS_LOST;
    return PORT_LOST;
}

/* ---- sessions ---- */

static bool session_fits(const struct tls *t)
{
    return t->session_len > 0 && t->session_port == t->port && t->session_trust == t->trust &&
           strcmp(t->session_host, t->host) == 0;
}

/* The fact that it is there vouches for the host: it was kept after a certificate was found good. */
static bool session_offer(struct tls *t)
{
    if (!session_fits(t)) {
        t->session_len = 0;
        return true;
    }
    mbedtls_ssl_session *s = mbedtls_calloc(1, sizeof *s);
    if (s == NULL) return false;
    mbedtls_ssl_session_init(s);
    const bool good = mbedtls_ssl_session_load(s, t->session, t->session_len) == 0 &&
                      mbedtls_ssl_set_session(&t->ssl, s) == 0;
    mbedtls_ssl_session_free(s);
    mbedtls_free(s);
    if (!good) t->session_len = 0; /* the way without it is longer, and as good */
    return good || t->arena.refused == 0;
}

/* From where Mbed TLS has it: mbedtls_ssl_get_session() would make a copy first. */
static void session_keep(struct tls *t)
{
    size_t len = 0;
    mbedtls_platform_zeroize(t->session, sizeof t->session);
    t->session_len = 0;
    if (mbedtls_ssl_session_save(t->ssl.session, t->session, sizeof t->session, &len) != 0) return;
    t->session_len = len;
    t->session_port = t->port;
    t->session_trust = t->trust;
    memcpy(t->session_host, t->host, sizeof t->host);
}

/* The chain has been judged; without renegotiation nobody looks at it again. It is a third of the
 * arena, and in a session of TLS 1.2 it would be kept, too. */
static void drop_chain(struct tls *t)
{
    mbedtls_ssl_session *s = t->ssl.session;
    if (s->peer_cert == NULL) return;
    mbedtls_x509_crt_free(s->peer_cert);
    mbedtls_free(s->peer_cert);
    s->peer_cert = NULL;
}

/* ---- */

static bool configure(struct tls *t)
{
    mbedtls_ssl_config *c = &t->config;
    if (mbedtls_ssl_config_defaults(c, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM,
                                    MBEDTLS_SSL_PRESET_DEFAULT) != 0)
        return false;
    mbedtls_ssl_conf_authmode(c, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_cb(c, trust_find, t);
    mbedtls_ssl_conf_verify(c, trust_judge, t);
    mbedtls_ssl_conf_rng(c, mbedtls_psa_get_random, MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_ssl_conf_ciphersuites(c, lent_fast_aes() ? aes_first : chacha_first);
    mbedtls_ssl_conf_groups(c, groups);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        c, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
    return true;
}

/* An address is compared by trust_judge, and is no server name (RFC 6066 section 3): NULL. */
static bool prepare(struct tls *t)
{
    if (!configure(t)) return false;
    if (mbedtls_ssl_setup(&t->ssl, &t->config) != 0) return false;
    t->address_len = mbedtls_x509_crt_parse_cn_inet_pton(t->host, t->address);
    if (mbedtls_ssl_set_hostname(&t->ssl, t->address_len > 0 ? NULL : t->host) != 0) return false;
    mbedtls_ssl_set_bio(&t->ssl, t, say, hear, NULL);
    return session_offer(t);
}

bool tls_begin(struct tls *t, const struct tls_trust *trust, struct span host, uint16_t port,
               int sock)
{
    assert(t->at == TLS_CLOSED);
    assert(host.len > 0);
    assert(host.len <= HOST_BYTES_MAX);
    assert(t->arena_bytes <= sizeof t->memory);
    const uint64_t fail_at = t->arena.fail_at;
    arena_init(&t->arena, t->memory, t->arena_bytes > 0 ? t->arena_bytes : sizeof t->memory);
    t->arena.fail_at = fail_at;
    t->trust = trust;
    t->sock = sock;
    memset(t->host, 0, sizeof t->host);
    memcpy(t->host, host.at, host.len);
    t->port = port;
    t->sending = 0;
    t->resumed = false;
    t->tickets = 0;
    t->want = (struct port_want){.sock = sock, .to_write = true};
    t->fault = (struct fault){.kind = FAULT_NONE};
    t->at = TLS_SHAKING;
    mbedtls_ssl_init(&t->ssl);
    mbedtls_ssl_config_init(&t->config);
    lent_use(&t->arena);
    const bool good = prepare(t);
    if (!good) lost(t, MBEDTLS_ERR_SSL_BAD_CONFIG);
    lent_use(NULL);
    return good;
}

long tls_handshake(struct tls *t)
{
    assert(t->at == TLS_SHAKING || t->at == TLS_LOST);
    if (t->at == TLS_LOST) return PORT_LOST;
    lent_use(&t->arena);
    const int error = mbedtls_ssl_handshake(&t->ssl);
    long answer = PORT_WAIT;
    if (error == 0) {
        t->at = TLS_OPEN;
        t->resumed = t->ssl.session->peer_cert == NULL;
        drop_chain(t);
        if (t->ssl.tls_version == MBEDTLS_SSL_VERSION_TLS1_2) session_keep(t);
        answer = 1;
    } else if (error != MBEDTLS_ERR_SSL_WANT_READ && error != MBEDTLS_ERR_SSL_WANT_WRITE) {
        answer = lost(t, error);
    }
    lent_use(NULL);
    return answer;
}

/* A ticket that reading has met, and left for the next call, is taken in by writing, too. */
static int write_record(struct tls *t, const uint8_t *from, size_t len)
{
    for (unsigned tickets = 0; tickets < TLS_TICKETS_MAX; tickets++) {
        const int sent = mbedtls_ssl_write(&t->ssl, from, len);
        if (sent != MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) return sent;
        session_keep(t);
    }
    return MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE;
}

/* Mbed TLS has encrypted `sending` bytes and waits to send the record: only as many may be called
 * sent, whatever is offered by then. */
long tls_send(struct tls *t, struct span from)
{
    assert(t->at != TLS_CLOSED);
    assert(t->at != TLS_SHAKING);
    assert(from.len > 0);
    assert(from.len >= t->sending);
    if (t->at == TLS_LOST) return PORT_LOST;
    if (t->sending == 0) t->sending = span_min(from, MBEDTLS_SSL_OUT_CONTENT_LEN);
    lent_use(&t->arena);
    long moved = write_record(t, from.at, t->sending);
    if (moved > 0)
        t->sending -= (size_t)moved; /* in TLS 1.2 and 1.3 all of it */
    else if (moved == MBEDTLS_ERR_SSL_WANT_READ || moved == MBEDTLS_ERR_SSL_WANT_WRITE)
        moved = PORT_WAIT;
    else
        moved = lost(t, (int)moved);
    lent_use(NULL);
    return moved;
}

/* Tickets come between the data (RFC 8446 section 4.6.1); the newest is kept. */
static int read_record(struct tls *t, uint8_t *to, size_t room)
{
    while (t->tickets < TLS_TICKETS_MAX) {
        const int got = mbedtls_ssl_read(&t->ssl, to, room);
        if (got != MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) return got;
        session_keep(t);
        t->tickets++;
    }
    return MBEDTLS_ERR_SSL_UNEXPECTED_MESSAGE;
}

long tls_recv(struct tls *t, uint8_t *to, size_t room)
{
    assert(t->at != TLS_CLOSED);
    assert(t->at != TLS_SHAKING);
    assert(room > 0);
    if (t->at == TLS_LOST) return PORT_LOST;
    if (t->at == TLS_OVER) return PORT_END;
    t->want = (struct port_want){.sock = t->sock, .to_read = true};
    lent_use(&t->arena);
    const int got = read_record(t, to, room < INT32_MAX ? room : INT32_MAX);
    long answer = got;
    if (got == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        t->at = TLS_OVER;
        answer = PORT_END;
    } else if (got == MBEDTLS_ERR_SSL_WANT_READ || got == MBEDTLS_ERR_SSL_WANT_WRITE) {
        answer = PORT_WAIT;
    } else if (got <= 0) {
        answer = lost(t, got == 0 ? MBEDTLS_ERR_SSL_CONN_EOF : got);
    }
    lent_use(NULL);
    return answer;
}

void tls_close(struct tls *t)
{
    if (t->at == TLS_CLOSED) return;
    lent_use(&t->arena);
    if (t->at == TLS_OPEN || t->at == TLS_OVER) (void)mbedtls_ssl_close_notify(&t->ssl);
    mbedtls_ssl_free(&t->ssl);
    mbedtls_ssl_config_free(&t->config);
    trust_drop(t);
    lent_use(NULL);
    /* Nothing of a connection outlives it, not even in PSA's store. Where memory ran out Mbed TLS 3.6.7
     * may forget a cipher's context (mbedtls_ssl_tls13_compute_handshake_transform), which goes now. */
    assert(t->arena.used == 0 || t->arena.refused > 0);
    if (t->arena.peak > t->peak) t->peak = t->arena.peak;
    mbedtls_platform_zeroize(t->memory, sizeof t->memory);
    t->at = TLS_CLOSED;
}

size_t tls_arena_peak(const struct tls *t)
{
    return t->arena.peak > t->peak ? t->arena.peak : t->peak;
}
