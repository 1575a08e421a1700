/* Signatures by others, where their folder is: AWS's own test suite (sigv4-suite, all cases in their header
 * form), and whole requests of botocore (botocore-golden). RUSUDEN_SHARED, or beside the checkout; else the
 * test is skipped and says so. */
#include "aws/sigv4.h"
#include "cut.h"
#include "text/uri.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#include <mbedtls/sha256.h>

enum { FILE_BYTES_MAX = 1 << 16, SKIPPED = 77 };
enum { SUITE_CASES = 38, SIGNED_GOLDENS = 20, GOLDENS = 21 };

static const char *folder;
static struct http_request request;
static uint8_t room[REQUEST_HEAD_BYTES_MAX];
static struct credentials credentials;
static struct sigv4_key key;

/* The text of a file, ended by 0; NULL: it is not there. Lives until the next call but three. */
static char *read_file(const char *format, const char *name, const char *leaf)
{
    static char texts[4][FILE_BYTES_MAX];
    static unsigned turn;
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof path, format, folder, name, leaf);
    assert_true(n > 0 && (size_t)n < sizeof path);
    FILE *file = fopen(path, "rb");
    if (file == NULL) return NULL;
    char *text = texts[turn++ % 4];
    const size_t len = fread(text, 1, FILE_BYTES_MAX - 1, file);
    assert_true(len < FILE_BYTES_MAX - 1);
    fclose(file);
    text[len] = '\0';
    return text;
}

static void set_credentials(const char *id, const char *secret, const char *token)
{
    memset(&credentials, 0, sizeof credentials);
    credentials.id_len = strlen(id);
    credentials.secret_len = strlen(secret);
    credentials.token_len = strlen(token);
    memcpy(credentials.id, id, credentials.id_len);
    memcpy(credentials.secret, secret, credentials.secret_len);
    memcpy(credentials.token, token, credentials.token_len);
}

/* ---- a lenient reader of requests: what the suite writes is not always HTTP ---- */

/* The next line, without its end; false: the text is over. A line that begins with a blank goes on the one
 * before it (RFC 2616's folding), after one blank. */
static bool next_line(char **text, char **line)
{
    if (**text == '\0') return false;
    *line = *text;
    char *end = *text;
    for (;;) {
        end += strcspn(end, "\n");
        if (end[0] == '\0' || end == *line || (end[1] != ' ' && end[1] != '\t')) break;
        *end = ' ';
    }
    *text = *end == '\0' ? end : end + 1;
    *end = '\0';
    if (end > *line && end[-1] == '\r') end[-1] = '\0';
    return true;
}

static void decode(const char *text, char to[1024])
{
    struct writer w = writer_on(to, 1023);
    assert_true(uri_decode(&w, span_text(text), false));
    to[w.len] = '\0';
}

/* "a=b&c" into parameters, decoded: encoding them is the request's. */
static void put_query(char *query)
{
    char *rest = NULL;
    for (char *pair = strtok_r(query, "&", &rest); pair != NULL;
         pair = strtok_r(NULL, "&", &rest)) {
        char *value = strchr(pair, '=');
        if (value != NULL) *value++ = '\0';
        char name_text[1024], value_text[1024] = "";
        decode(pair, name_text);
        if (value != NULL) decode(value, value_text);
        http_request_parameter(&request, name_text, span_text(value_text));
    }
}

/* "GET /path?query HTTP/1.1", where blanks may stand in the path. The path as it is in the line. */
static char *begin_request(char *line, bool decoded)
{
    char *path = strchr(line, ' ');
    char *version = strrchr(line, ' ');
    assert_true(path != NULL && version > path);
    *path++ = *version = '\0';
    char *query = strchr(path, '?');
    if (query != NULL) *query++ = '\0';
    static char raw[1024];
    decode(path, raw);
    http_request_begin(&request, room, sizeof room, line, span_text(decoded ? raw : path));
    if (query != NULL) put_query(query);
    return path;
}

static void hash_text(const char *text, uint8_t to[32])
{
    assert_int_equal(mbedtls_sha256((const uint8_t *)text, strlen(text), to, 0), 0);
}

/* "Signature=" and its 64 digits, or another field, as text. */
static void find_field(const char *text, const char *name, const char *stop, char to[2048])
{
    const char *at = strstr(text, name);
    assert_non_null(at);
    at += strlen(name);
    const size_t n = strcspn(at, stop);
    assert_true(n < 2048);
    memcpy(to, at, n);
    to[n] = '\0';
}

/* ---- AWS's suite ---- */

/* "name": "text" in context.json; "" where it is not. */
static void context_text(const char *json, const char *name, char to[2048])
{
    char quoted[64];
    snprintf(quoted, sizeof quoted, "\"%s\": \"", name);
    to[0] = '\0';
    if (strstr(json, quoted) != NULL) find_field(json, quoted, "\"", to);
}

#define SUITE "%s/sigv4-suite/tests/aws-signing-test-suite/v4"

static void suite_case(const char *name)
{
    char *context = read_file(SUITE "/%s/%s", name, "context.json");
    char *text = read_file(SUITE "/%s/%s", name, "request.txt");
    char *expected = read_file(SUITE "/%s/%s", name, "header-signature.txt");
    char *signed_request = read_file(SUITE "/%s/%s", name, "header-signed-request.txt");
    assert_true(context != NULL && text != NULL && expected != NULL && signed_request != NULL);

    char id[2048], secret[2048], token[2048], region[2048], service[2048], date[2048];
    context_text(context, "access_key_id", id);
    context_text(context, "secret_access_key", secret);
    context_text(context, "token", token);
    context_text(context, "region", region);
    context_text(context, "service", service);
    context_text(context, "timestamp", date);
    assert_string_equal(date, "2015-08-30T12:36:00Z");
    /* Such a token is sent, but not signed; we sign what we send. */
    if (strstr(context, "\"omit_session_token\": true") != NULL) token[0] = '\0';
    set_credentials(id, secret, token);
    const bool normalize = strstr(context, "\"normalize\": true") != NULL;
    const struct sigv4_scope scope = {region, service, normalize,
                                      strstr(context, "\"sign_body\": true") != NULL};

    char *line = NULL;
    assert_true(next_line(&text, &line));
    char *path = begin_request(line, false);
    /* The suite's path is not encoded yet, so that encoding it a second time is its first. */
    if (normalize) request.path = span_text(path);
    while (next_line(&text, &line) && line[0] != '\0') {
        char *value = strchr(line, ':');
        assert_non_null(value);
        *value++ = '\0';
        http_request_header_text(&request, line, value);
    }
    uint8_t hash[32];
    hash_text(text, hash);
    struct sigv4_seed seed;
    assert_true(sigv4_sign(&key, &request, &scope, &credentials, INT64_C(1440938160000),
                           SIGV4_HASHED, hash, &seed));
    expected[strcspn(expected, "\r\n")] = '\0';
    char signature[SIGNATURE_BYTES + 1] = "";
    memcpy(signature, seed.signature, SIGNATURE_BYTES);
    if (strcmp(signature, expected) != 0) print_error("%s\n", name);
    assert_string_equal(signature, expected);

    char authorization[2048], ours[2048];
    find_field(signed_request, "Authorization:", "\r\n", authorization);
    const struct request_header *h = http_request_find(&request, "authorization");
    assert_non_null(h);
    snprintf(ours, sizeof ours, "%.*s", (int)h->value.len, (const char *)h->value.at);
    assert_string_equal(ours, authorization);
}

static void suite(void **state)
{
    (void)state;
    char path[PATH_MAX];
    snprintf(path, sizeof path, SUITE, folder);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    unsigned cases = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        suite_case(entry->d_name);
        cases++;
    }
    closedir(directory);
    assert_int_equal(cases, SUITE_CASES);
}

/* ---- botocore ---- */

/* Whether a name stands in "a;b;c". */
static bool lists(const char *names, const char *name)
{
    const size_t len = strlen(name);
    for (const char *at = names; at != NULL; at = strchr(at, ';')) {
        at += at[0] == ';';
        if (strncasecmp(at, name, len) == 0 && (at[len] == ';' || at[len] == '\0')) return true;
    }
    return false;
}

/* What botocore leaves out by its list, as we do; the rest that it does not sign it adds later. */
static bool is_never_signed(const char *name)
{
    return strcasecmp(name, "Expect") == 0 || strcasecmp(name, "Transfer-Encoding") == 0;
}

static enum sigv4_payload payload_of(const char *hash)
{
    if (strcmp(hash, "UNSIGNED-PAYLOAD") == 0) return SIGV4_UNSIGNED;
    if (strcmp(hash, "STREAMING-UNSIGNED-PAYLOAD-TRAILER") == 0) return SIGV4_UNSIGNED_TRAILER;
    return SIGV4_HASHED;
}

/* True: it has an Authorization, and ours is the same. */
static bool golden(const char *name)
{
    char *text = read_file("%s/%s/%s", "botocore-golden", name);
    assert_non_null(text);
    if (strstr(text, "\r\nAuthorization: ") == NULL) return false;
    char authorization[2048], names[2048], given_scope[2048], token[2048];
    find_field(text, "\r\nAuthorization: ", "\r", authorization);
    find_field(authorization, "SignedHeaders=", ",", names);
    find_field(authorization, "Credential=AKIDEXAMPLE/20250306/", ",", given_scope);
    find_field(text, "\r\nX-Amz-Security-Token: ", "\r", token);
    assert_non_null(strstr(text, "\r\nX-Amz-Date: 20250306T070809Z\r\n"));
    char *rest = NULL;
    const char *region = strtok_r(given_scope, "/", &rest);
    const char *service = strtok_r(NULL, "/", &rest);
    const bool is_s3 = strcmp(service, "s3") == 0;
    const struct sigv4_scope scope = {region, service, !is_s3, is_s3};
    set_credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token);

    char content[2048] = "";
    char *line = NULL;
    assert_true(next_line(&text, &line));
    begin_request(line, true);
    while (next_line(&text, &line) && line[0] != '\0') {
        char *value = strstr(line, ": ");
        assert_non_null(value);
        *value = '\0';
        value += 2;
        if (strcasecmp(line, "X-Amz-Content-SHA256") == 0) snprintf(content, 2048, "%s", value);
        /* The signer's own. */
        if (strcasecmp(line, "X-Amz-Content-SHA256") == 0 || strcasecmp(line, "X-Amz-Date") == 0 ||
            strcasecmp(line, "X-Amz-Security-Token") == 0)
            continue;
        if (lists(names, line) || is_never_signed(line))
            http_request_header_text(&request, line, value);
    }
    uint8_t hash[32];
    hash_text(text, hash);
    assert_true(sigv4_sign(&key, &request, &scope, &credentials, INT64_C(1741244889000),
                           payload_of(content), hash, NULL));
    char ours[2048];
    const struct request_header *h = http_request_find(&request, "Authorization");
    assert_non_null(h);
    snprintf(ours, sizeof ours, "%.*s", (int)h->value.len, (const char *)h->value.at);
    if (strcmp(ours, authorization) != 0) print_error("%s\n", name);
    assert_string_equal(ours, authorization);
    return true;
}

static void goldens(void **state)
{
    (void)state;
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/botocore-golden", folder);
    DIR *directory = opendir(path);
    assert_non_null(directory);
    unsigned files = 0, compared = 0;
    for (const struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        if (entry->d_name[0] == '.') continue;
        compared += golden(entry->d_name);
        files++;
    }
    closedir(directory);
    assert_int_equal(files, GOLDENS);
    assert_int_equal(compared, SIGNED_GOLDENS); /* AssumeRoleWithWebIdentity is not signed */
}

int main(void)
{
    folder = getenv("RUSUDEN_SHARED");
    const bool is_asked_for = folder != NULL;
    if (folder == NULL) folder = FIXTURES;
    if (read_file("%s/%s/%s", "botocore-golden", "s3-uploadpart.http") == NULL) {
        printf("%s: there are no requests of botocore in %s (set RUSUDEN_SHARED)\n",
               is_asked_for ? "failed" : "skipped", folder);
        return is_asked_for ? 1 : SKIPPED;
    }
    const struct CMUnitTest tests[] = {cmocka_unit_test(suite), cmocka_unit_test(goldens)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
