#include "text/xml.h"

extern int xml_is_not_written_yet;
