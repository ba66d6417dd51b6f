import CBuildInfo

/// What this program is, and what it tells peers it is.
package enum BuildInfo {
    package static let version = "v0.1.0-dev"
    /// Seven hex digits, or `unknown`: peers drop any other form (protocols.md §3).
    package static let gitHash = String(cString: styx_git_hash())
    /// The Charon release whose wire we speak (v1.11.md §10). Older peers accept it as newer than theirs. What a cluster
    /// does of it is for info-sync to decide, where older lines are offered, too.
    package static let charonVersion = "v1.11.0"
    /// The family name peers see.
    package static let client = "styx"
    package static let userAgent = "obolnetwork-charon/\(charonVersion)"
    /// What validator clients see: `obolnetwork/charon/<version>/<arch>-<os>`, in Charon's words for both. Clients look
    /// for the prefix and take the whole apart at its slashes (validator-api.md §4.13).
    package static let nodeVersion = "obolnetwork/charon/\(charonVersion)-\(client)-\(version)/\(platform)"
    /// In Charon's words.
    package static let platform = "\(architecture)-linux"

    #if arch(x86_64)
        private static let architecture = "amd64"
    #elseif arch(arm64)
        private static let architecture = "arm64"
    #else
        private static let architecture = "other"
    #endif
}
