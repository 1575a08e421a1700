#include "job/recording.h"

void recording_init(struct recording *r, const struct audio_contact *contact)
{
    memset(r, 0, sizeof *r);
    r->contact = *contact;
}

/* KVS's numbers have up to 128 digits, and the larger one is the later one: compared as text. */
static bool is_above(struct span number, struct span last)
{
    while (number.len > 1 && number.at[0] == '0')
        span_cut(&number, 1);
    while (last.len > 1 && last.at[0] == '0')
        span_cut(&last, 1);
    if (number.len != last.len) return number.len > last.len;
    return memcmp(number.at, last.at, number.len) > 0;
}

static bool is_number(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] < '0' || text.at[i] > '9') return false;
    return text.len > 0;
}

void recording_add(struct recording *r, const struct audio_fragment *fragment)
{
    r->fragments++;
    for (enum channel c = 0; c < CHANNEL_COUNT; c++)
        r->pcm_bytes[c] += fragment->pcm_bytes[c];

    struct span number = span_of(fragment->number, fragment->number_len);
    struct span last = span_of(r->number, r->number_len);
    if (!is_number(number)) return;
    if (last.len > 0 && !is_above(number, last)) r->disordered++;
    memcpy(r->number, number.at, number.len);
    r->number_len = fragment->number_len;
}
