/* contacts.h - whose fragments there are in an input.
 *   eats    whole fragments
 *   gives   a list, and one line of it
 *   keeps   CONTACTS_LISTED_MAX rows; more contacts are only counted by their fragments
 *   knows   nothing of sound */
#ifndef RUSUDEN_JOB_CONTACTS_H
#define RUSUDEN_JOB_CONTACTS_H

#include "media/connect_audio.h"

struct contact_row {
    struct audio_contact contact;
    uint64_t fragments;
    uint64_t pcm_bytes[CHANNEL_COUNT];
    uint64_t first_at; /* byte offset of its first fragment */
};

struct contacts {
    struct contact_row row[CONTACTS_LISTED_MAX];
    size_t count;
    uint64_t unlisted_fragments; /* of contacts that came when the list was full */
};

/* The fragment's contact must not be nobody. NULL: the list is full. */
struct contact_row *contacts_add(struct contacts *c, const struct audio_fragment *fragment);

/* `"a" (3 fragments), "b" (1 fragment)`; as many as fit, then "and more". */
void contacts_list(const struct contacts *c, struct writer *to);

#endif
