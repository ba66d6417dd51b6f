import DutyWorkflow
import Ethereum
import Foundation
import Synchronization

/// What the demo shows while it runs: one row per slot, with what each node had to say about it.
///
/// Reports come from all nodes at once. The board only collects; `lines` renders.
package final class DemoBoard: Sendable {
    struct Row: Sendable {
        var duty: Duty
        var validators = 0
        var rounds: [Int: Int64] = [:]
        var deciding: [Int: Duration] = [:]
        var broadcasting: [Int: Duration] = [:]
        var faults: [String] = []

        /// The highest round a node needed.
        var round: Int64? { rounds.values.max() }
    }

    private struct State: Sendable {
        var rows: [Duty: Row] = [:]
        var failures: [String] = []
        var faults: [String] = []
        var retries: [String] = []
        var connected: [Int: Int] = [:]
        var ready: Set<Int> = []
    }

    private let state = Mutex(State())

    package init() {}

    package func heard(_ report: Report, from node: Int) {
        state.withLock { state in
            // The demo's chain and clients attest; what else nodes prepare for cannot end here.
            guard report.duty.map({ $0.type == .attester }) ?? true else { return }
            switch report {
            case .started(let duty, let validators):
                state.rows[duty, default: Row(duty: duty)].validators = validators
            case .decided(let duty, let round, _, let after):
                state.rows[duty, default: Row(duty: duty)].rounds[node] = round
                state.rows[duty]?.deciding[node] = after
            case .succeeded(let duty, _, let since):
                state.rows[duty, default: Row(duty: duty)].broadcasting[node] = since
            case .failed(let failure): state.failures.append("node \(node): \(failure)")
            case .fault(let duty, let what): state.faults.append("node \(node): duty \(duty): \(what)")
            case .retrying(let duty, let step, let detail):
                state.retries.append("node \(node): duty \(duty): \(step.name): \(detail)")
            case .dutiesUnavailable(let epoch, let why):
                state.retries.append("node \(node): duties of epoch \(epoch): \(why)")
            case .dutiesMissed(let from, let to, let count, let why):
                state.failures.append(
                    "node \(node): \(count.map { "\($0)" } ?? "unknown") duties of slots \(from) to \(to): \(why)")
            case .twinSeen(let duty, let what): state.faults.append("node \(node): duty \(duty): twin: \(what)")
            case .roundChanged, .analysed, .peerAbsent, .peerReturned, .prioritiesAgreed: break
            }
        }
    }

    package func peers(of node: Int, connected: Int) { state.withLock { $0.connected[node] = connected } }

    /// The node knows its chain and answers on its validator API.
    package func ready(_ node: Int) { state.withLock { _ = $0.ready.insert(node) } }
    package var readyNodes: Int { state.withLock { $0.ready.count } }

    package var failures: [String] { state.withLock { $0.failures } }
    package var faults: [String] { state.withLock { $0.faults } }
    package var retries: [String] { state.withLock { $0.retries } }
    package var connected: [Int: Int] { state.withLock { $0.connected } }

    func row(_ duty: Duty) -> Row? { state.withLock { $0.rows[duty] } }

    /// Times from all nodes and duties, for the summary.
    package var decidingTimes: [Duration] { state.withLock { $0.rows.values.flatMap(\.deciding.values) } }
    package var broadcastingTimes: [Duration] { state.withLock { $0.rows.values.flatMap(\.broadcasting.values) } }

    // MARK: Rendering

    static let header = "  slot  duty      vals  round  decide p50/max     broadcast p50/max  nodes  included"

    func line(_ duty: Duty, nodes: Int, included: Int, expected: Int) -> String {
        guard let row = row(duty) else {
            return "  \(pad("\(duty.slot)", 4))  \(pad(duty.type.name, 8, left: false))  \(pad("\(expected)", 4))  –"
        }
        let decide =
            "\(Percentile.text(Array(row.deciding.values), 0.5)) / \(Percentile.text(Array(row.deciding.values), 1))"
        let out = Array(row.broadcasting.values)
        let broadcast = "\(Percentile.text(out, 0.5)) / \(Percentile.text(out, 1))"
        let mark = included == expected ? "✔" : "✘"
        return "  \(pad("\(duty.slot)", 4))  \(pad(duty.type.name, 8, left: false))  \(pad("\(expected)", 4))"
            + "  \(pad(row.round.map { "\($0)" } ?? "–", 5))  \(pad(decide, 17, left: false))"
            + "  \(pad(broadcast, 17, left: false))  \(pad("\(row.broadcasting.count)/\(nodes)", 5))"
            + "  \(pad("\(included)/\(expected)", 7)) \(mark)"
    }

    private func pad(_ text: String, _ width: Int, left: Bool = true) -> String {
        let fill = String(repeating: " ", count: max(0, width - text.count))
        return left ? fill + text : text + fill
    }
}

/// Order statistics of durations, for people.
package enum Percentile {
    /// - Parameter share: 0 … 1; 1 is the maximum. nil without values.
    package static func of(_ values: [Duration], _ share: Double) -> Duration? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        return sorted[min(sorted.count - 1, Int((Double(sorted.count - 1) * share).rounded(.up)))]
    }

    package static func milliseconds(_ duration: Duration) -> Double { duration / .milliseconds(1) }

    static func text(_ values: [Duration], _ share: Double) -> String {
        guard let value = of(values, share) else { return "–" }
        return String(format: "%.1f ms", milliseconds(value))
    }
}
