/* One call of block_next from any state between two bytes, with a byte at hand or none and any number behind
 * it: no undefined behaviour, the invariant again; the sum of the frames never wraps, and a block that is
 * ready holds its frames. More bytes at hand are more turns of its loop, with the same state and sum. */
#include "proof.h"

#include "../../src/media/block.c"

enum { SPAN_MAX = 1 };

#define BLOCK_BYTES_MAX (UINT64_C(1) << 56) /* an element's size (RFC 8794 section 4) */

static bool vint_holds(const struct vint *v)
{
    return v->have == 0 || (v->have < vint_whole_len(v) && vint_whole_len(v) <= 8);
}

/* left: bytes of the block that are not eaten yet. */
static bool holds(const struct block *b, uint64_t left)
{
    const uint64_t eaten_max = BLOCK_BYTES_MAX - left;
    switch (b->at) {
    case BLOCK_AT_TRACK: return vint_holds(&b->vint);
    case BLOCK_AT_TIMECODE_HIGH:
    case BLOCK_AT_TIMECODE_LOW:
    case BLOCK_AT_FLAGS:
    case BLOCK_AT_FRAME_COUNT: return b->vint.have == 0;
    case BLOCK_AT_XIPH_SIZE:
        return b->frames <= BLOCK_BYTES_MAX && b->frame <= eaten_max << 8; /* 255 a byte */
    case BLOCK_AT_EBML_SIZE:
    case BLOCK_AT_EBML_DIFFERENCE:
        return vint_holds(&b->vint) && b->frames <= BLOCK_BYTES_MAX &&
               (b->at == BLOCK_AT_EBML_SIZE || b->frame <= BLOCK_BYTES_MAX);
    case BLOCK_AT_SOUND: return true;
    }
    return false;
}

int main(void)
{
    uint8_t bytes[SPAN_MAX];
    for (int i = 0; i < SPAN_MAX; i++)
        bytes[i] = nondet_u8();
    struct span in = {bytes, nondet_size()};
    ASSUME(in.len <= SPAN_MAX);
    const size_t given = in.len;
    const uint64_t behind = nondet_u64();
    ASSUME(behind <= BLOCK_BYTES_MAX - SPAN_MAX);

    struct block b;
    const unsigned at = nondet_u32();
    ASSUME(at <= BLOCK_AT_SOUND);
    b.at = at;
    for (int i = 0; i < 8; i++)
        b.vint.bytes[i] = nondet_u8();
    b.vint.have = nondet_u8();
    b.track = nondet_u64();
    b.timecode = (int16_t)nondet_u8();
    b.flags = nondet_u8();
    b.sizes_left = nondet_u8();
    b.frame = nondet_u64();
    b.frames = nondet_u64();
    b.wrong = NULL;
    ASSUME(holds(&b, behind + in.len));
    /* A solver divides slowly, and the only question is whether there is a remainder. */
    ASSUME(b.at != BLOCK_AT_FRAME_COUNT || (b.flags & BLOCK_LACING) == BLOCK_LACING_XIPH ||
           (b.flags & BLOCK_LACING) == BLOCK_LACING_EBML || behind < 65536);
    const bool was_sound = b.at == BLOCK_AT_SOUND;
    const bool was_laced = b.at >= BLOCK_AT_XIPH_SIZE && b.at < BLOCK_AT_SOUND;

    const enum block_event event = block_next(&b, &in, behind);

    const uint64_t left = behind + in.len;
    PROVE(in.len <= given && in.at == bytes + (given - in.len));
    if (event == BLOCK_WRONG) {
        PROVE(b.wrong != NULL);
        return 0;
    }
    PROVE(holds(&b, left));
    if (event == BLOCK_NEED) PROVE(in.len == 0 && behind > 0 && b.at != BLOCK_AT_SOUND);
    if (event == BLOCK_READY) PROVE(b.at == BLOCK_AT_SOUND);
    if (event == BLOCK_READY && was_laced) PROVE(b.sizes_left == 0 && b.frames <= left);
    if (was_sound) PROVE(event == BLOCK_READY && in.len == given);
    return 0;
}
