/* XML 1.0, sentence by sentence, and answers as AWS documents them; whole, byte by byte and cut. */
#include "cut.h"
#include "text/xml.h"

#include <stdio.h>

enum { ROOM = 24 };

struct reading {
    struct xml xml;
    char text[ROOM];
};

static void begin(void *state)
{
    struct reading *r = state;
    xml_init(&r->xml, r->text, sizeof r->text);
}

static enum cut_answer fault(const struct reading *r, struct cut_log *log)
{
    assert_true(r->xml.fault.len > 0);
    cut_say(log, "!%d@%d", (int)r->xml.fault.kind, (int)r->xml.fault.at);
    return CUT_OVER;
}

/* "+name<parent" and "-name<parent[text]": ~ where the text was cut. */
static enum cut_answer next(void *state, struct span *in, struct cut_log *log)
{
    struct reading *r = state;
    const enum xml_event event = xml_next(&r->xml, in);
    const struct span name = xml_name(&r->xml);
    const struct span parent = xml_parent(&r->xml);
    const struct span text = xml_text(&r->xml);
    switch (event) {
    case XML_NEED: return CUT_NEED;
    case XML_OPEN:
        cut_say(log, "+%u%.*s<%.*s", r->xml.depth, (int)name.len, (const char *)name.at,
                (int)parent.len, (const char *)parent.at);
        return CUT_MORE;
    case XML_CLOSE:
        cut_say(log, "-%u%.*s<%.*s[%.*s%s]%s", r->xml.depth, (int)name.len, (const char *)name.at,
                (int)parent.len, (const char *)parent.at, (int)text.len, (const char *)text.at,
                r->xml.text_cut ? "~" : "", r->xml.over ? "." : "");
        return CUT_MORE;
    case XML_FAULT: break;
    }
    assert_int_equal(xml_next(&r->xml, in), XML_FAULT);
    assert_false(xml_finish(&r->xml));
    return fault(r, log);
}

static enum cut_answer end(void *state, struct cut_log *log)
{
    struct reading *r = state;
    if (!xml_finish(&r->xml)) return fault(r, log);
    assert_true(xml_finish(&r->xml));
    cut_say(log, "end");
    return CUT_OVER;
}

static const struct cut_reader reader = {sizeof(struct reading), begin, next, end};

static void check(const char *xml, const char *expected)
{
    cut_check(&reader, span_text(xml), expected);
}

/* AWS: "Amazon S3 API Reference", CreateMultipartUpload and error responses; "AWS STS". */
static void answers(void **state)
{
    (void)state;
    check("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
          "<InitiateMultipartUploadResult xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
          "  <Bucket>example-bucket</Bucket>\n  <Key>a&amp;b</Key>\n"
          "  <UploadId>VXBsb2FkIElEIGZvciA2a</UploadId>\n</InitiateMultipartUploadResult>",
          "+1InitiateMultipartUploadResult< +2Bucket<InitiateMultipartUploadResult "
          "-2Bucket<InitiateMultipartUploadResult[example-bucket] "
          "+2Key<InitiateMultipartUploadResult -2Key<InitiateMultipartUploadResult[a&b] "
          "+2UploadId<InitiateMultipartUploadResult "
          "-2UploadId<InitiateMultipartUploadResult[VXBsb2FkIElEIGZvciA2a] "
          "-1InitiateMultipartUploadResult<[\n]. end");
    /* white space that keeps the connection alive, before the answer is known */
    check("  \n\n   \r\n<?xml version=\"1.0\"?>\n\n<Error><Code>InternalError</Code></Error>\n \n",
          "+1Error< +2Code<Error -2Code<Error[InternalError] -1Error<[]. end");
    check("<?xml version=\"1.0\"?>      <a/>", "+1a< -1a<[]. end");
}

static void elements(void **state)
{
    (void)state;
    check("<a></a>", "+1a< -1a<[]. end");
    check("<a/>", "+1a< -1a<[]. end");
    check("<a />", "+1a< -1a<[]. end");
    check("<a\n>x</a\t\n>", "+1a< -1a<[x]. end");
    check("<a><b/><b/></a>", "+1a< +2b<a -2b<a[] +2b<a -2b<a[] -1a<[]. end");
    check("<a>x<b>y</b>z</a>", "+1a< +2b<a -2b<a[y] -1a<[z]. end");
    check("<s:a xmlns:s='u'><t:b/><c/></s:a>", "+1a< +2b<a -2b<a[] +2c<a -2c<a[] -1a<[]. end");
    check("<_a-1.b><\xC3\xA9/></_a-1.b>",
          "+1_a-1.b< +2\xC3\xA9<_a-1.b -2\xC3\xA9<_a-1.b[] -1_a-1.b<[]. end");
    check("<a><a><a/></a></a>", "+1a< +2a<a +3a<a -3a<a[] -2a<a[] -1a<[]. end");
    check("<1><2><3><4></4></3></2></1>", "!3@1");
    check("<a><b><c><d><e><f><g><h>x</h></g></f></e></d></c></b></a>",
          "+1a< +2b<a +3c<b +4d<c +5e<d +6f<e +7g<f +8h<g -8h<g[x] -7g<f[] -6f<e[] -5e<d[] -4d<c[] "
          "-3c<b[] -2b<a[] -1a<[]. end");
    check("<a><b><c><d><e><f><g><h><i/></h></g></f></e></d></c></b></a>",
          "+1a< +2b<a +3c<b +4d<c +5e<d +6f<e +7g<f +8h<g !5@25");
    /* 48 bytes of name, and 49 (XML_NAME_BYTES_MAX) */
    check("<a23456789012345678901234567890123456789012345678/>",
          "+1a23456789012345678901234567890123456789012345678< "
          "-1a23456789012345678901234567890123456789012345678<[]. end");
    check("<a234567890123456789012345678901234567890123456789/>", "!5@49");
    check("<p:34567890123456789012345678901234567890123456789/>", "!3@3");
    check("<p:c4567890123456789012345678901234567890123456789/>", "!5@49");
}

static void wrong_elements(void **state)
{
    (void)state;
    check("<a></b>", "+1a< !3@5");
    check("<a></ab>", "+1a< !3@6");
    check("<ab></a>", "+1ab< !3@7");
    check("<a></A>", "+1a< !3@5");
    check("<s:a></a>", "+1a< !3@7");
    check("<s:a></t:a>", "+1a< !3@7");
    check("<a></s:a>", "+1a< !3@5");
    check("<a></>", "+1a< !3@5");
    check("<a></ a>", "+1a< !3@5");
    check("<a></a b>", "+1a< !3@7");
    check("<a></a/>", "+1a< !3@6");
    check("<a><b></a></b>", "+1a< +2b<a !3@8");
    check("</a>", "!3@1");
    check("<>", "!3@1");
    check("< a/>", "!3@1");
    check("<-a/>", "!3@1");
    check("<:a/>", "!3@1");
    check("<a:/>", "!3@3");
    check("<a:1/>", "!3@3");
    check("<a:b:c/>", "!3@4");
    check("<a::b/>", "!3@3");
    check("<a/ >", "!3@3");
    check("<a//>", "!3@3");
    check("<a<b/>", "!3@2");
    check("<a;/>", "!3@2");
    check("<a$/>", "!3@2");
}

static void attributes(void **state)
{
    (void)state;
    check("<a b='c'/>", "+1a< -1a<[]. end");
    check("<a b=\"1\" c='2'\td:e = \n'3' >x</a>", "+1a< -1a<[x]. end");
    check("<a b='>' c=\"/>\" d='\"' e=\"'\">x</a>", "+1a< -1a<[x]. end");
    check("<a b='</a>'>x</a>", "!3@6");
    check("<a b=''/>", "+1a< -1a<[]. end");
    check("<a b='&amp;&lt;'/>", "+1a< -1a<[]. end");
    check("<a b/>", "!3@4");
    check("<a b>", "!3@4");
    check("<a b c='d'>", "!3@5");
    check("<a b=c>", "!3@5");
    check("<a b='c'd='e'>", "!3@8");
    check("<a 'b'>", "!3@3");
    check("<a ='b'>", "!3@3");
    check("<a b=>", "!3@5");
    check("<a b==''>", "!3@5");
    check("<a b='\x01'>", "!3@6");
    check("<a 1='x'>", "!3@3");
    check("<a b='c", "!2@7");
}

static void texts(void **state)
{
    (void)state;
    check("<a>&amp;&lt;&gt;&quot;&apos;</a>", "+1a< -1a<[&<>\"']. end");
    check("<a>&#65;&#x42;&#xe9;&#x20ac;&#128512;&#x1F600;</a>",
          "+1a< -1a<[AB\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80\xF0\x9F\x98\x80]. end");
    check("<a>&#9;&#10;&#13;&#x7F;</a>", "+1a< -1a<[\t\n\r\x7F]. end");
    check("<a>&#xD7FF;&#xE000;&#xFFFD;&#x10FFFF;</a>",
          "+1a< -1a<[\xED\x9F\xBF\xEE\x80\x80\xEF\xBF\xBD\xF4\x8F\xBF\xBF]. end");
    check("<a>x&amp;amp;y</a>", "+1a< -1a<[x&amp;y]. end");
    check("<a>1 > 2 ' \" ]]</a>", "+1a< -1a<[1 > 2 ' \" ]]]. end");
    /* section 2.11 */
    check("<a>1\r\n2\r3\n4\r\r\n5\n\r6</a>", "+1a< -1a<[1\n2\n3\n4\n\n5\n\n6]. end");
    check("<a>\r&amp;\n</a>", "+1a< -1a<[\n&\n]. end");
    check("<a>\r<!--x-->\n</a>", "+1a< -1a<[\n\n]. end");
    check("<a>\r&#10;\r<![CDATA[\n\r\n]]>\n</a>", "+1a< -1a<[\n\n\n\n\n\n]. end");
    check("<a>x<![CDATA[<b>&amp;]]>y<!-- z -->w<?p i?>v</a>", "+1a< -1a<[x<b>&amp;ywv]. end");
    check("<a><![CDATA[]]></a>", "+1a< -1a<[]. end");
    check("<a><![CDATA[]]]]]]></a>", "+1a< -1a<[]]]]]. end");
    check("<a><![CDATA[]>]] >]]]></a>", "+1a< -1a<[]>]] >]]. end");
    check("<a><![CDATA[a]b]]c]]></a>", "+1a< -1a<[a]b]]c]. end");
    check("<a>\xE2\x82\xAC</a>", "+1a< -1a<[\xE2\x82\xAC]. end");

    static const char *const wrong[] = {
        "<a>&foo;</a>",
        "<a>&AMP;</a>",
        "<a>&;</a>",
        "<a>& </a>",
        "<a>&amp</a>",
        "<a>&#;</a>",
        "<a>&#x;</a>",
        "<a>&#0;</a>",
        "<a>&#x0;</a>",
        "<a>&#1;</a>",
        "<a>&#x1f;</a>",
        "<a>&#xD800;</a>",
        "<a>&#xDFFF;</a>",
        "<a>&#xFFFE;</a>",
        "<a>&#xFFFF;</a>",
        "<a>&#x110000;</a>",
        "<a>&#1114112;</a>",
        "<a>&#99999999999;</a>",
        "<a>&#xFFFFFFFFFF;</a>",
        "<a>&#4294967361;</a>",
        "<a>&#x100000041;</a>",
        "<a>&#6a;</a>",
        "<a>&#X41;</a>",
        "<a>&#-65;</a>",
        "<a>&#+65;</a>",
        "<a>&#x 41;</a>",
        "<a>&amp ;</a>",
        "<a>&&amp;</a>",
        "<a>&#0000000000065;</a>",
        "<a>\x01</a>",
        "<a>\x1F</a>",
        "<a><![CDATA[\x02]]></a>",
        "<a><!-- \x03 --></a>",
        "<a><?x \x04 ?></a>",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        const struct cut_log log = cut_read(&reader, span_text(wrong[i]), 1, 1);
        if (strncmp(log.text, "+1a< !3@", 8) != 0) fail_msg("%s: %s", wrong[i], log.text);
        cut_same(&reader, span_text(wrong[i]));
    }
    cut_check(&reader, span_of("<a>\0</a>", 8), "+1a< !3@3");
}

/* The room has 24 bytes. */
static void long_texts(void **state)
{
    (void)state;
    check("<a>123456789012345678901234</a>", "+1a< -1a<[123456789012345678901234]. end");
    check("<a>1234567890123456789012345</a>", "+1a< -1a<[123456789012345678901234~]. end");
    check("<a>12345678901234567890123&#233;4</a>", "+1a< -1a<[12345678901234567890123~]. end");
    check("<a>12345678901234567890123&amp;</a>", "+1a< -1a<[12345678901234567890123&]. end");
    check("<a><b>12345678901234567890123456</b><c>x</c></a>",
          "+1a< +2b<a -2b<a[123456789012345678901234~] +2c<a -2c<a[x] -1a<[]. end");
    check("<a>12345678901234567890123456<c>x</c>y</a>", "+1a< +2c<a -2c<a[x] -1a<[y]. end");
}

static void markup(void **state)
{
    (void)state;
    check("<!-- a > b - c --><?x?><a/>", "+1a< -1a<[]. end");
    check("<!----><a/>", "+1a< -1a<[]. end");
    check("<a><!--<b>--></a>", "+1a< -1a<[]. end");
    check("<?x ? > ?? ?><a/>", "+1a< -1a<[]. end");
    check("<?x <b> ?\?><a/>", "+1a< -1a<[]. end");
    check("<!DOCTYPE a><a/>", "!4@2");
    check("<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><a/>", "!4@23");
    check("<a><!DOCTYPE a></a>", "+1a< !4@5");
    check("<!ELEMENT a><a/>", "!3@2");
    check("<![CDATA[x]]><a/>", "!3@2");
    check("<a><![CDAT[x]]></a>", "+1a< !3@10");
    check("<a><![cdata[x]]></a>", "+1a< !3@6");
    check("<a><!- x --></a>", "+1a< !3@6");
    check("<a><!-- x -- y --></a>", "+1a< !3@12");
    check("<a><!-- x ---></a>", "+1a< !3@12");
    check("<a><!--->--></a>", "+1a< -1a<[]. end");
    check("<?\?><a/>", "!3@2");
    check("<? x?><a/>", "!3@2");
    check("<?1?><a/>", "!3@2");
}

static void outside(void **state)
{
    (void)state;
    check("x<a/>", "!3@0");
    check("&lt;a/>", "!3@0");
    check("{\"message\":\"no\"}", "!3@0");
    check("<a/>x", "+1a< -1a<[]. !3@4");
    check("<a/> \n\r\t", "+1a< -1a<[]. end");
    check("<a></a><b/>", "+1a< -1a<[]. !3@7");
    check("<a/><a/>", "+1a< -1a<[]. !3@4");
    check("<a/></a>", "+1a< -1a<[]. !3@4");
    check("<a/><!-- x -->", "+1a< -1a<[]. !3@4");
    check("<a/>&#10;", "+1a< -1a<[]. !3@4");
    cut_check(&reader, span_of("<a/>\0", 5), "+1a< -1a<[]. !3@4");
    check("", "!2@0");
    check(" \n ", "!2@3");
    check("<?xml version='1.0'?>  ", "!2@23");
}

/* Cut off after each byte but the last, a document is not whole, and says so. */
static void cut_off(void **state)
{
    (void)state;
    const char *xml = "<?xml version='1.0'?><!-- x --><s:a b='c' d = \"e\"><b>x&#65;&lt;</b><c/>"
                      "<![CDATA[]]]]></s:a >";
    const size_t len = strlen(xml);
    for (size_t n = 0; n <= len; n++) {
        const struct cut_log log = cut_read(&reader, span_of(xml, n), 7, 1);
        char expected[16];
        snprintf(expected, sizeof expected, "!2@%d", (int)n);
        assert_non_null(strstr(log.text, n == len ? "end" : expected));
    }
}

static void escaping(void **state)
{
    (void)state;
    char text[128] = {0};
    struct writer w = writer_on(text, sizeof text - 1);
    xml_escape(&w, span_of("a<b>&\"c'\t\r\n\0\x1F\x7F \xC3\xA9]]>", 20));
    assert_string_equal(
        text, "a&lt;b&gt;&amp;&quot;c&apos;&#x9;&#xd;&#xa;&#x0;&#x1f;&#x7f; \xC3\xA9]]&gt;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers),    cmocka_unit_test(elements), cmocka_unit_test(wrong_elements),
        cmocka_unit_test(attributes), cmocka_unit_test(texts),    cmocka_unit_test(long_texts),
        cmocka_unit_test(markup),     cmocka_unit_test(outside),  cmocka_unit_test(cut_off),
        cmocka_unit_test(escaping),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
