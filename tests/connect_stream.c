#include "connect_stream.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Inlined into each other, the writers below would have a frame of more than 512 bytes. */
#define APART __attribute__((noinline))

/* ---- the audio ---- */

#define FACTOR_ONE UINT64_C(0x9E3779B97F4A7C15)
#define FACTOR_TWO UINT64_C(0xD6E8FEB86659FD93)
#define OFFSET UINT64_C(0xD1B54A32D192ED03)

static uint64_t pattern_begin(size_t contact_at, enum connect_stream_side side, uint64_t i)
{
    const uint64_t key = 2 * (uint64_t)contact_at + (uint64_t)side;
    return ((key << 48) + i) * FACTOR_ONE + OFFSET;
}

static uint64_t pattern_end(uint64_t x)
{
    x ^= x >> 32;
    x *= FACTOR_TWO;
    return x ^ (x >> 32);
}

uint64_t connect_stream_pattern(size_t contact_at, enum connect_stream_side side, uint64_t i)
{
    return pattern_end(pattern_begin(contact_at, side, i));
}

static void store_little(uint8_t *to, uint64_t x)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    memcpy(to, &x, 8); /* one store even without optimisation: the tests run under the sanitizers */
#else
    for (unsigned i = 0; i < 8; i++)
        to[i] = (uint8_t)(x >> (8 * i));
#endif
}

static void fill_pattern(uint64_t x, uint64_t from, uint8_t *to, size_t len)
{
    const size_t skip = (size_t)(from % 8); /* x is the number that byte from lies in */
    if (skip != 0 && len != 0) {
        const size_t rest = 8 - skip;
        const size_t n = rest < len ? rest : len;
        uint8_t bytes[8];
        store_little(bytes, pattern_end(x));
        memcpy(to, bytes + skip, n);
        to += n;
        len -= n;
        x += FACTOR_ONE;
    }
    while (len >= 8) {
        store_little(to, pattern_end(x));
        to += 8;
        len -= 8;
        x += FACTOR_ONE;
    }
    if (len != 0) {
        uint8_t bytes[8];
        store_little(bytes, pattern_end(x));
        memcpy(to, bytes, len);
    }
}

static void fill_voice(const uint8_t *voice, uint64_t voice_bytes, uint64_t from, uint8_t *to,
                       size_t len)
{
    size_t heard = 0;
    if (from < voice_bytes) heard = voice_bytes - from < len ? (size_t)(voice_bytes - from) : len;
    if (heard != 0) memcpy(to, voice + from, heard);
    memset(to + heard, 0, len - heard);
}

void connect_stream_pcm(const struct connect_stream *s, size_t contact_at,
                        enum connect_stream_side side, uint64_t from, uint8_t *to, size_t len)
{
    assert(contact_at < s->options.contacts);
    if (s->voiced)
        fill_voice(s->voice[side], s->voice_bytes[side], from, to, len);
    else
        fill_pattern(pattern_begin(contact_at, side, from / 8), from, to, len);
}

/* ---- EBML, written ---- */

/* A place to write; the caller of connect_stream_next() owns the bytes. */
struct pen {
    uint8_t *to;
    size_t room;
    size_t len;
};

static uint8_t *pen_take(struct pen *p, size_t n)
{
    assert(n <= p->room - p->len);
    uint8_t *const at = p->to + p->len;
    p->len += n;
    return at;
}

static void put_bytes(struct pen *p, const void *bytes, size_t n)
{
    if (n != 0) memcpy(pen_take(p, n), bytes, n);
}

static void store_big(uint8_t *to, uint64_t value, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        to[i] = (uint8_t)(value >> (8 * (bytes - 1 - i)));
}

static void put_big(struct pen *p, uint64_t value, unsigned bytes)
{
    store_big(pen_take(p, bytes), value, bytes);
}

static unsigned bytes_of(uint64_t value)
{
    unsigned n = 1;
    while (n < 8 && value >> (8 * n) != 0)
        n++;
    return n;
}

/* The greatest value of a vint: all ones are reserved (RFC 8794 §6.2). */
static uint64_t vint_max(unsigned width)
{
    return (UINT64_C(1) << (7 * width)) - 2;
}

static unsigned vint_width(uint64_t value)
{
    unsigned width = 1;
    while (value > vint_max(width))
        width++;
    return width;
}

static void store_vint(uint8_t *to, uint64_t value, unsigned width)
{
    assert(width >= 1 && width <= 8);
    assert(value <= vint_max(width));
    store_big(to, value | UINT64_C(1) << (7 * width), width);
}

static void put_vint(struct pen *p, uint64_t value, unsigned width)
{
    store_vint(pen_take(p, width), value, width);
}

static void put_id(struct pen *p, uint32_t id)
{
    put_big(p, id, bytes_of(id));
}

static void put_element(struct pen *p, uint32_t id, unsigned size_width, const void *bytes,
                        size_t n)
{
    put_id(p, id);
    put_vint(p, n, size_width);
    put_bytes(p, bytes, n);
}

static void put_unsigned(struct pen *p, uint32_t id, uint64_t value, unsigned bytes)
{
    put_id(p, id);
    put_vint(p, bytes, 1);
    put_big(p, value, bytes);
}

/* An open element: where its size stands, to be filled in when its end is known. */
struct master {
    size_t size_at;
    unsigned size_width;
};

static struct master master_open(struct pen *p, uint32_t id, unsigned size_width)
{
    put_id(p, id);
    const struct master m = {.size_at = p->len, .size_width = size_width};
    memset(pen_take(p, size_width), 0, size_width);
    return m;
}

static void master_close(struct pen *p, struct master m)
{
    store_vint(p->to + m.size_at, p->len - m.size_at - m.size_width, m.size_width);
}

/* Unknown size: 01 FF FF FF FF FF FF FF or FF. */
static void master_leave_open(struct pen *p, struct master m)
{
    store_big(p->to + m.size_at, UINT64_MAX >> (64 - 7 * m.size_width - 1), m.size_width);
}

/* ---- the parts of a document ---- */

enum {
    ID_EBML = 0x1A45DFA3,
    ID_EBML_VERSION = 0x4286,
    ID_EBML_READ_VERSION = 0x42F7,
    ID_EBML_MAX_ID_LENGTH = 0x42F2,
    ID_EBML_MAX_SIZE_LENGTH = 0x42F3,
    ID_DOC_TYPE = 0x4282,
    ID_DOC_TYPE_VERSION = 0x4287,
    ID_DOC_TYPE_READ_VERSION = 0x4285,
    ID_VOID = 0xEC,
    ID_UNKNOWN_TWO = 0x4FFE, /* in no registry */
    ID_UNKNOWN_FOUR = 0x1ABCDEF0,
    ID_SEGMENT = 0x18538067,
    ID_INFO = 0x1549A966,
    ID_SEGMENT_UID = 0x73A4,
    ID_TIMECODE_SCALE = 0x2AD7B1,
    ID_TITLE = 0x7BA9,
    ID_MUXING_APP = 0x4D80,
    ID_WRITING_APP = 0x5741,
    ID_TRACKS = 0x1654AE6B,
    ID_TRACK_ENTRY = 0xAE,
    ID_TRACK_NUMBER = 0xD7,
    ID_TRACK_UID = 0x73C5,
    ID_TRACK_TYPE = 0x83,
    ID_NAME = 0x536E,
    ID_CODEC_ID = 0x86,
    ID_CODEC_PRIVATE = 0x63A2,
    ID_TAGS = 0x1254C367,
    ID_TAG = 0x7373,
    ID_SIMPLE_TAG = 0x67C8,
    ID_TAG_NAME = 0x45A3,
    ID_TAG_STRING = 0x4487,
    ID_CLUSTER = 0x1F43B675,
    ID_TIMECODE = 0xE7,
    ID_POSITION = 0xA7,
    ID_SIMPLE_BLOCK = 0xA3,
    ID_BLOCK_GROUP = 0xA0,
    ID_BLOCK = 0xA1,
};

enum {
    /* The service's own tags have sizes of 4 bytes, the producer's of 8 (PIC's mkvgen). */
    SERVICE_WIDTH = 4,
    PRODUCER_WIDTH = 8,
    NUL_PADDED_BYTES = 32,
    FRAMES_MAX = 8,
    /* A document without its blocks, for connect_stream_room(); it may hold two contact ids. */
    DOCUMENT_BYTES_MAX = 4096,
    /* BlockGroup and Block (2 * 9), track number (8), timecode and flags (3), frame count and seven
     * sizes (1 + 7 * 3), a Cluster of its own (4 + 8 + 10 + 3) and one sprinkled element (26): 102.
     * Xiph's bytes for long frames come on top, one for 255. */
    BLOCK_BYTES_MAX = 104,
};

/* Bytes that would look like a document to someone who skips nothing. */
static const uint8_t decoy[] = {0x1A, 0x45, 0xDF, 0xA3, 0xA3, 0x42, 0x86, 0x81,
                                0x01, 0x1F, 0x43, 0xB6, 0x75, 0xFF, 0x53, 0x6E,
                                0x81, 0x00, 0xA3, 0x84, 0x81, 0x00, 0x00, 0x80};

static void put_sprinkle(const struct connect_stream *s, struct pen *p, uint32_t id, size_t n)
{
    assert(n <= sizeof decoy);
    if (s->options.sprinkle) put_element(p, id, 1, decoy, n);
}

static void put_text(struct pen *p, uint32_t id, unsigned size_width, const char *text)
{
    put_element(p, id, size_width, text, strlen(text));
}

static void put_padded(struct pen *p, uint32_t id, const char *text, size_t bytes)
{
    const size_t n = strlen(text);
    put_id(p, id);
    put_vint(p, bytes < n ? n : bytes, 1);
    put_bytes(p, text, n);
    if (n < bytes) memset(pen_take(p, bytes - n), 0, bytes - n);
}

static void put_ebml(const struct connect_stream *s, struct pen *p)
{
    const struct master ebml = master_open(p, ID_EBML, 1);
    put_unsigned(p, ID_EBML_VERSION, 1, 1);
    put_unsigned(p, ID_EBML_READ_VERSION, 1, 1);
    put_unsigned(p, ID_EBML_MAX_ID_LENGTH, 4, 1);
    put_unsigned(p, ID_EBML_MAX_SIZE_LENGTH, 8, 1);
    put_sprinkle(s, p, ID_VOID, 4);
    put_padded(p, ID_DOC_TYPE, "matroska", s->options.nul_padded ? 9 : 0);
    put_unsigned(p, ID_DOC_TYPE_VERSION, 2, 1);
    put_unsigned(p, ID_DOC_TYPE_READ_VERSION, 2, 1);
    master_close(p, ebml);
}

static void put_info(const struct connect_stream *s, struct pen *p, size_t contact_at)
{
    const struct master info = master_open(p, ID_INFO, s->options.sprinkle ? 2 : 1);
    if (s->options.uids != CONNECT_STREAM_UIDS_NONE) {
        uint8_t uid[16] = {0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B};
        const size_t whose = s->options.uids == CONNECT_STREAM_UIDS_OWN ? contact_at : 0;
        store_big(uid + 12, 0x0C0D0E0F + (uint64_t)whose, 4);
        put_element(p, ID_SEGMENT_UID, 1, uid, sizeof uid);
    }
    put_sprinkle(s, p, ID_UNKNOWN_TWO, sizeof decoy);
    put_unsigned(p, ID_TIMECODE_SCALE, s->options.timecode_scale, 8);
    put_text(p, ID_TITLE, 1, "Kinesis Video SDK");
    put_text(p, ID_MUXING_APP, 1, "Kinesis Video SDK 1.1.0 JNI 2.0");
    put_text(p, ID_WRITING_APP, 1, "Kinesis Video SDK 1.1.0 JNI 2.0");
    master_close(p, info);
}

/* The sides in the order of their TrackEntries; how many. */
static size_t sides_of(const struct connect_stream *s, enum connect_stream_side sides[2])
{
    sides[0] = CONNECT_STREAM_CUSTOMER;
    sides[1] = CONNECT_STREAM_AGENT;
    switch (s->options.tracks) {
    case CONNECT_STREAM_TRACKS_CUSTOMER: return 1;
    case CONNECT_STREAM_TRACKS_BOTH: return 2;
    case CONNECT_STREAM_TRACKS_AGENT: sides[0] = CONNECT_STREAM_AGENT; return 1;
    case CONNECT_STREAM_TRACKS_SWAPPED:
        sides[0] = CONNECT_STREAM_AGENT;
        sides[1] = CONNECT_STREAM_CUSTOMER;
        return 2;
    }
    assert(false);
    return 0;
}

bool connect_stream_has(const struct connect_stream *s, enum connect_stream_side side)
{
    enum connect_stream_side sides[2];
    const size_t n = sides_of(s, sides);
    return sides[0] == side || (n == 2 && sides[1] == side);
}

static void put_tracks(const struct connect_stream *s, struct pen *p)
{
    const struct connect_stream_options *const o = &s->options;
    enum connect_stream_side sides[2];
    const size_t n = sides_of(s, sides);
    const size_t padded = o->nul_padded ? NUL_PADDED_BYTES : 0;

    const struct master tracks = master_open(p, ID_TRACKS, SERVICE_WIDTH);
    put_sprinkle(s, p, ID_UNKNOWN_TWO, 5);
    for (size_t i = 0; i < n; i++) {
        const struct master entry = master_open(p, ID_TRACK_ENTRY, SERVICE_WIDTH);
        put_unsigned(p, ID_TRACK_NUMBER, o->track_numbers[i], bytes_of(o->track_numbers[i]));
        put_unsigned(p, ID_TRACK_UID, sides[i] == CONNECT_STREAM_CUSTOMER ? 1 : 2, 8);
        put_sprinkle(s, p, ID_VOID, sizeof decoy);
        put_unsigned(p, ID_TRACK_TYPE, 2, 1);
        const bool customer = sides[i] == CONNECT_STREAM_CUSTOMER;
        put_padded(p, ID_NAME, customer ? "AUDIO_FROM_CUSTOMER" : "AUDIO_TO_CUSTOMER", padded);
        /* The false label: constants of the producer SDK's Java demo, and no Audio master (facts
         * §2.1). */
        put_padded(p, ID_CODEC_ID, "A_AAC", padded);
        put_element(p, ID_CODEC_PRIVATE, 1, "\x11\x90", 2);
        master_close(p, entry);
    }
    master_close(p, tracks);
}

static void put_simple_tag(const struct connect_stream *s, struct pen *p, unsigned width,
                           const char *name, const char *value)
{
    const struct master tag = master_open(p, ID_SIMPLE_TAG, width);
    put_text(p, ID_TAG_NAME, width, name);
    put_sprinkle(s, p, ID_UNKNOWN_TWO, 9);
    put_text(p, ID_TAG_STRING, width, value);
    master_close(p, tag);
}

/* Each of the producer's tags comes in a Tags of its own. */
static void put_producer_tag(const struct connect_stream *s, struct pen *p, const char *name,
                             const char *value)
{
    const struct master tags = master_open(p, ID_TAGS, PRODUCER_WIDTH);
    const struct master tag = master_open(p, ID_TAG, PRODUCER_WIDTH);
    put_simple_tag(s, p, PRODUCER_WIDTH, name, value);
    master_close(p, tag);
    master_close(p, tags);
}

static void put_producer_tags(const struct connect_stream *s, struct pen *p,
                              const struct connect_stream_facts *f)
{
    if (!(s->options.tagless_tail && f->last)) {
        char room[CONNECT_STREAM_UUID_BYTES];
        put_producer_tag(s, p, "ContactId", connect_stream_contact_id(s, f->contact_at, room));
        put_producer_tag(s, p, "InstanceId", "00000000-0000-4000-8000-0000000000aa");
    }
    put_producer_tag(s, p, "MimeType", "audio/L16;rate=8000;channels=1;");
    /* Constants: in the field too they contradict the Tracks now and then. */
    put_producer_tag(s, p, "AUDIO_FROM_CUSTOMER", "1");
    put_producer_tag(s, p, "AUDIO_TO_CUSTOMER", "2");
    put_producer_tag(s, p, "Events", "[]");
}

struct service_tags {
    struct master tags;
    struct master tag;
};

static struct service_tags service_tags_open(struct pen *p)
{
    const struct master tags = master_open(p, ID_TAGS, SERVICE_WIDTH);
    const struct master tag = master_open(p, ID_TAG, SERVICE_WIDTH);
    return (struct service_tags){.tags = tags, .tag = tag};
}

static void service_tags_close(struct pen *p, struct service_tags t)
{
    master_close(p, t.tag);
    master_close(p, t.tags);
}

static void put_seconds(const struct connect_stream *s, struct pen *p, const char *name,
                        uint64_t ms)
{
    char text[32];
    snprintf(text, sizeof text, "%" PRIu64 ".%03u", ms / 1000, (unsigned)(ms % 1000));
    put_simple_tag(s, p, SERVICE_WIDTH, name, text);
}

static void put_service_tags(const struct connect_stream *s, struct pen *p,
                             const struct connect_stream_facts *f)
{
    const struct service_tags t = service_tags_open(p);
    put_simple_tag(s, p, SERVICE_WIDTH, "AWS_KINESISVIDEO_FRAGMENT_NUMBER", f->number);
    put_seconds(s, p, "AWS_KINESISVIDEO_SERVER_TIMESTAMP", f->server_ms);
    put_seconds(s, p, "AWS_KINESISVIDEO_PRODUCER_TIMESTAMP", f->producer_ms);
    service_tags_close(p, t);
}

static void put_get_media_tags(const struct connect_stream *s, struct pen *p,
                               const struct connect_stream_facts *f)
{
    const struct service_tags t = service_tags_open(p);
    put_simple_tag(s, p, SERVICE_WIDTH, "AWS_KINESISVIDEO_MILLIS_BEHIND_NOW", "910");
    put_simple_tag(s, p, SERVICE_WIDTH, "AWS_KINESISVIDEO_CONTINUATION_TOKEN", f->number);
    service_tags_close(p, t);
}

/* ---- blocks ---- */

struct frames {
    size_t sizes[FRAMES_MAX];
    size_t count;
};

/* Sizes big and small by turns (3 and 1 halves of an even share), so that EBML's differences have
 * both signs. */
static struct frames frames_of(enum connect_stream_lacing lacing, size_t payload, uint64_t block_at)
{
    struct frames f = {.count = 1 + (size_t)(block_at % FRAMES_MAX)};
    if (lacing == CONNECT_STREAM_LACING_FIXED) {
        while (payload % f.count != 0)
            f.count--;
        for (size_t i = 0; i < f.count; i++)
            f.sizes[i] = payload / f.count;
        return f;
    }
    size_t rest = payload;
    for (size_t i = 0; i + 1 < f.count; i++) {
        f.sizes[i] = payload * (i % 2 == 0 ? 3 : 1) / (2 * f.count);
        rest -= f.sizes[i];
    }
    f.sizes[f.count - 1] = rest;
    return f;
}

static size_t store_xiph(uint8_t *to, const struct frames *f)
{
    size_t n = 0;
    for (size_t i = 0; i + 1 < f->count; i++) {
        size_t left = f->sizes[i];
        for (; left >= 255; left -= 255)
            to[n++] = 255;
        to[n++] = (uint8_t)left;
    }
    return n;
}

/* RFC 9559 §10.3.3: the first size, then differences, moved up by half the range. */
static size_t store_ebml(uint8_t *to, const struct frames *f)
{
    if (f->count < 2) return 0;
    unsigned width = vint_width(f->sizes[0]);
    store_vint(to, f->sizes[0], width);
    size_t n = width;
    for (size_t i = 1; i + 1 < f->count; i++) {
        const int64_t difference = (int64_t)f->sizes[i] - (int64_t)f->sizes[i - 1];
        int64_t half = 63;
        for (width = 1; difference > half || difference < -half; width++)
            half = half * 128 + 127;
        store_vint(to + n, (uint64_t)(difference + half), width);
        n += width;
    }
    return n;
}

enum {
    PAYLOAD_MAX = CONNECT_STREAM_FRAGMENT_MS_MAX * CONNECT_STREAM_BYTES_PER_MS,
    /* Xiph: a byte for each 255 of the payload, and one more for each frame. */
    LACE_BYTES_MAX = PAYLOAD_MAX / 255 + 1 + FRAMES_MAX,
};

static uint8_t lacing_flags(enum connect_stream_lacing lacing)
{
    switch (lacing) {
    case CONNECT_STREAM_LACING_NONE: return 0x00;
    case CONNECT_STREAM_LACING_XIPH: return 0x02;
    case CONNECT_STREAM_LACING_FIXED: return 0x04;
    case CONNECT_STREAM_LACING_EBML: return 0x06;
    }
    assert(false);
    return 0;
}

/* The lace's head is written where it belongs, before the sizes around it are known; they have
 * fixed widths. */
static void put_lace(struct pen *p, enum connect_stream_lacing lacing, size_t payload,
                     uint64_t block_at)
{
    if (lacing == CONNECT_STREAM_LACING_NONE) return;
    const struct frames f = frames_of(lacing, payload, block_at);
    put_big(p, f.count - 1, 1);
    assert(p->room - p->len >= LACE_BYTES_MAX);
    uint8_t *const to = p->to + p->len;
    if (lacing == CONNECT_STREAM_LACING_XIPH) p->len += store_xiph(to, &f);
    if (lacing == CONNECT_STREAM_LACING_EBML) p->len += store_ebml(to, &f);
}

/* A stretch of one side's audio, to become a block. */
struct stretch {
    size_t contact_at;
    enum connect_stream_side side;
    uint64_t from;
    size_t bytes;
    uint64_t block_at;
};

APART static void put_block(const struct connect_stream *s, struct pen *p, const struct stretch *b,
                            uint64_t track_number, uint16_t timecode)
{
    const struct connect_stream_options *const o = &s->options;
    const unsigned width = o->block_size_width;
    struct master group = {0};
    if (o->block_group) group = master_open(p, ID_BLOCK_GROUP, width);
    const struct master block = master_open(p, o->block_group ? ID_BLOCK : ID_SIMPLE_BLOCK, width);
    put_vint(p, track_number, vint_width(track_number));
    put_big(p, timecode, 2);
    const unsigned keyframe = o->block_group ? 0x00 : 0x80; /* SimpleBlock only */
    put_big(p, keyframe | lacing_flags(o->lacing), 1);
    put_lace(p, o->lacing, b->bytes, b->block_at);
    connect_stream_pcm(s, b->contact_at, b->side, b->from, pen_take(p, b->bytes), b->bytes);
    master_close(p, block);
    if (o->block_group) master_close(p, group);
}

/* ---- clusters ---- */

struct cluster {
    struct master master;
    uint64_t ticks; /* its Timecode */
    uint64_t from;  /* first byte of audio, from the fragment's start */
};

static struct cluster cluster_open(struct pen *p, bool known, uint64_t ticks, uint64_t from)
{
    const struct cluster c = {
        .master = master_open(p, ID_CLUSTER, known ? 8 : 1),
        .ticks = ticks,
        .from = from,
    };
    put_unsigned(p, ID_TIMECODE, ticks, 8);
    put_unsigned(p, ID_POSITION, 0, 1);
    return c;
}

static void cluster_close(struct pen *p, bool known, struct cluster c)
{
    if (known)
        master_close(p, c.master);
    else
        master_leave_open(p, c.master);
}

static uint64_t ticks_of(const struct connect_stream *s, uint64_t fragment_ms, uint64_t bytes)
{
    const uint64_t ns = fragment_ms * 1000000 + bytes * 1000000 / CONNECT_STREAM_BYTES_PER_MS;
    return ns / s->options.timecode_scale;
}

static bool cluster_is_full(const struct connect_stream *s, const struct cluster *c, uint64_t ticks,
                            uint64_t from)
{
    if (ticks - c->ticks > INT16_MAX) return true;
    const uint64_t bytes = (uint64_t)s->options.cluster_ms * CONNECT_STREAM_BYTES_PER_MS;
    return bytes != 0 && from - c->from >= bytes;
}

APART static void put_clusters(const struct connect_stream *s, struct pen *p,
                               const struct connect_stream_facts *f)
{
    const struct connect_stream_options *const o = &s->options;
    enum connect_stream_side sides[2];
    const size_t n = sides_of(s, sides);
    struct cluster c = cluster_open(p, o->cluster_known, ticks_of(s, f->producer_ms, 0), 0);

    uint64_t block_at = 0;
    for (uint64_t from = 0; from < f->pcm_bytes; from += o->block_bytes) {
        const uint64_t ticks = ticks_of(s, f->producer_ms, from);
        if (cluster_is_full(s, &c, ticks, from)) {
            cluster_close(p, o->cluster_known, c);
            c = cluster_open(p, o->cluster_known, ticks, from);
        }
        if (block_at % 3 == 0) put_sprinkle(s, p, ID_VOID, sizeof decoy);
        if (block_at % 3 == 1) put_sprinkle(s, p, ID_UNKNOWN_TWO, 12);

        const uint64_t left = f->pcm_bytes - from;
        struct stretch b = {
            .contact_at = f->contact_at,
            .from = f->pcm_from + from,
            .bytes = left < o->block_bytes ? (size_t)left : o->block_bytes,
        };
        for (size_t i = 0; i < n; i++) {
            b.side = sides[i];
            b.block_at = block_at++;
            put_block(s, p, &b, o->track_numbers[i], (uint16_t)(ticks - c.ticks));
        }
    }
    cluster_close(p, o->cluster_known, c);
}

/* ---- documents ---- */

static struct master segment_open(const struct connect_stream *s, struct pen *p)
{
    const struct master segment = master_open(p, ID_SEGMENT, 8);
    put_sprinkle(s, p, ID_UNKNOWN_FOUR, sizeof decoy);
    return segment;
}

static void segment_close(const struct connect_stream *s, struct pen *p, struct master segment)
{
    if (s->options.segment_known)
        master_close(p, segment);
    else
        master_leave_open(p, segment);
}

APART static void put_fragment(const struct connect_stream *s, struct pen *p,
                               const struct connect_stream_facts *f)
{
    const enum connect_stream_tags tags = s->options.tags;
    const bool before = tags == CONNECT_STREAM_TAGS_BEFORE || tags == CONNECT_STREAM_TAGS_BOTH;
    const bool after = tags == CONNECT_STREAM_TAGS_AFTER || tags == CONNECT_STREAM_TAGS_BOTH;

    if (s->at != 0 || !s->options.no_first_header) put_ebml(s, p);
    const struct master segment = segment_open(s, p);
    if (before) put_producer_tags(s, p, f);
    put_info(s, p, f->contact_at);
    put_tracks(s, p);
    put_service_tags(s, p, f);
    put_clusters(s, p, f);
    if (after) put_producer_tags(s, p, f);
    if (s->options.get_media) put_get_media_tags(s, p, f);
    segment_close(s, p, segment);
}

static void number_of(uint64_t ordinal, char to[CONNECT_STREAM_NUMBER_DIGITS + 1]);

/* No Info, Tracks or Cluster: Tags only, with the number of the fragment that could not be read. */
APART static void put_error(const struct connect_stream *s, struct pen *p)
{
    const enum connect_stream_error error = s->options.error;
    char number[CONNECT_STREAM_NUMBER_DIGITS + 1];
    number_of(s->options.contacts * s->slots, number);

    put_ebml(s, p);
    const struct master segment = segment_open(s, p);
    const struct service_tags t = service_tags_open(p);
    put_simple_tag(s, p, SERVICE_WIDTH, "AWS_KINESISVIDEO_FRAGMENT_NUMBER", number);
    if (error != CONNECT_STREAM_ERROR_MEDIA) {
        put_simple_tag(s, p, SERVICE_WIDTH, "AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE", "4000");
        put_simple_tag(s, p, SERVICE_WIDTH, "AWS_KINESISVIDEO_EXCEPTION_MESSAGE",
                       "FRAGMENT_NOT_FOUND");
    }
    if (error != CONNECT_STREAM_ERROR_LIST) {
        put_simple_tag(s, p, SERVICE_WIDTH, "AWS_KINESISVIDEO_ERROR_CODE", "FRAGMENT_NOT_FOUND");
        put_simple_tag(s, p, SERVICE_WIDTH, "AWS_KINESISVIDEO_ERROR_ID", "4000");
    }
    service_tags_close(p, t);
    segment_close(s, p, segment);
}

/* ---- which fragment is which ---- */

/* Numbers grow in the order of ingestion, lost fragments counted: 27 constant digits as in Amazon's
 * examples and 20 of ours. The step is no round number, for nobody may add one to a fragment
 * number. */
#define NUMBER_HEAD "913438523331814323926820626"
#define NUMBER_FIRST UINT64_C(2206220590765191907)
#define NUMBER_STEP UINT64_C(1000003)

static void number_of(uint64_t ordinal, char to[CONNECT_STREAM_NUMBER_DIGITS + 1])
{
    snprintf(to, CONNECT_STREAM_NUMBER_DIGITS + 1, NUMBER_HEAD "%020" PRIu64,
             NUMBER_FIRST + ordinal * NUMBER_STEP);
}

uint64_t connect_stream_fragments(const struct connect_stream *s)
{
    return s->options.contacts * s->written;
}

void connect_stream_seek(struct connect_stream *s, uint64_t fragment_at)
{
    assert(fragment_at <= connect_stream_fragments(s));
    s->at = fragment_at;
}

void connect_stream_facts(const struct connect_stream *s, uint64_t fragment_at,
                          struct connect_stream_facts *facts)
{
    assert(fragment_at < connect_stream_fragments(s));
    const struct connect_stream_options *const o = &s->options;
    const bool in_turn = o->order == CONNECT_STREAM_IN_TURN;
    const uint64_t contact_at = in_turn ? fragment_at / s->written : fragment_at % o->contacts;
    const uint64_t written_at = in_turn ? fragment_at % s->written : fragment_at / o->contacts;
    const uint64_t slot = written_at < o->gap_after ? written_at : written_at + o->gap_fragments;
    const uint64_t fragment_bytes = (uint64_t)o->fragment_ms * CONNECT_STREAM_BYTES_PER_MS;

    facts->contact_at = (size_t)contact_at;
    facts->slot = slot;
    facts->last = written_at == s->written - 1;
    facts->pcm_from = slot * fragment_bytes;
    const uint64_t left = s->track_bytes - facts->pcm_from;
    facts->pcm_bytes = left < fragment_bytes ? left : fragment_bytes;
    facts->length_ms =
        (facts->pcm_bytes + CONNECT_STREAM_BYTES_PER_MS - 1) / CONNECT_STREAM_BYTES_PER_MS;
    facts->producer_ms =
        o->start_ms + (in_turn ? contact_at * o->apart_ms : 0) + slot * o->fragment_ms;
    /* The producer's clock was 966 ms ahead in the one published dump. */
    facts->server_ms = facts->producer_ms < 966 ? 0 : facts->producer_ms - 966;
    number_of(in_turn ? contact_at * s->slots + slot : slot * o->contacts + contact_at,
              facts->number);
}

static uint64_t place_of(const struct connect_stream *s, uint64_t ordinal)
{
    const struct connect_stream_options *const o = &s->options;
    const bool in_turn = o->order == CONNECT_STREAM_IN_TURN;
    if (ordinal >= o->contacts * s->slots) return UINT64_MAX;
    const uint64_t contact_at = in_turn ? ordinal / s->slots : ordinal % o->contacts;
    const uint64_t slot = in_turn ? ordinal % s->slots : ordinal / o->contacts;
    uint64_t written_at = slot;
    if (slot >= o->gap_after) {
        if (slot - o->gap_after < o->gap_fragments) return UINT64_MAX;
        written_at = slot - o->gap_fragments;
    }
    return in_turn ? contact_at * s->written + written_at : written_at * o->contacts + contact_at;
}

uint64_t connect_stream_find(const struct connect_stream *s, const char *number)
{
    const size_t head = sizeof NUMBER_HEAD - 1;
    if (strlen(number) != CONNECT_STREAM_NUMBER_DIGITS || memcmp(number, NUMBER_HEAD, head) != 0)
        return UINT64_MAX;
    uint64_t tail = 0;
    for (const char *digit = number + head; *digit != '\0'; digit++) {
        if (*digit < '0' || *digit > '9') return UINT64_MAX;
        if (tail > (UINT64_MAX - 9) / 10) return UINT64_MAX;
        tail = tail * 10 + (uint64_t)(*digit - '0');
    }
    if (tail < NUMBER_FIRST || (tail - NUMBER_FIRST) % NUMBER_STEP != 0) return UINT64_MAX;
    return place_of(s, (tail - NUMBER_FIRST) / NUMBER_STEP);
}

const char *connect_stream_contact_id(const struct connect_stream *s, size_t contact_at,
                                      char to[CONNECT_STREAM_UUID_BYTES])
{
    assert(contact_at < s->options.contacts);
    const char *const *const ids = s->options.contact_ids;
    const char *const given = ids == NULL ? NULL : ids[contact_at];
    if (given != NULL) return given;
    snprintf(to, CONNECT_STREAM_UUID_BYTES, "00000000-0000-4000-8000-%012x",
             (unsigned)contact_at + 1);
    return to;
}

/* ---- the stream ---- */

struct connect_stream_options connect_stream_defaults(void)
{
    return (struct connect_stream_options){
        .contacts = 1,
        .order = CONNECT_STREAM_IN_TURN,
        .uids = CONNECT_STREAM_UIDS_OWN,
        .start_ms = UINT64_C(1741219200123),
        .apart_ms = UINT64_C(5) * 24 * 60 * 60 * 1000,
        .duration_ms = 60000,
        .tracks = CONNECT_STREAM_TRACKS_BOTH,
        .fragment_ms = 1088,
        .block_bytes = 1024,
        .timecode_scale = 1000000,
        .block_size_width = 8,
        .lacing = CONNECT_STREAM_LACING_NONE,
        .tags = CONNECT_STREAM_TAGS_AFTER,
        .error = CONNECT_STREAM_ERROR_NONE,
    };
}

/* How long the contacts are decides how many fragments there are. */
static void measure(struct connect_stream *s)
{
    const struct connect_stream_options *const o = &s->options;
    const uint64_t longer =
        s->voice_bytes[0] > s->voice_bytes[1] ? s->voice_bytes[0] : s->voice_bytes[1];
    s->track_bytes = o->duration_ms == 0 ? longer : o->duration_ms * CONNECT_STREAM_BYTES_PER_MS;

    const uint64_t fragment_bytes = (uint64_t)o->fragment_ms * CONNECT_STREAM_BYTES_PER_MS;
    s->slots = s->track_bytes / fragment_bytes + (s->track_bytes % fragment_bytes != 0);
    const uint64_t behind = s->slots > o->gap_after ? s->slots - o->gap_after : 0;
    s->written = s->slots - (behind < o->gap_fragments ? behind : o->gap_fragments);
}

void connect_stream_voice(struct connect_stream *s, enum connect_stream_side side,
                          const uint8_t *pcm, size_t bytes)
{
    assert(s->at == 0);
    s->voice[side] = pcm;
    s->voice_bytes[side] = bytes;
    s->voiced = true;
    measure(s);
}

size_t connect_stream_room(const struct connect_stream *s)
{
    const struct connect_stream_options *const o = &s->options;
    const size_t bytes = (size_t)o->fragment_ms * CONNECT_STREAM_BYTES_PER_MS;
    const size_t blocks = (bytes + o->block_bytes - 1) / o->block_bytes;
    return DOCUMENT_BYTES_MAX + LACE_BYTES_MAX +
           2 * (bytes + bytes / 255 + blocks * BLOCK_BYTES_MAX);
}

/* The greatest size that a block's element, or the group around it, must state. */
static uint64_t block_size_max(const struct connect_stream_options *o)
{
    const uint64_t number =
        o->track_numbers[0] > o->track_numbers[1] ? o->track_numbers[0] : o->track_numbers[1];
    uint64_t size = vint_width(number) + 3 + (uint64_t)o->block_bytes;
    if (o->lacing != CONNECT_STREAM_LACING_NONE) size += 1 + o->block_bytes / 255 + 4 * FRAMES_MAX;
    if (o->block_group) size += 1 + o->block_size_width;
    return size;
}

static const char *check_numbers(const struct connect_stream_options *o)
{
    const uint64_t start_max = UINT64_C(4000000000000); /* 2^63 ns are in the year 2262 */
    const uint64_t days_max = UINT64_C(36500) * 24 * 60 * 60 * 1000;
    if (o->start_ms > start_max) return "start: 4000000000000 ms at most";
    if (o->duration_ms > days_max) return "duration: 100 years at most";
    if (o->apart_ms > days_max / o->contacts)
        return "apart: the last contact must start within 100 years";
    if (o->timecode_scale == 0) return "timecode scale: at least 1 ns";
    for (int i = 0; i < 2; i++) {
        const uint64_t number = o->track_numbers[i];
        if (number > vint_max(8)) return "track numbers: below 2^56 - 1";
    }
    if (o->track_numbers[0] == o->track_numbers[1]) return "track numbers: two different ones";
    if (o->gap_fragments != 0 && o->gap_after == 0) return "gap: after at least one fragment";
    if (o->gap_fragments > UINT32_MAX || o->gap_after > UINT32_MAX) return "gap: below 2^32";
    return NULL;
}

static const char *check_sizes(const struct connect_stream_options *o)
{
    if (o->fragment_ms == 0 || o->fragment_ms > CONNECT_STREAM_FRAGMENT_MS_MAX)
        return "fragment: 1 to 20000 ms";
    if (o->block_bytes == 0 || o->block_bytes > PAYLOAD_MAX) return "block bytes: 1 to 320000";
    if (o->block_size_width < 1 || o->block_size_width > 8) return "block size width: 1 to 8";
    if (block_size_max(o) > vint_max(o->block_size_width))
        return "block size width: too narrow for the block bytes";
    return NULL;
}

static const char *check_contacts(const struct connect_stream_options *o)
{
    if (o->contacts < 1 || o->contacts > CONNECT_STREAM_CONTACTS_MAX) return "contacts: 1 to 32767";
    for (size_t i = 0; o->contact_ids != NULL && i < o->contacts; i++) {
        const char *const id = o->contact_ids[i];
        if (id != NULL && strlen(id) > CONNECT_STREAM_ID_BYTES_MAX)
            return "contact id: 256 bytes at most";
    }
    return NULL;
}

const char *connect_stream_init(struct connect_stream *s,
                                const struct connect_stream_options *options)
{
    *s = (struct connect_stream){.options = *options};
    struct connect_stream_options *const o = &s->options;
    for (unsigned i = 0; i < 2; i++)
        if (o->track_numbers[i] == 0) o->track_numbers[i] = i + 1;

    const char *wrong = check_contacts(o);
    if (wrong == NULL) wrong = check_numbers(o);
    if (wrong == NULL) wrong = check_sizes(o);
    if (wrong != NULL) return wrong;
    if (connect_stream_room(s) > CONNECT_STREAM_FRAGMENT_BYTES_MAX)
        return "too many blocks in a fragment: make them bigger";
    measure(s);
    return NULL;
}

bool connect_stream_next(struct connect_stream *s, uint8_t *to, size_t room, size_t *len)
{
    assert(room >= connect_stream_room(s));
    *len = 0;
    struct pen p = {.to = to, .room = room};
    const uint64_t fragments = connect_stream_fragments(s);
    if (s->at < fragments) {
        struct connect_stream_facts facts;
        connect_stream_facts(s, s->at, &facts);
        put_fragment(s, &p, &facts);
    } else if (s->at == fragments && s->options.error != CONNECT_STREAM_ERROR_NONE) {
        put_error(s, &p);
    } else {
        return false;
    }
    s->at++;
    *len = p.len;
    return true;
}
