#include "text/dns.h"

enum {
    HEAD_BYTES = 12,
    LABEL_BYTES_MAX = 63, /* RFC 1035 section 2.3.4 */
    NAME_BYTES_MAX = 255, /* with the lengths of its labels and the root's */
    TYPE_CNAME = 5,
    CLASS_IN = 1,
};

/* ---- our names ---- */

static bool is_name_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_';
}

/* "name." is "name". */
static struct span without_root(struct span host)
{
    if (host.len > 0 && host.at[host.len - 1] == '.') host.len--;
    return host;
}

/* The first label; *name goes on behind its dot. */
static struct span take_label(struct span *name)
{
    size_t len = 0;
    while (len < name->len && name->at[len] != '.')
        len++;
    const struct span label = span_cut(name, len);
    if (name->len > 0) span_cut(name, 1);
    return label;
}

bool dns_name_is_legal(struct span host)
{
    host = without_root(host);
    if (host.len == 0 || host.len > HOST_BYTES_MAX || host.at[host.len - 1] == '.') return false;
    while (host.len > 0) {
        struct span label = take_label(&host);
        if (label.len == 0 || label.len > LABEL_BYTES_MAX) return false;
        while (label.len > 0)
            if (!is_name_byte(span_take(&label))) return false;
    }
    return true;
}

/* ---- the query ---- */

static void put_16(struct writer *to, unsigned value)
{
    writer_byte(to, (uint8_t)(value >> 8));
    writer_byte(to, (uint8_t)value);
}

bool dns_write_query(struct writer *to, uint16_t id, struct span host, enum dns_type type)
{
    if (!dns_name_is_legal(host)) return false;
    host = without_root(host);
    /* The name has a length before each label, where it has its dots, and one for the root. */
    if (to->room - to->len < HEAD_BYTES + host.len + 2 + 4) return false;
    put_16(to, id);
    put_16(to, 0x0100); /* a standard query, recursion desired */
    put_16(to, 1);      /* one question, and nothing else */
    put_16(to, 0);
    put_16(to, 0);
    put_16(to, 0);
    while (host.len > 0) {
        const struct span label = take_label(&host);
        writer_byte(to, (uint8_t)label.len);
        writer_bytes(to, label);
    }
    writer_byte(to, 0);
    put_16(to, type);
    put_16(to, CLASS_IN);
    return true;
}

/* ---- names in a message ---- */

/* Walks a name's labels, through its pointers (RFC 1035 section 4.1.4). */
struct walk {
    struct span message;
    size_t at;
    size_t segment; /* where the labels began that follow one another: a pointer leads before it */
    size_t len;     /* of the name so far, as it would be without pointers */
    size_t end;     /* behind the name where it stands; 0: not known yet */
};

static struct walk walk_from(struct span message, size_t at)
{
    return (struct walk){.message = message, .at = at, .segment = at};
}

/* Each pointer leads to "a prior occurrence", so there is no loop. */
static bool follow(struct walk *w)
{
    if (w->message.len - w->at < 2) return false;
    const size_t target = (size_t)(w->message.at[w->at] & 0x3F) << 8 | w->message.at[w->at + 1];
    if (w->end == 0) w->end = w->at + 2;
    if (target < HEAD_BYTES || target >= w->segment) return false;
    w->at = w->segment = target;
    return true;
}

/* The next label, empty for the root, which is the last. False: it breaks a rule. */
static bool next_label(struct walk *w, struct span *label)
{
    while (w->at < w->message.len && w->message.at[w->at] >= 0xC0)
        if (!follow(w)) return false;
    if (w->at >= w->message.len) return false;

    const size_t len = w->message.at[w->at];
    if (len > LABEL_BYTES_MAX || len >= w->message.len - w->at) return false;
    w->len += 1 + len;
    if (w->len > NAME_BYTES_MAX) return false;
    struct span rest = w->message;
    span_cut(&rest, w->at + 1);
    *label = span_cut(&rest, len);
    w->at += 1 + len;
    if (len == 0 && w->end == 0) w->end = w->at;
    return true;
}

/* Behind the name; 0: it breaks a rule. */
static size_t end_of_name(struct span message, size_t at)
{
    struct walk w = walk_from(message, at);
    struct span label;
    do
        if (!next_label(&w, &label)) return 0;
    while (label.len > 0);
    return w.end;
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

/* Without regard to the case of ASCII letters (RFC 4343). */
static bool same_label(struct span a, struct span b)
{
    if (a.len != b.len) return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.at[i]) != lower(b.at[i])) return false;
    return true;
}

/* Of names that were read before. */
static bool same_name(struct span message, size_t a, size_t b)
{
    struct walk left = walk_from(message, a);
    struct walk right = walk_from(message, b);
    struct span one, other;
    do
        if (!next_label(&left, &one) || !next_label(&right, &other) || !same_label(one, other))
            return false;
    while (one.len > 0);
    return true;
}

static bool is_host(struct span message, size_t at, struct span host)
{
    struct walk w = walk_from(message, at);
    struct span label;
    host = without_root(host);
    do
        if (!next_label(&w, &label) || !same_label(label, take_label(&host))) return false;
    while (label.len > 0);
    return host.len == 0;
}

/* ---- the answer ---- */

static unsigned get_16(struct span message, size_t at)
{
    assert(at + 2 <= message.len);
    return (unsigned)message.at[at] << 8 | message.at[at + 1];
}

struct record {
    size_t name; /* where the owner's name stands */
    size_t data;
    unsigned type, class, data_len;
};

/* False: it breaks a rule. */
static bool read_record(struct span message, size_t at, struct record *r)
{
    const size_t end = end_of_name(message, at);
    if (end == 0 || message.len - end < 10) return false;
    r->name = at;
    r->type = get_16(message, end);
    r->class = get_16(message, end + 2);
    r->data_len = get_16(message, end + 8); /* behind four bytes of time to live */
    r->data = end + 10;
    if (r->data_len > message.len - r->data) return false;
    if (r->class != CLASS_IN) return true;
    if (r->type == TYPE_CNAME) return end_of_name(message, r->data) == r->data + r->data_len;
    return (r->type != DNS_A || r->data_len == 4) && (r->type != DNS_AAAA || r->data_len == 16);
}

/* Reads the whole section: what a record has that nobody needs must be right, too. */
static bool answers_are_right(struct span message, size_t at, unsigned count)
{
    for (; count > 0; count--) {
        struct record r;
        if (!read_record(message, at, &r)) return false;
        at = r.data + r.data_len;
    }
    return true;
}

static void keep_address(struct dns_addresses *to, struct span address)
{
    if (to->count == ADDRESSES_MAX) return;
    memcpy(to->bytes[to->count++], address.at, address.len);
}

/* All addresses of one name; *alias is where the name stands that it is an alias of, or stays. */
static void look_for(struct span message, size_t at, size_t name, enum dns_type type, size_t *alias,
                     struct dns_addresses *to)
{
    for (unsigned left = get_16(message, 6); left > 0; left--) {
        struct record r;
        const bool right = read_record(message, at, &r);
        assert(right); /* answers_are_right */
        (void)right;
        at = r.data + r.data_len;
        if (r.class != CLASS_IN || !same_name(message, r.name, name)) continue;
        struct span data = message;
        span_cut(&data, r.data);
        if (r.type == (unsigned)type) keep_address(to, span_cut(&data, r.data_len));
        if (r.type == TYPE_CNAME) *alias = r.data;
    }
}

/* From the question's name along its aliases, in whatever order they stand (RFC 1034 section
 * 3.6.2). */
static enum dns_answer find_addresses(struct span message, size_t at, enum dns_type type,
                                      struct dns_addresses *to)
{
    size_t name = HEAD_BYTES;
    for (unsigned aliases = 0; aliases <= CNAMES_MAX; aliases++) {
        size_t alias = 0;
        look_for(message, at, name, type, &alias, to);
        if (to->count > 0) return DNS_FOUND;
        if (alias == 0) return DNS_NO_ADDRESS;
        name = alias;
    }
    return DNS_BROKEN; /* a loop, or nearly */
}

/* Where the answers begin; 0: it does not answer this question. */
static size_t end_of_question(struct span message, uint16_t id, struct span host,
                              enum dns_type type)
{
    if (message.len < HEAD_BYTES || get_16(message, 0) != id) return 0;
    /* An answer (QR) to a standard query (opcode 0) with one question. */
    if ((get_16(message, 2) & 0xF800) != 0x8000 || get_16(message, 4) != 1) return 0;
    if (!is_host(message, HEAD_BYTES, host)) return 0;
    const size_t end = end_of_name(message, HEAD_BYTES);
    if (end == 0 || message.len - end < 4) return 0;
    return get_16(message, end) == type && get_16(message, end + 2) == CLASS_IN ? end + 4 : 0;
}

enum dns_answer dns_read_answer(struct span message, uint16_t id, struct span host,
                                enum dns_type type, struct dns_addresses *to)
{
    memset(to, 0, sizeof *to);
    const size_t at = end_of_question(message, id, host, type);
    if (at == 0) return DNS_NOT_OURS;

    const unsigned flags = get_16(message, 2);
    const unsigned rcode = flags & 15;
    if (rcode == 3) return DNS_NO_NAME;
    if (rcode != 0) return DNS_REFUSED;
    if ((flags & 0x0200) != 0) return DNS_TRUNCATED;
    if (!answers_are_right(message, at, get_16(message, 6))) return DNS_BROKEN;
    return find_addresses(message, at, type, to);
}
