/* The whole command with parts of 16 KiB instead of 5 MiB: an upload of three parts has a hundred TLS records
 * then instead of thousands, so that each of them can be cut. tests/faults alone uses it. */
#include "base/budget.h"
#undef PART_BYTES_MIN
#define PART_BYTES_MIN (16 * 1024)
#include "../../src/app/send.c" /* NOLINT(bugprone-suspicious-include): its limit is another one here */
