import TestSupport
import Testing

@testable import Libp2p

@Suite struct ReservationKeeperTests {
    enum Event: Sendable { case connected, disconnected, granted(UInt64), failed(ReservationKeeper.Problem), waited }

    static let now: UInt64 = 1_800_000_000

    /// What it does, with waits by their bounds: `wait` is nil for a back-off pause.
    static func run(_ events: [Event]) -> [ReservationKeeper.Effect] {
        var keeper = ReservationKeeper()
        var generator = SeededGenerator(seed: 1)
        return events.flatMap { event in
            switch event {
            case .connected: keeper.connected()
            case .disconnected: keeper.disconnected()
            case .granted(let seconds): keeper.granted(until: now + seconds, now: now)
            case .failed(let problem): keeper.failed(problem, using: &generator)
            case .waited: keeper.waited()
            }
        }.map { effect in
            if case .wait(let pause) = effect, pause < .seconds(30) { .wait(.zero) } else { effect }
        }
    }

    static let refused = ReservationKeeper.Problem.refused(.reservationRefused)

    @Test(
        "asks when connected, renews two minutes before the end, says each news once",
        arguments: [
            ([.connected], [.ask]), ([.connected, .connected], [.ask]), ([.disconnected, .waited], []),
            (
                [.connected, .granted(3600), .waited, .granted(3600)],
                [
                    .ask, .wait(.seconds(3480)), .report(.granted(until: now + 3600)), .ask, .wait(.seconds(3480)),
                ]
            ),
            // A clock that is wrong, here or there, makes neither a storm nor a lapse.
            ([.connected, .granted(0)], [.ask, .wait(.seconds(30)), .report(.granted(until: now))]),
            (
                [.connected, .granted(1 << 40)],
                [.ask, .wait(.seconds(3600)), .report(.granted(until: now + 1 << 40))]
            ),
            (
                [.connected, .failed(refused), .waited, .failed(refused), .waited, .granted(600)],
                [
                    .ask, .wait(.zero), .report(.failed(refused)), .ask, .wait(.zero), .ask, .wait(.seconds(480)),
                    .report(.granted(until: now + 600)),
                ]
            ),
            (
                [.connected, .failed(refused), .waited, .failed(.unanswered("x"))],
                [.ask, .wait(.zero), .report(.failed(refused)), .ask, .wait(.zero), .report(.failed(.unanswered("x")))]
            ),
            // The reservation dies with the connection; the next one is news again.
            (
                [.connected, .granted(600), .disconnected, .waited, .connected, .granted(600)],
                [
                    .ask, .wait(.seconds(480)), .report(.granted(until: now + 600)), .stopWaiting, .ask,
                    .wait(.seconds(480)), .report(.granted(until: now + 600)),
                ]
            ),
            // Late answers of an earlier connection.
            ([.connected, .disconnected, .granted(600), .failed(refused)], [.ask, .stopWaiting]),
            ([.granted(600)], []),
        ] as [([Event], [ReservationKeeper.Effect])])
    func rows(events: [Event], effects: [ReservationKeeper.Effect]) {
        #expect(Self.run(events) == effects)
    }

    @Test("pauses after refusals grow to two minutes")
    func backoff() {
        var keeper = ReservationKeeper()
        var generator = SeededGenerator(seed: 2)
        _ = keeper.connected()
        var pauses: [Duration] = []
        for _ in 0..<20 {
            for effect in keeper.failed(Self.refused, using: &generator) {
                if case .wait(let pause) = effect { pauses.append(pause) }
            }
            _ = keeper.waited()
        }
        #expect(pauses.count == 20 && pauses[0] <= .milliseconds(1200))
        #expect(pauses.allSatisfy { $0 <= .seconds(144) } && pauses.suffix(5).allSatisfy { $0 >= .seconds(96) })
    }

    @Test("extreme times do not trap", arguments: [0, 1, now, .max - 1, .max])
    func extremes(time: UInt64) {
        for now in [0, Self.now, .max] as [UInt64] {
            var keeper = ReservationKeeper()
            _ = keeper.connected()
            #expect(keeper.granted(until: time, now: now).count == 2)
        }
    }
}
