import SSZ

/// One vote of one node, with the votes that justify it. Source: consensus.md §2.
///
/// The signature covers every field but `justification`: anybody may pass a vote on with other justifications, so a
/// vote is judged together with the ones it came with. Values are named by their hash; zero means no value.
package struct Message: Hashable, Sendable {
    /// The raw values are the wire's.
    package enum Kind: Int64, Hashable, Sendable, CaseIterable {
        case prePrepare = 1
        case prepare = 2
        case commit = 3
        case roundChange = 4
        case decided = 5
    }

    package var kind: Kind
    /// From 1.
    package var round: Int64
    /// Peer index of the signer, 0 ..< n.
    package var source: Int
    /// Zero in a ROUND_CHANGE.
    package var value: Root
    /// ROUND_CHANGE only: the highest round its source prepared in, 0 for none.
    package var preparedRound: Int64
    /// ROUND_CHANGE only: what was prepared then, zero for none.
    package var preparedValue: Root
    /// Opaque here; empty until the caller seals the message.
    package var signature: [UInt8]
    /// Flat: the members have no justification of their own.
    package var justification: [Message]

    package init(
        _ kind: Kind, round: Int64, source: Int, value: Root = .zero, preparedRound: Int64 = 0,
        preparedValue: Root = .zero, signature: [UInt8] = [], justification: [Message] = []
    ) {
        self.kind = kind
        self.round = round
        self.source = source
        self.value = value
        self.preparedRound = preparedRound
        self.preparedValue = preparedValue
        self.signature = signature
        self.justification = justification
    }

    /// Whether both say the same, whatever their signatures and justifications.
    package func isSameVote(as other: Message) -> Bool {
        kind == other.kind && round == other.round && source == other.source && value == other.value
            && preparedRound == other.preparedRound && preparedValue == other.preparedValue
    }

    /// What the caller writes to its journal for an own broadcast, see `Instance.Effect.broadcast`.
    package func record(prepared: [Message]) -> Message {
        var record = self
        if kind == .commit { record.justification = prepared }
        return record
    }

    /// The value this vote is about, zero for none: of the values that travel with a message the only one that whoever
    /// counts it must have. Its signature covers the hash, so it is its signer who answers for it.
    package var namedValue: Root { kind == .roundChange ? preparedValue : value }

    /// Whether a vote that others pass on names a second value, in a field that its kind leaves zero. No honest node
    /// signs one: whoever repeats it would have to carry that value too.
    var hasStrayFields: Bool {
        switch kind {
        case .prepare, .commit: preparedRound != 0 || preparedValue != .zero
        case .roundChange: value != .zero
        // Nobody passes these on.
        case .prePrepare, .decided: false
        }
    }

    /// Whether one honest node sends at most one value of this kind in a round.
    var isVote: Bool { kind == .prePrepare || kind == .prepare || kind == .commit }

    /// Whether two ROUND_CHANGEs claim, and once justified prove, that the same was prepared.
    func hasSameProof(as other: Message) -> Bool {
        kind == .roundChange && other.kind == .roundChange && preparedRound == other.preparedRound
            && preparedValue == other.preparedValue
    }

    /// Itself without its justification, as it may stand in the justification of another.
    package var bare: Message {
        var message = self
        message.justification = []
        return message
    }

    /// About what it takes in memory.
    package var heldBytes: Int {
        // Two arrays with their headers, and the signature.
        MemoryLayout<Message>.stride + 64 + signature.count + justification.reduce(0) { $0 + $1.heldBytes }
    }

    var isNullPrepared: Bool { preparedRound == 0 && preparedValue == .zero }
}
