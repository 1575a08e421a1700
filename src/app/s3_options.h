/* s3_options.h - what may be said on the command line about an object in S3.
 *   eats    options' values
 *   gives   a filled struct, or words that say what is wrong
 *   keeps   views of the command line and the environment
 *   knows   s3://BUCKET/KEY, tags, and the words for signing and checksums */
#ifndef RUSUDEN_APP_S3_OPTIONS_H
#define RUSUDEN_APP_S3_OPTIONS_H

#include "aws/checksum.h"
#include "aws/s3.h"
#include "aws/settings.h"
#include "aws/sigv4.h"

/* As `sigv4_payload`, or as the endpoint's scheme wants it. */
enum s3_signing {
    S3_SIGNING_AUTO,
    S3_SIGNING_CHUNKS,
    S3_SIGNING_CHUNKS_TRAILER,
    S3_SIGNING_UNSIGNED
};

struct s3_options {
    struct span bucket,
        key; /* the key empty or ending in "/": the input's name with .wav comes behind it */
    struct s3_pair tags[S3_TAGS_MAX], metadata[S3_METADATA_MAX];
    size_t tag_count, metadata_count;
    enum s3_signing signing;
    enum checksum_kind checksum;
    bool checksum_is_given;
    bool unconditional; /* no If-None-Match, for servers that do not know it */
    enum settings_addressing addressing;
    bool addressing_is_given;
    const char *region, *profile, *endpoint_url, *storage_class, *sse, *kms_key, *owner;
};

/* "s3://...": it is meant for S3, right or wrong. */
bool s3_options_is_url(const char *out);

/* Each takes the word of one option. False: `why` says what is wrong with it. */
bool s3_options_set_url(struct s3_options *o, const char *url, struct writer *why);
bool s3_options_add_tag(struct s3_options *o, const char *word, struct writer *why);
bool s3_options_add_metadata(struct s3_options *o, const char *word, struct writer *why);
bool s3_options_set_owner(struct s3_options *o, const char *word, struct writer *why);

#endif
