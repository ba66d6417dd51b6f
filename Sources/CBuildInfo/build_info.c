#include "build_info.h"

#ifndef STYX_GIT_HASH
#define STYX_GIT_HASH "unknown"
#endif

const char *styx_git_hash(void) { return STYX_GIT_HASH; }
