import SSZ

/// One consensus instance of one node: QBFT as Charon runs it. Source: consensus.md §6.
///
/// ```
///            start             q COMMITs, or a DECIDED
///  waiting ─────────► running ─────────────────────────► decided
///  (queues messages)  │     ▲                            (answers ROUND_CHANGEs)
///                     └─────┘ next round: timer, f+1 ROUND_CHANGEs, a later PRE_PREPARE
/// ```
/// It knows no duty, clock, network or key. The caller
/// - verifies signatures, and that the values behind all hashes are at hand, before it passes a message in;
/// - performs the effects in order, and *drops the instance when one cannot be performed*: it may be resumed from the
///   journal, but never continued past a vote that was not made durable;
/// - forgets it at the deadline of the duty.
///
/// What a node sends it sends once per round and kind, whatever it receives, also across a crash.
package struct Instance: Sendable {
    package enum Event: Hashable, Sendable {
        /// The duty begins. Messages that came before are processed now. Once; later ones change nothing.
        case start
        /// The own value to propose, before or after `start`. Once; later ones change nothing.
        case input(Root)
        /// A message with a good signature, from a peer or, sealed, from this instance itself.
        case message(Message)
        /// The deadline of the timer started last has passed. Other rounds' are ignored.
        ///
        /// `next`: the round to enter, if it is a later one than the next. Rounds that are over for everybody are left
        /// out: to them it is as if our votes in those had been lost.
        case timerFired(round: Int64, next: Int64 = 0)
    }

    package enum Effect: Hashable, Sendable {
        /// Seal (sign) `message`, make `message.record(prepared:)` durable, and only then send it to the other nodes
        /// and pass it back in as `.message`. `prepared`: the PREPAREs a COMMIT rests on, otherwise empty; they are
        /// not sent.
        case broadcast(Message, prepared: [Message])
        /// Seal this DECIDED and send it to the one node that asked. It is no promise and needs no journal.
        case answer(Message, to: Int)
        /// After a restart: send this message, sealed and durable already, and pass it back in as `.message`.
        case rebroadcast(Message)
        /// Replaces the running timer. A second start in one round prolongs it, see `RoundTimer`.
        case startTimer(round: Int64)
        case stopTimer
        /// For logs: the node moved on, and why.
        case roundChanged(from: Int64, to: Int64, Rule)
        /// The outcome, once. `commits` prove it: at least q, one per source, all of `round` and `value`.
        case decided(value: Root, round: Int64, leader: Int, commits: [Message])
        /// `source` signed both: it is faulty, or its key is in two places. Reported once per round and kind.
        case equivocated(source: Int, first: Message, second: Message)
        case refused(Message, Refusal)
        /// The own value is zero, so it names nothing. The node takes part without a value of its own.
        case inputRefused
    }

    /// Keeps deadlines far from overflow: a second each, these are 34 years. Only liars name later rounds.
    package static let roundMax: Int64 = 1 << 30
    /// Messages queued before the start, per source: a node that is eight rounds late needs no more.
    package static let waitingPerSourceMax = 32
    /// Answers to the ROUND_CHANGEs of one source after the decision. Source: consensus.md §6 [HEAD].
    package static let answersPerSourceMax = 16

    private enum Phase: Hashable, Sendable {
        case waiting([Message])
        case running
        /// The DECIDED to answer with, unsealed.
        case decided(Message)
    }

    private struct Firing: Hashable, Sendable {
        let rule: Rule
        let round: Int64
    }

    private struct Answers: Sendable {
        var count = 0
        var highestRound: Int64 = 0
    }

    package let configuration: Configuration
    /// The current round, from 1; once decided, the round of the decision.
    package private(set) var round: Int64
    private var phase = Phase.waiting([])
    private var input: Root?
    private var prepared: Prepared
    private var buffer: MessageBuffer
    /// Rules act once per round of the message that set them off, until the round changes.
    private var fired: Set<Firing> = []
    /// The justification of the proposal that waits for `input`.
    private var cachedJustification: [Message]?
    /// What was broadcast in this round, at most one message of each kind.
    private var sent: [Message]
    private var answers: [Answers]

    package init(configuration: Configuration) {
        self.init(configuration, round: 1, prepared: Prepared(), sent: [])
    }

    /// After a crash: the same node again, bound by what it may have sent.
    ///
    /// It resumes in its highest own round, with what it had prepared. It starts by sending that round's messages once
    /// more, for the crash may have come between journal and network.
    /// - Parameter ownMessages: all records the caller journaled for this instance, in any order; may be empty.
    package init(configuration: Configuration, resuming ownMessages: [Message]) throws(JournalFault) {
        let resumption = try Resumption(ownMessages, configuration)
        self.init(
            configuration, round: resumption.round, prepared: resumption.prepared, sent: resumption.sent)
        for message in sent {
            switch message.kind {
            case .prePrepare: fired.insert(Firing(rule: .quorumRoundChanges, round: round))
            case .prepare: fired.insert(Firing(rule: .justifiedPrePrepare, round: round))
            case .commit: fired.insert(Firing(rule: .quorumPrepares, round: round))
            case .roundChange, .decided: break
            }
        }
    }

    private init(_ configuration: Configuration, round: Int64, prepared: Prepared, sent: [Message]) {
        self.configuration = configuration
        self.round = round
        self.prepared = prepared
        self.sent = sent
        buffer = MessageBuffer(configuration.size)
        answers = Array(repeating: Answers(), count: configuration.size.nodes)
    }

    /// About what its messages take in memory, in bytes.
    package var heldBytes: Int {
        switch phase {
        case .waiting(let queue): queue.reduce(0) { $0 + $1.heldBytes }
        case .running: buffer.heldBytes
        case .decided(let certificate): certificate.heldBytes
        }
    }

    /// Whether it waits in a later round than the first without a proposal, and fewer than a quorum said that they are
    /// in it: most others are in another one, have decided, or are away.
    package var lacksRoundChanges: Bool {
        guard case .running = phase, round > 1 else { return false }
        guard !fired.contains(Firing(rule: .justifiedPrePrepare, round: round)) else { return false }
        return buffer.roundChanges(to: round).count < configuration.size.quorum
    }

    /// Total: any sequence of events is met with effects, never with a trap.
    package mutating func receive(_ event: Event) -> [Effect] {
        var effects: [Effect] = []
        switch event {
        case .start: start(&effects)
        case .input(let value): supply(value, &effects)
        case .message(let message): accept(message, &effects)
        case .timerFired(let round, let next): timeOut(round, next, &effects)
        }
        return effects
    }

    // MARK: - Events

    private mutating func start(_ effects: inout [Effect]) {
        guard case .waiting(let messages) = phase else { return }
        phase = .running
        effects.append(.startTimer(round: round))
        effects += sent.map { .rebroadcast($0) }
        if round == 1, configuration.leader(of: 1) == configuration.index { propose(justifiedBy: [], &effects) }
        for message in messages { accept(message, &effects) }
    }

    private mutating func supply(_ value: Root, _ effects: inout [Effect]) {
        guard input == nil else { return }
        guard value != .zero else { return effects.append(.inputRefused) }
        input = value
        guard case .running = phase, let justification = cachedJustification else { return }
        propose(justifiedBy: justification, &effects)
    }

    private mutating func timeOut(_ firedRound: Int64, _ next: Int64, _ effects: inout [Effect]) {
        guard case .running = phase, firedRound == round, round < Self.roundMax else { return }
        changeRound(to: min(max(round + 1, next), Self.roundMax), .roundTimeout, &effects)
        effects.append(.startTimer(round: round))
        broadcastRoundChange(&effects)
    }

    private mutating func accept(_ received: Message, _ effects: inout [Effect]) {
        let message: Message
        do {
            message = try configuration.admitted(received)
        } catch {
            return effects.append(.refused(received, error))
        }
        switch phase {
        case .waiting(let queue): enqueue(message, in: queue, &effects)
        case .running: consider(message, &effects)
        case .decided(let certificate): answer(message, with: certificate, &effects)
        }
    }

    private mutating func enqueue(_ message: Message, in queue: [Message], _ effects: inout [Effect]) {
        if queue.contains(where: { $0.isSameVote(as: message) }) { return }
        guard queue.count(where: { $0.source == message.source }) < Self.waitingPerSourceMax else {
            return effects.append(.refused(message, .tooEarly))
        }
        phase = .waiting(queue + [message])
    }

    private mutating func consider(_ message: Message, _ effects: inout [Effect]) {
        if let earlier = buffer.insert(message) {
            effects.append(.equivocated(source: message.source, first: earlier, second: message))
        }
        guard let match = match(message) else { return }
        let firing = Firing(rule: match.rule, round: message.round)
        guard fired.insert(firing).inserted else { return }
        act(match, on: message, &effects)
    }

    /// A node that decided goes on helping those that did not.
    private mutating func answer(_ message: Message, with decided: Message, _ effects: inout [Effect]) {
        guard message.kind == .roundChange, message.source != configuration.index else { return }
        // Each answer carries the whole value: a liar must not get one for each message.
        let given = answers[message.source]
        guard given.count < Self.answersPerSourceMax, message.round > given.highestRound else { return }
        answers[message.source] = Answers(count: given.count + 1, highestRound: message.round)
        effects.append(.answer(decided, to: message.source))
    }

    // MARK: - Rules

    private struct Match {
        let rule: Rule
        var justification: [Message] = []
    }

    /// classify(m) of consensus.md §6.2, for a message in the buffer.
    private func match(_ message: Message) -> Match? {
        let size = configuration.size
        switch message.kind {
        case .decided:
            return Match(rule: .justifiedDecided, justification: configuration.commits(for: message))
        case .prePrepare:
            return message.round >= round ? Match(rule: .justifiedPrePrepare) : nil
        case .prepare, .commit:
            guard message.round == round else { return nil }
            let votes = buffer.votes(message.kind, round: round, value: message.value)
            guard votes.count >= size.quorum else { return nil }
            return Match(
                rule: message.kind == .prepare ? .quorumPrepares : .quorumCommits, justification: votes)
        case .roundChange where message.round < round:
            return nil
        case .roundChange where message.round > round:
            let ahead = buffer.roundChanges(above: round, sources: size.faulty + 1)
            guard ahead.count == size.faulty + 1 else { return nil }
            return Match(rule: .fPlus1RoundChanges, justification: ahead)
        case .roundChange:
            guard buffer.roundChanges(to: round).count >= size.quorum else { return nil }
            guard let justification = buffer.justifiedQuorum(for: round) else {
                return Match(rule: .unjustQuorumRoundChanges)
            }
            guard configuration.leader(of: round) == configuration.index else { return nil }
            return Match(rule: .quorumRoundChanges, justification: justification)
        }
    }

    private mutating func act(_ match: Match, on message: Message, _ effects: inout [Effect]) {
        switch match.rule {
        case .justifiedPrePrepare:
            changeRound(to: message.round, match.rule, &effects)
            // Again, for a new round forgets what fired: a second proposal for it must find this one answered.
            fired.insert(Firing(rule: match.rule, round: round))
            effects.append(.startTimer(round: round))
            broadcast(Message(.prepare, round: round, source: configuration.index, value: message.value), &effects)
        case .quorumPrepares:
            prepared = Prepared(round: round, value: message.value, prepares: match.justification)
            broadcast(
                Message(.commit, round: round, source: configuration.index, value: message.value),
                prepared: match.justification, &effects)
        case .quorumCommits, .justifiedDecided:
            decide(message.value, in: message.round, match, &effects)
        case .fPlus1RoundChanges:
            // The lowest: with at most f liars, an honest node wants that round or a later one.
            guard let lowest = match.justification.map(\.round).min() else { return }
            changeRound(to: lowest, match.rule, &effects)
            effects.append(.startTimer(round: round))
            broadcastRoundChange(&effects)
        case .quorumRoundChanges:
            if let prepare = match.justification.first(where: { $0.kind == .prepare }) {
                broadcastProposal(prepare.value, justifiedBy: match.justification, &effects)
            } else {
                propose(justifiedBy: match.justification, &effects)
            }
        case .unjustQuorumRoundChanges, .roundTimeout:
            break
        }
    }

    private mutating func decide(_ value: Root, in decidedRound: Int64, _ match: Match, _ effects: inout [Effect]) {
        changeRound(to: decidedRound, match.rule, &effects)
        phase = .decided(
            Message(
                .decided, round: round, source: configuration.index, value: value,
                justification: match.justification))
        // Nothing but the certificate is needed any more, and instances live on until their duty's deadline.
        buffer = MessageBuffer(configuration.size)
        effects.append(.stopTimer)
        effects.append(
            .decided(
                value: value, round: round, leader: configuration.leader(of: round), commits: match.justification))
    }

    private mutating func changeRound(to next: Int64, _ rule: Rule, _ effects: inout [Effect]) {
        guard next != round else { return }
        effects.append(.roundChanged(from: round, to: next, rule))
        round = next
        fired = []
        cachedJustification = nil
        sent = []
    }

    // MARK: - Broadcasts

    /// Proposes the own value, as soon as there is one.
    private mutating func propose(justifiedBy justification: [Message], _ effects: inout [Effect]) {
        guard let input else { return cachedJustification = justification }
        broadcastProposal(input, justifiedBy: justification, &effects)
    }

    private mutating func broadcastProposal(
        _ value: Root, justifiedBy justification: [Message], _ effects: inout [Effect]
    ) {
        broadcast(
            Message(
                .prePrepare, round: round, source: configuration.index, value: value, justification: justification),
            &effects)
    }

    private mutating func broadcastRoundChange(_ effects: inout [Effect]) {
        broadcast(
            Message(
                .roundChange, round: round, source: configuration.index, preparedRound: prepared.round,
                preparedValue: prepared.value, justification: prepared.prepares),
            &effects)
    }

    /// The one door for votes. Rounds never go back before a decision, so one message per kind and round is all a
    /// node ever needs to say; a second one, whatever led to it, stays inside.
    private mutating func broadcast(_ message: Message, prepared: [Message] = [], _ effects: inout [Effect]) {
        guard !sent.contains(where: { $0.kind == message.kind }) else { return }
        sent.append(message)
        effects.append(.broadcast(message, prepared: prepared))
    }
}
