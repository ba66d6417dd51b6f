import DutyWorkflow
import Ethereum
import Foundation
import Program
import SSZ
import Synchronization

/// The demo's output: a table that redraws itself on a terminal, plain lines otherwise.
package final class DemoScreen: Sendable {
    private struct State: Sendable {
        /// The next slot to print for good.
        var next: Slot = .zero
        var drawn = 0
        var finished: [String] = []
    }

    private let board: DemoBoard
    private let options: DemoCluster.Options
    private let isLive: Bool
    private let state = Mutex(State())
    /// Lines of a live table: with what stands around it, it fits a terminal of 24.
    private static let rowsMax = 19

    package init(board: DemoBoard, options: DemoCluster.Options, isLive: Bool) {
        self.board = board
        self.options = options
        self.isLive = isLive
    }

    package func opening() {
        let clients = options.validatorClients
        let driven = clients == 1 ? "node 0 is" : "nodes 0 to \(clients - 1) are"
        write(
            """
            Styx demo: \(options.nodes) nodes, \(options.validators) validators, \
            threshold \((2 * options.nodes + 2) / 3) of \(options.nodes), slots of \(GoDuration.format(options.slotDuration)), \
            \(options.duties == .all ? "all duties" : "attestations only")
              A simulated chain checks every signature, selection and vote; \(driven) driven by a validator
              client over HTTP, the others sign by themselves. Everything runs in this process, over loopback.
            \(DemoTable.legend)
            \(livePage)

            """)
    }

    private var livePage: String {
        let address = options.debugAddress
        return address.isEmpty ? "" : "  node 0 live: http://\(address)/, or styx top --debug-address \(address)\n"
    }

    /// Called several times a second.
    package func update(_ expectations: DemoExpectations) async {
        let now = SystemClock.now()
        let chain = expectations.chain
        guard let current = chain.clock.slot(at: now) else {
            if isLive { redraw(["  waiting for genesis … peers \(peersText())"]) }
            return
        }
        let table = DemoTable(board: board, expectations: expectations, nodes: options.nodes)
        let over = chain.clock.slot(at: now - options.slotDuration * 2 / 3)
        while let over, state.withLock({ $0.next }) < over {
            let slot = state.withLock { $0.next }
            let lines = await table.lines(slot, isOver: true)
            state.withLock { state in
                state.next = slot + 1
                state.finished = (state.finished + lines).suffix(Self.rowsMax)
            }
            if !isLive {
                if slot == .zero { write(DemoTable.header + "\n") }
                write(lines.joined(separator: "\n") + "\n")
            }
        }
        guard isLive else { return }
        var rows = state.withLock { $0.finished }
        var slot = state.withLock { $0.next }
        while slot <= current {
            rows += await table.lines(slot, isOver: false)
            slot = slot + 1
        }
        let rejected = await chain.rejections.count
        redraw(
            [DemoTable.header] + rows.suffix(Self.rowsMax) + [
                "",
                "  slot \(current)   peers \(peersText())   rejected \(rejected)"
                    + "   failed duties \(board.failures.count)",
            ])
    }

    package func closing(_ summary: DemoSummary) {
        var lines = ["", "Summary", DemoTable.summaryHeader]
        for type in DemoExpectations.types {
            if let tally = summary.tallies[type] {
                lines.append(DemoTable.summaryLine(type, tally, board.rows(type, in: summary.slots)))
            }
        }
        lines += [
            "  rejected by the chain               \(summary.rejections.count)",
            "  failed duties                       \(summary.failures.count)",
        ]
        if let ready = summary.startToReady {
            lines.append("  start to complete cluster           \(GoDuration.format(ready.rounded))")
        }
        if let first = summary.startToFirstAttestation {
            lines.append("  start to first attestation          \(GoDuration.format(first.rounded))")
        }
        let usage = ProcessUsage.now()
        lines.append(
            "  this process (all nodes and chain)  \(String(format: "%.1f", usage.cpuSeconds)) s CPU, "
                + "\(usage.residentMiB) MiB resident")
        for fault in board.faults.prefix(10) { lines.append("  fault    \(fault)") }
        for retry in board.retries.prefix(5) { lines.append("  retried  \(retry)") }
        for late in summary.late.prefix(5) { lines.append("  late     \(late)") }
        for failure in summary.failures.prefix(10) { lines.append("  FAILED   \(failure)") }
        for missing in summary.missing.prefix(10) { lines.append("  MISSING  \(missing)") }
        for rejection in summary.rejections.prefix(10) { lines.append("  REJECTED \(rejection)") }
        lines.append(
            summary.isGood
                ? "\n✔ every duty of every validator was broadcast and verified, nothing was rejected"
                : "\n✘ something went wrong, see above")
        write(lines.joined(separator: "\n") + "\n")
    }

    /// Measurements for programs: milliseconds. Those without a duty's name are of attestations.
    package func write(_ summary: DemoSummary, to path: String) throws {
        func value(_ times: [Duration], _ share: Double) -> JSONValue {
            Percentile.of(times, share).map { .number(String(format: "%.3f", Percentile.milliseconds($0))) } ?? .null
        }
        func measured(_ type: DutyType, _ tally: DemoTally) -> [(String, JSONValue)] {
            let rows = board.rows(type, in: summary.slots)
            let times = [
                ("decide", rows.flatMap(\.deciding.values)), ("broadcast", rows.flatMap(\.broadcasting.values)),
                ("inclusion", tally.delays),
            ]
            return [("expected", JSONValue(tally.expected)), ("included", JSONValue(tally.included))]
                + times.flatMap { name, times in
                    [50, 90, 99].map { ("\(name)_ms_p\($0)", value(times, Double($0) / 100)) }
                }
        }
        let usage = ProcessUsage.now()
        var members: [(String, JSONValue)] = [
            ("nodes", JSONValue(options.nodes)), ("validators", JSONValue(options.validators)),
            ("rejected", JSONValue(summary.rejections.count)), ("failed", JSONValue(summary.failures.count)),
        ]
        if let attester = summary.tallies[.attester] { members += measured(.attester, attester) }
        members += [
            ("process_cpu_seconds", .number(String(format: "%.3f", usage.cpuSeconds))),
            ("process_resident_mib", JSONValue(usage.residentMiB)),
        ]
        let duties = summary.tallies.sorted { $0.key < $1.key }.map { type, tally in
            (type.name, JSONValue.object(JSONObject(measured(type, tally))))
        }
        let json = JSONValue.object(JSONObject(members + [("duties", .object(JSONObject(duties)))]))
        try Data(json.text(indent: " ").utf8).write(to: URL(fileURLWithPath: path))
    }

    // MARK: Lines

    private func peersText() -> String {
        (0..<options.nodes).map { "\(board.connected[$0] ?? 0)" }.joined(separator: " ") + " of \(options.nodes - 1)"
    }

    private func redraw(_ lines: [String]) {
        state.withLock { state in
            var out = ""
            if state.drawn > 0 { out += "\u{1B}[\(state.drawn)A" }
            for line in lines { out += "\u{1B}[2K" + line + "\n" }
            // A shorter table leaves old lines behind otherwise.
            out += "\u{1B}[0J"
            state.drawn = lines.count
            write(out)
        }
    }

    private func write(_ text: String) { FileHandle.standardOutput.write(Data(text.utf8)) }
}

extension Duration {
    /// To milliseconds, for people.
    fileprivate var rounded: Duration { .milliseconds(Int64(self / .milliseconds(1))) }
}

/// What this process has used so far. Source: proc(5).
package struct ProcessUsage: Sendable {
    package var cpuSeconds: Double
    package var residentMiB: Int

    package static func now() -> ProcessUsage {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1e6 }
        let pages =
            (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?
            .split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return ProcessUsage(
            cpuSeconds: seconds(usage.ru_utime) + seconds(usage.ru_stime),
            residentMiB: (pages * Int(getpagesize())) >> 20)
    }
}
