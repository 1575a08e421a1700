#include "aws/profile.h"

void profile_init(struct profile *p, enum profile_section section, const char *name)
{
    assert(name != NULL);
    memset(p, 0, offsetof(struct profile, line));
    p->at = PROFILE_AT_LINE;
    p->section = section;
    p->name = name;
    p->number = 1;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\v' || byte == '\f';
}

static struct span trimmed(struct span s)
{
    while (s.len > 0 && is_blank(s.at[0]))
        span_cut(&s, 1);
    while (s.len > 0 && is_blank(s.at[s.len - 1]))
        s.len--;
    return s;
}

/* Up to a # or ; behind a blank. */
static struct span without_comment(struct span s)
{
    for (size_t i = 1; i < s.len; i++)
        if ((s.at[i] == '#' || s.at[i] == ';') && is_blank(s.at[i - 1])) s.len = i;
    return trimmed(s);
}

static bool find(struct span s, uint8_t byte, size_t *at)
{
    const uint8_t *found = s.len > 0 ? memchr(s.at, byte, s.len) : NULL;
    if (found != NULL) *at = (size_t)(found - s.at);
    return found != NULL;
}

static enum profile_event fail(struct profile *p, enum fault_kind kind, const char *what)
{
    struct writer words = fault_begin(&p->fault, kind, FAULT_NOWHERE);
    writer_text(&words, "line ");
    writer_number(&words, p->number);
    writer_text(&words, what);
    fault_put(&p->fault, &words);
    p->at = PROFILE_AT_FAULT;
    return PROFILE_FAULT;
}

/* "name" and 'name' are name; a quote that is not closed makes it nobody's. */
static struct span unquoted(struct span s)
{
    if (s.len < 2 || (s.at[0] != '"' && s.at[0] != '\'') || s.at[s.len - 1] != s.at[0]) return s;
    return span_of(s.at + 1, s.len - 2);
}

/* "profile x" is x after the word "profile" and a blank. */
static bool take_word(struct span *s, const char *word)
{
    const size_t len = strlen(word);
    if (s->len <= len || memcmp(s->at, word, len) != 0 || !is_blank(s->at[len])) return false;
    span_cut(s, len);
    *s = unquoted(trimmed(*s));
    return true;
}

static bool is_wanted(const struct profile *p, struct span title)
{
    const bool is_default = span_is(title, "default");
    switch (p->section) {
    case PROFILE_OF_CREDENTIALS: return span_is(title, p->name);
    case PROFILE_OF_CONFIG:
        return (take_word(&title, "profile") || is_default) && span_is(title, p->name);
    case PROFILE_SERVICES: return take_word(&title, "services") && span_is(title, p->name);
    }
    return false;
}

/* "[title] # comment". A title without its end is nobody's section: it ends the one before. */
static void begin_section(struct profile *p, struct span line)
{
    size_t end = 0;
    span_cut(&line, 1);
    p->inside = find(line, ']', &end) && is_wanted(p, trimmed(span_of(line.at, end)));
    p->found |= p->inside;
    p->above_len = 0;
    p->indent = 0;
}

static void lower(char *text, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (text[i] >= 'A' && text[i] <= 'Z') text[i] = (char)(text[i] - 'A' + 'a');
}

/* key = value. False: there is no "=", or nothing before it. */
static bool split(struct profile *p, struct span line)
{
    size_t at = 0;
    if (!find(line, '=', &at)) return false;
    p->key = trimmed(span_of(line.at, at));
    const uint8_t *begin = (const uint8_t *)p->line;
    lower(p->line + (p->key.at - begin), p->key.len);
    struct span rest = line;
    span_cut(&rest, at); /* with the "=": a comment may begin right behind the blank after it */
    rest = without_comment(rest);
    span_cut(&rest, 1);
    p->value = trimmed(rest);
    return p->key.len > 0;
}

static enum profile_event begin_key(struct profile *p, struct span line, size_t indent)
{
    p->above = span_of(NULL, 0);
    p->above_len = 0;
    p->indent = indent;
    if (!split(p, line)) return fail(p, FAULT_MALFORMED, " has no \"key = value\"");
    if (p->key.len > sizeof p->above_text) return fail(p, FAULT_LIMIT, " has too long a key");
    memcpy(p->above_text, p->key.at, p->key.len);
    p->above_len = p->key.len;
    p->has_value = p->value.len > 0;
    return PROFILE_SETTING;
}

/* A line that is indented deeper than the key above it. */
static enum profile_event below_key(struct profile *p, struct span line)
{
    p->above = span_of(p->above_text, p->above_len);
    if (p->has_value) {
        p->key = span_of(NULL, 0);
        p->value = without_comment(line);
        return PROFILE_SETTING;
    }
    return split(p, line) ? PROFILE_SETTING
                          : fail(p, FAULT_MALFORMED, " is indented and has no \"key = value\"");
}

/* A whole line without its end. NEED: it tells nothing. */
static enum profile_event read_line(struct profile *p)
{
    struct span raw = span_of(p->line, p->line_len);
    if (p->number == 1 && raw.len >= 3 && memcmp(raw.at, "\xEF\xBB\xBF", 3) == 0) span_cut(&raw, 3);
    const struct span line = trimmed(raw);
    if (line.len == 0 || line.at[0] == '#' || line.at[0] == ';') return PROFILE_NEED;
    const size_t indent = (size_t)(line.at - raw.at);
    const bool below = p->above_len > 0 && indent > p->indent;
    if (line.at[0] == '[' && !below) {
        begin_section(p, line);
        return PROFILE_NEED;
    }
    if (!p->inside) return PROFILE_NEED;
    if (p->cut) return fail(p, FAULT_LIMIT, " is too long");
    return below ? below_key(p, line) : begin_key(p, line, indent);
}

static enum profile_event end_line(struct profile *p)
{
    const enum profile_event event = read_line(p);
    if (event == PROFILE_FAULT) return event;
    p->number++;
    p->line_len = 0;
    p->cut = false;
    return event;
}

/* What does not fit is dropped, and noted unless it is blank. */
static void gather(struct profile *p, struct span bytes)
{
    const size_t fits = span_min(bytes, sizeof p->line - p->line_len);
    if (fits > 0) memcpy(p->line + p->line_len, bytes.at, fits);
    p->line_len += fits;
    span_cut(&bytes, fits);
    p->cut |= trimmed(bytes).len > 0;
}

enum profile_event profile_next(struct profile *p, struct span *in)
{
    if (p->at == PROFILE_AT_FAULT) return PROFILE_FAULT;
    assert(p->at == PROFILE_AT_LINE);
    while (in->len > 0) {
        size_t end = 0;
        const bool whole = find(*in, '\n', &end);
        gather(p, span_cut(in, whole ? end : in->len));
        if (!whole) break;
        span_cut(in, 1);
        const enum profile_event event = end_line(p);
        if (event != PROFILE_NEED) return event;
    }
    return PROFILE_NEED;
}

enum profile_event profile_end(struct profile *p)
{
    if (p->at == PROFILE_AT_FAULT) return PROFILE_FAULT;
    if (p->at == PROFILE_AT_END) return PROFILE_NEED;
    p->at = PROFILE_AT_END;
    return end_line(p);
}
