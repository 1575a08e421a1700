/* DNS messages typed by hand from RFC 1035 section 4 and RFC 3596. */
#include "cut.h"
#include "doc.h"
#include "text/dns.h"

#include <stdlib.h>

/* s3.example.com: the name at 0C, "example.com" at 0F, "com" at 17; the answers begin at 20. */
#define HOST "s3.example.com"
#define QUESTION "02's3'07'example'03'com'00 0001 0001"
#define QUESTION_AAAA "02's3'07'example'03'com'00 001C 0001"
#define HEAD(flags, answers) "BEEF " flags " 0001 " answers " 0000 0000 "
#define RECORD(name, type, data_len, data) name " " type " 0001 0000003C " data_len " " data " "
#define A(name, address) RECORD(name, "0001", "0004", address)
#define AAAA(name, address) RECORD(name, "001C", "0010", address)

static struct dns_addresses found;

/* The message in a block of its own size. */
static enum dns_answer answer(const char *message, const char *host, enum dns_type type)
{
    const struct span bytes = doc(message);
    uint8_t *copy = cut_copy(bytes);
    const enum dns_answer a =
        dns_read_answer(span_of(copy, bytes.len), 0xBEEF, span_text(host), type, &found);
    free(copy);
    return a;
}

static void check(const char *message, enum dns_answer expected)
{
    const enum dns_answer a = answer(message, HOST, DNS_A);
    if (a != expected) fail_msg("%s: %d, not %d", message, (int)a, (int)expected);
    if (a != DNS_FOUND) assert_int_equal(found.count, 0);
}

static void check_address(size_t i, const char *expected)
{
    const struct span bytes = doc(expected);
    assert_true(i < found.count);
    assert_memory_equal(found.bytes[i], bytes.at, bytes.len);
}

/* ---- queries ---- */

static void check_query(const char *host, enum dns_type type, const char *expected)
{
    uint8_t bytes[DNS_QUERY_BYTES_MAX];
    struct writer w = writer_on(bytes, sizeof bytes);
    assert_true(dns_write_query(&w, 0xBEEF, span_text(host), type));
    const struct span right = doc(expected);
    assert_int_equal(w.len, right.len);
    assert_memory_equal(bytes, right.at, right.len);
}

static void queries(void **state)
{
    (void)state;
    check_query(HOST, DNS_A, "BEEF 0100 0001 0000 0000 0000" QUESTION);
    check_query(HOST, DNS_AAAA, "BEEF 0100 0001 0000 0000 0000" QUESTION_AAAA);
    check_query(HOST ".", DNS_A, "BEEF 0100 0001 0000 0000 0000" QUESTION);
    check_query("a", DNS_A, "BEEF 0100 0001 0000 0000 0000 01'a'00 0001 0001");
    check_query("A_b-1.Xy", DNS_A, "BEEF 0100 0001 0000 0000 0000 05'A_b-1'02'Xy'00 0001 0001");
    check_query("10.0.0.1", DNS_A,
                "BEEF 0100 0001 0000 0000 0000 02'10'01'0'01'0'01'1'00 0001 0001");
    check_query("a23456789012345678901234567890123456789012345678901234567890123", DNS_AAAA,
                "BEEF 0100 0001 0000 0000 0000 "
                "3F'a23456789012345678901234567890123456789012345678901234567890123'00 001C 0001");
}

static void names(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        ".",
        "..",
        "a..b",
        ".a",
        "a..",
        "a b",
        "a\n",
        "a/b",
        "a:b",
        "a@b",
        "\xC3\xA9",
        "a\x7F",
        "*.a",
        "a[",
        "a`",
        "a{",
        "[::1]",
        "::1",
        "a234567890123456789012345678901234567890123456789012345678901234",
        "a234567890123456789012345678901234567890123456789012345678901234.b",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        uint8_t bytes[DNS_QUERY_BYTES_MAX];
        struct writer w = writer_on(bytes, sizeof bytes);
        assert_false(dns_name_is_legal(span_text(wrong[i])));
        assert_false(dns_write_query(&w, 1, span_text(wrong[i]), DNS_A));
        assert_int_equal(w.len, 0);
    }
    assert_false(dns_name_is_legal(span_of("a\0b", 3)));
    for (size_t len = 1; len <= 260; len++) {
        char host[261];
        for (size_t i = 0; i < len; i++)
            host[i] = i % 2 ? '.' : 'a';
        /* of names with a dot at their end, it is not counted */
        const size_t counted = len - (len % 2 == 0);
        uint8_t bytes[DNS_QUERY_BYTES_MAX];
        for (size_t room = counted + 16; room <= counted + 18; room++) {
            struct writer w = writer_on(bytes, room);
            const bool fits = counted <= 253 && room == counted + 18;
            if (counted > 253 && room > sizeof bytes) continue;
            assert_int_equal(dns_write_query(&w, 1, span_of(host, len), DNS_A), fits);
            assert_int_equal(w.len, fits ? counted + 18 : 0);
        }
    }
}

/* ---- answers ---- */

static void addresses(void **state)
{
    (void)state;
    check(HEAD("8180", "0001") QUESTION A("C00C", "34DA0001"), DNS_FOUND);
    assert_int_equal(found.count, 1);
    check_address(0, "34DA0001");
    /* authoritative, without recursion; the name written out, in other letters */
    check(HEAD("8400", "0002") "02'S3'07'eXample'03'COM'00 0001 0001" A("C00C", "01020304")
              A("02's3'07'EXAMPLE'03'com'00", "05060708"),
          DNS_FOUND);
    assert_int_equal(found.count, 2);
    check_address(0, "01020304");
    check_address(1, "05060708");
    /* half a name and a pointer; what follows the answers is not looked at */
    check(HEAD("8180", "0001") QUESTION A("02's3'C00F", "0A000001") "FFFFFF", DNS_FOUND);
    check_address(0, "0A000001");

    assert_int_equal(answer(HEAD("8180", "0001")
                                QUESTION_AAAA AAAA("C00C", "20010DB8 00000000 00000000 00000017"),
                            HOST, DNS_AAAA),
                     DNS_FOUND);
    assert_int_equal(found.count, 1);
    check_address(0, "20010DB8 00000000 00000000 00000017");
    assert_int_equal(
        answer(HEAD("8180", "0001") QUESTION A("C00C", "34DA0001"), "S3.Example.com.", DNS_A),
        DNS_FOUND);

    /* nine of them, for eight are tried (ADDRESSES_MAX) */
    check(HEAD("8180", "0009") QUESTION A("C00C", "0A000001") A("C00C", "0A000002")
              A("C00C", "0A000003") A("C00C", "0A000004") A("C00C", "0A000005")
                  A("C00C", "0A000006") A("C00C", "0A000007") A("C00C", "0A000008")
                      A("C00C", "0A000009"),
          DNS_FOUND);
    assert_int_equal(found.count, 8);
    check_address(7, "0A000008");
}

/* Only records of the question's name, type and class. */
static void other_records(void **state)
{
    (void)state;
    check(HEAD("8180", "0004") QUESTION A("C00F", "01010101")
              RECORD("C00C", "0010", "0002",
                     "01'x'") "C00C 0001 0003 0000003C 0004 02020202 " A("C00C", "03030303"),
          DNS_FOUND);
    assert_int_equal(found.count, 1);
    check_address(0, "03030303");
    check(HEAD("8180", "0001") QUESTION AAAA("C00C", "20010DB8 00000000 00000000 00000017"),
          DNS_NO_ADDRESS);
    check(HEAD("8180", "0000") QUESTION, DNS_NO_ADDRESS);
    check(HEAD("8180", "0001") QUESTION A("00", "01010101"), DNS_NO_ADDRESS);
    check(HEAD("8180", "0001") QUESTION A("02's3'C017", "01010101"), DNS_NO_ADDRESS);
    /* of any length in classes and types that are not ours */
    check(HEAD("8180", "0001") QUESTION "C00C 0001 0003 0000003C 0000 ", DNS_NO_ADDRESS);
    check(HEAD("8180", "0001") QUESTION RECORD("C00C", "00FF", "0000", ""), DNS_NO_ADDRESS);
}

/* Answers begin at 20; a CNAME's data at 2C. */
static void aliases(void **state)
{
    (void)state;
    /* s3.example.com -> s3-w.example.com -> 10.0.0.1 */
    check(HEAD("8180", "0002") QUESTION RECORD("C00C", "0005", "0007", "04's3-w'C00F")
              A("C02C", "0A000001"),
          DNS_FOUND);
    assert_int_equal(found.count, 1);
    check_address(0, "0A000001");
    /* -> x.com (at 2C) -> y.com (at 3C), from the last to the first: y's address, x's alias,
     * ours */
    check(HEAD("8180", "0003") QUESTION A("01'y'C017", "0A000009")
              RECORD("01'x'C017", "0005", "0004", "01'y'C017")
                  RECORD("C00C", "0005", "0004", "01'X'C017"),
          DNS_FOUND);
    check_address(0, "0A000009");
    /* an alias of which nothing is told */
    check(HEAD("8180", "0001") QUESTION RECORD("C00C", "0005", "0004", "01'x'C017"),
          DNS_NO_ADDRESS);
    /* somebody else's alias, and addresses that are nobody's */
    check(HEAD("8180", "0002") QUESTION RECORD("C00F", "0005", "0004", "01'x'C017")
              A("01'x'C017", "0A000001"),
          DNS_NO_ADDRESS);
    /* of itself; of one another */
    check(HEAD("8180", "0001") QUESTION RECORD("C00C", "0005", "0002", "C00C"), DNS_BROKEN);
    check(HEAD("8180", "0002") QUESTION RECORD("C00C", "0005", "0004", "01'x'C017")
              RECORD("01'x'C017", "0005", "0002", "C00C"),
          DNS_BROKEN);
    /* eight aliases, and nine (CNAMES_MAX) */
#define ALIAS(from, to) RECORD("01'" from "'00", "0005", "0003", "01'" to "'00")
#define SEVEN                                                                                      \
    RECORD("C00C", "0005", "0003", "01'a'00")                                                      \
    ALIAS("a", "b") ALIAS("b", "c") ALIAS("c", "d") ALIAS("d", "e") ALIAS("e", "f") ALIAS("f", "g")
    check(HEAD("8180", "0009") QUESTION SEVEN ALIAS("g", "h") A("01'h'00", "0A000001"), DNS_FOUND);
    check(HEAD("8180", "000A") QUESTION SEVEN ALIAS("g", "h") ALIAS("h", "i")
              A("01'i'00", "0A000001"),
          DNS_BROKEN);
}

static void refusals(void **state)
{
    (void)state;
    check(HEAD("8183", "0000") QUESTION, DNS_NO_NAME);
    check(HEAD("8583", "0000") QUESTION "C00F", DNS_NO_NAME);
    check(HEAD("8383", "0000") QUESTION, DNS_NO_NAME);
    check(HEAD("8181", "0000") QUESTION, DNS_REFUSED);
    check(HEAD("8182", "0000") QUESTION, DNS_REFUSED);
    check(HEAD("8184", "0000") QUESTION, DNS_REFUSED);
    check(HEAD("8185", "0000") QUESTION, DNS_REFUSED);
    check(HEAD("818F", "0001") QUESTION A("C00C", "34DA0001"), DNS_REFUSED);
    check(HEAD("8380", "0001") QUESTION A("C00C", "34DA0001"), DNS_TRUNCATED);
    check(HEAD("8380", "0005") QUESTION, DNS_TRUNCATED);
}

static void not_ours(void **state)
{
    (void)state;
    check("", DNS_NOT_OURS);
    check("BEEF", DNS_NOT_OURS);
    check("BEEF 8180 0001 0001 0000 00", DNS_NOT_OURS);
    check("BEEE 8180 0001 0001 0000 0000" QUESTION A("C00C", "34DA0001"), DNS_NOT_OURS);
    check("BFEF 8180 0001 0001 0000 0000" QUESTION A("C00C", "34DA0001"), DNS_NOT_OURS);
    /* a query, other opcodes, other numbers of questions */
    check(HEAD("0100", "0001") QUESTION A("C00C", "34DA0001"), DNS_NOT_OURS);
    check(HEAD("8980", "0001") QUESTION A("C00C", "34DA0001"), DNS_NOT_OURS);
    check(HEAD("A180", "0001") QUESTION A("C00C", "34DA0001"), DNS_NOT_OURS);
    check("BEEF 8180 0000 0001 0000 0000" QUESTION A("C00C", "34DA0001"), DNS_NOT_OURS);
    check("BEEF 8180 0002 0001 0000 0000" QUESTION QUESTION A("C00C", "34DA0001"), DNS_NOT_OURS);
    check("BEEF 8185 0000 0000 0000 0000", DNS_NOT_OURS);
    /* other names */
    check(HEAD("8180", "0001") "02's4'07'example'03'com'00 0001 0001" A("C00C", "11111111"),
          DNS_NOT_OURS);
    check(HEAD("8180", "0000") "02's3'07'example'03'com'01'x'00 0001 0001", DNS_NOT_OURS);
    check(HEAD("8180", "0000") "02's3'07'example'00 0001 0001", DNS_NOT_OURS);
    check(HEAD("8180", "0000") "01'x'02's3'07'example'03'com'00 0001 0001", DNS_NOT_OURS);
    check(HEAD("8180", "0000") "0A's3.example'03'com'00 0001 0001", DNS_NOT_OURS);
    check(HEAD("8180", "0000") "00 0001 0001", DNS_NOT_OURS);
    check(HEAD("8183", "0000") "02's4'07'example'03'com'00 0001 0001", DNS_NOT_OURS);
    check(HEAD("8180", "0000") "02's3'07'example'03'com' C00C 0001 0001", DNS_NOT_OURS);
    check(HEAD("8180", "0000") "C00C 0001 0001", DNS_NOT_OURS);
    /* other types and classes */
    check(HEAD("8180", "0000") QUESTION_AAAA, DNS_NOT_OURS);
    check(HEAD("8180", "0000") "02's3'07'example'03'com'00 0001 0003", DNS_NOT_OURS);
    check(HEAD("8180", "0000") "02's3'07'example'03'com'00 00FF 0001", DNS_NOT_OURS);
}

static void broken(void **state)
{
    (void)state;
    /* more records are counted than there are; a record is cut off */
    check(HEAD("8180", "0002") QUESTION A("C00C", "34DA0001"), DNS_BROKEN);
    check(HEAD("8180", "FFFF") QUESTION A("C00C", "34DA0001"), DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION "C00C 0001 0001 0000003C 0004 34DA00", DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION "C00C 0001 0001 0000003C 00", DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION "C00C", DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION "C0", DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION "03'co'", DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION "03'com'", DNS_BROKEN);
    /* addresses of wrong lengths */
    check(HEAD("8180", "0001") QUESTION RECORD("C00C", "0001", "0003", "34DA00"), DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION RECORD("C00C", "0001", "0005", "34DA000102"), DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION RECORD("C00C", "001C", "0004", "34DA0001"), DNS_BROKEN);
    /* an alias shorter or longer than its data, or none at all */
    check(HEAD("8180", "0001") QUESTION RECORD("C00C", "0005", "0005", "01'x'C017 00"), DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION RECORD("C00C", "0005", "0003", "01'x'C017"), DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION RECORD("C00C", "0005", "0000", ""), DNS_BROKEN);
    /* pointers: to themselves, ahead, into the head, around; labels of types that nobody uses */
    check(HEAD("8180", "0001") QUESTION A("C020", "34DA0001"), DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION A("C022", "34DA0001"), DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION A("C0FF", "34DA0001"), DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION A("FFFF", "34DA0001"), DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION A("C004", "34DA0001"), DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION A("01'x'C020", "34DA0001"), DNS_BROKEN);
    check(HEAD("8180", "0002") QUESTION RECORD("C00C", "0005", "0004", "01'x'C02C")
              A("C00C", "34DA0001"),
          DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION A("40", "34DA0001"), DNS_BROKEN);
    check(HEAD("8180", "0001") QUESTION A("80", "34DA0001"), DNS_BROKEN);
    /* a name of 255 bytes, and of 256: four labels of 49 and one of 53, 54 */
#define LABEL_49 "31 41*49 "
    check(HEAD("8180", "0001")
              QUESTION A(LABEL_49 LABEL_49 LABEL_49 LABEL_49 "35 41*53 00", "34DA0001"),
          DNS_NO_ADDRESS);
    check(HEAD("8180", "0001")
              QUESTION A(LABEL_49 LABEL_49 LABEL_49 LABEL_49 "36 41*54 00", "34DA0001"),
          DNS_BROKEN);
    /* the same through pointers: TXT's data is no name until somebody says so */
    check(HEAD("8180", "0002") QUESTION RECORD("C00C", "0010", "0033", LABEL_49 "00")
              A(LABEL_49 LABEL_49 LABEL_49 "36 41*54 C02C", "34DA0001"),
          DNS_BROKEN);
    check(HEAD("8180", "0002") QUESTION RECORD("C00C", "0010", "0033", LABEL_49 "00")
              A(LABEL_49 LABEL_49 LABEL_49 "35 41*53 C02C", "34DA0001"),
          DNS_NO_ADDRESS);
}

/* Any cut of a right answer is none that gives addresses. */
static void cut_off(void **state)
{
    (void)state;
    const struct span whole = doc(HEAD("8180", "0002") QUESTION RECORD(
        "C00C", "0005", "0007", "04's3-w'C00F") A("C02C", "0A000001"));
    for (size_t len = 0; len <= whole.len; len++) {
        uint8_t *copy = cut_copy(span_of(whole.at, len));
        const enum dns_answer a =
            dns_read_answer(span_of(copy, len), 0xBEEF, span_text(HOST), DNS_A, &found);
        free(copy);
        assert_int_equal(a, len < 32 ? DNS_NOT_OURS : len < whole.len ? DNS_BROKEN : DNS_FOUND);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries),       cmocka_unit_test(names),   cmocka_unit_test(addresses),
        cmocka_unit_test(other_records), cmocka_unit_test(aliases), cmocka_unit_test(refusals),
        cmocka_unit_test(not_ours),      cmocka_unit_test(broken),  cmocka_unit_test(cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
