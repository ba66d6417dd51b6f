import Ethereum
import Synchronization

/// The chain as the beacon nodes describe it.
package struct ChainContext: Sendable {
    package let clock: SlotClock
    package private(set) var domains: SigningDomains
    package private(set) var spec: ChainSpec

    package var forks: ForkSchedule { domains.forks }

    /// - Precondition: both have the same forks.
    package init(clock: SlotClock, domains: SigningDomains, spec: ChainSpec) {
        precondition(domains.forks == spec.forks)
        self.clock = clock
        self.domains = domains
        self.spec = spec
    }

    mutating func follow(_ forks: ForkSchedule, exitVersion: ForkVersion) {
        spec.forks = forks
        domains = SigningDomains(
            spec: spec, genesisValidatorsRoot: domains.genesisValidatorsRoot, exitVersion: exitVersion)
    }
}

/// What the chain is now, for whoever signs, checks or serves outside the workflow: its forks are added, moved or
/// withdrawn while the node runs. Whoever handles several objects of one call takes `current` once for all of them.
package final class ChainView: Sendable {
    /// Never changes.
    package let clock: SlotClock
    private let context: Mutex<ChainContext>

    package init(_ context: ChainContext) {
        clock = context.clock
        self.context = Mutex(context)
    }

    package var current: ChainContext { context.withLock { $0 } }
    package var domains: SigningDomains { current.domains }
    package var spec: ChainSpec { current.spec }

    /// - Parameter exitVersion: of exits from now on.
    package func follow(_ forks: ForkSchedule, exitVersion: ForkVersion) {
        context.withLock { $0.follow(forks, exitVersion: exitVersion) }
    }
}
