/* inside.h - the world of the simulator, for its own files.
 *   eats    -
 *   gives   the state that clock.c, names.c and net.c share
 *   keeps   one world
 *   knows   sim.h */
#ifndef RUSUDEN_PORT_SIM_INSIDE_H
#define RUSUDEN_PORT_SIM_INSIDE_H

#include "sim.h"

enum {
    SIM_HOSTS_MAX = 16,
    SIM_ENVIRONMENT_MAX = 32,
    SIM_FILES_MAX = 8,
    SIM_JUMPS_MAX = 8,
    CALLS_WITHOUT_TIME_MAX = 100000, /* more is a busy loop */
};

#define SIM_TIME_MAX_MS (UINT64_C(7) * 24 * 3600 * 1000)
#define NEVER_MS UINT64_MAX

struct sim_text {
    char *at;
    size_t len, room;
};

struct sim_host {
    char name[HOST_BYTES_MAX + 1];
    uint16_t port;
    unsigned address_count;
    struct port_address addresses[ADDRESSES_MAX];
    const struct sim_service *service;
};

struct sim_world {
    uint64_t now_ms, hash;
    struct dice dice, dice_of_program;
    int64_t utc_ms;
    struct sim_faults faults;
    struct sim_host hosts[SIM_HOSTS_MAX];
    size_t host_count;
    struct {
        char *name, *value;
    } environment[SIM_ENVIRONMENT_MAX];
    struct {
        char *path;
        uint8_t *bytes;
        size_t len;
    } files[SIM_FILES_MAX];
    struct {
        uint64_t at_ms;
        int64_t offset_ms;
    } jumps[SIM_JUMPS_MAX];
    size_t jump_count;
    struct sim_text log, violations;
    struct sim_counts counts;
    uint64_t calls_at_this_time;
    uint64_t kill_at; /* of counts.calls; 0: never */
    void (*on_kill)(void), (*on_stuck)(void);
    int next_sock;
    bool tells;
};

extern struct sim_world sim;

uint64_t sim_roll(uint64_t below);
/* Of what happens with every few bytes: never from given bytes. */
uint64_t sim_roll_weather(uint64_t below);
/* The fault happens, and is counted. */
bool sim_happens(enum sim_fault fault);
/* Every port call begins with it. */
void sim_called(void);
void sim_violation(const char *what, int64_t value);
void sim_stuck(const char *why);
void sim_text_put(struct sim_text *t, const void *bytes, size_t n);

/* names.c */
bool lookup_is_ready(int sock);
uint64_t lookup_next_ms(void);
void lookups_end(void);
struct sim_host *host_at(const struct port_address *a);

/* net.c: everything up to now. */
void net_pump(void);
uint64_t net_next_ms(void);
void net_end(void);
bool net_is_met(const struct port_want *w);

#endif
