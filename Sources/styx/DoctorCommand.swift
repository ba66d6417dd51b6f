import ArgumentParser
import ClusterSetup
import Doctor
import Foundation
import Node
import Program
import SSZ

/// `styx doctor`.
struct DoctorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what is wrong with a node, and what to do about it.",
        discussion: """
            Asks the node that runs with --debug-address. Without one it looks at files, clock, disk, beacon nodes, \
            remote signers and ports itself, with the same flags as run, and changes nothing. The exit status is 1 if \
            there is a finding of severity error. docs/runbook.md has more about each finding.
            """)

    @Option(help: "Where the running node serves its pages for debugging, ip:port.")
    var debugAddress = "127.0.0.1:3630"
    @Flag(help: "Do not ask a running node.") var offline = false
    @Flag(help: "Print JSON, as /debug/doctor has it.") var json = false

    @Option(help: "Cluster lock of this cluster.") var lockFile = ".charon/cluster-lock.json"
    @Option(help: "This operator's secp256k1 identity key.") var privateKeyFile = ".charon/charon-enr-private-key"
    @Flag(help: "Turn failed verifications of the lock into warnings.") var noVerify = false
    @Option(help: "Execution client that is asked when contract wallets signed the lock.")
    var executionClientRpcEndpoint = ""
    @OptionGroup var testnet: TestnetOptions
    @Option(help: "Journal of the node.") var journalFile = ".charon/styx-journal.sqlite"
    @Option(help: "Beacon nodes, comma-separated URLs.") var beaconNodeEndpoints: [String] = []
    @Option(help: "Beacon nodes used when all others are out of reach.")
    var fallbackBeaconNodeEndpoints: [String] = []
    @Option(help: "How long a beacon node may take to answer, e.g. 2s.", transform: duration)
    var beaconNodeTimeout = Duration.seconds(2)
    @Option(help: "HTTP headers for every beacon node, comma-separated name=value.") var beaconNodeHeaders: [String] =
        []
    @Option(help: "Beacon API for the validator client, ip:port.") var validatorApiAddress = "127.0.0.1:3600"
    @OptionGroup var monitoring: MonitoringOptions
    @Option(help: "Listen addresses for other operators, comma-separated ip:port.") var p2pTcpAddress: [String] = []
    @Option(help: "Who signs: off (a validator client), keystores or remote.")
    var signer = NodeConfiguration.Signing.off
    @Option(help: "EIP-2335 key shares for --signer keystores. (default: .charon/validator_keys)")
    var validatorKeysDir: String?
    @OptionGroup var remoteSigner: RemoteSignerOptions

    static let flags = EnvironmentArguments.Flags(
        options: [
            "debug-address", "lock-file", "private-key-file", "execution-client-rpc-endpoint", "journal-file",
            "beacon-node-endpoints", "fallback-beacon-node-endpoints", "beacon-node-timeout", "beacon-node-headers",
            "validator-api-address", "p2p-tcp-address", "signer", "validator-keys-dir",
        ] + TestnetOptions.names + MonitoringOptions.names + RemoteSignerOptions.names,
        switches: ["offline", "json", "no-verify"], noneIfEmpty: MonitoringOptions.names)

    private static let pageBytesMax = 4 << 20

    func run() async throws {
        let report = try await failing("doctor") { () -> DoctorReport in
            if !offline, let report = try await ask() { return report }
            return try await look()
        }
        print(json ? report.json.text(indent: "  ") + "\n" : report.text.withoutControls, terminator: "")
        if report.hasErrors { throw ExitCode(1) }
    }

    /// What the running node says; nil if none is there.
    private func ask() async throws -> DoctorReport? {
        let address = try SocketAddressText(debugAddress, flag: "debug-address")
        let host = address.isIPv6 ? "[\(address.host)]" : address.host
        let request = WebClient.Request(
            "http://\(host):\(address.port)/debug/doctor", timeout: .seconds(5), answerBytesMax: Self.pageBytesMax)
        let answer: WebClient.Answer
        do {
            answer = try await WebClient.with { web in try await web.send(request) }
        } catch {
            note(
                "no node answers at --debug-address \(debugAddress) (\(error)): looking at what can be seen without one"
            )
            return nil
        }
        guard answer.isSuccess, let page = try? JSONValue(parsing: answer.body),
            let report = try? DoctorReport(json: page)
        else {
            throw CommandFailure(
                "\(debugAddress) answers with status \(answer.status), and not as a node's --debug-address does; give"
                    + " that of the node, or --offline")
        }
        return report
    }

    private func look() async throws -> DoctorReport {
        var node = NodeConfiguration()
        node.lockFile = lockFile
        node.privateKeyFile = privateKeyFile
        node.isVerifyingLock = !noVerify
        node.executionClientEndpoint = executionClientRpcEndpoint
        node.testnet = testnet.flags
        node.journalFile = journalFile
        node.beaconNodeEndpoints = list(beaconNodeEndpoints)
        node.fallbackBeaconNodeEndpoints = list(fallbackBeaconNodeEndpoints)
        node.beaconNodeTimeout = beaconNodeTimeout
        node.beaconNodeHeaders = list(beaconNodeHeaders)
        node.validatorAPIAddress = validatorApiAddress
        node.monitoringAddress = monitoring.monitoringAddress
        node.p2pTCPAddresses = list(p2pTcpAddress)
        node.signing = signer
        node.validatorKeysDirectory = validatorKeysDir.flatMap { $0.isEmpty ? nil : $0 }
        node.remoteSigner = remoteSigner.flags
        if node.beaconNodeEndpoints.isEmpty {
            note("no --beacon-node-endpoints: beacon nodes and the clock are not looked at")
        } else {
            try node.validate()
        }
        let logger = try LogOutput.bootstrap(level: .error)
        return await OfflineExamination(node, logger: logger).report()
    }
}
