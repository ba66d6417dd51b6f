import DutyWorkflow
import Ethereum

/// How a type of duty went.
package struct DemoTally: Sendable {
    package var expected = 0
    package var included = 0
    /// From the start of the duty until the beacon node had the first copy.
    package var delays: [Duration] = []
}

/// How a demo went.
package struct DemoSummary: Sendable {
    /// Those that count.
    package var slots: Range<UInt64> = 0..<0
    package var tallies: [DutyType: DemoTally] = [:]
    package var rejections: [DemoChain.Rejection] = []
    /// What nodes gave up.
    package var failures: [String] = []
    /// Blocks that some nodes gave up and others brought to the chain: a block has a third of a slot, and one node that
    /// brings it is enough.
    package var late: [String] = []
    package var missing: [String] = []
    package var startToReady: Duration?
    package var startToFirstAttestation: Duration?

    package init() {}

    /// Every duty of every validator arrived and was verified, and nothing else did.
    package var isGood: Bool {
        !tallies.isEmpty && tallies.values.allSatisfy { $0.expected == $0.included } && rejections.isEmpty
            && failures.isEmpty && missing.isEmpty
    }

    /// Adds up what the chain has of these slots.
    package mutating func judge(_ expectations: DemoExpectations, _ slots: Range<UInt64>) async {
        let chain = expectations.chain
        self.slots = slots
        for slot in slots.map({ Slot($0) }) {
            for row in expectations.rows(in: slot) {
                let included = await chain.inclusions(row.duty).filter { row.parts.contains($0.part) }
                var tally = tallies[row.duty.type] ?? DemoTally()
                tally.expected += row.parts.count
                tally.included += included.count
                tally.delays += included.map { $0.arrival - row.begin }
                tallies[row.duty.type] = tally
                let absent = row.parts.subtracting(included.map(\.part)).map(\.validator).sorted()
                if !absent.isEmpty {
                    let list = absent.prefix(8).map { "\($0)" }.joined(separator: " ") + (absent.count > 8 ? " …" : "")
                    missing.append("duty \(row.duty) of \(absent.count) validators: \(list)")
                }
            }
        }
        rejections = await chain.rejections
    }

    /// Only what belongs to the slots that were judged.
    mutating func judge(_ failures: [DemoBoard.Failure], _ chain: DemoChain) async {
        for failure in failures where failure.slot.rawValue >= slots.lowerBound {
            let isOfBlock = failure.duty.map { [.proposer, .randao].contains($0.type) } ?? false
            if isOfBlock, await chain.blockRoot(failure.slot) != nil {
                late.append(failure.text)
            } else {
                self.failures.append(failure.text)
            }
        }
    }
}
