import BLS
import Cluster
import Ethereum
import SSZ

/// The work of the steps, except for the keys themselves. Source: spec/dkg.md §6.
extension Ceremony {
    /// Results of work, each in the stage that has asked for it.
    mutating func worked(_ result: CeremonyWork.Result) throws(CeremonyFault) {
        switch (stage, result) {
        case (.frost(let frost), _): try frostWorked(frost, result)
        case (.signing(let kind, let roots), .signed(let signatures)): try signed(kind, roots, signatures)
        case (.joining(let kind), .joined(let signatures)): try joined(kind, signatures)
        case (.assembling, .assembled(let outcome)): assembled(outcome)
        default: preconditionFailure("work that nobody asked for")
        }
    }

    /// The keys are there.
    mutating func made(_ keys: [ValidatorKeys]) {
        assembly = CeremonyAssembly(keys: keys)
        // Of no use any more; peers that need them still have them in `deliveries`.
        ownShares = [:]
        enter(step + 1)
    }

    // MARK: Partial signatures

    mutating func sign(_ kind: SignatureKind) throws(CeremonyFault) {
        let roots: [Root]
        do throws(ClusterError) { roots = try assembly.roots(kind, plan) } catch {
            throw CeremonyFault(nil, .parameters("\(error)"))
        }
        start(.sign(assembly.signers(kind, plan), roots), .signing(kind, roots))
    }

    private mutating func signed(
        _ kind: SignatureKind, _ roots: [Root], _ signatures: [Bytes96]
    ) throws(CeremonyFault) {
        let keys = assembly.signers(kind, plan).map(\.key.bytes)
        let set = PartialSignatureSet(
            kind: kind, share: plan.shareIndex(of: plan.own),
            signatures: Dictionary(uniqueKeysWithValues: zip(keys, signatures)))
        try exchange.receive(set, from: plan.own)
        try exchange.expect(kind, validators: keys)
        let message = set.encoded()
        deliveries.add(.partials(kind), to: plan.otherSigners, .partialSignatures, phase: step) { _ in message }
        move(to: .collecting(kind, roots))
        lookAtExchange()
    }

    /// Takes time, with many validators: done when something has changed.
    mutating func lookAtExchange() {
        guard case .collecting(let kind, _) = stage else { return }
        unsigned = exchange.missing(kind).map(\.participant)
    }

    /// - Returns: whether there may be more to do at once.
    mutating func collect(_ kind: SignatureKind, _ roots: [Root]) throws(CeremonyFault) -> Bool {
        guard unsigned.isEmpty else {
            if now - stageSince >= plan.timeout {
                let missing = unsigned.map(plan.name(of:))
                fail(
                    CeremonyFailure(
                        // The network may have lost them.
                        culprit: nil, isForGood: false,
                        "timed out waiting for peer signatures: not received from \(missing.joined(separator: ", "));"
                            + " see that their nodes run, or give them more time with --timeout"))
            }
            return false
        }
        start(.join(kind, assembly.signers(kind, plan), roots, exchange), .joining(kind))
        return true
    }

    private mutating func joined(_ kind: SignatureKind, _ signatures: [Bytes96]) throws(CeremonyFault) {
        switch kind {
        case .deposit(let place):
            assembly.deposits.append(signatures)
            if place + 1 < plan.definition.signedDepositAmounts.count {
                try sign(.deposit(place + 1))
            } else {
                enter(step + 1)
            }
        case .registration:
            assembly.registrations = signatures
            enter(step + 1)
        case .lockHash:
            assembly.signatureAggregate = signatures.first
            enter(step + 1)
        }
    }

    // MARK: Node signatures

    mutating func signAsNode() throws(CeremonyFault) {
        var hash: Root?
        if !plan.isLeaving {
            do throws(ClusterError) { hash = try assembly.lock(plan).lockHash } catch {
                throw CeremonyFault(nil, .parameters("\(error)"))
            }
        }
        let own = NodeSignatures.own(plan.own, over: hash, key: plan.identity)
        try broadcast(.nodeSignature, own.packed, phase: step)
        if let hash { try nodeSignatures.sign(over: hash) }
        move(to: .nodeSignatures)
    }

    mutating func collectNodeSignatures() -> Bool {
        if plan.isLeaving {
            guard nodeSignatures.missing.isEmpty else { return false }
        } else {
            guard let signatures = nodeSignatures.complete else { return false }
            // Of those who stay, from their order as participants to their order in the lock.
            let staying = plan.operators.indices.filter { !plan.leaving.contains($0) }
            let byParticipant = Dictionary(uniqueKeysWithValues: zip(staying, signatures))
            assembly.nodeSignatures = plan.seats.compactMap { byParticipant[$0] }
        }
        enter(step + 1)
        return true
    }
}

// MARK: FROST

/// The keys by FROST. Source: spec/dkg.md §5.
extension Ceremony {
    mutating func frostWorked(_ stage: FrostStage, _ result: CeremonyWork.Result) throws(CeremonyFault) {
        switch (stage, result) {
        case (.beginning, .frostBegun(let cast, let shares)):
            ownShares = shares
            try broadcast(.frostCasts, cast, phase: step)
            move(to: .frost(.casting))
        case (.continuing, .frostContinued(let round, let result)):
            try broadcast(.frostResults, result, phase: step)
            move(to: .frost(.secondRound(round)))
        case (.finishing, .keys(let keys)): made(keys)
        default: preconditionFailure("work that nobody asked for")
        }
    }

    /// As Charon does: when everybody has our casts, or is past needing them.
    private mutating func sendShares() {
        let isEverywhere = broadcasts.undelivered(.frostCasts).allSatisfy { (sync.peers[$0].step ?? 0) > 1 }
        guard isEverywhere else { return }
        let shares = ownShares
        deliveries.add(.shares, to: plan.others, .frostShares, phase: 1) { shares[$0] ?? [] }
    }

    mutating func advanceFrost(_ stage: FrostStage) throws(CeremonyFault) -> Bool {
        switch stage {
        case .beginning, .continuing, .finishing: return false
        case .casting:
            sendShares()
            guard inbox.casts.count == plan.participants, inbox.shares.count == plan.participants - 1 else {
                return false
            }
            let casts = plan.operators.indices.compactMap { inbox.casts[$0] }
            start(.frostContinue(casts: casts, shares: inbox.shares), .frost(.continuing))
            return true
        case .secondRound(let round):
            sendShares()
            guard inbox.results.count == plan.participants else { return false }
            let results = plan.operators.indices.compactMap { inbox.results[$0] }
            start(.frostFinish(round, results: results), .frost(.finishing))
            return true
        }
    }
}
