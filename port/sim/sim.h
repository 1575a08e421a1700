/* sim.h - port.h without a machine: a clock that jumps, a network of pipes, dice from a seed.
 *   eats    names and the services behind them, which faults may happen, what the environment holds
 *   gives   port.h; what was logged and counted; one hash of everything that happened
 *   keeps   one world at a time, in static memory and on the heap
 *   knows   how networks fail; nothing of HTTP. For tests alone */
#ifndef RUSUDEN_PORT_SIM_H
#define RUSUDEN_PORT_SIM_H

#include "dice.h"
#include "port.h"

/* The other end. The simulator calls these in port_wait alone. */
struct sim_service {
    void *context;
    void (*clock)(void *context, uint64_t now_ms, int64_t utc_ms); /* before all others */
    void *(*accept)(void *context);
    size_t (*feed)(void *connection, const void *bytes, size_t n); /* how many were eaten */
    void (*feed_end)(void *connection);
    void (*tick)(void *connection);              /* time went by */
    uint64_t (*next_ms)(const void *connection); /* when a tick would do something */
    size_t (*take)(void *connection, void *to, size_t room);
    bool (*wants_close)(const void *connection, bool *reset);
    bool (*is_idle)(const void *connection);
    void (*end)(void *connection);
};

enum sim_fault {
    SIM_REFUSED,    /* a connect that is refused */
    SIM_UNREACHED,  /* a connect that never ends */
    SIM_RESET_UP,   /* reset at a byte on its way to the server: it acts, or not yet */
    SIM_RESET_DOWN, /* reset at a byte of the answer */
    SIM_FIN,        /* the server says its end in the middle */
    SIM_STALL_UP,   /* nothing moves for a while, or ever again */
    SIM_STALL_DOWN,
    SIM_IDLE_CLOSE, /* a kept connection is gone when it is wanted again */
    SIM_LOOKUP_FAILS,
    SIM_LOOKUP_SLOW,  /* or never */
    SIM_DEAD_ADDRESS, /* one of several addresses leads nowhere */
    SIM_FAULTS
};

/* The rates are per mille: of connections, lookups or addresses. */
struct sim_faults {
    unsigned permille[SIM_FAULTS];
    uint64_t until_ms; /* 0: without end */
    unsigned *left;    /* NULL: any number; shared with others */
    /* Weather: no fault, every program must live with it. */
    unsigned delay_ms_max; /* one way */
    unsigned window_bytes; /* of a direction; 0: 64 KiB */
    unsigned piece_bytes;  /* what arrives at once at most; 0: all */
    bool short_calls;      /* sends and receives move less than they could */
    bool idle_waking;      /* port_wait returns without a reason */
};

/* A swarm: each fault is off in half of the seeds, else up to 40 %. */
void sim_faults_draw(struct sim_faults *f, struct dice dice);
/* Weather alone. */
void sim_weather_draw(struct sim_faults *f, struct dice dice);

/* A new world; the old one's connections are ended. utc_ms: the true time at its begin. */
void sim_begin(uint64_t seed, const struct sim_faults *faults, int64_t utc_ms);
void sim_end(void);
/* After sim_begin: its fates, not its weather, are rolled from these bytes as long as they last. */
void sim_set_dice(struct span *from);

/* A name with so many addresses, or an address. */
void sim_host(const char *name, uint16_t port, unsigned addresses,
              const struct sim_service *service);
void sim_set_environment(const char *name, const char *value); /* NULL: not set */
void sim_set_file(const char *path, const void *bytes, size_t n);
/* The program's clock on the wall is wrong by so much, from at_ms on. */
void sim_utc_offset(uint64_t at_ms, int64_t offset_ms);
/* At the nth port call from now on (1: the next one) `hook` is called; it does not come back. */
void sim_kill(uint64_t nth, void (*hook)(void));
/* Called where the program cannot go on (it waits for ever, is busy for ever); as above. */
void sim_on_stuck(void (*hook)(void));
/* The program is gone: its sockets are closed as the system does it. */
void sim_died(void);
/* Time goes on without the program. */
void sim_settle(uint64_t ms);
/* Every event is printed. */
void sim_tell(bool tells);

struct sim_counts {
    uint64_t calls, waits, connects, lookups, bytes_up, bytes_down;
    uint64_t faults[SIM_FAULTS];
    unsigned sockets_open; /* what the program did not close */
};
struct sim_counts sim_counts(void);
uint64_t sim_now_ms(void);
int64_t sim_true_utc_ms(void);
/* Everything that was logged, a line each; and what the program may not do with a port. */
const char *sim_log(void);
const char *sim_violations(void);
/* Of all events: two runs of one seed have the same. */
uint64_t sim_hash(void);
/* An event of somebody else's, for the story and the hash. */
void sim_event(const char *what, int64_t a, int64_t b);

#endif
