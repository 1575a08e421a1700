/* proof.h - what the CBMC proofs share: values that may be anything.
 *
 * A proof is one main(). It makes a state that may be any state the written invariant allows, lets the code
 * take one step, and asserts the invariant again. So what it shows holds for inputs of any length, cut
 * anywhere; CBMC also checks every step for undefined behaviour (tools/prove names the checks). */
#ifndef RUSUDEN_PROOF_H
#define RUSUDEN_PROOF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint8_t nondet_u8(void);
uint32_t nondet_u32(void);
int64_t nondet_i64(void);
uint64_t nondet_u64(void);
size_t nondet_size(void);
bool nondet_bool(void);

#define ASSUME(condition) __CPROVER_assume(condition)
#define PROVE(condition) __CPROVER_assert(condition, #condition)

#endif
