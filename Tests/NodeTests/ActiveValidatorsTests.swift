import BeaconAPI
import Ethereum
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import Node

@Suite("the cluster's validators on the chain")
struct ActiveValidatorsTests {
    private static let keys = [PubKey(padding: [1]), PubKey(padding: [2])]
    private static let clock = SlotClock(
        genesis: Instant(unixSeconds: 1000), slotDuration: .seconds(12), slotsPerEpoch: 32)

    /// A chain, and a clock that stands still until it is moved.
    private final class Chain: Sendable {
        let epoch = Mutex(Epoch(10))
        let offset = Mutex(Duration.zero)
        let asked = Mutex(0)
        let answer = Mutex<Result<[BeaconValidator], BeaconError>>(.success([]))
        /// What each node says when all are asked, for whom they were asked, and who was told to be lacking.
        let others = Mutex<[[BeaconValidator]]>([])
        let askedEach = Mutex<[[PubKey]]>([])
        let lacking = Mutex<[[PubKey]]>([])
        /// Answers wait for it.
        let gate = Mutex<Gate?>(nil)

        func validators() -> ActiveValidators {
            ActiveValidators(
                pubKeys: keys, clock: clock,
                now: { [self] in
                    clock.start(of: Slot(epoch.withLock { $0.rawValue } * 32)) + offset.withLock { $0 }
                },
                fetchEach: { [self] keys in
                    askedEach.withLock { $0.append(keys) }
                    return others.withLock { $0 }
                },
                lacks: { [self] keys in lacking.withLock { $0.append(keys) } },
                fetch: { [self] _ async throws(BeaconError) in
                    asked.withLock { $0 += 1 }
                    await gate.withLock { $0 }?.wait()
                    if Task.isCancelled { throw BeaconError(endpoint: "validators", node: "", cause: .cancelled) }
                    return try answer.withLock { $0 }.get()
                })
        }

        var questions: Int { asked.withLock { $0 } }
    }

    private static func row(
        _ index: ValidatorIndex, _ status: ValidatorStatus = .activeOngoing, from activation: Epoch = 0,
        to exit: Epoch = Epoch(.max)
    ) -> BeaconValidator {
        var record = ValidatorRecord()
        record.pubKey = PubKey(padding: [UInt8(index.rawValue)])
        record.activationEpoch = activation
        record.exitEpoch = exit
        return BeaconValidator(index: index, balance: 32, status: status, validator: record)
    }

    @Test("one question an epoch of our clock, whatever epoch is asked about and whoever is missing")
    func oncePerEpoch() async throws {
        let chain = Chain()
        chain.answer.withLock { $0 = .success([Self.row(1)]) }
        let validators = chain.validators()
        for epoch in [Epoch(.max), 9, 10, 11, Epoch(.max)] {
            let active = try await validators.active(in: epoch)
            #expect(active.keys.sorted() == [1])
        }
        #expect(chain.questions == 1)
        chain.answer.withLock { $0 = .success([Self.row(1), Self.row(2)]) }
        chain.epoch.withLock { $0 = 11 }
        let known = try await validators.known().map(\.index)
        #expect(known == [1, 2])
        #expect(chain.questions == 2)
    }

    @Test("known validators do not vanish: all nodes are asked, then what was known counts until the next slot")
    func doNotVanish() async throws {
        let chain = Chain()
        chain.answer.withLock { $0 = .success([Self.row(1), Self.row(2)]) }
        let validators = chain.validators()
        func known() async throws -> [ValidatorIndex] { try await validators.known().map { $0.index } }
        let before = try await known()
        #expect(before == [1, 2] && chain.askedEach.withLock { $0 }.isEmpty)
        chain.epoch.withLock { $0 = 11 }
        chain.answer.withLock { $0 = .success([]) }
        chain.others.withLock { $0 = [[], [Self.row(2)]] }
        for _ in 0..<2 {
            let active = try await validators.active(in: 11)
            let expected = try await validators.expected(in: 11)
            #expect(active.keys.sorted() == [1, 2] && expected == [1, 2])
        }
        #expect(chain.questions == 2 && chain.askedEach.withLock { $0 } == [Self.keys])
        // Nobody knows validator 1.
        chain.offset.withLock { $0 = .seconds(12) }
        let still = try await known()
        #expect(still == [1, 2] && chain.questions == 3)
        // In vain: what is known stays known.
        chain.offset.withLock { $0 = .seconds(24) }
        chain.answer.withLock { $0 = .failure(BeaconError(endpoint: "validators", node: "", cause: .timeout)) }
        let despite = try await known()
        #expect(despite == [1, 2] && chain.questions == 4)
        #expect(chain.lacking.withLock { $0 } == [Self.keys], "told once")
        chain.answer.withLock { $0 = .success([Self.row(1), Self.row(2)]) }
        for (slot, questions) in [(3, 5), (4, 5), (5, 5)] as [(Int, Int)] {
            chain.offset.withLock { $0 = Duration.seconds(12) * slot }
            _ = try await known()
            #expect(chain.questions == questions, "believed until the epoch ends")
        }
    }

    @Test("a node that knows none of them at the start is not believed alone, nor for longer than a slot")
    func emptyStart() async throws {
        let chain = Chain()
        chain.others.withLock { $0 = [[], [Self.row(1)]] }
        let validators = chain.validators()
        let first = try await validators.known().map { $0.index }
        #expect(first == [1])
        // Validator 2 is not deposited: all nodes have been asked.
        chain.epoch.withLock { $0 = 11 }
        chain.answer.withLock { $0 = .success([Self.row(1)]) }
        _ = try await validators.known()
        #expect(chain.questions == 2 && chain.askedEach.withLock { $0 } == [Self.keys])
        let unknown = Chain()
        let nobody = unknown.validators()
        for (slot, questions) in [(0, 1), (0, 1), (1, 2)] as [(Int, Int)] {
            unknown.offset.withLock { $0 = Duration.seconds(12) * slot }
            let known = try await nobody.known()
            #expect(known.isEmpty && unknown.questions == questions)
        }
        #expect(chain.lacking.withLock { $0 }.isEmpty && unknown.lacking.withLock { $0 }.isEmpty)
    }

    @Test("after a reorg they are asked for again")
    func forget() async throws {
        let chain = Chain()
        let validators = chain.validators()
        _ = try await validators.known()
        validators.forget()
        for _ in 0..<2 { _ = try await validators.known() }
        #expect(chain.questions == 2)
        // A beacon node may tell of reorgs without end: once a slot is enough.
        for _ in 0..<5 {
            validators.forget()
            _ = try await validators.known()
        }
        #expect(chain.questions == 2)
        chain.offset.withLock { $0 = .seconds(12) }
        validators.forget()
        _ = try await validators.known()
        #expect(chain.questions == 3)
    }

    @Test("a validator counts from the epoch it becomes active in until it leaves")
    func activation() async throws {
        let chain = Chain()
        chain.answer.withLock {
            $0 = .success([
                Self.row(1, .pendingQueued, from: 11), Self.row(2, .pendingQueued, from: 12),
                Self.row(3, .exitedUnslashed, to: 10), Self.row(4, .pendingInitialized, from: Epoch(.max)),
            ])
        }
        let validators = chain.validators()
        for (epoch, expected) in [(Epoch(10), []), (11, [1]), (12, [1, 2])] as [(Epoch, [ValidatorIndex])] {
            let active = try await validators.active(in: epoch)
            #expect(active.keys.sorted() == expected)
        }
    }

    @Test("callers at the same time share one question")
    func coalesces() async throws {
        let chain = Chain()
        let gate = Gate()
        chain.gate.withLock { $0 = gate }
        chain.answer.withLock { $0 = .success([Self.row(1)]) }
        let validators = chain.validators()
        try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 { group.addTask { try await validators.known().count } }
            gate.open()
            for try await count in group { #expect(count == 1) }
        }
        #expect(chain.questions == 1)
    }

    @Test("who gives up takes nobody with him")
    func cancelled() async throws {
        let chain = Chain()
        let gate = Gate()
        chain.gate.withLock { $0 = gate }
        chain.answer.withLock { $0 = .success([Self.row(1)]) }
        let validators = chain.validators()
        await withTaskGroup(of: BeaconError?.self) { group in
            for _ in 0..<3 {
                group.addTask {
                    do throws(BeaconError) { _ = try await validators.known() } catch { return error }
                    return nil
                }
            }
            group.cancelAll()
            gate.open()
            for await error in group { #expect(error?.cause == .cancelled) }
        }
        let known = try await validators.known().count
        #expect(known == 1)
    }

    @Test("after a failure nothing is asked for a while, which grows")
    func failures() async throws {
        let chain = Chain()
        let failure = BeaconError(endpoint: "validators", node: "", cause: .timeout)
        chain.answer.withLock { $0 = .failure(failure) }
        let validators = chain.validators()
        for _ in 0..<20 {
            let error = await #expect(throws: BeaconError.self) { try await validators.known() }
            #expect(error?.cause == .timeout)
        }
        #expect(chain.questions == 1)
        for _ in 0..<100 {
            chain.offset.withLock { $0 += .milliseconds(100) }
            _ = await #expect(throws: BeaconError.self) { try await validators.known() }
        }
        // Ten seconds: 0.1 s growing by 1.6 to 5 s.
        #expect((7...11).contains(chain.questions))
        chain.answer.withLock { $0 = .success([Self.row(1)]) }
        // A clock set back by an hour does not make anybody wait for an hour.
        chain.offset.withLock { $0 -= .seconds(3600) }
        let known = try await validators.known().count
        #expect(known == 1)
    }
}
