import DutyWorkflow
import Ethereum

/// Something that is not there, or not as it should be, right now.
struct MissingThing: Hashable, Sendable {
    let layer: Layer
    /// A sentence, with what to do.
    let text: String

    /// All there is, the most urgent first.
    static func all(_ view: LiveView, _ facts: LiveFacts) -> [MissingThing] {
        twin(view) + readiness(facts) + beaconNodes(view, facts) + signers(facts) + peers(view, facts)
    }

    private static func twin(_ view: LiveView) -> [MissingThing] {
        view.twin.map { seen in
            [
                MissingThing(
                    layer: .signer,
                    text: "This node signs nothing more: another process signs with its key (\(seen)); \(Halt.cure)")
            ]
        } ?? []
    }

    private static func readiness(_ facts: LiveFacts) -> [MissingThing] {
        guard let advice = facts.readiness.advice else { return [] }
        let layer: Layer =
            switch facts.readiness.code {
            case 4: .peers
            case 5: .validatorClient
            case 9, 10: .signer
            default: .beaconNode
            }
        return [MissingThing(layer: layer, text: "Not ready, \(facts.readiness.text): \(advice)")]
    }

    private static func beaconNodes(_ view: LiveView, _ facts: LiveFacts) -> [MissingThing] {
        var found: [MissingThing] = []
        if let (epoch, why) = view.dutiesUnavailable {
            found.append(
                MissingThing(layer: .beaconNode, text: "No beacon node tells the duties of epoch \(epoch): \(why)"))
        }
        for node in facts.beaconNodes {
            if let since = node.outFor {
                let problem = node.problem.map { " (\($0))" } ?? ""
                let silence = since < .seconds(1) ? "does not answer" : "has not answered for \(since.inWords)"
                found.append(
                    MissingThing(
                        layer: .beaconNode,
                        text: "Beacon node \(node.address) \(silence)\(problem): see that it runs"))
            } else if !node.isFollowing {
                found.append(
                    MissingThing(
                        layer: .beaconNode,
                        text: "Beacon node \(node.address) does not follow the chain: wait for it, or add another"))
            }
        }
        return found
    }

    private static func signers(_ facts: LiveFacts) -> [MissingThing] {
        facts.remoteSigners.compactMap { signer in
            let problem = signer.problem.map { " (\($0))" } ?? ""
            switch signer.state {
            case .up, .unknown: return nil
            case .unhealthy:
                return MissingThing(
                    layer: .signer,
                    text: "Remote signer \(signer.address) is not well\(problem): see its log, and its slashing "
                        + "protection database")
            case .down:
                return MissingThing(
                    layer: .signer,
                    text: "Remote signer \(signer.address) does not answer\(problem): see that it runs, and that "
                        + "--signer-url is right")
            }
        }
    }

    private static func peers(_ view: LiveView, _ facts: LiveFacts) -> [MissingThing] {
        facts.peers.filter { $0.index != view.own }.compactMap { peer in
            let name = peer.nickname.isEmpty ? "Operator \(peer.index)" : "Operator \(peer.index) (\(peer.nickname))"
            if peer.isSameCluster == false {
                return MissingThing(
                    layer: .peers, text: "\(name) runs another cluster lock: compare the cluster-lock.json files")
            }
            if peer.path == nil {
                let why = peer.lastFailure.map { " (\($0))" } ?? ""
                return MissingThing(
                    layer: .peers, text: "\(name) is not connected\(why): see that its node runs and can be reached")
            }
            let absent = view.operators[peer.index.rawValue].absentDuties
            guard absent > 0 else { return nil }
            return MissingThing(
                layer: .peers,
                text: "\(name) is connected, but has signed nothing in \(absent) duties or more: its operator should "
                    + "look at its validator client")
        }
    }
}

extension Duration {
    /// The largest unit that fits, rounded down: `45 s`, `3 min`, `2 h`, `5 d`.
    var inWords: String {
        let seconds = components.seconds
        switch seconds {
        case ..<120: return "\(Swift.max(0, seconds)) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h"
        default: return "\(seconds / 86_400) d"
        }
    }
}
