import Ethereum

/// Operators who sent a bad share since this node started. Theirs are verified before they are kept: one set at a time,
/// few waiting, and after repeated bad ones a pause, so that cheating costs them more than us.
struct SuspectWatch: Sendable {
    typealias Claim = (duty: Duty, set: ParSignedDataSet)

    private struct Suspect: Sendable {
        var strikes = 0
        /// Being verified.
        var current: Claim?
        var waiting: [Claim] = []
        var pausedUntil: Instant?
    }

    /// Sets of one suspect waiting for their turn: a busy slot has some five duties.
    private static let waitingMax = 8
    /// Bad sets that are borne without a pause.
    private static let strikesFree = 2
    private static let pauseSlotsMax = 32

    private let slotDuration: Duration
    private var suspects: [ShareIndex: Suspect] = [:]

    init(slotDuration: Duration) { self.slotDuration = slotDuration }

    /// About what waits, in bytes.
    var heldBytes: Int {
        suspects.values.reduce(0) { bytes, suspect in
            bytes + (suspect.waiting + [suspect.current].compactMap { $0 }).reduce(0) { $0 + $1.set.heldBytes }
        }
    }

    func contains(_ share: ShareIndex) -> Bool { suspects[share] != nil }

    mutating func insert(_ share: ShareIndex) { suspects[share] = suspects[share] ?? Suspect() }

    /// - Parameter held: what waits is charged to the share that it is of.
    mutating func examine(
        _ share: ShareIndex, _ duty: Duty, _ set: ParSignedDataSet, at now: Instant, _ held: inout HeldBytes
    ) -> [Signal] {
        guard var suspect = suspects[share] else { return [] }
        defer { suspects[share] = suspect }
        if let until = suspect.pausedUntil, now < until {
            return [.tracked(duty, .suspectIgnored(share, "after \(suspect.strikes) bad sets of signatures"))]
        }
        guard suspect.waiting.count < Self.waitingMax, held.take(set.heldBytes, for: share.peer.rawValue) else {
            return [.tracked(duty, .suspectIgnored(share, "too many signatures wait to be checked"))]
        }
        guard suspect.current != nil else {
            suspect.current = (duty, set)
            return [.perform(.verify(share, duty, set))]
        }
        suspect.waiting.append((duty, set))
        return []
    }

    /// - Returns: the set if it may be kept, and what is to be done next.
    mutating func examined(
        _ share: ShareIndex, _ isGood: Bool, at now: Instant, _ held: inout HeldBytes
    ) -> (good: Claim?, signals: [Signal]) {
        guard var suspect = suspects[share], let claim = suspect.current else { return (nil, []) }
        defer { suspects[share] = suspect }
        suspect.current = nil
        held.release(claim.set.heldBytes, of: share.peer.rawValue)
        var signals: [Signal] = []
        if !isGood {
            signals.append(.tracked(claim.duty, .badSet(share)))
            suspect.strikes += 1
            if suspect.strikes > Self.strikesFree {
                let slots = min(Self.pauseSlotsMax, 1 << min(16, suspect.strikes - Self.strikesFree - 1))
                suspect.pausedUntil = now + slotDuration * slots
                for waiting in suspect.waiting { held.release(waiting.set.heldBytes, of: share.peer.rawValue) }
                suspect.waiting = []
            }
        }
        if !suspect.waiting.isEmpty {
            let next = suspect.waiting.removeFirst()
            suspect.current = next
            signals.append(.perform(.verify(share, next.duty, next.set)))
        }
        return (isGood ? claim : nil, signals)
    }

    /// Theirs are still verified first, but what was held against them is forgotten.
    mutating func forgive() {
        for share in suspects.keys {
            suspects[share]?.strikes = 0
            suspects[share]?.pausedUntil = nil
        }
    }

    mutating func expire(_ duty: Duty, _ held: inout HeldBytes) {
        for (share, suspect) in suspects {
            let over = suspect.waiting.filter { $0.duty == duty }
            guard !over.isEmpty else { continue }
            for claim in over { held.release(claim.set.heldBytes, of: share.peer.rawValue) }
            suspects[share]?.waiting.removeAll { $0.duty == duty }
        }
    }
}
