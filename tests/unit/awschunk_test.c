/* Bodies in aws-chunks. The short ones are typed from botocore's requests and from "Transferring payload in
 * multiple chunks" (S3 API reference); of the long ones length and SHA-256 come from a Python script that
 * frames and signs by hmac, hashlib and a CRC of its own. */
#include "framing.h"

#define SEED "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
#define EXHAUSTIVE_MAX 131073

static const struct pieces whole = {1 << 24, SIZE_MAX}, bytes = {1, 1}, at_random = {0, 0},
                           small_out = {1 << 24, 7}, small_in = {3, SIZE_MAX};

static struct span typed;

static uint8_t from_text(uint64_t i)
{
    return typed.at[i];
}

static void check_short(enum sigv4_payload payload, enum checksum_kind kind, const char *plain,
                        const char *expected)
{
    const struct pieces cuts[] = {whole, bytes, small_out, small_in, at_random};
    const struct sigv4_seed seed = example_seed(SEED);
    typed = span_text(plain);
    for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
        const struct framed framed =
            frame_body(payload, kind, typed.len, from_text, &seed, cuts[i], 7);
        assert_string_equal(framed.first, expected);
    }
}

static void unsigned_and_short(void **state)
{
    (void)state;
    check_short(SIGV4_UNSIGNED_TRAILER, CHECKSUM_CRC32, "part-data",
                "9\r\npart-data\r\n0\r\nx-amz-checksum-crc32:VEk+QQ==\r\n\r\n");
    check_short(SIGV4_UNSIGNED_TRAILER, CHECKSUM_CRC32, "RIFFdata",
                "8\r\nRIFFdata\r\n0\r\nx-amz-checksum-crc32:Ibdznw==\r\n\r\n");
    check_short(SIGV4_UNSIGNED_TRAILER, CHECKSUM_CRC64NVME, "123456789",
                "9\r\n123456789\r\n0\r\nx-amz-checksum-crc64nvme:rosUhgp5mIg=\r\n\r\n");
    check_short(SIGV4_UNSIGNED_TRAILER, CHECKSUM_CRC32C, "",
                "0\r\nx-amz-checksum-crc32c:AAAAAA==\r\n\r\n");
    check_short(SIGV4_UNSIGNED_TRAILER, CHECKSUM_SHA256, "Hello world",
                "b\r\nHello world\r\n0\r\n"
                "x-amz-checksum-sha256:ZOyIygCyaOW6GjVnihtTFtIS9PNmskdyMlNKiuyjfzw=\r\n\r\n");
}

/* Signatures by the Python script. */
static void signed_and_short(void **state)
{
    (void)state;
    check_short(
        SIGV4_CHUNKS, CHECKSUM_NONE, "123456789",
        "9;chunk-signature=7da500f57fe7a9885d160f8cc2a91a4180eba2bc6f6ed22becfc20215f8ec081\r\n"
        "123456789\r\n"
        "0;chunk-signature=2882f0f3a38039a4ba138e11d83ccc90e4b34df3eac2870471ae673423fbefe3\r\n"
        "\r\n");
    check_short(
        SIGV4_CHUNKS_TRAILER, CHECKSUM_CRC64NVME, "123456789",
        "9;chunk-signature=7da500f57fe7a9885d160f8cc2a91a4180eba2bc6f6ed22becfc20215f8ec081\r\n"
        "123456789\r\n"
        "0;chunk-signature=2882f0f3a38039a4ba138e11d83ccc90e4b34df3eac2870471ae673423fbefe3\r\n"
        "x-amz-checksum-crc64nvme:rosUhgp5mIg=\r\n"
        "x-amz-trailer-signature:"
        "4e2d980118f9dd3a2d9df1c2ce14ca4d5f4a8acea5745d7ce910be98ca4b6b32\r\n"
        "\r\n");
    check_short(
        SIGV4_CHUNKS, CHECKSUM_NONE, "",
        "0;chunk-signature=8a499ac242a06fefaaeef7b4f94407f5eba2deb0b8d2436bd4933a8099bf6808\r\n"
        "\r\n");
}

static uint8_t pattern(uint64_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

struct mode {
    enum sigv4_payload payload;
    enum checksum_kind kind;
};

static const struct mode modes[] = {{SIGV4_CHUNKS, CHECKSUM_NONE},
                                    {SIGV4_CHUNKS_TRAILER, CHECKSUM_SHA256},
                                    {SIGV4_UNSIGNED_TRAILER, CHECKSUM_CRC64NVME}};

struct body {
    uint64_t plain_bytes;
    uint64_t framed_bytes[3];
    const char *sha256[3];
};

static const struct body bodies[] = {
    {0,
     {86, 244, 44},
     {"49cd229f3876b25037223187e328849dac68ad5398acc79e8a4f65fc96a71dc4",
      "bc80e76fe5dd9ab9e523031735d8918499b53d329a41bcceeaae6718595f3ca2",
      "17dbf33a8155fa26cd95f58f9cef76452f56cb32618b810d042d7b66ad7a32ed"}},
    {1,
     {173, 331, 50},
     {"6fa444af16775630abd784529f63e01cf551bf07d09c86dea75fe1902c978e90",
      "a5ea5c6543fb74069c8357e7454cca268eeb948e4f114f583591d48d73111106",
      "b84fe6f26f60f39489b4d08b73fa0240c6abbf02ca821f6618ceb2f4c0650a02"}},
    {8191,
     {8366, 8524, 8243},
     {"cf3182d5e8777540c11d677bd5af7a4a0dd79c2b274b7a5fdabeac37f6f2d6b7",
      "91214fd170ed0156049d6c5e6b5c9fbb84ca066a6e4f0a281fa142cd0af142a8",
      "46a9ed2fa49641783a41f2fb98d315bf24a187e26a6e159e8a289778a06c4d76"}},
    {8192,
     {8367, 8525, 8244},
     {"705e577ce33978976cabbf533f28dad61a9ac76ce3a3236b95f0461f283e56b7",
      "e13fa0933bae43ce3e55a105bf3d2c35f760f662f5fb4e124163bcdc6c4d3091",
      "ba252b84e8fed61485a25d093a3aa8bfa3999e0ea7211e6ea0336edcb5a21c7a"}},
    {8193,
     {8454, 8612, 8250},
     {"b78bf7c98877579af674f3747afbe4aac213624cbc023e1849ddab8258517ae0",
      "d1eb8ace41af4914ec23bfaae7d3b00fc8c4b6b9c4bcf0c0b19d6c67313b612b",
      "3bb2d62a5fb2b53ba3c7b680a1e675ab5d621a5e421006efece43628988ee88e"}},
    {16384,
     {16648, 16806, 16444},
     {"4c23d5bd885452e002ce9ce1e682d117f6d7d3fd129c1c902fb7e46c35eec095",
      "b00df9e9a0ab5cda753ff5ab0d2df0f43d5375e07f2a0a30a0045cbba3e3e86b",
      "1a91c6028b6fa9ad76c269c315e5e8aced65666656f9127a7480949776e49445"}},
    {65535,
     {66333, 66491, 65643},
     {"02306ba79a1b0b6dd4a22cee9fd42c3d39c8b518bb75ed29cb62389863a240c5",
      "869ac4958cd9ba42d98fa9101a42e4101d5e86439b06c1ae431e279db10d6b2f",
      "f05fe6d99cf3024cbf739f4f5d202cb3a4c8bbba09920550c908761d6e581ecb"}},
    {65537,
     {66421, 66579, 65650},
     {"1948604a6d2e05e075fa4fa9738e3b6a4191e848a26071a7ad1ed70961cfed04",
      "37bb170af5d4e1177022e5e1fbdcd0f5a8b559c5437ea93ac0d4cf157c69e1ef",
      "42f1db4059f12e40e3fb1e536332eb2c57a50d6f16c7c24d3ae2a936160b5070"}},
    {65536,
     {66334, 66492, 65644},
     {"367c0f8bbf24bb46d1c694bd7ff82bbc17c4a7abd0c7b629b62368cc2f212d34",
      "76017816f9c5885de510fb71cfe3a95b596b4ac599a498ff4b15a3b07e3e63f2",
      "007bd865f5a0b0bae3e18aa780347c872d726432a790a86d60811f359755b50f"}},
    {66560,
     {67446, 67604, 66675},
     {"57822afa827f1f3d8cdae2dfb653d0d31ce5584330c22c34dbe05010e4a1e2f7",
      "80fe7864f6f8bad6105665d43c7755417da72bcff4fbc2dab0b05800e212034a",
      "6cd4bdb66db6a7ab20f8ad5265ecac776f9552522c5714b87d5b0f17d81be4e3"}},
    {131073,
     {132669, 132827, 131250},
     {"24b5a76b9f935d6e4fa0e3a07425da786fd31322492d92bd702206916695607a",
      "8ae97adae1683f477842dcc7d6fef20a61442274cc58e47dcd0a0e5a0f0e8656",
      "4b5d4011309634d6d32df5e60ee59dda99d362798692b5aa5177c7b9ef626fc3"}},
    {5242881,
     {5300013, 5300171, 5248050},
     {"1a1343f55ea5ff93ab0f5813aa1c1940dff9a6fd4c0b929fc1a0943c65dc1289",
      "e85323909dfce3a3d7115a5f72b74b37ab32d87ae8af5d3dc1af45b3b3ebcb2a",
      "332b7cb35575467857023ab11e06a7f7639a17e3b265053c81a150316f274956"}},

};

static void check_body(const struct body *b, size_t mode, struct pieces pieces, uint32_t random)
{
    const struct sigv4_seed seed = example_seed(SEED);
    const struct framed framed = frame_body(modes[mode].payload, modes[mode].kind, b->plain_bytes,
                                            pattern, &seed, pieces, random);
    assert_true(framed.bytes == b->framed_bytes[mode]);
    assert_string_equal(framed.sha256, b->sha256[mode]);
}

static void any_length_and_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        for (size_t mode = 0; mode < 3; mode++) {
            check_body(&bodies[i], mode, whole, 1);
            for (uint32_t random = 1; random <= 3; random++)
                check_body(&bodies[i], mode, at_random, random);
            if (bodies[i].plain_bytes > EXHAUSTIVE_MAX) continue;
            check_body(&bodies[i], mode, bytes, 1);
            check_body(&bodies[i], mode, small_out, 1);
            check_body(&bodies[i], mode, small_in, 1);
        }
}

/* One aws-chunk is one piece: what is sent together costs TLS few records. */
static void a_chunk_is_one_piece(void **state)
{
    (void)state;
    static uint8_t plain[2 * AWSCHUNK_BYTES + 1];
    static const size_t pieces[] = {6 + AWSCHUNK_BYTES + 2, 6 + AWSCHUNK_BYTES + 2, 3 + 1 + 2};
    struct awschunk a;
    awschunk_init(&a, SIGV4_UNSIGNED_TRAILER, CHECKSUM_CRC64NVME, sizeof plain, NULL, NULL);
    struct span in = span_of(plain, sizeof plain);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(awschunk_sealed(&a).len, 0);
        awschunk_put(&a, &in);
        assert_int_equal(awschunk_sealed(&a).len, pieces[i]);
        awschunk_sent(&a, pieces[i]);
    }
    assert_int_equal(in.len, 0);
    assert_false(awschunk_is_over(&a));
    awschunk_sent(&a, awschunk_sealed(&a).len);
    assert_true(awschunk_is_over(&a));
}

/* A checksum that is not sent is kept nevertheless, to compare it with what S3 answers. */
static void checksum_beside(void **state)
{
    (void)state;
    const struct sigv4_key key = example_key();
    const struct sigv4_seed seed = example_seed(SEED);
    static struct awschunk a;
    awschunk_init(&a, SIGV4_CHUNKS, CHECKSUM_CRC32C, 9, &key, &seed);
    struct span in = span_text("123456789");
    awschunk_put(&a, &in);
    assert_true(awschunk_content_length(SIGV4_CHUNKS, CHECKSUM_CRC32C, 9) ==
                awschunk_content_length(SIGV4_CHUNKS, CHECKSUM_NONE, 9));
    char text[8];
    struct writer w = writer_on(text, sizeof text);
    checksum_write(&a.checksum, &w);
    assert_true(span_is(writer_span(&w), "4waSgw=="));
}

/* Lengths beyond 4 GiB: S3's largest part. 1 + 17 + 64 + 2 + 24 + 1 + 12 + 2 + 24 + 64 + 2 + 2 = 215 end it. */
static void long_lengths(void **state)
{
    (void)state;
    const uint64_t part = 5 * (UINT64_C(1) << 30);
    assert_true(awschunk_content_length(SIGV4_CHUNKS_TRAILER, CHECKSUM_CRC64NVME, part) ==
                part + part / 8192 * (4 + 17 + 64 + 2 + 2) + 215);
    assert_true(awschunk_content_length(SIGV4_UNSIGNED_TRAILER, CHECKSUM_CRC64NVME, part + 16) ==
                part + 16 + part / 8192 * (4 + 4) + 2 + 4 + 44);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(unsigned_and_short), cmocka_unit_test(signed_and_short),
        cmocka_unit_test(any_length_and_cut), cmocka_unit_test(a_chunk_is_one_piece),
        cmocka_unit_test(checksum_beside),    cmocka_unit_test(long_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
