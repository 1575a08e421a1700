#include "job/sign_in.h"
void sign_in_begin(struct sign_in *s, const struct aws_settings *settings, struct connection *c,
                   struct exchange *x, struct credentials *to, bool forced, void *room,
                   size_t bytes)
{
    (void)settings;
    (void)c;
    (void)x;
    (void)forced;
    (void)room;
    (void)bytes;
    memset(s, 0, sizeof *s);
    s->to = to;
}
static struct span env(const char *n)
{
    const char *v = port_environment(n);
    return v ? span_text(v) : span_of(NULL, 0);
}
enum sign_in_answer sign_in_turn(struct sign_in *s, uint64_t now_ms, int64_t utc_ms,
                                 uint64_t chance)
{
    (void)now_ms;
    (void)utc_ms;
    (void)chance;
    struct span id = env("AWS_ACCESS_KEY_ID"), sec = env("AWS_SECRET_ACCESS_KEY"),
                tok = env("AWS_SESSION_TOKEN");
    memcpy(s->to->id, id.at, id.len);
    s->to->id_len = id.len;
    memcpy(s->to->secret, sec.at, sec.len);
    s->to->secret_len = sec.len;
    if (tok.len) memcpy(s->to->token, tok.at, tok.len);
    s->to->token_len = tok.len;
    s->to->expires_ms = INT64_MAX;
    return SIGN_IN_DONE;
}
struct port_want sign_in_want(const struct sign_in *s, uint64_t *until_ms)
{
    (void)s;
    (void)until_ms;
    return (struct port_want){-1, false, false};
}
