import Ethereum
import Timing

/// Knows which duties each epoch brings and when each begins: those that all nodes begin by the clock, and on a node that
/// signs by itself also those that a validator client would begin.
///
/// An epoch is resolved when first seen, and from the middle of the one before on: a beacon node that is slow must not
/// cost the first slots. Each kind of duties is asked for by itself, and again when the chain has left the block that its
/// rows depend on; proposers, who are told early with reserve, also when their epoch begins. What has begun stays as it
/// was. What was missed (a stalled or suspended process, an epoch unknown for too long) is never replayed, but told.
/// Source: workflow.md §5.
struct Scheduler: Sendable {
    private struct Told: Sendable {
        /// Duties already past included, so that what others say of them can be judged.
        var duties: [Duty: DutyDefinitionSet]
        /// Before the epoch began.
        var isEarly: Bool
    }

    private let clock: SlotClock
    private let validators: Set<PubKey>
    private let signs: Bool
    private var told: [DutyQuestion: Told] = [:]
    private var questions: DutyQuestions
    /// Duties still to start, soonest first.
    private var triggers: [(at: Instant, duty: Duty)] = []
    /// Who was begun with: nobody begins a duty twice.
    private var begun: [Duty: Set<PubKey>] = [:]
    /// The first slot this node saw: what was before is no loss of its own.
    private var firstSlot: Slot?
    private var lastEpoch: Epoch?
    private var lastWake: Instant?
    /// Of which was told that validators have no row.
    private var toldIncomplete: Set<Epoch> = []
    private static let epochsKept: UInt64 = 3
    private static let epochsToldMax: UInt64 = 256

    init(configuration: WorkflowConfiguration) {
        clock = configuration.clock
        validators = configuration.validators
        signs = configuration.signs
        questions = DutyQuestions(clock: configuration.clock, seed: configuration.seed)
    }

    mutating func wake(at now: Instant) -> [Signal] {
        guard now >= clock.genesis else { return [] }
        let current = clock.currentSlot(at: now)
        if firstSlot == nil { firstSlot = current }
        if let lastWake, now < lastWake { rearm(at: now) }
        lastWake = now
        // First: what is due now waits for what is in doubt now.
        let asked = ask(at: now)
        var signals: [Signal] = []
        var missed: [Duty] = []
        var waiting: [(at: Instant, duty: Duty)] = []
        while let first = triggers.first, first.at <= now {
            triggers.removeFirst()
            guard held(first.duty, at: now) == nil else {
                waiting.append(first)
                continue
            }
            let set = (definitions(of: first.duty) ?? [:]).filter { begun[first.duty]?.contains($0.key) != true }
            guard !set.isEmpty else { continue }
            // A whole slot late means the process stood still: the slot is lost, not replayed. What is signed ahead of
            // time may be late.
            if now < first.at + clock.slotDuration || first.duty.type.rules.isAhead {
                begun[first.duty, default: []].formUnion(set.keys)
                signals.append(.dutyStarted(first.duty, set))
            } else {
                missed.append(first.duty)
            }
        }
        triggers = waiting + triggers
        signals += report(missed, "this node stood still: its process was stopped, or its machine slept")
        return signals + reportUnknown(before: clock.epoch(of: current)) + asked
    }

    /// A second definition of a duty for one validator is ignored, and so is a second answer that nobody asked for.
    mutating func resolved(
        _ epoch: Epoch, _ kind: DutyKind, _ rows: [DutyDefinition], at now: Instant
    ) -> [Signal] {
        let question = DutyQuestion(epoch: epoch, kind: kind)
        let wasAsked = questions.answered(question)
        let old = told[question]
        guard old == nil || wasAsked else { return [] }
        var duties = duties(question, rows)
        if let old { duties = replacing(old.duties, by: duties, of: question, at: now) }
        told[question] = Told(duties: duties, isEarly: now < clock.start(of: epoch))
        guard duties != old?.duties else { return wake(at: now) }
        let missed = arm(question, duties, at: now)
        trim(before: epoch)
        return (old == nil ? report(missed, "the beacon node told the duties of epoch \(epoch.rawValue) too late") : [])
            + wake(at: now)
    }

    mutating func unavailable(_ epoch: Epoch, _ kind: DutyKind, at now: Instant) {
        let question = DutyQuestion(epoch: epoch, kind: kind)
        questions.failed(question, isKnown: told[question] != nil, at: now)
    }

    /// An answer cannot be all: asked again in the next slot, and told once an epoch.
    mutating func incomplete(_ epoch: Epoch, _ kind: DutyKind, _ without: [PubKey], at now: Instant) -> [Signal] {
        questions.repeatNextSlot(DutyQuestion(epoch: epoch, kind: kind), at: now)
        let oldest = lastEpoch ?? .zero
        toldIncomplete = toldIncomplete.filter { $0 >= oldest }
        guard !without.isEmpty, epoch >= oldest, toldIncomplete.insert(epoch).inserted else { return [] }
        return [.perform(.report(.validatorsWithoutDuty(epoch, without)))]
    }

    /// The chain left blocks on which duties of these epochs depend. Of the past nothing changes any more.
    mutating func changed(_ epochs: Set<Epoch>, at now: Instant) -> [Signal] {
        let current = clock.epoch(of: clock.currentSlot(at: now))
        for question in epochs.filter({ $0 >= current }).flatMap(Self.questions)
        where told[question] != nil || questions.isOut(question) {
            questions.changed(question)
        }
        return wake(at: now)
    }

    /// Who has this duty; empty if nobody has, nil while the duties of its kind are unknown, or if no beacon node can
    /// tell.
    func definitions(of duty: Duty) -> DutyDefinitionSet? {
        guard let type = duty.type.rules.definedBy, let question = question(of: duty) else { return nil }
        guard let known = told[question]?.duties else { return nil }
        let own = known[Duty(slot: duty.slot, type: type)] ?? [:]
        // Messages of a slot are for the block after it: in the last slot of a period the next committee sends them.
        let next = Duty(slot: Slot(duty.slot.rawValue &+ 1), type: type)
        guard type == .syncContribution, !duty.type.rules.isDecided, let later = self.question(of: next),
            later != question
        else { return own }
        return own.merging(told[later]?.duties[next] ?? [:]) { first, _ in first }
    }

    /// Whether the beacon node has told who has this duty, and that this validator has not. Not while it is asked again, nor
    /// in the last slot of an epoch whose next one is unknown.
    func isUndue(_ duty: Duty, _ pubKey: PubKey) -> Bool {
        let next = self.question(of: Duty(slot: Slot(duty.slot.rawValue &+ 1), type: duty.type))
        guard let question = self.question(of: duty), let next, told[next] != nil || question.kind != .sync,
            questions.isSettled(question), questions.isSettled(next), let known = definitions(of: duty)
        else { return false }
        return known[pubKey] == nil
    }

    func nextWake(after now: Instant) -> Instant {
        guard now >= clock.genesis else { return clock.genesis }
        var next = clock.start(of: Slot(clock.currentSlot(at: now).rawValue + 1))
        if let trigger = nextTrigger(after: now) { next = min(next, trigger) }
        for question in open(at: now) {
            if let at = questions.nextAsk(question, isKnown: told[question] != nil, at: now) { next = min(next, at) }
        }
        return max(next, now)
    }

    // MARK: Questions

    private static func questions(of epoch: Epoch) -> [DutyQuestion] {
        DutyKind.allCases.map { DutyQuestion(epoch: epoch, kind: $0) }
    }

    private func question(of duty: Duty) -> DutyQuestion? {
        duty.type.kind.map { DutyQuestion(epoch: clock.epoch(of: duty.slot), kind: $0) }
    }

    private mutating func ask(at now: Instant) -> [Signal] {
        let epoch = clock.epoch(of: clock.currentSlot(at: now))
        let proposers = DutyQuestion(epoch: epoch, kind: .proposer)
        if told[proposers]?.isEarly == true {
            told[proposers]?.isEarly = false
            questions.doubt(proposers)
        }
        var wanted: [Epoch: Set<DutyKind>] = [:]
        for question in open(at: now) where questions.ask(question, isKnown: told[question] != nil, at: now) {
            wanted[question.epoch, default: []].insert(question.kind)
        }
        return wanted.sorted { $0.key < $1.key }.map { .perform(.resolveDuties($0.key, $0.value)) }
    }

    /// What is to be known by now, and what is known and in doubt.
    private func open(at now: Instant) -> [DutyQuestion] {
        let slot = clock.currentSlot(at: now)
        let epoch = clock.epoch(of: slot)
        let isSecondHalf = slot.rawValue % clock.slotsPerEpoch >= clock.slotsPerEpoch / 2
        let wanted = Self.questions(of: epoch) + (isSecondHalf ? Self.questions(of: Epoch(epoch.rawValue + 1)) : [])
        return wanted + questions.doubtful.filter { $0.epoch >= epoch && !wanted.contains($0) }
    }

    // MARK: Answers

    private func duties(_ question: DutyQuestion, _ rows: [DutyDefinition]) -> [Duty: DutyDefinitionSet] {
        var duties: [Duty: DutyDefinitionSet] = [:]
        for row in rows where validators.contains(row.pubKey) && row.kind == question.kind {
            for duty in row.duties(in: question.epoch, clock) where clock.epoch(of: duty.slot) == question.epoch {
                if duties[duty]?[row.pubKey] == nil { duties[duty, default: [:]][row.pubKey] = row }
            }
        }
        return duties
    }

    /// What has begun or is past stays as it was. A vote that has begun is the validator's vote of that epoch.
    private func replacing(
        _ old: [Duty: DutyDefinitionSet], by new: [Duty: DutyDefinitionSet], of question: DutyQuestion, at now: Instant
    ) -> [Duty: DutyDefinitionSet] {
        let current = clock.currentSlot(at: now)
        func isFixed(_ duty: Duty) -> Bool {
            // An aggregate follows the votes that it is of.
            let first = duty.type == .aggregator ? Duty.attester(slot: duty.slot) : duty
            return duty.slot < current || begun[first] != nil
        }
        let voters = begun.filter { $0.key.type == .attester && self.question(of: $0.key) == question }.values
            .reduce(into: Set<PubKey>()) { $0.formUnion($1) }
        var duties = old.filter { isFixed($0.key) }
        for (duty, set) in new where !isFixed(duty) {
            let free = question.kind == .attester ? set.filter { !voters.contains($0.key) } : set
            if !free.isEmpty { duties[duty] = free }
        }
        return duties
    }

    /// - Returns: duties that were this node's and are past.
    private mutating func arm(
        _ question: DutyQuestion, _ duties: [Duty: DutyDefinitionSet], at now: Instant
    ) -> [Duty] {
        let current = now < clock.genesis ? Slot.zero : clock.currentSlot(at: now)
        // What is late is still to begin, with the rows it had.
        triggers = triggers.filter { self.question(of: $0.duty) != question || $0.duty.slot < current }
        var missed: [Duty] = []
        for duty in duties.keys.sorted() {
            if duty.slot >= current {
                if begun[duty] == nil { triggers.append((clock.begin(of: duty), duty)) }
                triggers += own(with: duty).map { (begin(ofOwn: $0), $0) }
            } else if let firstSlot, duty.slot >= firstSlot, question.epoch >= lastEpoch ?? .zero {
                missed.append(duty)
            }
        }
        triggers.sort { ($0.at, $0.duty) < ($1.at, $1.duty) }
        return missed
    }

    /// The clock was ahead and is set back: what seemed missed is still to come.
    private mutating func rearm(at now: Instant) {
        let current = clock.epoch(of: clock.currentSlot(at: now))
        for (question, told) in told where question.epoch >= current { _ = arm(question, told.duties, at: now) }
    }

    private mutating func trim(before epoch: Epoch) {
        let oldest = Epoch(epoch.rawValue - min(epoch.rawValue, Self.epochsKept - 1))
        told = told.filter { $0.key.epoch >= oldest }
        begun = begun.filter { clock.epoch(of: $0.key.slot) >= oldest }
        questions.forget(before: oldest)
    }

    // MARK: Triggers

    private func held(_ duty: Duty, at now: Instant) -> Instant? {
        question(of: duty).flatMap { questions.held($0, at: now) }
    }

    private func nextTrigger(after now: Instant) -> Instant? {
        guard questions.holdsAny else { return triggers.first?.at }
        return triggers.map { max($0.at, held($0.duty, at: now) ?? $0.at) }.min()
    }

    /// What a validator client would begin, if this node has none.
    private func own(with scheduled: Duty) -> [Duty] {
        guard signs else { return [] }
        return DutyType.allCases.filter { $0.rules.definedBy == scheduled.type && !$0.rules.isDecided }
            .map { Duty(slot: scheduled.slot, type: $0) }
    }

    /// What is signed ahead of time is signed in the quiet last quarters of the slots before its epoch, two slots' at
    /// once: validator clients of other operators ask for a whole epoch at its start.
    private func begin(ofOwn duty: Duty) -> Instant {
        guard duty.type.rules.isAhead else { return clock.begin(of: duty) }
        let first = clock.firstSlot(of: clock.epoch(of: duty.slot)).rawValue
        let half = clock.slotsPerEpoch / 2
        guard first >= half else { return clock.genesis }
        let position = duty.slot.rawValue - first
        let eighths = position.isMultiple(of: 2) ? 6 : 7
        return clock.start(of: Slot(first - half + position / 2)) + clock.slotDuration * eighths / 8
    }

    // MARK: What was lost

    private func report(_ missed: [Duty], _ why: String) -> [Signal] {
        guard let first = missed.map(\.slot).min(), let last = missed.map(\.slot).max() else { return [] }
        return [.perform(.report(.dutiesMissed(from: first, to: last, count: missed.count, why)))]
    }

    /// Epochs that went by without anybody knowing their duties.
    private mutating func reportUnknown(before epoch: Epoch) -> [Signal] {
        defer { lastEpoch = max(epoch, lastEpoch ?? .zero) }
        guard let lastEpoch, lastEpoch < epoch else { return [] }
        // A clock that jumps by years is no reason to count them.
        let oldest = max(lastEpoch.rawValue, epoch.rawValue - min(epoch.rawValue, Self.epochsToldMax))
        let unknown = (oldest..<epoch.rawValue).flatMap { Self.questions(of: Epoch($0)) }.filter { told[$0] == nil }
        guard let first = unknown.first?.epoch, let last = unknown.last?.epoch, let firstSlot else { return [] }
        let from = max(firstSlot, clock.firstSlot(of: first))
        let to = Slot(clock.firstSlot(of: Epoch(last.rawValue + 1)).rawValue - 1)
        let kinds = Set(unknown.map(\.kind))
        let what =
            kinds.count == DutyKind.allCases.count ? "" : kinds.sorted().map { "\($0) " }.joined(separator: "or ")
        return [
            .perform(
                .report(
                    .dutiesMissed(from: from, to: to, count: nil, "no beacon node told which \(what)duties there are")))
        ]
    }
}
