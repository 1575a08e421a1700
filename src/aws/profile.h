/* profile.h - values out of AWS's shared config and credentials files. */
#ifndef RUSUDEN_AWS_PROFILE_H
#define RUSUDEN_AWS_PROFILE_H
#endif
