import BLS
import Ethereum
import SSZ

/// The keys by Pedersen: node keys, then one run for each validator, one after the other. Source: spec/dkg.md §8.
///
/// Goes on with every message and every tick, whatever the stage, and depends on nothing else: the same notes in the same
/// order have the same bundles come out. What it says waits in `deliveries` until the step has begun.
struct PedersenProgress: Sendable {
    /// Of one participant, in one run; an honest one sends four.
    static let messagesMax = 16
    /// Of one participant, of runs that have not begun here: nobody is more than one run ahead of who stays.
    static let earlyMax = 4

    var roster: PedersenRoster?
    var run: PedersenRun?
    /// Shifted while somebody is away.
    var runStart: Instant
    var lastTick: Instant
    /// Ticks of this run so far.
    var ticks = 0
    var outcome: PedersenOutcome?
    /// Of finished runs; none if we leave.
    var keys: [ValidatorKeys] = []
    /// Number of the run under way, or to begin.
    var number = 0
    /// We leave, and our part in this run is done.
    var hasLeft = false
    /// Bundles of runs that have not begun here.
    var early: [(peer: ParticipantIndex, bundle: PedersenBundle)] = []
    var pastNonces: Set<Bytes32> = []
    /// By participant, each message once, since they do not say their run: the first belongs to the first. Sent again
    /// in a later run it is known.
    var keyShares: [ParticipantIndex: [Bytes48]] = [:]
    /// Messages of this run by participant, and what they were.
    var counts: [ParticipantIndex: Int] = [:]
    var seen: Set<Bytes32> = []

    init(at now: Instant) { (runStart, lastTick) = (now, now) }
}

extension Ceremony {
    /// The step has begun.
    mutating func beginPedersen() throws(CeremonyFault) {
        let message = NodeKeyMessage(
            session: plan.session, key: nodeKey.publicKey.bytes, publicShares: plan.announcedShares(plan.own))
        try broadcast(.nodeKey, message.packed, phase: 1)
        try goOnWithPedersen()
    }

    /// - Returns: whether there may be more to do at once.
    mutating func advancePedersen() throws(CeremonyFault) -> Bool {
        guard pedersen.number == plan.validators else { return false }
        made(pedersen.keys)
        return true
    }

    /// Begins what can begin.
    mutating func goOnWithPedersen() throws(CeremonyFault) {
        if pedersen.roster == nil { try makeRoster() }
        guard let roster = pedersen.roster else { return }
        while pedersen.number < plan.validators {
            if pedersen.run == nil { try beginRun(roster) }
            guard try collectKeyShares() else { return }
        }
    }

    private mutating func makeRoster() throws(CeremonyFault) {
        guard plan.others.allSatisfy({ inbox.nodeKeys[$0] != nil }) else { return }
        var nodes: [PedersenNode] = []
        for index in plan.operators.indices {
            var key = nodeKey.publicKey
            var announced: [Bytes48]?
            if index != plan.own, let packed = inbox.nodeKeys[index] {
                do throws(WireFault) {
                    let message = try NodeKeyMessage(
                        unpacking: packed, session: plan.session, validators: plan.validators)
                    guard let point = try? PublicKey(message.key) else { throw .notOnGroup(field: "public_key") }
                    announced = message.publicShares
                    key = point
                } catch {
                    throw error.ceremonyFault(.nodeKey, from: index)
                }
            }
            // Charon takes what is announced; the lock knows better.
            guard index == plan.own || announced == plan.announcedShares(index) else {
                throw CeremonyFault(index, .malformed(.nodeKey, "its key shares are not those of the lock"))
            }
            nodes.append(plan.pedersenNode(index, key: key))
        }
        pedersen.roster = try PedersenRoster(
            nodes, own: plan.own, threshold: plan.threshold, oldThreshold: plan.oldThreshold)
    }

    private mutating func beginRun(_ roster: PedersenRoster) throws(CeremonyFault) {
        var run: PedersenRun
        if let makeRun {
            run = try makeRun(roster, pedersen.number)
        } else {
            run = try PedersenRun(
                roster, validator: pedersen.number, nodeKey: nodeKey, seed: seed, sharing: plan.sharing(pedersen.number)
            )
        }
        (pedersen.runStart, pedersen.lastTick, pedersen.ticks) = (now, now, 0)
        var effects = run.start()
        let (now, later) = (
            pedersen.early.filter { $0.bundle.session == run.nonce },
            pedersen.early.filter { $0.bundle.session != run.nonce }
        )
        pedersen.early = later
        for (peer, bundle) in now { effects += run.receive(bundle, from: peer) }
        pedersen.run = run
        try perform(effects)
    }

    private mutating func perform(_ effects: [PedersenEffect]) throws(CeremonyFault) {
        let number = pedersen.number
        for effect in effects {
            switch effect {
            case .send(let bundle):
                let (protocolID, bytes) = bundle.encoded
                deliveries.add(.bundle(protocolID, run: number), to: plan.others, protocolID, phase: 1) { _ in bytes }
            case .blamed(let fault): warn("\(CeremonyFailure(fault, plan))")
            case .finished(let outcome):
                pedersen.outcome = outcome
                announce(plan.seat(of: plan.own).flatMap { outcome.publicShares[$0 + 1]?.bytes })
            case .left:
                pedersen.hasLeft = true
                announce(nil)
            case .aborted(let fault): throw fault
            }
        }
    }

    /// - Parameter share: nil if we leave.
    private mutating func announce(_ share: Bytes48?) {
        let bytes = KeyShareMessage(session: plan.session, publicShare: share).encoded()
        deliveries.add(.keyShare(run: pedersen.number), to: plan.others, .keyShare, phase: 1) { _ in bytes }
    }

    /// - Returns: whether all have the same key after this run, so that the next may begin.
    private mutating func collectKeyShares() throws(CeremonyFault) -> Bool {
        guard let run = pedersen.run, pedersen.outcome != nil || pedersen.hasLeft else { return false }
        let number = pedersen.number
        var publicShares: [BLS.PublicKey] = []
        var isComplete = true
        for (seat, index) in plan.seats.enumerated() {
            let announced = pedersen.keyShares[index] ?? []
            if index != plan.own, announced.count <= number { isComplete = false }
            guard let outcome = pedersen.outcome else { continue }
            guard let expected = outcome.publicShares[seat + 1] else {
                throw CeremonyFault(nil, .cancelled(validator: number))
            }
            if index != plan.own, announced.count > number, announced[number] != expected.bytes {
                // Deals are not broadcast reliably, so this proves nothing against who announces it.
                throw run.provenFault ?? CeremonyFault(nil, .otherKeyShare(validator: number, of: index))
            }
            publicShares.append(expected)
        }
        guard isComplete else { return false }
        if let outcome = pedersen.outcome {
            pedersen.keys.append(
                ValidatorKeys(key: outcome.key, share: outcome.secret, publicShares: publicShares))
        }
        pedersen.number += 1
        pedersen.pastNonces.insert(run.nonce)
        (pedersen.run, pedersen.outcome, pedersen.counts, pedersen.seen) = (nil, nil, [:], [])
        pedersen.hasLeft = false
        // Everybody has finished this run, and all key shares of the one before. Of those who leave it is not known:
        // they announce nothing that tells one run from another.
        let leaving = plan.leaving
        deliveries.forget { content, peer in
            switch content {
            case .bundle(_, let run): leaving.contains(peer) ? run < number : run <= number
            case .keyShare(let run): run < number
            default: false
            }
        }
        return true
    }

    // MARK: Events

    mutating func takePedersen(
        _ bytes: [UInt8], _ protocolID: CeremonyProtocol, from peer: ParticipantIndex
    ) throws(CeremonyFault) {
        let kind = CeremonyProtocol.allCases.firstIndex(of: protocolID) ?? 0
        let digest = SHA256.hash([UInt8(peer & 255), UInt8(kind)] + bytes)
        guard !pedersen.seen.contains(digest) else { return }
        guard pedersen.counts[peer, default: 0] < PedersenProgress.messagesMax else {
            throw CeremonyFault(peer, .malformed(.deals, "more messages than a run has"))
        }
        if protocolID == .keyShare {
            try takeKeyShare(bytes, from: peer)
        } else {
            let bundle = try PedersenBundle(bytes, protocolID, from: peer, participants: plan.participants)
            // Of a run that is over for us: a peer sends it again because it was away.
            guard !pedersen.pastNonces.contains(bundle.session) else { return }
            let isEarly = pedersen.run?.nonce != bundle.session
            if isEarly, pedersen.early.count(where: { $0.peer == peer }) >= PedersenProgress.earlyMax {
                // Who leaves is waited for by nobody, so others may be far ahead.
                if plan.isLeaving { return }
                throw CeremonyFault(peer, .otherSession(bundle.kind))
            }
            note(.message(peer, protocolID, bytes))
            if isEarly {
                pedersen.early.append((peer, bundle))
            } else {
                try perform(pedersen.run?.receive(bundle, from: peer) ?? [])
            }
        }
        pedersen.seen.insert(digest)
        pedersen.counts[peer, default: 0] += 1
        try goOnWithPedersen()
    }

    private mutating func takeKeyShare(_ bytes: [UInt8], from peer: ParticipantIndex) throws(CeremonyFault) {
        let message: KeyShareMessage
        do throws(WireFault) { message = try KeyShareMessage(decoding: bytes, session: plan.session) } catch {
            throw error.ceremonyFault(.validatorKeyShare, from: peer)
        }
        guard let share = message.publicShare else {
            // Nothing to wait for.
            if plan.leaving.contains(peer) { return }
            throw CeremonyFault(peer, .malformed(.validatorKeyShare, "none, as of an operator that leaves"))
        }
        guard !plan.leaving.contains(peer) else {
            throw CeremonyFault(peer, .malformed(.validatorKeyShare, "one, of an operator that leaves"))
        }
        let known = pedersen.keyShares[peer] ?? []
        guard !known.contains(share) else { return }
        guard known.count < plan.validators else {
            throw CeremonyFault(peer, .malformed(.validatorKeyShare, "more than there are validators"))
        }
        note(.message(peer, .keyShare, bytes))
        pedersen.keyShares[peer, default: []].append(share)
    }

    /// A phase takes a sixth of the timeout. While somebody is away it does not end: without them there is no cluster.
    /// Nor while waiting costs nothing, for a whole timeout from the start of the run.
    mutating func pedersenTime() throws(CeremonyFault) {
        guard let run = pedersen.run, run.phase != .over else { return }
        let length = plan.timeout / 6
        let elapsed = now - pedersen.lastTick
        pedersen.lastTick = now
        if plan.others.contains(where: { sync.peers[$0].presence != .here }) {
            // Who comes back has a whole phase for what is missing.
            pedersen.runStart = max(pedersen.runStart + elapsed, now - length * pedersen.ticks)
            return
        }
        guard now - pedersen.runStart >= length * (pedersen.ticks + 1) else { return }
        // This tick would end the phase.
        if pedersen.ticks == run.phase.rawValue, run.gainsByWaiting, now - pedersen.runStart < plan.timeout { return }
        // The next phase has its whole time.
        pedersen.runStart = max(pedersen.runStart, now - length * (pedersen.ticks + 1))
        note(.tick)
        try pedersenTick()
    }

    mutating func pedersenTick() throws(CeremonyFault) {
        pedersen.ticks += 1
        guard let phase = PedersenRun.Phase(rawValue: pedersen.ticks) else { return }
        try perform(pedersen.run?.tick(phase) ?? [])
        try goOnWithPedersen()
    }

    func missingOfPedersen(_ peer: ParticipantIndex) -> String? {
        if inbox.nodeKeys[peer] == nil { return "node key" }
        let run = "validator \(pedersen.number + 1) of \(plan.validators)"
        guard pedersen.outcome != nil || pedersen.hasLeft, plan.seat(of: peer) != nil else {
            return pedersen.run.map { "\($0.phase), \(run)" }
        }
        return (pedersen.keyShares[peer]?.count ?? 0) > pedersen.number ? nil : "key share, \(run)"
    }
}

extension PedersenBundle {
    fileprivate init(
        _ bytes: [UInt8], _ protocolID: CeremonyProtocol, from peer: ParticipantIndex, participants: Int
    ) throws(CeremonyFault) {
        let kind: CeremonyFault.Message =
            switch protocolID {
            case .dealBundle: .deals
            case .responseBundle: .responses
            default: .justifications
            }
        do throws(WireFault) {
            self =
                switch kind {
                case .deals: .deals(try DealBundleMessage(decoding: bytes, participants: participants))
                case .responses: .responses(try ResponseBundleMessage(decoding: bytes, participants: participants))
                default: .justifications(try JustificationBundleMessage(decoding: bytes, participants: participants))
                }
        } catch {
            throw error.ceremonyFault(kind, from: peer)
        }
    }

    fileprivate var encoded: (CeremonyProtocol, [UInt8]) {
        switch self {
        case .deals(let message): (.dealBundle, message.encoded())
        case .responses(let message): (.responseBundle, message.encoded())
        case .justifications(let message): (.justificationBundle, message.encoded())
        }
    }
}
