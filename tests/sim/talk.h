/* talk.h - the stand-in client: one signed question and its answer, over port.h.
 *   eats    a question
 *   gives   status, head and body of the answer, or that none came
 *   keeps   one connection from one question to the next
 *   knows   enough of HTTP and SigV4 for a client of its own; nothing of src/ but span.h */
#ifndef SIM_TALK_H
#define SIM_TALK_H

#include "world.h"

struct question {
    const char *method;
    struct blob query;   /* encoded; without "?" */
    struct blob headers; /* whole lines, all to be signed */
    struct span body;
    enum body_chunks chunks; /* of a body that is an object's */
    enum hash_kind checksum; /* for a trailer, or a header where there is none */
    bool expects;
};

struct reply {
    unsigned status; /* 0: none came */
    struct blob head, body;
};

void talk_begin(void);
void talk_ask(struct world *w, struct question *q, struct reply *r);
void talk_end(bool forgets_socket);
void talk_question_free(struct question *q);
/* A header's value, empty where it is not there. */
struct span talk_header(const struct reply *r, const char *name);

#endif
