#include "job/sign_in.h"

#include "port.h"
#include "text/uri.h"
#include "text/utc.h"

/* What a step came to. */
enum finding {
    FINDING_NOTHING,     /* the next source */
    FINDING_CREDENTIALS, /* room->fresh */
    FINDING_QUESTION,    /* the exchange has begun */
    FINDING_STEP,        /* the next step of this source */
    FINDING_WAIT,
    FINDING_AGAIN,     /* room->detail says why; counted */
    FINDING_AT_ONCE,   /* again, not counted */
    FINDING_NEW_TOKEN, /* EC2's metadata does not take its token any more (401) */
    FINDING_WRONG      /* room->detail says why: later sources are not asked */
};

static enum finding wrong(struct sign_in *s, enum fault_kind kind, const char *text)
{
    fault_set(&s->room->detail, kind, FAULT_NOWHERE, text);
    return FINDING_WRONG;
}

/* ---- the environment ---- */

static struct span variable(const char *name)
{
    const char *value = port_environment(name);
    return span_text(value != NULL ? value : "");
}

static enum finding look_in_environment(struct sign_in *s)
{
    const struct span id = variable("AWS_ACCESS_KEY_ID"),
                      secret = variable("AWS_SECRET_ACCESS_KEY");
    const struct span token = variable("AWS_SESSION_TOKEN"),
                      end = variable("AWS_CREDENTIAL_EXPIRATION");
    int64_t expires_ms = INT64_MAX;
    if (id.len == 0) return FINDING_NOTHING;
    if (end.len > 0 && !utc_read(end, &expires_ms))
        return wrong(s, FAULT_CONFIG, "AWS_CREDENTIAL_EXPIRATION is no time");
    if (!credentials_set(&s->room->fresh, id, secret, token, expires_ms, &s->room->detail))
        return FINDING_WRONG;
    return FINDING_CREDENTIALS;
}

/* ---- the files ---- */

static bool keep(char *to, size_t room, size_t *len, struct span value)
{
    *len = value.len <= room ? value.len : 0;
    if (*len > 0) memcpy(to, value.at, value.len);
    return value.len <= room;
}

static bool take_key(struct credentials *c, const struct profile *p, bool *half)
{
    const struct span value = p->value;
    if (span_is(p->above, "aws_access_key_id") || span_is(p->above, "aws_secret_access_key") ||
        span_is(p->above, "aws_session_token"))
        *half = true;
    if (p->above.len > 0) return true;
    if (span_is(p->key, "aws_access_key_id")) return keep(c->id, sizeof c->id, &c->id_len, value);
    if (span_is(p->key, "aws_secret_access_key"))
        return keep(c->secret, sizeof c->secret, &c->secret_len, value);
    /* botocore still reads the older name. */
    const bool is_token = span_is(p->key, "aws_session_token") ||
                          (span_is(p->key, "aws_security_token") && c->token_len == 0);
    return !is_token || keep(c->token, sizeof c->token, &c->token_len, value);
}

static enum finding look_in_file(struct sign_in *s, const char *path, enum profile_section section)
{
    struct credentials *fresh = &s->room->fresh;
    struct settings_file file;
    bool fits = true, half = false;
    enum profile_event event;
    credentials_wipe(fresh);
    settings_file_begin(&file, &s->room->files, path, section, s->settings->profile);
    while ((event = settings_file_next(&file, &s->room->detail)) == PROFILE_SETTING)
        fits = take_key(fresh, &s->room->files.profile, &half) && fits;
    if (event == PROFILE_FAULT) return FINDING_WRONG;
    if (!fits) return wrong(s, FAULT_CONFIG, "a key is longer than any that AWS gives");
    if (half) return wrong(s, FAULT_CONFIG, "a key goes on in the next line, which none does");
    if (fresh->id_len == 0) return FINDING_NOTHING;
    return credentials_set(fresh, credentials_id(fresh), span_of(fresh->secret, fresh->secret_len),
                           credentials_token(fresh), INT64_MAX, &s->room->detail)
               ? FINDING_CREDENTIALS
               : FINDING_WRONG;
}

static enum finding look_in_credentials_file(struct sign_in *s)
{
    return look_in_file(s, s->settings->credentials_path, PROFILE_OF_CREDENTIALS);
}

static enum finding look_in_config_file(struct sign_in *s)
{
    return look_in_file(s, s->settings->config_path, PROFILE_OF_CONFIG);
}

/* ---- what we do not have ---- */

static bool has(const struct sign_in *s, enum setting which)
{
    return s->settings->value[which] != NULL;
}

static enum finding look_for_other_role(struct sign_in *s)
{
    const bool in_profile = has(s, SETTING_ROLE_ARN) &&
                            s->settings->origin[SETTING_ROLE_ARN] != SETTINGS_FROM_ENVIRONMENT;
    const bool chained = has(s, SETTING_SOURCE_PROFILE) || has(s, SETTING_CREDENTIAL_SOURCE);
    if (!chained && (!in_profile || has(s, SETTING_TOKEN_FILE))) return FINDING_NOTHING;
    if (!in_profile && !has(s, SETTING_ROLE_ARN)) return FINDING_NOTHING;
    return wrong(s, FAULT_CONFIG,
                 "taking on a role by way of another profile (role_arn with source_profile or "
                 "credential_source) is not supported: put the role's own credentials into the "
                 "environment, for example with \"aws configure export-credentials --format env\"");
}

static enum finding look_for_sso(struct sign_in *s)
{
    if (!has(s, SETTING_SSO_ACCOUNT) && !has(s, SETTING_SSO_ROLE)) return FINDING_NOTHING;
    return wrong(
        s, FAULT_CONFIG,
        "IAM Identity Center (sso_account_id, sso_role_name) is not supported: put its credentials "
        "into the environment, with \"aws configure export-credentials --format env\"");
}

static enum finding look_for_process(struct sign_in *s)
{
    if (!has(s, SETTING_LOGIN) && !has(s, SETTING_PROCESS)) return FINDING_NOTHING;
    return wrong(
        s, FAULT_CONFIG,
        "credential_process and login_session are not supported: put the credentials into the "
        "environment, with \"aws configure export-credentials --format env\"");
}

/* ---- asking ---- */

static enum finding begin_talk(struct sign_in *s, bool written, uint64_t body_bytes,
                               uint64_t patience_ms)
{
    struct sign_in_room *room = s->room;
    if (!written)
        return wrong(s, FAULT_CONFIG,
                     "the question cannot be asked: its address or token is too long or "
                     "has bytes in it that it must not have");
    const struct service_endpoint *e = &room->ask.endpoint;
    struct endpoint to = {.tls = e->tls, .port = e->port, .host_len = e->host_len};
    const struct question question = {.head = http_request_span(&room->hear.request),
                                      .body_bytes = body_bytes,
                                      .patience_ms = patience_ms};
    memcpy(to.host, e->host, e->host_len);
    s->answer_len = 0;
    s->too_long = false;
    s->status = 0;
    s->talking = true;
    connection_begin(s->connection, &to, s->now_ms);
    exchange_begin(s->exchange, s->connection, &question, s->now_ms);
    return FINDING_QUESTION;
}

static void end_talk(struct sign_in *s)
{
    if (!s->talking) return;
    s->talking = false;
    exchange_end(s->exchange);
    /* Secrets went through it. */
    credentials_wipe_bytes(s->exchange->buffer, sizeof s->exchange->buffer);
}

static bool plain_endpoint(struct service_endpoint *e, const char *host)
{
    memset(e, 0, sizeof *e);
    e->port = 80;
    e->default_port = true;
    e->host_len = strlen(host);
    memcpy(e->host, host, e->host_len);
    return true;
}

static bool url_endpoint(struct service_endpoint *e, const struct uri *url)
{
    memset(e, 0, sizeof *e);
    e->tls = url->tls;
    e->port = url->port;
    e->default_port = url->port == (url->tls ? 443 : 80);
    e->host_len = span_min(url->host, HOST_BYTES_MAX);
    memcpy(e->host, url->host.at, e->host_len);
    return e->host_len == url->host.len;
}

/* 500, 502, 503, 504 and 429 may be over soon. */
static bool is_passing(unsigned status)
{
    return status >= 500 || status == 429;
}

static enum finding bad_status(struct sign_in *s)
{
    struct writer words = fault_begin(&s->room->detail, FAULT_SERVICE, FAULT_NOWHERE);
    writer_text(&words, "it answered ");
    writer_number(&words, s->status);
    fault_put(&s->room->detail, &words);
    return is_passing(s->status) ? FINDING_AGAIN : FINDING_WRONG;
}

/* A good status, and words that are none: cut off, or somebody else's. */
static enum finding bad_words(struct sign_in *s, const char *what)
{
    fault_set(&s->room->detail, FAULT_SERVICE, FAULT_NOWHERE, what);
    return FINDING_AGAIN;
}

static struct span answer_of(const struct sign_in *s)
{
    return span_of(s->room->hear.answer, s->answer_len);
}

static enum finding read_answer(struct sign_in *s, enum credentials_form form)
{
    struct sign_in_room *room = s->room;
    if (s->status != 200) return bad_status(s);
    if (s->too_long)
        return wrong(s, FAULT_LIMIT, "its answer is longer than any with credentials in it");
    if (!credentials_read(&room->fresh, form, answer_of(s), &room->hear.json, &room->detail))
        return FINDING_AGAIN;
    return FINDING_CREDENTIALS;
}

/* ---- web identity ---- */

/* How long the token is, and how long url-encoded; without the line's end that an editor puts
 * behind it. False: no file. */
static bool measure_token(struct sign_in *s, uint64_t *encoded)
{
    struct sign_in_room *room = s->room;
    uint64_t at = 0, blanks = 0;
    long n = 1;
    s->token_bytes = *encoded = 0;
    while (at <= WEB_IDENTITY_TOKEN_BYTES_MAX + 16) {
        n = port_read_file(s->settings->web_identity_token_file, at, room->ask.raw,
                           sizeof room->ask.raw);
        if (n <= 0) break;
        struct span piece = span_of(room->ask.raw, (size_t)n);
        for (at += piece.len; piece.len > 0;) {
            const struct span byte = span_cut(&piece, 1);
            const bool blank = byte.at[0] <= ' ';
            uint8_t code[3];
            struct writer w = writer_on(code, sizeof code);
            uri_encode(&w, byte, false);
            blanks = blank ? blanks + w.len : 0;
            *encoded += w.len;
            if (!blank) s->token_bytes = at - piece.len;
        }
    }
    *encoded -= blanks;
    return n >= 0;
}

static enum finding check_token(struct sign_in *s, uint64_t *encoded)
{
    const bool there = measure_token(s, encoded);
    if (s->token_bytes > WEB_IDENTITY_TOKEN_BYTES_MAX)
        return wrong(s, FAULT_LIMIT, "the token in the file is longer than STS takes");
    if (there && s->token_bytes > 0) return FINDING_NOTHING;
    struct writer words = fault_begin(&s->room->detail, FAULT_CONFIG, FAULT_NOWHERE);
    writer_text(&words, there ? "there is no token in " : "the token cannot be read from ");
    writer_quoted(&words,
                  writer_end_of(span_text(s->settings->web_identity_token_file), NAME_SHOWN_BYTES));
    settings_write_origin(s->settings, SETTING_TOKEN_FILE, &words);
    fault_put(&s->room->detail, &words);
    return FINDING_WRONG;
}

static void begin_form(struct sign_in *s)
{
    const char *session = s->settings->role_session_name;
    sts_form_init(&s->form, span_text(s->settings->role_arn),
                  span_text(session != NULL ? session : "rusuden"));
    s->unsaid = span_of(NULL, 0);
    s->token_at = 0;
}

static uint64_t measure_form(struct sign_in *s)
{
    uint64_t bytes = 0;
    struct writer w;
    begin_form(s);
    do {
        w = writer_on(s->room->ask.said, sizeof s->room->ask.said);
        bytes += sts_form_next(&s->form, &w) ? w.len : 0;
    } while (w.len > 0);
    begin_form(s);
    return bytes;
}

static enum finding ask_sts(struct sign_in *s)
{
    struct sign_in_room *room = s->room;
    const struct endpoint_options options = settings_endpoint(s->settings, SERVICE_STS);
    uint64_t token = 0;
    if (s->settings->web_identity_token_file == NULL) return FINDING_NOTHING;
    if (s->settings->role_arn == NULL)
        return wrong(s, FAULT_CONFIG,
                     "there is a token file, but no role: set AWS_ROLE_ARN, or role_arn in "
                     "the profile");
    if (check_token(s, &token) == FINDING_WRONG) return FINDING_WRONG;
    if (!endpoints_find(SERVICE_STS, &options, span_of(NULL, 0), &room->ask.endpoint,
                        &room->detail))
        return FINDING_WRONG;
    s->body_left = measure_form(s) + token;
    const bool written =
        credentials_ask_sts(&room->hear.request, room->ask.head, sizeof room->ask.head,
                            &room->ask.endpoint, s->body_left);
    return begin_talk(s, written, s->body_left, STS_PATIENCE_MS);
}

/* Renewed meanwhile by a longer one: then what was sent is the front of it. */
static bool ends_there(struct sign_in *s)
{
    struct sign_in_room *room = s->room;
    const long n = port_read_file(s->settings->web_identity_token_file, s->token_at, room->ask.raw,
                                  sizeof room->ask.raw);
    for (long i = 0; i < n; i++)
        if (room->ask.raw[i] > ' ') return false;
    return true;
}

static bool make_token_piece(struct sign_in *s, struct writer *to)
{
    struct sign_in_room *room = s->room;
    const uint64_t left = s->token_bytes - s->token_at;
    const size_t want = left < sizeof room->ask.raw ? (size_t)left : sizeof room->ask.raw;
    const long n = want == 0 ? 0
                             : port_read_file(s->settings->web_identity_token_file, s->token_at,
                                              room->ask.raw, want);
    if (n <= 0) return false;
    uri_encode(to, span_of(room->ask.raw, (size_t)n), false);
    s->token_at += (uint64_t)n;
    return s->token_at < s->token_bytes || ends_there(s);
}

/* The next piece of the body. False: the file is not what it was. */
static bool make_piece(struct sign_in *s)
{
    struct writer w = writer_on(s->room->ask.said, sizeof s->room->ask.said);
    if (!sts_form_next(&s->form, &w) && !make_token_piece(s, &w)) return false;
    s->unsaid = writer_span(&w);
    if (s->unsaid.len > s->body_left) return false;
    s->body_left -= s->unsaid.len;
    return s->token_at < s->token_bytes || s->body_left == 0;
}

static bool say(struct sign_in *s)
{
    if (s->unsaid.len == 0 && !make_piece(s)) return false;
    exchange_say(s->exchange, &s->unsaid, s->now_ms);
    return true;
}

/* An invalid token may have been half the old and half the new one. */
static bool sts_may_mend(const struct sts_answer *a)
{
    const struct span code = span_of(a->code, a->code_len);
    return span_is(code, "IDPCommunicationError") || span_is(code, "Throttling") ||
           span_is(code, "ThrottlingException") || span_is(code, "InvalidIdentityToken") ||
           span_is(code, "RequestTimeout");
}

/* The answer needs the question's room. False: it came before the question was over; it will not be
 * good. */
static bool begin_sts_answer(struct sign_in *s)
{
    struct sign_in_room *room = s->room;
    if (s->body_left > 0 || s->unsaid.len > 0) return false;
    sts_answer_begin(&room->hear.sts, &room->fresh, room->hear.answer, sizeof room->hear.answer);
    return true;
}

static enum finding hear_sts(struct sign_in *s)
{
    struct sign_in_room *room = s->room;
    const bool again = is_passing(s->status) || s->status == 200 || sts_may_mend(&room->hear.sts);
    if (sts_answer_end(&room->hear.sts, s->status, &room->detail)) return FINDING_CREDENTIALS;
    return again ? FINDING_AGAIN : FINDING_WRONG;
}

/* ---- a container's endpoint: ECS, EKS Pod Identity, Greengrass ---- */

/* 127.x.y.z, and nothing that only looks like it. */
static bool is_loopback(struct span host)
{
    unsigned part = 0, digits = 0, value = 0;
    for (size_t i = 0; i < host.len; i++) {
        const uint8_t c = host.at[i];
        if (c == '.' ? digits == 0 || part == 3 : c < '0' || c > '9' || digits == 3) return false;
        if (c == '.' && part == 0 && value != 127) return false;
        part += c == '.';
        digits = c == '.' ? 0 : digits + 1;
        value = c == '.' ? 0 : value * 10 + (c - '0');
        if (value > 255) return false;
    }
    return part == 3 && digits > 0;
}

/* Where a token may be sent without TLS: the SDKs' list. */
static bool is_near(struct span host)
{
    static const char *const hosts[] = {"localhost", "169.254.170.2", "169.254.170.23", "::1",
                                        "fd00:ec2::23"};
    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++)
        if (span_is(host, hosts[i])) return true;
    return is_loopback(host);
}

static enum finding find_container(struct sign_in *s, struct span *target)
{
    struct service_endpoint *e = &s->room->ask.endpoint;
    const struct aws_settings *settings = s->settings;
    struct uri url;
    if (settings->container_relative != NULL) {
        *target = span_text(settings->container_relative);
        plain_endpoint(e, "169.254.170.2");
        if (target->len > 0 && target->at[0] == '/') return FINDING_QUESTION;
        return wrong(s, FAULT_CONFIG,
                     "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI must begin with \"/\"");
    }
    if (settings->container_full == NULL) return FINDING_NOTHING;
    if (!uri_read(span_text(settings->container_full), &url) || !url_endpoint(e, &url))
        return wrong(
            s, FAULT_CONFIG,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI must be http://HOST/PATH or https://HOST/PATH");
    if (!url.tls && !is_near(url.host))
        return wrong(
            s, FAULT_CONFIG,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI must be https, or a host of this machine or "
            "container: localhost, 169.254.170.2, 169.254.170.23, [fd00:ec2::23]");
    *target = url.path;
    return FINDING_QUESTION;
}

/* The file is read each time: it is renewed under its name. A line end at its end is refused as the
 * SDKs refuse it: it would not be the token that was meant. */
static enum finding find_authorization(struct sign_in *s, struct span *authorization)
{
    char *room = s->room->hear.answer;
    const char *path = s->settings->container_token_file;
    *authorization = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN");
    if (path != NULL) {
        uint64_t at = 0;
        long n = 1;
        while (n > 0 && at <= CONTAINER_TOKEN_BYTES_MAX) {
            n = port_read_file(path, at, (uint8_t *)room + at,
                               CONTAINER_TOKEN_BYTES_MAX + 1 - (size_t)at);
            at += n > 0 ? (uint64_t)n : 0;
        }
        if (n < 0)
            return wrong(
                s, FAULT_CONFIG,
                "the file that AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names cannot be read");
        *authorization = span_of(room, (size_t)at);
    }
    if (authorization->len > CONTAINER_TOKEN_BYTES_MAX)
        return wrong(s, FAULT_LIMIT,
                     "the container's authorization token is longer than 2048 bytes");
    for (size_t i = 0; i < authorization->len; i++)
        if (authorization->at[i] < ' ' || authorization->at[i] >= 0x7F)
            return wrong(
                s, FAULT_CONFIG,
                "the container's authorization token has a line end or another control byte in it");
    return FINDING_QUESTION;
}

static enum finding ask_container(struct sign_in *s)
{
    struct sign_in_room *room = s->room;
    struct span target, authorization;
    const enum finding finding = find_container(s, &target);
    if (finding != FINDING_QUESTION) return finding;
    if (find_authorization(s, &authorization) == FINDING_WRONG) return FINDING_WRONG;
    const bool written =
        credentials_ask_container(&room->hear.request, room->ask.head, sizeof room->ask.head,
                                  &room->ask.endpoint, target, authorization);
    return begin_talk(s, written, 0, CONTAINER_PATIENCE_MS);
}

static enum finding hear_container(struct sign_in *s)
{
    return read_answer(s, CREDENTIALS_CONTAINER);
}

/* ---- EC2's metadata, version 2 only ---- */

static bool find_metadata(struct sign_in *s)
{
    struct service_endpoint *e = &s->room->ask.endpoint;
    const char *const address = s->settings->metadata_ipv6 ? "fd00:ec2::254" : "169.254.169.254";
    struct uri url;
    if (s->settings->metadata_url == NULL) return plain_endpoint(e, address);
    if (!uri_read(span_text(s->settings->metadata_url), &url) || !url_endpoint(e, &url))
        return false;
    while (url.path.len > 0 && url.path.at[url.path.len - 1] == '/')
        url.path.len--;
    if (url.path.len > sizeof e->prefix) return false;
    memcpy(e->prefix, url.path.at, url.path.len);
    e->prefix_len = url.path.len;
    return true;
}

static enum finding ask_metadata_token(struct sign_in *s)
{
    struct sign_in_room *room = s->room;
    s->metadata = s->settings->metadata_disabled ? METADATA_OFF : METADATA_SILENT;
    if (s->settings->metadata_disabled) return FINDING_NOTHING;
    if (!find_metadata(s))
        return wrong(s, FAULT_CONFIG, "AWS_EC2_METADATA_SERVICE_ENDPOINT is too long");
    const bool written = credentials_ask_metadata_token(&room->hear.request, room->ask.head,
                                                        sizeof room->ask.head, &room->ask.endpoint);
    return begin_talk(s, written, 0, METADATA_PATIENCE_MS);
}

static enum finding ask_metadata(struct sign_in *s)
{
    struct sign_in_room *room = s->room;
    const bool known = s->step == SIGN_IN_METADATA_KEYS;
    const bool written = find_metadata(s) &&
                         credentials_ask_metadata(&room->hear.request, room->ask.head,
                                                  sizeof room->ask.head, &room->ask.endpoint,
                                                  span_of(s->metadata_token, s->metadata_token_len),
                                                  span_of(s->role, known ? s->role_len : 0));
    return begin_talk(s, written, 0, METADATA_PATIENCE_MS);
}

static enum finding hear_metadata_token(struct sign_in *s)
{
    const struct span answer = answer_of(s);
    s->metadata = METADATA_REFUSED;
    if (is_passing(s->status)) return bad_status(s);
    bool good = s->status == 200 && answer.len > 0 && !s->too_long;
    for (size_t i = 0; i < answer.len; i++)
        good = good && answer.at[i] > ' ' && answer.at[i] < 0x7F;
    if (s->status != 200) return FINDING_NOTHING;
    if (!good || !keep(s->metadata_token, sizeof s->metadata_token, &s->metadata_token_len, answer))
        return bad_words(s, "its answer is no token");
    return FINDING_STEP;
}

/* 401: the token has ended, or another one took its place; a new one is asked for, once. */
static bool wants_new_token(struct sign_in *s)
{
    bool wants = s->status == 401 && !s->token_again;
    s->token_again |= wants;
    return wants;
}

/* The first line. */
static enum finding hear_metadata_role(struct sign_in *s)
{
    struct span answer = answer_of(s);
    size_t len = 0;
    s->metadata = METADATA_NO_ROLE;
    if (s->status == 404) return FINDING_NOTHING;
    if (wants_new_token(s)) return FINDING_NEW_TOKEN;
    if (s->status != 200) return bad_status(s);
    while (len < answer.len && answer.at[len] > ' ')
        len++;
    answer.len = len;
    if (len == 0) return bad_words(s, "it names no role");
    if (!credentials_role_name_is_valid(answer))
        return bad_words(s, "its answer is no name of a role");
    keep(s->role, sizeof s->role, &s->role_len, answer);
    return FINDING_STEP;
}

static enum finding hear_metadata_keys(struct sign_in *s)
{
    struct credentials *fresh = &s->room->fresh;
    if (wants_new_token(s)) return FINDING_NEW_TOKEN;
    const enum finding finding = read_answer(s, CREDENTIALS_METADATA);
    if (finding != FINDING_CREDENTIALS) return finding;
    /* EC2 may hand out old ones while IAM is ill, and services take them then: use them, ask again
     * in 2 to 10 minutes (botocore, _evaluate_expiration). */
    const int64_t pause_ms = 120000 + (int64_t)(s->chance % 480000);
    if (fresh->expires_ms - s->utc_ms < CREDENTIALS_MANDATORY_MS) {
        fresh->expires_ms = s->utc_ms + CREDENTIALS_MANDATORY_MS + pause_ms;
        fresh->renew_ms = s->utc_ms + pause_ms;
    }
    return FINDING_CREDENTIALS;
}

/* ---- the story ---- */

static const struct step {
    const char *source;
    enum finding (*look)(struct sign_in *);
    enum finding (*hear)(struct sign_in *); /* NULL: it does not ask anybody */
} steps[SIGN_IN_STEPS] = {
    [SIGN_IN_ENVIRONMENT] = {"credentials of the environment (AWS_ACCESS_KEY_ID)",
                             look_in_environment, NULL},
    [SIGN_IN_OTHER_ROLE] = {NULL, look_for_other_role, NULL},
    [SIGN_IN_WEB_IDENTITY] = {"credentials by web identity", ask_sts, hear_sts},
    [SIGN_IN_SSO] = {NULL, look_for_sso, NULL},
    [SIGN_IN_CREDENTIALS_FILE] = {NULL, look_in_credentials_file, NULL},
    [SIGN_IN_PROCESS] = {NULL, look_for_process, NULL},
    [SIGN_IN_CONFIG_FILE] = {NULL, look_in_config_file, NULL},
    [SIGN_IN_CONTAINER] = {"credentials of the container's endpoint", ask_container,
                           hear_container},
    [SIGN_IN_METADATA_TOKEN] = {"credentials of EC2's metadata", ask_metadata_token,
                                hear_metadata_token},
    [SIGN_IN_METADATA_ROLE] = {"credentials of EC2's metadata", ask_metadata, hear_metadata_role},
    [SIGN_IN_METADATA_KEYS] = {"credentials of EC2's metadata", ask_metadata, hear_metadata_keys},
};

void sign_in_begin(struct sign_in *s, const struct aws_settings *settings, struct connection *c,
                   struct exchange *x, struct credentials *to, bool forced, void *room,
                   size_t bytes)
{
    assert(bytes >= sizeof *s->room);
    assert((uintptr_t)room % _Alignof(struct sign_in_room) == 0);
    memset(s, 0, sizeof *s);
    memset(room, 0, sizeof *s->room);
    s->at = SIGN_IN_AT_LOOK;
    s->room = room;
    s->settings = settings;
    s->connection = c;
    s->exchange = x;
    s->to = to;
    s->forced = forced;
}

/* Given up: nobody needs the answer any more. Done or failed: the same, and the room is free
 * already. */
void sign_in_end(struct sign_in *s)
{
    if (s->room == NULL) return;
    end_talk(s);
    credentials_wipe_bytes(s->room, sizeof *s->room);
    credentials_wipe_bytes(s->metadata_token, sizeof s->metadata_token);
    s->room = NULL;
    if (s->at == SIGN_IN_AT_DONE || s->at == SIGN_IN_AT_FAILED) return;
    s->at = SIGN_IN_AT_FAILED;
    fault_set(&s->fault, FAULT_REFUSED, FAULT_NOWHERE, "signing in was given up");
}

static void take_body(struct sign_in *s, struct span body)
{
    struct sign_in_room *room = s->room;
    if (s->step == SIGN_IN_WEB_IDENTITY) {
        sts_answer_body(&room->hear.sts, body);
        return;
    }
    s->too_long |= body.len > sizeof room->hear.answer - s->answer_len;
    if (s->too_long) return;
    memcpy(room->hear.answer + s->answer_len, body.at, body.len);
    s->answer_len += body.len;
}

static enum finding lost(struct sign_in *s)
{
    const bool stale = s->exchange->stale && !s->was_stale;
    s->was_stale |= stale;
    s->room->detail = s->exchange->fault;
    s->room->detail.at = FAULT_NOWHERE;
    fault_set(&s->room->detail, FAULT_NETWORK, FAULT_NOWHERE, "the connection was lost");
    end_talk(s);
    return stale ? FINDING_AT_ONCE : FINDING_AGAIN;
}

static enum finding talk(struct sign_in *s)
{
    for (;;) {
        switch (exchange_next(s->exchange, s->now_ms)) {
        case EXCHANGE_WAIT: return FINDING_WAIT;
        case EXCHANGE_SAY:
            if (say(s)) break;
            end_talk(s);
            fault_set(&s->room->detail, FAULT_CHANGED, FAULT_NOWHERE,
                      "the token file changed while it was sent");
            return FINDING_AGAIN;
        case EXCHANGE_HEADER: break;
        case EXCHANGE_HEAD:
            s->status = s->exchange->response.status;
            if (s->step != SIGN_IN_WEB_IDENTITY || begin_sts_answer(s)) break;
            end_talk(s);
            return bad_status(s);
        case EXCHANGE_BODY: take_body(s, s->exchange->response.body); break;
        case EXCHANGE_OVER: end_talk(s); return steps[s->step].hear(s);
        case EXCHANGE_LOST: return lost(s);
        }
    }
}

/* "credentials by web identity: ..." in front of what went wrong. */
static void tell(struct sign_in *s)
{
    const struct fault *detail = &s->room->detail;
    struct writer words = fault_begin(&s->fault, detail->kind, FAULT_NOWHERE);
    const bool in_credentials = s->step == SIGN_IN_CREDENTIALS_FILE;
    const char *path = in_credentials ? s->settings->credentials_path : s->settings->config_path;
    const bool named = in_credentials || s->step == SIGN_IN_CONFIG_FILE;
    if (steps[s->step].source != NULL) {
        writer_text(&words, steps[s->step].source);
    } else {
        writer_text(&words, "credentials of profile ");
        writer_quoted(&words, writer_end_of(span_text(s->settings->profile), 64));
        if (named) writer_text(&words, " of ");
        if (named && path != NULL) writer_visible(&words, writer_end_of(span_text(path), 80));
    }
    writer_text(&words, ": ");
    struct span what = span_of(detail->text, detail->len);
    writer_bytes(&words, span_cut(&what, span_min(what, words.room - words.len)));
    fault_put(&s->fault, &words);
}

static void tell_nowhere(struct sign_in *s)
{
    static const char *const metadata[] = {"no answer", "switched off by AWS_EC2_METADATA_DISABLED",
                                           "it refused", "the machine has no role"};
    struct writer words = fault_begin(&s->fault, FAULT_CONFIG, FAULT_NOWHERE);
    writer_text(&words,
                "there are no AWS credentials: none in the environment (AWS_ACCESS_KEY_ID), no web "
                "identity, no keys in profile ");
    writer_quoted(&words, writer_end_of(span_text(s->settings->profile), 40));
    writer_text(&words, " of ~/.aws, no container's endpoint, none of EC2's metadata (");
    writer_text(&words, metadata[s->metadata]);
    writer_text(&words, "); give this machine a role, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and "
                        "AWS_SECRET_ACCESS_KEY");
    fault_put(&s->fault, &words);
}

/* A renewal that failed can wait while the old ones are good. */
static enum sign_in_answer fail(struct sign_in *s)
{
    struct credentials *old = s->to;
    s->kept = !s->forced && credentials_are_usable(old, s->utc_ms);
    s->at = s->kept ? SIGN_IN_AT_DONE : SIGN_IN_AT_FAILED;
    sign_in_end(s);
    if (!s->kept) return SIGN_IN_FAILED;
    const int64_t last =
        old->expires_ms == INT64_MAX ? INT64_MAX : old->expires_ms - CREDENTIALS_MANDATORY_MS;
    const int64_t next = s->utc_ms + CREDENTIALS_AGAIN_MS;
    old->renew_ms = next < last ? next : last;
    return SIGN_IN_DONE;
}

static enum sign_in_answer fail_here(struct sign_in *s)
{
    tell(s);
    return fail(s);
}

static bool is_known(const struct sign_in *s)
{
    const struct credentials *fresh = &s->room->fresh;
    return span_equal(credentials_id(fresh), credentials_id(s->to)) &&
           span_equal(credentials_token(fresh), credentials_token(s->to));
}

/* Credentials that end soon are renewed half-way, not each time they are used. */
static enum sign_in_answer take(struct sign_in *s)
{
    struct credentials *fresh = &s->room->fresh;
    const int64_t left = fresh->expires_ms - s->utc_ms;
    if (left <= 0) {
        wrong(s, FAULT_SERVICE, "they have expired already; is this machine's clock right?");
        return fail_here(s);
    }
    if (s->forced && steps[s->step].hear == NULL && is_known(s)) {
        wrong(
            s, FAULT_CONFIG,
            "the service says that they have expired, or that the session token is not theirs, and "
            "there are no newer ones: renew them there");
        return fail_here(s);
    }
    if (fresh->renew_ms <= s->utc_ms)
        fresh->renew_ms =
            s->utc_ms + (left > 2 * CREDENTIALS_AGAIN_MS ? left / 2 : CREDENTIALS_AGAIN_MS);
    *s->to = *fresh;
    s->at = SIGN_IN_AT_DONE;
    sign_in_end(s);
    return SIGN_IN_DONE;
}

static enum finding proceed(struct sign_in *s)
{
    switch (s->at) {
    case SIGN_IN_AT_PAUSE:
        if (s->now_ms < s->until_ms) return FINDING_WAIT;
        s->at = SIGN_IN_AT_LOOK;
        break;
    case SIGN_IN_AT_TALK: return talk(s);
    case SIGN_IN_AT_LOOK:
    case SIGN_IN_AT_DONE:
    case SIGN_IN_AT_FAILED: break;
    }
    s->room->detail.kind = FAULT_NONE;
    return steps[s->step].look(s);
}

/* True: the step's tries are used up. */
static bool pause(struct sign_in *s)
{
    if (++s->tries >= SIGN_IN_TRIES_MAX) return true;
    s->at = SIGN_IN_AT_PAUSE;
    s->until_ms = s->now_ms + SIGN_IN_PAUSE_MS / 2 + s->chance % SIGN_IN_PAUSE_MS;
    return false;
}

static void go_to(struct sign_in *s, enum sign_in_step step)
{
    s->step = step;
    s->at = SIGN_IN_AT_LOOK;
    s->tries = 0;
    s->was_stale = false;
}

/* There is nothing behind EC2's metadata. */
static enum sign_in_step next_source(enum sign_in_step step)
{
    return step >= SIGN_IN_METADATA_TOKEN ? SIGN_IN_STEPS : step + 1;
}

enum sign_in_answer sign_in_turn(struct sign_in *s, uint64_t now_ms, int64_t utc_ms,
                                 uint64_t chance)
{
    if (s->at == SIGN_IN_AT_DONE) return SIGN_IN_DONE;
    if (s->at == SIGN_IN_AT_FAILED) return SIGN_IN_FAILED;
    s->now_ms = now_ms;
    s->utc_ms = utc_ms;
    s->chance = chance;
    while (s->step < SIGN_IN_STEPS) {
        switch (proceed(s)) {
        case FINDING_WAIT: return SIGN_IN_WAIT;
        case FINDING_CREDENTIALS: return take(s);
        case FINDING_WRONG: return fail_here(s);
        case FINDING_NOTHING: go_to(s, next_source(s->step)); break;
        case FINDING_STEP: go_to(s, s->step + 1); break;
        case FINDING_QUESTION: s->at = SIGN_IN_AT_TALK; break;
        case FINDING_AT_ONCE: s->at = SIGN_IN_AT_LOOK; break;
        case FINDING_NEW_TOKEN: go_to(s, SIGN_IN_METADATA_TOKEN); break;
        case FINDING_AGAIN:
            if (!pause(s)) break;
            /* Nobody there is no mistake: this is no machine of EC2's. */
            if (s->step != SIGN_IN_METADATA_TOKEN || s->metadata != METADATA_SILENT)
                return fail_here(s);
            go_to(s, SIGN_IN_STEPS);
            break;
        }
    }
    tell_nowhere(s);
    return fail(s);
}

struct port_want sign_in_want(const struct sign_in *s, uint64_t *until_ms)
{
    const struct port_want none = {.sock = -1};
    if (s->at == SIGN_IN_AT_TALK) return exchange_want(s->exchange, until_ms);
    if (s->at == SIGN_IN_AT_PAUSE && s->until_ms < *until_ms) *until_ms = s->until_ms;
    return none;
}
