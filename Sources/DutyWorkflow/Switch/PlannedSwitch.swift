import Ethereum
import SSZ

/// Takes a running cluster from one set of key shares to another at an epoch, or calls that off, on all nodes alike.
///
/// Operators note one plan each. A node that has it announces it in info-sync. What counts is the value that consensus
/// decides in one info-sync, the deciding duty (`SwitchPlan.decidingDuty`): if the operators' messages in it announce
/// the plan in sufficient number (`SwitchPlan.isConfirmed`) the cluster switches, otherwise it does not. A decided
/// value is the same for all, so whoever learns it knows the same. Nobody counts by itself.
///
/// Who does not learn it in time (it was down, or nothing was decided) signs with neither set from the epoch on, and
/// asks its peers once a slot until it knows. It concludes
/// - *on* from f + 1 old operators who say *on*, or a quorum that says *on* or *locked*;
/// - *off* from f + 1 who say *off*, or a quorum that says *off* or *open*.
///
/// Why no two honest nodes come to different ends, with at most f liars among the old operators, where two quorums share
/// more than f nodes. *Open* and *locked* are promises on disk: that the deciding duty is over for the speaker, who has
/// sent no COMMIT in it for a value that confirms the switch, or only such ones. The first honest node that knows *on*
/// has the decided value, or a quorum whose honest part is *locked*; the first that knows *off* has another decided
/// value, or a quorum whose honest part is *open*; for among f + 1 who say it there would be an honest one before it.
/// 1. There is one decided value.
/// 2. Behind a value that was decided are COMMITs of a quorum. If it confirms, its honest part never says *open*; if it
///    does not, its honest part never says *locked*. Any other quorum shares an honest node with it.
/// 3. A quorum with *open* and one with *locked* share an honest node, which says one of them.
///
/// A COMMIT, and our announcement in the deciding duty, wait for the record of them (`Outbox`); so a crash makes nobody
/// promise the wrong thing. Two cases stay open, until the operators say that it is over: a minority that alone had the
/// plan while nothing was decided, and nodes that were cut off from each other between their COMMITs, with neither
/// quorum.
///
/// Which set signs which duty is `SwitchRecord.refusal(of:)`, and `Outbox` holds everybody to it.
struct PlannedSwitch: Sendable {
    typealias Seal = @Sendable (PriorityMessage) -> PriorityMessage

    /// Ten days on mainnet: nobody remembers what is further away.
    private static let epochsAheadMax: UInt64 = 2250
    /// How long after a switch the next one may be planned: the longest deadline of the duties before it.
    private static let epochsBetween: UInt64 = 2

    private let configuration: WorkflowConfiguration
    private let seal: Seal
    private(set) var record: SwitchRecord?
    /// What old operators, we among them, have said after the deciding duty. Bounded: a few words each.
    private var words: [String: Set<SwitchStatement.Word>] = [:]
    private var nextQuestion: Instant?
    /// Whether the shell was told in this life that the epoch comes.
    private var isHandedOver = false

    init(configuration: WorkflowConfiguration, seal: @escaping Seal) {
        self.configuration = configuration
        self.seal = seal
    }

    mutating func restore(_ record: SwitchRecord?) { self.record = record }

    /// What people have to hear after each start.
    var reminders: [Signal] { record?.stage.isUndecided == true ? tell(.undecided) : [] }

    /// Why nothing may be voted for or signed in a duty; nil if it may.
    func refusal(of duty: Duty) -> String? { record?.refusal(of: duty) }

    // MARK: The operator

    /// - Returns: why not, for people.
    mutating func note(_ plan: SwitchPlan, at now: Instant) -> (signals: [Signal], refusal: String?) {
        if record?.plan == plan, record?.stage.isDeciding == true { return ([], nil) }
        if let refusal = refusal(ofNoting: plan, at: now) { return ([], refusal) }
        words = [:]
        isHandedOver = false
        return (keep(SwitchRecord(plan, .noted)) + tell(.noted), nil)
    }

    /// - Returns: why it is too late, for people.
    mutating func drop() -> (signals: [Signal], refusal: String?) {
        guard let old = record, ![.calledOff, .entered].contains(old.stage) else { return ([], "no switch is planned") }
        guard old.stage == .noted else {
            return ([], "other operators may go by this node's word already: what the cluster decides holds")
        }
        let told = tell(.dropped)
        record = nil
        return ([.perform(.persist(.switchDropped(old.plan)))] + told, nil)
    }

    private func refusal(ofNoting plan: SwitchPlan, at now: Instant) -> String? {
        let clock = configuration.clock
        guard let setup = configuration.infoSync else {
            return "this node takes no part in info-sync, which decides it"
        }
        guard plan.old.peerIDs == setup.peerIDs, plan.old.threshold == configuration.threshold,
            plan.slotsPerEpoch == clock.slotsPerEpoch
        else { return "the plan is for another cluster or chain than this node's" }
        let current = clock.epoch(of: clock.currentSlot(at: now)).rawValue
        switch record?.stage {
        case nil, .calledOff: break
        case .entered:
            let last = record?.plan.epoch.rawValue ?? 0
            guard current >= last + Self.epochsBetween else {
                return "the last switch was in epoch \(last): wait for epoch \(last + Self.epochsBetween)"
            }
        case .noted, .announced, .declined, .committed, .divided, .open, .locked, .torn, .confirmed:
            let epoch = record?.plan.epoch.rawValue ?? 0
            return "a switch is planned for epoch \(epoch) already: take it back first, or wait for its end"
        }
        guard now < clock.start(of: plan.decidingDuty.slot) else {
            return "epoch \(plan.epoch.rawValue) is too near: the cluster decides in the last slot of epoch"
                + " \(plan.epoch.rawValue - 2); name epoch \(current + 3) or a later one"
        }
        guard plan.epoch.rawValue <= current + Self.epochsAheadMax else {
            return "epoch \(plan.epoch.rawValue) is more than \(Self.epochsAheadMax) epochs away"
        }
        return nil
    }

    // MARK: The deciding duty

    /// What this node announces in info-sync.
    var topics: [PriorityMessage.TopicProposal] {
        guard let record, record.stage.isDeciding else { return [] }
        return [SwitchStatement.announcement(of: record.plan)]
    }

    /// Puts the record that an effect has to wait for before it.
    mutating func recording(_ effects: [Effect]) -> [Effect] {
        guard record?.stage.isDeciding == true else { return effects }
        return effects.flatMap { effect in
            guard let record, let stage = stage(after: effect, record), stage.rawValue > record.stage.rawValue else {
                return [effect]
            }
            let new = SwitchRecord(record.plan, stage)
            self.record = new
            return [.persist(.plannedSwitch(new)), effect]
        }
    }

    private func stage(after effect: Effect, _ record: SwitchRecord) -> SwitchStage? {
        switch effect {
        case .sendConsensus(let message)
        where message.duty == record.plan.decidingDuty && message.message.kind == .commit:
            // A value that we do not have calls for caution: it may be either.
            guard case .priorities(let result)? = message.values[message.message.value] else { return .divided }
            return record.stage.committing(toSwitch: isConfirmed(record.plan, by: result))
        case .exchangePriorities(let own), .answer(_, .priorities(let own)):
            let isWord = own.duty == record.plan.decidingDuty && SwitchStatement.isAnnouncement(of: record.plan, own)
            return isWord ? .announced : nil
        default: return nil
        }
    }

    private func announcers(_ plan: SwitchPlan, in result: PriorityResult, of duty: Duty) -> Set<String> {
        Set(result.messages.filter { $0.duty == duty && SwitchStatement.isAnnouncement(of: plan, $0) }.map(\.peerID))
    }

    /// What a value of the deciding duty says.
    private func isConfirmed(_ plan: SwitchPlan, by result: PriorityResult) -> Bool {
        plan.isConfirmed(by: announcers(plan, in: result, of: plan.decidingDuty))
    }

    /// What consensus decided in an info-sync.
    mutating func decided(_ duty: Duty, _ result: PriorityResult) -> [Signal] {
        guard let record, record.stage.isDeciding else { return [] }
        guard duty == record.plan.decidingDuty else {
            let announcers = announcers(record.plan, in: result, of: duty)
            let peers = record.plan.old.peerIDs.indices.filter { announcers.contains(record.plan.old.peerIDs[$0]) }
            return tell(
                .announced(by: peers.map { PeerIndex($0) }, isEnough: record.plan.isConfirmed(by: announcers)))
        }
        return conclude(record, isConfirmed(record.plan, by: result))
    }

    // MARK: After it

    mutating func wake(at now: Instant) -> [Signal] {
        guard let record else { return [] }
        var signals: [Signal] = []
        if let stage = record.stage.undecided, configuration.deadlines.isExpired(record.plan.decidingDuty, at: now) {
            signals = keep(SwitchRecord(record.plan, stage)) + tell(.undecided)
        }
        return signals + ask(at: now) + handOver(at: now)
    }

    var nextWake: Instant? {
        guard let record else { return nil }
        switch record.stage {
        case .noted, .announced, .declined, .committed, .divided:
            return configuration.deadlines.deadline(of: record.plan.decidingDuty)
        case .open, .locked, .torn: return nextQuestion
        case .confirmed: return isHandedOver ? nil : entrance(record.plan)
        case .calledOff, .entered: return nil
        }
    }

    /// A peer's word after the deciding duty, perhaps as a question.
    ///
    /// - Parameter message: signed by the operator it names.
    /// - Returns: nil if it is none: then it is of info-sync.
    mutating func heard(_ message: PriorityMessage, _ ticket: Ticket?) -> [Signal]? {
        guard let record, !record.stage.isDeciding, message.duty == record.plan.decidingDuty else { return nil }
        if record.plan.old.peerIDs.contains(message.peerID) {
            words[message.peerID, default: []].formUnion(SwitchStatement.words(on: record.plan, in: message))
        }
        let learned = conclude()
        guard let ticket else { return learned }
        guard let own = statement else {
            return learned + [.perform(.answer(ticket, .refused("nothing is known of it")))]
        }
        return learned + [.perform(.answer(ticket, .priorities(own)))]
    }

    private mutating func ask(at now: Instant) -> [Signal] {
        guard record?.stage.isUndecided == true, nextQuestion.map({ $0 <= now }) ?? true, let own = statement else {
            return []
        }
        nextQuestion = now + configuration.clock.slotDuration
        return [.perform(.exchangePriorities(own))]
    }

    private mutating func conclude() -> [Signal] {
        guard let record, record.stage.isUndecided else { return [] }
        var said = words
        if let own, let word = SwitchStatement.Word(record.stage) { said[own] = [word] }
        func count(_ words: Set<SwitchStatement.Word>) -> Int { said.values.count { !$0.isDisjoint(with: words) } }
        let isOn = count([.on]) > record.plan.faulty || count([.on, .locked]) >= record.plan.quorum
        let isOff = count([.off]) > record.plan.faulty || count([.off, .open]) >= record.plan.quorum
        // Both at once takes more liars than a cluster survives.
        return isOn == isOff ? [] : conclude(record, isOn)
    }

    private mutating func conclude(_ record: SwitchRecord, _ isConfirmed: Bool) -> [Signal] {
        nextQuestion = nil
        return keep(SwitchRecord(record.plan, isConfirmed ? .confirmed : .calledOff))
            + tell(isConfirmed ? .confirmed : .calledOff)
    }

    private mutating func handOver(at now: Instant) -> [Signal] {
        guard let record, record.stage == .confirmed, !isHandedOver, now >= entrance(record.plan) else { return [] }
        isHandedOver = true
        guard let own, record.plan.new.peerIDs.contains(own) else { return tell(.left) }
        return tell(.entering) + [.perform(.enterNewSet(record.plan))]
    }

    /// When this node begins to change over: late in the last slot, when nothing is due.
    private func entrance(_ plan: SwitchPlan) -> Instant {
        configuration.clock.start(of: plan.firstSlot) - configuration.clock.slotDuration / 12
    }

    // MARK: Private parts

    private var own: String? { configuration.infoSync?.peerIDs[configuration.peer.rawValue] }

    /// Ours after the deciding duty.
    private var statement: PriorityMessage? {
        guard let record, let own, let word = SwitchStatement.Word(record.stage) else { return nil }
        return seal(
            PriorityMessage(
                duty: record.plan.decidingDuty, topics: [SwitchStatement.proposal(word, on: record.plan)], peerID: own))
    }

    private mutating func keep(_ new: SwitchRecord) -> [Signal] {
        record = new
        return [.perform(.persist(.plannedSwitch(new)))]
    }

    private func tell(_ news: SwitchNews) -> [Signal] {
        record.map { [.perform(.report(.plannedSwitch($0.plan, news)))] } ?? []
    }
}
