/* The writer, faults, and the list of contacts: what a person reads. */
#include <stdio.h>

#include "base/fault.h"
#include "cut.h"
#include "job/contacts.h"

/* The writer's buffer is a heap block of just `room` bytes. */
#define CHECK_WRITTEN(space, expected, is_full, call)                                              \
    do {                                                                                           \
        uint8_t *block = test_malloc((space) + 1);                                                 \
        memset(block, '#', (space) + 1);                                                           \
        struct writer w = writer_on(block, (space));                                               \
        call;                                                                                      \
        assert_int_equal(w.len, strlen(expected));                                                 \
        assert_memory_equal(block, expected, w.len);                                               \
        assert_int_equal(w.full, is_full);                                                         \
        assert_int_equal(block[space], '#');                                                       \
        test_free(block);                                                                          \
    } while (0)

static void numbers(void **state)
{
    (void)state;
    CHECK_WRITTEN(30, "0", false, writer_number(&w, 0));
    CHECK_WRITTEN(30, "18446744073709551615", false, writer_number(&w, UINT64_MAX));
    CHECK_WRITTEN(30, "-9223372036854775808", false, writer_signed(&w, INT64_MIN));
    CHECK_WRITTEN(30, "9223372036854775807", false, writer_signed(&w, INT64_MAX));
    CHECK_WRITTEN(30, "-1", false, writer_signed(&w, -1));
    CHECK_WRITTEN(30, "0", false, writer_signed(&w, 0));
    CHECK_WRITTEN(30, "12.345", false, writer_decimal(&w, 12345, 3));
    CHECK_WRITTEN(30, "0.005", false, writer_decimal(&w, 5, 3));
    CHECK_WRITTEN(30, "0.000", false, writer_decimal(&w, 0, 3));
    CHECK_WRITTEN(30, "1.0", false, writer_decimal(&w, 10, 1));
    CHECK_WRITTEN(30, "18.446744073709551615", false, writer_decimal(&w, UINT64_MAX, 18));
    CHECK_WRITTEN(30, "0.000000000000000001", false, writer_decimal(&w, 1, 18));
    CHECK_WRITTEN(30, "1844674407370955161.5", false, writer_decimal(&w, UINT64_MAX, 1));
    CHECK_WRITTEN(30, "00", false, writer_hex(&w, 0, 2));
    CHECK_WRITTEN(30, "", false, writer_hex(&w, 0, 0));
    CHECK_WRITTEN(30, "1a45dfa3", false, writer_hex(&w, 0x1A45DFA3, 2));
    CHECK_WRITTEN(30, "ffffffffffffffff", false, writer_hex(&w, UINT64_MAX, 16));
    CHECK_WRITTEN(30, "0000000000000001", false, writer_hex(&w, 1, 16));
    CHECK_WRITTEN(8, "\x04\x03\x02\x01", false, writer_le(&w, 0x01020304, 4));
    CHECK_WRITTEN(8, "\x08\x07\x06\x05\x04\x03\x02\x01", false,
                  writer_le(&w, UINT64_C(0x0102030405060708), 8));
}

static void what_does_not_fit(void **state)
{
    (void)state;
    CHECK_WRITTEN(3, "", true, writer_text(&w, "four"));
    CHECK_WRITTEN(4, "four", false, writer_text(&w, "four"));
    CHECK_WRITTEN(4, "abc", true, (writer_text(&w, "abc"), writer_number(&w, 12)));
    CHECK_WRITTEN(4, "abcd", true,
                  (writer_text(&w, "abc"), writer_number(&w, 12), writer_byte(&w, 'd')));
    CHECK_WRITTEN(0, "", true, writer_byte(&w, 1));
    CHECK_WRITTEN(0, "", false, writer_text(&w, ""));
    CHECK_WRITTEN(5, "ababx", true,
                  (writer_text(&w, "ab"), writer_text(&w, "ab"), writer_text(&w, "ab"),
                   writer_byte(&w, 'x')));
    CHECK_WRITTEN(9, "ab   |", false,
                  (writer_text(&w, "ab"), writer_pad(&w, 0, 5), writer_byte(&w, '|')));
    CHECK_WRITTEN(9, "abc|", false,
                  (writer_text(&w, "abc"), writer_pad(&w, 0, 2), writer_byte(&w, '|')));
    CHECK_WRITTEN(4, "ab  ", true, (writer_text(&w, "ab"), writer_pad(&w, 0, 100)));
}

static void check_quoted(const char *text, const char *expected)
{
    CHECK_WRITTEN(200, expected, false, writer_quoted(&w, span_text(text)));
}

static void foreign_text(void **state)
{
    (void)state;
    check_quoted("", "\"\"");
    check_quoted("a\"b\\c/", "\"a\\\"b\\\\c/\"");
    check_quoted("\x01\n\t\r\x1b[2J\x7f", "\"\\u0001\\u000a\\u0009\\u000d\\u001b[2J\\u007f\"");
    CHECK_WRITTEN(20, "\"\\u0000a\"", false, writer_quoted(&w, span_of("\0a", 2)));
    /* UTF-8 by RFC 3629 section 4, its ends: what is well-formed stays ... */
    check_quoted("\xC2\xA0\xDF\xBF", "\"\xC2\xA0\xDF\xBF\"");
    check_quoted("\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF",
                 "\"\xE0\xA0\x80\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBF\"");
    check_quoted("\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", "\"\xF0\x90\x80\x80\xF4\x8F\xBF\xBF\"");
    /* ... and overlong forms, surrogates, what is beyond Unicode, C1 controls, cut ones do not. */
    check_quoted("\xC0\x80", "\"\\u00c0\\u0080\"");
    check_quoted("\xC1\xBF", "\"\\u00c1\\u00bf\"");
    check_quoted("\xC2\x9B", "\"\\u00c2\\u009b\"");
    check_quoted("\xE0\x9F\xBF", "\"\\u00e0\\u009f\\u00bf\"");
    check_quoted("\xED\xA0\x80", "\"\\u00ed\\u00a0\\u0080\"");
    check_quoted("\xF0\x8F\xBF\xBF", "\"\\u00f0\\u008f\\u00bf\\u00bf\"");
    check_quoted("\xF4\x90\x80\x80", "\"\\u00f4\\u0090\\u0080\\u0080\"");
    check_quoted("\xF5\x80\x80\x80", "\"\\u00f5\\u0080\\u0080\\u0080\"");
    check_quoted("\x80\xBF\xFE\xFF", "\"\\u0080\\u00bf\\u00fe\\u00ff\"");
    check_quoted("\xC3", "\"\\u00c3\"");
    check_quoted("\xE2\x82", "\"\\u00e2\\u0082\"");
    check_quoted("\xE2\x82x\xC3\xA9", "\"\\u00e2\\u0082x\xC3\xA9\"");
}

static void faults_keep_the_first_cause(void **state)
{
    (void)state;
    struct fault f = {0};
    fault_set(&f, FAULT_MALFORMED, 1234, "first");
    fault_set(&f, FAULT_LIMIT, 1, "second");
    CHECK_WRITTEN(100, "malformed input at byte 1234: first", false, fault_tell(&f, &w));
    struct fault nowhere = {0};
    fault_set(&nowhere, FAULT_IO, FAULT_NOWHERE, "no room");
    CHECK_WRITTEN(100, "input/output error: no room", false, fault_tell(&nowhere, &w));
    /* Words that do not fit are left out. */
    struct fault large = {0};
    struct writer words = fault_begin(&large, FAULT_TROUBLE, 0);
    for (int i = 0; i < 100; i++)
        writer_text(&words, "0123456789");
    fault_put(&large, &words);
    assert_int_equal(large.len, FAULT_TEXT_BYTES);
    for (enum fault_kind k = FAULT_NONE; k <= FAULT_IO; k++)
        assert_string_not_equal(fault_name(k), "unknown fault");
}

static struct audio_fragment fragment_of(unsigned who, uint64_t at)
{
    struct audio_fragment f = {.at = at, .pcm_bytes = {10, 3}};
    f.contact.len = (uint8_t)sprintf(f.contact.id, "c%u", who);
    return f;
}

static void list_of_contacts(void **state)
{
    (void)state;
    static struct contacts c;
    memset(&c, 0, sizeof c);
    for (unsigned i = 0; i < 3; i++) {
        struct audio_fragment f = fragment_of(i / 2, 100 + i);
        assert_non_null(contacts_add(&c, &f));
    }
    assert_int_equal(c.count, 2);
    assert_int_equal(c.row[0].fragments, 2);
    assert_int_equal(c.row[0].first_at, 100);
    assert_int_equal(c.row[0].pcm_bytes[CHANNEL_CUSTOMER], 20);
    assert_int_equal(c.row[0].pcm_bytes[CHANNEL_AGENT], 6);
    CHECK_WRITTEN(100, "\"c0\" (2 fragments), \"c1\" (1 fragment)", false, contacts_list(&c, &w));
    CHECK_WRITTEN(36, "\"c0\" (2 fragments), and more", false, contacts_list(&c, &w));
    for (unsigned i = 0; i < CONTACTS_LISTED_MAX + 5; i++) {
        struct audio_fragment f = fragment_of(i, 0);
        assert_int_equal(contacts_add(&c, &f) != NULL, i < CONTACTS_LISTED_MAX);
    }
    assert_int_equal(c.count, CONTACTS_LISTED_MAX);
    assert_int_equal(c.unlisted_fragments, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),          cmocka_unit_test(what_does_not_fit),
        cmocka_unit_test(foreign_text),     cmocka_unit_test(faults_keep_the_first_cause),
        cmocka_unit_test(list_of_contacts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
