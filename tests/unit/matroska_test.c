/* Documents typed from RFC 9559: places, values, headers, blocks; READING.md sections 2 to 4 and 6. */
#include <stdio.h>

#include "audio_reader.h"

#define ONE(cluster) HEADER SEGMENT(CUSTOMER_TRACK "1F43B675<" cluster ">")

static void smallest_documents(void **state)
{
    (void)state;
    check_audio("18538067<>", "DOC@0 FRAG:- END");
    check_audio("18538067()", "DOC@0 FRAG:- END");
    check_audio(HEADER "18538067<>", "DOC@0 FRAG:- END");
    check_audio(HEADER, "END");
    check_audio(HEADER "18538067()" HEADER "18538067<>18538067()",
                "DOC@0 FRAG:- DOC@21 FRAG:- DOC@49 FRAG:- END");
    check_audio(SEGMENT(CUSTOMER_TRACK CLUSTER("00", BLOCK("81", "0000", "0102")))
                    HEADER SEGMENT(CUSTOMER_TRACK CLUSTER("40", BLOCK("81", "FFFF", "03"))),
                "DOC@0 customer@0 =0102 / FRAG:- DOC@70 customer@63000000 =03 / FRAG:- END");
}

static void blocks_of_both_kinds(void **state)
{
    (void)state;
    check_audio(ONE("E7(0010) A3(81 0001 80 1122) A0(A1(81 0002 00 3344)) A3(81 0003 80)"),
                "DOC@0 customer@17000000 =1122 / customer@18000000 =3344 / customer@19000000 / "
                "FRAG:- END");
    check_audio(ONE("A0(EC(00)9B(40)A1(81 0002 00 3344)FB(01)A1(81 0004 00 55))"),
                "DOC@0 customer@2000000 =3344 / customer@4000000 =55 / FRAG:- END");
    /* Whatever the frames, the audio is what follows the header. */
    check_audio(ONE("A3(81 0000 02 02 01 02 AABBBBCC) A3(81 0000 06 02 81 C0 AABBBBCC)"
                    "A3(81 0000 04 01 AABB) A3(81 0000 04 00 AABBCC)"),
                "DOC@0 customer@0 =aabbbbcc / customer@0 =aabbbbcc / customer@0 =aabb / "
                "customer@0 =aabbcc / FRAG:- END");
    check_refused(ONE("A3(81 0000)"), FAULT_MALFORMED, "shorter than its own header");
    check_refused(ONE("A3()"), FAULT_MALFORMED, "shorter than its own header");
    check_refused(ONE("A0(A1(81 0000 04 01 AABBCC))"), FAULT_MALFORMED, "0xa1");
    check_refused(ONE("AF(81 0000 80 1122)"), FAULT_UNSUPPORTED, "EncryptedBlock");
    check_refused(ONE("A0(AF(00))"), FAULT_MALFORMED, NULL);
    check_refused(ONE("A3(82 0000 80 1122)"), FAULT_MALFORMED, "track 2");
    check_refused(ONE("A3(80 0000 80 1122)"), FAULT_MALFORMED, "track 0");
    check_refused(SEGMENT("1F43B675<A3(81 0000 80 11)>"), FAULT_MALFORMED, "track 1");
    check_refused(SEGMENT("1F43B675<A3(81 0000 80 11)>" CUSTOMER_TRACK), FAULT_MALFORMED,
                  "track 1");
    /* Each document has its own Tracks. */
    check_refused(ONE("A3(81 0000 80 11)") SEGMENT("1F43B675<A3(81 0000 80 11)>"), FAULT_MALFORMED,
                  "track 1");
}

static void large_track_numbers(void **state)
{
    (void)state;
    check_audio(SEGMENT(TRACKS(TRACK("80", "")) "1F43B675<A3(4080 0000 80 1122)>"),
                "DOC@0 customer@0 =1122 / FRAG:- END");
    check_audio(SEGMENT(TRACKS(TRACK("ABCDEF01020304", "")) "1F43B675<A3(01ABCDEF01020304 0000 80 "
                                                            "1122)>"),
                "DOC@0 customer@0 =1122 / FRAG:- END");
    /* Numbers are compared in all their bits. */
    check_refused(SEGMENT(TRACKS(TRACK("0100000001", "")) "1F43B675<A3(81 0000 80 1122)>"),
                  FAULT_MALFORMED, "track 1,");
}

static void times(void **state)
{
    (void)state;
#define SCALED(scale, cluster)                                                                     \
    SEGMENT("1549A966(2AD7B1(" scale "))" CUSTOMER_TRACK "1F43B675<" cluster ">")
    check_audio(SCALED("01", "E7(05) A3(81 FFF0 80)"), "DOC@0 customer@-11 / FRAG:- END");
    check_audio(SCALED("0F4240", "A3(81 0003 80) E7(05) A3(81 0003 80) E7() A3(81 0003 80)"),
                "DOC@0 customer@3000000 / customer@8000000 / customer@3000000 / FRAG:- END");
    check_audio(SCALED("", "E7(01) A3(81 0000 80)"), "DOC@0 customer@1000000 / FRAG:- END");
    /* Each Cluster begins without a Timecode, each document with the default scale. */
    check_audio(SCALED("02", "E7(05) A3(81 0000 80) 1F43B675<A3(81 0001 80)>")
                    ONE("A3(81 0001 80)"),
                "DOC@0 customer@10 / customer@2 / FRAG:- DOC@96 customer@1000000 / FRAG:- END");
    check_audio(SCALED("01", "E7(7FFFFFFFFFFFFFFE) A3(81 0001 80)"),
                "DOC@0 customer@9223372036854775807 / FRAG:- END");
    check_audio(SCALED("01000000000000", "A3(81 8001 80)"),
                "DOC@0 customer@-9223090561878065152 / FRAG:- END");
    check_refused(SCALED("01", "E7(7FFFFFFFFFFFFFFE) A3(81 0002 80)"), FAULT_MALFORMED, "63 bits");
    check_refused(SCALED("01", "E7(8000000000000000) A3(81 0000 80)"), FAULT_MALFORMED, "63 bits");
    check_refused(SCALED("FFFFFFFFFFFFFFFF", "A3(81 0001 80)"), FAULT_MALFORMED, "63 bits");
    check_refused(SCALED("0F4240", "E7(FFFFFFFFFF) E7(00FFFFFFFFFFFF) A3(81 0001 80)"),
                  FAULT_MALFORMED, "63 bits");
    check_refused(SCALED("00", ""), FAULT_MALFORMED, "TimecodeScale");
    check_refused(SCALED("0000", ""), FAULT_MALFORMED, "TimecodeScale");
}

static void numbers_and_texts(void **state)
{
    (void)state;
    /* 0 to 8 bytes; longer is refused; the last of several counts. */
    check_accepted(ONE("E7(0000000000000001)"));
    check_refused(ONE("E7(000000000000000001)"), FAULT_MALFORMED, "0xe7");
    check_audio(
        SEGMENT(TRACKS("AE(D7(05)83(01)D7(00000000000001)83(02))") "1F43B675<A3(81 0000 80)>"),
        "DOC@0 customer@0 / FRAG:- END");
    check_refused(SEGMENT(TRACKS("AE(D7(01)D7()83(02))")), FAULT_MALFORMED, "TrackNumber");
    check_refused(SEGMENT(TRACKS("AE(83(02))")), FAULT_MALFORMED, "TrackNumber");
    check_refused(SEGMENT(TRACKS("AE(D7(00))")), FAULT_MALFORMED, "TrackNumber");
    check_accepted(SEGMENT(UID("AA")));
    check_accepted(SEGMENT(UID("00")));
    check_refused(SEGMENT("1549A966(73A4(00*15))"), FAULT_MALFORMED, "0x73a4");
    check_refused(SEGMENT("1549A966(73A4(00*17))"), FAULT_MALFORMED, "0x73a4");
    check_refused(SEGMENT("1549A966(73A4())"), FAULT_MALFORMED, "0x73a4");
    check_accepted(SEGMENT(TRACKS(TRACK("01", "536E('x'*64)86('x' 00*63)"))));
    check_refused(SEGMENT(TRACKS(TRACK("01", "536E('x'*65)"))), FAULT_LIMIT, "64");
    check_refused(SEGMENT(TRACKS(TRACK("01", "86('x' 00*64)"))), FAULT_LIMIT, "64");
    check_accepted(SEGMENT("1254C367(7373(67C8(45A3('n'*128)4487('v'*512))))"));
    check_refused(SEGMENT("1254C367(7373(67C8(45A3('n'*129)4487('v'))))"), FAULT_LIMIT, "128");
    check_refused(SEGMENT("1254C367(7373(67C8(45A3('n')4487('v' 00*512))))"), FAULT_LIMIT, "512");
    /* A tag of 4 GiB is refused by its size, before a byte of it has come. */
    check_refused("18538067<1254C367 0100000100000100 7373 0100000100000080 67C8 0100000100000020 "
                  "4487 0100000100000000>",
                  FAULT_LIMIT, "512");
}

static void headers(void **state)
{
    (void)state;
    check_accepted(
        "1A45DFA3(4286(01)42F7(01)42F2(04)42F3(08)4282('webm')4287(04)4285(04))18538067<>");
    check_accepted("1A45DFA3(42F7()42F2()42F3()4282('matroska' 00*56)4285())18538067<>");
    check_accepted("1A45DFA3(42F2(02)42F3(03)4282('avi')4282('webm'))");
    check_refused("1A45DFA3()18538067<>", FAULT_UNSUPPORTED, "DocType");
    check_refused("1A45DFA3(4282('matroskb'))", FAULT_UNSUPPORTED, "matroskb");
    check_refused("1A45DFA3(4282('Matroska'))", FAULT_UNSUPPORTED, "Matroska");
    check_refused("1A45DFA3(4282(00 'webm'))", FAULT_UNSUPPORTED, "DocType");
    check_refused("1A45DFA3(4282('webm' 00*61))", FAULT_LIMIT, "64");
    check_refused("1A45DFA3(4282('webm')42F7(02))", FAULT_UNSUPPORTED, NULL);
    check_refused("1A45DFA3(4282('webm')42F2(05))", FAULT_UNSUPPORTED, NULL);
    check_refused("1A45DFA3(4282('webm')42F3(09))", FAULT_UNSUPPORTED, NULL);
    check_refused("1A45DFA3(4282('webm')4285(05))", FAULT_UNSUPPORTED, NULL);
    check_refused("1A45DFA3(4282('webm')4285(0100000004))", FAULT_UNSUPPORTED, NULL);
    /* Nothing is left over from the header before. */
    check_refused(HEADER "18538067()1A45DFA3()", FAULT_UNSUPPORTED, "DocType");
}

static void places(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        SEGMENT("AE()"),
        SEGMENT("73A4(00*16)"),
        SEGMENT("1549A966(E7(00))"),
        SEGMENT("E7(00)"),
        SEGMENT("A0()"),
        SEGMENT("7373()"),
        SEGMENT("67C8()"),
        TRACKS("") SEGMENT(""),
        SEGMENT(TRACKS("D7(01)")),
        SEGMENT(TRACKS("E1()")),
        SEGMENT(TRACKS("AE(B5())")),
        SEGMENT("1254C367(67C8())"),
        SEGMENT("1254C367(45A3('n'))"),
        SEGMENT("1254C367(7373(45A3('n')))"),
        HEADER "1549A966()",
        SEGMENT("1F43B675<A1()>"),
        SEGMENT(TRACKS("1F43B675<>")),
        "1A45DFA3(18538067<>)",
        SEGMENT("4282('webm')"),
        SEGMENT("1254C367(7373(67C8(7373())))"),
        HEADER "114D9B74()",
        SEGMENT(TRACKS("AE(114D9B74())")),
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        check_refused(wrong[i], i == 7 ? FAULT_NOT_MATROSKA : FAULT_MALFORMED,
                      "stands where it must not");
    }
    /* SeekHead, Cues, Chapters and Attachments are skipped, and end a Cluster of unknown size. */
    static const char *const ending[] = {"114D9B74(00)", "1C53BB6B(00)", "1043A770(00)",
                                         "1941A469(00)"};
    for (size_t i = 0; i < 4; i++) {
        char text[200];
        snprintf(text, sizeof text, SEGMENT(CUSTOMER_TRACK "1F43B675<%s E7(00)>"), ending[i]);
        check_refused(text, FAULT_MALFORMED, "0xe7 stands where it must not");
        snprintf(text, sizeof text, SEGMENT(CUSTOMER_TRACK "1F43B675(%s)"), ending[i]);
        check_refused(text, FAULT_MALFORMED, "stands where it must not");
    }
    /* Skipped wherever they stand: Void, CRC-32, and what nobody knows. */
#define NOISE "EC(00*3)BF(01020304)42AA(1A45DFA3)99()"
    check_audio("1A45DFA3(" NOISE "4282('webm'))" NOISE "18538067<" NOISE TRACKS(NOISE TRACK(
                    "01", NOISE "E1(" NOISE ")")) "1F43B675<" NOISE BLOCK("81", "0000", "11") NOISE
                "A0(" NOISE ")>114D9B74(00)1C53BB6B(00)1043A770(00)1941A469(00)1F43B675<" BLOCK(
                    "81", "0001", "22") ">1254C367(" NOISE "7373(" NOISE "67C8(" NOISE
                                        "45A3('ContactId')4487('c'))))>" NOISE,
                "DOC@0 customer@0 =11 / customer@1000000 =22 / FRAG:c END");
}

/* Nothing of a block is lost or added where the bytes look like elements. */
static void sound_that_looks_like_elements(void **state)
{
    (void)state;
    check_audio(ONE("A3(81 0000 80 1A45DFA3 80 18538067 01FFFFFFFFFFFFFF 1F43B675 A3 81)"
                    "1F43B675(A3(81 0001 80 1254C367))"),
                "DOC@0 customer@0 =1a45dfa3801853806701ffffffffffffff1f43b675a381 / "
                "customer@1000000 =1254c367 / FRAG:- END");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(smallest_documents),
        cmocka_unit_test(blocks_of_both_kinds),
        cmocka_unit_test(large_track_numbers),
        cmocka_unit_test(times),
        cmocka_unit_test(numbers_and_texts),
        cmocka_unit_test(headers),
        cmocka_unit_test(places),
        cmocka_unit_test(sound_that_looks_like_elements),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
