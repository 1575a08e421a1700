#include "inside.h"

#include <stdlib.h>

static const char *const operations[CLOUD_OPERATIONS + 1] = {
    [CLOUD_OTHER] = "other",       [CLOUD_CREATE] = "create", [CLOUD_PART] = "part",
    [CLOUD_COMPLETE] = "complete", [CLOUD_ABORT] = "abort",   [CLOUD_LIST_PARTS] = "list-parts",
    [CLOUD_PUT] = "put",           [CLOUD_GET] = "get",       [CLOUD_HEAD] = "head",
    [CLOUD_LIST] = "list",         [CLOUD_DELETE] = "delete", [CLOUD_TAGGING] = "tagging",
    [CLOUD_ROLE] = "role",         [CLOUD_TOKEN] = "token",   [CLOUD_KEYS] = "keys",
    [CLOUD_OPERATIONS] = "any",
};

static const char *const kinds[CLOUD_FAULT_KINDS] = {
    [CLOUD_GOOD] = "good",         [CLOUD_500] = "500",           [CLOUD_503] = "503",
    [CLOUD_500_DONE] = "500-done", [CLOUD_503_DONE] = "503-done", [CLOUD_200_ERROR] = "200-error",
    [CLOUD_200_DONE] = "200-done", [CLOUD_EMPTY] = "empty",       [CLOUD_CUT] = "cut-after",
    [CLOUD_LOST] = "lost-answer",  [CLOUD_DROP] = "drop",         [CLOUD_RESET] = "reset",
    [CLOUD_EARLY] = "early",       [CLOUD_SLOW] = "slow",         [CLOUD_SPACES] = "spaces",
    [CLOUD_MUTE] = "mute",         [CLOUD_CHECKSUM] = "checksum", [CLOUD_CLOSE] = "close",
    [CLOUD_CONFLICT] = "conflict",
};

const char *cloud_operation_name(enum cloud_operation operation)
{
    return operations[operation];
}

uint64_t cloud_roll(struct cloud *c, uint64_t below)
{
    return dice_roll(&c->dice, below);
}

const char *cloud_script(struct cloud *c, const char *rule)
{
    if (c->rule_count == CLOUD_RULES_MAX) return "too many faults";
    struct cloud_rule r = {.kind = CLOUD_GOOD};
    struct span rest = span_text(rule);
    struct span operation = span_until(&rest, ':');
    struct span nth = span_until(&rest, ':');
    struct span kind = span_until(&rest, '=');
    while (r.operation <= CLOUD_OPERATIONS && !span_is(operation, operations[r.operation]))
        if (++r.operation > CLOUD_OPERATIONS) return "no such operation";
    uint64_t number = 0;
    if (!span_is(nth, "*") && !span_number(nth, &number)) return "no such number";
    r.nth = (unsigned)number;
    while (!span_is(kind, kinds[r.kind]))
        if (++r.kind == CLOUD_FAULT_KINDS) return "no such fault";
    if (rest.len > 0 && !span_number(rest, &r.value)) return "no such value";
    c->rules[c->rule_count++] = r;
    return NULL;
}

bool rule_take(struct cloud *c, enum cloud_operation operation, enum cloud_fault_kind *kind,
               uint64_t *value)
{
    bool found = false;
    for (size_t i = 0; i < c->rule_count; i++) {
        struct cloud_rule *r = &c->rules[i];
        if (r->operation != operation && r->operation != CLOUD_OPERATIONS) continue;
        r->seen++;
        if (found || (r->nth != 0 && r->nth != r->seen)) continue;
        *kind = r->kind;
        *value = r->value;
        found = true;
    }
    return found;
}

static uint64_t drawn_value(struct cloud *c, enum cloud_fault_kind kind)
{
    if (kind == CLOUD_SLOW || kind == CLOUD_SPACES)
        return cloud_roll(c, 4) == 0 ? cloud_roll(c, 90000) : cloud_roll(c, 3000);
    if (kind == CLOUD_200_ERROR || kind == CLOUD_200_DONE) return cloud_roll(c, 3000);
    return kind == CLOUD_CUT ? 1 + cloud_roll(c, 600) : 0;
}

void fault_pick(struct cloud_connection *x)
{
    struct cloud *c = x->cloud;
    const struct cloud_options *o = &c->options;
    x->fault = CLOUD_GOOD;
    x->fault_value = 0;
    if (rule_take(c, x->operation, &x->fault, &x->fault_value)) return;
    if (o->faults_until_ms != 0 && c->now_ms >= o->faults_until_ms) return;
    for (enum cloud_fault_kind kind = CLOUD_GOOD; kind < CLOUD_FAULT_KINDS; kind++) {
        if (o->permille[kind] == 0 || cloud_roll(c, 1000) >= o->permille[kind]) continue;
        if (o->faults_left != NULL && *o->faults_left == 0) return;
        if (o->faults_left != NULL) --*o->faults_left;
        x->fault = kind;
        x->fault_value = drawn_value(c, kind);
        c->faults[kind]++;
        return;
    }
}
