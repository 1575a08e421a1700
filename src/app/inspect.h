/* inspect.h - `rusuden inspect`: what is in a KVS stream, for a person or as JSON.
 *   eats    options
 *   gives   an exit code; the report on standard output
 *   keeps   lists of bounded length and the waveform, in one struct that the caller places
 *   knows   nothing about WAV; it hears everybody's sound and repeats none of it */
#ifndef RUSUDEN_APP_INSPECT_H
#define RUSUDEN_APP_INSPECT_H

#include "app/exit.h"
#include "app/options.h"
#include "file.h"
#include "media/waveform.h"

struct inspect_gap {
    uint64_t ms;
    uint64_t before_at; /* byte offset of the fragment behind it */
};

struct inspect_error {
    uint64_t at;
    struct audio_trouble trouble;
};

struct inspect {
    struct inspect_options options;
    struct input input;
    struct connect_audio audio;
    struct timeline timeline;
    struct waveform waveform;
    struct contacts contacts;

    struct matroska_track tracks[TRACKS_MAX]; /* all that differ, of all documents */
    size_t track_count;
    struct inspect_gap gaps[INSPECT_LISTED_MAX];
    size_t gap_count; /* listed; timeline counts all */
    uint64_t gaps_found, gap_ms;
    struct inspect_error errors[INSPECT_LISTED_MAX];
    size_t error_count;
    uint64_t errors_found;

    uint64_t read;
    uint64_t block_bytes; /* of the open block */
    uint64_t documents, blocks, inherited, nobodys;
    uint64_t fragments; /* reported as JSON so far */
    uint64_t pcm_bytes[CHANNEL_COUNT];
    struct audio_fragment first, last;
    struct audio_contact before; /* contact of the document before */
    uint64_t document_gaps,
        document_gap_samples; /* the timeline's, where the open document began */
    struct fault fault;

    struct writer out; /* on `text`; emptied when it fills */
    bool deaf;         /* standard output takes no more */
    char text[TEXT_BUFFER_BYTES];
    uint8_t buffer[READ_BUFFER_BYTES];
};

enum exit_code inspect_run(struct inspect *i, const struct inspect_options *options);

#endif
