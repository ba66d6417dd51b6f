import ArgumentParser
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
            and blinded blocks, attests, aggregates, votes and contributes in the sync committee, and has one validator \
            leave near the end. The table has a line for each duty of a slot: how many validators it is of, the round of \
            consensus that decided, how long deciding and broadcasting took at the nodes, how many nodes handed it in, and \
            how much of it the chain has. The exit status is not zero if a duty of any validator is missing or failed, or \
            anything was rejected.
            """)

    @Option(help: "Nodes in the cluster, 3 to 16.") var nodes = 4
    @Option(help: "Validators of the cluster, 1 to 2000.") var validators = 8
    @Option(help: "Slots to watch.") var slots: UInt64 = 16
    @Option(help: "Length of a slot, e.g. 3s.", transform: duration) var slotDuration = Duration.seconds(3)
    @Option(help: "What the validators have to do: all, or attester for attestations only.") var duties = DemoDuties.all
    @Option(help: "How many of the validators sit in the sync committee, 0 to 512.") var syncMembers = 4
    @Option(help: "Directory for keys and journals; a temporary one that is deleted afterwards if not given.")
    var directory: String?
    @Flag(help: "Lines that stay instead of a live table, as when the output is no terminal.") var plain = false
    @Flag(help: "Show the nodes' logs on stderr.") var verbose = false
    @Option(help: "Also write the measurements to this file, as JSON.") var json: String?

    static let flags = EnvironmentArguments.Flags(
        options: ["nodes", "validators", "slots", "slot-duration", "duties", "sync-members", "directory", "json"],
        switches: ["plain", "verbose"])

    func validate() throws {
        guard (3...16).contains(nodes) else { throw ValidationError("--nodes must be 3 to 16") }
        guard (1...2000).contains(validators) else { throw ValidationError("--validators must be 1 to 2000") }
        guard (0...512).contains(syncMembers) else { throw ValidationError("--sync-members must be 0 to 512") }
        guard (1...10_000).contains(slots) else { throw ValidationError("--slots must be 1 to 10000") }
        guard slotDuration >= .seconds(1), slotDuration <= .seconds(60) else {
            throw ValidationError("--slot-duration must be 1s to 60s")
        }
    }

    func run() async throws {
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

        let board = DemoBoard(duties)
        let screen = DemoScreen(board: board, options: options, isLive: !plain && isatty(STDOUT_FILENO) != 0)
        screen.opening()
        let summary: DemoSummary
        do {
            summary = try await DemoCluster(options, board: board, logger: logger).run { await screen.update($0) }
        } catch {
            throw CommandFailure("demo: \(error)")
        }
        screen.closing(summary)
        if let json { try screen.write(summary, to: json) }
        if !summary.isGood { throw ExitCode(1) }
    }
}

extension DemoDuties: ExpressibleByArgument {}
