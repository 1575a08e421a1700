/* RFC 4648 section 10, every byte (from Python's base64), and what is no base64. */
#include "cut.h"
#include "text/base64.h"

static void check_write(const char *bytes, const char *expected)
{
    char text[64] = {0};
    struct writer w = writer_on(text, sizeof text - 1);
    base64_write(&w, span_text(bytes));
    assert_string_equal(text, expected);
    assert_int_equal(w.len, BASE64_BYTES(strlen(bytes)));
}

static void check_read(const char *text, const char *expected)
{
    char bytes[64] = {0};
    struct writer w = writer_on(bytes, sizeof bytes - 1);
    assert_true(base64_read(&w, span_text(text)));
    assert_string_equal(bytes, expected);
}

static void the_rfc(void **state)
{
    (void)state;
    static const char *const rows[][2] = {
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check_write(rows[i][0], rows[i][1]);
        check_read(rows[i][1], rows[i][0]);
    }
}

static void every_byte(void **state)
{
    (void)state;
    static const char expected[] =
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+"
        "P0BBQkNE"
        "RUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiY2RlZmdoaWprbG1ub3BxcnN0dXZ3eHl6e3x9fn+"
        "AgYKDhIWGh4iJ"
        "iouMjY6PkJGSk5SVlpeYmZqbnJ2en6ChoqOkpaanqKmqq6ytrq+wsbKztLW2t7i5uru8vb6/"
        "wMHCw8TFxsfIycrLzM3O"
        "z9DR0tPU1dbX2Nna29zd3t/g4eLj5OXm5+jp6uvs7e7v8PHy8/T19vf4+fr7/P3+/w==";
    uint8_t all[256], back[256];
    for (unsigned i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    char text[BASE64_BYTES(256) + 1] = {0};
    struct writer w = writer_on(text, sizeof text - 1);
    base64_write(&w, span_of(all, sizeof all));
    assert_string_equal(text, expected);

    w = writer_on(back, sizeof back);
    assert_true(base64_read(&w, span_text(expected)));
    assert_int_equal(w.len, 256);
    assert_memory_equal(back, all, 256);
}

static void refused(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "Z",         "Zg",   "Zg=",      "Zg===",    "=",     "==",      "====",    "Z===",
        "Zh==",      "Zm9=", "Zm8=Zm8=", "Zg==Zg==", "Zm8=A", "Zm 9",    "Zm9v\n",  "\nZm9v",
        "Zm9v Zm9v", "Zm-v", "Zm_v",     "Z=g=",     "Zm9v=", "Zm9\xC3", "Zm9\x80", "Zm9[",
        "Zm9`",      "Zm9{", "Zm9@",     "Zm9:",     "Zm9.",  "Zg=A",
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char bytes[64];
        struct writer w = writer_on(bytes, sizeof bytes);
        assert_false(base64_read(&w, span_text(rows[i])));
    }
    /* RFC 4648 section 3.5: the same with zeros is right */
    check_read("Zw==", "g");
}

static void no_room(void **state)
{
    (void)state;
    char bytes[5];
    struct writer w = writer_on(bytes, sizeof bytes);
    assert_false(base64_read(&w, span_text("Zm9vYmFy")));
    w = writer_on(bytes, sizeof bytes);
    assert_true(base64_read(&w, span_text("Zm9vYmE=")));
    w = writer_on(bytes, 4);
    base64_write(&w, span_text("foob"));
    assert_true(w.full);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_rfc),
        cmocka_unit_test(every_byte),
        cmocka_unit_test(refused),
        cmocka_unit_test(no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
