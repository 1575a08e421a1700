#include "job/recording.h"

void recording_init(struct recording *r, const struct audio_contact *contact)
{
    memset(r, 0, sizeof *r);
    r->contact = *contact;
}
