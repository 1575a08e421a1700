/* tree.h - builds streams like Connect's, so that a fuzzer sees more than refusals.
 *   eats    choices: any bytes; where they end, zeros follow, which choose the honest way
 *   gives   a stream of documents, most of them right, some with a planned mistake or two
 *   keeps   nothing between calls
 *   knows   docs/READING.md and what facts/kvs-and-connect.md §2 saw in real streams */
#ifndef RUSUDEN_FUZZ_TREE_H
#define RUSUDEN_FUZZ_TREE_H

#include <stddef.h>
#include <stdint.h>

/* The length of the tree, at most `room`; what does not fit is cut off. */
size_t tree_build(const uint8_t *choices, size_t n, uint8_t *to, size_t room);

#endif
