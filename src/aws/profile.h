/* profile.h - one section of AWS's shared config or credentials file, one setting per event.
 *   eats    the file's bytes, cut anywhere; which section is wanted
 *   gives   key and value; for indented lines the key above them
 *   keeps   one line
 *   knows   "Shared config and credentials files" of the SDKs; what it cannot read elsewhere is
 *           passed over */
#ifndef RUSUDEN_AWS_PROFILE_H
#define RUSUDEN_AWS_PROFILE_H

#include "base/budget.h"
#include "base/fault.h"
#include "base/span.h"

enum profile_section {
    PROFILE_OF_CREDENTIALS, /* [name] */
    PROFILE_OF_CONFIG,      /* [default], [profile name], [profile "na me"] */
    PROFILE_SERVICES        /* [services name] */
};

enum profile_event {
    PROFILE_NEED,    /* the span is used up */
    PROFILE_SETTING, /* key, value, above; until the next call */
    PROFILE_FAULT    /* and again for every later call */
};

struct profile {
    enum { PROFILE_AT_LINE, PROFILE_AT_END, PROFILE_AT_FAULT } at;
    enum profile_section section;
    const char *name; /* the caller's */
    bool found;       /* the file has such a section */
    bool inside;      /* the line at hand stands in it */
    bool cut;         /* the line is longer than its room */
    bool has_value;   /* the last key had one: what is indented below goes on with it */
    uint64_t number;  /* of the line at hand, from 1 */
    size_t indent;    /* of the last key; deeper lines belong to it */
    size_t above_len; /* 0: no key yet */
    size_t line_len;
    struct span key;   /* empty for a line that goes on with a value */
    struct span value; /* without blanks around it, without the comment behind it */
    struct span above; /* the key it is indented under; empty for a setting of the section itself */
    struct fault fault; /* names the line, never what stands in it */
    char above_text[PROFILE_NAME_BYTES_MAX];
    char line[PROFILE_LINE_BYTES_MAX];
};

/* A section that comes twice is read twice: the later setting counts. Keys come in lower case. */
void profile_init(struct profile *p, enum profile_section section, const char *name);

enum profile_event profile_next(struct profile *p, struct span *in);

/* The file is over: the last line may have had no end. Ask until it says NEED or FAULT. */
enum profile_event profile_end(struct profile *p);

#endif
