import Ethereum

/// What operators say of duties that nobody here knows of: where no beacon node can tell who has one, each operator has
/// one say for each validator and epoch (each slot of it, for the sync committee), so that it cannot fill us with duties
/// that do not exist.
struct DutyClaims: Sendable {
    private struct Claim: Hashable, Sendable {
        let share: ShareIndex
        let key: EntryKey
        let type: DutyType
        /// Zero for duties without a deadline: those have no other bound.
        let epoch: Epoch
    }

    /// Duties without a deadline that one operator may have open for one validator. Source: workflow.md §9.1.
    private static let endlessPerShareMax = 10

    private let clock: SlotClock
    /// Claims of one operator, at most: each may hold a message of half a kilobyte. Of each validator's selections an
    /// honest one claims two or three.
    private let perShareMax: Int
    private var claims: [Claim: Set<Duty>] = [:]
    private var counts: [ShareIndex: Int] = [:]
    private var claimed: [Duty: Set<Claim>] = [:]

    init(configuration: WorkflowConfiguration) {
        clock = configuration.clock
        perShareMax = max(8192, 4 * configuration.validators.count)
    }

    /// About what it holds, in bytes.
    var heldBytes: Int { claims.values.reduce(0) { $0 + 96 + 24 * $1.count } }

    /// - Returns: whether the operator may say so, or has said so before. What may be large, a block, is not taken on a
    ///   claim.
    mutating func take(_ duty: Duty, _ key: EntryKey, from share: ShareIndex) -> Bool {
        let isEndless = duty.type.rules.span == .endless
        let claim = Claim(
            share: share, key: key, type: duty.type, epoch: isEndless ? .zero : clock.epoch(of: duty.slot))
        let known = claims[claim] ?? []
        guard !known.contains(duty) else { return true }
        guard duty.type != .proposer, known.count < claimsMax(duty.type), counts[share, default: 0] < perShareMax else {
            return false
        }
        claims[claim, default: []].insert(duty)
        claimed[duty, default: []].insert(claim)
        counts[share, default: 0] += 1
        return true
    }

    mutating func expire(_ duty: Duty) {
        for claim in claimed.removeValue(forKey: duty) ?? [] {
            claims[claim]?.remove(duty)
            counts[claim.share, default: 0] -= 1
            if claims[claim]?.isEmpty == true { claims[claim] = nil }
        }
    }

    private func claimsMax(_ type: DutyType) -> Int {
        if type.rules.span == .endless { return Self.endlessPerShareMax }
        return type.rules.definedBy == .syncContribution ? Int(clamping: clock.slotsPerEpoch) : 1
    }
}
