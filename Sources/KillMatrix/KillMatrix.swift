import BLS
import BeaconClient
import Cluster
import Demo
import DutyWorkflow
import Ethereum
import Foundation
import Libp2p
import Logging
import Node
import Program

/// Four node processes on a simulated chain, killed over and over, with an ear on every wire between them.
///
/// The chain never gives the same answer twice about what to vote for, so that a node that forgets is seen to
/// contradict itself. The first two nodes have a validator client, the others sign by themselves.
package struct KillMatrix: Sendable {
    package struct Options: Sendable {
        package var kills = 30
        package var seed: UInt64 = 1
        package var points = KillPoints.names
        package var mutant: String?
        package var slotDuration = Duration.seconds(4)
        /// The program `styx`, a debug build.
        package var program: String
        /// Where keys, journals and logs go; must not exist.
        package var directory: String

        package init(program: String, directory: String) {
            (self.program, self.directory) = (program, directory)
        }
    }

    static let nodes = 4
    static let clients = 2
    private static let validators = 8
    private static let slotsPerEpoch: UInt64 = 8
    /// For a node to come back, on a machine with much to do.
    private static let patience = Duration.seconds(60)

    private let options: Options
    private let creation: ClusterCreation
    private let chain: DemoChain
    private let threads: CryptoThreads
    private let expectations: DemoExpectations
    private let recorder: Recorder
    private let wire: Wiretap
    private let apiPorts: [Int]
    private let nodePorts: [Int]
    private let say: @Sendable (String) -> Void
    private let logger = Logger(label: "p2p") { _ in SwiftLogNoOpLogHandler() }

    package init(_ options: Options, say: @escaping @Sendable (String) -> Void) throws {
        self.options = options
        self.say = say
        var wanted = ClusterOptions()
        wanted.name = "kill matrix"
        wanted.nodes = Self.nodes
        wanted.validators = Self.validators
        wanted.feeRecipients = ["0x" + String(repeating: "11", count: 20)]
        wanted.withdrawalAddresses = ["0x" + String(repeating: "22", count: 20)]
        wanted.network = .hoodi  // the demo chain's fork version
        wanted.insecureKeys = true
        var random = SystemRandomNumberGenerator()
        let cores = ProcessInfo.processInfo.activeProcessorCount
        creation = try ClusterCreation(wanted, now: SystemClock.now(), using: &random)
        try creation.write(to: options.directory, concurrency: cores, using: &random)
        threads = CryptoThreads(threads: max(2, cores))
        let pubKeys = try creation.lock.validators.map { try PublicKey(bytes: $0.publicKey).bytes }
        var chain = DemoChain.Options(
            pubKeys: pubKeys, genesis: Instant(unixSeconds: UInt64(SystemClock.now().unixSeconds) + 4),
            slotDuration: options.slotDuration, slotsPerEpoch: Self.slotsPerEpoch)
        chain.syncMembers = 4
        chain.changesItsMind = true
        self.chain = try DemoChain(chain, verifier: SignatureVerifier(threads: threads))
        expectations = try DemoExpectations(self.chain, creation)
        recorder = Recorder(
            operators: creation.nodes.map(\.identity.publicKey), validators: Set(pubKeys), threads: threads)
        // Elsewhere for another run beside this one.
        let ports = try FreePorts.take(
            2 * Self.nodes + Wiretap.portCount(nodes: Self.nodes),
            from: 20_000 + Int(ProcessInfo.processInfo.processIdentifier) * 64 % 12_000)
        apiPorts = Array(ports.prefix(Self.nodes))
        nodePorts = Array(ports.dropFirst(Self.nodes).prefix(Self.nodes))
        wire = Wiretap(
            creation.nodes.map(\.identity), nodePorts: nodePorts, ports: Array(ports.dropFirst(2 * Self.nodes)),
            recorder)
    }

    package func run() async throws -> MatrixSummary {
        let (ports, announce) = AsyncStream.makeStream(of: Int.self)
        let summary = try await withThrowingTaskGroup(of: MatrixSummary?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await DemoBeaconNode(chain: chain, port: 0) { announce.yield($0) }.run()
                return nil
            }
            guard let port = await ports.first(where: { _ in true }) else { throw CancellationError() }
            let seats = (0..<Self.nodes).map { seat($0, beaconPort: port) }
            for seat in seats {
                group.addTask {
                    try await seat.run()
                    return nil
                }
            }
            for node in 0..<Self.nodes {
                group.addTask {
                    try await withClients(of: node)
                    return nil
                }
            }
            group.addTask {
                let director = Director(
                    seats: seats, wire: wire, chain: chain, recorder: recorder, patience: Self.patience, say: say)
                return try await judge(try await director.run(options))
            }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
        try await threads.shutdown()
        return summary
    }

    // MARK: Parts

    private func seat(_ index: Int, beaconPort: Int) -> Seat {
        let directory = options.directory + "/node\(index)"
        var arguments = [
            "--lock-file", directory + "/cluster-lock.json",
            "--private-key-file", directory + "/charon-enr-private-key",
            "--journal-file", directory + "/styx-journal.sqlite", "--accept-new-journal",
            "--beacon-node-endpoints", "http://127.0.0.1:\(beaconPort)", "--builder-api",
            "--validator-api-address", "127.0.0.1:\(apiPorts[index])", "--monitoring-address", "",
            "--p2p-relays", "", "--p2p-tcp-address", "127.0.0.1:\(nodePorts[index])",
            "--p2p-peers", wire.addresses(for: index).map { "\($0)" }.joined(separator: ","),
        ]
        if index >= Self.clients {
            arguments += ["--signer", "keystores", "--validator-keys-dir", directory + "/validator_keys"]
        }
        return Seat(
            index, program: options.program, arguments: arguments, mutant: options.mutant,
            journal: directory + "/styx-journal.sqlite", log: options.directory + "/node\(index).log",
            port: nodePorts[index], wire: wire)
    }

    /// Whoever asks a node, until cancelled.
    private func withClients(of node: Int) async throws {
        // It may have to wait until the cluster has decided, and asks only once.
        let (patient, hasty) = (try client(of: node, .seconds(10)), try client(of: node, options.slotDuration))
        let questioner = Questioner(
            node: node, client: hasty, validatorClient: validatorClient(of: node, by: hasty), chain: chain,
            recorder: recorder)
        await withDiscardingTaskGroup { group in
            group.addTask { await questioner.run() }
            if node < Self.clients {
                group.addTask { try? await validatorClient(of: node, by: patient).run() }
            }
        }
        await hasty.shutdown()
        await patient.shutdown()
    }

    private func client(of node: Int, _ timeout: Duration) throws -> BeaconClient {
        var configuration = BeaconClientConfiguration(
            primaries: [try BeaconNodeAddress("http://127.0.0.1:\(apiPorts[node])")])
        configuration.readTimeout = timeout
        configuration.submitTimeout = timeout
        return BeaconClient(configuration: configuration, logger: logger)
    }

    private func validatorClient(of node: Int, by client: BeaconClient) -> DemoValidatorClient {
        DemoValidatorClient(
            client: client, keys: creation.nodes[node].shares, performs: .all, threads: threads, logger: logger)
    }

    /// Adds what the chain and the ledger have to say.
    private func judge(_ course: Director.Course) async throws -> MatrixSummary {
        // What was heard last is read yet.
        while !recorder.isIdle { try await Task.sleep(for: .milliseconds(10)) }
        var summary = course.summary
        var count = DutyCount(
            course.presence, nodes: Self.nodes, threshold: creation.lock.definition.threshold, clock: chain.clock)
        for slot in course.slots.map({ Slot($0) }) {
            for row in expectations.rows(in: slot) {
                let included = Set(await chain.inclusions(row.duty).map(\.part))
                count.add(row.duty, isDone: row.parts.isSubset(of: included))
            }
        }
        summary.slots = UInt64(course.slots.count)
        summary.duties = count.rows
        summary.missing = count.missing
        let ledger = recorder.ledger
        summary.messages = recorder.messages
        summary.statements = ledger.heard.values.reduce(0, +)
        summary.contradictions = ledger.contradictions.map(\.description)
        summary.faults += recorder.faults
        summary.faults += ledger.silent(of: 0..<Self.nodes).map { "node \($0) was not heard to vote and to sign" }
        if !ledger.isServing { summary.faults.append("no validator client was given anything") }
        for rejection in await chain.rejections {
            switch RefusalKind(rejection.why) {
            case .contradiction: summary.contradictions.append("refused by the chain: \(rejection)")
            case .late: break
            case .other: summary.faults.append("refused by the chain: \(rejection)")
            }
        }
        return summary
    }
}

/// What a refusal of the chain says of the nodes.
enum RefusalKind: Hashable {
    case contradiction
    /// A node that comes back hands in what it had; it may be over.
    case late
    case other

    init(_ why: String) {
        if why.contains("signed something else") || why.contains("slashable") {
            self = .contradiction
        } else if why.contains("which is over") || why.contains("which is too old") || why.contains("is not now") {
            self = .late
        } else {
            self = .other
        }
    }
}
