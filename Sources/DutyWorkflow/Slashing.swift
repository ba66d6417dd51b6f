import Ethereum

/// That one of our validators was slashed, or is going to be: nothing more is signed for it, exits neither, for the
/// chain takes none of a slashed validator.
package struct Slashing: Hashable, Sendable {
    package enum Evidence: Int, Sendable, Comparable {
        /// By most beacon nodes that answered; over when most say otherwise.
        case told = 0
        /// Two messages that contradict each other, and both signatures hold under the validator's key. Nobody can make
        /// that up: it stays.
        case proven = 1

        package static func < (a: Self, b: Self) -> Bool { a.rawValue < b.rawValue }
    }

    package let evidence: Evidence
    /// What was seen, for people.
    package let seen: String

    package init(_ evidence: Evidence, seen: String) {
        self.evidence = evidence
        self.seen = seen
    }

    /// What the operators have to do.
    package static let cure =
        "find out what signed twice, with all operators, before anything else signs with these keys: a second node or"
        + " validator client with the same key shares, a restored backup, a journal that was deleted; the other"
        + " validators go on"

    /// To whoever wants a signature.
    func refusal(_ pubKey: PubKey) -> String {
        "validator \(pubKey) was slashed, so this node signs nothing more for it: \(seen)"
    }
}

/// What the beacon nodes say of our validators, each by itself.
///
/// A node that lies, or is of another chain, must not switch off a validator: more than half of those that answered
/// have to say that it was slashed, and as many that it was not to take that back. A tie changes nothing. Who has but
/// one beacon node depends on its word here as everywhere, until it says something else.
package struct SlashingPoll: Hashable, Sendable {
    /// Ascending.
    package let slashed: [PubKey]
    /// Ascending.
    package let unslashed: [PubKey]

    /// - Parameter answers: of each beacon node, for validators that it knows, whether they are slashed.
    package init(_ answers: [[PubKey: Bool]]) {
        var votes: [PubKey: Int] = [:]
        for (pubKey, isSlashed) in answers.joined() { votes[pubKey, default: 0] += isSlashed ? 1 : -1 }
        slashed = votes.filter { $0.value > 0 }.keys.sorted()
        unslashed = votes.filter { $0.value < 0 }.keys.sorted()
    }
}
