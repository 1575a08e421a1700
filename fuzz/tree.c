/* The first choices plan the mistakes, the others build the tree: so a fuzzer can move a mistake
 * without changing the tree, and the tree without losing the mistake. Mistakes are counted in
 * elements, in the order in which the elements end. */
#include "tree.h"

#include <stdbool.h>
#include <string.h>

enum mistake {
    SIZE_PLUS_ONE,
    SIZE_MINUS_ONE,
    SIZE_PAST_PARENT,
    SIZE_HUGE,
    SIZE_FIRST_BYTE_0,
    SIZE_UNKNOWN,
    ID_LONGER_FORM,
    ID_OF_ANOTHER,
    LEFT_OUT,
    EMPTIED,
    NINE_BYTES_LONGER,
    MUCH_LONGER,
    TWICE,
    CUT_OFF, /* the tree, at its end */
    MISTAKES
};

enum { PLANNED_MAX = 2, NO_ELEMENT = 256 };

struct planned {
    enum mistake mistake;
    size_t element; /* which one */
};

struct tree {
    const uint8_t *choices;
    size_t n, chosen;
    uint8_t *to;
    size_t room, len;
    struct planned planned[PLANNED_MAX];
    size_t elements; /* that ended */
};

enum {
    EBML = 0x1A45DFA3,
    DOC_TYPE = 0x4282,
    EBML_READ_VERSION = 0x42F7,
    EBML_MAX_ID_LENGTH = 0x42F2,
    EBML_MAX_SIZE_LENGTH = 0x42F3,
    DOC_TYPE_READ_VERSION = 0x4285,
    SEGMENT = 0x18538067,
    INFO = 0x1549A966,
    SEGMENT_UID = 0x73A4,
    TIMECODE_SCALE = 0x2AD7B1,
    TRACKS = 0x1654AE6B,
    TRACK_ENTRY = 0xAE,
    TRACK_NUMBER = 0xD7,
    TRACK_TYPE = 0x83,
    NAME = 0x536E,
    CODEC_ID = 0x86,
    AUDIO = 0xE1,
    SAMPLING_FREQUENCY = 0xB5,
    CHANNELS = 0x9F,
    BIT_DEPTH = 0x6264,
    CONTENT_ENCODINGS = 0x6D80,
    TAGS = 0x1254C367,
    TAG = 0x7373,
    SIMPLE_TAG = 0x67C8,
    TAG_NAME = 0x45A3,
    TAG_STRING = 0x4487,
    CLUSTER = 0x1F43B675,
    TIMECODE = 0xE7,
    SIMPLE_BLOCK = 0xA3,
    BLOCK_GROUP = 0xA0,
    BLOCK = 0xA1,
    ENCRYPTED_BLOCK = 0xAF,
    SEEK_HEAD = 0x114D9B74,
    CUES = 0x1C53BB6B,
    CHAPTERS = 0x1043A770,
    ATTACHMENTS = 0x1941A469,
    VOID = 0xEC,
    CRC_32 = 0xBF
};

static const uint32_t others[] = {
    EBML,         SEGMENT,     CLUSTER,     TAGS,     TAG,
    SIMPLE_TAG,   TRACKS,      TRACK_ENTRY, INFO,     TIMECODE,
    SIMPLE_BLOCK, BLOCK_GROUP, BLOCK,       CUES,     SEEK_HEAD,
    ATTACHMENTS,  CHAPTERS,    NAME,        TAG_NAME, DOC_TYPE,
    SEGMENT_UID,  BIT_DEPTH,   VOID,        CRC_32,   ENCRYPTED_BLOCK,
    0x4286,
};

/* Real ones that the reader does not know, and the shortest data that each width may hold (1.1). */
static const uint32_t strangers[] = {
    VOID, CRC_32,   0x4286, 0x7BA9,   0xA7,       0x63A2,
    0x9B, 0x23E383, 0x407F, 0x203FFF, 0x101FFFFF, 0x1A45DFA4,
};

static const char *const contacts[] = {
    "c-1",
    "00000000-0000-4000-8000-000000000002",
    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", /* 64: the longest (7.2) */
    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
};

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint8_t choice(struct tree *t)
{
    return t->chosen < t->n ? t->choices[t->chosen++] : 0;
}

static size_t one_of(struct tree *t, size_t n)
{
    return choice(t) % n;
}

/* Once in n; never where the choices have ended. */
static bool rarely(struct tree *t, unsigned n)
{
    return choice(t) > 255 - 256 / n;
}

static void put(struct tree *t, uint8_t byte)
{
    if (t->len < t->room) t->to[t->len++] = byte;
}

static void put_bytes(struct tree *t, const uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++)
        put(t, bytes[i]);
}

static void put_big_endian(struct tree *t, uint64_t value, size_t width)
{
    for (size_t i = width; i-- > 0;)
        put(t, (uint8_t)(value >> (8 * i)));
}

static size_t id_width(uint32_t id)
{
    return id > 0xFFFFFF ? 4 : id > 0xFFFF ? 3 : id > 0xFF ? 2 : 1;
}

static uint64_t vint_ones(size_t width)
{
    return (UINT64_C(1) << (7 * width)) - 1;
}

/* The shortest form, or any other that holds the value. */
static size_t vint_form(struct tree *t, uint64_t value)
{
    size_t width = 1;
    while (width < 8 && value >= vint_ones(width))
        width++;
    const size_t asked = one_of(t, 16);
    return asked < 8 || asked - 7 < width ? width : asked - 7;
}

static size_t vint_bytes(uint64_t value, size_t width, uint8_t *to)
{
    const uint64_t marked = value | UINT64_C(1) << (7 * width);
    for (size_t i = 0; i < width; i++)
        to[i] = (uint8_t)(marked >> (8 * (width - 1 - i)));
    return width;
}

static void put_vint(struct tree *t, uint64_t value)
{
    uint8_t bytes[8];
    put_bytes(t, bytes, vint_bytes(value, vint_form(t, value), bytes));
}

/* An element is its content first; end() then puts the header before it. */
static size_t begin(const struct tree *t)
{
    return t->len;
}

/* Mistakes of one element's content. True where the element is to be left out. */
static bool spoil_content(struct tree *t, enum mistake mistake, size_t start)
{
    size_t longer = 0;
    if (mistake == LEFT_OUT || mistake == EMPTIED)
        t->len = start;
    else if (mistake == NINE_BYTES_LONGER)
        longer = 9; /* no unsigned integer any more, whatever it was (3.1) */
    else if (mistake == MUCH_LONGER)
        longer = 65 + 64 * one_of(t, 9); /* over one string limit or the other (3.3) */
    for (size_t i = 0; i < longer; i++)
        put(t, mistake == MUCH_LONGER ? 'x' : 0);
    return mistake == LEFT_OUT;
}

static size_t spoil_header(struct tree *t, enum mistake mistake, uint32_t id, uint64_t size,
                           uint8_t *header)
{
    if (mistake == ID_OF_ANOTHER) id = others[one_of(t, COUNT(others))];
    size_t len = 0;
    size_t width = id_width(id);
    if (mistake == ID_LONGER_FORM) {
        id ^= UINT32_C(1) << (7 * width);                  /* the marker goes, ... */
        if (width < 4) id |= UINT32_C(1) << (7 * ++width); /* ... and comes one byte earlier */
    }
    for (size_t i = width; i-- > 0;)
        header[len++] = (uint8_t)(id >> (8 * i));
    if (mistake == SIZE_PLUS_ONE) size++;
    if (mistake == SIZE_MINUS_ONE && size > 0) size--;
    if (mistake == SIZE_PAST_PARENT) size += 1 + 7 * (uint64_t)choice(t);
    if (mistake == SIZE_HUGE) size = vint_ones(8) - 1;
    width = vint_form(t, size);
    if (mistake == SIZE_UNKNOWN) size = vint_ones(width);
    len += vint_bytes(size, width, header + len);
    if (mistake == SIZE_FIRST_BYTE_0) header[len - width] = 0;
    return len;
}

static void insert(struct tree *t, size_t at, const uint8_t *bytes, size_t len)
{
    if (len > t->room - at) len = t->room - at;
    const size_t behind = t->len - at;
    const size_t kept = behind < t->room - at - len ? behind : t->room - at - len;
    memmove(t->to + at + len, t->to + at, kept);
    memcpy(t->to + at, bytes, len);
    t->len = at + len + kept;
}

static void end(struct tree *t, uint32_t id, size_t start)
{
    enum mistake mistake = MISTAKES; /* none */
    for (size_t i = 0; i < PLANNED_MAX; i++)
        if (t->planned[i].element == t->elements) mistake = t->planned[i].mistake;
    t->elements++;
    if (mistake != MISTAKES && spoil_content(t, mistake, start)) return;
    uint8_t header[12];
    insert(t, start, header, spoil_header(t, mistake, id, t->len - start, header));
    if (mistake == TWICE) {
        const size_t again = t->len - start;
        for (size_t i = 0; i < again; i++)
            put(t, t->to[start + i]);
    }
}

/* A Segment or Cluster of unknown size (1.3) has its header first, and no end(). */
static void begin_unknown(struct tree *t, uint32_t id)
{
    const size_t width = 1 + one_of(t, 8);
    uint8_t bytes[8];
    put_big_endian(t, id, id_width(id));
    put_bytes(t, bytes, vint_bytes(vint_ones(width), width, bytes));
}

static void unsigned_element(struct tree *t, uint32_t id, uint64_t value)
{
    size_t width = 0;
    while (width < 8 && value >> (8 * width) != 0)
        width++;
    const size_t asked = one_of(t, 16);
    const size_t start = begin(t);
    if (width == 0 && asked != 15) width = 1; /* not empty: that would be the default (3.1) */
    put_big_endian(t, value, asked <= 8 && asked > width ? asked : width);
    end(t, id, start);
}

/* Old SDKs fill strings up with NULs. */
static void string_element(struct tree *t, uint32_t id, const char *text, size_t limit)
{
    const size_t start = begin(t);
    const size_t len = strlen(text);
    size_t padded = len;
    if (rarely(t, 8))
        padded = 32;
    else if (rarely(t, 64))
        padded = limit;
    else if (rarely(t, 250))
        padded = limit + 1;
    put_bytes(t, (const uint8_t *)text, len);
    for (size_t i = len; i < padded; i++)
        put(t, 0);
    end(t, id, start);
}

/* Void, CRC-32 and strangers may stand anywhere (2.3). */
static void noise(struct tree *t)
{
    if (!rarely(t, 12)) return;
    static const uint8_t magic[] = {0x1A, 0x45, 0xDF, 0xA3, 0x80, 0x1F, 0x43, 0xB6, 0x75, 0xFF};
    const uint32_t id = strangers[one_of(t, COUNT(strangers))];
    const size_t start = begin(t);
    if (id == CRC_32)
        put_big_endian(t, 0x12345678, 4);
    else
        put_bytes(t, magic, one_of(t, sizeof magic + 1));
    end(t, id, start);
}

static void header(struct tree *t)
{
    const size_t start = begin(t);
    noise(t);
    if (!rarely(t, 4)) unsigned_element(t, EBML_READ_VERSION, rarely(t, 128) ? 2 : 1);
    if (!rarely(t, 4)) unsigned_element(t, EBML_MAX_ID_LENGTH, rarely(t, 128) ? 5 : 4);
    if (!rarely(t, 4)) unsigned_element(t, EBML_MAX_SIZE_LENGTH, rarely(t, 128) ? 9 : 8);
    static const char *const types[] = {"matroska", "webm", "matroska", "webM"};
    string_element(t, DOC_TYPE, types[rarely(t, 128) ? 3 : one_of(t, 3)], 64);
    if (!rarely(t, 4)) unsigned_element(t, DOC_TYPE_READ_VERSION, rarely(t, 128) ? 5 : 2);
    end(t, EBML, start);
}

static void uid(struct tree *t, size_t number)
{
    const size_t start = begin(t);
    for (size_t i = 0; i < 15; i++)
        put(t, number == 0 ? 0 : 0x55);
    put(t, (uint8_t)number);
    end(t, SEGMENT_UID, start);
}

static void info(struct tree *t)
{
    static const uint64_t scales[] = {
        1000000, 1000000,    100000,           1, 2000000,
        0,       UINT64_MAX, UINT64_C(1) << 48}; /* the last: -32768 ticks are -2^63 ns (6.4) */
    const size_t start = begin(t);
    noise(t);
    if (!rarely(t, 8)) uid(t, one_of(t, 4));
    if (!rarely(t, 3))
        unsigned_element(t, TIMECODE_SCALE, scales[one_of(t, rarely(t, 64) ? 8 : 5)]);
    noise(t);
    end(t, INFO, start);
}

static void float_element(struct tree *t, uint32_t id, bool is_right)
{
    const size_t start = begin(t);
    switch (one_of(t, 3)) {
    case 0: put_big_endian(t, is_right ? 0x45FA0000 : 0x472C4400, 4); break; /* 8000, 44100 */
    case 1:
        put_big_endian(t, is_right ? 0x40BF400000000000 : 0x7FF8000000000000, 8);
        break;      /* NaN */
    default: break; /* nothing said (3.2) */
    }
    end(t, id, start);
}

static void audio(struct tree *t)
{
    const size_t start = begin(t);
    float_element(t, SAMPLING_FREQUENCY, !rarely(t, 64));
    if (!rarely(t, 4)) unsigned_element(t, CHANNELS, rarely(t, 128) ? 2 : 1);
    noise(t);
    if (!rarely(t, 4)) unsigned_element(t, BIT_DEPTH, rarely(t, 128) ? 8 : 16);
    end(t, AUDIO, start);
}

static void track(struct tree *t, uint64_t number, const char *name, unsigned type)
{
    static const char *const codecs[] = {"A_AAC", "A_PCM/INT/LIT", "", "A_OPUS"};
    const size_t start = begin(t);
    noise(t);
    if (!rarely(t, 250)) unsigned_element(t, TRACK_NUMBER, number);
    unsigned_element(t, TRACK_TYPE, type);
    if (*name != '\0' || rarely(t, 2)) string_element(t, NAME, name, 64);
    if (!rarely(t, 8)) string_element(t, CODEC_ID, codecs[rarely(t, 64) ? 3 : one_of(t, 3)], 64);
    if (rarely(t, 4)) audio(t);
    if (rarely(t, 128)) {
        const size_t encodings = begin(t);
        end(t, CONTENT_ENCODINGS, encodings);
    }
    noise(t);
    end(t, TRACK_ENTRY, start);
}

/* What the tracks of a document are. */
struct layout {
    size_t tracks;
    const char *name[3];
    unsigned type[3];
};

#define FROM "AUDIO_FROM_CUSTOMER"
#define TO "AUDIO_TO_CUSTOMER"

static const struct layout layouts[] = {
    {2, {FROM, TO}, {2, 2}},
    {2, {TO, FROM}, {2, 2}},
    {1, {FROM}, {2}},
    {1, {""}, {2}},
    {1, {"Track_audio/L16"}, {2}},
    {1, {TO}, {2}},
    {3, {"", FROM, TO}, {1, 2, 2}},
    {3, {FROM, TO, "x"}, {2, 2, 2}},
    {2, {"camera", "x"}, {1, 2}},
    {1, {"camera"}, {1}},
    /* From here on some question has no answer (5.2). */
    {2, {FROM, "x"}, {2, 2}},
    {2, {FROM, FROM}, {2, 2}},
    {2, {"", ""}, {2, 2}},
};

enum { LAYOUTS_HONEST = 10 };

/* Numbers that need one byte, and two, in a block's vint. */
static uint64_t track_number(size_t track_at, bool is_large)
{
    return (uint64_t)track_at + (is_large ? 126 : 1);
}

static void tracks(struct tree *t, const struct layout *l, bool is_large)
{
    const size_t start = begin(t);
    noise(t);
    for (size_t i = 0; i < l->tracks; i++)
        track(t, track_number(i, is_large), l->name[i], l->type[i]);
    if (rarely(t, 64)) {
        const size_t more = 4 + one_of(t, 4); /* around the limit of 8 (5.1) */
        for (size_t i = 0; i < more; i++)
            track(t, 10 + (rarely(t, 64) ? 0 : i), "camera", 1);
    }
    end(t, TRACKS, start);
}

static void simple_tag(struct tree *t, const char *name, const char *value, size_t nested)
{
    const size_t start = begin(t);
    const bool value_first = rarely(t, 8);
    if (value_first) string_element(t, TAG_STRING, value, 512);
    noise(t);
    /* A nested tag is not read (7.1): it names a contact that must not be heard of. */
    if (nested > 0) simple_tag(t, "ContactId", "nested", nested - 1);
    string_element(t, TAG_NAME, name, 128);
    if (!value_first) string_element(t, TAG_STRING, value, 512);
    end(t, SIMPLE_TAG, start);
}

static void any_tag(struct tree *t, const char *contact)
{
    static const char *const mime_types[] = {
        "audio/L16;rate=8000;channels=1;",
        "AUDIO/l16; Rate=8000 ; x",
        "audio/L16",
        "audio/L16;rate=16000",
        "audio/L16;channels=2",
        "audio/aac",
        "",
    };
    static const char *const errors[] = {
        "AWS_KINESISVIDEO_EXCEPTION_ERROR_CODE", "AWS_KINESISVIDEO_EXCEPTION_MESSAGE",
        "AWS_KINESISVIDEO_ERROR_CODE", "AWS_KINESISVIDEO_ERROR_ID"};
    static const char *const names[] = {"AUDIO_FROM_CUSTOMER", "AUDIO_TO_CUSTOMER", "InstanceId",
                                        "contactid"};
    const size_t nested = rarely(t, 16) ? 1 + one_of(t, rarely(t, 8) ? 10 : 3) : 0;
    if (rarely(t, 200)) {
        simple_tag(t, errors[one_of(t, 4)], rarely(t, 2) ? "" : "4500", nested);
        return;
    }
    switch (one_of(t, 5)) {
    case 0: /* another contact than the document's is refused (7.2) */
    case 1:
        simple_tag(t, "ContactId", rarely(t, 150) ? contacts[one_of(t, 4)] : contact, nested);
        break;
    case 2:
        simple_tag(t, "MimeType", mime_types[rarely(t, 64) ? one_of(t, 7) : one_of(t, 3)], nested);
        break;
    case 3:
        simple_tag(t, "AWS_KINESISVIDEO_FRAGMENT_NUMBER",
                   "91343852333181432392682062622220590765191907586", nested);
        break;
    default: simple_tag(t, names[one_of(t, 4)], "1", nested); break;
    }
}

/* One Tags with several Tag, or one Tag with several SimpleTag: both are seen. */
static void tags(struct tree *t, const char *contact)
{
    const size_t start = begin(t);
    const size_t tag_count = one_of(t, 3);
    for (size_t i = 0; i < tag_count; i++) {
        const size_t tag = begin(t);
        const size_t simple_tags = 1 + one_of(t, 2);
        for (size_t k = 0; k < simple_tags; k++)
            any_tag(t, contact);
        noise(t);
        end(t, TAG, tag);
    }
    noise(t);
    end(t, TAGS, start);
}

static void contact_tag(struct tree *t, const char *contact)
{
    const size_t start = begin(t);
    const size_t tag = begin(t);
    simple_tag(t, "ContactId", contact, 0);
    end(t, TAG, tag);
    end(t, TAGS, start);
}

/* Audio that differs from block to block, and may look like an element. */
static void samples(struct tree *t, size_t len)
{
    static const uint8_t magic[] = {0x1A, 0x45, 0xDF, 0xA3};
    unsigned state = choice(t);
    const bool is_magic = rarely(t, 8);
    for (size_t i = 0; i < len; i++) {
        state = state * 1103515245U + 12345U;
        put(t, is_magic ? magic[i % sizeof magic] : (uint8_t)(state >> 16));
    }
}

static void put_xiph(struct tree *t, uint64_t size)
{
    for (; size >= 255; size -= 255)
        put(t, 255);
    put(t, (uint8_t)size);
}

/* RFC 9559 §10.3.3 */
static void put_ebml_difference(struct tree *t, int64_t difference)
{
    size_t width = difference >= -62 && difference <= 63 ? 1 : 2; /* all ones is no difference */
    if (rarely(t, 8)) width = 2 + one_of(t, 7);
    const int64_t bias = (int64_t)(vint_ones(width) >> 1);
    uint64_t value = (uint64_t)(difference + bias);
    if (rarely(t, 100))
        value = rarely(t, 2) ? vint_ones(width) : 0; /* all ones, or most likely a negative size */
    uint8_t bytes[8];
    put_bytes(t, bytes, vint_bytes(value, width, bytes));
}

enum { FRAMES_MAX = 6 };

static void laced(struct tree *t, unsigned lacing)
{
    const size_t frames = 1 + one_of(t, FRAMES_MAX);
    size_t size[FRAMES_MAX];
    size_t sum = 0;
    for (size_t i = 0; i < frames; i++) {
        size[i] = one_of(t, 24) * (rarely(t, 8) ? 30 : 1);
        if (lacing == 4 && i > 0) size[i] = size[0];
        sum += size[i];
    }
    put(t, (uint8_t)(frames - 1));
    for (size_t i = 0; i + 1 < frames; i++) {
        if (lacing == 2)
            put_xiph(t, size[i]);
        else if (lacing == 6 && i == 0)
            put_vint(t, size[i]);
        else if (lacing == 6)
            put_ebml_difference(t, (int64_t)size[i] - (int64_t)size[i - 1]);
    }
    /* Fewer samples than the frames say: refused where the last frame cannot give them (6.2). */
    if (rarely(t, 100) && sum > 0) sum -= 1 + one_of(t, sum);
    samples(t, sum);
}

static void block(struct tree *t, uint32_t id, const struct layout *l, bool is_large)
{
    static const uint8_t marks[] = {0x80, 0x00, 0x01, 0x08, 0xF9};
    static const uint8_t lacings[] = {0, 0, 0, 0, 0, 2, 4, 6};
    const size_t start = begin(t);
    if (rarely(t, 250))
        put(t, choice(t)); /* also all ones, a first byte of 0, half a vint */
    else
        put_vint(t, rarely(t, 250) ? choice(t) : track_number(one_of(t, l->tracks), is_large));
    put(t, rarely(t, 4) ? choice(t) : 0);
    put(t, choice(t));
    const uint8_t lacing = lacings[one_of(t, sizeof lacings)];
    put(t, marks[one_of(t, sizeof marks)] | lacing);
    if (lacing != 0)
        laced(t, lacing);
    else
        samples(t, one_of(t, 48) * (rarely(t, 16) ? 40 : 1)); /* also none, also odd */
    end(t, id, start);
}

static void block_group(struct tree *t, const struct layout *l, bool is_large)
{
    const size_t start = begin(t);
    noise(t);
    if (!rarely(t, 16)) block(t, BLOCK, l, is_large);
    if (rarely(t, 16)) block(t, BLOCK, l, is_large);
    noise(t);
    end(t, BLOCK_GROUP, start);
}

static void cluster(struct tree *t, const struct layout *l, bool is_large)
{
    static const uint64_t timecodes[] = {0, 1726677688724, 64, 40000, UINT64_MAX, INT64_MAX};
    const bool is_known = rarely(t, 3);
    if (!is_known) begin_unknown(t, CLUSTER);
    const size_t start = begin(t);
    noise(t);
    if (!rarely(t, 16))
        unsigned_element(t, TIMECODE, timecodes[rarely(t, 100) ? one_of(t, 6) : one_of(t, 4)]);
    const size_t blocks = one_of(t, 7);
    for (size_t i = 0; i < blocks; i++) {
        if (rarely(t, 4))
            block_group(t, l, is_large);
        else
            block(t, SIMPLE_BLOCK, l, is_large);
        noise(t);
    }
    if (rarely(t, 250)) {
        const size_t encrypted = begin(t);
        end(t, ENCRYPTED_BLOCK, encrypted);
    }
    if (is_known) end(t, CLUSTER, start);
}

/* Level 1, skipped; also right behind a Cluster of unknown size, which it ends (2.3). */
static void beside(struct tree *t)
{
    static const uint32_t ids[] = {SEEK_HEAD, CUES, CHAPTERS, ATTACHMENTS};
    if (!rarely(t, 16)) return;
    const uint32_t id = ids[one_of(t, COUNT(ids))];
    const size_t start = begin(t);
    samples(t, one_of(t, 8));
    end(t, id, start);
}

static void document(struct tree *t, bool is_first)
{
    const struct layout *l = &layouts[one_of(t, rarely(t, 32) ? COUNT(layouts) : LAYOUTS_HONEST)];
    const bool is_large = rarely(t, 16);
    const bool tracks_are_late = rarely(t, 128);
    const char *contact = contacts[one_of(t, rarely(t, 128) ? 4 : 3)];
    if (is_first ? !rarely(t, 16) : !rarely(t, 8)) header(t);
    noise(t);
    const bool is_known = rarely(t, 5);
    if (!is_known) begin_unknown(t, SEGMENT);
    const size_t start = begin(t);
    beside(t);
    noise(t);
    if (!rarely(t, 16)) info(t);
    if (!tracks_are_late) tracks(t, l, is_large);
    if (rarely(t, 3)) tags(t, contact);
    const size_t clusters = one_of(t, 4);
    for (size_t i = 0; i < clusters; i++) {
        cluster(t, l, is_large);
        beside(t);
        if (rarely(t, 16)) tags(t, contact);
    }
    if (tracks_are_late) tracks(t, l, is_large);
    if (!rarely(t, 4)) contact_tag(t, contact);
    if (rarely(t, 2)) tags(t, contact);
    beside(t);
    if (is_known) end(t, SEGMENT, start);
}

/* Nothing but whose it is; contact NULL inherits. */
static void tiny_document(struct tree *t, size_t uid_number, const char *contact)
{
    begin_unknown(t, SEGMENT);
    const size_t start = begin(t);
    uid(t, uid_number);
    end(t, INFO, start);
    if (contact != NULL) contact_tag(t, contact);
}

/* Around the 64 SegmentUIDs that are remembered (7.3). */
static void many_documents(struct tree *t)
{
    const size_t uids = 61 + one_of(t, 8);
    for (size_t i = 1; i <= uids; i++) {
        tiny_document(t, i, contacts[i % 3]);
        if (rarely(t, 16))
            tiny_document(t, 1 + one_of(t, i), NULL); /* used again: to be remembered longer */
    }
    const size_t heirs = 1 + one_of(t, 8);
    for (size_t i = 0; i < heirs; i++)
        tiny_document(t, 1 + one_of(t, rarely(t, 2) ? uids : 8), NULL);
}

/* Half of the trees have no mistake; many mistakes stand behind the last element, and are none. */
static void plan(struct tree *t)
{
    const uint8_t how_many = choice(t);
    for (size_t i = 0; i < PLANNED_MAX; i++) {
        const uint8_t mistake = choice(t);
        const uint8_t element = choice(t);
        t->planned[i].mistake = mistake % MISTAKES;
        t->planned[i].element = how_many > (i == 0 ? 144 : 232) ? element : NO_ELEMENT;
    }
}

static void cut_off(struct tree *t)
{
    for (size_t i = 0; i < PLANNED_MAX; i++)
        if (t->planned[i].mistake == CUT_OFF && t->planned[i].element != NO_ELEMENT)
            t->len = t->len * t->planned[i].element / 256;
}

size_t tree_build(const uint8_t *choices, size_t n, uint8_t *to, size_t room)
{
    struct tree t = {.choices = choices, .n = n, .to = to, .room = room};
    if (room == 0) return 0;
    plan(&t);
    if (rarely(&t, 64)) {
        many_documents(&t);
    } else {
        const size_t documents = 1 + one_of(&t, 3);
        for (size_t i = 0; i < documents; i++)
            document(&t, i == 0);
    }
    cut_off(&t);
    return t.len;
}
