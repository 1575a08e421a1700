#include "doc.h"

#include <ctype.h>
#include <stdlib.h>

struct typist {
    const char *text;
    uint8_t *to;
    size_t room, len;
};

static void put(struct typist *t, uint8_t byte)
{
    assert(t->len < t->room);
    t->to[t->len++] = byte;
}

static void put_size(struct typist *t, size_t at)
{
    size_t size = t->len - at;
    unsigned width = 1;
    while (size >= ((size_t)1 << 7 * width) - 1)
        width++;
    assert(t->len + width <= t->room);
    memmove(t->to + at + width, t->to + at, size);
    for (unsigned i = 0; i < width; i++)
        t->to[at + i] = (uint8_t)(size >> 8 * (width - 1 - i));
    t->to[at] |= (uint8_t)(0x80 >> (width - 1));
    t->len += width;
}

static void repeat(struct typist *t)
{
    char *behind;
    unsigned long times = strtoul(t->text, &behind, 10);
    t->text = behind;
    uint8_t last = t->to[t->len - 1];
    for (unsigned long i = 1; i < times; i++)
        put(t, last);
}

static unsigned digit(char c)
{
    assert(isxdigit((unsigned char)c));
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

static void type_until(struct typist *t, char stop)
{
    for (;;) {
        char c = *t->text;
        if (c == stop) return;
        t->text++;
        if (c == ' ') continue;
        if (c == '\'') {
            while (*t->text != '\'')
                put(t, (uint8_t)*t->text++);
            t->text++;
        } else if (c == '*') {
            repeat(t);
        } else if (c == '(') {
            size_t at = t->len;
            type_until(t, ')');
            t->text++;
            put_size(t, at);
        } else if (c == '<') {
            put(t, 0x01);
            for (int i = 0; i < 7; i++)
                put(t, 0xFF);
            type_until(t, '>');
            t->text++;
        } else {
            put(t, (uint8_t)(digit(c) << 4 | digit(*t->text)));
            t->text++;
        }
    }
}

size_t doc_write(uint8_t *to, size_t room, const char *text)
{
    struct typist t = {text, to, room, 0};
    type_until(&t, '\0');
    return t.len;
}

struct span doc(const char *text)
{
    static uint8_t bytes[DOC_BYTES_MAX];
    return span_of(bytes, doc_write(bytes, sizeof bytes, text));
}
