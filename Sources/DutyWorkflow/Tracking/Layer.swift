/// Whose matter something that is wrong is: the part of the setup that has to change. Raw values are for people and
/// programs; the order is that in which findings are listed.
package enum Layer: String, Hashable, Sendable, CaseIterable {
    /// This program: its configuration, or a fault of ours.
    case thisNode = "this node"
    /// Slow, full, or stood still.
    case machine
    case beaconNode = "beacon node"
    case executionClient = "execution client"
    case validatorClient = "validator client"
    /// This node's signer, be it keystores or a remote one.
    case signer
    /// Other operators, or the connections to them.
    case peers
    case relays
    /// All operators: nodes that could agree and did not, or whose beacon nodes see different chains.
    case cluster
    /// Another duty of the slot, which has a failure of its own.
    case otherDuty = "another duty"
}
