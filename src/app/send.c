#include "app/send.h"

#include "console.h"
#include "port.h"
#include "version.h"

/* A signal that comes just before the sleep is seen after it. */
enum { SLEEP_MS_MAX = 500 };

/* ---- what is to be made ---- */

static bool fail(struct send *s, enum fault_kind kind, const char *text)
{
    fault_set(&s->fault, kind, FAULT_NOWHERE, text);
    return false;
}

/* The key, or in a folder of the bucket the input's name with .wav. */
static bool name_object(struct send *s)
{
    struct span key = s->options.s3.key;
    struct writer w = writer_on(s->key, sizeof s->key);
    writer_bytes(&w, key);
    if (key.len == 0 || key.at[key.len - 1] == '/') {
        if (strcmp(s->options.in, "-") == 0)
            return fail(s, FAULT_CONFIG,
                        "standard input has no name to make a key of; say -o s3://BUCKET/KEY");
        const char *slash = strrchr(s->options.in, '/');
        const char *base = slash != NULL ? slash + 1 : s->options.in;
        const char *dot = strrchr(base, '.');
        size_t stem = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
        writer_bytes(&w, span_of(base, stem));
        writer_text(&w, ".wav");
    }
    s->upload_options.object.key = writer_span(&w);
    struct writer name = writer_on(s->name, sizeof s->name - 1);
    writer_text(&name, "s3://");
    writer_bytes(&name, s->options.s3.bucket);
    writer_byte(&name, '/');
    writer_bytes(&name, writer_span(&w));
    s->tell.output = s->name;
    return !w.full || fail(s, FAULT_CONFIG, "the object's key would be longer than 1024 bytes");
}

static bool read_settings(struct send *s)
{
    const struct s3_options *o = &s->options.s3;
    struct aws_settings *settings = &s->settings;
    if (!settings_read(settings, o->profile, &s->settings_room, &s->fault)) return false;
    if (o->region != NULL) settings->region = o->region;
    if (o->endpoint_url != NULL) settings->endpoint_url[SERVICE_S3] = o->endpoint_url;
    if (o->addressing_is_given) settings->addressing = o->addressing;
    return settings->region != NULL ||
           fail(s, FAULT_CONFIG,
                "no region is set; say --region, AWS_REGION, or region in ~/.aws/config");
}

/* Over TLS the official clients leave bodies unsigned, TLS protects them; without it each aws-chunk is signed. */
static enum sigv4_payload payload_of(const struct send *s, enum checksum_kind checksum)
{
    const char *url = s->settings.endpoint_url[SERVICE_S3];
    switch (s->options.s3.signing) {
    case S3_SIGNING_AUTO: break;
    case S3_SIGNING_CHUNKS: return SIGV4_CHUNKS;
    case S3_SIGNING_CHUNKS_TRAILER: return SIGV4_CHUNKS_TRAILER;
    case S3_SIGNING_UNSIGNED: return SIGV4_UNSIGNED_TRAILER;
    }
    if (checksum == CHECKSUM_NONE) return SIGV4_CHUNKS;
    bool plain = url != NULL && strncmp(url, "http:", 5) == 0;
    return plain ? SIGV4_CHUNKS_TRAILER : SIGV4_UNSIGNED_TRAILER;
}

static bool plan(struct send *s)
{
    const struct s3_options *o = &s->options.s3;
    struct upload_options *to = &s->upload_options;
    bool unasked = s->settings.checksums_when_required && !o->checksum_is_given;
    enum checksum_kind checksum = unasked ? CHECKSUM_NONE : o->checksum;
    to->pipeline = s->options.pipeline;
    to->settings = &s->settings;
    to->bucket = o->bucket;
    to->payload = payload_of(s, checksum);
    to->part_bytes_min = PART_BYTES_MIN;
    to->user_agent = "rusuden/" RUSUDEN_VERSION;
    to->object.content_type = "audio/wav";
    to->object.storage_class = o->storage_class;
    to->object.sse = o->sse;
    to->object.kms_key = o->kms_key;
    to->object.owner = o->owner;
    to->object.tags = s->options.s3.tags;
    to->object.tag_count = o->tag_count;
    to->object.metadata = s->options.s3.metadata;
    to->object.metadata_count = o->metadata_count;
    to->object.checksum = checksum;
    to->object.if_absent = !s->options.replace && !o->unconditional;
    to->keeps_existing = !s->options.replace;
    bool chunks = to->payload == SIGV4_CHUNKS;
    if (!chunks && checksum == CHECKSUM_NONE)
        return fail(s, FAULT_CONFIG,
                    "without a checksum there is no trailer: --checksum none goes with --signing "
                    "chunks alone");
    if (chunks && checksum == CHECKSUM_SHA256)
        return fail(s, FAULT_CONFIG,
                    "--checksum sha256 is sent behind each part, and --signing chunks sends "
                    "nothing there; choose another of the two");
    return true;
}

static bool open_input(struct send *s)
{
    if (!input_open(&s->input, s->options.in, &s->fault)) return false;
    return s->input.again ||
           fail(s, FAULT_REFUSED,
                "a pipe cannot be read twice, and S3 wants to know a recording's length before its "
                "first byte; write the input to a file first");
}

/* ---- the loop ---- */

static uint64_t chance(void)
{
    uint64_t number = 0;
    (void)port_random((uint8_t *)&number, sizeof number); /* without it, pauses have no jitter */
    return number;
}

static void read_input(struct send *s)
{
    size_t room;
    uint64_t offset;
    uint8_t *to = upload_room(&s->upload, &room, &offset);
    long n = input_read_at(&s->input, offset, to, room, &s->fault);
    if (n < 0)
        upload_fail_input(&s->upload, &s->fault);
    else
        upload_put(&s->upload, (size_t)n);
    tell_progress(&s->tell, s->upload.at == UPLOAD_AT_SURVEY ? "measuring" : "sending", offset);
}

static void sleep_until_wanted(struct send *s)
{
    uint64_t until = port_now_ms() + SLEEP_MS_MAX;
    struct port_want want = upload_want(&s->upload, &until);
    port_wait(&want, want.sock >= 0 ? 1 : 0, until);
}

static RARE void stop(struct send *s)
{
    struct fault why = {.kind = FAULT_NONE};
    fault_set(&why, FAULT_REFUSED, FAULT_NOWHERE, "interrupted by a signal");
    upload_stop(&s->upload, &why);
}

static void run(struct send *s)
{
    upload_begin(&s->upload, &s->upload_options, port_now_ms());
    for (;;) {
        if (console_interrupted()) stop(s);
        switch (upload_turn(&s->upload, port_now_ms(), port_utc_ms(), chance())) {
        case UPLOAD_READ:
            if (!console_interrupted()) read_input(s);
            break;
        case UPLOAD_WAIT: sleep_until_wanted(s); break;
        case UPLOAD_TOLD:
            if (s->options.verbose) tell_line(&s->tell, writer_span(&s->upload.line));
            break;
        case UPLOAD_OVER: return;
        }
    }
}

static bool prepare(struct send *s)
{
    if (!open_input(s) || !name_object(s) || !read_settings(s) || !plan(s)) return false;
    return tls_setup() || fail(s, FAULT_IO, "this machine gives no random numbers");
}

#define LEFT_OPEN                                                                                  \
    "An unfinished upload may be left in the bucket; a lifecycle rule "                            \
    "(AbortIncompleteMultipartUpload) removes it"
#define IN_DOUBT "The object may have been made all the same: look before you send it again"

/* What the bucket may hold beside what was wanted; NULL: nothing. */
static const char *remains(const struct upload *u)
{
    if (u->outcome == UPLOAD_FAILED && u->in_doubt)
        return u->left_open ? IN_DOUBT ". " LEFT_OPEN : IN_DOUBT;
    return u->left_open ? LEFT_OPEN : NULL;
}

enum exit_code send_run(struct send *s, const struct convert_options *options)
{
    struct upload *u = &s->upload;
    s->options = *options;
    tell_begin(&s->tell, &s->options);
    s->tell.input = &s->input;
    s->tell.recording = &u->recording;
    s->tell.pipeline = &u->source.now.pipeline;
    enum upload_outcome outcome = UPLOAD_FAILED;
    if (prepare(s)) {
        run(s);
        outcome = u->outcome;
        s->tell.more = remains(u);
        s->fault = u->fault;
        upload_end(u);
    }
    input_close(&s->input);
    switch (outcome) {
    case UPLOAD_CONVERTED:
        if (!options->quiet || tell_is_incomplete(&u->recording)) tell_summary(&s->tell);
        return EXIT_DONE;
    case UPLOAD_NO_AUDIO: tell_nothing(&s->tell); return EXIT_NOTHING;
    case UPLOAD_FAILED: break;
    }
    tell_fault(&s->tell, &s->fault, s->tell.more);
    return EXIT_FAILED;
}
