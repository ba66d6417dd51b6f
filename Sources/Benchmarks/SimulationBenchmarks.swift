import DutyWorkflow
import Ethereum
import Simulation

/// The whole workflow of all nodes of a cluster, with simulated network, disks and signatures, in one thread.
enum SimulationBenchmarks {
    static func run(_ bench: inout Bench) throws {
        for (nodes, validators) in [(4, 8), (7, 8), (10, 8), (4, 100)] {
            let name = "workflow slots, \(nodes) nodes, \(validators) validators"
            guard bench.wants(name) else { continue }
            let slots: UInt64 = bench.isQuick ? 16 : 64
            let cost = try bench.stopwatch.microseconds {
                cluster(nodes, validators)
            } _: { fresh in
                var cluster = fresh
                cluster.run(untilSlot: slots + 1)
                try check(cluster, slots: slots)
            }
            bench.record(name, n: nodes, Double(slots) * 1_000_000 / cost, "slots/s", .thread)
        }
    }

    private static func cluster(_ nodes: Int, _ validators: Int) -> SimulatedCluster {
        var options = SimulatedCluster.Options()
        options.nodes = nodes
        options.validators = validators
        return SimulatedCluster(options)
    }

    private static func check(_ cluster: SimulatedCluster, slots: UInt64) throws {
        try require(cluster.oracle.conflicts.isEmpty, "the simulated cluster contradicted itself")
        for epoch in 0..<slots / cluster.options.slotsPerEpoch {
            for row in cluster.chain.duties(of: Epoch(epoch)) {
                let isDone = cluster.oracle.broadcastKeys(.attester(slot: row.slot)).contains(row.pubKey)
                try require(isDone, "the simulated cluster missed slot \(row.slot)")
            }
        }
    }
}
