/* blob.h - bytes that grow, and the small encodings that everybody here needs.
 *   eats    bytes, printf formats
 *   gives   one block of heap; hex, base64, percent-encoding, dates
 *   keeps   what was put
 *   knows   RFC 4648, RFC 3986, IMF-fixdate; written for the simulated cloud, nothing of src/ but span.h */
#ifndef CLOUD_BLOB_H
#define CLOUD_BLOB_H

#include "base/span.h"

struct blob {
    uint8_t *at;
    size_t len, room;
};

void blob_put(struct blob *b, const void *bytes, size_t n);
void blob_put_span(struct blob *b, struct span s);
void blob_say(struct blob *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void blob_clear(struct blob *b); /* empty, its heap kept */
void blob_free(struct blob *b);
struct span blob_span(const struct blob *b);
/* With a NUL behind it, until the next call on b. */
const char *blob_text(struct blob *b);

/* A copy on the heap, with a NUL behind it. */
char *span_copy(struct span s);
bool span_is_same_word(struct span s, const char *word); /* without regard to case */
bool span_begins(struct span s, const char *with);
bool span_ends(struct span s, const char *with);
/* What stands before the first c; *from goes on behind it, or becomes empty. */
struct span span_until(struct span *from, char c);
/* Digits only, no sign, no overflow. */
bool span_number(struct span s, uint64_t *to);

void hex_put(struct blob *to, const uint8_t *bytes, size_t n);
void base64_put(struct blob *to, const uint8_t *bytes, size_t n);
/* RFC 3986's unreserved stay, and "/" where keep_slash. */
void percent_put(struct blob *to, struct span s, bool keep_slash);
/* False: a "%" without two hexadecimal digits. plus_is_space: as in forms. */
bool percent_read(struct blob *to, struct span s, bool plus_is_space);
/* Text between XML tags. */
void xml_put(struct blob *to, struct span s);

/* 20130524T000000Z, 2013-05-24T00:00:00.000Z, Fri, 24 May 2013 00:00:00 GMT; and back. */
void date_basic(char to[17], int64_t utc_ms);
void date_extended(char to[25], int64_t utc_ms);
void date_http(char to[30], int64_t utc_ms);
bool date_read_basic(struct span s, int64_t *utc_ms);
bool date_read_http(struct span s, int64_t *utc_ms);

#endif
