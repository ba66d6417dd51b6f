import BLS
import Cluster
import DutyWorkflow
import Ethereum
import KeymanagerAPI
import Logging
import SSZ
import Storage

extension Keymanager {
    private struct Accepted: Sendable {
        let position: Int
        let validator: PubKey
        let item: KeystoreImport.Item
        let key: SecretKey
    }

    /// One keystore's failure holds up no other. A history that cannot be read refuses all: 400.
    func importKeystores(_ request: KeystoreImport) async throws -> [KeyStatus] {
        guard case .keystores(let directory) = store else {
            let refusal = KeyStatus(
                .error, "this node signs by remote signers: import the keystore there, or use --signer keystores")
            return request.items.map { _ in refusal }
        }
        return try await turns.run { [self] in try await importInTurn(request, directory) }
    }

    private func importInTurn(_ request: KeystoreImport, _ directory: String) async throws -> [KeyStatus] {
        let told = try await history(in: request)
        var statuses = request.items.map { _ in KeyStatus(.error, "not looked at") }
        var accepted: [Accepted] = []
        for (position, item) in request.items.enumerated() {
            do throws(KeyObjection) {
                let key = try await open(item)
                let validator = try place(of: key)
                let isKnown = ring.holds(validator) || accepted.contains { $0.validator == validator }
                if isKnown {
                    statuses[position] = KeyStatus(.duplicate)
                } else {
                    accepted.append(Accepted(position: position, validator: validator, item: item, key: key))
                }
            } catch {
                statuses[position] = KeyStatus(.error, error.reason)
            }
        }
        guard !accepted.isEmpty else { return statuses }
        let history = told.of(Set(accepted.map(\.validator)))
        do { try await hands.heed(history) } catch {
            logger.error("take up slashing protection", metadata: ["error": "\(error)"])
            let failure = KeyStatus(.error, "its slashing protection could not be recorded: \(error)")
            for one in accepted { statuses[one.position] = failure }
            return statuses
        }
        for one in accepted { statuses[one.position] = await activate(one, directory, isKnown: history.validators) }
        hands.changed()
        return statuses
    }

    private func open(_ item: KeystoreImport.Item) async throws(KeyObjection) -> SecretKey {
        do {
            return try await threads.run { try Keystore.decrypt(sent: item.keystore, password: item.password) }
        } catch {
            throw KeyObjection("\(error)")
        }
    }

    private func place(of key: SecretKey) throws(KeyObjection) -> PubKey {
        let share = key.publicKey.bytes
        guard let validator = shares.validator(of: share) else {
            throw KeyObjection("\(share.hex) is refused: \(shares.objection(to: share))")
        }
        return validator
    }

    /// On disk first: what signs must sign after a restart, too.
    private func activate(_ one: Accepted, _ directory: String, isKnown: Set<PubKey>) async -> KeyStatus {
        guard let index = shares.position(of: one.validator) else {
            preconditionFailure("shares are of validators in the lock")
        }
        let (validator, item) = (one.validator, one.item)
        // A file that could not be removed is the same key.
        if files.withLock({ $0[validator] }) == nil {
            do {
                let path = try await threads.run {
                    try KeystoreDirectory.add(item.keystore, password: item.password, index: index, to: directory)
                }
                files.withLock { $0[validator] = path }
            } catch {
                logger.error("write imported keystore", metadata: ["error": "\(error)"])
                return KeyStatus(.error, "the keystore could not be written: \(error)")
            }
        }
        guard ring.add(validator, .share(one.key)) else { return KeyStatus(.duplicate) }
        let metadata: Logger.Metadata = [
            "validator": "\(validator)", "share": "\(shares.share(of: validator))",
        ]
        if isKnown.contains(validator) {
            logger.info("key share imported", metadata: metadata)
        } else {
            logger.warning(
                "key share imported without slashing protection: what it signed elsewhere is not known here",
                metadata: metadata)
        }
        return KeyStatus(.imported)
    }

    /// By validator, what the request says was signed.
    ///
    /// - Throws: 400.
    private func history(in request: KeystoreImport) async throws -> SlashingHistory {
        guard let bytes = request.slashingProtection else { return SlashingHistory() }
        do {
            return try await threads.run { [shares, genesisValidatorsRoot] in
                try Interchange.read(
                    bytes, genesisValidatorsRoot: genesisValidatorsRoot, current: SlashingHistory(), mayBeStrange: true
                ) { shares.validator(inHistory: $0) }.raised
            }
        } catch let error as Interchange.ImportError {
            throw KeymanagerFault(400, "slashing_protection: \(error)")
        }
    }
}

/// Why a key is not taken, for people.
private struct KeyObjection: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}
