/* framing.h - one body in aws-chunks, given and taken in pieces.
 *   eats    a mode, a length, how large the pieces are
 *   gives   the framed bytes: their number, SHA-256, and the first of them
 *   keeps   each piece of plain bytes in a heap block of just its size, until the next one is needed
 *   knows   cmocka; AWS's example key */
#ifndef TESTS_UNIT_FRAMING_H
#define TESTS_UNIT_FRAMING_H

#include "aws/awschunk.h"
#include "cut.h"

#include <stdlib.h>

enum { FRAMED_SHOWN = 4096 };

struct framed {
    uint64_t bytes;
    char sha256[65];
    size_t shown;
    char first[FRAMED_SHOWN + 1];
};

/* Pieces of plain bytes and of framed ones; 0: at random. */
struct pieces {
    size_t in, out;
};

/* The key of AWS's streaming examples, as it comes out of signing anything on that day. */
static inline struct sigv4_key example_key(void)
{
    static const struct sigv4_scope scope = {"us-east-1", "s3", false, true};
    static struct credentials c = {.id = "AKIAIOSFODNN7EXAMPLE",
                                   .secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"};
    c.id_len = strlen(c.id);
    c.secret_len = strlen(c.secret);
    struct sigv4_key key = {0};
    static struct http_request request;
    uint8_t room[1024];
    http_request_begin(&request, room, sizeof room, "PUT", span_text("/"));
    assert_true(sigv4_sign(&key, &request, &scope, &c, 1369353600000, SIGV4_UNSIGNED, NULL, NULL));
    return key;
}

static inline struct sigv4_seed example_seed(const char *signature)
{
    struct sigv4_seed seed;
    memcpy(seed.date, "20130524T000000Z", sizeof seed.date);
    memcpy(seed.signature, signature, sizeof seed.signature);
    return seed;
}

static inline size_t piece_of(size_t fixed, uint32_t *seed)
{
    if (fixed > 0) return fixed;
    return cut_random(seed) % (cut_random(seed) % 4 ? 700 : 40000);
}

/* `plain`: byte i of the body; bytes behind its end are offered too, and must not be eaten. */
static inline struct framed frame_body(enum sigv4_payload payload, enum checksum_kind kind,
                                       uint64_t len, uint8_t (*plain)(uint64_t i),
                                       const struct sigv4_seed *signature, struct pieces pieces,
                                       uint32_t random)
{
    static struct awschunk a;
    static struct framed framed;
    memset(&a, 0xA5, sizeof a);
    memset(&framed, 0, sizeof framed);
    const struct sigv4_key key = example_key();
    awschunk_init(&a, payload, kind, len, &key, signature);
    mbedtls_sha256_context hash;
    mbedtls_sha256_init(&hash);
    mbedtls_sha256_starts(&hash, 0);
    uint8_t *block = NULL;
    struct span piece = {NULL, 0};
    uint64_t made = 0;
    while (!awschunk_is_over(&a)) {
        const struct span out = awschunk_sealed(&a);
        if (out.len > 0) {
            struct span none = piece;
            awschunk_put(&a, &none); /* not while something waits */
            assert_int_equal(none.len, piece.len);
            const size_t n = span_min(out, piece_of(pieces.out, &random));
            mbedtls_sha256_update(&hash, out.at, n);
            const size_t shown = n < FRAMED_SHOWN - framed.shown ? n : FRAMED_SHOWN - framed.shown;
            memcpy(framed.first + framed.shown, out.at, shown);
            framed.shown += shown;
            framed.bytes += n;
            awschunk_sent(&a, n);
            continue;
        }
        if (piece.len == 0) {
            free(block);
            const size_t n = piece_of(pieces.in, &random);
            block = malloc(n > 0 ? n : 1);
            assert_non_null(block);
            for (size_t i = 0; i < n; i++, made++)
                block[i] = made < len ? plain(made) : 0xEE;
            piece = span_of(block, n);
        }
        awschunk_put(&a, &piece);
    }
    assert_true(made - piece.len == len);
    struct span more = span_text("more");
    awschunk_put(&a, &more);
    awschunk_sent(&a, 0);
    assert_int_equal(more.len, 4);
    assert_int_equal(awschunk_sealed(&a).len, 0);
    free(block);

    uint8_t digest[32];
    mbedtls_sha256_finish(&hash, digest);
    struct writer w = writer_on(framed.sha256, 64);
    for (size_t i = 0; i < sizeof digest; i++)
        writer_hex(&w, digest[i], 2);
    assert_true(framed.bytes == awschunk_content_length(payload, kind, len));
    return framed;
}

#endif
