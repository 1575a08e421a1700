#include "aws/s3.h"

/* Letters, digits and blanks beyond ASCII, whole ranges of general category L, N or Z as of Unicode
 * 6 (2010): Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic, Devanagari, Thai, Georgian, Bopomofo,
 * Japanese, Chinese, Korean. Marks, punctuation and symbols between them are left out. */
static const struct {
    uint32_t first, last;
} letters[] = {
    {0xC0, 0xD6},     {0xD8, 0xF6},     {0xF8, 0x2AF},    {0x388, 0x38A},     {0x38E, 0x3A1},
    {0x3A3, 0x3F5},   {0x3F7, 0x3FF},   {0x400, 0x481},   {0x48A, 0x527},     {0x531, 0x556},
    {0x561, 0x587},   {0x5D0, 0x5EA},   {0x620, 0x64A},   {0x660, 0x669},     {0x671, 0x6D3},
    {0x904, 0x939},   {0x958, 0x961},   {0x966, 0x96F},   {0xE01, 0xE30},     {0xE40, 0xE46},
    {0xE50, 0xE59},   {0x10D0, 0x10FA}, {0x1E00, 0x1EFF}, {0x3000, 0x3000},   {0x3005, 0x3007},
    {0x3041, 0x3096}, {0x309D, 0x309F}, {0x30A1, 0x30FA}, {0x30FC, 0x30FF},   {0x3105, 0x312D},
    {0x3400, 0x4DB5}, {0x4E00, 0x9FCB}, {0xAC00, 0xD7A3}, {0xF900, 0xFA2D},   {0xFF10, 0xFF19},
    {0xFF21, 0xFF3A}, {0xFF41, 0xFF5A}, {0xFF66, 0xFFBE}, {0x20000, 0x2A6D6},
};

static bool is_letter(uint32_t point)
{
    for (size_t i = 0; i < sizeof letters / sizeof *letters; i++)
        if (point >= letters[i].first && point <= letters[i].last) return true;
    return false;
}

/* Bytes of the character that a first byte promises; 1 for a byte that is none. */
static size_t promised(uint8_t first)
{
    if (first >= 0xC2 && first <= 0xDF) return 2;
    if (first >= 0xE0 && first <= 0xEF) return 3;
    if (first >= 0xF0 && first <= 0xF4) return 4;
    return 1;
}

/* The character in front, and its code point; a byte that begins none is a character of its own,
 * and no point. That surrogates and points beyond 10FFFF are none either, the table says. */
static struct span take_character(struct span *text, uint32_t *point)
{
    const size_t len = promised(text->at[0]);
    *point = UINT32_MAX;
    if (text->at[0] < 0x80) *point = text->at[0];
    if (len == 1 || text->len < len) return span_cut(text, 1);
    uint32_t value = text->at[0] & (0xFFU >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((text->at[i] & 0xC0) != 0x80) return span_cut(text, 1);
        value = value << 6 | (text->at[i] & 0x3F);
    }
    /* Overlong forms are no characters (RFC 3629 section 3). */
    const uint32_t least[] = {0x80, 0x800, 0x10000};
    if (value < least[len - 2]) return span_cut(text, 1);
    *point = value;
    return span_cut(text, len);
}

static bool is_taken(uint32_t point)
{
    if (point >= 0x80) return is_letter(point);
    if (point >= '0' && point <= '9') return true;
    const uint32_t lower = point | 0x20;
    return (lower >= 'a' && lower <= 'z') ||
           (point != 0 && strchr(" _.:/=+-@", (int)point) != NULL);
}

/* Characters beyond the first 65536 are two units of UTF-16. */
static unsigned units(uint32_t point)
{
    return point > 0xFFFF && point != UINT32_MAX ? 2 : 1;
}

static bool refuse(struct fault *f, struct span name, const char *why)
{
    struct writer words = fault_begin(f, FAULT_CONFIG, FAULT_NOWHERE);
    writer_text(&words, "the tag ");
    writer_quoted(&words, writer_end_of(name, NAME_SHOWN_BYTES));
    writer_text(&words, why);
    fault_put(f, &words);
    return false;
}

/* UTF-16 units; UINT32_MAX: a character that S3 may not take. */
static uint32_t measure(struct span text)
{
    uint32_t sum = 0;
    while (text.len > 0) {
        uint32_t point;
        take_character(&text, &point);
        if (!is_taken(point)) return UINT32_MAX;
        sum += units(point);
        if (sum > TAG_VALUE_UNITS_MAX) break; /* long enough to know */
    }
    return sum;
}

static bool is_reserved(struct span name)
{
    const char *const prefix = "aws:";
    if (name.len < 4) return false;
    for (size_t i = 0; i < 4; i++) {
        const uint8_t byte = name.at[i];
        const uint8_t lower = byte >= 'A' && byte <= 'Z' ? byte | 0x20 : byte;
        if (lower != (uint8_t)prefix[i]) return false;
    }
    return true;
}

bool s3_tag_is_valid(struct span name, struct span value, struct fault *f)
{
    if (name.len == 0) return refuse(f, name, " has no name");
    if (is_reserved(name)) return refuse(f, name, " begins with aws:, which is AWS's own");
    const uint32_t name_units = measure(name), value_units = measure(value);
    if (name_units == UINT32_MAX)
        return refuse(f, name,
                      " has a name with other than letters, digits, blanks and _ . : / = + - @");
    if (name_units > TAG_KEY_UNITS_MAX)
        return refuse(f, name, " has a name of more than 128 characters");
    if (value_units == UINT32_MAX)
        return refuse(f, name,
                      " has a value with other than letters, digits, blanks and _ . : / = + - @");
    if (value_units > TAG_VALUE_UNITS_MAX)
        return refuse(f, name, " has a value of more than 256 characters");
    return true;
}

void s3_tag_mend(struct writer *to, struct span value)
{
    for (unsigned sum = 0; value.len > 0;) {
        uint32_t point;
        const struct span character = take_character(&value, &point);
        const bool taken = is_taken(point);
        sum += taken ? units(point) : 1;
        if (sum > TAG_VALUE_UNITS_MAX) return;
        writer_bytes(to, taken ? character : span_text("_"));
    }
}

bool s3_metadata_is_valid(struct span name)
{
    if (name.len == 0 || name.len > METADATA_NAME_BYTES_MAX) return false;
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t byte = name.at[i], lower = byte | 0x20;
        const bool letter = lower >= 'a' && lower <= 'z', digit = byte >= '0' && byte <= '9';
        if (!letter && !digit && byte != '-' && byte != '_' && byte != '.') return false;
    }
    return true;
}
