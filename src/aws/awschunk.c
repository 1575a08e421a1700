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
    const uint64_t chunk = is_signed(payload) ? AWSCHUNK_BYTES : AWSCHUNK_PASSED_BYTES;
    const uint64_t rest = plain_bytes % chunk;
    return plain_bytes / chunk * chunk_length(payload, chunk) +
           (rest > 0 ? chunk_length(payload, rest) : 0) + line_length(payload, 0) +
           trailer_length(payload, kind) + LENGTH(LINE_END);
}

/* ---- frames ---- */

/* Goes on behind the line end that waits in the frame. */
static struct writer frame_begin(struct awschunk *a)
{
    struct writer w = writer_on(a->frame, sizeof a->frame);
    w.len = a->frame_len;
    return w;
}

static void frame_end(struct awschunk *a, const struct writer *w)
{
    assert(!w->full);
    a->out = writer_span(w);
}

static void write_line(struct awschunk *a, struct writer *to, struct span bytes, size_t length)
{
    writer_hex(to, length, 1);
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
static void send_ending(struct awschunk *a)
{
    struct writer w = frame_begin(a);
    write_line(a, &w, span_of(NULL, 0), 0);
    if (has_trailer(a->payload)) write_trailer(a, &w);
    writer_text(&w, LINE_END);
    frame_end(a, &w);
    a->at = AWSCHUNK_AT_ENDING;
}

static void send_line(struct awschunk *a, struct span bytes, size_t length)
{
    struct writer w = frame_begin(a);
    write_line(a, &w, bytes, length);
    frame_end(a, &w);
    a->at = AWSCHUNK_AT_LINE;
}

static void next_chunk(struct awschunk *a)
{
    if (a->left == 0) {
        send_ending(a);
    } else if (is_signed(a->payload)) {
        a->held = 0;
        a->at = AWSCHUNK_AT_GATHERING;
    } else {
        a->chunk_left = a->left < AWSCHUNK_PASSED_BYTES ? (size_t)a->left : AWSCHUNK_PASSED_BYTES;
        send_line(a, span_of(NULL, 0), a->chunk_left);
    }
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
    a->held = a->chunk_left = a->frame_len = 0;
    next_chunk(a);
}

/* `out` was sent to its end. */
static void go_on(struct awschunk *a)
{
    switch (a->at) {
    case AWSCHUNK_AT_GATHERING: break;
    case AWSCHUNK_AT_LINE:
        a->at = AWSCHUNK_AT_BYTES;
        if (is_signed(a->payload)) a->out = span_of(a->buffer, a->held);
        break;
    case AWSCHUNK_AT_BYTES:
        if (a->chunk_left > 0) break;
        memcpy(a->frame, LINE_END, LENGTH(LINE_END));
        a->frame_len = LENGTH(LINE_END);
        next_chunk(a);
        break;
    case AWSCHUNK_AT_ENDING: a->at = AWSCHUNK_AT_OVER; break;
    case AWSCHUNK_AT_OVER: break;
    }
}

struct span awschunk_sealed(struct awschunk *a)
{
    return a->out;
}

void awschunk_sent(struct awschunk *a, size_t n)
{
    (void)span_cut(&a->out, n);
    if (n > 0 && a->out.len == 0) go_on(a);
}

static void gather(struct awschunk *a, struct span *in)
{
    const size_t room = AWSCHUNK_BYTES - a->held;
    const struct span bytes = span_cut(in, span_min(*in, a->left < room ? a->left : room));
    if (bytes.len == 0) return;
    memcpy(a->buffer + a->held, bytes.at, bytes.len);
    a->held += bytes.len;
    a->left -= bytes.len;
    if (a->held < AWSCHUNK_BYTES && a->left > 0) return;
    const struct span chunk = span_of(a->buffer, a->held);
    checksum_add(&a->checksum, chunk);
    send_line(a, chunk, chunk.len);
}

static void pass(struct awschunk *a, struct span *in)
{
    a->out = span_cut(in, span_min(*in, a->chunk_left));
    a->chunk_left -= a->out.len;
    a->left -= a->out.len;
    checksum_add(&a->checksum, a->out);
}

void awschunk_put(struct awschunk *a, struct span *in)
{
    if (a->out.len > 0) return;
    switch (a->at) {
    case AWSCHUNK_AT_GATHERING: gather(a, in); break;
    case AWSCHUNK_AT_BYTES: pass(a, in); break;
    case AWSCHUNK_AT_LINE:
    case AWSCHUNK_AT_ENDING:
    case AWSCHUNK_AT_OVER: break;
    }
}

bool awschunk_is_over(const struct awschunk *a)
{
    return a->at == AWSCHUNK_AT_OVER;
}
