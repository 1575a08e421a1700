#include "text/pem.h"

extern int pem_is_not_written_yet;
