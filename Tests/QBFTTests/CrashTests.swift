import SSZ
import Testing

@testable import QBFT

/// One node of four crashes at each step of a run in turn: between any two effects, before and after each journal
/// entry and each single send. After the restart its beacon node offers another value.
@Suite struct CrashTests {
    struct Scenario: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Leads round 1 without a value, so that a round change comes.
        var withoutInput: Set<Int> = []
        /// Milliseconds.
        let downtime: Int
    }

    static let scenarios = [
        Scenario(testDescription: "back in round 1", downtime: 20),
        Scenario(testDescription: "back in round 3", downtime: 2500),
        Scenario(testDescription: "back in round 2, after a round change", withoutInput: [1], downtime: 20),
        Scenario(testDescription: "back in round 4, after a round change", withoutInput: [1], downtime: 2500),
    ]

    private func cluster(_ scenario: Scenario, keepsJournal: Bool = true) -> SimulatedCluster {
        var faults = SimulatedCluster.Faults()
        faults.downtime = scenario.downtime...scenario.downtime
        faults.keepsJournal = keepsJournal
        var cluster = SimulatedCluster(nodes: 4, seed: 1, faults: faults)
        cluster.withoutInput = scenario.withoutInput
        return cluster
    }

    /// Steps of each node in the undisturbed run.
    private func steps(_ scenario: Scenario) -> [Int] {
        var undisturbed = cluster(scenario)
        undisturbed.run(until: .seconds(60))
        return (0..<4).map { undisturbed.steps(of: $0) }
    }

    @Test("once, anywhere: no second vote, one decision, everybody decides", arguments: scenarios)
    func once(scenario: Scenario) {
        for (node, steps) in steps(scenario).enumerated() {
            #expect(steps >= 10)
            for step in 1...steps {
                var cluster = cluster(scenario)
                cluster.crashPlan = [node: [step]]
                cluster.run(until: .seconds(60))
                #expect(cluster.violations == [], "node \(node), step \(step)")
                #expect(cluster.haveAllDecided, "node \(node), step \(step)")
            }
        }
    }

    @Test("twice, and a second node with it", arguments: scenarios)
    func more(scenario: Scenario) {
        let steps = steps(scenario)
        for first in 1...steps[1] {
            for second in 1...12 {
                var cluster = cluster(scenario)
                cluster.crashPlan = [1: [first, first + second], 2: [second * 2]]
                cluster.run(until: .seconds(120))
                #expect(cluster.violations == [], "steps \(first), \(second)")
                #expect(cluster.haveAllDecided, "steps \(first), \(second)")
            }
        }
    }

    @Test("all crash but one, which may have decided alone: they still decide the same")
    func lonelyDecision() {
        var faults = SimulatedCluster.Faults()
        faults.downtime = 2500...2500
        // Node 0 hears the others, they hear nothing of it: not its COMMIT, not its DECIDED.
        faults.mute = [0]
        faults.heal = .seconds(10)
        var lonely = 0
        for early in 1...8 {
            for late in 6...16 {
                for lead in 0...6 {
                    var cluster = SimulatedCluster(nodes: 4, seed: 1, faults: faults)
                    cluster.crashPlan = [1: [late + lead], 2: [late], 3: [early]]
                    cluster.run(until: .seconds(1))
                    if cluster.decisions[0] != nil, cluster.decisions.count(where: { $0 != nil }) == 1 { lonely += 1 }
                    cluster.run(until: .seconds(120))
                    #expect(cluster.violations == [], "steps \(early), \(late), \(lead)")
                    #expect(cluster.haveAllDecided, "steps \(early), \(late), \(lead)")
                }
            }
        }
        #expect(lonely > 0, "the case this test is about")
    }

    @Test("without the journal nodes do contradict themselves: these tests can fail")
    func amnesia() {
        var violations: [String] = []
        for scenario in Self.scenarios {
            for (node, steps) in steps(scenario).enumerated() {
                for step in 1...steps {
                    var cluster = cluster(scenario, keepsJournal: false)
                    cluster.crashPlan = [node: [step]]
                    cluster.run(until: .seconds(60))
                    violations += cluster.violations
                }
            }
        }
        #expect(violations.contains { $0.contains("said both") })
    }
}
