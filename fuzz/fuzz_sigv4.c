/* sigv4_sign on any request: the Authorization that an obvious signer makes of the same parts, and a head
 * in which nobody else can write a line.
 *
 * Byte 0: bit 0 another service than S3, bit 1 x-amz-content-sha256, bit 2 a session token, bits 3 and 4
 * the payload, bit 5 a small room. Then records of a kind, a length and so many bytes: path, name and
 * value of a parameter or of a header, secret. */
#include "fuzz.h"

#include "aws/sigv4.h"

#include <mbedtls/sha256.h>

enum { PARTS_AT_MOST = 64, TEXT_BYTES_MAX = 256 };

struct part {
    char name[TEXT_BYTES_MAX], value[TEXT_BYTES_MAX];
    size_t value_len;
    size_t number; /* qsort does not keep the order of equals */
};

struct parts {
    size_t count;
    struct part part[PARTS_AT_MOST];
};

/* ---- the obvious signer, from "Create a signed AWS API request" (IAM user guide) and botocore's auth.py ---- */

struct text {
    char *at;
    size_t len, room;
};

static void put(struct text *t, const void *bytes, size_t len)
{
    if (t->len + len >= t->room) {
        t->room = 2 * (t->len + len) + 64;
        t->at = realloc(t->at, t->room);
        if (t->at == NULL) abort();
    }
    if (len > 0) memcpy(t->at + t->len, bytes, len);
    t->len += len;
    t->at[t->len] = '\0';
}

static void say(struct text *t, const char *words)
{
    put(t, words, strlen(words));
}

static void put_encoded(struct text *t, const char *bytes, size_t len, const char *kept)
{
    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)bytes[i];
        const char percent[3] = {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
        const bool is_kept =
            c != 0 && (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~",
                              c) != NULL ||
                       strchr(kept, c) != NULL);
        put(t, is_kept ? bytes + i : percent, is_kept ? 1 : 3);
    }
}

static void put_hash(struct text *t, const uint8_t digest[32])
{
    for (size_t i = 0; i < 32; i++) {
        put(t, &"0123456789abcdef"[digest[i] >> 4], 1);
        put(t, &"0123456789abcdef"[digest[i] & 15], 1);
    }
}

static void hash_of(const void *bytes, size_t len, uint8_t to[32])
{
    if (mbedtls_sha256(bytes, len, to, 0) != 0) abort();
}

static void hmac(const void *key, size_t key_len, const char *message, uint8_t to[32])
{
    uint8_t block[64] = {0}, inner[32];
    if (key_len > 64) hash_of(key, key_len, block);
    if (key_len > 0 && key_len <= 64) memcpy(block, key, key_len);
    struct text first = {0}, second = {0};
    for (size_t i = 0; i < 64; i++) {
        const uint8_t ipad = block[i] ^ 0x36, opad = block[i] ^ 0x5C;
        put(&first, &ipad, 1);
        put(&second, &opad, 1);
    }
    say(&first, message);
    hash_of(first.at, first.len, inner);
    put(&second, inner, 32);
    hash_of(second.at, second.len, to);
    free(first.at);
    free(second.at);
}

/* The segments of a path in an array, "." and "" left out, ".." taking the last one away. */
static void put_normalized(struct text *to, const char *path)
{
    struct segment {
        const char *at;
        size_t len;
    } *stack = calloc(strlen(path) + 1, sizeof *stack);
    if (stack == NULL) abort();
    size_t depth = 0;
    for (const char *at = path; *at != '\0';) {
        const size_t len = strcspn(at, "/");
        if (len == 2 && at[0] == '.' && at[1] == '.')
            depth -= depth > 0;
        else if (len > 0 && !(len == 1 && at[0] == '.'))
            stack[depth++] = (struct segment){at, len};
        at += len + (at[len] == '/');
    }
    for (size_t i = 0; i < depth; i++) {
        say(to, "/");
        put_encoded(to, stack[i].at, stack[i].len, "");
    }
    if (depth == 0 || path[strlen(path) - 1] == '/') say(to, "/");
    free(stack);
}

static int by_encoded(const void *left, const void *right)
{
    const struct part *a = left, *b = right;
    struct text names[2] = {{0}}, values[2] = {{0}};
    put_encoded(&names[0], a->name, strlen(a->name), "");
    put_encoded(&names[1], b->name, strlen(b->name), "");
    put_encoded(&values[0], a->value, a->value_len, "");
    put_encoded(&values[1], b->value, b->value_len, "");
    say(&names[0], ""), say(&names[1], ""), say(&values[0], ""), say(&values[1], "");
    int order = strcmp(names[0].at, names[1].at);
    if (order == 0) order = strcmp(values[0].at, values[1].at);
    for (size_t i = 0; i < 2; i++) {
        free(names[i].at);
        free(values[i].at);
    }
    return order;
}

static int by_name(const void *left, const void *right)
{
    const struct part *a = left, *b = right;
    const int order = strcmp(a->name, b->name);
    return order != 0 ? order : (a->number > b->number) - (a->number < b->number);
}

static void to_lower(char *text)
{
    for (; *text != '\0'; text++)
        if (strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZ", *text) != NULL) *text = (char)(*text - 'A' + 'a');
}

static bool is_left_out(const char *name)
{
    static const char list[] = " connection expect keep-alive te trailer transfer-encoding upgrade "
                               "user-agent x-amzn-trace-id ";
    char padded[TEXT_BYTES_MAX + 2];
    (void)snprintf(padded, sizeof padded, " %s ", name);
    return strstr(list, padded) != NULL || strncmp(name, "proxy-", 6) == 0;
}

/* " a \t b " is "a b". */
static void put_squeezed(struct text *t, const struct part *p)
{
    bool is_pending = false, is_begun = false;
    for (size_t i = 0; i < p->value_len; i++) {
        if (p->value[i] == ' ' || p->value[i] == '\t') {
            is_pending = is_begun;
            continue;
        }
        if (is_pending) say(t, " ");
        is_pending = false;
        is_begun = true;
        put(t, p->value + i, 1);
    }
}

struct question {
    const char *method, *secret, *date;
    char path[2 * TEXT_BYTES_MAX];
    bool double_encode;
    const char *payload;
    struct parts parameters, headers;
};

static struct text scope_of(const struct question *q)
{
    struct text scope = {0};
    put(&scope, q->date, 8);
    say(&scope, "/us-east-1/service/aws4_request");
    return scope;
}

static void key_of(const struct question *q, uint8_t key[32])
{
    struct text secret = {0}, day = {0};
    say(&secret, "AWS4");
    say(&secret, q->secret);
    put(&day, q->date, 8);
    hmac(secret.at, secret.len, day.at, key);
    hmac(key, 32, "us-east-1", key);
    hmac(key, 32, "service", key);
    hmac(key, 32, "aws4_request", key);
    free(secret.at);
    free(day.at);
}

static struct text canonical_request(struct question *q, struct text *names)
{
    struct text wire = {0}, c = {0};
    say(&c, q->method);
    say(&c, "\n");
    put_encoded(&wire, q->path, strlen(q->path), "/");
    if (q->double_encode)
        put_normalized(&c, wire.at);
    else
        say(&c, wire.at);
    free(wire.at);
    say(&c, "\n");
    qsort(q->parameters.part, q->parameters.count, sizeof *q->parameters.part, by_encoded);
    for (size_t i = 0; i < q->parameters.count; i++) {
        if (i > 0) say(&c, "&");
        put_encoded(&c, q->parameters.part[i].name, strlen(q->parameters.part[i].name), "");
        say(&c, "=");
        put_encoded(&c, q->parameters.part[i].value, q->parameters.part[i].value_len, "");
    }
    say(&c, "\n");
    for (size_t i = 0; i < q->headers.count; i++)
        to_lower(q->headers.part[i].name);
    qsort(q->headers.part, q->headers.count, sizeof *q->headers.part, by_name);
    const char *last = NULL;
    for (size_t i = 0; i < q->headers.count; i++) {
        const struct part *p = &q->headers.part[i];
        if (is_left_out(p->name)) continue;
        if (last != NULL && strcmp(last, p->name) == 0) {
            say(&c, ",");
        } else {
            if (last != NULL) say(names, ";"), say(&c, "\n");
            say(names, p->name);
            say(&c, p->name);
            say(&c, ":");
        }
        put_squeezed(&c, p);
        last = p->name;
    }
    say(&c, "\n\n");
    say(&c, names->at);
    say(&c, "\n");
    say(&c, q->payload);
    return c;
}

/* HMAC of a few lines, as hexadecimal. */
static struct text signature_of(const struct question *q, const char *algorithm, const char *lines)
{
    struct text scope = scope_of(q), string = {0}, signature = {0};
    say(&string, algorithm);
    say(&string, "\n");
    say(&string, q->date);
    say(&string, "\n");
    say(&string, scope.at);
    say(&string, "\n");
    say(&string, lines);
    uint8_t key[32], digest[32];
    key_of(q, key);
    hmac(key, 32, string.at, digest);
    put_hash(&signature, digest);
    free(scope.at);
    free(string.at);
    return signature;
}

static struct text authorization(struct question *q, struct text *signature)
{
    struct text names = {0}, hash = {0}, line = {0};
    struct text scope = scope_of(q), canonical = canonical_request(q, &names);
    uint8_t digest[32];
    hash_of(canonical.at, canonical.len, digest);
    put_hash(&hash, digest);
    *signature = signature_of(q, "AWS4-HMAC-SHA256", hash.at);
    say(&line, "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/");
    say(&line, scope.at);
    say(&line, ", SignedHeaders=");
    say(&line, names.at);
    say(&line, ", Signature=");
    say(&line, signature->at);
    free(names.at);
    free(hash.at);
    free(scope.at);
    free(canonical.at);
    return line;
}

/* ---- the request ---- */

/* A length byte and so many bytes. */
static struct span take(struct span *in)
{
    if (in->len == 0) return *in;
    const uint8_t len = span_take(in);
    return span_cut(in, span_min(*in, len));
}

static void copy_text(char to[TEXT_BYTES_MAX], struct span from)
{
    size_t len = 0;
    for (; len < from.len && len < TEXT_BYTES_MAX - 1 && from.at[len] != 0; len++)
        to[len] = (char)from.at[len];
    to[len] = '\0';
}

static struct part *add_part(struct parts *p, struct span name, struct span value)
{
    struct part *part = &p->part[p->count];
    copy_text(part->name, name);
    part->value_len = span_min(value, TEXT_BYTES_MAX);
    if (part->value_len > 0) memcpy(part->value, value.at, part->value_len);
    part->number = p->count++;
    return part;
}

/* The signer's own headers are not given here: what they say is its business. */
static bool is_signers(const char *name)
{
    char lower[TEXT_BYTES_MAX];
    (void)snprintf(lower, sizeof lower, "%s", name);
    to_lower(lower);
    return strcmp(lower, "authorization") == 0 || strcmp(lower, "x-amz-date") == 0 ||
           strcmp(lower, "x-amz-content-sha256") == 0 || strcmp(lower, "x-amz-security-token") == 0;
}

static void read_question(struct span in, struct question *q, struct credentials *c)
{
    while (in.len > 0 && q->parameters.count < PARTS_AT_MOST &&
           q->headers.count < PARTS_AT_MOST - 4) {
        const uint8_t kind = span_take(&in);
        const struct span name = take(&in);
        switch (kind % 4) {
        case 0: {
            char path[TEXT_BYTES_MAX];
            copy_text(path, name);
            (void)snprintf(q->path, sizeof q->path, "/%s", path);
            break;
        }
        case 1: add_part(&q->parameters, name, take(&in)); break;
        case 2:
            if (is_signers(add_part(&q->headers, name, take(&in))->name)) q->headers.count--;
            break;
        default:
            c->secret_len = 0;
            for (; c->secret_len < name.len && c->secret_len < SECRET_KEY_BYTES_MAX &&
                   name.at[c->secret_len] != 0;
                 c->secret_len++)
                c->secret[c->secret_len] = (char)name.at[c->secret_len];
        }
    }
}

static void put_head(struct http_request *r, const struct question *q, void *room, size_t bytes)
{
    http_request_begin(r, room, bytes, q->method, span_text(q->path));
    for (size_t i = 0; i < q->parameters.count; i++)
        http_request_parameter(
            r, q->parameters.part[i].name,
            span_of(q->parameters.part[i].value, q->parameters.part[i].value_len));
    for (size_t i = 0; i < q->headers.count; i++)
        http_request_header(r, q->headers.part[i].name,
                            span_of(q->headers.part[i].value, q->headers.part[i].value_len));
}

/* Lines end by CR LF, as many as there are headers and two more, and nothing else that a line may not have. */
static void check_head(const struct http_request *r)
{
    const struct span head = http_request_span(r);
    size_t lines = 0;
    for (size_t i = 0; i < head.len; i++) {
        if (head.at[i] == '\r') {
            FUZZ_REQUIRE(i + 1 < head.len && head.at[i + 1] == '\n');
            lines++;
            i++;
            continue;
        }
        FUZZ_REQUIRE((head.at[i] >= ' ' || head.at[i] == '\t') && head.at[i] != 0x7F);
    }
    FUZZ_REQUIRE(lines == r->header_count + 2);
    FUZZ_REQUIRE(head.len >= 4 && memcmp(head.at + head.len - 4, "\r\n\r\n", 4) == 0);
}

static void check_signature(const struct sigv4_seed *seed, struct text expected)
{
    FUZZ_REQUIRE(expected.len == SIGNATURE_BYTES);
    FUZZ_REQUIRE(memcmp(seed->signature, expected.at, SIGNATURE_BYTES) == 0);
    free(expected.at);
}

#define NOTHING "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

/* The signature of an aws-chunk and of a trailer, each of the path's text. */
static void check_chunk(const struct sigv4_key *key, const struct question *q,
                        struct sigv4_seed *seed)
{
    uint8_t hash[32];
    hash_of(q->path, strlen(q->path), hash);
    for (size_t i = 0; i < 2; i++) {
        struct text lines = {0};
        put(&lines, seed->signature, SIGNATURE_BYTES);
        say(&lines, i == 0 ? "\n" NOTHING "\n" : "\n");
        put_hash(&lines, hash);
        if (i == 0)
            sigv4_sign_chunk(key, seed, hash);
        else
            sigv4_sign_trailer(key, seed, span_text(q->path));
        check_signature(
            seed, signature_of(q, i == 0 ? "AWS4-HMAC-SHA256-PAYLOAD" : "AWS4-HMAC-SHA256-TRAILER",
                               lines.at));
        free(lines.at);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct question q;
    static struct credentials c;
    static struct http_request r;
    static struct sigv4_key key; /* kept from input to input, as a process does */
    if (size == 0) return 0;
    const uint8_t flags = data[0];
    memset(&q, 0, sizeof q);
    memset(&c, 0, sizeof c);
    q.path[0] = '/';
    q.method = "PUT";
    q.date = (flags & 64) != 0 ? "20150830T123600Z" : "20130524T000000Z";
    q.double_encode = (flags & 1) != 0;
    read_question(span_of(data + 1, size - 1), &q, &c);
    memcpy(c.id, "AKIDEXAMPLE", c.id_len = strlen("AKIDEXAMPLE"));
    if ((flags & 4) != 0) memcpy(c.token, "to/k+en==", c.token_len = strlen("to/k+en=="));
    char secret[SECRET_KEY_BYTES_MAX + 1] = "";
    memcpy(secret, c.secret, c.secret_len);
    q.secret = secret;
    static const char *const payloads[] = {NOTHING, "UNSIGNED-PAYLOAD",
                                           "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
                                           "STREAMING-UNSIGNED-PAYLOAD-TRAILER"};
    static const enum sigv4_payload kinds[] = {SIGV4_HASHED, SIGV4_UNSIGNED, SIGV4_CHUNKS_TRAILER,
                                               SIGV4_UNSIGNED_TRAILER};
    const unsigned payload = flags >> 3 & 3;
    q.payload = payloads[payload];

    const size_t bytes = (flags & 32) != 0 ? size % 700 + 1 : REQUEST_HEAD_BYTES_MAX;
    uint8_t *room = malloc(bytes), hash[32];
    if (room == NULL) abort();
    hash_of("", 0, hash);
    put_head(&r, &q, room, bytes);
    const struct sigv4_scope scope = {"us-east-1", "service", q.double_encode, (flags & 2) != 0};
    struct sigv4_seed seed;
    const bool is_signed =
        sigv4_sign(&key, &r, &scope, &c, (flags & 64) != 0 ? 1440938160000 : 1369353600000,
                   kinds[payload], hash, &seed);
    FUZZ_REQUIRE(is_signed == (!r.text.full && !r.unfit));
    if (is_signed) {
        add_part(&q.headers, span_text("x-amz-date"), span_text(q.date));
        if (scope.content_sha256)
            add_part(&q.headers, span_text("x-amz-content-sha256"), span_text(q.payload));
        if (c.token_len > 0)
            add_part(&q.headers, span_text("x-amz-security-token"), span_of(c.token, c.token_len));
        struct text signature, expected = authorization(&q, &signature);
        const struct request_header *given = http_request_find(&r, "authorization");
        FUZZ_REQUIRE(given != NULL && span_is(given->value, expected.at));
        check_signature(&seed, signature);
        check_chunk(&key, &q, &seed);
        free(expected.at);
    }
    if (is_signed && http_request_end(&r)) check_head(&r);
    free(room);
    return 0;
}
