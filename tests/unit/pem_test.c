/* PEM (RFC 7468): a certificate and keys that openssl made, and their DER by openssl. */
#include "cut.h"
#include "text/pem.h"

#include <stdio.h>

#define CERTIFICATE                                                                                \
    "-----BEGIN CERTIFICATE-----\n"                                                                \
    "MIIBbjCCAROgAwIBAgIUWy2KgwQDbNonQ6lXL/mzpBPtKFIwCgYIKoZIzj0EAwIw\n"                           \
    "DDEKMAgGA1UEAwwBdDAeFw0yNjExMjIyMDU1MTVaFw0yNjExMjMyMDU1MTVaMAwx\n"                           \
    "CjAIBgNVBAMMAXQwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAAT5HeMjlIGT+oKc\n"                           \
    "KPGCOEMdAQEFjUnBR86QXayVEt5D5HXoMnT/uIcQg5ws7UKP69TFNPYopCwgmV6X\n"                           \
    "7A+bxQQ/o1MwUTAdBgNVHQ4EFgQUL42Bo4j2AXM6gzzEFtQHPLHhaoEwHwYDVR0j\n"                           \
    "BBgwFoAUL42Bo4j2AXM6gzzEFtQHPLHhaoEwDwYDVR0TAQH/BAUwAwEB/zAKBggq\n"                           \
    "hkjOPQQDAgNJADBGAiEAgbUi5M6w/JGn8SVSrtXnpa1hWbYzZTmsClopL734DAUC\n"                           \
    "IQC7jdyjsefxA6UKbNFIHh1fum8Sxy3T213bcEC5JqyODg==\n"                                           \
    "-----END CERTIFICATE-----\n"
#define CERTIFICATE_DER                                                                            \
    "3082016e30820113a00302010202145b2d8a8304036cda2743a9572ff9b3a413ed2852300a06082a8648ce3d"     \
    "040302300c310a300806035504030c0174301e170d3236313132323230353531355a170d3236313132333230"     \
    "353531355a300c310a300806035504030c01743059301306072a8648ce3d020106082a8648ce3d0301070342"     \
    "0004f91de323948193fa829c28f18238431d0101058d49c147ce905dac9512de43e475e83274ffb88710839c"     \
    "2ced428febd4c534f628a42c20995e97ec0f9bc5043fa3533051301d0603551d0e041604142f8d81a388f601"     \
    "733a833cc416d4073cb1e16a81301f0603551d230418301680142f8d81a388f601733a833cc416d4073cb1e1"     \
    "6a81300f0603551d130101ff040530030101ff300a06082a8648ce3d040302034900304602210081b522e4ce"     \
    "b0fc91a7f12552aed5e7a5ad6159b6336539ac0a5a292fbdf80c05022100bb8ddca3b1e7f103a50a6cd1481e"     \
    "1d5fba6f12c72dd3db5ddb7040b926ac8e0e"
/* The example of RFC 8410 section 10.3: everybody has it. */
#define KEY                                                                                        \
    "-----BEGIN PRIVATE KEY-----\n"                                                                \
    "MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n"                           \
    "-----END PRIVATE KEY-----\n"
#define KEY_DER                                                                                    \
    "302e020100300506032b657004220420d4ee72dbf913584ad5b6d8f1f769f8ad3afe7c28cbf1d4fbe097a88f44"   \
    "755842"

struct reading {
    struct pem pem;
    uint8_t room[1024];
};

static size_t room_bytes;

static void begin(void *state)
{
    struct reading *r = state;
    pem_init(&r->pem, r->room, room_bytes);
}

static enum cut_answer fault(const struct reading *r, struct cut_log *log)
{
    assert_true(r->pem.fault.len > 0);
    cut_say(log, "!%d@%d", (int)r->pem.fault.kind, (int)r->pem.fault.at);
    return CUT_OVER;
}

static enum cut_answer next(void *state, struct span *in, struct cut_log *log)
{
    struct reading *r = state;
    const enum pem_event event = pem_next(&r->pem, in);
    const struct span label = pem_label(&r->pem);
    switch (event) {
    case PEM_NEED: return CUT_NEED;
    case PEM_BLOCK:
        cut_say(log, "%.*s", (int)label.len, (const char *)label.at);
        cut_payload(log, pem_der(&r->pem));
        return CUT_MORE;
    case PEM_TOO_LONG:
        cut_say(log, "%.*s too long", (int)label.len, (const char *)label.at);
        return CUT_MORE;
    case PEM_FAULT: break;
    }
    assert_int_equal(pem_next(&r->pem, in), PEM_FAULT);
    assert_false(pem_finish(&r->pem));
    return fault(r, log);
}

static enum cut_answer end(void *state, struct cut_log *log)
{
    struct reading *r = state;
    if (!pem_finish(&r->pem)) return fault(r, log);
    cut_say(log, "end");
    return CUT_OVER;
}

static const struct cut_reader reader = {sizeof(struct reading), begin, next, end};

static void check(const char *pem, const char *expected)
{
    room_bytes = 1024;
    cut_check(&reader, span_text(pem), expected);
}

static void blocks(void **state)
{
    (void)state;
    check(CERTIFICATE, "CERTIFICATE =" CERTIFICATE_DER " end");
    check(KEY, "PRIVATE KEY =" KEY_DER " end");
    check(CERTIFICATE KEY CERTIFICATE, "CERTIFICATE =" CERTIFICATE_DER " PRIVATE KEY =" KEY_DER
                                       " CERTIFICATE =" CERTIFICATE_DER " end");
    check("", "end");
    check("nothing of the kind\n", "end");
}

/* A bundle as distributions write them: names, comments, and whatever stands between. */
static void text_around(void **state)
{
    (void)state;
    check("# Bundle\n\nSubject: CN=t -----BEGIN X-----\n----- BEGIN\n------BEGIN X-----\n"
          " -----BEGIN X-----\n=====\n" KEY "\n\xFF\x01 text\r\n" KEY "-----END OF FILE-----\nbye",
          "PRIVATE KEY =" KEY_DER " PRIVATE KEY =" KEY_DER " end");
    check("-----BEGI", "end");
    check("-----BEGIN\nx", "end");
    check("-----BEGIN-----\n", "end");
    check("-----begin X-----\n", "end");
    check("-----\n-----BEGIN A-----\nAA==\n-----END A----- and more -----BEGIN B-----\n",
          "A =00 end");
}

static void lines(void **state)
{
    (void)state;
    /* one line, lines of one character, three kinds of line ends, none at the end, empty lines,
     * blanks behind lines */
    check("-----BEGIN A-----\nAAECAwQFBgc=\n-----END A-----", "A =0001020304050607 end");
    check("-----BEGIN A-----\r\nAAECAwQFBgc=\r\n-----END A-----\r\n", "A =0001020304050607 end");
    check("-----BEGIN A-----\rAAECAwQFBgc=\r-----END A-----\r", "A =0001020304050607 end");
    check("-----BEGIN A-----\nA\nA\nE\nC\nAw\nQFB\n\ngc\n=\n\n\n-----END A-----",
          "A =0001020304050607 end");
    check("-----BEGIN A----- \t\nAAEC \nAwQF\t\t\r\nBgc= \n-----END A-----\n",
          "A =0001020304050607 end");
    /* files put together whose last line has no end */
    check("-----BEGIN A-----\nAA==\n-----END A----------BEGIN B-----\n/w==\n-----END B-----",
          "A =00 B =ff end");
    check("-----BEGIN A-----\nAAEC AwQF\n-----END A-----", "!3@0");
    check("-----BEGIN A-----\n AAEC\n-----END A-----", "!3@0");
    check("-----BEGIN A-----AAEC\n-----END A-----", "!3@0");
    check("-----BEGIN A----- AAEC\n-----END A-----", "!3@0");
    check("-----BEGIN A-----\nAAEC-----END A-----", "!3@0");
}

static void labels(void **state)
{
    (void)state;
    check("-----BEGIN X509 CRL-----\nAA==\n-----END X509 CRL-----", "X509 CRL =00 end");
    check("-----BEGIN a-b-----\nAA==\n-----END a-b-----", "a-b =00 end");
    check("-----BEGIN "
          "a234567890123456789012345678901234567890123456789012345678901234-----\nAA==\n-----END "
          "a234567890123456789012345678901234567890123456789012345678901234-----",
          "a234567890123456789012345678901234567890123456789012345678901234 =00 end");
    check("-----BEGIN a2345678901234567890123456789012345678901234567890123456789012345-----\n",
          "!5@0");
    check("-----BEGIN a23456789012345678901234567890123456789012345678901234567890123-x-----\n",
          "!5@0");
    check("x\n-----BEGIN A----\nAA==\n-----END A-----", "!3@2");
    check("-----BEGIN A\nAA==\n-----END A-----", "!3@0");
    check("-----BEGIN ----------\nAA==\n-----END -----", "!3@0");
    check("-----BEGIN a--b-----\nAA==\n-----END a--b-----", "!3@0");
    check("-----BEGIN \xC3\xA9-----\nAA==\n-----END \xC3\xA9-----", "!3@0");
    check("-----BEGIN A\x7F-----\n", "!3@0");
    check("-----BEGIN A-----\nAA==\n-----END B-----", "!3@0");
    check("-----BEGIN A-----\nAA==\n-----END AB-----", "!3@0");
    check("-----BEGIN AB-----\nAA==\n-----END A-----", "!3@0");
    check("-----BEGIN A-----\nAA==\n-----BEGIN A-----", "!3@0");
    check("-----BEGIN A-----\nAA==\n-----END A----\n", "!3@0");
    check("-----BEGIN A-----\nAA==\n----END A-----\n", "!3@0");
}

static void contents(void **state)
{
    (void)state;
    check("-----BEGIN A-----\n-----END A-----", "!3@0");
    check("-----BEGIN A-----\n\n-----END A-----", "!3@0");
    check("-----BEGIN A-----\nAAE\n-----END A-----", "!3@0");
    check("-----BEGIN A-----\nAAEC=\n-----END A-----", "!3@0");
    check("-----BEGIN A-----\nAA=\n-----END A-----", "!3@0");
    check("-----BEGIN A-----\nAA==\nAAEC\n-----END A-----", "!3@0");
    check("-----BEGIN A-----\nAB==\n-----END A-----", "!3@0");
    check("-----BEGIN A-----\nA_EC\n-----END A-----", "!3@0");
    check("-----BEGIN A-----\nAAEC\n*\n-----END A-----", "!3@0");
    cut_check(&reader, span_of("-----BEGIN A-----\nAA\0==\n-----END A-----", 37), "!3@0");
    check("-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n", "!3@0");
    check("-----BEGIN RSA PRIVATE KEY-----\nHeader: 4\n", "!4@0");
}

static void rooms(void **state)
{
    (void)state;
    room_bytes = 8;
    cut_check(&reader,
              span_text("-----BEGIN A-----\nAAECAwQFBgc=\n-----END A-----\n"
                        "-----BEGIN B-----\nAAECAwQFBgcI\n-----END B-----\n"
                        "-----BEGIN C-----\nAAECAwQFBgcIAA==\n-----END C-----\n"
                        "-----BEGIN D-----\nAAECAwQFBg==\n-----END D-----\n"),
              "A =0001020304050607 B too long C too long D =00010203040506 end");
    cut_check(&reader, span_text(CERTIFICATE "-----BEGIN A-----\nAA==\n-----END A-----\n"),
              "CERTIFICATE too long A =00 end");
    cut_check(&reader, span_text("-----BEGIN B-----\nAAECAwQFBgcI*\n-----END B-----\n"), "!3@0");
    cut_check(&reader, span_text("-----BEGIN B-----\nAAECAwQFBgcIA\n-----END B-----\n"), "!3@0");
    room_bytes = 0;
    cut_check(&reader, span_text("-----BEGIN B-----\nAA==\n-----END B-----\n"), "B too long end");
}

static void cut_off(void **state)
{
    (void)state;
    room_bytes = 1024;
    const size_t whole = strlen(KEY);
    for (size_t len = 0; len < whole; len++) {
        const char *expected = len < strlen("-----BEGIN ") ? "end" : "!2@0";
        if (len == whole - 1)
            expected = "PRIVATE KEY =" KEY_DER " end"; /* but for its line's end */
        assert_string_equal(cut_read(&reader, span_of(KEY, len), 5, 1).text, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks),  cmocka_unit_test(text_around), cmocka_unit_test(lines),
        cmocka_unit_test(labels),  cmocka_unit_test(contents),    cmocka_unit_test(rooms),
        cmocka_unit_test(cut_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
