import Ethereum
import SSZ

/// What a proposer asks of the block that a node makes for it.
package struct BlockWishes: Hashable, Sendable {
    /// The randao reveal: the group signature of the epoch.
    package var randao: SignatureBytes
    package var graffiti: Bytes32
    /// In percent, weighs a builder's bid against the node's own block: 0 never a builder's, the largest number
    /// always; nil leaves it to the node.
    package var builderBoostFactor: UInt64?

    package init(randao: SignatureBytes, graffiti: Bytes32, builderBoostFactor: UInt64? = nil) {
        self.randao = randao
        self.graffiti = graffiti
        self.builderBoostFactor = builderBoostFactor
    }
}
