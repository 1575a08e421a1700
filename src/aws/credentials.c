#include "aws/credentials.h"

extern int credentials_is_not_written_yet;
