#include "aws/awschunk.h"

#define LINE_END "\r\n"

static const char signature_field[] = ";chunk-signature=";
static const char trailer_signature_field[] = "x-amz-trailer-signature:";

/* A literal's length. */
#define LENGTH(text) (sizeof(text) - 1)

static bool is_signed(enum sigv4_payload payload)
{
    return payload != SIGV4_UNSIGNED_TRAILER;
}

static bool has_trailer(enum sigv4_payload payload)
{
    return payload != SIGV4_CHUNKS;
}

static void check(enum sigv4_payload payload, enum checksum_kind kind)
{
    assert(payload != SIGV4_HASHED);
    assert(payload != SIGV4_UNSIGNED);
    assert(!has_trailer(payload) || kind != CHECKSUM_NONE);
}

/* ---- lengths ---- */

static uint64_t digits_of(uint64_t number)
{
    uint64_t digits = 1;
    while (number >>= 4)
        digits++;
    return digits;
}

static uint64_t line_length(enum sigv4_payload payload, uint64_t plain_bytes)
{
    const uint64_t signature = is_signed(payload) ? LENGTH(signature_field) + SIGNATURE_BYTES : 0;
    return digits_of(plain_bytes) + signature + LENGTH(LINE_END);
}

static uint64_t chunk_length(enum sigv4_payload payload, uint64_t plain_bytes)
{
    return line_length(payload, plain_bytes) + plain_bytes + LENGTH(LINE_END);
}

static uint64_t trailer_length(enum sigv4_payload payload, enum checksum_kind kind)
{
    if (!has_trailer(payload)) return 0;
    const uint64_t checksum =
        strlen(checksum_header(kind)) + LENGTH(":") + checksum_text_bytes(kind) + LENGTH(LINE_END);
    const uint64_t signature =
        is_signed(payload) ? LENGTH(trailer_signature_field) + SIGNATURE_BYTES + LENGTH(LINE_END)
                           : 0;
    return checksum + signature;
}

uint64_t awschunk_content_length(enum sigv4_payload payload, enum checksum_kind kind,
                                 uint64_t plain_bytes)
{
    check(payload, kind);
    const uint64_t rest = plain_bytes % AWSCHUNK_BYTES;
    return plain_bytes / AWSCHUNK_BYTES * chunk_length(payload, AWSCHUNK_BYTES) +
           (rest > 0 ? chunk_length(payload, rest) : 0) + line_length(payload, 0) +
           trailer_length(payload, kind) + LENGTH(LINE_END);
}

/* ---- frames ---- */

static void write_line(struct awschunk *a, struct writer *to, struct span bytes)
{
    writer_hex(to, bytes.len, 1);
    if (is_signed(a->payload)) {
        uint8_t hash[32];
        (void)mbedtls_sha256(bytes.at, bytes.len, hash, 0);
        sigv4_sign_chunk(a->key, &a->seed, hash);
        writer_text(to, signature_field);
        writer_bytes(to, span_of(a->seed.signature, SIGNATURE_BYTES));
    }
    writer_text(to, LINE_END);
}

/* On the wire a trailer ends with CR LF, for its signature with LF. */
static void write_trailer(struct awschunk *a, struct writer *to)
{
    char text[sizeof "x-amz-checksum-crc64nvme:" + CHECKSUM_TEXT_BYTES_MAX + 1];
    struct writer w = writer_on(text, sizeof text);
    writer_text(&w, checksum_header(a->checksum.kind));
    writer_text(&w, ":");
    checksum_write(&a->checksum, &w);
    writer_bytes(to, writer_span(&w));
    writer_text(to, LINE_END);
    if (!is_signed(a->payload)) return;
    writer_text(&w, "\n");
    assert(!w.full);
    sigv4_sign_trailer(a->key, &a->seed, writer_span(&w));
    writer_text(to, trailer_signature_field);
    writer_bytes(to, span_of(a->seed.signature, SIGNATURE_BYTES));
    writer_text(to, LINE_END);
}

/* No empty line stands before the trailer, although a page of AWS's shows one: Swift refuses it. */
static void seal_ending(struct awschunk *a)
{
    struct writer w = writer_on(a->room, sizeof a->room);
    write_line(a, &w, span_of(NULL, 0));
    if (has_trailer(a->payload)) write_trailer(a, &w);
    writer_text(&w, LINE_END);
    assert(!w.full);
    a->out = writer_span(&w);
    a->at = AWSCHUNK_AT_ENDING;
}

/* The line goes right before the bytes, which wait in their place, and the line end right behind them: one piece to
 * send. */
static void seal_chunk(struct awschunk *a)
{
    uint8_t line[AWSCHUNK_LINE_BYTES];
    uint8_t *bytes = a->room + sizeof line;
    struct writer w = writer_on(line, sizeof line);
    write_line(a, &w, span_of(bytes, a->held));
    assert(!w.full);
    memcpy(bytes - w.len, line, w.len);
    memcpy(bytes + a->held, LINE_END, LENGTH(LINE_END));
    a->out = span_of(bytes - w.len, w.len + a->held + LENGTH(LINE_END));
    a->held = 0;
    a->at = AWSCHUNK_AT_CHUNK;
}

void awschunk_init(struct awschunk *a, enum sigv4_payload payload, enum checksum_kind kind,
                   uint64_t plain_bytes, const struct sigv4_key *key, const struct sigv4_seed *seed)
{
    check(payload, kind);
    assert(!is_signed(payload) || (key != NULL && seed != NULL));
    a->payload = payload;
    a->key = key;
    if (seed != NULL) a->seed = *seed;
    checksum_init(&a->checksum, kind);
    a->left = plain_bytes;
    a->out = span_of(NULL, 0);
    a->held = 0;
    a->at = AWSCHUNK_AT_GATHERING;
    if (a->left == 0) seal_ending(a);
}

struct span awschunk_sealed(struct awschunk *a)
{
    return a->out;
}

void awschunk_sent(struct awschunk *a, size_t n)
{
    (void)span_cut(&a->out, n);
    if (n == 0 || a->out.len > 0) return;
    switch (a->at) {
    case AWSCHUNK_AT_CHUNK:
        a->at = AWSCHUNK_AT_GATHERING;
        if (a->left == 0) seal_ending(a);
        break;
    case AWSCHUNK_AT_ENDING: a->at = AWSCHUNK_AT_OVER; break;
    case AWSCHUNK_AT_GATHERING:
    case AWSCHUNK_AT_OVER: break;
    }
}

void awschunk_put(struct awschunk *a, struct span *in)
{
    if (a->at != AWSCHUNK_AT_GATHERING) return;
    const size_t room = AWSCHUNK_BYTES - a->held;
    const struct span bytes = span_cut(in, span_min(*in, a->left < room ? a->left : room));
    if (bytes.len == 0) return;
    memcpy(a->room + AWSCHUNK_LINE_BYTES + a->held, bytes.at, bytes.len);
    checksum_add(&a->checksum, bytes);
    a->held += bytes.len;
    a->left -= bytes.len;
    if (a->held == AWSCHUNK_BYTES || a->left == 0) seal_chunk(a);
}

bool awschunk_is_over(const struct awschunk *a)
{
    return a->at == AWSCHUNK_AT_OVER;
}
