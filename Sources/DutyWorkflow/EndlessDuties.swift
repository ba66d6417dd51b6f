import Ethereum

/// Duties without a deadline, in the order they came: exits and registrations, of which each epoch or slot has its own.
///
/// What is too much is forgotten, and may come again. Were it over for good, an operator could bar the exit that others
/// are about to sign, by signing it first and as many others after it. So what goes is of the operator that fills this
/// most, and nobody loses what two operators want while there is what only one does.
struct EndlessDuties: Sendable {
    /// Each holds a set of the whole cluster, at most.
    static let max = 256

    private var inOrder: [Duty] = []

    mutating func add(_ duty: Duty) { inOrder.append(duty) }

    mutating func remove(_ duty: Duty) { inOrder.removeAll { $0 == duty } }

    /// The first to go; nil while there is room.
    ///
    /// - Parameter supporters: who signed for a duty, if anybody did.
    func surplus(_ supporters: [Duty: Set<ShareIndex>], own: ShareIndex) -> Duty? {
        guard inOrder.count > Self.max else { return nil }
        var counts: [ShareIndex: Int] = [:]
        for duty in inOrder {
            // Words alone crowd nothing out.
            guard let shares = supporters[duty] else { return duty }
            guard !shares.contains(own) else { continue }
            for share in shares { counts[share, default: 0] += 1 }
        }
        // Ties by index: replays must not differ.
        guard let greediest = counts.max(by: { ($0.value, $0.key) < ($1.value, $1.key) })?.key else {
            return inOrder.first
        }
        func isTheirs(_ duty: Duty) -> Bool {
            supporters[duty].map { $0.contains(greediest) && !$0.contains(own) } ?? false
        }
        return inOrder.first { supporters[$0]?.count == 1 && isTheirs($0) } ?? inOrder.first(where: isTheirs)
    }
}
