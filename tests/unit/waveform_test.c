/* Peaks by place, for any length, cut anywhere. */
#include <stdlib.h>

#include "cut.h"
#include "media/waveform.h"

static struct waveform w;

static void add_samples(enum channel channel, int value, size_t count, size_t piece)
{
    uint8_t bytes[2 * 64];
    uint8_t pair[2] = {(uint8_t)(value & 0xFF), (uint8_t)(value >> 8 & 0xFF)};
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = pair[i % 2];
    for (size_t left = 2 * count, at = 0; left > 0;) {
        size_t n = left < piece ? left : piece;
        uint8_t *block = cut_copy(span_of(bytes + at % 2, n));
        waveform_add(&w, channel, span_of(block, n));
        free(block);
        left -= n;
        at += n;
    }
}

static void peaks_are_where_the_sound_is(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < 100; piece += 7) {
        waveform_init(&w);
        waveform_move(&w, CHANNEL_CUSTOMER, 0);
        add_samples(CHANNEL_CUSTOMER, 100, 640, piece);
        add_samples(CHANNEL_CUSTOMER, -200, 640, piece);
        waveform_move(&w, CHANNEL_AGENT, 640);
        add_samples(CHANNEL_AGENT, -32768, 640, piece);
        assert_int_equal(w.samples, 1280);
        assert_int_equal(waveform_peak(&w, CHANNEL_CUSTOMER, 0, 2), 100);
        assert_int_equal(waveform_peak(&w, CHANNEL_CUSTOMER, 1, 2), 200);
        assert_int_equal(waveform_peak(&w, CHANNEL_CUSTOMER, 0, 1), 200);
        assert_int_equal(waveform_peak(&w, CHANNEL_AGENT, 0, 2), 0);
        assert_int_equal(waveform_peak(&w, CHANNEL_AGENT, 1, 2), 32768);
        for (size_t i = 0; i < 80; i++)
            assert_int_equal(waveform_peak(&w, CHANNEL_CUSTOMER, i, 80), i < 40 ? 100 : 200);
    }
}

static void a_sample_across_two_pieces_and_blocks(void **state)
{
    (void)state;
    waveform_init(&w);
    waveform_move(&w, CHANNEL_CUSTOMER, 0);
    waveform_add(&w, CHANNEL_CUSTOMER, span_of("\x34", 1));
    waveform_move(&w, CHANNEL_CUSTOMER, 0);
    waveform_add(&w, CHANNEL_CUSTOMER, span_of("\x12\xFF", 2));
    assert_int_equal(w.samples, 1);
    assert_int_equal(waveform_peak(&w, CHANNEL_CUSTOMER, 0, 1), 0x1234);
}

/* The same, however long: a loud tenth among ten. */
static void any_length(void **state)
{
    (void)state;
    for (size_t tenth = 8; tenth < 60000; tenth = tenth * 3 + 1) {
        waveform_init(&w);
        waveform_move(&w, CHANNEL_AGENT, 0);
        for (int i = 0; i < 10; i++)
            add_samples(CHANNEL_AGENT, i == 7 ? 5000 : 10, tenth, 64);
        assert_int_equal(w.samples, 10 * tenth);
        assert_int_equal(waveform_peak(&w, CHANNEL_AGENT, 0, 1), 5000);
        if (tenth < 640) continue; /* each stretch at least ten buckets */
        for (size_t i = 0; i < 10; i++)
            if (i < 6 || i > 8) assert_int_equal(waveform_peak(&w, CHANNEL_AGENT, i, 10), 10);
        assert_int_equal(waveform_peak(&w, CHANNEL_AGENT, 7, 10), 5000);
    }
    /* A position very far away ends. */
    waveform_init(&w);
    waveform_move(&w, CHANNEL_CUSTOMER, UINT64_C(1) << 50);
    add_samples(CHANNEL_CUSTOMER, 77, 1, 64);
    assert_int_equal(w.samples, (UINT64_C(1) << 50) + 1);
    assert_int_equal(waveform_peak(&w, CHANNEL_CUSTOMER, 0, 1), 77);
    assert_int_equal(waveform_peak(&w, CHANNEL_CUSTOMER, 79, 80), 77);
}

/* One loud sample, wherever it lies: it stays, and stays where it is, however long it gets. */
static void a_click_stays(void **state)
{
    (void)state;
    for (size_t click = 1; click < 66000; click = click * 2 + 31) {
        waveform_init(&w);
        waveform_move(&w, CHANNEL_CUSTOMER, click - 1);
        add_samples(CHANNEL_CUSTOMER, -3000, 1, 64);
        add_samples(CHANNEL_CUSTOMER, 7, 600000, 64);
        size_t found = 0;
        for (size_t i = 0; i < 100; i++)
            found += waveform_peak(&w, CHANNEL_CUSTOMER, i, 100) == 3000;
        assert_int_equal(found, 1);
        assert_int_equal(waveform_peak(&w, CHANNEL_CUSTOMER, 100 * (click - 1) / w.samples, 100),
                         3000);
    }
}

static void nothing(void **state)
{
    (void)state;
    waveform_init(&w);
    for (size_t i = 0; i < 80; i++)
        assert_int_equal(waveform_peak(&w, CHANNEL_CUSTOMER, i, 80), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(peaks_are_where_the_sound_is),
        cmocka_unit_test(a_sample_across_two_pieces_and_blocks),
        cmocka_unit_test(any_length),
        cmocka_unit_test(a_click_stays),
        cmocka_unit_test(nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
