import ArgumentParser
import Cluster
import ClusterSetup
import Diagnostics
import Libp2p
import Logging
import Node
import Program
import Secp256k1

struct TestPeers: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "peers", abstract: "Test the connections to other operators' nodes.",
        discussion: """
            All operators run it at the same time; each waits for the others until --timeout. It takes the identity of \
            this operator's node, which must not run meanwhile.
            """)

    @OptionGroup var peers: PeersTestOptions
    @OptionGroup var network: PeerNetworkOptions
    @OptionGroup var cases: CaseOptions
    @OptionGroup var common: TestOptions

    static let flags = EnvironmentArguments.Flags(
        options: PeersTestOptions.names + PeerNetworkOptions.names + CaseOptions.names + TestOptions.names,
        switches: PeerNetworkOptions.switches + TestOptions.switches, noneIfEmpty: ["p2p-relays"])

    func run() async throws {
        let logger = try network.logger()
        let (peers, network, selection) = (peers, network, cases.selection)
        try await common.run("peers") { session in
            let test = try await peers.test(network, session, logger: logger)
            try await peers.run(test, selection, session)
        }
    }
}

struct PeersTestOptions: ParsableArguments {
    @Option(help: "ENRs of all operators, comma-separated.") var enrs: [String] = []
    @Option(help: "Cluster lock, instead of --enrs.") var lockFile = ""
    @Option(help: "Cluster definition, a path or URL, instead of --enrs.") var definitionFile = ""
    @Option(help: "This operator's identity key.") var privateKeyFile = ".charon/charon-enr-private-key"
    @Option(help: "How long to stay, so that others can test too, e.g. 30m.", transform: duration)
    var keepAlive = Duration.seconds(1800)
    @Option(help: "How long to load each peer, e.g. 30s.", transform: duration) var loadTestDuration =
        Duration.seconds(30)
    @Option(help: "How long to wait for a direct connection, e.g. 2m.", transform: duration)
    var directConnectionTimeout = Duration.seconds(120)

    static let names = [
        "enrs", "lock-file", "definition-file", "private-key-file", "keep-alive", "load-test-duration",
        "direct-connection-timeout",
    ]

    func test(
        _ network: PeerNetworkOptions, _ session: TestSession, prefix: String = "", logger: Logger
    ) async throws -> PeersTest {
        var options = PeersTest.Options()
        options.records = try await records(session.web, prefix)
        options.loadDuration = loadTestDuration
        options.directTimeout = directConnectionTimeout
        network.fill(&options)
        let identity = try IdentityKeyFile.load(privateKeyFile, option: "--\(prefix)private-key-file")
        return try PeersTest(options, identity: identity, web: session.web, clock: session.clock, logger: logger)
    }

    /// Reports, then stays for the others.
    func run(_ test: PeersTest, _ selection: [String], _ session: TestSession) async throws {
        let keepAlive = keepAlive
        try await test.withNode(selection: selection) { test in
            await session.run(test)
            try await session.report()
            guard keepAlive > .zero, !Task.isCancelled else { return }
            note("staying \(GoDuration.format(keepAlive)) for the tests of other operators; interrupt to end")
            try? await session.clock.sleep(keepAlive)
        }
    }

    private func records(_ web: WebClient, _ prefix: String) async throws -> [ENR] {
        let sources = [!list(enrs).isEmpty, !lockFile.isEmpty, !definitionFile.isEmpty]
        guard sources.count(where: { $0 }) == 1 else {
            throw CommandFailure(
                "give exactly one of --\(prefix)enrs, --\(prefix)lock-file and --\(prefix)definition-file")
        }
        var texts = list(enrs)
        if !lockFile.isEmpty { texts = try LockFile.operators(lockFile, option: "--\(prefix)lock-file").map(\.enr) }
        if !definitionFile.isEmpty {
            let source = try DefinitionSource(definitionFile)
            texts = try await source.load(web, option: "--\(prefix)definition-file").operators.map(\.enr)
        }
        return try texts.enumerated().map { index, text in
            do throws(ENRError) { return try ENR(text) } catch {
                throw CommandFailure("ENR of operator \(index): \(error); ask them for the output of `styx enr`")
            }
        }
    }
}

/// Flags of the node that runs for the test.
struct PeerNetworkOptions: ParsableArguments {
    @Option(help: "Relays, comma-separated URLs or multiaddrs; \"\" for none.")
    var p2pRelays = ["https://4.relay.obol.dev"]
    @Option(help: "Listen addresses, comma-separated ip:port. None: outgoing connections only.")
    var p2pTcpAddress: [String] = []
    @Option(help: "Known addresses of other operators, comma-separated multiaddrs ending in /p2p/<peer id>.")
    var p2pPeers: [String] = []
    @Option(help: "IP address that other operators reach this node at.") var p2pExternalIp: String?
    @Option(help: "DNS name that other operators reach this node at.") var p2pExternalHostname: String?
    @Flag(help: "Dial relays from any port instead of the listening port.") var p2pDisableReuseport = false
    @Option(help: .hidden) var p2pUdpAddress: [String] = []
    @OptionGroup var logging: LoggingOptions

    static let names =
        [
            "p2p-relays", "p2p-tcp-address", "p2p-peers", "p2p-external-ip", "p2p-external-hostname", "p2p-udp-address",
        ] + LoggingOptions.names
    static let switches = ["p2p-disable-reuseport"]

    func logger(_ topic: String = "test-peers") throws -> Logger {
        _ = try logging.logger()
        let logger = Logger(label: topic)
        if !list(p2pUdpAddress).isEmpty {
            logger.warning("QUIC is not offered: --p2p-udp-address is ignored; peers connect over TCP")
        }
        return logger
    }

    func fill(_ options: inout PeersTest.Options) {
        options.relays = list(p2pRelays)
        fill(&options.node)
    }

    func fill(_ node: inout NodeConfiguration) {
        node.p2pTCPAddresses = list(p2pTcpAddress)
        node.p2pPeers = list(p2pPeers)
        node.p2pExternalIP = p2pExternalIp.flatMap { $0.isEmpty ? nil : $0 }
        node.p2pExternalHostname = p2pExternalHostname.flatMap { $0.isEmpty ? nil : $0 }
        node.isReusingPort = !p2pDisableReuseport
    }
}
