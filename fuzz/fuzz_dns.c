/* dns_read_answer on any bytes: what a reader says that spells every name out, follows no
 * offsets but on paper, and was written from RFC 1035 alone. And queries: a server that echoes
 * ours is understood.
 *
 * Byte 0: bit 0 A or AAAA; bit 1 the message begins with our header and question; bit 2 which
 * host; bit 3 the bytes are a host's name. */
#include "fuzz.h"

#include "text/dns.h"

enum { NAME_ROOM = 1100, MESSAGE_ROOM = 12 + 255 + 4 + 4096 };

static struct span message;

/* ---- the obvious reader ---- */

struct name {
    size_t len; /* on the wire, without pointers */
    uint8_t labels[NAME_ROOM];
};

static uint8_t byte_at(size_t at)
{
    FUZZ_REQUIRE(at < message.len);
    return message.at[at];
}

static unsigned number_at(size_t at)
{
    return byte_at(at) * 256U + byte_at(at + 1);
}

/* Spells out the name at *at, in small letters; *at goes on behind it. `before`: pointers lead
 * before it, where their own labels began. */
static bool spell(size_t *at, size_t before, struct name *to)
{
    for (;;) {
        if (*at >= message.len) return false;
        const uint8_t first = byte_at(*at);
        if (first >= 192) {
            if (*at + 1 >= message.len) return false;
            size_t target = number_at(*at) % 16384;
            *at += 2;
            return target >= 12 && target < before && spell(&target, target, to);
        }
        if (first > 63 || *at + 1 + first > message.len) return false;
        if (to->len + 1 + first > 255) return false;
        to->labels[to->len++] = first;
        for (unsigned i = 1; i <= first; i++) {
            const uint8_t c = byte_at(*at + i);
            to->labels[to->len++] = c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
        }
        *at += 1U + first;
        if (first == 0) return true;
    }
}

static bool spell_at(size_t *at, struct name *to)
{
    to->len = 0;
    return spell(at, *at, to);
}

static bool same(const struct name *a, const struct name *b)
{
    return a->len == b->len && memcmp(a->labels, b->labels, a->len) == 0;
}

/* A legal name as labels; false: not legal. */
static bool spell_host(struct span host, struct name *to)
{
    char text[NAME_ROOM] = {0};
    to->len = 0;
    if (host.len > 254) return false;
    memcpy(text, host.at, host.len);
    if (strlen(text) != host.len) return false;
    if (host.len > 0 && text[host.len - 1] == '.') text[--host.len] = 0;
    if (host.len == 0 || host.len > 253) return false;
    for (const char *label = text;; label++) {
        const size_t len = strcspn(label, ".");
        if (len == 0 || len > 63) return false;
        to->labels[to->len++] = (uint8_t)len;
        for (size_t i = 0; i < len; i++) {
            static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
            static const char large[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";
            char c = label[i];
            if (strchr(large, c) != NULL) c = letters[strchr(large, c) - large];
            if (strchr(letters, c) == NULL && strchr("0123456789-_", c) == NULL) return false;
            to->labels[to->len++] = (uint8_t)c;
        }
        label += len;
        if (*label == 0) break;
    }
    to->labels[to->len++] = 0;
    return true;
}

struct answer {
    struct name owner, target;
    unsigned type, class;
    size_t data, data_len;
};

enum { ANSWERS = MESSAGE_ROOM / 11 };

static struct answer answers[ANSWERS];
static size_t answer_count;

static bool read_answers(size_t at, unsigned count)
{
    answer_count = 0;
    for (; count > 0; count--) {
        struct answer *a = &answers[answer_count++];
        FUZZ_REQUIRE(answer_count <= ANSWERS);
        if (!spell_at(&at, &a->owner) || at + 10 > message.len) return false;
        a->type = number_at(at);
        a->class = number_at(at + 2);
        a->data_len = number_at(at + 8);
        a->data = at + 10;
        at += 10 + a->data_len;
        if (at > message.len) return false;
        if (a->class != 1) continue;
        if (a->type == 1 && a->data_len != 4) return false;
        if (a->type == 28 && a->data_len != 16) return false;
        size_t end = a->data;
        if (a->type == 5 && (!spell_at(&end, &a->target) || end != at)) return false;
    }
    return true;
}

static enum dns_answer read_obviously(uint16_t id, struct span host, enum dns_type type,
                                      struct dns_addresses *to)
{
    static struct name wanted, question;
    memset(to, 0, sizeof *to);
    FUZZ_REQUIRE(spell_host(host, &wanted));
    if (message.len < 12 || number_at(0) != id) return DNS_NOT_OURS;
    const uint8_t flags = byte_at(2);
    if (flags < 128 || flags / 8 % 16 != 0 || number_at(4) != 1) return DNS_NOT_OURS;
    size_t at = 12;
    if (!spell_at(&at, &question) || !same(&question, &wanted)) return DNS_NOT_OURS;
    if (at + 4 > message.len || number_at(at) != (unsigned)type || number_at(at + 2) != 1)
        return DNS_NOT_OURS;
    const unsigned rcode = byte_at(3) % 16;
    if (rcode == 3) return DNS_NO_NAME;
    if (rcode != 0) return DNS_REFUSED;
    if (flags / 2 % 2 != 0) return DNS_TRUNCATED;
    if (!read_answers(at + 4, number_at(6))) return DNS_BROKEN;
    for (unsigned aliases = 0; aliases < 9; aliases++) {
        const struct name *next = NULL;
        for (size_t i = 0; i < answer_count; i++) {
            const struct answer *a = &answers[i];
            if (a->class != 1 || !same(&a->owner, &wanted)) continue;
            if (a->type == 5) next = &a->target;
            if (a->type != (unsigned)type || to->count == 8) continue;
            memcpy(to->bytes[to->count++], message.at + a->data, a->data_len);
        }
        if (to->count > 0) return DNS_FOUND;
        if (next == NULL) return DNS_NO_ADDRESS;
        wanted = *next;
    }
    return DNS_BROKEN;
}

/* ---- both ---- */

static void check_answer(struct span bytes, uint16_t id, struct span host, enum dns_type type)
{
    uint8_t *const copy = malloc(bytes.len);
    if (bytes.len > 0) memcpy(copy, bytes.at, bytes.len);
    message = span_of(copy, bytes.len);
    struct dns_addresses ours, theirs;
    const enum dns_answer a = dns_read_answer(message, id, host, type, &ours);
    const enum dns_answer b = read_obviously(id, host, type, &theirs);
    FUZZ_REQUIRE(a == b);
    FUZZ_REQUIRE((a == DNS_FOUND) == (ours.count > 0));
    FUZZ_REQUIRE(memcmp(&ours, &theirs, sizeof ours) == 0);
    free(copy);
}

static void check_host(struct span host, enum dns_type type)
{
    static struct name labels;
    uint8_t query[DNS_QUERY_BYTES_MAX];
    struct writer w = writer_on(query, sizeof query);
    const bool legal = spell_host(host, &labels);
    FUZZ_REQUIRE(dns_name_is_legal(host) == legal);
    FUZZ_REQUIRE(dns_write_query(&w, 0x1234, host, type) == legal);
    FUZZ_REQUIRE(w.len == (legal ? 12 + labels.len + 4 : 0));
    if (!legal) return;
    struct dns_addresses none;
    FUZZ_REQUIRE(dns_read_answer(writer_span(&w), 0x1234, host, type, &none) == DNS_NOT_OURS);
    query[2] |= 0x80;
    FUZZ_REQUIRE(dns_read_answer(writer_span(&w), 0x1234, host, type, &none) == DNS_NO_ADDRESS);
    check_answer(writer_span(&w), 0x1234, host, type);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > 4096) return 0;
    const uint8_t how = data[0];
    struct span input = fuzz_input(span_of(data + 1, size - 1), false);
    const enum dns_type type = (how & 1) != 0 ? DNS_AAAA : DNS_A;
    const struct span host = span_text((how & 4) != 0 ? "s3.eu-central-1.amazonaws.com" : "a.b");
    static uint8_t bytes[MESSAGE_ROOM];
    if ((how & 8) != 0) {
        check_host(input, type);
        return 0;
    }
    struct writer w = writer_on(bytes, sizeof bytes);
    if ((how & 2) != 0) {
        /* Of the input's first four bytes come the flags and the number of answers. */
        if (input.len < 4) return 0;
        FUZZ_REQUIRE(dns_write_query(&w, 0x1234, host, type));
        bytes[2] = input.at[0] | 0x80;
        bytes[3] = input.at[1];
        bytes[6] = input.at[2] & 1;
        bytes[7] = input.at[3];
        span_cut(&input, 4);
    }
    writer_bytes(&w, input);
    check_answer(writer_span(&w), 0x1234, host, type);
    return 0;
}
