/// What the validators of a simulated cluster do. Source: spec/operations.md §4.2.
struct ValidatorMix: Hashable, Sendable {
    /// Of the simulations that are always there.
    static let sizes = [1, 10, 100, 500, 1000]

    /// These attest and aggregate, and nothing else.
    let attesters: Int
    /// These propose too.
    let proposers: Int
    /// These do all, and are in the sync committee.
    let syncMembers: Int

    var count: Int { attesters + proposers + syncMembers }

    /// - Precondition: `size` is one of `sizes`.
    static func usual(_ size: Int) -> ValidatorMix {
        switch size {
        case 1: ValidatorMix(attesters: 0, proposers: 0, syncMembers: 1)
        case 10: ValidatorMix(attesters: 6, proposers: 3, syncMembers: 1)
        case 100: ValidatorMix(attesters: 80, proposers: 18, syncMembers: 2)
        case 500: ValidatorMix(attesters: 450, proposers: 45, syncMembers: 5)
        case 1000: ValidatorMix(attesters: 930, proposers: 65, syncMembers: 5)
        default: preconditionFailure("no usual mix of \(size) validators")
        }
    }

    /// - Precondition: `count` is positive.
    static func custom(_ count: Int) -> ValidatorMix {
        let syncMembers = max(1, count / 100)
        let rest = count - syncMembers
        let proposers = min(rest, max(1, count / 15))
        return ValidatorMix(attesters: rest - proposers, proposers: proposers, syncMembers: syncMembers)
    }
}
