/* Check values: CRC RevEng's catalogue for "123456789"; RFC 3720 B.4 for CRC-32C of 32 zeros and of 32 ones;
 * FIPS 180-2 for SHA-256; the others by other programs (Python's zlib and hashlib, awscrt's checksums,
 * openssl). Then every length and cut against registers that step once a bit. */
#include "aws/checksum.h"
#include "cut.h"

#include <stdlib.h>

static const enum checksum_kind kinds[] = {CHECKSUM_CRC64NVME, CHECKSUM_CRC32C, CHECKSUM_CRC32,
                                           CHECKSUM_SHA256};
enum { KINDS = sizeof kinds / sizeof *kinds, LONGEST = 300 };

static void check_text(const struct checksum *c, const char *expected)
{
    char text[CHECKSUM_TEXT_BYTES_MAX + 1] = "";
    struct writer w = writer_on(text, CHECKSUM_TEXT_BYTES_MAX);
    checksum_write(c, &w);
    assert_false(w.full);
    assert_string_equal(text, expected);
    assert_int_equal(strlen(text), checksum_text_bytes(c->kind));
}

static void check(enum checksum_kind kind, struct span bytes, const char *expected)
{
    struct checksum c;
    checksum_init(&c, kind);
    checksum_add(&c, bytes);
    check_text(&c, expected);
}

struct known {
    const char *name;
    uint8_t fill; /* 0: the name itself */
    size_t len;
    const char *text[KINDS];
};

static const struct known known[] = {
    {"",
     0,
     0,
     {"AAAAAAAAAAA=", "AAAAAA==", "AAAAAA==", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}},
    {"123456789",
     0,
     9,
     {"rosUhgp5mIg=", "4waSgw==", "y/Q5Jg==", "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="}},
    {"Hello world",
     0,
     11,
     {"OOJZ0D8xKts=", "crUfeA==", "i9aeUg==", "ZOyIygCyaOW6GjVnihtTFtIS9PNmskdyMlNKiuyjfzw="}},
    {"ones",
     0xFF,
     32,
     {"oKBpdMNNY8Q=", "YqirQw==", "/2yrCw==", "r5YTdg9yY1+9tEpaCmPDnxKvMPlQpu5clxvhiOicQFE="}},
    {"letters",
     'a',
     66560,
     {"pRf+emrnL+A=", "sOO8/Q==", "sK4Y7A==", "zWnTiHxq+SZLEA17dgIzEzXZqn4718MM3G1vS/uzyIg="}},
    {"letters",
     'a',
     17408,
     {"T/a4M++Ix7Q=", "7EnT+w==", "s3SFCQ==", "pBELPefrHbQNv8FIDKm0K0FR1slpg/ujR9x6iXTIGwY="}},
};

static void known_values(void **state)
{
    (void)state;
    static uint8_t bytes[66560];
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const struct known *k = &known[i];
        memset(bytes, k->fill, k->len);
        if (k->fill == 0) memcpy(bytes, k->name, k->len);
        for (size_t kind = 0; kind < KINDS; kind++)
            check(kinds[kind], span_of(bytes, k->len), k->text[kind]);
    }
    memset(bytes, 0, 32);
    check(CHECKSUM_CRC64NVME, span_of(bytes, 32), "zzRzQ01Ozzs=");
    check(CHECKSUM_CRC32C, span_of(bytes, 32), "ipE2qg==");
    check(CHECKSUM_CRC32, span_of(bytes, 32), "GQpVrQ==");
    check(CHECKSUM_SHA256, span_text("abc"), "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

/* 0..255 again and again, 5 MiB: more than any counter of 16 bits. */
static void a_part(void **state)
{
    (void)state;
    struct checksum c[3];
    for (size_t k = 0; k < 3; k++)
        checksum_init(&c[k], kinds[k]);
    uint8_t bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    for (size_t i = 0; i < 20480; i++)
        for (size_t k = 0; k < 3; k++)
            checksum_add(&c[k], span_of(bytes, sizeof bytes));
    check_text(&c[0], "25tZT/qofgk="); /* db9b594ffaa87e09 */
    check_text(&c[1], "D5dXlQ==");     /* 0f975795 */
    check_text(&c[2], "vb9oTQ==");     /* bdbf684d */
}

static uint64_t by_bits(uint64_t polynomial, uint64_t ones, struct span bytes)
{
    uint64_t crc = ones;
    for (size_t i = 0; i < bytes.len; i++) {
        crc ^= bytes.at[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ polynomial : crc >> 1;
    }
    return crc ^ ones;
}

static uint64_t expected_crc(enum checksum_kind kind, struct span bytes)
{
    switch (kind) {
    case CHECKSUM_CRC64NVME: return by_bits(0x9A6C9329AC4BC9B5, UINT64_MAX, bytes);
    case CHECKSUM_CRC32C: return by_bits(0x82F63B78, UINT32_MAX, bytes);
    case CHECKSUM_CRC32: return by_bits(0xEDB88320, UINT32_MAX, bytes);
    case CHECKSUM_NONE:
    case CHECKSUM_SHA256: break;
    }
    return 0;
}

static uint64_t crc_of(const struct checksum *c)
{
    return c->kind == CHECKSUM_CRC64NVME ? ~c->crc : ~c->crc & UINT32_MAX;
}

/* Every entry of every table is used: single bytes at each place of a word. */
static void each_byte_at_each_place(void **state)
{
    (void)state;
    for (size_t k = 0; k < 3; k++)
        for (unsigned byte = 0; byte < 256; byte++)
            for (size_t place = 0; place < 8; place++) {
                uint8_t word[8] = {0};
                word[place] = (uint8_t)byte;
                struct checksum c;
                checksum_init(&c, kinds[k]);
                checksum_add(&c, span_of(word, sizeof word));
                assert_true(crc_of(&c) == expected_crc(kinds[k], span_of(word, sizeof word)));
            }
}

static void any_length_and_cut(void **state)
{
    (void)state;
    uint32_t seed = 20260801;
    for (size_t len = 0; len <= LONGEST; len++) {
        uint8_t bytes[LONGEST];
        for (size_t i = 0; i < len; i++)
            bytes[i] = (uint8_t)cut_random(&seed);
        for (size_t k = 0; k < KINDS; k++) {
            struct checksum whole, cut;
            checksum_init(&whole, kinds[k]);
            checksum_init(&cut, kinds[k]);
            uint8_t *block = cut_copy(span_of(bytes, len));
            checksum_add(&whole, span_of(block, len));
            free(block);
            for (struct span left = span_of(bytes, len); left.len > 0;)
                checksum_add(&cut, span_cut(&left, span_min(left, cut_random(&seed) % 19)));
            char text[CHECKSUM_TEXT_BYTES_MAX + 1] = "";
            struct writer w = writer_on(text, CHECKSUM_TEXT_BYTES_MAX);
            checksum_write(&whole, &w);
            check_text(&cut, text);
            if (kinds[k] != CHECKSUM_SHA256)
                assert_true(crc_of(&whole) == expected_crc(kinds[k], span_of(bytes, len)));
        }
    }
}

/* Written in the middle, and a copy that goes on by itself: neither disturbs the other. */
static void goes_on(void **state)
{
    (void)state;
    for (size_t k = 0; k < KINDS; k++) {
        struct checksum c;
        checksum_init(&c, kinds[k]);
        checksum_add(&c, span_text("1234"));
        char middle[CHECKSUM_TEXT_BYTES_MAX];
        struct writer w = writer_on(middle, sizeof middle);
        checksum_write(&c, &w);
        struct checksum copy = c;
        checksum_add(&copy, span_text("something else"));
        checksum_add(&c, span_text("56789"));
        check_text(&c, known[1].text[k]);
    }
}

static void none(void **state)
{
    (void)state;
    check(CHECKSUM_NONE, span_text("123456789"), "");
    assert_null(checksum_header(CHECKSUM_NONE));
    assert_null(checksum_algorithm(CHECKSUM_NONE));
}

/* S3 API: PutObject's headers, CreateMultipartUpload's x-amz-checksum-algorithm, and which may be
 * FULL_OBJECT. */
static void names(void **state)
{
    (void)state;
    assert_string_equal(checksum_header(CHECKSUM_CRC64NVME), "x-amz-checksum-crc64nvme");
    assert_string_equal(checksum_header(CHECKSUM_CRC32C), "x-amz-checksum-crc32c");
    assert_string_equal(checksum_header(CHECKSUM_CRC32), "x-amz-checksum-crc32");
    assert_string_equal(checksum_header(CHECKSUM_SHA256), "x-amz-checksum-sha256");
    assert_string_equal(checksum_algorithm(CHECKSUM_CRC64NVME), "CRC64NVME");
    assert_string_equal(checksum_algorithm(CHECKSUM_CRC32C), "CRC32C");
    assert_string_equal(checksum_algorithm(CHECKSUM_CRC32), "CRC32");
    assert_string_equal(checksum_algorithm(CHECKSUM_SHA256), "SHA256");
    assert_true(checksum_is_whole_object(CHECKSUM_CRC64NVME));
    assert_true(checksum_is_whole_object(CHECKSUM_CRC32C));
    assert_true(checksum_is_whole_object(CHECKSUM_CRC32));
    assert_false(checksum_is_whole_object(CHECKSUM_SHA256));
    assert_false(checksum_is_whole_object(CHECKSUM_NONE));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_values),
        cmocka_unit_test(a_part),
        cmocka_unit_test(each_byte_at_each_place),
        cmocka_unit_test(any_length_and_cut),
        cmocka_unit_test(goes_on),
        cmocka_unit_test(none),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
