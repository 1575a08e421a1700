/* Faults these tests have found, each by its name (meson runs each alone: some end in an abort). */
#include <stdio.h>

#include "audio_reader.h"
#include "mixing.h"
#include "piping.h"

/* mixer.h: aligned by time. An agent who was heard first, in blocks that come second. */
static void agent_earlier_than_customer(void **state)
{
    (void)state;
    CHECK_MIXING(stereo_join, " L 0*800 1-1024 R 10001-11024 0*800", {C, 0, 1024}, {A, -100, 1024},
                 {C, 64, 1024}, {A, -36, 1024});
    assert_int_equal(mixer.timeline.gap_count, 0);
    CHECK_MIXING(stereo_silence, " L 0*800 1-1024 R 10001-11024 0*800", {C, 0, 1024},
                 {A, -100, 1024}, {C, 64, 1024}, {A, -36, 1024});
    assert_int_equal(mixer.timeline.gap_count, 0);
}

/* mixer.h: nothing is ever dropped. A clock set back to before the first block, nothing given: it starts
 * anew there, for the agent too. */
static void a_channel_put_back_over_itself(void **state)
{
    (void)state;
    CHECK_MIXING(stereo_join, " L 1-1512 R 0*1512", {C, 0, 2000}, {C, -12.5, 1024});
    CHECK_MIXING(stereo_join, " L 1-2048 0*672 R 0*1696 10001-11024", {C, 0, 2048}, {C, -20, 2048},
                 {A, 64, 2048});
}

/* The same for any times: each channel comes out whole and in order. */
static void nothing_is_dropped_at_random(void **state)
{
    (void)state;
    uint32_t seed = 99;
    for (int round = 0; round < 300; round++) {
        struct mixing how = stereo_join;
        how.gaps = round % 2 ? GAPS_SILENCE : GAPS_JOIN;
        mixing_begin(&how);
        for (int i = 0; i < 12; i++) {
            struct said s = {cut_random(&seed) % 2 ? C : A, 0, 0};
            s.ms = cut_random(&seed) % 600;
            s.bytes = cut_random(&seed) % 3000;
            assert_true(mixing_say(&how, &s));
        }
        mixing_end();
        int next[CHANNEL_COUNT] = {1, FIRST_OF_AGENT};
        for (size_t at = 0; at < mixed_len / 2; at++) {
            int sample = (int16_t)(mixed[2 * at] | mixed[2 * at + 1] << 8);
            if (sample != 0) assert_int_equal(sample, next[at % 2]++);
        }
        assert_int_equal(next[C] - 1, spoken[C] / 2);
        assert_int_equal(next[A] - FIRST_OF_AGENT, spoken[A] / 2);
    }
}

/* Legal by READING.md 6.4 in two documents of different TimecodeScale; ns - 62500 leaves 63 bits. */
static void times_far_apart(void **state)
{
    (void)state;
    mixing_begin(&one_join);
    assert_true(mixer_block(&mixer, C, 0));
    (void)mixer_block(&mixer, C, INT64_MIN + 1);
    mixing_begin(&one_join);
    assert_true(mixer_block(&mixer, C, 0));
    (void)mixer_block(&mixer, C, INT64_MAX);
}

/* budget.h: "Half of that is a gap, less is not." */
static void a_gap_of_half_a_block(void **state)
{
    (void)state;
    CHECK_MIXING(one_silence, " 1-512 0*256 513-1024", {C, 0, 1024}, {C, 96, 1024});
}

#define SAY(uid, ms, sound, tags)                                                                  \
    SEGMENT(UID(uid) CUSTOMER_TRACK CLUSTER(ms, BLOCK("81", "0000", sound)) tags)

/* Nothing can be taken back from a stream: no cut, and the recording says what was given. */
static void salvaging_a_stream(void **state)
{
    (void)state;
    static struct piped piped;
    struct pipeline_options any = options_of("");
    any.salvage = true;
    struct span whole = doc(SEGMENT(CONTACT("c") CUSTOMER_TRACK "1F43B675<" BLOCK(
        "81", "0000", "11112222") BLOCK("81", "0000", "33334444") ">"));
    for (size_t cut = 0; cut < 9; cut++) {
        recording_init(&recording, &any.contact);
        pipe_pass(PIPELINE_STREAM, &any, span_of(whole.at, whole.len - cut), 3, &piped);
        assert_true(piped.whole);
        assert_int_equal(piped.cuts, 0);
        assert_true(recording.bytes >= 4);
        assert_int_equal(recording.bytes, piped.len);
    }
}

/* pipeline.h: "gives just what was surveyed", also when that was nothing of anybody. */
static void delivering_nobody(void **state)
{
    (void)state;
    static struct piped piped;
    struct pipeline_options any = options_of("");
    struct span in = doc(SAY("AA", "00", "1111", ""));
    recording_init(&recording, &any.contact);
    pipe_pass(PIPELINE_SURVEY, &any, in, 5, &piped);
    assert_true(piped.whole);
    pipe_pass(PIPELINE_DELIVER, &any, in, 5, &piped);
    assert_true(piped.whole);
    assert_int_equal(piped.len, 0);
}

/* --gaps silence: the gap that is counted is also filled, in one channel as in two. */
static void an_empty_block_behind_a_gap(void **state)
{
    (void)state;
    static struct piped piped;
    struct pipeline_options any = options_of("");
    any.gaps = GAPS_SILENCE;
    pipe_both(&any, doc(SAY("AA", "00", "1111", CONTACT("c")) SAY("AA", "40", "", "")), &piped);
    assert_int_equal(recording.gaps, 1);
    assert_int_equal(piped.len, 2 + 2 * 511);
}

/* READING.md 1.1: refused from that byte on; not cut off, but never a recording. */
static void one_byte_that_is_no_id(void **state)
{
    (void)state;
    check_audio("80", "FAULT not Matroska@0");
    check_audio("FF", "FAULT not Matroska@0");
    check_audio("08", "FAULT not Matroska@0");
}

/* The element id in the words of a fault is the id, without bytes of its size. */
static void the_id_of_a_header_cut_off(void **state)
{
    (void)state;
    check_refused("18538067<A3 40>", FAULT_TRUNCATED, "element 0xa3 ");
    check_refused("18538067<42AA 10 00>", FAULT_TRUNCATED, "element 0x42aa ");
    check_refused("18538067<EC 01 00 00 00 00>", FAULT_TRUNCATED, "element 0xec ");
    check_refused("18538067<2AD7B1 40>", FAULT_TRUNCATED, "element 0x2ad7b1 ");
}

/* connect_audio.h: AUDIO_FAULT, "and again for every later call". */
static void faults_stay(void **state)
{
    (void)state;
    static const char *const inputs[] = {
        "18538067<1F43B675<E7 82 00>>",
        "18538067<1F43B675<A3 84 81>>",
        "18538067<1654AE6B(AE(D7(01)83(02)))1F43B675<A3 8A 81 0000 80 11>>",
        "18538067<EC 82 00>",
        "18538067<A3>",
        "18538067 82 EC"};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) {
        static struct connect_audio a;
        struct span in = doc(inputs[i]);
        struct span pcm;
        connect_audio_init(&a, 3);
        while (connect_audio_next(&a, &in, &pcm) != AUDIO_NEED) {
        }
        assert_int_equal(connect_audio_end(&a), AUDIO_FAULT);
        assert_int_equal(connect_audio_end(&a), AUDIO_FAULT);
        in = doc("00000000");
        assert_int_equal(connect_audio_next(&a, &in, &pcm), AUDIO_FAULT);
    }
}

#define NAMED(test) cmocka_unit_test(test)

int main(int count, char **arguments)
{
    const struct CMUnitTest tests[] = {
        NAMED(agent_earlier_than_customer),
        NAMED(a_channel_put_back_over_itself),
        NAMED(nothing_is_dropped_at_random),
        NAMED(times_far_apart),
        NAMED(a_gap_of_half_a_block),
        NAMED(salvaging_a_stream),
        NAMED(delivering_nobody),
        NAMED(an_empty_block_behind_a_gap),
        NAMED(one_byte_that_is_no_id),
        NAMED(the_id_of_a_header_cut_off),
        NAMED(faults_stay),
    };
    cmocka_set_test_filter(count > 1 ? arguments[1] : "*");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
