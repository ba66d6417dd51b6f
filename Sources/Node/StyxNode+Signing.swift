import BLS
import Cluster
import DutyWorkflow
import Ethereum
import Foundation
import Logging
import Program
import RemoteSigner
import SSZ
import Synchronization

/// Key shares of keystores, by validator.
struct OpenedShares: Sendable {
    let keys: [PubKey: SecretKey]
    var files: [PubKey: String] = [:]
    /// Keystores that do not sign.
    var faults: [KeystoreDirectory.Fault] = []
}

/// What signatures are made and checked with, from the node's first second on.
struct SigningTools: Sendable {
    let verifier: SignatureVerifier
    /// If remote signers sign.
    let remote: SignerClient?
}

extension StyxNode {
    /// Names of validators in one line of the log.
    private static let namesMax = 20

    func signingTools() -> SigningTools {
        let verifier = SignatureVerifier(threads: threads)
        return SigningTools(verifier: verifier, remote: remoteSigner.map { signerClient($0, verifier) })
    }

    /// What signs for the node; nil if a validator client does.
    ///
    /// - Parameter shares: from keystores.
    func signer(
        _ tools: SigningTools, _ shares: OpenedShares?, _ retired: RetiredKeys?, _ chain: ChainView
    ) -> Signer? {
        let backend = shares.map { Signer.Backend.keystores($0.keys) } ?? tools.remote.map { .remote($0) }
        let retired = retired?.all ?? []
        let unused = cluster.keys.pubKeys.filter { pubKey in
            cluster.keys.ownShare(pubKey).map { retired.contains($0.bytes) } ?? false
        }
        return backend.map {
            Signer(
                backend: $0, keys: cluster.keys, chain: chain, threads: threads, verifier: tools.verifier,
                unused: Set(unused))
        }
    }

    var validatorKeysDirectory: String {
        configuration.validatorKeysDirectory ?? NodeConfiguration.defaultValidatorKeysDirectory
    }

    /// This operator's key shares, if the node is to sign with keystores. It does so with those that it can use; what is
    /// missing is told.
    ///
    /// - Throws: if there is not one, unless keys come and go.
    func openShares(
        progress: @escaping @Sendable (_ done: Int, _ total: Int) -> Void
    ) async throws -> OpenedShares? {
        guard configuration.signing == .keystores else { return nil }
        let directory = validatorKeysDirectory
        let mayLack = !configuration.keymanagerAddress.isEmpty
        let concurrency = max(1, ProcessInfo.processInfo.activeProcessorCount)
        let cancellation = Cancellation()
        defer { opened.forget() }
        let shares = try await withTaskCancellationHandler {
            try await threads.run { [cluster, hooks, opened] in
                try cluster.loadShares(directory, concurrency: concurrency, opened: opened) { done, total in
                    hooks.keystores(done, total)
                    progress(done, total)
                    return !cancellation.isCancelled
                }
            }
        } onCancel: {
            cancellation.cancel()
        }
        if shares.keys.isEmpty {
            if let fault = shares.faults.first { throw fault.error }
            guard mayLack else { throw Self.nothing(in: directory) }
        }
        let validators = cluster.clusterKeys.validators.map { $0.publicKey.bytes }
        tell(KeystoreInventory(shares, validators: validators), mayLack: mayLack)
        return shares
    }

    private static func nothing(in directory: String) -> ConfigurationError {
        ConfigurationError(
            flag: "validator-keys-dir", what: "\(directory) holds no keystore, so there is nothing to sign with",
            cure: "put this operator's keystores there, keystore-<number>.json and .txt; or, if they were deleted"
                + " through the keymanager API, give --keymanager-address as before")
    }

    /// - Parameter mayLack: key shares come and go: those without a file are missing on purpose.
    private func tell(_ inventory: KeystoreInventory, mayLack: Bool) {
        let logger = topic("signer")
        for useless in inventory.useless.prefix(Self.namesMax) {
            var metadata: Logger.Metadata = ["file": "\(useless.file)", "error": "\(useless.reason)"]
            if let validator = useless.validator { metadata["validator"] = "\(validator)" }
            logger.warning("keystore is of no use: nothing is signed with it", metadata: metadata)
        }
        guard !inventory.missing.isEmpty, !mayLack || !inventory.useless.isEmpty else { return }
        logger.warning(
            "keystores lack key shares of this operator: these validators are not signed for; put theirs into --validator-keys-dir and restart",
            metadata: [
                "missing": "\(inventory.missing.count)", "of": "\(inventory.total)",
                "validators": "\(Self.names(inventory.missing))",
                "not_named": "\(max(0, inventory.missing.count - Self.namesMax))",
            ])
    }

    private static func names(_ validators: [PubKey]) -> String {
        validators.prefix(namesMax).map { $0.hex }.joined(separator: " ")
    }

    // MARK: Remote signers

    private func signerClient(_ configuration: SignerConfiguration, _ verifier: SignatureVerifier) -> SignerClient {
        let logger = topic("signer")
        for url in configuration.urls where !url.isEncrypted && !url.isLoopback {
            logger.warning(
                "connection to the remote signer is not encrypted: whoever can reach it can sign",
                metadata: ["signer": "\(url)", "cure": "use https:// and --signer-cert-file"])
        }
        let keys = cluster.keys
        let told = Mutex<SignerInventory?>(nil)
        return SignerClient(
            configuration,
            check: verifier.check(under: keys),
            listed: { lists in
                let inventory = SignerInventory(lists, keys: keys)
                let isNews = told.withLock { told in
                    defer { told = inventory }
                    return told != inventory
                }
                if isNews { Self.tell(inventory, logger) }
            }, logger: logger)
    }

    private static func tell(_ inventory: SignerInventory, _ logger: Logger) {
        logger.info(
            "key shares at remote signers", metadata: ["found": "\(inventory.found)", "of": "\(inventory.total)"])
        for finding in inventory.findings { tell(finding, logger) }
    }

    private static func tell(_ finding: SignerInventory.Finding, _ logger: Logger) {
        switch finding {
        case .missing(let validators, let total):
            let names = Self.names(validators)
            logger.warning(
                "remote signers lack key shares of this operator: these validators are not signed for; import the shares there",
                metadata: [
                    "missing": "\(validators.count)", "of": "\(total)", "validators": "\(names)",
                    "not_named": "\(max(0, validators.count - namesMax))",
                ])
        case .nothing(let total):
            logger.error(
                "remote signers have none of this operator's key shares: nothing is signed; check that --signer-url is this operator's signer, and import the shares there",
                metadata: ["missing": "\(total)"])
        case .foreign(let signer, let owner, let count):
            logger.error(
                "remote signer has another operator's key shares: who has several operators' shares can sign for the cluster alone; remove them there",
                metadata: ["signer": "\(signer)", "operator": "\(owner)", "count": "\(count)"])
        }
    }
}
