#include "media/matroska.h"

enum {
    ID_EBML = 0x1A45DFA3,
    ID_EBML_READ_VERSION = 0x42F7,
    ID_EBML_MAX_ID_LENGTH = 0x42F2,
    ID_EBML_MAX_SIZE_LENGTH = 0x42F3,
    ID_DOC_TYPE = 0x4282,
    ID_DOC_TYPE_READ_VERSION = 0x4285,
    ID_SEGMENT = 0x18538067,
    ID_INFO = 0x1549A966,
    ID_SEGMENT_UID = 0x73A4,
    ID_TIMECODE_SCALE = 0x2AD7B1,
    ID_TRACKS = 0x1654AE6B,
    ID_TRACK_ENTRY = 0xAE,
    ID_TRACK_NUMBER = 0xD7,
    ID_TRACK_TYPE = 0x83,
    ID_NAME = 0x536E,
    ID_CODEC_ID = 0x86,
    ID_AUDIO = 0xE1,
    ID_SAMPLING_FREQUENCY = 0xB5,
    ID_CHANNELS = 0x9F,
    ID_BIT_DEPTH = 0x6264,
    ID_CONTENT_ENCODINGS = 0x6D80,
    ID_TAGS = 0x1254C367,
    ID_TAG = 0x7373,
    ID_SIMPLE_TAG = 0x67C8,
    ID_TAG_NAME = 0x45A3,
    ID_TAG_STRING = 0x4487,
    ID_CLUSTER = 0x1F43B675,
    ID_TIMECODE = 0xE7,
    ID_SIMPLE_BLOCK = 0xA3,
    ID_BLOCK_GROUP = 0xA0,
    ID_BLOCK = 0xA1,
    ID_ENCRYPTED_BLOCK = 0xAF,
    ID_SEEK_HEAD = 0x114D9B74,
    ID_CUES = 0x1C53BB6B,
    ID_CHAPTERS = 0x1043A770,
    ID_ATTACHMENTS = 0x1941A469
};

enum { NUMBER = 8, UID = 16, TEXT = TRACK_TEXT_BYTES_MAX };

/* The elements we know and where they may stand (RFC 8794 section 11.2, RFC 9559 section 5).
 * Everything else is skipped by its size. */
static const struct ebml_rule rules[] = {
    {ID_SIMPLE_BLOCK, ID_CLUSTER, EBML_LEAF, EBML_ANY_LENGTH},
    {ID_TAG_NAME, ID_SIMPLE_TAG, EBML_LEAF, TAG_NAME_BYTES_MAX},
    {ID_TAG_STRING, ID_SIMPLE_TAG, EBML_LEAF, TAG_VALUE_BYTES_MAX},
    {ID_SIMPLE_TAG, ID_TAG, EBML_MASTER_NESTED, 0},
    {ID_TAG, ID_TAGS, EBML_CONTAINER, 0},
    {ID_TAGS, ID_SEGMENT, EBML_CONTAINER, 0},
    {ID_BLOCK, ID_BLOCK_GROUP, EBML_LEAF, EBML_ANY_LENGTH},
    {ID_BLOCK_GROUP, ID_CLUSTER, EBML_CONTAINER, 0},
    {ID_TIMECODE, ID_CLUSTER, EBML_LEAF, NUMBER},
    {ID_CLUSTER, ID_SEGMENT, EBML_MASTER_OPEN, 0},
    {ID_EBML, EBML_ROOT, EBML_MASTER, 0},
    {ID_SEGMENT, EBML_ROOT, EBML_MASTER_OPEN, 0},
    {ID_EBML_READ_VERSION, ID_EBML, EBML_LEAF, NUMBER},
    {ID_EBML_MAX_ID_LENGTH, ID_EBML, EBML_LEAF, NUMBER},
    {ID_EBML_MAX_SIZE_LENGTH, ID_EBML, EBML_LEAF, NUMBER},
    {ID_DOC_TYPE, ID_EBML, EBML_LEAF, TEXT},
    {ID_DOC_TYPE_READ_VERSION, ID_EBML, EBML_LEAF, NUMBER},
    {ID_INFO, ID_SEGMENT, EBML_CONTAINER, 0},
    {ID_SEGMENT_UID, ID_INFO, EBML_LEAF, UID},
    {ID_TIMECODE_SCALE, ID_INFO, EBML_LEAF, NUMBER},
    {ID_TRACKS, ID_SEGMENT, EBML_CONTAINER, 0},
    {ID_TRACK_ENTRY, ID_TRACKS, EBML_MASTER, 0},
    {ID_TRACK_NUMBER, ID_TRACK_ENTRY, EBML_LEAF, NUMBER},
    {ID_TRACK_TYPE, ID_TRACK_ENTRY, EBML_LEAF, NUMBER},
    {ID_NAME, ID_TRACK_ENTRY, EBML_LEAF, TEXT},
    {ID_CODEC_ID, ID_TRACK_ENTRY, EBML_LEAF, TEXT},
    {ID_AUDIO, ID_TRACK_ENTRY, EBML_CONTAINER, 0},
    {ID_SAMPLING_FREQUENCY, ID_AUDIO, EBML_LEAF, NUMBER},
    {ID_CHANNELS, ID_AUDIO, EBML_LEAF, NUMBER},
    {ID_BIT_DEPTH, ID_AUDIO, EBML_LEAF, NUMBER},
    {ID_CONTENT_ENCODINGS, ID_TRACK_ENTRY, EBML_LEAF, EBML_ANY_LENGTH},
    {ID_ENCRYPTED_BLOCK, ID_CLUSTER, EBML_LEAF, EBML_ANY_LENGTH},
    {ID_SEEK_HEAD, ID_SEGMENT, EBML_PASSED_OVER, 0},
    {ID_CUES, ID_SEGMENT, EBML_PASSED_OVER, 0},
    {ID_CHAPTERS, ID_SEGMENT, EBML_PASSED_OVER, 0},
    {ID_ATTACHMENTS, ID_SEGMENT, EBML_PASSED_OVER, 0},
};

enum {
    TIMECODE_SCALE_DEFAULT = 1000000
}; /* ns: one millisecond a tick (RFC 9559 section 5.1.2.9) */

void matroska_init(struct matroska *m)
{
    memset(m, 0, sizeof *m);
    ebml_init(&m->ebml, rules, sizeof rules / sizeof *rules);
}

struct writer matroska_fault_begin(struct matroska *m, enum fault_kind kind)
{
    m->at = MATROSKA_AT_ELEMENT;
    m->ebml.at = EBML_AT_FAULT;
    return fault_begin(&m->ebml.fault, kind, (uint64_t)m->ebml.began);
}

void matroska_fault_put(struct matroska *m, const struct writer *words)
{
    fault_put(&m->ebml.fault, words);
}

static enum matroska_event fail(struct matroska *m, enum fault_kind kind, const char *what)
{
    struct writer words = matroska_fault_begin(m, kind);
    writer_text(&words, "element 0x");
    writer_hex(&words, m->ebml.id, 2);
    writer_byte(&words, ' ');
    writer_text(&words, what);
    matroska_fault_put(m, &words);
    return MATROSKA_FAULT;
}

static uint64_t number(struct span value)
{
    uint64_t n = 0;
    while (value.len > 0)
        n = n << 8 | span_take(&value);
    return n;
}

static uint64_t number_or(struct span value, uint64_t if_empty)
{
    return value.len > 0 ? number(value) : if_empty;
}

/* Old producers pad names with NULs to their full length (RFC 8794 section 7.4 allows it). */
static size_t take_text(char *to, struct span value)
{
    while (value.len > 0 && value.at[value.len - 1] == 0)
        value.len--;
    if (value.len > 0) memcpy(to, value.at, value.len);
    return value.len;
}

static void take_track_text(struct matroska_text *to, struct span value)
{
    to->len = (uint16_t)take_text(to->text, value);
}

static enum matroska_event take_segment_uid(struct matroska *m, struct span value)
{
    static const uint8_t none[16];
    if (value.len != sizeof m->segment_uid)
        return fail(m, FAULT_MALFORMED, "is a SegmentUID that is not 16 bytes long");
    memcpy(m->segment_uid, value.at, sizeof m->segment_uid);
    m->has_segment_uid = memcmp(value.at, none, sizeof none) != 0;
    return MATROSKA_QUIET;
}

/* A leaf is whole. */
static enum matroska_event take_value(struct matroska *m, struct span value)
{
    switch (m->ebml.id) {
    case ID_DOC_TYPE: take_track_text(&m->header.doc_type, value); break;
    case ID_EBML_READ_VERSION: m->header.read_version = number_or(value, 1); break;
    case ID_EBML_MAX_ID_LENGTH: m->header.id_len = number_or(value, 4); break;
    case ID_EBML_MAX_SIZE_LENGTH: m->header.size_len = number_or(value, 8); break;
    case ID_DOC_TYPE_READ_VERSION: m->header.doc_read_version = number_or(value, 1); break;
    case ID_SEGMENT_UID: return take_segment_uid(m, value);
    case ID_TIMECODE_SCALE:
        m->timecode_scale = number_or(value, TIMECODE_SCALE_DEFAULT);
        if (m->timecode_scale == 0) return fail(m, FAULT_MALFORMED, "is a TimecodeScale of 0");
        break;
    case ID_TRACK_NUMBER: m->track.number = number(value); break;
    case ID_TRACK_TYPE: m->track.type = number(value); break;
    case ID_NAME: take_track_text(&m->track.name, value); break;
    case ID_CODEC_ID: take_track_text(&m->track.codec, value); break;
    case ID_SAMPLING_FREQUENCY:
        if (value.len != 0 && value.len != 4 && value.len != 8)
            return fail(m, FAULT_MALFORMED, "is a float that is not 4 or 8 bytes long");
        m->track.rate_bits = number(value);
        m->track.rate_len = (uint8_t)value.len;
        break;
    case ID_CHANNELS: m->track.channels = number_or(value, 1); break;
    case ID_BIT_DEPTH: m->track.bit_depth = number(value); break;
    case ID_TAG_NAME:
        if (m->simple_tags == 1) m->tag_name_len = take_text(m->tag_name, value);
        break;
    case ID_TAG_STRING:
        if (m->simple_tags == 1) m->tag_value_len = take_text(m->tag_value, value);
        break;
    case ID_TIMECODE: m->cluster_timecode = number(value); break;
    }
    return MATROSKA_QUIET;
}

static enum matroska_event enter(struct matroska *m)
{
    switch (m->ebml.id) {
    case ID_EBML:
        m->document_at = (uint64_t)m->ebml.began;
        m->headed = true;
        m->header.doc_type.len = 0;
        m->header.read_version = m->header.doc_read_version = 1;
        m->header.id_len = 4;
        m->header.size_len = 8;
        break;
    case ID_SEGMENT:
        if (!m->headed) m->document_at = (uint64_t)m->ebml.began;
        m->headed = false;
        m->timecode_scale = TIMECODE_SCALE_DEFAULT;
        m->has_segment_uid = false;
        return MATROSKA_DOCUMENT;
    case ID_CLUSTER: m->cluster_timecode = 0; break;
    case ID_TRACK_ENTRY:
        memset(&m->track, 0, sizeof m->track);
        m->track.channels = m->track.bit_depth = MATROSKA_NOT_GIVEN;
        break;
    case ID_SIMPLE_TAG:
        if (m->simple_tags++ == 0) m->tag_name_len = m->tag_value_len = 0;
        break;
    }
    return MATROSKA_QUIET;
}

static enum matroska_event check_header(struct matroska *m)
{
    struct span type = span_of(m->header.doc_type.text, m->header.doc_type.len);
    if (!span_is(type, "matroska") && !span_is(type, "webm")) {
        struct writer words = matroska_fault_begin(m, FAULT_UNSUPPORTED);
        writer_text(&words, "the DocType is ");
        writer_quoted(&words, type);
        writer_text(&words, ", not \"matroska\" or \"webm\"");
        matroska_fault_put(m, &words);
        return MATROSKA_FAULT;
    }
    if (m->header.read_version > 1 || m->header.doc_read_version > 4)
        return fail(m, FAULT_UNSUPPORTED,
                    "asks for a newer reader (EBMLReadVersion 1, DocTypeReadVersion 4)");
    if (m->header.id_len > 4 || m->header.size_len > 8)
        return fail(m, FAULT_UNSUPPORTED,
                    "asks for ids of more than 4 or sizes of more than 8 bytes");
    return MATROSKA_QUIET;
}

static enum matroska_event leave(struct matroska *m)
{
    switch (m->ebml.id) {
    case ID_EBML: return check_header(m);
    case ID_SEGMENT: return MATROSKA_DOCUMENT_END;
    case ID_TRACK_ENTRY:
        if (m->track.number == 0)
            return fail(m, FAULT_MALFORMED, "is a TrackEntry without a TrackNumber");
        return MATROSKA_TRACK;
    case ID_SIMPLE_TAG:
        if (--m->simple_tags == 0) return MATROSKA_TAG;
        break;
    }
    return MATROSKA_QUIET;
}

/* (Cluster Timecode + the block's) * TimecodeScale, refused where anything of it leaves 63 bits. */
static bool block_time(struct matroska *m)
{
    int64_t ticks;
    return m->cluster_timecode <= INT64_MAX && m->timecode_scale <= INT64_MAX &&
           !__builtin_add_overflow((int64_t)m->cluster_timecode, m->block.timecode, &ticks) &&
           !__builtin_mul_overflow(ticks, (int64_t)m->timecode_scale, &m->time_ns);
}

/* A value that came in one piece is read where it lies; else its pieces are gathered. */
static enum matroska_event read_value(struct matroska *m, struct span *in)
{
    struct span value = ebml_payload(&m->ebml, *in);
    ebml_eat(&m->ebml, in, value.len);
    if (m->ebml.left > 0 || m->value_len > 0) {
        if (value.len > 0) memcpy(m->value + m->value_len, value.at, value.len);
        m->value_len += value.len;
        value = span_of(m->value, m->value_len);
    }
    if (m->ebml.left > 0) return MATROSKA_NEED;
    m->at = MATROSKA_AT_ELEMENT;
    return take_value(m, value);
}

static enum matroska_event begin_block(struct matroska *m)
{
    if (!block_time(m))
        return fail(m, FAULT_MALFORMED,
                    "is a block whose time does not fit 63 bits of nanoseconds");
    m->block_whole = m->ebml.left == 0;
    m->at = m->block_whole ? MATROSKA_AT_ELEMENT : MATROSKA_AT_BLOCK_BODY;
    return MATROSKA_BLOCK;
}

static enum matroska_event read_block_header(struct matroska *m, struct span *in)
{
    struct span piece = ebml_payload(&m->ebml, *in);
    size_t at_hand = piece.len;
    enum block_event event = block_next(&m->block, &piece, m->ebml.left - at_hand);
    ebml_eat(&m->ebml, in, at_hand - piece.len);
    switch (event) {
    case BLOCK_NEED: return MATROSKA_NEED;
    case BLOCK_READY: return begin_block(m);
    case BLOCK_WRONG: break;
    }
    return fail(m, FAULT_MALFORMED, m->block.wrong);
}

static enum matroska_event start_block(struct matroska *m, struct span *in)
{
    struct span piece = ebml_payload(&m->ebml, *in);
    size_t at_hand = piece.len;
    if (block_start_plain(&m->block, &piece)) {
        ebml_eat(&m->ebml, in, at_hand - piece.len);
        return begin_block(m);
    }
    block_start(&m->block);
    m->at = MATROSKA_AT_BLOCK_HEADER;
    return read_block_header(m, in);
}

static enum matroska_event read_block_body(struct matroska *m, struct span *in,
                                           struct span *payload)
{
    if (in->len == 0) return MATROSKA_NEED;
    *payload = ebml_payload(&m->ebml, *in);
    ebml_eat(&m->ebml, in, payload->len);
    m->block_whole = m->ebml.left == 0;
    if (m->block_whole) m->at = MATROSKA_AT_ELEMENT;
    return MATROSKA_AUDIO;
}

static enum matroska_event begin_value(struct matroska *m, struct span *in)
{
    switch (m->ebml.id) {
    case ID_SIMPLE_BLOCK:
    case ID_BLOCK: return start_block(m, in);
    case ID_ENCRYPTED_BLOCK: return fail(m, FAULT_UNSUPPORTED, "is an EncryptedBlock");
    case ID_CONTENT_ENCODINGS:
        m->track.encoded = true; /* that there are any is all we ask; what is in them is skipped */
        return MATROSKA_QUIET;
    }
    m->value_len = 0;
    m->at = MATROSKA_AT_VALUE;
    return read_value(m, in);
}

static enum matroska_event next_element(struct matroska *m, struct span *in)
{
    switch (ebml_next(&m->ebml, in)) {
    case EBML_NEED: return MATROSKA_NEED;
    case EBML_ENTER: return enter(m);
    case EBML_LEAVE: return leave(m);
    case EBML_VALUE: return begin_value(m, in);
    case EBML_END: return MATROSKA_END;
    case EBML_FAULT: break;
    }
    return MATROSKA_FAULT;
}

enum matroska_event matroska_next(struct matroska *m, struct span *in, struct span *payload)
{
    enum matroska_event event = MATROSKA_QUIET;
    while (event == MATROSKA_QUIET) {
        switch (m->at) {
        case MATROSKA_AT_ELEMENT: event = next_element(m, in); break;
        case MATROSKA_AT_VALUE: event = read_value(m, in); break;
        case MATROSKA_AT_BLOCK_HEADER: event = read_block_header(m, in); break;
        case MATROSKA_AT_BLOCK_BODY: event = read_block_body(m, in, payload); break;
        }
        if (event == MATROSKA_NEED && m->ebml.over) {
            /* Inside a leaf: let EBML say that it is cut off. */
            m->at = MATROSKA_AT_ELEMENT;
            event = MATROSKA_QUIET;
        }
    }
    return event;
}
