import TestSupport
import Testing

@testable import Libp2p

@Suite struct ReservationKeeperTests {
    enum Event: Sendable {
        case connected, disconnected, granted(UInt64), failed(ReservationKeeper.Problem), waited
        /// Seconds go by.
        case later(UInt64)
    }

    static let now: UInt64 = 1_800_000_000

    /// What it does, with waits by their bounds: `wait` is nil for a back-off pause.
    static func run(_ events: [Event]) -> [ReservationKeeper.Effect] {
        var keeper = ReservationKeeper()
        var generator = SeededGenerator(seed: 1)
        var now = now
        return events.flatMap { event -> [ReservationKeeper.Effect] in
            switch event {
            case .connected: return keeper.connected()
            case .disconnected: return keeper.disconnected()
            case .granted(let seconds): return keeper.granted(until: now + seconds, now: now)
            case .failed(let problem): return keeper.failed(problem, now: now, using: &generator)
            case .waited: return keeper.waited()
            case .later(let seconds):
                now += seconds
                return []
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
                    .ask, .wait(.seconds(480)), .report(.granted(until: now + 600)), .stopWaiting, .report(.lost),
                    .ask, .wait(.seconds(480)), .report(.granted(until: now + 600)),
                ]
            ),
            // Lost is what was held, also while it is being renewed; and it is said once.
            (
                [.connected, .granted(600), .waited, .disconnected, .disconnected, .connected, .disconnected],
                [
                    .ask, .wait(.seconds(480)), .report(.granted(until: now + 600)), .ask, .stopWaiting, .report(.lost),
                    .ask, .stopWaiting,
                ]
            ),
            // A refused renewal is no news while the first grant lives, and is when it is over.
            (
                [.connected, .granted(40), .later(30), .waited, .failed(refused), .later(1), .waited, .granted(40)],
                [
                    .ask, .wait(.seconds(30)), .report(.granted(until: now + 40)), .ask, .wait(.zero), .ask,
                    .wait(.seconds(30)),
                ]
            ),
            (
                [
                    .connected, .granted(40), .later(30), .waited, .failed(refused), .later(10), .waited,
                    .failed(refused),
                ],
                [
                    .ask, .wait(.seconds(30)), .report(.granted(until: now + 40)), .ask, .wait(.zero), .ask,
                    .wait(.zero), .report(.failed(refused)),
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
            for effect in keeper.failed(Self.refused, now: Self.now, using: &generator) {
                if case .wait(let pause) = effect { pauses.append(pause) }
            }
            _ = keeper.waited()
        }
        #expect(pauses.count == 20 && pauses[0] <= .milliseconds(1200))
        #expect(pauses.allSatisfy { $0 <= .seconds(144) } && pauses.suffix(5).allSatisfy { $0 >= .seconds(96) })
    }

    @Test("a relay that grants 40 s and refuses each second question never lets it lapse, with one timer")
    func shortGrants() {
        var keeper = ReservationKeeper()
        var generator = SeededGenerator(seed: 3)
        var (now, questions, reports) = (Self.now, 0, 0)
        var timer: UInt64?
        var effects = keeper.connected()
        for _ in 0..<200 {
            let waits = effects.compactMap { if case .wait(let pause) = $0 { pause } else { nil } }
            reports += effects.count { if case .report = $0 { true } else { false } }
            #expect(waits.count <= 1)
            if effects.contains(.ask) {
                #expect(waits.isEmpty)
                timer = nil
                questions += 1
                effects =
                    questions.isMultiple(of: 2)
                    ? keeper.failed(Self.refused, now: now, using: &generator)
                    : keeper.granted(until: now + 40, now: now)
            } else {
                #expect(timer == nil)
                timer = waits.first.map { now + UInt64($0.components.seconds) + 1 }
                guard let due = timer else { break }
                now = due
                effects = keeper.waited()
            }
            #expect(keeper.heldUntil.map { $0 > now } == true)
        }
        #expect(questions == 100 && reports == 1)
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
