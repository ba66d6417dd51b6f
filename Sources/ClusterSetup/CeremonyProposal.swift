import Cluster
import Ethereum
import SSZ
import Secp256k1

/// `create dkg`: the definition that operators take into a key ceremony, written to disk or published.
///
/// Source: spec/cli-create.md §4.
package struct CeremonyProposal: Sendable {
    /// The flags.
    package struct Request: Sendable {
        /// Its network is taken from `network`.
        package var ceremony = CeremonyOptions()
        package var network = NetworkFlags()
        package var directory = ".charon"
        package var publishes = false
        package var publishAddress = ObolAPI.defaultAddress
        /// Empty: contracts' signatures cannot be checked.
        package var executionEndpoint = ""

        package init() {}
    }

    package struct Outcome: Sendable {
        /// What was made and where it is.
        package let summary: String
        /// What to do now.
        package let nextSteps: [String]
    }

    package static let fileName = "cluster-definition.json"

    private let request: Request
    private let now: Instant
    private let web: WebClient

    package init(_ request: Request, now: Instant, web: WebClient) {
        self.request = request
        self.now = now
        self.web = web
    }

    /// - Parameter generator: cryptographically secure outside tests.
    package func propose(using generator: inout some RandomNumberGenerator) async throws -> Outcome {
        try checkFlags()
        var options = request.ceremony
        try options.checkOperatorCount()
        options.network = try request.network.chosen()
        try options.checkSettings()
        let path = FileAccess.join(request.directory, Self.fileName)
        guard request.publishes || !FileAccess.isTaken(path) else {
            throw ClusterError.inFile(
                path, .field("output", "existing cluster-definition.json found. Try again after deleting it"))
        }
        let definition = try options.definition(now: now, using: &generator)
        if request.publishes { return try await publish(definition, options.network, using: &generator) }

        var verification = definition.verification(customNetwork: options.network)
        try await ContractQuestions(endpoint: request.executionEndpoint, web: web).settle(&verification)
        try verification.requirePassed()
        let made = try FileAccess.createDirectories(request.directory, mode: 0o755)
        do throws(ClusterError) {
            try FileAccess.publish(path, definition.encoded(), mode: 0o444)
        } catch {
            FileAccess.removeEmptyDirectories(made)
            throw error
        }
        return Outcome(
            summary: "Created cluster definition: \(path)\n",
            nextSteps: [
                "\(Self.people(definition)) Look at it with: styx cluster inspect \(path)",
                "Give each operator a copy; then all run the key ceremony at the same time:"
                    + " charon dkg --definition-file=\(Self.fileName)",
            ])
    }

    private func checkFlags() throws(ClusterError) {
        let (enrs, addresses) = (request.ceremony.operatorENRs, request.ceremony.operatorAddresses)
        guard enrs.isEmpty || addresses.isEmpty else {
            throw .option("--operator-addresses", "not together with --operator-enrs; give one of the two")
        }
        guard request.publishes || addresses.isEmpty else {
            throw .option("--operator-addresses", "only with --publish: operators add their nodes on the launchpad")
        }
        guard request.publishes || !enrs.isEmpty else {
            throw .option(
                "--operator-enrs", "required flag not set; each operator gets their ENR from: styx create enr")
        }
        if request.publishes { _ = try TrustedDealer.url(request.publishAddress, "--publish-address") }
    }

    /// Nothing is written to disk. An account made for this alone is the creator, and is forgotten.
    private func publish(
        _ unsigned: Definition, _ network: Network, using generator: inout some RandomNumberGenerator
    ) async throws -> Outcome {
        let account = Secp256k1.PrivateKey.random(using: &generator)
        var definition = unsigned
        definition.creator.address = EthereumAddress(account.publicKey).checksummed
        definition = try definition.withHashes()
        let message = EIP712.creatorConfigHash(definition.configHash.hex)
        definition.creator.configSignature = account.sign(digest: message.digest(chainID: network.chainID)).bytes
        definition = try definition.withHashes()
        // Operators that are known by their accounts sign later.
        if request.ceremony.operatorAddresses.isEmpty {
            try definition.verification(customNetwork: network).requirePassed()
        }

        let api = ObolAPI(try TrustedDealer.url(request.publishAddress, "--publish-address"), web: web)
        try await api.acceptTerms(account, forkVersion: definition.forkVersion)
        try await api.publish(definition)

        guard request.ceremony.operatorAddresses.isEmpty else {
            return Outcome(
                summary: "Published cluster definition: \(Self.launchpad(definition.configHash, network))\n",
                nextSteps: [
                    "\(Self.people(definition)) Each operator opens this link, connects the account that was named"
                        + " and adds their node."
                ])
        }
        let address = api.address(ofDefinition: definition.configHash)
        return Outcome(
            summary: "Published cluster definition: \(address)\n",
            nextSteps: [
                "\(Self.people(definition)) Look at it first with: styx cluster inspect \(address)",
                "Then all operators run the key ceremony at the same time: charon dkg --definition-file=\(address)",
            ])
    }

    private static func launchpad(_ configHash: Root, _ network: Network) -> String {
        let prefix = [Network.hoodi, .sepolia].contains(network) ? network.name + "." : ""
        return "https://\(prefix)launchpad.obol.org/dv#\(configHash.hex)"
    }

    private static func people(_ definition: Definition) -> String {
        "\(definition.operators.count) operators, \(definition.threshold) needed to sign,"
            + " \(definition.validators.count) \(definition.validators.count == 1 ? "validator" : "validators")."
    }
}
