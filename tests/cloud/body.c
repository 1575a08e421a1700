#include "body.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

enum { CHUNK_BYTES_MIN = 8192, LINE_BYTES_MAX = 512 };

/* The first cause stays. */
void refuse(struct refusal *r, unsigned status, const char *code, const char *format, ...)
{
    if (r->status != 0) return;
    r->status = status;
    r->code = code;
    va_list values;
    va_start(values, format);
    vsnprintf(r->message, sizeof r->message, format, values);
    va_end(values);
}

static void broken(struct body *b, const char *why)
{
    refuse(&b->refusal, 400, "IncompleteBody", "%s", why);
}

/* Bytes of a line into `line`; true: it is whole, without its CRLF. */
static bool gather_line(struct body *b, struct blob *line, struct span *in)
{
    while (in->len > 0) {
        uint8_t c = span_take(in);
        blob_put(line, &c, 1);
        if (c == '\n') {
            if (line->len < 2 || line->at[line->len - 2] != '\r') broken(b, "a line without CRLF");
            line->len -= line->len < 2 ? 1 : 2;
            return true;
        }
        if (line->len > LINE_BYTES_MAX) {
            broken(b, "an endless line");
            return true;
        }
    }
    return false;
}

/* Lower-case hexadecimal without leading zeros: what S3's documents show. */
static bool read_size(struct span s, uint64_t *to)
{
    *to = 0;
    if (s.len == 0 || s.len > 9 || (s.len > 1 && s.at[0] == '0')) return false;
    while (s.len > 0) {
        uint8_t c = span_take(&s);
        if (c >= '0' && c <= '9')
            *to = *to * 16 + (uint64_t)(c - '0');
        else if (c >= 'a' && c <= 'f')
            *to = *to * 16 + (uint64_t)(c - 'a' + 10);
        else
            return false;
    }
    return true;
}

/* ---- aws-chunked ---- */

static void begin_chunk(struct body *b)
{
    struct span line = blob_span(&b->chunk_line);
    struct span size = span_until(&line, ';');
    if (!read_size(size, &b->chunk_left)) broken(b, "a broken chunk size");
    if (b->chunks == BODY_UNSIGNED_TRAILER) {
        if (size.len != b->chunk_line.len) broken(b, "an extension of an unsigned chunk");
    } else if (!span_begins(line, "chunk-signature=") || line.len != 16 + 64) {
        broken(b, "no chunk-signature");
    } else {
        memcpy(b->chunk_signature, line.at + 16, 64);
    }
    if (b->chunk_is_small && b->chunk_left > 0)
        refuse(&b->refusal, 403, "InvalidChunkSizeError",
               "Only the last chunk is allowed to have a size less than 8192 bytes");
    b->chunk_is_small = b->chunk_left < CHUNK_BYTES_MIN;
    hash_begin(&b->chunk_hash, HASH_SHA256);
    blob_clear(&b->chunk_line);
}

static void check_chunk(struct body *b)
{
    if (b->chunks == BODY_UNSIGNED_TRAILER || b->refusal.status != 0) return;
    uint8_t hash[32];
    hash_end(&b->chunk_hash, hash);
    signature_chunk(b->signature, hash);
    if (memcmp(b->signature->last, b->chunk_signature, 64) != 0)
        refuse(&b->refusal, 403, "SignatureDoesNotMatch",
               "The signature of a chunk does not match");
}

/* One line of the trailer; an empty one ends it. */
static void read_trailer(struct body *b)
{
    struct span value = blob_span(&b->chunk_line);
    if (value.len == 0) {
        b->chunk_at = CHUNK_AT_OVER;
        if (b->checksum == NULL) refuse(&b->refusal, 400, "MalformedTrailerError", "No checksum");
        if (b->chunks == BODY_SIGNED_TRAILER && !b->trailer_is_signed)
            refuse(&b->refusal, 403, "SignatureDoesNotMatch", "The trailer is not signed");
        return;
    }
    struct span name = span_until(&value, ':');
    if (span_is(name, "x-amz-trailer-signature") && b->chunks == BODY_SIGNED_TRAILER) {
        signature_trailer(b->signature, blob_span(&b->trailer));
        b->trailer_is_signed = true;
        if (!span_is(value, b->signature->last))
            refuse(&b->refusal, 403, "SignatureDoesNotMatch", "The trailer's signature is wrong");
    } else if (!span_equal(name, b->trailer_name) || b->checksum != NULL || b->trailer_is_signed) {
        refuse(&b->refusal, 400, "MalformedTrailerError", "An unknown trailer");
    } else {
        b->checksum = span_copy(value);
        blob_put_span(&b->trailer, blob_span(&b->chunk_line));
        blob_say(&b->trailer, "\n");
    }
    blob_clear(&b->chunk_line);
}

static void take_data(struct body *b, struct span *in)
{
    struct span data = span_cut(in, span_min(*in, b->chunk_left));
    b->chunk_left -= data.len;
    if (b->chunks != BODY_UNSIGNED_TRAILER) hash_add(&b->chunk_hash, data.at, data.len);
    blob_put_span(&b->plain, data);
    if (b->plain.len > b->decoded_length)
        broken(b, "more bytes than x-amz-decoded-content-length says");
}

/* Inside the outer framing. */
static void feed_chunks(struct body *b, struct span in)
{
    while (in.len > 0 && b->refusal.status == 0) {
        switch (b->chunk_at) {
        case CHUNK_AT_SIZE:
            if (!gather_line(b, &b->chunk_line, &in)) return;
            begin_chunk(b);
            b->chunk_at = CHUNK_AT_DATA;
            if (b->chunk_left > 0) break;
            check_chunk(b);
            b->chunk_at = b->chunks == BODY_SIGNED ? CHUNK_AT_END : CHUNK_AT_TRAILER;
            b->chunk_left = UINT64_MAX; /* the last one */
            break;
        case CHUNK_AT_DATA:
            take_data(b, &in);
            if (b->chunk_left == 0) b->chunk_at = CHUNK_AT_END;
            break;
        case CHUNK_AT_END:
            if (!gather_line(b, &b->chunk_line, &in)) return;
            if (b->chunk_line.len > 0) broken(b, "no CRLF behind a chunk");
            if (b->chunk_left == UINT64_MAX) {
                b->chunk_at = CHUNK_AT_OVER;
                break;
            }
            check_chunk(b);
            b->chunk_at = CHUNK_AT_SIZE;
            break;
        case CHUNK_AT_TRAILER:
            if (!gather_line(b, &b->chunk_line, &in)) return;
            read_trailer(b);
            break;
        case CHUNK_AT_OVER: broken(b, "bytes behind the last chunk"); return;
        }
    }
}

static void pass_on(struct body *b, struct span in)
{
    if (b->refusal.status != 0) return; /* read to its end, for an answer that can be read */
    if (b->chunks == BODY_PLAIN)
        blob_put_span(&b->plain, in);
    else
        feed_chunks(b, in);
}

/* ---- the outer framing ---- */

static void begin_http_chunk(struct body *b)
{
    struct span line = blob_span(&b->line);
    for (size_t i = 0; i < b->line.len; i++)
        if (b->line.at[i] >= 'A' && b->line.at[i] <= 'F') b->line.at[i] |= 32;
    if (!read_size(line, &b->left)) {
        broken(b, "a broken HTTP chunk size");
        b->at = BODY_AT_OVER;
        return;
    }
    b->at = b->left == 0 ? BODY_AT_LAST : BODY_AT_DATA;
    blob_clear(&b->line);
}

void body_feed(struct body *b, struct span *in)
{
    while (in->len > 0 && b->at != BODY_AT_OVER) {
        switch (b->at) {
        case BODY_AT_SIZE:
            if (!gather_line(b, &b->line, in)) return;
            begin_http_chunk(b);
            break;
        case BODY_AT_DATA: {
            struct span data = span_cut(in, span_min(*in, b->left));
            b->left -= data.len;
            pass_on(b, data);
            if (b->left == 0) b->at = b->is_chunked ? BODY_AT_DATA_END : BODY_AT_OVER;
            break;
        }
        case BODY_AT_DATA_END:
        case BODY_AT_LAST:
            if (!gather_line(b, &b->line, in)) return;
            if (b->line.len > 0) broken(b, "no CRLF behind an HTTP chunk");
            blob_clear(&b->line);
            b->at = b->at == BODY_AT_LAST ? BODY_AT_OVER : BODY_AT_SIZE;
            break;
        case BODY_AT_OVER: break;
        }
    }
    if (b->at != BODY_AT_OVER || b->chunks == BODY_PLAIN || b->refusal.status != 0) return;
    if (b->chunk_at != CHUNK_AT_OVER) broken(b, "the body ends inside its chunks");
    if (b->plain.len != b->decoded_length)
        broken(b, "You did not provide the number of bytes specified by the "
                  "x-amz-decoded-content-length HTTP header");
}

bool body_is_over(const struct body *b)
{
    return b->at == BODY_AT_OVER;
}

void body_free(struct body *b)
{
    blob_free(&b->line);
    blob_free(&b->chunk_line);
    blob_free(&b->trailer);
    blob_free(&b->plain);
    free(b->checksum);
    *b = (struct body){0};
}
