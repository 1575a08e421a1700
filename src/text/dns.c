#include "text/dns.h"

extern int dns_is_not_written_yet;
