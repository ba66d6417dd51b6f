import DutyWorkflow
import Ethereum
import SSZ

/// The validator clients of the even nodes.
extension SimulatedCluster {
    static func hasValidatorClient(_ node: Int) -> Bool { node.isMultiple(of: 2) }

    mutating func askAsValidatorClient(_ node: Int, _ row: AttesterDuty) {
        let duty = Duty.attester(slot: row.slot)
        guard now < chain.clock.start(of: row.slot) + options.slotDuration * 3 else { return }
        // It asks again each second until its signature is accepted, as validator clients do after a refused connection.
        heap.schedule(.validatorClient(node: node, row), at: now + .seconds(1))
        guard nodes[node].workflow != nil, !oracle.accepted(node, duty, row.pubKey) else { return }
        let ticket = Ticket(nextTicket)
        nextTicket += 1
        tickets[ticket] = (node, row)
        heap.schedule(
            .event(
                node: node, life: nodes[node].life, .query(ticket, .decided(.attestation(row.slot, row.committeeIndex)))
            ),
            at: now)
    }

    mutating func answerValidatorClient(_ ticket: Ticket, _ answer: Answer) {
        guard let (node, row) = tickets[ticket] else { return }
        let duty = Duty.attester(slot: row.slot)
        switch answer {
        case .decided(_, .attester(let data, _)):
            oracle.sawServed(duty, row, data, by: node)
            if !nodes[node].journal.isServable(data, in: duty) { oracle.sawUndurable("data of \(duty)", by: node) }
            if rogueValidatorClients.contains(node) {
                var other = data
                other.beaconBlockRoot = SHA256.hash(data.beaconBlockRoot.bytes)
                sign(other, row, node, nil)
            }
            sign(data, row, node, ticket)
        case .submitted:
            tickets[ticket] = nil
            oracle.noteAccepted(node, duty, row.pubKey)
            if !nodes[node].journal.holdsShare(ShareIndex(PeerIndex(node)), of: duty, for: EntryKey(row.pubKey)) {
                oracle.sawUndurable("word that the share of \(duty) is safe", by: node)
            }
        case .refused, .absent, .attesters, .signed: tickets[ticket] = nil
        }
    }

    private mutating func sign(_ data: AttestationData, _ row: AttesterDuty, _ node: Int, _ ticket: Ticket?) {
        guard let partial = chain.partial(.attester(data, row), share: ShareIndex(PeerIndex(node))) else { return }
        let own = LocalPartials(.attester(slot: row.slot), [EntryKey(row.pubKey): partial])
        post(
            node, .localPartials([own], ticket), after: .milliseconds(1)...(.milliseconds(20)))
    }
}
