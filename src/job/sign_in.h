#ifndef RUSUDEN_JOB_SIGN_IN_H
#define RUSUDEN_JOB_SIGN_IN_H
#include "aws/credentials.h"
#include "aws/settings.h"
#include "net/exchange.h"
enum sign_in_answer { SIGN_IN_WAIT, SIGN_IN_DONE, SIGN_IN_FAILED };
struct sign_in {
    struct credentials *to;
    struct fault fault;
};
void sign_in_begin(struct sign_in *s, const struct aws_settings *settings, struct connection *c,
                   struct exchange *x, struct credentials *to, bool forced, void *room,
                   size_t bytes);
enum sign_in_answer sign_in_turn(struct sign_in *s, uint64_t now_ms, int64_t utc_ms,
                                 uint64_t chance);
struct port_want sign_in_want(const struct sign_in *s, uint64_t *until_ms);
#endif
static inline bool credentials_are_due(const struct credentials *c, int64_t utc)
{
    (void)utc;
    return c->id_len == 0;
}
