/* RFC 8259, sentence by sentence: what is a document, what is none, and what documents say. */
#include "cut.h"
#include "text/json.h"

#include <stdlib.h>

enum { TOKENS = 64 };

static struct json doc;
static jsmntok_t tokens[TOKENS];

/* Each text in a block of its own size. */
static bool reads(struct span text)
{
    static uint8_t *copy;
    free(copy);
    copy = cut_copy(text);
    return json_read(&doc, span_of(copy, text.len), tokens, TOKENS);
}

static void must_read(const char *text)
{
    if (!reads(span_text(text)))
        fail_msg("%s: %.*s at %d", text, (int)doc.fault.len, doc.fault.text, (int)doc.fault.at);
}

static void check_text(int value, const char *expected, size_t len)
{
    char text[256];
    struct writer w = writer_on(text, sizeof text);
    assert_true(json_text(&doc, value, &w));
    assert_int_equal(w.len, len);
    assert_memory_equal(text, expected, len);
}

static void documents(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "-1",
        "10",
        "1.5",
        "0.0",
        "1e5",
        "1E+5",
        "1e-5",
        "0e0",
        "1.0e00",
        "123456789012345678901234567890",
        "\"\"",
        "\"a\"",
        "[]",
        "{}",
        "[[]]",
        "[{}]",
        "{\"a\":{}}",
        "{\"\":0}",
        " \t\r\n[ 1 , 2 ]\n",
        "{ \"a\" : 1 , \"b\" : 2 }",
        "[null,true,false,\"x\",-1.5e-3,[],{}]",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0000\"",
        "\"\\uD834\\uDD1E\"",
        "\"\\ud834\\udd1e\"",
        "\"\x7F\"",
        "\"\xC2\x80\"",
        "\"\xDF\xBF\"",
        "\"\xE0\xA0\x80\"",
        "\"\xED\x9F\xBF\"",
        "\"\xEE\x80\x80\"",
        "\"\xEF\xBF\xBF\"",
        "\"\xF0\x90\x80\x80\"",
        "\"\xF4\x8F\xBF\xBF\"",
        "{\"a\":1,\"A\":2}",
        "{\"a\":{\"a\":1}}",
        "[{\"a\":1},{\"a\":1}]",
        "[\"a\",\"a\"]",
        "{\"a\":\"b\",\"b\":\"a\"}",
        "{\"a\":[\"a\"],\"b\":[\"a\"]}",
        "[1,[2,[3,[4]]],5]",
        /* sixteen levels (JSON_DEPTH_MAX) */
        "[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        must_read(rows[i]);
}

static void no_documents(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum fault_kind kind;
        unsigned at;
    } rows[] = {
        /* what is cut off */
        {"", FAULT_TRUNCATED, 0},
        {" \n", FAULT_TRUNCATED, 2},
        {"[", FAULT_TRUNCATED, 1},
        {"{", FAULT_TRUNCATED, 1},
        {"[1", FAULT_TRUNCATED, 2},
        {"[1,", FAULT_TRUNCATED, 3},
        {"{\"a\"", FAULT_TRUNCATED, 4},
        {"{\"a\":", FAULT_TRUNCATED, 5},
        {"{\"a\":1", FAULT_TRUNCATED, 6},
        {"{\"a\":1,", FAULT_TRUNCATED, 7},
        {"\"", FAULT_TRUNCATED, 1},
        {"\"a", FAULT_TRUNCATED, 2},
        {"\"\\", FAULT_TRUNCATED, 2},
        {"\"\\u12", FAULT_TRUNCATED, 5},
        {"\"\\uD834", FAULT_TRUNCATED, 7},
        {"-", FAULT_TRUNCATED, 1},
        {"1.", FAULT_TRUNCATED, 2},
        {"1e", FAULT_TRUNCATED, 2},
        {"1e+", FAULT_TRUNCATED, 3},
        {"tru", FAULT_TRUNCATED, 3},
        {"[[]", FAULT_TRUNCATED, 3},
        /* what follows, what is missing */
        {"1 2", FAULT_MALFORMED, 2},
        {"{}{}", FAULT_MALFORMED, 2},
        {"[]]", FAULT_MALFORMED, 2},
        {"null,", FAULT_MALFORMED, 4},
        {"\"a\"b", FAULT_MALFORMED, 3},
        {"]", FAULT_MALFORMED, 0},
        {"}", FAULT_MALFORMED, 0},
        {",", FAULT_MALFORMED, 0},
        {":", FAULT_MALFORMED, 0},
        {"[1 2]", FAULT_MALFORMED, 3},
        {"[1,,2]", FAULT_MALFORMED, 3},
        {"[,1]", FAULT_MALFORMED, 1},
        {"[1,]", FAULT_MALFORMED, 3},
        {"[1:2]", FAULT_MALFORMED, 2},
        {"[1}", FAULT_MALFORMED, 2},
        {"{\"a\":1]", FAULT_MALFORMED, 6},
        {"{\"a\" 1}", FAULT_MALFORMED, 5},
        {"{\"a\",1}", FAULT_MALFORMED, 4},
        {"{\"a\":1,}", FAULT_MALFORMED, 7},
        {"{,\"a\":1}", FAULT_MALFORMED, 1},
        {"{\"a\":1 \"b\":2}", FAULT_MALFORMED, 7},
        {"{\"a\":1,,\"b\":2}", FAULT_MALFORMED, 7},
        {"{a:1}", FAULT_MALFORMED, 1},
        {"{1:1}", FAULT_MALFORMED, 1},
        {"{null:1}", FAULT_MALFORMED, 1},
        {"{[]:1}", FAULT_MALFORMED, 1},
        {"{\"a\":}", FAULT_MALFORMED, 5},
        {"{\"a\"}", FAULT_MALFORMED, 4},
        {"{\"a\"::1}", FAULT_MALFORMED, 5},
        {"{'a':1}", FAULT_MALFORMED, 1},
        {"{\"a\":1,2}", FAULT_MALFORMED, 7},
        {"{\"a\":\"b\":\"c\"}", FAULT_MALFORMED, 8},
        {"/**/1", FAULT_MALFORMED, 0},
        {"1//", FAULT_MALFORMED, 1},
        {"\xEF\xBB\xBF"
         "1",
         FAULT_MALFORMED, 0},
        {"\v1", FAULT_MALFORMED, 0},
        {"\f1", FAULT_MALFORMED, 0},
        {"\xC2\xA0"
         "1",
         FAULT_MALFORMED, 0},
        /* words */
        {"True", FAULT_MALFORMED, 0},
        {"nul", FAULT_TRUNCATED, 3},
        {"nulL", FAULT_MALFORMED, 3},
        {"truefalse", FAULT_MALFORMED, 4},
        {"[truE]", FAULT_MALFORMED, 4},
        {"NaN", FAULT_MALFORMED, 0},
        {"Infinity", FAULT_MALFORMED, 0},
        {"-Infinity", FAULT_MALFORMED, 1},
        {"undefined", FAULT_MALFORMED, 0},
        /* section 6 */
        {"01", FAULT_MALFORMED, 1},
        {"-01", FAULT_MALFORMED, 2},
        {"00", FAULT_MALFORMED, 1},
        {"+1", FAULT_MALFORMED, 0},
        {".5", FAULT_MALFORMED, 0},
        {"[1.]", FAULT_MALFORMED, 3},
        {"[-]", FAULT_MALFORMED, 2},
        {"[--1]", FAULT_MALFORMED, 2},
        {"[1e]", FAULT_MALFORMED, 3},
        {"[1e+]", FAULT_MALFORMED, 4},
        {"1e1.5", FAULT_MALFORMED, 3},
        {"1.2.3", FAULT_MALFORMED, 3},
        {"0x10", FAULT_MALFORMED, 1},
        {"1_000", FAULT_MALFORMED, 1},
        {"[-.5]", FAULT_MALFORMED, 2},
        {"1e5e5", FAULT_MALFORMED, 3},
        {"- 1", FAULT_MALFORMED, 1},
        {"1,000", FAULT_MALFORMED, 1},
        /* section 7 */
        {"\"\x01\"", FAULT_MALFORMED, 1},
        {"\"\n\"", FAULT_MALFORMED, 1},
        {"\"\t\"", FAULT_MALFORMED, 1},
        {"\"\x1F\"", FAULT_MALFORMED, 1},
        {"\"\\a\"", FAULT_MALFORMED, 2},
        {"\"\\'\"", FAULT_MALFORMED, 2},
        {"\"\\x41\"", FAULT_MALFORMED, 2},
        {"\"\\U0041\"", FAULT_MALFORMED, 2},
        {"\"\\0\"", FAULT_MALFORMED, 2},
        {"\"\\\n\"", FAULT_MALFORMED, 2},
        {"\"\\u004\"", FAULT_MALFORMED, 6},
        {"\"\\u00g0\"", FAULT_MALFORMED, 5},
        {"\"\\u+041\"", FAULT_MALFORMED, 3},
        {"'a'", FAULT_MALFORMED, 0},
        {"a", FAULT_MALFORMED, 0},
        {"\"\\uD834\"", FAULT_MALFORMED, 7},
        {"\"\\uDD1E\"", FAULT_MALFORMED, 7},
        {"\"\\uDD1E\\uD834\"", FAULT_MALFORMED, 7},
        {"\"\\uD834x\"", FAULT_MALFORMED, 7},
        {"\"\\uD834\\n\"", FAULT_MALFORMED, 7},
        {"\"\\uD834\\u0041\"", FAULT_MALFORMED, 13},
        {"\"\\uD834\\uD834\"", FAULT_MALFORMED, 13},
        {"{\"\\uD834\":1}", FAULT_MALFORMED, 8},
        /* section 8.1, by RFC 3629 section 4 */
        {"\"\x80\"", FAULT_MALFORMED, 1},
        {"\"\xC0\x80\"", FAULT_MALFORMED, 1},
        {"\"\xC1\xBF\"", FAULT_MALFORMED, 1},
        {"\"\xC3\"", FAULT_MALFORMED, 1},
        {"\"\xE0\x9F\xBF\"", FAULT_MALFORMED, 1},
        {"\"\xED\xA0\x80\"", FAULT_MALFORMED, 1},
        {"\"\xE2\x82\"", FAULT_MALFORMED, 1},
        {"\"\xF0\x8F\xBF\xBF\"", FAULT_MALFORMED, 1},
        {"\"\xF4\x90\x80\x80\"", FAULT_MALFORMED, 1},
        {"\"\xF5\x80\x80\x80\"", FAULT_MALFORMED, 1},
        {"\"\xFF\"", FAULT_MALFORMED, 1},
        {"\"\xF0\x9F\x98\"", FAULT_MALFORMED, 1},
        {"\"a\xE4z\"", FAULT_MALFORMED, 2},
        /* section 4: names, once unescaped */
        {"{\"a\":1,\"a\":1}", FAULT_MALFORMED, 8},
        {"{\"a\":1,\"\\u0061\":2}", FAULT_MALFORMED, 8},
        {"{\"\":1,\"b\":2,\"\":3}", FAULT_MALFORMED, 13},
        {"[{\"x\":{\"/\":[],\"\\/\":[]}}]", FAULT_MALFORMED, 15},
        {"{\"\\ud83d\\ude00\":1,\"\xF0\x9F\x98\x80\":2}", FAULT_MALFORMED, 19},
        /* seventeen levels */
        {"[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]", FAULT_LIMIT, 16},
        {"[[[[[[[[[[[[[[[[{}]]]]]]]]]]]]]]]]", FAULT_LIMIT, 16},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (reads(span_text(rows[i].text))) fail_msg("was read: %s", rows[i].text);
        if (doc.fault.kind != rows[i].kind || doc.fault.at != rows[i].at)
            fail_msg("%s: kind %d at %d", rows[i].text, (int)doc.fault.kind, (int)doc.fault.at);
        assert_true(doc.fault.len > 0);
        assert_int_equal(json_member(&doc, JSON_ROOT, "a"), JSON_NONE);
    }
    assert_false(reads(span_of("1\0", 2)));
    assert_false(reads(span_of("\"\0\"", 3)));
    assert_false(reads(span_of("\"\\\0\"", 4)));
    assert_false(reads(span_of("[1\0]", 4)));
    assert_false(reads(span_of("tru\0", 4)));
}

/* The answers of the credentials endpoints look like this (AWS: "Container credential
 * provider"). */
static void members(void **state)
{
    (void)state;
    must_read(
        "{\"RoleArn\" : \"arn:aws:iam::123456789012:role/r\",\n"
        " \"AccessKeyId\":\"ASIAEXAMPLE\", \"nested\":{\"AccessKeyId\":\"no\",\"x\":[1,{\"y\":2}]},"
        "\"list\":[10,[\"in\"],{\"k\":null},true,false,\"\"],\"\\u0054oken\":\"t\\/o\\u006Ben\","
        "\"empty\":{},\"none\":[],\"Expiration\":\"2024-09-18T16:21:28Z\"}");
    check_text(json_member(&doc, JSON_ROOT, "RoleArn"), "arn:aws:iam::123456789012:role/r", 32);
    check_text(json_member(&doc, JSON_ROOT, "AccessKeyId"), "ASIAEXAMPLE", 11);
    check_text(json_member(&doc, JSON_ROOT, "Token"), "t/oken", 6);
    check_text(json_member(&doc, JSON_ROOT, "Expiration"), "2024-09-18T16:21:28Z", 20);
    static const char *const missing[] = {
        "",  "accessKeyId", "AccessKeyI",  "AccessKeyIds", "x", "\\u0054oken",
        "y", "in",          "ASIAEXAMPLE", "Toke"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++)
        assert_int_equal(json_member(&doc, JSON_ROOT, missing[i]), JSON_NONE);

    const int nested = json_member(&doc, JSON_ROOT, "nested");
    check_text(json_member(&doc, nested, "AccessKeyId"), "no", 2);
    assert_int_equal(json_member(&doc, nested, "list"), JSON_NONE);
    const int list = json_member(&doc, JSON_ROOT, "list");
    assert_int_equal(json_member(&doc, list, "in"), JSON_NONE);
    assert_int_equal(json_member(&doc, JSON_NONE, "in"), JSON_NONE);
    assert_int_equal(json_member(&doc, json_member(&doc, JSON_ROOT, "Token"), "x"), JSON_NONE);

    static const enum json_kind kinds[] = {JSON_NUMBER, JSON_ARRAY, JSON_OBJECT,
                                           JSON_TRUE,   JSON_FALSE, JSON_TEXT};
    int at = json_first(&doc, list);
    for (size_t i = 0; i < 6; i++, at = json_after(&doc, at)) {
        assert_int_not_equal(at, JSON_NONE);
        assert_int_equal(json_kind(&doc, at), kinds[i]);
    }
    assert_int_equal(at, JSON_NONE);
    const int k =
        json_member(&doc, json_after(&doc, json_after(&doc, json_first(&doc, list))), "k");
    assert_int_equal(json_kind(&doc, k), JSON_NULL);

    static const char *const names[] = {"RoleArn", "AccessKeyId", "nested", "list",
                                        "Token",   "empty",       "none",   "Expiration"};
    at = json_first(&doc, JSON_ROOT);
    for (size_t i = 0; i < 8; i++, at = json_after(&doc, at)) {
        check_text(at, names[i], strlen(names[i]));
        assert_int_equal(json_named(&doc, at), json_member(&doc, JSON_ROOT, names[i]));
        assert_int_equal(json_after(&doc, json_named(&doc, at)), JSON_NONE);
    }
    assert_int_equal(at, JSON_NONE);
    assert_int_equal(json_first(&doc, json_member(&doc, JSON_ROOT, "empty")), JSON_NONE);
    assert_int_equal(json_first(&doc, json_member(&doc, JSON_ROOT, "none")), JSON_NONE);
    assert_int_equal(json_first(&doc, json_member(&doc, JSON_ROOT, "Token")), JSON_NONE);
    assert_int_equal(json_first(&doc, JSON_NONE), JSON_NONE);
    assert_int_equal(json_after(&doc, JSON_NONE), JSON_NONE);
    assert_int_equal(json_after(&doc, JSON_ROOT), JSON_NONE);
}

static void texts(void **state)
{
    (void)state;
    static const struct {
        const char *json, *text;
        size_t len;
    } rows[] = {
        {"\"\"", "", 0},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", 8},
        {"\"\\u0041\\u00e9\\u20AC\"", "A\xC3\xA9\xE2\x82\xAC", 6},
        {"\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"", "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF",
         11},
        {"\"\\ud7ff\\ue000\"", "\xED\x9F\xBF\xEE\x80\x80", 6},
        {"\"\\uD834\\udd1e\"", "\xF0\x9D\x84\x9E", 4}, /* section 7: the G clef */
        {"\"\\ud800\\udc00\\udbff\\udfff\"", "\xF0\x90\x80\x80\xF4\x8F\xBF\xBF", 8},
        {"\"a\\u0000b\"", "a\0b", 3},
        {"\"\xE2\x82\xAC \xF0\x9F\x98\x80\"", "\xE2\x82\xAC \xF0\x9F\x98\x80", 8},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        must_read(rows[i].json);
        check_text(JSON_ROOT, rows[i].text, rows[i].len);
    }
    char small[3];
    struct writer w = writer_on(small, sizeof small);
    writer_byte(&w, 'x');
    must_read("\"abc\"");
    assert_false(json_text(&doc, JSON_ROOT, &w));
    assert_int_equal(w.len, 1);
    must_read("[\"abc\",1,null,true,{}]");
    w = writer_on(small, sizeof small);
    assert_false(json_text(&doc, JSON_ROOT, &w));
    for (int at = json_after(&doc, json_first(&doc, JSON_ROOT)); at >= 0; at = json_after(&doc, at))
        assert_false(json_text(&doc, at, &w));
    assert_false(json_text(&doc, JSON_NONE, &w));
    assert_true(json_text(&doc, json_first(&doc, JSON_ROOT), &w));
}

static void numbers(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        int64_t thousandths;
    } rows[] = {
        {"0", 0},
        {"-0", 0},
        {"1", 1000},
        {"-1", -1000},
        {"1.5", 1500},
        {"0.001", 1},
        {"0.0009", 0},
        {"-0.0019", -1},
        {"1.2345", 1234},
        {"-1.2345", -1234},
        {"12e3", 12000000},
        {"12E-3", 12},
        {"12e-4", 1},
        {"1e-999999999999", 0},
        {"0e999999999999", 0},
        {"0.000e+5", 0},
        {"0.00000000001e11", 1000},
        {"123456789e-10", 12},
        {"10000000000000000000000e-20", 100000},
        /* Lambda's and KVS's timestamps */
        {"1.7266776877580001E9", 1726677687758},
        {"1726677687.758", 1726677687758},
        {"9223372036854775.807", INT64_MAX},
        {"-9223372036854775.808", INT64_MIN},
        {"9223372036854775.8079", INT64_MAX},
        {"-9223372036854775.8089", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int64_t value = 4711;
        must_read(rows[i].json);
        assert_true(json_thousandths(&doc, JSON_ROOT, &value));
        assert_int_equal(value, rows[i].thousandths);
    }
    static const char *const wrong[] = {
        "9223372036854775.808",
        "-9223372036854775.809",
        "9223372036854776",
        "18446744073709551.616",
        "1e16",
        "1e999999999999",
        "-1e999999999999",
        "99999999999999999999999999",
        "0.0000000000000000001e40",
        "true",
        "null",
        "\"1\"",
        "[1]",
        "{\"a\":1}",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        int64_t value;
        must_read(wrong[i]);
        assert_false(json_thousandths(&doc, JSON_ROOT, &value));
    }
    int64_t value;
    assert_false(json_thousandths(&doc, JSON_NONE, &value));
}

static void limits(void **state)
{
    (void)state;
    struct json j;
    jsmntok_t few[4];
    assert_true(json_read(&j, span_text("[1,2,3]"), few, 4));
    assert_false(json_read(&j, span_text("[1,2,3,4]"), few, 4));
    assert_int_equal(j.fault.kind, FAULT_LIMIT);
    assert_false(json_read(&j, span_text("{\"a\":1,\"b\":2}"), few, 4));
    assert_true(json_read(&j, span_text("1"), few, 1));

    static char text[JSON_BYTES_MAX + 1];
    memset(text, ' ', sizeof text);
    text[0] = '1';
    assert_true(json_read(&j, span_of(text, JSON_BYTES_MAX), few, 4));
    assert_false(json_read(&j, span_of(text, JSON_BYTES_MAX + 1), few, 4));
    assert_int_equal(j.fault.kind, FAULT_LIMIT);
    /* digits as long as a document */
    memset(text, '0', sizeof text);
    memcpy(text, "0.", 2);
    memcpy(text + JSON_BYTES_MAX - 8, "7e262134", 8); /* the digit 262135 behind the point */
    int64_t value;
    assert_true(json_read(&j, span_of(text, JSON_BYTES_MAX), few, 4));
    assert_true(json_thousandths(&j, JSON_ROOT, &value));
    assert_int_equal(value, 700);
}

/* A document, cut off after every byte, is none; not even whole but for its last byte. */
static void cut_off(void **state)
{
    (void)state;
    const char *text =
        "{\"a\\u00e9\\uD834\\uDD1E\":[1.5e-3,true,false,null,\"\xE2\x82\xAC\"],\"b\":{}}";
    for (size_t len = 0; len < strlen(text); len++)
        assert_false(reads(span_of(text, len)));
    must_read(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents), cmocka_unit_test(no_documents), cmocka_unit_test(members),
        cmocka_unit_test(texts),     cmocka_unit_test(numbers),      cmocka_unit_test(limits),
        cmocka_unit_test(cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
