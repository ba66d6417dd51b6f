import Ethereum

/// Where a ceremony is, for people: what this node does, and what it knows of each other operator.
package struct CeremonyView: Equatable, Sendable {
    package struct Row: Equatable, Sendable {
        package let participant: ParticipantIndex
        /// As it calls itself; empty if it does not.
        package let nickname: String
        package let presence: SyncPeer.Presence
        /// Its last report; nil before.
        package let step: Int?
        /// What this node waits for from it; nil for nothing.
        package let missing: String?
    }

    /// Own step, 0 before the first.
    package let step: Int
    /// What this node does.
    package let activity: String
    package let since: Instant
    /// By participant, without ourselves.
    package let rows: [Row]
}

extension Ceremony {
    package var view: CeremonyView {
        let missing = missing
        let open = deliveries.open
        return CeremonyView(
            step: sync.step, activity: activity, since: stageSince,
            rows: plan.others.map { peer in
                let state = sync.peers[peer]
                var texts = missing[peer].map { [$0] } ?? []
                if let problem = open[peer] {
                    texts.append(problem.map { "does not take ours: \($0)" } ?? "takes ours")
                }
                return CeremonyView.Row(
                    participant: peer, nickname: state.nickname, presence: state.presence, step: state.step,
                    missing: texts.isEmpty ? nil : texts.joined(separator: "; "))
            })
    }

    private var activity: String {
        switch stage {
        case .gathering: "waiting for all operators"
        case .barrier: "waiting for all operators before: \(plan.name(ofStep: step))"
        case .frost(.casting), .frost(.secondRound), .pedersen: "exchanging key material"
        case .frost: "making keys"
        case .signing(let kind, _): "signing: \(kind.text)"
        case .collecting(let kind, _): "exchanging signatures: \(kind.text)"
        case .joining(let kind): "verifying signatures: \(kind.text)"
        case .nodeSignatures: "exchanging node signatures"
        case .assembling: "verifying the new cluster"
        case .writing: "writing files"
        case .goodbye: "saying goodbye"
        case .finished: "done"
        case .failed: "failed"
        }
    }

    /// What this node waits for, by who has to give it.
    private var missing: [ParticipantIndex: String] {
        var missing: [ParticipantIndex: String] = [:]
        for peer in plan.others {
            switch stage {
            case .gathering:
                if sync.peers[peer].presence != .here { missing[peer] = "not connected to us" }
                if !sync.peers[peer].isReached { missing[peer] = "not reached" }
            case .barrier where step >= sync.step:
                if sync.missingAtStep.contains(peer) { missing[peer] = "not ready" }
            case .frost(.casting):
                let names = [
                    inbox.casts[peer] == nil ? "commitments" : nil, inbox.shares[peer] == nil ? "shares" : nil,
                ]
                if names.contains(where: { $0 != nil }) {
                    missing[peer] = names.compactMap { $0 }.joined(separator: ", ")
                }
            case .frost(.secondRound): if inbox.results[peer] == nil { missing[peer] = "public keys" }
            case .pedersen: missing[peer] = missingOfPedersen(peer)
            case .collecting: if unsigned.contains(peer) { missing[peer] = "signatures" }
            case .nodeSignatures:
                if nodeSignatures.missing.contains(peer) { missing[peer] = "node signature" }
            case .goodbye: if sync.peers[peer].presence != .finished { missing[peer] = "goodbye" }
            default: break
            }
        }
        return missing
    }
}

extension SignatureKind {
    /// For people.
    package var text: String {
        switch self {
        case .lockHash: "lock hash"
        case .registration: "registrations"
        case .deposit(let place): "deposits \(place + 1)"
        }
    }
}
