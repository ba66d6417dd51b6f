#ifndef STYX_BUILD_INFO_H
#define STYX_BUILD_INFO_H

/// The commit that this program was built from: seven hex digits, or `unknown`. Package.swift passes it in.
const char *styx_git_hash(void);

#endif
