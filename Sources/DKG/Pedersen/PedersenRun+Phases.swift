import BLS
import SSZ

// What is done at the end of each phase. Source: spec/dkg.md §8.3. Dealers and receivers are gone through by ascending
// index, so that all nodes blame in the same order.

extension PedersenRun {
    /// Our deals, to be signed; nil if we do not deal.
    func ownDeals() -> PedersenBundle? {
        guard let dealing else { return nil }
        var deals: [DealBundleMessage.Deal] = []
        for (receiver, node) in roster.receivers.enumerated() where receiver != ownReceiver {
            let sealed = ShareEncryption.seal(
                dealing.shares[receiver], to: node.key, ephemeral: dealing.ephemerals[receiver])
            deals.append(DealBundleMessage.Deal(shareIndex: receiver, encryptedShare: sealed))
        }
        return .deals(
            DealBundleMessage(
                dealerIndex: roster.own.index, deals: deals, publicPoints: dealing.commitments.map(\.bytes),
                session: nonce, signature: .zero))
    }

    /// Looks at all deals, and says of each dealer whether our share is right.
    mutating func closeDeals(_ effects: inout [PedersenEffect]) {
        phase = .responses
        for (index, node) in dealersInOrder {
            guard case .deals(let bundle)? = bundles(.deals)[index] else {
                blame(node.participant, .missing(.deals), &effects)
                continue
            }
            guard let polynomial = polynomials[index] else {
                let (expected, actual) = (roster.threshold, bundle.publicPoints.count)
                evict(node, .commitmentCount(validator: validator, expected: expected, actual: actual), &effects)
                continue
            }
            if let deal = bundle.deals.first(where: { !roster.receivers.indices.contains($0.shareIndex) }) {
                evict(node, .unknownIndex(.deals, index: deal.shareIndex), &effects)
                continue
            }
            takeShare(bundle, polynomial, of: node, &effects)
        }
        guard let ownReceiver else { return }
        let responses = dealersInOrder.map(\.index).filter { !evictedDealers.contains($0) }.map {
            ResponseBundleMessage.Response(dealerIndex: $0, isGood: shares[$0] != nil)
        }
        send(
            .responses(
                ResponseBundleMessage(
                    shareIndex: ownReceiver, responses: responses, session: nonce, signature: .zero)), &effects)
    }

    private mutating func takeShare(
        _ bundle: DealBundleMessage, _ polynomial: PublicPolynomial, of node: PedersenNode,
        _ effects: inout [PedersenEffect]
    ) {
        guard let ownReceiver else { return }
        if let sharing, polynomial.key != sharing.publicShares[node.index] {
            blame(node.participant, .otherSecret, &effects)
            return
        }
        if node == roster.own {
            shares[node.index] = dealing?.shares[ownReceiver]
            return
        }
        let expected = try? polynomial.share(ownReceiver + 1)
        for deal in bundle.deals where deal.shareIndex == ownReceiver {
            if let share = ShareEncryption.open(deal.encryptedShare, with: nodeKey), share.publicKey == expected {
                shares[node.index] = share
            }
        }
        if shares[node.index] == nil { blame(node.participant, .share(validator: validator), &effects) }
    }

    /// Counts who has complained about whom. If nobody has, the run is over; else dealers defend themselves.
    mutating func closeResponses(_ effects: inout [PedersenEffect]) {
        phase = .justifications
        var isComplaint = false
        for (receiver, node) in roster.receivers.enumerated() {
            guard case .responses(let bundle)? = bundles(.responses)[receiver] else {
                evictedReceivers.insert(receiver)
                blame(node.participant, .missing(.responses), &effects)
                continue
            }
            for response in bundle.responses {
                guard roster.dealers[response.dealerIndex] != nil else {
                    evictedReceivers.insert(receiver)
                    blame(node.participant, .unknownIndex(.responses, index: response.dealerIndex), &effects)
                    continue
                }
                if response.isGood {
                    complaints[response.dealerIndex]?.remove(receiver)
                } else {
                    complaints[response.dealerIndex]?.insert(receiver)
                    isComplaint = true
                }
            }
        }
        guard isComplaint || complaints.values.contains(where: { !$0.isEmpty }) else {
            finish(&effects)
            return
        }
        evictAccused(&effects)
        defend(&effects)
    }

    /// The shares of so many receivers give the dealer's secret: once they are public it is none any more.
    private mutating func evictAccused(_ effects: inout [PedersenEffect]) {
        for (index, node) in dealersInOrder {
            let count = complaints[index]?.count ?? 0
            if count >= roster.threshold { evict(node, .complaints(count), &effects) }
        }
    }

    /// Publishes the shares of who complains about us.
    private mutating func defend(_ effects: inout [PedersenEffect]) {
        let isEvicted = roster.own.deals && evictedDealers.contains(roster.own.index)
        if let dealing, !isEvicted, let accusers = complaints[roster.own.index], !accusers.isEmpty {
            let justifications = accusers.sorted().map { receiver in
                JustificationBundleMessage.Justification(
                    shareIndex: receiver, share: dealing.shares[receiver].publishedBytes)
            }
            send(
                .justifications(
                    JustificationBundleMessage(
                        dealerIndex: roster.own.index, justifications: justifications, session: nonce,
                        signature: .zero)), &effects)
        }
        if ownReceiver == nil {
            phase = .over
            effects.append(.left)
        } else if isEvicted {
            abort(CeremonyFault(roster.own.participant, .evicted), &effects)
        }
    }

    /// Checks what dealers published in their defence.
    mutating func closeJustifications(_ effects: inout [PedersenEffect]) {
        for (index, node) in dealersInOrder where !evictedDealers.contains(index) {
            guard case .justifications(let bundle)? = bundles(.justifications)[index] else { continue }
            if let reason = takeJustifications(bundle, of: node) { evict(node, reason, &effects) }
        }
        finish(&effects)
    }

    /// Nil if all is right.
    private mutating func takeJustifications(
        _ bundle: JustificationBundleMessage, of node: PedersenNode
    ) -> CeremonyFault.Reason? {
        guard let polynomial = polynomials[node.index] else { return .missing(.deals) }
        if let sharing, polynomial.key != sharing.publicShares[node.index] { return .otherSecret }
        for justification in bundle.justifications {
            let receiver = justification.shareIndex
            guard roster.receivers.indices.contains(receiver) else {
                return .unknownIndex(.justifications, index: receiver)
            }
            guard let share = try? SecretKey(bytes: justification.share.bytes),
                let expected = try? polynomial.share(receiver + 1), share.publicKey == expected
            else { return .share(validator: validator) }
            complaints[node.index]?.remove(receiver)
            if receiver == ownReceiver { shares[node.index] = share }
        }
        return nil
    }

    private mutating func evict(
        _ node: PedersenNode, _ reason: CeremonyFault.Reason, _ effects: inout [PedersenEffect]
    ) {
        evictedDealers.insert(node.index)
        blame(node.participant, reason, &effects)
    }

    var dealersInOrder: [(index: Int, node: PedersenNode)] {
        roster.nodes.filter(\.deals).map { ($0.index, $0) }
    }
}

extension SecretKey {
    /// Of a share that is published to defend its dealer.
    fileprivate var publishedBytes: Bytes32 {
        guard let bytes = Bytes32(exposedBytes()) else { preconditionFailure("32 bytes are 32 bytes") }
        return bytes
    }
}
