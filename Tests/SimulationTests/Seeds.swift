import DutyWorkflow
import Ethereum
import Foundation
import Simulation
import Testing

/// Seeds to run: `SEED=17` replays one, `SEEDS=0..<1000` widens the search.
enum Seeds {
    static func fromEnvironment(default range: Range<UInt64>) -> [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let one = environment["SEED"].flatMap({ UInt64($0) }) { return [one] }
        let bounds = environment["SEEDS"]?.split(separator: "..<").compactMap { UInt64($0) } ?? []
        return bounds.count == 2 && bounds[0] < bounds[1] ? Array(bounds[0]..<bounds[1]) : Array(range)
    }
}

func makeCluster(
    _ nodes: Int, _ seed: UInt64, _ change: (inout SimulatedCluster.Options) -> Void = { _ in }
) -> SimulatedCluster {
    var options = SimulatedCluster.Options()
    options.nodes = nodes
    options.seed = seed
    change(&options)
    return SimulatedCluster(options)
}

func replay(_ seed: UInt64) -> Comment { "replay with SEED=\(seed) swift test --filter SimulationTests" }

extension SimulatedCluster {
    func start(ofSlot slot: UInt64) -> Instant { chain.clock.start(of: Slot(slot)) }

    /// Attestations of the slots in `range` that nobody broadcast.
    func missed(slots: Range<UInt64>) -> [String] { attestations(in: slots).filter { !isBroadcast($0) }.map(name) }

    /// Attestations that this node's own share was never heard for.
    func unshared(by node: Int, slots: Range<UInt64>) -> [String] {
        attestations(in: slots).filter { row in
            !oracle.shared(ShareIndex(PeerIndex(node)), .attester(slot: row.slot)).pubKeys.contains(row.pubKey)
        }.map(name)
    }

    /// What nobody broadcast of all that the cluster owes the chain in these slots.
    ///
    /// - Parameters:
    ///   - forks: under which selection proofs are signed; those of the start if nil.
    ///   - lists: whether contributions are exchanged as lists.
    func missedOfAll(slots: Range<UInt64>, _ forks: ForkSchedule? = nil, lists: Bool = false) -> [String] {
        slots.map { Slot($0) }.flatMap { slot in
            chain.owed(in: slot, forks, lists: lists).filter { !oracle.broadcastEntries($0.duty).contains($0.key) }
                .map { "\($0.duty) \($0.key)" }
        }
    }

    func succeeded(slots: Range<UInt64>) -> [String] { attestations(in: slots).filter { isBroadcast($0) }.map(name) }

    private func attestations(in slots: Range<UInt64>) -> [AttesterDuty] {
        Set(slots.map { chain.clock.epoch(of: Slot($0)) }).sorted()
            .flatMap { chain.duties(of: $0) }.filter { slots.contains($0.slot.rawValue) }
    }

    private func isBroadcast(_ row: AttesterDuty) -> Bool {
        oracle.broadcastKeys(.attester(slot: row.slot)).contains(row.pubKey)
    }

    private func name(_ row: AttesterDuty) -> String { "slot \(row.slot) validator \(row.validatorIndex)" }
}
