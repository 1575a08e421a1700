/* checksum.h - the checksums that S3 stores, of bytes as they pass.
 *   eats    bytes, cut anywhere
 *   gives   the header's value: base64 of the big-endian digest
 *   keeps   the running digest
 *   knows   CRC-64/NVME, CRC-32C, CRC-32 (reflected, all ones in and out), SHA-256 */
#ifndef RUSUDEN_AWS_CHECKSUM_H
#define RUSUDEN_AWS_CHECKSUM_H

#include "base/writer.h"

#include <mbedtls/sha256.h>

enum checksum_kind { CHECKSUM_NONE, CHECKSUM_CRC64NVME, CHECKSUM_CRC32C, CHECKSUM_CRC32, CHECKSUM_SHA256 };

enum { CHECKSUM_TEXT_BYTES_MAX = 44 }; /* SHA-256 in base64 */

/* May be copied: a copy goes on from where the first stood. */
struct checksum {
    enum checksum_kind kind;
    uint64_t crc;
    mbedtls_sha256_context sha256;
};

void checksum_init(struct checksum *c, enum checksum_kind kind);
void checksum_add(struct checksum *c, struct span bytes);

/* Base64, as in x-amz-checksum-*; nothing for CHECKSUM_NONE. *c may go on afterwards. */
void checksum_write(const struct checksum *c, struct writer *to);

/* "x-amz-checksum-crc64nvme", and "CRC64NVME"; NULL for CHECKSUM_NONE. */
const char *checksum_header(enum checksum_kind kind);
const char *checksum_algorithm(enum checksum_kind kind);

/* How long checksum_write's text is: 12, 8, 44; 0 for none. */
size_t checksum_text_bytes(enum checksum_kind kind);

/* S3 can check it for the whole object of a multipart upload (FULL_OBJECT): the CRCs. */
bool checksum_is_whole_object(enum checksum_kind kind);

#endif
