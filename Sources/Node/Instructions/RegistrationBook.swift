import Cluster
import Ethereum
import SSZ
import Synchronization

/// The registrations and fee recipients that hold now. From any thread.
final class RegistrationBook: Sendable {
    private let registrations: Mutex<Registrations>

    init(_ registrations: Registrations) { self.registrations = Mutex(registrations) }

    var current: Registrations { registrations.withLock { $0 } }

    /// - Returns: validators for whom something changed.
    func take(_ overrides: RegistrationOverrides) -> Set<PubKey> { registrations.withLock { $0.take(overrides) } }
}
