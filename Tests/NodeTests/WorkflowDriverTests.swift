import DutyWorkflow
import Ethereum
import NIOCore
import NIOPosix
import QBFT
import SSZ
import Synchronization
import Testing

@testable import Node

/// One node of a cluster of one-of-four leaders, on a loop of its own, with a disk and hands that the test holds.
@Suite("WorkflowDriver", .timeLimit(.minutes(1)))
struct WorkflowDriverTests {
    private final class Count: Sendable {
        private let count = Mutex(0)
        func add() { count.withLock { $0 += 1 } }
        var value: Int { count.withLock { $0 } }
    }

    /// Goes on by itself, and can be set.
    private final class Clockwork: Sendable {
        private let offset: Mutex<Duration>
        private let start: Instant
        private let begun = ContinuousClock.now

        init(_ start: Instant) {
            self.start = start
            offset = Mutex(.zero)
        }

        func set(_ step: Duration) { offset.withLock { $0 += step } }
        var now: Instant { start + (ContinuousClock.now - begun) + offset.withLock { $0 } }
    }

    private let disk = FakeDisk()
    private let twins = Count()
    private let effects: AsyncStream<Effect>
    private let sink: AsyncStream<Effect>.Continuation
    private let duty = Duty.attester(slot: Slot(41))

    init() { (effects, sink) = AsyncStream.makeStream(of: Effect.self) }

    private var start: Instant { clock.start(of: duty.slot) + .seconds(4) }
    private var clock: SlotClock {
        SlotClock(genesis: Instant(nanoseconds: 0), slotDuration: .seconds(12), slotsPerEpoch: 32)
    }
    private let pubKey = PubKey([0xa0] + [UInt8](repeating: 1, count: 47)) ?? .zero

    private func driver(now: (@Sendable () -> Instant)? = nil) -> WorkflowDriver {
        let configuration = WorkflowConfiguration(
            nodes: 4, threshold: 3, peer: PeerIndex(0), validators: [pubKey], clock: clock,
            spec: DutyScene.spec, signs: false, seed: 1)
        let workflow = Workflow(configuration: configuration) { _, message in
            var sealed = message
            sealed.signature = [1]
            return sealed
        }
        return WorkflowDriver(
            workflow: workflow, loop: MultiThreadedEventLoopGroup.singleton.next(), now: now ?? { [start] in start },
            commit: { [disk] records, done in disk.commit(records, done) },
            perform: { [sink, twins] effect, _ in
                if case .report(.twinSeen) = effect { twins.add() }
                if case .report = effect { return }
                sink.yield(effect)
            })
    }

    private var row: AttesterDuty {
        var row = AttesterDuty()
        row.pubKey = pubKey
        row.slot = duty.slot
        row.committeeLength = 8
        row.committeesAtSlot = 1
        return row
    }

    private var data: AttestationData {
        var data = AttestationData()
        data.slot = duty.slot
        data.target = Checkpoint(epoch: 1, root: .zero)
        return data
    }

    /// Leads the duty, whose first round is this node's, to its proposal.
    private func propose(_ driver: WorkflowDriver) async -> AsyncStream<Effect>.Iterator {
        var iterator = effects.makeAsyncIterator()
        driver.post(.dutiesResolved(Epoch(1), .attester, [.attester(row)]))
        while let effect = await iterator.next() {
            guard case .fetch(duty, _) = effect else { continue }
            driver.post(.fetched(duty, .attestationData([.zero: data])))
            break
        }
        return iterator
    }

    @Test("a vote is sent when the disk has it, and not before; what comes meanwhile makes up the next commit")
    func durableFirst() async throws {
        let driver = driver()
        let running = Task { try await driver.run(restoring: JournalSnapshot()) }
        var iterator = await propose(driver)
        let first = await disk.next()
        #expect(first.records.count == 2, "proposal and PREPARE in one commit")
        // Nothing of the duty has left: the next effect comes only with the commit.
        driver.post(.shared(duty, [EntryKey(pubKey)]))
        _ = try await driver.ask(.attesters([]))
        #expect(disk.waiting == 0, "one commit at a time")
        first.done(.success(()))
        var sent: [QBFT.Message.Kind] = []
        while sent.count < 2, let effect = await iterator.next() {
            if case .sendConsensus(let message) = effect { sent.append(message.message.kind) }
        }
        #expect(sent == [.prePrepare, .prepare])
        disk.free()
        running.cancel()
        try await running.value
    }

    @Test("a disk that fails ends the run, and nothing that waited for it happens")
    func diskFails() async throws {
        let driver = driver()
        let running = Task { try await driver.run(restoring: JournalSnapshot()) }
        var iterator = await propose(driver)
        let first = await disk.next()
        first.done(.failure(FakeDisk.Full()))
        await #expect(throws: FakeDisk.Full.self) { try await running.value }
        driver.post(.wake)
        await #expect(throws: CancellationError.self) { try await driver.ask(.attesters([])) }
        sink.finish()
        while let effect = await iterator.next() {
            if case .sendConsensus = effect { Issue.record("a vote left without its record") }
        }
    }

    @Test("questions are answered on the spot or when their time comes; who goes away is forgotten")
    func questions() async throws {
        disk.free()
        let driver = driver()
        let running = Task { try await driver.run(restoring: JournalSnapshot()) }
        let position = AttesterPosition(slot: duty.slot, committee: 0, validator: 0)
        #expect(try await driver.ask(.attesters([position])) == .attesters([nil]))
        let waiting = Task { try await driver.ask(.decided(.attestation(duty.slot, 0))) }
        let leaving = Task { try await driver.ask(.decided(.attestation(duty.slot, 0))) }
        leaving.cancel()
        await #expect(throws: CancellationError.self) { try await leaving.value }
        running.cancel()
        try await running.value
        await #expect(throws: CancellationError.self) { try await waiting.value }
    }

    @Test("notes that never found company are written at the end")
    func lastNotes() async throws {
        let driver = driver()
        let running = Task { try await driver.run(restoring: JournalSnapshot()) }
        driver.post(.shared(duty, [EntryKey(pubKey)]))
        _ = try await driver.ask(.attesters([]))
        running.cancel()
        let last = await disk.next()
        #expect(last.records == [.partialStatus(duty, [EntryKey(pubKey)], .broadcasted)])
        last.done(.success(()))
        try await running.value
    }

    @Test("what comes before the journal is restored waits for it")
    func restoredFirst() async throws {
        disk.free()
        let driver = driver()
        // A vote of our own that the journal knows: before it is read, it would look like another process's.
        let value = Root([UInt8](repeating: 3, count: 32)) ?? .zero
        let vote = QBFT.Message(.prepare, round: 1, source: 0, value: value, signature: [1])
        driver.post(.consensusMessage(ConsensusMessage(duty: duty, message: vote, values: [:])))
        var snapshot = JournalSnapshot()
        snapshot.votes[duty] = [vote]
        let running = Task { try await driver.run(restoring: snapshot) }
        _ = try await driver.ask(.attesters([]))
        #expect(twins.value == 0)
        running.cancel()
        try await running.value
    }

    @Test("a clock that steps back does not stop the clockwork")
    func clockBack() async throws {
        disk.free()
        let clockwork = Clockwork(start)
        let driver = driver(now: { clockwork.now })
        let running = Task { try await driver.run(restoring: JournalSnapshot()) }
        var iterator = effects.makeAsyncIterator()
        driver.post(.dutiesUnavailable(Epoch(1), .attester, reason: "down"))
        _ = try await driver.ask(.attesters([]))
        clockwork.set(.milliseconds(-300))
        // Asked again when its pause is over, by the node's own clock, without any event from outside.
        while let effect = await iterator.next() {
            guard case .resolveDuties(Epoch(1), _) = effect else { continue }
            break
        }
        running.cancel()
        try await running.value
    }
}
