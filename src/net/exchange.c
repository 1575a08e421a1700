#include "net/exchange.h"

extern int exchange_is_not_written_yet;
