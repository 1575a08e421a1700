/* json.h - one JSON document that lies in memory as a whole.
 *   eats    a span of at most JSON_BYTES_MAX bytes
 *   gives   members by name, elements by number, text, numbers
 *   keeps   jsmn's tokens, in room of the caller's
 *   knows   RFC 8259, strictly (jsmn alone is lenient): escapes, UTF-8, numbers, what follows;
 *           a name that comes twice in an object, and nesting beyond JSON_DEPTH_MAX, are refused */
#ifndef RUSUDEN_TEXT_JSON_H
#define RUSUDEN_TEXT_JSON_H

#include "base/budget.h"
#include "base/fault.h"

/* jsmn's declarations only: its code is in json.c. Its own strict mode refuses documents that
 * are one number, and lets "[1 2]" pass: the grammar is read by us, and jsmn's lenient mode is
 * enough then. */
#define JSMN_PARENT_LINKS
#define JSMN_HEADER
#include <jsmn.h>

struct json {
    struct span text; /* the caller's; as long as the document is used */
    jsmntok_t *tokens;
    size_t token_count;
    struct fault fault;
};

/* A value of the document: the number of its token; JSON_NONE: there is none. */
enum { JSON_NONE = -1, JSON_ROOT = 0 };

enum json_kind {
    JSON_OBJECT,
    JSON_ARRAY,
    JSON_TEXT,
    JSON_NUMBER,
    JSON_TRUE,
    JSON_FALSE,
    JSON_NULL
};

/* False: the fault says what and where. One token is needed for each value and for each name. */
bool json_read(struct json *j, struct span text, jsmntok_t *room, size_t room_count);

enum json_kind json_kind(const struct json *j, int value);

/* A member of an object; JSON_NONE where it is missing or `object` is JSON_NONE or no object. */
int json_member(const struct json *j, int object, const char *name);

/* Walks an array or object: the first element (of an object: the first name), and the next one. */
int json_first(const struct json *j, int value);
int json_after(const struct json *j, int value);

/* The value of a member that was found by walking: `name` is its name. */
int json_named(const struct json *j, int name);

/* The text of a JSON_TEXT, escapes and surrogates resolved; \u0000 is a byte like others. False:
 * it is none, or did not fit, and nothing of it is written. */
bool json_text(const struct json *j, int value, struct writer *to);

/* A number in thousandths: 1.7266776877580001E9 is 1726677687758 (rounded towards zero). False:
 * it is none, or beyond int64_t. */
bool json_thousandths(const struct json *j, int value, int64_t *to);

#endif
