import Cluster
import ClusterSetup
import Ethereum
import SSZ

extension FeeRecipients {
    /// Takes what enough operators have signed into the overrides file, where nodes read it. Nothing is written before
    /// all of it is verified.
    ///
    /// - Parameter pubKeys: none: all validators.
    package func fetch(_ pubKeys: [PubKey]) async throws {
        try check(pubKeys)
        let found = try await agreed(pubKeys)
        let (cluster, path) = (cluster, overridesFile)
        let salvage = try await TrustedDealer.onOwnThread {
            try RegistrationOverrides.salvage(path, forkVersion: cluster.forkVersion)
        }
        for loss in salvage.losses { notes.warn("\(path): left out: \(loss)") }
        let merged = RegistrationOverrides.merge(salvage.entries, found)
        guard merged != salvage.entries || !salvage.losses.isEmpty, !merged.isEmpty else {
            notes.say("\(path): nothing new")
            return
        }
        if let backUp = try RegistrationOverrides.write(merged, to: path, after: salvage) {
            notes.warn("what could not be used of the old file is kept in \(backUp)")
        }
        let old = Set(salvage.entries)
        for registration in merged where !old.contains(registration) {
            notes.say("\(path): \(Self.name(registration.message))")
        }
    }

    /// By validator the newest that enough operators have signed, verified. Says what still waits for signatures.
    private func agreed(_ pubKeys: [PubKey]) async throws -> [SignedValidatorRegistration] {
        let collected = try await api.registrations(of: pubKeys, in: cluster)
        var found: [SignedValidatorRegistration] = []
        let cluster = cluster
        for pubKey in pubKeys.isEmpty ? cluster.pubKeys : pubKeys {
            guard let validator = cluster.validator(pubKey) else { continue }
            let groups = try collected.groups(of: pubKey)
            let agreed = groups.agreed
            if let agreed {
                found.append(
                    try await TrustedDealer.onOwnThread {
                        try agreed.assemble(
                            validator, threshold: cluster.threshold, forkVersion: cluster.forkVersion)
                    })
            }
            for group in groups.pending(after: agreed?.message.timestamp ?? 0) {
                notes.warn(
                    "waiting for signatures, \(group.partials.count) of \(cluster.threshold):"
                        + " \(Self.name(group.message))"
                )
            }
        }
        return found
    }

    /// The registration that holds for each validator, and where it is known from; by fee recipient.
    ///
    /// - Parameter pubKeys: none: all validators.
    package func list(_ pubKeys: [PubKey]) async throws {
        try check(pubKeys)
        let (lock, overrides) = try await known()
        var remote: [PubKey: SignedValidatorRegistration] = [:]
        do {
            for registration in try await agreed(pubKeys) { remote[registration.message.pubKey] = registration }
        } catch {
            try Task.checkCancellation()
            notes.warn("without what operators agreed on remotely: \(error)")
        }
        var rows: [(message: ValidatorRegistration, sources: String)] = []
        for pubKey in pubKeys.isEmpty ? cluster.pubKeys : pubKeys {
            let all = [("lock", lock.signed[pubKey]), ("overrides", overrides[pubKey]), ("remote", remote[pubKey])]
                .compactMap { name, registration in registration.map { (name, $0.message) } }
            guard let newest = all.map(\.1).max(by: { $0.timestamp < $1.timestamp }) else {
                notes.warn("validator \(pubKey) has no builder registration")
                continue
            }
            // Of two as new the first holds.
            let holding = all.first { $0.1.timestamp == newest.timestamp }?.1 ?? newest
            rows.append((holding, all.filter { $0.1 == holding }.map(\.0).joined(separator: "+")))
        }
        rows.sort { ($0.message.feeRecipient, $0.message.pubKey) < ($1.message.feeRecipient, $1.message.pubKey) }
        for row in rows { notes.say("\(Self.name(row.message)) (\(row.sources))") }
    }
}
