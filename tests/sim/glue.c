/* glue.c - the made-up cloud as a service of the simulated network. */
#include "world.h"

#include <stdio.h>

static void set_clock(void *context, uint64_t now_ms, int64_t utc_ms)
{
    cloud_clock(context, now_ms, utc_ms);
}

static void *accept_s3(void *context)
{
    return cloud_accept(context, CLOUD_S3);
}

static void *accept_sts(void *context)
{
    return cloud_accept(context, CLOUD_STS);
}

static void *accept_imds(void *context)
{
    return cloud_accept(context, CLOUD_IMDS);
}

static void *accept_container(void *context)
{
    return cloud_accept(context, CLOUD_CONTAINER);
}

static size_t feed(void *connection, const void *bytes, size_t n)
{
    return cloud_feed(connection, bytes, n);
}

static void feed_end(void *connection)
{
    cloud_feed_end(connection);
}

static void tick(void *connection)
{
    cloud_tick(connection);
}

static uint64_t next_ms(const void *connection)
{
    return cloud_next_ms(connection);
}

static size_t take(void *connection, void *to, size_t room)
{
    return cloud_take(connection, to, room);
}

static bool wants_close(const void *connection, bool *reset)
{
    return cloud_wants_close(connection, reset);
}

static bool is_idle(const void *connection)
{
    return cloud_is_idle(connection);
}

static void end(void *connection)
{
    cloud_end(connection);
}

static struct sim_service services[4];

static const struct sim_service *serve(size_t at, struct cloud *c, void *(*accept)(void *))
{
    services[at] = (struct sim_service){c,       set_clock, accept,      feed,    feed_end, tick,
                                        next_ms, take,      wants_close, is_idle, end};
    return &services[at];
}

void world_open_hosts(struct world *w)
{
    const struct sim_service *s3 = serve(0, w->cloud, accept_s3);
    const struct sim_service *sts = serve(1, w->cloud, accept_sts);
    char name[HOST_BYTES_MAX + 1];
    unsigned addresses = 1 + (unsigned)world_roll(w, ADDRESSES_MAX);
    snprintf(name, sizeof name, "s3.%s.amazonaws.com", w->home);
    sim_host(name, 80, addresses, s3);
    snprintf(name, sizeof name, "%s.s3.%s.amazonaws.com", w->bucket, w->home);
    sim_host(name, 80, addresses, s3);
    sim_host("sts.sim.test", 8080, 2, sts);
    sim_host("169.254.169.254", 80, 1, serve(2, w->cloud, accept_imds));
    sim_host("169.254.170.2", 80, 1, serve(3, w->cloud, accept_container));
}
