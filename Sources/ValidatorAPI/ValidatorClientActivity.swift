import Synchronization

/// Whether a validator client is alive, for the readiness check and metrics.
package final class ValidatorClientActivity: Sendable {
    /// User agents are cut to this.
    static let userAgentCharactersMax = 128

    private let count = Atomic<UInt64>(0)
    private let agent = Mutex<String?>(nil)

    package init() {}

    /// Requests since the start, of any kind.
    package var requests: UInt64 { count.load(ordering: .relaxed) }

    /// Of the latest request that had one.
    package var userAgent: String? { agent.withLock { $0 } }

    func record(userAgent: String?) {
        count.add(1, ordering: .relaxed)
        guard let userAgent, !userAgent.isEmpty else { return }
        agent.withLock { $0 = String(userAgent.prefix(Self.userAgentCharactersMax)) }
    }
}
