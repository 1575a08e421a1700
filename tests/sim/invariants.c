/* invariants.c - what must hold in every world, whatever happened. Their numbers stand in README.md. */
#include "world.h"

#include <stdio.h>

static bool is_exact(const struct world *w, const struct cloud_object *o)
{
    return span_equal(blob_span(&o->bytes), blob_span(&w->expected)) &&
           strcmp(o->facts.content_type, "audio/wav") == 0 &&
           strcmp(o->facts.storage_class,
                  w->storage_class != NULL ? w->storage_class : "STANDARD") == 0 &&
           strcmp(o->facts.sse, w->sse != NULL ? w->sse : "AES256") == 0;
}

static bool has_tags(const struct cloud_object *o)
{
    const struct cloud_facts *f = &o->facts;
    return f->tag_count == 2 && span_is(blob_span(&f->tags[0].name), "customerEndpoint") &&
           span_is(blob_span(&f->tags[0].value), "+81312345678") &&
           span_is(blob_span(&f->tags[1].name), "name") &&
           span_is(blob_span(&f->tags[1].value), "a b=c");
}

static void i1_success_is_exact(struct world *w)
{
    const struct cloud_object *o = cloud_find(w->cloud, w->bucket, w->key);
    if (w->result.outcome != OUTCOME_CONVERTED) return;
    if (o == NULL)
        blob_say(&w->broken, "I1 success, and no object\n");
    else if (!is_exact(w, o))
        blob_say(&w->broken, "I1 success, and another object\n");
}

static void i2_never_anything_else(struct world *w)
{
    for (const struct cloud_object *o = w->cloud->objects; o != NULL; o = o->next) {
        if (strcmp(o->key, w->key) != 0)
            blob_say(&w->broken, "I2 an object under another key\n");
        else if (!is_exact(w, o))
            blob_say(&w->broken, "I2 an object that is not exact\n");
        else if (!has_tags(o))
            blob_say(&w->broken, "I2 an object without its tags\n");
    }
}

static void i3_no_upload_stays_open(struct world *w)
{
    if (w->killed) return;
    for (const struct cloud_upload *u = w->cloud->uploads; u != NULL; u = u->next) {
        if (u->state != CLOUD_OPEN) continue;
        if (world_faults(w) == 0 && !w->stopped)
            blob_say(&w->broken, "I3 an upload is open, and there was no fault\n");
        else if (u->is_known && w->mode == WORLD_FEW)
            blob_say(&w->broken, "I3 an upload is open, and fewer faults than tries\n");
        else if (u->is_known && !w->result.left_open)
            blob_say(&w->broken, "I3 an upload is open, and the job does not say so\n");
    }
}

/* Each step is tried so often; on an old connection that is gone, once more without counting; and a few things may
 * be mended at once (keys, clock, region). A process that died has asked before. */
static void i4_requests_are_bounded(struct world *w)
{
    uint64_t parts = w->expected.len / w->part_bytes_min + 1;
    for (int i = 0; i < CLOUD_OPERATIONS; i++) {
        uint64_t times = i == CLOUD_PART ? parts : i == CLOUD_HEAD ? 2 : 1;
        uint64_t bound = (times * w->tries * 2 + 3) * (w->killed ? 2 : 1);
        if (w->cloud->asked[i] > bound)
            blob_say(&w->broken, "I4 %s asked %llu times, %llu were enough\n",
                     cloud_operation_name((enum cloud_operation)i),
                     (unsigned long long)w->cloud->asked[i], (unsigned long long)bound);
    }
}

static void i5_nothing_forbidden(struct world *w)
{
    if (w->cloud->violations.len > 0)
        blob_say(&w->broken, "I5 %s", blob_text(&w->cloud->violations));
    if (sim_violations()[0] != '\0') blob_say(&w->broken, "I5 %s", sim_violations());
    if (sim_counts().sockets_open != 0 && w->result.outcome != OUTCOME_STUCK)
        blob_say(&w->broken, "I5 %u sockets are still open\n", sim_counts().sockets_open);
}

static void i6_no_secret_is_told(struct world *w)
{
    static const char *const secrets[] = {"SEKRIT", "Signature=", "X-Amz-Security-Token"};
    for (size_t i = 0; i < sizeof secrets / sizeof *secrets; i++)
        if (strstr(sim_log(), secrets[i]) != NULL)
            blob_say(&w->broken, "I6 the log has \"%s\"\n", secrets[i]);
    if (w->result.outcome == OUTCOME_FAILED && sim_log()[0] == '\0')
        blob_say(&w->broken, "I6 a failure, and not a word\n");
}

static bool is_there_exactly(const struct world *w)
{
    const struct cloud_object *o = cloud_find(w->cloud, w->bucket, w->key);
    return o != NULL && is_exact(w, o);
}

static void i7_it_gets_there(struct world *w)
{
    if (w->result.outcome == OUTCOME_STUCK) blob_say(&w->broken, "I7 it is stuck\n");
    if (w->result.outcome == OUTCOME_CONVERTED || w->stopped) return;
    /* "It is there already" is a good answer too, of it or of the process before it. */
    if (w->if_absent && (w->was_there || (w->killed && is_there_exactly(w)))) return;
    if (world_faults(w) == 0)
        blob_say(&w->broken, "I7 no fault, and no success\n");
    else if (w->mode == WORLD_FEW)
        blob_say(&w->broken, "I7 fewer faults than tries, and no success\n");
}

bool world_check(struct world *w)
{
    i1_success_is_exact(w);
    i2_never_anything_else(w);
    i3_no_upload_stays_open(w);
    i4_requests_are_bounded(w);
    i5_nothing_forbidden(w);
    i6_no_secret_is_told(w);
    i7_it_gets_there(w);
    return is_there_exactly(w);
}
