/* job_upload.c - the real job in the world: src/job/upload over the simulated port. */
#include "world.h"

#include "job/settings.h"
#include "job/upload.h"

static struct {
    struct aws_settings settings;
    struct settings_room room;
    struct upload_options options;
    struct upload upload;
    struct s3_pair tags[2];
} job;

struct world_features world_job_features(void)
{
    return (struct world_features){
        .keys_of_services = true, .wrong_region = true, .wrong_clock = true};
}

static enum checksum_kind checksum_of(const struct world *w)
{
    switch (w->checksum) {
    case HASH_CRC64NVME: return CHECKSUM_CRC64NVME;
    case HASH_CRC32C: return CHECKSUM_CRC32C;
    case HASH_CRC32: return CHECKSUM_CRC32;
    case HASH_SHA256: return CHECKSUM_SHA256;
    case HASH_NONE:
    case HASH_KINDS: break;
    }
    return CHECKSUM_NONE;
}

/* A body is streamed: its hash is not known before; and a trailer needs a checksum. */
static void choose_payload(const struct world *w)
{
    struct upload_options *o = &job.options;
    o->object.checksum = checksum_of(w);
    o->payload = w->chunks == BODY_SIGNED             ? SIGV4_CHUNKS
                 : w->chunks == BODY_UNSIGNED_TRAILER ? SIGV4_UNSIGNED_TRAILER
                                                      : SIGV4_CHUNKS_TRAILER;
    if (o->object.checksum == CHECKSUM_NONE) o->payload = SIGV4_CHUNKS;
    if (o->payload == SIGV4_CHUNKS) o->object.checksum = CHECKSUM_NONE;
}

static void choose(const struct world *w)
{
    job.tags[0] = (struct s3_pair){span_text("customerEndpoint"), span_text("+81312345678")};
    job.tags[1] = (struct s3_pair){span_text("name"), span_text("a b=c")};
    job.options = (struct upload_options){
        .pipeline = {.layout = w->stereo ? MIXER_STEREO : MIXER_ONE, .channel = CHANNEL_CUSTOMER},
        .settings = &job.settings,
        .bucket = span_text(w->bucket),
        .object = {.key = span_text(w->key),
                   .content_type = "audio/wav",
                   .storage_class = w->storage_class,
                   .sse = w->sse,
                   .tags = job.tags,
                   .tag_count = 2,
                   .if_absent = w->if_absent},
        .part_bytes_min = w->part_bytes_min,
        .user_agent = "sim",
        .keeps_existing = w->if_absent,
    };
    choose_payload(w);
}

static uint64_t roll(void)
{
    uint64_t x;
    (void)port_random((uint8_t *)&x, sizeof x);
    return x;
}

static void give_input(const struct world *w)
{
    size_t room;
    uint64_t offset;
    uint8_t *to = upload_room(&job.upload, &room, &offset);
    size_t n = offset < w->input.len ? w->input.len - (size_t)offset : 0;
    if (n > room) n = room;
    if (n > 1 && w->seed % 2 == 0) n = 1 + (size_t)(roll() % n);
    if (n > 0) memcpy(to, w->input.at + offset, n);
    upload_put(&job.upload, n);
}

/* Told each turn, as the command tells it. */
static void mind_stop(struct world *w)
{
    struct fault why = {.kind = FAULT_NONE};
    if (port_now_ms() < w->stop_at_ms) return;
    fault_set(&why, FAULT_IO, FAULT_NOWHERE, "stopped by somebody");
    upload_stop(&job.upload, &why);
    w->stopped = true;
}

static void wait(const struct world *w)
{
    uint64_t until_ms = !w->stopped && w->stop_at_ms != 0 ? w->stop_at_ms : UINT64_MAX;
    struct port_want want = upload_want(&job.upload, &until_ms);
    port_wait(&want, 1, until_ms);
}

static void tell(const struct fault *f)
{
    port_log(span_of(f->text, f->len));
}

static void note(struct world *w)
{
    const struct upload *u = &job.upload;
    w->result.outcome = u->outcome == UPLOAD_CONVERTED  ? OUTCOME_CONVERTED
                        : u->outcome == UPLOAD_NO_AUDIO ? OUTCOME_NO_AUDIO
                                                        : OUTCOME_FAILED;
    w->result.left_open = u->left_open;
    w->result.why = fault_name(u->fault.kind);
    if (u->outcome == UPLOAD_FAILED) tell(&u->fault);
}

void world_run_job(struct world *w)
{
    struct fault f = {0};
    w->result.outcome = OUTCOME_FAILED;
    w->result.why = "settings";
    if (!settings_read(&job.settings, NULL, &job.room, &f)) {
        tell(&f);
        return;
    }
    choose(w);
    if (w->canary == CANARY_BYTE) w->expected.at[w->expected.len - 1] ^= 1;
    if (w->canary == CANARY_HEADER) w->expected.at[4] ^= 8;
    upload_begin(&job.upload, &job.options, port_now_ms());
    for (bool over = false; !over;) {
        if (w->stop_at_ms != 0) mind_stop(w);
        switch (upload_turn(&job.upload, port_now_ms(), port_utc_ms(), roll())) {
        case UPLOAD_WAIT: wait(w); break;
        case UPLOAD_READ: give_input(w); break;
        case UPLOAD_TOLD: port_log(writer_span(&job.upload.line)); break;
        case UPLOAD_OVER: over = true; break;
        }
    }
    note(w);
    upload_end(&job.upload);
}
