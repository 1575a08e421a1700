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
    BLOCK_WRONG  /* not a block: block_wrong says why */
};

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

void block_start(struct block *b);

/* *in is all of the block that is at hand; `behind` bytes of the block follow it, in later spans.
 */
enum block_event block_next(struct block *b, struct span *in, uint64_t behind);

#endif
