/* Salvage: what is whole of an input that is not, for every place where it may end. */
#include <stdio.h>

#include "piping.h"

static struct piped piped;
static uint8_t input[1 << 14];

#define TWO_BLOCKS(uid, tags, first, second)                                                       \
    SEGMENT(UID(uid) tags CUSTOMER_TRACK "1F43B675<" BLOCK("81", "0000", first)                    \
                BLOCK("81", "0000", second) ">")

static struct pipeline_options salvaging(const char *contact)
{
    struct pipeline_options o = options_of(contact);
    o.salvage = true;
    return o;
}

static void check_salvaged(const struct pipeline_options *o, const char *text, const char *expected,
                           enum fault_kind kind)
{
    struct span in = span_of(input, doc_write(input, sizeof input, text));
    pipe_both(o, in, &piped);
    check_piped(&piped, expected);
    assert_int_equal(recording.salvaged.kind, kind);
}

static void whole_inputs_are_whole(void **state)
{
    (void)state;
    struct pipeline_options any = salvaging("");
    check_salvaged(&any, TWO_BLOCKS("AA", CONTACT("c"), "1111", "2222"), "11112222", FAULT_NONE);
}

static void broken_inputs(void **state)
{
    (void)state;
    struct pipeline_options any = salvaging(""), c2 = salvaging("c-2");
    /* a block for a track that is not there; unknown size; an id that is none */
    check_salvaged(&any,
                   TWO_BLOCKS("AA", CONTACT("c"), "1111", "2222")
                       TWO_BLOCKS("AA", "", "3333", "44") "1F43B675<A3(82 0000 80 55)>",
                   "111122223333", FAULT_MALFORMED);
    check_salvaged(&any, TWO_BLOCKS("AA", CONTACT("c"), "1111", "2222") "EC FF 00", "11112222",
                   FAULT_MALFORMED);
    /* A contradictory document, or one beyond us, is left out whole. */
    check_salvaged(&any,
                   TWO_BLOCKS("AA", CONTACT("c"), "1111", "2222")
                       TWO_BLOCKS("AA", "", "3333", "4444") "AF(00)",
                   "1111 2222", FAULT_UNSUPPORTED);
    check_salvaged(&any,
                   TWO_BLOCKS("AA", CONTACT("c"), "1111", "2222") SEGMENT(
                       UID("AA") CUSTOMER_TRACK "1F43B675<" BLOCK("81", "0000", "3333") "AF(00)>"),
                   "11112222", FAULT_UNSUPPORTED);
    check_salvaged(&any,
                   TWO_BLOCKS("AA", CONTACT("c"), "1111", "2222")
                       SEGMENT(UID("AA") CONTACT("c") CUSTOMER_TRACK
                               "1F43B675<" BLOCK("81", "0000", "3333") ">" CONTACT("d")),
                   "11112222", FAULT_MALFORMED);
    /* Others' and nobody's are left out, broken or not. */
    check_salvaged(&any,
                   TWO_BLOCKS("AA", CONTACT("c"), "1111", "2222")
                       TWO_BLOCKS("BB", "", "33", "44") "A3(01)",
                   "11112222", FAULT_MALFORMED);
    check_salvaged(&c2, TWO_BLOCKS("AA", CONTACT("c"), "1111", "2222") "A3(01)", "",
                   FAULT_MALFORMED);
    struct span never = doc("EC(00)");
    recording_init(&recording, &any.contact);
    pipe_pass(PIPELINE_SURVEY, &any, never, 1, &piped);
    assert_false(piped.whole);
    assert_int_equal(pipeline.fault.kind, FAULT_NOT_MATROSKA);
}

/* Every place where it may end: just the whole blocks before, in every layout. */
static void cut_off_after_every_byte(void **state)
{
    (void)state;
    static uint8_t copy[1 << 14];
    const char *text = HEADER SEGMENT(UID("AA") CONTACT("c") BOTH_TRACKS "1F43B675<" BLOCK(
        "81", "0000", "01000200") BLOCK("82", "0000", "0A000B00") BLOCK("81", "0000", "0300") ">")
        HEADER SEGMENT(UID("AA") BOTH_TRACKS "1F43B675<" BLOCK("82", "0000", "0C00") ">");
    size_t len = doc_write(copy, sizeof copy, text);
    for (int layout = MIXER_ONE; layout <= MIXER_STEREO; layout++) {
        struct pipeline_options o = salvaging("");
        o.layout = (enum mixer_layout)layout;
        size_t before = 0;
        for (size_t n = 17; n <= len; n++) {
            pipe_both(&o, span_of(copy, n), &piped);
            /* Never less than a shorter input gave; whole blocks only. */
            assert_true(piped.len >= before);
            before = piped.len;
            if (layout == MIXER_ONE)
                assert_int_equal(recording.pcm_bytes[CHANNEL_CUSTOMER], piped.len);
            if (layout == MIXER_ONE)
                assert_true(piped.len == 0 || piped.len == 4 || piped.len == 6);
            else
                assert_true(piped.len == 0 || piped.len == 8 || piped.len == 12);
        }
        check_piped(&piped, layout == MIXER_ONE ? "010002000300" : "01000A00 02000B00 03000C00");
    }
}

static void error_reports_are_passed_over(void **state)
{
    (void)state;
    struct pipeline_options any = salvaging("");
#define KVS_ERROR(more) SEGMENT(TAGS(SIMPLE("AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE", "E")) more)
    check_salvaged(&any,
                   TWO_BLOCKS("AA", CONTACT("c"), "1111", "2222") KVS_ERROR("")
                       TWO_BLOCKS("AA", "", "3333", "4444"),
                   "1111222233334444", FAULT_NONE);
    assert_int_equal(recording.troubled, 1);
    assert_int_equal(recording.fragments, 2);
    assert_int_equal(recording.documents, 3);
    /* Sound in the report itself is not ours. */
    check_salvaged(&any,
                   TWO_BLOCKS("AA", CONTACT("c"), "1111", "2222") KVS_ERROR(
                       CONTACT("c") CUSTOMER_TRACK "1F43B675<" BLOCK("81", "0000", "5555") ">"),
                   "11112222", FAULT_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_inputs_are_whole),
        cmocka_unit_test(broken_inputs),
        cmocka_unit_test(cut_off_after_every_byte),
        cmocka_unit_test(error_reports_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
