import SSZ

/// Why a proposal cannot be had.
package enum ProposalError: Error, Equatable, CustomStringConvertible {
    /// The fork has no blinded blocks.
    case blinded(fork: ForkName)
    /// Not the object that the fork has.
    case object(SSZError, fork: ForkName)

    package var description: String {
        switch self {
        case .blinded(let fork): "\(fork) has no blinded blocks"
        case .object(let error, let fork): "\(fork) proposal: \(error)"
        }
    }
}
