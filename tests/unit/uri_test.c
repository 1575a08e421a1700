/* RFC 3986, and AWS's UriEncode ("Create a signed AWS API request"): expected texts typed by
 * hand. */
#include "cut.h"
#include "text/uri.h"

#include <stdlib.h>

static void check_encode(struct span text, bool keep_slash, const char *expected)
{
    char encoded[1024] = {0};
    struct writer w = writer_on(encoded, sizeof encoded - 1);
    uri_encode(&w, text, keep_slash);
    assert_string_equal(encoded, expected);
}

static void encoding(void **state)
{
    (void)state;
    check_encode(span_text(""), false, "");
    check_encode(span_text("ABCXYZabcxyz0189-._~"), false, "ABCXYZabcxyz0189-._~");
    check_encode(span_text("/a/b c"), true, "/a/b%20c");
    check_encode(span_text("/a/b c"), false, "%2Fa%2Fb%20c");
    check_encode(span_text("a+b&c=d%20*"), true, "a%2Bb%26c%3Dd%2520%2A");
    check_encode(span_text("Gr\xC3\xBC\xC3\x9F"
                           "e"),
                 true, "Gr%C3%BC%C3%9Fe");
    check_encode(span_of("\x00\x0A\x7F\xFF", 4), true, "%00%0A%7F%FF");
    check_encode(span_text("!\"#$'(),:;<>?@[\\]^`{|}"), true,
                 "%21%22%23%24%27%28%29%2C%3A%3B%3C%3E%3F%40%5B%5C%5D%5E%60%7B%7C%7D");
}

/* Every byte: what RFC 3986 section 2.3 lists stays, all others are %XX. */
static void every_byte(void **state)
{
    (void)state;
    static const char unreserved[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (unsigned i = 0; i < 256; i++) {
        const uint8_t byte = (uint8_t)i;
        const bool stays = byte != 0 && strchr(unreserved, byte) != NULL;
        const char escaped[] = {'%', "0123456789ABCDEF"[i / 16], "0123456789ABCDEF"[i % 16], 0};
        const char itself[] = {(char)byte, 0};
        check_encode(span_of(&byte, 1), false, stays ? itself : escaped);
        check_encode(span_of(&byte, 1), true, stays || byte == '/' ? itself : escaped);
    }
}

static void check_decode(const char *text, bool plus, const char *expected, size_t len)
{
    char decoded[64];
    struct writer w = writer_on(decoded, sizeof decoded);
    assert_true(uri_decode(&w, span_text(text), plus));
    assert_int_equal(w.len, len);
    assert_memory_equal(decoded, expected, len);
}

static void decoding(void **state)
{
    (void)state;
    check_decode("", false, "", 0);
    check_decode("a%20b", false, "a b", 3);
    check_decode("a+b%2B", false, "a+b+", 4);
    check_decode("a+b%2B", true, "a b+", 4);
    check_decode("%c3%BC%2f", false, "\xC3\xBC/", 3);
    check_decode("%00%25%2525", false, "\0%%25", 5);
    static const char *const wrong[] = {"%", "%2", "a%", "%g0", "%0g", "%%20", "% 2", "%2%20"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        char decoded[64];
        struct writer w = writer_on(decoded, sizeof decoded);
        assert_false(uri_decode(&w, span_text(wrong[i]), false));
    }
    char decoded[2];
    struct writer w = writer_on(decoded, sizeof decoded);
    assert_false(uri_decode(&w, span_text("a%20b"), false));
}

static void check_uri(const char *text, bool tls, const char *host, bool has_port, unsigned port,
                      const char *path)
{
    struct uri uri;
    assert_true(uri_read(span_text(text), &uri));
    assert_int_equal(uri.tls, tls);
    assert_true(span_is(uri.host, host));
    assert_int_equal(uri.has_port, has_port);
    assert_int_equal(uri.port, port);
    assert_true(span_is(uri.path, path));
}

static void addresses(void **state)
{
    (void)state;
    check_uri("http://localhost", false, "localhost", false, 80, "/");
    check_uri("https://s3.eu-central-1.amazonaws.com", true, "s3.eu-central-1.amazonaws.com", false,
              443, "/");
    check_uri("http://localhost:9000", false, "localhost", true, 9000, "/");
    check_uri("https://minio.example:443/", true, "minio.example", true, 443, "/");
    check_uri("HTTP://Example.COM:65535/a%20b/c?x=1&y=/?", false, "Example.COM", true, 65535,
              "/a%20b/c?x=1&y=/?");
    check_uri("http://169.254.170.2/v2/credentials/5c1f-4a?id=x", false, "169.254.170.2", false, 80,
              "/v2/credentials/5c1f-4a?id=x");
    check_uri("http://[fd00:ec2::23]/v1/credentials", false, "fd00:ec2::23", false, 80,
              "/v1/credentials");
    check_uri("http://[::1]:8080", false, "::1", true, 8080, "/");
    check_uri("https://[::ffff:1.2.3.4]:1/", true, "::ffff:1.2.3.4", true, 1, "/");
    check_uri("http://my_bucket.host./-._~!$&'()*+,;=:@%7F", false, "my_bucket.host.", false, 80,
              "/-._~!$&'()*+,;=:@%7F");
    check_uri("http://h:00080/", false, "h", true, 80, "/");
}

static void no_addresses(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "http",
        "http:",
        "http:/",
        "http://",
        "https://",
        "://h",
        "h",
        "//h",
        "ftp://h",
        "httpx://h",
        " http://h",
        "http://h ",
        "http:///path",
        "http://?q",
        "http://:80",
        "http://h:",
        "http://h:/",
        "http://h:0",
        "http://h:65536",
        "http://h:99999",
        "http://h:100000",
        "http://h:000080",
        "http://h:8o",
        "http://h:-1",
        "http://h:+1",
        "http://h: 1",
        "http://h:80:80",
        "http://u@h",
        "http://u:p@h/",
        "http://h?q",
        "http://h:80?q",
        "http://h#f",
        "http://h/#f",
        "http://h/a#",
        "http://h/a b",
        "http://h/\r\nX: y",
        "http://h/\x7F",
        "http://h/\xC3\xBC",
        "http://h/%",
        "http://h/%4",
        "http://h/%4x",
        "http://h/\"",
        "http://h/<",
        "http://h/>",
        "http://h/[",
        "http://h/]",
        "http://h/\\",
        "http://h/^",
        "http://h/`",
        "http://h/{",
        "http://h/|",
        "http://h/}",
        "http://h\r\n",
        "http://h\\x",
        "http://h..i/",
        "http://.h",
        "http://.",
        "http://a%20b/",
        "http://h*/",
        "http://[",
        "http://[]",
        "http://[::1",
        "http://[::1]x",
        "http://[::1]:",
        "http://[1:2]",
        "http://[::g]",
        "http://[::1%eth0]",
        "http://[fe80::1%25eth0]/",
        "http://::1/",
        "http://[h]",
        "http://[1.2.3.4]",
        "http://a123456789012345678901234567890123456789012345678901234567890123/",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct uri uri;
        if (uri_read(span_text(rows[i]), &uri)) fail_msg("was read: %s", rows[i]);
    }
    /* a NUL is a byte like others: wrong */
    struct uri uri;
    assert_false(uri_read(span_of("http://h\0/", 10), &uri));
    assert_false(uri_read(span_of("http://h/\0", 10), &uri));
    assert_false(uri_read(span_of("http://h:8\0/", 12), &uri));
}

/* A name of 253 bytes is one, of 254 none, and a dot at its end is not counted; each text in a
 * block of its own size. */
static void long_hosts(void **state)
{
    (void)state;
    for (size_t len = 1; len <= 256; len++) {
        char text[300] = "http://";
        for (size_t i = 0; i < len; i++)
            text[7 + i] = i % 50 == 49 ? '.' : 'a';
        const struct span span = span_text(text);
        uint8_t *copy = cut_copy(span);
        struct uri uri;
        assert_int_equal(uri_read(span_of(copy, span.len), &uri), len - (len % 50 == 0) <= 253);
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encoding),  cmocka_unit_test(every_byte),   cmocka_unit_test(decoding),
        cmocka_unit_test(addresses), cmocka_unit_test(no_addresses), cmocka_unit_test(long_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
