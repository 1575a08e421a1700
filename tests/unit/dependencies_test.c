/* The pinned libraries that nothing in src/ calls yet: they build, link and answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "llhttp.h"
#include "mbedtls/sha256.h"
#include "mbedtls/version.h"

#define JSMN_STATIC
#include "jsmn.h"

/* FIPS 180-4, SHA-256 example: one block, "abc". */
static void mbedtls_hashes(void **state)
{
    (void)state;
    static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                  0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                  0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    uint8_t hash[32];
    assert_int_equal(mbedtls_sha256((const uint8_t *)"abc", 3, hash, 0), 0);
    assert_memory_equal(hash, abc, sizeof abc);
    assert_true(MBEDTLS_VERSION_NUMBER >= 0x03060700); /* client fixes of July 2026 */
}

static void llhttp_reads_a_response(void **state)
{
    (void)state;
    static const char answer[] = "HTTP/1.1 204 No Content\r\nServer: x\r\n\r\n";
    llhttp_settings_t settings;
    llhttp_t parser;
    llhttp_settings_init(&settings);
    llhttp_init(&parser, HTTP_RESPONSE, &settings);
    assert_int_equal(llhttp_execute(&parser, answer, strlen(answer)), HPE_OK);
    assert_int_equal(parser.status_code, 204);
}

static void jsmn_finds_tokens(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,true]}";
    jsmn_parser parser;
    jsmntok_t token[8];
    jsmn_init(&parser);
    assert_int_equal(jsmn_parse(&parser, text, strlen(text), token, 8), 5);
    assert_int_equal(token[2].type, JSMN_ARRAY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mbedtls_hashes),
        cmocka_unit_test(llhttp_reads_a_response),
        cmocka_unit_test(jsmn_finds_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
