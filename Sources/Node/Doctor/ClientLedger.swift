import Doctor
import DutyWorkflow
import Ethereum
import ValidatorAPI

/// What validator clients asked in this epoch and the one before. Everything in it is bounded: endpoints are ours,
/// operators the cluster's, agents few.
struct ClientLedger {
    private struct Page {
        var counts: [String: ValidatorClientFacts.Count] = [:]
        var agents: Set<String> = []
        var foreign: [PeerIndex: Int] = [:]
        var badSignatures = 0
        var requests = 0
    }

    private static let agentsMax = 8

    private var epoch: Epoch?
    private var current = Page()
    private var last = Page()
    /// Whether the current epoch is watched from its start.
    private var isWhole = false
    /// Whole epochs in a row with requests.
    private var wholeEpochs = 0
    /// Nobody asked in the last whole epoch.
    private var wasSilent = false

    mutating func note(_ record: ValidatorAPIRecord) {
        current.requests += 1
        if let agent = record.agent, !agent.isEmpty, current.agents.count < Self.agentsMax {
            current.agents.insert(MetricLabels.printable(agent))
        }
        if let holder = record.foreignHolder { current.foreign[holder.peer, default: 0] += 1 }
        guard case .endpoint(let name) = record.kind, !record.wasInterrupted else { return }
        current.counts[name, default: .init()].requests += 1
        if record.status == 400 || record.status >= 500 { current.counts[name, default: .init()].failed += 1 }
    }

    /// A request with a signature that is not of our shares.
    mutating func noteBadSignature() { current.badSignatures += 1 }

    /// By our own clock.
    mutating func turn(to epoch: Epoch) {
        guard epoch != self.epoch else { return }
        if self.epoch != nil {
            if isWhole {
                wasSilent = current.requests == 0
                wholeEpochs = wasSilent ? 0 : wholeEpochs + 1
            }
            isWhole = true
            last = current
            current = Page()
        }
        self.epoch = epoch
    }

    var facts: ValidatorClientFacts {
        var facts = ValidatorClientFacts()
        facts.isSilent = wasSilent && current.requests == 0
        facts.epochs = wholeEpochs
        facts.counts = last.counts.merging(current.counts) {
            .init(requests: $0.requests + $1.requests, failed: $0.failed + $1.failed)
        }
        facts.agents = last.agents.union(current.agents)
        facts.foreign = last.foreign.merging(current.foreign, uniquingKeysWith: +)
        facts.badSignatures = last.badSignatures + current.badSignatures
        return facts
    }
}
