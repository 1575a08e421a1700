/* Answers typed from the documentation of ECS ("Task IAM role"), EC2 ("Instance metadata",
 * security-credentials), AWS IoT ("Authorizing direct calls"), and STS's API reference; the
 * question to STS is botocore's, typed from its golden. */
#include "aws/credentials.h"
#include "cut.h"

#include <stdio.h>
#include <stdlib.h>

static struct credentials found;
static struct fault fault;
static struct credentials_room room;

static const char *words(void)
{
    fault.text[fault.len] = '\0';
    assert_null(strstr(fault.text, "SEKRIT"));
    return fault.text;
}

static void check_found(const char *id, const char *secret, const char *token, int64_t expires_ms)
{
    assert_true(span_is(credentials_id(&found), id));
    assert_true(span_is(span_of(found.secret, found.secret_len), secret));
    assert_true(span_is(credentials_token(&found), token));
    assert_true(found.expires_ms == expires_ms);
}

static bool is_wiped(void)
{
    static const struct credentials none;
    return memcmp(&found, &none, sizeof none) == 0;
}

static bool read_json(enum credentials_form form, const char *text)
{
    fault = (struct fault){0};
    uint8_t *copy = cut_copy(span_text(text));
    const bool good = credentials_read(&found, form, span_of(copy, strlen(text)), &room, &fault);
    free(copy);
    if (!good) {
        assert_int_equal(fault.kind, FAULT_SERVICE);
        assert_true(is_wiped());
        words();
    }
    return good;
}

static void json_answers(void **state)
{
    (void)state;
    /* 2017-10-16T20:54:09Z is 1508187249 by `date -d`. */
    assert_true(read_json(
        CREDENTIALS_CONTAINER,
        "{\n  \"RoleArn\": \"arn:aws:iam::123456789012:role/r\",\n  \"AccessKeyId\" : \"AKID\","
        "\"SecretAccessKey\":\"s\\/"
        "k+=\",\"Token\":\"t\\u006fk\",\"Expiration\":\"2017-10-16T20:54:09Z\"}"));
    check_found("AKID", "s/k+=", "tok", INT64_C(1508187249000));
    assert_true(found.renew_ms == found.expires_ms - 900000);
    assert_true(read_json(
        CREDENTIALS_METADATA,
        "{\"Code\":\"Success\",\"LastUpdated\":\"2012-04-26T16:39:16Z\",\"Type\":\"AWS-HMAC\","
        "\"AccessKeyId\":\"ASIAIOSFODNN7EXAMPLE\",\"SecretAccessKey\":\"wJalrXUtnFEMI/K7MDENG/"
        "bPxRfiCYEXAMPLEKEY\",\"Token\":\"token\",\"Expiration\":\"2017-05-17T15:09:54Z\"}"));
    check_found("ASIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "token",
                INT64_C(1495033794000));
    assert_true(read_json(
        CREDENTIALS_IOT,
        "{\"credentials\":{\"accessKeyId\":\"A\",\"secretAccessKey\":\"S\",\"sessionToken\":\"T\","
        "\"expiration\":\"2018-01-18T09:18:06Z\"}}"));
    check_found("A", "S", "T", INT64_C(1516267086000));
}

#define GOOD_ID "\"AccessKeyId\":\"SEKRIT1\","
#define GOOD_SECRET "\"SecretAccessKey\":\"SEKRIT2\","
#define GOOD_TOKEN "\"Token\":\"SEKRIT3\","
#define GOOD_END "\"Expiration\":\"2030-01-01T00:00:00Z\""

static void bad_json(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "{",
        "SEKRIT",
        "[\"SEKRIT\"]",
        "{}",
        "null",
        "{" GOOD_SECRET GOOD_TOKEN GOOD_END "}",
        "{" GOOD_ID GOOD_TOKEN GOOD_END "}",
        "{" GOOD_ID GOOD_SECRET GOOD_END "}",
        "{" GOOD_ID GOOD_SECRET GOOD_TOKEN "\"Expiration\":\"SEKRIT\"}",
        "{" GOOD_ID GOOD_SECRET GOOD_TOKEN "\"Expiration\":2030}",
        "{" GOOD_ID GOOD_SECRET "\"Token\":\"SEKRIT3\"}",
        "{" GOOD_ID GOOD_SECRET "\"Token\":\"SEK RIT\"," GOOD_END "}",
        "{" GOOD_ID GOOD_SECRET "\"Token\":\"SEKRIT\\r\\nX: y\"," GOOD_END "}",
        "{" GOOD_ID GOOD_SECRET "\"Token\":\"SEKRIT\\u0000\"," GOOD_END "}",
        "{" GOOD_ID GOOD_SECRET "\"Token\":\"SEKRIT\xC3\xA9\"," GOOD_END "}",
        "{" GOOD_ID GOOD_SECRET "\"Token\":{\"SEKRIT\":1}," GOOD_END "}",
        "{" GOOD_ID GOOD_SECRET "\"Token\":\"\"," GOOD_END "}",
        "{" GOOD_ID GOOD_ID GOOD_SECRET GOOD_TOKEN GOOD_END "}",
        "{" GOOD_ID GOOD_SECRET GOOD_TOKEN GOOD_END "} SEKRIT",
        "{" GOOD_ID GOOD_SECRET GOOD_TOKEN GOOD_END "\"SEKRIT\"}",
        /* The names of another source. */
        ("{\"accessKeyId\":\"a\",\"secretAccessKey\":\"SEKRIT\",\"sessionToken\":\"t\","
         "\"expiration\":\"2030-01-01T00:00:00Z\"}"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(read_json(CREDENTIALS_CONTAINER, bad[i]));
    assert_true(read_json(CREDENTIALS_CONTAINER, "{" GOOD_ID GOOD_SECRET GOOD_TOKEN GOOD_END "}"));
    assert_true(read_json(CREDENTIALS_METADATA, "{" GOOD_ID GOOD_SECRET GOOD_TOKEN GOOD_END "}"));
    assert_false(read_json(CREDENTIALS_IOT, "{" GOOD_ID GOOD_SECRET GOOD_TOKEN GOOD_END "}"));
    assert_false(read_json(CREDENTIALS_IOT, "{\"credentials\":["
                                            "\"SEKRIT\""
                                            "]}"));
    assert_false(read_json(CREDENTIALS_METADATA,
                           "{\"Code\":\"SEKRIT\"," GOOD_ID GOOD_SECRET GOOD_TOKEN GOOD_END "}"));
    assert_non_null(strstr(words(), "trust policy"));
    assert_false(read_json(CREDENTIALS_METADATA,
                           "{\"Code\":1," GOOD_ID GOOD_SECRET GOOD_TOKEN GOOD_END "}"));
}

static void longest_json(void **state)
{
    (void)state;
    static char text[SESSION_TOKEN_BYTES_MAX + 400], token[SESSION_TOKEN_BYTES_MAX + 2];
    memset(token, 'T', sizeof token);
    token[SESSION_TOKEN_BYTES_MAX] = '\0';
    snprintf(text, sizeof text, "{" GOOD_ID GOOD_SECRET "\"Token\":\"%s\"," GOOD_END "}", token);
    assert_true(read_json(CREDENTIALS_CONTAINER, text));
    assert_int_equal(found.token_len, SESSION_TOKEN_BYTES_MAX);
    assert_true(strlen(text) < SIGN_IN_ANSWER_BYTES_MAX);
    token[SESSION_TOKEN_BYTES_MAX] = 'T';
    token[SESSION_TOKEN_BYTES_MAX + 1] = '\0';
    snprintf(text, sizeof text, "{" GOOD_ID GOOD_SECRET "\"Token\":\"%s\"," GOOD_END "}", token);
    assert_false(read_json(CREDENTIALS_CONTAINER, text));
}

/* ---- STS ---- */

static bool read_sts(const char *xml, unsigned status, size_t piece)
{
    static struct sts_answer a;
    static char text[SESSION_TOKEN_BYTES_MAX];
    fault = (struct fault){0};
    sts_answer_begin(&a, &found, text, sizeof text);
    for (struct span in = span_text(xml); in.len > 0;) {
        const struct span front = span_cut(&in, span_min(in, piece));
        uint8_t *copy = cut_copy(front);
        sts_answer_body(&a, span_of(copy, front.len));
        free(copy);
    }
    const bool good = sts_answer_end(&a, status, &fault);
    for (size_t i = 0; i < sizeof text; i++)
        assert_int_equal(text[i], 0);
    if (!good) {
        assert_int_equal(fault.kind, FAULT_SERVICE);
        assert_true(is_wiped());
        words();
    }
    return good;
}

/* API reference, AssumeRoleWithWebIdentity, sample response. */
static const char sts_sample[] =
    "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\n"
    "  <AssumeRoleWithWebIdentityResult>\n"
    "    "
    "<SubjectFromWebIdentityToken>amzn1.account.AF6RHO7KZU5XRVQJGXK6HB56KR2A</"
    "SubjectFromWebIdentityToken>\n"
    "    <Audience>client.5498841531868486423.1548@apps.example.com</Audience>\n"
    "    <AssumedRoleUser>\n"
    "      <Arn>arn:aws:sts::123456789012:assumed-role/FederatedWebIdentityRole/app1</Arn>\n"
    "      <AssumedRoleId>AROACLKWSDQRAOEXAMPLE:app1</AssumedRoleId>\n"
    "    </AssumedRoleUser>\n"
    "    <Credentials>\n"
    "      <SessionToken>AQoDYXdzEE0a8ANabcdefghNO1ewxE5TijQyp+IEXAMPLE</SessionToken>\n"
    "      <SecretAccessKey>wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY</SecretAccessKey>\n"
    "      <Expiration>2014-10-24T23:00:23Z</Expiration>\n"
    "      <AccessKeyId>ASgeIAIOSFODNN7EXAMPLE</AccessKeyId>\n"
    "    </Credentials>\n"
    "    <SourceIdentity>SourceIdentityValue</SourceIdentity>\n"
    "    <Provider>www.amazon.com</Provider>\n"
    "  </AssumeRoleWithWebIdentityResult>\n"
    "  <ResponseMetadata>\n"
    "    <RequestId>ad4156e9-bce1-11e2-82e6-6b6efEXAMPLE</RequestId>\n"
    "  </ResponseMetadata>\n"
    "</AssumeRoleWithWebIdentityResponse>\n";

static void sts_answers(void **state)
{
    (void)state;
    for (size_t piece = 1; piece < sizeof sts_sample; piece = piece * 3 + 1) {
        assert_true(read_sts(sts_sample, 200, piece));
        check_found("ASgeIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYzEXAMPLEKEY",
                    "AQoDYXdzEE0a8ANabcdefghNO1ewxE5TijQyp+IEXAMPLE", INT64_C(1414191623000));
    }
    char cut[sizeof sts_sample];
    const size_t end = strlen(sts_sample) - 1; /* the last line's end may miss */
    for (size_t i = 0; i < end; i += 7) {
        memcpy(cut, sts_sample, i);
        cut[i] = '\0';
        assert_false(read_sts(cut, 200, 64));
    }
    assert_false(read_sts(sts_sample, 500, 64));
}

#define CREDS(x) "<R><A><Credentials>" x "</Credentials></A></R>"
#define ID "<AccessKeyId>SEKRIT1</AccessKeyId>"
#define KEY "<SecretAccessKey>SEKRIT2</SecretAccessKey>"
#define TOKEN "<SessionToken>SEKRIT3</SessionToken>"
#define END "<Expiration>2030-01-01T00:00:00Z</Expiration>"
#define ERROR(code)                                                                                \
    "<ErrorResponse><Error><Type>Sender</Type><Code>" code                                         \
    "</Code><Message>SEKRIT</Message></Error></ErrorResponse>"

static void bad_sts(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "SEKRIT",
        CREDS(ID KEY TOKEN),
        CREDS(ID KEY END),
        CREDS(ID TOKEN END),
        CREDS(KEY TOKEN END),
        CREDS(ID KEY TOKEN "<Expiration>SEKRIT</Expiration>"),
        CREDS(ID KEY "<SessionToken>SEK RIT</SessionToken>" END),
        CREDS(ID "<SecretAccessKey>SEKRIT&#10;</SecretAccessKey>" TOKEN END),
        "<R>" ID KEY TOKEN END "</R>",
        CREDS(ID KEY TOKEN END) "SEKRIT",
        "<SEKRIT>",
        "<R>&SEKRIT;</R>",
        ERROR("SEKRIT"),
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(read_sts(bad[i], 200, 16));
    assert_true(read_sts(CREDS(ID KEY TOKEN END), 200, 16));
    assert_false(read_sts(ERROR("InvalidIdentityToken"), 400, 16));
    assert_non_null(strstr(words(), "STS answered 400, InvalidIdentityToken: "));
    assert_false(read_sts(ERROR("Throttling"), 200, 16)); /* an error inside a 200 is one */
    assert_non_null(strstr(words(), "Throttling: too many questions"));
    assert_false(read_sts(ERROR("SEKRIT"), 403, 16));
    assert_string_equal(words(), "STS answered 403");
    static char large[SESSION_TOKEN_BYTES_MAX + 600];
    static char token[SESSION_TOKEN_BYTES_MAX + 2];
    memset(token, 'T', SESSION_TOKEN_BYTES_MAX);
    snprintf(large, sizeof large, CREDS(ID KEY "<SessionToken>%s</SessionToken>" END), token);
    assert_true(read_sts(large, 200, 100));
    token[SESSION_TOKEN_BYTES_MAX] = 'T';
    snprintf(large, sizeof large, CREDS(ID KEY "<SessionToken>%s</SessionToken>" END), token);
    assert_false(read_sts(large, 200, 100));
}

/* ---- keys ---- */

static bool set(const char *id, const char *secret, const char *token)
{
    fault = (struct fault){0};
    credentials_wipe(&found);
    const bool good = credentials_set(&found, span_text(id), span_text(secret), span_text(token),
                                      INT64_MAX, &fault);
    if (!good) assert_true(is_wiped());
    assert_int_equal(fault.kind, good ? FAULT_NONE : FAULT_CONFIG);
    words();
    return good;
}

static void keys(void **state)
{
    (void)state;
    char text[SECRET_KEY_BYTES_MAX + 2];
    assert_true(set("AKID", "secret", ""));
    check_found("AKID", "secret", "", INT64_MAX);
    assert_true(found.renew_ms == INT64_MAX);
    assert_true(set("AKID", "secret", "token"));
    assert_false(set("", "SEKRIT", ""));
    assert_string_equal(words(), "the access key id is missing");
    assert_false(set("SEKRIT", "", ""));
    assert_string_equal(words(), "the secret access key is missing");
    assert_false(set("SEKRIT\n", "s", ""));
    assert_false(set("a", "SEKRIT\r", ""));
    assert_false(set("a", "SEK RIT", ""));
    assert_false(set("a", "s", "SEKRIT\t"));
    assert_false(set("a", "s", "SEKRIT\x7F"));
    assert_false(set("a", "SEKRIT\xFF", ""));
    memset(text, 'x', sizeof text);
    text[SECRET_KEY_BYTES_MAX] = '\0';
    assert_true(set(text, text, text));
    text[SECRET_KEY_BYTES_MAX] = 'x';
    text[SECRET_KEY_BYTES_MAX + 1] = '\0';
    assert_false(set("a", text, ""));
    assert_false(set(text, "s", ""));
    found.id_len = 3;
    credentials_wipe(&found);
    assert_true(is_wiped());
}

static void due(void **state)
{
    (void)state;
    const int64_t minute = 60000, end = INT64_C(1800000000000);
    credentials_wipe(&found);
    assert_true(credentials_are_due(&found, 0));
    assert_false(credentials_are_usable(&found, 0));
    assert_true(set("a", "b", ""));
    assert_false(credentials_are_due(&found, end));
    assert_true(credentials_are_usable(&found, end));
    assert_true(
        credentials_set(&found, span_text("a"), span_text("b"), span_text("c"), end, &fault));
    assert_false(credentials_are_due(&found, end - 15 * minute - 1));
    assert_true(credentials_are_due(&found, end - 15 * minute));
    assert_true(credentials_are_usable(&found, end - 10 * minute - 1));
    assert_false(credentials_are_usable(&found, end - 10 * minute));
}

static void names(void **state)
{
    (void)state;
    char name[66];
    memset(name, 'n', sizeof name);
    assert_true(credentials_session_name_is_valid(span_text("a_+=,.@-Z9")));
    assert_true(credentials_session_name_is_valid(span_of(name, 64)));
    assert_false(credentials_session_name_is_valid(span_of(name, 65)));
    assert_false(credentials_session_name_is_valid(span_of(name, 1)));
    assert_true(credentials_role_name_is_valid(span_of(name, 1)));
    assert_false(credentials_role_name_is_valid(span_of(name, 0)));
    assert_false(credentials_role_name_is_valid(span_text("a/b")));
    assert_false(credentials_role_name_is_valid(span_text("a b")));
    assert_false(credentials_role_name_is_valid(span_of("a\0b", 3)));
}

/* ---- questions ---- */

static struct http_request request;
static char head[SIGN_IN_HEAD_BYTES_MAX + 1];

static const char *asked(bool good)
{
    if (!good) return "unfit";
    head[http_request_span(&request).len] = '\0';
    return head;
}

static struct service_endpoint endpoint(const char *url)
{
    struct service_endpoint e;
    const struct endpoint_options o = {.region = "ap-northeast-1", .url = url};
    fault = (struct fault){0};
    assert_true(endpoints_find(SERVICE_STS, &o, span_text(""), &e, &fault));
    return e;
}

static void sts_question(void **state)
{
    (void)state;
    static const char expected[] = /* botocore-golden/sts-webidentity.http */
        "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%"
        "3A123456789012%3Arole%2Fr&"
        "RoleSessionName=rusuden&WebIdentityToken=tok.en";
    const struct service_endpoint e = endpoint(NULL);
    assert_string_equal(asked(credentials_ask_sts(&request, head, sizeof head - 1, &e, 152)),
                        "POST / HTTP/1.1\r\nHost: sts.ap-northeast-1.amazonaws.com\r\n"
                        "Content-Type: application/x-www-form-urlencoded; "
                        "charset=utf-8\r\nContent-Length: 152\r\n\r\n");
    char body[400];
    size_t len = 0;
    struct sts_form form;
    sts_form_init(&form, span_text("arn:aws:iam::123456789012:role/r"), span_text("rusuden"));
    for (;;) {
        struct writer w =
            writer_on(body + len, STS_FORM_PIECE_BYTES < sizeof body - len ? STS_FORM_PIECE_BYTES
                                                                           : sizeof body - len);
        if (!sts_form_next(&form, &w)) break;
        assert_false(w.full);
        len += w.len;
    }
    strcpy(body + len, "tok.en");
    assert_int_equal(strlen(body), 152);
    assert_string_equal(body, expected);
}

static void long_form(void **state)
{
    (void)state;
    char role[ROLE_ARN_BYTES_MAX], session[ROLE_NAME_BYTES_MAX];
    memset(role, '/', sizeof role);
    memset(session, '@', sizeof session);
    struct sts_form form;
    size_t total = 0;
    sts_form_init(&form, span_of(role, sizeof role), span_of(session, sizeof session));
    for (;;) {
        char *piece = malloc(STS_FORM_PIECE_BYTES);
        struct writer w = writer_on(piece, STS_FORM_PIECE_BYTES);
        const bool more = sts_form_next(&form, &w);
        assert_false(w.full);
        total += w.len;
        free(piece);
        if (!more) break;
    }
    assert_int_equal(total, strlen("Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=&"
                                   "RoleSessionName=&WebIdentityToken=") +
                                3 * (sizeof role + sizeof session));
}

static void container_question(void **state)
{
    (void)state;
    const struct service_endpoint e = endpoint("http://169.254.170.23");
    assert_string_equal(
        asked(credentials_ask_container(&request, head, sizeof head - 1, &e,
                                        span_text("/v1/credentials"), span_text("Basic abc="))),
        "GET /v1/credentials HTTP/1.1\r\nHost: 169.254.170.23\r\nAccept: application/json\r\n"
        "Authorization: Basic abc=\r\n\r\n");
    assert_string_equal(
        asked(credentials_ask_container(&request, head, sizeof head - 1, &e,
                                        span_text("/v1/a%20b?id=x%2Fy&z="), span_text(""))),
        "GET /v1/a%20b?id=x%2Fy&z= HTTP/1.1\r\nHost: 169.254.170.23\r\nAccept: "
        "application/json\r\n\r\n");
    assert_string_equal(asked(credentials_ask_container(&request, head, sizeof head - 1, &e,
                                                        span_text("/p?"), span_text("a\r\nb: c"))),
                        "unfit");
    assert_string_equal(asked(credentials_ask_container(&request, head, sizeof head - 1, &e,
                                                        span_text("/%"), span_text(""))),
                        "unfit");
    assert_string_equal(asked(credentials_ask_container(&request, head, sizeof head - 1, &e,
                                                        span_text("p"), span_text(""))),
                        "unfit");
    assert_string_equal(asked(credentials_ask_container(&request, head, sizeof head - 1, &e,
                                                        span_text(""), span_text(""))),
                        "unfit");
    assert_string_equal(asked(credentials_ask_container(&request, head, sizeof head - 1, &e,
                                                        span_text("/?%00=1"), span_text(""))),
                        "unfit");
    assert_string_equal(asked(credentials_ask_container(&request, head, 60, &e, span_text("/p"),
                                                        span_text("Basic abc"))),
                        "unfit");
}

static void metadata_questions(void **state)
{
    (void)state;
    const struct service_endpoint e = endpoint("http://[fd00:ec2::254]");
    const struct service_endpoint below = endpoint("http://h:8080/p/");
    assert_string_equal(asked(credentials_ask_metadata_token(&request, head, sizeof head - 1, &e)),
                        "PUT /latest/api/token HTTP/1.1\r\nHost: [fd00:ec2::254]\r\n"
                        "x-aws-ec2-metadata-token-ttl-seconds: 21600\r\nContent-Length: 0\r\n\r\n");
    assert_string_equal(
        asked(credentials_ask_metadata(&request, head, sizeof head - 1, &e, span_text("T=="),
                                       span_text(""))),
        "GET /latest/meta-data/iam/security-credentials/ HTTP/1.1\r\nHost: [fd00:ec2::254]\r\n"
        "x-aws-ec2-metadata-token: T==\r\n\r\n");
    assert_string_equal(
        asked(credentials_ask_metadata(&request, head, sizeof head - 1, &below, span_text("T=="),
                                       span_text("my-role"))),
        "GET /p/latest/meta-data/iam/security-credentials/my-role HTTP/1.1\r\nHost: h:8080\r\n"
        "x-aws-ec2-metadata-token: T==\r\n\r\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_answers),
        cmocka_unit_test(bad_json),
        cmocka_unit_test(longest_json),
        cmocka_unit_test(sts_answers),
        cmocka_unit_test(bad_sts),
        cmocka_unit_test(keys),
        cmocka_unit_test(due),
        cmocka_unit_test(names),
        cmocka_unit_test(sts_question),
        cmocka_unit_test(long_form),
        cmocka_unit_test(container_question),
        cmocka_unit_test(metadata_questions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
