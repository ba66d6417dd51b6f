import SSZ

/// Asks a beacon node what a cluster would ask, slot by slot.
struct BeaconSimulation: Sendable {
    /// Requests under way at once.
    private static let concurrency = BeaconTest.connectionsMax

    let node: HTTPService
    let plan: SimulationPlan
    let clock: ProbeClock

    private enum Outcome: Sendable {
        case answered(String, Duration, status: Int)
        case failed(String, String)
    }

    /// - Throws: when the node does not say where the chain is, or the task is cancelled.
    func run() async throws -> SimulationReport {
        let chain = try await chain()
        let start = clock.now()
        var report = SimulationReport(mix: plan.mix)
        for index in 0..<plan.slots {
            for burst in plan.bursts(index, chain) {
                let pause = start + chain.timing.slotDuration * index + burst.offset - clock.now()
                if pause > .zero { try await clock.sleep(pause) }
                try await send(burst.rows) { outcome in
                    switch outcome {
                    case .answered(let name, let time, let status): report.note(name, time, status: status)
                    case .failed(let name, let reason): report.noteFailure(name, reason)
                    }
                }
            }
        }
        return report
    }

    private func chain() async throws -> SimulationPlan.Chain {
        guard let head = try await node.json("/eth/v1/node/syncing")["data"]?["head_slot"]?.uint64,
            // Far beyond any real one, and far enough from the end of the type.
            head < 1 << 60
        else { throw CaseFailure.unexpected("no head_slot in the answer to /eth/v1/node/syncing") }
        return SimulationPlan.Chain(timing: try await SlotTiming(of: node), headSlot: head)
    }

    private func send(_ rows: [[SimulatedRequest]], _ note: (Outcome) -> Void) async throws {
        try await withThrowingTaskGroup(of: [Outcome].self) { group in
            for (index, row) in rows.enumerated() {
                if index >= Self.concurrency, let outcomes = try await group.next() { outcomes.forEach(note) }
                group.addTask { try await send(row) }
            }
            for try await outcomes in group { outcomes.forEach(note) }
        }
    }

    private func send(_ row: [SimulatedRequest]) async throws -> [Outcome] {
        var outcomes: [Outcome] = []
        for request in row {
            do throws(CaseFailure) {
                let answer = try await node.send(request.method, request.path, body: request.body)
                outcomes.append(.answered(request.name, answer.headDelay, status: answer.status))
            } catch {
                try Task.checkCancellation()
                outcomes.append(.failed(request.name, "\(error)"))
            }
        }
        return outcomes
    }
}
