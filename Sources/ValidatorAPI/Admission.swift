import Synchronization

/// Counts requests being worked on, so that their number stays bounded.
final class Admission: Sendable {
    private let requestsMax: Int
    private let requests = Atomic<Int>(0)

    init(requestsMax: Int) {
        self.requestsMax = requestsMax
    }

    /// Leaves when dropped: also if the answer that holds it is never written.
    final class Pass: Sendable {
        private let admission: Admission

        fileprivate init(_ admission: Admission) {
            self.admission = admission
        }

        deinit {
            admission.requests.subtract(1, ordering: .relaxed)
        }
    }

    /// Nil if there are too many already.
    func enter() -> Pass? {
        let (before, _) = requests.add(1, ordering: .relaxed)
        guard before < requestsMax else {
            requests.subtract(1, ordering: .relaxed)
            return nil
        }
        return Pass(self)
    }

    var count: Int { requests.load(ordering: .relaxed) }
}
