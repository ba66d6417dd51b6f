import DutyWorkflow
import Ethereum
import SSZ
import Traces

/// What tracing costs for one duty. Without `--otlp-address` nothing of it is done.
enum TraceBenchmarks {
    /// What a node does for a vote, shares of three peers included.
    private static let steps: [SpanName] = [
        .fetch, .attestationData, .submitAttestations, .storeInternal, .parSigExBroadcast, .parSigExHandle,
        .parSigExHandle, .parSigExHandle, .storeExternal, .aggregate, .aggSigDBStore, .broadcast,
    ]
    /// Of the duty itself, its begin and its consensus.
    private static let otherSpans = 4

    static func run(_ bench: inout Bench) throws {
        let name = "trace of one duty"
        guard bench.wants(name) else { return }
        let clock = SlotClock(
            genesis: Instant(unixSeconds: 1_700_000_000), slotDuration: .seconds(12), slotsPerEpoch: 32)
        var tracer = DutyTracer(lockHash: .zero, clock: clock, seed: 1)
        var slot: UInt64 = 0
        var count = 0
        bench.time(name, n: steps.count + otherSpans) {
            slot += 1
            let duty = Duty(slot: Slot(slot), type: .attester)
            let now = clock.begin(of: duty)
            var spans = tracer.heard(.started(duty, validators: 100), at: now)
            spans += tracer.heard(
                .decided(duty, round: 1, leader: PeerIndex(0), after: .milliseconds(10)), at: now)
            for step in steps {
                guard let span = tracer.begins(step, duty, at: now) else { continue }
                spans += tracer.ends(span, at: now)
            }
            spans += tracer.heard(
                .succeeded(duty, validators: 100, sinceDecided: .milliseconds(20)), at: now)
            count = spans.count
            keep(tracer.begins([.expired(duty)], at: now).over)
        }
        try require(count == steps.count + otherSpans, "a duty has \(count) spans")
    }
}
