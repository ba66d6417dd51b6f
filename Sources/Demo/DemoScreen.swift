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
        var announcedReady = false
        var finished: [String] = []
    }

    private let board: DemoBoard
    private let options: DemoCluster.Options
    private let isLive: Bool
    private let state = Mutex(State())
    /// Finished rows a live table shows.
    private static let rowsMax = 14

    package init(board: DemoBoard, options: DemoCluster.Options, isLive: Bool) {
        self.board = board
        self.options = options
        self.isLive = isLive
    }

    package func opening() {
        let clients = min(options.validatorClients, options.nodes)
        write(
            """
            Styx demo: \(options.nodes) nodes, \(options.validators) validators, \
            threshold \((2 * options.nodes + 2) / 3) of \(options.nodes), slots of \(GoDuration.format(options.slotDuration))
              A simulated chain checks every signature and vote; nodes 0 to \(clients - 1) are driven by a validator
              client over HTTP, the others sign by themselves. Everything runs in this process, over loopback.

            """)
    }

    /// Called several times a second.
    package func update(_ chain: DemoChain) async {
        let now = SystemClock.now()
        guard let current = chain.clock.slot(at: now) else {
            if isLive { redraw(["  waiting for genesis … peers \(peersText())"]) }
            return
        }
        let settled = chain.clock.slot(at: now - options.slotDuration / 3)
        while let settled, state.withLock({ $0.next }) < settled {
            let slot = state.withLock { $0.next }
            let line = await line(slot, chain)
            state.withLock { state in
                state.next = slot + 1
                state.finished.append(line)
            }
            if !isLive {
                if slot == .zero { write(DemoBoard.header + "\n") }
                write(line + "\n")
            }
        }
        guard isLive else { return }
        var lines = [DemoBoard.header] + state.withLock { Array($0.finished.suffix(Self.rowsMax)) }
        if state.withLock({ $0.next }) <= current { lines.append(await line(current, chain)) }
        let rejected = await chain.rejections.count
        lines.append("")
        lines.append(
            "  slot \(current)   peers \(peersText())   rejected \(rejected)   failed duties \(board.failures.count)")
        redraw(lines)
    }

    package func closing(_ summary: DemoCluster.Summary) {
        let deciding = board.decidingTimes
        let broadcasting = board.broadcastingTimes
        var lines = [
            "",
            "Summary",
            "  attestations included and verified  \(summary.included) of \(summary.expected)",
            "  rejected by the chain               \(summary.rejections.count)",
            "  failed duties                       \(summary.failures.count)",
            "  consensus start to decided          p50 \(text(deciding, 0.5))   p99 \(text(deciding, 0.99))",
            "  decided to broadcast                p50 \(text(broadcasting, 0.5))   p99 \(text(broadcasting, 0.99))",
            "  slot/3 to first inclusion           p50 \(text(summary.inclusionDelays, 0.5))   p99 \(text(summary.inclusionDelays, 0.99))",
        ]
        if let ready = summary.startToReady {
            lines.append("  start to complete cluster           \(GoDuration.format(ready.rounded))")
        }
        if let first = summary.startToFirstInclusion {
            lines.append("  start to first attestation          \(GoDuration.format(first.rounded))")
        }
        let usage = ProcessUsage.now()
        lines.append(
            "  this process (all nodes and chain)  \(String(format: "%.1f", usage.cpuSeconds)) s CPU, \(usage.residentMiB) MiB resident"
        )
        for fault in board.faults.prefix(10) { lines.append("  fault    \(fault)") }
        for retry in board.retries.prefix(5) { lines.append("  retried  \(retry)") }
        for failure in summary.failures.prefix(10) { lines.append("  FAILED   \(failure)") }
        for missing in summary.missing.prefix(10) { lines.append("  MISSING  \(missing)") }
        for rejection in summary.rejections.prefix(10) {
            lines.append("  REJECTED slot \(rejection.slot) validator \(rejection.validator): \(rejection.why)")
        }
        lines.append(
            summary.isGood
                ? "\n✔ every attestation of every validator was broadcast and verified, nothing was rejected"
                : "\n✘ something went wrong, see above")
        write(lines.joined(separator: "\n") + "\n")
    }

    /// Measurements for programs: milliseconds.
    package func write(_ summary: DemoCluster.Summary, to path: String) throws {
        func value(_ times: [Duration], _ share: Double) -> JSONValue {
            Percentile.of(times, share).map { .number(String(format: "%.3f", Percentile.milliseconds($0))) } ?? .null
        }
        let deciding = board.decidingTimes
        let broadcasting = board.broadcastingTimes
        let usage = ProcessUsage.now()
        let json: JSONValue = [
            "nodes": JSONValue(options.nodes), "validators": JSONValue(options.validators),
            "expected": JSONValue(summary.expected), "included": JSONValue(summary.included),
            "rejected": JSONValue(summary.rejections.count), "failed": JSONValue(summary.failures.count),
            "decide_ms_p50": value(deciding, 0.5), "decide_ms_p90": value(deciding, 0.9),
            "decide_ms_p99": value(deciding, 0.99), "broadcast_ms_p50": value(broadcasting, 0.5),
            "broadcast_ms_p90": value(broadcasting, 0.9), "broadcast_ms_p99": value(broadcasting, 0.99),
            "inclusion_ms_p50": value(summary.inclusionDelays, 0.5),
            "inclusion_ms_p90": value(summary.inclusionDelays, 0.9),
            "inclusion_ms_p99": value(summary.inclusionDelays, 0.99),
            "process_cpu_seconds": .number(String(format: "%.3f", usage.cpuSeconds)),
            "process_resident_mib": JSONValue(usage.residentMiB),
        ]
        try Data(json.text(indent: " ").utf8).write(to: URL(fileURLWithPath: path))
    }

    // MARK: Lines

    private func line(_ slot: Slot, _ chain: DemoChain) async -> String {
        let expected = chain.duties(in: slot).count
        let included = await chain.inclusions(slot).count
        guard expected > 0 else {
            return "  \(String(repeating: " ", count: max(0, 4 - "\(slot)".count)))\(slot)  no duties"
        }
        return board.line(.attester(slot: slot), nodes: options.nodes, included: included, expected: expected)
    }

    private func peersText() -> String {
        (0..<options.nodes).map { "\(board.connected[$0] ?? 0)" }.joined(separator: " ") + " of \(options.nodes - 1)"
    }

    private func text(_ values: [Duration], _ share: Double) -> String { Percentile.text(values, share) }

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
