import BLS
import Cluster
import Ethereum

/// Everything that is refused before anything is made, in Charon's order.
extension TrustedDealer {
    struct Checked {
        let network: Network
        /// One for each node, or none.
        let keymanagers: [KeymanagerClient]
    }

    /// The definition of `--definition-file`, verified without exception; nil without the flag.
    func givenDefinition() async throws -> Definition? {
        guard !request.definitionFile.isEmpty else { return nil }
        let source = try DefinitionSource(request.definitionFile)
        let definition = try await source.load(web)
        var verification = definition.verification(customNetwork: try request.network.custom())
        try await ContractQuestions(endpoint: request.executionEndpoint, web: web).settle(&verification)
        do throws(ClusterError) {
            try verification.requirePassed()
        } catch .verification(let field, let reason) {
            // There is no way around it here: keys would be made for what nobody asked for.
            throw ClusterError.inFile(
                source.description, .field(field, "\(reason); get the definition again from its creator"))
        } catch {
            throw ClusterError.inFile(source.description, error)
        }
        guard !definition.validators.isEmpty else {
            throw ClusterError.inFile(
                source.description, .field("num_validators", "is 0; it must be at least 1"))
        }
        return definition
    }

    func check(_ given: Definition?) async throws -> Checked {
        let nodes = given?.operators.count ?? request.cluster.nodes
        guard nodes != 0 else {
            throw ClusterError.option(
                "--nodes", "missing; say how many nodes the cluster has, or give a --definition-file")
        }
        let network: Network
        if let given {
            network = try given.network(custom: request.network.custom())
        } else {
            network = try request.network.chosen()
        }
        try ClusterStage.checkFree(request.directory, nodes: min(nodes, 256))
        let archive = FileAccess.join(request.directory, Self.archiveName)
        guard !request.isZipped || !FileAccess.isTaken(archive) else {
            throw ClusterError.option("--zipped", "\(archive) exists; nothing is overwritten, move it away")
        }
        guard request.keymanagerTokens.count == request.keymanagerAddresses.count else {
            throw ClusterError.option(
                "--keymanager-auth-tokens",
                "\(request.keymanagerTokens.count) tokens for \(request.keymanagerAddresses.count)"
                    + " --keymanager-addresses; give one for each")
        }
        try request.cluster.checkAmounts()
        let keymanagers = try keymanagers()
        guard !request.splitsKeys || request.cluster.validators == 0 else {
            throw ClusterError.option(
                "--num-validators",
                "not together with --split-existing-keys: the keys say how many validators there are")
        }
        if given == nil {
            guard request.splitsKeys || request.cluster.validators != 0 else {
                throw ClusterError.option("--num-validators", "missing; say how many validators to create")
            }
            try request.cluster.checkNodes()
            try request.cluster.checkProtocol()
        }
        guard keymanagers.isEmpty || keymanagers.count == nodes else {
            throw ClusterError.option(
                "--keymanager-addresses", "\(keymanagers.count) addresses for \(nodes) nodes; give one for each node")
        }
        if request.publishes { _ = try Self.url(request.publishAddress, "--publish-address") }
        return Checked(network: network, keymanagers: keymanagers)
    }

    private func keymanagers() throws -> [KeymanagerClient] {
        try zip(request.keymanagerAddresses, request.keymanagerTokens).map { address, token in
            KeymanagerClient(try Self.url(address, "--keymanager-addresses"), token: token, web: web)
        }
    }

    /// The keys of `--split-keys-dir`; nil without `--split-existing-keys`.
    ///
    /// With several addresses the order of the keys decides which goes with which, so they must be numbered.
    func secretsToSplit(_ given: Definition?) async throws -> [SecretKey]? {
        guard request.splitsKeys else { return nil }
        let directory = request.splitKeysDirectory
        guard !directory.isEmpty else {
            throw ClusterError.option("--split-keys-dir", "--split-keys-dir required when splitting keys")
        }
        let hasOneAddress: Bool
        if let given {
            hasOneAddress = given.validators.allSatisfy { $0 == given.validators.first }
        } else {
            hasOneAddress = max(request.cluster.feeRecipients.count, request.cluster.withdrawalAddresses.count) <= 1
        }
        let concurrency = request.concurrency
        return try await Self.onOwnThread(watched(.opening)) { progress in
            hasOneAddress
                ? try KeystoreDirectory.loadRecursive(directory, concurrency: concurrency, progress: progress)
                    .map(\.key)
                : try KeystoreDirectory.loadSequenced(directory, concurrency: concurrency, progress: progress)
        }
    }

    static func url(_ text: String, _ option: String) throws(ClusterError) -> ServiceURL {
        do throws(ServiceURL.Fault) {
            return try ServiceURL(text)
        } catch {
            // Not the text itself: it may hold a password.
            throw .option(option, "\(error)")
        }
    }
}
