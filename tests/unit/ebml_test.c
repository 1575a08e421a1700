/* EBML by the letter of RFC 8794 and READING.md sections 1 and 2: ids, sizes, places, ends. */
#include "ebml_reader.h"

#include <stdio.h>
#include <stdlib.h>

#define NOT_ID "is not an EBML id"
#define PAST "reaches past the end of its parent"
#define MUST_NOT "stands where it must not"

static void ids_at_every_boundary(void **state)
{
    (void)state;
    /* RFC 8794 section 5, table "Examples of valid and invalid Element IDs", and each width's ends. */
    static const struct {
        const char *id;
        bool legal;
    } ids[] = {
        {"80", false},       {"81", true},        {"BE", true},       {"FE", true},
        {"FF", false},       {"4000", false},     {"4001", false},    {"407E", false},
        {"407F", true},      {"4080", true},      {"7FFE", true},     {"7FFF", false},
        {"200000", false},   {"20007F", false},   {"203FFE", false},  {"203FFF", true},
        {"204000", true},    {"3FFFFE", true},    {"3FFFFF", false},  {"10000000", false},
        {"10003FFF", false}, {"101FFFFE", false}, {"101FFFFF", true}, {"10200000", true},
        {"1FFFFFFE", true},  {"1FFFFFFF", false},
    };
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char text[64], expected[160];
        snprintf(text, sizeof text, "18538067<%s(AABB)>", ids[i].id);
        snprintf(expected, sizeof expected,
                 "+18538067 FAULT malformed input@12 element 0x%s " NOT_ID, ids[i].id);
        for (char *c = strstr(expected, "0x"); *c != ' '; c++)
            *c = (char)(*c >= 'A' && *c <= 'F' ? *c - 'A' + 'a' : *c);
        check_ebml(text, ids[i].legal ? "+18538067 -18538067 END" : expected);
    }
}

static void ids_longer_than_four_bytes(void **state)
{
    (void)state;
    check_ebml("18538067< 00 81 AA>",
               "+18538067 FAULT malformed input@12 element 0x00 is not an EBML id");
    static const char *const long_ids[] = {
        "18538067< 0F FFFFFFFE 81 AA", "18538067< 08 00000001 81 AA",
        "18538067< 04 0000000001 81 AA", "18538067< 01 00000000000001 81 AA"};
    for (size_t i = 0; i < 4; i++) {
        char text[64];
        snprintf(text, sizeof text, "%s>", long_ids[i]);
        struct cut_log log = cut_read(&ebml_reads, doc(text), 3, 1);
        assert_non_null(strstr(log.text, "FAULT malformed input@12 element 0x0"));
        assert_non_null(strstr(log.text, " is not an EBML id"));
    }
}

static void sizes_in_every_form(void **state)
{
    (void)state;
    /* Size 2, in one to eight bytes (RFC 8794 section 4.4: any width may be used). */
    static const char *const two[] = {
        "82",         "4002",         "200002",         "10000002",
        "0800000002", "040000000002", "02000000000002", "0100000000000002"};
    for (size_t i = 0; i < 8; i++) {
        char text[160];
        snprintf(text, sizeof text, "18538067<1F43B675< E7 %s AABB A3 81 CC>>", two[i]);
        check_ebml(text, "+18538067 +1F43B675 E7:2 =aabb A3:1 =cc -1F43B675 -18538067 END");
        snprintf(text, sizeof text, "18538067< EC %s AABB BF %s CCDD 99 %s 1122>", two[i], two[i],
                 two[i]);
        check_ebml(text, "+18538067 -18538067 END");
        snprintf(text, sizeof text, "18538067 83 EC 81 00 18538067 %s EC 80", two[i]);
        check_ebml(text, "+18538067 -18538067 +18538067 -18538067 END");
    }
    check_ebml("18538067< 1F43B675 00 01>", "+18538067 FAULT malformed input@12 element 0x1f43b675 "
                                            "has a size of more than 8 bytes");
}

static void unknown_sizes_in_every_width(void **state)
{
    (void)state;
    static const char *const unknown[] = {
        "FF",         "7FFF",         "3FFFFF",         "1FFFFFFF",
        "0FFFFFFFFF", "07FFFFFFFFFF", "03FFFFFFFFFFFF", "01FFFFFFFFFFFFFF"};
    for (size_t i = 0; i < 8; i++) {
        char text[120];
        snprintf(text, sizeof text, "18538067 %s 1F43B675 %s E7 81 05 1F43B675 %s", unknown[i],
                 unknown[i], unknown[i]);
        check_ebml(text,
                   "+18538067 +1F43B675 E7:1 =05 -1F43B675 +1F43B675 -1F43B675 -18538067 END");

        /* Anywhere else refused: master, leaf, passed over, Void, CRC-32, not in the table. */
        static const char *const others[] = {"1254C367", "1549A966", "1C53BB6B", "EC", "BF", "99"};
        for (size_t j = 0; j < 6; j++) {
            snprintf(text, sizeof text, "18538067< %s %s 00 00>", others[j], unknown[i]);
            struct cut_log log = cut_read(&ebml_reads, doc(text), 1, 1);
            assert_non_null(strstr(log.text, "+18538067 FAULT malformed input@12 "));
            assert_non_null(strstr(log.text, "has unknown size"));
        }
    }
    /* One less than all ones is a size like any other. */
    check_ebml("18538067< 1F43B675 FE E7 81 05 EC (00*120)>",
               "+18538067 +1F43B675 E7:1 =05 FAULT truncated input@142 element 0x1f43b675 is cut "
               "off by the end of the input");
}

static void endings_of_unknown_sizes(void **state)
{
    (void)state;
    /* by a sibling, by an element of the Segment, by an EBML header, by a Segment, by the end */
    check_ebml("18538067<1F43B675<A3(01)1F43B675<A3(02)1254C367()>>>",
               "+18538067 +1F43B675 A3:1 =01 -1F43B675 +1F43B675 A3:1 =02 -1F43B675 +1254C367 "
               "-1254C367 -18538067 END");
    check_ebml("18538067<1F43B675<A3(01)1A45DFA3(4282('x'))18538067<>>>",
               "+18538067 +1F43B675 A3:1 =01 -1F43B675 -18538067 +1A45DFA3 4282:1 =78 -1A45DFA3 "
               "+18538067 -18538067 END");
    check_ebml(
        "18538067<1F43B675<18538067<1F43B675<>>>>",
        "+18538067 +1F43B675 -1F43B675 -18538067 +18538067 +1F43B675 -1F43B675 -18538067 END");
    check_ebml("18538067<1F43B675<1C53BB6B(00)1F43B675<EC(00)BF(00000000)42AA(11)A3(01)>>>",
               "+18538067 +1F43B675 -1F43B675 +1F43B675 A3:1 =01 -1F43B675 -18538067 END");
    /* inside a Segment of known size: by its end, and not by what follows it */
    check_ebml("18538067(1F43B675<A3(01)>)18538067()",
               "+18538067 +1F43B675 A3:1 =01 -1F43B675 -18538067 +18538067 -18538067 END");
    check_ebml("18538067(1F43B675<A3(01)18538067<>>)",
               "+18538067 +1F43B675 A3:1 =01 FAULT malformed input@20 element 0x18538067 "
               "stands where it must not");
    check_ebml("18538067(1F43B675(A3(01)1F43B675<>))",
               "+18538067 +1F43B675 A3:1 =01 FAULT malformed input@13 element 0x1f43b675 "
               "stands where it must not");
    /* A known Cluster inside an unknown Segment ends by its size only. */
    check_ebml("18538067<1F43B675(A3(01))1254C367()>",
               "+18538067 +1F43B675 A3:1 =01 -1F43B675 +1254C367 -1254C367 -18538067 END");
}

static void wrong_places(void **state)
{
    (void)state;
    check_ebml("18538067<A3(01)>", "+18538067 FAULT malformed input@12 element 0xa3 " MUST_NOT);
    check_ebml("18538067<1F43B675<4282('x')>>",
               "+18538067 +1F43B675 FAULT malformed input@24 element 0x4282 " MUST_NOT);
    check_ebml("18538067<1254C367(1F43B675())>",
               "+18538067 +1254C367 FAULT malformed input@17 element 0x1f43b675 " MUST_NOT);
    check_ebml("18538067<1F43B675<A1(01)>>",
               "+18538067 +1F43B675 FAULT malformed input@24 element 0xa1 " MUST_NOT);
    check_ebml("1A45DFA3(4282('x'))A3(01)",
               "+1A45DFA3 4282:1 =78 -1A45DFA3 FAULT malformed input@9 element 0xa3 " MUST_NOT);
    /* The very first element decides whether it is Matroska at all. */
    static const char *const never[] = {"EC(00)",       "1F43B675<>", "99(00)",      "A3(01)",
                                        "BF(00000000)", "00",         "1A45DFA3 FF", "18538067 00",
                                        "80 81",        "FF 81"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++) {
        struct cut_log log = cut_read(&ebml_reads, doc(never[i]), 1, 1);
        assert_int_equal(strncmp(log.text, "FAULT not Matroska@0 ", 21), 0);
    }
    check_ebml("", "FAULT not Matroska@0 the input is empty");
}

static void children_past_their_parent(void **state)
{
    (void)state;
    check_ebml("18538067<1254C367 84 7373 82 67C8 80>",
               "+18538067 +1254C367 FAULT malformed input@17 element 0x7373 " PAST);
    check_ebml("18538067 86 EC 85 0000000000",
               "+18538067 FAULT malformed input@5 element 0xec " PAST);
    check_ebml("18538067 82 EC 81 00", "+18538067 FAULT malformed input@5 element 0xec " PAST);
    /* the header itself lies across the end */
    check_ebml("18538067 81 EC 80", "+18538067 FAULT malformed input@5 element 0xec " PAST);
    check_ebml("18538067 82 42AA 80", "+18538067 FAULT malformed input@5 element 0x42aa " PAST);
    /* an unknown Cluster may not reach behind its Segment's end */
    check_ebml("18538067 90 1F43B675 01FFFFFFFFFFFFFF A3 83 01 02 03",
               "+18538067 +1F43B675 FAULT malformed input@17 element 0xa3 " PAST);
    /* 2^56-1 is unknown, 2^56-2 is too much for every parent of known size */
    check_ebml("18538067(1F43B675 01FFFFFFFFFFFFFE)",
               "+18538067 FAULT malformed input@5 element 0x1f43b675 " PAST);
    check_ebml("18538067<EC 01FFFFFFFFFFFFFE 00>",
               "+18538067 FAULT truncated input@22 element 0xec "
               "is cut off by the end of the input");
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    /* Segment, Tags, Tag and nine SimpleTags are twelve; one more is refused. */
    check_ebml("18538067(1254C367(7373(67C8(67C8(67C8(67C8(67C8(67C8(67C8(67C8(67C8())))))))))))",
               "+18538067 +1254C367 +7373 +67C8 +67C8 +67C8 +67C8 +67C8 +67C8 +67C8 +67C8 +67C8 "
               "-67C8 -67C8 -67C8 -67C8 -67C8 -67C8 -67C8 -67C8 -67C8 -7373 -1254C367 -18538067 "
               "END");
    static char text[120000];
    size_t len = (size_t)sprintf(text, "18538067<1254C367 2FFFF0 7373 2FFF00");
    for (int i = 0; i < 10000; i++)
        len += (size_t)sprintf(text + len, "67C8 %06X", (unsigned)(0x2FFE00 - 5 * i));
    strcpy(text + len, ">");
    check_ebml(text, "+18538067 +1254C367 +7373 +67C8 +67C8 +67C8 +67C8 +67C8 +67C8 +67C8 +67C8 "
                     "+67C8 FAULT input beyond a limit@69 element 0x67c8 is nested deeper than 12 "
                     "levels (EBML_DEPTH_MAX)");
}

static void cut_off_after_every_byte(void **state)
{
    (void)state;
    /* The end is right only where an element may begin and no known end is open. */
    struct span whole = doc("1A45DFA3(4282('matroska'))18538067<1549A966(2AD7B1(0F4240)EC(00))"
                            "1F43B675<E7(00)A3(810000800102)A0(A1(8100008003))>"
                            "1254C367(7373(67C8(45A3('n'))))>1A45DFA3()");
    static const size_t right[] = {16, 28, 43, 55, 58, 66, 75, 90, 95};
    size_t next = 0;
    for (size_t n = 1; n <= whole.len; n++) {
        struct cut_log log = cut_read(&ebml_reads, span_of(whole.at, n), 5, 1);
        bool end = strstr(log.text, "END") != NULL;
        if (end) assert_int_equal(n, right[next++]);
        char at[64];
        snprintf(at, sizeof at, "FAULT truncated input@%zu element 0x", n);
        assert_true(end || strstr(log.text, at));
        cut_same(&ebml_reads, span_of(whole.at, n));
    }
    assert_int_equal(next, sizeof right / sizeof *right);
}

static void payload_left_alone_is_skipped(void **state)
{
    (void)state;
    const struct cut_reader skips = {sizeof(struct ebml_state), ebml_reader_init, ebml_reader_skip,
                                     ebml_reader_end};
    cut_check(&skips, doc("18538067<1F43B675<A3(1A45DFA3 00*300)A3()E7(05)>>"),
              "+18538067 +1F43B675 A3:304 A3:0 E7:1 -1F43B675 -18538067 END");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_at_every_boundary),
        cmocka_unit_test(ids_longer_than_four_bytes),
        cmocka_unit_test(sizes_in_every_form),
        cmocka_unit_test(unknown_sizes_in_every_width),
        cmocka_unit_test(endings_of_unknown_sizes),
        cmocka_unit_test(wrong_places),
        cmocka_unit_test(children_past_their_parent),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(cut_off_after_every_byte),
        cmocka_unit_test(payload_left_alone_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
