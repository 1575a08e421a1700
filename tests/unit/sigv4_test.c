/* The examples that AWS published: Amazon S3 API reference, "Signature Calculations for the Authorization
 * Header: Transferring Payload in a Single Chunk", "... in Multiple Chunks", "... with trailing headers"; and
 * RFC 4231's long key by way of a long secret. Other expected signatures are made by Python's hmac. */
#include "aws/sigv4.h"
#include "cut.h"

#include <stdio.h>
#include <stdlib.h>

#define NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define MAY_24_2013 INT64_C(1369353600000)
#define DAY_MS INT64_C(86400000)

static struct http_request request;
static uint8_t room[REQUEST_HEAD_BYTES_MAX];
static struct credentials credentials;
static struct sigv4_key key;

static const struct sigv4_scope s3 = {"us-east-1", "s3", false, true};

static void read_hex(const char *text, uint8_t to[32])
{
    for (size_t i = 0; i < 32; i++) {
        unsigned byte = 0;
        assert_int_equal(sscanf(text + 2 * i, "%2x", &byte), 1);
        to[i] = (uint8_t)byte;
    }
}

static void set_credentials(const char *id, const char *secret, const char *token)
{
    memset(&credentials, 0, sizeof credentials);
    credentials.id_len = strlen(id);
    credentials.secret_len = strlen(secret);
    credentials.token_len = strlen(token);
    memcpy(credentials.id, id, credentials.id_len);
    memcpy(credentials.secret, secret, credentials.secret_len);
    memcpy(credentials.token, token, credentials.token_len);
    credentials.expires_ms = INT64_MAX;
}

/* The keys of every example; nobody's. */
static int examples(void **state)
{
    (void)state;
    set_credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "");
    sigv4_wipe(&key);
    return 0;
}

static void begin(const char *method, const char *path)
{
    http_request_begin(&request, room, sizeof room, method, span_text(path));
}

static void header(const char *name, const char *value)
{
    http_request_header_text(&request, name, value);
}

static void check_header(const char *name, const char *expected)
{
    const struct request_header *h = http_request_find(&request, name);
    assert_non_null(h);
    char text[8192];
    snprintf(text, sizeof text, "%.*s", (int)h->value.len, (const char *)h->value.at);
    assert_string_equal(text, expected);
}

static void sign_hashed(const char *hash_hex)
{
    uint8_t hash[32];
    read_hex(hash_hex, hash);
    assert_true(
        sigv4_sign(&key, &request, &s3, &credentials, MAY_24_2013, SIGV4_HASHED, hash, NULL));
}

#define AUTHORIZATION(names, signature)                                                            \
    "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, "        \
    "SignedHeaders=" names ", Signature=" signature

static void get_with_range(void **state)
{
    (void)state;
    begin("GET", "/test.txt");
    header("Host", "examplebucket.s3.amazonaws.com");
    header("Range", "bytes=0-9");
    sign_hashed(NOTHING);
    check_header("x-amz-date", "20130524T000000Z");
    check_header("x-amz-content-sha256", NOTHING);
    check_header("Authorization",
                 AUTHORIZATION("host;range;x-amz-content-sha256;x-amz-date",
                               "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
    assert_null(http_request_find(&request, "x-amz-security-token"));
}

static void put_with_a_dollar(void **state)
{
    (void)state;
    begin("PUT", "/test$file.text");
    header("Host", "examplebucket.s3.amazonaws.com");
    header("Date", "Fri, 24 May 2013 00:00:00 GMT");
    header("x-amz-storage-class", "REDUCED_REDUNDANCY");
    sign_hashed("44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
    check_header("Authorization",
                 AUTHORIZATION("date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
                               "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"));
}

static void get_lifecycle(void **state)
{
    (void)state;
    begin("GET", "/");
    http_request_parameter(&request, "lifecycle", span_text(""));
    header("Host", "examplebucket.s3.amazonaws.com");
    sign_hashed(NOTHING);
    check_header("Authorization",
                 AUTHORIZATION("host;x-amz-content-sha256;x-amz-date",
                               "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

/* In the wrong order here: sorting is the signer's. */
static void get_list(void **state)
{
    (void)state;
    begin("GET", "/");
    http_request_parameter(&request, "prefix", span_text("J"));
    http_request_parameter(&request, "max-keys", span_text("2"));
    header("Host", "examplebucket.s3.amazonaws.com");
    sign_hashed(NOTHING);
    check_header("Authorization",
                 AUTHORIZATION("host;x-amz-content-sha256;x-amz-date",
                               "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
}

static void check_seed(const struct sigv4_seed *seed, const char *expected)
{
    assert_memory_equal(seed->date, "20130524T000000Z", UTC_BASIC_BYTES);
    assert_memory_equal(seed->signature, expected, SIGNATURE_BYTES);
}

/* SHA-256 of 65536 and of 1024 times "a", which the pages print in their strings to sign. */
#define LONG_CHUNK "bf718b6f653bebc184e1479f1935b8da974d701b893afcf49e701f3e2f9f9c5a"
#define SHORT_CHUNK "2edc986847e209b4016e141a6dc8716d3207350f416969382d431539bf292e4a"

static void check_chunk(struct sigv4_seed *seed, const char *hash_hex, const char *expected)
{
    uint8_t hash[32];
    read_hex(hash_hex, hash);
    sigv4_sign_chunk(&key, seed, hash);
    check_seed(seed, expected);
}

static void chunks(void **state)
{
    (void)state;
    begin("PUT", "/examplebucket/chunkObject.txt");
    header("Host", "s3.amazonaws.com");
    header("x-amz-storage-class", "REDUCED_REDUNDANCY");
    header("Content-Encoding", "aws-chunked");
    header("x-amz-decoded-content-length", "66560");
    http_request_header_number(&request, "Content-Length", 66824);
    struct sigv4_seed seed;
    assert_true(
        sigv4_sign(&key, &request, &s3, &credentials, MAY_24_2013, SIGV4_CHUNKS, NULL, &seed));
    check_header("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD");
    check_seed(&seed, "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9");
    check_chunk(&seed, LONG_CHUNK,
                "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648");
    check_chunk(&seed, SHORT_CHUNK,
                "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497");
    check_chunk(&seed, NOTHING, "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9");
    /* A trailer after these, from aws-c-auth's tests/test_chunked_signing.c. */
    sigv4_sign_trailer(&key, &seed, span_text("first:1st\nsecond:2nd\nthird:3rd\n"));
    check_seed(&seed, "df5735bd9f3295cd9386572292562fefc93ba94e80a0a1ddcbd652c4e0a75e6c");
}

static void chunks_and_trailer(void **state)
{
    (void)state;
    begin("PUT", "/examplebucket/chunkObject.txt");
    header("Host", "s3.amazonaws.com");
    header("x-amz-storage-class", "REDUCED_REDUNDANCY");
    header("Content-Encoding", "aws-chunked");
    header("x-amz-decoded-content-length", "66560");
    header("x-amz-trailer", "x-amz-checksum-crc32c");
    struct sigv4_seed seed;
    assert_true(sigv4_sign(&key, &request, &s3, &credentials, MAY_24_2013, SIGV4_CHUNKS_TRAILER,
                           NULL, &seed));
    check_header("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER");
    check_seed(&seed, "106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e");
    check_chunk(&seed, LONG_CHUNK,
                "b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2");
    check_chunk(&seed, SHORT_CHUNK,
                "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7");
    check_chunk(&seed, NOTHING, "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992");
    sigv4_sign_trailer(&key, &seed, span_text("x-amz-checksum-crc32c:sOO8/Q==\n"));
    check_seed(&seed, "d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435");
}

/* get_with_range's signature again, and not. */
static bool signs_as_published(const struct sigv4_scope *scope, int64_t utc_ms)
{
    begin("GET", "/test.txt");
    header("Host", "examplebucket.s3.amazonaws.com");
    header("Range", "bytes=0-9");
    uint8_t hash[32];
    read_hex(NOTHING, hash);
    struct sigv4_seed seed;
    assert_true(sigv4_sign(&key, &request, scope, &credentials, utc_ms, SIGV4_HASHED, hash, &seed));
    return memcmp(seed.signature,
                  "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
                  SIGNATURE_BYTES) == 0;
}

/* The key that is kept is made anew for another day, region, service and secret, and found again else. */
static void key_is_kept(void **state)
{
    (void)state;
    const struct sigv4_scope tokyo = {"ap-northeast-1", "s3", false, true};
    const struct sigv4_scope sqs = {"us-east-1", "sqs", false, true};
    assert_true(signs_as_published(&s3, MAY_24_2013));
    const struct sigv4_key first = key;
    assert_true(signs_as_published(&s3, MAY_24_2013 + 999)); /* the same second */
    assert_memory_equal(&first, &key, sizeof key);
    assert_false(signs_as_published(&s3, MAY_24_2013 + DAY_MS - 1));
    assert_memory_equal(&first, &key, sizeof key);

    assert_false(signs_as_published(&s3, MAY_24_2013 + DAY_MS));
    assert_memory_not_equal(first.key, key.key, sizeof key.key);
    assert_true(signs_as_published(&s3, MAY_24_2013));
    assert_false(signs_as_published(&tokyo, MAY_24_2013));
    assert_true(signs_as_published(&s3, MAY_24_2013));
    assert_false(signs_as_published(&sqs, MAY_24_2013));
    assert_true(signs_as_published(&s3, MAY_24_2013));
    credentials.secret[3] ^= 1;
    assert_false(signs_as_published(&s3, MAY_24_2013));
    credentials.secret[3] ^= 1;
    assert_true(signs_as_published(&s3, MAY_24_2013));
    /* The kept key is used: a broken one is seen. */
    key.key[0] ^= 1;
    assert_false(signs_as_published(&s3, MAY_24_2013));
    sigv4_wipe(&key);
    const struct sigv4_key nothing = {0};
    assert_memory_equal(&nothing, &key, sizeof key);
    assert_true(signs_as_published(&s3, MAY_24_2013));
}

/* Headers: lower case, sorted, blanks, duplicates, and those that proxies change. The canonical request
 *
 * POST\n/a/b%2525/c\nA=2&A=3&A-b=1&Z=\n
 * a:1 2,3\na-b:x\nhost:h\nx-amz-date:20150830T123600Z\nx-amz-security-token:t/+=\nx_y:\n\n
 * a;a-b;host;x-amz-date;x-amz-security-token;x_y\nUNSIGNED-PAYLOAD
 *
 * was typed into a Python script and signed by its hmac. */
static void headers_and_query(void **state)
{
    (void)state;
    set_credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "t/+=");
    const struct sigv4_scope scope = {"us-east-1", "service", true, false};
    begin("POST", "//x/../a//./b%/c");
    http_request_parameter(&request, "Z", span_text(""));
    http_request_parameter(&request, "A-b", span_text("1"));
    http_request_parameter(&request, "A", span_text("3"));
    http_request_parameter(&request, "A", span_text("2"));
    header("X_y", "");
    header("Transfer-Encoding", "chunked");
    header("A", "  1 \t  2 ");
    header("A-B", "x");
    header("Proxy-Authorization", "no");
    header("Expect", "100-continue");
    header("TE", "trailers");
    header("Trailer", "no");
    header("Upgrade", "no");
    header("Connection", "close");
    header("Keep-Alive", "no");
    header("User-Agent", "rusuden/1");
    header("X-Amzn-Trace-Id", "Root=1");
    header("HOST", "h");
    header("a", "3");
    struct sigv4_seed seed;
    assert_true(sigv4_sign(&key, &request, &scope, &credentials, 1440938160000, SIGV4_UNSIGNED,
                           NULL, &seed));
    assert_null(http_request_find(&request, "x-amz-content-sha256"));
    check_header("x-amz-security-token", "t/+=");
    check_header("authorization",
                 "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
                 "SignedHeaders=a;a-b;host;x-amz-date;x-amz-security-token;x_y, Signature="
                 "185968f615cbc5ca1b35b50b9129ccdbd2e9fd3ced1ed5413ccf02a8d49c97b1");
    assert_memory_equal(seed.date, "20150830T123600Z", UTC_BASIC_BYTES);
}

/* What is in the request already is not added again. */
static void given_headers(void **state)
{
    (void)state;
    begin("GET", "/test.txt");
    header("Host", "examplebucket.s3.amazonaws.com");
    header("X-Amz-Content-SHA256", NOTHING);
    header("Range", "bytes=0-9");
    header("X-AMZ-DATE", "20130524T000000Z");
    sign_hashed(NOTHING);
    check_header("Authorization",
                 AUTHORIZATION("host;range;x-amz-content-sha256;x-amz-date",
                               "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"));
    assert_int_equal(request.header_count, 5);
}

/* A secret as long as may be is longer than HMAC's block, so HMAC hashes it first: made with Python's hmac. */
static void long_secret(void **state)
{
    (void)state;
    char secret[SECRET_KEY_BYTES_MAX + 1] = "";
    memset(secret, 'k', SECRET_KEY_BYTES_MAX);
    set_credentials("AKIDEXAMPLE", secret, "");
    const struct sigv4_scope longest = {
        "rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr",
        "sssssssssssssssssssssssssssssssssssssssssssssssssssssssssssssss", false, true};
    begin("GET", "/");
    header("host", "h");
    struct sigv4_seed seed;
    assert_true(sigv4_sign(&key, &request, &longest, &credentials, MAY_24_2013,
                           SIGV4_UNSIGNED_TRAILER, NULL, &seed));
    check_header("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");
    check_seed(&seed, "980d34daf28c7e5d21c880bb6e12dad536e43cd9861b6747c409bedff81b57c7");
}

static bool sign_in(size_t bytes, struct sigv4_seed *seed)
{
    uint8_t *block = malloc(bytes);
    assert_non_null(block);
    http_request_begin(&request, block, bytes, "GET", span_text("/test.txt"));
    header("Host", "examplebucket.s3.amazonaws.com");
    const bool fits =
        sigv4_sign(&key, &request, &s3, &credentials, MAY_24_2013, SIGV4_UNSIGNED, NULL, seed) &&
        http_request_end(&request);
    free(block);
    return fits;
}

/* In any room that is too small nothing is written beyond it, and it is said. */
static void too_small(void **state)
{
    (void)state;
    set_credentials("AKIDEXAMPLE", "secret", "token");
    struct sigv4_seed seed;
    size_t bytes = 1;
    while (!sign_in(bytes, &seed))
        bytes++;
    /* Request line, host, date, content, token, authorization, the empty line. */
    assert_int_equal(bytes, 24 + 38 + 30 + 40 + 29 + 240 + 2);
    for (size_t more = bytes; more < bytes + 50; more++)
        assert_true(sign_in(more, &seed));
}

static bool sign_with(size_t header_count)
{
    begin("GET", "/");
    for (size_t i = 0; i < header_count; i++)
        header("a", "b");
    return sigv4_sign(&key, &request, &s3, &credentials, MAY_24_2013, SIGV4_UNSIGNED, NULL, NULL);
}

static void too_many_headers(void **state)
{
    (void)state;
    assert_true(sign_with(REQUEST_HEADERS_MAX - 3));
    for (size_t n = REQUEST_HEADERS_MAX - 2; n <= REQUEST_HEADERS_MAX; n++)
        assert_false(sign_with(n));
}

static void unfit(void **state)
{
    (void)state;
    begin("GET", "/");
    header("a", "b\r\nc: d");
    assert_false(
        sigv4_sign(&key, &request, &s3, &credentials, MAY_24_2013, SIGV4_UNSIGNED, NULL, NULL));
    /* From the credentials too. */
    set_credentials("AKID\nX", "secret", "");
    assert_false(sign_with(1));
    set_credentials("AKID", "secret", "token\r\n\r\nGET / HTTP/1.1");
    assert_false(sign_with(1));
}

/* The last second that x-amz-date can say. */
static void far_future(void **state)
{
    (void)state;
    begin("GET", "/");
    assert_true(
        sigv4_sign(&key, &request, &s3, &credentials, INT64_MAX, SIGV4_UNSIGNED, NULL, NULL));
    check_header("x-amz-date", "99991231T235959Z");
}

#define TEST(name) cmocka_unit_test_setup(name, examples)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(get_with_range), TEST(put_with_a_dollar),
        TEST(get_lifecycle),  TEST(get_list),
        TEST(chunks),         TEST(chunks_and_trailer),
        TEST(key_is_kept),    TEST(headers_and_query),
        TEST(given_headers),  TEST(long_secret),
        TEST(too_small),      TEST(too_many_headers),
        TEST(unfit),          TEST(far_future),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
