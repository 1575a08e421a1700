/* Written from docs/READING.md alone. The numbers in comments and messages are its rules.
 *
 * A recursive descent: children() reads what stands in one element and calls itself for the masters
 * among it. A fault is found at the first byte that shows it; every function returns false once
 * there is one. */
#include "reference.h"

#include <assert.h>
#include <string.h>

enum {
    OPEN_ELEMENTS_MAX = 12, /* 2.4 */
    TRACKS_MAX = 8,         /* 5.1 */
    UIDS_MAX = 64,          /* 7.3 */
    UID_BYTES = 16,         /* 4.3 */
    BLOCK_HEADER_BYTES_MIN = 4
};

#define NO_END UINT64_MAX /* of an element without a known end around it */

enum element {
    ROOT,
    OTHER, /* not in the table, Void, CRC-32 (2.3) */
    EBML,
    DOC_TYPE,
    EBML_READ_VERSION,
    EBML_MAX_ID_LENGTH,
    EBML_MAX_SIZE_LENGTH,
    DOC_TYPE_READ_VERSION,
    SEGMENT,
    INFO,
    SEGMENT_UID,
    TIMECODE_SCALE,
    TRACKS,
    TRACK_ENTRY,
    TRACK_NUMBER,
    TRACK_TYPE,
    NAME,
    CODEC_ID,
    AUDIO,
    SAMPLING_FREQUENCY,
    CHANNELS,
    BIT_DEPTH,
    CONTENT_ENCODINGS,
    TAGS,
    TAG,
    SIMPLE_TAG,
    TAG_NAME,
    TAG_STRING,
    CLUSTER,
    TIMECODE,
    SIMPLE_BLOCK,
    BLOCK_GROUP,
    BLOCK,
    ENCRYPTED_BLOCK,
    SEEK_HEAD,
    CUES,
    CHAPTERS,
    ATTACHMENTS
};

enum kind { MASTER, UNSIGNED, FLOAT, STRING, UID, A_BLOCK, SKIPPED };

struct row {
    uint32_t id;
    enum element element, parent;
    enum kind kind;
    uint64_t
        number; /* UNSIGNED: its default (RFC 8794 §11.2, RFC 9559 §5.1); STRING: its limit (3.3) */
};

static const struct row table[] = {
    {0x1A45DFA3, EBML, ROOT, MASTER, 0},
    {0x4282, DOC_TYPE, EBML, STRING, 64},
    {0x42F7, EBML_READ_VERSION, EBML, UNSIGNED, 1},
    {0x42F2, EBML_MAX_ID_LENGTH, EBML, UNSIGNED, 4},
    {0x42F3, EBML_MAX_SIZE_LENGTH, EBML, UNSIGNED, 8},
    {0x4285, DOC_TYPE_READ_VERSION, EBML, UNSIGNED, 1},
    {0x18538067, SEGMENT, ROOT, MASTER, 0},
    {0x1549A966, INFO, SEGMENT, MASTER, 0},
    {0x73A4, SEGMENT_UID, INFO, UID, 0},
    {0x2AD7B1, TIMECODE_SCALE, INFO, UNSIGNED, 1000000},
    {0x1654AE6B, TRACKS, SEGMENT, MASTER, 0},
    {0xAE, TRACK_ENTRY, TRACKS, MASTER, 0},
    {0xD7, TRACK_NUMBER, TRACK_ENTRY, UNSIGNED, 0},
    {0x83, TRACK_TYPE, TRACK_ENTRY, UNSIGNED, 0},
    {0x536E, NAME, TRACK_ENTRY, STRING, 64},
    {0x86, CODEC_ID, TRACK_ENTRY, STRING, 64},
    {0xE1, AUDIO, TRACK_ENTRY, MASTER, 0},
    {0xB5, SAMPLING_FREQUENCY, AUDIO, FLOAT, 0},
    {0x9F, CHANNELS, AUDIO, UNSIGNED, 1},
    {0x6264, BIT_DEPTH, AUDIO, UNSIGNED, 0},
    {0x6D80, CONTENT_ENCODINGS, TRACK_ENTRY, SKIPPED, 0},
    {0x1254C367, TAGS, SEGMENT, MASTER, 0},
    {0x7373, TAG, TAGS, MASTER, 0},
    {0x67C8, SIMPLE_TAG, TAG, MASTER, 0}, /* and in itself: may_hold() */
    {0x45A3, TAG_NAME, SIMPLE_TAG, STRING, 128},
    {0x4487, TAG_STRING, SIMPLE_TAG, STRING, 512},
    {0x1F43B675, CLUSTER, SEGMENT, MASTER, 0},
    {0xE7, TIMECODE, CLUSTER, UNSIGNED, 0},
    {0xA3, SIMPLE_BLOCK, CLUSTER, A_BLOCK, 0},
    {0xA0, BLOCK_GROUP, CLUSTER, MASTER, 0},
    {0xA1, BLOCK, BLOCK_GROUP, A_BLOCK, 0},
    {0xAF, ENCRYPTED_BLOCK, CLUSTER, SKIPPED, 0},
    {0x114D9B74, SEEK_HEAD, SEGMENT, SKIPPED, 0},
    {0x1C53BB6B, CUES, SEGMENT, SKIPPED, 0},
    {0x1043A770, CHAPTERS, SEGMENT, SKIPPED, 0},
    {0x1941A469, ATTACHMENTS, SEGMENT, SKIPPED, 0},
};

static const struct row other = {0, OTHER, OTHER, SKIPPED, 0};

/* Bytes of the input. */
struct view {
    size_t at, len;
};

struct header_values {
    struct view doc_type;
    uint64_t read_version, max_id_length, max_size_length, doc_type_read_version;
};

struct track {
    uint64_t number, type, channels, bit_depth;
    bool has_frequency, has_channels, has_bit_depth, has_encodings;
    double frequency;
    struct view name, codec_id;
};

struct document {
    bool has_uid, has_contact, has_mime_type, has_trouble;
    struct view uid, contact, mime_type, fragment_number;
    uint64_t timecode_scale;
    uint64_t cluster_timecode;
    struct track track[TRACKS_MAX];
    size_t tracks;        /* that ended */
    size_t track_entries; /* that began */
    bool tracks_are_chosen;
    const struct track *chosen[2]; /* customer, agent; NULL is none */
    size_t blocks;
    uint64_t pcm_bytes[2];
};

struct remembered {
    struct view uid, contact;
    bool shared; /* two contacts have had it: it vouches for neither */
};

struct reader {
    const uint8_t *input;
    size_t len, at;
    enum reference_channels channels;
    struct reference *to;
    struct header_values header;
    struct document document;
    struct track entry;                     /* the TrackEntry that is open */
    struct remembered remembered[UIDS_MAX]; /* the most recently used one first */
    size_t uids;
};

/* An open element. */
struct open {
    const struct open *around; /* NULL for the root */
    enum element element;
    bool has_size;
    uint64_t end; /* the nearest known end: its own, or one around it (1.4) */
    unsigned depth;
    struct view tag_name, tag_string; /* of a SimpleTag */
};

static bool refuse(struct reader *r, enum reference_verdict verdict, const char *why)
{
    r->to->verdict = verdict;
    r->to->fault_at = r->at;
    r->to->why = why;
    return false;
}

static bool malformed(struct reader *r, const char *why)
{
    return refuse(r, REFERENCE_MALFORMED, why);
}

static bool truncated(struct reader *r)
{
    r->at = r->len;
    return refuse(r, REFERENCE_TRUNCATED, "2.5 the input ends here");
}

static bool view_is(const struct reader *r, struct view v, const char *text)
{
    return v.len == strlen(text) && memcmp(r->input + v.at, text, v.len) == 0;
}

static bool views_equal(const struct reader *r, struct view a, struct view b)
{
    return a.len == b.len && memcmp(r->input + a.at, r->input + b.at, a.len) == 0;
}

static void view_copy(const struct reader *r, struct view v, char *to, size_t room)
{
    assert(v.len < room);
    memset(to, 0, room);
    memcpy(to, r->input + v.at, v.len);
}

/* 3.3 */
static struct view without_trailing_nuls(const struct reader *r, struct view v)
{
    while (v.len > 0 && r->input[v.at + v.len - 1] == 0)
        v.len--;
    return v;
}

static uint64_t big_endian(const uint8_t *from, size_t len)
{
    uint64_t value = 0;
    for (size_t i = 0; i < len; i++)
        value = value << 8 | from[i];
    return value;
}

/* How many bytes a vint has whose first byte is this; 9 for the first byte 0. */
static size_t vint_width(uint8_t first)
{
    size_t width = 1;
    while (width <= 8 && (first & 0x80U >> (width - 1)) == 0)
        width++;
    return width;
}

/* Are `width` bytes there, the first of which is at hand? `end` is the end of what they belong to.
 */
static bool there_are(struct reader *r, size_t width, uint64_t end, const char *why)
{
    if (width > end - r->at) return malformed(r, why);
    if (width > r->len - r->at) return truncated(r);
    return true;
}

/* 1.1. That the id crosses the end of its parent shows at its first byte already (1.4). */
static bool read_id(struct reader *r, uint64_t end, uint32_t *id)
{
    if (!there_are(r, 1, end, "1.4 id behind the end")) return false;
    const uint8_t first = r->input[r->at];
    if (first < 0x10) return malformed(r, "1.1 first byte of an id");
    const size_t width = vint_width(first);
    if (!there_are(r, width, end, "1.4 id behind the end")) return false;
    *id = (uint32_t)big_endian(r->input + r->at, width);
    const uint32_t ones = (UINT32_C(1) << (7 * width)) - 1;
    const uint32_t data = *id & ones;
    r->at += width;
    if (data == 0 || data == ones) return malformed(r, "1.1 data bits all zero or all one");
    /* 0x7F, 0x3FFF, 0x1FFFFF: the all-one data of the form below, which is no id there. */
    if (width > 1 && data < (UINT32_C(1) << (7 * (width - 1))) - 1)
        return malformed(r, "1.1 a shorter form could hold the id");
    return true;
}

/* 1.2, and the vints of blocks (6.1, 6.2). */
static bool read_vint(struct reader *r, uint64_t end, uint64_t *value, size_t *width,
                      bool *all_ones)
{
    if (!there_are(r, 1, end, "1.4 or 6 vint behind the end")) return false;
    const uint8_t first = r->input[r->at];
    if (first == 0) return malformed(r, "1.2 or 6 first byte of a vint");
    *width = vint_width(first);
    if (!there_are(r, *width, end, "1.4 or 6 vint behind the end")) return false;
    const uint64_t ones = (UINT64_C(1) << (7 * *width)) - 1;
    *value = big_endian(r->input + r->at, *width) & ones;
    *all_ones = *value == ones;
    r->at += *width;
    return true;
}

/* 7.4: ASCII letters in either case. */
static bool same_letters(const uint8_t *bytes, size_t len, const char *text)
{
    if (len != strlen(text)) return false;
    for (size_t i = 0; i < len; i++) {
        const uint8_t byte = bytes[i];
        const uint8_t low = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte - 'A' + 'a') : byte;
        const uint8_t want = (uint8_t)text[i];
        const uint8_t want_low = want >= 'A' && want <= 'Z' ? (uint8_t)(want - 'A' + 'a') : want;
        if (low != want_low) return false;
    }
    return true;
}

static void trim(const uint8_t **bytes, size_t *len)
{
    while (*len > 0 && **bytes == ' ') {
        (*bytes)++;
        (*len)--;
    }
    while (*len > 0 && (*bytes)[*len - 1] == ' ')
        (*len)--;
}

/* One parameter, `name=value`; without '=' the value is empty. */
static bool parameter_is_ours(const uint8_t *bytes, size_t len)
{
    const uint8_t *equals = len > 0 ? memchr(bytes, '=', len) : NULL;
    size_t name_len = equals != NULL ? (size_t)(equals - bytes) : len;
    const uint8_t *value = equals != NULL ? equals + 1 : bytes + len;
    const size_t value_len = (size_t)(bytes + len - value);
    trim(&bytes, &name_len);
    if (same_letters(bytes, name_len, "rate")) return same_letters(value, value_len, "8000");
    if (same_letters(bytes, name_len, "channels")) return same_letters(value, value_len, "1");
    return true;
}

/* 7.4 */
static bool mime_type_is_ours(const struct reader *r, struct view mime_type)
{
    const uint8_t *bytes = r->input + mime_type.at;
    size_t left = mime_type.len;
    for (bool is_type = true;; is_type = false) {
        const uint8_t *semicolon = left > 0 ? memchr(bytes, ';', left) : NULL;
        const uint8_t *part = bytes;
        size_t part_len = semicolon != NULL ? (size_t)(semicolon - bytes) : left;
        trim(&part, &part_len);
        if (is_type && !same_letters(part, part_len, "audio/L16")) return false;
        if (!is_type && !parameter_is_ours(part, part_len)) return false;
        if (semicolon == NULL) return true;
        left -= (size_t)(semicolon - bytes) + 1;
        bytes = semicolon + 1;
    }
}

/* 7.3: where this SegmentUID is remembered, or r->uids. */
static size_t remembered_at(const struct reader *r, struct view uid)
{
    size_t at = 0;
    while (at < r->uids && !views_equal(r, r->remembered[at].uid, uid))
        at++;
    return at;
}

/* 7.3: to the front, and the one used longest ago falls out. */
static void remember(struct reader *r, struct view uid, struct view contact)
{
    size_t at = remembered_at(r, uid);
    const bool known = at < r->uids;
    const bool shared =
        known && (r->remembered[at].shared || !views_equal(r, r->remembered[at].contact, contact));
    if (!known && r->uids < UIDS_MAX) r->uids++;
    if (at == UIDS_MAX) at = UIDS_MAX - 1;
    memmove(r->remembered + 1, r->remembered, at * sizeof *r->remembered);
    r->remembered[0] = (struct remembered){.uid = uid, .contact = contact, .shared = shared};
}

/* 7.3: a document's contact, its own or one that it inherits. Only a UID with a contact is
 * remembered. */
static void settle_contact(struct reader *r)
{
    struct document *d = &r->document;
    if (!d->has_uid) return;
    if (!d->has_contact) {
        const size_t at = remembered_at(r, d->uid);
        if (at == r->uids || r->remembered[at].shared) return;
        d->contact = r->remembered[at].contact;
        d->has_contact = true;
    }
    remember(r, d->uid, d->contact);
}

static bool end_document(struct reader *r)
{
    struct document *d = &r->document;
    if (d->has_trouble) return refuse(r, REFERENCE_TROUBLE, "7.5 KVS failed part-way");
    const bool has_audio = d->pcm_bytes[0] > 0 || d->pcm_bytes[1] > 0;
    if (has_audio && d->has_mime_type && !mime_type_is_ours(r, d->mime_type))
        return refuse(r, REFERENCE_UNSUPPORTED, "7.4 MimeType");
    settle_contact(r);
    if (r->to->documents < REFERENCE_DOCUMENTS_MAX) {
        struct reference_document *to = &r->to->document[r->to->documents];
        to->has_contact = d->has_contact;
        view_copy(r, d->contact, to->contact, sizeof to->contact);
        view_copy(r, d->fragment_number, to->fragment_number, sizeof to->fragment_number);
        to->blocks = d->blocks;
        to->pcm_bytes[0] = d->pcm_bytes[0];
        to->pcm_bytes[1] = d->pcm_bytes[1];
    }
    r->to->documents++;
    return true;
}

/* 4.2 */
static bool end_header(struct reader *r)
{
    const struct header_values *h = &r->header;
    if (!view_is(r, h->doc_type, "matroska") && !view_is(r, h->doc_type, "webm"))
        return refuse(r, REFERENCE_UNSUPPORTED, "4.2 DocType");
    if (h->read_version > 1 || h->max_id_length > 4 || h->max_size_length > 8 ||
        h->doc_type_read_version > 4)
        return refuse(r, REFERENCE_UNSUPPORTED, "4.2 versions and lengths");
    return true;
}

/* 5.1. The limit of 8 was looked at where the TrackEntry began. */
static bool end_track_entry(struct reader *r)
{
    struct document *d = &r->document;
    if (r->entry.number == 0) return malformed(r, "5.1 TrackNumber missing or 0");
    for (size_t i = 0; i < d->tracks; i++)
        if (d->track[i].number == r->entry.number)
            return malformed(r, "5.1 two tracks with one number");
    d->track[d->tracks++] = r->entry;
    return true;
}

/* 7.2 */
static bool contact_id(struct reader *r, struct view contact)
{
    struct document *d = &r->document;
    if (contact.len > REFERENCE_CONTACT_BYTES_MAX)
        return refuse(r, REFERENCE_LIMIT, "7.2 ContactId too long");
    if (contact.len == 0) return true;
    if (d->has_contact && !views_equal(r, d->contact, contact))
        return malformed(r, "7.2 two ContactIds");
    d->has_contact = true;
    d->contact = contact;
    return true;
}

/* 7.1 */
static bool end_simple_tag(struct reader *r, const struct open *tag)
{
    if (tag->around->element != TAG) return true;
    struct document *d = &r->document;
    const struct view name = tag->tag_name;
    if (view_is(r, name, "ContactId")) return contact_id(r, tag->tag_string);
    if (view_is(r, name, "MimeType")) {
        d->has_mime_type = true;
        d->mime_type = tag->tag_string;
    }
    if (view_is(r, name, "AWS_KINESISVIDEO_FRAGMENT_NUMBER")) d->fragment_number = tag->tag_string;
    if (view_is(r, name, "AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE") ||
        view_is(r, name, "AWS_KINESISVIDEO_EXCEPTION_MESSAGE") ||
        view_is(r, name, "AWS_KINESISVIDEO_ERROR_CODE") ||
        view_is(r, name, "AWS_KINESISVIDEO_ERROR_ID"))
        d->has_trouble = true;
    return true;
}

/* 5.2 for one channel. */
static bool choose_track(struct reader *r, size_t channel)
{
    struct document *d = &r->document;
    const char *const asked = channel == 0 ? "AUDIO_FROM_CUSTOMER" : "AUDIO_TO_CUSTOMER";
    const struct track *named = NULL;
    const struct track *only = NULL;
    size_t named_count = 0;
    size_t audio_count = 0;
    for (size_t i = 0; i < d->tracks; i++) {
        if (d->track[i].type != 2) continue;
        audio_count++;
        only = &d->track[i];
        if (view_is(r, d->track[i].name, asked)) {
            named_count++;
            named = &d->track[i];
        }
    }
    if (named_count > 1 || (named_count == 0 && audio_count > 1))
        return refuse(r, REFERENCE_AMBIGUOUS, "5.2 which track is it?");
    if (named_count == 1)
        d->chosen[channel] = named;
    else if (audio_count == 1 && channel == 0 && !view_is(r, only->name, "AUDIO_TO_CUSTOMER"))
        d->chosen[channel] = only;
    return true;
}

/* 5.3 */
static bool track_is_ours(const struct reader *r, const struct track *t)
{
    const struct view codec = t->codec_id;
    if (codec.len > 0 && !view_is(r, codec, "A_PCM/INT/LIT") && !view_is(r, codec, "A_AAC"))
        return false;
    /* The doubles are compared as they are: 8000 is exact in both widths. */
    if (t->has_frequency && !(t->frequency >= 8000.0 && t->frequency <= 8000.0)) return false;
    if (t->has_channels && t->channels != 1) return false;
    if (t->has_bit_depth && t->bit_depth != 16) return false;
    return !t->has_encodings;
}

/* 5.2, 5.3: at the document's first block. */
static bool choose_tracks(struct reader *r)
{
    struct document *d = &r->document;
    if (d->tracks_are_chosen) return true;
    d->tracks_are_chosen = true;
    if ((r->channels & REFERENCE_CUSTOMER) != 0 && !choose_track(r, 0)) return false;
    if ((r->channels & REFERENCE_AGENT) != 0 && !choose_track(r, 1)) return false;
    for (size_t channel = 0; channel < 2; channel++)
        if (d->chosen[channel] != NULL && !track_is_ours(r, d->chosen[channel]))
            return refuse(r, REFERENCE_UNSUPPORTED, "5.3 not a track that we can read");
    return true;
}

/* 6.4 */
static bool block_time(struct reader *r, int16_t relative, int64_t *time_ns)
{
    const uint64_t base = r->document.cluster_timecode;
    const uint64_t scale = r->document.timecode_scale;
    if (base > (uint64_t)INT64_MAX || scale > (uint64_t)INT64_MAX) return malformed(r, "6.4 time");
    const uint64_t distance = (uint64_t)(relative < 0 ? -(int32_t)relative : (int32_t)relative);
    const bool negative = relative < 0 && distance > base;
    uint64_t ticks = 0; /* without its sign */
    if (negative) {
        ticks = distance - base;
    } else if (relative < 0) {
        ticks = base - distance;
    } else {
        if (base > UINT64_MAX - distance) return malformed(r, "6.4 time");
        ticks = base + distance;
    }
    if (ticks > (uint64_t)INT64_MAX / scale) {
        /* Only -2^63 itself is there and has no positive twin. */
        if (!negative || ticks > (UINT64_C(1) << 63) / scale) return malformed(r, "6.4 time");
        *time_ns = INT64_MIN;
        return true;
    }
    *time_ns = negative ? -(int64_t)(ticks * scale) : (int64_t)(ticks * scale);
    return true;
}

/* 6.2: one Xiph size, the sum of bytes up to one that is not 255. */
static bool xiph_size(struct reader *r, uint64_t end, uint64_t *size)
{
    *size = 0;
    for (;;) {
        if (!there_are(r, 1, end, "6.2 Xiph sizes behind the block")) return false;
        const uint8_t byte = r->input[r->at++];
        *size += byte;
        if (byte != 255) return true;
    }
}

/* 6.2: one EBML size. `*size` is the one before, where there is one. */
static bool ebml_size(struct reader *r, uint64_t end, bool is_first, uint64_t *size)
{
    uint64_t value = 0;
    size_t width = 0;
    bool all_ones = false;
    if (!read_vint(r, end, &value, &width, &all_ones)) return false;
    if (all_ones) return malformed(r, "6.2 EBML size of all ones");
    if (is_first) {
        *size = value;
        return true;
    }
    /* RFC 9559 §10.3.3: the difference is the value less half the range. */
    const uint64_t bias = (UINT64_C(1) << (7 * width - 1)) - 1;
    if (*size + value < bias) return malformed(r, "6.2 negative size");
    *size = *size + value - bias;
    return true;
}

/* 6.2: walks the lacing, so that the audio is what follows (6.3). */
static bool read_lacing(struct reader *r, uint8_t flags, uint64_t end)
{
    const unsigned lacing = flags & 0x06U;
    if (lacing == 0) return true;
    if (!there_are(r, 1, end, "6.1 no room for the number of frames")) return false;
    const uint64_t frames = (uint64_t)r->input[r->at++] + 1;
    if (lacing == 4) {
        if ((end - r->at) % frames != 0) return malformed(r, "6.2 fixed lacing divides unevenly");
        return true;
    }
    uint64_t sum = 0;
    uint64_t size = 0;
    for (uint64_t i = 0; i + 1 < frames; i++) {
        if (lacing == 2 ? !xiph_size(r, end, &size) : !ebml_size(r, end, i == 0, &size))
            return false;
        sum += size;
        if (sum > end - r->at) return malformed(r, "6.2 frames larger than the block");
    }
    return true;
}

static bool is_declared(const struct document *d, uint64_t number)
{
    for (size_t i = 0; i < d->tracks; i++)
        if (d->track[i].number == number) return true;
    return false;
}

/* 6.3 */
static void give_pieces(struct reader *r, uint64_t number, int64_t time_ns, struct view audio)
{
    struct document *d = &r->document;
    for (size_t channel = 0; channel < 2; channel++) {
        if (d->chosen[channel] == NULL || d->chosen[channel]->number != number) continue;
        d->pcm_bytes[channel] += audio.len;
        if (r->to->pieces < REFERENCE_PIECES_MAX)
            r->to->piece[r->to->pieces] = (struct reference_piece){
                .document = r->to->documents,
                .channel = channel == 0 ? REFERENCE_CUSTOMER : REFERENCE_AGENT,
                .time_ns = time_ns,
                .at = audio.at,
                .len = audio.len,
            };
        r->to->pieces++;
    }
}

/* 6: the payload of a SimpleBlock or a Block. */
static bool read_block(struct reader *r, uint64_t size)
{
    const uint64_t end = r->at + size;
    if (size < BLOCK_HEADER_BYTES_MIN) return malformed(r, "6.1 block shorter than its header");
    if (r->at == r->len) return truncated(r);
    if (vint_width(r->input[r->at]) + 3 > size)
        return malformed(r, "6.1 block shorter than its header, or no track number");
    uint64_t number = 0;
    size_t width = 0;
    bool all_ones = false;
    if (!read_vint(r, end, &number, &width, &all_ones)) return false;
    if (all_ones) return malformed(r, "6.1 track number of all ones");
    if (!is_declared(&r->document, number)) return malformed(r, "6.1 track not declared");

    if (!there_are(r, 2, end, "6.1 timecode")) return false;
    const int32_t raw = (int32_t)big_endian(r->input + r->at, 2);
    r->at += 2;
    int64_t time_ns = 0;
    if (!block_time(r, (int16_t)(raw >= 0x8000 ? raw - 0x10000 : raw), &time_ns)) return false;

    if (!there_are(r, 1, end, "6.1 flags")) return false;
    const uint8_t flags = r->input[r->at++];
    if (!read_lacing(r, flags, end)) return false;

    if (end > r->len) return truncated(r);
    const struct view audio = {.at = r->at, .len = (size_t)(end - r->at)};
    r->at = (size_t)end;
    r->document.blocks++;
    give_pieces(r, number, time_ns, audio);
    return true;
}

static double float_value(const uint8_t *from, size_t len)
{
    const uint64_t bits = big_endian(from, len);
    if (len == 4) {
        const uint32_t half = (uint32_t)bits;
        float value = 0;
        memcpy(&value, &half, sizeof value);
        return (double)value;
    }
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* 3.1 */
static bool read_unsigned(struct reader *r, const struct row *row, struct view v)
{
    const uint64_t value = v.len == 0 ? row->number : big_endian(r->input + v.at, v.len);
    switch (row->element) {
    case EBML_READ_VERSION: r->header.read_version = value; break;
    case EBML_MAX_ID_LENGTH: r->header.max_id_length = value; break;
    case EBML_MAX_SIZE_LENGTH: r->header.max_size_length = value; break;
    case DOC_TYPE_READ_VERSION: r->header.doc_type_read_version = value; break;
    case TIMECODE_SCALE:
        if (value == 0) return malformed(r, "4.3 TimecodeScale 0");
        r->document.timecode_scale = value;
        break;
    case TRACK_NUMBER: r->entry.number = value; break;
    case TRACK_TYPE: r->entry.type = value; break;
    case CHANNELS:
        r->entry.has_channels = true;
        r->entry.channels = value;
        break;
    case BIT_DEPTH:
        r->entry.has_bit_depth = true;
        r->entry.bit_depth = value;
        break;
    case TIMECODE: r->document.cluster_timecode = value; break;
    default: assert(false); break;
    }
    return true;
}

static void read_string(struct reader *r, enum element element, struct view v, struct open *in)
{
    const struct view text = without_trailing_nuls(r, v);
    switch (element) {
    case DOC_TYPE: r->header.doc_type = text; break;
    case NAME: r->entry.name = text; break;
    case CODEC_ID: r->entry.codec_id = text; break;
    case TAG_NAME: in->tag_name = text; break;
    case TAG_STRING: in->tag_string = text; break;
    default: assert(false); break;
    }
}

/* 4.3 */
static void read_uid(struct reader *r, struct view v)
{
    static const uint8_t zeros[UID_BYTES] = {0};
    r->document.uid = v;
    r->document.has_uid = memcmp(r->input + v.at, zeros, UID_BYTES) != 0;
}

/* What the size alone says against a value (3, 4.3). */
static bool value_size_is_right(struct reader *r, const struct row *row, uint64_t size)
{
    switch (row->kind) {
    case UNSIGNED: return size <= 8 || malformed(r, "3.1 unsigned longer than 8 bytes");
    case FLOAT: return size == 0 || size == 4 || size == 8 || malformed(r, "3.2 float");
    case STRING: return size <= row->number || refuse(r, REFERENCE_LIMIT, "3.3 string too long");
    case UID: return size == UID_BYTES || malformed(r, "4.3 SegmentUID is not 16 bytes");
    case MASTER:
    case A_BLOCK:
    case SKIPPED: return true;
    }
    return true;
}

/* An element without children; its size is known and its header read. */
static bool read_leaf(struct reader *r, const struct row *row, uint64_t size, struct open *in)
{
    if (!value_size_is_right(r, row, size)) return false;
    if (row->kind == A_BLOCK) return read_block(r, size);
    if (size > r->len - r->at) return truncated(r);
    const struct view v = {.at = r->at, .len = (size_t)size};
    r->at += v.len;
    switch (row->kind) {
    case UNSIGNED: return read_unsigned(r, row, v);
    case FLOAT: /* SamplingFrequency; 3.2: empty means that nothing was said */
        r->entry.has_frequency = v.len > 0;
        r->entry.frequency = float_value(r->input + v.at, v.len);
        return true;
    case STRING: read_string(r, row->element, v, in); return true;
    case UID: read_uid(r, v); return true;
    case SKIPPED:
        if (row->element == CONTENT_ENCODINGS) r->entry.has_encodings = true;
        return true;
    case MASTER:
    case A_BLOCK: break;
    }
    return true;
}

static void begin_master(struct reader *r, enum element element)
{
    switch (element) {
    case EBML:
        r->header = (struct header_values){
            .read_version = 1,
            .max_id_length = 4,
            .max_size_length = 8,
            .doc_type_read_version = 1,
        };
        break;
    case SEGMENT:
        memset(&r->document, 0, sizeof r->document);
        r->document.timecode_scale = 1000000; /* 4.3 */
        break;
    case TRACK_ENTRY: memset(&r->entry, 0, sizeof r->entry); break;
    case CLUSTER: r->document.cluster_timecode = 0; break; /* 6.4 */
    default: break;
    }
}

static bool end_master(struct reader *r, const struct open *o)
{
    switch (o->element) {
    case EBML: return end_header(r);
    case SEGMENT: return end_document(r);
    case TRACK_ENTRY: return end_track_entry(r);
    case SIMPLE_TAG: return end_simple_tag(r, o);
    default: return true;
    }
}

static const struct row *row_of(uint32_t id)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i].id == id) return &table[i];
    return &other;
}

static bool may_hold(enum element parent, const struct row *row)
{
    return row->parent == parent || (row->element == SIMPLE_TAG && parent == SIMPLE_TAG);
}

/* 2.2: is there a right parent, with nothing of known size before it? */
static bool has_place(const struct open *innermost, const struct row *row)
{
    for (const struct open *o = innermost; o != NULL; o = o->around) {
        if (may_hold(o->element, row)) return true;
        if (o->has_size) return false;
    }
    return false;
}

/* What an id in its right place says already, before the size. */
static bool begin_element(struct reader *r, const struct row *row, const struct open *in)
{
    if (row->kind == MASTER && in->depth == OPEN_ELEMENTS_MAX)
        return refuse(r, REFERENCE_LIMIT, "2.4 nested too deep");
    if (row->element == TRACK_ENTRY && ++r->document.track_entries > TRACKS_MAX)
        return refuse(r, REFERENCE_LIMIT, "5.1 more than 8 tracks");
    if (row->element == ENCRYPTED_BLOCK)
        return refuse(r, REFERENCE_UNSUPPORTED, "6.5 EncryptedBlock");
    if (row->kind == A_BLOCK) return choose_tracks(r);
    return true;
}

static bool children(struct reader *r, struct open *in);

/* An element whose id was read, from its size on. */
static bool read_element(struct reader *r, const struct row *row, struct open *in)
{
    uint64_t size = 0;
    size_t width = 0;
    bool is_unknown = false;
    if (!read_vint(r, in->end, &size, &width, &is_unknown)) return false;
    if (is_unknown && row->element != SEGMENT && row->element != CLUSTER)
        return malformed(r, "1.3 unknown size");
    if (!is_unknown && size > in->end - r->at) return malformed(r, "1.4 ends behind its parent");
    if (row->kind != MASTER) return read_leaf(r, row, size, in);

    struct open o = {
        .around = in,
        .element = row->element,
        .has_size = !is_unknown,
        .end = is_unknown ? in->end : r->at + size,
        .depth = in->depth + 1,
    };
    begin_master(r, row->element);
    return children(r, &o) && end_master(r, &o);
}

/* Reads what stands in an element, up to its end: the known one, or the id that shows it, or the
 * end of the input. An id that ends this element is left for the element around it to read again.
 */
static bool children(struct reader *r, struct open *in)
{
    for (;;) {
        if (r->at == in->end) return true;
        if (r->at == r->len) return in->end == NO_END || truncated(r);
        const size_t start = r->at;
        uint32_t id = 0;
        if (!read_id(r, in->end, &id)) return false;
        const struct row *row = row_of(id);
        if (row != &other && !has_place(in, row))
            return malformed(r, "2.2 element in a wrong place");
        if (row != &other && !may_hold(in->element, row)) {
            r->at = start;
            return true;
        }
        if (!begin_element(r, row, in) || !read_element(r, row, in)) return false;
    }
}

/* 2.1: what is no id at all is not Matroska either. */
static bool begins_like_matroska(struct reader *r)
{
    uint32_t id = 0;
    const bool is_id = read_id(r, NO_END, &id);
    if (!is_id && r->to->verdict == REFERENCE_TRUNCATED) return false;
    if (!is_id || (row_of(id)->element != EBML && row_of(id)->element != SEGMENT))
        return refuse(r, REFERENCE_NOT_MATROSKA, "2.1 first element");
    r->at = 0;
    return true;
}

void reference_read(const uint8_t *input, size_t len, enum reference_channels channels,
                    struct reference *to)
{
    to->verdict = REFERENCE_WHOLE;
    to->fault_at = 0;
    to->why = "";
    to->pieces = 0;
    to->documents = 0;

    static struct reader reader; /* large, and never more than one */
    memset(&reader, 0, sizeof reader);
    struct reader *r = &reader;
    r->input = input;
    r->len = len;
    r->channels = channels;
    r->to = to;
    if (len == 0) {
        (void)refuse(r, REFERENCE_EMPTY, "2.1 empty input");
        return;
    }
    struct open root = {.element = ROOT, .end = NO_END};
    if (begins_like_matroska(r)) (void)children(r, &root);
}
