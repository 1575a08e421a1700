/* Which track is whose: every row of READING.md section 5. */
#include <stdio.h>

#include "audio_reader.h"

enum { C = CHANNEL_BIT_CUSTOMER, A = CHANNEL_BIT_AGENT, BOTH = C | A };

#define SAYS "1F43B675<A3(81 0000 80 C1)A3(82 0000 80 A2)>"
#define ONE_SAYS "1F43B675<A3(81 0000 80 C1)>"
#define TWO(first, second) SEGMENT(TRACKS(TRACK("01", first) TRACK("02", second)) SAYS)
#define LONE(track) SEGMENT(TRACKS(track) ONE_SAYS)
#define VIDEO(number, more) "AE(D7(" number ")83(01)" more ")"

#define NOTHING "DOC@0 FRAG:- END"
#define CUSTOMER_IS(sound) "DOC@0 customer@0 =" sound " / FRAG:- END"
#define AGENT_IS(sound) "DOC@0 agent@0 =" sound " / FRAG:- END"

static void named_tracks(void **state)
{
    (void)state;
    const char *straight = TWO(FROM, TO);
    check_audio_of(C, straight, CUSTOMER_IS("c1"));
    check_audio_of(A, straight, AGENT_IS("a2"));
    check_audio_of(BOTH, straight, "DOC@0 customer@0 =c1 / agent@0 =a2 / FRAG:- END");
    const char *swapped = TWO(TO, FROM);
    check_audio_of(C, swapped, CUSTOMER_IS("a2"));
    check_audio_of(A, swapped, AGENT_IS("c1"));
    check_audio_of(BOTH, swapped, "DOC@0 agent@0 =c1 / customer@0 =a2 / FRAG:- END");
    /* Padded to 32 bytes, as old producers do. */
    check_audio(TWO("536E('AUDIO_FROM_CUSTOMER' 00*13)", "536E('AUDIO_TO_CUSTOMER' 00*15)"),
                "DOC@0 customer@0 =c1 / agent@0 =a2 / FRAG:- END");
    /* A NUL inside counts, and so do letters' cases. */
    check_audio_of(C, LONE(TRACK("01", "536E('AUDIO_TO_CUSTOMER' 00 'x')")), CUSTOMER_IS("c1"));
    check_audio_of(C, LONE(TRACK("01", NAME("audio_to_customer"))), CUSTOMER_IS("c1"));
}

static void a_lone_track(void **state)
{
    (void)state;
    check_audio_of(C, LONE(TRACK("01", FROM)), CUSTOMER_IS("c1"));
    check_audio_of(C, LONE(TRACK("01", "")), CUSTOMER_IS("c1"));
    check_audio_of(C, LONE(TRACK("01", NAME("anything"))), CUSTOMER_IS("c1"));
    check_audio_of(C, LONE(TRACK("01", TO)), NOTHING);
    check_audio_of(A, LONE(TRACK("01", TO)), AGENT_IS("c1"));
    check_audio_of(A, LONE(TRACK("01", FROM)), NOTHING);
    check_audio_of(A, LONE(TRACK("01", "")), NOTHING);
    check_audio_of(BOTH, LONE(TRACK("01", TO)), AGENT_IS("c1"));
    check_audio_of(BOTH, LONE(TRACK("01", "")), CUSTOMER_IS("c1"));
    /* The only audio track beside others that are not audio. */
    check_audio_of(BOTH, SEGMENT(TRACKS(VIDEO("01", "") TRACK("02", "")) SAYS), CUSTOMER_IS("a2"));
    check_audio_of(BOTH, SEGMENT(TRACKS(VIDEO("01", FROM) TRACK("02", "")) SAYS),
                   CUSTOMER_IS("a2"));
    check_audio_of(BOTH, SEGMENT(TRACKS(VIDEO("01", FROM) TRACK("02", TO)) SAYS), AGENT_IS("a2"));
}

static void no_audio(void **state)
{
    (void)state;
    check_audio_of(BOTH, LONE(VIDEO("01", FROM)), NOTHING);
    check_audio_of(BOTH, LONE("AE(D7(01)" FROM ")"), NOTHING); /* no TrackType */
    check_audio_of(BOTH, SEGMENT(TRACKS("")), NOTHING);
    check_audio_of(BOTH, SEGMENT(""), NOTHING);
}

static void ambiguous_tracks(void **state)
{
    (void)state;
    struct {
        unsigned asked;
        const char *text;
    } rows[] = {
        {C, TWO("", "")},      {A, TWO("", "")},
        {C, TWO(TO, "")},      {A, TWO(FROM, "")},
        {C, TWO(FROM, FROM)},  {A, TWO(TO, TO)},
        {BOTH, TWO(FROM, "")}, {BOTH, TWO(TO, NAME("x"))},
        {C, TWO(TO, TO)},      {BOTH, TWO(NAME("a"), NAME("b"))},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        audio_asked = rows[i].asked;
        check_refused(rows[i].text, FAULT_AMBIGUOUS, "which track is the");
    }
    audio_asked = BOTH;
    /* The other channel's ambiguity is nobody's matter. */
    check_audio_of(C, TWO(FROM, ""), CUSTOMER_IS("c1"));
    check_audio_of(A, TWO(TO, NAME("x")), AGENT_IS("c1"));
    check_refused(TWO(NAME("one"), NAME("two")), FAULT_AMBIGUOUS, "1 \"one\", 2 \"two\"");
    /* Ambiguous only from the first block on. */
    check_audio_of(C, SEGMENT(TRACKS(TRACK("01", "") TRACK("02", ""))), NOTHING);
}

static void numbers_of_tracks(void **state)
{
    (void)state;
    check_refused(SEGMENT(TRACKS(TRACK("01", FROM) TRACK("01", TO))), FAULT_MALFORMED,
                  "same number");
    check_refused(SEGMENT(TRACKS(TRACK("01", FROM)) TRACKS(TRACK("01", TO))), FAULT_MALFORMED,
                  "same number");
    check_accepted(SEGMENT(TRACKS(TRACK("01", FROM))) SEGMENT(TRACKS(TRACK("01", TO))));
#define EIGHT                                                                                      \
    TRACK("01", "")                                                                                \
    TRACK("02", "") TRACK("03", "") TRACK("04", "") TRACK("05", "") TRACK("06", "")                \
        TRACK("07", "") TRACK("08", "")
    check_accepted(SEGMENT(TRACKS(EIGHT)) SEGMENT(TRACKS(EIGHT)));
    check_refused(SEGMENT(TRACKS(EIGHT VIDEO("09", ""))), FAULT_LIMIT, "TRACKS_MAX");
    check_refused(SEGMENT(TRACKS(EIGHT) TRACKS(TRACK("09", ""))), FAULT_LIMIT, "TRACKS_MAX");
    /* A Segment that brings its Tracks late has none before. */
    check_audio_of(C, SEGMENT("1254C367()" TRACKS(TRACK("01", FROM)) ONE_SAYS), CUSTOMER_IS("c1"));
}

static void formats_of_ours(void **state)
{
    (void)state;
    static const char *const good[] = {
        "86('A_PCM/INT/LIT')",
        "86('A_AAC')",
        "86('A_AAC' 00*27)",
        "86()",
        "E1()",
        "E1(B5(45FA0000))", /* 8000.0 */
        "E1(B5(40BF400000000000))",
        "E1(B5()9F()6264(10))",
        "E1(9F(01))",
        "E1(9F(00000001)6264(0010))",
        "E1(B5(472C4400)B5(45FA0000))", /* the last counts */
        "E1(B5(472C4400)B5())",         /* nothing said */
        "86('A_OPUS')86('A_AAC')",
        "E1(9F(02)9F(01))",
    };
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        char text[400];
        snprintf(text, sizeof text, SEGMENT(TRACKS("AE(D7(01)83(02)" FROM "%s)") ONE_SAYS),
                 good[i]);
        check_audio(text, CUSTOMER_IS("c1"));
    }
}

static void formats_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "86('A_PCM/INT/BIG')",
        "86('a_aac')",
        "86('A_OPUS')",
        "86('A_AAC/MPEG4/LC')",
        "86('A_MULAW')",
        "E1(B5(45FA0001))",
        "E1(B5(472C4400))",
        "E1(B5(00000000))",
        "E1(B5(40BF400000000001))",
        "E1(B5(7FC00000))",
        "E1(B5(C5FA0000))",
        "E1(9F(02))",
        "E1(9F(00))",
        "E1(6264(08))",
        "E1(6264(20))",
        "E1(6264())",
        "6D80()",
        "6D80(6240(5031(00)))",
        "E1(9F(0100000001))",
        "E1(6264(0100000010))",
        "E1(B5(0000000045FA0000))",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char text[400];
        snprintf(text, sizeof text, SEGMENT(TRACKS("AE(D7(01)83(02)" FROM "%s)") ONE_SAYS), bad[i]);
        check_refused(text, FAULT_UNSUPPORTED, "track 1 \"AUDIO_FROM_CUSTOMER\" cannot be read");
        /* Only a chosen track must be ours to read, and only when there is a block. */
        audio_asked = A;
        check_accepted(text);
        audio_asked = BOTH;
        snprintf(text, sizeof text, SEGMENT(TRACKS("AE(D7(01)83(02)" FROM "%s)")), bad[i]);
        check_accepted(text);
    }
    static const char *const floats[] = {"00",
                                         "0000",
                                         "45FA00",
                                         "45FA000000",
                                         "45FA00000000",
                                         "45FA0000000000",
                                         "45FA00000000000000"};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) {
        char text[400];
        snprintf(text, sizeof text, SEGMENT(TRACKS("AE(D7(01)E1(B5(%s)))")), floats[i]);
        check_refused(text, FAULT_MALFORMED, "0xb5");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(named_tracks),      cmocka_unit_test(a_lone_track),
        cmocka_unit_test(no_audio),          cmocka_unit_test(ambiguous_tracks),
        cmocka_unit_test(numbers_of_tracks), cmocka_unit_test(formats_of_ours),
        cmocka_unit_test(formats_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
