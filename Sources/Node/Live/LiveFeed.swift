import BeaconAPI
import BeaconClient
import DutyWorkflow
import Ethereum
import PeerProtocols
import Program
import RemoteSigner
import Synchronization
import Views

/// A node's live picture, fed from whatever thread something happens on.
final class LiveFeed: Sendable {
    private struct State {
        var view: LiveView
        /// By beacon node, of those that told.
        var heads: [BeaconNodeAddress: Slot] = [:]
        var versions: [BeaconNodeAddress: String] = [:]
        /// By remote signer, as it last said; at most one for each of `--signer-url`.
        var health: [String: (health: SignerHealth, at: Instant)] = [:]
    }

    private let state: Mutex<State>
    private let own: PeerIndex
    /// What this node says of itself.
    let ownReport: PeerReport

    init(_ cluster: ClusterContext, _ ownReport: PeerReport) {
        own = cluster.own
        self.ownReport = ownReport
        state = Mutex(
            State(
                view: LiveView(own: cluster.own, nodes: cluster.operators.count, validators: cluster.keys.pubKeys)))
    }

    func follow(_ clock: SlotClock) { state.withLock { $0.view.follow(clock) } }

    func receive(_ report: Report, in cluster: () -> ClusterView) {
        let now = SystemClock.now()
        // Asked outside the lock: it has locks of its own.
        let view: ClusterView? = if case .failed = report { cluster() } else { nil }
        state.withLock { $0.view.receive(report, in: view, at: now) }
    }

    /// An effect begins.
    func watch(_ effect: Effect) {
        guard case .shareWithPeers(let duty, let set) = effect else { return }
        signed(duty, set, by: own)
    }

    func signed(_ duty: Duty, _ set: ParSignedDataSet, by peer: PeerIndex) {
        let now = SystemClock.now()
        state.withLock { $0.view.signed(duty, set.keys.lazy.map(\.pubKey), by: peer, at: now) }
    }

    func heardValidatorClient() {
        let now = SystemClock.now()
        state.withLock { $0.view.heardValidatorClient(at: now) }
    }

    func receive(_ event: BeaconEvent, from node: BeaconNodeAddress) {
        guard case .head(let head) = event else { return }
        state.withLock { $0.heads[node] = head.slot }
    }

    /// What all nodes that answered call themselves.
    func note(_ answers: [(node: BeaconNodeAddress, versions: NodeVersions)]) {
        state.withLock { state in
            for answer in answers {
                state.versions[answer.node] = PlainText.cleaned(answer.versions.beaconNode)
            }
        }
    }

    /// What all remote signers said of themselves.
    func note(_ answers: [(signer: String, health: SignerHealth)]) {
        let now = SystemClock.now()
        state.withLock { state in
            for answer in answers { state.health[answer.signer] = (answer.health, now) }
        }
    }

    /// - Parameter facts: all but what is known here.
    func picture(_ facts: LiveFacts, beaconNodes: [BeaconNodeState]) -> LivePicture {
        let (view, heads, versions, health) = state.withLock { ($0.view, $0.heads, $0.versions, $0.health) }
        let now = SystemClock.now()
        var facts = facts
        for place in facts.remoteSigners.indices {
            guard let known = health[facts.remoteSigners[place].address] else { continue }
            facts.remoteSigners[place].health = known.health.shown
            facts.remoteSigners[place].askedAgo = now - known.at
        }
        facts.beaconNodes = beaconNodes.map { node in
            var fact = LiveFacts.BeaconNode(address: "\(node.address)")
            fact.isFallback = node.isFallback
            fact.isFollowing = node.isFollowing
            fact.outFor = node.outage?.lasts
            fact.problem = node.outage.map { "\($0.cause)" }
            fact.latencies = node.latencies
            fact.answeredAgo = node.answeredAgo
            fact.headSlot = heads[node.address]
            fact.version = versions[node.address]
            return fact
        }
        return LivePicture(view, facts, at: now)
    }
}

extension SignerHealth {
    fileprivate var shown: LiveFacts.RemoteSigner.Health? {
        switch self {
        case .up: .up
        case .unhealthy(let why): .unhealthy(why)
        case .unreachable(let why): .unreachable(why)
        case .unknown: nil
        }
    }
}
