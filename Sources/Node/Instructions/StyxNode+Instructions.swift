import BeaconAPI
import BeaconClient
import Cluster
import DutyWorkflow
import Ethereum
import Logging
import Program
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
        guard configuration.signing == .off else {
            topic("eth2").info(
                "validators have no builder registration yet; it is there once as many nodes as the threshold sign by themselves",
                metadata: ["validators": "\(missing)"])
            return
        }
        logger.warning(
            "--builder-api has no effect for validators without a builder registration in the lock (from v1.7 on) or the overrides file",
            metadata: ["validators": "\(missing)", "overrides_file": "\(configuration.overridesFile)"])
    }

    /// What the keymanager API set; nil if this node does not sign by itself. Also without the API: it stays so.
    func validatorSettings() throws(ConfigurationError) -> ValidatorSettings? {
        guard configuration.signing != .off else { return nil }
        return try ValidatorSettings(path: configuration.journalFile + ValidatorSettings.suffix)
    }

    func ownRegistrations(
        _ book: RegistrationBook, _ settings: ValidatorSettings?, _ signer: Signer?
    ) -> OwnRegistrations {
        OwnRegistrations(
            book: book, settings: settings, pubKeys: cluster.keys.pubKeys,
            targetGasLimit: cluster.lock.definition.targetGasLimit, usesBuilder: configuration.usesBuilder,
            holds: { signer?.ring.holds($0) ?? false }, logger: topic("eth2"))
    }

    /// What blocks say, from flags and what was set since. A beacon node that says no name costs its letters only.
    func blockTexts(
        _ settings: ValidatorSettings?, _ beacon: BeaconClient
    ) async -> @Sendable () -> [PubKey: Bytes32] {
        let graffiti = configuration.graffiti
        let asks = graffiti.asksBeaconNode || graffiti.isTagged && settings != nil
        let name = asks ? try? await beacon.nodeVersion() : nil
        let validators = cluster.lock.validators.compactMap { PubKey($0.publicKey) }
        return {
            graffiti.of(validators, beaconNode: name, set: settings?.all.compactMapValues(\.graffiti) ?? [:])
        }
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
