import BLS
import Ethereum
import SSZ

/// This operator's key shares at remote signers, for commands that sign. Who makes it knows how signers are asked.
package struct RemoteShares: Sendable {
    /// What is signed, with what a signer needs to compute the root by itself.
    package enum Message: Hashable, Sendable {
        /// - Parameters:
        ///   - version: Capella's, in force from epoch `since` on.
        case exit(VoluntaryExit, version: ForkVersion, since: Epoch, genesisValidatorsRoot: Root)
        case deposit(DepositMessage, genesisForkVersion: ForkVersion)
        case registration(ValidatorRegistration)
    }

    package struct Order: Sendable {
        package let share: PublicKey
        package let root: Root
        package let message: Message
    }

    package enum Outcome: Hashable, Sendable {
        /// Verified under the key share.
        case signature(SignatureBytes)
        /// No signer has the key share.
        case missing
        /// For people.
        case failed(String)
    }

    /// One outcome for each order, in order.
    let sign: @Sendable ([Order]) async throws -> [Outcome]

    package init(sign: @escaping @Sendable ([Order]) async throws -> [Outcome]) { self.sign = sign }
}
