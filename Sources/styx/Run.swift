import ArgumentParser
import ClusterSetup
import Foundation
import Logging
import Node
import Program

struct Run: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Run a node of a distributed-validator cluster.",
        discussion: """
            Needs a cluster lock, this operator's identity key, at least one beacon node, and either a validator client \
            that uses --validator-api-address as its beacon node, or --signer keystores, or --signer remote.
            """)

    @Option(help: "Cluster lock of this cluster.") var lockFile = ".charon/cluster-lock.json"
    @Option(help: "This operator's secp256k1 identity key.") var privateKeyFile = ".charon/charon-enr-private-key"
    @Flag(help: "Keep other processes off the identity key, with a note beside it that is renewed every second.")
    var privateKeyFileLock = false
    @Flag(help: "Turn failed verifications of the lock into warnings.") var noVerify = false
    @Option(help: "Execution client that is asked when contract wallets signed the lock, e.g. http://localhost:8545.")
    var executionClientRpcEndpoint = ""
    @OptionGroup var testnet: TestnetOptions
    @Option(help: "Private test network: fork version of Capella, which exits are signed for.")
    var testnetCapellaHardFork = ""
    @Option(help: "Journal of everything decided and signed (SQLite). Keep it with the keys.")
    var journalFile = ".charon/styx-journal.sqlite"
    @Flag(
        help: """
            Sign at once although the journal is new. Only if these keys have signed nothing in the last two epochs, here or \
            elsewhere: a new journal knows of no vote, so with --signer keystores or remote it protects nobody from slashing.
            """)
    var acceptNewJournal = false

    @Option(
        help: """
            Beacon nodes, comma-separated URLs, e.g. http://localhost:5052 or https://host/prefix?apikey=secret. The best is \
            asked first and the next when it is late; all get what is published.
            """)
    var beaconNodeEndpoints: [String] = []
    @Option(help: "Beacon nodes used when all others are out of reach.")
    var fallbackBeaconNodeEndpoints: [String] = []
    @Option(help: "How long a beacon node may take to answer, e.g. 2s.", transform: duration) var beaconNodeTimeout =
        Duration.seconds(2)
    @Option(help: "How long a beacon node may take for what is published, e.g. 2s.", transform: duration)
    var beaconNodeSubmitTimeout = Duration.seconds(2)
    @Option(help: "HTTP headers for every beacon node, comma-separated name=value.") var beaconNodeHeaders: [String] =
        []

    @Flag(
        help: """
            Prefer builders' blocks (MEV) to the beacon node's own, and register the validators with builders, at the start \
            and every epoch. All nodes of a cluster must agree on it.
            """)
    var builderApi = false
    @Option(
        help: """
            Text of blocks: one for all validators, or one for each in the order of the lock, comma-separated; at most 28 \
            bytes each, 32 with --graffiti-disable-client-append. Default: this program's name.
            """)
    var graffiti: [String] = []
    @Flag(help: "Do not append SX and two letters for the beacon node to --graffiti.")
    var graffitiDisableClientAppend = false
    @Option(
        help: """
            Builder registrations, signed by the cluster, that replace those of the lock: whom blocks pay, and their gas \
            limit. Read again when it changes; need not exist. A file that cannot be used changes nothing.
            """)
    var overridesFile = ".charon/builder_registrations_overrides.json"
    @Flag(
        help: """
            Take up changes of fee recipients that the operators have agreed on (styx feerecipient sign), from \
            --publish-address, without the overrides file: at the start, then every hour, or every day when there is one for \
            every validator.
            """)
    var fetchFeerecipientUpdates = false
    @Option(help: "Where operators exchange what they signed.") var publishAddress = ObolAPI.defaultAddress
    @Option(help: "How long that service may take to answer, e.g. 5m.", transform: duration)
    var publishTimeout = ObolAPI.defaultTimeout

    @Option(help: "Beacon API for the validator client, ip:port.") var validatorApiAddress = "127.0.0.1:3600"
    @Option(help: "Certificate for TLS towards the validator client, a PEM file. With --vc-tls-key-file.")
    var vcTlsCertFile = ""
    @Option(help: "Key of --vc-tls-cert-file, a PEM file without password.") var vcTlsKeyFile = ""
    @OptionGroup var monitoring: MonitoringOptions
    @OptionGroup var tracing: TracingOptions
    @Option(
        help: """
            A live page for a browser and for styx top, /debug/doctor (for styx doctor), /debug/peers, /debug/consensus, \
            /debug/journal, /debug/tasks, ip:port, without authentication. None if empty.
            """)
    var debugAddress = ""
    @Option(
        help: """
            A mounted /proc, where validator clients' processes are looked for: their command lines, without secrets, \
            become a metric. Nowhere if empty.
            """)
    var procDirectory = ""
    @Option(
        help: """
            Who signs: off (a validator client), keystores (this node, with its key shares) or remote (a remote signer that \
            holds the key shares: Web3Signer or another with its ETH2 API).
            """)
    var signer = NodeConfiguration.Signing.off
    @Option(help: "EIP-2335 key shares for --signer keystores. (default: .charon/validator_keys)")
    var validatorKeysDir: String?
    @OptionGroup var remoteSigner: RemoteSignerOptions
    @OptionGroup var keymanager: KeymanagerOptions

    @Option(help: "Listen addresses, comma-separated ip:port. None: outgoing connections only.")
    var p2pTcpAddress: [String] = []
    @Option(help: "Known addresses of other operators, comma-separated multiaddrs ending in /p2p/<peer id>.")
    var p2pPeers: [String] = []
    @Option(
        help: """
            Circuit relays, comma-separated URLs or multiaddrs, by which operators find and reach each other. "" for none.
            """)
    var p2pRelays = NodeConfiguration.defaultRelays
    @Option(help: "IP address that other operators reach this node at.") var p2pExternalIp: String?
    @Option(help: "DNS name that other operators reach this node at.") var p2pExternalHostname: String?
    @Flag(help: "Dial relays from any port instead of the listening port.") var p2pDisableReuseport = false
    @Option(help: "For QUIC, which is not offered: accepted, ignored.") var p2pUdpAddress: [String] = []
    @Option(help: "Name shown to other operators, at most 32 bytes.") var nickname = ""
    @OptionGroup var features: FeatureOptions
    @OptionGroup var idle: IdleRunOptions

    @OptionGroup var logging: LoggingOptions
    @OptionGroup var loki: LokiOptions

    static let flags = EnvironmentArguments.Flags(
        options: [
            "lock-file", "private-key-file", "journal-file", "beacon-node-endpoints", "fallback-beacon-node-endpoints",
            "beacon-node-timeout", "beacon-node-submit-timeout", "beacon-node-headers", "validator-api-address",
            "vc-tls-cert-file", "vc-tls-key-file", "debug-address", "proc-directory", "signer", "validator-keys-dir",
            "p2p-tcp-address", "p2p-peers", "p2p-external-ip",
            "p2p-external-hostname", "p2p-relays", "p2p-udp-address", "nickname",
            "execution-client-rpc-endpoint", "graffiti", "overrides-file", "publish-address", "publish-timeout",
            "testnet-capella-hard-fork",
        ] + TestnetOptions.names + RemoteSignerOptions.names + MonitoringOptions.names
            + KeymanagerOptions.names + FeatureOptions.names + IdleRunOptions.names + TracingOptions.names
            + LoggingOptions.names + LokiOptions.names,
        switches: [
            "no-verify", "private-key-file-lock", "p2p-disable-reuseport", "accept-new-journal", "builder-api",
            "graffiti-disable-client-append", "fetch-feerecipient-updates",
        ] + IdleRunOptions.switches + TracingOptions.switches,
        noneIfEmpty: ["p2p-relays", "publish-address"] + MonitoringOptions.names)

    func run() async throws {
        let loki = try loki.pusher()
        let logger = try logging.logger(loki: loki)
        EffectiveFlags(self).tell(logger)
        Surroundings.tell(logger)
        try idle.refuse()
        for flag in idle.idle { flag.tell(logger) }
        tracing.warn(logger)
        var node = NodeConfiguration()
        node.features = features.features(logger)
        node.lockFile = lockFile
        node.privateKeyFile = privateKeyFile
        node.isLockingPrivateKey = privateKeyFileLock
        node.isVerifyingLock = !noVerify
        node.executionClientEndpoint = executionClientRpcEndpoint
        node.testnet = testnet.flags
        node.testnet.testnetCapellaForkVersion = testnetCapellaHardFork
        node.journalFile = journalFile
        node.acceptsNewJournal = acceptNewJournal
        node.beaconNodeEndpoints = list(beaconNodeEndpoints)
        node.fallbackBeaconNodeEndpoints = list(fallbackBeaconNodeEndpoints)
        node.beaconNodeTimeout = beaconNodeTimeout
        node.beaconNodeSubmitTimeout = beaconNodeSubmitTimeout
        node.beaconNodeHeaders = list(beaconNodeHeaders)
        node.usesBuilder = builderApi
        node.graffitiTexts = list(graffiti)
        node.isTaggingGraffiti = !graffitiDisableClientAppend
        node.overridesFile = overridesFile
        node.fetchesFeeRecipientUpdates = fetchFeerecipientUpdates
        node.publishAddress = publishAddress
        node.publishTimeout = publishTimeout
        node.validatorAPIAddress = validatorApiAddress
        node.validatorAPICertificateFile = vcTlsCertFile
        node.validatorAPIKeyFile = vcTlsKeyFile
        node.monitoringAddress = monitoring.monitoringAddress
        node.debugAddress = debugAddress
        node.procDirectory = procDirectory
        node.tracing = tracing.flags
        node.signing = signer
        node.validatorKeysDirectory = validatorKeysDir.flatMap { $0.isEmpty ? nil : $0 }
        node.remoteSigner = remoteSigner.flags
        keymanager.apply(to: &node)
        node.p2pTCPAddresses = list(p2pTcpAddress)
        node.p2pPeers = list(p2pPeers)
        node.p2pRelays = list(p2pRelays)
        node.p2pUDPAddresses = list(p2pUdpAddress)
        node.isReusingPort = !p2pDisableReuseport
        node.p2pExternalIP = p2pExternalIp.flatMap { $0.isEmpty ? nil : $0 }
        node.p2pExternalHostname = p2pExternalHostname.flatMap { $0.isEmpty ? nil : $0 }
        node.nickname = nickname
        do {
            let opening = ProgressBar("opening keystores") { logger.info("\($0)") }
            var hooks = StyxNode.Hooks()
            hooks.keystores = { opening.update($0, $1) }
            hooks.identified = {
                loki?.identify($0)
                // A node that goes over to new key shares opens others.
                opening.restart()
            }
            try await LogOutput.pushing(to: loki) {
                try await StyxNode.runUntilSignalled(node, hooks: hooks, logger: logger)
            }
        } catch {
            throw CommandFailure("run: \(error)")
        }
    }
}

extension NodeConfiguration.Signing: ExpressibleByArgument {}

/// Comma-separated values of a flag that may also be repeated. Empty parts are left out.
func list(_ values: [String]) -> [String] {
    values.flatMap { $0.split(separator: ",") }.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
}

@Sendable
func duration(_ text: String) throws -> Duration {
    guard let duration = GoDuration.parse(text) else {
        throw ValidationError("'\(text)' is no duration; write e.g. 300ms, 2s or 1m30s")
    }
    return duration
}
