#include "app/s3_options.h"

static const char scheme[] = "s3://";

static bool refuse(struct writer *why, const char *text)
{
    writer_text(why, text);
    return false;
}

bool s3_options_is_url(const char *out)
{
    return strncmp(out, scheme, sizeof scheme - 1) == 0;
}

bool s3_options_set_url(struct s3_options *o, const char *url, struct writer *why)
{
    struct span rest = span_text(url);
    span_cut(&rest, sizeof scheme - 1);
    const uint8_t *slash = rest.len > 0 ? memchr(rest.at, '/', rest.len) : NULL;
    o->bucket = span_cut(&rest, slash != NULL ? (size_t)(slash - rest.at) : rest.len);
    if (rest.len > 0) span_take(&rest);
    o->key = rest;
    if (!endpoints_bucket_is_valid(o->bucket))
        return refuse(why, "-o s3://BUCKET/KEY takes a bucket of 3 to 63 lower-case letters, "
                           "digits, dots and hyphens");
    if (o->key.len > OBJECT_KEY_BYTES_MAX)
        return refuse(why, "-o s3://BUCKET/KEY takes a key of at most 1024 bytes");
    return true;
}

/* "name=value"; the value may hold more "=". */
static bool split(const char *word, struct s3_pair *to)
{
    const char *equals = strchr(word, '=');
    if (equals == NULL) return false;
    to->name = span_of(word, (size_t)(equals - word));
    to->value = span_text(equals + 1);
    return true;
}

static bool refuse_by(struct writer *why, const struct fault *f)
{
    writer_bytes(why, span_of(f->text, f->len));
    return false;
}

bool s3_options_add_tag(struct s3_options *o, const char *word, struct writer *why)
{
    struct fault f = {.kind = FAULT_NONE};
    struct s3_pair tag;
    if (!split(word, &tag)) return refuse(why, "--tag takes NAME=VALUE");
    if (o->tag_count == S3_TAGS_MAX) return refuse(why, "S3 takes at most 10 tags");
    for (size_t i = 0; i < o->tag_count; i++)
        if (span_equal(o->tags[i].name, tag.name))
            return refuse(why, "--tag is given twice with the same name");
    if (!s3_tag_is_valid(tag.name, tag.value, &f)) return refuse_by(why, &f);
    o->tags[o->tag_count++] = tag;
    return true;
}

bool s3_options_add_metadata(struct s3_options *o, const char *word, struct writer *why)
{
    struct s3_pair pair;
    if (!split(word, &pair)) return refuse(why, "--metadata takes NAME=VALUE");
    if (o->metadata_count == S3_METADATA_MAX)
        return refuse(why, "--metadata may be given at most 10 times");
    if (!s3_metadata_is_valid(pair.name))
        return refuse(why,
                      "--metadata takes a name of 1 to 64 letters, digits, \"-\", \"_\" and \".\"");
    o->metadata[o->metadata_count++] = pair;
    return true;
}

bool s3_options_set_owner(struct s3_options *o, const char *word, struct writer *why)
{
    if (strlen(word) != 12 || strspn(word, "0123456789") != 12)
        return refuse(why, "--bucket-owner takes an AWS account's 12 digits");
    o->owner = word;
    return true;
}
