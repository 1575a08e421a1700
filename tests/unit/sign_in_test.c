/* The chain against scripted services: what must be asked is typed from botocore's golden, the
 * documentation of ECS, EKS and EC2; so is what they answer. The exchange below is a double of
 * src/net's: it takes and gives few bytes at a time. */
#include "job/sign_in.h"
#include "machine.h"

#include <stdlib.h>

/* ---- scripted services ---- */

struct scene {
    const char *to;   /* http://host:port */
    const char *head; /* the whole request head */
    const char *body; /* NULL: none */
    unsigned status;  /* 0: no answer comes */
    const char *answer;
    bool stale;
    bool early; /* it answers when half of the body is said */
};

static struct {
    struct scene scenes[12];
    size_t count, at;
    size_t said, told;
    unsigned waits;
    bool open, headed;
    struct question question;
    uint64_t patience_ms[12];
    char body[70000];
    void (*on_say)(void);
} play;

static void scene(const char *to, const char *head, const char *body, unsigned status,
                  const char *answer)
{
    assert_true(play.count < 12);
    play.scenes[play.count++] = (struct scene){to, head, body, status, answer, false, false};
}

static const struct scene *now_playing(void)
{
    assert_true(play.at < play.count);
    return &play.scenes[play.at];
}

void connection_begin(struct connection *c, const struct endpoint *to, uint64_t now_ms)
{
    (void)now_ms;
    c->endpoint = *to;
}

void exchange_begin(struct exchange *x, struct connection *c, const struct question *q,
                    uint64_t now_ms)
{
    char to[400];
    (void)now_ms;
    assert_false(play.open);
    const struct scene *s = now_playing();
    assert_int_equal(strlen(c->endpoint.host), c->endpoint.host_len);
    snprintf(to, sizeof to, "http%s://%s:%u", c->endpoint.tls ? "s" : "", c->endpoint.host,
             c->endpoint.port);
    assert_string_equal(to, s->to);
    x->connection = c;
    x->fault = (struct fault){0};
    x->stale = false;
    memset(x->buffer, 'S', sizeof x->buffer);
    play.question = *q;
    play.patience_ms[play.at] = q->patience_ms;
    play.open = true;
    play.headed = false;
    play.said = play.told = 0;
    play.waits = 0;
    if (s->body != NULL) assert_int_equal(q->body_bytes, strlen(s->body));
    assert_false(q->is_head || q->expects_continue);
}

enum exchange_event exchange_next(struct exchange *x, uint64_t now_ms)
{
    const struct scene *s = now_playing();
    (void)now_ms;
    assert_true(play.open);
    if (play.waits++ % 3 == 0) return EXCHANGE_WAIT;
    if (play.said == 0 && !play.headed) {
        char head[SIGN_IN_HEAD_BYTES_MAX + 1];
        memcpy(head, play.question.head.at, play.question.head.len);
        head[play.question.head.len] = '\0';
        assert_string_equal(head, s->head);
    }
    if (play.said < play.question.body_bytes / (s->early ? 2 : 1)) return EXCHANGE_SAY;
    play.body[play.said] = '\0';
    if (s->body != NULL && !s->early) assert_string_equal(play.body, s->body);
    if (s->status == 0) {
        x->stale = s->stale;
        if (!s->stale) fault_set(&x->fault, FAULT_NETWORK, FAULT_NOWHERE, "no answer");
        return EXCHANGE_LOST;
    }
    if (!play.headed) {
        play.headed = true;
        x->response.status = s->status;
        return EXCHANGE_HEAD;
    }
    const size_t left = strlen(s->answer) - play.told;
    if (left == 0) return EXCHANGE_OVER;
    const size_t n = left < 11 ? left : (left + 1) / 2;
    memcpy(x->buffer, s->answer + play.told, n < sizeof x->buffer ? n : sizeof x->buffer);
    x->response.body = span_of(x->buffer, n < sizeof x->buffer ? n : sizeof x->buffer);
    play.told += x->response.body.len;
    return EXCHANGE_BODY;
}

void exchange_say(struct exchange *x, struct span *body, uint64_t now_ms)
{
    (void)x;
    (void)now_ms;
    assert_true(body->len > 0);
    if (play.on_say != NULL) play.on_say();
    const struct span some = span_cut(body, span_min(*body, 100));
    assert_true(play.said + some.len <= play.question.body_bytes &&
                play.said + some.len < sizeof play.body);
    memcpy(play.body + play.said, some.at, some.len);
    play.said += some.len;
}

struct port_want exchange_want(const struct exchange *x, uint64_t *until_ms)
{
    (void)x;
    if (*until_ms > 1) *until_ms -= 1;
    return (struct port_want){.sock = 7, .to_read = true};
}

void exchange_end(struct exchange *x)
{
    (void)x;
    if (play.open) play.at++;
    play.open = false;
}

/* ---- one sign-in ---- */

static struct aws_settings settings;
static struct sign_in_room *room;
static struct connection *connection;
static struct exchange *exchange;
static struct credentials ours;
static struct sign_in sign;
static uint64_t now_ms, paused_ms;
static const int64_t utc_ms = INT64_C(1790000000000); /* 2026-09-21T14:13:20Z */

static void begin(void)
{
    machine_clear();
    machine_set("HOME", "/h");
    machine_set("AWS_REGION", "ap-northeast-1");
    memset(&play, 0, sizeof play);
    memset(&ours, 0, sizeof ours);
    now_ms = 5000;
    paused_ms = 0;
}

static void no_metadata(void)
{
    machine_set("AWS_EC2_METADATA_DISABLED", "true");
}

static void check_wiped(void)
{
    static const struct sign_in_room none;
    assert_memory_equal(room, &none, sizeof none);
    for (size_t i = 0; play.at > 0 && i < sizeof exchange->buffer; i++)
        assert_int_equal(exchange->buffer[i], 0);
}

static enum sign_in_answer run(bool forced)
{
    struct fault fault = {0};
    struct settings_room *files = malloc(sizeof *files);
    assert_true(settings_read(&settings, NULL, files, &fault));
    free(files);
    sign_in_begin(&sign, &settings, connection, exchange, &ours, forced, room, sizeof *room);
    enum sign_in_answer answer;
    unsigned turns = 0;
    while ((answer = sign_in_turn(&sign, now_ms, utc_ms, 777)) == SIGN_IN_WAIT) {
        uint64_t until = UINT64_MAX;
        const struct port_want want = sign_in_want(&sign, &until);
        assert_true(until < UINT64_MAX && ++turns < 100000);
        assert_true(want.sock == 7 || until > now_ms);
        if (want.sock != 7) {
            paused_ms += until - now_ms;
            now_ms = until;
        }
    }
    check_wiped();
    assert_int_equal(play.at, play.count);
    assert_int_equal(sign_in_turn(&sign, now_ms, utc_ms, 777), answer);
    sign_in_end(&sign);
    sign.fault.text[sign.fault.len] = '\0';
    assert_null(strstr(sign.fault.text, "SEKRIT"));
    assert_int_equal(sign.fault.kind != FAULT_NONE, answer == SIGN_IN_FAILED || sign.kept);
    return answer;
}

static void check_found(const char *id, const char *secret, const char *token)
{
    assert_int_equal(run(false), SIGN_IN_DONE);
    assert_false(sign.kept);
    assert_true(span_is(credentials_id(&ours), id));
    assert_true(span_is(span_of(ours.secret, ours.secret_len), secret));
    assert_true(span_is(credentials_token(&ours), token));
}

static void check_failed(enum fault_kind kind, const char *words)
{
    static const struct credentials none;
    assert_int_equal(run(false), SIGN_IN_FAILED);
    if (strstr(sign.fault.text, words) == NULL) assert_string_equal(sign.fault.text, words);
    assert_int_equal(sign.fault.kind, kind);
    assert_memory_equal(&ours, &none, sizeof none);
}

static void nowhere(void **state)
{
    (void)state;
    begin();
    no_metadata();
    check_failed(
        FAULT_CONFIG,
        "there are no AWS credentials: none in the environment (AWS_ACCESS_KEY_ID), no web "
        "identity, "
        "no keys in profile \"default\" of ~/.aws, no container's endpoint, none of EC2's metadata "
        "(switched off by AWS_EC2_METADATA_DISABLED); give this machine a role, or set "
        "AWS_PROFILE, "
        "or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
    printf("# room %zu, sign_in %zu, settings %zu, credentials %zu bytes\n", sizeof *room,
           sizeof sign, sizeof settings, sizeof ours);
}

static void environment(void **state)
{
    (void)state;
    begin();
    machine_file("/h/.aws/credentials",
                 "[default]\naws_access_key_id=F\naws_secret_access_key=G\n");
    machine_set("AWS_ACCESS_KEY_ID", "AKID");
    check_failed(
        FAULT_CONFIG,
        "credentials of the environment (AWS_ACCESS_KEY_ID): the secret access key is missing");
    machine_set("AWS_SECRET_ACCESS_KEY", "SEKRIT");
    check_found("AKID", "SEKRIT", "");
    assert_true(ours.expires_ms == INT64_MAX);
    machine_set("AWS_SESSION_TOKEN", "SEKRIT2");
    check_found("AKID", "SEKRIT", "SEKRIT2");
    /* 2026-09-21T16:13:20Z is two hours later. */
    machine_set("AWS_CREDENTIAL_EXPIRATION", "2026-09-21T16:13:20Z");
    check_found("AKID", "SEKRIT", "SEKRIT2");
    assert_true(ours.expires_ms == utc_ms + 7200000);
    memset(&ours, 0, sizeof ours);
    machine_set("AWS_CREDENTIAL_EXPIRATION", "2026-09-21T14:13:20Z");
    check_failed(FAULT_SERVICE, "they have expired already; is this machine's clock right?");
    machine_set("AWS_CREDENTIAL_EXPIRATION", "SEKRIT");
    check_failed(FAULT_CONFIG, "AWS_CREDENTIAL_EXPIRATION is no time");
    machine_set("AWS_CREDENTIAL_EXPIRATION", "");
    machine_set("AWS_SESSION_TOKEN", "SEK RIT");
    check_failed(FAULT_CONFIG,
                 "the session token has a blank, a line end or another byte in it that none has");
    machine_set("AWS_ACCESS_KEY_ID", "");
    check_found("F", "G", "");
}

/* The service does not take them any more: the same ones are no news. */
static void forced(void **state)
{
    (void)state;
    begin();
    machine_set("AWS_ACCESS_KEY_ID", "AKID");
    machine_set("AWS_SECRET_ACCESS_KEY", "SEKRIT");
    machine_set("AWS_SESSION_TOKEN", "SEKRIT2");
    check_found("AKID", "SEKRIT", "SEKRIT2");
    assert_int_equal(run(true), SIGN_IN_FAILED);
    assert_non_null(strstr(sign.fault.text, "there are no newer ones"));
    assert_true(span_is(credentials_id(&ours), "AKID"));
    machine_set("AWS_SESSION_TOKEN", "SEKRIT3");
    assert_int_equal(run(true), SIGN_IN_DONE);
    assert_true(span_is(credentials_token(&ours), "SEKRIT3"));
    begin();
    machine_file("/h/.aws/credentials",
                 "[default]\naws_access_key_id=F\naws_secret_access_key=G\n");
    check_found("F", "G", "");
    assert_int_equal(run(true), SIGN_IN_FAILED);
    machine_file("/h/.aws/credentials",
                 "[default]\naws_access_key_id=F2\naws_secret_access_key=G\n");
    assert_int_equal(run(true), SIGN_IN_DONE);
    assert_true(span_is(credentials_id(&ours), "F2"));
}

static void files(void **state)
{
    (void)state;
    begin();
    no_metadata();
    machine_file(
        "/h/.aws/config",
        "[default]\naws_access_key_id=C\naws_secret_access_key=D\n[profile p]\nregion=x-1\n");
    check_found("C", "D", "");
    machine_file(
        "/h/.aws/credentials",
        "[default]\nAWS_ACCESS_KEY_ID = A\naws_secret_access_key = B \naws_session_token = T\n"
        "aws_security_token = old\n[p]\naws_access_key_id=E\naws_secret_access_key=F\n"
        "aws_security_token=U\n[q]\naws_access_key_id=SEKRIT\n[r]\naws_secret_access_key=SEKRIT\n"
        "[s]\naws_access_key_id=a\naws_secret_access_key=SEK\n  RIT\n[t]\nSEKRIT\n");
    check_found("A", "B", "T");
    machine_set("AWS_PROFILE", "p");
    check_found("E", "F", "U");
    memset(&ours, 0, sizeof ours);
    machine_set("AWS_PROFILE", "q");
    check_failed(
        FAULT_CONFIG,
        "credentials of profile \"q\" of /h/.aws/credentials: the secret access key is missing");
    machine_set("AWS_PROFILE", "r"); /* without an id it is nobody's: as if it were not there */
    check_failed(FAULT_CONFIG, "there are no AWS credentials");
    machine_set("AWS_PROFILE", "s");
    check_failed(FAULT_CONFIG, "a key goes on in the next line");
    static char text[400] = "[default]\naws_access_key_id = ";
    memset(text + strlen(text), 'S', 200);
    machine_file("/h/.aws/credentials", text);
    machine_set("AWS_PROFILE", "");
    check_failed(FAULT_CONFIG, "a key is longer than any that AWS gives");
}

static void not_supported(void **state)
{
    (void)state;
    static const struct {
        const char *config, *words;
    } ways[] = {
        {"role_arn = arn:aws:iam::123456789012:role/r\nsource_profile = x\n",
         "(role_arn with source_profile or"},
        {"role_arn = arn:aws:iam::123456789012:role/r\ncredential_source = Environment\n",
         "(role_arn with source_profile or"},
        {"role_arn = arn:aws:iam::123456789012:role/r\n", "(role_arn with source_profile or"},
        {"sso_session = x\nsso_account_id = 123456789012\nsso_role_name = SEKRIT\n",
         "IAM Identity Center"},
        {"credential_process = /bin/SEKRIT\n",
         "credential_process and login_session are not supported"},
        {"login_session = SEKRIT\n", "credential_process and login_session are not supported"},
    };
    char config[400];
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        begin();
        snprintf(config, sizeof config, "[default]\n%s", ways[i].config);
        machine_file("/h/.aws/config", config);
        check_failed(FAULT_CONFIG, ways[i].words);
        /* Where it would not be the way, nothing is said. */
        machine_set("AWS_ACCESS_KEY_ID", "A");
        machine_set("AWS_SECRET_ACCESS_KEY", "B");
        check_found("A", "B", "");
    }
    begin();
    machine_file("/h/.aws/config", "[default]\ncredential_process = x\n");
    machine_file("/h/.aws/credentials",
                 "[default]\naws_access_key_id=F\naws_secret_access_key=G\n");
    check_found("F", "G", "");
}

/* ---- web identity ---- */

#define STS "https://sts.ap-northeast-1.amazonaws.com:443"
#define STS_HEAD(n)                                                                                \
    "POST / HTTP/1.1\r\nHost: sts.ap-northeast-1.amazonaws.com\r\nContent-Type: "                  \
    "application/x-www-form-urlencoded; charset=utf-8\r\nContent-Length: " n "\r\n\r\n"
#define STS_BODY                                                                                   \
    "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%"              \
    "3A123456789012%3Arole%2Fr&"                                                                   \
    "RoleSessionName=rusuden&WebIdentityToken=tok.en"
#define STS_GOOD(end)                                                                              \
    "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>"            \
    "<AccessKeyId>ASIA</AccessKeyId><SecretAccessKey>SEKRIT</"                                     \
    "SecretAccessKey><SessionToken>SEKRIT2</SessionToken>"                                         \
    "<Expiration>" end "</Expiration></Credentials></AssumeRoleWithWebIdentityResult></"           \
    "AssumeRoleWithWebIdentityResponse>"
#define STS_ERROR(code)                                                                            \
    "<ErrorResponse><Error><Code>" code "</Code><Message>SEKRIT</Message></Error></ErrorResponse>"
#define HOUR_LATER "2026-09-21T15:13:20Z"

static void sts(unsigned status, const char *answer)
{
    scene(STS, STS_HEAD("152"), STS_BODY, status, answer);
}

static void begin_sts(void)
{
    begin();
    machine_set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/r");
    machine_set("AWS_WEB_IDENTITY_TOKEN_FILE", "/token");
    machine_file("/token", "tok.en");
    machine.piece = 4;
}

static void web_identity(void **state)
{
    (void)state;
    begin_sts();
    sts(200, STS_GOOD(HOUR_LATER));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    assert_true(ours.expires_ms == utc_ms + 3600000);
    assert_true(ours.renew_ms == utc_ms + 2700000);
    assert_int_equal(play.patience_ms[0], STS_PATIENCE_MS);
    /* Again, with another token under the same name, and an editor's line end. */
    machine_file("/token", "TOK.EN\n");
    scene(STS, STS_HEAD("152"),
          "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%"
          "3A123456789012%3Arole%2Fr&"
          "RoleSessionName=rusuden&WebIdentityToken=TOK.EN",
          200, STS_GOOD(HOUR_LATER));
    assert_int_equal(run(true), SIGN_IN_DONE);
    /* Everything of the profile's. */
    begin();
    machine_file(
        "/h/.aws/config",
        "[default]\nrole_arn=arn:aws:iam::123456789012:role/r\nweb_identity_token_file=/t\n"
        "role_session_name=a=b\nendpoint_url = http://localhost:4566/x\n");
    machine_file("/t", "a b");
    scene("http://localhost:4566",
          "POST /x/ HTTP/1.1\r\nHost: localhost:4566\r\nContent-Type: "
          "application/x-www-form-urlencoded; charset=utf-8\r\n"
          "Content-Length: 151\r\n\r\n",
          "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%"
          "3A123456789012%3Arole%2Fr&"
          "RoleSessionName=a%3Db&WebIdentityToken=a%20b12",
          200, STS_GOOD(HOUR_LATER));
    machine_file("/t", "a b12\r\n \t\n");
    check_found("ASIA", "SEKRIT", "SEKRIT2");
}

static void web_identity_tries(void **state)
{
    (void)state;
    begin_sts();
    sts(500, "SEKRIT");
    sts(400, STS_ERROR("IDPCommunicationError"));
    sts(200, STS_GOOD(HOUR_LATER));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    assert_int_equal(paused_ms, 2 * (SIGN_IN_PAUSE_MS / 2 + 777));
    begin_sts();
    sts(0, NULL);
    play.scenes[0].stale = true;
    sts(0, NULL);
    sts(200, "<SEKRIT>");
    sts(200, STS_GOOD(HOUR_LATER));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    /* A connection that is stale for ever is a lost one. */
    begin_sts();
    for (size_t i = 0; i < 4; i++) {
        sts(0, NULL);
        play.scenes[i].stale = true;
    }
    check_failed(FAULT_NETWORK, "credentials by web identity: the connection was lost");
    begin_sts();
    sts(503, "");
    sts(503, "");
    sts(503, "SEKRIT");
    check_failed(FAULT_SERVICE, "credentials by web identity: STS answered 503");
    begin_sts();
    sts(400, STS_ERROR("InvalidIdentityToken")); /* half of it was the one before? */
    sts(200, STS_GOOD(HOUR_LATER));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    begin_sts();
    sts(400, STS_ERROR("ExpiredTokenException"));
    check_failed(FAULT_SERVICE,
                 "credentials by web identity: STS answered 400, ExpiredTokenException: the web");
    begin_sts();
    sts(403, STS_ERROR("SEKRIT"));
    check_failed(FAULT_SERVICE, "credentials by web identity: STS answered 403");
    begin_sts();
    sts(200, STS_GOOD("2026-09-21T14:13:20Z"));
    check_failed(FAULT_SERVICE, "credentials by web identity: they have expired already");
}

/* The answer's room is the question's: nobody answers well before the question is over. */
static void web_identity_answered_early(void **state)
{
    (void)state;
    begin_sts();
    sts(503, "SEKRIT");
    play.scenes[0].early = true;
    sts(200, STS_GOOD(HOUR_LATER));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    begin_sts();
    sts(413, "SEKRIT");
    play.scenes[0].early = true;
    check_failed(FAULT_SERVICE, "credentials by web identity: it answered 413");
    begin_sts();
    sts(200, STS_GOOD(HOUR_LATER));
    play.scenes[0].early = true;
    check_failed(FAULT_SERVICE, "credentials by web identity: it answered 200");
}

static void web_identity_set_up_badly(void **state)
{
    (void)state;
    begin_sts();
    machine_set("AWS_ROLE_ARN", "");
    check_failed(FAULT_CONFIG, "there is a token file, but no role: set AWS_ROLE_ARN");
    begin_sts();
    machine_set("AWS_WEB_IDENTITY_TOKEN_FILE", "/nowhere");
    check_failed(FAULT_CONFIG,
                 "the token cannot be read from \"/nowhere\" (AWS_WEB_IDENTITY_TOKEN_FILE)");
    begin_sts();
    machine_file("/token", " \n");
    check_failed(FAULT_CONFIG, "there is no token in \"/token\"");
    begin_sts();
    machine_set("AWS_REGION", "");
    check_failed(FAULT_CONFIG, "the region is not known: set AWS_REGION");
    /* A role of the environment's alone is no way. */
    begin_sts();
    machine_set("AWS_WEB_IDENTITY_TOKEN_FILE", "");
    no_metadata();
    check_failed(FAULT_CONFIG, "there are no AWS credentials");
}

static void longest_token(void **state)
{
    (void)state;
    static char token[WEB_IDENTITY_TOKEN_BYTES_MAX + 2], body[70000];
    memset(token, '+', WEB_IDENTITY_TOKEN_BYTES_MAX);
    begin_sts();
    machine.piece = 0;
    machine_file("/token", token);
    size_t len = strlen(STS_BODY) - strlen("tok.en");
    memcpy(body, STS_BODY, len);
    for (size_t i = 0; i < WEB_IDENTITY_TOKEN_BYTES_MAX; i++, len += 3)
        memcpy(body + len, "%2B", 4);
    assert_int_equal(len, 60146);
    scene(STS, STS_HEAD("60146"), body, 200, STS_GOOD(HOUR_LATER));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    begin_sts();
    token[WEB_IDENTITY_TOKEN_BYTES_MAX] = '+';
    machine_file("/token", token);
    check_failed(FAULT_LIMIT, "the token in the file is longer than STS takes");
}

static void grow(void)
{
    machine_file("/token", "longer+token");
}

static void shrink(void)
{
    machine_file("/token", "t");
}

/* Renewed between measuring and sending. */
static void token_changes(void **state)
{
    (void)state;
    begin_sts();
    sts(200, STS_GOOD(HOUR_LATER));
    sts(200, STS_GOOD(HOUR_LATER));
    play.scenes[0].body = play.scenes[1].body = NULL;
    play.scenes[1].head = STS_HEAD("147");
    play.on_say = shrink;
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    begin_sts();
    sts(200, STS_GOOD(HOUR_LATER));
    sts(200, STS_GOOD(HOUR_LATER));
    play.scenes[0].body = play.scenes[1].body = NULL;
    machine_file("/token", "longer");
    play.scenes[1].head = STS_HEAD("160");
    play.on_say = grow;
    check_found("ASIA", "SEKRIT", "SEKRIT2");
}

/* ---- containers ---- */

#define JSON(end)                                                                                  \
    "{\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"SEKRIT\",\"Token\":\"SEKRIT2\","              \
    "\"Expiration\":\"" end "\"}"

static void containers(void **state)
{
    (void)state;
    begin();
    machine_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/4d0f-1?a=b");
    machine_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://evil.example/");
    machine_set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic SEKRIT");
    scene("http://169.254.170.2:80",
          "GET /v2/credentials/4d0f-1?a=b HTTP/1.1\r\nHost: 169.254.170.2\r\nAccept: "
          "application/json\r\n"
          "Authorization: Basic SEKRIT\r\n\r\n",
          NULL, 200, JSON(HOUR_LATER));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    assert_int_equal(play.patience_ms[0], CONTAINER_PATIENCE_MS);
    /* EKS Pod Identity; the file wins over the variable, and is read again. */
    begin();
    machine_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.23/v1/credentials");
    machine_set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "SEKRIT");
    machine_set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/token");
    machine.piece = 3;
    machine_file("/token", "one.two");
    scene("http://169.254.170.23:80",
          "GET /v1/credentials HTTP/1.1\r\nHost: 169.254.170.23\r\nAccept: "
          "application/json\r\nAuthorization: one.two\r\n\r\n",
          NULL, 500, "SEKRIT");
    scene("http://169.254.170.23:80",
          "GET /v1/credentials HTTP/1.1\r\nHost: 169.254.170.23\r\nAccept: "
          "application/json\r\nAuthorization: one.two\r\n\r\n",
          NULL, 200, JSON(HOUR_LATER));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    machine_file("/token", "three");
    scene("http://169.254.170.23:80",
          "GET /v1/credentials HTTP/1.1\r\nHost: 169.254.170.23\r\nAccept: "
          "application/json\r\nAuthorization: three\r\n\r\n",
          NULL, 200, JSON("2026-09-21T14:23:20Z"));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    /* Ten minutes are left: the next time in five. */
    assert_true(ours.renew_ms == utc_ms + 300000);
}

static void container_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *uri, *to, *host;
    } good[] = {
        {"http://localhost:1338/p", "http://localhost:1338", "localhost:1338"},
        {"http://127.0.0.1/p", "http://127.0.0.1:80", "127.0.0.1"},
        {"http://127.255.255.254:8/p", "http://127.255.255.254:8", "127.255.255.254:8"},
        {"http://[::1]/p", "http://::1:80", "[::1]"},
        {"http://[fd00:ec2::23]/p", "http://fd00:ec2::23:80", "[fd00:ec2::23]"},
        {"http://169.254.170.2/p", "http://169.254.170.2:80", "169.254.170.2"},
        {"https://any.example/p", "https://any.example:443", "any.example"},
    };
    static const char *const bad[] = {
        "http://any.example/",       "http://127.0.0.1.example/", "http://127.0.0/",
        "http://127.0.0.1.2/",       "http://128.0.0.1/",         "http://169.254.169.254/",
        "http://localhost.example/", "http://169.254.170.22/",    "http://127.0.0.256/",
        "http://[fd00:ec2::24]/",    "ftp://localhost/",          "SEKRIT",
        "http://SEKRIT@localhost/"};
    char head[200];
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        begin();
        machine_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", good[i].uri);
        snprintf(head, sizeof head,
                 "GET /p HTTP/1.1\r\nHost: %s\r\nAccept: application/json\r\n\r\n", good[i].host);
        scene(good[i].to, head, NULL, 200, JSON(HOUR_LATER));
        check_found("ASIA", "SEKRIT", "SEKRIT2");
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin();
        machine_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", bad[i]);
        check_failed(FAULT_CONFIG, "AWS_CONTAINER_CREDENTIALS_FULL_URI must be http");
    }
}

#define CONTAINER_HEAD "GET /p HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"

static void begin_container(unsigned status, const char *answer, size_t times)
{
    begin();
    machine_set("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://localhost/p");
    for (size_t i = 0; i < times; i++)
        scene("http://localhost:80", CONTAINER_HEAD, NULL, status, answer);
}

static void containers_that_fail(void **state)
{
    (void)state;
    static char large[SIGN_IN_ANSWER_BYTES_MAX + 2];
    memset(large, ' ', SIGN_IN_ANSWER_BYTES_MAX + 1);
    begin_container(200, large, 1);
    check_failed(FAULT_LIMIT, "longer than any with credentials in it");
    begin_container(200, "{\"SEKRIT\"", 3);
    check_failed(FAULT_SERVICE, "credentials of the container's endpoint: the answer is not JSON");
    begin_container(0, NULL, 3);
    check_failed(FAULT_NETWORK, "credentials of the container's endpoint: no answer");
    begin_container(403, "SEKRIT", 1);
    check_failed(FAULT_SERVICE, "credentials of the container's endpoint: it answered 403");
    begin_container(429, "SEKRIT", 3);
    check_failed(FAULT_SERVICE, "credentials of the container's endpoint: it answered 429");
    begin_container(200, "", 0);
    machine_set("AWS_CONTAINER_AUTHORIZATION_TOKEN", "SEKRIT\r\nX: y");
    check_failed(FAULT_CONFIG, "has a line end or another control byte in it");
    begin_container(200, "", 0);
    machine_set("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/t");
    check_failed(FAULT_CONFIG, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE names cannot be read");
    machine_file("/t", "SEKRIT\n");
    check_failed(FAULT_CONFIG, "has a line end or another control byte in it");
    memset(large, 'S', CONTAINER_TOKEN_BYTES_MAX + 1);
    large[CONTAINER_TOKEN_BYTES_MAX + 1] = '\0';
    machine_file("/t", large);
    check_failed(FAULT_LIMIT, "longer than 2048 bytes");
    begin();
    machine_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "SEKRIT");
    check_failed(FAULT_CONFIG, "must begin with \"/\"");
    machine_set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/%SEKRIT");
    check_failed(FAULT_CONFIG, "the question cannot be asked");
}

/* ---- EC2 ---- */

#define EC2 "http://169.254.169.254:80"
#define EC2_TOKEN                                                                                  \
    "PUT /latest/api/token HTTP/1.1\r\nHost: "                                                     \
    "169.254.169.254\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"                           \
    "Content-Length: 0\r\n\r\n"
#define EC2_ASK(role)                                                                              \
    "GET /latest/meta-data/iam/security-credentials/" role                                         \
    " HTTP/1.1\r\nHost: 169.254.169.254\r\n"                                                       \
    "x-aws-ec2-metadata-token: AQAA==\r\n\r\n"
#define EC2_JSON(code, end)                                                                        \
    "{\"Code\":\"" code                                                                            \
    "\",\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"SEKRIT\",\"Token\":\"SEKRIT2\","            \
    "\"Expiration\":\"" end "\"}"

static void begin_metadata(unsigned token, unsigned list, const char *roles, unsigned keys,
                           const char *answer)
{
    begin();
    scene(EC2, EC2_TOKEN, NULL, token, "AQAA==");
    if (list != 0) scene(EC2, EC2_ASK(""), NULL, list, roles);
    if (keys != 0) scene(EC2, EC2_ASK("my-role"), NULL, keys, answer);
}

static void metadata(void **state)
{
    (void)state;
    begin_metadata(200, 200, "my-role", 200, EC2_JSON("Success", HOUR_LATER));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    assert_int_equal(play.patience_ms[0], METADATA_PATIENCE_MS);
    begin_metadata(200, 200, "my-role\nother", 503, "SEKRIT");
    scene(EC2, EC2_ASK("my-role"), NULL, 200, EC2_JSON("Success", HOUR_LATER));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    begin();
    machine_set("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv6");
    scene("http://fd00:ec2::254:80",
          "PUT /latest/api/token HTTP/1.1\r\nHost: "
          "[fd00:ec2::254]\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"
          "Content-Length: 0\r\n\r\n",
          NULL, 403, "");
    check_failed(FAULT_CONFIG, "none of EC2's metadata (it refused)");
    begin();
    machine_set("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://localhost:1338/x/");
    scene("http://localhost:1338",
          "PUT /x/latest/api/token HTTP/1.1\r\nHost: "
          "localhost:1338\r\nx-aws-ec2-metadata-token-ttl-seconds: 21600\r\n"
          "Content-Length: 0\r\n\r\n",
          NULL, 404, "");
    check_failed(FAULT_CONFIG, "none of EC2's metadata (it refused)");
}

/* What was asked last is asked until all tries are used. */
static void again(void)
{
    for (unsigned try = 1; try < SIGN_IN_TRIES_MAX; try++) {
        const struct scene *last = &play.scenes[play.count - 1];
        scene(last->to, last->head, last->body, last->status, last->answer);
    }
}

/* A token that is taken no more: the second one is. */
static void metadata_wants_another_token(void **state)
{
    (void)state;
    begin_metadata(200, 401, "SEKRIT", 0, NULL);
    scene(EC2, EC2_TOKEN, NULL, 200, "AQAA==");
    scene(EC2, EC2_ASK(""), NULL, 200, "my-role");
    scene(EC2, EC2_ASK("my-role"), NULL, 200, EC2_JSON("Success", HOUR_LATER));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
}

static void metadata_that_fails(void **state)
{
    (void)state;
    begin_metadata(0, 0, NULL, 0, NULL);
    again();
    check_failed(FAULT_CONFIG, "none of EC2's metadata (no answer)");
    begin_metadata(200, 404, "SEKRIT", 0, NULL);
    check_failed(FAULT_CONFIG, "none of EC2's metadata (the machine has no role)");
    begin_metadata(200, 200, "", 0, NULL);
    again();
    check_failed(FAULT_SERVICE, "it names no role");
    begin_metadata(200, 200, "SEKRIT/..", 0, NULL);
    again();
    check_failed(FAULT_SERVICE, "its answer is no name of a role");
    begin_metadata(503, 0, NULL, 0, NULL);
    again();
    check_failed(FAULT_SERVICE, "credentials of EC2's metadata: it answered 503");
    begin_metadata(200, 200, "my-role", 200, EC2_JSON("Failed", HOUR_LATER));
    again();
    check_failed(FAULT_SERVICE, "EC2 could not take on the machine's role");
    begin_metadata(200, 200, "my-role", 401, "SEKRIT");
    scene(EC2, EC2_TOKEN, NULL, 200, "AQAA==");
    scene(EC2, EC2_ASK(""), NULL, 200, "my-role");
    scene(EC2, EC2_ASK("my-role"), NULL, 401, "SEKRIT");
    check_failed(FAULT_SERVICE, "it answered 401");
    begin_metadata(200, 0, NULL, 0, NULL);
    play.scenes[0].answer = "SEK RIT";
    again();
    check_failed(FAULT_SERVICE, "its answer is no token");
    static char large[METADATA_TOKEN_BYTES_MAX + 2];
    memset(large, 'S', METADATA_TOKEN_BYTES_MAX + 1);
    begin_metadata(200, 0, NULL, 0, NULL);
    play.scenes[0].answer = large;
    again();
    check_failed(FAULT_SERVICE, "its answer is no token");
}

/* EC2 hands out old ones while IAM is ill: they are used, and asked for again in 2 to 10
 * minutes. */
static void metadata_of_yesterday(void **state)
{
    (void)state;
    begin_metadata(200, 200, "my-role", 200, EC2_JSON("Success", "2026-09-20T00:00:00Z"));
    check_found("ASIA", "SEKRIT", "SEKRIT2");
    assert_true(ours.renew_ms == utc_ms + 120777);
    assert_true(ours.expires_ms == ours.renew_ms + 600000);
    assert_true(credentials_are_usable(&ours, utc_ms));
}

/* ---- renewal ---- */

static void old_ones(int64_t left_ms)
{
    struct fault fault = {0};
    assert_true(credentials_set(&ours, span_text("OLD"), span_text("SEKRIT"), span_text("SEKRIT"),
                                utc_ms + left_ms, &fault));
}

static void renewal_that_can_wait(void **state)
{
    (void)state;
    const int64_t minute = 60000;
    begin_container(0, NULL, 3);
    old_ones(14 * minute);
    assert_true(credentials_are_due(&ours, utc_ms));
    assert_int_equal(run(false), SIGN_IN_DONE);
    assert_true(sign.kept);
    assert_true(span_is(credentials_id(&ours), "OLD"));
    assert_true(ours.renew_ms == utc_ms + minute && ours.expires_ms == utc_ms + 14 * minute);
    assert_false(credentials_are_due(&ours, utc_ms));
    begin_container(0, NULL, 3);
    old_ones(10 * minute + 1000);
    assert_int_equal(run(false), SIGN_IN_DONE);
    assert_true(ours.renew_ms == utc_ms + 1000);
    begin_container(0, NULL, 3);
    old_ones(10 * minute);
    assert_int_equal(run(false), SIGN_IN_FAILED);
    assert_true(span_is(credentials_id(&ours), "OLD"));
    begin_container(0, NULL, 3);
    old_ones(14 * minute);
    assert_int_equal(run(true), SIGN_IN_FAILED);
    /* EC2's metadata were there before: it is asked more than once. */
    begin();
    for (size_t i = 0; i < 3; i++)
        scene(EC2, EC2_TOKEN, NULL, 0, NULL);
    old_ones(14 * minute);
    assert_int_equal(run(false), SIGN_IN_DONE);
    assert_true(sign.kept);
    /* What comes is taken. */
    begin_container(200, JSON(HOUR_LATER), 1);
    old_ones(5 * minute);
    assert_int_equal(run(false), SIGN_IN_DONE);
    assert_true(span_is(credentials_id(&ours), "ASIA"));
}

/* Whoever gives up half-way leaves nothing behind. */
static void given_up(void **state)
{
    (void)state;
    struct fault fault = {0};
    begin_sts();
    sts(200, STS_GOOD(HOUR_LATER));
    struct settings_room *memory = malloc(sizeof *memory);
    assert_true(settings_read(&settings, NULL, memory, &fault));
    free(memory);
    sign_in_begin(&sign, &settings, connection, exchange, &ours, false, room, sizeof *room);
    for (int i = 0; i < 5; i++)
        assert_int_equal(sign_in_turn(&sign, now_ms, utc_ms, 1), SIGN_IN_WAIT);
    assert_true(play.open);
    sign_in_end(&sign);
    assert_false(play.open);
    check_wiped();
    sign_in_end(&sign);
    assert_int_equal(sign_in_turn(&sign, now_ms, utc_ms, 1), SIGN_IN_FAILED);
    assert_int_equal(sign.fault.kind, FAULT_REFUSED);
    assert_int_equal(ours.id_len, 0);
}

static int set_up(void **state)
{
    (void)state;
    room = malloc(sizeof *room);
    connection = calloc(1, sizeof *connection);
    exchange = calloc(1, sizeof *exchange);
    return room == NULL || connection == NULL || exchange == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    free(room);
    free(connection);
    free(exchange);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nowhere),
        cmocka_unit_test(environment),
        cmocka_unit_test(forced),
        cmocka_unit_test(files),
        cmocka_unit_test(not_supported),
        cmocka_unit_test(web_identity),
        cmocka_unit_test(web_identity_tries),
        cmocka_unit_test(web_identity_set_up_badly),
        cmocka_unit_test(web_identity_answered_early),
        cmocka_unit_test(longest_token),
        cmocka_unit_test(token_changes),
        cmocka_unit_test(containers),
        cmocka_unit_test(container_hosts),
        cmocka_unit_test(containers_that_fail),
        cmocka_unit_test(metadata),
        cmocka_unit_test(metadata_wants_another_token),
        cmocka_unit_test(metadata_that_fails),
        cmocka_unit_test(metadata_of_yesterday),
        cmocka_unit_test(renewal_that_can_wait),
        cmocka_unit_test(given_up),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
