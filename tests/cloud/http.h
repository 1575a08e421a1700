/* http.h - one HTTP/1.1 request head, read strictly.
 *   eats    a whole head, its empty line included
 *   gives   method, path, parameters, fields
 *   keeps   views into the head, and decoded copies
 *   knows   RFC 9112, and what a careful client never sends */
#ifndef CLOUD_HTTP_H
#define CLOUD_HTTP_H

#include "blob.h"

enum { HTTP1_FIELDS_MAX = 64, HTTP1_PARAMETERS_MAX = 32 };

struct field {
    struct span name, value;
};

struct parameter {
    struct blob name, value; /* decoded */
};

struct asked {
    struct span method, target, raw_path, raw_query; /* into the head */
    struct field fields[HTTP1_FIELDS_MAX];
    size_t field_count;
    struct blob path; /* decoded */
    struct parameter parameters[HTTP1_PARAMETERS_MAX];
    size_t parameter_count;
    bool has_length, is_chunked, expects_continue, wants_close;
    uint64_t length;
};

/* NULL, or what is wrong with it. */
const char *asked_read(struct asked *a, struct span head);
void asked_free(struct asked *a);

/* Empty span (at NULL) where it is not there. */
struct span asked_field(const struct asked *a, const char *name);
struct span asked_parameter(const struct asked *a, const char *name);
bool asked_has_field(const struct asked *a, const char *name);
bool asked_has_parameter(const struct asked *a, const char *name);

/* k=v&k2=v2 into `to`; NULL, or what is wrong. plus_is_space: as in forms. */
const char *parameters_read(struct parameter *to, size_t *count, struct span text,
                            bool plus_is_space);

#endif
