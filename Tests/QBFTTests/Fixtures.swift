import SSZ

@testable import QBFT

extension Root {
    /// A recognisable value: `number` in the last eight bytes, big-endian.
    init(number: UInt64) {
        self = Root(
            [UInt8](repeating: 0, count: 24) + (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) })!
    }

    static let a = Root(number: 0xA)
    static let b = Root(number: 0xB)
}

/// One vote from each of `sources`.
func votes(_ kind: Message.Kind, round: Int64, from sources: some Sequence<Int>, value: Root = .zero) -> [Message] {
    sources.map { Message(kind, round: round, source: $0, value: value) }
}

/// A ROUND_CHANGE of a node that prepared `value` in `preparedRound`, proven by the PREPAREs of `preparers`.
func preparedRoundChange(
    to round: Int64, from source: Int, preparedRound: Int64, value: Root, preparers: [Int], bare: Bool = false
) -> Message {
    Message(
        .roundChange, round: round, source: source, preparedRound: preparedRound, preparedValue: value,
        justification: bare ? [] : votes(.prepare, round: preparedRound, from: preparers, value: value))
}

/// Node `index` of four. Node (offset + round) mod 4 leads, so node 1 leads round 1, node 2 round 2 …
func instance(nodes: Int = 4, index: Int = 0, leaderOffset: UInt64 = 0) -> Instance {
    Instance(configuration: .init(nodes: nodes, index: index, leaderOffset: leaderOffset))
}

/// The same, started; the effects of the start are dropped.
func started(nodes: Int = 4, index: Int = 0, leaderOffset: UInt64 = 0, input: Root? = nil) -> Instance {
    var instance = instance(nodes: nodes, index: index, leaderOffset: leaderOffset)
    if let input { _ = instance.receive(.input(input)) }
    _ = instance.receive(.start)
    return instance
}

extension Instance {
    /// Receives several messages, returns all effects.
    mutating func receive(all messages: [Message]) -> [Effect] {
        messages.flatMap { receive(.message($0)) }
    }
}

extension [Instance.Effect] {
    /// The messages to broadcast.
    var broadcasts: [Message] {
        compactMap { if case .broadcast(let message, _) = $0 { message } else { nil } }
    }

    /// The answers to laggards, and to whom they go.
    var answers: [(message: Message, asker: Int)] {
        compactMap { if case .answer(let message, let asker) = $0 { (message, asker) } else { nil } }
    }

    var decisions: [Root] {
        compactMap { if case .decided(let value, _, _, _) = $0 { value } else { nil } }
    }

    var refusals: [Refusal] {
        compactMap { if case .refused(_, let refusal) = $0 { refusal } else { nil } }
    }
}
