import Timing

/// What goes wrong in one run of a small cluster with all duties: drawn from a seed, then fixed. All that is left to the
/// seed is what the network, disks and beacon nodes draw as they go.
///
/// Four nodes, epochs of four slots. Trouble lasts until `healsAt`; a liar or attacker goes on.
package struct Schedule: Hashable, Sendable {
    /// Times are milliseconds since genesis.
    package enum Act: Hashable, Sendable {
        case crash(node: Int, at: Int, for: Int)
        case powerCut(at: Int, for: Int)
        /// Nodes below `cut` and the others do not hear each other.
        case partition(cut: Int, at: Int, for: Int)
        case clockStep(node: Int, by: Int, at: Int, for: Int)
    }

    package enum Adversary: Hashable, Sendable {
        case none
        case liar(node: Int)
        case attacker(node: Int, Attack)
        case forger(node: Int)
    }

    /// Attacks that cost little time: those with floods have their own suite.
    private static let attacks: [Attack] = [
        .inventedRows, .omittedRows, .futureSource, .namedCommittee, .ownFeeRecipient, .otherReveal, .undueShares,
        .junkJustifications, .unfitShares, .ownVotes,
    ]
    private static let slotMilliseconds = 12_000
    static let nodes = 4
    static let slotsPerEpoch: UInt64 = 4

    package let seed: UInt64
    package var validators = 4
    /// Slots that are run; what is owed in all but the last two of them after `healsAt` must be done.
    package var slots: UInt64 = 7
    /// The slot from which on the network loses nothing and nobody crashes.
    package var healsAt: UInt64 = 3
    package var acts: [Act] = []
    package var adversary = Adversary.none
    /// Percent.
    package var loss = 0
    package var duplicates = 0
    package var late = 0
    /// How often beacon nodes follow another head, and refuse a broadcast, in percent.
    package var otherHeads = 0
    package var refusedBroadcasts = 0
    /// Milliseconds, at most.
    package var delayMax = 20
    package var commitMax = 5
    /// A node whose disk loses everything in a crash. Never drawn: it is what the oracles must see.
    package var forgetful: Int?

    package init(seed: UInt64) {
        self.seed = seed
        var random = SplitMix64(seed: seed &* 0x5851_F42D_4C95_7F2D &+ 1)
        func draw(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }
        let trouble = Int(healsAt) * Self.slotMilliseconds
        for _ in 0..<draw(1...4) {
            let length = draw(1...4000)
            // Half of them in the moments in which votes and signatures are made.
            let slot = draw(0...Int(healsAt) - 1) * Self.slotMilliseconds
            let busy = slot + [0, 4000, 8000][draw(0...2)] + draw(0...500)
            let at = min(draw(0...1) == 0 ? busy : draw(0...trouble), trouble - length)
            switch draw(0...9) {
            case 0: acts.append(.powerCut(at: at, for: length))
            case 1: acts.append(.partition(cut: draw(1...Self.nodes - 1), at: at, for: length))
            case 2:
                acts.append(
                    .clockStep(node: draw(0...Self.nodes - 1), by: draw(-30_000...60_000), at: at, for: length))
            default: acts.append(.crash(node: draw(0...Self.nodes - 1), at: at, for: length))
            }
        }
        let node = draw(0...Self.nodes - 1)
        switch draw(0...5) {
        case 0: adversary = .none
        case 1: adversary = .forger(node: node)
        case 2: adversary = .attacker(node: node, Self.attacks[draw(0...Self.attacks.count - 1)])
        default: adversary = .liar(node: node)
        }
        // A node that was ahead has closed the duties to come: with a hostile one beside it no quorum is left for them.
        if adversary != .none { acts.removeAll { if case .clockStep = $0 { true } else { false } } }
        loss = draw(0...1) * draw(0...30)
        duplicates = draw(0...1) * draw(0...30)
        late = draw(0...3) == 0 ? draw(0...20) : 0
        otherHeads = draw(0...1) * draw(0...50)
        refusedBroadcasts = draw(0...3) == 0 ? draw(0...50) : 0
        delayMax = [20, 200, 600][draw(0...2)]
        commitMax = [5, 60, 300][draw(0...2)]
    }
}

extension Schedule: CustomStringConvertible {
    package var description: String {
        let rates = [
            ("loss", loss), ("duplicates", duplicates), ("late", late), ("other heads", otherHeads),
            ("refused broadcasts", refusedBroadcasts),
        ].filter { $0.1 > 0 }.map { ", \($0.0) \($0.1) %" }.joined()
        let lines = acts.map { "\n  \($0)" }.joined()
        return
            "seed \(seed): \(slots) slots, \(validators) validators, heals at slot \(healsAt), adversary \(adversary)"
            + "\(rates), delays up to \(delayMax) ms, commits up to \(commitMax) ms"
            + (forgetful.map { ", the disk of node \($0) forgets" } ?? "") + lines
    }
}
