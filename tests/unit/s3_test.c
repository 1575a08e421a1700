/* S3's requests against botocore's (shared fixtures, where they are) and against lines typed from
 * the S3 API reference; answers typed from that reference, from its page on errors, and from what
 * Ceph's gateway 20.2.4 said. */
#include "cut.h"

#include <stdio.h>
#include <stdlib.h>

#include "aws/s3.h"

static uint8_t room[REQUEST_HEAD_BYTES_MAX];
static struct http_request request;

static struct service_endpoint endpoint_of(const char *host, const char *prefix)
{
    struct service_endpoint e = {.tls = true, .port = 443, .default_port = true};
    e.host_len = strlen(host);
    memcpy(e.host, host, e.host_len);
    e.prefix_len = strlen(prefix);
    memcpy(e.prefix, prefix, e.prefix_len);
    return e;
}

/* The head ends well and is what was typed. */
static void check_head(const char *expected)
{
    assert_true(http_request_end(&request));
    const struct span head = http_request_span(&request);
    if (span_is(head, expected)) return;
    fail_msg("is\n%.*s\nand should be\n%s", (int)head.len, (const char *)head.at, expected);
}

static bool head_has(const char *name)
{
    return http_request_find(&request, name) != NULL;
}

static void check_header(const char *name, const char *value)
{
    const struct request_header *h = http_request_find(&request, name);
    if (h == NULL)
        fail_msg("there is no %s", name);
    else if (!span_is(h->value, value))
        fail_msg("%s is %.*s", name, (int)h->value.len, (const char *)h->value.at);
}

static const struct s3_pair call_tags[] = {
    {{(const uint8_t *)"customerEndpoint", 16}, {(const uint8_t *)"+81312345678", 12}},
    {{(const uint8_t *)"systemEndpoint", 14}, {(const uint8_t *)"+815012345678", 13}},
    {{(const uint8_t *)"startTimestamp", 14}, {(const uint8_t *)"1741244889000", 13}},
};

#define KEY_ARN "arn:aws:kms:ap-northeast-1:123456789012:key/11111111-2222-3333-4444-555555555555"

/* With everything that may be said. */
static struct s3_object full_object(const struct service_endpoint *e)
{
    return (struct s3_object){
        .endpoint = e,
        .key = span_text("wav/2025/03/06/07-08-09_abc+d e.wav"),
        .content_type = "audio/wav",
        .storage_class = "STANDARD_IA",
        .sse = "aws:kms",
        .kms_key = KEY_ARN,
        .owner = "123456789012",
        .tags = call_tags,
        .tag_count = 3,
        .checksum = CHECKSUM_CRC32,
        .if_absent = true,
    };
}

/* ---- as botocore asks ---- */

static char golden[8192];

static const char *fixtures(void)
{
    const char *folder = getenv("RUSUDEN_SHARED");
    return folder != NULL ? folder : FIXTURES;
}

static void read_golden(const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/botocore-golden/%s", fixtures(), name);
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        print_message("skipped: there is no %s (set RUSUDEN_SHARED)\n", path);
        skip();
        return;
    }
    size_t len = fread(golden, 1, sizeof golden - 1, file);
    fclose(file);
    golden[len] = '\0';
}

/* The value of a golden header, NULL where there is none. In a static buffer. */
static const char *golden_header(struct span name)
{
    static char value[1024];
    for (const char *line = strstr(golden, "\r\n") + 2; *line != '\r';
         line = strstr(line, "\r\n") + 2) {
        size_t i = 0;
        while (i < name.len && (line[i] | 0x20) == (name.at[i] | 0x20))
            i++;
        if (i < name.len || line[i] != ':') continue;
        snprintf(value, sizeof value, "%.*s", (int)strcspn(line + i + 2, "\r"), line + i + 2);
        return value;
    }
    return NULL;
}

static bool is_one_of(struct span name, const char *list)
{
    char padded[100];
    snprintf(padded, sizeof padded, " %.*s ", (int)name.len, (const char *)name.at);
    for (char *c = padded; *c != '\0'; c++)
        if (*c >= 'A' && *c <= 'Z') *c = (char)(*c | 0x20);
    return strstr(list, padded) != NULL;
}

/* Method, path, query and headers; but for those of `ours` and of `theirs`, and what signers and
 * SDKs add. */
static void check_golden(const char *name, const char *ours, const char *theirs)
{
    read_golden(name);
    assert_true(http_request_end(&request));
    char target[1024];
    struct writer w = writer_on(target, sizeof target);
    writer_bytes(&w, request.method);
    writer_text(&w, " ");
    writer_bytes(&w, request.path);
    const char *query = golden + w.len;
    if (memcmp(golden, target, w.len) != 0 || (*query != '?' && *query != ' '))
        fail_msg("is %.*s, and botocore has %.*s", (int)w.len, target, 100, golden);

    size_t parameters = 0;
    while (*query != ' ') {
        query++;
        size_t len = strcspn(query, "& "), name_len = strcspn(query, "=& ");
        struct span value = span_of(query + name_len, len - name_len);
        if (value.len > 0) span_cut(&value, 1);
        if (strncmp(query, "max-keys=", 9) != 0) { /* 1000 is what S3 gives by itself */
            bool found = false;
            for (size_t i = 0; i < request.parameter_count; i++)
                found =
                    found || (span_equal(request.parameters[i].name, span_of(query, name_len)) &&
                              span_equal(request.parameters[i].value, value));
            if (!found) fail_msg("%.*s is missing", (int)len, query);
            parameters++;
        }
        query += len;
    }
    assert_int_equal(parameters, request.parameter_count);

    const char *const signers = " authorization x-amz-content-sha256 x-amz-date "
                                "x-amz-security-token amz-sdk-invocation-id amz-sdk-request "
                                "transfer-encoding ";
    for (size_t i = 0; i < request.header_count; i++) {
        const struct request_header *h = &request.headers[i];
        if (is_one_of(h->name, ours)) continue;
        const char *value = golden_header(h->name);
        if (value == NULL || !span_is(h->value, value))
            fail_msg("%.*s is %.*s, and botocore has %s", (int)h->name.len,
                     (const char *)h->name.at, (int)h->value.len, (const char *)h->value.at,
                     value == NULL ? "none" : value);
    }
    for (const char *line = strstr(golden, "\r\n") + 2; *line != '\r';
         line = strstr(line, "\r\n") + 2) {
        const struct span theirs_name = span_of(line, strcspn(line, ":"));
        char text[100];
        snprintf(text, sizeof text, "%.*s", (int)theirs_name.len, line);
        if (!is_one_of(theirs_name, signers) && !is_one_of(theirs_name, theirs) && !head_has(text))
            fail_msg("there is no %s", text);
    }
}

static struct service_endpoint tokyo(void)
{
    return endpoint_of("my-bucket.s3.ap-northeast-1.amazonaws.com", "");
}

#define UPLOAD_ID "VXBsb2FkSWQ.e~x_1-/+="

static void as_botocore_puts(void **state)
{
    (void)state;
    const struct service_endpoint e = tokyo();
    const struct s3_object o = full_object(&e);
    s3_put_object(&request, room, sizeof room, &o, 46, 8, true, true);
    check_golden("s3-putobject.http", " content-length ", "");

    const struct s3_object json = {
        .endpoint = &e,
        .key = span_text("info/2025/03/06/07-08-09_abc.json"),
        .content_type = "application/json",
        .checksum = CHECKSUM_CRC32,
    };
    s3_put_object(&request, room, sizeof room, &json, 60, 19, true, true);
    check_golden("s3-putobject-json.http", " content-length ", "");

    const struct service_endpoint dotted =
        endpoint_of("s3.ap-northeast-1.amazonaws.com", "/my.dotted.bucket");
    const struct s3_object plain = {
        .endpoint = &dotted, .key = span_text("a/b"), .checksum = CHECKSUM_CRC32};
    s3_put_object(&request, room, sizeof room, &plain, 40, 1, true, true);
    check_golden("s3-putobject-dotted-bucket.http", " content-length ", "");
}

static void as_botocore_uploads(void **state)
{
    (void)state;
    const struct service_endpoint e = tokyo();
    const struct s3_pair tag = {span_text("a"), span_text("b")};
    struct s3_object o = {
        .endpoint = &e,
        .key = span_text("wav/x.wav"),
        .content_type = "audio/wav",
        .owner = "123456789012",
        .tags = &tag,
        .tag_count = 1,
        .checksum = CHECKSUM_CRC64NVME,
        .if_absent = true,
    };
    s3_create_upload(&request, room, sizeof room, &o);
    check_golden("s3-creatempu.http", "", "");

    o.owner = "";
    s3_complete_upload(&request, room, sizeof room, &o, span_text(UPLOAD_ID), 322,
                       span_text("rosUhgp5mIg="), 5313536);
    check_golden("s3-completempu.http", "", "");

    s3_abort_upload(&request, room, sizeof room, &o, span_text("U"));
    check_golden("s3-abortmpu.http", "", "");

    o.checksum = CHECKSUM_CRC32;
    s3_upload_part(&request, room, sizeof room, &o, span_text(UPLOAD_ID), 1, 45, 9, true, true);
    check_golden("s3-uploadpart.http", " content-length ", "");
}

static void as_botocore_looks(void **state)
{
    (void)state;
    const struct service_endpoint e = tokyo();
    struct s3_object o = {
        .endpoint = &e,
        .key = span_text("info/2025/03/06/07-08-09_abc.json"),
        .owner = "123456789012",
        .checksum = CHECKSUM_CRC64NVME,
    };
    s3_get_object(&request, room, sizeof room, &o);
    check_golden("s3-getobject.http", "", "");
    o.owner = NULL;
    o.checksum = CHECKSUM_NONE;
    s3_head_object(&request, room, sizeof room, &o);
    check_golden("s3-headobject.http", "", "");

    const struct span folder = span_text("info/2025/03/06/");
    s3_list_objects(&request, room, sizeof room, &o, folder, span_text("info/2025/03/06/07"),
                    span_text(""));
    check_golden("s3-listobjectsv2.http", "", "");
    s3_list_objects(&request, room, sizeof room, &o, folder, span_text(""),
                    span_text("1ueGcxLPRx1Tr/XYExHnhbYLgveDs2J/wm36Hy4vbOwM="));
    check_golden("s3-listobjectsv2-page2.http", "", "");

    const struct service_endpoint path =
        endpoint_of("s3.ap-northeast-1.amazonaws.com", "/my-bucket");
    o.endpoint = &path;
    o.key = span_text("k");
    s3_head_object(&request, room, sizeof room, &o);
    check_golden("s3-getbucket-pathstyle.http", "", "");
}

/* One element after the other, so that spelling does not matter. */
static size_t xml_log(char *to, size_t bytes, struct span document)
{
    static struct xml x;
    static char text[256];
    struct writer w = writer_on(to, bytes);
    xml_init(&x, text, sizeof text);
    for (;;) {
        switch (xml_next(&x, &document)) {
        case XML_NEED: assert_true(xml_finish(&x)); return w.len;
        case XML_OPEN:
            writer_text(&w, "<");
            writer_bytes(&w, xml_name(&x));
            break;
        case XML_CLOSE:
            writer_text(&w, "=");
            writer_bytes(&w, xml_text(&x));
            writer_text(&w, ">");
            break;
        case XML_FAULT: fail(); return 0;
        }
    }
}

static size_t write_body(char *to, size_t bytes, const struct s3_part *parts, size_t count,
                         enum checksum_kind kind)
{
    struct writer w = writer_on(to, bytes);
    struct s3_complete_body b;
    s3_complete_body_init(&b, parts, count, kind);
    for (size_t pieces = 0;; pieces++) {
        char piece[512];
        struct writer p = writer_on(piece, sizeof piece);
        if (!s3_complete_body_next(&b, &p)) {
            assert_int_equal(pieces, count + 2);
            assert_false(s3_complete_body_next(&b, &p));
            assert_int_equal(p.len, 0);
            return w.len;
        }
        assert_false(p.full);
        assert_true(p.len > 0);
        writer_bytes(&w, writer_span(&p));
        assert_false(w.full);
    }
}

static struct s3_part part_of(const char *etag, const char *checksum)
{
    struct s3_part part = {.etag_len = (uint8_t)strlen(etag)};
    memcpy(part.etag, etag, part.etag_len);
    memcpy(part.checksum, checksum, strlen(checksum));
    return part;
}

static void list_of_parts(void **state)
{
    (void)state;
    const struct s3_part parts[] = {
        part_of("\"a54357aff0632cce46d942af68356b38\"", "rosUhgp5mIg="),
        part_of("\"0c78aef83f66abc1fa1e8477f296d394\"", "AAAAAAAAAAA="),
    };
    char body[2048], log[2048], expected[2048];
    size_t len = write_body(body, sizeof body, parts, 2, CHECKSUM_CRC64NVME);
    len = xml_log(log, sizeof log, span_of(body, len));
    assert_true(span_is(span_of(log, len),
                        "<CompleteMultipartUpload"
                        "<Part<PartNumber=1><ETag=\"a54357aff0632cce46d942af68356b38\">"
                        "<ChecksumCRC64NVME=rosUhgp5mIg=>=>"
                        "<Part<PartNumber=2><ETag=\"0c78aef83f66abc1fa1e8477f296d394\">"
                        "<ChecksumCRC64NVME=AAAAAAAAAAA=>=>=>"));
    assert_non_null(
        memmem(body, sizeof body, "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"", 47));

    const struct s3_part sha = part_of("\"e\"", "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    len = write_body(body, sizeof body, &sha, 1, CHECKSUM_SHA256);
    len = xml_log(log, sizeof log, span_of(body, len));
    assert_true(span_is(span_of(log, len),
                        "<CompleteMultipartUpload<Part<PartNumber=1><ETag=\"e\"><ChecksumSHA256="
                        "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=>=>=>"));

    /* botocore's, but for a checksum that only its first part had. */
    len = write_body(body, sizeof body, parts, 2, CHECKSUM_NONE);
    len = xml_log(log, sizeof log, span_of(body, len));
    read_golden("s3-completempu.http");
    char *theirs = strstr(golden, "\r\n\r\n") + 4;
    char *first = strstr(theirs, "<ChecksumCRC64NVME>");
    char *behind = strstr(theirs, "</ChecksumCRC64NVME>") + strlen("</ChecksumCRC64NVME>");
    memmove(first, behind, strlen(behind) + 1);
    size_t expected_len = xml_log(expected, sizeof expected, span_text(theirs));
    assert_true(span_equal(span_of(log, len), span_of(expected, expected_len)));
}

/* The longest ETag that an answer may give, in as many parts as there may be. */
static void longest_list_of_parts(void **state)
{
    (void)state;
    static struct s3_part parts[PARTS_MAX];
    static char body[PARTS_MAX * 512], log[PARTS_MAX * 512];
    char etag[ETAG_BYTES_MAX + 1];
    memset(etag, 'e', ETAG_BYTES_MAX);
    etag[0] = etag[ETAG_BYTES_MAX - 1] = '"';
    etag[ETAG_BYTES_MAX] = '\0';
    for (size_t i = 0; i < PARTS_MAX; i++)
        parts[i] = part_of(etag, "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=");
    size_t len = write_body(body, sizeof body, parts, PARTS_MAX, CHECKSUM_SHA256);
    len = xml_log(log, sizeof log, span_of(body, len));
    log[len] = '\0';
    assert_non_null(strstr(log, "<PartNumber=100>"));
    assert_null(strstr(log, "<PartNumber=101>"));
}

/* ---- as it stands in the API reference ---- */

static void everything_where_it_belongs(void **state)
{
    (void)state;
    const struct service_endpoint e = tokyo();
    struct s3_object o = full_object(&e);
    const struct s3_pair metadata[] = {
        {span_text("Contact-Id"), span_text("5f1c-77")},
        {span_text("name"), span_text(" 100% \xE7\x95\x99\xE5\xAE\x88  x ")},
        {span_text("line"), span_text("a\r\nx-amz-acl: public-read")},
        {span_text("empty"), span_text("")},
    };
    o.metadata = metadata;
    o.metadata_count = 4;
    o.checksum = CHECKSUM_CRC64NVME;
    s3_create_upload(&request, room, sizeof room, &o);
    check_head("POST /wav/2025/03/06/07-08-09_abc%2Bd%20e.wav?uploads= HTTP/1.1\r\n"
               "Host: my-bucket.s3.ap-northeast-1.amazonaws.com\r\n"
               "x-amz-expected-bucket-owner: 123456789012\r\n"
               "Content-Length: 0\r\n"
               "Content-Type: audio/wav\r\n"
               "x-amz-storage-class: STANDARD_IA\r\n"
               "x-amz-server-side-encryption: aws:kms\r\n"
               "x-amz-server-side-encryption-aws-kms-key-id: " KEY_ARN "\r\n"
               "x-amz-tagging: customerEndpoint=%2B81312345678&systemEndpoint=%2B815012345678&"
               "startTimestamp=1741244889000\r\n"
               "x-amz-meta-Contact-Id: 5f1c-77\r\n"
               "x-amz-meta-name: %20100%25 %E7%95%99%E5%AE%88 %20x%20\r\n"
               "x-amz-meta-line: a%0D%0Ax-amz-acl: public-read\r\n"
               "x-amz-meta-empty: \r\n"
               "x-amz-checksum-algorithm: CRC64NVME\r\n"
               "x-amz-checksum-type: FULL_OBJECT\r\n\r\n");

    s3_upload_part(&request, room, sizeof room, &o, span_text("a+b/c="), 10000, 5242972, 5242880,
                   true, false);
    check_head(
        "PUT /wav/2025/03/06/07-08-09_abc%2Bd%20e.wav?partNumber=10000&uploadId=a%2Bb%2Fc%3D "
        "HTTP/1.1\r\n"
        "Host: my-bucket.s3.ap-northeast-1.amazonaws.com\r\n"
        "x-amz-expected-bucket-owner: 123456789012\r\n"
        "Content-Length: 5242972\r\n"
        "Content-Encoding: aws-chunked\r\n"
        "x-amz-decoded-content-length: 5242880\r\n"
        "x-amz-sdk-checksum-algorithm: CRC64NVME\r\n"
        "x-amz-trailer: x-amz-checksum-crc64nvme\r\n\r\n");

    /* Signed chunks without a trailer, and a body that is no chunks at all. */
    s3_upload_part(&request, room, sizeof room, &o, span_text("u"), 1, 66824, 66560, false, true);
    check_head("PUT /wav/2025/03/06/07-08-09_abc%2Bd%20e.wav?partNumber=1&uploadId=u HTTP/1.1\r\n"
               "Host: my-bucket.s3.ap-northeast-1.amazonaws.com\r\n"
               "x-amz-expected-bucket-owner: 123456789012\r\n"
               "Content-Length: 66824\r\n"
               "Content-Encoding: aws-chunked\r\n"
               "x-amz-decoded-content-length: 66560\r\n"
               "Expect: 100-continue\r\n\r\n");
    s3_upload_part(&request, room, sizeof room, &o, span_text("u"), 1, 66560, 66560, false, false);
    check_head("PUT /wav/2025/03/06/07-08-09_abc%2Bd%20e.wav?partNumber=1&uploadId=u HTTP/1.1\r\n"
               "Host: my-bucket.s3.ap-northeast-1.amazonaws.com\r\n"
               "x-amz-expected-bucket-owner: 123456789012\r\n"
               "Content-Length: 66560\r\n\r\n");

    s3_complete_upload(&request, room, sizeof room, &o, span_text("u"), 300, span_text(""), 70000);
    check_head("POST /wav/2025/03/06/07-08-09_abc%2Bd%20e.wav?uploadId=u HTTP/1.1\r\n"
               "Host: my-bucket.s3.ap-northeast-1.amazonaws.com\r\n"
               "x-amz-expected-bucket-owner: 123456789012\r\n"
               "Content-Length: 300\r\n"
               "If-None-Match: *\r\n"
               "x-amz-mp-object-size: 70000\r\n\r\n");

    s3_abort_upload(&request, room, sizeof room, &o, span_text("u"));
    check_head("DELETE /wav/2025/03/06/07-08-09_abc%2Bd%20e.wav?uploadId=u HTTP/1.1\r\n"
               "Host: my-bucket.s3.ap-northeast-1.amazonaws.com\r\n"
               "x-amz-expected-bucket-owner: 123456789012\r\n"
               "Content-Length: 0\r\n\r\n");

    s3_head_object(&request, room, sizeof room, &o);
    check_head("HEAD /wav/2025/03/06/07-08-09_abc%2Bd%20e.wav HTTP/1.1\r\n"
               "Host: my-bucket.s3.ap-northeast-1.amazonaws.com\r\n"
               "x-amz-expected-bucket-owner: 123456789012\r\n"
               "x-amz-checksum-mode: ENABLED\r\n\r\n");
}

static void checksums(void **state)
{
    (void)state;
    const struct service_endpoint e = tokyo();
    struct s3_object o = {.endpoint = &e, .key = span_text("k")};

    /* The check values of the CRC catalogue; SHA-256 from openssl. */
    const struct {
        enum checksum_kind kind;
        const char *header, *value, *algorithm;
    } table[] = {
        {CHECKSUM_CRC64NVME, "x-amz-checksum-crc64nvme", "rosUhgp5mIg=", "CRC64NVME"},
        {CHECKSUM_CRC32C, "x-amz-checksum-crc32c", "4waSgw==", "CRC32C"},
        {CHECKSUM_CRC32, "x-amz-checksum-crc32", "y/Q5Jg==", "CRC32"},
        {CHECKSUM_SHA256, "x-amz-checksum-sha256",
         "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=", "SHA256"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        o.checksum = table[i].kind;
        s3_put_small(&request, room, sizeof room, &o, span_text("123456789"));
        assert_true(http_request_end(&request));
        check_header("Content-Length", "9");
        check_header("x-amz-sdk-checksum-algorithm", table[i].algorithm);
        check_header(table[i].header, table[i].value);
        assert_false(head_has("Content-Encoding"));
        assert_false(head_has("x-amz-trailer"));
    }

    /* SHA-256 is only known of the parts. */
    s3_create_upload(&request, room, sizeof room, &o);
    check_header("x-amz-checksum-algorithm", "SHA256");
    check_header("x-amz-checksum-type", "COMPOSITE");
    s3_complete_upload(&request, room, sizeof room, &o, span_text("u"), 1,
                       span_text("FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU="), 1);
    assert_false(head_has("x-amz-checksum-sha256"));
    assert_false(head_has("x-amz-checksum-type"));

    o.checksum = CHECKSUM_NONE;
    s3_put_small(&request, room, sizeof room, &o, span_text("123456789"));
    assert_int_equal(request.header_count, 2);
    s3_put_object(&request, room, sizeof room, &o, 100, 9, true, false);
    assert_int_equal(request.header_count, 4);
    s3_create_upload(&request, room, sizeof room, &o);
    assert_int_equal(request.header_count, 2);
    s3_complete_upload(&request, room, sizeof room, &o, span_text("u"), 1, span_text("x"), 1);
    assert_int_equal(request.header_count, 3);
    s3_get_object(&request, room, sizeof room, &o);
    assert_int_equal(request.header_count, 1);
}

static void tags_are_encoded(void **state)
{
    (void)state;
    const struct service_endpoint e = tokyo();
    const struct s3_pair tags[] = {
        {span_text("a b"), span_text("x&y=z")},
        {span_text("\xE7\x95\x99"), span_text("")},
        {span_text("_.:/=+-@"), span_text("100%")},
    };
    const struct s3_object o = {
        .endpoint = &e, .key = span_text("k"), .tags = tags, .tag_count = 3};
    s3_put_small(&request, room, sizeof room, &o, span_text(""));
    check_header("x-amz-tagging", "a%20b=x%26y%3Dz&%E7%95%99=&_.%3A%2F%3D%2B-%40=100%25");
}

static void keys_are_paths(void **state)
{
    (void)state;
    const struct {
        const char *prefix, *key, *path;
    } table[] = {
        {"", "k", "/k"},
        {"/bucket", "k", "/bucket/k"},
        {"/a b/bucket", "k", "/a%20b/bucket/k"},
        {"", "a//b/../c/.", "/a//b/../c/."}, /* S3 does not normalize */
        {"", "/a", "//a"},
        {"", "a?b=c&d#e", "/a%3Fb%3Dc%26d%23e"},
        {"", "\xE7\x95\x99\xE5\xAE\x88.wav", "/%E7%95%99%E5%AE%88.wav"},
        {"", "a\r\nb", "/a%0D%0Ab"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        const struct service_endpoint e = endpoint_of("h", table[i].prefix);
        const struct s3_object o = {.endpoint = &e, .key = span_text(table[i].key)};
        s3_get_object(&request, room, sizeof room, &o);
        assert_true(http_request_end(&request));
        assert_true(span_is(request.path, table[i].path));
    }
    /* The list is the bucket's. */
    const struct service_endpoint virtual = endpoint_of("h", ""),
                                  path = endpoint_of("h", "/bucket");
    struct s3_object o = {.endpoint = &virtual};
    const struct span none = {0};
    s3_list_objects(&request, room, sizeof room, &o, none, none, none);
    check_head("GET /?list-type=2&encoding-type=url HTTP/1.1\r\nHost: h\r\n\r\n");
    o.endpoint = &path;
    s3_list_objects(&request, room, sizeof room, &o, span_text("a/"), span_text("a/7+"), none);
    check_head("GET /bucket?list-type=2&prefix=a%2F&start-after=a%2F7%2B&encoding-type=url "
               "HTTP/1.1\r\nHost: h\r\n\r\n");
}

/* No head is sent that is not whole, and none is written over its room. */
static void every_room(void **state)
{
    (void)state;
    const struct service_endpoint e = endpoint_of("s3.eu-west-1.amazonaws.com", "/bucket");
    const struct s3_object o = full_object(&e);
    s3_put_object(&request, room, sizeof room, &o, 46, 8, true, true);
    assert_true(http_request_end(&request));
    const size_t whole = http_request_span(&request).len;
    for (size_t bytes = 0; bytes <= whole + 64; bytes++) {
        uint8_t *block = malloc(bytes > 0 ? bytes : 1);
        assert_non_null(block);
        s3_put_object(&request, block, bytes, &o, 46, 8, true, true);
        const bool ended = http_request_end(&request);
        if (bytes < whole) assert_false(ended);
        if (ended) assert_int_equal(http_request_span(&request).len, whole);
        if (bytes >= whole + o.key.len + 8) assert_true(ended);
        free(block);
    }
    /* Few headers, and a key that is much longer once it is encoded: what is read must not be
     * written over. */
    static uint8_t key[OBJECT_KEY_BYTES_MAX];
    memset(key, 0xFF, sizeof key);
    const struct s3_object strange = {.endpoint = &e, .key = span_of(key, 200)};
    for (size_t bytes = 0; bytes < 1200; bytes++) {
        s3_get_object(&request, room, bytes, &strange);
        if (!http_request_end(&request)) continue;
        assert_true(bytes >= 640);
        for (size_t i = 0; i < 600; i++)
            assert_int_equal(request.path.at[8 + i], "%FF"[i % 3]);
    }
    /* The longest key, each byte of it three on the wire. */
    struct s3_object longest = full_object(&e);
    longest.key = span_of(key, sizeof key);
    s3_put_object(&request, room, sizeof room, &longest, 46, 8, true, true);
    assert_true(http_request_end(&request));
    assert_int_equal(request.path.len, 8 + 3 * sizeof key);
}

static void unfit_metadata(void **state)
{
    (void)state;
    const struct service_endpoint e = tokyo();
    char longest[65];
    memset(longest, 'n', 64);
    longest[64] = '\0';
    const struct {
        const char *name;
        bool good;
    } table[] = {{"contact-id", true}, {"A.b_9", true}, {longest, true},  {"", false},
                 {"a b", false},       {"a:", false},   {"a\r\n", false}, {"\xC3\xA4", false}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        assert_int_equal(s3_metadata_is_valid(span_text(table[i].name)), table[i].good);
        const struct s3_pair pair = {span_text(table[i].name), span_text("x")};
        const struct s3_object o = {
            .endpoint = &e, .key = span_text("k"), .metadata = &pair, .metadata_count = 1};
        s3_put_small(&request, room, sizeof room, &o, span_text(""));
        assert_int_equal(http_request_end(&request), table[i].good);
    }
    char longer[66];
    memset(longer, 'n', 65);
    assert_false(s3_metadata_is_valid(span_of(longer, 65)));
}

/* ---- tags ---- */

static void tags(void **state)
{
    (void)state;
    char n128[129], n129[130], v256[257], v257[258];
    memset(n128, 'k', sizeof n128);
    memset(n129, 'k', sizeof n129);
    memset(v256, 'v', sizeof v256);
    memset(v257, 'v', sizeof v257);
    n128[128] = n129[129] = v256[256] = v257[257] = '\0';
    const struct {
        const char *name, *value;
        bool good;
    } table[] = {
        {"customerEndpoint", "+81312345678", true},
        {"a", "", true},
        {"", "a", false},
        {"A z09_.:/=+-@", " _.:/=+-@", true},
        {n128, v256, true},
        {n129, "", false},
        {"a", v257, false},
        {"aws:cloudformation", "a", false},
        {"AWS:x", "a", false},
        {"aws", "aws:", true},
        {"awsx", "a", true},
        {"a", "b,c", false},
        {"a", "b;c", false},
        {"a", "(b)", false},
        {"a", "b\tc", false},
        {"a", "b\nc", false},
        {"a", "b&c", false},
        {"a,", "b", false},
        {"\xE7\x95\x99\xE5\xAE\x88", "\xE9\x9B\xBB\xE8\xA9\xB1", true}, /* 留守, 電話 */
        {"a", "\xE3\x81\x82\xE3\x82\xA2\xE3\x83\xBC", true},            /* あアー */
        {"a", "\xE3\x83\xBB", false},                                   /* ・ is punctuation */
        {"a", "\xE3\x80\x80", true},                                    /* an ideographic blank */
        {"a", "Z\xC3\xBCrich", true},
        {"a", "\xD0\x9C\xD0\xB8\xD1\x80", true},
        {"a", "\xC3\x97", false},         /* × */
        {"a", "\xE2\x82\xAC", false},     /* € */
        {"a", "\xF0\x9F\x98\x80", false}, /* 😀 */
        {"a", "\xC2\x85", false},         /* a control character */
        {"a", "\xEE\x80\x80", false},     /* private use */
        {"a", "\xC3", false},             /* cut off */
        {"a", "\xC1\x81", false},         /* overlong A */
        {"a", "\xE0\x81\x81", false},
        {"a", "\xED\xA0\x80", false}, /* a surrogate */
        {"a", "\xFF", false},
        {"a", "\x80", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct fault f = {0};
        const struct span name = span_text(table[i].name), value = span_text(table[i].value);
        if (s3_tag_is_valid(name, value, &f) != table[i].good)
            fail_msg("%s=%s", table[i].name, table[i].value);
        assert_int_equal(f.kind, table[i].good ? FAULT_NONE : FAULT_CONFIG);
        for (size_t c = 0; c < f.len; c++)
            assert_true((uint8_t)f.text[c] >= ' ');
    }
    struct fault f = {0};
    assert_false(s3_tag_is_valid(span_of("a\0", 2), span_text(""), &f));

    /* U+20000 is two units: 128 of them fit a value, 129 do not. */
    char wide[129 * 4];
    for (size_t i = 0; i < 129; i++)
        memcpy(wide + 4 * i, "\xF0\xA0\x80\x80", 4);
    f = (struct fault){0};
    assert_true(s3_tag_is_valid(span_text("a"), span_of(wide, sizeof wide - 4), &f));
    assert_false(s3_tag_is_valid(span_text("a"), span_of(wide, sizeof wide), &f));
    assert_true(s3_tag_is_valid(span_of(wide, 64 * 4), span_text(""), &f));
    f = (struct fault){0};
    assert_false(s3_tag_is_valid(span_of(wide, 65 * 4), span_text(""), &f));
}

static void mended_tags(void **state)
{
    (void)state;
    const struct {
        const char *from, *to;
    } table[] = {
        {"+81312345678", "+81312345678"},
        {"sip:a@b.c;x=1", "sip:a@b.c_x=1"},
        {"\"Ann, Bob\" <x>", "_Ann_ Bob_ _x_"},
        {"a\xE3\x83\xBB\xE3\x81\x82", "a_\xE3\x81\x82"},
        {"\xF0\x9F\x98\x80!", "__"},
        {"\xC3(", "__"},
        {"\xE3\x81", "__"},
        {"", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint8_t text[64];
        struct writer w = writer_on(text, sizeof text);
        s3_tag_mend(&w, span_text(table[i].from));
        assert_true(span_is(writer_span(&w), table[i].to));
    }
    /* What was mended is valid, whatever it was; and what was valid is not changed. */
    uint32_t seed = 3;
    for (unsigned round = 0; round < 5000; round++) {
        uint8_t from[400], text[2048];
        const size_t len = cut_random(&seed) % sizeof from;
        for (size_t i = 0; i < len; i++)
            from[i] = (uint8_t)(round % 2 ? cut_random(&seed) >> 8 : ' ' + cut_random(&seed) % 95);
        struct writer w = writer_on(text, sizeof text);
        s3_tag_mend(&w, span_of(from, len));
        struct fault f = {0};
        assert_true(s3_tag_is_valid(span_text("a"), writer_span(&w), &f));
        if (s3_tag_is_valid(span_text("a"), span_of(from, len), &f))
            assert_true(span_equal(writer_span(&w), span_of(from, len)));
    }
}

/* ---- answers ---- */

/* What the next answer is to. Headers: "name: value\n"... */
static struct {
    enum s3_operation operation;
    enum checksum_kind kind;
    unsigned status;
    const char *headers;
} given;

static void give_headers(struct s3_answer *a)
{
    for (const char *line = given.headers; *line != '\0'; line += strcspn(line, "\n") + 1) {
        const size_t name = strcspn(line, ":"), len = strcspn(line, "\n");
        s3_answer_header(a, span_of(line, name), span_of(line + name + 2, len - name - 2));
    }
}

static void begin_answer(void *state)
{
    struct s3_answer *a = state;
    s3_answer_begin(a, given.operation, given.kind);
    give_headers(a);
    s3_answer_head(a, given.status);
}

static enum cut_answer next_answer(void *state, struct span *in, struct cut_log *log)
{
    struct s3_answer *a = state;
    if (s3_answer_body(a, in) == S3_ANSWER_NEED) {
        assert_int_equal(in->len, 0);
        return CUT_NEED;
    }
    cut_say(log, "key[%.*s]", (int)a->key_len, a->key);
    return CUT_MORE;
}

static void say(struct cut_log *log, const char *name, const char *text, size_t len)
{
    if (len > 0) cut_say(log, "%s[%.*s]", name, (int)len, text);
}

static enum cut_answer end_answer(void *state, struct cut_log *log)
{
    struct s3_answer *a = state;
    assert_false(s3_answer_is_good(a)); /* not before its end */
    s3_answer_end(a);
    cut_say(log, s3_answer_is_good(a) ? "good" : "bad");
    say(log, "code", a->code, a->code_len);
    say(log, "message", a->message, a->message_len);
    say(log, "request", a->request_id, a->request_id_len);
    say(log, "host", a->host_id, a->host_id_len);
    say(log, "region", a->region, a->region_len);
    say(log, "upload", a->upload_id, a->upload_id_len);
    say(log, "etag", a->etag, a->etag_len);
    say(log, a->checksum_is_composite ? "composite" : "checksum", a->checksum, a->checksum_len);
    say(log, "next", a->next_token, a->next_token_len);
    if (a->truncated) cut_say(log, "truncated");
    if (a->unusable != NULL) cut_say(log, "unusable");
    return CUT_OVER;
}

static const struct cut_reader answer_reader = {sizeof(struct s3_answer), begin_answer, next_answer,
                                                end_answer};

static void check_answer(enum s3_operation operation, unsigned status, const char *headers,
                         const char *body, const char *expected)
{
    given.operation = operation;
    given.kind = CHECKSUM_CRC32;
    given.status = status;
    given.headers = headers;
    cut_check(&answer_reader, span_text(body), expected);
}

/* The same answer once more, whole; kept. */
static struct s3_answer answer;
static struct answer_facts facts;

static enum mishap read_answer(enum s3_operation operation, unsigned status, const char *headers,
                               const char *body, int64_t utc_ms)
{
    given.operation = operation;
    given.kind = CHECKSUM_CRC64NVME;
    given.status = status;
    given.headers = headers;
    begin_answer(&answer);
    struct span in = span_text(body);
    while (s3_answer_body(&answer, &in) == S3_ANSWER_KEY)
        ;
    s3_answer_end(&answer);
    s3_answer_facts(&answer, utc_ms, &facts);
    return retry_classify(&facts);
}

#define PROLOG "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
#define NS " xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\""

static void creates(void **state)
{
    (void)state;
    check_answer(S3_CREATE_UPLOAD, 200, "x-amz-id-2: Uuag1LuByRx9\nx-amz-request-id: 656c7669\n",
                 PROLOG "<InitiateMultipartUploadResult" NS ">\n"
                        "  <Bucket>example-bucket</Bucket>\n"
                        "  <Key>example-object</Key>\n"
                        "  <UploadId>VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3Zp</UploadId>\n"
                        "</InitiateMultipartUploadResult>",
                 "good request[656c7669] host[Uuag1LuByRx9] "
                 "upload[VXBsb2FkIElEIGZvciA2aWWpbmcncyBteS1tb3Zp]");
    /* Ceph */
    check_answer(S3_CREATE_UPLOAD, 200,
                 "x-amz-checksum-algorithm: CRC32\n"
                 "x-amz-request-id: tx00000aa9408ff8f681483-006b03545b-4125-default\n",
                 "<?xml version=\"1.0\" encoding=\"UTF-8\"?><InitiateMultipartUploadResult" NS
                 "><Bucket>wavs</Bucket><Key>a/b c.wav</Key><UploadId>2~ZoiK927bdtoNhjLl8jyFvvw-"
                 "WhyY6yq</UploadId></InitiateMultipartUploadResult>",
                 "good request[tx00000aa9408ff8f681483-006b03545b-4125-default] "
                 "upload[2~ZoiK927bdtoNhjLl8jyFvvw-WhyY6yq]");
    check_answer(S3_CREATE_UPLOAD, 200, "", "", "bad");
    check_answer(S3_CREATE_UPLOAD, 200, "", "  \n", "bad");
    check_answer(S3_CREATE_UPLOAD, 200, "", "<R><UploadId></UploadId></R>", "bad");
    check_answer(S3_CREATE_UPLOAD, 200, "", "<R><UploadId/></R>", "bad");
    check_answer(S3_CREATE_UPLOAD, 200, "", "<R/>", "bad");
    check_answer(S3_CREATE_UPLOAD, 200, "", "<R><UploadId>u</UploadId>", "bad upload[u]");
    check_answer(S3_CREATE_UPLOAD, 200, "", "<R><UploadId>u</UploadId></R", "bad upload[u]");
    check_answer(S3_CREATE_UPLOAD, 200, "", "<R><UploadId>u</UploadId></R>x", "bad upload[u]");
    check_answer(S3_CREATE_UPLOAD, 200, "", "{\"UploadId\": \"u\"}", "bad");
    check_answer(S3_CREATE_UPLOAD, 403, "", "<R><UploadId>u</UploadId></R>", "bad");
    check_answer(S3_CREATE_UPLOAD, 200, "", "<R><UploadId>u&amp;&lt;</UploadId></R>",
                 "good upload[u&<]");
}

static void completes(void **state)
{
    (void)state;
    /* "A processing of a Complete request could take several minutes": blanks keep the connection,
     * the prolog comes behind them. */
    check_answer(S3_COMPLETE_UPLOAD, 200, "",
                 "\n \n   \r\n" PROLOG "<CompleteMultipartUploadResult" NS ">\n"
                 " <Location>http://Example-Bucket.s3.eu-west-1.amazonaws.com/Example-Object"
                 "</Location>\n <Bucket>Example-Bucket</Bucket>\n <Key>Example-Object</Key>\n"
                 " <ETag>\"3858f62230ac3c915f300c664312c11f-9\"</ETag>\n"
                 "</CompleteMultipartUploadResult>",
                 "good etag[\"3858f62230ac3c915f300c664312c11f-9\"]");
    check_answer(S3_COMPLETE_UPLOAD, 200, "",
                 PROLOG
                 "\n\n<Error>\n"
                 " <Code>InternalError</Code>\n"
                 " <Message>We encountered an internal error. Please try again.</Message>\n"
                 " <RequestId>656c76696e6727732072657175657374</RequestId>\n"
                 " <HostId>Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2Qz7/C1NPcfTWAtRPfTaOFg==</HostId>\n"
                 "</Error>",
                 "bad code[InternalError] message[We encountered an internal error. Please try "
                 "again.] request[656c76696e6727732072657175657374] "
                 "host[Uuag1LuByRx9e6j5Onimru9pO4ZVKnJ2Qz7/C1NPcfTWAtRPfTaOFg==]");
    /* Ceph, one part */
    check_answer(S3_COMPLETE_UPLOAD, 200, "",
                 "<?xml version=\"1.0\" encoding=\"UTF-8\"?><CompleteMultipartUploadResult" NS
                 "><Location>s3.localhost/wavs/a/b c.wav</Location><Bucket>wavs</Bucket>"
                 "<Key>a/b c.wav</Key><ETag>&quot;9dc2b5968307ce171ec8a2a9251a60d9-1&quot;</ETag>"
                 "<ChecksumCRC32>BwQzxA==</ChecksumCRC32><ChecksumType>COMPOSITE</ChecksumType>"
                 "</CompleteMultipartUploadResult>",
                 "good etag[\"9dc2b5968307ce171ec8a2a9251a60d9-1\"] composite[BwQzxA==]");
    /* moto calls it otherwise */
    check_answer(S3_COMPLETE_UPLOAD, 200, "",
                 "<CompleteMultipartUploadResponse><ETag>\"e-2\"</ETag><ChecksumCRC32>AAAAAA==</"
                 "ChecksumCRC32><ChecksumType>FULL_OBJECT</ChecksumType>"
                 "<ChecksumSHA256>x</ChecksumSHA256><Checksum>y</Checksum>"
                 "</CompleteMultipartUploadResponse>",
                 "good etag[\"e-2\"] checksum[AAAAAA==]");
    /* Ceph, two parts with SHA-256, and with CRC32 over the whole object */
    check_answer(S3_COMPLETE_UPLOAD, 200, "",
                 "<CompleteMultipartUploadResult" NS "><ETag>&quot;9700e14d-2&quot;</ETag>"
                 "<ChecksumCRC32>juTffQ==</ChecksumCRC32><ChecksumType>FULL_OBJECT</ChecksumType>"
                 "</CompleteMultipartUploadResult>",
                 "good etag[\"9700e14d-2\"] checksum[juTffQ==]");
    check_answer(S3_COMPLETE_UPLOAD, 200, "", "", "bad");
    check_answer(S3_COMPLETE_UPLOAD, 200, "", "\n\n\n", "bad");
    check_answer(S3_COMPLETE_UPLOAD, 200, "", PROLOG, "bad");
    check_answer(S3_COMPLETE_UPLOAD, 200, "", "<R><ETag>\"e\"</ETag>", "bad etag[\"e\"]");
    check_answer(S3_COMPLETE_UPLOAD, 200, "", "<R></R>", "bad");
    check_answer(S3_COMPLETE_UPLOAD, 200, "", "<Error/>", "bad");
    check_answer(S3_COMPLETE_UPLOAD, 200, "etag: \"e\"\n", "<Error><ETag>\"e\"</ETag></Error>",
                 "bad etag[\"e\"]");
}

static void puts_and_parts(void **state)
{
    (void)state;
    /* Ceph */
    check_answer(S3_UPLOAD_PART, 200,
                 "content-length: 0\netag: \"4f08eef4096726bff1125e1b1b734644\"\n"
                 "accept-ranges: bytes\nx-amz-checksum-type: FULL_OBJECT\n"
                 "x-amz-checksum-crc32: BwQzxA==\nserver: Ceph Object Gateway (tentacle)\n",
                 "", "good etag[\"4f08eef4096726bff1125e1b1b734644\"] checksum[BwQzxA==]");
    check_answer(S3_PUT_OBJECT, 200, "etag: \"e\"\nx-amz-checksum-crc64nvme: rosUhgp5mIg=\n", "",
                 "good etag[\"e\"]");
    check_answer(S3_PUT_OBJECT, 200, "etag: \"e\"\n", "<R/>", "good etag[\"e\"]");
    check_answer(S3_PUT_OBJECT, 200, "etag: \"e\"\n", "<R", "bad etag[\"e\"]");
    check_answer(S3_PUT_OBJECT, 200, "etag: \"e\"\n", "<Error><Code>SlowDown</Code></Error>",
                 "bad code[SlowDown] etag[\"e\"]");
    check_answer(S3_PUT_OBJECT, 200, "", "", "bad");
    check_answer(S3_PUT_OBJECT, 200, "etag: \n", "", "bad");
    check_answer(S3_PUT_OBJECT, 100, "etag: \"e\"\n", "", "bad etag[\"e\"]");
    check_answer(S3_PUT_OBJECT, 301, "etag: \"e\"\n", "", "bad etag[\"e\"]");
    check_answer(S3_ABORT_UPLOAD, 204, "", "", "good");
    check_answer(
        S3_ABORT_UPLOAD, 404, "",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>NoSuchUpload</Code>"
        "<Message></Message><BucketName>wavs</BucketName><RequestId>tx00000e6c76d61c2a24189-"
        "006b03545b-4125-default</RequestId><HostId>4125-default-default</HostId></Error>",
        "bad code[NoSuchUpload] request[tx00000e6c76d61c2a24189-006b03545b-4125-default] "
        "host[4125-default-default]");
    check_answer(S3_PUT_OBJECT, 403, "", "<html><body>No!</body></html>", "bad");
    check_answer(S3_PUT_OBJECT, 502, "", "<html>cut", "bad");
}

static void looks(void **state)
{
    (void)state;
    check_answer(S3_HEAD_OBJECT, 200,
                 "content-length: 5242880\netag: \"9dc2b5968307ce171ec8a2a9251a60d9-1\"\n"
                 "x-amz-checksum-crc32: BwQzxA==-1\nx-amz-checksum-type: COMPOSITE\n",
                 "", "good etag[\"9dc2b5968307ce171ec8a2a9251a60d9-1\"] composite[BwQzxA==-1]");
    check_answer(S3_HEAD_OBJECT, 200, "x-amz-checksum-crc32: BwQzxA==-12\n", "",
                 "good composite[BwQzxA==-12]");
    check_answer(S3_HEAD_OBJECT, 404, "", "", "bad");
    check_answer(S3_HEAD_OBJECT, 400, "x-amz-bucket-region: eu-west-1\n", "",
                 "bad region[eu-west-1]");
    check_answer(S3_GET_OBJECT, 200, "", "<Error>this is the object</Error>", "good");
    check_answer(S3_GET_OBJECT, 404, "", "<Error><Code>NoSuchKey</Code></Error>",
                 "bad code[NoSuchKey]");

    read_answer(S3_HEAD_OBJECT, 200, "content-length: 5242880\n", "", 0);
    assert_int_equal(answer.content_length, 5242880);
    read_answer(S3_HEAD_OBJECT, 200, "content-length: 99999999999999999999\n", "", 0);
    assert_true(answer.content_length == INT64_MAX);
    read_answer(S3_HEAD_OBJECT, 200, "content-length: 12a\n", "", 0);
    assert_int_equal(answer.content_length, 0);
}

static void lists(void **state)
{
    (void)state;
    /* Ceph, encoding-type=url; the token is not encoded */
    check_answer(
        S3_LIST_OBJECTS, 200, "",
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><ListBucketResult" NS
        "><EncodingType>url</EncodingType><Name>wavs</Name><Prefix></Prefix><MaxKeys>2</MaxKeys>"
        "<IsTruncated>true</IsTruncated><Contents><Key>a%2Bb.txt</Key>"
        "<LastModified>2026-11-22T20:45:15.000Z</LastModified>"
        "<ETag>&quot;5d41402abc4b2a76b9719d911017c592&quot;</ETag><Size>5</Size>"
        "<StorageClass>STANDARD</StorageClass><Type>Normal</Type></Contents>"
        "<Contents><Key>a%2Fb%20c.wav</Key><Size>5242880</Size></Contents>"
        "<NextContinuationToken>a+b%20.txt</NextContinuationToken><KeyCount>2</KeyCount>"
        "</ListBucketResult>",
        "key[a+b.txt] key[a/b c.wav] good next[a+b%20.txt] truncated");
    /* AWS's example, with what needs unescaping: XML first, then the URL. A Key that is nobody's
     * Contents is none. */
    check_answer(S3_LIST_OBJECTS, 200, "",
                 PROLOG
                 "<ListBucketResult" NS ">\n<Name>bucket</Name>\n<Prefix/>\n"
                 "<KeyCount>3</KeyCount><MaxKeys>1000</MaxKeys>"
                 "<IsTruncated>false</IsTruncated>"
                 "<Contents><Key>my-image.jpg</Key></Contents>"
                 "<Contents><Key>a&amp;b+%E7%95%99%26</Key><Owner><ID>x</ID></Owner></Contents>"
                 "<Contents><Key>100%</Key></Contents><Contents><Key/></Contents>"
                 "<CommonPrefixes><Prefix>photos/</Prefix><Key>no</Key></CommonPrefixes>"
                 "</ListBucketResult>",
                 "key[my-image.jpg] key[a&b \xE7\x95\x99&] key[100%] key[] good");
    check_answer(S3_LIST_OBJECTS, 200, "", "<L><IsTruncated>false</IsTruncated></L>", "good");
    check_answer(S3_LIST_OBJECTS, 200, "", "<html></html>", "bad");
    check_answer(S3_LIST_OBJECTS, 200, "", "", "bad");
    check_answer(S3_LIST_OBJECTS, 200, "", "<L><IsTruncated>maybe</IsTruncated></L>", "bad");
    check_answer(S3_LIST_OBJECTS, 200, "", "<L><IsTruncated>true</IsTruncated></L>",
                 "bad truncated");
    check_answer(S3_LIST_OBJECTS, 200, "",
                 "<L><IsTruncated>false</IsTruncated><Contents><Key>a</Key></Contents>",
                 "key[a] bad");
    check_answer(S3_LIST_OBJECTS, 404, "",
                 "<Error><Code>NoSuchBucket</Code><Contents><Key>a</Key></Contents></Error>",
                 "bad code[NoSuchBucket]");
}

static char *repeated(char *to, const char *before, char c, size_t count, const char *after)
{
    const size_t len = strlen(before);
    memcpy(to, before, len);
    memset(to + len, c, count);
    memcpy(to + len + count, after, strlen(after) + 1);
    return to;
}

static void too_long_or_odd(void **state)
{
    (void)state;
    static char text[8192], expected[8192];
    check_answer(S3_PUT_OBJECT, 200, repeated(text, "etag: ", 'e', ETAG_BYTES_MAX, "\n"), "",
                 repeated(expected, "good etag[", 'e', ETAG_BYTES_MAX, "]"));
    check_answer(S3_PUT_OBJECT, 200, repeated(text, "etag: ", 'e', ETAG_BYTES_MAX + 1, "\n"), "",
                 "bad unusable");
    check_answer(S3_PUT_OBJECT, 200, "etag: \"a\"b\"\n", "", "bad unusable");
    check_answer(S3_PUT_OBJECT, 200, "etag: a<b\n", "", "bad unusable");
    check_answer(S3_PUT_OBJECT, 200, "etag: a\xC3\xA4\n", "", "bad unusable");
    check_answer(S3_COMPLETE_UPLOAD, 200, "", "<R><ETag>a&amp;</ETag></R>", "bad unusable");
    check_answer(S3_COMPLETE_UPLOAD, 200, "", "<R><ETag>a&#10;</ETag></R>", "bad unusable");
}

/* Longer than the log's lines. */
static void longest_texts(void **state)
{
    (void)state;
    static char text[8192];
    read_answer(S3_CREATE_UPLOAD, 200, "",
                repeated(text, "<R><UploadId>", 'u', 1024, "</UploadId></R>"), 0);
    assert_true(s3_answer_is_good(&answer));
    assert_int_equal(answer.upload_id_len, 1024);
    for (size_t len = 1025; len < 4000; len += 991) {
        enum mishap m =
            read_answer(S3_CREATE_UPLOAD, 200, "",
                        repeated(text, "<R><UploadId>", 'u', len, "</UploadId></R>"), 0);
        assert_false(s3_answer_is_good(&answer));
        assert_int_equal(m, MISHAP_REFUSED); /* it would be as long again */
    }
    const char *const before = "<L><IsTruncated>false</IsTruncated><Contents><Key>";
    const char *const after = "</Key></Contents></L>";
    read_answer(S3_LIST_OBJECTS, 200, "", repeated(text, before, 'k', 1024, after), 0);
    assert_true(s3_answer_is_good(&answer));
    assert_int_equal(answer.key_len, 1024);
    read_answer(S3_LIST_OBJECTS, 200, "", repeated(text, before, 'k', 1025, after), 0);
    assert_false(s3_answer_is_good(&answer));
    read_answer(S3_LIST_OBJECTS, 200, "", repeated(text, before, '%', 1025, after), 0);
    assert_false(s3_answer_is_good(&answer));
    /* 1024 bytes, each percent-encoded. */
    size_t at = strlen(before);
    memcpy(text, before, at);
    for (size_t i = 0; i < 1024; i++, at += 3)
        memcpy(text + at, "%7E", 3);
    memcpy(text + at, after, strlen(after) + 1);
    read_answer(S3_LIST_OBJECTS, 200, "", text, 0);
    assert_true(s3_answer_is_good(&answer));
    assert_int_equal(answer.key_len, 1024);
    assert_int_equal(answer.key[1023], '~');

    /* Words for a person are cut, that is all. */
    read_answer(S3_PUT_OBJECT, 500, repeated(text, "x-amz-request-id: ", 'r', 300, "\n"), "", 0);
    assert_int_equal(answer.request_id_len, sizeof answer.request_id);
    read_answer(
        S3_PUT_OBJECT, 503, "",
        repeated(text, "<Error><Code>SlowDown</Code><Message>", 'm', 5000, "</Message></Error>"),
        0);
    assert_int_equal(answer.message_len, sizeof answer.message);
    assert_int_equal(retry_classify(&facts), MISHAP_THROTTLED);
    assert_null(answer.unusable);
}

/* ---- what it means for the next try ---- */

#define NOW INT64_C(1432000000000) /* 2015-05-19 01:46:40 */

static void meanings(void **state)
{
    (void)state;
    const struct {
        enum s3_operation operation;
        unsigned status;
        const char *headers, *body;
        enum mishap mishap;
    } table[] = {
        {S3_PUT_OBJECT, 200, "etag: \"e\"\n", "", MISHAP_NONE},
        {S3_PUT_OBJECT, 200, "", "", MISHAP_SERVER},
        {S3_PUT_OBJECT, 200, "etag: a<b\n", "", MISHAP_REFUSED},
        {S3_COMPLETE_UPLOAD, 200, "", "", MISHAP_SERVER},
        {S3_COMPLETE_UPLOAD, 200, "", "<R><ETag>e</ETag>", MISHAP_SERVER},
        {S3_COMPLETE_UPLOAD, 200, "", "<Error><Code>InternalError</Code></Error>", MISHAP_SERVER},
        {S3_COMPLETE_UPLOAD, 200, "", "<Error><Code>SlowDown</Code></Error>", MISHAP_THROTTLED},
        {S3_COMPLETE_UPLOAD, 200, "", "<Error/>", MISHAP_SERVER},
        {S3_COMPLETE_UPLOAD, 409, "", "<Error><Code>ConditionalRequestConflict</Code></Error>",
         MISHAP_REFUSED},
        {S3_PUT_OBJECT, 409, "", "<Error><Code>ConditionalRequestConflict</Code></Error>",
         MISHAP_SERVER},
        {S3_COMPLETE_UPLOAD, 400, "", "<Error><Code>BadDigest</Code></Error>", MISHAP_REFUSED},
        {S3_COMPLETE_UPLOAD, 404, "", "<Error><Code>NoSuchUpload</Code></Error>", MISHAP_REFUSED},
        {S3_UPLOAD_PART, 400, "", "<Error><Code>RequestTimeout</Code></Error>", MISHAP_SERVER},
        {S3_UPLOAD_PART, 400, "", "<Error><Code>BadDigest</Code></Error>", MISHAP_SERVER},
        {S3_UPLOAD_PART, 503, "", "", MISHAP_SERVER},
        {S3_UPLOAD_PART, 412, "", "<Error><Code>PreconditionFailed</Code></Error>", MISHAP_REFUSED},
        {S3_PUT_OBJECT, 400, "", "<Error><Code>ExpiredToken</Code></Error>", MISHAP_CREDENTIALS},
        {S3_PUT_OBJECT, 301, "x-amz-bucket-region: eu-west-1\n",
         "<Error><Code>PermanentRedirect</Code><Endpoint>b.s3.amazonaws.com</Endpoint></Error>",
         MISHAP_REGION},
        {S3_PUT_OBJECT, 400, "",
         "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>",
         MISHAP_REGION},
        {S3_PUT_OBJECT, 400, "",
         "<Error><Code>AuthorizationHeaderMalformed</Code><Region>evil.com/</Region></Error>",
         MISHAP_REFUSED},
        {S3_HEAD_OBJECT, 400, "x-amz-bucket-region: eu-west-1\n", "", MISHAP_REGION},
        {S3_HEAD_OBJECT, 404, "", "", MISHAP_REFUSED},
        /* The Date is 20 min ahead. */
        {S3_PUT_OBJECT, 403, "date: Tue, 19 May 2015 02:06:40 GMT\n",
         "<Error><Code>RequestTimeTooSkewed</Code></Error>", MISHAP_CLOCK},
        {S3_HEAD_OBJECT, 403, "date: Tue, 19 May 2015 02:06:40 GMT\n", "", MISHAP_CLOCK},
        {S3_PUT_OBJECT, 403, "date: Tue, 19 May 2015 02:06:40 GMT\nage: 3\n",
         "<Error><Code>RequestTimeTooSkewed</Code></Error>", MISHAP_REFUSED},
        {S3_PUT_OBJECT, 403, "age: 0\ndate: Tue, 19 May 2015 02:06:40 GMT\n",
         "<Error><Code>RequestTimeTooSkewed</Code></Error>", MISHAP_REFUSED},
        {S3_PUT_OBJECT, 403, "date: Tue, 19 May 2015 01:46:41 GMT\n",
         "<Error><Code>SignatureDoesNotMatch</Code></Error>", MISHAP_REFUSED},
        {S3_PUT_OBJECT, 403, "date: yesterday\n",
         "<Error><Code>SignatureDoesNotMatch</Code></Error>", MISHAP_REFUSED},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        enum mishap m =
            read_answer(table[i].operation, table[i].status, table[i].headers, table[i].body, NOW);
        if (m != table[i].mishap) fail_msg("%u %s: mishap %d", table[i].status, table[i].body, m);
        assert_int_equal(s3_answer_is_good(&answer), m == MISHAP_NONE);
    }
}

static void when_to_ask_again(void **state)
{
    (void)state;
    const struct {
        const char *headers;
        uint64_t ms;
    } table[] = {
        {"", 0},
        {"retry-after: 3\n", 3000},
        {"retry-after: 99999999999999999999\n", INT64_MAX},
        {"retry-after: -3\n", 0},
        {"retry-after: soon\n", 0},
        {"x-amz-retry-after: 1500\n", 1500},
        {"x-amz-retry-after: invalid\nretry-after: 2\n", 2000},
        {"x-amz-retry-after: 1500\nretry-after: 3\n", 1500},
        {"retry-after: 3\nx-amz-retry-after: 1500\n", 1500},
        {"retry-after: Tue, 19 May 2015 01:46:44 GMT\nx-amz-retry-after: 1500\n", 1500},
        /* as a date: against the server's clock where it is told, else against ours */
        {"retry-after: Tue, 19 May 2015 01:46:44 GMT\n", 4000},
        {"date: Tue, 19 May 2015 02:00:00 GMT\nretry-after: Tue, 19 May 2015 02:00:07 GMT\n", 7000},
        {"retry-after: Tue, 19 May 2015 01:46:39 GMT\n", 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        read_answer(S3_PUT_OBJECT, 503, table[i].headers, "", NOW);
        if (facts.retry_after_ms != table[i].ms)
            fail_msg("%s: %llu", table[i].headers, (unsigned long long)facts.retry_after_ms);
    }
    read_answer(S3_PUT_OBJECT, 503, "", "", NOW);
    assert_true(facts.skew_ms == INT64_MAX);
    read_answer(S3_PUT_OBJECT, 503, "date: Tue, 19 May 2015 01:46:30 GMT\n", "", NOW);
    assert_true(facts.skew_ms == -10000);
}

/* ---- for a person ---- */

static void check_words(enum s3_operation operation, unsigned status, const char *headers,
                        const char *body, const char *expected)
{
    char line[FAULT_TEXT_BYTES];
    read_answer(operation, status, headers, body, NOW);
    struct writer w = writer_on(line, sizeof line);
    s3_answer_tell(&answer, &w);
    if (!span_is(writer_span(&w), expected))
        fail_msg("is\n%.*s\nand should be\n%s", (int)w.len, line, expected);
}

static void words(void **state)
{
    (void)state;
    check_words(
        S3_PUT_OBJECT, 403, "",
        "<Error><Code>AccessDenied</Code><Message>Access Denied</Message>"
        "<RequestId>656c76696e6727732072657175657374</RequestId><HostId>Uuag1LuB=</HostId>"
        "</Error>",
        "S3 answered 403 AccessDenied: Access Denied; allow s3:PutObject, with tags "
        "s3:PutObjectTagging, with a KMS key kms:GenerateDataKey and kms:Decrypt (request id "
        "656c76696e6727732072657175657374) (host id Uuag1LuB=)");
    check_words(S3_HEAD_OBJECT, 403, "", "",
                "S3 answered 403; allow s3:GetObject (without s3:ListBucket, what is missing looks "
                "like this too)");
    check_words(
        S3_PUT_OBJECT, 301, "x-amz-bucket-region: eu-west-1\nx-amz-request-id: R\n",
        "<Error><Code>PermanentRedirect</Code><Message>The bucket you are attempting to "
        "access must be addressed using the specified endpoint.</Message></Error>",
        "S3 answered 301 PermanentRedirect: The bucket you are attempting to access must be "
        "addressed using the specified endpoint.; set the bucket's region; the bucket is in "
        "eu-west-1 (request id R)");
    check_words(S3_PUT_OBJECT, 501, "", "<Error><Code>NotImplemented</Code></Error>",
                "S3 answered 501 NotImplemented; this server lacks something: try without tags, "
                "without the conditional write, or without checksums");
    check_words(
        S3_PUT_OBJECT, 400, "", "<Error><Code>KMS.DisabledException</Code></Error>",
        "S3 answered 400 KMS.DisabledException; look at the KMS key: it must be enabled, and "
        "in the bucket's region");
    check_words(S3_PUT_OBJECT, 412, "", "<Error><Code>PreconditionFailed</Code></Error>",
                "S3 answered 412 PreconditionFailed; the object exists already");
    check_words(S3_PUT_OBJECT, 418, "", "", "S3 answered 418");
    check_words(S3_PUT_OBJECT, 0, "", "", "S3 did not answer");
    check_words(S3_PUT_OBJECT, 200, "", "", "S3 answered 200, but without an ETag");
    check_words(S3_PUT_OBJECT, 200, "etag: <>\n", "",
                "S3 answered 200, but with an ETag that is none");
    check_words(S3_COMPLETE_UPLOAD, 200, "x-amz-request-id: R\n", "<R>",
                "S3 answered 200, but what it said is not whole (request id R)");
    check_words(S3_COMPLETE_UPLOAD, 200, "", "<Error><Code>InternalError</Code></Error>",
                "S3 answered 200 InternalError");
    check_words(S3_PUT_OBJECT, 400, "x-amz-request-id: \x1B[2J\n",
                "<Error><Code>a&#10;b</Code><Message>\xC2\x9B\x7F</Message></Error>",
                "S3 answered 400 a\\u000ab: \\u00c2\\u009b\\u007f (request id \\u001b[2J)");
    const char *const advised[] = {
        "NoSuchBucket",
        "SignatureDoesNotMatch",
        "InvalidAccessKeyId",
        "RequestTimeTooSkewed",
        "AuthorizationHeaderMalformed",
        "EntityTooSmall",
        "InvalidTag",
        "NoSuchUpload",
        "BadDigest",
    };
    for (size_t i = 0; i < sizeof advised / sizeof *advised; i++) {
        char body[128], line[FAULT_TEXT_BYTES];
        snprintf(body, sizeof body, "<Error><Code>%s</Code></Error>", advised[i]);
        read_answer(S3_UPLOAD_PART, 400, "", body, NOW);
        struct writer w = writer_on(line, sizeof line);
        s3_answer_tell(&answer, &w);
        assert_non_null(memchr(line, ';', w.len));
    }
}

/* Whatever does not fit: the advice does, and an id is whole or not there. */
static void words_without_room(void **state)
{
    (void)state;
    static char body[2048], line[FAULT_TEXT_BYTES];
    repeated(body,
             "<Error><Code>AccessDenied</Code><HostId>hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh"
             "hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh</HostId><Message>",
             'm', 500, "</Message></Error>");
    read_answer(S3_PUT_OBJECT, 403, "x-amz-request-id: 4442587FB7D0A2F9\n", body, NOW);
    for (size_t bytes = 0; bytes <= sizeof line; bytes++) {
        struct writer w = writer_on(line, bytes);
        s3_answer_tell(&answer, &w);
        const char *id = memmem(line, w.len, "request id", 10);
        if (id != NULL) assert_non_null(memmem(line, w.len, "(request id 4442587FB7D0A2F9)", 29));
    }
    assert_non_null(memmem(line, sizeof line, "kms:Decrypt", 11));
    assert_non_null(memmem(line, sizeof line, "(request id 4442587FB7D0A2F9)", 29));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_botocore_puts),
        cmocka_unit_test(as_botocore_uploads),
        cmocka_unit_test(as_botocore_looks),
        cmocka_unit_test(list_of_parts),
        cmocka_unit_test(longest_list_of_parts),
        cmocka_unit_test(everything_where_it_belongs),
        cmocka_unit_test(checksums),
        cmocka_unit_test(tags_are_encoded),
        cmocka_unit_test(keys_are_paths),
        cmocka_unit_test(every_room),
        cmocka_unit_test(unfit_metadata),
        cmocka_unit_test(tags),
        cmocka_unit_test(mended_tags),
        cmocka_unit_test(creates),
        cmocka_unit_test(completes),
        cmocka_unit_test(puts_and_parts),
        cmocka_unit_test(looks),
        cmocka_unit_test(lists),
        cmocka_unit_test(too_long_or_odd),
        cmocka_unit_test(longest_texts),
        cmocka_unit_test(meanings),
        cmocka_unit_test(when_to_ask_again),
        cmocka_unit_test(words),
        cmocka_unit_test(words_without_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
