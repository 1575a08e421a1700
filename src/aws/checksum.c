#include "aws/checksum.h"

#include "text/base64.h"

/* The tables are made by the compiler. A CRC is linear: the remainder of a byte is the sum (xor) of the
 * remainders of its bits, so eight numbers make a table of 256. They are what a shift register says
 * that begins with the (reflected) polynomial and steps once a bit: from right to left, line by line,
 * bit 80 of a message's last byte, 40, 20, ... 01, then the byte before it. The test steps it. */
#define BIT_1(v, a) (v), (v) ^ (a)
#define BIT_2(v, a, b) BIT_1(v, a), BIT_1((v) ^ (b), a)
#define BIT_3(v, a, b, c) BIT_2(v, a, b), BIT_2((v) ^ (c), a, b)
#define BIT_4(v, a, b, c, d) BIT_3(v, a, b, c), BIT_3((v) ^ (d), a, b, c)
#define BIT_5(v, a, b, c, d, e) BIT_4(v, a, b, c, d), BIT_4((v) ^ (e), a, b, c, d)
#define BIT_6(v, a, b, c, d, e, f) BIT_5(v, a, b, c, d, e), BIT_5((v) ^ (f), a, b, c, d, e)
#define BIT_7(v, a, b, c, d, e, f, g) BIT_6(v, a, b, c, d, e, f), BIT_6((v) ^ (g), a, b, c, d, e, f)
#define TABLE_OF(a, b, c, d, e, f, g, h)                                                           \
    {                                                                                              \
        BIT_7(UINT64_C(0), a, b, c, d, e, f, g), BIT_7(UINT64_C(0) ^ (h), a, b, c, d, e, f, g)     \
    }

/* crc64nvme[n][byte]: the remainder of a byte with n bytes behind it. The default checksum of S3, so it
 * has eight tables (16 KiB); the others have four (4 KiB). */
/* clang-format off */
static const uint64_t crc64nvme[8][256] = {
    TABLE_OF(0x7f6ef0c830358979, 0xfedde190606b12f2, 0xc962e5739841b68f, 0xa61cecb46814fe75,
             0x78e0ff3b88be6f81, 0xf1c1fe77117cdf02, 0xd75adabd7a6e2d6f, 0x9a6c9329ac4bc9b5),
    TABLE_OF(0x8776a97d73bddf69, 0x3a3474a9bfec2db9, 0x7468e9537fd85b72, 0xe8d1d2a6ffb0b6e4,
             0xe57a831ea7f6fea3, 0xfe2c206e177a6e2d, 0xc881668f76634f31, 0xa5dbeb4db4510d09),
    TABLE_OF(0xff6e4e1f4e4038be, 0xca05ba6dc417e217, 0xa0d25288d0b85745, 0x757d8342f9e73de1,
             0xeafb0685f3ce7bc2, 0xe12f2b58bf0b64ef, 0xf68770e226815ab5, 0xd9d7c79715952601),
    TABLE_OF(0x8211147cbaf96306, 0x30fb0eaa2d655567, 0x61f61d545acaaace, 0xc3ec3aa8b595559c,
             0xb301530233bd3853, 0x52db80573fede3cd, 0xa5b700ae7fdbc79a, 0x7fb7270fa7201c5f),
    TABLE_OF(0x373d15f784905d1e, 0x6e7a2bef0920ba3c, 0xdcf457de12417478, 0x8d3189ef7c157b9b,
             0x2eba358da0bd645d, 0x5d746b1b417ac8ba, 0xbae8d63682f59174, 0x41088a3e5d7cb183),
    TABLE_OF(0xe9742a79ef04a5d4, 0xe63172a0869ed8c3, 0xf8bbc31255aa22ed, 0xc5aea077f3c3d6b1,
             0xbf8466bcbf103e09, 0x4bd1eb2a26b7ef79, 0x97a3d6544d6fdef2, 0x1b9e8afbc2482e8f),
    TABLE_OF(0xfc5d27f6bf353971, 0xcc6369be26fde189, 0xac1ff52f156c5079, 0x6ce6cc0d724f3399,
             0xd9cd981ae49e6732, 0x8742166691ab5d0f, 0x3a5d0a9e7bc12975, 0x74ba153cf78252ea),
    TABLE_OF(0x21e9761e252621ac, 0x43d2ec3c4a4c4358, 0x87a5d878949886b0, 0x3b9296a271a69e0b,
             0x77252d44e34d3c16, 0xee4a5a89c69a782c, 0xe84d9340d5a36333, 0xe44200d2f3d1550d),
};

static const uint32_t crc32c[4][256] = {
    TABLE_OF(0xf26b8303, 0xe13b70f7, 0xc79a971f, 0x8ad958cf, 0x105ec76f, 0x20bd8ede, 0x417b1dbc, 0x82f63b78),
    TABLE_OF(0x13a29877, 0x274530ee, 0x4e8a61dc, 0x9d14c3b8, 0x3fc5f181, 0x7f8be302, 0xff17c604, 0xfbc3faf9),
    TABLE_OF(0xa541927e, 0x4f6f520d, 0x9edea41a, 0x38513ec5, 0x70a27d8a, 0xe144fb14, 0xc76580d9, 0x8b277743),
    TABLE_OF(0xdd45aab8, 0xbf672381, 0x7b2231f3, 0xf64463e6, 0xe964b13d, 0xd725148b, 0xaba65fe7, 0x52a0c93f),
};

static const uint32_t crc32[4][256] = {
    TABLE_OF(0x77073096, 0xee0e612c, 0x076dc419, 0x0edb8832, 0x1db71064, 0x3b6e20c8, 0x76dc4190, 0xedb88320),
    TABLE_OF(0x191b3141, 0x32366282, 0x646cc504, 0xc8d98a08, 0x4ac21251, 0x958424a2, 0xf0794f05, 0x3b83984b),
    TABLE_OF(0x01c26a37, 0x0384d46e, 0x0709a8dc, 0x0e1351b8, 0x1c26a370, 0x384d46e0, 0x709a8dc0, 0xe1351b80),
    TABLE_OF(0xb8bc6765, 0xaa09c88b, 0x8f629757, 0xc5b428ef, 0x5019579f, 0xa032af3e, 0x9b14583d, 0xed59b63b),
};
/* clang-format on */

/* Compilers make one load of it, and a swap of bytes where it is needed. */
static uint64_t load(const uint8_t *at, unsigned bytes)
{
    uint64_t word = 0;
    for (unsigned i = 0; i < bytes; i++)
        word |= (uint64_t)at[i] << 8 * i;
    return word;
}

static uint64_t add_64(uint64_t crc, struct span bytes)
{
    while (bytes.len >= 8) {
        const uint64_t w = crc ^ load(span_cut(&bytes, 8).at, 8);
        crc = crc64nvme[7][w & 0xFF] ^ crc64nvme[6][w >> 8 & 0xFF] ^ crc64nvme[5][w >> 16 & 0xFF] ^
              crc64nvme[4][w >> 24 & 0xFF] ^ crc64nvme[3][w >> 32 & 0xFF] ^
              crc64nvme[2][w >> 40 & 0xFF] ^ crc64nvme[1][w >> 48 & 0xFF] ^ crc64nvme[0][w >> 56];
    }
    while (bytes.len > 0)
        crc = crc >> 8 ^ crc64nvme[0][(crc ^ span_take(&bytes)) & 0xFF];
    return crc;
}

static uint64_t add_32(const uint32_t table[4][256], uint64_t from, struct span bytes)
{
    uint32_t crc = (uint32_t)from;
    while (bytes.len >= 4) {
        const uint32_t w = crc ^ (uint32_t)load(span_cut(&bytes, 4).at, 4);
        crc = table[3][w & 0xFF] ^ table[2][w >> 8 & 0xFF] ^ table[1][w >> 16 & 0xFF] ^
              table[0][w >> 24];
    }
    while (bytes.len > 0)
        crc = crc >> 8 ^ table[0][(crc ^ span_take(&bytes)) & 0xFF];
    return crc;
}

void checksum_init(struct checksum *c, enum checksum_kind kind)
{
    c->kind = kind;
    c->crc = kind == CHECKSUM_CRC64NVME ? UINT64_MAX : UINT32_MAX;
    mbedtls_sha256_init(&c->sha256);
    /* Its functions fail only where the hardware may, and ours computes. */
    if (kind == CHECKSUM_SHA256) (void)mbedtls_sha256_starts(&c->sha256, 0);
}

void checksum_add(struct checksum *c, struct span bytes)
{
    switch (c->kind) {
    case CHECKSUM_NONE: break;
    case CHECKSUM_CRC64NVME: c->crc = add_64(c->crc, bytes); break;
    case CHECKSUM_CRC32C: c->crc = add_32(crc32c, c->crc, bytes); break;
    case CHECKSUM_CRC32: c->crc = add_32(crc32, c->crc, bytes); break;
    case CHECKSUM_SHA256: (void)mbedtls_sha256_update(&c->sha256, bytes.at, bytes.len); break;
    }
}

static void write_big_endian(struct writer *to, uint64_t value, unsigned bytes)
{
    uint8_t digest[8];
    for (unsigned i = 0; i < bytes; i++)
        digest[i] = (uint8_t)(value >> 8 * (bytes - 1 - i));
    base64_write(to, span_of(digest, bytes));
}

static void write_sha256(struct writer *to, const mbedtls_sha256_context *sha256)
{
    mbedtls_sha256_context copy = *sha256; /* ending it would end the running one */
    uint8_t digest[32];
    (void)mbedtls_sha256_finish(&copy, digest);
    base64_write(to, span_of(digest, sizeof digest));
}

void checksum_write(const struct checksum *c, struct writer *to)
{
    switch (c->kind) {
    case CHECKSUM_NONE: break;
    case CHECKSUM_CRC64NVME: write_big_endian(to, ~c->crc, 8); break;
    case CHECKSUM_CRC32C:
    case CHECKSUM_CRC32: write_big_endian(to, ~c->crc, 4); break;
    case CHECKSUM_SHA256: write_sha256(to, &c->sha256); break;
    }
}

const char *checksum_header(enum checksum_kind kind)
{
    switch (kind) {
    case CHECKSUM_NONE: break;
    case CHECKSUM_CRC64NVME: return "x-amz-checksum-crc64nvme";
    case CHECKSUM_CRC32C: return "x-amz-checksum-crc32c";
    case CHECKSUM_CRC32: return "x-amz-checksum-crc32";
    case CHECKSUM_SHA256: return "x-amz-checksum-sha256";
    }
    return NULL;
}

const char *checksum_algorithm(enum checksum_kind kind)
{
    switch (kind) {
    case CHECKSUM_NONE: break;
    case CHECKSUM_CRC64NVME: return "CRC64NVME";
    case CHECKSUM_CRC32C: return "CRC32C";
    case CHECKSUM_CRC32: return "CRC32";
    case CHECKSUM_SHA256: return "SHA256";
    }
    return NULL;
}

size_t checksum_text_bytes(enum checksum_kind kind)
{
    switch (kind) {
    case CHECKSUM_NONE: break;
    case CHECKSUM_CRC64NVME: return 12;
    case CHECKSUM_CRC32C:
    case CHECKSUM_CRC32: return 8;
    case CHECKSUM_SHA256: return 44;
    }
    return 0;
}

bool checksum_is_whole_object(enum checksum_kind kind)
{
    switch (kind) {
    case CHECKSUM_CRC64NVME:
    case CHECKSUM_CRC32C:
    case CHECKSUM_CRC32: return true;
    case CHECKSUM_NONE:
    case CHECKSUM_SHA256: break;
    }
    return false;
}
