import Foundation

/// How many files and sockets this process may have open at once.
package enum OpenFiles {
    /// Enough for every bound of this program, and for tools that look at each number up to it.
    package static let wanted: UInt64 = 65_536

    /// Takes what the system grants a process that asks: most give 1024 at first and grant far more. Without any left a
    /// node can connect to nobody, and its listening sockets keep it busy (man setrlimit).
    package static func raiseLimit() {
        var limit = rlimit()
        let files = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        guard getrlimit(files, &limit) == 0, let raised = raised(UInt64(limit.rlim_cur), max: UInt64(limit.rlim_max))
        else { return }
        limit.rlim_cur = rlim_t(raised)
        // Refused only by what confines the process, and then it runs with what it has; the doctor tells when that is little.
        _ = setrlimit(files, &limit)
    }

    /// - Parameters:
    ///   - current: files that the process may open.
    ///   - max: that it may ask for; the largest number means no limit.
    /// - Returns: what to ask for; nil if there is nothing to gain.
    package static func raised(_ current: UInt64, max: UInt64) -> UInt64? {
        let raised = min(wanted, max)
        return raised > current ? raised : nil
    }
}
