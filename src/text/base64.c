#include "text/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_write(struct writer *to, struct span bytes)
{
    while (bytes.len > 0) {
        const struct span group = span_cut(&bytes, span_min(bytes, 3));
        uint32_t bits = (uint32_t)group.at[0] << 16;
        if (group.len > 1) bits |= (uint32_t)group.at[1] << 8;
        if (group.len > 2) bits |= group.at[2];
        char text[4];
        for (unsigned i = 0; i < 4; i++)
            text[i] = i <= group.len ? alphabet[bits >> (18 - 6 * i) & 63] : '=';
        writer_bytes(to, span_of(text, sizeof text));
    }
}

/* 64: it is not of the alphabet. */
static uint32_t value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z') return c - (uint32_t)'A';
    if (c >= 'a' && c <= 'z') return c - (uint32_t)'a' + 26;
    if (c >= '0' && c <= '9') return c - (uint32_t)'0' + 52;
    if (c == '+') return 62;
    return c == '/' ? 63 : 64;
}

bool base64_eat(struct base64_group *g, uint8_t character, uint8_t bytes[3], size_t *count)
{
    *count = 0;
    uint32_t value = value_of(character);
    if (character == '=') {
        /* Only the third and fourth character may be padding. */
        if (g->characters < 2) return false;
        value = 0;
        g->padding++;
    } else if (value == 64 || g->padding > 0) {
        return false;
    }
    g->bits = g->bits << 6 | value;
    if (++g->characters < 4) return true;

    *count = 3 - g->padding;
    /* RFC 4648 section 3.5: bits that no byte needs are zero, or two texts would be the same
     * bytes. */
    if (g->padding > 0 && (g->bits & ((1U << (8 * g->padding)) - 1)) != 0) return false;
    for (size_t i = 0; i < *count; i++)
        bytes[i] = (uint8_t)(g->bits >> (16 - 8 * i));
    g->bits = 0;
    g->characters = 0;
    return true;
}

bool base64_read(struct writer *to, struct span text)
{
    struct base64_group group = {0, 0, 0};
    while (text.len > 0) {
        uint8_t bytes[3];
        size_t count;
        if (!base64_eat(&group, span_take(&text), bytes, &count)) return false;
        writer_bytes(to, span_of(bytes, count));
    }
    return group.characters == 0 && !to->full;
}
