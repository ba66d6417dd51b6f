import Ethereum

/// Our key is in use elsewhere.
extension Workflow {
    mutating func halt(_ duty: Duty, _ seen: String) -> [Signal] {
        guard halted == nil else { return [] }
        let halt = Halt(duty: duty, seen: seen)
        halted = halt
        consensus.halt()
        return [.perform(.persist(.halted(halt))), .perform(.report(.twinSeen(duty, seen)))]
    }

    /// While a node watches on a new journal, what the chain says of its validators proves a second process only if the
    /// group signature takes every operator's share, ours too. Else the other operators are a quorum without us: that its
    /// validators are alive is what a cluster is for, and that we heard of too few of their shares may be our connection's
    /// fault. No rule could tell a twin from that without false alarms; there only a vote or share of our own key does,
    /// which peers show us (`ParSigDB.shares`).
    mutating func judgeAlive(_ epoch: Epoch, _ pubKeys: [PubKey]) -> [Signal] {
        let clock = configuration.clock
        guard configuration.provesTwinByChain, clock.firstSlot(of: epoch) >= configuration.knowsFrom,
            clock.firstSlot(of: epoch + 1) <= configuration.signsFrom,
            let alive = pubKeys.filter({ configuration.validators.contains($0) }).min()
        else { return [] }
        let what =
            "validator \(alive) voted in epoch \(epoch), which takes this operator's share, and this node has signed nothing"
        return halt(.attester(slot: clock.firstSlot(of: epoch)), what)
    }

    /// It was seen in an earlier life, and nobody has said since that it is over.
    ///
    /// - Parameter signals: of the restart; shares that had not left yet stay here.
    mutating func stayHalted(_ halt: Halt, _ signals: [Signal]) -> [Signal] {
        halted = halt
        consensus.halt()
        return signals.filter { if case .perform(.shareWithPeers) = $0 { false } else { true } }
            + [.perform(.report(.stillHalted(halt)))]
    }
}
