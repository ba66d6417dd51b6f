import DutyWorkflow
import Ethereum
import Synchronization

/// What the nodes of a demo say while it runs. Reports come from all nodes at once.
package final class DemoBoard: Sendable {
    /// What the nodes said of one duty, by node.
    struct Row: Sendable {
        var rounds: [Int: Int64] = [:]
        var deciding: [Int: Duration] = [:]
        var broadcasting: [Int: Duration] = [:]

        /// The highest round a node needed.
        var round: Int64? { rounds.values.max() }
    }

    /// A duty that a node gave up.
    struct Failure: Sendable {
        /// The last slot of those that failed.
        let slot: Slot
        /// nil for several.
        var duty: Duty?
        let text: String
    }

    private struct State: Sendable {
        var rows: [Duty: Row] = [:]
        var failures: [Failure] = []
        var faults: [String] = []
        var retries: [String] = []
        var connected: [Int: Int] = [:]
        /// Ports of validator APIs.
        var ready: [Int: Int] = [:]
        /// The first one that counts.
        var firstSlot: Slot?
    }

    /// Kept of each list in a run without end, and of duties so many times as many.
    private static let endlessMax = 100

    private let duties: DemoDuties
    private let isEndless: Bool
    private let state = Mutex(State())

    /// - Parameter isEndless: whether what is old is forgotten.
    package init(_ duties: DemoDuties, isEndless: Bool = false) {
        self.duties = duties
        self.isEndless = isEndless
    }

    package func heard(_ report: Report, from node: Int) {
        // Where the demo only attests, what else nodes prepare for cannot end.
        if duties == .attester, let duty = report.duty, duty.type != .attester { return }
        state.withLock { state in
            switch report {
            case .decided(let duty, let round, _, let after):
                state.rows[duty, default: Row()].rounds[node] = round
                state.rows[duty]?.deciding[node] = after
            case .succeeded(let duty, _, let since) where duty.type.rules.isDecided:
                state.rows[duty, default: Row()].broadcasting[node] = since
            case .failed(let failure):
                let duty = failure.duty
                state.failures.append(Failure(slot: duty.slot, duty: duty, text: "node \(node): \(failure)"))
            case .fault(let duty, let what): state.faults.append("node \(node): duty \(duty): \(what)")
            case .retrying(let duty, let step, let detail):
                state.retries.append("node \(node): duty \(duty): \(step.name): \(detail)")
            case .dutiesUnavailable(let epoch, let why):
                state.retries.append("node \(node): duties of epoch \(epoch): \(why)")
            case .validatorsWithoutDuty(let epoch, let keys):
                state.retries.append("node \(node): \(keys.count) validators without a duty in epoch \(epoch)")
            case .dutiesMissed(let from, let to, let count, let why):
                let text =
                    "node \(node): \(count.map { "\($0)" } ?? "unknown") duties of slots \(from) to \(to): \(why)"
                state.failures.append(Failure(slot: to, text: text))
            case .twinSeen(let duty, let what): state.faults.append("node \(node): duty \(duty): twin: \(what)")
            case .stillHalted(let halt): state.faults.append("node \(node): duty \(halt.duty): twin: \(halt.seen)")
            case .slashed(let pubKey, let slashing):
                state.faults.append("node \(node): validator \(pubKey) is slashed: \(slashing.seen)")
            case .slashingLifted, .started, .succeeded, .roundChanged, .roundChangesLacked, .analysed, .peerAbsent,
                .peerReturned, .prioritiesAgreed, .plannedSwitch:
                break
            }
            if isEndless { Self.forget(&state) }
        }
    }

    private static func forget(_ state: inout State) {
        state.failures = state.failures.suffix(endlessMax)
        state.faults = state.faults.suffix(endlessMax)
        state.retries = state.retries.suffix(endlessMax)
        guard state.rows.count > 10 * endlessMax else { return }
        for duty in state.rows.keys.sorted().prefix(state.rows.count / 2) { state.rows[duty] = nil }
    }

    /// The cluster is complete: what comes from this slot on counts.
    func begin(_ slot: Slot) { state.withLock { $0.firstSlot = slot } }

    /// Waits for it.
    func firstSlot() async throws -> Slot {
        while true {
            if let slot = state.withLock({ $0.firstSlot }) { return slot }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    package func peers(of node: Int, connected: Int) { state.withLock { $0.connected[node] = connected } }

    /// The node knows its chain and answers on its validator API.
    package func ready(_ node: Int, port: Int) { state.withLock { $0.ready[node] = port } }

    /// Ports of the validator APIs, by node, of those that are ready.
    package var ports: [Int: Int] { state.withLock { $0.ready } }
    package var faults: [String] { state.withLock { $0.faults } }
    package var retries: [String] { state.withLock { $0.retries } }
    package var connected: [Int: Int] { state.withLock { $0.connected } }

    var failures: [Failure] { state.withLock { $0.failures } }

    func row(_ duty: Duty) -> Row? { state.withLock { $0.rows[duty] } }

    /// What the nodes said of all duties of a type in these slots.
    func rows(_ type: DutyType, in slots: Range<UInt64>) -> [Row] {
        state.withLock { state in
            state.rows.filter { $0.key.type == type && slots.contains($0.key.slot.rawValue) }.map(\.value)
        }
    }
}
