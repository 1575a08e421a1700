/* settings.h - what AWS's environment variables and shared files say, for every AWS program alike.
 *   eats    variables, settings of a profile
 *   gives   region, endpoints, where credentials are to be had; or what is wrong, where, and what
 *           to do
 *   keeps   the values of one profile, in fixed room
 *   knows   the SDKs' names and precedences; job/settings.c reads for it */
#ifndef RUSUDEN_AWS_SETTINGS_H
#define RUSUDEN_AWS_SETTINGS_H

#include "aws/endpoints.h"
#include "aws/profile.h"

enum setting {
    SETTING_REGION,
    SETTING_CA_BUNDLE,
    SETTING_FIPS,
    SETTING_DUALSTACK,
    SETTING_MAX_ATTEMPTS,
    SETTING_RETRY_MODE,
    SETTING_CHECKSUMS,
    SETTING_ADDRESSING,
    SETTING_SERVICES,
    SETTING_IGNORE_URLS,
    /* Four layers of endpoints, from the last that is asked to the first. */
    SETTING_PROFILE_URL,
    SETTING_PROFILE_SERVICE_URL, /* one for each service from here on */
    SETTING_URL = SETTING_PROFILE_SERVICE_URL + SERVICE_COUNT,
    SETTING_SERVICE_URL,
    /* Ways to credentials. */
    SETTING_ROLE_ARN = SETTING_SERVICE_URL + SERVICE_COUNT,
    SETTING_TOKEN_FILE,
    SETTING_SESSION_NAME,
    SETTING_CONTAINER_RELATIVE,
    SETTING_CONTAINER_FULL,
    SETTING_CONTAINER_TOKEN_FILE,
    SETTING_METADATA_DISABLED,
    SETTING_METADATA_URL,
    SETTING_METADATA_MODE,
    /* Ways that we do not have. */
    SETTING_SOURCE_PROFILE,
    SETTING_CREDENTIAL_SOURCE,
    SETTING_SSO_ACCOUNT,
    SETTING_SSO_ROLE,
    SETTING_LOGIN,
    SETTING_PROCESS,
    SETTING_COUNT
};

enum settings_origin {
    SETTINGS_FROM_NOWHERE,
    SETTINGS_FROM_ENVIRONMENT,
    SETTINGS_FROM_CONFIG,
    SETTINGS_FROM_CREDENTIALS,
    SETTINGS_FROM_SERVICES
};

enum settings_addressing { ADDRESSING_AUTO, ADDRESSING_PATH, ADDRESSING_VIRTUAL };

/* Not to be copied: it points into itself. Strings are NULL where nothing was said. */
struct aws_settings {
    const char *profile; /* "default" where none is named */
    bool profile_is_named;
    bool profile_found;           /* one of the files has it */
    const char *credentials_path; /* NULL: there is no HOME */
    const char *config_path;

    /* After settings_settle. */
    const char *region;
    const char *ca_bundle;
    bool fips, dualstack;
    bool checksums_when_required; /* no checksum of our own accord */
    enum settings_addressing addressing;
    unsigned max_attempts;
    const char *endpoint_url[SERVICE_COUNT];
    const char *role_arn, *web_identity_token_file, *role_session_name;
    const char *container_relative, *container_full, *container_token_file;
    bool metadata_disabled;
    bool metadata_ipv6;
    const char *metadata_url;

    const char *value[SETTING_COUNT]; /* the environment's, or in `kept` */
    uint8_t origin[SETTING_COUNT];    /* enum settings_origin */
    size_t kept_len;
    char kept[SETTINGS_KEPT_BYTES];
};

void settings_init(struct aws_settings *s);

/* A copy with a NUL behind it; NULL, and a fault: it does not fit, or has a NUL in it. */
const char *settings_keep(struct aws_settings *s, struct span text, struct fault *f);

/* A setting of the profile (the last PROFILE_SETTING), or of its services section. What is not ours
 * is passed over. */
bool settings_take(struct aws_settings *s, const struct profile *p, enum settings_origin origin,
                   struct fault *f);

/* Which variable says it, and which one does where that says nothing; NULL: none. */
const char *settings_variable(enum setting which);
const char *settings_second_variable(enum setting which);
void settings_take_variable(struct aws_settings *s, enum setting which, const char *value);

/* All has been taken: sense or fault. */
bool settings_settle(struct aws_settings *s, struct fault *f);

/* For endpoints_find. As botocore does: below an endpoint of one's own, buckets go into the path
 * unless "virtual" is asked for. */
struct endpoint_options settings_endpoint(const struct aws_settings *s, enum service service);

/* " (AWS_REGION)", " (profile "x" of /home/u/.aws/config)": behind what is wrong. */
void settings_write_origin(const struct aws_settings *s, enum setting which, struct writer *to);

#endif
