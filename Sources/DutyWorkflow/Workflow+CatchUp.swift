import Ethereum

/// Shares that peers may have missed.
extension Workflow {
    mutating func connected(_ peer: PeerIndex, _ now: Instant) -> [Signal] {
        guard peer != configuration.peer else { return [] }
        catchUp.connected(peer, at: now)
        return catchUpPeers(now)
    }

    mutating func catchUpPeers(_ now: Instant) -> [Signal] {
        let peers = catchUp.due(at: now)
        guard !peers.isEmpty, halted == nil else { return [] }
        let open = parSigDB.open(from: configuration.clock.slot(at: now) ?? .zero)
        return peers.flatMap { peer in open.map { .perform(.shareWithPeer(peer, $0.duty, $0.set)) } }
    }

    mutating func remind(_ now: Instant) -> [Signal] {
        guard let slot = configuration.clock.slot(at: now), halted == nil else { return [] }
        return parSigDB.remind(in: configuration.clock.epoch(of: slot))
    }
}
