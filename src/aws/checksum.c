#include "aws/checksum.h"

extern int checksum_is_not_written_yet;
