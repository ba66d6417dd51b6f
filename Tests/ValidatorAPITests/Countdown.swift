import Synchronization
import TestSupport

/// Opens a gate when so many have arrived.
final class Countdown: Sendable {
    let done = Gate()
    private let missing: Mutex<Int>

    init(_ count: Int) {
        missing = Mutex(count)
    }

    func arrive() {
        let left = missing.withLock { missing in
            missing -= 1
            return missing
        }
        if left == 0 { done.open() }
    }
}
