import Cluster
import ClusterSetup
import DutyWorkflow
import Ethereum
import KeymanagerAPI
import RemoteSigner

/// Key shares that remote signers hold. All of the lock's are in use, but for those that were taken out; where they are,
/// the signers say.
extension Keymanager {
    func remoteKeys() -> [ListedRemoteKey] {
        guard case .remote(let client, _) = store else { return [] }
        let lists = client.lists
        return ring.keys.keys.map { shares.share(of: $0) }.sorted().map { share in
            let signer = lists.first { $0.keys?.contains(share) == true }?.signer ?? lists.first?.signer
            return ListedRemoteKey(pubKey: share, url: signer ?? "")
        }
    }

    func importRemoteKeys(_ keys: [RemoteKey]) async throws -> [KeyStatus] {
        guard case .remote(let client, let retired) = store else {
            let refusal = KeyStatus(
                .error, "this node signs with keystores: import one, or use --signer remote with --signer-url")
            return keys.map { _ in refusal }
        }
        return try await turns.run { [self] in
            let signers = Set(client.lists.map(\.signer))
            var statuses: [KeyStatus] = []
            for key in keys { statuses.append(await take(key, retired, signers)) }
            hands.changed()
            return statuses
        }
    }

    private func take(_ key: RemoteKey, _ retired: RetiredKeys, _ signers: Set<String>) async -> KeyStatus {
        guard let validator = shares.validator(of: key.pubKey) else {
            return KeyStatus(.error, shares.objection(to: key.pubKey))
        }
        if let url = key.url {
            guard let address = try? ServiceURL(url), signers.contains(address.description) else {
                return KeyStatus(.error, "its url is none of --signer-url: name the signer there, and restart the node")
            }
        }
        guard !ring.holds(validator) else { return KeyStatus(.duplicate) }
        do {
            try await threads.run { try retired.replace(retired.all.subtracting([key.pubKey])) }
        } catch {
            return KeyStatus(.error, "\(retired.path) could not be written: \(error)")
        }
        guard ring.add(validator, .remote) else { return KeyStatus(.duplicate) }
        logger.info("remote key share in use", metadata: ["validator": "\(validator)", "share": "\(key.pubKey)"])
        return KeyStatus(.imported)
    }

    func deleteRemoteKeys(_ pubKeys: [PubKey]) async throws -> [KeyStatus] {
        guard case .remote(let client, let retired) = store else {
            return pubKeys.map { pubKey in
                guard let validator = shares.validator(of: pubKey), ring.holds(validator) else {
                    return KeyStatus(.notFound)
                }
                return KeyStatus(.error, "this node signs with its keystore: use DELETE /eth/v1/keystores")
            }
        }
        return try await turns.run { [self] in await retire(pubKeys, client, retired) }
    }

    private func retire(_ pubKeys: [PubKey], _ client: SignerClient, _ retired: RetiredKeys) async -> [KeyStatus] {
        let wanted = Set(pubKeys.filter { shares.validator(of: $0) != nil })
        _ = await ring.remove(Set(wanted.compactMap { shares.validator(of: $0) }))
        client.forget(wanted)
        var open = wanted.subtracting(retired.all)
        var failure: String?
        if !open.isEmpty {
            do {
                try await threads.run { try retired.replace(retired.all.union(wanted)) }
            } catch {
                logger.error("write retired keys", metadata: ["error": "\(error)"])
                failure = "it signs no more until the node restarts, but \(retired.path) could not be written: \(error)"
            }
        }
        return pubKeys.map { pubKey in
            guard wanted.contains(pubKey) else { return KeyStatus(.notFound, shares.objection(to: pubKey)) }
            guard open.remove(pubKey) != nil else { return KeyStatus(.notFound) }
            if let failure { return KeyStatus(.error, failure) }
            logger.warning("remote key share taken out of use", metadata: ["share": "\(pubKey)"])
            return KeyStatus(.deleted)
        }
    }
}
