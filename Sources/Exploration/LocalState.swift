import QBFT
import SSZ

/// One honest node: the shipped instance, and its disk.
struct LocalState: Sendable {
    private(set) var instance: Instance
    /// What `Instance.Effect.broadcast` had journaled, in all lives.
    private(set) var journal: [Message] = []
    /// Values ever decided, in any life: bit 0 for A, bit 1 for B.
    private(set) var decisions: UInt8 = 0
    /// Honest votes that the instance may hold, from this life and from its journal.
    private(set) var heard = VoteSet()
    /// What must never be.
    private(set) var fault: String?
    /// DECIDEDs that it answered with, to whom, since they were taken.
    private(set) var answers: [(Message, to: Int)] = []

    /// A new node.
    init(_ configuration: Instance.Configuration, isStarted: Bool = true) {
        instance = Instance(configuration: configuration)
        if isStarted { _ = perform(.start) }
    }

    /// What another life, or a crash in the middle of a step, left on the disk.
    struct Remains: Sendable {
        let journal: [Message]
        let decisions: UInt8
    }

    var remains: Remains { Remains(journal: journal, decisions: decisions) }

    /// After a crash, started again.
    ///
    /// - Parameter needs: the honest votes in some messages.
    init(_ configuration: Instance.Configuration, resuming remains: Remains, needs: ([Message]) -> VoteSet) {
        journal = remains.journal
        decisions = remains.decisions
        heard = needs(journal)
        do {
            instance = try Instance(configuration: configuration, resuming: journal)
        } catch {
            instance = Instance(configuration: configuration)
            fault = "the node cannot resume from its own journal: \(error)"
            return
        }
        _ = perform(.start)
    }

    mutating func hear(_ delivery: Delivery) -> [Remains] {
        heard = heard.union(delivery.needs)
        return delivery.messages.flatMap { perform(.message($0)) }
    }

    mutating func takeAnswers() -> [(Message, to: Int)] {
        defer { answers = [] }
        return answers
    }

    /// Feeds an event and what follows from the node's own messages, as the workflow's driver does.
    ///
    /// - Returns: what is on the disk if the node crashes between the records of this step.
    mutating func perform(_ event: Instance.Event) -> [Remains] {
        var events = [event]
        var middle: [Remains] = []
        var next = 0
        while next < events.count {
            let effects = instance.receive(events[next])
            next += 1
            for effect in effects {
                switch effect {
                case .broadcast(let message, let prepared):
                    var sealed = message
                    sealed.signature = [UInt8(message.source)]
                    write(sealed.record(prepared: prepared))
                    middle.append(remains)
                    events.append(.message(sealed))
                case .rebroadcast(let message): events.append(.message(message))
                case .decided(let value, _, _, _): decide(value)
                case .answer(let message, let to): answers.append((message, to))
                case .startTimer, .stopTimer, .roundChanged, .equivocated, .refused, .inputRefused: break
                }
            }
        }
        return middle
    }

    private mutating func write(_ record: Message) {
        if let earlier = journal.first(where: { $0.kind == record.kind && $0.round == record.round }),
            !earlier.isSameVote(as: record)
        {
            fault = "the node says two things: \(named(earlier)), and \(named(record))"
        }
        journal.append(record)
    }

    private mutating func decide(_ value: Root) {
        guard let choice = Choice(value), choice != .none else {
            return fault = "the node decided what nobody proposed"
        }
        decisions |= choice.rawValue
        if decisions == 3 { fault = "the node decided A and B" }
    }

    private func named(_ message: Message) -> String { Vote(message).map { "\($0)" } ?? "\(message)" }
}
