/* A body in aws-chunks, given and taken in any pieces: always the same bytes, as many as were announced, in
 * which a slow decoder finds the plain ones, sizes that S3 takes, every signature and the checksum.
 *
 * Byte 0: the mode (modulo 3) and the checksum. Byte 1: how often the rest is repeated. Byte 2: the seed of the
 * cuts. */
#include "fuzz.h"

#include "aws/awschunk.h"

#include <mbedtls/sha256.h>

/* Two aws-chunks that pass by, and a little; most inputs are two signed ones at most, which is faster. */
enum {
    PLAIN_BYTES_MAX = 140000,
    MOSTLY_BYTES_MAX = 17000,
    FRAMED_BYTES_MAX = PLAIN_BYTES_MAX + 4096,
    SMALLEST_CHUNK = 8192
};

static const enum sigv4_payload payloads[] = {SIGV4_CHUNKS, SIGV4_CHUNKS_TRAILER,
                                              SIGV4_UNSIGNED_TRAILER};
static const enum checksum_kind kinds[] = {CHECKSUM_CRC64NVME, CHECKSUM_CRC32C, CHECKSUM_CRC32,
                                           CHECKSUM_SHA256};

static struct sigv4_key key = {.scope = "20130524/us-east-1/s3/aws4_request", .scope_len = 34};
static const struct sigv4_seed first_seed = {
    .date = "20130524T000000Z",
    .signature = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"};

struct body {
    enum sigv4_payload payload;
    enum checksum_kind kind;
    struct span plain;
    uint8_t seed;
};

/* ---- the slow decoder ---- */

struct decoder {
    struct span left;
    struct sigv4_seed seed; /* the signature before */
};

/* A line up to CR LF. */
static struct span line(struct decoder *d)
{
    size_t n = 0;
    while (n + 1 < d->left.len && !(d->left.at[n] == '\r' && d->left.at[n + 1] == '\n'))
        n++;
    FUZZ_REQUIRE(n + 1 < d->left.len);
    const struct span found = span_cut(&d->left, n);
    (void)span_cut(&d->left, 2);
    return found;
}

static void expect(struct span *from, const char *text)
{
    FUZZ_REQUIRE(from->len >= strlen(text));
    FUZZ_REQUIRE(span_is(span_cut(from, strlen(text)), text));
}

static void expect_signature(struct span *from, const struct sigv4_seed *seed)
{
    FUZZ_REQUIRE(from->len == SIGNATURE_BYTES);
    FUZZ_REQUIRE(memcmp(from->at, seed->signature, SIGNATURE_BYTES) == 0);
}

static size_t hexadecimal(struct span *from)
{
    static const char digits[] = "0123456789abcdef";
    size_t value = 0, count = 0;
    for (; from->len > 0 && from->at[0] != ';'; count++) {
        const char *digit = strchr(digits, span_take(from));
        FUZZ_REQUIRE(digit != NULL && *digit != '\0');
        FUZZ_REQUIRE(count == 0 || value > 0); /* no leading zeros */
        value = value * 16 + (size_t)(digit - digits);
    }
    FUZZ_REQUIRE(count > 0);
    return value;
}

static uint64_t by_bits(struct span bytes, uint64_t polynomial, uint64_t ones)
{
    uint64_t crc = ones;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= bytes.at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (polynomial & (0 - (crc & 1)));
    }
    return crc ^ ones;
}

static size_t digest_of(const struct body *b, uint8_t to[32])
{
    uint64_t crc = 0;
    size_t bytes = 4;
    switch (b->kind) {
    case CHECKSUM_NONE: return 0;
    case CHECKSUM_SHA256:
        FUZZ_REQUIRE(mbedtls_sha256(b->plain.at, b->plain.len, to, 0) == 0);
        return 32;
    case CHECKSUM_CRC64NVME:
        crc = by_bits(b->plain, 0x9A6C9329AC4BC9B5, UINT64_MAX);
        bytes = 8;
        break;
    case CHECKSUM_CRC32C: crc = by_bits(b->plain, 0x82F63B78, UINT32_MAX); break;
    case CHECKSUM_CRC32: crc = by_bits(b->plain, 0xEDB88320, UINT32_MAX); break;
    }
    for (size_t i = 0; i < bytes; i++)
        to[i] = (uint8_t)(crc >> 8 * (bytes - 1 - i));
    return bytes;
}

/* Bit by bit; RFC 4648 section 4. */
static void expect_base64(struct span text, const uint8_t *bytes, size_t len)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    FUZZ_REQUIRE(text.len == (len + 2) / 3 * 4);
    for (size_t i = 0; i < text.len; i++) {
        unsigned value = 0;
        for (size_t bit = 6 * i; bit < 6 * i + 6; bit++)
            value = value * 2 + (bit < 8 * len ? bytes[bit / 8] >> (7 - bit % 8) & 1 : 0);
        FUZZ_REQUIRE(text.at[i] == (6 * i < 8 * len ? digits[value] : '='));
    }
}

static void check_trailer(struct decoder *d, const struct body *b)
{
    static const char *const names[] = {[CHECKSUM_CRC64NVME] = "x-amz-checksum-crc64nvme:",
                                        [CHECKSUM_CRC32C] = "x-amz-checksum-crc32c:",
                                        [CHECKSUM_CRC32] = "x-amz-checksum-crc32:",
                                        [CHECKSUM_SHA256] = "x-amz-checksum-sha256:"};
    uint8_t digest[32];
    const size_t bytes = digest_of(b, digest);
    struct span field = line(d);
    char signed_text[128];
    FUZZ_REQUIRE(field.len < sizeof signed_text - 1);
    memcpy(signed_text, field.at, field.len);
    signed_text[field.len] = '\n';
    const size_t signed_len = field.len + 1;
    expect(&field, names[b->kind]);
    expect_base64(field, digest, bytes);
    if (b->payload == SIGV4_UNSIGNED_TRAILER) return;
    sigv4_sign_trailer(&key, &d->seed, span_of(signed_text, signed_len));
    struct span signature = line(d);
    expect(&signature, "x-amz-trailer-signature:");
    expect_signature(&signature, &d->seed);
}

static void check_framed(struct span framed, const struct body *b)
{
    struct decoder d = {framed, first_seed};
    struct span plain = b->plain;
    for (size_t len = 1; len > 0;) {
        struct span head = line(&d);
        len = hexadecimal(&head);
        FUZZ_REQUIRE(len <= d.left.len && len <= plain.len);
        FUZZ_REQUIRE(len >= SMALLEST_CHUNK || len == plain.len); /* but for the last with bytes */
        const struct span bytes = span_cut(&d.left, len);
        FUZZ_REQUIRE(span_equal(bytes, span_cut(&plain, len)));
        if (b->payload == SIGV4_UNSIGNED_TRAILER) {
            FUZZ_REQUIRE(head.len == 0);
        } else {
            uint8_t hash[32];
            FUZZ_REQUIRE(mbedtls_sha256(bytes.at, bytes.len, hash, 0) == 0);
            sigv4_sign_chunk(&key, &d.seed, hash);
            expect(&head, ";chunk-signature=");
            expect_signature(&head, &d.seed);
        }
        if (len > 0) FUZZ_REQUIRE(line(&d).len == 0);
    }
    FUZZ_REQUIRE(plain.len == 0);
    if (b->payload != SIGV4_CHUNKS) check_trailer(&d, b);
    FUZZ_REQUIRE(line(&d).len == 0);
    FUZZ_REQUIRE(d.left.len == 0);
}

/* ---- the framing ---- */

static size_t some(struct span of, enum fuzz_cutting cutting, uint32_t *random)
{
    if (cutting == FUZZ_WHOLE) return of.len;
    *random = *random * 1103515245U + 12345U;
    return span_min(of, (*random >> 16) % 3 == 0 ? 1 + (*random >> 20) % 9 : *random >> 16);
}

static size_t frame(const struct body *b, enum fuzz_cutting cutting, uint8_t *to)
{
    static struct awschunk a;
    awschunk_init(&a, b->payload, b->kind, b->plain.len, &key, &first_seed);
    struct fuzz_pieces pieces = fuzz_pieces(b->plain, cutting, b->seed);
    struct span piece = {NULL, 0};
    uint32_t random = b->seed;
    size_t len = 0;
    bool is_more = true;
    while (!awschunk_is_over(&a)) {
        const struct span out = awschunk_sealed(&a);
        const size_t n = some(out, cutting, &random);
        FUZZ_REQUIRE(n <= FRAMED_BYTES_MAX - len);
        if (n > 0) memcpy(to + len, out.at, n);
        len += n;
        awschunk_sent(&a, n);
        if (out.len > 0) continue;
        if (piece.len == 0) {
            FUZZ_REQUIRE(is_more);
            is_more = fuzz_next(&pieces, &piece);
        }
        awschunk_put(&a, &piece);
    }
    FUZZ_REQUIRE(piece.len == 0);
    while (fuzz_next(&pieces, &piece)) /* empty pieces, and the block */
        FUZZ_REQUIRE(piece.len == 0);
    return len;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t plain[PLAIN_BYTES_MAX], whole[FRAMED_BYTES_MAX], cut[FRAMED_BYTES_MAX];
    if (size < 3) return 0;
    const struct span rest = span_of(data + 3, size - 3);
    size_t len = 0;
    const size_t most = data[1] < 240 ? MOSTLY_BYTES_MAX : PLAIN_BYTES_MAX;
    for (unsigned i = 0; i <= data[1] && len + rest.len <= most; i++, len += rest.len)
        if (rest.len > 0) memcpy(plain + len, rest.at, rest.len);
    const struct body b = {payloads[data[0] % 3], kinds[data[0] / 3 % 4], span_of(plain, len),
                           data[2]};
    const size_t framed_len = frame(&b, FUZZ_WHOLE, whole);
    FUZZ_REQUIRE(framed_len == awschunk_content_length(b.payload, b.kind, len));
    check_framed(span_of(whole, framed_len), &b);
    for (enum fuzz_cutting cutting = FUZZ_BYTES; cutting < FUZZ_CUTTINGS; cutting++) {
        const size_t cut_len = frame(&b, cutting, cut);
        FUZZ_REQUIRE(cut_len == framed_len && memcmp(cut, whole, cut_len) == 0);
    }
    return 0;
}
