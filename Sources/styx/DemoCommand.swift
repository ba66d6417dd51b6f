import ArgumentParser
import Cluster
import Demo
import DutyWorkflow
import Foundation
import Logging

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Watch a whole cluster perform its duties on a simulated chain, on this machine.",
        discussion: """
            Starts a beacon chain that checks every signature, selection and vote, N nodes with their own keys, ports and \
            journals, and a validator client for half of them; everything talks over loopback. The cluster proposes full \
            and blinded blocks, attests, aggregates, votes and contributes in the sync committee. Four slots before the end the \
            operators hand in the exit of the last validator, which the chain takes and lets wait; nobody exits with \
            --slots 0 or --duties attester. The table has a line for each duty of a slot: how many validators it is of, the round of \
            consensus that decided, how long deciding and broadcasting took at the nodes, how many nodes handed it in, and \
            how much of it the chain has. The exit status is not zero if a duty of any validator is missing or failed, or \
            anything was rejected.
            """)

    @Option(help: "Nodes in the cluster, 3 to 16.") var nodes = 4
    @Option(help: "Validators of the cluster, 1 to 2000.") var validators = 8
    @Option(help: "Slots to watch; 0 until interrupted, and then nothing is judged.") var slots: UInt64 = 16
    @Option(help: "Length of a slot, e.g. 3s.", transform: duration) var slotDuration = Duration.seconds(3)
    @Option(help: "What the validators have to do: all, or attester for attestations only.") var duties = DemoDuties.all
    @Option(help: "How many of the validators sit in the sync committee, 0 to 512.") var syncMembers = 4
    @Option(help: "Directory for keys and journals; a temporary one that is deleted afterwards if not given.")
    var directory: String?
    @Option(help: "Serve the nodes' /metrics on loopback: node 0's at this port, the others' at the next ones.")
    var monitoringPortBase: Int?
    @Option(help: "Live page of node 0, ip:port, for a browser and for styx top. None if empty.")
    var debugAddress = ""
    @Option(help: "Nodes that stop after four slots, comma-separated, e.g. 2,3: see what becomes of the duties.")
    var stopNodes: [String] = []
    @Flag(help: "The beacon node of node 0 stops after four slots.") var stopBeaconNode = false
    @Flag(help: "Lines that stay instead of a live table, as when the output is no terminal.") var plain = false
    @Flag(help: "Show the nodes' logs on stderr.") var verbose = false
    @Option(help: "Also write the measurements to this file, as JSON.") var json: String?

    @OptionGroup var tracing: TracingOptions

    static let flags = EnvironmentArguments.Flags(
        options: [
            "nodes", "validators", "slots", "slot-duration", "duties", "sync-members", "directory", "json",
            "monitoring-port-base", "debug-address", "stop-nodes",
        ] + TracingOptions.names,
        switches: ["plain", "verbose", "stop-beacon-node"] + TracingOptions.switches)

    func validate() throws {
        guard (3...16).contains(nodes) else { throw ValidationError("--nodes must be 3 to 16") }
        guard (1...2000).contains(validators) else { throw ValidationError("--validators must be 1 to 2000") }
        guard (0...512).contains(syncMembers) else { throw ValidationError("--sync-members must be 0 to 512") }
        guard (0...10_000).contains(slots) else { throw ValidationError("--slots must be 0 to 10000") }
        _ = try stopped()
        if let base = monitoringPortBase, !(1...65_535 - nodes).contains(base) {
            throw ValidationError("--monitoring-port-base must be 1 to \(65_535 - nodes): each node takes a port")
        }
        guard slotDuration >= .seconds(1), slotDuration <= .seconds(60) else {
            throw ValidationError("--slot-duration must be 1s to 60s")
        }
    }

    private func stopped() throws -> Set<Int> {
        try Set(
            list(stopNodes).map { text in
                guard let node = Int(text), (0..<nodes).contains(node) else {
                    throw ValidationError("--stop-nodes has \(text): nodes are 0 to \(nodes - 1)")
                }
                return node
            })
    }

    /// Before anything runs: the measurements of minutes shall not be lost to a slip.
    private func checkOutput() throws {
        guard let json else { return }
        let parent = json.lastIndex(of: "/").map { String(json[...$0]) } ?? "."
        let fault: ClusterError
        if FileAccess.isDirectory(json) {
            fault = .system(action: "write", path: json, code: EISDIR)
        } else if FileAccess.isTaken(json) {
            guard access(json, W_OK) != 0 else { return }
            fault = .system(action: "write", path: json, code: errno)
        } else {
            guard access(parent, W_OK | X_OK) != 0 else { return }
            fault = .system(action: "write to", path: parent, code: errno)
        }
        throw CommandFailure("demo: \(fault.at("--json", missing: "make that directory, or name another file"))")
    }

    func run() async throws {
        try checkOutput()
        var logger = try LogOutput.bootstrap(level: verbose ? .debug : .error)
        logger.logLevel = verbose ? .debug : .error
        let place = directory ?? NSTemporaryDirectory() + "/styx-demo-\(ProcessInfo.processInfo.processIdentifier)"
        defer { if directory == nil { try? FileManager.default.removeItem(atPath: place) } }
        var options = DemoCluster.Options(directory: place)
        options.nodes = nodes
        options.validators = validators
        options.slots = slots
        options.slotDuration = slotDuration
        options.duties = duties
        options.syncMembers = syncMembers
        options.monitoringPortBase = monitoringPortBase
        options.tracing = tracing.flags
        options.debugAddress = debugAddress
        options.stoppedNodes = try stopped()
        options.stopsBeaconNode = stopBeaconNode

        let board = DemoBoard(duties, isEndless: slots == 0)
        let screen = DemoScreen(board: board, options: options, isLive: !plain && isatty(STDOUT_FILENO) != 0)
        screen.opening()
        let summary: DemoSummary
        do {
            let cluster = DemoCluster(options, board: board, logger: logger)
            summary = try await untilInterrupted { try await cluster.run { await screen.update($0) } }
        } catch is CancellationError where slots == 0 {
            return
        } catch is CancellationError {
            throw CommandFailure("demo: interrupted; nothing was judged")
        } catch ClusterError.option("--cluster-dir", let reason) {
            // What the directory is called where clusters are made.
            throw CommandFailure("demo: --directory: \(reason)")
        } catch {
            throw CommandFailure("demo: \(error)")
        }
        screen.closing(summary)
        if let json {
            do { try screen.write(summary, to: json) } catch {
                throw CommandFailure("demo: --json: write \(json): \((error as NSError).localizedDescription)")
            }
        }
        if !summary.isGood { throw ExitCode(1) }
    }
}

extension DemoDuties: ExpressibleByArgument {}
