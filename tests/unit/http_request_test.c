/* Request heads, typed by hand from RFC 9112 sections 3 and 5, RFC 9110 section 5, and S3's API pages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/http_request.h"

#include <stdio.h>
#include <stdlib.h>

static uint8_t room[4096];
static struct http_request request;

static void begin(const char *method, const char *path)
{
    http_request_begin(&request, room, sizeof room, method, span_text(path));
}

static void check_span(struct span s, const char *expected)
{
    assert_int_equal(s.len, strlen(expected));
    assert_memory_equal(s.at, expected, s.len);
}

static void check_text(const char *expected)
{
    assert_true(http_request_end(&request));
    check_span(http_request_span(&request), expected);
}

static void the_shortest(void **state)
{
    (void)state;
    begin("GET", "/");
    check_text("GET / HTTP/1.1\r\n\r\n");
    assert_true(http_request_end(&request)); /* once more changes nothing */
    check_span(http_request_span(&request), "GET / HTTP/1.1\r\n\r\n");
}

static void an_upload_is_begun(void **state)
{
    (void)state;
    begin("POST", "/calls/2024 09/a+b~c.wav");
    http_request_parameter(&request, "uploads", span_text(""));
    http_request_header_text(&request, "Host", "bucket.s3.eu-central-1.amazonaws.com");
    http_request_header_number(&request, "Content-Length", 0);
    http_request_header_text(&request, "Content-Type", "audio/wav");
    check_text("POST /calls/2024%2009/a%2Bb~c.wav?uploads= HTTP/1.1\r\n"
               "Host: bucket.s3.eu-central-1.amazonaws.com\r\n"
               "Content-Length: 0\r\n"
               "Content-Type: audio/wav\r\n"
               "\r\n");
    check_span(request.method, "POST");
    check_span(request.path, "/calls/2024%2009/a%2Bb~c.wav");
    assert_int_equal(request.parameter_count, 1);
    check_span(request.parameters[0].name, "uploads");
    check_span(request.parameters[0].value, "");
    assert_int_equal(request.header_count, 3);
    check_span(request.headers[1].name, "Content-Length");
    check_span(request.headers[1].value, "0");
}

static void parameters_keep_their_order(void **state)
{
    (void)state;
    begin("PUT", "/k");
    http_request_parameter(&request, "uploadId", span_text("a/b=c&d e%"));
    http_request_parameter(&request, "partNumber", span_text("10000"));
    http_request_parameter(&request, "x y", span_text("\xC3\xA4"));
    http_request_header_text(&request, "Host", "h");
    check_text("PUT /k?uploadId=a%2Fb%3Dc%26d%20e%25&partNumber=10000&x%20y=%C3%A4 HTTP/1.1\r\n"
               "Host: h\r\n\r\n");
    check_span(request.parameters[0].value, "a%2Fb%3Dc%26d%20e%25");
    check_span(request.parameters[1].name, "partNumber");
    check_span(request.parameters[2].name, "x%20y");
    check_span(request.parameters[2].value, "%C3%A4");
    check_span(request.path, "/k");
}

static void a_path_is_encoded_once(void **state)
{
    (void)state;
    begin("GET", "/a%20b/../c//d?e#f\r\nHost: evil");
    http_request_header_text(&request, "Host", "h");
    check_text("GET /a%2520b/../c//d%3Fe%23f%0D%0AHost%3A%20evil HTTP/1.1\r\nHost: h\r\n\r\n");
}

static void values_are_trimmed(void **state)
{
    (void)state;
    begin("GET", "/");
    http_request_header_text(&request, "a", " \t b  c\t ");
    http_request_header_text(&request, "b", "");
    http_request_header_text(&request, "c", " \t ");
    struct writer *value = http_request_header_begin(&request, "d");
    writer_text(value, "  one ");
    writer_number(value, 2);
    writer_text(value, "\t");
    http_request_header_end(&request);
    check_text("GET / HTTP/1.1\r\na: b  c\r\nb: \r\nc: \r\nd: one 2\r\n\r\n");
    check_span(request.headers[0].value, "b  c");
    check_span(request.headers[1].value, "");
    check_span(request.headers[3].value, "one 2");
}

static void a_value_put_together(void **state)
{
    (void)state;
    begin("GET", "/");
    http_request_header_text(&request, "Host", "h");
    struct writer *value = http_request_header_begin(&request, "Authorization");
    for (size_t i = 0; i < request.header_count; i++)
        writer_bytes(value, request.headers[i].name); /* as a signer does */
    http_request_header_end(&request);
    check_text("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Host\r\n\r\n");
}

static void headers_are_found(void **state)
{
    (void)state;
    begin("GET", "/");
    assert_null(http_request_find(&request, "host"));
    http_request_header_text(&request, "Host", "one");
    http_request_header_text(&request, "X-Amz-Date", "20240918T000000Z");
    check_span(http_request_find(&request, "hOST")->value, "one");
    check_span(http_request_find(&request, "x-amz-date")->name, "X-Amz-Date");
    assert_null(http_request_find(&request, "x-amz-dat"));
    assert_null(http_request_find(&request, "x-amz-date-"));
    assert_null(http_request_find(&request, ""));
}

/* Nothing of a refused header stands in the text, and it can never be sent. */
static void check_refused(const char *name, struct span value)
{
    begin("GET", "/");
    http_request_header_text(&request, "Host", "h");
    const size_t len = request.text.len;
    http_request_header(&request, name, value);
    assert_true(request.unfit);
    assert_int_equal(request.text.len, len);
    assert_int_equal(request.header_count, 1);
    http_request_header_text(&request, "fit", "again");
    assert_int_equal(request.header_count, 1);
    assert_false(http_request_end(&request));
    assert_false(http_request_end(&request));
}

static void control_bytes_are_refused(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t value[] = {'a', (uint8_t)byte, 'b'};
        if ((byte < 0x20 && byte != '\t') || byte == 0x7F) {
            check_refused("x", span_of(value, 3));
            check_refused("x", span_of(value + 1, 1));
            continue;
        }
        begin("GET", "/");
        http_request_header(&request, "x", span_of(value, 3));
        assert_true(http_request_end(&request));
        assert_int_equal(request.headers[0].value.len, 3);
        assert_int_equal(request.headers[0].value.at[1], byte);
    }
    check_refused("x-amz-meta-name", span_text("a\r\nx-amz-acl: public-read"));
    check_refused("x", span_text("a\r\n"));
    check_refused("x", span_text("\r\n\r\nGET /other HTTP/1.1"));
}

static void a_value_put_together_is_looked_at_too(void **state)
{
    (void)state;
    begin("GET", "/");
    writer_text(http_request_header_begin(&request, "x"), "a\r\nb: c");
    http_request_header_end(&request);
    assert_false(http_request_end(&request));
    check_span(http_request_span(&request), "GET / HTTP/1.1\r\n\r\n");
}

static void names_are_tokens(void **state)
{
    (void)state;
    check_refused("", span_text("v"));
    for (unsigned byte = 1; byte < 256; byte++) {
        const char name[] = {'a', (char)byte, 'b', '\0'};
        /* RFC 9110 section 5.6.2, typed once more */
        const bool tchar = strchr("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "!#$%&'*+-.^_`|~",
                                  (int)byte) != NULL;
        if (!tchar) {
            check_refused(name, span_text("v"));
            continue;
        }
        begin("GET", "/");
        http_request_header_text(&request, name, "v");
        assert_true(http_request_end(&request));
    }
}

static void methods_are_tokens(void **state)
{
    (void)state;
    begin("GET / HTTP/1.1\r\nx:", "/");
    http_request_parameter(&request, "a", span_text("b"));
    http_request_header_text(&request, "Host", "h");
    assert_false(http_request_end(&request));
    begin("", "/");
    assert_false(http_request_end(&request));
}

/* In a block of just that size, so that ASan sees one byte too many. */
static bool fits(size_t bytes)
{
    uint8_t *block = malloc(bytes > 0 ? bytes : 1);
    assert_non_null(block);
    http_request_begin(&request, block, bytes, "PUT", span_text("/a b"));
    http_request_parameter(&request, "partNumber", span_text("1"));
    http_request_parameter(&request, "uploadId", span_text("x/y"));
    http_request_header_text(&request, "Host", "h");
    writer_text(http_request_header_begin(&request, "Date"), " now ");
    http_request_header_end(&request);
    const bool ended = http_request_end(&request);
    assert_true(request.text.len <= bytes);
    assert_int_equal(ended, !request.text.full);
    free(block);
    return ended;
}

static void every_room_too_small(void **state)
{
    (void)state;
    const size_t whole = strlen("PUT /a%20b?partNumber=1&uploadId=x%2Fy HTTP/1.1\r\n"
                                "Host: h\r\nDate: now\r\n\r\n");
    for (size_t bytes = 0; bytes < whole; bytes++)
        assert_false(fits(bytes));
    assert_true(fits(whole + 2)); /* the blanks around the value stood there for a while */
}

static void as_many_as_there_may_be(void **state)
{
    (void)state;
    for (unsigned extra = 0; extra < 2; extra++) {
        begin("GET", "/");
        for (unsigned i = 0; i < REQUEST_PARAMETERS_MAX + extra; i++)
            http_request_parameter(&request, "p", span_text("v"));
        http_request_header_text(&request, "Host", "h");
        assert_int_equal(http_request_end(&request), extra == 0);
        assert_int_equal(request.parameter_count, REQUEST_PARAMETERS_MAX);

        begin("GET", "/");
        for (unsigned i = 0; i < REQUEST_HEADERS_MAX + extra; i++)
            http_request_header_text(&request, "n", "v");
        assert_int_equal(request.header_count, REQUEST_HEADERS_MAX);
        assert_int_equal(http_request_end(&request), extra == 0);
    }
}

static void numbers(void **state)
{
    (void)state;
    begin("PUT", "/");
    http_request_header_number(&request, "a", UINT64_MAX);
    http_request_header_number(&request, "b", 5 * 1024 * 1024);
    check_text("PUT / HTTP/1.1\r\na: 18446744073709551615\r\nb: 5242880\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_shortest),
        cmocka_unit_test(an_upload_is_begun),
        cmocka_unit_test(parameters_keep_their_order),
        cmocka_unit_test(a_path_is_encoded_once),
        cmocka_unit_test(values_are_trimmed),
        cmocka_unit_test(a_value_put_together),
        cmocka_unit_test(headers_are_found),
        cmocka_unit_test(control_bytes_are_refused),
        cmocka_unit_test(a_value_put_together_is_looked_at_too),
        cmocka_unit_test(names_are_tokens),
        cmocka_unit_test(methods_are_tokens),
        cmocka_unit_test(every_room_too_small),
        cmocka_unit_test(as_many_as_there_may_be),
        cmocka_unit_test(numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
