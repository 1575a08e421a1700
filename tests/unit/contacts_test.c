/* Tags and contacts: READING.md section 7. */
#include <stdio.h>

#include "audio_reader.h"

#define SOUND CUSTOMER_TRACK "1F43B675<A3(81 0000 80 11)>"
#define HEARD "customer@0 =11 / "
#define RUN(uid, ...) SEGMENT(UID(uid) SOUND __VA_ARGS__)
#define SILENT(uid, ...) SEGMENT(UID(uid) __VA_ARGS__)

static void contact_ids(void **state)
{
    (void)state;
    check_audio(SEGMENT(SOUND CONTACT("c-1")), "DOC@0 " HEARD "FRAG:c-1 END");
    check_audio(SEGMENT(CONTACT("c-1") SOUND), "DOC@0 " HEARD "FRAG:c-1 END");
    check_audio(SEGMENT(CONTACT("c-1") SOUND CONTACT("c-1")), "DOC@0 " HEARD "FRAG:c-1 END");
    check_audio(SEGMENT(SOUND TAGS("67C8(45A3('ContactId' 00)4487('c-1' 00*9))")),
                "DOC@0 " HEARD "FRAG:c-1 END");
    check_audio(SEGMENT(SOUND TAGS("67C8(4487('c-2')45A3('ContactId'))")),
                "DOC@0 " HEARD "FRAG:c-2 END");
    check_audio(SEGMENT(TAGS("67C8(45A3('x')45A3('ContactId')4487('y')4487('c'))")),
                "DOC@0 FRAG:c END");
    /* Empty counts as none; a name alone, a value alone, another name likewise. */
    check_audio(SEGMENT(CONTACT("") CONTACT("c") CONTACT("")), "DOC@0 FRAG:c END");
    check_audio(SEGMENT(TAGS("67C8(45A3('ContactId'))")), "DOC@0 FRAG:- END");
    check_audio(SEGMENT(TAGS("67C8(4487('ContactId'))")), "DOC@0 FRAG:- END");
    check_audio(
        SEGMENT(TAGS(SIMPLE("contactId", "c") SIMPLE("ContactID", "c") SIMPLE("ContactId ", "c"))),
        "DOC@0 FRAG:- END");
    /* A value does not wander from one tag to the next. */
    check_audio(SEGMENT(TAGS(SIMPLE("InstanceId", "i") "67C8(45A3('ContactId'))")),
                "DOC@0 FRAG:- END");
    check_audio(SEGMENT(TAGS(SIMPLE("ContactId", "c") "67C8(4487('d'))")), "DOC@0 FRAG:c END");
}

static void nested_tags_are_not_read(void **state)
{
    (void)state;
    check_audio(SEGMENT(TAGS("67C8(45A3('x')" SIMPLE("ContactId", "inner") "4487('v'))")),
                "DOC@0 FRAG:- END");
    check_audio(SEGMENT(TAGS("67C8(45A3('ContactId')4487('first')67C8()4487('last'))")),
                "DOC@0 FRAG:last END");
    check_audio(SEGMENT(TAGS("67C8(45A3('ContactId')" SIMPLE("x", "y") "4487('outer'))")),
                "DOC@0 FRAG:outer END");
    check_audio(SEGMENT(TAGS("67C8(45A3('ContactId')4487('outer')67C8(67C8(45A3('z'))" SIMPLE(
                    "x", "y") "))")),
                "DOC@0 FRAG:outer END");
}

static void contact_limits(void **state)
{
    (void)state;
    char text[400], expected[200];
    snprintf(text, sizeof text, SEGMENT(TAGS("67C8(45A3('ContactId')4487('c'*64))")));
    snprintf(expected, sizeof expected, "DOC@0 FRAG:%s END",
             "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc");
    check_audio(text, expected);
    check_refused(SEGMENT(TAGS("67C8(45A3('ContactId')4487('c'*65))")), FAULT_LIMIT,
                  "CONTACT_ID_BYTES_MAX");
    check_refused(SEGMENT(CONTACT("a") SOUND CONTACT("b")), FAULT_MALFORMED,
                  "two contacts, \"a\" and \"b\"");
    check_refused(SEGMENT(TAGS(SIMPLE("ContactId", "a") SIMPLE("ContactId", "aa"))),
                  FAULT_MALFORMED, "two contacts");
    /* In one document only. */
    check_audio(SEGMENT(CONTACT("a")) SEGMENT(CONTACT("b")), "DOC@0 FRAG:a DOC@39 FRAG:b END");
}

static void contacts_are_inherited(void **state)
{
    (void)state;
    /* by SegmentUID, from before only; never without one, nor by one that two contacts have had */
    check_audio(SILENT("AA", "") SILENT("AA", CONTACT("c")) SILENT("AA", "") SILENT("BB", "")
                    SILENT("AA", ""),
                "DOC@0 FRAG:- DOC@36 FRAG:c DOC@99 FRAG:c* DOC@135 FRAG:- DOC@171 FRAG:c* END");
    check_audio(SILENT("AA", CONTACT("c")) SILENT("BB", CONTACT("d")) SILENT("AA", "")
                    SILENT("BB", ""),
                "DOC@0 FRAG:c DOC@63 FRAG:d DOC@126 FRAG:c* DOC@162 FRAG:d* END");
    check_audio(SILENT("AA", CONTACT("c")) SILENT("AA", CONTACT("d")) SILENT("AA", ""),
                "DOC@0 FRAG:c DOC@63 FRAG:d DOC@126 FRAG:- END");
    check_audio(SILENT("AA", CONTACT("c")) SILENT("AA", CONTACT("d")) SILENT("AA", CONTACT("d"))
                    SILENT("AA", ""),
                "DOC@0 FRAG:c DOC@63 FRAG:d DOC@126 FRAG:d DOC@189 FRAG:- END");
    /* ... from then on; other SegmentUIDs do. */
    check_audio(SILENT("AA", CONTACT("c")) SILENT("BB", CONTACT("c")) SILENT("AA", CONTACT("d"))
                    SILENT("AA", "") SILENT("BB", "") SILENT("AA", CONTACT("c")) SILENT("AA", ""),
                "DOC@0 FRAG:c DOC@63 FRAG:c DOC@126 FRAG:d DOC@189 FRAG:- DOC@225 FRAG:c* "
                "DOC@261 FRAG:c DOC@324 FRAG:- END");
    check_audio(SILENT("AA", CONTACT("c")) SILENT("AA", CONTACT("")) SILENT("AA", CONTACT("c")),
                "DOC@0 FRAG:c DOC@63 FRAG:c* DOC@125 FRAG:c END");
    check_audio(SEGMENT(CONTACT("c")) SEGMENT(""), "DOC@0 FRAG:c DOC@39 FRAG:- END");
    check_audio(SILENT("00", CONTACT("c")) SILENT("00", ""), "DOC@0 FRAG:c DOC@63 FRAG:- END");
    check_audio(SILENT("AA", CONTACT("c")) SEGMENT(""), "DOC@0 FRAG:c DOC@63 FRAG:- END");
    /* The UID of the document before does not stay. */
    check_audio(SILENT("AA", CONTACT("c")) SEGMENT(CONTACT("d")) SILENT("AA", ""),
                "DOC@0 FRAG:c DOC@63 FRAG:d DOC@102 FRAG:c* END");
    /* One bit of difference is another run. */
    check_audio(SILENT("AA", CONTACT("c")) SEGMENT("1549A966(73A4(AA*15 AB))"),
                "DOC@0 FRAG:c DOC@63 FRAG:- END");
    check_audio(RUN("AA", CONTACT("c")) RUN("AA", ""),
                "DOC@0 " HEARD "FRAG:c DOC@117 " HEARD "FRAG:c* END");
}

/* One document of run `uid` (1..), with a contact or without. */
static size_t put_run(char *to, unsigned uid, bool with_contact)
{
    return (size_t)sprintf(to, "18538067<1549A966(73A4(00*14 %04X))%s>", uid,
                           with_contact ? CONTACT("c") : "");
}

static const char *last_of(const char *text)
{
    const char *log = cut_read(&audio_reads, doc(text), 7, 1).text;
    return strrchr(log, '@');
}

static void sixty_four_runs_are_remembered(void **state)
{
    (void)state;
    static char text[20000];
    for (unsigned runs = 63; runs <= 66; runs++) {
        size_t len = 0;
        for (unsigned uid = 1; uid <= runs; uid++)
            len += put_run(text + len, uid, true);
        put_run(text + len, runs - 63, false); /* the 64th from behind */
        if (runs >= 64) assert_non_null(strstr(last_of(text), "FRAG:c*"));
        put_run(text + len, runs - 64, false); /* the 65th: forgotten */
        if (runs >= 65) assert_non_null(strstr(last_of(text), "FRAG:-"));
    }
    /* Inheriting is a use: run 1 stays, run 2 goes. */
    size_t len = 0;
    for (unsigned uid = 1; uid <= 64; uid++)
        len += put_run(text + len, uid, true);
    len += put_run(text + len, 1, false);
    len += put_run(text + len, 65, true);
    put_run(text + len, 1, false);
    assert_non_null(strstr(last_of(text), "FRAG:c*"));
    put_run(text + len, 2, false);
    assert_non_null(strstr(last_of(text), "FRAG:-"));
    /* Documents of nobody use nothing. */
    for (unsigned uid = 100; uid <= 200; uid++)
        len += put_run(text + len, uid, false);
    put_run(text + len, 3, false);
    assert_non_null(strstr(last_of(text), "FRAG:c*"));
}

static void mime_types(void **state)
{
    (void)state;
    static const struct {
        const char *mime;
        bool ours;
    } rows[] = {
        {"audio/L16;rate=8000;channels=1;", true},
        {"audio/L16", true},
        {"audio/l16", true},
        {"AUDIO/L16; RATE=8000; Channels=1", true},
        {"audio/L16;channels=1;rate=8000", true},
        {"audio/L16;rate=8000", true},
        {"audio/L16;x=y", true},
        {"audio/L16;rate=16000;channels=1", false},
        {"audio/L16;rate=8000;channels=2", false},
        {"audio/L16;rate=80000", false},
        {"audio/L16;rate=", false},
        {"audio/aac", false},
        {"audio/L160", false},
        {"audio/L1", false},
        {"video/h264", false},
        {"audio/L16;rate=8000;rate=16000", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char text[600];
        snprintf(text, sizeof text, SEGMENT(SOUND TAGS(SIMPLE("MimeType", "%s"))), rows[i].mime);
        if (rows[i].ours)
            check_audio(text, "DOC@0 " HEARD "FRAG:- END");
        else
            check_refused(text, FAULT_UNSUPPORTED, "MimeType");
        /* Without audio of a chosen track it says nothing. */
        snprintf(text, sizeof text, SEGMENT(TAGS(SIMPLE("MimeType", "%s"))) SEGMENT(SOUND),
                 rows[i].mime);
        check_accepted(text);
    }
    /* Found when the document ends. */
    const char *log =
        cut_read(&audio_reads, doc(SEGMENT(TAGS(SIMPLE("MimeType", "x")) SOUND)), 1, 1).text;
    assert_non_null(strstr(log, HEARD "FAULT unsupported"));
}

static void trouble(void **state)
{
    (void)state;
#define KVS(name, value) SIMPLE("AWS_KINESISVIDEO_" name, value)
    check_audio(
        SEGMENT(TAGS(KVS("EXCEPTION_ERROR_CODE", "4506") KVS("EXCEPTION_MESSAGE", "no data"))),
        "DOC@0 TROUBLE 4506|no data END");
    check_audio(SEGMENT(TAGS(KVS("EXCEPTION_MESSAGE", "m"))), "DOC@0 TROUBLE |m END");
    check_audio(SEGMENT(TAGS(KVS("ERROR_CODE", "InternalError") KVS("ERROR_ID", "4500"))),
                "DOC@0 TROUBLE InternalError| END");
    check_audio(SEGMENT(TAGS(KVS("ERROR_ID", "4500"))), "DOC@0 TROUBLE 4500| END");
    check_audio(SEGMENT(TAGS(KVS("ERROR_CODE", ""))), "DOC@0 TROUBLE | END");
    /* Reported when the document ends, also one with sound, a contact and a foreign format. */
    check_audio(
        SEGMENT(TAGS(KVS("ERROR_CODE", "E")) SOUND CONTACT("c") TAGS(SIMPLE("MimeType", "x"))),
        "DOC@0 " HEARD "TROUBLE E| END");
    check_audio(SEGMENT(TAGS(KVS("ERROR_CODEX", "E") KVS("ERROR", "E") SIMPLE("ERROR_CODE", "E"))),
                "DOC@0 FRAG:- END");
    check_audio(SEGMENT(TAGS(KVS("ERROR_CODE", "E"))) SEGMENT(""),
                "DOC@0 TROUBLE E| DOC@57 FRAG:- END");
}

static void kvs_tags(void **state)
{
    (void)state;
    static struct connect_audio a;
    struct span in =
        doc(SEGMENT(TAGS(KVS("FRAGMENT_NUMBER", "91343852333181432392682062607743920146")
                             KVS("SERVER_TIMESTAMP", "1.2") KVS("SERVER_SIDE_TIMESTAMP", "3.4")
                                 KVS("PRODUCER_SIDE_TIMESTAMP", "5.6")
                                     KVS("PRODUCER_TIMESTAMP", "1726677687.758"))));
    struct span pcm;
    connect_audio_init(&a, CHANNEL_BIT_CUSTOMER);
    while (connect_audio_next(&a, &in, &pcm) != AUDIO_NEED) {
    }
    assert_int_equal(connect_audio_end(&a), AUDIO_FRAGMENT);
    const struct audio_fragment *f = &a.fragment;
    assert_true(
        span_is(span_of(f->number, f->number_len), "91343852333181432392682062607743920146"));
    assert_true(span_is(span_of(f->server_time, f->server_time_len), "3.4"));
    assert_true(span_is(span_of(f->producer_time, f->producer_time_len), "1726677687.758"));
    assert_int_equal(connect_audio_end(&a), AUDIO_END);
}

static void facts_of_a_fragment(void **state)
{
    (void)state;
    static struct connect_audio a;
    struct span in = doc(HEADER SEGMENT(BOTH_TRACKS CLUSTER(
        "07", BLOCK("82", "0001", "11") BLOCK("81", "0000", "2233") BLOCK("82", "0005", ""))));
    struct span pcm;
    connect_audio_init(&a, CHANNEL_BIT_CUSTOMER);
    while (connect_audio_next(&a, &in, &pcm) != AUDIO_NEED) {
    }
    assert_int_equal(connect_audio_end(&a), AUDIO_FRAGMENT);
    assert_int_equal(a.fragment.at, 0);
    assert_int_equal(a.fragment.blocks, 3);
    assert_int_equal(a.fragment.first_ns, 8000000);
    assert_int_equal(a.fragment.pcm_bytes[CHANNEL_CUSTOMER], 2);
    assert_int_equal(a.fragment.pcm_bytes[CHANNEL_AGENT], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(contact_ids),
        cmocka_unit_test(nested_tags_are_not_read),
        cmocka_unit_test(contact_limits),
        cmocka_unit_test(contacts_are_inherited),
        cmocka_unit_test(mime_types),
        cmocka_unit_test(sixty_four_runs_are_remembered),
        cmocka_unit_test(trouble),
        cmocka_unit_test(kvs_tags),
        cmocka_unit_test(facts_of_a_fragment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
