/* cloud_test.c - the made-up S3 against what AWS printed: the examples of its S3 API pages ("Signature Calculations
 * for the Authorization Header: Transferring Payload in Multiple Chunks" and "… Including Trailing Headers"). */
#include "cloud.h"

#include <stdio.h>
#include <stdlib.h>

static int failures;

static void check(bool good, const char *what)
{
    if (good) return;
    failures++;
    printf("FAILED: %s\n", what);
}

/* 66,560 times "a" in chunks of 65,536 and 1,024 bytes, with the signatures of the pages. */
struct example {
    const char *authorization, *payload, *more, *signatures[3], *trailer;
    unsigned content_length;
};

static const struct example signed_chunks = {
    "AWS4-HMAC-SHA256 "
    "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="
    "content-encoding;content-length;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-"
    "length;"
    "x-amz-storage-class,Signature="
    "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
    "x-amz-storage-class: REDUCED_REDUNDANCY\r\n",
    {"ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
     "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
     "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9"},
    "",
    66824};

static const struct example signed_trailer = {
    "AWS4-HMAC-SHA256 "
    "Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,SignedHeaders="
    "content-encoding;host;x-amz-content-sha256;x-amz-date;x-amz-decoded-content-length;"
    "x-amz-storage-class;x-amz-trailer,"
    "Signature=106e2a8a18243abcf37539882f36619c00e2dfc72633413f02d3b74544bfeb8e",
    "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
    "x-amz-storage-class: REDUCED_REDUNDANCY\r\nx-amz-trailer: x-amz-checksum-crc32c\r\n",
    {"b474d8862b1487a5145d686f57f013e54db672cee1c953b3010fb58501ef5aa2",
     "1c1344b170168f8e65b41376b44b20fe354e373826ccbbe2c1d40a8cae51e5c7",
     "2ca2aba2005185cf7159c6277faf83795951dd77a3a99e6e65d5c9f85863f992"},
    "x-amz-checksum-crc32c:sOO8/Q==\r\n"
    "x-amz-trailer-signature:d81f82fc3505edab99d459891051a732e8730629a2e4a59689829ca17fe2e435\r\n",
    66946};

static void put_request(struct blob *to, const struct example *e)
{
    blob_say(to,
             "PUT /examplebucket/chunkObject.txt HTTP/1.1\r\nHost: s3.amazonaws.com\r\n"
             "x-amz-date: 20130524T000000Z\r\nAuthorization: %s\r\nx-amz-content-sha256: %s\r\n%s"
             "Content-Encoding: aws-chunked\r\nx-amz-decoded-content-length: 66560\r\n"
             "Content-Length: %u\r\n\r\n",
             e->authorization, e->payload, e->more, e->content_length);
    size_t body = to->len;
    char as[65536];
    memset(as, 'a', sizeof as);
    blob_say(to, "10000;chunk-signature=%s\r\n", e->signatures[0]);
    blob_put(to, as, 65536);
    blob_say(to, "\r\n400;chunk-signature=%s\r\n", e->signatures[1]);
    blob_put(to, as, 1024);
    blob_say(to, "\r\n0;chunk-signature=%s\r\n%s\r\n", e->signatures[2], e->trailer);
    check(to->len - body == e->content_length, "the length of the example");
}

/* The answer to these bytes, fed in pieces of n; the violations are printed. */
static unsigned status_of(const struct blob *request, size_t n, size_t *bytes, char code[64])
{
    struct cloud *c = cloud_new(&(struct cloud_options){.seed = 7});
    cloud_bucket_add(c, "examplebucket", "us-east-1");
    cloud_account_add(c, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "",
                      INT64_MAX);
    cloud_clock(c, 1000, INT64_C(1369353600000)); /* 2013-05-24T00:00:00Z */
    struct cloud_connection *x = cloud_accept(c, CLOUD_S3);
    struct blob out = {0};
    for (size_t at = 0; at < request->len; at += n) {
        cloud_feed(x, request->at + at, request->len - at < n ? request->len - at : n);
        uint8_t some[512];
        size_t got;
        while ((got = cloud_take(x, some, sizeof some)) > 0)
            blob_put(&out, some, got);
    }
    unsigned status = 0;
    sscanf(blob_text(&out), "HTTP/1.1 %u", &status); /* 0: no answer yet */
    const char *found = strstr(blob_text(&out), "<Code>");
    code[0] = '\0';
    if (found != NULL) sscanf(found, "<Code>%63[^<]", code);
    struct cloud_object *o = cloud_find(c, "examplebucket", "chunkObject.txt");
    *bytes = o != NULL ? o->bytes.len : 0;
    blob_free(&out);
    cloud_end(x);
    cloud_free(c);
    return status;
}

static void test_example(const struct example *e)
{
    struct blob request = {0};
    put_request(&request, e);
    static const size_t pieces[] = {SIZE_MAX / 2, 1, 7, 4096};
    size_t bytes;
    char code[64];
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++)
        check(status_of(&request, pieces[i], &bytes, code) == 200 && bytes == 66560,
              "the example is taken");

    /* Every byte of head and frames matters, and so does the audio; 'a' becomes 'b' and so on. */
    size_t step = request.len / 400;
    size_t free_bytes = 0;
    for (size_t at = 0; at < request.len; at += at < 1500 || at + 600 > request.len ? 3 : step) {
        request.at[at] ^= 1;
        if (status_of(&request, 60000, &bytes, code) == 200 && ++free_bytes > 12)
            printf("at %zu, %02x\n", at, request.at[at]);
        request.at[at] ^= 1;
    }
    /* Only letters whose case does not matter, and blanks. */
    check(free_bytes <= 12, "no changed byte passes");
    blob_free(&request);
}

static void test_checksum(enum hash_kind kind, const char *text, const char *value)
{
    struct blob b = {0};
    hash_put(&b, kind, span_text(text));
    check(strcmp(blob_text(&b), value) == 0, hash_name(kind));
    blob_free(&b);
}

/* What the checksums' catalogues print for "123456789", in base64. */
static void test_checksums(void)
{
    test_checksum(HASH_CRC32, "123456789", "y/Q5Jg==");         /* cbf43926 */
    test_checksum(HASH_CRC32C, "123456789", "4waSgw==");        /* e3069283 */
    test_checksum(HASH_CRC64NVME, "123456789", "rosUhgp5mIg="); /* ae8b14860a799888 */
    test_checksum(HASH_SHA256, "abc", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
}

static void test_bad_framing(void)
{
    static const struct {
        const char *what, *text;
        unsigned status;
    } cases[] = {
        {"bare LFs never end a head", "GET / HTTP/1.1\nHost: a\n\n", 0},
        {"two Hosts", "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n", 400},
        {"two x-amz", "GET / HTTP/1.1\r\nHost: a\r\nx-amz-date: 1\r\nX-Amz-Date: 1\r\n\r\n", 400},
        {"no Host", "GET / HTTP/1.1\r\nx-amz-date: 1\r\n\r\n", 400},
        {"blank before the colon", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"folded", "GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n", 400},
        {"both lengths",
         "PUT /examplebucket/k HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: "
         "chunked\r\n\r\n",
         400},
        {"a signed length", "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\n", 400},
        {"HTTP/1.0", "GET / HTTP/1.0\r\nHost: a\r\n\r\n", 400},
        {"a blank in the target", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", 400},
        {"unsigned", "GET /examplebucket/k HTTP/1.1\r\nHost: a\r\n\r\n", 403},
        {"no such bucket", "GET /other/k HTTP/1.1\r\nHost: a\r\n\r\n", 404},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct blob request = {0};
        size_t bytes;
        char code[64];
        blob_say(&request, "%s", cases[i].text);
        check(status_of(&request, 5, &bytes, code) == cases[i].status, cases[i].what);
        blob_free(&request);
    }
}

/* S3 gives a body up after 20 s without a byte, and a kept connection after its own time. */
static void test_patience(void)
{
    struct cloud *c = cloud_new(&(struct cloud_options){.seed = 7, .idle_ms = 5000});
    cloud_bucket_add(c, "examplebucket", "us-east-1");
    cloud_account_add(c, "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "",
                      INT64_MAX);
    cloud_clock(c, 1000, INT64_C(1369353600000));
    struct cloud_connection *x = cloud_accept(c, CLOUD_S3);
    struct blob request = {0};
    put_request(&request, &signed_chunks);
    cloud_feed(x, request.at, request.len - 9);
    cloud_tick(x);
    char some[600] = "";
    bool reset;
    check(cloud_take(x, some, sizeof some - 1) == 0, "no answer yet");
    check(cloud_next_ms(x) == 21000, "20 s");
    cloud_clock(c, 21000, INT64_C(1369353620000));
    cloud_tick(x);
    cloud_take(x, some, sizeof some - 1);
    check(strncmp(some, "HTTP/1.1 400 Bad Request", 24) == 0, "RequestTimeout");
    check(strstr(some, "Connection: close") != NULL, "and close");
    while (cloud_take(x, some, sizeof some - 1) > 0) {
    }
    check(!cloud_wants_close(x, &reset), "it lingers, so that the answer arrives");
    cloud_clock(c, 23000, INT64_C(1369353622000));
    cloud_tick(x);
    check(cloud_wants_close(x, &reset) && !reset && c->violations.len == 0, "then it closes");
    cloud_end(x);

    x = cloud_accept(c, CLOUD_S3);
    check(cloud_is_idle(x) && cloud_next_ms(x) == 28000, "nothing was asked");
    cloud_clock(c, 28000, INT64_C(1369353627000));
    cloud_tick(x);
    check(cloud_wants_close(x, &reset), "an idle one is closed");
    cloud_end(x);
    blob_free(&request);
    cloud_free(c);
}

int main(void)
{
    test_patience();
    test_checksums();
    test_example(&signed_chunks);
    test_example(&signed_trailer);
    test_bad_framing();
    printf("%d failed\n", failures);
    return failures != 0;
}
