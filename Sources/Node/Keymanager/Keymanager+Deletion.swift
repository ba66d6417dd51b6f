import Cluster
import DutyWorkflow
import Ethereum
import KeymanagerAPI
import SSZ
import Storage

extension Keymanager {
    func deleteKeystores(
        _ pubKeys: [PubKey]
    ) async throws -> (statuses: [KeyStatus], slashingProtection: JSONValue) {
        try await turns.run { [self] in await deleteInTurn(pubKeys) }
    }

    private func deleteInTurn(_ pubKeys: [PubKey]) async -> (statuses: [KeyStatus], slashingProtection: JSONValue) {
        let wanted = Set(pubKeys.compactMap { shares.validator(of: $0) })
        var failures: [PubKey: String] = [:]
        var deleted: Set<PubKey> = []
        switch store {
        case .keystores:
            // Before anything else: from here on nothing is signed.
            deleted = await ring.remove(wanted).union(wanted.filter { file(of: $0) != nil })
            for validator in deleted.sorted() {
                do { try await removeFile(of: validator) } catch { failures[validator] = "\(error)" }
            }
        case .remote:
            for validator in wanted where ring.holds(validator) {
                failures[validator] = "a remote signer signs with it: use DELETE /eth/v1/remotekeys"
            }
        }
        deleted.subtract(failures.keys)
        var history = SlashingHistory()
        do {
            history = try await hands.history(wanted.subtracting(failures.keys))
        } catch {
            logger.error("export slashing protection", metadata: ["error": "\(error)"])
            for validator in wanted where failures[validator] == nil {
                failures[validator] =
                    "it signs no more, but its slashing protection could not be read: \(error); ask again"
            }
        }
        return (
            statuses(of: pubKeys, failures, deleted, history),
            Interchange.export(history, genesisValidatorsRoot: genesisValidatorsRoot) { shares.share(of: $0) }
        )
    }

    private func statuses(
        of pubKeys: [PubKey], _ failures: [PubKey: String], _ deleted: Set<PubKey>, _ history: SlashingHistory
    ) -> [KeyStatus] {
        var open = deleted
        return pubKeys.map { pubKey in
            guard let validator = shares.validator(of: pubKey) else {
                return KeyStatus(.notFound, shares.objection(to: pubKey))
            }
            if let reason = failures[validator] { return KeyStatus(.error, reason) }
            if open.remove(validator) != nil {
                logger.warning(
                    "key share deleted: this node signs no more for the validator",
                    metadata: ["validator": "\(validator)", "share": "\(pubKey)"])
                return KeyStatus(.deleted)
            }
            return KeyStatus(history.validators.contains(validator) ? .notActive : .notFound)
        }
    }

    private func file(of validator: PubKey) -> String? { files.withLock { $0[validator] } }

    private func removeFile(of validator: PubKey) async throws {
        guard let path = file(of: validator) else { return }
        do {
            try await threads.run { try KeystoreDirectory.remove(path) }
        } catch {
            logger.error(
                "remove keystore: the key share signs no more, but will after a restart",
                metadata: ["path": "\(path)", "error": "\(error)"])
            throw KeymanagerFault(
                500,
                "it signs no more until the node restarts, but its file is still there: \(error); remove it by hand")
        }
        files.withLock { $0[validator] = nil }
    }
}
