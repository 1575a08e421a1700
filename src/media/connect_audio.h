/* connect_audio.h - what Connect puts into a Kinesis Video Stream: whose voice, and the voice.
 *   eats    a span of any length, cut anywhere
 *   gives   blocks of the asked channels as views, and at each document's end whose it was
 *   keeps   one document's tracks and tags; which SegmentUID was whose
 *   knows   the track names, the tags of KVS and Connect; docs/READING.md sections 4 to 7 */
#ifndef RUSUDEN_MEDIA_CONNECT_AUDIO_H
#define RUSUDEN_MEDIA_CONNECT_AUDIO_H

#include "media/matroska.h"

enum { SAMPLES_PER_SECOND = 8000, BYTES_PER_SAMPLE = 2 };

enum channel { CHANNEL_CUSTOMER, CHANNEL_AGENT, CHANNEL_COUNT };
enum { CHANNEL_BIT_CUSTOMER = 1 << CHANNEL_CUSTOMER, CHANNEL_BIT_AGENT = 1 << CHANNEL_AGENT };

enum audio_event {
    AUDIO_NEED,     /* the span is used up */
    AUDIO_DOCUMENT, /* a document begins */
    AUDIO_BLOCK,    /* a block of an asked channel begins: channel, time_ns, block_whole */
    AUDIO_PCM,      /* a piece of its sound: block_whole */
    AUDIO_FRAGMENT, /* the document is whole: fragment */
    AUDIO_TROUBLE,  /* it is KVS's report of a failure: trouble; no AUDIO_FRAGMENT for it */
    AUDIO_END,      /* from connect_audio_end only: the input is whole */
    AUDIO_FAULT     /* and again for every later call: connect_audio_fault */
};

struct audio_contact {
    uint8_t len; /* 0: nobody */
    char id[CONTACT_ID_BYTES_MAX];
};

/* One document: one fragment of KVS. Whole at AUDIO_FRAGMENT. */
struct audio_fragment {
    uint64_t at; /* byte offset in the input */
    struct audio_contact contact;
    bool inherited; /* the contact came from an earlier document of the same SegmentUID */
    uint64_t blocks;
    uint64_t pcm_bytes[CHANNEL_COUNT]; /* asked channels only */
    int64_t first_ns;                  /* time of its first block; valid when blocks > 0 */
    uint8_t number_len;
    char number[FRAGMENT_NUMBER_BYTES_MAX];
    uint8_t server_time_len;
    char server_time[TIMESTAMP_BYTES_MAX]; /* seconds, as KVS wrote them */
    uint8_t producer_time_len;
    char producer_time[TIMESTAMP_BYTES_MAX];
};

struct audio_trouble {
    bool reported;
    uint8_t code_len;
    char code[64];
    uint8_t message_len;
    char message[160];
};

struct audio_run {
    uint8_t segment_uid[16];
    struct audio_contact contact; /* len 0: the row is free */
    bool shared;                  /* another contact had it too: it vouches for nobody */
    uint64_t used;                /* document count when it was used last */
};

struct connect_audio {
    struct matroska matroska;
    unsigned asked; /* CHANNEL_BIT_... */

    /* the document being read */
    struct matroska_track tracks[TRACKS_MAX];
    size_t track_count;
    bool chosen;                          /* tracks are chosen at the first block */
    uint64_t chosen_track[CHANNEL_COUNT]; /* track number; 0: none */
    struct audio_fragment fragment;
    struct audio_trouble trouble;
    bool contradicted;   /* it names two contacts */
    bool foreign_format; /* its MimeType is not ours; matters only where it has audio */
    uint8_t mime_len;
    char mime[64];

    /* the block being read */
    enum channel channel;
    int64_t time_ns;
    bool block_whole; /* nothing of it follows */

    uint64_t documents;
    uint64_t audio_tracks; /* declared, in all documents */
    struct audio_run runs[SEGMENTS_REMEMBERED];
};

/* `asked`: one or both of CHANNEL_BIT_CUSTOMER and CHANNEL_BIT_AGENT. */
void connect_audio_init(struct connect_audio *a, unsigned asked);

/* The next event in *in, which is cut by what was eaten. Call again until AUDIO_NEED. `pcm` is set
 * by AUDIO_PCM and sees the bytes of *in. */
enum audio_event connect_audio_next(struct connect_audio *a, struct span *in, struct span *pcm);

/* No more bytes will come. Call again until AUDIO_END or AUDIO_FAULT. */
static inline enum audio_event connect_audio_end(struct connect_audio *a)
{
    struct span nothing = span_of(NULL, 0);
    struct span pcm;
    matroska_finish(&a->matroska);
    return connect_audio_next(a, &nothing, &pcm);
}

/* Nothing that the document being read has said until here speaks against its sound: not a second
 * contact, not a foreign format, not a failure of KVS. */
static inline bool connect_audio_is_sound(const struct connect_audio *a)
{
    return !a->contradicted && !a->foreign_format && !a->trouble.reported;
}

/* Whose the document being read is, as far as it has said until here. Len 0: not known yet. */
struct audio_contact connect_audio_contact_so_far(const struct connect_audio *a);

static inline const struct fault *connect_audio_fault(const struct connect_audio *a)
{
    return matroska_fault(&a->matroska);
}

static inline uint64_t connect_audio_offset(const struct connect_audio *a)
{
    return matroska_offset(&a->matroska);
}

static inline struct span audio_contact_span(const struct audio_contact *c)
{
    return span_of(c->id, c->len);
}

/* Of the asked channels. */
static inline bool audio_fragment_has_sound(const struct audio_fragment *f)
{
    return f->pcm_bytes[CHANNEL_CUSTOMER] + f->pcm_bytes[CHANNEL_AGENT] > 0;
}

static inline bool audio_contact_equal(const struct audio_contact *a, const struct audio_contact *b)
{
    return span_equal(audio_contact_span(a), audio_contact_span(b));
}

/* "customer" or "agent" */
const char *channel_name(enum channel channel);

/* `1 "AUDIO_FROM_CUSTOMER", 2 "AUDIO_TO_CUSTOMER"`: the tracks of the document being read. */
void connect_audio_list_tracks(const struct connect_audio *a, struct writer *to);

#endif
