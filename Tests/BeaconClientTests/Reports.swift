import Synchronization

/// How long a client paused.
final class Reports: Sendable {
    private let sleeps = Mutex<[Duration]>([])

    func slept(_ duration: Duration) { sleeps.withLock { $0.append(duration) } }

    var pauses: [Duration] { sleeps.withLock { $0 } }
}
