import Ethereum

/// Validators for which this node signs nothing more. Durable: `Record.slashed`.
///
/// Stopping is cheap to be right about and dear to be wrong about: the chain slashes a validator once, so what is
/// signed for it after that costs nothing more, while each duty of a healthy one that is not done does. So one beacon
/// node's word is not enough where there are several, and no peer's word counts at all: only two contradicting
/// signatures under the validator's own key (`SlashingEvidence`) or what most beacon nodes say of the chain
/// (`SlashingPoll`).
struct SlashedValidators: Sendable {
    private var stopped: [PubKey: Slashing]

    init(_ stopped: [PubKey: Slashing] = [:]) { self.stopped = stopped }

    /// What an earlier life saw, told once more.
    var reminders: [Signal] { stopped.sorted { $0.key < $1.key }.map { .perform(.report(.slashed($0, $1))) } }

    /// Why nothing is signed for a validator, for people; nil if it is.
    func refusal(_ pubKey: PubKey) -> String? { stopped[pubKey]?.refusal(pubKey) }

    func contains(_ pubKey: PubKey) -> Bool { stopped[pubKey] != nil }

    func isTold(_ pubKey: PubKey) -> Bool { stopped[pubKey]?.evidence == .told }

    /// - Returns: whether it is news.
    mutating func stop(_ pubKey: PubKey, _ slashing: Slashing) -> Bool {
        if let old = stopped[pubKey], old.evidence >= slashing.evidence { return false }
        stopped[pubKey] = slashing
        return true
    }

    mutating func lift(_ pubKey: PubKey) { stopped[pubKey] = nil }

    /// - Returns: what may be signed, and why the rest may not, a line for each validator.
    func remove(from objects: SignedDataSet) -> (left: SignedDataSet, refusals: [String]) {
        guard !stopped.isEmpty else { return (objects, []) }
        let refusals = objects.keys.pubKeys.sorted().compactMap { refusal($0) }
        return (objects.filter { !contains($0.key.pubKey) }, refusals)
    }
}
