/// What partial signatures of a ceremony are over. On the wire a made-up slot. Source: spec/dkg.md §6.1.
package enum SignatureKind: Hashable, Sendable {
    /// Slot 101.
    case lockHash
    /// Slot 102.
    case registration
    /// Slot 200 and on: the place among the ascending amounts, from 0.
    case deposit(Int)

    /// More amounts than any definition has.
    package static let depositsMax = 1024

    package init?(slot: UInt64) {
        switch slot {
        case 101: self = .lockHash
        case 102: self = .registration
        case 200..<200 + UInt64(Self.depositsMax): self = .deposit(Int(slot) - 200)
        default: return nil
        }
    }

    package var slot: UInt64 {
        switch self {
        case .lockHash: 101
        case .registration: 102
        case .deposit(let place): 200 + UInt64(place)
        }
    }
}

extension SignatureKind: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.slot < right.slot }
}
