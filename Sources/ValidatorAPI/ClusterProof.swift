import DutyWorkflow
import Ethereum

/// An object inside a request that carries not our partial signature, but the cluster's.
package struct ClusterProof: Hashable, Sendable {
    package let pubKey: PubKey
    package let data: SignedData

    package init(_ pubKey: PubKey, _ data: SignedData) {
        self.pubKey = pubKey
        self.data = data
    }
}
