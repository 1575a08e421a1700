#include "aws/settings.h"

#include "aws/credentials.h"
#include "text/uri.h"

/* "AWS SDKs and Tools Reference Guide", settings reference: environment variables and config file
 * settings. */
static const struct row {
    const char *variable, *second; /* of the environment */
    const char *key;               /* of the profile; "s3.x": x, indented under s3 */
    bool is_mark;                  /* only that it is there counts: its value is not kept */
} rows[SETTING_COUNT] = {
    [SETTING_REGION] = {"AWS_REGION", "AWS_DEFAULT_REGION", "region", false},
    [SETTING_CA_BUNDLE] = {"AWS_CA_BUNDLE", NULL, "ca_bundle", false},
    [SETTING_FIPS] = {"AWS_USE_FIPS_ENDPOINT", NULL, "use_fips_endpoint", false},
    [SETTING_DUALSTACK] = {"AWS_USE_DUALSTACK_ENDPOINT", NULL, "use_dualstack_endpoint", false},
    [SETTING_MAX_ATTEMPTS] = {"AWS_MAX_ATTEMPTS", NULL, "max_attempts", false},
    [SETTING_RETRY_MODE] = {"AWS_RETRY_MODE", NULL, "retry_mode", false},
    [SETTING_CHECKSUMS] = {"AWS_REQUEST_CHECKSUM_CALCULATION", NULL, "request_checksum_calculation",
                           false},
    [SETTING_ADDRESSING] = {NULL, NULL, "s3.addressing_style", false},
    [SETTING_SERVICES] = {NULL, NULL, "services", false},
    [SETTING_IGNORE_URLS] = {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", NULL,
                             "ignore_configured_endpoint_urls", false},
    [SETTING_PROFILE_URL] = {NULL, NULL, "endpoint_url", false},
    [SETTING_URL] = {"AWS_ENDPOINT_URL", NULL, NULL, false},
    [SETTING_SERVICE_URL + SERVICE_S3] = {"AWS_ENDPOINT_URL_S3", NULL, NULL, false},
    [SETTING_SERVICE_URL + SERVICE_STS] = {"AWS_ENDPOINT_URL_STS", NULL, NULL, false},
    [SETTING_SERVICE_URL + SERVICE_SNS] = {"AWS_ENDPOINT_URL_SNS", NULL, NULL, false},
    [SETTING_SERVICE_URL + SERVICE_SQS] = {"AWS_ENDPOINT_URL_SQS", NULL, NULL, false},
    [SETTING_SERVICE_URL + SERVICE_EVENTS] = {"AWS_ENDPOINT_URL_EVENTBRIDGE", NULL, NULL, false},
    [SETTING_SERVICE_URL +
        SERVICE_KINESISVIDEO] = {"AWS_ENDPOINT_URL_KINESIS_VIDEO", NULL, NULL, false},
    [SETTING_ROLE_ARN] = {"AWS_ROLE_ARN", NULL, "role_arn", false},
    [SETTING_TOKEN_FILE] = {"AWS_WEB_IDENTITY_TOKEN_FILE", NULL, "web_identity_token_file", false},
    [SETTING_SESSION_NAME] = {"AWS_ROLE_SESSION_NAME", NULL, "role_session_name", false},
    [SETTING_CONTAINER_RELATIVE] = {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", NULL, NULL, false},
    [SETTING_CONTAINER_FULL] = {"AWS_CONTAINER_CREDENTIALS_FULL_URI", NULL, NULL, false},
    [SETTING_CONTAINER_TOKEN_FILE] = {"AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", NULL, NULL, false},
    [SETTING_METADATA_DISABLED] = {"AWS_EC2_METADATA_DISABLED", NULL, NULL, false},
    [SETTING_METADATA_URL] = {"AWS_EC2_METADATA_SERVICE_ENDPOINT", NULL,
                              "ec2_metadata_service_endpoint", false},
    [SETTING_METADATA_MODE] = {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", NULL,
                               "ec2_metadata_service_endpoint_mode", false},
    [SETTING_SOURCE_PROFILE] = {NULL, NULL, "source_profile", true},
    [SETTING_CREDENTIAL_SOURCE] = {NULL, NULL, "credential_source", true},
    [SETTING_SSO_ACCOUNT] = {NULL, NULL, "sso_account_id", true},
    [SETTING_SSO_ROLE] = {NULL, NULL, "sso_role_name", true},
    [SETTING_LOGIN] = {NULL, NULL, "login_session", true},
    [SETTING_PROCESS] = {NULL, NULL, "credential_process", true},
};

/* In a [services ...] section: the service ids of the SDKs. */
static const char *const service_keys[SERVICE_COUNT] = {
    [SERVICE_S3] = "s3",
    [SERVICE_STS] = "sts",
    [SERVICE_SNS] = "sns",
    [SERVICE_SQS] = "sqs",
    [SERVICE_EVENTS] = "eventbridge",
    [SERVICE_KINESISVIDEO] = "kinesis_video",
};

void settings_init(struct aws_settings *s)
{
    memset(s, 0, sizeof *s);
    s->profile = "default";
    s->max_attempts = 3;
}

const char *settings_keep(struct aws_settings *s, struct span text, struct fault *f)
{
    const bool has_nul = text.len > 0 && memchr(text.at, '\0', text.len) != NULL;
    if (has_nul || text.len >= sizeof s->kept - s->kept_len) {
        fault_set(f, has_nul ? FAULT_CONFIG : FAULT_LIMIT, FAULT_NOWHERE,
                  has_nul
                      ? "AWS's shared files: a setting has a NUL byte in it"
                      : "AWS's shared files: the settings of one profile are too long together");
        return NULL;
    }
    char *to = s->kept + s->kept_len;
    if (text.len > 0) memcpy(to, text.at, text.len);
    to[text.len] = '\0';
    s->kept_len += text.len + 1;
    return to;
}

static void set(struct aws_settings *s, size_t which, const char *value,
                enum settings_origin origin)
{
    s->value[which] = value;
    s->origin[which] = (uint8_t)origin;
}

/* ---- the files ---- */

/* "s3.addressing_style" is the key addressing_style under s3. */
static bool is_key(const struct profile *p, const char *name)
{
    const char *dot = strchr(name, '.');
    const struct span above = span_of(name, dot != NULL ? (size_t)(dot - name) : 0);
    return span_equal(p->above, above) && span_is(p->key, dot != NULL ? dot + 1 : name);
}

/* A value that goes on in the next line would be half of one. */
static bool goes_on(const struct profile *p, struct fault *f)
{
    struct writer words = fault_begin(f, FAULT_CONFIG, FAULT_NOWHERE);
    writer_text(&words, "line ");
    writer_number(&words, p->number - 1);
    writer_text(&words, " goes on with the value of ");
    writer_quoted(&words, p->above);
    writer_text(&words, ", which must stand in one line");
    fault_put(f, &words);
    return false;
}

static bool keep(struct aws_settings *s, size_t which, const struct profile *p,
                 enum settings_origin origin, struct fault *f)
{
    const bool is_mark = rows[which].is_mark;
    const char *value = is_mark ? "" : p->value.len == 0 ? NULL : settings_keep(s, p->value, f);
    set(s, which, value, origin);
    return f->kind == FAULT_NONE;
}

static bool take_url_of_service(struct aws_settings *s, const struct profile *p, struct fault *f)
{
    if (!span_is(p->key, "endpoint_url")) return true;
    for (size_t i = 0; i < SERVICE_COUNT; i++)
        if (span_is(p->above, service_keys[i]))
            return keep(s, SETTING_PROFILE_SERVICE_URL + i, p, SETTINGS_FROM_SERVICES, f);
    return true;
}

bool settings_take(struct aws_settings *s, const struct profile *p, enum settings_origin origin,
                   struct fault *f)
{
    assert(f->kind == FAULT_NONE);
    if (origin == SETTINGS_FROM_SERVICES) return take_url_of_service(s, p, f);
    for (size_t i = 0; i < SETTING_COUNT; i++) {
        if (rows[i].key == NULL) continue;
        const bool again = p->key.len == 0 && span_is(p->above, rows[i].key) && !rows[i].is_mark;
        if (again) return goes_on(p, f);
        if (is_key(p, rows[i].key)) return keep(s, i, p, origin, f);
    }
    return true;
}

/* ---- the environment ---- */

const char *settings_variable(enum setting which)
{
    return rows[which].variable;
}

const char *settings_second_variable(enum setting which)
{
    return rows[which].second;
}

void settings_take_variable(struct aws_settings *s, enum setting which, const char *value)
{
    assert(value != NULL);
    set(s, which, value, SETTINGS_FROM_ENVIRONMENT);
}

/* ---- sense ---- */

void settings_write_origin(const struct aws_settings *s, enum setting which, struct writer *to)
{
    const char *path = s->config_path, *section = "profile ", *name = s->profile;
    writer_text(to, " (");
    switch ((enum settings_origin)s->origin[which]) {
    case SETTINGS_FROM_NOWHERE:
    case SETTINGS_FROM_ENVIRONMENT:
        writer_text(to, rows[which].variable != NULL ? rows[which].variable : "");
        writer_text(to, ")");
        return;
    case SETTINGS_FROM_CONFIG: break;
    case SETTINGS_FROM_CREDENTIALS: path = s->credentials_path; break;
    case SETTINGS_FROM_SERVICES:
        section = "services ";
        name = s->value[SETTING_SERVICES];
        break;
    }
    writer_text(to, section);
    writer_quoted(to, writer_end_of(span_text(name), 64));
    writer_text(to, " of ");
    writer_visible(to, writer_end_of(span_text(path), NAME_SHOWN_BYTES));
    writer_text(to, ")");
}

static bool wrong(const struct aws_settings *s, size_t which, const char *rule, struct fault *f)
{
    struct writer words = fault_begin(f, FAULT_CONFIG, FAULT_NOWHERE);
    writer_text(&words, rule);
    settings_write_origin(s, (enum setting)which, &words);
    fault_put(f, &words);
    return false;
}

static bool is_word(const char *value, const char *word)
{
    size_t i = 0;
    for (; value[i] != '\0' && word[i] != '\0'; i++) {
        const char c = value[i];
        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != word[i]) return false;
    }
    return value[i] == word[i];
}

/* One of the words; the first where nothing was said. False: another word. */
static bool choose(const struct aws_settings *s, size_t which, const char *const *words,
                   size_t count, unsigned *to)
{
    *to = 0;
    if (s->value[which] == NULL) return true;
    for (; *to < count; ++*to)
        if (is_word(s->value[which], words[*to])) return true;
    return false;
}

static bool settle_switch(struct aws_settings *s, size_t which, bool *to, struct fault *f)
{
    static const char *const words[] = {"false", "true"};
    unsigned chosen;
    if (!choose(s, which, words, 2, &chosen)) return wrong(s, which, "it must be true or false", f);
    *to = chosen == 1;
    return true;
}

static bool settle_words(struct aws_settings *s, struct fault *f)
{
    static const char *const modes[] = {"standard", "legacy", "adaptive"};
    static const char *const checksums[] = {"when_supported", "when_required"};
    static const char *const styles[] = {"auto", "path", "virtual"};
    static const char *const families[] = {"ipv4", "ipv6"};
    unsigned mode, checksum, style, family;
    if (!choose(s, SETTING_RETRY_MODE, modes, 3, &mode))
        return wrong(s, SETTING_RETRY_MODE, "the retry mode must be standard", f);
    if (!choose(s, SETTING_CHECKSUMS, checksums, 2, &checksum))
        return wrong(s, SETTING_CHECKSUMS, "it must be when_supported or when_required", f);
    if (!choose(s, SETTING_ADDRESSING, styles, 3, &style))
        return wrong(s, SETTING_ADDRESSING, "s3's addressing_style must be auto, path or virtual",
                     f);
    if (!choose(s, SETTING_METADATA_MODE, families, 2, &family))
        return wrong(s, SETTING_METADATA_MODE, "it must be IPv4 or IPv6", f);
    s->checksums_when_required = checksum == 1;
    s->addressing = (enum settings_addressing)style;
    s->metadata_ipv6 = family == 1;
    return settle_switch(s, SETTING_FIPS, &s->fips, f) &&
           settle_switch(s, SETTING_DUALSTACK, &s->dualstack, f) &&
           settle_switch(s, SETTING_METADATA_DISABLED, &s->metadata_disabled, f);
}

static bool settle_attempts(struct aws_settings *s, struct fault *f)
{
    const char *value = s->value[SETTING_MAX_ATTEMPTS];
    if (value == NULL) return true;
    s->max_attempts = 0;
    for (size_t i = 0; value[i] != '\0'; i++) {
        const bool digit = value[i] >= '0' && value[i] <= '9' && i < 3;
        if (!digit) return wrong(s, SETTING_MAX_ATTEMPTS, "it must be a number from 1 to 100", f);
        s->max_attempts = s->max_attempts * 10 + (unsigned)(value[i] - '0');
    }
    if (s->max_attempts >= 1 && s->max_attempts <= 100) return true;
    return wrong(s, SETTING_MAX_ATTEMPTS, "it must be a number from 1 to 100", f);
}

/* Never shown: somebody may have written a password into it. */
static bool check_url(const struct aws_settings *s, size_t which, struct fault *f)
{
    struct uri url;
    if (uri_read(span_text(s->value[which]), &url)) return true;
    return wrong(s, which,
                 "the endpoint URL must be http://HOST or https://HOST, with :PORT and /PATH where "
                 "they are needed",
                 f);
}

static bool settle_urls(struct aws_settings *s, struct fault *f)
{
    bool ignored;
    if (!settle_switch(s, SETTING_IGNORE_URLS, &ignored, f)) return false;
    for (size_t i = 0; i < SERVICE_COUNT && !ignored; i++) {
        const size_t layers[] = {SETTING_SERVICE_URL + i, SETTING_URL,
                                 SETTING_PROFILE_SERVICE_URL + i, SETTING_PROFILE_URL};
        for (size_t at = 0; at < 4 && s->endpoint_url[i] == NULL; at++) {
            s->endpoint_url[i] = s->value[layers[at]];
            if (s->endpoint_url[i] != NULL && !check_url(s, layers[at], f)) return false;
        }
    }
    s->metadata_url = s->value[SETTING_METADATA_URL];
    return s->metadata_url == NULL || check_url(s, SETTING_METADATA_URL, f);
}

static bool is_role_arn(struct span arn)
{
    if (arn.len < 20 || arn.len > ROLE_ARN_BYTES_MAX || memcmp(arn.at, "arn:", 4) != 0)
        return false;
    for (size_t i = 0; i < arn.len; i++)
        if (arn.at[i] <= ' ' || arn.at[i] >= 0x7F) return false;
    return true;
}

static bool settle_role(struct aws_settings *s, struct fault *f)
{
    s->role_arn = s->value[SETTING_ROLE_ARN];
    s->web_identity_token_file = s->value[SETTING_TOKEN_FILE];
    s->role_session_name = s->value[SETTING_SESSION_NAME];
    if (s->role_arn != NULL && !is_role_arn(span_text(s->role_arn)))
        return wrong(s, SETTING_ROLE_ARN,
                     "a role is written like arn:aws:iam::123456789012:role/NAME", f);
    if (s->role_session_name != NULL &&
        !credentials_session_name_is_valid(span_text(s->role_session_name)))
        return wrong(s, SETTING_SESSION_NAME,
                     "a session name has 2 to 64 letters, digits and _+=,.@-", f);
    return true;
}

bool settings_settle(struct aws_settings *s, struct fault *f)
{
    s->region = s->value[SETTING_REGION];
    s->ca_bundle = s->value[SETTING_CA_BUNDLE];
    s->container_relative = s->value[SETTING_CONTAINER_RELATIVE];
    s->container_full = s->value[SETTING_CONTAINER_FULL];
    s->container_token_file = s->value[SETTING_CONTAINER_TOKEN_FILE];
    if (s->region != NULL && !endpoints_region_is_valid(span_text(s->region)))
        return wrong(s, SETTING_REGION, "a region is written like us-east-1", f);
    return settle_words(s, f) && settle_attempts(s, f) && settle_urls(s, f) && settle_role(s, f);
}

struct endpoint_options settings_endpoint(const struct aws_settings *s, enum service service)
{
    const char *url = s->endpoint_url[service];
    const bool path_style =
        url != NULL ? s->addressing != ADDRESSING_VIRTUAL : s->addressing == ADDRESSING_PATH;
    return (struct endpoint_options){s->region, s->fips, s->dualstack, path_style, url};
}
