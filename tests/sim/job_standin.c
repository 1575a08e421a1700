/* job_standin.c - a job of a hundred lines that uploads the expected WAV: it shows that the simulator works, before and
 * beside src/job/upload, and carries the canaries. */
#include "talk.h"

#include <stdio.h>
#include <stdlib.h>

enum { PARTS_MAX_HERE = 512 };

static struct {
    struct world *world;
    struct blob wav;
    struct reply reply;
    struct question question;
    char etags[PARTS_MAX_HERE][48];
    size_t parts;
    char upload_id[128];
    bool may_be_open;
} job;

struct world_features world_job_features(void)
{
    return (struct world_features){0};
}

static void tell(const char *what, unsigned status)
{
    char line[200];
    int n = snprintf(line, sizeof line, "%s: %u", what, status);
    port_log(span_of(line, (size_t)n));
}

static uint64_t roll(uint64_t below)
{
    uint64_t x;
    port_random((uint8_t *)&x, sizeof x);
    return x % below;
}

static struct question *ask(const char *method)
{
    talk_question_free(&job.question);
    job.question = (struct question){.method = method};
    return &job.question;
}

static bool says(const char *word)
{
    return strstr(blob_text(&job.reply.body), word) != NULL;
}

enum judged { ASKED_GOOD, ASKED_AGAIN, ASKED_NEVER };

static enum judged judge(const char *must_say)
{
    unsigned status = job.reply.status;
    if (status == 0 || status >= 500 || status == 409) return ASKED_AGAIN;
    if (status == 400 && says("RequestTimeout")) return ASKED_AGAIN;
    if (status >= 300) return ASKED_NEVER;
    if (must_say == NULL || says(must_say)) return ASKED_GOOD;
    return job.world->canary == CANARY_TRUST_200 ? ASKED_GOOD : ASKED_AGAIN;
}

static void pause_for(unsigned attempt)
{
    uint64_t most_ms = (job.reply.status == 503 ? 1000U : 50U) << (attempt < 4 ? attempt : 4);
    uint64_t end_ms = port_now_ms() + roll(most_ms + 1);
    while (port_now_ms() < end_ms)
        port_wait(NULL, 0, end_ms);
}

static enum judged try(const char *what, const char *must_say)
{
    enum judged came = ASKED_AGAIN;
    for (unsigned attempt = 0; came == ASKED_AGAIN; attempt++) {
        if (attempt == job.world->tries && job.world->canary != CANARY_ENDLESS) break;
        if (attempt > 0) pause_for(attempt);
        talk_ask(job.world, &job.question, &job.reply);
        tell(what, job.reply.status);
        came = judge(must_say);
    }
    return came;
}

static void put_object_headers(struct question *q)
{
    const struct world *w = job.world;
    blob_say(&q->headers,
             "Content-Type: audio/wav\r\nx-amz-tagging: customerEndpoint=%%2B81312345678&"
             "name=a%%20b%%3Dc\r\n");
    if (w->storage_class != NULL)
        blob_say(&q->headers, "x-amz-storage-class: %s\r\n", w->storage_class);
    if (w->sse != NULL) blob_say(&q->headers, "x-amz-server-side-encryption: %s\r\n", w->sse);
}

static void put_body(struct question *q, struct span body)
{
    const struct world *w = job.world;
    q->body = body;
    q->checksum = w->checksum;
    q->chunks = w->chunks;
    if (q->checksum == HASH_NONE && q->chunks != BODY_PLAIN) q->chunks = BODY_SIGNED;
    if (q->chunks == BODY_SIGNED) q->checksum = HASH_NONE;
    q->expects = w->seed % 2 == 0;
}

static void put_condition(struct question *q)
{
    if (job.world->if_absent) blob_say(&q->headers, "If-None-Match: *\r\n");
}

static bool is_there(void)
{
    ask("HEAD");
    uint64_t length = 0;
    return try("check", NULL) == ASKED_GOOD &&
           span_number(talk_header(&job.reply, "content-length"), &length) && length == job.wav.len;
}

static bool put_whole(void)
{
    struct question *q = ask("PUT");
    put_object_headers(q);
    put_condition(q);
    put_body(q, blob_span(&job.wav));
    return try("put", NULL) == ASKED_GOOD || job.reply.status == 412 || is_there();
}

static bool read_upload_id(void)
{
    const char *from = strstr(blob_text(&job.reply.body), "<UploadId>");
    return from != NULL && sscanf(from, "<UploadId>%127[^<]</UploadId>", job.upload_id) == 1;
}

static bool open_upload(void)
{
    struct question *q = ask("POST");
    blob_say(&q->query, "uploads=");
    put_object_headers(q);
    if (job.world->checksum != HASH_NONE && job.world->chunks != BODY_SIGNED)
        blob_say(&q->headers, "x-amz-checksum-algorithm: %s\r\nx-amz-checksum-type: %s\r\n",
                 hash_name(job.world->checksum),
                 job.world->checksum == HASH_SHA256 ? "COMPOSITE" : "FULL_OBJECT");
    job.may_be_open = true;
    return try("open", "</InitiateMultipartUploadResult>") == ASKED_GOOD && read_upload_id();
}

static void put_upload_id(struct question *q)
{
    blob_say(&q->query, "uploadId=");
    percent_put(&q->query, span_text(job.upload_id), false);
}

static bool put_part(size_t number, struct span bytes)
{
    struct question *q = ask("PUT");
    blob_say(&q->query, "partNumber=%zu&", number);
    put_upload_id(q);
    put_body(q, bytes);
    if (try("part", NULL) != ASKED_GOOD) return false;
    struct span etag = talk_header(&job.reply, "etag");
    if (etag.len == 0 || etag.len >= sizeof job.etags[0]) return false;
    memcpy(job.etags[number - 1], etag.at, etag.len);
    job.etags[number - 1][etag.len] = '\0';
    return true;
}

static bool close_upload(struct blob *document)
{
    blob_say(document,
             "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">");
    for (size_t i = 0; i < job.parts; i++) {
        struct span bytes =
            span_of(job.wav.at + i * job.world->part_bytes_min,
                    i + 1 < job.parts ? job.world->part_bytes_min
                                      : job.wav.len - i * job.world->part_bytes_min);
        blob_say(document, "<Part><PartNumber>%zu</PartNumber><ETag>%s</ETag>", i + 1,
                 job.etags[i]);
        if (job.world->checksum == HASH_SHA256 && job.world->chunks != BODY_SIGNED) {
            blob_say(document, "<ChecksumSHA256>");
            hash_put(document, HASH_SHA256, bytes);
            blob_say(document, "</ChecksumSHA256>");
        }
        blob_say(document, "</Part>");
    }
    blob_say(document, "</CompleteMultipartUpload>");
    struct question *q = ask("POST");
    put_upload_id(q);
    put_condition(q);
    blob_say(&q->headers, "x-amz-mp-object-size: %zu\r\n", job.wav.len);
    q->body = blob_span(document);
    if (try("close", "</CompleteMultipartUploadResult>") == ASKED_GOOD) {
        job.may_be_open = false;
        return true;
    }
    return false;
}

static void abort_upload(void)
{
    if (job.upload_id[0] == '\0' || job.world->canary == CANARY_NO_ABORT) return;
    struct question *q = ask("DELETE");
    put_upload_id(q);
    enum judged came = try("abort", NULL);
    job.may_be_open = came != ASKED_GOOD && job.reply.status != 404;
}

static bool put_parts(void)
{
    struct span rest = blob_span(&job.wav);
    bool good = open_upload();
    while (good && rest.len > 0) {
        struct span part = span_cut(&rest, span_min(rest, job.world->part_bytes_min));
        good = put_part(++job.parts, part);
    }
    static struct blob document; /* outlives a process that dies */
    blob_clear(&document);
    good = good && close_upload(&document);
    blob_free(&document);
    if (good) return true;
    bool absent = job.reply.status != 412 && !(job.reply.status == 404 && is_there());
    if (job.reply.status != 200) abort_upload();
    return !absent;
}

void world_run_job(struct world *w)
{
    job.world = w;
    job.parts = 0;
    job.upload_id[0] = '\0';
    job.may_be_open = false;
    blob_clear(&job.wav);
    blob_put_span(&job.wav, blob_span(&w->expected));
    if (w->canary == CANARY_BYTE) job.wav.at[job.wav.len - 1] ^= 1;
    if (w->canary == CANARY_HEADER) job.wav.at[4] ^= 8;
    talk_begin();
    bool good = job.wav.len <= w->part_bytes_min ? put_whole() : put_parts();
    tell(good ? "converted" : "failed", job.reply.status);
    if (w->canary == CANARY_SECRET) port_log(span_text(w->account.secret));
    w->result.outcome = good ? OUTCOME_CONVERTED : OUTCOME_FAILED;
    w->result.why = job.reply.status == 0     ? "no answer"
                    : job.reply.status >= 500 ? "5xx"
                                              : "refused";
    w->result.left_open = job.may_be_open && w->canary != CANARY_NO_ABORT;
    talk_end(w->canary == CANARY_SOCKET);
    talk_question_free(&job.question);
    blob_free(&job.reply.head);
    blob_free(&job.reply.body);
    blob_free(&job.wav);
}
