/* recording.h - what a survey found out about one contact's audio in one input.
 *   eats    what the pipeline tells it about each document
 *   gives   which documents are ours, and how long the output is
 *   keeps   one bit a document, and totals
 *   knows   that fragment numbers rise */
#ifndef RUSUDEN_JOB_RECORDING_H
#define RUSUDEN_JOB_RECORDING_H

#include "job/contacts.h"

struct recording {
    struct audio_contact contact; /* whose it is; len 0: not known yet */
    uint64_t documents;           /* in the input, anybody's */
    uint64_t fragments;           /* of them ours */
    uint64_t nobodys;             /* of them without a contact, with sound: never heard */
    uint64_t troubled;            /* of them KVS's error reports, passed over when salvaging */
    uint64_t blocks;              /* whole blocks of the asked channels, in documents of anybody */
    uint64_t bytes;               /* of sound in the output */
    uint64_t pcm_bytes[CHANNEL_COUNT]; /* ours, as they lie in the input */
    uint64_t gaps;
    uint64_t gap_ms;
    uint64_t late_blocks;
    uint64_t disordered; /* fragments of ours whose number is not above the one before */
    uint8_t number_len;  /* the fragment number kept last */
    char number[FRAGMENT_NUMBER_BYTES_MAX];
    unsigned halves;       /* channels that ended inside a sample */
    struct fault salvaged; /* why the input was not read to its end; kind FAULT_NONE: it was */
    uint64_t salvaged_at;  /* where reading stopped */
    struct contacts contacts;
    uint8_t ours[FRAGMENTS_MAX / 8];
};

void recording_init(struct recording *r, const struct audio_contact *contact);

/* One more fragment of ours: totals, and whether its number is above the one before. */
void recording_add(struct recording *r, const struct audio_fragment *fragment);

/* The bit of a document, counted from 0. Documents beyond FRAGMENTS_MAX have none. */
static inline bool recording_is_ours(const struct recording *r, uint64_t document)
{
    assert(document < FRAGMENTS_MAX);
    return (r->ours[document / 8] >> (document % 8) & 1) != 0;
}

static inline void recording_set_ours(struct recording *r, uint64_t document)
{
    assert(document < FRAGMENTS_MAX);
    r->ours[document / 8] |= (uint8_t)(1 << document % 8);
}

/* More than one contact, and nobody said which. */
static inline bool recording_has_rivals(const struct recording *r)
{
    return r->contacts.count > 1;
}

#endif
