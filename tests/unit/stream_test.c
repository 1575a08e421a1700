/* The generator of Connect-shaped streams (tests/connect_stream.h) with its documented pattern as the
 * expected sound: every option, for a few cuttings. */
#include <stdio.h>
#include <stdlib.h>

#include "../connect_stream.h"
#include "cut.h"
#include "media/connect_audio.h"

enum { STREAM_BYTES_MAX = 1 << 21 };

static uint8_t *stream;
static size_t stream_len;
static struct connect_stream generator;

static void generate(const struct connect_stream_options *o)
{
    const char *why = connect_stream_init(&generator, o);
    if (why != NULL) fail_msg("%s", why);
    stream_len = 0;
    size_t len;
    while (connect_stream_next(&generator, stream + stream_len,
                               STREAM_BYTES_MAX + CONNECT_STREAM_FRAGMENT_BYTES_MAX - stream_len,
                               &len))
        stream_len += len;
    assert_true(stream_len > 0);
}

/* The pattern, as the header describes it. */
static uint8_t pattern_byte(size_t contact, unsigned side, uint64_t at)
{
    uint64_t x = ((2 * (uint64_t)contact + side) << 48) + at / 8;
    x = x * UINT64_C(0x9E3779B97F4A7C15) + UINT64_C(0xD1B54A32D192ED03);
    x ^= x >> 32;
    x *= UINT64_C(0xD6E8FEB86659FD93);
    x ^= x >> 32;
    return (uint8_t)(x >> (8 * (at % 8)));
}

/* Each document's sound must be that of the fragment at its place; whose, where it says so. */
static void listen(size_t piece, bool tagless, bool nobody)
{
    static struct connect_audio audio;
    uint64_t got[CHANNEL_COUNT] = {0};
    uint64_t fragments = 0, troubles = 0;
    uint32_t seed = 5;
    struct connect_stream_facts facts = {0};
    struct span rest = span_of(stream, stream_len);
    connect_audio_init(&audio, CHANNEL_BIT_CUSTOMER | CHANNEL_BIT_AGENT);
    for (bool over = false; !over;) {
        size_t n = piece > 0 ? piece : 1 + cut_random(&seed) % 3000;
        struct span front = span_cut(&rest, span_min(rest, n));
        uint8_t *block = cut_copy(front);
        struct span in = span_of(block, front.len);
        for (bool more = true; more && !over;) {
            struct span pcm = span_of(NULL, 0);
            enum audio_event event =
                front.len > 0 ? connect_audio_next(&audio, &in, &pcm) : connect_audio_end(&audio);
            switch (event) {
            case AUDIO_NEED: more = false; break;
            case AUDIO_DOCUMENT:
                if (fragments < connect_stream_fragments(&generator))
                    connect_stream_facts(&generator, fragments, &facts);
                memset(got, 0, sizeof got);
                break;
            case AUDIO_BLOCK: break;
            case AUDIO_PCM:
                for (size_t i = 0; i < pcm.len; i++)
                    if (pcm.at[i] != pattern_byte(facts.contact_at, audio.channel,
                                                  facts.pcm_from + got[audio.channel]++))
                        fail_msg("byte %zu of fragment %llu", i, (unsigned long long)fragments);
                break;
            case AUDIO_FRAGMENT: {
                char own[CONNECT_STREAM_UUID_BYTES];
                const char *id = connect_stream_contact_id(&generator, facts.contact_at, own);
                const struct audio_fragment *f = &audio.fragment;
                for (unsigned c = 0; c < CHANNEL_COUNT; c++) {
                    bool has = connect_stream_has(&generator, (enum connect_stream_side)c);
                    assert_int_equal(got[c], has ? facts.pcm_bytes : 0);
                    assert_int_equal(f->pcm_bytes[c], got[c]);
                }
                if (!nobody) assert_true(span_is(audio_contact_span(&f->contact), id));
                if (nobody) assert_int_equal(f->contact.len, 0);
                assert_int_equal(f->inherited, nobody || (tagless && facts.last));
                assert_true(span_is(span_of(f->number, f->number_len), facts.number));
                fragments++;
                break;
            }
            case AUDIO_TROUBLE: troubles++; break;
            case AUDIO_END: over = true; break;
            case AUDIO_FAULT:
                fail_msg("%.*s", (int)audio.matroska.ebml.fault.len,
                         audio.matroska.ebml.fault.text);
            }
        }
        free(block);
    }
    assert_int_equal(fragments, connect_stream_fragments(&generator));
    assert_int_equal(troubles, generator.options.error != CONNECT_STREAM_ERROR_NONE);
}

static struct connect_stream_options small(void)
{
    struct connect_stream_options o = connect_stream_defaults();
    o.duration_ms = 700;
    o.fragment_ms = 256;
    o.block_bytes = 1024;
    return o;
}

static void check(struct connect_stream_options o)
{
    generate(&o);
    bool nobody = o.tags == CONNECT_STREAM_TAGS_NONE;
    listen(STREAM_BYTES_MAX, o.tagless_tail, nobody);
    listen(1, o.tagless_tail, nobody);
    listen(0, o.tagless_tail, nobody);
}

#define WITH(change)                                                                               \
    do {                                                                                           \
        struct connect_stream_options o = small();                                                 \
        change;                                                                                    \
        check(o);                                                                                  \
    } while (0)

static void every_option(void **state)
{
    (void)state;
    WITH((void)0);
    for (unsigned v = 0; v < 4; v++) {
        WITH(o.tracks = (enum connect_stream_tracks)v);
        WITH(o.tags = (enum connect_stream_tags)v);
        WITH(o.error = (enum connect_stream_error)v);
        WITH((o.lacing = (enum connect_stream_lacing)v, o.block_group = true));
        WITH(o.lacing = (enum connect_stream_lacing)v);
    }
    WITH((o.track_numbers[0] = 128, o.track_numbers[1] = UINT64_C(72057594037927934)));
    WITH(o.nul_padded = true);
    WITH(o.block_bytes = 1);
    WITH(o.block_bytes = 333);
    WITH((o.cluster_ms = 64, o.cluster_known = true));
    WITH((o.segment_known = true, o.cluster_known = true, o.sprinkle = true));
    WITH((o.cluster_ms = 64, o.sprinkle = true));
    for (unsigned width = 2; width <= 8; width++)
        WITH((o.block_size_width = width, o.block_group = width % 2 != 0));
    WITH(o.tagless_tail = true);
    WITH((o.get_media = true, o.no_first_header = true));
    WITH((o.gap_after = 1, o.gap_fragments = 1));
    WITH((o.contacts = 3, o.tagless_tail = true, o.apart_ms = 5000));
    WITH((o.contacts = 3, o.order = CONNECT_STREAM_ALTERNATING, o.tagless_tail = true));
    WITH((o.contacts = 2, o.uids = CONNECT_STREAM_UIDS_SAME));
    WITH((o.contacts = 2, o.uids = CONNECT_STREAM_UIDS_NONE));
}

static int begin(void **state)
{
    (void)state;
    stream = malloc(STREAM_BYTES_MAX + CONNECT_STREAM_FRAGMENT_BYTES_MAX);
    return stream == NULL;
}

static int end(void **state)
{
    (void)state;
    free(stream);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_option)};
    return cmocka_run_group_tests(tests, begin, end);
}
