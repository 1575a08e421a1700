/* Precedences from "AWS SDKs and Tools Reference Guide" and botocore's own cases, where they are at
 * hand. */
#include "job/settings.h"
#include "machine.h"

#include <stdlib.h>

static struct aws_settings settings;
static struct settings_room room;
static struct fault fault;

static void begin(void)
{
    machine_clear();
    machine_set("HOME", "/home/u");
}

static bool read_all(void)
{
    fault = (struct fault){0};
    const bool good = settings_read(&settings, NULL, &room, &fault);
    assert_int_equal(good, fault.kind == FAULT_NONE);
    fault.text[fault.len] = '\0';
    assert_null(strstr(fault.text, "SEKRIT"));
    return good;
}

static void check_refused(const char *words)
{
    assert_false(read_all());
    if (strstr(fault.text, words) == NULL) assert_string_equal(fault.text, words);
}

static void nothing_is_set(void **state)
{
    (void)state;
    machine_clear();
    assert_true(read_all());
    assert_string_equal(settings.profile, "default");
    assert_null(settings.region);
    assert_null(settings.config_path);
    assert_null(settings.credentials_path);
    assert_int_equal(settings.max_attempts, 3);
    assert_false(settings.fips || settings.dualstack || settings.checksums_when_required);
    assert_null(settings_endpoint(&settings, SERVICE_S3).url);
    begin();
    assert_true(read_all());
    assert_string_equal(settings.config_path, "/home/u/.aws/config");
    assert_string_equal(settings.credentials_path, "/home/u/.aws/credentials");
    /* Three KiB at most. */
    assert_true(sizeof settings < 3072);
}

static void environment_over_files(void **state)
{
    (void)state;
    begin();
    machine_file(
        "/home/u/.aws/config",
        "[default]\nregion = eu-west-1\nca_bundle=/c\nuse_fips_endpoint = "
        "TRUE\nuse_dualstack_endpoint=true\n"
        "max_attempts = 7\nretry_mode=adaptive\nrequest_checksum_calculation=when_required\n"
        "s3 =\n  addressing_style = path\nrole_arn=arn:aws:iam::123456789012:role/r\n"
        "web_identity_token_file=/t\nrole_session_name=me\nec2_metadata_service_endpoint=http://h/"
        "\n"
        "ec2_metadata_service_endpoint_mode = IPv6\naws_secret_access_key = SEKRIT\n");
    assert_true(read_all());
    assert_string_equal(settings.region, "eu-west-1");
    assert_string_equal(settings.ca_bundle, "/c");
    assert_true(settings.fips && settings.dualstack && settings.checksums_when_required &&
                settings.metadata_ipv6);
    assert_int_equal(settings.max_attempts, 7);
    assert_int_equal(settings.addressing, ADDRESSING_PATH);
    assert_true(settings_endpoint(&settings, SERVICE_S3).path_style);
    assert_true(settings_endpoint(&settings, SERVICE_S3).fips);
    assert_string_equal(settings.role_arn, "arn:aws:iam::123456789012:role/r");
    assert_string_equal(settings.web_identity_token_file, "/t");
    assert_string_equal(settings.role_session_name, "me");
    assert_string_equal(settings.metadata_url, "http://h/");
    machine_set("AWS_DEFAULT_REGION", "us-east-1");
    assert_true(read_all());
    assert_string_equal(settings.region, "us-east-1");
    machine_set("AWS_REGION", "us-east-2");
    machine_set("AWS_CA_BUNDLE", "/d");
    machine_set("AWS_USE_FIPS_ENDPOINT", "false");
    machine_set("AWS_USE_DUALSTACK_ENDPOINT", "False");
    machine_set("AWS_MAX_ATTEMPTS", "1");
    machine_set("AWS_RETRY_MODE", "Standard");
    machine_set("AWS_REQUEST_CHECKSUM_CALCULATION", "WHEN_SUPPORTED");
    machine_set("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/s");
    machine_set("AWS_EC2_METADATA_DISABLED", "true");
    assert_true(read_all());
    assert_string_equal(settings.region, "us-east-2");
    assert_string_equal(settings.ca_bundle, "/d");
    assert_false(settings.fips || settings.dualstack || settings.checksums_when_required);
    assert_int_equal(settings.max_attempts, 1);
    assert_string_equal(settings.role_arn, "arn:aws:iam::123456789012:role/s");
    assert_true(settings.metadata_disabled);
}

static void files_and_profiles(void **state)
{
    (void)state;
    begin();
    machine_set("AWS_PROFILE", "one");
    machine_set("AWS_CONFIG_FILE", "~/c");
    machine_set("AWS_SHARED_CREDENTIALS_FILE", "/etc/k");
    machine_file("/home/u/c", "[default]\nregion=a-1\n[profile one]\nregion=b-1\n");
    assert_true(read_all());
    assert_string_equal(settings.region, "b-1");
    /* The credentials file lies over it. */
    machine_file("/etc/k", "[one]\nregion = c-1\n");
    assert_true(read_all());
    assert_string_equal(settings.region, "c-1");
    machine_set("AWS_PROFILE", "two");
    check_refused("there is no profile \"two\": it would be [NAME] in /etc/k, or "
                  "[profile NAME] in /home/u/c");
    machine_file("/etc/k", "[two]\n");
    assert_true(read_all());
    assert_null(settings.region);
    machine_set("AWS_PROFILE", "");
    machine_set("AWS_DEFAULT_PROFILE", "one");
    assert_true(read_all());
    assert_string_equal(settings.region, "b-1");
}

static void endpoints_of_services(void **state)
{
    (void)state;
    begin();
    machine_file(
        "/home/u/.aws/config",
        "[default]\nendpoint_url = http://all\nservices = mine\n[services mine]\ns3 =\n  "
        "endpoint_url = http://s3\n"
        "kinesis_video =\n  endpoint_url = http://kvs\ndynamodb =\n  endpoint_url = nonsense\n");
    assert_true(read_all());
    assert_string_equal(settings_endpoint(&settings, SERVICE_S3).url, "http://s3");
    assert_true(settings_endpoint(&settings, SERVICE_S3).path_style);
    assert_string_equal(settings_endpoint(&settings, SERVICE_KINESISVIDEO).url, "http://kvs");
    assert_string_equal(settings_endpoint(&settings, SERVICE_STS).url, "http://all");
    machine_set("AWS_ENDPOINT_URL", "http://env");
    machine_set("AWS_ENDPOINT_URL_SQS", "http://sqs");
    machine_set("AWS_ENDPOINT_URL_EVENTBRIDGE", "http://events");
    assert_true(read_all());
    assert_string_equal(settings_endpoint(&settings, SERVICE_S3).url, "http://env");
    assert_string_equal(settings_endpoint(&settings, SERVICE_SQS).url, "http://sqs");
    assert_string_equal(settings_endpoint(&settings, SERVICE_EVENTS).url, "http://events");
    machine_set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true");
    machine_set("AWS_ENDPOINT_URL_SQS", "nonsense");
    assert_true(read_all());
    for (unsigned i = 0; i < SERVICE_COUNT; i++)
        assert_null(settings_endpoint(&settings, (enum service)i).url);
    machine_file("/home/u/.aws/config", "[default]\ns3=\n  addressing_style=virtual\n");
    machine_set("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false");
    machine_set("AWS_ENDPOINT_URL_SQS", "");
    assert_true(read_all());
    assert_false(settings_endpoint(&settings, SERVICE_S3).path_style);
}

static void what_is_wrong_and_where(void **state)
{
    (void)state;
    static const struct {
        const char *variable, *value, *words;
    } bad[] = {
        {"AWS_REGION", "US East SEKRIT", "a region is written like us-east-1 (AWS_REGION)"},
        {"AWS_USE_FIPS_ENDPOINT", "SEKRIT", "it must be true or false (AWS_USE_FIPS_ENDPOINT)"},
        {"AWS_USE_DUALSTACK_ENDPOINT", "1", "(AWS_USE_DUALSTACK_ENDPOINT)"},
        {"AWS_EC2_METADATA_DISABLED", "no", "(AWS_EC2_METADATA_DISABLED)"},
        {"AWS_MAX_ATTEMPTS", "0", "it must be a number from 1 to 100 (AWS_MAX_ATTEMPTS)"},
        {"AWS_MAX_ATTEMPTS", "101", "(AWS_MAX_ATTEMPTS)"},
        {"AWS_MAX_ATTEMPTS", "0003", "(AWS_MAX_ATTEMPTS)"},
        {"AWS_MAX_ATTEMPTS", "3x", "(AWS_MAX_ATTEMPTS)"},
        {"AWS_RETRY_MODE", "SEKRIT", "(AWS_RETRY_MODE)"},
        {"AWS_REQUEST_CHECKSUM_CALCULATION", "never", "(AWS_REQUEST_CHECKSUM_CALCULATION)"},
        {"AWS_ENDPOINT_URL", "http://SEKRIT@h/", "(AWS_ENDPOINT_URL)"},
        {"AWS_ENDPOINT_URL_S3", "h:80", "(AWS_ENDPOINT_URL_S3)"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT", "h", "(AWS_EC2_METADATA_SERVICE_ENDPOINT)"},
        {"AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE", "IPv5", "it must be IPv4 or IPv6"},
        {"AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "maybe", "(AWS_IGNORE_CONFIGURED_ENDPOINT_URLS)"},
        {"AWS_ROLE_ARN", "role/SEKRIT",
         "a role is written like arn:aws:iam::123456789012:role/NAME (AWS_ROLE_ARN)"},
        {"AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/a b", "(AWS_ROLE_ARN)"},
        {"AWS_ROLE_SESSION_NAME", "x", "(AWS_ROLE_SESSION_NAME)"},
        {"AWS_ROLE_SESSION_NAME", "x/y", "(AWS_ROLE_SESSION_NAME)"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin();
        machine_set(bad[i].variable, bad[i].value);
        check_refused(bad[i].words);
        assert_int_equal(fault.kind, FAULT_CONFIG);
    }
}

static void wrong_in_files(void **state)
{
    (void)state;
    static const struct {
        const char *config, *words;
    } bad[] = {
        {"[default]\nregion = X SEKRIT\n",
         "a region is written like us-east-1 (profile \"default\" of /home/u/.aws/config)"},
        {"[default]\ns3 =\n  addressing_style = SEKRIT\n",
         "s3's addressing_style must be auto, path or virtual (profile \"default\" of "
         "/home/u/.aws/config)"},
        {"[default]\nservices = x\n[services x]\nsts =\n  endpoint_url = SEKRIT\n",
         "(services \"x\" of /home/u/.aws/config)"},
        {"[default]\nservices = y\n[services x]\n",
         "there is no section [services y], which the profile names (profile \"default\" of "
         "/home/u/.aws/config)"},
        {"[default]\nregion = us-\n  SEKRIT\n",
         "line 3 goes on with the value of \"region\", which must stand in one line"},
        {"[default]\nSEKRIT\n", "/home/u/.aws/config: line 2 has no \"key = value\""},
        {"[default]\nmax_attempts = 1000\n", "it must be a number from 1 to 100 (profile"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin();
        machine_file("/home/u/.aws/config", bad[i].config);
        check_refused(bad[i].words);
        assert_int_equal(fault.kind, FAULT_CONFIG);
    }
    begin();
    machine_file("/home/u/.aws/credentials", "[default]\nregion = X\n");
    check_refused("(profile \"default\" of /home/u/.aws/credentials)");
    machine_bytes("/home/u/.aws/credentials", span_of("[default]\nregion = a\0b\n", 23));
    check_refused("NUL");
}

static void files_that_break(void **state)
{
    (void)state;
    static char large[SETTINGS_FILE_BYTES_MAX + 600];
    memset(large, '\n', sizeof large - 1);
    begin();
    machine_file("/home/u/.aws/config", large);
    check_refused("/home/u/.aws/config: it is longer than 1 MiB");
    large[SETTINGS_FILE_BYTES_MAX] = '\0';
    machine_file("/home/u/.aws/config", large);
    assert_true(read_all());
    begin();
    machine_file("/home/u/.aws/config", "[default]\nregion = us-east-1\n");
    machine.piece = 3;
    assert_true(read_all());
    assert_string_equal(settings.region, "us-east-1");
    machine.file[0].fails_at = 12;
    check_refused("/home/u/.aws/config: reading it failed half-way");
    assert_int_equal(fault.kind, FAULT_IO);
    /* All that is kept together has its room. */
    memcpy(large, "[default]\nca_bundle = ", 22);
    memset(large + 22, 'x', SETTINGS_KEPT_BYTES);
    large[22 + SETTINGS_KEPT_BYTES] = '\0';
    machine_file("/home/u/.aws/config", large);
    check_refused("too long together");
    assert_int_equal(fault.kind, FAULT_LIMIT);
    char home[SETTINGS_KEPT_BYTES + 1];
    memset(home, 'h', sizeof home - 1);
    home[sizeof home - 1] = '\0';
    machine_set("HOME", home);
    check_refused("too long together");
}

static void every_setting_twice(void **state)
{
    (void)state;
    begin();
    machine_file(
        "/home/u/.aws/config",
        "[default]\nregion=a-1\nREGION = b-1\n[profile default]\nregion =\nca_bundle = /x\n");
    assert_true(read_all());
    assert_null(settings.region);
    assert_string_equal(settings.ca_bundle, "/x");
}

static void botocore_cases(void **state)
{
    (void)state;
    static char line[20000], config[20000], field[10][400];
    const char *folder = getenv("RUSUDEN_SHARED") != NULL ? getenv("RUSUDEN_SHARED") : FIXTURES;
    snprintf(line, sizeof line, "%s/botocore-tests/profile-tests.json", folder);
    FILE *there = fopen(line, "r");
    if (there == NULL) skip();
    fclose(there);
    snprintf(line, sizeof line, "python3 '%s' profiles '%s/botocore-tests/profile-tests.json'",
             AWS_CASES, folder);
    FILE *cases = popen(line, "r"); /* NOLINT(cert-env33-c): a test, with paths of the build */
    assert_non_null(cases);
    unsigned count = 0, left_out = 0;
    while (fgets(line, sizeof line, cases)) {
        char *rest = line, *part;
        size_t fields = 0, len = 0;
        left_out += line[0] == '#';
        if (line[0] == '#') continue;
        if (strncmp(line, "config\t", 7) == 0) {
            for (char *c = line + 7; *c != '\0' && *c != '\n'; c++) {
                const bool escape = c[0] == '\\' && c[1] == 'n';
                config[len++] = escape ? '\n' : *c;
                c += escape;
            }
            config[len] = '\0';
            continue;
        }
        while ((part = strsep(&rest, "\t\n")) != NULL && fields < 10)
            snprintf(field[fields++], sizeof field[0], "%s", part);
        begin();
        machine_set("AWS_PROFILE", field[1]);
        machine_file("/home/u/.aws/config", config);
        for (size_t i = 3; i < fields; i++) {
            char *value = strchr(field[i], '=');
            if (value == NULL) continue;
            *value = '\0';
            machine_set(field[i], value + 1);
        }
        assert_true(read_all());
        struct service_endpoint e;
        char url[400];
        const struct endpoint_options o = settings_endpoint(&settings, SERVICE_S3);
        assert_true(endpoints_find(SERVICE_S3, &o, span_text(""), &e, &fault));
        snprintf(url, sizeof url, "http%s://%s%.*s", e.tls ? "s" : "", e.host, (int)e.prefix_len,
                 e.prefix);
        assert_string_equal(url, field[2]);
        count++;
    }
    assert_int_equal(pclose(cases), 0);
    printf("# %u cases, %u left out\n", count, left_out);
    assert_int_equal(count, 17);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_set),          cmocka_unit_test(environment_over_files),
        cmocka_unit_test(files_and_profiles),      cmocka_unit_test(endpoints_of_services),
        cmocka_unit_test(what_is_wrong_and_where), cmocka_unit_test(wrong_in_files),
        cmocka_unit_test(files_that_break),        cmocka_unit_test(every_setting_twice),
        cmocka_unit_test(botocore_cases),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
