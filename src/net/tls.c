#include "net/tls.h"

extern int tls_is_not_written_yet;
