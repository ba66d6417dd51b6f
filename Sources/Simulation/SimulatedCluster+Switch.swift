import DutyWorkflow
import Ethereum
import SSZ

/// A cluster that goes over to other key shares while it runs: who is who in which set, and how a node changes over.
extension SimulatedCluster {
    /// The switch to `Options.newSet`.
    package func plan(at epoch: UInt64) throws(SwitchFault) -> SwitchPlan {
        func side(_ set: KeySet) -> SwitchPlan.Side {
            SwitchPlan.Side(
                lock: Root(padding: [set == .old ? 1 : 2]), peerIDs: peerIDs(set), threshold: threshold(set))
        }
        return try SwitchPlan(
            old: side(.old), new: side(.new), epoch: Epoch(epoch), slotsPerEpoch: options.slotsPerEpoch)
    }

    /// The node's operator plans a switch. The node hears of it as soon as it runs.
    package mutating func plan(_ plan: SwitchPlan, at node: Int, from time: Instant) {
        heap.schedule(.plan(node: node, plan), at: time)
    }

    /// How far the node's switch is, on its disk.
    package func switchStage(of node: Int) -> SwitchStage? { nodes[node].journal.plannedSwitch?.stage }

    /// What a node told its operator of a switch.
    package func switchNews(of node: Int) -> [SwitchNews] {
        oracle.reports.compactMap {
            if $0.node == node, case .plannedSwitch(_, let news) = $0.report { news } else { nil }
        }
    }

    // MARK: Who is who

    /// Nodes by their operator's position.
    func members(_ set: KeySet) -> [Int] { set == .old ? Array(0..<options.nodes) : options.newSet }

    func threshold(_ set: KeySet) -> Int { (2 * members(set).count + 2) / 3 }

    func peerIDs(_ set: KeySet) -> [String] { members(set).map { "peer-\($0)" } }

    /// Nil for a node that is none of the set's.
    func position(of node: Int, in set: KeySet) -> PeerIndex? {
        members(set).firstIndex(of: node).map { PeerIndex($0) }
    }

    /// In the set that it has. A node has none that it is not in.
    func position(of node: Int) -> PeerIndex { position(of: node, in: nodes[node].set) ?? PeerIndex(node) }

    func share(of node: Int) -> ShareIndex { ShareIndex(position(of: node)) }

    func peers(of node: Int) -> [Int] { members(nodes[node].set).filter { $0 != node } }

    /// Whom a node means.
    func member(_ peer: PeerIndex, _ node: Int) -> Int { members(nodes[node].set)[peer.rawValue] }

    func partial(_ object: SignedData, _ pubKey: PubKey, _ node: Int) -> ParSignedData {
        chain.partial(object, pubKey, share: share(of: node), domains(node), of: nodes[node].set)
    }

    /// Whether a message gets past the receiver's checks of who says it: both may have different sets for a while.
    func passes(_ event: Event, _ from: Int, _ to: Int) -> Bool {
        let (mine, theirs) = (nodes[from].set, nodes[to].set)
        guard mine != theirs else { return true }
        guard let sender = position(of: from, in: theirs), let receiver = position(of: to, in: theirs) else {
            return false
        }
        switch event {
        case .consensusMessage(let message):
            // Each signature in it is checked under the key of the operator at that position.
            let (said, heard) = (members(mine), members(theirs))
            return ([message.message] + message.message.justification).allSatisfy {
                heard.indices.contains($0.source) && said[$0.source] == heard[$0.source]
            }
        case .peerPartials(_, let set):
            let shares = Set(set.values.map(\.shareIndex))
            return shares == [ShareIndex(sender)] || shares == [ShareIndex(receiver)]
        default: return true
        }
    }

    // MARK: How a node changes over

    /// Again and again until it is noted or refused.
    mutating func tell(_ plan: SwitchPlan, to node: Int) {
        if nodes[node].journal.plannedSwitch != nil { return }
        if case .refused? = planAnswers[node] { return }
        heap.schedule(.plan(node: node, plan), at: now + .seconds(5))
        guard nodes[node].workflow != nil else { return }
        let ticket = Ticket(nextTicket)
        nextTicket += 1
        planTickets[ticket] = node
        turn(node, .planSwitch(plan, ticket))
    }

    mutating func answerOperator(_ ticket: Ticket, _ answer: Answer) {
        guard let node = planTickets.removeValue(forKey: ticket) else { return }
        planAnswers[node] = answer
    }

    /// An orderly end: all that was made is on disk. A crash on the way leaves the old set's journal.
    mutating func leave(_ node: Int, for plan: SwitchPlan) {
        write(nodes[node].pendingRecords, node)
        if let (_, records) = nodes[node].outbox.nextCommit(all: true) { write(records, node) }
        nodes[node].pendingRecords = []
        nodes[node].outbox = Outbox()
        nodes[node].workflow = nil
        nodes[node].nextWake = nil
        nodes[node].life += 1
        nodes[node].isEntering = true
        forgetCallers(of: node)
        heap.schedule(
            .handOver(node: node, life: nodes[node].life, plan), at: now + draw(options.switchTime) / 2)
    }
}
