import BLS
import Cluster
import Ethereum
import SSZ
import Secp256k1

/// A ceremony that changes a cluster instead of making one. Source: spec/dkg.md §7, §9.
package enum CeremonyEdit: Sendable {
    /// - Parameter shares: our old ones, in lock order; nil if we join.
    case reshare(ResharePlan, shares: [SecretKey]?)
    /// - Parameters:
    ///   - shares: our old ones, in lock order; nil if nobody signs the lock.
    ///   - depositFiles: of the old validators.
    case addition(ValidatorAddition, shares: [SecretKey]?, depositFiles: [DepositDataFile])

    var reshare: ResharePlan? { if case .reshare(let plan, _) = self { plan } else { nil } }
    var addition: ValidatorAddition? { if case .addition(let plan, _, _) = self { plan } else { nil } }

    /// Of this node.
    var shares: [SecretKey]? {
        switch self {
        case .reshare(_, let shares), .addition(_, let shares, _): shares
        }
    }

    /// Of the cluster as it is.
    var lock: Lock {
        switch self {
        case .reshare(let plan, _): plan.lock
        case .addition(let plan, _, _): plan.lock
        }
    }
}

// MARK: Plans

extension CeremonyPlan {
    /// Key shares are dealt anew.
    package init(
        reshare plan: ResharePlan, shares: [SecretKey]?, network: Network, identity: Secp256k1.PrivateKey,
        release: CeremonyRelease, timeout: Duration = .seconds(60), verifiesLock: Bool = true
    ) {
        self.init(
            .reshare(plan, shares: shares), plan.lock.definition, plan.participants.map(\.identity), plan.own,
            .pedersen,
            network: network, identity: identity, release: release, timeout: timeout, verifiesLock: verifiesLock)
    }

    /// Validators are added.
    package init(
        addition plan: ValidatorAddition, shares: [SecretKey]?, depositFiles: [DepositDataFile],
        identity: Secp256k1.PrivateKey, release: CeremonyRelease, timeout: Duration = .seconds(60),
        verifiesLock: Bool = true
    ) throws(ClusterError) {
        let definition = plan.ceremonyDefinition
        for v in definition.validators.indices {
            _ = try definition.depositMessage(v, .zero, .zero)
            _ = try definition.registration(v, .zero, at: plan.network.genesisTime)
        }
        self.init(
            .addition(plan, shares: shares, depositFiles: depositFiles), definition, plan.keys.operators, plan.own,
            try CeremonyAlgorithm(definition: definition.dkgAlgorithm), network: plan.network, identity: identity,
            release: release, timeout: timeout, verifiesLock: verifiesLock && !plan.isUnverified)
    }

    private init(
        _ edit: CeremonyEdit, _ definition: Definition, _ operators: [Secp256k1.PublicKey], _ own: ParticipantIndex,
        _ algorithm: CeremonyAlgorithm, network: Network, identity: Secp256k1.PrivateKey, release: CeremonyRelease,
        timeout: Duration, verifiesLock: Bool
    ) {
        self.edit = edit
        self.definition = definition
        self.operators = operators
        self.own = own
        self.algorithm = algorithm
        self.network = network
        self.identity = identity
        self.release = release
        self.timeout = timeout
        nickname = ""
        self.verifiesLock = verifiesLock
    }

    // MARK: What differs between ceremonies

    /// What a step is about; the number of a step is its place from 1.
    package enum Work: String, CaseIterable, Sendable {
        case keys, deposits, registrations
        case lockHash = "lock hash"
        case nodeSignatures = "node signatures"
        case files
    }

    /// Two more steps follow, for goodbyes.
    package var works: [Work] {
        edit?.reshare == nil ? Work.allCases : [.keys, .lockHash, .nodeSignatures, .files]
    }

    /// For people.
    package func name(ofStep step: Int) -> String {
        if step < 1 { return "connecting" }
        return works.indices.contains(step - 1) ? works[step - 1].rawValue : "goodbye"
    }

    /// What broadcasts are bound to.
    var broadcastSession: Root { edit?.reshare?.lock.lockHash ?? session }

    /// What tells this ceremony, at this operator, from all others.
    package var identifier: Root {
        switch edit {
        case nil: session
        case .reshare(let plan, _):
            SHA256.hash(
                Array(plan.edit.name.utf8) + plan.lock.lockHash.bytes
                    + plan.participants.flatMap { $0.identity.compressed.bytes + [UInt8(clamping: $0.seat.new ?? 255)] }
                    + [UInt8(clamping: plan.threshold)])
        case .addition(let plan, _, _):
            SHA256.hash(
                Array("add-validators".utf8) + plan.lock.lockHash.bytes
                    + Array(plan.addresses.flatMap { ($0.feeRecipient + $0.withdrawal).utf8 })
                    + [plan.isUnverified ? 1 : 0])
        }
    }

    /// Who keeps nothing of the new cluster.
    var leaving: Set<ParticipantIndex> {
        Set((edit?.reshare?.participants ?? []).indices.filter { seat(of: $0) == nil })
    }

    var isLeaving: Bool { leaving.contains(own) }

    /// Position among the operators of the cluster that results; nil for who leaves.
    func seat(of participant: ParticipantIndex) -> Int? {
        edit?.reshare.map { $0.participants[participant].seat.new } ?? participant
    }

    /// Participants by their seat.
    var seats: [ParticipantIndex] {
        operators.indices.filter { seat(of: $0) != nil }.sorted { (seat(of: $0) ?? 0) < (seat(of: $1) ?? 0) }
    }

    /// As partial signatures name participants. Where operators leave, gaps stay.
    func shareIndex(of participant: ParticipantIndex) -> Int {
        (edit?.reshare?.participants[participant].node ?? participant) + 1
    }

    /// With whom partial signatures are exchanged.
    var otherSigners: [ParticipantIndex] { isLeaving ? [] : others.filter { !leaving.contains($0) } }

    /// Whose key shares sign at most: old ones sign the lock hash too.
    package var signedValidatorsMax: Int { validators + (edit?.addition?.lock.validators.count ?? 0) }

    func pedersenNode(_ participant: ParticipantIndex, key: BLS.PublicKey) -> PedersenNode {
        guard let plan = edit?.reshare else {
            return PedersenNode(participant: participant, index: participant, key: key)
        }
        let item = plan.participants[participant]
        return PedersenNode(
            participant: participant, index: item.node, key: key, deals: item.deals, receives: item.receives)
    }

    /// Of the shares that are dealt anew.
    var oldThreshold: Int? { edit?.reshare?.oldThreshold }

    /// What a run deals anew; nil in a key generation.
    func sharing(_ validator: Int) -> PedersenSharing? {
        guard let plan = edit?.reshare else { return nil }
        let keys = plan.keys.validators[validator]
        let shares = plan.participants.compactMap { item in item.seat.old.map { ($0, keys.shares[$0]) } }
        return PedersenSharing(
            key: keys.publicKey, publicShares: Dictionary(uniqueKeysWithValues: shares),
            secret: edit?.shares.map { $0[validator] })
    }

    /// What a participant says of its old shares with its node key: those of the lock, or nothing if it joins.
    func announcedShares(_ participant: ParticipantIndex) -> [Bytes48]? {
        guard let plan = edit?.reshare, let old = plan.participants[participant].seat.old else { return nil }
        return plan.keys.validators.map { $0.shares[old].bytes }
    }
}
