#include "aws/profile.h"

extern int profile_is_not_written_yet;
