/* roots.h - the certificates that vouch for AWS, built in.
 *   eats    nothing; tools/roots writes the bytes when the program is built
 *   gives   Amazon Root CA 1 to 4 and Starfield Services Root CA - G2, as DER
 *   keeps   constants
 *   knows   nothing: who asks for a name is trust.c's affair */
#ifndef RUSUDEN_NET_ROOTS_H
#define RUSUDEN_NET_ROOTS_H

#include "base/span.h"

enum { ROOTS = 5 };

extern const struct span roots[ROOTS];

#endif
