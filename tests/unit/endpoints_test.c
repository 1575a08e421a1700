/* Hosts typed from AWS's documentation: "Amazon S3 endpoints and quotas", "Virtual hosting of
 * general purpose buckets", "Dual-stack endpoints", "FIPS endpoints by service"; and botocore's own
 * cases where they are at hand. */
#include "aws/endpoints.h"
#include "cut.h"

#include <stdio.h>
#include <stdlib.h>

static struct service_endpoint found;
static struct fault fault;
static char text[800];

/* scheme://host:port/prefix, or "error". */
static const char *find(enum service service, const struct endpoint_options *o, const char *bucket)
{
    fault = (struct fault){0};
    if (!endpoints_find(service, o, span_text(bucket), &found, &fault)) {
        assert_int_equal(fault.kind, FAULT_CONFIG);
        assert_true(fault.len > 0);
        return "error";
    }
    assert_int_equal(fault.kind, FAULT_NONE);
    assert_int_equal(strlen(found.host), found.host_len);
    struct writer w = writer_on(text, sizeof text - 1);
    writer_text(&w, found.tls ? "https://" : "http://");
    endpoints_write_host(&found, &w);
    writer_bytes(&w, span_of(found.prefix, found.prefix_len));
    assert_false(w.full);
    text[w.len] = '\0';
    assert_int_equal(found.default_port, found.port == (found.tls ? 443 : 80));
    return text;
}

static const char *at(enum service service, const char *region, bool fips, bool dualstack)
{
    return find(service, &(struct endpoint_options){region, fips, dualstack, false, NULL}, "");
}

static const char *bucket_at(const char *bucket, const char *url, bool path_style)
{
    return find(SERVICE_S3, &(struct endpoint_options){"eu-west-1", false, false, path_style, url},
                bucket);
}

static void plain(void **state)
{
    (void)state;
    assert_string_equal(at(SERVICE_SQS, "us-west-2", false, false),
                        "https://sqs.us-west-2.amazonaws.com");
    assert_string_equal(at(SERVICE_SNS, "eu-central-1", true, false),
                        "https://sns-fips.eu-central-1.amazonaws.com");
    assert_string_equal(at(SERVICE_STS, "us-east-1", false, true), "https://sts.us-east-1.api.aws");
    assert_string_equal(at(SERVICE_EVENTS, "us-east-1", true, true),
                        "https://events-fips.us-east-1.api.aws");
    assert_string_equal(at(SERVICE_KINESISVIDEO, "cn-north-1", false, false),
                        "https://kinesisvideo.cn-north-1.amazonaws.com.cn");
    assert_string_equal(at(SERVICE_SQS, "eusc-de-east-1", false, false),
                        "https://sqs.eusc-de-east-1.amazonaws.eu");
    assert_string_equal(at(SERVICE_EVENTS, "us-gov-west-1", true, false),
                        "https://events.us-gov-west-1.amazonaws.com");
    assert_string_equal(at(SERVICE_KINESISVIDEO, "us-gov-west-1", true, false),
                        "https://kinesisvideo-fips.us-gov-west-1.amazonaws.com");
    assert_string_equal(at(SERVICE_S3, "us-gov-east-1", true, false),
                        "https://s3-fips.us-gov-east-1.amazonaws.com");
    assert_string_equal(at(SERVICE_S3, "us-west-2", false, true),
                        "https://s3.dualstack.us-west-2.amazonaws.com");
    assert_string_equal(at(SERVICE_S3, "us-west-2", true, true),
                        "https://s3-fips.dualstack.us-west-2.amazonaws.com");
    assert_string_equal(at(SERVICE_S3, "cn-north-1", true, false), "error");
    /* A partition nobody knows yet is like the first one. */
    assert_string_equal(at(SERVICE_STS, "xy-new-9", false, false),
                        "https://sts.xy-new-9.amazonaws.com");
}

static void buckets(void **state)
{
    (void)state;
    assert_string_equal(bucket_at("calls", NULL, false),
                        "https://calls.s3.eu-west-1.amazonaws.com");
    assert_string_equal(bucket_at("calls", NULL, true), "https://s3.eu-west-1.amazonaws.com/calls");
    assert_string_equal(bucket_at("calls.of.2026", NULL, false),
                        "https://s3.eu-west-1.amazonaws.com/calls.of.2026");
    assert_string_equal(bucket_at("calls", "http://localhost:9000", true),
                        "http://localhost:9000/calls");
    assert_string_equal(bucket_at("calls", "http://localhost:9000/", false),
                        "http://calls.localhost:9000");
    assert_string_equal(bucket_at("a.b", "http://localhost", false), "http://a.b.localhost");
    assert_string_equal(bucket_at("a.b", "https://h/p/q/", false), "https://h/p/q/a.b");
    assert_string_equal(bucket_at("calls", "https://10.0.0.1:8443", false),
                        "https://10.0.0.1:8443/calls");
    assert_string_equal(bucket_at("calls", "http://[::1]:80/x%20y", false),
                        "http://[::1]/x y/calls");
    assert_string_equal(bucket_at("calls", "https://[fd00::1]:444", false),
                        "https://[fd00::1]:444/calls");
    assert_string_equal(bucket_at("", "http://h:443/p", false), "http://h:443/p");
}

static void bad_urls(void **state)
{
    (void)state;
    static const char *const bad[] = {"",
                                      "h",
                                      "ftp://h",
                                      "http://",
                                      "http://h/?q=1",
                                      "http://h/%",
                                      "http://h:0",
                                      "http://h:65536",
                                      "http://SEKRIT@h",
                                      "http://h h/",
                                      "http://h\r\n",
                                      "http://h/p#f"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_string_equal(bucket_at("calls", bad[i], true), "error");
        fault.text[fault.len] = '\0';
        assert_null(strstr(fault.text, "SEKRIT"));
    }
    const struct endpoint_options fips = {"eu-west-1", true, false, false, "http://h"};
    assert_string_equal(find(SERVICE_SQS, &fips, ""), "error");
    const struct endpoint_options dual = {"eu-west-1", false, true, false, "http://h"};
    assert_string_equal(find(SERVICE_SQS, &dual, ""), "error");
}

static void too_long(void **state)
{
    (void)state;
    char url[600] = "http://";
    memset(url + 7, 'h', HOST_BYTES_MAX);
    for (size_t i = 0; i < HOST_BYTES_MAX; i += 50)
        url[7 + i] = i > 0 ? '.' : 'h';
    assert_string_not_equal(bucket_at("calls", url, true), "error");
    assert_string_equal(bucket_at("calls", url, false), "error");
    strcpy(url, "http://h/");
    memset(url + 9, 'p', 300);
    assert_string_equal(bucket_at("calls", url, true), "error");
}

static void regions(void **state)
{
    (void)state;
    static const char *const good[] = {"us-east-1", "snow", "a", "0"};
    static const char *const bad[] = {"-a",  "a-",  "a.b", "US-EAST-1", "a b",
                                      "a/b", "a@b", "a\r", "a%",        "\xC3\xA9"};
    char region[REGION_BYTES_MAX + 2];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(endpoints_region_is_valid(span_text(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_false(endpoints_region_is_valid(span_text(bad[i])));
        assert_string_equal(at(SERVICE_SQS, bad[i], false, false), "error");
    }
    memset(region, 'r', sizeof region);
    assert_true(endpoints_region_is_valid(span_of(region, REGION_BYTES_MAX)));
    assert_false(endpoints_region_is_valid(span_of(region, REGION_BYTES_MAX + 1)));
    assert_false(endpoints_region_is_valid(span_of(region, 0)));
    assert_string_equal(at(SERVICE_SQS, NULL, false, false), "error");
    assert_string_equal(at(SERVICE_SQS, "", false, false), "error");
    fault.text[fault.len] = '\0';
    assert_non_null(strstr(fault.text, "AWS_REGION"));
}

static void bucket_names(void **state)
{
    (void)state;
    static const char *const good[] = {"abc",       "a-b",      "0a0",          "1.2.3",
                                       "1.2.3.4.5", "1.2.3.4x", "999.1234.1.1", "a.b-c"};
    static const char *const bad[] = {"ab",
                                      "",
                                      "Abc",
                                      "a_b",
                                      "-ab",
                                      "ab-",
                                      ".ab",
                                      "ab.",
                                      "a..b",
                                      "a b",
                                      "a/b",
                                      "a\nb",
                                      "1.2.3.4",
                                      "192.168.5.4",
                                      "xn--abc",
                                      "sthree-abc",
                                      "amzn-s3-demo-abc",
                                      "abc-s3alias",
                                      "abc--ol-s3",
                                      "abc.mrap",
                                      "abc--x-s3",
                                      "abc--table-s3"};
    char name[BUCKET_BYTES_MAX + 1];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(endpoints_bucket_is_valid(span_text(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(endpoints_bucket_is_valid(span_text(bad[i])));
    memset(name, 'b', sizeof name);
    assert_true(endpoints_bucket_is_valid(span_of(name, BUCKET_BYTES_MAX)));
    assert_false(endpoints_bucket_is_valid(span_of(name, BUCKET_BYTES_MAX + 1)));
    assert_string_equal(bucket_at("a/b", NULL, false), "error");
}

static void signing_names(void **state)
{
    (void)state;
    assert_string_equal(endpoints_signing_name(SERVICE_S3), "s3");
    assert_string_equal(endpoints_signing_name(SERVICE_KINESISVIDEO), "kinesisvideo");
    assert_string_equal(endpoints_signing_name(SERVICE_EVENTS), "events");
}

static unsigned check_cases(enum service service, const char *folder)
{
    char line[4096];
    const char *name = endpoints_signing_name(service);
    snprintf(
        line, sizeof line,
        "python3 '%s' endpoints %s '%s/botocore-tests/endpoint-rules/%s/endpoint-tests-1.json'",
        AWS_CASES, name, folder, name);
    FILE *cases = popen(line, "r"); /* NOLINT(cert-env33-c): a test, with paths of the build */
    assert_non_null(cases);
    unsigned count = 0;
    while (fgets(line, sizeof line, cases)) {
        char *field[8], *rest = line;
        if (line[0] == '#') {
            fputs(line, stdout);
            continue;
        }
        for (size_t i = 0; i < 8; i++)
            field[i] = strsep(&rest, "\t\n");
        assert_non_null(rest);
        const struct endpoint_options o = {
            strcmp(field[1], "-") == 0 ? NULL : field[1], field[2][0] == '1', field[3][0] == '1',
            field[4][0] == '1', strcmp(field[5], "-") == 0 ? NULL : field[5]};
        const char *bucket = strcmp(field[6], "-") == 0 ? "" : field[6];
        assert_string_equal(find(service, &o, bucket), field[7]);
        count++;
    }
    assert_int_equal(pclose(cases), 0);
    printf("# %s: %u cases\n", name, count);
    return count;
}

static void botocore_cases(void **state)
{
    (void)state;
    const char *folder = getenv("RUSUDEN_SHARED") != NULL ? getenv("RUSUDEN_SHARED") : FIXTURES;
    char path[4096];
    snprintf(path, sizeof path, "%s/botocore-tests/endpoint-rules/s3/endpoint-tests-1.json",
             folder);
    FILE *there = fopen(path, "r");
    if (there == NULL) skip();
    fclose(there);
    assert_true(check_cases(SERVICE_S3, folder) > 70);
    assert_true(check_cases(SERVICE_STS, folder) > 40);
    assert_true(check_cases(SERVICE_SNS, folder) > 40);
    assert_true(check_cases(SERVICE_SQS, folder) > 40);
    assert_true(check_cases(SERVICE_KINESISVIDEO, folder) > 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain),         cmocka_unit_test(buckets),
        cmocka_unit_test(bad_urls),      cmocka_unit_test(too_long),
        cmocka_unit_test(regions),       cmocka_unit_test(bucket_names),
        cmocka_unit_test(signing_names), cmocka_unit_test(botocore_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
