import ArgumentParser
import Cluster
import ClusterSetup
import DKG
import Foundation
import KeyCeremony
import Logging
import Program

struct DKGCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dkg",
        abstract: "Make the keys of a new cluster together with its other operators.",
        discussion: """
            All operators run it at the same time, with the definition that `create dkg` made. Nobody ever holds a whole \
            key. A process that was interrupted or killed goes on where it stopped when it is started again, as long as \
            the others wait. Charon nodes of the same minor version (--compat) can take part.

            Smallest example: styx create enr; give the ENR to the creator; then styx dkg --definition-file <URL or path>
            """)

    @Option(help: "Directory with charon-enr-private-key; gets the lock, the key shares and the deposit data.")
    var dataDir = ".charon"
    @Option(help: "Definition of the cluster, path or http(s) URL.")
    var definitionFile = ".charon/cluster-definition.json"
    @Flag(help: "Turn failed verifications of the definition and of the lock into warnings.") var noVerify = false
    @Option(help: "Keymanager API that gets the key shares instead of the disk.") var keymanagerAddress = ""
    @Option(help: "Its bearer token.") var keymanagerAuthToken = ""
    @Flag(help: "Publish the lock, so that the launchpad shows the cluster.") var publish = false
    @Option(help: "Where to publish.") var publishAddress = ObolAPI.defaultAddress
    @Option(help: "How long publishing may take, e.g. 1m.", transform: duration)
    var publishTimeout = Duration.seconds(60)
    @Option(help: "How long to stay for others who have not hung up at the end, at most, e.g. 5s.", transform: duration)
    var shutdownDelay = Duration.seconds(5)
    @Option(help: "Execution client that is asked about signatures of contract wallets.")
    var executionClientRpcEndpoint = ""
    @Option(help: "How long others may take to send what a step needs, e.g. 2m.", transform: duration)
    var timeout = Duration.seconds(120)
    @Flag(help: "Pack everything into dkg.tar.gz instead of single files.") var zipped = false
    @Option(help: "How other operators see this node, at most 32 bytes.") var nickname = ""
    @Option(
        help: """
            Charon release that all operators run: v1.10 (up to v1.11.0-rc2) or v1.11. By the definition's version if not \
            given.
            """)
    var compat: Compat?
    @OptionGroup var testnet: TestnetOptions
    @OptionGroup var network: PeerNetworkOptions

    static let flags = EnvironmentArguments.Flags(
        options: [
            "data-dir", "definition-file", "keymanager-address", "keymanager-auth-token", "publish-address",
            "publish-timeout", "shutdown-delay", "execution-client-rpc-endpoint", "timeout", "nickname", "compat",
        ] + TestnetOptions.names + PeerNetworkOptions.names,
        switches: ["no-verify", "publish", "zipped"] + PeerNetworkOptions.switches, noneIfEmpty: ["p2p-relays"])

    func run() async throws {
        let logger = try network.logger("dkg")
        EffectiveFlags(self).tell(logger)
        Surroundings.tell(logger)
        let request = request()
        try await CeremonyTerminal(logger).hold(
            "dkg", notesIn: dataDir, elseLeft: "Nothing was left behind, neither keys nor other files."
        ) { hooks, web in
            try await KeyGeneration(request, web: web, hooks: hooks, logger: logger).run()
        }
    }

    private func request() -> KeyGeneration.Request {
        var request = KeyGeneration.Request()
        request.dataDirectory = dataDir
        request.definitionFile = definitionFile
        request.verifies = !noVerify
        request.keymanagerAddress = keymanagerAddress
        request.keymanagerToken = keymanagerAuthToken
        request.publishes = publish
        request.publishAddress = publishAddress
        request.publishTimeout = publishTimeout
        request.shutdownDelay = shutdownDelay
        request.executionEndpoint = executionClientRpcEndpoint
        request.timeout = timeout
        request.isZipped = zipped
        request.nickname = nickname
        request.release = compat?.ceremonyRelease
        request.network = testnet.flags
        request.concurrency = ProcessInfo.processInfo.activeProcessorCount
        network.fill(&request)
        return request
    }
}

extension Compat {
    var ceremonyRelease: CeremonyRelease {
        switch self {
        case .v1_10: .v1_10
        case .v1_11: .v1_11
        }
    }
}

extension PeerNetworkOptions {
    func fill(_ request: inout KeyGeneration.Request) {
        request.relays = list(p2pRelays)
        fill(&request.node)
    }
}
