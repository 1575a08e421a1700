/* The passes: whose sound comes out, and that it is the same sound by every way. */
#include "piping.h"

static struct piped piped;

#define SAY(uid, ms, sound, tags)                                                                  \
    SEGMENT(UID(uid) CUSTOMER_TRACK CLUSTER(ms, BLOCK("81", "0000", sound)) tags)
#define BOTH_SAY(uid, ms, customer, agent, tags)                                                   \
    SEGMENT(UID(uid) BOTH_TRACKS CLUSTER(ms, BLOCK("81", "0000", customer)                         \
                                                 BLOCK("82", "0000", agent)) tags)
#define KVS_ERROR SEGMENT(TAGS(SIMPLE("AWS_KINESISVIDEO_ERROR_CODE", "E")))

static void check_both(const struct pipeline_options *o, const char *text, const char *expected)
{
    static uint8_t input[1 << 16];
    pipe_both(o, span_of(input, doc_write(input, sizeof input, text)), &piped);
    check_piped(&piped, expected);
}

/* One pass that must end with this fault. */
static void check_fault(enum pipeline_pass pass, const struct pipeline_options *o, const char *text,
                        enum fault_kind kind)
{
    static uint8_t input[1 << 16];
    size_t len = doc_write(input, sizeof input, text);
    for (size_t i = 0; i < 4; i++) {
        if (pass != PIPELINE_DELIVER) recording_init(&recording, &o->contact);
        pipe_pass(pass, o, span_of(input, len), pipe_pieces[i], &piped);
        assert_false(piped.whole);
        assert_int_equal(pipeline.fault.kind, kind);
    }
}

static void one_contact(void **state)
{
    (void)state;
    struct pipeline_options any = options_of(""), c1 = options_of("c-1"), c2 = options_of("c-2");
    const char *text = SAY("AA", "00", "1111", CONTACT("c-1")) SAY("AA", "01", "2222", "");
    check_both(&any, text, "11112222");
    assert_true(span_is(audio_contact_span(&recording.contact), "c-1"));
    assert_int_equal(recording.fragments, 2);
    check_both(&c1, text, "11112222");
    check_both(&c2, text, "");
    assert_int_equal(recording.fragments, 0);
    assert_int_equal(recording.contacts.count, 1);
    check_both(&any,
               SAY("AA", "00", "1111",
                   CONTACT("c-1") CLUSTER("01", BLOCK("81", "0000", "22") BLOCK("81", "0000", ""))),
               "1111");
}

static void nobody_is_never_heard(void **state)
{
    (void)state;
    struct pipeline_options any = options_of("");
    check_both(&any,
               SAY("AA", "00", "1111", "") SAY("AA", "01", "2222", CONTACT("c-1"))
                   SAY("BB", "02", "3333", "") SAY("AA", "03", "4444", ""),
               "22224444");
    assert_int_equal(recording.nobodys, 2);
    assert_int_equal(recording.fragments, 2);
}

static void one_of_two_contacts(void **state)
{
    (void)state;
    const char *text =
        SAY("AA", "00", "1111", CONTACT("c-1")) SAY("BB", "00", "2222", CONTACT("c-2"))
            SAY("AA", "01", "33", "") SAY("BB", "01", "44", "") SAY("AA", "02", "55", "");
    struct pipeline_options c1 = options_of("c-1"), c2 = options_of("c-2"), any = options_of("");
    check_both(&c1, text, "11113355");
    check_both(&c2, text, "2222"); /* the other's odd byte does not complete this one's */
    assert_int_equal(recording.halves, 1);
    assert_int_equal(recording.pcm_bytes[CHANNEL_CUSTOMER], 3);
    check_fault(PIPELINE_SURVEY, &any, text, FAULT_AMBIGUOUS);
    assert_int_equal(recording.contacts.count, 2);
    check_fault(PIPELINE_PROVISIONAL, &any, text, FAULT_AMBIGUOUS);
}

static void layouts_and_encodings(void **state)
{
    (void)state;
    const char *text = BOTH_SAY("BB", "00", "EEEE", "DDDD", CONTACT("c-2"))
        BOTH_SAY("AA", "00", "01000200", "0A000B00", CONTACT("c-1"))
            BOTH_SAY("BB", "00", "EEEE", "DDDD", "") BOTH_SAY("AA", "40", "0300", "0C00 0D00", "");
    struct pipeline_options o = options_of("c-1");
    check_both(&o, text, "010002000300");
    o.channel = CHANNEL_AGENT;
    check_both(&o, text, "0A000B000C000D00");
    o.layout = MIXER_STEREO;
    check_both(&o, text, "01000A00 02000B00 03000C00 00000D00");
    o.layout = MIXER_MIX;
    check_both(&o, text, "0B00 0D00 0F00 0D00");
    o.encoding = WAV_ULAW; /* 11, 13, 15, 13: below and above 3 * 4 */
    check_both(&o, text, "FE FD FD FD");
    o.gaps = GAPS_SILENCE; /* 40h = 64 ms = 512 samples less two */
    check_both(&o, text, "FE FD FF*510 FD FD");
    o.layout = MIXER_ONE; /* the agent's: 10, 11, silence, 12, 13 */
    check_both(&o, text, "FE FE FF*510 FD FD");
    assert_int_equal(recording.gaps, 1);
}

static void streaming(void **state)
{
    (void)state;
    struct pipeline_options any = options_of(""), c2 = options_of("c-2");
    static uint8_t input[1 << 14];
    const char *text =
        SEGMENT(CONTACT("c-1") CUSTOMER_TRACK CLUSTER("00", BLOCK("81", "0000", "1111")))
            SEGMENT(CONTACT("c-1") CUSTOMER_TRACK CLUSTER("00", BLOCK("81", "0001", "2222")))
                SEGMENT(TAGS(SIMPLE("x", "y")));
    struct span in = span_of(input, doc_write(input, sizeof input, text));
    for (size_t i = 0; i < 4; i++) {
        recording_init(&recording, &any.contact);
        pipe_pass(PIPELINE_STREAM, &any, in, pipe_pieces[i], &piped);
        assert_true(piped.whole);
        assert_int_equal(piped.cuts, 0);
        check_piped(&piped, "11112222");
        recording_init(&recording, &c2.contact);
        pipe_pass(PIPELINE_STREAM, &c2, in, pipe_pieces[i], &piped);
        assert_true(piped.whole);
        check_piped(&piped, "");
    }
    check_fault(PIPELINE_STREAM, &any, SAY("AA", "00", "11", CONTACT("c-1")), FAULT_UNDECIDED);
    /* Inheriting does not decide: the tag may follow and say something else. */
    check_fault(PIPELINE_STREAM, &any, SEGMENT(UID("AA") CONTACT("c-1")) SAY("AA", "00", "11", ""),
                FAULT_UNDECIDED);
    check_fault(PIPELINE_STREAM, &any,
                SEGMENT(CONTACT("c-1") CUSTOMER_TRACK CLUSTER("00", BLOCK("81", "0000", "1111")))
                    SEGMENT(CONTACT("c-2")),
                FAULT_AMBIGUOUS);
    check_piped(&piped, "1111");
}

static void faults_and_trouble(void **state)
{
    (void)state;
    struct pipeline_options any = options_of("");
    static const enum pipeline_pass passes[] = {PIPELINE_SURVEY, PIPELINE_PROVISIONAL,
                                                PIPELINE_STREAM};
    for (size_t i = 0; i < 3; i++) {
        check_fault(passes[i], &any, "", FAULT_NOT_MATROSKA);
        check_fault(passes[i], &any, "18538067 84 00", FAULT_MALFORMED);
        check_fault(passes[i], &any, SEGMENT(CONTACT("c")) KVS_ERROR, FAULT_TROUBLE);
        check_fault(passes[i], &any, KVS_ERROR SEGMENT(CONTACT("c")), FAULT_TROUBLE);
        check_fault(passes[i], &any, SEGMENT(CONTACT("c")) "18538067", FAULT_TRUNCATED);
    }
}

static void a_second_reading_that_differs(void **state)
{
    (void)state;
    struct pipeline_options any = options_of("");
    static struct piped surveyed;
    struct span first = doc(SAY("AA", "00", "1111", CONTACT("c-1")) SAY("BB", "00", "2222", ""));
    recording_init(&recording, &any.contact);
    pipe_pass(PIPELINE_SURVEY, &any, first, 9, &surveyed);
    assert_true(surveyed.whole);
#define DIFFERS(text) check_fault(PIPELINE_DELIVER, &any, text, FAULT_CHANGED)
    DIFFERS(SAY("AA", "00", "11111111", CONTACT("c-1")) SAY("BB", "00", "2222", ""));
    DIFFERS(SAY("AA", "00", "11", CONTACT("c-1")) SAY("BB", "00", "2222", ""));
    DIFFERS(SAY("AA", "00", "1111", CONTACT("c-2")) SAY("BB", "00", "2222", ""));
    DIFFERS(SAY("AA", "00", "1111", "") SAY("BB", "00", "2222", ""));
    DIFFERS(SAY("AA", "00", "1111", CONTACT("c-1")) SAY("BB", "00", "2222", CONTACT("c-1")));
    DIFFERS(SAY("AA", "00", "1111", CONTACT("c-1")) SAY("AA", "00", "2222", ""));
    DIFFERS(SAY("AA", "00", "1111", CONTACT("c-1")) SAY("BB", "00", "2222", "")
                SAY("AA", "00", "3333", ""));
    DIFFERS(SAY("AA", "00", "1111", CONTACT("c-1")) SAY("BB", "00", "2222", "") SEGMENT(""));
    DIFFERS(SEGMENT(""));
}

/* One bit a document is remembered of a survey (budget.h); an output that can be cut needs none. */
static void more_documents_than_a_survey_remembers(void **state)
{
    (void)state;
    static const uint8_t empty_segment[] = {0x18, 0x53, 0x80, 0x67, 0x80};
    static uint8_t many[(FRAGMENTS_MAX + 1) * sizeof empty_segment];
    for (size_t at = 0; at < sizeof many; at += sizeof empty_segment)
        memcpy(many + at, empty_segment, sizeof empty_segment);
    struct pipeline_options any = options_of("");
    recording_init(&recording, &any.contact);
    pipe_pass(PIPELINE_SURVEY, &any, span_of(many, sizeof many), 65536, &piped);
    assert_false(piped.whole);
    assert_int_equal(pipeline.fault.kind, FAULT_LIMIT);
    assert_non_null(strstr(pipeline.fault.text, "FRAGMENTS_MAX"));
    recording_init(&recording, &any.contact);
    pipe_pass(PIPELINE_SURVEY, &any, span_of(many, sizeof many - sizeof empty_segment), 65536,
              &piped);
    assert_true(piped.whole);
    recording_init(&recording, &any.contact);
    pipe_pass(PIPELINE_PROVISIONAL, &any, span_of(many, sizeof many), 65536, &piped);
    assert_true(piped.whole);
    assert_int_equal(recording.documents, FRAGMENTS_MAX + 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(more_documents_than_a_survey_remembers),
        cmocka_unit_test(one_contact),
        cmocka_unit_test(nobody_is_never_heard),
        cmocka_unit_test(one_of_two_contacts),
        cmocka_unit_test(layouts_and_encodings),
        cmocka_unit_test(streaming),
        cmocka_unit_test(faults_and_trouble),
        cmocka_unit_test(a_second_reading_that_differs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
