#include "world.h"

#include <stdio.h>

uint64_t world_roll(struct world *w, uint64_t below)
{
    return dice_roll(&w->dice, below);
}

uint64_t world_faults(const struct world *w)
{
    uint64_t sum = 0;
    struct sim_counts counts = sim_counts();
    for (int i = 0; i < SIM_FAULTS; i++)
        sum += counts.faults[i];
    for (int i = CLOUD_GOOD + 1; i < CLOUD_FAULT_KINDS; i++)
        sum += w->cloud->faults[i];
    return sum;
}

static void draw_task(struct world *w)
{
    static const char *const regions[] = {"us-east-1", "eu-west-1", "ap-northeast-1"};
    static const char *const classes[] = {NULL, "STANDARD_IA", "GLACIER_IR"};
    static const char *const sses[] = {NULL, "AES256", "aws:kms"};
    static const enum hash_kind kinds[] = {HASH_CRC64NVME, HASH_CRC32C, HASH_CRC32, HASH_SHA256,
                                           HASH_NONE};
    snprintf(w->region, sizeof w->region, "%s", regions[world_roll(w, 3)]);
    snprintf(w->bucket, sizeof w->bucket, "%s", world_roll(w, 2) == 0 ? "voice-mail" : "v.01.mail");
    snprintf(w->key, sizeof w->key, "%s",
             world_roll(w, 2) == 0 ? "wav/2025/03/06/07-08-09_abc+d e.wav"
                                   : "\xe3\x83\xab\xe3\x82\xb9/a&b=c.wav");
    bool elsewhere = w->features.wrong_region && world_roll(w, 6) == 0;
    snprintf(w->home, sizeof w->home, "%s", elsewhere ? "eu-central-1" : w->region);
    snprintf(w->endpoint_url, sizeof w->endpoint_url, "http://s3.%s.amazonaws.com", w->home);
    w->path_style = world_roll(w, 2) == 0;
    w->if_absent = world_roll(w, 3) == 0;
    w->storage_class = classes[world_roll(w, 3)];
    w->sse = sses[world_roll(w, 3)];
    w->checksum = kinds[world_roll(w, 5)];
    w->chunks = BODY_PLAIN + (enum body_chunks)world_roll(w, 4);
    w->part_bytes_min = 5120 + world_roll(w, w->is_small ? 8192 : 40000);
    w->tries = 3 + (unsigned)world_roll(w, 3);
}

static void draw_keys(struct world *w)
{
    struct cloud_account *a = &w->account;
    w->keys = (enum world_keys)world_roll(w, w->features.keys_of_services ? KEYS_KINDS : 2);
    if (w->keys == KEYS_FIXED)
        *a = *cloud_account_add(w->cloud, "AKIAMADEUP0000000001", "SEKRIT/of+the/fixed/account", "",
                                INT64_MAX);
    else if (w->keys == KEYS_TOKEN)
        *a = *cloud_account_issue(w->cloud);
    w->cloud->lifetime_ms = 30 * 60000 + (int64_t)world_roll(w, 12 * 3600000);
    snprintf(w->cloud->role, sizeof w->cloud->role, "arn:aws:iam::123456789012:role/made-up");
    snprintf(w->cloud->web_token, sizeof w->cloud->web_token, "SEKRIT.web.token");
    snprintf(w->cloud->imds_role, sizeof w->cloud->imds_role, "made-up-role");
    snprintf(w->cloud->container_token, sizeof w->cloud->container_token, "SEKRIT-container-token");
}

static void set_environment(struct world *w)
{
    char number[16];
    snprintf(number, sizeof number, "%u", w->tries);
    sim_set_environment("AWS_REGION", w->region);
    sim_set_environment("AWS_ENDPOINT_URL_S3", w->endpoint_url);
    sim_set_environment("AWS_ENDPOINT_URL_STS", "http://sts.sim.test:8080");
    sim_set_environment("AWS_MAX_ATTEMPTS", number);
    sim_set_environment("HOME", "/home/caller");
    const char *config =
        w->path_style ? "[default]\n" : "[default]\ns3 =\n  addressing_style = virtual\n";
    sim_set_file("/home/caller/.aws/config", config, strlen(config));
    switch (w->keys) {
    case KEYS_FIXED:
    case KEYS_TOKEN:
        sim_set_environment("AWS_ACCESS_KEY_ID", w->account.id);
        sim_set_environment("AWS_SECRET_ACCESS_KEY", w->account.secret);
        sim_set_environment("AWS_SESSION_TOKEN", w->account.token);
        break;
    case KEYS_CONTAINER:
        sim_set_environment("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/made-up");
        sim_set_environment("AWS_CONTAINER_AUTHORIZATION_TOKEN", w->cloud->container_token);
        break;
    case KEYS_INSTANCE: break;
    case KEYS_WEB:
        sim_set_environment("AWS_ROLE_ARN", w->cloud->role);
        sim_set_environment("AWS_WEB_IDENTITY_TOKEN_FILE", "/var/run/token");
        sim_set_file("/var/run/token", w->cloud->web_token, strlen(w->cloud->web_token));
        break;
    case KEYS_KINDS: break;
    }
}

/* Each kind is off in half of the worlds. */
static void draw_cloud_faults(struct world *w, struct cloud_options *o)
{
    for (int i = CLOUD_GOOD + 1; i < CLOUD_FAULT_KINDS; i++)
        if (world_roll(w, 2) == 0) o->permille[i] = (unsigned)world_roll(w, 120);
    /* More than a first question takes in the worst weather: closing before it came would be a fault, and count. */
    o->idle_ms = world_roll(w, 2) == 0 ? 300 + world_roll(w, 20000) : 0;
    o->complete_again = world_roll(w, 2) == 0;
    if (w->mode != WORLD_FEW) return;
    o->permille[CLOUD_CONFLICT] = 0; /* begins a new upload, or is final */
    o->permille[CLOUD_CHECKSUM] = 0;
}

static void draw_faults(struct world *w, struct cloud_options *o)
{
    const struct dice dice = {w->seed, w->dice.from};
    bool calm = w->mode == WORLD_CALM || w->mode == WORLD_KILL;
    if (calm)
        sim_weather_draw(&w->faults, dice);
    else
        sim_faults_draw(&w->faults, dice);
    if (!calm) draw_cloud_faults(w, o);
    if (w->mode == WORLD_WILD &&
        world_roll(w, 12) == 0) { /* and in some worlds nothing works at all */
        if (world_roll(w, 2) == 0)
            w->faults.permille[world_roll(w, SIM_FAULTS)] = 1000;
        else
            o->permille[1 + world_roll(w, CLOUD_FAULT_KINDS - 1)] = 1000;
    }
    if (w->mode == WORLD_FEW) {
        w->faults_left = 1 + (unsigned)world_roll(w, 2);
        w->faults.left = o->faults_left = &w->faults_left;
    }
    if (w->mode == WORLD_STORM)
        w->faults.until_ms = o->faults_until_ms = 2000 + world_roll(w, 60000);
}

static void put_object_there(struct world *w)
{
    struct cloud_object *o = cloud_place(w->cloud, &w->cloud->buckets[0], w->key);
    blob_put_span(&o->bytes, blob_span(&w->expected));
    o->facts.content_type = span_copy(span_text("audio/wav"));
    o->facts.storage_class =
        span_copy(span_text(w->storage_class != NULL ? w->storage_class : "STANDARD"));
    o->facts.sse = span_copy(span_text(w->sse != NULL ? w->sse : "AES256"));
    o->facts.kms_key = span_copy(span_text(""));
    o->facts.kind = HASH_CRC64NVME;
    size_t count = 0;
    parameters_read(o->facts.tags, &count,
                    span_text("customerEndpoint=%2B81312345678&name=a%20b%3Dc"), true);
    o->facts.tag_count = count;
    struct blob checksum = {0};
    hash_put(&checksum, o->facts.kind, blob_span(&o->bytes));
    snprintf(o->checksum, sizeof o->checksum, "%s", blob_text(&checksum));
    snprintf(o->etag, sizeof o->etag, "\"0123456789abcdef0123456789abcdef\"");
    blob_free(&checksum);
}

/* Keys that a service hands out say when they end: by a clock that is wrong by more, they have ended. */
static void set_wrong_clock(struct world *w)
{
    int64_t most_ms = w->keys <= KEYS_TOKEN ? 86400000 : 15 * 60000;
    int64_t offset_ms = (int64_t)world_roll(w, (uint64_t)most_ms);
    sim_utc_offset(0, world_roll(w, 2) == 0 ? offset_ms : -offset_ms);
}

void world_begin(struct world *w, uint64_t seed, struct span *dice, enum world_mode mode,
                 enum world_canary canary, bool tells)
{
    *w = (struct world){.seed = seed,
                        .dice = {seed ^ 0x574F524C44, dice},
                        .is_small = dice != NULL,
                        .mode = mode,
                        .canary = canary};
    w->features = world_job_features();
    draw_task(w);
    world_make_recording(w);
    struct cloud_options o = {.seed = seed, .dice = dice, .part_bytes_min = 5120};
    draw_faults(w, &o);
    int64_t utc_ms = INT64_C(1741244889000) + (int64_t)world_roll(w, 86400000) * 365;
    sim_begin(seed, &w->faults, utc_ms);
    sim_set_dice(dice);
    sim_tell(tells);
    w->cloud = cloud_new(&o);
    w->cloud->tells = tells;
    cloud_clock(w->cloud, sim_now_ms(), sim_true_utc_ms());
    cloud_bucket_add(w->cloud, w->bucket, w->home);
    draw_keys(w);
    if (w->features.wrong_clock && world_roll(w, 6) == 0) set_wrong_clock(w);
    w->was_there = w->if_absent && world_roll(w, 4) == 0;
    if (w->was_there) put_object_there(w);
    world_open_hosts(w);
    set_environment(w);
}

void world_end(struct world *w)
{
    sim_end();
    cloud_free(w->cloud);
    blob_free(&w->input);
    blob_free(&w->expected);
    blob_free(&w->broken);
}
