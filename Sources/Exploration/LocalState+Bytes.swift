import QBFT

/// Telling at a glance that an event changed nothing that counts. Most change nothing, and reflection is slow.
extension LocalState {
    /// Whether this one, made of the other one by an event, differs from it at most in the messages that it keeps. `false`
    /// if that cannot be told cheaply.
    ///
    /// Compares the instances' own bytes: storage that both share cannot have been changed, and while both are alive, what
    /// was changed has storage elsewhere.
    func differsInBufferOnly(from other: LocalState) -> Bool {
        guard let place = Self.bufferPlace, fault == nil, journal.count == other.journal.count,
            decisions == other.decisions
        else { return false }
        return Self.places(instance, other.instance).allSatisfy { $0 == place }
    }

    /// The only word that differs after a message of another round, which is kept and does nothing else.
    private static let bufferPlace: Int? = {
        let before = LocalState(World(byzantine: 3, rounds: 2).configuration(of: 0))
        var after = before
        _ = after.perform(.message(Vote(.prepare, round: 2, source: 3, .a).message))
        let changed = places(before.instance, after.instance)
        return changed.count == 1 && Standing(before) == Standing(after) ? changed[0] : nil
    }()

    /// Words that differ, by offset in bytes; a last part of a word counts as one.
    private static func places(_ one: Instance, _ other: Instance) -> [Int] {
        withUnsafeBytes(of: one) { one in
            withUnsafeBytes(of: other) { other in
                stride(from: 0, to: one.count, by: 8).filter { start in
                    let end = min(start + 8, one.count)
                    return !one[start..<end].elementsEqual(other[start..<end])
                }
            }
        }
    }
}
