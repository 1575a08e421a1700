/* One channel and two: places, gaps, skew, halves; timeline.h and mixer.h say what is right. */
#include "mixing.h"

static void one_channel(void **state)
{
    (void)state;
    CHECK_MIXING(one_join, " 1-1024", {C, 0, 1024}, {C, 64, 1024});
    CHECK_MIXING(one_join, " 1-1024", {C, 1726676488724., 1024}, {C, 1726676488788., 1024});
    assert_int_equal(mixer.timeline.gap_count, 0);
    CHECK_MIXING(one_silence, " 1-1536", {C, 500, 1024}, {C, 574, 1024},
                 {C, 618, 1024}); /* trembling */
    CHECK_MIXING(one_silence, " 1-1024", {C, 0, 1024}, {C, 64 + 31.9, 1024});
    assert_int_equal(mixer.timeline.gap_count, 0);
    CHECK_MIXING(one_silence, " 1-512", {C, 0, 0}, {C, 0, 1024}, {C, 64, 0});
}

static void gaps_of_one_channel(void **state)
{
    (void)state;
    CHECK_MIXING(one_join, " 1-1024", {C, 0, 1024}, {C, 128, 1024});
    assert_int_equal(mixer.timeline.gap_count, 1);
    assert_int_equal(mixer.timeline.gap_samples, 512);
    CHECK_MIXING(one_silence, " 1-512 0*512 513-1024 0*8000 1025-1536", {C, 0, 1024},
                 {C, 128, 1024}, {C, 1192, 1024});
    assert_int_equal(mixer.timeline.gap_count, 2);
    assert_int_equal(mixer.timeline.gap_samples, 8512);
    CHECK_MIXING(one_silence, " 1-512 0*264 513-1024", {C, 0, 1024}, {C, 64 + 33, 1024});
    CHECK_MIXING(one_join, " 1-1536", {C, 0, 1024}, {C, 5064, 1024}, {C, 5128, 1024});
    assert_int_equal(mixer.timeline.gap_count, 1);
    /* Drift adds up until it is a gap. */
    CHECK_MIXING(one_join, " 1-2560", {C, 0, 1024}, {C, 74, 1024}, {C, 148, 1024}, {C, 222, 1024},
                 {C, 296, 1024});
    assert_int_equal(mixer.timeline.gap_count, 1);
}

static void a_clock_set_back(void **state)
{
    (void)state;
    CHECK_MIXING(one_silence, " 1-2048", {C, 60000, 1024}, {C, 10000, 1024}, {C, 10064, 1024},
                 {C, 10128, 1024});
    assert_int_equal(mixer.timeline.gap_count, 0);
    assert_int_equal(mixer.late_count, 0);
    CHECK_MIXING(one_silence, " 1-1024 0*800 1025-1536", {C, 60000, 1024}, {C, 10000, 1024},
                 {C, 10164, 1024});
    CHECK_MIXING(stereo_silence, " L 1-1024 R 10001-11024", {C, 60000, 1024}, {A, 60000, 1024},
                 {C, 10000, 1024}, {A, 10000, 1024});
    assert_int_equal(mixer.late_count, 0);
}

static void gaps_that_cannot_be_filled(void **state)
{
    (void)state;
    const double day = 24. * 3600 * 1000;
    struct mixing how = one_silence;
    how.measure = true;
    const struct said begin = {C, 0, 0}, at_limit = {C, day, 0}, beyond = {C, 2 * day + 2, 0};
    mixing_begin(&how);
    assert_true(mixing_say(&how, &begin));
    assert_true(mixing_say(&how, &at_limit));
    assert_false(mixing_say(&how, &beyond));
    mixing_begin(&one_join);
    assert_true(mixing_say(&one_join, &begin));
    assert_true(mixing_say(&one_join, &beyond));
    assert_false(mixer_block(&mixer, C, INT64_MIN));
    mixing_begin(&one_join);
    assert_true(mixer_block(&mixer, C, INT64_MIN));
    assert_false(mixer_block(&mixer, C, INT64_MAX));
    assert_false(mixer_block(&mixer, C, 0));
    assert_true(mixer_block(&mixer, C, -200000));
}

static void two_channels_aligned(void **state)
{
    (void)state;
    CHECK_MIXING(stereo_join, " L 1-1024 R 10001-11024", {C, 0, 1024}, {A, 0, 1024}, {C, 64, 1024},
                 {A, 64, 1024});
    CHECK_MIXING(stereo_join, " L 1-1024 R 10001-11024", {C, 0, 2048}, {A, 0, 2048});
    CHECK_MIXING(stereo_join, " L 1-1024 R 10001-11024", {A, 0, 1024}, {A, 64, 1024}, {C, 0, 2048});
    /* The agent comes later, or falls silent; the customer goes on. */
    CHECK_MIXING(stereo_join, " L 1-1024 R 0*512 10001-10512", {C, 0, 1024}, {C, 64, 1024},
                 {A, 64, 1024});
    CHECK_MIXING(stereo_join, " L 1-16512 R 0*16000 10001-10512", {C, 0, 32000}, {C, 2000, 1024},
                 {A, 2000, 1024});
    assert_int_equal(mixer.timeline.gap_count, 0);
    CHECK_MIXING(stereo_join, " L 0*512 1-512 R 10001-10512 0*512", {A, 0, 1024}, {C, 64, 1024});
    CHECK_MIXING(stereo_join, " L 1-20000 R 0*20000", {C, 0, 40000});
    CHECK_MIXING(stereo_join, " L 0*20000 R 10001-30000", {A, 0, 40000});
    /* An agent that begins a little earlier trembles only. */
    CHECK_MIXING(stereo_join, " L 1-512 R 10001-10512", {C, 20, 1024}, {A, 0, 1024});
}

static void gaps_of_two_channels(void **state)
{
    (void)state;
    CHECK_MIXING(stereo_silence, " L 1-512 0*8000 513-1024 R 10001-10512 0*8000 10513-11024",
                 {C, 0, 1024}, {A, 0, 1024}, {C, 1064, 1024}, {A, 1064, 1024});
    assert_int_equal(mixer.timeline.gap_count, 1);
    CHECK_MIXING(stereo_join, " L 1-1024 R 10001-11024", {C, 0, 1024}, {A, 0, 1024},
                 {C, 1064, 1024}, {A, 1064, 1024});
    assert_int_equal(mixer.timeline.gap_count, 1);
    assert_int_equal(mixer.timeline.gap_samples, 8000);
    /* A gap is where no channel has sound. */
    CHECK_MIXING(stereo_join, " L 1-512 0*8000 513-1024 R 10001-19024", {C, 0, 1024}, {A, 0, 17024},
                 {C, 1064, 1024}, {A, 1064, 1024});
    assert_int_equal(mixer.timeline.gap_count, 0);
    /* Longer than the ring. */
    CHECK_MIXING(stereo_silence, " L 1-512 0*40000 513-1024 R 10001-10512 0*40512", {C, 0, 1024},
                 {A, 0, 1024}, {C, 5064, 1024});
}

static void skew_beyond_the_ring(void **state)
{
    (void)state;
    /* 3 s of one, 2.048 s of them held: what the other says of the beginning comes where the output
     * is, and is counted; nothing is dropped. */
    CHECK_MIXING(stereo_join, " L 1-24000 R 0*7616 10001-10512 0*15872", {C, 0, 48000},
                 {A, 0, 1024});
    assert_int_equal(mixer.late_count, 1);
    CHECK_MIXING(stereo_join, " L 1-24000 R 0*7616 10001-12560 0*13824", {C, 0, 48000},
                 {A, 0, 1024}, {A, 64, 4096});
    assert_int_equal(mixer.late_count, 2);
    /* Behind what is held it is in time. */
    CHECK_MIXING(stereo_join, " L 1-24000 R 0*8000 10001-10512 0*15488", {C, 0, 48000},
                 {A, 1000, 1024});
    assert_int_equal(mixer.late_count, 0);
    CHECK_MIXING(stereo_join, " L 0*3616 1-512 0*15872 R 10001-30000", {A, 0, 40000}, {C, 0, 1024});
    assert_int_equal(mixer.late_count, 1);
}

static void halves_of_samples(void **state)
{
    (void)state;
    CHECK_MIXING(one_join, " 1-512", {C, 0, 1}, {C, 0, 1}, {C, 0, 3}, {C, 0, 1019});
    assert_int_equal(mixer_halves(&mixer), 0);
    CHECK_MIXING(one_join, " 1-511", {C, 0, 1023});
    assert_int_equal(mixer_halves(&mixer), 1);
    CHECK_MIXING(one_join, "", {C, 0, 1});
    CHECK_MIXING(stereo_join, " L 1-1024 R 10001-11024", {C, 0, 1023}, {A, 0, 1021}, {A, 64, 1027},
                 {C, 64, 1025});
    assert_int_equal(mixer_halves(&mixer), 0);
    CHECK_MIXING(stereo_join, " L 1-511 R 10001-10510 0*1", {C, 0, 1023}, {A, 0, 1021});
    assert_int_equal(mixer_halves(&mixer), 2);
}

static void sums(void **state)
{
    (void)state;
    CHECK_MIXING(mix_silence, " 10002-10002 10004-10004 10006-10006 4-4", {C, 0, 8}, {A, 0, 6});
    CHECK_MIXING(mix_silence, " 1-4 0*512 10001-10002", {C, 0, 8}, {A, 64.5, 4});
    static const int16_t pairs[][3] = {
        {32767, 1, 32767}, {-32768, -1, -32768}, {32767, 32767, 32767}, {-32768, -32768, -32768},
        {-5, 3, -2},       {32767, -32768, -1},  {16384, 16383, 32767}, {16384, 16384, 32767}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        mixing_begin(&mix_silence);
        for (enum channel c = 0; c < CHANNEL_COUNT; c++) {
            uint8_t bytes[2] = {(uint8_t)(pairs[i][c] & 0xFF), (uint8_t)(pairs[i][c] >> 8 & 0xFF)};
            struct span in = span_of(bytes, 2);
            struct span out;
            assert_true(mixer_block(&mixer, c, 0));
            while (mixer_next(&mixer, &in, &out) == MIXER_SOUND)
                mixing_collect(out);
        }
        mixing_end();
        assert_int_equal(mixed_len, 2);
        assert_int_equal((int16_t)(mixed[0] | mixed[1] << 8), pairs[i][2]);
    }
}

static void say_all(const struct mixing *how, const struct said *script, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (how->layout != MIXER_ONE || script[i].channel == C)
            assert_true(mixing_say(how, &script[i]));
}

/* Going back to a copy: as if what was said since had never been said. What is held lies across the
 * ring's edge; afterwards both speak, or one, or there is silence. */
static void going_back(void **state)
{
    (void)state;
    static struct mixer saved;
    static struct mixer_ring saved_ring;
    static uint8_t straight[MIXED_BYTES];
    static const struct said before[] = {{C, 0, 40000}, {A, 0, 20001}},
                             other[] = {{A, 1300, 60000}, {C, 5000, 50000}, {A, 6000, 1}},
                             after[][2] = {{{C, 2500, 20000}, {A, 1250, 30001}},
                                           {{C, 2500, 9000}, {C, 4000, 9000}},
                                           {{A, 3500, 2000}, {C, 9000, 20}}};
    for (int world = 0; world < 9; world++) {
        struct mixing how = {.layout = (enum mixer_layout)(world % 3), .gaps = GAPS_SILENCE};
        how.asked = how.layout == MIXER_ONE ? 1 : 3;
        size_t straight_len = 0;
        for (int detours = 0; detours < 3; detours++) {
            mixing_begin(&how);
            memset(&saved, 0, sizeof saved);
            memset(&saved_ring, 0, sizeof saved_ring);
            saved.ring = how.layout == MIXER_ONE ? NULL : &saved_ring;
            say_all(&how, before, 2);
            mixer_copy(&saved, &mixer);
            size_t len = mixed_len;
            unsigned said_so_far[] = {spoken[C], spoken[A]};
            for (int i = 0; i < detours; i++) {
                say_all(&how, other, 3);
                mixer_copy(&mixer, &saved);
                mixed_len = len;
                memcpy(spoken, said_so_far, sizeof spoken);
            }
            say_all(&how, after[world / 3], 2);
            mixing_end();
            if (detours == 0) {
                straight_len = mixed_len;
                memcpy(straight, mixed, mixed_len);
            }
            assert_int_equal(mixed_len, straight_len);
            assert_memory_equal(mixed, straight, mixed_len);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_channel),
        cmocka_unit_test(gaps_of_one_channel),
        cmocka_unit_test(a_clock_set_back),
        cmocka_unit_test(gaps_that_cannot_be_filled),
        cmocka_unit_test(two_channels_aligned),
        cmocka_unit_test(gaps_of_two_channels),
        cmocka_unit_test(skew_beyond_the_ring),
        cmocka_unit_test(halves_of_samples),
        cmocka_unit_test(sums),
        cmocka_unit_test(going_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
