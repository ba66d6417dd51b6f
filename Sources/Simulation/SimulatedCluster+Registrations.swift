import DutyWorkflow
import Ethereum

/// Builder registrations that operators want the cluster to sign.
extension SimulatedCluster {
    /// In all lives of the node from then on, until the cluster has signed one of the validator.
    package mutating func want(_ wanted: WantedRegistration, of validator: Int, at node: Int, from time: Instant) {
        heap.schedule(.wish(node: node, validator: validator, wanted), at: time)
    }

    mutating func wish(_ wanted: WantedRegistration, of validator: Int, at node: Int) {
        wishes[node, default: [:]][chain.pubKeys[validator]] = wanted
        tellWishes(node)
    }

    mutating func tellWishes(_ node: Int) {
        guard let wishes = wishes[node] else { return }
        post(node, .registrationsWanted(wishes), after: .zero...(.zero))
    }

    /// What an operator wanted to replace is replaced, by that or another.
    mutating func fulfil(_ signed: SignedDataSet, _ node: Int) {
        guard wishes[node] != nil else { return }
        for key in signed.keys { wishes[node]?[key.pubKey] = nil }
        tellWishes(node)
    }
}
