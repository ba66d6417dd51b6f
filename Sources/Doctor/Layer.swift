/// Whose matter a finding is: the part of the setup that has to change.
package enum Layer: String, Hashable, Sendable, CaseIterable {
    case thisNode = "this node"
    case machine
    case beaconNode = "beacon node"
    case executionClient = "execution client"
    case validatorClient = "validator client"
    case signer
    case peers
    case relays
    case cluster
}
