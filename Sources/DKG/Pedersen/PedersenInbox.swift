/// Bundles of one kind in a run, by index: at most one of each, and none of who sends two. Source: spec/dkg.md §8.3.
struct PedersenInbox: Sendable {
    private(set) var bundles: [Int: PedersenBundle] = [:]
    /// Indexes that sent two different bundles: both are discarded, and what they send from then on.
    private(set) var discarded: Set<Int> = []

    /// Whether it tells nothing new: the same bundle again, or one of a discarded index. BLS signatures are unique, so
    /// equal signatures are over equal hashes.
    func knows(_ bundle: PedersenBundle) -> Bool {
        discarded.contains(bundle.index) || bundles[bundle.index]?.signature == bundle.signature
    }

    /// Takes a bundle that it does not know, with a verified signature. False for a second one of its index.
    mutating func add(_ bundle: PedersenBundle) -> Bool {
        guard bundles.removeValue(forKey: bundle.index) == nil else {
            discarded.insert(bundle.index)
            return false
        }
        bundles[bundle.index] = bundle
        return true
    }
}
