/* world.h - one made-up world: a recording, a cloud, a network with its faults, and one job in it.
 *   eats    a seed
 *   gives   what the job did to the world; which invariants do not hold
 *   keeps   everything of one run
 *   knows   port/sim, tests/cloud, tests/connect_stream; of src/ the job alone (job.c) */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "cloud.h"
#include "connect_stream.h"
#include "sim/sim.h"

enum world_mode {
    WORLD_CALM,  /* no faults: it must succeed */
    WORLD_FEW,   /* one or two faults, fewer than there are tries: it must succeed */
    WORLD_WILD,  /* a swarm, without end: nothing may be wrong */
    WORLD_STORM, /* a swarm that ends after a while */
    WORLD_KILL,  /* the process dies at some port call; another one comes after it */
    WORLD_MODES
};

enum world_outcome { OUTCOME_CONVERTED, OUTCOME_NO_AUDIO, OUTCOME_FAILED, OUTCOME_STUCK, OUTCOMES };

enum world_keys { KEYS_FIXED, KEYS_TOKEN, KEYS_CONTAINER, KEYS_INSTANCE, KEYS_WEB, KEYS_KINDS };

/* Planted faults, of which each must be noticed: the canaries. */
enum world_canary {
    CANARY_NONE,
    CANARY_BYTE,      /* one byte of the sound is another one */
    CANARY_HEADER,    /* the header's length is wrong by eight */
    CANARY_NO_ABORT,  /* an upload stays open */
    CANARY_TRUST_200, /* 200 is taken for success, whatever it says */
    CANARY_SECRET,    /* a key in the log */
    CANARY_SOCKET,    /* a socket stays open */
    CANARY_ENDLESS,   /* it tries for ever */
    CANARY_UNSIGNED,  /* a header is added after signing */
    CANARY_CHECKSUM,  /* it tells the checksum of other bytes */
    CANARY_CHUNK,     /* its aws-chunks are too small */
    CANARY_BUSY,      /* it asks instead of waiting */
    CANARIES
};

enum {
    WORLD_SETTLE_MS = 10 * 60 * 1000, /* what is on its way may still be acted upon */
};

/* What a job must be able to do in the world it gets. */
struct world_features {
    bool keys_of_services; /* container, instance, web identity */
    bool wrong_region, wrong_clock;
};

struct world {
    uint64_t seed;
    struct dice dice;
    bool is_small; /* the recording: a second at most */
    enum world_mode mode;
    enum world_canary canary;
    struct world_features features;

    /* The job's task. */
    struct blob input;    /* Matroska, as KVS delivers it */
    struct blob expected; /* the WAV, made without src/ */
    bool stereo;
    char bucket[64], region[64], home[64], key[200], endpoint_url[120];
    /* region: what the job is told; home: where the bucket is, and the endpoint. */
    bool path_style, if_absent;
    const char *storage_class, *sse; /* NULL: not said */
    enum hash_kind checksum;
    enum body_chunks chunks;
    uint64_t part_bytes_min;
    unsigned tries; /* AWS_MAX_ATTEMPTS */
    enum world_keys keys;
    struct cloud_account account; /* KEYS_FIXED, KEYS_TOKEN */

    /* Its surroundings. */
    struct cloud *cloud;
    struct sim_faults faults;
    unsigned faults_left;
    bool was_there;      /* the object, before the job began */
    uint64_t stop_at_ms; /* somebody wants the job to stop; 0: nobody */
    bool killed, stopped;

    /* What came of it. */
    struct {
        enum world_outcome outcome;
        bool left_open;  /* the job says that an upload may be open */
        const char *why; /* of a failure: its kind, for counting */
    } result;
    struct blob broken; /* invariants, a line each */
};

/* dice: NULL, or bytes that decide before the seed does; the recording is small then. */
void world_begin(struct world *w, uint64_t seed, struct span *dice, enum world_mode mode,
                 enum world_canary canary, bool tells);
void world_end(struct world *w);
uint64_t world_roll(struct world *w, uint64_t below);
/* The faults that happened, of network and cloud. */
uint64_t world_faults(const struct world *w);

/* job.c: what the job can do, and the job: fills w->result. It uses port.h alone and may be left by longjmp. */
struct world_features world_job_features(void);
void world_run_job(struct world *w);

/* run.c: the job, and whatever becomes of it. last_call: it dies at that port call (from 1 on), and another one comes;
 * 0: it does not. */
void world_run(struct world *w, uint64_t last_call);

/* expected.c */
void world_make_recording(struct world *w);

/* glue.c: the cloud behind the simulator's hosts. */
void world_open_hosts(struct world *w);

/* invariants.c: what does not hold goes into w->broken. Returns whether an exact object is there. */
bool world_check(struct world *w);

#endif
