#include "hash.h"

static const struct {
    const char *name, *header;
    uint64_t polynomial; /* reflected */
    unsigned bits;
} kinds[HASH_KINDS] = {
    [HASH_NONE] = {"", "", 0, 0},
    [HASH_CRC32] = {"CRC32", "x-amz-checksum-crc32", 0xEDB88320, 32},
    [HASH_CRC32C] = {"CRC32C", "x-amz-checksum-crc32c", 0x82F63B78, 32},
    [HASH_CRC64NVME] = {"CRC64NVME", "x-amz-checksum-crc64nvme", 0x9A6C9329AC4BC9B5, 64},
    [HASH_SHA256] = {"SHA256", "x-amz-checksum-sha256", 0, 256},
};

static uint64_t tables[HASH_KINDS][256];

enum hash_kind hash_named(struct span name)
{
    for (enum hash_kind kind = HASH_CRC32; kind < HASH_KINDS; kind++)
        if (span_is(name, kinds[kind].name)) return kind;
    return HASH_NONE;
}

const char *hash_name(enum hash_kind kind)
{
    return kinds[kind].name;
}

const char *hash_header(enum hash_kind kind)
{
    return kinds[kind].header;
}

enum hash_kind hash_of_header(struct span header)
{
    for (enum hash_kind kind = HASH_CRC32; kind < HASH_KINDS; kind++)
        if (span_is_same_word(header, kinds[kind].header)) return kind;
    return HASH_NONE;
}

static void make_table(enum hash_kind kind)
{
    for (unsigned i = 0; i < 256; i++) {
        uint64_t crc = i;
        for (int bit = 0; bit < 8; bit++)
            crc = (crc & 1) != 0 ? crc >> 1 ^ kinds[kind].polynomial : crc >> 1;
        tables[kind][i] = crc;
    }
}

void hash_begin(struct hash *h, enum hash_kind kind)
{
    h->kind = kind;
    h->crc = kinds[kind].bits == 64 ? UINT64_MAX : UINT32_MAX;
    if (kind == HASH_SHA256) {
        mbedtls_sha256_init(&h->sha256);
        mbedtls_sha256_starts(&h->sha256, 0);
    } else if (kind != HASH_NONE && tables[kind][1] == 0) {
        make_table(kind);
    }
}

void hash_add(struct hash *h, const void *bytes, size_t n)
{
    const uint8_t *at = bytes;
    if (h->kind == HASH_NONE || n == 0) return;
    if (h->kind == HASH_SHA256) {
        mbedtls_sha256_update(&h->sha256, at, n);
        return;
    }
    uint64_t crc = h->crc;
    for (size_t i = 0; i < n; i++)
        crc = tables[h->kind][(crc ^ at[i]) & 255] ^ crc >> 8;
    h->crc = crc;
}

size_t hash_end(const struct hash *h, uint8_t to[HASH_BYTES_MAX])
{
    size_t n = kinds[h->kind].bits / 8;
    if (h->kind == HASH_SHA256) {
        mbedtls_sha256_context copy = h->sha256;
        mbedtls_sha256_finish(&copy, to);
        return n;
    }
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)(~h->crc >> (8 * (n - 1 - i)));
    return n;
}

void hash_put(struct blob *to, enum hash_kind kind, struct span s)
{
    struct hash h;
    uint8_t digest[HASH_BYTES_MAX];
    hash_begin(&h, kind);
    hash_add(&h, s.at, s.len);
    size_t n = hash_end(&h, digest);
    base64_put(to, digest, n);
}

void sha256_of(struct span s, uint8_t to[32])
{
    struct hash h;
    hash_begin(&h, HASH_SHA256);
    hash_add(&h, s.at, s.len);
    hash_end(&h, to);
}

void sha256_hex(struct blob *to, struct span s)
{
    uint8_t digest[32];
    sha256_of(s, digest);
    hex_put(to, digest, 32);
}

void hmac_sha256(const void *key, size_t key_len, struct span s, uint8_t to[32])
{
    uint8_t block[64] = {0};
    if (key_len > sizeof block)
        sha256_of(span_of(key, key_len), block);
    else
        memcpy(block, key, key_len);

    uint8_t inner[64], outer[64];
    for (size_t i = 0; i < sizeof block; i++) {
        inner[i] = block[i] ^ 0x36;
        outer[i] = block[i] ^ 0x5c;
    }
    struct hash h;
    hash_begin(&h, HASH_SHA256);
    hash_add(&h, inner, sizeof inner);
    hash_add(&h, s.at, s.len);
    hash_end(&h, to);
    hash_begin(&h, HASH_SHA256);
    hash_add(&h, outer, sizeof outer);
    hash_add(&h, to, 32);
    hash_end(&h, to);
}
