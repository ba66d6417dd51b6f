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
        let slot = configuration.clock.slot(at: now) ?? .zero
        let open = parSigDB.open(from: slot)
        return peers.flatMap { peer in
            (withoutBarred(open) + parSigDB.shares(of: ShareIndex(peer), from: slot))
                .map { .perform(.shareWithPeer(peer, $0.duty, $0.set)) }
        }
    }

    mutating func remind(_ now: Instant) -> [Signal] {
        guard let slot = configuration.clock.slot(at: now), halted == nil else { return [] }
        let waiting = parSigDB.remind(in: configuration.clock.epoch(of: slot))
        return withoutBarred(waiting).map { .perform(.shareWithPeers($0.duty, $0.set)) }
    }
}
