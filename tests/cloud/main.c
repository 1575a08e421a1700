/* main.c - the cloud on a real TCP port: one thread, plain HTTP. README.md shows how to use it. */
#include "cloud.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { CLIENTS_MAX = 256, READ_BYTES = 262144 };

struct client {
    struct cloud_connection *cloud;
    uint8_t *read; /* bytes on their way: --rtt */
    size_t read_len;
    uint64_t read_at_ms;
    uint8_t write[65536];
    size_t write_len, written;
    int fd;
    bool ended; /* the client has said everything */
};

static struct {
    const char *port_file, *dump;
    uint16_t port;
    uint64_t rtt_ms;
    int64_t utc_offset_ms;
    bool tells;
} options;

static volatile sig_atomic_t stopped;
static struct client clients[CLIENTS_MAX];
static size_t client_count;

static void on_signal(int number)
{
    (void)number;
    stopped = 1;
}

static void die(const char *what, const char *why)
{
    fprintf(stderr, "cloud: %s: %s\n", what, why);
    exit(2);
}

static uint64_t clock_ms(clockid_t which)
{
    struct timespec now;
    clock_gettime(which, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void set_clock(struct cloud *c)
{
    cloud_clock(c, clock_ms(CLOCK_MONOTONIC),
                (int64_t)clock_ms(CLOCK_REALTIME) + options.utc_offset_ms);
}

static int listen_on(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    struct sockaddr_in here = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){1}, sizeof(int));
    socklen_t len = sizeof here;
    if (fd < 0 || bind(fd, (struct sockaddr *)&here, sizeof here) != 0 || listen(fd, 64) != 0 ||
        getsockname(fd, (struct sockaddr *)&here, &len) != 0)
        die("cannot listen", strerror(errno));
    options.port = ntohs(here.sin_port);
    return fd;
}

/* Under its name only when it is whole: a test waits for it. */
static void write_port_file(void)
{
    if (options.port_file == NULL) {
        printf("%u\n", options.port);
        fflush(stdout);
        return;
    }
    char temporary[512];
    snprintf(temporary, sizeof temporary, "%s.new", options.port_file);
    FILE *f = fopen(temporary, "w");
    if (f == NULL) die(options.port_file, strerror(errno));
    fprintf(f, "%u\n", options.port);
    fclose(f);
    if (rename(temporary, options.port_file) != 0) die(options.port_file, strerror(errno));
}

static void accept_client(struct cloud *c, int listener)
{
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    struct client *k = &clients[client_count++];
    *k = (struct client){.fd = fd, .cloud = cloud_accept(c, CLOUD_ANY), .read = malloc(READ_BYTES)};
    if (k->read == NULL) abort();
}

static void end_client(size_t i, bool reset)
{
    struct client *k = &clients[i];
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    if (reset) setsockopt(k->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    close(k->fd);
    cloud_end(k->cloud);
    free(k->read);
    *k = clients[--client_count];
}

/* False: it is gone. */
static bool read_some(struct client *k, uint64_t now_ms)
{
    if (k->read_len > 0 || k->ended) return true;
    ssize_t n = recv(k->fd, k->read, READ_BYTES, 0);
    if (n < 0) return errno == EAGAIN || errno == EINTR;
    k->read_len = (size_t)n;
    k->read_at_ms = now_ms + options.rtt_ms;
    k->ended = n == 0;
    if (k->ended) cloud_feed_end(k->cloud);
    return true;
}

static bool write_some(struct client *k)
{
    for (;;) {
        if (k->written == k->write_len) {
            k->written = 0;
            k->write_len = cloud_take(k->cloud, k->write, sizeof k->write);
            if (k->write_len == 0) return true;
        }
        ssize_t n = send(k->fd, k->write + k->written, k->write_len - k->written, MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN || errno == EINTR;
        k->written += (size_t)n;
    }
}

static void serve(size_t i, uint64_t now_ms)
{
    struct client *k = &clients[i];
    bool reset = false, alive = read_some(k, now_ms);
    if (alive && k->read_len > 0 && now_ms >= k->read_at_ms) {
        cloud_feed(k->cloud, k->read, k->read_len);
        k->read_len = 0;
    }
    cloud_tick(k->cloud);
    alive = alive && write_some(k);
    if (!alive || (k->written == k->write_len && cloud_wants_close(k->cloud, &reset)))
        end_client(i, reset);
}

static int wait_ms(uint64_t now_ms)
{
    uint64_t next_ms = now_ms + 1000;
    for (size_t i = 0; i < client_count; i++) {
        uint64_t at_ms = cloud_next_ms(clients[i].cloud);
        if (clients[i].read_len > 0 && clients[i].read_at_ms < at_ms) at_ms = clients[i].read_at_ms;
        if (at_ms < next_ms) next_ms = at_ms;
    }
    return next_ms > now_ms ? (int)(next_ms - now_ms) : 0;
}

static void turn(struct cloud *c, int listener)
{
    struct pollfd polled[CLIENTS_MAX + 1];
    size_t count = client_count;
    polled[0] = (struct pollfd){listener, count < CLIENTS_MAX ? POLLIN : 0, 0};
    for (size_t i = 0; i < count; i++) {
        const struct client *k = &clients[i];
        short events = k->read_len == 0 && !k->ended ? POLLIN : 0;
        if (k->written < k->write_len) events |= POLLOUT;
        polled[i + 1] = (struct pollfd){k->fd, events, 0};
    }
    poll(polled, count + 1, wait_ms(clock_ms(CLOCK_MONOTONIC)));
    set_clock(c);
    for (size_t i = count; i-- > 0;)
        serve(i, c->now_ms);
    if ((polled[0].revents & POLLIN) != 0) accept_client(c, listener);
    if (options.tells && c->story.len > 0) {
        fwrite(c->story.at, 1, c->story.len, stderr);
        blob_clear(&c->story);
    }
}

static void dump_file(const char *name, struct span bytes)
{
    FILE *f = fopen(name, "wb");
    if (f == NULL || fwrite(bytes.at, 1, bytes.len, f) != bytes.len || fclose(f) != 0)
        die(name, strerror(errno));
}

/* DIR/objects.json, and each current object as DIR/BUCKET.KEY with its key percent-encoded. */
static void dump(const struct cloud *c)
{
    mkdir(options.dump, 0777);
    struct blob text = {0};
    cloud_dump(c, &text);
    char name[4096];
    snprintf(name, sizeof name, "%s/objects.json", options.dump);
    dump_file(name, blob_span(&text));
    for (const struct cloud_object *o = c->objects; o != NULL; o = o->next) {
        if (!o->is_current) continue;
        struct blob key = {0};
        percent_put(&key, span_text(o->key), false);
        snprintf(name, sizeof name, "%s/%s.%s", options.dump, o->bucket->name, blob_text(&key));
        dump_file(name, blob_span(&o->bytes));
        blob_free(&key);
    }
    blob_free(&text);
}

static void add_bucket(struct cloud *c, const char *text)
{
    struct span region = span_text(text);
    char *name = span_copy(span_until(&region, ':'));
    cloud_bucket_add(c, name, region.len > 0 ? (const char *)region.at : "us-east-1");
    free(name);
}

static void usage(FILE *to)
{
    fputs("cloud: S3, STS, instance and container credentials, made up, on 127.0.0.1 (plain HTTP)\n"
          "  --port N            (0: any free one)      --port-file FILE    where to write it\n"
          "  --access-key ID --secret-key KEY --token T  the account (AKIDEXAMPLE / SECRET)\n"
          "  --bucket NAME[:REGION]                      may come again\n"
          "  --fault OPERATION:NTH:KIND[=VALUE]          may come again; see README.md\n"
          "  --part-min BYTES    instead of 5 MiB       --rtt MS            each question waits so "
          "long\n"
          "  --utc-offset MS     its clock is wrong     --lifetime MS       of the keys it hands "
          "out\n"
          "  --role ARN --web-token T                    for STS\n"
          "  --dump DIR          objects, on SIGTERM    --tell              a line a question\n"
          "  GET /_cloud/objects                         what is there, and violations, as JSON\n",
          to);
}

enum {
    OPT_PORT = 256,
    OPT_PORT_FILE,
    OPT_ID,
    OPT_SECRET,
    OPT_TOKEN,
    OPT_BUCKET,
    OPT_FAULT,
    OPT_PART,
    OPT_RTT,
    OPT_UTC,
    OPT_LIFE,
    OPT_ROLE,
    OPT_WEB,
    OPT_DUMP,
    OPT_TELL,
    OPT_HELP
};

static uint64_t number(const char *text)
{
    uint64_t n = 0;
    if (!span_number(span_text(text), &n)) die(text, "not a number");
    return n;
}

static void read_options(struct cloud *c, int argc, char **argv)
{
    static const struct option longs[] = {{"port", 1, NULL, OPT_PORT},
                                          {"port-file", 1, NULL, OPT_PORT_FILE},
                                          {"access-key", 1, NULL, OPT_ID},
                                          {"secret-key", 1, NULL, OPT_SECRET},
                                          {"token", 1, NULL, OPT_TOKEN},
                                          {"bucket", 1, NULL, OPT_BUCKET},
                                          {"fault", 1, NULL, OPT_FAULT},
                                          {"part-min", 1, NULL, OPT_PART},
                                          {"rtt", 1, NULL, OPT_RTT},
                                          {"utc-offset", 1, NULL, OPT_UTC},
                                          {"lifetime", 1, NULL, OPT_LIFE},
                                          {"role", 1, NULL, OPT_ROLE},
                                          {"web-token", 1, NULL, OPT_WEB},
                                          {"dump", 1, NULL, OPT_DUMP},
                                          {"tell", 0, NULL, OPT_TELL},
                                          {"help", 0, NULL, OPT_HELP},
                                          {NULL, 0, NULL, 0}};
    const char *id = "AKIDEXAMPLE", *secret = "SECRET", *token = "";
    int which;
    while ((which = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        const char *wrong = NULL;
        switch (which) {
        case OPT_PORT: options.port = (uint16_t)number(optarg); break;
        case OPT_PORT_FILE: options.port_file = optarg; break;
        case OPT_ID: id = optarg; break;
        case OPT_SECRET: secret = optarg; break;
        case OPT_TOKEN: token = optarg; break;
        case OPT_BUCKET: add_bucket(c, optarg); break;
        case OPT_FAULT: wrong = cloud_script(c, optarg); break;
        case OPT_PART: c->options.part_bytes_min = number(optarg); break;
        case OPT_RTT: options.rtt_ms = number(optarg); break;
        case OPT_UTC: options.utc_offset_ms = strtoll(optarg, NULL, 10); break;
        case OPT_LIFE: c->lifetime_ms = (int64_t)number(optarg); break;
        case OPT_ROLE: snprintf(c->role, sizeof c->role, "%s", optarg); break;
        case OPT_WEB: snprintf(c->web_token, sizeof c->web_token, "%s", optarg); break;
        case OPT_DUMP: options.dump = optarg; break;
        case OPT_TELL: options.tells = c->tells = true; break;
        case OPT_HELP: usage(stdout); exit(0);
        default: usage(stderr); exit(2);
        }
        if (wrong != NULL) die(optarg, wrong);
    }
    cloud_account_add(c, id, secret, token, INT64_MAX);
}

int main(int argc, char **argv)
{
    struct cloud *c = cloud_new(&(struct cloud_options){.seed = 1, .complete_again = true});
    snprintf(c->imds_role, sizeof c->imds_role, "made-up-role");
    snprintf(c->role, sizeof c->role, "arn:aws:iam::123456789012:role/made-up");
    snprintf(c->web_token, sizeof c->web_token, "SEKRIT.web.token");
    read_options(c, argc, argv);
    struct sigaction stop = {.sa_handler = on_signal};
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    int listener = listen_on(options.port);
    write_port_file();
    while (!stopped)
        turn(c, listener);
    if (options.dump != NULL) dump(c);
    while (client_count > 0)
        end_client(0, false);
    cloud_free(c);
    close(listener);
    return 0;
}
