/* xml_next on any bytes: the same events however the input is cut, and the same that an obvious
 * reader of a whole document tells, written from XML 1.0's productions.
 *
 * Byte 0: the cutting's seed, and its lowest two bits the room for text. */
#include "fuzz.h"

#include "text/xml.h"

enum { EVENTS = FUZZ_INPUT_BYTES_MAX, DEPTH_MAX = 8, NAME_MAX_BYTES = 48 };

struct event {
    bool open, cut;
    unsigned depth;
    uint64_t name, parent, text;
};

struct events {
    size_t count;
    struct event event[EVENTS];
};

static void add(struct events *to, struct event event)
{
    FUZZ_REQUIRE(to->count < EVENTS);
    to->event[to->count++] = event;
}

/* ---- the obvious reader ---- */

static struct span rest;
static struct events *told;
static char text[FUZZ_INPUT_BYTES_MAX];
static size_t text_len, text_room;
static bool text_cut;

static bool next_is(const char *set)
{
    return rest.len > 0 && rest.at[0] != 0 && strchr(set, rest.at[0]) != NULL;
}

static bool eat(const char *word)
{
    const size_t len = strlen(word);
    if (rest.len < len || memcmp(rest.at, word, len) != 0) return false;
    span_cut(&rest, len);
    return true;
}

/* [3] S */
static bool s(void)
{
    const bool some = next_is(" \t\r\n");
    while (next_is(" \t\r\n"))
        span_take(&rest);
    return some;
}

/* [2] Char, of a byte. */
static bool is_char(uint8_t c)
{
    return c >= 0x20 || c == '\t' || c == '\r' || c == '\n';
}

static bool name_begins(void)
{
    return rest.len > 0 && (rest.at[0] >= 0x80 || next_is("_abcdefghijklmnopqrstuvwxyz"
                                                          "ABCDEFGHIJKLMNOPQRSTUVWXYZ"));
}

/* Namespaces: [4] NCName. */
static struct span nc_name(void)
{
    struct span name = span_of(rest.at, 0);
    if (!name_begins()) return name;
    while (name_begins() || next_is("-.0123456789")) {
        span_take(&rest);
        name.len++;
    }
    return name;
}

/* Namespaces: [7] QName. */
static bool q_name(struct span *whole, struct span *local)
{
    *whole = *local = nc_name();
    if (local->len == 0) return false;
    if (eat(":")) {
        *local = nc_name();
        if (local->len == 0) return false;
        whole->len += 1 + local->len;
    }
    return whole->len <= NAME_MAX_BYTES;
}

static void put(const char *bytes, size_t len)
{
    text_cut = text_cut || text_len + len > text_room;
    if (text_cut) return;
    memcpy(text + text_len, bytes, len);
    text_len += len;
}

static void forget_text(void)
{
    text_len = 0;
    text_cut = false;
}

/* Section 2.11, then one byte. */
static bool char_data(void)
{
    if (!is_char(rest.at[0])) return false;
    if (eat("\r\n") || eat("\r")) {
        put("\n", 1);
        return true;
    }
    const char c = (char)span_take(&rest);
    put(&c, 1);
    return true;
}

/* [66] CharRef, of what stands between "&#" and ";", with the lengths that we take. */
static bool char_ref(const char *digits)
{
    const int base = digits[0] == 'x' ? 16 : 10;
    digits += base == 16;
    if (*digits == 0 ||
        strspn(digits, base == 16 ? "0123456789abcdefABCDEF" : "0123456789") != strlen(digits))
        return false;
    const unsigned long c = strtoul(digits, NULL, base);
    if (!(c == 9 || c == 10 || c == 13 || (c >= 0x20 && c <= 0xD7FF) ||
          (c >= 0xE000 && c <= 0xFFFD) || (c >= 0x10000 && c <= 0x10FFFF)))
        return false;
    char utf8[5];
    int len = 0;
    if (c >= 0x10000) utf8[len++] = (char)(0xF0 + c / 262144);
    if (c >= 0x10000) utf8[len++] = (char)(0x80 + c / 4096 % 64);
    if (c >= 0x800 && c < 0x10000) utf8[len++] = (char)(0xE0 + c / 4096);
    if (c >= 0x800) utf8[len++] = (char)(0x80 + c / 64 % 64);
    if (c >= 0x80 && c < 0x800) utf8[len++] = (char)(0xC0 + c / 64);
    utf8[len++] = (char)(c >= 0x80 ? 0x80 + c % 64 : c);
    put(utf8, (size_t)len);
    return true;
}

static bool reference(void)
{
    static const char *const entities[][2] = {
        {"amp;", "&"}, {"lt;", "<"}, {"gt;", ">"}, {"quot;", "\""}, {"apos;", "'"}};
    for (size_t i = 0; i < 5; i++) {
        if (!eat(entities[i][0])) continue;
        put(entities[i][1], 1);
        return true;
    }
    char digits[12] = {0};
    size_t len = 0;
    if (!eat("#")) return false;
    while (rest.len > 0 && !next_is(";") && len < sizeof digits - 1)
        digits[len++] = (char)span_take(&rest);
    return eat(";") && strlen(digits) == len && char_ref(digits);
}

/* [15] Comment, [16] PI: behind what begins them. */
static bool skip_to(const char *end, const char *never)
{
    while (!eat(end))
        if (rest.len == 0 || (*never != 0 && eat(never)) || !is_char(span_take(&rest)))
            return false;
    return true;
}

static bool misc(void)
{
    if (eat("<!--")) return skip_to("-->", "--");
    return eat("<?") && name_begins() && (span_take(&rest), skip_to("?>", ""));
}

static bool cdata(void)
{
    while (!eat("]]>"))
        if (rest.len == 0 || !char_data()) return false;
    return true;
}

/* [41] Attribute, whose entities are not looked at. */
static bool attribute(void)
{
    if (!name_begins() && !next_is(":")) return false;
    while (name_begins() || next_is(":-.0123456789"))
        span_take(&rest);
    s();
    if (!eat("=")) return false;
    s();
    const char *const quote = next_is("\"") ? "\"" : "'";
    if (!eat(quote)) return false;
    while (!eat(quote))
        if (rest.len == 0 || next_is("<") || !is_char(span_take(&rest))) return false;
    return true;
}

static uint64_t hash(struct span bytes)
{
    return journal_hash(bytes.len + 1, bytes);
}

static bool element(struct span parent, unsigned depth);

static bool content(struct span local, unsigned depth)
{
    while (rest.len > 0) {
        if (rest.len >= 2 && memcmp(rest.at, "</", 2) == 0) return true;
        bool right;
        if (eat("<![CDATA[")) {
            right = cdata();
        } else if (rest.len >= 2 && next_is("<") && (rest.at[1] == '!' || rest.at[1] == '?')) {
            right = misc();
        } else if (next_is("<")) {
            right = element(local, depth + 1);
        } else {
            right = eat("&") ? reference() : char_data();
        }
        if (!right) return false;
    }
    return false;
}

/* [39] element */
static bool element(struct span parent, unsigned depth)
{
    struct span whole, local;
    if (!eat("<") || depth > DEPTH_MAX || !q_name(&whole, &local)) return false;
    bool blank = s();
    while (!next_is("/>")) {
        if (!blank || !attribute()) return false;
        blank = s();
    }
    const bool empty = eat("/");
    if (!eat(">")) return false;
    forget_text();
    add(told, (struct event){true, false, depth, hash(local), hash(parent), 0});
    if (!empty) {
        struct span end;
        if (!content(local, depth) || !eat("</")) return false;
        end = span_cut(&rest, span_min(rest, whole.len));
        s();
        if (!span_equal(end, whole) || !eat(">")) return false;
    }
    add(told, (struct event){false, text_cut, depth, hash(local), hash(parent),
                             hash(span_of(text, text_len))});
    forget_text();
    return true;
}

/* [1] document, with blanks before it. */
static bool document(void)
{
    s();
    while (rest.len >= 2 && next_is("<") && (rest.at[1] == '!' || rest.at[1] == '?')) {
        if (!misc()) return false;
        s();
    }
    if (!element(span_of(NULL, 0), 1)) return false;
    s();
    return rest.len == 0;
}

/* ---- the reading ---- */

static void note(struct journal *j, const struct xml *x, enum xml_event event, struct events *to)
{
    const uint64_t name = hash(xml_name(x));
    const uint64_t parent = hash(xml_parent(x));
    switch (event) {
    case XML_NEED: break;
    case XML_OPEN:
        journal_add(j, "open", name, parent, x->depth);
        if (to != NULL) add(to, (struct event){true, false, x->depth, name, parent, 0});
        break;
    case XML_CLOSE:
        journal_add(j, "close", name, hash(xml_text(x)), x->depth);
        if (to != NULL)
            add(to, (struct event){false, x->text_cut, x->depth, name, parent, hash(xml_text(x))});
        break;
    case XML_FAULT:
        journal_add(j, "fault", x->fault.kind, x->fault.at,
                    journal_hash(0, span_of(x->fault.text, x->fault.len)));
        break;
    }
}

static struct journal read_in(struct span input, enum fuzz_cutting cutting, uint8_t seed,
                              struct events *to, bool *whole)
{
    char *const room = malloc(text_room);
    struct xml x;
    xml_init(&x, room, text_room);
    struct journal journal = {0};
    struct fuzz_pieces pieces = fuzz_pieces(input, cutting, seed);
    bool failed = false;
    for (struct span in; fuzz_next(&pieces, &in);) {
        enum xml_event event;
        do {
            event = xml_next(&x, &in);
            if (!failed) note(&journal, &x, event, to);
            FUZZ_REQUIRE(!failed || event == XML_FAULT);
            failed = event == XML_FAULT;
        } while (event != XML_NEED && event != XML_FAULT);
        if (event == XML_NEED) FUZZ_REQUIRE(in.len == 0);
    }
    *whole = xml_finish(&x);
    FUZZ_REQUIRE(*whole == (x.fault.kind == FAULT_NONE));
    FUZZ_REQUIRE(x.fault.kind == FAULT_NONE || x.fault.at <= input.len);
    journal_add(&journal, "finish", *whole, x.fault.kind, x.fault.at);
    free(room);
    return journal;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > FUZZ_INPUT_BYTES_MAX) return 0;
    const uint8_t seed = data[0];
    const struct span input = fuzz_input(span_of(data + 1, size - 1), false);
    text_room = (size_t[]){4096, 16, 5, 1}[seed & 3];
    static struct events ours, theirs;
    ours.count = theirs.count = 0;
    bool is_whole = false;
    const struct journal whole = read_in(input, FUZZ_WHOLE, 0, &ours, &is_whole);
    for (enum fuzz_cutting cutting = FUZZ_BYTES; cutting < FUZZ_CUTTINGS; cutting++) {
        bool is_whole_too = false;
        const struct journal cut = read_in(input, cutting, seed, NULL, &is_whole_too);
        FUZZ_REQUIRE(whole.digest == cut.digest && whole.entries == cut.entries);
    }
    rest = input;
    told = &theirs;
    forget_text();
    FUZZ_REQUIRE(document() == is_whole);
    FUZZ_REQUIRE(ours.count == theirs.count);
    for (size_t i = 0; i < ours.count; i++) {
        const struct event *a = &ours.event[i];
        const struct event *b = &theirs.event[i];
        FUZZ_REQUIRE(a->open == b->open && a->depth == b->depth && a->name == b->name);
        FUZZ_REQUIRE(a->parent == b->parent && a->text == b->text && a->cut == b->cut);
    }

    /* What is escaped is read as it was, but for what no document may hold. */
    static char escaped[8 * FUZZ_INPUT_BYTES_MAX], back[FUZZ_INPUT_BYTES_MAX];
    struct writer w = writer_on(escaped, sizeof escaped);
    writer_text(&w, "<a>");
    xml_escape(&w, input);
    writer_text(&w, "</a>");
    FUZZ_REQUIRE(!w.full);
    bool legal = true;
    for (size_t i = 0; i < input.len; i++)
        legal = legal && is_char(input.at[i]);
    struct xml x;
    xml_init(&x, back, sizeof back);
    struct span in = writer_span(&w);
    FUZZ_REQUIRE(xml_next(&x, &in) == XML_OPEN);
    FUZZ_REQUIRE(xml_next(&x, &in) == (legal ? XML_CLOSE : XML_FAULT));
    if (legal) FUZZ_REQUIRE(span_equal(xml_text(&x), input) && xml_finish(&x));
    return 0;
}
