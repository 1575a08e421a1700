/* hash.h - the checksums of S3 and the hashes of signatures, from their specifications.
 *   eats    bytes, cut anywhere
 *   gives   digests, most significant byte first
 *   keeps   the running digest
 *   knows   CRC-32, CRC-32C, CRC-64/NVME (reflected, all ones in and out), SHA-256, HMAC (RFC 2104) */
#ifndef CLOUD_HASH_H
#define CLOUD_HASH_H

#include "blob.h"

#include <mbedtls/sha256.h>

enum hash_kind { HASH_NONE, HASH_CRC32, HASH_CRC32C, HASH_CRC64NVME, HASH_SHA256, HASH_KINDS };

enum { HASH_BYTES_MAX = 32 };

struct hash {
    enum hash_kind kind;
    uint64_t crc;
    mbedtls_sha256_context sha256;
};

/* "CRC64NVME"; HASH_NONE for any other word. */
enum hash_kind hash_named(struct span name);
const char *hash_name(enum hash_kind kind);
/* "x-amz-checksum-crc64nvme" */
const char *hash_header(enum hash_kind kind);
enum hash_kind hash_of_header(struct span header);

void hash_begin(struct hash *h, enum hash_kind kind);
void hash_add(struct hash *h, const void *bytes, size_t n);
/* How many bytes; h may go on. */
size_t hash_end(const struct hash *h, uint8_t to[HASH_BYTES_MAX]);
/* Base64 of the digest of all of s. */
void hash_put(struct blob *to, enum hash_kind kind, struct span s);

void sha256_of(struct span s, uint8_t to[32]);
void sha256_hex(struct blob *to, struct span s);
void hmac_sha256(const void *key, size_t key_len, struct span s, uint8_t to[32]);

#endif
