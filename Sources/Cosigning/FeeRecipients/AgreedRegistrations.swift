import Cluster
import ClusterSetup
import Ethereum
import SSZ

/// What operators have agreed on since the lock was made, for a node that takes it up by itself.
///
/// Source: workflow.md §5.7, cli-create.md §12.5.
package struct AgreedRegistrations: Sendable {
    /// Each verified under its validator's own key.
    package let overrides: RegistrationOverrides
    /// Why entries of some validators were of no use.
    package let faults: [AnswerFault]
    /// Whether there is one for every validator, and none that waits for signatures.
    package let isComplete: Bool

    package init(overrides: RegistrationOverrides, faults: [AnswerFault], isComplete: Bool) {
        self.overrides = overrides
        self.faults = faults
        self.isComplete = isComplete
    }

    /// Asks the service.
    ///
    /// - Parameter held: what the node goes by; nothing that is not newer is looked at any closer.
    package static func poll(
        _ cluster: VerifiedCluster, _ api: ObolAPI, held: [PubKey: SignedValidatorRegistration]
    ) async throws -> AgreedRegistrations {
        let collected = try await api.registrations(of: [], in: cluster)
        return try await TrustedDealer.onOwnThread {
            AgreedRegistrations(collected, cluster, held)
        }
    }

    /// About 1 ms for each signature of what is new.
    private init(
        _ collected: CollectedRegistrations, _ cluster: VerifiedCluster, _ held: [PubKey: SignedValidatorRegistration]
    ) {
        var found: [PubKey: SignedValidatorRegistration] = [:]
        var faults: [AnswerFault] = []
        var isComplete = true
        for validator in cluster.keys.validators {
            let pubKey = validator.publicKey.bytes
            do throws(AnswerFault) {
                let groups = try collected.groups(of: pubKey)
                let agreed = groups.agreed
                if agreed == nil || !groups.pending(after: agreed?.message.timestamp ?? 0).isEmpty {
                    isComplete = false
                }
                guard let agreed else { continue }
                if let old = held[pubKey], old.message.timestamp >= agreed.message.timestamp { continue }
                found[pubKey] = try agreed.assemble(
                    validator, threshold: cluster.threshold, forkVersion: cluster.forkVersion)
            } catch {
                faults.append(error)
                isComplete = false
            }
        }
        self.init(overrides: RegistrationOverrides(verified: found), faults: faults, isComplete: isComplete)
    }
}
