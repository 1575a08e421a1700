/* mu-law against ITU-T G.711 table 2a: its decision values, written out again from the table. */
#include "cut.h"
#include "media/g711.h"

/* Table 2a, column 6: decision values x1 to x128 begin eight segments at 0 (and 1), 31, 95, 223, 479,
 * 991, 2015, 4063, with 15 or 16 intervals of 2, 4, 8 ... 256; 8159 is the virtual end. They are of
 * 14-bit samples: ours are four times as large. */
static int decision[129];

static void write_decision_values(void)
{
    int at = 0;
    decision[at++] = 0;
    int value = 1;
    for (int segment = 0, step = 2; segment < 8; segment++, step *= 2)
        for (int i = segment == 0 ? 1 : 0; i < 16; i++, value += step)
            decision[at++] = value;
    decision[at] = value;
    assert_int_equal(at, 128);
}

/* The n of x(n) <= |sample| < x(n+1), searched by halves. */
static int interval(int sample)
{
    int magnitude = sample < 0 ? -sample : sample;
    int low = 0;
    int high = 128;
    while (high - low > 1) {
        int middle = (low + high) / 2;
        if (magnitude >= 4 * decision[middle])
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void decision_values_are_the_tables(void **state)
{
    (void)state;
    write_decision_values();
    static const int table[][2] = {{1, 1},      {2, 3},      {16, 31},   {17, 35},   {32, 95},
                                   {48, 223},   {64, 479},   {80, 991},  {96, 2015}, {112, 4063},
                                   {113, 4319}, {127, 7903}, {128, 8159}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_int_equal(decision[table[i][0]], table[i][1]);
}

static void every_sample(void **state)
{
    (void)state;
    write_decision_values();
    for (int sample = -32768; sample <= 32767; sample++) {
        /* Character signals of table 2a: 1 111 1111 for 0, all bits inverted, the sign bit 1 for
         * positive values. */
        int expected = (sample < 0 ? 0x7F : 0xFF) - interval(sample);
        if (g711_ulaw((int16_t)sample) != expected) fail_msg("sample %d", sample);
    }
}

static void typed_values(void **state)
{
    (void)state;
    /* Python 3.11's audioop.lin2ulaw agrees on all but -31611, which it halves downwards first. */
    static const int values[][2] = {
        {0, 0xFF},      {3, 0xFF},      {4, 0xFE},      {12, 0xFD},   {124, 0xEF},   {132, 0xEF},
        {140, 0xEE},    {380, 0xDF},    {1000, 0xCE},   {8000, 0xA0}, {16252, 0x8F}, {31612, 0x80},
        {32635, 0x80},  {32767, 0x80},  {-4, 0x7E},     {-124, 0x6F}, {-1000, 0x4E}, {-8000, 0x20},
        {-31611, 0x01}, {-32635, 0x00}, {-32768, 0x00},
    };
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        if (g711_ulaw((int16_t)values[i][0]) != values[i][1])
            fail_msg("%d gives %02x, not %02x", values[i][0], g711_ulaw((int16_t)values[i][0]),
                     (unsigned)values[i][1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decision_values_are_the_tables),
        cmocka_unit_test(every_sample),
        cmocka_unit_test(typed_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
