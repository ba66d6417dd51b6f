import SSZ
import Synchronization

/// Signatures of consensus messages found valid, so that a justification repeating votes costs no recovery (44 µs
/// each). Remembers between `capacity` and 2 × `capacity` of the latest.
final class VerifiedSignatures: Sendable {
    struct Entry: Hashable {
        let digest: Root
        let signature: Bytes65
        /// Position of the operator.
        let signer: Int
    }

    /// Two generations: when the young one is full the old one is forgotten.
    private struct Generations {
        var young: Set<Entry> = []
        var old: Set<Entry> = []
    }

    private let capacity: Int
    private let entries = Mutex(Generations())

    init(capacity: Int) { self.capacity = capacity }

    func contains(_ entry: Entry) -> Bool {
        entries.withLock { $0.young.contains(entry) || $0.old.contains(entry) }
    }

    func insert(_ entry: Entry) {
        entries.withLock { entries in
            if entries.young.count >= capacity {
                entries.old = entries.young
                entries.young = []
            }
            entries.young.insert(entry)
        }
    }
}
