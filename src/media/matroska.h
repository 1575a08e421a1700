/* matroska.h - Matroska documents one after another (RFC 9559), one event per call.
 *   eats    a span of any length, cut anywhere
 *   gives   documents, tracks, tags, blocks; payload as views into the span that was fed
 *   keeps   the small values of the element being read, and the document's clock
 *   knows   Matroska, not what Connect means by it; docs/READING.md is its contract */
#ifndef RUSUDEN_MEDIA_MATROSKA_H
#define RUSUDEN_MEDIA_MATROSKA_H

#include "media/block.h"
#include "media/ebml.h"

enum matroska_event {
    MATROSKA_NEED,         /* the span is used up */
    MATROSKA_DOCUMENT,     /* a Segment begins: document_at */
    MATROSKA_TRACK,        /* a TrackEntry is whole: track */
    MATROSKA_TAG,          /* a SimpleTag is whole: tag_name, tag_value */
    MATROSKA_BLOCK,        /* a block's header is read: block.track, time_ns, block_whole */
    MATROSKA_AUDIO,        /* a piece of its payload: block_whole */
    MATROSKA_DOCUMENT_END, /* the Segment ends: segment_uid */
    MATROSKA_END,          /* after matroska_finish only: the input is whole */
    MATROSKA_FAULT,        /* and again for every later call */
    MATROSKA_QUIET         /* inside matroska.c only: nothing to tell, go on */
};

struct matroska_text {
    uint16_t len;
    char text[TRACK_TEXT_BYTES_MAX];
};

enum { MATROSKA_AUDIO_TRACK = 2 }; /* TrackType */
#define MATROSKA_NOT_GIVEN UINT64_MAX

struct matroska_track {
    uint64_t number;
    uint64_t type;
    struct matroska_text name;
    struct matroska_text codec;
    uint64_t rate_bits; /* the bytes of SamplingFrequency as they came; rate_len 0: not given */
    uint8_t rate_len;
    uint64_t channels;  /* MATROSKA_NOT_GIVEN where the element is absent */
    uint64_t bit_depth; /* likewise */
    bool encoded;       /* has ContentEncodings */
};

struct matroska {
    enum {
        MATROSKA_AT_ELEMENT,
        MATROSKA_AT_VALUE,
        MATROSKA_AT_BLOCK_HEADER,
        MATROSKA_AT_BLOCK_BODY
    } at;
    struct ebml ebml;
    struct block block;

    uint64_t document_at; /* where its EBML header began, or its Segment where it has none */
    bool headed;          /* an EBML header stands before the next Segment */
    struct {
        struct matroska_text doc_type;
        uint64_t read_version, id_len, size_len, doc_read_version;
    } header;
    uint64_t timecode_scale;
    uint64_t cluster_timecode;
    uint8_t segment_uid[16];
    bool has_segment_uid;
    struct matroska_track track;

    uint32_t simple_tags; /* open SimpleTags: only the outermost is read */
    size_t tag_name_len;
    size_t tag_value_len;
    char tag_name[TAG_NAME_BYTES_MAX];
    char tag_value[TAG_VALUE_BYTES_MAX];

    int64_t time_ns;  /* of the block */
    bool block_whole; /* nothing of it follows */
    size_t value_len;
    uint8_t value[TAG_VALUE_BYTES_MAX];
};

void matroska_init(struct matroska *m);

/* The next event in *in, which is cut by what was eaten. Call again until MATROSKA_NEED. `payload`
 * is set by MATROSKA_AUDIO and sees the bytes of *in. */
enum matroska_event matroska_next(struct matroska *m, struct span *in, struct span *payload);

/* After MATROSKA_BLOCK: nobody wants this block. Its payload is skipped. */
static inline void matroska_skip_block(struct matroska *m)
{
    m->at = MATROSKA_AT_ELEMENT;
}

/* No more bytes will come: go on with matroska_next and an empty span, which gives the open
 * document's end, then MATROSKA_END; or MATROSKA_FAULT, truncated. */
static inline void matroska_finish(struct matroska *m)
{
    m->ebml.over = true;
}

/* A fault that the caller found in what an event gave; at the element being read. */
struct writer matroska_fault_begin(struct matroska *m, enum fault_kind kind);
void matroska_fault_put(struct matroska *m, const struct writer *words);

static inline const struct fault *matroska_fault(const struct matroska *m)
{
    return &m->ebml.fault;
}

static inline uint64_t matroska_offset(const struct matroska *m)
{
    return (uint64_t)m->ebml.offset;
}

#endif
