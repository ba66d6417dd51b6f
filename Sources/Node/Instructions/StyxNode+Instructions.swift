import BeaconAPI
import BeaconClient
import Cluster
import DutyWorkflow
import Ethereum
import Logging
import SSZ

/// Whom blocks pay and what they say, from the operator's files and flags.
extension StyxNode {
    func registrationBook() -> RegistrationBook {
        RegistrationBook(
            Registrations(cluster.lock, verifying: configuration.isVerifyingLock ? nil : cluster.clusterKeys))
    }

    func overridesFile(_ book: RegistrationBook) -> OverridesFile {
        OverridesFile(
            path: configuration.overridesFile, keys: cluster.clusterKeys,
            forkVersion: cluster.lock.definition.forkVersion, book: book, threads: threads, logger: topic("eth2"))
    }

    /// Builders make no blocks for validators that they know nothing of.
    func warnAboutRegistrations(_ book: RegistrationBook) {
        let missing = cluster.keys.pubKeys.count - book.current.signed.count
        guard configuration.usesBuilder, missing > 0 else { return }
        logger.warning(
            "--builder-api has no effect for validators without a builder registration in the lock (from v1.7 on) or the overrides file",
            metadata: ["validators": "\(missing)", "overrides_file": "\(configuration.overridesFile)"])
    }

    /// What the cluster wants of its blocks. A beacon node that says no name costs its letters in the graffiti only.
    func proposals(_ book: RegistrationBook, _ beacon: BeaconClient) async -> ProposalPreferences {
        let graffiti = configuration.graffiti
        let name = graffiti.asksBeaconNode ? try? await beacon.nodeVersion() : nil
        return ProposalPreferences(
            usesBuilder: configuration.usesBuilder,
            graffiti: graffiti.of(cluster.lock.validators.compactMap { PubKey($0.publicKey) }, beaconNode: name),
            feeRecipients: book.current.feeRecipients)
    }
}

extension BeaconInstructions.Hands {
    init(_ beacon: BeaconClient, _ driver: WorkflowDriver, _ metrics: WorkMetrics) {
        self.init(
            prepare: { rows async throws(BeaconError) in try await beacon.prepare(rows) },
            register: { rows async throws(BeaconError) in
                do throws(BeaconError) { try await beacon.register(rows) } catch {
                    metrics.registered(isTaken: false)
                    throw error
                }
                metrics.registered(isTaken: true)
            },
            subscribe: { rows async throws(BeaconError) in try await beacon.subscribe(rows) },
            subscribeSync: { rows async throws(BeaconError) in try await beacon.subscribe(rows) },
            aggregators: { rows in
                // A workflow that stops knows of nobody.
                guard case .aggregators(let selected)? = try? await driver.ask(.aggregators(rows)) else {
                    return rows.map { _ in nil }
                }
                return selected
            })
    }
}
