import BLS
import SSZ

/// One Pedersen key generation or reshare of one validator at one node. Source: spec/dkg.md §8.2, §8.3.
///
///     deals ──► responses ──► over                        nobody complains
///                        └──► justifications ──► over     somebody does, or is silent
///
/// Each phase ends when the bundles of all are there, or when its time is over. `tick` tells so: with the time T of a
/// phase, `.responses` T after the start, `.justifications` after 2T and `.over` after 3T, or later while it
/// `gainsByWaiting`.
///
/// Deterministic: the same seed and the same events, ticks included, give the same bundles. A node that restarts must be
/// told the same events in the same order; another order could have it say two things, and be discarded for it.
package struct PedersenRun: Sendable {
    package enum Phase: Int, Comparable, Sendable {
        case deals, responses, justifications, over

        package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    }

    package let roster: PedersenRoster
    /// Number of the run, from 0.
    package let validator: Int
    /// The session of all bundles of this run.
    package let nonce: Bytes32
    let nodeKey: SecretKey
    /// Nil in a key generation.
    let sharing: PedersenSharing?
    /// Nil for an operator that joins.
    let dealing: PedersenDealing?
    /// Our index as a receiver; nil for an operator that leaves.
    let ownReceiver: Int?

    package internal(set) var phase = Phase.deals
    /// What we have sent so far, to be sent again to a participant that was away.
    package internal(set) var sent: [PedersenBundle] = []
    var inboxes: [CeremonyFault.Message: PedersenInbox] = [:]
    /// What dealers are committed to, by dealer.
    var polynomials: [Int: PublicPolynomial] = [:]
    /// Our shares that are right, by dealer.
    var shares: [Int: SecretKey] = [:]
    /// By dealer: the receivers that have not confirmed their share, nor been given it in public. At first all but the
    /// dealer itself: nobody deals itself a wrong one.
    var complaints: [Int: Set<Int>]
    var evictedDealers: Set<Int> = []
    var evictedReceivers: Set<Int> = []
    /// Each participant is blamed once, for the first thing it did wrong, and before for the first that did not come.
    var blamed: [ParticipantIndex: CeremonyFault.Reason] = [:]
    /// The first that is proven, or else the first.
    var firstBlame: CeremonyFault?

    /// - Parameters:
    ///   - validator: number of the run, from 0.
    ///   - nodeKey: the secret of our key in the roster.
    ///   - sharing: what is reshared; nil for a new key.
    /// - Throws: if what is reshared is not there, or does not fit together.
    package init(
        _ roster: PedersenRoster, validator: Int, nodeKey: SecretKey, seed: CeremonySeed,
        sharing: PedersenSharing? = nil
    ) throws(CeremonyFault) {
        var dealing: PedersenDealing?
        if roster.own.deals {
            // The nonce tells all that enters: with another one, all secrets are others.
            var generator = seed.generator("pedersen/\(roster.nonce(run: validator))")
            dealing = PedersenDealing(
                dealing: sharing?.secret, threshold: roster.threshold, receivers: roster.receivers.count,
                using: &generator)
        }
        try self.init(roster, validator: validator, nodeKey: nodeKey, dealing: dealing, sharing: sharing)
    }

    /// With a given polynomial.
    init(
        _ roster: PedersenRoster, validator: Int, nodeKey: SecretKey, dealing: PedersenDealing?,
        sharing: PedersenSharing?
    ) throws(CeremonyFault) {
        if let sharing {
            try sharing.check(roster, validator: validator)
        } else if roster.oldThreshold != nil {
            throw CeremonyFault(nil, .parameters("validator \(validator) has no key to be shared anew"))
        }
        self.roster = roster
        self.validator = validator
        self.nodeKey = nodeKey
        self.dealing = dealing
        self.sharing = sharing
        nonce = roster.nonce(run: validator)
        ownReceiver = roster.receiver(roster.own)
        complaints = roster.dealers.mapValues { dealer in
            Set(roster.receivers.indices.filter { roster.receivers[$0] != dealer })
        }
    }

    /// Deals. To be called once, before all else.
    package mutating func start() -> [PedersenEffect] {
        var effects: [PedersenEffect] = []
        if let bundle = ownDeals() { send(bundle, &effects) }
        proceed(&effects)
        return effects
    }

    /// - Parameter participant: who sent it, blamed if nobody signed it.
    package mutating func receive(
        _ bundle: PedersenBundle, from participant: ParticipantIndex
    ) -> [PedersenEffect] {
        guard bundle.phase >= phase else { return [] }
        var effects: [PedersenEffect] = []
        guard bundle.session == nonce else {
            blame(participant, .otherSession(bundle.kind), &effects)
            return effects
        }
        guard let node = sender(of: bundle) else {
            blame(participant, .unknownIndex(bundle.kind, index: bundle.index), &effects)
            return effects
        }
        if inboxes[bundle.kind]?.knows(bundle) == true { return [] }
        guard bundle.isSigned(by: node.key) else {
            blame(participant, .unsigned(bundle.kind), &effects)
            return effects
        }
        take(bundle, of: node, &effects)
        proceed(&effects)
        return effects
    }

    /// The time of the phases before `phase` is over.
    package mutating func tick(_ phase: Phase) -> [PedersenEffect] {
        var effects: [PedersenEffect] = []
        while self.phase < phase { closePhase(&effects) }
        proceed(&effects)
        return effects
    }

    /// Whose bundle this phase waits for; in the last, of dealers that were complained about.
    package var missing: [ParticipantIndex] {
        switch phase {
        case .deals: dealersInOrder.filter { bundles(.deals)[$0.index] == nil }.map(\.node.participant)
        case .responses:
            roster.receivers.enumerated().filter { bundles(.responses)[$0.offset] == nil }.map(\.element.participant)
        case .justifications:
            dealersInOrder.filter {
                !evictedDealers.contains($0.index) && complaints[$0.index]?.isEmpty == false
                    && bundles(.justifications)[$0.index] == nil
            }.map(\.node.participant)
        case .over: []
        }
    }

    /// Whether this phase's end would cost what a bundle that is sent again may still save. Charon's nodes do not wait,
    /// and need not be kept up by us: those who have all there is are waiting for nothing but our key share.
    package var gainsByWaiting: Bool {
        switch phase {
        // Whoever complains in time is given its share in public.
        case .deals, .over: return false
        case .responses:
            // Without a receiver's response all dealers must publish its share, or it was for nothing. They do only if
            // they have no response either; one that has published has given up waiting, so we may too.
            let silent = roster.receivers.indices.filter { bundles(.responses)[$0] == nil }
            let given = bundles(.justifications).values.contains { bundle in
                guard case .justifications(let message) = bundle else { return false }
                return message.justifications.contains { silent.contains($0.shareIndex) }
            }
            return !silent.isEmpty && !given
        // A dealer whose justification others have, and we have not, counts for them.
        case .justifications: return !missing.isEmpty
        }
    }

    /// Who did wrong for certain, if anybody did.
    package var provenFault: CeremonyFault? { firstBlame.flatMap { $0.reason.isAbsence ? nil : $0 } }

    private func sender(of bundle: PedersenBundle) -> PedersenNode? {
        if case .responses = bundle {
            return roster.receivers.indices.contains(bundle.index) ? roster.receivers[bundle.index] : nil
        }
        return roster.dealers[bundle.index]
    }

    private mutating func take(_ bundle: PedersenBundle, of node: PedersenNode, _ effects: inout [PedersenEffect]) {
        var polynomial: PublicPolynomial?
        if case .deals(let deals) = bundle, deals.publicPoints.count == roster.threshold {
            do throws(BLSError) {
                var points: [PublicKey] = []
                for point in deals.publicPoints { points.append(try PublicKey(point)) }
                polynomial = try PublicPolynomial(points)
            } catch {
                blame(node.participant, .malformed(.deals, "a commitment is no point of G1"), &effects)
                return
            }
        }
        guard inboxes[bundle.kind, default: PedersenInbox()].add(bundle) else {
            if case .deals = bundle { polynomials[node.index] = nil }
            blame(node.participant, .equivocated(bundle.kind), &effects)
            return
        }
        if let polynomial { polynomials[node.index] = polynomial }
    }

    /// Phases end early when everybody's bundle is there.
    private mutating func proceed(_ effects: inout [PedersenEffect]) {
        while isPhaseComplete { closePhase(&effects) }
    }

    private var isPhaseComplete: Bool {
        switch phase {
        case .deals: bundles(.deals).count == roster.dealers.count
        case .responses: bundles(.responses).count == roster.receivers.count
        case .justifications: bundles(.justifications).count == roster.dealers.count
        case .over: false
        }
    }

    private mutating func closePhase(_ effects: inout [PedersenEffect]) {
        switch phase {
        case .deals: closeDeals(&effects)
        case .responses: closeResponses(&effects)
        case .justifications: closeJustifications(&effects)
        case .over: break
        }
    }
}

extension PedersenRun {
    func bundles(_ kind: CeremonyFault.Message) -> [Int: PedersenBundle] { inboxes[kind]?.bundles ?? [:] }

    /// Signs a bundle, counts it as received and sends it.
    mutating func send(_ unsigned: PedersenBundle, _ effects: inout [PedersenEffect]) {
        let bundle = unsigned.signed(by: nodeKey)
        take(bundle, of: roster.own, &effects)
        sent.append(bundle)
        effects.append(.send(bundle))
    }

    mutating func blame(
        _ participant: ParticipantIndex, _ reason: CeremonyFault.Reason, _ effects: inout [PedersenEffect]
    ) {
        if let known = blamed[participant], !known.isAbsence || reason.isAbsence { return }
        blamed[participant] = reason
        let fault = CeremonyFault(participant, reason)
        if firstBlame.map({ $0.reason.isAbsence && !reason.isAbsence }) ?? true { firstBlame = fault }
        effects.append(.blamed(fault))
    }
}

extension PedersenBundle {
    /// The phase that waits for it.
    var phase: PedersenRun.Phase {
        switch self {
        case .deals: .deals
        case .responses: .responses
        case .justifications: .justifications
        }
    }
}
