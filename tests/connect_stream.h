/* connect_stream.h - a made-up Amazon Connect recording, one KVS fragment per call.
 *   eats    options: contacts, times, every liberty the format allows; perhaps two voices
 *   gives   Matroska documents as GetMediaForFragmentList delivers them; the same audio as raw PCM
 *   keeps   its options and a position; no buffer, no allocation, no I/O, no clock
 *   knows   EBML, Matroska (RFC 8794, RFC 9559) and Connect's habits from there; nothing of src/ */
#ifndef CONNECT_STREAM_H
#define CONNECT_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    /* Room for any fragment: 20 s of two tracks are 640,000 bytes of audio, the rest is for headers
     * of small blocks. connect_stream_init() refuses options that could need more. */
    CONNECT_STREAM_FRAGMENT_BYTES_MAX = 4 * 1024 * 1024,
    CONNECT_STREAM_FRAGMENT_MS_MAX = 20000, /* PutMedia: a fragment lasts 20 s at most */
    CONNECT_STREAM_CONTACTS_MAX = 32767,    /* 15 bits of the pattern's key */
    CONNECT_STREAM_ID_BYTES_MAX = 256,      /* a KVS tag value */
    CONNECT_STREAM_UUID_BYTES = 37,         /* of an id of our own, with its NUL */
    CONNECT_STREAM_NUMBER_DIGITS = 47,      /* of a fragment number, as seen in the field */
    CONNECT_STREAM_BYTES_PER_MS = 16,       /* 8000 Hz, 16 bits, mono */
};

/* Whom we hear: AUDIO_FROM_CUSTOMER or AUDIO_TO_CUSTOMER. */
enum connect_stream_side { CONNECT_STREAM_CUSTOMER, CONNECT_STREAM_AGENT };

/* The entries of Tracks, in their order. */
enum connect_stream_tracks {
    CONNECT_STREAM_TRACKS_CUSTOMER,
    CONNECT_STREAM_TRACKS_AGENT,
    CONNECT_STREAM_TRACKS_BOTH,
    CONNECT_STREAM_TRACKS_SWAPPED, /* both, AUDIO_TO_CUSTOMER first */
};

/* Where ContactId, InstanceId, MimeType … stand: behind the Cluster (usual) or before Info. */
enum connect_stream_tags {
    CONNECT_STREAM_TAGS_BEFORE,
    CONNECT_STREAM_TAGS_AFTER,
    CONNECT_STREAM_TAGS_BOTH,
    CONNECT_STREAM_TAGS_NONE,
};

enum connect_stream_lacing {
    CONNECT_STREAM_LACING_NONE,
    CONNECT_STREAM_LACING_XIPH,
    CONNECT_STREAM_LACING_FIXED,
    CONNECT_STREAM_LACING_EBML,
};

/* Several contacts: one after the other, or at the same time, a fragment of each by turns. */
enum connect_stream_order { CONNECT_STREAM_IN_TURN, CONNECT_STREAM_ALTERNATING };

/* SegmentUID: each contact's own, one for all contacts, or none. */
enum connect_stream_uids {
    CONNECT_STREAM_UIDS_OWN,
    CONNECT_STREAM_UIDS_SAME,
    CONNECT_STREAM_UIDS_NONE,
};

/* A last document without audio that says that KVS failed, in the words of either API page. */
enum connect_stream_error {
    CONNECT_STREAM_ERROR_NONE,
    CONNECT_STREAM_ERROR_LIST,  /* GetMediaForFragmentList: AWS_KINESISVIDEO_EXCEPTION_… */
    CONNECT_STREAM_ERROR_MEDIA, /* GetMedia: AWS_KINESISVIDEO_ERROR_… */
    CONNECT_STREAM_ERROR_BOTH,
};

struct connect_stream_options {
    /* contacts entries, the caller's until the last call; NULL, or NULL for an entry: an id of our
     * own, 00000000-0000-4000-8000-00000000000c, c from 1 in hexadecimal. */
    const char *const *contact_ids;
    size_t contacts;
    enum connect_stream_order order;
    enum connect_stream_uids uids;
    uint64_t start_ms; /* of the first contact, since 1970, by the producer's clock */
    uint64_t apart_ms; /* from one contact's start to the next one's; in turn only */
    /* Of each contact, lost fragments included; 0: as long as the longer voice. */
    uint64_t duration_ms;

    enum connect_stream_tracks tracks;
    uint64_t track_numbers[2]; /* of the first and the second TrackEntry; 0: 1 and 2 */
    bool nul_padded;           /* Name and CodecID to 32 bytes, DocType to 9: old SDKs */

    uint32_t fragment_ms;
    uint32_t block_bytes;      /* of audio, even or odd; a fragment's last one may be shorter */
    uint32_t cluster_ms;       /* a new Cluster after so much; 0: when int16 timecodes end */
    uint64_t timecode_scale;   /* ns */
    unsigned block_size_width; /* bytes of SimpleBlock's (BlockGroup's and Block's) size, 1..8 */
    enum connect_stream_lacing lacing; /* one to eight frames, changing from block to block */
    bool block_group;                  /* BlockGroup{Block} for SimpleBlock */
    bool segment_known;                /* a real size, 8 bytes wide, for "unknown" */
    bool cluster_known;
    bool sprinkle; /* Void and unheard-of elements at every level */

    enum connect_stream_tags tags;
    bool tagless_tail;      /* no ContactId, InstanceId in each contact's last fragment */
    bool get_media;         /* the two tags that GetMedia adds to a fragment's end */
    bool no_first_header;   /* the first document begins with Segment */
    uint64_t gap_after;     /* in each contact: after so many fragments … */
    uint64_t gap_fragments; /* … so many are lost; numbers, times and audio go on behind them */
    enum connect_stream_error error;
};

struct connect_stream {
    struct connect_stream_options options;
    const uint8_t *voice[2];
    uint64_t voice_bytes[2];
    bool voiced;
    uint64_t track_bytes; /* one track of one contact, lost fragments included */
    uint64_t slots;       /* fragments of one contact, lost ones included */
    uint64_t written;     /* fragments of one contact that are in the stream */
    uint64_t at;          /* the fragment that connect_stream_next() writes */
};

/* What ListFragments would say of a fragment, and which audio it holds. */
struct connect_stream_facts {
    size_t contact_at;
    uint64_t slot;     /* place in its contact's time, counting lost fragments */
    bool last;         /* of its contact */
    uint64_t pcm_from; /* first byte of each track's audio in it */
    uint64_t pcm_bytes;
    uint64_t producer_ms;
    uint64_t server_ms;
    uint64_t length_ms;
    char number[CONNECT_STREAM_NUMBER_DIGITS + 1];
};

/* As in the field: one contact, both tracks, 17 blocks of 64 ms in a fragment; for a minute. */
struct connect_stream_options connect_stream_defaults(void);

/* NULL, or one line that says which option cannot be. */
const char *connect_stream_init(struct connect_stream *s,
                                const struct connect_stream_options *options);

/* Instead of the pattern: 16-bit little-endian samples at 8 kHz, the caller's until the last call.
 * The other side is silent unless it has a voice too; a voice shorter than the contact is followed
 * by silence. Before the first fragment only. */
void connect_stream_voice(struct connect_stream *s, enum connect_stream_side side,
                          const uint8_t *pcm, size_t bytes);

/* Writes the next document: a fragment, or at last the error document. room: at least
 * connect_stream_room(), which never exceeds CONNECT_STREAM_FRAGMENT_BYTES_MAX. False at the end,
 * nothing written then. */
bool connect_stream_next(struct connect_stream *s, uint8_t *to, size_t room, size_t *len);
size_t connect_stream_room(const struct connect_stream *s);

/* Fragments in the stream (the error document is none), and any of them by its place in it: for a
 * simulated KVS. */
uint64_t connect_stream_fragments(const struct connect_stream *s);
void connect_stream_facts(const struct connect_stream *s, uint64_t fragment_at,
                          struct connect_stream_facts *facts);
void connect_stream_seek(struct connect_stream *s, uint64_t fragment_at);
/* The place of the fragment with this number; UINT64_MAX: none of ours, or lost. */
uint64_t connect_stream_find(const struct connect_stream *s, const char *number);

/* The id given, or one of our own written to to. */
const char *connect_stream_contact_id(const struct connect_stream *s, size_t contact_at,
                                      char to[CONNECT_STREAM_UUID_BYTES]);
bool connect_stream_has(const struct connect_stream *s, enum connect_stream_side side);

/* The audio itself, byte from … of a contact's side, with or without a fragment around it. */
void connect_stream_pcm(const struct connect_stream *s, size_t contact_at,
                        enum connect_stream_side side, uint64_t from, uint8_t *to, size_t len);

/* THE PATTERN. Four samples together are one 64-bit number, its lowest byte first: sample n is
 * bits 16 * (n % 4) and up of number i = n / 4 of its side,
 *
 *     x = (2 * contact_at + side) * 2^48 + i
 *     x = x * 0x9E3779B97F4A7C15 + 0xD1B54A32D192ED03
 *     x = x ^ (x >> 32)
 *     x = x * 0xD6E8FEB86659FD93
 *     x = x ^ (x >> 32)
 *
 * all modulo 2^64. Each step can be undone (the factors are odd), so no number comes twice: any
 * eight bytes at a multiple of eight say whose they are and from when. It sounds like noise, and
 * holds every id and size by and by, EBML's magic too. */
uint64_t connect_stream_pattern(size_t contact_at, enum connect_stream_side side, uint64_t i);

#endif
