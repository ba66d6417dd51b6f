#if STYX_KILL_POINTS
    import Storage
#endif

/// The places in the nodes' code where they can be killed.
package enum KillPoints {
    /// Their names; none in a release, which has none.
    package static var names: [String] {
        #if STYX_KILL_POINTS
            KillPoint.allCases.map(\.rawValue)
        #else
            []
        #endif
    }
}
