/* expected.c - a recording, and the WAV that must become of it: by the generator's facts and a header typed from
 * the Multimedia Programming Interface (RIFF/WAVE) document; nothing of src/. */
#include "world.h"

#include <stdlib.h>

static struct connect_stream_options draw_options(struct world *w)
{
    struct connect_stream_options o = connect_stream_defaults();
    o.duration_ms = 20 + world_roll(w, UINT64_C(1) << (7 + world_roll(w, w->is_small ? 4 : 7)));
    o.fragment_ms = 200 + (uint32_t)world_roll(w, 1500);
    o.block_bytes = 2 * (64 + (uint32_t)world_roll(w, 1000));
    o.tracks = world_roll(w, 2) == 0 ? CONNECT_STREAM_TRACKS_BOTH : CONNECT_STREAM_TRACKS_CUSTOMER;
    if (o.tracks == CONNECT_STREAM_TRACKS_BOTH && world_roll(w, 4) == 0)
        o.tracks = CONNECT_STREAM_TRACKS_SWAPPED;
    return o;
}

static void put_little(struct blob *to, uint32_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) {
        uint8_t c = (uint8_t)(value >> (8 * i));
        blob_put(to, &c, 1);
    }
}

static void put_header(struct blob *to, uint32_t data_bytes, uint16_t channels)
{
    blob_say(to, "RIFF");
    put_little(to, 36 + data_bytes, 4);
    blob_say(to, "WAVEfmt ");
    put_little(to, 16, 4);
    put_little(to, 1, 2); /* PCM */
    put_little(to, channels, 2);
    put_little(to, 8000, 4);
    put_little(to, 8000U * 2 * channels, 4);
    put_little(to, 2U * channels, 2);
    put_little(to, 16, 2);
    blob_say(to, "data");
    put_little(to, data_bytes, 4);
}

/* The customer left, the agent right; one channel where the agent has no track. */
static void put_sound(struct world *w, const struct connect_stream *s, uint64_t bytes)
{
    uint8_t *sides[2] = {malloc(bytes + 1), malloc(bytes + 1)};
    if (sides[0] == NULL || sides[1] == NULL) abort();
    for (int side = 0; side < 2; side++)
        if (connect_stream_has(s, (enum connect_stream_side)side))
            connect_stream_pcm(s, 0, (enum connect_stream_side)side, 0, sides[side], bytes);
    for (uint64_t at = 0; at < bytes; at += 2)
        for (int side = 0; side < (w->stereo ? 2 : 1); side++)
            blob_put(&w->expected, sides[side] + at, 2);
    free(sides[0]);
    free(sides[1]);
}

void world_make_recording(struct world *w)
{
    struct connect_stream_options options = draw_options(w);
    struct connect_stream s;
    const char *wrong = connect_stream_init(&s, &options);
    if (wrong != NULL) abort();
    size_t room = connect_stream_room(&s), len;
    uint8_t *document = malloc(room);
    if (document == NULL) abort();
    while (connect_stream_next(&s, document, room, &len))
        blob_put(&w->input, document, len);
    free(document);

    uint64_t bytes = 0;
    for (uint64_t i = 0; i < connect_stream_fragments(&s); i++) {
        struct connect_stream_facts facts;
        connect_stream_facts(&s, i, &facts);
        bytes += facts.pcm_bytes;
    }
    w->stereo = connect_stream_has(&s, CONNECT_STREAM_AGENT);
    put_header(&w->expected, (uint32_t)bytes * (w->stereo ? 2 : 1), w->stereo ? 2 : 1);
    put_sound(w, &s, bytes);
}
