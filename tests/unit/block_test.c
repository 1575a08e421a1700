/* Block headers by RFC 9559 section 10, its own examples among them; READING.md section 6. */
#include <stdio.h>

#include "cut.h"
#include "doc.h"
#include "media/block.h"

struct block_state {
    struct block block;
    uint64_t left; /* of the block, from here */
    bool ready;
};

static uint64_t block_bytes; /* of the block that is being read */

static void block_reader_init(void *state)
{
    struct block_state *s = state;
    block_start(&s->block);
    s->left = block_bytes;
}

static enum cut_answer block_reader_next(void *state, struct span *in, struct cut_log *log)
{
    struct block_state *s = state;
    if (s->ready) {
        cut_payload(log, span_cut(in, in->len));
        return CUT_NEED;
    }
    size_t before = in->len;
    enum block_event event = block_next(&s->block, in, s->left - in->len);
    s->left -= before - in->len;
    if (event == BLOCK_NEED) return CUT_NEED;
    s->ready = event == BLOCK_READY;
    if (s->ready)
        cut_say(log, "track %llu time %d", (unsigned long long)s->block.track, s->block.timecode);
    else
        cut_say(log, "%s", s->block.wrong);
    return s->ready ? CUT_MORE : CUT_OVER;
}

static enum cut_answer block_reader_end(void *state, struct cut_log *log)
{
    (void)state;
    cut_say(log, "END");
    return CUT_OVER;
}

static const struct cut_reader block_reads = {sizeof(struct block_state), block_reader_init,
                                              block_reader_next, block_reader_end};

static void check_block(const char *text, const char *expected)
{
    struct span input = doc(text);
    block_bytes = input.len;
    cut_check(&block_reads, input, expected);
}

/* A block whose n bytes of sound are all 5A. */
static void check_laced(const char *text, int n)
{
    char expected[5000] = "track 1 time 0 =";
    for (int i = 0; i < n; i++)
        strcat(expected, "5a");
    strcat(expected, " END");
    check_block(text, expected);
}

/* An empty input is one that the reader must be asked about, too. */
static void check_empty(void)
{
    struct block b;
    struct span none = span_of(NULL, 0);
    block_start(&b);
    assert_int_equal(block_next(&b, &none, 1), BLOCK_NEED);
    assert_int_equal(block_next(&b, &none, 0), BLOCK_WRONG);
}

#define SHORT "is shorter than its own header"
#define LARGE "has laced frames that are larger than the block"
#define NO_TRACK "has no legal track number"
#define NO_SIZE "has a laced frame without a size"
#define NEGATIVE "has a laced frame of negative size"

static void plain_blocks(void **state)
{
    (void)state;
    check_block("81 0000 80 01020304", "track 1 time 0 =01020304 END");
    check_block("81 7FFF 00 05", "track 1 time 32767 =05 END");
    check_block("82 8000 80", "track 2 time -32768 END");
    check_block("81 FFFF 80 AA", "track 1 time -1 =aa END");
    /* Keyframe, invisible, discardable, reserved bits: not ours. */
    check_block("81 0040 F9 BBCC", "track 1 time 64 =bbcc END");
    check_empty();
}

static void track_numbers(void **state)
{
    (void)state;
    check_block("FE 0000 00 11", "track 126 time 0 =11 END");
    check_block("FF 0000 00 11", NO_TRACK);
    check_block("4080 0000 00 11", "track 128 time 0 =11 END");
    check_block("7FFE 0001 00 11", "track 16382 time 1 =11 END");
    check_block("7FFF 0001 00 11", NO_TRACK);
    check_block("200001 0002 00 11", "track 1 time 2 =11 END");
    check_block("3FFFFF 0002 00 11", NO_TRACK);
    check_block("1FFFFFFE 0003 00", "track 268435454 time 3 END");
    check_block("0800000001 0003 00", "track 1 time 3 END");
    check_block("040000000001 0003 00", "track 1 time 3 END");
    check_block("02000000000001 0003 00", "track 1 time 3 END");
    check_block("0123456789ABCDEF 8001 00 11", "track 9927935178558959 time -32767 =11 END");
    check_block("01FFFFFFFFFFFFFE 0000 00", "track 72057594037927934 time 0 END");
    check_block("01FFFFFFFFFFFFFF 0000 00", NO_TRACK);
    check_block("00 0000 00 11", NO_TRACK);
    check_block("80 0000 00 11", "track 0 time 0 =11 END");
}

static void xiph_lacing(void **state)
{
    (void)state;
    /* RFC 9559 section 10.3.2: frames of 800, 500 and 1000 bytes. */
    check_laced("81 0000 02 02 FFFFFF23 FFF5 5A*2300", 2300);
    check_block("81 0000 82 00 0102", "track 1 time 0 =0102 END");
    check_block("81 0000 02 02 00 00 ", "track 1 time 0 END");
    check_block("81 0000 02 01 02 0102", "track 1 time 0 =0102 END"); /* the last is empty */
    check_block("81 0000 02 01 03 0102", LARGE);
    check_block("81 0000 02 02 01 02 0102", LARGE);
    check_laced("81 0000 02 01 FF00 5A*255", 255);
    check_laced("81 0000 02 01 FE 5A*254", 254);
    check_block("81 0000 02 01 FE 5A*253", LARGE);
    check_block("81 0000 02 01 FF00 01*254", LARGE);
    check_block("81 0000 02 01 FFFFFF", SHORT);
    check_block("81 0000 02 FF 00*255", "track 1 time 0 END");
    check_block("81 0000 02 FF 00*254", SHORT);
}

static void ebml_lacing(void **state)
{
    (void)state;
    /* RFC 9559 section 10.3.3: 800 = 4320, then 500 - 800 = -300 = 5ED3, then 1000. */
    check_laced("81 0000 06 02 4320 5ED3 5A*2300", 2300);
    check_block("81 0000 06 02 4320 5ED3 5A*1299", LARGE);
    check_laced("81 0000 06 02 4320 5ED3 5A*1300", 1300);
    /* One byte holds -63 to 63: 80 is -63, BF is 0, FE is 63. */
    check_block("81 0000 86 03 82 BF BE 0102030405", "track 1 time 0 =0102030405 END");
    check_laced("81 0000 06 02 BF 80 5A*63", 63);
    check_block("81 0000 06 02 BE 80 01*62", NEGATIVE);
    check_block("81 0000 06 02 81 BD 01", NEGATIVE);
    check_laced("81 0000 06 02 80 FE 5A*63 ", 63);
    check_block("81 0000 06 02 80 FE 01*62", LARGE);
    check_block("81 0000 06 00 0102", "track 1 time 0 =0102 END");
    check_block("81 0000 06 01 FF 01", NO_SIZE);
    check_block("81 0000 06 02 81 FF 01", NO_SIZE);
    check_block("81 0000 06 02 81 7FFF 01", NO_SIZE);
    check_block("81 0000 06 01 00 01", NO_SIZE);
    check_block("81 0000 06 02 81 00 01", NO_SIZE);
    check_block("81 0000 06 01 01FFFFFFFFFFFFFE 01", LARGE);
    check_block("81 0000 06 02 81 01FFFFFFFFFFFFFE 01", LARGE);
    check_block("81 0000 06 02 81 0100000000000000 01", NEGATIVE);
    /* 0 in every width is half the range: 5FFF, 2FFFFF ... 01 7FFFFFFFFFFFFF has 56 bits, half 55. */
    check_block("81 0000 06 02 82 5FFF 01020304", "track 1 time 0 =01020304 END");
    check_block("81 0000 06 02 82 2FFFFF 01020304", "track 1 time 0 =01020304 END");
    check_block("81 0000 06 02 82 017FFFFFFFFFFFFF 01020304", "track 1 time 0 =01020304 END");
    check_block("81 0000 06 02 82 0180000000000000 0102030405", "track 1 time 0 =0102030405 END");
    check_block("81 0000 06 02 82 0180000000000000 01020304", LARGE);
}

static void fixed_lacing(void **state)
{
    (void)state;
    check_block("81 0000 04 02 010203", "track 1 time 0 =010203 END");
    check_block("81 0000 84 02 01020304", "has fixed lacing that does not divide it");
    check_block("81 0000 04 02", "track 1 time 0 END");
    check_block("81 0000 04 00 01", "track 1 time 0 =01 END");
    check_block("81 0000 04 FF 01*255", "has fixed lacing that does not divide it");
}

/* Every prefix of a header is shorter than its own header, and nothing else. */
static void cut_off_headers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t header;
    } blocks[] = {
        {"81 0000 80", 4},
        {"0100000000000005 0000 80", 11},
        {"81 0000 02 02 FF01 FF02", 9},
        {"81 0000 06 03 80 5FFF 2FFFFF", 11},
        {"81 0000 04 01", 5},
    };
    for (size_t i = 0; i < sizeof blocks / sizeof *blocks; i++) {
        struct span whole = doc(blocks[i].text);
        for (size_t n = 1; n < blocks[i].header; n++) {
            block_bytes = n;
            const char *log = cut_read(&block_reads, span_of(whole.at, n), 1, 1).text;
            /* A frame of 256 bytes is too large before the sizes are all there. */
            if (i == 2 && n > 6)
                assert_string_equal(log, LARGE);
            else
                assert_string_equal(log, SHORT);
            cut_same(&block_reads, span_of(whole.at, n));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_blocks), cmocka_unit_test(track_numbers),
        cmocka_unit_test(xiph_lacing),  cmocka_unit_test(ebml_lacing),
        cmocka_unit_test(fixed_lacing), cmocka_unit_test(cut_off_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
