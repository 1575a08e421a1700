#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* struct members that 3.6 gives no function for */

#include "net/trust.h"

#include "net/roots.h"
#include "text/utc.h"

#include <mbedtls/oid.h>
#include <mbedtls/platform.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/x509_crt.h>

/* ---- DER, as much as it takes to find a certificate's subject without parsing it ---- */

enum { DER_INTEGER = 0x02, DER_SEQUENCE = 0x30, DER_VERSION = 0xA0 };

/* Takes one value with this tag from the front. `whole`: with tag and length. */
static bool der_take(struct span *in, uint8_t tag, struct span *content, struct span *whole)
{
    struct span rest = *in;
    if (rest.len < 2 || span_take(&rest) != tag) return false;
    size_t len = span_take(&rest);
    if (len >= 0x80) {
        unsigned bytes = len & 0x7F;
        if (bytes == 0 || bytes > 3 || bytes > rest.len) return false;
        for (len = 0; bytes > 0; bytes--)
            len = len << 8 | span_take(&rest);
    }
    if (len > rest.len) return false;
    *content = span_cut(&rest, len);
    *whole = span_cut(in, in->len - rest.len);
    return true;
}

/* RFC 5280 section 4.1: Certificate { TBSCertificate { [version,] serialNumber, signature, issuer,
 * validity, subject ... } ... } */
static bool der_subject(struct span der, struct span *subject)
{
    struct span outer, tbs, part;
    if (!der_take(&der, DER_SEQUENCE, &outer, &part)) return false;
    if (!der_take(&outer, DER_SEQUENCE, &tbs, &part)) return false;
    (void)der_take(&tbs, DER_VERSION, &part, &part); /* absent in version 1 */
    if (!der_take(&tbs, DER_INTEGER, &part, &part)) return false;
    for (unsigned i = 0; i < 3; i++)
        if (!der_take(&tbs, DER_SEQUENCE, &part, &part)) return false;
    return der_take(&tbs, DER_SEQUENCE, &part, subject);
}

/* ---- files ---- */

static void file_begin(struct pem_file *f, const char *path)
{
    f->path = path;
    f->at = 0;
    f->unread = span_of(NULL, 0);
    pem_init(&f->pem, f->der, sizeof f->der);
}

/* 1: a block, f->pem; it may be too_long. 0: the end. PORT_LOST: the fault says why. */
static long file_next(struct pem_file *f, struct fault *fault)
{
    for (;;) {
        const enum pem_event event = pem_next(&f->pem, &f->unread);
        if (event == PEM_BLOCK || event == PEM_TOO_LONG) return 1;
        long got = 0;
        if (event == PEM_NEED) {
            got = port_read_file(f->path, f->at, f->piece, sizeof f->piece);
            if (got == 0 && pem_finish(&f->pem)) return 0;
        }
        if (got <= 0) {
            struct writer w = fault_begin(fault, FAULT_CONFIG, FAULT_NOWHERE);
            writer_visible(&w, writer_end_of(span_text(f->path), NAME_SHOWN_BYTES));
            writer_text(&w, got < 0 ? " cannot be read" : " is no good PEM file: ");
            if (got == 0) writer_bytes(&w, span_of(f->pem.fault.text, f->pem.fault.len));
            fault_put(fault, &w);
            return PORT_LOST;
        }
        f->unread = span_of(f->piece, (size_t)got);
        f->at += (uint64_t)got;
    }
}

/* ---- who is trusted ---- */

/* Puts one more certificate behind the others. False: there is no memory. One that cannot be read
 * vouches for nobody. */
static bool add(struct tls *t, mbedtls_x509_crt **to, struct span der, bool stays)
{
    const uint64_t refused = t->arena.refused;
    if (*to == NULL) {
        *to = mbedtls_calloc(1, sizeof **to);
        if (*to == NULL) return false;
        mbedtls_x509_crt_init(*to);
    }
    if (stays)
        (void)mbedtls_x509_crt_parse_der_nocopy(*to, der.at, der.len);
    else
        (void)mbedtls_x509_crt_parse_der(*to, der.at, der.len);
    return t->arena.refused == refused;
}

static bool find_in_bundle(struct tls *t, struct span name, mbedtls_x509_crt **found)
{
    struct pem_file *f = &t->bundle;
    file_begin(f, t->trust->bundle_path);
    long got;
    while ((got = file_next(f, &t->fault)) > 0) {
        struct span subject;
        if (f->pem.too_long || !span_is(pem_label(&f->pem), "CERTIFICATE")) continue;
        if (!der_subject(pem_der(&f->pem), &subject) || !span_equal(subject, name)) continue;
        if (!add(t, found, pem_der(&f->pem), false)) return false;
    }
    return got == 0;
}

static bool find_in_roots(struct tls *t, struct span name, mbedtls_x509_crt **found)
{
    for (size_t i = 0; i < ROOTS; i++) {
        struct span subject;
        if (!der_subject(roots[i], &subject) || !span_equal(subject, name)) continue;
        if (!add(t, found, roots[i], true)) return false;
    }
    return true;
}

/* A chain is shown from the leaf up. It lies in our arena; that Mbed TLS 3.6 goes on without its rest
 * was read in x509_crt_verify_chain(). */
static void forget_rest(const mbedtls_x509_crt *certificate)
{
    /* Only the const goes. NOLINTNEXTLINE(performance-no-int-to-ptr) */
    mbedtls_x509_crt *ours = (mbedtls_x509_crt *)(uintptr_t)certificate;
    mbedtls_x509_crt_free(ours->next);
    mbedtls_free(ours->next);
    ours->next = NULL;
}

/* What a server shows behind a certificate whose issuer we know ourselves is not asked for: roots,
 * cross-signatures of roots. It would stand in the arena just when that is fullest. Mbed TLS has
 * visited what lies before `child`, and looks at what is behind it only after this. (If our issuer of
 * that name turns out to have another key, there is no second way: the handshake fails.)
 *
 * Names are compared byte by byte, as CAs write them (RFC 5280 section 4.1.2.4: the issuer's name is
 * to be encoded as its subject is). */
int trust_find(void *tls, const mbedtls_x509_crt *child, mbedtls_x509_crt **found)
{
    struct tls *t = tls;
    const struct span issuer = span_of(child->issuer_raw.p, child->issuer_raw.len);
    *found = NULL;
    t->session_len = 0; /* whoever shows a certificate does not resume; the bundle takes its room */
    if (t->trust->bundle_path != NULL ? find_in_bundle(t, issuer, found)
                                      : find_in_roots(t, issuer, found)) {
        if (*found != NULL) forget_rest(child);
        return 0;
    }
    mbedtls_x509_crt_free(*found);
    mbedtls_free(*found);
    *found = NULL;
    return MBEDTLS_ERR_X509_FATAL_ERROR;
}

/* ---- why not, in words ---- */

static void tell_host(struct writer *w, const struct tls *t)
{
    writer_visible(w, writer_end_of(span_text(t->host), NAME_OF_CERTIFICATE_BYTES));
}

/* The common name; CAs without one have a name of a unit or an organisation. */
static void tell_name(struct writer *w, const mbedtls_x509_name *name)
{
    const mbedtls_x509_name *best = NULL;
    static const char *const kinds[] = {MBEDTLS_OID_AT_CN, MBEDTLS_OID_AT_ORG_UNIT,
                                        MBEDTLS_OID_AT_ORGANIZATION};
    for (size_t i = 0; i < 3 && best == NULL; i++)
        for (const mbedtls_x509_name *n = name; n != NULL; n = n->next)
            if (span_is(span_of(n->oid.p, n->oid.len), kinds[i])) best = n;
    if (best == NULL)
        writer_text(w, "somebody without a name");
    else
        writer_quoted(
            w, writer_end_of(span_of(best->val.p, best->val.len), NAME_OF_CERTIFICATE_BYTES));
}

static void tell_day(struct writer *w, const mbedtls_x509_time *day)
{
    writer_number(w, (uint64_t)day->year);
    writer_text(w, day->mon < 10 ? "-0" : "-");
    writer_number(w, (uint64_t)day->mon);
    writer_text(w, day->day < 10 ? "-0" : "-");
    writer_number(w, (uint64_t)day->day);
}

static void tell_unknown_issuer(struct writer *w, const struct tls *t, const mbedtls_x509_crt *c)
{
    writer_text(w, "the certificate of ");
    tell_host(w, t);
    const struct span issuer = span_of(c->issuer_raw.p, c->issuer_raw.len);
    if (span_equal(issuer, span_of(c->subject_raw.p, c->subject_raw.len))) {
        writer_text(w, " ends at ");
        tell_name(w, &c->issuer);
        writer_text(w, ", who signed for himself and");
    } else {
        writer_text(w, " was issued by ");
        tell_name(w, &c->issuer);
        writer_text(w, ", who");
    }
    if (t->trust->bundle_path == NULL) {
        writer_text(w, " is none of Amazon's roots; AWS_CA_BUNDLE names a file with others");
    } else {
        writer_text(w, " is not in ");
        writer_visible(w,
                       writer_end_of(span_text(t->trust->bundle_path), NAME_OF_CERTIFICATE_BYTES));
        writer_text(w, " (AWS_CA_BUNDLE)");
    }
}

static void tell_time(struct writer *w, const struct tls *t, const mbedtls_x509_crt *c, int depth,
                      bool expired)
{
    writer_text(w, "the certificate of ");
    if (depth == 0)
        tell_host(w, t);
    else
        tell_name(w, &c->subject);
    writer_text(w, expired ? " expired on " : " is not valid before ");
    tell_day(w, expired ? &c->valid_to : &c->valid_from);
    writer_text(w, "; this machine's clock says ");
    utc_write(w, port_utc_ms());
}

static void tell_address(struct writer *w, struct span address)
{
    for (size_t i = 0; i < address.len; i++) {
        if (address.len == 4) {
            if (i > 0) writer_byte(w, '.');
            writer_number(w, address.at[i]);
        } else {
            if (i > 0 && i % 2 == 0) writer_byte(w, ':');
            writer_hex(w, address.at[i], 2);
        }
    }
}

static unsigned san_kind(const mbedtls_x509_sequence *name)
{
    return name->buf.tag & MBEDTLS_ASN1_TAG_VALUE_MASK;
}

/* "A, B and 26 more": what the certificate is for. */
static void tell_names(struct writer *w, const mbedtls_x509_crt *c)
{
    unsigned told = 0, more = 0;
    for (const mbedtls_x509_sequence *n = &c->subject_alt_names; n != NULL; n = n->next) {
        const struct span value = span_of(n->buf.p, n->buf.len);
        const bool address = san_kind(n) == MBEDTLS_X509_SAN_IP_ADDRESS && value.len <= 16;
        if (value.len == 0 || (!address && san_kind(n) != MBEDTLS_X509_SAN_DNS_NAME)) continue;
        if (told == NAMES_SHOWN_MAX) {
            more++;
            continue;
        }
        if (told++ > 0) writer_text(w, ", ");
        if (address)
            tell_address(w, value);
        else
            writer_visible(w, writer_end_of(value, NAME_OF_CERTIFICATE_BYTES));
    }
    if (told == 0) tell_name(w, &c->subject);
    if (more == 0) return;
    writer_text(w, " and ");
    writer_number(w, more);
    writer_text(w, " more");
}

static void tell(struct tls *t, const mbedtls_x509_crt *c, int depth, uint32_t flags)
{
    struct writer w = fault_begin(&t->fault, FAULT_TRUST, FAULT_NOWHERE);
    if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED) {
        tell_unknown_issuer(&w, t, c);
    } else if (flags & (MBEDTLS_X509_BADCERT_EXPIRED | MBEDTLS_X509_BADCERT_FUTURE)) {
        tell_time(&w, t, c, depth, flags & MBEDTLS_X509_BADCERT_EXPIRED);
    } else if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH) {
        writer_text(&w, "the certificate of ");
        tell_host(&w, t);
        writer_text(&w, " is for ");
        tell_names(&w, c);
        writer_text(&w, ", not for ");
        tell_host(&w, t);
    } else {
        writer_text(&w, "the certificate of ");
        tell_host(&w, t);
        writer_text(&w, flags & (MBEDTLS_X509_BADCERT_BAD_MD | MBEDTLS_X509_BADCERT_BAD_PK |
                                 MBEDTLS_X509_BADCERT_BAD_KEY)
                            ? " has a key or a signature that is too weak, Mbed TLS's flags 0x"
                            : " is not good, Mbed TLS's flags 0x");
        writer_hex(&w, flags, 8);
    }
    fault_put(&t->fault, &w);
}

/* RFC 9110 section 4.3.5: an address must be one of the certificate's, as an iPAddress. Mbed TLS
 * does that too, but then it would also send the address as a server name, which RFC 6066 section 3
 * forbids. */
static bool has_address(const mbedtls_x509_crt *c, struct span address)
{
    for (const mbedtls_x509_sequence *n = &c->subject_alt_names; n != NULL; n = n->next)
        if (san_kind(n) == MBEDTLS_X509_SAN_IP_ADDRESS &&
            span_equal(span_of(n->buf.p, n->buf.len), address))
            return true;
    return false;
}

/* ---- who we are ---- */

static bool unfit(struct tls *t, const char *path, const char *why)
{
    struct writer w = fault_begin(&t->fault, FAULT_CONFIG, FAULT_NOWHERE);
    writer_visible(&w, writer_end_of(span_text(path), NAME_SHOWN_BYTES));
    writer_text(&w, why);
    fault_put(&t->fault, &w);
    return false;
}

static bool load_certificate(struct tls *t, struct pem_file *f)
{
    const char *path = t->trust->certificate_path;
    file_begin(f, path);
    long got;
    while ((got = file_next(f, &t->fault)) > 0) {
        if (!span_is(pem_label(&f->pem), "CERTIFICATE")) continue;
        if (f->pem.too_long) return unfit(t, path, " holds a certificate that is too long");
        if (!add(t, &t->certificate, pem_der(&f->pem), false)) return false;
    }
    if (got < 0) return false;
    if (t->certificate == NULL || t->certificate->version == 0)
        return unfit(t, path, " holds no certificate that can be read");
    return true;
}

static bool is_key(struct span label)
{
    return span_is(label, "PRIVATE KEY") || span_is(label, "EC PRIVATE KEY") ||
           span_is(label, "RSA PRIVATE KEY");
}

static bool load_key(struct tls *t, struct pem_file *f)
{
    const char *path = t->trust->key_path;
    file_begin(f, path);
    long got;
    while ((got = file_next(f, &t->fault)) > 0 && !is_key(pem_label(&f->pem)))
        if (span_is(pem_label(&f->pem), "ENCRYPTED PRIVATE KEY"))
            return unfit(t, path, " holds a key with a pass phrase, which nobody is there to say");
    if (got < 0) return false;
    if (got == 0) return unfit(t, path, " holds no private key");
    if (f->pem.too_long) return unfit(t, path, " holds a key that is too long");
    t->key = mbedtls_calloc(1, sizeof *t->key);
    if (t->key == NULL) return false;
    mbedtls_pk_init(t->key);
    const struct span der = pem_der(&f->pem);
    const uint64_t refused = t->arena.refused;
    const int wrong = mbedtls_pk_parse_key(t->key, der.at, der.len, NULL, 0, mbedtls_psa_get_random,
                                           MBEDTLS_PSA_RANDOM_STATE);
    if (t->arena.refused > refused) return false;
    if (wrong != 0) return unfit(t, path, " holds a key of a kind that is not known");
    if (mbedtls_pk_check_pair(&t->certificate->pk, t->key, mbedtls_psa_get_random,
                              MBEDTLS_PSA_RANDOM_STATE) == 0)
        return true;
    return t->arena.refused == refused &&
           unfit(t, path, " holds a key that is not the certificate's");
}

static bool load(struct tls *t)
{
    const char *certificate = t->trust->certificate_path, *key = t->trust->key_path;
    if (certificate == NULL && key == NULL) return true;
    if (key == NULL) return unfit(t, certificate, " comes without a key: both are needed");
    if (certificate == NULL) return unfit(t, key, " comes without a certificate: both are needed");
    const bool good = load_certificate(t, &t->bundle) && load_key(t, &t->bundle);
    mbedtls_platform_zeroize(&t->bundle, sizeof t->bundle);
    return good && mbedtls_ssl_conf_own_cert(&t->config, t->certificate, t->key) == 0;
}

void trust_drop(struct tls *t)
{
    if (t->key != NULL) mbedtls_pk_free(t->key);
    mbedtls_free(t->key);
    t->key = NULL;
    if (t->certificate != NULL) mbedtls_x509_crt_free(t->certificate);
    mbedtls_free(t->certificate);
    t->certificate = NULL;
}

/* ---- */

/* Mbed TLS asks about the leaf last, and from then on only for its key: the rest of the chain makes
 * room for our own certificate, which is not asked for before. Whoever resumes does not come here
 * and needs none. */
int trust_judge(void *tls, mbedtls_x509_crt *certificate, int depth, uint32_t *flags)
{
    struct tls *t = tls;
    const struct span address = span_of(t->address, t->address_len);
    if (depth == 0 && address.len > 0 && !has_address(certificate, address))
        *flags |= MBEDTLS_X509_BADCERT_CN_MISMATCH;
    /* Without memory Mbed TLS finds no issuer's signature good: that is another story. */
    if (*flags != 0 && t->arena.refused == 0) tell(t, certificate, depth, *flags);
    if (depth > 0) return 0;
    forget_rest(certificate);
    const bool good = *flags == 0 && t->fault.kind == FAULT_NONE && t->arena.refused == 0;
    return !good || load(t) ? 0 : MBEDTLS_ERR_X509_FATAL_ERROR;
}
