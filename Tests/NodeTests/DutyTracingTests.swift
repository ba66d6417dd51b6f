import DutyWorkflow
import Ethereum
import SSZ
import Synchronization
import Testing
import Traces

@testable import Node

@Suite("DutyTracing")
struct DutyTracingTests {
    private struct Trouble: Error {}

    private static let clock = SlotClock(
        genesis: Instant(unixSeconds: 1_700_000_000), slotDuration: .seconds(12), slotsPerEpoch: 32)
    private static let duty = Duty.attester(slot: 10)

    private final class Sink: Sendable {
        private let all = Mutex<[Span]>([])
        func add(_ spans: [Span]) { all.withLock { $0 += spans } }
        var spans: [Span] { all.withLock { $0 } }
    }

    private let sink = Sink()
    private let tracing: DutyTracing

    init() {
        let now = Self.clock.begin(of: Self.duty)
        tracing = DutyTracing(
            DutyTracer(lockHash: .zero, clock: Self.clock, seed: 1), now: { now }, export: { [sink] in sink.add($0) })
    }

    @Test("an effect is followed to its event, and effects that are not traced cost nothing")
    func effect() throws {
        let ended = try #require(tracing.watch(.fetch(Self.duty, .headRoot)))
        #expect(sink.spans.isEmpty)
        ended(.fetchFailed(Self.duty, Failure(reason: "503", isTemporary: true)))
        #expect(sink.spans.map(\.name) == ["core/fetcher.Fetch"] && sink.spans.first?.error == "503")
        #expect(tracing.watch(.decodeAhead([])) == nil)
    }

    @Test("a commit that fails says so in its spans")
    func commit() {
        let ended = tracing.watch([.unsigned(Self.duty, [:])])
        ended(Trouble())
        #expect(sink.spans.map(\.name) == ["core/dutydb.Store"] && sink.spans.first?.error == "Trouble()")
    }

    @Test("a question ends with its answer, with what was refused, or with its error")
    func questions() async throws {
        #expect(try await tracing.follow(.aggSigDBAwait, of: [Self.duty]) { 7 } == 7)
        _ = try await tracing.follow(.submitAttestations, of: [Self.duty], failure: { _ in Trouble() }) { 7 }
        await #expect(throws: Trouble.self) {
            try await tracing.follow(.awaitProposal, in: .proposal, of: [Self.duty]) { () -> Int in throw Trouble() }
        }
        #expect(sink.spans.map(\.error) == [nil, "Trouble()", "Trouble()", "Trouble()"])
    }

    @Test("a client that goes away is no error")
    func cancelled() async {
        await #expect(throws: CancellationError.self) {
            try await tracing.follow(.attestationData, of: [Self.duty]) { () -> Int in throw CancellationError() }
        }
        #expect(sink.spans.map(\.error) == [nil])
    }

    @Test("at the end open duties are told")
    func finish() {
        tracing.heard(.started(Self.duty, validators: 1))
        tracing.finish()
        #expect(sink.spans.contains { $0.name == "core/duty.attester" && $0.parent == nil })
    }
}
