import Testing

@testable import Diagnostics

/// Source of the rows: spec/cli-create.md §13.
@Suite struct LimitsTests {
    private static let step = Duration.nanoseconds(1)

    @Test(
        "times: Good to the average limit, Avg to the poor one, Poor beyond and at nothing",
        arguments: [
            (Limits.peerRoundTrip, 50, 240), (.beaconRoundTrip, 40, 100), (.beaconSimulation, 200, 400),
            (.mevRoundTrip, 40, 100), (.mevBlock(given: .milliseconds(1000)), 900, 1000),
            (.mevBlock(given: .milliseconds(200)), 180, 200),
        ])
    func ceilings(limits: Limits, average: Int, poor: Int) {
        for (time, verdict) in [
            (Duration.zero, Verdict.poor), (Self.step, .good), (.milliseconds(average), .good),
            (.milliseconds(average) + Self.step, .average), (.milliseconds(poor), .average),
            (.milliseconds(poor) + Self.step, .poor), (.seconds(3600), .poor),
        ] {
            #expect(limits.verdict(time) == verdict, "\(time)")
        }
    }

    @Test(
        "amounts: Poor below the poor limit, Avg below the average one, else Good",
        arguments: [
            (Limits.beaconPeers, 50.0, 20.0), (.diskSpeed, 1000, 500), (.diskOperations, 2000, 1000),
            (.availableMemory, 4000, 2000), (.totalMemory, 8000, 4000),
        ])
    func floors(limits: Limits, average: Double, poor: Double) {
        for (value, verdict) in [
            (0, Verdict.poor), (poor - 0.001, .poor), (poor, .average), (average - 0.001, .average), (average, .good),
            (1e12, .good),
        ] {
            #expect(limits.verdict(value) == verdict, "\(value)")
        }
    }
}
