/* What of TLS needs no server: the roots, and the calendar that Mbed TLS is lent. A port without a
 * machine: sockets that a test fills, a clock that it sets. tests/tls tries the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include <mbedtls/platform.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/sha256.h>
#include <mbedtls/x509_crt.h>

#include "net/lent.h"
#include "net/roots.h"
#include "net/tls.h"
#include "net/trust.h"

static struct tls tls;
static const struct tls_trust amazon;
static int64_t utc_ms = 1700000000000;
static bool chance = true;
static uint8_t said[4096];
static size_t said_len;
static long send_answer, recv_answer;

uint64_t port_now_ms(void)
{
    return 1000;
}

int64_t port_utc_ms(void)
{
    return utc_ms;
}

bool port_random(uint8_t *to, size_t n)
{
    memset(to, 0x42, n);
    return chance;
}

long port_read_file(const char *path, uint64_t offset, uint8_t *to, size_t room)
{
    (void)path;
    (void)offset;
    (void)to;
    (void)room;
    return PORT_LOST;
}

long port_send(int sock, struct span from)
{
    (void)sock;
    if (send_answer <= 0) return send_answer;
    const size_t n = span_min(from, (uint64_t)send_answer);
    assert_true(said_len + n <= sizeof said);
    memcpy(said + said_len, from.at, n);
    said_len += n;
    return (long)n;
}

long port_recv(int sock, uint8_t *to, size_t room)
{
    (void)sock;
    (void)to;
    (void)room;
    return recv_answer;
}

static void without_chance(void **state)
{
    (void)state;
    chance = false;
    assert_false(tls_setup());
    chance = true;
    assert_true(tls_setup());
    assert_true(tls_setup());
    assert_int_equal(lent_shared_peak(), 0); /* PSA keeps nothing for ever */
}

/* SHA-256 as Amazon Trust Services publishes them (amazontrust.com/repository), and the lengths. */
static void the_roots(void **state)
{
    (void)state;
    static const struct {
        size_t bytes;
        const char *sha256;
    } published[ROOTS] = {
        {837, "8ecde6884f3d87b1125ba31ac3fcb13d7016de7f57cc904fe1cb97c6ae98196e"},
        {1349, "1ba5b2aa8c65401a82960118f80bec4f62304d83cec4713a19c39c011ea46db4"},
        {442, "18ce6cfe7bf14e60b2e347b8dfe868cb31d02ebb3ada271569f50343b46db3a4"},
        {502, "e35d28419ed02025cfa69038cd623962458da5c695fbdea3c22b0bfb25897092"},
        {1011, "568d6905a2c88708a4b3025190edcfedb1974a606a13c6e5290fcb2ae63edab5"},
    };
    for (size_t i = 0; i < ROOTS; i++) {
        uint8_t hash[32];
        char text[65];
        assert_int_equal(roots[i].len, published[i].bytes);
        assert_int_equal(mbedtls_sha256(roots[i].at, roots[i].len, hash, 0), 0);
        for (size_t k = 0; k < sizeof hash; k++)
            snprintf(text + 2 * k, 3, "%02x", hash[k]);
        assert_string_equal(text, published[i].sha256);
    }
}

/* Each root is found by its name, and parses: a root's issuer is itself. */
static void each_root_is_found(void **state)
{
    (void)state;
    static uint64_t memory[4096];
    struct arena arena;
    arena_init(&arena, memory, sizeof memory);
    lent_use(&arena);
    tls.trust = &amazon;
    for (size_t i = 0; i < ROOTS; i++) {
        mbedtls_x509_crt child, *found = NULL;
        mbedtls_x509_crt_init(&child);
        assert_int_equal(mbedtls_x509_crt_parse_der(&child, roots[i].at, roots[i].len), 0);
        assert_int_equal(trust_find(&tls, &child, &found), 0);
        assert_non_null(found);
        assert_null(found->next);
        assert_ptr_equal(found->raw.p, roots[i].at); /* not copied */
        mbedtls_x509_crt_free(found);
        mbedtls_free(found);
        child.issuer_raw.len--; /* another name: nobody */
        assert_int_equal(trust_find(&tls, &child, &found), 0);
        assert_null(found);
        mbedtls_x509_crt_free(&child);
    }
    lent_use(NULL);
    assert_int_equal(arena.used, 0);
}

/* Seconds from GNU date: date -u -d TEXT +%s. */
static void the_calendar(void **state)
{
    (void)state;
    static const struct {
        mbedtls_time_t seconds;
        int year, month, day, hour, minute, second;
    } days[] = {
        {0, 1970, 1, 1, 0, 0, 0},
        {951782400, 2000, 2, 29, 0, 0, 0},
        {1709210096, 2024, 2, 29, 12, 34, 56},
        {2147483647, 2038, 1, 19, 3, 14, 7},
        {2147483648, 2038, 1, 19, 3, 14, 8},
        {4107542399, 2100, 2, 28, 23, 59, 59},
        {4107542400, 2100, 3, 1, 0, 0, 0},
        {253402300799, 9999, 12, 31, 23, 59, 59},
    };
    for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
        struct tm tm;
        assert_ptr_equal(mbedtls_platform_gmtime_r(&days[i].seconds, &tm), &tm);
        assert_int_equal(tm.tm_year + 1900, days[i].year);
        assert_int_equal(tm.tm_mon + 1, days[i].month);
        assert_int_equal(tm.tm_mday, days[i].day);
        assert_int_equal(tm.tm_hour, days[i].hour);
        assert_int_equal(tm.tm_min, days[i].minute);
        assert_int_equal(tm.tm_sec, days[i].second);
    }
    const mbedtls_time_t beyond = 253402300800;
    struct tm tm;
    assert_null(mbedtls_platform_gmtime_r(&beyond, &tm));
    utc_ms = 1700000000999;
    assert_int_equal(mbedtls_time(NULL), 1700000000);
    assert_int_equal(mbedtls_ms_time(), 1000);
}

static void begin(const char *host)
{
    said_len = 0;
    send_answer = 4096;
    recv_answer = PORT_WAIT;
    assert_true(tls_begin(&tls, &amazon, span_text(host), 443, 7));
}

/* RFC 8446 section 4: a handshake record with a ClientHello, which names the host but no address. */
static void the_first_words(void **state)
{
    (void)state;
    begin("s3.example");
    assert_int_equal(tls_handshake(&tls), PORT_WAIT);
    assert_true(tls.want.to_read && !tls.want.to_write && tls.want.sock == 7);
    assert_true(said_len > 100);
    assert_int_equal(said[0], 22);
    assert_int_equal(said[5], 1);
    static const uint8_t name[] = {0, 0,  0,   15,  0,   13,  0,
                                   0, 10, 's', '3', '.', 'e', 'x'}; /* RFC 6066 */
    assert_non_null(memmem(said, said_len, name, sizeof name));
    tls_close(&tls);
    tls_close(&tls);
    assert_int_equal(tls.arena.used, 0);
    for (size_t i = 0; i < sizeof tls.memory / 8; i++)
        assert_int_equal(tls.memory[i], 0);

    begin("192.0.2.1");
    assert_int_equal(tls_handshake(&tls), PORT_WAIT);
    assert_null(memmem(said, said_len, "192.0.2.1", 9));
    tls_close(&tls);
}

static void refusals(void **state)
{
    (void)state;
    begin("s3.example");
    send_answer = PORT_WAIT;
    assert_int_equal(tls_handshake(&tls), PORT_WAIT);
    assert_true(tls.want.to_write && !tls.want.to_read);
    send_answer = PORT_LOST;
    assert_int_equal(tls_handshake(&tls), PORT_LOST);
    assert_int_equal(tls.fault.kind, FAULT_NETWORK);
    assert_int_equal(tls_handshake(&tls), PORT_LOST);
    tls_close(&tls);

    begin("s3.example");
    recv_answer = PORT_END;
    assert_int_equal(tls_handshake(&tls), PORT_LOST);
    assert_int_equal(tls.fault.kind, FAULT_NETWORK);
    static const char words[] = "s3.example closed the connection while TLS was being set up";
    assert_int_equal(tls.fault.len, sizeof words - 1);
    assert_memory_equal(tls.fault.text, words, sizeof words - 1);
    tls_close(&tls);

    chance = false; /* it ran out meanwhile */
    begin("s3.example");
    assert_int_equal(tls_handshake(&tls), PORT_LOST);
    assert_int_equal(tls.fault.kind, FAULT_TLS);
    tls_close(&tls);
    chance = true;
}

static void no_memory_to_begin(void **state)
{
    (void)state;
    tls.arena_bytes = 1000;
    assert_false(tls_begin(&tls, &amazon, span_text("s3.example"), 443, 7));
    assert_int_equal(tls.fault.kind, FAULT_TLS);
    assert_non_null(memmem(tls.fault.text, tls.fault.len, "TLS_ARENA_BYTES", 15));
    assert_int_equal(tls_handshake(&tls), PORT_LOST);
    tls_close(&tls);
    tls.arena_bytes = 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_chance),     cmocka_unit_test(the_roots),
        cmocka_unit_test(each_root_is_found), cmocka_unit_test(the_calendar),
        cmocka_unit_test(the_first_words),    cmocka_unit_test(refusals),
        cmocka_unit_test(no_memory_to_begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
