import Ethereum

/// How far one validator's exit of an epoch is: which operators have asked for it, as this node knows, and what the
/// beacon node said.
package struct ExitProgress: Hashable, Sendable {
    package enum Stage: Hashable, Sendable {
        /// Fewer than a threshold of operators have asked.
        case open
        /// Enough have; this node hands it to its beacon node.
        case complete
        case published
        /// This node's beacon node does not want it. It is handed in again when this operator asks again.
        case refused(String)
    }

    package let pubKey: PubKey
    package let message: VoluntaryExit
    /// Ascending. Peers' shares count as they came: whether they hold shows when there are enough.
    package let shares: [ShareIndex]
    package let stage: Stage

    package init(pubKey: PubKey, message: VoluntaryExit, shares: [ShareIndex], stage: Stage) {
        self.pubKey = pubKey
        self.message = message
        self.shares = shares
        self.stage = stage
    }
}

extension Workflow {
    /// Of all validators for which anybody asked, ascending by key.
    func exits(in epoch: Epoch) -> [ExitProgress] {
        let duty = Duty(slot: configuration.clock.firstSlot(of: epoch), type: .exit)
        return parSigDB.leading(of: duty).compactMap { key, group in
            guard case .exit(let exit) = group.data else { return nil }
            let stage: ExitProgress.Stage =
                switch broadcaster.verdict(duty, key) {
                case .taken?: .published
                case .refused(let reason)?: .refused(reason)
                case nil: aggSigDB.value(duty, key) == nil ? .open : .complete
                }
            return ExitProgress(
                pubKey: key.pubKey, message: exit.message, shares: group.signatures.keys.sorted(), stage: stage)
        }
    }

    /// Hands in again what an operator asks for again and the beacon node refused for good.
    mutating func askAgain(_ duty: Duty, _ keys: [EntryKey]) -> [Signal] {
        guard duty.type == .exit else { return [] }
        var again: SignedDataSet = [:]
        for key in keys {
            guard case .refused? = broadcaster.verdict(duty, key) else { continue }
            again[key] = aggSigDB.value(duty, key)
        }
        return broadcaster.broadcast(duty, again)
    }
}
