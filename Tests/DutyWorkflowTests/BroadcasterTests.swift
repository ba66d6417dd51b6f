import Ethereum
import Testing

@testable import DutyWorkflow

@Suite("Broadcaster")
struct BroadcasterTests {
    private let duty = Duty.attester(slot: Slot(40))
    private func set(_ validator: Int) throws -> SignedDataSet {
        [Fixture.key(validator): try Fixture.partial(validator, share: 1, data: Fixture.data(slot: 40)).data]
    }
    private let temporary = Failure(reason: "503", isTemporary: true)

    @Test("each failed set is tried again by itself, later and later, until the deadline")
    func retries() throws {
        var broadcaster = Broadcaster(configuration: try Fixture.configuration())
        #expect(broadcaster.broadcast(duty, [:]).isEmpty)
        #expect(broadcaster.broadcast(duty, try set(0)).effectNames == ["broadcast"])
        var now = Instant.slot(40, plus: 5)
        #expect(broadcaster.failed(duty, try set(0), temporary, at: now).tracked == [.broadcastFailed("503")])
        _ = broadcaster.failed(duty, try set(1), temporary, at: now + .seconds(5))
        let first = try #require(broadcaster.nextWake)
        #expect(broadcaster.wake(at: first - .nanoseconds(1)).isEmpty)
        for case .broadcast(_, let again) in broadcaster.wake(at: first).effects { #expect(try again == set(0)) }
        let second = try #require(broadcaster.nextWake)
        #expect(broadcaster.wake(at: second).effectNames == ["broadcast"])
        #expect(broadcaster.nextWake == nil)

        now = second
        var attempts = 0
        while true {
            _ = broadcaster.failed(duty, try set(0), temporary, at: now)
            guard let next = broadcaster.nextWake else { break }
            now = next
            #expect(broadcaster.wake(at: now).effectNames == ["broadcast"])
            attempts += 1
        }
        #expect(attempts > 10 && now >= .slot(40, plus: 385))
    }

    @Test("what the beacon node refuses is not sent again; an expired duty neither")
    func permanent() throws {
        var broadcaster = Broadcaster(configuration: try Fixture.configuration())
        let refusal = Failure(reason: "400", isTemporary: false)
        #expect(broadcaster.failed(duty, try set(0), refusal, at: .slot(40)).tracked == [.broadcastFailed("400")])
        #expect(broadcaster.nextWake == nil)
        _ = broadcaster.failed(duty, try set(0), temporary, at: .slot(40))
        broadcaster.expire(duty)
        #expect(broadcaster.nextWake == nil)
    }

    @Test("success is noted and told")
    func success() throws {
        var broadcaster = Broadcaster(configuration: try Fixture.configuration())
        let signals = broadcaster.succeeded(duty, [Fixture.key(1), Fixture.key(0)])
        #expect(signals.effectNames == ["note broadcast"])
        guard case .broadcasted(_, let keys)? = signals.last else { return }
        #expect(keys == [Fixture.key(0), Fixture.key(1)])
    }
}
