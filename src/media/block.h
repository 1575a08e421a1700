/* block.h - the header of a Matroska SimpleBlock or Block (RFC 9559 section 10), cut anywhere.
 *   eats    the first bytes of a block
 *   gives   track number and timecode; what follows in the block is sound
 *   keeps   the sum of the laced frames' sizes, not the sizes
 *   knows   all four lacings, not what a track is */
#ifndef RUSUDEN_MEDIA_BLOCK_H
#define RUSUDEN_MEDIA_BLOCK_H

#include "media/vint.h"

enum block_event {
    BLOCK_NEED,  /* more of the header must come */
    BLOCK_READY, /* the header is read: *in stands at the first payload byte */
    BLOCK_WRONG  /* not a block: `wrong` says why */
};

/* Of the flags. The other two values are 0, no lacing, and 4, fixed. */
enum { BLOCK_LACING = 0x06, BLOCK_LACING_XIPH = 0x02, BLOCK_LACING_EBML = 0x06 };

struct block {
    enum {
        BLOCK_AT_TRACK,
        BLOCK_AT_TIMECODE_HIGH,
        BLOCK_AT_TIMECODE_LOW,
        BLOCK_AT_FLAGS,
        BLOCK_AT_FRAME_COUNT,
        BLOCK_AT_XIPH_SIZE,
        BLOCK_AT_EBML_SIZE,
        BLOCK_AT_EBML_DIFFERENCE,
        BLOCK_AT_SOUND
    } at;
    struct vint vint;
    uint64_t track;
    int16_t timecode;
    uint8_t flags;
    uint8_t sizes_left; /* frame sizes to be read still; the last frame's is never written */
    uint64_t frame;     /* Xiph: the size so far; EBML: the size of the frame before */
    uint64_t frames;    /* bytes in all frames so far */
    const char *wrong;
};

static inline void block_start(struct block *b)
{
    *b = (struct block){.at = BLOCK_AT_TRACK};
}

/* In place of block_start, where a block's first bytes are at hand: nearly every block of Connect's
 * has one byte of track number and no lacing. True: that is it, the header is read. */
static inline bool block_start_plain(struct block *b, struct span *in)
{
    if (in->len < 4 || in->at[0] < 0x80 || in->at[0] == 0xFF || (in->at[3] & BLOCK_LACING) != 0)
        return false;
    b->track = in->at[0] & 0x7F;
    b->timecode = (int16_t)(uint16_t)(in->at[1] << 8 | in->at[2]);
    span_cut(in, 4);
    return true;
}

/* *in is all of the block that is at hand; `behind` bytes of the block follow it, in later
 * spans. */
enum block_event block_next(struct block *b, struct span *in, uint64_t behind);

#endif
