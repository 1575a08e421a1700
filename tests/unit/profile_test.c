/* Files typed by hand after the SDKs' "Shared config and credentials files"; what botocore's reader
 * (Python's configparser) makes of indented and broken ones. */
#include "aws/profile.h"
#include "cut.h"

static enum profile_section section;
static const char *name;

static void begin(void *state)
{
    profile_init(state, section, name);
}

static enum cut_answer told(struct profile *p, enum profile_event event, struct cut_log *log)
{
    switch (event) {
    case PROFILE_NEED: return CUT_NEED;
    case PROFILE_SETTING:
        cut_say(log, "%.*s%s%.*s=<%.*s>", (int)p->above.len, (const char *)p->above.at,
                p->above.len > 0 ? "." : "", (int)p->key.len, (const char *)p->key.at,
                (int)p->value.len, (const char *)p->value.at);
        return CUT_MORE;
    case PROFILE_FAULT: break;
    }
    cut_say(log, "%s: %.*s", fault_name(p->fault.kind), (int)p->fault.len, p->fault.text);
    return CUT_OVER;
}

static enum cut_answer next(void *state, struct span *in, struct cut_log *log)
{
    return told(state, profile_next(state, in), log);
}

static enum cut_answer end(void *state, struct cut_log *log)
{
    struct profile *p = state;
    const enum cut_answer answer = told(p, profile_end(p), log);
    if (answer == CUT_NEED && p->found) cut_say(log, "found");
    return answer == CUT_NEED ? CUT_OVER : answer;
}

static const struct cut_reader reader = {sizeof(struct profile), begin, next, end};

static void check(enum profile_section in, const char *who, const char *file, const char *expected)
{
    section = in;
    name = who;
    cut_check(&reader, span_text(file), expected);
}

static void sections(void **state)
{
    (void)state;
    static const char config[] =
        "[default]\na=1\n[profile one]\na=2\n[one]\na=3\n[profile \"t w o\"]\na=4\n"
        "[ profile  'q' ]\na=5\n[services one]\na=6\n[sso-session one]\na=7\n"
        "[profile one]\nb=8\n[profile default]\nb=9\n";
    check(PROFILE_OF_CONFIG, "default", config, "a=<1> b=<9> found");
    check(PROFILE_OF_CONFIG, "one", config, "a=<2> b=<8> found");
    check(PROFILE_OF_CONFIG, "t w o", config, "a=<4> found");
    check(PROFILE_OF_CONFIG, "q", config, "a=<5> found");
    check(PROFILE_OF_CONFIG, "three", config, "");
    check(PROFILE_SERVICES, "one", config, "a=<6> found");
    check(PROFILE_SERVICES, "default", config, "");
    check(PROFILE_OF_CREDENTIALS, "one", config, "a=<3> found");
    check(PROFILE_OF_CREDENTIALS, "default", config, "a=<1> found");
    check(PROFILE_OF_CONFIG, "default", "", "");
    check(PROFILE_OF_CONFIG, "default", "[default]", "found");
}

/* As botocore does with its own test file aws_bad_profile: what is no name is nobody's section. */
static void titles_without_sense(void **state)
{
    (void)state;
    static const char config[] =
        "a=0\n[profile \"personal\" \"otherkey\"]\na=1\n[profile \"open]\na=2\n[profile]\na=3\n"
        "[profile open\na=4\n[]\na=5\n[default] trailing ] # x\na=6\n[default";
    check(PROFILE_OF_CONFIG, "personal", config, "");
    check(PROFILE_OF_CONFIG, "open", config, "");
    check(PROFILE_OF_CONFIG, "\"open", config, "a=<2> found");
    check(PROFILE_OF_CONFIG, "profile", config, "");
    check(PROFILE_OF_CONFIG, "default", config, "a=<6> found");
}

static void values(void **state)
{
    (void)state;
    check(PROFILE_OF_CREDENTIALS, "x",
          "[x] ; the one\nAWS_Access_Key_ID = AKID\nb=c=d==\nempty =\nlast= \t v w \t\nhash = a#b "
          ";c\n"
          "none = # nothing\nurl=http://h/;p#f\n",
          "aws_access_key_id=<AKID> b=<c=d==> empty=<> last=<v w> hash=<a#b> none=<> "
          "url=<http://h/;p#f> found");
    check(PROFILE_OF_CREDENTIALS, "x",
          "\xEF\xBB\xBF[x]\r\na = 1\r\n\r\n# c = 2\r\n ; d = 3\r\ne = 4", "a=<1> e=<4> found");
    check(PROFILE_OF_CREDENTIALS, "x", "\n\xEF\xBB\xBF[x]\na = 1\n", "");
    check(PROFILE_OF_CREDENTIALS, "x", "[x]\n\n \t \na\t=\tb\n", "a=<b> found");
}

static void nested(void **state)
{
    (void)state;
    check(PROFILE_OF_CONFIG, "default",
          "[default]\nkey = foo\ns3 =\n    Signature_Version = s3v4\n\n    addressing_style = path "
          "# so\n"
          "cloudwatch =\n    signature_version = v4\nregion=us-west-2\n",
          "key=<foo> s3=<> s3.signature_version=<s3v4> s3.addressing_style=<path> cloudwatch=<> "
          "cloudwatch.signature_version=<v4> region=<us-west-2> found");
    check(PROFILE_SERVICES, "my-services",
          "[default]\nendpoint_url = https://localhost:1234/\nservices = my-services\n\n[services "
          "my-services]\n"
          "s3 =\n  endpoint_url = https://localhost:5678/\ndynamodb =\n  endpoint_url = "
          "https://localhost:8888/\n",
          "s3=<> s3.endpoint_url=<https://localhost:5678/> dynamodb=<> "
          "dynamodb.endpoint_url=<https://localhost:8888/> found");
    /* A value that goes on: configparser would join the lines. */
    check(PROFILE_OF_CONFIG, "default", "[default]\na = 1\n  2 = 3\n [x]\nb = 4\n",
          "a=<1> a.=<2 = 3> a.=<[x]> b=<4> found");
    /* All of a section indented: these are its settings. */
    check(PROFILE_OF_CONFIG, "default",
          "  [default]\n  a = 1\n  s3 =\n\tx = 2\n   y = 3\n b = 4\n  c = 5\n",
          "a=<1> s3=<> x=<2> x.=<y = 3> b=<4> b.=<c = 5> found");
}

static void broken(void **state)
{
    (void)state;
    check(PROFILE_OF_CONFIG, "default", "[default]\na = 1\nSEKRIT\nb = 2\n",
          "a=<1> malformed input: line 3 has no \"key = value\"");
    check(PROFILE_OF_CONFIG, "default", "[default]\n= SEKRIT\n",
          "malformed input: line 2 has no \"key = value\"");
    check(PROFILE_OF_CONFIG, "default", "[default]\ns3 =\n    bad_syntax @ s3v4\n",
          "s3=<> malformed input: line 3 is indented and has no \"key = value\"");
    check(PROFILE_OF_CONFIG, "other", "[default]\nSEKRIT\n[profile other]\na = 1\n", "a=<1> found");
}

static char large[3 * PROFILE_LINE_BYTES_MAX];

static void long_lines(void **state)
{
    (void)state;
    const size_t max = PROFILE_LINE_BYTES_MAX;
    memset(large, 'x', sizeof large);
    memcpy(large, "# ", 2); /* a comment may be as long as it likes */
    memcpy(large + max + 9, "\n[d]\nk = ", 9);
    const size_t line = max + 9 + 5;
    memcpy(large + line + max, " \r\nb=1", 7);
    char expected[PROFILE_LINE_BYTES_MAX + 100] = "k=<";
    memset(expected + 3, 'x', max - 4);
    strcpy(expected + 3 + max - 4, "> b=<1> found");
    section = PROFILE_OF_CREDENTIALS;
    name = "d";
    /* cut_say's line holds less than this one: only the length counts here. */
    struct profile p;
    profile_init(&p, section, name);
    struct span in = span_text(large);
    assert_int_equal(profile_next(&p, &in), PROFILE_SETTING);
    assert_int_equal(p.value.len, max - 4);
    assert_memory_equal(p.value.at, expected + 3, max - 4);
    assert_int_equal(profile_next(&p, &in), PROFILE_NEED);
    assert_int_equal(profile_end(&p), PROFILE_SETTING);
    assert_int_equal(profile_end(&p), PROFILE_NEED);
    /* One byte more. */
    large[line + max] = 'x';
    cut_check(&reader, span_text(large), "input beyond a limit: line 3 is too long");
    name = "e";
    cut_check(&reader, span_text(large), "");
}

static void long_key(void **state)
{
    (void)state;
    char file[300] = "[d]\n";
    memset(file + 4, 'K', PROFILE_NAME_BYTES_MAX);
    strcpy(file + 4 + PROFILE_NAME_BYTES_MAX, "=1\n");
    section = PROFILE_OF_CREDENTIALS;
    name = "d";
    char expected[300];
    memset(expected, 'k', PROFILE_NAME_BYTES_MAX);
    strcpy(expected + PROFILE_NAME_BYTES_MAX, "=<1> found");
    cut_check(&reader, span_text(file), expected);
    strcpy(file + 4 + PROFILE_NAME_BYTES_MAX, "K=1\n");
    cut_check(&reader, span_text(file), "input beyond a limit: line 2 has too long a key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sections), cmocka_unit_test(titles_without_sense),
        cmocka_unit_test(values),   cmocka_unit_test(nested),
        cmocka_unit_test(broken),   cmocka_unit_test(long_lines),
        cmocka_unit_test(long_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
