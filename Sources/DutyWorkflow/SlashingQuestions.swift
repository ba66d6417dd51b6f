import Ethereum

/// Of which validators all beacon nodes are asked whether the chain has slashed them, and when: at once and then once a
/// slot, while a reason for it is young. A beacon node may give reasons without end, so that each costs a question a
/// slot at most.
package struct SlashingQuestions: Sendable {
    /// As long as a slashing that is known may wait for a block that takes it.
    private static let epochsAsked: UInt64 = 2

    private let slotsAsked: UInt64
    private let validators: Set<PubKey>
    private var until: [PubKey: Slot] = [:]
    private var askedIn: Slot?

    /// - Parameter validators: of the cluster; nobody asks about others.
    package init(validators: Set<PubKey>, clock: SlotClock) {
        self.validators = validators
        slotsAsked = Self.epochsAsked * clock.slotsPerEpoch
    }

    /// Somebody says that these may be slashed, or that they are not any more.
    ///
    /// - Returns: whether any of them is ours.
    package mutating func doubt(_ pubKeys: some Sequence<PubKey>, at slot: Slot) -> Bool {
        let ours = pubKeys.filter { validators.contains($0) }
        for pubKey in ours { until[pubKey] = slot + slotsAsked }
        return !ours.isEmpty
    }

    /// Those to ask about now, ascending; then they count as asked.
    package mutating func due(at slot: Slot) -> [PubKey] {
        // What a clock that was ahead put down is dropped.
        until = until.filter { slot <= $0.value && $0.value <= slot + slotsAsked }
        guard askedIn != slot, !until.isEmpty else { return [] }
        askedIn = slot
        return until.keys.sorted()
    }
}
