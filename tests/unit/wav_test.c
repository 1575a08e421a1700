/* WAV headers typed from RIFF MCI (1991) 2-3 and 3-56, mmreg.h, EBU Tech 3306 (RF64). */
#include "cut.h"
#include "doc.h"
#include "media/wav.h"

static void check_header(struct wav_format format, uint64_t data_bytes, const char *expected)
{
    uint8_t *block = test_malloc(WAV_HEADER_BYTES_MAX);
    struct writer w = writer_on(block, WAV_HEADER_BYTES_MAX);
    wav_header(&w, format, data_bytes);
    struct span should = doc(expected);
    assert_false(w.full);
    assert_int_equal(w.len, should.len);
    assert_memory_equal(block, should.at, should.len);
    test_free(block);
}

static const struct wav_format pcm_mono = {WAV_PCM, 1}, pcm_stereo = {WAV_PCM, 2},
                               ulaw_mono = {WAV_ULAW, 1}, ulaw_stereo = {WAV_ULAW, 2};

#define FMT_PCM_MONO "'fmt ' 10000000 0100 0100 401F0000 803E0000 0200 1000"
#define FMT_PCM_STEREO "'fmt ' 10000000 0100 0200 401F0000 007D0000 0400 1000"
#define FMT_ULAW_MONO "'fmt ' 12000000 0700 0100 401F0000 401F0000 0100 0800 0000"
#define FMT_ULAW_STEREO "'fmt ' 12000000 0700 0200 401F0000 803E0000 0200 0800 0000"

static void pcm(void **state)
{
    (void)state;
    check_header(pcm_mono, 2, "'RIFF' 26000000 'WAVE'" FMT_PCM_MONO "'data' 02000000");
    check_header(pcm_mono, 0, "'RIFF' 24000000 'WAVE'" FMT_PCM_MONO "'data' 00000000");
    check_header(pcm_stereo, 0x01020304, "'RIFF' 28030201 'WAVE'" FMT_PCM_STEREO "'data' 04030201");
}

static void ulaw(void **state)
{
    (void)state;
    check_header(ulaw_mono, 8000,
                 "'RIFF' 721F0000 'WAVE'" FMT_ULAW_MONO "'fact' 04000000 401F0000 'data' 401F0000");
    /* A pad byte follows odd data: RIFF's size counts it, data's does not. */
    check_header(ulaw_mono, 3,
                 "'RIFF' 36000000 'WAVE'" FMT_ULAW_MONO "'fact' 04000000 03000000 'data' 03000000");
    check_header(ulaw_stereo, 6,
                 "'RIFF' 38000000 'WAVE'" FMT_ULAW_STEREO
                 "'fact' 04000000 03000000 'data' 06000000");
}

static void pads(void **state)
{
    (void)state;
    assert_true(wav_pads(1));
    assert_true(wav_pads(0xFFFFFFFFF));
    assert_false(wav_pads(0));
    assert_false(wav_pads(2));
    assert_false(wav_pads(WAV_UNKNOWN));
}

static void unknown_length(void **state)
{
    (void)state;
    check_header(pcm_mono, WAV_UNKNOWN, "'RIFF' FFFFFFFF 'WAVE'" FMT_PCM_MONO "'data' FFFFFFFF");
    check_header(ulaw_stereo, WAV_UNKNOWN,
                 "'RIFF' FFFFFFFF 'WAVE'" FMT_ULAW_STEREO
                 "'fact' 04000000 FFFFFFFF 'data' FFFFFFFF");
}

/* RF64 where the RIFF size would not be below FFFFFFFF, which says "see ds64". */
static void rf64(void **state)
{
    (void)state;
    /* 4 "WAVE" + 24 fmt + 8 data = 36 behind the size */
    check_header(pcm_mono, 0xFFFFFFFE - 36,
                 "'RIFF' FEFFFFFF 'WAVE'" FMT_PCM_MONO "'data' DAFFFFFF");
    check_header(pcm_stereo, 0x100000000 - 36 + 0,
                 "'RF64' FFFFFFFF 'WAVE' 'ds64' 1C000000 2400000001000000 DCFFFFFF00000000"
                 "F7FFFF3F00000000 00000000" FMT_PCM_STEREO "'data' FFFFFFFF");
    check_header(pcm_mono, 0x100000000,
                 "'RF64' FFFFFFFF 'WAVE' 'ds64' 1C000000 4800000001000000"
                 "0000000001000000 0000008000000000 00000000" FMT_PCM_MONO "'data' FFFFFFFF");
    /* a thousand days of stereo */
    check_header(pcm_stereo, 2764800000000,
                 "'RF64' FFFFFFFF 'WAVE' 'ds64' 1C000000 4800ECBA83020000"
                 "0000ECBA83020000 0000BBEEA0000000 00000000" FMT_PCM_STEREO "'data' FFFFFFFF");
    /* 4 + 26 fmt + 12 fact + 8 data = 50; an odd length has its pad byte counted */
    check_header(ulaw_mono, 0xFFFFFFFE - 50,
                 "'RIFF' FEFFFFFF 'WAVE'" FMT_ULAW_MONO "'fact' 04000000 CCFFFFFF 'data' CCFFFFFF");
    check_header(ulaw_mono, 0xFFFFFFFE - 51,
                 "'RIFF' FEFFFFFF 'WAVE'" FMT_ULAW_MONO "'fact' 04000000 CBFFFFFF 'data' CBFFFFFF");
    check_header(ulaw_mono, 0xFFFFFFFF - 50,
                 "'RF64' FFFFFFFF 'WAVE' 'ds64' 1C000000 2400000001000000 CDFFFFFF00000000"
                 "CDFFFFFF00000000 00000000" FMT_ULAW_MONO
                 "'fact' 04000000 FFFFFFFF 'data' FFFFFFFF");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcm),  cmocka_unit_test(ulaw),
        cmocka_unit_test(pads), cmocka_unit_test(unknown_length),
        cmocka_unit_test(rf64),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
