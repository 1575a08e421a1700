#include "lookup.h"

#include "address.h"
#include "text/dns.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <strings.h>
#include <unistd.h>

const char *lookup_hosts_path = "/etc/hosts";
const char *lookup_resolv_conf_path = "/etc/resolv.conf";
uint16_t lookup_server_port = DNS_PORT;

/* The order is that of the bits in `answered` and `failed`. */
static const struct {
    enum dns_type type;
    uint8_t family;
    uint8_t bytes;
} families[] = {{DNS_AAAA, 6, 16}, {DNS_A, 4, 4}};

enum { FAMILIES = 2, BOTH = 3 };

/* ---- words of a file ---- */

/* hosts(5) and resolv.conf(5): words between blanks, and which one is a line's first. Lines have
 * any length; a word that is too long to matter is cut, and then too long still. */
struct words {
    int fd;
    size_t read; /* of the file, in all */
    size_t at, have;
    bool line_begins;
    size_t len;
    char word[HOST_BYTES_MAX + 2];
    uint8_t piece[LOOKUP_PIECE_BYTES];
};

enum words_event { WORDS_END, WORDS_FIRST, WORDS_MORE };

/* Too large for the stack; used within one call only, and there is one thread. */
static struct words words;
static uint8_t message[DNS_MESSAGE_BYTES_MAX];

/* A file that is not there is empty. O_NONBLOCK: a pipe under that name is, too. */
static void words_open(struct words *w, const char *path)
{
    w->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    w->read = w->at = w->have = w->len = 0;
    w->line_begins = true;
}

static void words_close(struct words *w)
{
    if (w->fd >= 0) close(w->fd);
    w->fd = -1;
}

/* -1 at the end. */
static int next_byte(struct words *w)
{
    if (w->at == w->have) {
        if (w->fd < 0 || w->read >= LOOKUP_FILE_BYTES_MAX) return -1;
        ssize_t n;
        do
            n = read(w->fd, w->piece, sizeof w->piece);
        while (n < 0 && errno == EINTR);
        if (n <= 0) return -1;
        w->at = 0;
        w->have = (size_t)n;
        w->read += w->have;
    }
    return w->piece[w->at++];
}

/* The carriage return of files that were made elsewhere is a blank, too. */
static bool is_blank(int byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r' && byte != '\n');
}

/* Where a word ends something else begins: a line, a comment or nothing. */
static int behind_comment(struct words *w, int byte)
{
    if (byte == '#')
        while (byte >= 0 && byte != '\n')
            byte = next_byte(w);
    if (byte == '\n') w->line_begins = true;
    return byte;
}

static enum words_event words_next(struct words *w)
{
    int byte = next_byte(w);
    while (is_blank(byte) || byte == '\n' || byte == '#') {
        byte = behind_comment(w, byte);
        if (byte >= 0) byte = next_byte(w);
    }
    if (byte < 0) return WORDS_END;
    enum words_event event = w->line_begins ? WORDS_FIRST : WORDS_MORE;
    w->line_begins = false;
    w->len = 0;
    for (; byte >= 0 && byte != '\n' && byte != '#' && !is_blank(byte); byte = next_byte(w))
        if (w->len < sizeof w->word) w->word[w->len++] = (char)byte;
    (void)behind_comment(w, byte);
    return event;
}

/* ---- addresses ---- */

/* "fe80::1%eth0" or "fe80::1%2" (RFC 4007 section 11). */
static bool read_scope(const char *text, uint32_t *scope)
{
    *scope = if_nametoindex(text);
    if (*scope != 0) return true;
    uint64_t number = 0;
    for (; *text >= '0' && *text <= '9' && number <= UINT32_MAX; text++)
        number = number * 10 + (uint64_t)(*text - '0');
    *scope = (uint32_t)number;
    return *text == '\0' && number > 0 && number <= UINT32_MAX;
}

/* Four decimal numbers without leading zeros, or RFC 4291: inet_pton takes no more than that. */
static bool read_address(struct span text, struct port_address *to)
{
    char copy[INET6_ADDRSTRLEN + 1 + IF_NAMESIZE];
    if (text.len >= sizeof copy || memchr(text.at, '\0', text.len) != NULL) return false;
    memcpy(copy, text.at, text.len);
    copy[text.len] = '\0';
    memset(to, 0, sizeof *to);
    to->family = 4;
    if (inet_pton(AF_INET, copy, to->bytes) == 1) return true;
    to->family = 6;
    char *percent = strchr(copy, '%');
    if (percent != NULL) {
        *percent = '\0';
        if (!read_scope(percent + 1, &to->scope)) return false;
    }
    return inet_pton(AF_INET6, copy, to->bytes) == 1;
}

static bool is_same(const struct port_address *a, const struct port_address *b)
{
    return a->family == b->family && a->scope == b->scope &&
           memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

/* Each family may have half of the places, and what the other leaves. */
static void add(struct port_lookup *q, const struct port_address *address)
{
    size_t of_family = 0, last_of_other = 0;
    for (size_t i = 0; i < q->count; i++) {
        if (is_same(&q->found[i], address)) return;
        if (q->found[i].family == address->family)
            of_family++;
        else
            last_of_other = i;
    }
    size_t at = q->count;
    if (q->count < ADDRESSES_MAX)
        q->count++;
    else if (of_family < ADDRESSES_MAX / 2)
        at = last_of_other;
    else
        return;
    /* The order within a family is the server's. */
    memmove(&q->found[at], &q->found[at + 1], (q->count - 1 - at) * sizeof q->found[0]);
    q->found[q->count - 1] = *address;
    q->found[q->count - 1].port = q->port;
}

static void add_bytes(struct port_lookup *q, uint8_t family, const uint8_t *bytes)
{
    struct port_address address = {.family = family};
    memcpy(address.bytes, bytes, family == 4 ? 4 : 16);
    add(q, &address);
}

/* ---- the end of a question ---- */

static void stop_listening(struct port_lookup *q)
{
    if (q->at == LOOKUP_LISTEN) close(q->sock);
    q->sock = -1;
}

static void lose(struct port_lookup *q, const char *why)
{
    stop_listening(q);
    q->at = LOOKUP_LOST;
    q->count = 0;
    q->why = why;
}

/* Connecting a UDP socket sends nothing, but asks the machine for a route (RFC 6724 section 6, rule
 * 1: avoid unusable destinations). */
static bool has_route(const struct port_address *to)
{
    union socket_address address;
    socklen_t len = socket_address_of(to, &address);
    int sock = socket(address.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (sock < 0) return false;
    bool has = connect(sock, &address.any, len) == 0;
    close(sock);
    return has;
}

static const struct port_address *next_of(const struct port_address *all, size_t count, size_t *at,
                                          uint8_t family)
{
    while (*at < count && all[*at].family != family)
        (*at)++;
    return *at < count ? &all[(*at)++] : NULL;
}

/* One of each family in turn, so that a dead IPv6 costs one failure and not eight (RFC 8305 section
 * 4); IPv6 first where there is a way. */
static void interleave(struct port_lookup *q)
{
    struct port_address all[ADDRESSES_MAX];
    memcpy(all, q->found, sizeof all);
    size_t six_at = 0, four_at = 0, n = 0;
    const struct port_address *six = next_of(all, q->count, &six_at, 6);
    const struct port_address *four = next_of(all, q->count, &four_at, 4);
    bool six_now = six != NULL && (four == NULL || has_route(six));
    while (six != NULL || four != NULL) {
        const struct port_address **now = six_now ? &six : &four;
        if (*now != NULL) {
            q->found[n++] = **now;
            *now =
                six_now ? next_of(all, q->count, &six_at, 6) : next_of(all, q->count, &four_at, 4);
        }
        six_now = !six_now;
    }
    assert(n == q->count);
}

static void finish(struct port_lookup *q)
{
    assert(q->count > 0);
    stop_listening(q);
    interleave(q);
    q->at = LOOKUP_FOUND;
}

/* ---- without a name server ---- */

static struct span host_of(const struct port_lookup *q)
{
    return span_text(q->host);
}

static bool is_name(struct span word, const char *name)
{
    if (word.len > 0 && word.at[word.len - 1] == '.') word.len--;
    return word.len == strlen(name) && strncasecmp((const char *)word.at, name, word.len) == 0;
}

/* RFC 6761 section 6.3: also what ends in .localhost, whatever the hosts file says. */
static bool is_localhost(const char *host)
{
    size_t len = strlen(host), tail = strlen(".localhost");
    return strcasecmp(host, "localhost") == 0 ||
           (len > tail && strcasecmp(host + len - tail, ".localhost") == 0);
}

/* RFC 1123 section 2.1: the last label of a name is never all digits. Such a thing was meant as an
 * address ("127.1"), and name servers shall not be asked for it. */
static bool ends_in_number(const char *host)
{
    const char *dot = strrchr(host, '.');
    const char *last = dot != NULL ? dot + 1 : host;
    return *last != '\0' && last[strspn(last, "0123456789")] == '\0';
}

static void look_into_hosts(struct port_lookup *q)
{
    words_open(&words, lookup_hosts_path);
    struct port_address address;
    bool usable = false; /* this line's address is one */
    for (enum words_event event; (event = words_next(&words)) != WORDS_END;) {
        struct span word = span_of(words.word, words.len);
        if (event == WORDS_FIRST)
            usable = read_address(word, &address);
        else if (usable && is_name(word, q->host))
            add(q, &address);
    }
    words_close(&words);
}

/* "timeout:3": 3. Else, and for 0, `value`; never more than `most`. */
static unsigned read_option(struct span word, const char *name, unsigned most, unsigned value)
{
    size_t len = strlen(name);
    if (word.len <= len || memcmp(word.at, name, len) != 0) return value;
    (void)span_cut(&word, len);
    unsigned number = 0;
    while (word.len > 0) {
        uint8_t byte = span_take(&word);
        if (byte < '0' || byte > '9') return value;
        number = number * 10 + (unsigned)(byte - '0');
        if (number > most) number = most;
    }
    return number > 0 ? number : value;
}

static void add_server(struct port_lookup *q, const struct port_address *address)
{
    if (q->server_count == LOOKUP_SERVERS_MAX) return;
    q->servers[q->server_count] = *address;
    q->servers[q->server_count++].port = lookup_server_port;
}

static void read_resolv_conf(struct port_lookup *q)
{
    enum { OTHER, NAMESERVER, OPTIONS } line = OTHER;
    unsigned seconds = LOOKUP_TRY_MS / 1000, rounds = LOOKUP_ROUNDS;
    words_open(&words, lookup_resolv_conf_path);
    for (enum words_event event; (event = words_next(&words)) != WORDS_END;) {
        struct span word = span_of(words.word, words.len);
        struct port_address address;
        if (event == WORDS_FIRST) {
            line = span_is(word, "nameserver") ? NAMESERVER
                   : span_is(word, "options")  ? OPTIONS
                                               : OTHER;
        } else if (line == NAMESERVER) {
            if (read_address(word, &address)) add_server(q, &address);
            line = OTHER;
        } else if (line == OPTIONS) {
            seconds = read_option(word, "timeout:", LOOKUP_TRY_MS / 1000, seconds);
            rounds = read_option(word, "attempts:", LOOKUP_ROUNDS_MAX, rounds);
        }
    }
    words_close(&words);
    static const struct port_address here = {.family = 4, .bytes = {127, 0, 0, 1}};
    if (q->server_count == 0) add_server(q, &here);

    q->tries_max = rounds * (unsigned)q->server_count;
    q->try_ms = LOOKUP_PATIENCE_MS / q->tries_max;
    if (q->try_ms < LOOKUP_TRY_MS_MIN) q->try_ms = LOOKUP_TRY_MS_MIN;
    if (q->try_ms > seconds * 1000) q->try_ms = seconds * 1000;
}

static const uint8_t loopback6[16] = {[15] = 1};
static const uint8_t loopback4[4] = {127, 0, 0, 1};

void port_lookup_begin(struct port_lookup *q, struct span host, uint16_t port)
{
    assert(host.len > 0 && host.len <= HOST_BYTES_MAX);
    memset(q, 0, sizeof *q);
    q->sock = -1;
    q->port = port;
    q->over_at_ms = port_now_ms() + LOOKUP_PATIENCE_MS;
    memcpy(q->host, host.at, host.len);
    struct port_address address;
    if (read_address(host, &address)) {
        add(q, &address);
        q->at = LOOKUP_FOUND;
        return;
    }
    if (q->host[host.len - 1] == '.') q->host[host.len - 1] = '\0';
    q->at = LOOKUP_ASK;
    if (!dns_name_is_legal(host) || ends_in_number(q->host)) {
        lose(q, "that is neither an address nor a name that a host can have");
    } else if (is_localhost(q->host)) {
        add_bytes(q, 6, loopback6);
        add_bytes(q, 4, loopback4);
        finish(q);
    } else {
        look_into_hosts(q);
        if (q->count > 0)
            finish(q);
        else
            read_resolv_conf(q);
    }
}

/* ---- name servers ---- */

/* The first reason is told: it is the preferred server's. */
static void note(struct port_lookup *q, const char *why)
{
    if (q->why == NULL) q->why = why;
}

static bool is_pending(const struct port_lookup *q, size_t i)
{
    return ((q->answered | q->failed) >> i & 1) == 0;
}

/* False: this server cannot be reached. What the machine cannot send just now is as a packet that
 * was lost on its way. */
static bool send_queries(struct port_lookup *q)
{
    for (size_t i = 0; i < FAMILIES; i++) {
        if (!is_pending(q, i)) continue;
        uint8_t query[DNS_QUERY_BYTES_MAX];
        struct writer w = writer_on(query, sizeof query);
        bool written = dns_write_query(&w, q->id[i], host_of(q), families[i].type);
        assert(written); /* the name was looked at in port_lookup_begin */
        ssize_t n;
        do
            n = send(q->sock, query, w.len, MSG_NOSIGNAL);
        while (n < 0 && errno == EINTR);
        if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != ENOBUFS) return false;
    }
    return true;
}

/* A new socket each time: the kernel gives it a port that is hard to guess (RFC 5452 section 9.2),
 * and, connected, it hears nobody but the one who was asked. */
static bool ask(struct port_lookup *q, const struct port_address *server)
{
    union socket_address address;
    socklen_t len = socket_address_of(server, &address);
    q->sock = socket(address.any.sa_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (q->sock < 0) return false;
    q->failed = 0;
    q->at = LOOKUP_LISTEN;
    if (connect(q->sock, &address.any, len) == 0 && send_queries(q)) return true;
    stop_listening(q);
    q->at = LOOKUP_ASK;
    return false;
}

static void ask_next(struct port_lookup *q)
{
    assert(q->count == 0);
    uint64_t now = port_now_ms();
    while (q->tries < q->tries_max && now < q->over_at_ms) {
        uint8_t chance[sizeof q->id];
        if (!port_random(chance, sizeof chance)) {
            lose(q, "the machine has no random numbers yet, and a question needs one");
            return;
        }
        memcpy(q->id, chance, sizeof chance);
        const struct port_address *server = &q->servers[q->tries++ % q->server_count];
        if (ask(q, server)) {
            q->again_at_ms = now + q->try_ms < q->over_at_ms ? now + q->try_ms : q->over_at_ms;
            return;
        }
        note(q, "no name server can be reached");
    }
    lose(q, q->why != NULL ? q->why : "no name server answered in time");
}

/* RFC 2181 section 9 would ask again over TCP. We do not speak it, and the addresses that did come
 * whole are the name's: enough to connect to. */
static enum dns_answer read_truncated(struct port_lookup *q, struct span bytes, size_t i,
                                      struct dns_addresses *to)
{
    message[2] &= (uint8_t)~0x02U; /* TC, RFC 1035 section 4.1.1 */
    enum dns_answer answer = dns_read_answer(bytes, q->id[i], host_of(q), families[i].type, to);
    return answer == DNS_FOUND ? DNS_FOUND : DNS_TRUNCATED;
}

static void hear(struct port_lookup *q, struct span bytes, size_t i)
{
    struct dns_addresses came;
    enum dns_answer answer = dns_read_answer(bytes, q->id[i], host_of(q), families[i].type, &came);
    if (answer == DNS_TRUNCATED) answer = read_truncated(q, bytes, i, &came);
    unsigned bit = 1U << i;
    switch (answer) {
    case DNS_FOUND:
        for (size_t n = 0; n < came.count; n++)
            add_bytes(q, families[i].family, came.bytes[n]);
        q->answered |= bit;
        break;
    case DNS_NO_NAME:
    case DNS_NO_ADDRESS:
        if (answer == DNS_NO_NAME) q->no_name = true;
        q->answered |= bit;
        break;
    case DNS_REFUSED:
        q->failed |= bit;
        note(q, "the name server failed or refused to tell");
        break;
    case DNS_TRUNCATED:
        q->failed |= bit;
        note(q, "the name server's answer is too long for UDP, and it is not asked over TCP");
        break;
    case DNS_BROKEN:
        q->failed |= bit;
        note(q, "the name server's answer is malformed");
        break;
    case DNS_NOT_OURS: break;
    }
}

/* What came until now. False: there is nothing more to hear from this server. */
static bool listen_on(struct port_lookup *q)
{
    for (unsigned n = 0; n < LOOKUP_DATAGRAMS_MAX; n++) {
        ssize_t len = recv(q->sock, message, sizeof message, 0);
        if (len < 0 && errno == EINTR) continue;
        if (len < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return true;
        if (len < 0) {
            note(q, "no name server can be reached"); /* ICMP said so: nobody listens there */
            return false;
        }
        for (size_t i = 0; i < FAMILIES; i++)
            if (is_pending(q, i)) hear(q, span_of(message, (size_t)len), i);
        if ((q->answered | q->failed) == BOTH) return false;
    }
    return true;
}

/* PORT_WAIT until this try is over, one way or another. */
static void go_on(struct port_lookup *q)
{
    size_t before = q->count;
    bool more = listen_on(q);
    uint64_t now = port_now_ms();
    if (before == 0 && q->count > 0 && now + LOOKUP_OTHER_FAMILY_MS < q->again_at_ms)
        q->again_at_ms = now + LOOKUP_OTHER_FAMILY_MS;
    if (more && now < q->again_at_ms) return;
    if (q->count > 0) {
        finish(q);
    } else if (q->answered == BOTH) {
        lose(q, q->no_name ? "there is no such name" : "the name has no address");
    } else {
        stop_listening(q);
        q->at = LOOKUP_ASK;
    }
}

long port_lookup(struct port_lookup *q)
{
    assert(q->at != LOOKUP_ENDED); /* port_lookup_begin comes first */
    /* Ends with the tries: each turn through both states is one. */
    while (q->at == LOOKUP_ASK || q->at == LOOKUP_LISTEN) {
        if (q->at == LOOKUP_ASK) ask_next(q);
        if (q->at != LOOKUP_LISTEN) break;
        go_on(q);
        if (q->at == LOOKUP_LISTEN) return PORT_WAIT;
    }
    return q->at == LOOKUP_FOUND ? (long)q->count : PORT_LOST;
}

struct port_want port_lookup_want(const struct port_lookup *q, uint64_t *until_ms)
{
    if (q->at != LOOKUP_LISTEN) return (struct port_want){.sock = -1};
    if (q->again_at_ms < *until_ms) *until_ms = q->again_at_ms;
    return (struct port_want){.sock = q->sock, .to_read = true};
}

void port_lookup_end(struct port_lookup *q)
{
    stop_listening(q);
    q->at = LOOKUP_ENDED;
}
