/* The bodies of AWS's examples, whose signed aws-chunks have 64 KiB where ours have 8: the same room, built
 * with theirs. 65536 + 1024 times "a", the S3 API reference's keys and seeds; the SHA-256 of the bodies are of
 * files that were put together in Python with the signatures that the pages print. */
#include "base/budget.h"

#undef AWSCHUNK_BYTES
#define AWSCHUNK_BYTES 65536
#include "aws/awschunk.c" /* NOLINT(bugprone-suspicious-include): not the library's */

#include "framing.h"

static uint8_t letters(uint64_t i)
{
    (void)i;
    return 'a';
}

static void check_example(enum sigv4_payload payload, enum checksum_kind kind,
                          const char *signature, uint64_t framed_bytes, const char *sha256)
{
    const struct sigv4_seed seed = example_seed(signature);
    const struct pieces cuts[] = {{1 << 20, SIZE_MAX}, {1, 1}, {0, 0}, {0, 0}};
    for (uint32_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        const struct framed framed =
            frame_body(payload, kind, 66560, letters, &seed, cuts[i], i + 1);
        assert_true(framed.bytes == framed_bytes);
        assert_string_equal(framed.sha256, sha256);
    }
}

static void multiple_chunks(void **state)
{
    (void)state;
    check_example(SIGV4_CHUNKS, CHECKSUM_NONE,
                  "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9", 66824,
                  "86ba876e2a8457dbc4bfe805f155e5d0560d8328ce92b64e0c42d3e973fcfa62");
}

static void trailing_headers(void **state)
{
    (void)state;
    check_example(SIGV4_CHUNKS_TRAILER, CHECKSUM_CRC32C,
                  "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e", 66946,
                  "dd4bd64a7debecf7307c9df56d8cbc09a990df0f62f5343c154a2a1c048b4f86");
}

static void unsigned_trailer(void **state)
{
    (void)state;
    check_example(SIGV4_UNSIGNED_TRAILER, CHECKSUM_CRC64NVME,
                  "0000000000000000000000000000000000000000000000000000000000000000", 66620,
                  "17cc164efb8457a5d51725e63cb61f8855059dbb5cf836f71a65510502704a15");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(multiple_chunks),
        cmocka_unit_test(trailing_headers),
        cmocka_unit_test(unsigned_trailer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
