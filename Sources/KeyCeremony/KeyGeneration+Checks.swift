import Cluster
import ClusterSetup
import DKG
import Ethereum
import Program
import Secp256k1

/// Everything that is refused before anything is sent, in Charon's order. Source: spec/dkg.md §4.
extension KeyGeneration {
    struct Checked: Sendable {
        let plan: CeremonyPlan
        let keymanager: KeymanagerClient?
        let keyLock: PrivateKeyLockFile
    }

    func check() async throws -> Checked {
        // First: without it there is nothing to lock.
        let identity = try IdentityKeyFile.load(inDataDirectory: request.dataDirectory)
        let keyLock = try await lockIdentity()
        let source = try DefinitionSource(request.definitionFile)
        let definition = try await definition(source)
        let plan: CeremonyPlan
        do throws(ClusterError) { plan = try self.plan(definition, identity) } catch {
            throw ClusterError.inFile(source.description, Self.withCure(error))
        }
        warnAboutThreshold(plan)
        let keymanager = try keymanager()
        try await keymanager?.testConnection()
        try CeremonyFiles.checkWritable(request.dataDirectory)
        return Checked(plan: plan, keymanager: keymanager, keyLock: keyLock)
    }

    private func plan(_ definition: Definition, _ identity: PrivateKey) throws(ClusterError) -> CeremonyPlan {
        let release = request.release ?? (definition.version >= .v1_11 ? .v1_11 : .v1_10)
        return try CeremonyPlan(
            definition, network: definition.network(custom: request.network.custom()), identity: identity,
            release: release, timeout: request.timeout, nickname: request.nickname, verifiesLock: request.verifies)
    }

    private static func withCure(_ error: ClusterError) -> ClusterError {
        guard case .field(let field, let reason) = error else { return error }
        return .field(field, "\(reason); get the definition again from its creator")
    }

    /// Verified in full, or with warnings (`--no-verify`).
    private func definition(_ source: DefinitionSource) async throws -> Definition {
        if case .url(let url) = source, !url.isEncrypted, !url.isLoopback {
            logger.warning(
                "the definition comes over http, so that anybody on the way can change it; prefer https",
                metadata: ["url": "\(url)"])
        }
        let definition = try await source.load(web)
        var verification = definition.verification(customNetwork: try request.network.custom())
        try await ContractQuestions(endpoint: request.executionEndpoint, web: web).settle(&verification)
        for failure in verification.failures {
            guard !request.verifies else { throw ClusterError.inFile(source.description, failure) }
            logger.warning(
                "definition verification failed, going on because of --no-verify", metadata: ["error": "\(failure)"])
        }
        return definition
    }

    private func warnAboutThreshold(_ plan: CeremonyPlan) {
        let usual = ClusterOptions.defaultThreshold(nodes: plan.participants)
        guard plan.threshold != usual else { return }
        logger.warning(
            "non standard threshold: with fewer nodes than usual a few can sign anything, with more a few can stop all",
            metadata: ["threshold": "\(plan.threshold)", "safe_threshold": "\(usual)"])
    }

    private func keymanager() throws(ClusterError) -> KeymanagerClient? {
        let (address, token) = (request.keymanagerAddress, request.keymanagerToken)
        guard !address.isEmpty else {
            guard token.isEmpty else {
                throw .option("--keymanager-auth-token", "is given without --keymanager-address; give both or none")
            }
            return nil
        }
        guard !token.isEmpty else {
            throw .option("--keymanager-address", "is given without --keymanager-auth-token; give both or none")
        }
        do throws(ServiceURL.Fault) {
            let url = try ServiceURL(address)
            if !url.isEncrypted, !url.isLoopback {
                logger.warning(
                    "the keymanager is not reached by https: token and keys can be read on the way",
                    metadata: ["address": "\(url)"])
            }
            return KeymanagerClient(url, token: token, web: web)
        } catch {
            throw .option("--keymanager-address", "\(error)")
        }
    }

    // MARK: The private key lock

    /// Takes the identity key. A note that nobody renews is of a process that was killed; it is waited out.
    private func lockIdentity() async throws -> PrivateKeyLockFile {
        let path = FileAccess.join(request.dataDirectory, IdentityKeyFile.name)
        var waited = Duration.zero
        while true {
            do throws(ClusterError) {
                return try PrivateKeyLockFile.acquire(
                    keyPath: path, command: "charon dkg", clusterLockHash: "", now: SystemClock.now())
            } catch {
                guard waited < request.keyLockPatience,
                    FileAccess.isTaken(FileAccess.join(request.dataDirectory, StateFile.name))
                else { throw error }
                if waited == .zero {
                    logger.info("waiting until the identity key is free", metadata: ["reason": "\(error)"])
                }
            }
            try await Task.sleep(for: .milliseconds(500))
            waited += .milliseconds(500)
        }
    }

    /// Renews the note every second until cancelled.
    func hold(_ keyLock: PrivateKeyLockFile) async {
        var isFailing = false
        while (try? await Task.sleep(for: PrivateKeyLock.refreshInterval)) != nil {
            do throws(ClusterError) {
                try keyLock.refresh(now: SystemClock.now())
                isFailing = false
            } catch {
                if !isFailing { logger.error("renew private key lock", metadata: ["error": "\(error)"]) }
                isFailing = true
            }
        }
    }
}
