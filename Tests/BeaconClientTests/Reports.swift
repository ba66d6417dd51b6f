import BeaconClient
import Synchronization

/// What a waiting client said and did.
final class Reports: Sendable {
    private let waits = Mutex<[BeaconWait]>([])
    private let sleeps = Mutex<[Duration]>([])

    func add(_ wait: BeaconWait) { waits.withLock { $0.append(wait) } }
    func slept(_ duration: Duration) { sleeps.withLock { $0.append(duration) } }

    var count: Int { waits.withLock { $0.count } }
    var attempts: [Int] { waits.withLock { $0.map(\.attempt) } }
    var texts: [String] { waits.withLock { $0.map(\.description) } }
    var pauses: [Duration] { sleeps.withLock { $0 } }
}
