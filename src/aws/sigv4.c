#include "aws/sigv4.h"

#include "text/uri.h"

#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>

/* Mbed TLS's SHA-256 answers whether the hardware failed; ours computes, and what it answers is
 * passed over. */
enum { DIGEST_BYTES = 32, BLOCK_BYTES = 64 };

/* Not inlined: so frames stay small, and those that follow each other share their room. */
#define APART __attribute__((noinline))

#define HEX_OF_NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void add(mbedtls_sha256_context *to, struct span bytes)
{
    if (bytes.len > 0) (void)mbedtls_sha256_update(to, bytes.at, bytes.len);
}

static void add_text(mbedtls_sha256_context *to, const char *text)
{
    add(to, span_text(text));
}

static void write_hex(char to[SIGNATURE_BYTES], const uint8_t digest[DIGEST_BYTES])
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < DIGEST_BYTES; i++) {
        to[2 * i] = digits[digest[i] >> 4];
        to[2 * i + 1] = digits[digest[i] & 15];
    }
}

static void add_hex(mbedtls_sha256_context *to, const uint8_t digest[DIGEST_BYTES])
{
    char hex[SIGNATURE_BYTES];
    write_hex(hex, digest);
    add(to, span_of(hex, sizeof hex));
}

/* ---- HMAC (RFC 2104). By hand: Mbed TLS's own allocates. ---- */

struct hmac {
    mbedtls_sha256_context hash; /* of the inner block and what was added */
    uint8_t outer[BLOCK_BYTES];
};

static void hmac_begin(struct hmac *h, struct span key)
{
    uint8_t block[BLOCK_BYTES] = {0};
    if (key.len > BLOCK_BYTES)
        (void)mbedtls_sha256(key.at, key.len, block, 0);
    else
        memcpy(block, key.at, key.len);
    for (size_t i = 0; i < BLOCK_BYTES; i++) {
        h->outer[i] = block[i] ^ 0x5C;
        block[i] ^= 0x36;
    }
    mbedtls_sha256_init(&h->hash);
    (void)mbedtls_sha256_starts(&h->hash, 0);
    add(&h->hash, span_of(block, sizeof block));
    mbedtls_platform_zeroize(block, sizeof block);
}

static void hmac_end(struct hmac *h, uint8_t to[DIGEST_BYTES])
{
    uint8_t inner[DIGEST_BYTES];
    (void)mbedtls_sha256_finish(&h->hash, inner);
    (void)mbedtls_sha256_starts(&h->hash, 0);
    add(&h->hash, span_of(h->outer, sizeof h->outer));
    add(&h->hash, span_of(inner, sizeof inner));
    (void)mbedtls_sha256_finish(&h->hash, to);
    mbedtls_platform_zeroize(inner, sizeof inner);
    mbedtls_platform_zeroize(h, sizeof *h);
}

/* ---- the key of a day, a region and a service ---- */

/* key := HMAC(key, word) */
static void derive(uint8_t key[DIGEST_BYTES], struct span word)
{
    struct hmac h;
    hmac_begin(&h, span_of(key, DIGEST_BYTES));
    add(&h.hash, word);
    hmac_end(&h, key);
}

/* Once a day. */
RARE static void derive_all(struct sigv4_key *key, const struct sigv4_scope *scope,
                            const struct credentials *credentials, struct span day)
{
    char secret[4 + SECRET_KEY_BYTES_MAX];
    struct writer w = writer_on(secret, sizeof secret);
    writer_text(&w, "AWS4");
    writer_bytes(&w, span_of(credentials->secret, credentials->secret_len));
    assert(!w.full);
    struct hmac h;
    hmac_begin(&h, writer_span(&w));
    add(&h.hash, day);
    hmac_end(&h, key->key);
    mbedtls_platform_zeroize(secret, sizeof secret);
    derive(key->key, span_text(scope->region));
    derive(key->key, span_text(scope->service));
    derive(key->key, span_text("aws4_request"));
}

/* Makes the key anew where scope or secret are not those of the last time. */
APART static void renew_key(struct sigv4_key *key, const struct sigv4_scope *scope,
                            const struct credentials *credentials, struct span day)
{
    char text[SCOPE_BYTES_MAX];
    struct writer w = writer_on(text, sizeof text);
    writer_bytes(&w, day);
    writer_text(&w, "/");
    writer_text(&w, scope->region);
    writer_text(&w, "/");
    writer_text(&w, scope->service);
    writer_text(&w, "/aws4_request");
    assert(!w.full);
    assert(credentials->secret_len <= sizeof credentials->secret);
    uint8_t secret_hash[DIGEST_BYTES];
    (void)mbedtls_sha256((const unsigned char *)credentials->secret, credentials->secret_len,
                         secret_hash, 0);
    const bool is_same = span_equal(writer_span(&w), span_of(key->scope, key->scope_len)) &&
                         memcmp(secret_hash, key->secret_hash, sizeof secret_hash) == 0;
    if (!is_same) {
        memcpy(key->scope, text, w.len);
        key->scope_len = w.len;
        memcpy(key->secret_hash, secret_hash, sizeof secret_hash);
        derive_all(key, scope, credentials, day);
    }
    mbedtls_platform_zeroize(secret_hash, sizeof secret_hash);
}

/* ---- the canonical request, which goes into its hash as it is made ---- */

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

/* Bytewise, a prefix first: <0, 0, >0. */
static int compare(struct span a, struct span b)
{
    const size_t n = span_min(a, b.len);
    const int difference = n > 0 ? memcmp(a.at, b.at, n) : 0;
    return difference != 0 ? difference : (a.len > b.len) - (a.len < b.len);
}

static int compare_names(struct span a, struct span b)
{
    for (size_t i = 0; i < a.len && i < b.len; i++)
        if (lower(a.at[i]) != lower(b.at[i])) return lower(a.at[i]) < lower(b.at[i]) ? -1 : 1;
    return (a.len > b.len) - (a.len < b.len);
}

static bool is_name(struct span name, const char *text)
{
    return compare_names(name, span_text(text)) == 0;
}

/* What proxies change on the way, as the SDKs leave it out: botocore's SIGNED_HEADERS_BLACKLIST,
 * aws-c-auth's s_skipped_headers. */
static bool is_signed(struct span name)
{
    static const char *const never[] = {
        "connection",        "expect",     "keep-alive",     "te", "trailer", "upgrade",
        "transfer-encoding", "user-agent", "x-amzn-trace-id"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (is_name(name, never[i])) return false;
    const struct span proxy = span_text("proxy-");
    return name.len < proxy.len || compare_names(span_of(name.at, proxy.len), proxy) != 0;
}

/* The headers that are signed, by name; those of one name in the order they are sent in. */
struct signed_headers {
    const struct http_request *request;
    size_t count;
    uint8_t order[REQUEST_HEADERS_MAX]; /* numbers of headers */
};

_Static_assert(REQUEST_HEADERS_MAX <= UINT8_MAX && REQUEST_PARAMETERS_MAX <= UINT8_MAX,
               "a header's or parameter's number fits a byte");

static const struct request_header *header_at(const struct signed_headers *h, size_t i)
{
    return &h->request->headers[h->order[i]];
}

static void sort_headers(struct signed_headers *h, const struct http_request *r)
{
    h->request = r;
    h->count = 0;
    for (size_t n = 0; n < r->header_count; n++) {
        if (!is_signed(r->headers[n].name)) continue;
        size_t i = h->count++;
        for (; i > 0 && compare_names(header_at(h, i - 1)->name, r->headers[n].name) > 0; i--)
            h->order[i] = h->order[i - 1];
        h->order[i] = (uint8_t)n;
    }
}

/* Another header of the same name stands before it. */
static bool is_repeated(const struct signed_headers *h, size_t i)
{
    return i > 0 && compare_names(header_at(h, i - 1)->name, header_at(h, i)->name) == 0;
}

enum { PIECE_BYTES = 64 };

/* The front of a name in lower case; *name goes on behind it. */
static struct span lower_piece(struct span *name, uint8_t room[PIECE_BYTES])
{
    const struct span piece = span_cut(name, span_min(*name, PIECE_BYTES));
    for (size_t i = 0; i < piece.len; i++)
        room[i] = lower(piece.at[i]);
    return span_of(room, piece.len);
}

static void write_name(struct writer *to, struct span name)
{
    uint8_t room[PIECE_BYTES];
    while (name.len > 0)
        writer_bytes(to, lower_piece(&name, room));
}

static void add_name(mbedtls_sha256_context *to, struct span name)
{
    uint8_t room[PIECE_BYTES];
    while (name.len > 0)
        add(to, lower_piece(&name, room));
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

/* Its words with one blank between them. */
static void add_value(mbedtls_sha256_context *to, struct span value)
{
    for (bool is_first = true;; is_first = false) {
        while (value.len > 0 && is_blank(*value.at))
            (void)span_take(&value);
        if (value.len == 0) return;
        size_t n = 0;
        while (n < value.len && !is_blank(value.at[n]))
            n++;
        if (!is_first) add_text(to, " ");
        add(to, span_cut(&value, n));
    }
}

static void add_headers(mbedtls_sha256_context *to, const struct signed_headers *h)
{
    for (size_t i = 0; i < h->count; i++) {
        if (is_repeated(h, i)) {
            add_text(to, ",");
        } else {
            if (i > 0) add_text(to, "\n");
            add_name(to, header_at(h, i)->name);
            add_text(to, ":");
        }
        add_value(to, header_at(h, i)->value);
    }
    add_text(to, "\n\n");
    for (size_t i = 0; i < h->count; i++) {
        if (is_repeated(h, i)) continue;
        if (i > 0) add_text(to, ";");
        add_name(to, header_at(h, i)->name);
    }
}

/* Name and value are compared by themselves: "a" stands before "a-b", although "a-b=" < "a=". */
static int compare_parameters(const struct request_parameter *a, const struct request_parameter *b)
{
    const int names = compare(a->name, b->name);
    return names != 0 ? names : compare(a->value, b->value);
}

static void add_query(mbedtls_sha256_context *to, const struct http_request *r)
{
    uint8_t order[REQUEST_PARAMETERS_MAX];
    for (size_t n = 0; n < r->parameter_count; n++) {
        size_t i = n;
        for (; i > 0 && compare_parameters(&r->parameters[order[i - 1]], &r->parameters[n]) > 0;
             i--)
            order[i] = order[i - 1];
        order[i] = (uint8_t)n;
    }
    for (size_t i = 0; i < r->parameter_count; i++) {
        if (i > 0) add_text(to, "&");
        add(to, r->parameters[order[i]].name);
        add_text(to, "=");
        add(to, r->parameters[order[i]].value);
    }
}

/* The next segment of a path, without the slashes around it; false: there is none. */
static bool next_segment(struct span *path, struct span *segment)
{
    while (path->len > 0 && *path->at == '/')
        (void)span_take(path);
    size_t n = 0;
    while (n < path->len && path->at[n] != '/')
        n++;
    *segment = span_cut(path, n);
    return n > 0;
}

/* No ".." behind a segment takes it away. That reads the rest once for each segment, but the paths of
 * services other than S3 have two at most, and so nothing must be remembered. */
static bool stays(struct span rest)
{
    size_t above = 0; /* segments that would be taken away first */
    for (struct span s; next_segment(&rest, &s);) {
        if (span_is(s, ".")) continue;
        if (!span_is(s, "..")) {
            above++;
            continue;
        }
        if (above == 0) return false;
        above--;
    }
    return true;
}

static void add_encoded(mbedtls_sha256_context *to, struct span text)
{
    while (text.len > 0) {
        uint8_t piece[3 * 32];
        struct writer w = writer_on(piece, sizeof piece);
        uri_encode(&w, span_cut(&text, span_min(text, 32)), false);
        add(to, writer_span(&w));
    }
}

/* Normalized and encoded once more, for every service but S3: RFC 3986 section 5.2.4, and empty
 * segments go too (botocore's normalize_url_path). */
static void add_normalized_path(mbedtls_sha256_context *to, struct span path)
{
    const bool ends_in_slash = path.len > 0 && path.at[path.len - 1] == '/';
    bool is_empty = true;
    for (struct span s; next_segment(&path, &s);) {
        if (span_is(s, ".") || span_is(s, "..") || !stays(path)) continue;
        add_text(to, "/");
        add_encoded(to, s);
        is_empty = false;
    }
    if (is_empty || ends_in_slash) add_text(to, "/");
}

APART static void hash_request(const struct signed_headers *h, bool double_encode,
                               struct span payload, uint8_t to[DIGEST_BYTES])
{
    const struct http_request *r = h->request;
    mbedtls_sha256_context hash;
    mbedtls_sha256_init(&hash);
    (void)mbedtls_sha256_starts(&hash, 0);
    add(&hash, r->method);
    add_text(&hash, "\n");
    if (double_encode)
        add_normalized_path(&hash, r->path);
    else
        add(&hash, r->path);
    add_text(&hash, "\n");
    add_query(&hash, r);
    add_text(&hash, "\n");
    add_headers(&hash, h);
    add_text(&hash, "\n");
    add(&hash, payload);
    (void)mbedtls_sha256_finish(&hash, to);
    mbedtls_platform_zeroize(&hash, sizeof hash); /* it may hold the end of a session token */
}

/* ---- signatures ---- */

/* The first lines of every string to sign. */
static void begin_string(struct hmac *h, const struct sigv4_key *key, const char *algorithm,
                         const char date[UTC_BASIC_BYTES])
{
    hmac_begin(h, span_of(key->key, sizeof key->key));
    add_text(&h->hash, algorithm);
    add_text(&h->hash, "\n");
    add(&h->hash, span_of(date, UTC_BASIC_BYTES));
    add_text(&h->hash, "\n");
    add(&h->hash, span_of(key->scope, key->scope_len));
    add_text(&h->hash, "\n");
}

static void end_string(struct hmac *h, const uint8_t hash[DIGEST_BYTES], char to[SIGNATURE_BYTES])
{
    add_hex(&h->hash, hash);
    uint8_t signature[DIGEST_BYTES];
    hmac_end(h, signature);
    write_hex(to, signature);
}

APART static void sign_request(const struct sigv4_key *key, const char date[UTC_BASIC_BYTES],
                               const uint8_t hash[DIGEST_BYTES], char to[SIGNATURE_BYTES])
{
    struct hmac h;
    begin_string(&h, key, "AWS4-HMAC-SHA256", date);
    end_string(&h, hash, to);
}

/* The first lines, and the signature that went before. */
static void begin_next(struct hmac *h, const struct sigv4_key *key, const char *algorithm,
                       const struct sigv4_seed *seed)
{
    begin_string(h, key, algorithm, seed->date);
    add(&h->hash, span_of(seed->signature, SIGNATURE_BYTES));
    add_text(&h->hash, "\n");
}

void sigv4_sign_chunk(const struct sigv4_key *key, struct sigv4_seed *seed, const uint8_t hash[32])
{
    struct hmac h;
    begin_next(&h, key, "AWS4-HMAC-SHA256-PAYLOAD", seed);
    add_text(&h.hash, HEX_OF_NOTHING "\n"); /* of the chunk's headers: there are none */
    end_string(&h, hash, seed->signature);
}

void sigv4_sign_trailer(const struct sigv4_key *key, struct sigv4_seed *seed, struct span trailer)
{
    uint8_t hash[DIGEST_BYTES];
    (void)mbedtls_sha256(trailer.at, trailer.len, hash, 0);
    struct hmac h;
    begin_next(&h, key, "AWS4-HMAC-SHA256-TRAILER", seed);
    end_string(&h, hash, seed->signature);
}

/* ---- the request ---- */

static struct span payload_text(enum sigv4_payload payload, const uint8_t hash[DIGEST_BYTES],
                                char room[SIGNATURE_BYTES])
{
    switch (payload) {
    case SIGV4_HASHED: break;
    case SIGV4_UNSIGNED: return span_text("UNSIGNED-PAYLOAD");
    case SIGV4_CHUNKS: return span_text("STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    case SIGV4_CHUNKS_TRAILER: return span_text("STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER");
    case SIGV4_UNSIGNED_TRAILER: return span_text("STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    }
    write_hex(room, hash);
    return span_of(room, SIGNATURE_BYTES);
}

/* What stands there already must say the same, or the signature would be of something else. */
static void put_header(struct http_request *r, const char *name, struct span value)
{
    const struct request_header *given = http_request_find(r, name);
    assert(given == NULL || span_equal(given->value, value));
    if (given == NULL) http_request_header(r, name, value);
}

static void put_authorization(struct http_request *r, const struct signed_headers *h,
                              const struct sigv4_key *key, struct span id, struct span signature)
{
    struct writer *to = http_request_header_begin(r, "authorization");
    writer_text(to, "AWS4-HMAC-SHA256 Credential=");
    writer_bytes(to, id);
    writer_text(to, "/");
    writer_bytes(to, span_of(key->scope, key->scope_len));
    writer_text(to, ", SignedHeaders=");
    for (size_t i = 0; i < h->count; i++) {
        if (is_repeated(h, i)) continue;
        if (i > 0) writer_text(to, ";");
        write_name(to, header_at(h, i)->name);
    }
    writer_text(to, ", Signature=");
    writer_bytes(to, signature);
    http_request_header_end(r);
}

bool sigv4_sign(struct sigv4_key *key, struct http_request *r, const struct sigv4_scope *scope,
                const struct credentials *credentials, int64_t utc_ms, enum sigv4_payload payload,
                const uint8_t hash[32], struct sigv4_seed *seed)
{
    assert(http_request_find(r, "authorization") == NULL);
    assert(payload != SIGV4_HASHED || hash != NULL);
    char date[UTC_BASIC_BYTES];
    struct writer w = writer_on(date, sizeof date);
    utc_write_basic(&w, utc_ms);
    assert(!w.full);
    assert(w.len == sizeof date);
    char room[SIGNATURE_BYTES];
    const struct span body = payload_text(payload, hash, room);

    put_header(r, "x-amz-date", span_of(date, sizeof date));
    if (scope->content_sha256) put_header(r, "x-amz-content-sha256", body);
    if (credentials->token_len > 0)
        put_header(r, "x-amz-security-token", credentials_token(credentials));
    if (r->text.full || r->unfit) return false;

    struct signed_headers headers;
    sort_headers(&headers, r);
    uint8_t request_hash[DIGEST_BYTES];
    hash_request(&headers, scope->double_encode, body, request_hash);
    renew_key(key, scope, credentials, span_of(date, UTC_DAY_BYTES));
    char signature[SIGNATURE_BYTES];
    sign_request(key, date, request_hash, signature);
    put_authorization(r, &headers, key, credentials_id(credentials),
                      span_of(signature, sizeof signature));
    if (seed != NULL) {
        memcpy(seed->date, date, sizeof date);
        memcpy(seed->signature, signature, sizeof signature);
    }
    return !r->text.full && !r->unfit;
}

void sigv4_wipe(struct sigv4_key *key)
{
    mbedtls_platform_zeroize(key, sizeof *key);
}

void sigv4_hash(struct span body, uint8_t hash[32])
{
    /* It fails for bad arguments alone. */
    (void)mbedtls_sha256(body.len > 0 ? body.at : (const unsigned char *)"", body.len, hash, 0);
}
