#include "job/contacts.h"

static struct contact_row *find(struct contacts *c, const struct audio_contact *contact)
{
    for (size_t i = 0; i < c->count; i++)
        if (audio_contact_equal(&c->row[i].contact, contact)) return &c->row[i];
    return NULL;
}

struct contact_row *contacts_add(struct contacts *c, const struct audio_fragment *fragment)
{
    assert(fragment->contact.len > 0);
    struct contact_row *row = find(c, &fragment->contact);
    if (row == NULL && c->count == CONTACTS_LISTED_MAX) {
        c->unlisted_fragments++;
        return NULL;
    }
    if (row == NULL) {
        row = &c->row[c->count++];
        memset(row, 0, sizeof *row);
        row->contact = fragment->contact;
        row->first_at = fragment->at;
    }
    row->fragments++;
    for (enum channel channel = 0; channel < CHANNEL_COUNT; channel++)
        row->pcm_bytes[channel] += fragment->pcm_bytes[channel];
    return row;
}

void contacts_list(const struct contacts *c, struct writer *to)
{
    static const char more[] = ", and more";
    for (size_t i = 0; i < c->count; i++) {
        size_t before = to->len;
        writer_text(to, i > 0 ? ", " : "");
        writer_quoted(to, audio_contact_span(&c->row[i].contact));
        writer_text(to, " (");
        writer_number(to, c->row[i].fragments);
        writer_text(to, c->row[i].fragments == 1 ? " fragment)" : " fragments)");
        if (to->full || to->room - to->len < sizeof more) {
            to->len = before;
            to->full = false;
            writer_text(to, more);
            return;
        }
    }
    if (c->unlisted_fragments > 0) writer_text(to, more);
}
