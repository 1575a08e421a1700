/* profile_next on any bytes: the same events however the file is cut, and the same that an obvious
 * reader of a whole file tells.
 *
 * Byte 0: which section, and the cutting's seed. Bytes below 8 stand for words, so that long lines
 * and sections are found soon. */
#include "fuzz.h"

#include "aws/profile.h"

enum { FILE_BYTES = 1 << 16, EVENTS = 1 << 15 };

static const char *const words[8] = {
    NULL, "[default]\n", "[profile one]\n", "\n  ", "[services one]\nkey =\n", "\n[one]\n",
    NULL, " = "};

static const struct {
    enum profile_section section;
    const char *name;
} wanted[] = {{PROFILE_OF_CONFIG, "default"},
              {PROFILE_OF_CONFIG, "one"},
              {PROFILE_OF_CREDENTIALS, "one"},
              {PROFILE_SERVICES, "one"}};

struct setting {
    uint64_t above, key, value; /* hashes */
};

struct reading {
    size_t count;
    bool faulty, found;
    struct setting setting[EVENTS];
};

static struct span expand(struct span raw)
{
    static uint8_t file[FILE_BYTES];
    size_t len = 0;
    for (size_t i = 0; i < raw.len; i++) {
        const uint8_t c = raw.at[i];
        const char *word = c < 8 ? words[c] : NULL;
        const size_t n = word != NULL ? strlen(word) : c == 6 ? 700 : 1;
        if (n > sizeof file - len) break;
        if (word != NULL)
            memcpy(file + len, word, n);
        else
            memset(file + len, c == 6 ? 'x' : c, n);
        len += n;
    }
    return span_of(file, len);
}

static void add(struct reading *r, struct span above, struct span key, struct span value)
{
    FUZZ_REQUIRE(r->count < EVENTS);
    r->setting[r->count++] =
        (struct setting){journal_hash(0, above), journal_hash(0, key), journal_hash(0, value)};
}

/* ---- the obvious reader ---- */

/* From the SDKs' pages on shared files; what is indented as Python's configparser sees it. */

static bool blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r' && c != '\n');
}

static struct span strip(struct span s)
{
    size_t from = 0, to = s.len;
    while (from < to && blank(s.at[from]))
        from++;
    while (to > from && blank(s.at[to - 1]))
        to--;
    return to == from ? span_of(NULL, 0) : span_of(s.at + from, to - from);
}

static size_t position(struct span s, uint8_t c)
{
    size_t i = 0;
    while (i < s.len && s.at[i] != c)
        i++;
    return i;
}

static struct span uncommented(struct span s)
{
    for (size_t i = 0; i + 1 < s.len; i++)
        if (blank(s.at[i]) && (s.at[i + 1] == '#' || s.at[i + 1] == ';'))
            return strip(span_of(s.at, i));
    return strip(s);
}

static struct span word_after(struct span title, const char *word)
{
    const size_t n = strlen(word);
    if (title.len < n + 1 || memcmp(title.at, word, n) != 0 || !blank(title.at[n]))
        return span_of(NULL, 0);
    const struct span name = strip(span_of(title.at + n, title.len - n));
    const bool quoted = name.len >= 2 && (name.at[0] == '"' || name.at[0] == '\'') &&
                        name.at[name.len - 1] == name.at[0];
    return quoted ? span_of(name.at + 1, name.len - 2) : name;
}

static bool ours(struct span line, unsigned which)
{
    const size_t end = position(line, ']');
    if (end == line.len) return false;
    const struct span title = strip(span_of(line.at + 1, end - 1));
    const char *name = wanted[which].name;
    switch (wanted[which].section) {
    case PROFILE_OF_CREDENTIALS: return span_is(title, name);
    case PROFILE_SERVICES: return span_is(word_after(title, "services"), name);
    case PROFILE_OF_CONFIG:
        return span_is(word_after(title, "profile"), name) ||
               (span_is(title, "default") && strcmp(name, "default") == 0);
    }
    return false;
}

static struct span lowered(struct span s)
{
    static uint8_t text[2][FILE_BYTES];
    static unsigned turn;
    uint8_t *to = text[turn++ % 2];
    for (size_t i = 0; i < s.len; i++)
        to[i] = s.at[i] >= 'A' && s.at[i] <= 'Z' ? (uint8_t)(s.at[i] | 0x20) : s.at[i];
    return span_of(to, s.len);
}

/* Of a line, without the blanks before it: the value is cut behind the "=". */
static bool pair(struct span line, struct span *key, struct span *value)
{
    const size_t at = position(line, '=');
    if (at == line.len) return false;
    *key = lowered(strip(span_of(line.at, at)));
    const struct span rest = uncommented(span_of(line.at + at, line.len - at));
    *value = strip(span_of(rest.at + 1, rest.len - 1));
    return key->len > 0;
}

static void read_obviously(struct span file, unsigned which, struct reading *r)
{
    bool inside = false, has_value = false;
    static uint8_t above_text[FILE_BYTES];
    struct span above = span_of(NULL, 0);
    size_t indent = 0, number = 0;
    r->count = 0;
    r->faulty = r->found = false;
    for (size_t at = 0; at < file.len || (at == file.len && number == 0);) {
        struct span raw = span_of(file.at + at, file.len - at);
        raw.len = position(raw, '\n');
        at += raw.len + 1;
        /* A line that is too long counts up to where its room ends. */
        size_t used = raw.len;
        while (used > 0 && blank(raw.at[used - 1]))
            used--;
        const bool too_long = used > PROFILE_LINE_BYTES_MAX;
        if (raw.len > PROFILE_LINE_BYTES_MAX) raw.len = PROFILE_LINE_BYTES_MAX;
        if (number++ == 0 && raw.len >= 3 && memcmp(raw.at, "\xEF\xBB\xBF", 3) == 0)
            raw = span_of(raw.at + 3, raw.len - 3);
        const struct span line = strip(raw);
        if (line.len == 0 || line.at[0] == '#' || line.at[0] == ';') continue;
        const size_t depth = (size_t)(line.at - raw.at);
        const bool below = above.len > 0 && depth > indent;
        if (line.at[0] == '[' && !below) {
            inside = ours(line, which);
            r->found = r->found || inside;
            above = span_of(NULL, 0);
            indent = 0;
            continue;
        }
        if (!inside) continue;
        struct span key = span_of(NULL, 0), value = span_of(NULL, 0);
        const bool goes_on = below && has_value;
        if (too_long || (!goes_on && !pair(line, &key, &value)) ||
            (!below && key.len > PROFILE_NAME_BYTES_MAX)) {
            r->faulty = true;
            return;
        }
        add(r, below ? above : span_of(NULL, 0), key, goes_on ? uncommented(line) : value);
        if (below) continue;
        memcpy(above_text, key.at, key.len);
        above = span_of(above_text, key.len);
        indent = depth;
        has_value = value.len > 0;
    }
}

/* ---- the reading ---- */

static bool take(struct reading *r, const struct profile *p, enum profile_event event)
{
    switch (event) {
    case PROFILE_NEED: return false;
    case PROFILE_SETTING: add(r, p->above, p->key, p->value); return true;
    case PROFILE_FAULT: r->faulty = true; return false;
    }
    return false;
}

static void read_in(struct span file, unsigned which, enum fuzz_cutting cutting, uint8_t seed,
                    struct reading *r)
{
    static struct profile p;
    profile_init(&p, wanted[which].section, wanted[which].name);
    struct fuzz_pieces pieces = fuzz_pieces(file, cutting, seed);
    r->count = 0;
    r->faulty = false;
    for (struct span in; fuzz_next(&pieces, &in);) {
        while (take(r, &p, profile_next(&p, &in)))
            ;
        FUZZ_REQUIRE(r->faulty || in.len == 0);
    }
    while (take(r, &p, profile_end(&p)))
        ;
    FUZZ_REQUIRE(r->faulty == (p.fault.kind != FAULT_NONE));
    FUZZ_REQUIRE(profile_end(&p) == (r->faulty ? PROFILE_FAULT : PROFILE_NEED));
    r->found = p.found;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reading right, read;
    if (size == 0 || size > FUZZ_INPUT_BYTES_MAX) return 0;
    const uint8_t seed = data[0];
    const unsigned which = seed & 3;
    const struct span file = expand(span_of(data + 1, size - 1));
    read_obviously(file, which, &right);
    for (enum fuzz_cutting cutting = FUZZ_WHOLE; cutting < FUZZ_CUTTINGS; cutting++) {
        read_in(file, which, cutting, seed, &read);
        FUZZ_REQUIRE(read.count == right.count);
        FUZZ_REQUIRE(read.faulty == right.faulty && read.found == right.found);
        FUZZ_REQUIRE(memcmp(read.setting, right.setting, read.count * sizeof *read.setting) == 0);
    }
    return 0;
}
