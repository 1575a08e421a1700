#include "media/block.h"

static enum block_event wrong(struct block *b, const char *why)
{
    b->wrong = why;
    return BLOCK_WRONG;
}

/* One laced frame's size is known. Refused as soon as the frames cannot fit: so the sum stays
 * small. */
static enum block_event add_frame(struct block *b, uint64_t frame, uint64_t left)
{
    if (frame > left || b->frames + frame > left)
        return wrong(b, "has laced frames that are larger than the block");
    b->frame = frame;
    b->frames += frame;
    b->sizes_left--;
    return BLOCK_READY;
}

/* EBML lacing: the first size is absolute, the others are signed differences to the one before: the
 * value less half of its range (RFC 9559 section 10.3.3). */
static enum block_event add_ebml_frame(struct block *b, uint64_t left)
{
    if (!vint_is_number(&b->vint)) return wrong(b, "has a laced frame without a size");
    uint64_t half = b->at == BLOCK_AT_EBML_SIZE ? 0 : vint_range(&b->vint) >> 1;
    uint64_t base = b->at == BLOCK_AT_EBML_SIZE ? 0 : b->frame;
    uint64_t next = base + vint_number(&b->vint);
    vint_start(&b->vint);
    b->at = BLOCK_AT_EBML_DIFFERENCE;
    if (next < half) return wrong(b, "has a laced frame of negative size");
    return add_frame(b, next - half, left);
}

static enum block_event lacing_begins(struct block *b, uint8_t sizes, uint64_t left)
{
    b->sizes_left = sizes;
    b->frames = 0;
    switch (b->flags & BLOCK_LACING) {
    case BLOCK_LACING_XIPH:
        b->frame = 0;
        b->at = BLOCK_AT_XIPH_SIZE;
        return BLOCK_READY;
    case BLOCK_LACING_EBML: b->at = BLOCK_AT_EBML_SIZE; return BLOCK_READY;
    }
    if (left % (sizes + 1U) != 0) return wrong(b, "has fixed lacing that does not divide it");
    b->at = BLOCK_AT_SOUND;
    return BLOCK_READY;
}

static bool sizes_are_read(const struct block *b)
{
    return b->sizes_left == 0 && (b->at == BLOCK_AT_XIPH_SIZE || b->at == BLOCK_AT_EBML_SIZE ||
                                  b->at == BLOCK_AT_EBML_DIFFERENCE);
}

enum block_event block_next(struct block *b, struct span *in, uint64_t behind)
{
    enum block_event event = BLOCK_READY;
    while (event == BLOCK_READY) {
        if (sizes_are_read(b)) {
            if (b->frames > behind + in->len)
                return wrong(b, "has laced frames that are larger than the block");
            b->at = BLOCK_AT_SOUND;
        }
        if (b->at == BLOCK_AT_SOUND) return BLOCK_READY;
        if (in->len == 0)
            return behind > 0 ? BLOCK_NEED : wrong(b, "is shorter than its own header");

        switch (b->at) {
        case BLOCK_AT_TRACK:
            if (!vint_next(&b->vint, in)) break;
            if (!vint_is_number(&b->vint)) return wrong(b, "has no legal track number");
            b->track = vint_number(&b->vint);
            vint_start(&b->vint);
            b->at = BLOCK_AT_TIMECODE_HIGH;
            break;
        case BLOCK_AT_TIMECODE_HIGH:
            b->timecode = (int16_t)(uint16_t)(span_take(in) << 8);
            b->at = BLOCK_AT_TIMECODE_LOW;
            break;
        case BLOCK_AT_TIMECODE_LOW:
            b->timecode = (int16_t)(uint16_t)((uint16_t)b->timecode | span_take(in));
            b->at = BLOCK_AT_FLAGS;
            break;
        case BLOCK_AT_FLAGS:
            b->flags = span_take(in);
            b->at = (b->flags & BLOCK_LACING) == 0 ? BLOCK_AT_SOUND : BLOCK_AT_FRAME_COUNT;
            break;
        case BLOCK_AT_FRAME_COUNT: {
            uint8_t sizes = span_take(in);
            event = lacing_begins(b, sizes, behind + in->len);
            break;
        }
        case BLOCK_AT_XIPH_SIZE: {
            /* A size is a row of bytes that ends with the first one below 255 (section 10.3.2). */
            uint8_t part = span_take(in);
            b->frame += part;
            if (part < 255) {
                event = add_frame(b, b->frame, behind + in->len);
                b->frame = 0;
            }
            break;
        }
        case BLOCK_AT_EBML_SIZE:
        case BLOCK_AT_EBML_DIFFERENCE:
            if (vint_next(&b->vint, in)) event = add_ebml_frame(b, behind + in->len);
            break;
        case BLOCK_AT_SOUND: break;
        }
    }
    return event;
}
