/* clock.c - time, dice, environment, files, the log: what of port.h is not the network. */
#include "inside.h"

#include <stdio.h>
#include <stdlib.h>

struct sim_world sim;

/* ---- dice ---- */

uint64_t sim_roll(uint64_t below)
{
    return dice_roll(&sim.dice, below);
}

uint64_t sim_roll_weather(uint64_t below)
{
    return dice_next(&sim.dice) % below;
}

bool sim_happens(enum sim_fault fault)
{
    const struct sim_faults *f = &sim.faults;
    if (f->permille[fault] == 0) return false;
    bool happens = sim_roll(1000) < f->permille[fault];
    if (!happens || (f->until_ms != 0 && sim.now_ms >= f->until_ms)) return false;
    if (f->left != NULL && *f->left == 0) return false;
    if (f->left != NULL) --*f->left;
    sim.counts.faults[fault]++;
    return true;
}

void sim_weather_draw(struct sim_faults *f, struct dice dice)
{
    dice.seed ^= 0x57454154484552;
    *f = (struct sim_faults){0};
    f->delay_ms_max = (unsigned)(dice_roll(&dice, 120));
    f->window_bytes = dice_roll(&dice, 3) == 0 ? 1024 + (unsigned)(dice_roll(&dice, 8192)) : 0;
    switch (dice_roll(&dice, 4)) {
    case 0: f->piece_bytes = 1 + (unsigned)(dice_roll(&dice, 64)); break;
    case 1: f->piece_bytes = 1 + (unsigned)(dice_roll(&dice, 16384)); break;
    }
    f->short_calls = dice_roll(&dice, 2) == 0;
    f->idle_waking = dice_roll(&dice, 2) == 0;
}

void sim_faults_draw(struct sim_faults *f, struct dice dice)
{
    sim_weather_draw(f, dice);
    dice.seed ^= 0x535741524D;
    for (int i = 0; i < SIM_FAULTS; i++)
        if (dice_roll(&dice, 2) == 0) f->permille[i] = (unsigned)(dice_roll(&dice, 401));
}

/* ---- the world ---- */

static char *copy(const char *text)
{
    char *to = strdup(text);
    if (to == NULL) abort();
    return to;
}

void sim_end(void)
{
    net_end();
    lookups_end();
    for (size_t i = 0; i < SIM_ENVIRONMENT_MAX; i++) {
        free(sim.environment[i].name);
        free(sim.environment[i].value);
    }
    for (size_t i = 0; i < SIM_FILES_MAX; i++) {
        free(sim.files[i].path);
        free(sim.files[i].bytes);
    }
    free(sim.log.at);
    free(sim.violations.at);
    sim = (struct sim_world){0};
}

void sim_begin(uint64_t seed, const struct sim_faults *faults, int64_t utc_ms)
{
    sim_end();
    sim.dice.seed = seed;
    sim.dice_of_program.seed = ~seed;
    sim.faults = *faults;
    sim.utc_ms = utc_ms;
    sim.now_ms = 1000;
    sim.hash = 0xCBF29CE484222325;
    sim.next_sock = 100;
}

void sim_set_dice(struct span *from)
{
    sim.dice.from = from;
}

void sim_set_environment(const char *name, const char *value)
{
    size_t at = 0;
    while (at < SIM_ENVIRONMENT_MAX - 1 && sim.environment[at].name != NULL &&
           strcmp(sim.environment[at].name, name) != 0)
        at++;
    free(sim.environment[at].name);
    free(sim.environment[at].value);
    sim.environment[at].name = copy(name);
    sim.environment[at].value = value != NULL ? copy(value) : NULL;
}

void sim_set_file(const char *path, const void *bytes, size_t n)
{
    size_t at = 0;
    while (at < SIM_FILES_MAX - 1 && sim.files[at].path != NULL &&
           strcmp(sim.files[at].path, path) != 0)
        at++;
    free(sim.files[at].path);
    free(sim.files[at].bytes);
    sim.files[at].path = copy(path);
    sim.files[at].bytes = malloc(n + 1);
    if (sim.files[at].bytes == NULL) abort();
    memcpy(sim.files[at].bytes, bytes, n);
    sim.files[at].len = n;
}

void sim_utc_offset(uint64_t at_ms, int64_t offset_ms)
{
    assert(sim.jump_count < SIM_JUMPS_MAX);
    sim.jumps[sim.jump_count].at_ms = at_ms;
    sim.jumps[sim.jump_count++].offset_ms = offset_ms;
}

void sim_kill(uint64_t nth, void (*hook)(void))
{
    sim.kill_at = sim.counts.calls + nth;
    sim.on_kill = hook;
}

void sim_on_stuck(void (*hook)(void))
{
    sim.on_stuck = hook;
}

void sim_tell(bool tells)
{
    sim.tells = tells;
}

uint64_t sim_now_ms(void)
{
    return sim.now_ms;
}

int64_t sim_true_utc_ms(void)
{
    return sim.utc_ms + (int64_t)sim.now_ms;
}

const char *sim_log(void)
{
    return sim.log.at != NULL ? sim.log.at : "";
}

const char *sim_violations(void)
{
    return sim.violations.at != NULL ? sim.violations.at : "";
}

uint64_t sim_hash(void)
{
    return sim.hash;
}

/* ---- what happens ---- */

void sim_text_put(struct sim_text *t, const void *bytes, size_t n)
{
    if (t->len + n + 1 > t->room) {
        t->room = (t->len + n + 1) * 2;
        t->at = realloc(t->at, t->room);
        if (t->at == NULL) abort();
    }
    memcpy(t->at + t->len, bytes, n);
    t->len += n;
    t->at[t->len] = '\0';
}

static void mix(uint64_t value)
{
    sim.hash = (sim.hash ^ value) * 0x100000001B3;
    sim.hash ^= sim.hash >> 29;
}

void sim_event(const char *what, int64_t a, int64_t b)
{
    for (const char *c = what; *c != '\0'; c++)
        mix((uint8_t)*c);
    mix(sim.now_ms);
    mix((uint64_t)a);
    mix((uint64_t)b);
    if (sim.tells)
        printf("%8llu ms  %-16s %lld %lld\n", (unsigned long long)sim.now_ms, what, (long long)a,
               (long long)b);
}

void sim_violation(const char *what, int64_t value)
{
    char line[200];
    int n = snprintf(line, sizeof line, "%s (%lld)\n", what, (long long)value);
    sim_text_put(&sim.violations, line, (size_t)n);
    sim_event(what, value, 0);
}

void sim_stuck(const char *why)
{
    sim_violation(why, (int64_t)sim.now_ms);
    if (sim.on_stuck != NULL) sim.on_stuck();
    abort();
}

void sim_called(void)
{
    sim.counts.calls++;
    if (sim.counts.calls == sim.kill_at) {
        sim_event("killed", (int64_t)sim.counts.calls, 0);
        sim.on_kill();
    }
    if (++sim.calls_at_this_time > CALLS_WITHOUT_TIME_MAX) {
        sim.calls_at_this_time = 0;
        sim_stuck("busy: port calls, and no time goes by");
    }
}

/* ---- port.h ---- */

uint64_t port_now_ms(void)
{
    sim_called();
    return sim.now_ms;
}

int64_t port_utc_ms(void)
{
    sim_called();
    int64_t offset_ms = 0;
    for (size_t i = 0; i < sim.jump_count; i++)
        if (sim.now_ms >= sim.jumps[i].at_ms) offset_ms = sim.jumps[i].offset_ms;
    return sim_true_utc_ms() + offset_ms;
}

bool port_random(uint8_t *to, size_t n)
{
    sim_called();
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)dice_next(&sim.dice_of_program);
    return true;
}

const char *port_environment(const char *name)
{
    sim_called();
    for (size_t i = 0; i < SIM_ENVIRONMENT_MAX; i++)
        if (sim.environment[i].name != NULL && strcmp(sim.environment[i].name, name) == 0) {
            const char *value = sim.environment[i].value;
            return value != NULL && value[0] != '\0' ? value : NULL;
        }
    return NULL;
}

long port_read_file(const char *path, uint64_t offset, uint8_t *to, size_t room)
{
    sim_called();
    for (size_t i = 0; i < SIM_FILES_MAX; i++) {
        if (sim.files[i].path == NULL || strcmp(sim.files[i].path, path) != 0) continue;
        if (offset >= sim.files[i].len) return 0;
        size_t n = sim.files[i].len - (size_t)offset;
        if (n > room) n = room;
        if (sim.faults.short_calls && n > 1) n = 1 + (size_t)sim_roll_weather(n);
        memcpy(to, sim.files[i].bytes + offset, n);
        return (long)n;
    }
    return PORT_LOST;
}

void port_log(struct span line)
{
    sim_called();
    sim_text_put(&sim.log, line.at, line.len);
    sim_text_put(&sim.log, "\n", 1);
    for (size_t i = 0; i < line.len; i++) {
        if (line.at[i] < ' ' || line.at[i] == 127)
            sim_violation("a control byte in the log", line.at[i]);
        mix(line.at[i]);
    }
    if (sim.tells)
        printf("%8llu ms  log              %.*s\n", (unsigned long long)sim.now_ms, (int)line.len,
               (const char *)line.at);
}

static bool is_any_met(const struct port_want *wants, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (wants[i].sock < 0 || (!wants[i].to_read && !wants[i].to_write)) continue;
        if (net_is_met(&wants[i])) return true;
    }
    return false;
}

static uint64_t next_event_ms(void)
{
    uint64_t net_ms = net_next_ms(), lookup_ms = lookup_next_ms();
    return net_ms < lookup_ms ? net_ms : lookup_ms;
}

void port_wait(const struct port_want *wants, size_t count, uint64_t until_ms)
{
    sim_called();
    sim.counts.waits++;
    sim.calls_at_this_time += 16; /* a program that waits and waits, and never gets on */
    if (sim.faults.idle_waking && sim_roll_weather(16) == 0) {
        sim_event("woken for nothing", 0, 0);
        return;
    }
    for (;;) {
        net_pump();
        if (sim.now_ms >= until_ms || is_any_met(wants, count)) return;
        uint64_t next_ms = next_event_ms();
        if (until_ms < next_ms) next_ms = until_ms;
        if (next_ms == NEVER_MS) sim_stuck("waits for what can never come");
        if (next_ms > SIM_TIME_MAX_MS) sim_stuck("not over after a week");
        assert(next_ms > sim.now_ms);
        sim.now_ms = next_ms;
        sim.calls_at_this_time = 0;
    }
}

void sim_settle(uint64_t ms)
{
    uint64_t until_ms = sim.now_ms + ms;
    for (;;) {
        net_pump();
        uint64_t next_ms = next_event_ms();
        if (next_ms > until_ms) break;
        assert(next_ms > sim.now_ms);
        sim.now_ms = next_ms;
    }
    sim.now_ms = until_ms;
    net_pump();
    sim.calls_at_this_time = 0;
}
