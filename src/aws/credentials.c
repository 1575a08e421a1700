#include "aws/credentials.h"

#include "text/uri.h"
#include "text/utc.h"

#include <mbedtls/platform_util.h>

void credentials_wipe_bytes(void *at, size_t bytes)
{
    mbedtls_platform_zeroize(at, bytes);
}

void credentials_wipe(struct credentials *c)
{
    credentials_wipe_bytes(c, sizeof *c);
}

/* ---- what a key may be ---- */

static bool refuse(struct fault *f, enum fault_kind kind, const char *what, const char *why)
{
    struct writer words = fault_begin(f, kind, FAULT_NOWHERE);
    writer_text(&words, what);
    writer_text(&words, why);
    fault_put(f, &words);
    return false;
}

/* Keys are letters, digits and "/+=" so far, tokens too. They go into a header: no blank, nothing
 * below or beyond. */
static bool check_key(struct span key, size_t max, const char *what, enum fault_kind kind,
                      struct fault *f)
{
    if (key.len > max) return refuse(f, kind, what, " is longer than any that AWS gives");
    for (size_t i = 0; i < key.len; i++)
        if (key.at[i] <= ' ' || key.at[i] >= 0x7F)
            return refuse(f, kind, what,
                          " has a blank, a line end or another byte in it that none has");
    return true;
}

static bool check_keys(struct span id, struct span secret, struct span token, enum fault_kind kind,
                       struct fault *f)
{
    static const char id_words[] = "the access key id", secret_words[] = "the secret access key";
    if (id.len == 0) return refuse(f, kind, id_words, " is missing");
    if (secret.len == 0) return refuse(f, kind, secret_words, " is missing");
    return check_key(id, ACCESS_KEY_BYTES_MAX, id_words, kind, f) &&
           check_key(secret, SECRET_KEY_BYTES_MAX, secret_words, kind, f) &&
           check_key(token, SESSION_TOKEN_BYTES_MAX, "the session token", kind, f);
}

static void set_end(struct credentials *c, int64_t expires_ms)
{
    c->expires_ms = expires_ms;
    c->renew_ms = expires_ms == INT64_MAX ? INT64_MAX : expires_ms - CREDENTIALS_ADVISORY_MS;
}

bool credentials_set(struct credentials *c, struct span id, struct span secret, struct span token,
                     int64_t expires_ms, struct fault *f)
{
    if (!check_keys(id, secret, token, FAULT_CONFIG, f)) return false;
    /* The spans may see the same struct. */
    memmove(c->id, id.at, id.len);
    memmove(c->secret, secret.at, secret.len);
    if (token.len > 0) memmove(c->token, token.at, token.len);
    c->id_len = id.len;
    c->secret_len = secret.len;
    c->token_len = token.len;
    set_end(c, expires_ms);
    return true;
}

bool credentials_are_due(const struct credentials *c, int64_t utc_ms)
{
    return c->id_len == 0 || utc_ms >= c->renew_ms;
}

bool credentials_are_usable(const struct credentials *c, int64_t utc_ms)
{
    return c->id_len > 0 &&
           (c->expires_ms == INT64_MAX || utc_ms < c->expires_ms - CREDENTIALS_MANDATORY_MS);
}

static bool is_name(struct span name, size_t min)
{
    if (name.len < min || name.len > ROLE_NAME_BYTES_MAX) return false;
    for (size_t i = 0; i < name.len; i++) {
        const uint8_t byte = name.at[i];
        const bool alnum = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                           (byte >= '0' && byte <= '9');
        if (!alnum && (byte == '\0' || strchr("_+=,.@-", byte) == NULL)) return false;
    }
    return true;
}

bool credentials_session_name_is_valid(struct span name)
{
    return is_name(name, 2);
}

bool credentials_role_name_is_valid(struct span name)
{
    return is_name(name, 1);
}

/* ---- questions ---- */

static void write_host(struct http_request *r, const struct service_endpoint *e)
{
    endpoints_write_host(e, http_request_header_begin(r, "Host"));
    http_request_header_end(r);
}

/* The path of the endpoint's URL, then ours. */
static void begin_below(struct http_request *r, void *room, size_t bytes, const char *method,
                        const struct service_endpoint *e, const char *path, struct span rest)
{
    uint8_t text[sizeof e->prefix + 128];
    struct writer w = writer_on(text, sizeof text);
    writer_bytes(&w, span_of(e->prefix, e->prefix_len));
    writer_text(&w, path);
    writer_bytes(&w, rest);
    assert(!w.full); /* a prefix, a path of ours, a name of at most 64 */
    http_request_begin(r, room, bytes, method, writer_span(&w));
    write_host(r, e);
}

bool credentials_ask_sts(struct http_request *r, void *room, size_t bytes,
                         const struct service_endpoint *sts, uint64_t body_bytes)
{
    begin_below(r, room, bytes, "POST", sts, "/", span_of(NULL, 0));
    http_request_header_text(r, "Content-Type", "application/x-www-form-urlencoded; charset=utf-8");
    http_request_header_number(r, "Content-Length", body_bytes);
    return http_request_end(r);
}

static bool find(struct span s, uint8_t byte, size_t *at)
{
    const uint8_t *found = s.len > 0 ? memchr(s.at, byte, s.len) : NULL;
    *at = found != NULL ? (size_t)(found - s.at) : s.len;
    return found != NULL;
}

/* Up to the separator, which goes too. */
static struct span cut_at(struct span *from, uint8_t separator)
{
    size_t at;
    const bool found = find(*from, separator, &at);
    const struct span front = span_cut(from, at);
    if (found) span_cut(from, 1);
    return front;
}

static bool write_parameter(struct http_request *r, struct span pair)
{
    uint8_t name[64], value[256];
    struct writer w = writer_on(name, sizeof name - 1);
    struct writer v = writer_on(value, sizeof value);
    if (!uri_decode(&w, cut_at(&pair, '='), false) || !uri_decode(&v, pair, false)) return false;
    if (w.full || v.full || memchr(name, '\0', w.len) != NULL) return false;
    name[w.len] = '\0';
    http_request_parameter(r, (const char *)name, writer_span(&v));
    return true;
}

static bool write_target(struct http_request *r, void *room, size_t bytes, struct span target)
{
    uint8_t path[256];
    struct writer w = writer_on(path, sizeof path);
    if (!uri_decode(&w, cut_at(&target, '?'), false) || w.full || w.len == 0 || path[0] != '/')
        return false;
    http_request_begin(r, room, bytes, "GET", writer_span(&w));
    return true;
}

bool credentials_ask_container(struct http_request *r, void *room, size_t bytes,
                               const struct service_endpoint *e, struct span target,
                               struct span authorization)
{
    if (!write_target(r, room, bytes, target)) return false;
    cut_at(&target, '?');
    while (target.len > 0)
        if (!write_parameter(r, cut_at(&target, '&'))) return false;
    write_host(r, e);
    http_request_header_text(r, "Accept", "application/json");
    if (authorization.len > 0) http_request_header(r, "Authorization", authorization);
    return http_request_end(r);
}

bool credentials_ask_metadata_token(struct http_request *r, void *room, size_t bytes,
                                    const struct service_endpoint *e)
{
    begin_below(r, room, bytes, "PUT", e, "/latest/api/token", span_of(NULL, 0));
    http_request_header_text(r, "x-aws-ec2-metadata-token-ttl-seconds", "21600");
    http_request_header_number(r, "Content-Length", 0);
    return http_request_end(r);
}

bool credentials_ask_metadata(struct http_request *r, void *room, size_t bytes,
                              const struct service_endpoint *e, struct span token, struct span role)
{
    assert(role.len == 0 || credentials_role_name_is_valid(role));
    begin_below(r, room, bytes, "GET", e, "/latest/meta-data/iam/security-credentials/", role);
    http_request_header(r, "x-aws-ec2-metadata-token", token);
    return http_request_end(r);
}

/* ---- the form ---- */

void sts_form_init(struct sts_form *form, struct span role, struct span session)
{
    *form = (struct sts_form){.role = role, .session = session};
}

bool sts_form_next(struct sts_form *form, struct writer *to)
{
    static const char *const texts[] = {
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=", "&RoleSessionName=",
        "&WebIdentityToken="};
    const unsigned part = form->part;
    if (part == 5) return false;
    if (part % 2 == 0) {
        writer_text(to, texts[part / 2]);
        form->part++;
        return true;
    }
    struct span rest = part == 1 ? form->role : form->session;
    span_cut(&rest, form->at);
    const size_t raw = span_min(rest, STS_FORM_RAW_BYTES);
    uri_encode(to, span_of(rest.at, raw), false);
    form->at += raw;
    if (raw == rest.len) {
        form->part++;
        form->at = 0;
    }
    return true;
}

/* ---- JSON ---- */

struct member_names {
    const char *id, *secret, *token, *expiration;
};

static const struct member_names upper_names = {"AccessKeyId", "SecretAccessKey", "Token",
                                                "Expiration"};
static const struct member_names lower_names = {"accessKeyId", "secretAccessKey", "sessionToken",
                                                "expiration"};

/* The length of a text that was written to `to`; 0: it is missing, no text, empty, or too long. */
static size_t member_text(const struct json *j, int object, const char *name, char *to, size_t room)
{
    const int value = json_member(j, object, name);
    struct writer w = writer_on(to, room);
    return value != JSON_NONE && json_text(j, value, &w) && !w.full ? w.len : 0;
}

static bool read_end(const struct json *j, int object, const char *name, int64_t *ms)
{
    char text[64];
    const size_t len = member_text(j, object, name, text, sizeof text);
    return len > 0 && utc_read(span_of(text, len), ms);
}

static bool says_success(const struct json *j)
{
    char text[16];
    const size_t len = member_text(j, JSON_ROOT, "Code", text, sizeof text);
    return json_member(j, JSON_ROOT, "Code") == JSON_NONE || span_is(span_of(text, len), "Success");
}

static bool read_members(struct credentials *to, const struct json *j, int object,
                         const struct member_names *names, struct fault *f)
{
    int64_t expires_ms = 0;
    to->id_len = member_text(j, object, names->id, to->id, sizeof to->id);
    to->secret_len = member_text(j, object, names->secret, to->secret, sizeof to->secret);
    to->token_len = member_text(j, object, names->token, to->token, sizeof to->token);
    if (to->id_len == 0 || to->secret_len == 0 || to->token_len == 0)
        return refuse(f, FAULT_SERVICE, "the answer has no credentials in it,",
                      " or longer ones than AWS gives");
    if (!read_end(j, object, names->expiration, &expires_ms))
        return refuse(f, FAULT_SERVICE, "the answer's expiration", " is missing or no time");
    set_end(to, expires_ms);
    return check_keys(credentials_id(to), span_of(to->secret, to->secret_len),
                      credentials_token(to), FAULT_SERVICE, f);
}

static bool read_json(struct credentials *to, enum credentials_form form, struct json *j,
                      struct fault *f)
{
    if (form == CREDENTIALS_METADATA && !says_success(j))
        return refuse(f, FAULT_SERVICE,
                      "EC2 could not take on the machine's role:", " see the role's trust policy");
    const int object =
        form == CREDENTIALS_IOT ? json_member(j, JSON_ROOT, "credentials") : JSON_ROOT;
    return read_members(to, j, object, form == CREDENTIALS_IOT ? &lower_names : &upper_names, f);
}

bool credentials_read(struct credentials *to, enum credentials_form form, struct span body,
                      struct credentials_room *room, struct fault *f)
{
    struct json *j = &room->json;
    credentials_wipe(to);
    const bool is_json = json_read(j, body, room->tokens, SIGN_IN_TOKENS_MAX);
    if (!is_json)
        refuse(f, FAULT_SERVICE, "the answer", " is not JSON"); /* its own words may quote */
    if (is_json && read_json(to, form, j, f)) return true;
    credentials_wipe(to);
    return false;
}

/* ---- XML ---- */

void sts_answer_begin(struct sts_answer *a, struct credentials *to, char *text, size_t bytes)
{
    assert(bytes >= SESSION_TOKEN_BYTES_MAX);
    memset(a, 0, sizeof *a);
    a->to = to;
    credentials_wipe(to);
    xml_init(&a->xml, text, bytes);
}

static size_t keep(struct sts_answer *a, char *to, size_t room)
{
    const struct span text = xml_text(&a->xml);
    a->is_cut |= a->xml.text_cut || text.len > room;
    if (a->is_cut) return 0;
    if (text.len > 0) memcpy(to, text.at, text.len);
    return text.len;
}

/* GetSessionToken's and AssumeRole's answers have the same <Credentials>; <Error> is the query
 * protocol's. */
static void take_element(struct sts_answer *a)
{
    const struct span name = xml_name(&a->xml);
    struct credentials *to = a->to;
    if (span_is(xml_parent(&a->xml), "Error") && span_is(name, "Code"))
        a->code_len = keep(a, a->code, sizeof a->code);
    if (!span_is(xml_parent(&a->xml), "Credentials")) return;
    if (span_is(name, "AccessKeyId")) to->id_len = keep(a, to->id, sizeof to->id);
    if (span_is(name, "SecretAccessKey")) to->secret_len = keep(a, to->secret, sizeof to->secret);
    if (span_is(name, "SessionToken")) to->token_len = keep(a, to->token, sizeof to->token);
    if (span_is(name, "Expiration")) {
        int64_t expires_ms = 0;
        a->has_expiration = utc_read(xml_text(&a->xml), &expires_ms);
        set_end(to, expires_ms);
    }
}

void sts_answer_body(struct sts_answer *a, struct span in)
{
    for (;;) {
        switch (xml_next(&a->xml, &in)) {
        case XML_NEED:
        case XML_FAULT: return;
        case XML_OPEN: break;
        case XML_CLOSE: take_element(a); break;
        }
    }
}

/* STS API reference, AssumeRoleWithWebIdentity and "Common errors". Only these are shown: another
 * server's code may be anything. */
static const struct {
    const char *code, *advice;
} sts_errors[] = {
    {"AccessDenied", "AccessDenied: the role's trust policy does not let this identity take it on"},
    {"ExpiredTokenException",
     "ExpiredTokenException: the web identity token is too old; is it still renewed?"},
    {"IDPCommunicationError", "IDPCommunicationError: the identity provider could not be reached"},
    {"IDPRejectedClaim", "IDPRejectedClaim: the identity provider refused the token"},
    {"InvalidIdentityToken",
     "InvalidIdentityToken: AWS does not know who made the token; is the identity "
     "provider set up in IAM?"},
    {"RegionDisabledException", "RegionDisabledException: STS is switched off in this region"},
    {"ValidationError", "ValidationError: see AWS_ROLE_ARN and AWS_ROLE_SESSION_NAME"},
    {"Throttling", "Throttling: too many questions"},
};

static bool fail_sts(const struct sts_answer *a, unsigned status, struct fault *f)
{
    struct writer words = fault_begin(f, FAULT_SERVICE, FAULT_NOWHERE);
    writer_text(&words, "STS answered ");
    writer_number(&words, status);
    for (size_t i = 0; i < sizeof sts_errors / sizeof *sts_errors; i++)
        if (span_is(span_of(a->code, a->code_len), sts_errors[i].code)) {
            writer_text(&words, ", ");
            writer_text(&words, sts_errors[i].advice);
        }
    fault_put(f, &words);
    return false;
}

static bool is_good(struct sts_answer *a, unsigned status, struct fault *f)
{
    if (status != 200 || a->code_len > 0) return fail_sts(a, status, f);
    if (!xml_finish(&a->xml))
        return refuse(f, FAULT_SERVICE, "STS's answer", " is not whole, or no XML");
    if (a->is_cut || !a->has_expiration || a->to->token_len == 0)
        return refuse(f, FAULT_SERVICE, "STS's answer",
                      " has no credentials in it, or longer ones than AWS gives");
    return check_keys(credentials_id(a->to), span_of(a->to->secret, a->to->secret_len),
                      credentials_token(a->to), FAULT_SERVICE, f);
}

bool sts_answer_end(struct sts_answer *a, unsigned status, struct fault *f)
{
    const bool good = is_good(a, status, f);
    if (!good) credentials_wipe(a->to);
    credentials_wipe_bytes(a->xml.text, a->xml.text_room);
    return good;
}
