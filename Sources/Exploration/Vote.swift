import QBFT

/// What one node may say in the first two rounds, without its justification: 15 things, numbered.
///
/// DECIDED is not among them: it is no promise, and anybody can make one of COMMITs.
struct Vote: Hashable, Sendable, CustomStringConvertible {
    static let count = 15
    static let roundMax: Int64 = 2

    let kind: Message.Kind
    let round: Int64
    let source: Int
    /// Of a ROUND_CHANGE what its source prepared in round 1.
    let value: Choice

    init(_ kind: Message.Kind, round: Int64, source: Int, _ value: Choice) {
        self.kind = kind
        self.round = round
        self.source = source
        self.value = value
    }

    /// nil for what nobody says in the first two rounds.
    init?(_ message: Message) {
        guard 1...Self.roundMax ~= message.round, let value = Choice(message.namedValue), message.kind != .decided,
            (message.kind == .roundChange) ? message.round == 2 : value != .none
        else { return nil }
        self.init(message.kind, round: message.round, source: message.source, value)
    }

    /// 0 ..< 15.
    var number: Int {
        let first: Int
        switch kind {
        case .prePrepare: first = -1
        case .prepare: first = 1
        case .commit: first = 3
        case .roundChange: return 6 + Int(value.rawValue)
        case .decided: preconditionFailure("DECIDED is no vote")
        }
        return (round == 1 ? 0 : 9) + first + Int(value.rawValue)
    }

    var set: VoteSet { VoteSet(bits: 1 << UInt64(source * Self.count + number)) }

    /// Without justification.
    var message: Message {
        let isRoundChange = kind == .roundChange
        return Message(
            kind, round: round, source: source, value: isRoundChange ? .zero : value.root,
            preparedRound: isRoundChange && value != .none ? 1 : 0, preparedValue: isRoundChange ? value.root : .zero,
            signature: [UInt8(source)])
    }

    var description: String { "\(kind) of round \(round) for \(value) by node \(source)" }

    static let all: [Vote] = (0..<4).flatMap { source in
        Message.Kind.allCases.flatMap { kind in
            (1...roundMax).flatMap { round in
                Choice.allCases.compactMap { value in
                    let isRoundChange = kind == .roundChange
                    guard kind != .decided, isRoundChange ? round == 2 : value != .none else { return nil }
                    return Vote(kind, round: round, source: source, value)
                }
            }
        }
    }
}

/// Votes of four nodes, a bit each.
struct VoteSet: Hashable, Sendable {
    var bits: UInt64 = 0

    /// 15 bits: what the node says.
    static func all(of source: Int) -> VoteSet { VoteSet(bits: ((1 << 15) - 1) << UInt64(source * Vote.count)) }

    var isEmpty: Bool { bits == 0 }
    func union(_ other: VoteSet) -> VoteSet { VoteSet(bits: bits | other.bits) }
    func intersection(_ other: VoteSet) -> VoteSet { VoteSet(bits: bits & other.bits) }
    func subtracting(_ other: VoteSet) -> VoteSet { VoteSet(bits: bits & ~other.bits) }
    func isSubset(of other: VoteSet) -> Bool { bits & ~other.bits == 0 }

    /// Of one node, as if it were node 0.
    func ofNode(_ source: Int) -> UInt16 { UInt16(truncatingIfNeeded: (bits >> UInt64(source * Vote.count)) & 0x7fff) }

    var votes: [Vote] { Vote.all.filter { $0.set.isSubset(of: self) } }

    /// Whether a node says two things of one kind in one round.
    var hasContradiction: Bool {
        (0..<4).contains { Self.hasContradiction(ofNode($0)) }
    }

    static func hasContradiction(_ votes: UInt16) -> Bool {
        let pairs: [UInt16] = [0x3, 0xc, 0x30, 0x600, 0x1800, 0x6000]
        let roundChanges = (votes >> 6) & 0x7
        return pairs.contains { votes & $0 == $0 } || roundChanges.nonzeroBitCount > 1
    }

    static func swappingValues(_ votes: UInt16) -> UInt16 {
        var swapped: UInt16 = votes & (1 << 6)
        for first in [0, 2, 4, 7, 9, 11, 13] as [UInt16] {
            if votes & (1 << first) != 0 { swapped |= 1 << (first + 1) }
            if votes & (1 << (first + 1)) != 0 { swapped |= 1 << first }
        }
        return swapped
    }

    /// The same with the names of the values exchanged.
    var swappingValues: VoteSet {
        var swapped = VoteSet()
        for source in 0..<4 {
            swapped.bits |= UInt64(Self.swappingValues(ofNode(source))) << UInt64(source * Vote.count)
        }
        return swapped
    }

    /// The same with two nodes exchanged.
    func swapping(_ one: Int, _ other: Int) -> VoteSet {
        let both = Self.all(of: one).union(.all(of: other))
        return VoteSet(
            bits: subtracting(both).bits | UInt64(ofNode(one)) << UInt64(other * Vote.count)
                | UInt64(ofNode(other)) << UInt64(one * Vote.count))
    }
}
