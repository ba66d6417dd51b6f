import Synchronization
import TestSupport

@testable import Diagnostics

/// Virtual time: a pause moves it on at once, and so does each reading. Pauses of an hour and more are time limits; they
/// end when the test wants them to.
final class TestClock: Sendable {
    private static let limit = Duration.seconds(3600)

    private let time = Mutex(Duration.zero)
    private let tick: Duration
    private let pauses = Mutex<[Duration]>([])
    let limitIsOver = Gate()

    /// - Parameter tick: what a reading takes: the round trip of a request alone.
    init(tick: Duration = .zero) { self.tick = tick }

    var slept: [Duration] { pauses.withLock { $0 } }
    var now: Duration { time.withLock { $0 } }

    var clock: ProbeClock {
        ProbeClock {
            self.time.withLock { time in
                time += self.tick
                return time
            }
        } sleep: { pause in
            try Task.checkCancellation()
            if pause >= Self.limit {
                await self.limitIsOver.wait()
                return try Task.checkCancellation()
            }
            self.pauses.withLock { $0.append(pause) }
            self.time.withLock { $0 += pause }
            await Task.yield()
        }
    }
}
