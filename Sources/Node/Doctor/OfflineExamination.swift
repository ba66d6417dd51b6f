import BeaconClient
import Cluster
import Doctor
import DutyWorkflow
import Ethereum
import Foundation
import Logging
import NIOCore
import NIOPosix
import Program
import RemoteSigner

/// What can be found out about a node that does not run: files, clock, disk, beacon nodes, signers, ports. Nothing is
/// changed, and nothing is signed.
package struct OfflineExamination: Sendable {
    /// For an execution client that has to say whether contracts signed the lock.
    private static let contractsWait = Duration.seconds(15)

    private let configuration: NodeConfiguration
    private let logger: Logger

    package init(_ configuration: NodeConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
    }

    package func report() async -> DoctorReport {
        var facts = Facts()
        facts.node.usesBuilder = configuration.usesBuilder
        let cluster = await lookAtFiles(&facts)
        await lookAtMachine(&facts)
        await lookAtPorts(&facts)
        await askBeaconNodes(&facts, cluster)
        await askSigners(&facts, cluster)
        let now = SystemClock.now()
        var history = CaseHistory()
        _ = history.take(Examination(facts).findings, at: now)
        return DoctorReport(checkedAt: now, history.current)
    }

    // MARK: Files

    private func lookAtFiles(_ facts: inout Facts) async -> ClusterContext? {
        var cluster: ClusterContext?
        do {
            let context = try ClusterContext(configuration)
            cluster = context
            facts.node.lockWarnings = context.warnings + (try await confirmations(context))
        } catch is CancellationError {
            facts.node.fileErrors.append(
                (
                    configuration.lockFile,
                    "contracts signed it, and --execution-client-rpc-endpoint does not answer for them"
                ))
        } catch let error as ConfigurationError {
            facts.node.fileErrors.append(("--\(error.flag)", "\(error.what); \(error.cure)"))
        } catch {
            facts.node.fileErrors.append((configuration.lockFile, "\(error)"))
        }
        if let cluster, configuration.signing == .keystores {
            let directory = configuration.validatorKeysDirectory ?? NodeConfiguration.defaultValidatorKeysDirectory
            do {
                let opened = try await NIOThreadPool.singleton.runIfActive {
                    try cluster.loadShares(directory, concurrency: 1) { _, _ in true }
                }
                for fault in opened.faults { facts.node.fileErrors.append((fault.path, "\(fault.error)")) }
                let missing = cluster.keys.pubKeys.filter { opened.keys[$0] == nil }
                // With a keymanager they come and go.
                if configuration.keymanagerAddress.isEmpty {
                    facts.shares = ShareFacts(
                        total: cluster.keys.pubKeys.count, missing: missing.map { $0.hex }, areRemote: false)
                }
            } catch {
                facts.node.fileErrors.append((directory, "\(error)"))
            }
        }
        facts.node.journalError = journalError
        return cluster
    }

    /// What contracts say.
    private func confirmations(_ cluster: ClusterContext) async throws -> [String] {
        let configuration = configuration
        return try await Self.within(Self.contractsWait) { try await cluster.confirm(configuration) { _ in } }.get()
    }

    /// Looks at the file from outside: opening it would take it from a node that runs.
    private var journalError: String? {
        let (manager, path) = (FileManager.default, configuration.journalFile)
        guard manager.fileExists(atPath: path) else {
            // It is made at the first start.
            return manager.fileExists(atPath: path + "-wal")
                ? "\(path) is missing but its log \(path)-wal is there" : nil
        }
        guard manager.isReadableFile(atPath: path), manager.isWritableFile(atPath: path) else {
            return "\(path) may not be read and written by this user"
        }
        let file = FileHandle(forReadingAtPath: path)
        let head = try? file?.read(upToCount: 16)
        guard head == Data("SQLite format 3\0".utf8) else { return "\(path) is no SQLite file, or damaged" }
        return nil
    }

    /// - Returns: `CancellationError` if it takes longer.
    private static func within<Value: Sendable>(
        _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
    ) async -> Result<Value, any Error> {
        await withTaskGroup(of: Result<Value, any Error>.self) { group in
            group.addTask {
                do { return .success(try await body()) } catch { return .failure(error) }
            }
            group.addTask {
                try? await Task.sleep(for: limit)
                return .failure(CancellationError())
            }
            let first = await group.next() ?? .failure(CancellationError())
            group.cancelAll()
            return first
        }
    }

    // MARK: Machine

    private func lookAtMachine(_ facts: inout Facts) async {
        let path = configuration.journalFile
        facts.machine.journalPath = path
        facts.machine.freeBytes = MachineProbe.freeBytes(at: path)
        facts.machine.memory = MachineProbe.memory()
        facts.machine.syncTimes =
            (try? await NIOThreadPool.singleton.runIfActive { MachineProbe.syncTimes(at: path) }) ?? []
    }

    private func lookAtPorts(_ facts: inout Facts) async {
        let addresses =
            [("validator-api-address", configuration.validatorAPIAddress)]
            + configuration.p2pTCPAddresses.map { ("p2p-tcp-address", $0) }
            + [("monitoring-address", configuration.monitoringAddress), ("debug-address", configuration.debugAddress)]
        for (flag, text) in addresses where !text.isEmpty {
            do {
                let address = try SocketAddressText(text, flag: flag)
                let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                    .bind(host: address.host, port: address.port).get()
                try await channel.close()
            } catch {
                facts.node.takenAddresses.append((flag, text, "\(SocketFault(error))"))
            }
        }
    }

    // MARK: Services

    private func askBeaconNodes(_ facts: inout Facts, _ cluster: ClusterContext?) async {
        guard !configuration.beaconNodeEndpoints.isEmpty else { return }
        do throws(ConfigurationError) {
            let beacon = BeaconClient(
                configuration: try configuration.beaconClient(), loop: MultiThreadedEventLoopGroup.singleton.next(),
                logger: logger)
            let rounds = BeaconRounds(
                beacon, forkVersion: cluster?.lock.definition.forkVersion, network: cluster?.network)
            await rounds.visitAll()
            facts.beaconNodes = await rounds.current
            await beacon.shutdown()
        } catch {
            facts.node.fileErrors.append(("--\(error.flag)", "\(error.what); \(error.cure)"))
        }
    }

    private func askSigners(_ facts: inout Facts, _ cluster: ClusterContext?) async {
        guard configuration.signing == .remote else { return }
        do {
            let client = SignerClient(
                try configuration.remoteSigner.configuration(), check: { _, _ in false }, listed: { _ in },
                logger: logger)
            facts.signers = await client.health().map { SignerFacts(name: $0, $1) }
            await client.shutdown()
        } catch {
            facts.node.fileErrors.append(("--signer-url", "\(error)"))
        }
    }
}
