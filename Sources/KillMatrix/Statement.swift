import DutyWorkflow
import Ethereum
import QBFT
import SSZ

/// One thing that was said on the wire or over HTTP, as whoever heard it understood it.
package struct Statement: Hashable, Sendable {
    /// What may be said in one way only, however often, and over any number of lives of a node.
    package enum Subject: Hashable, Sendable {
        /// A node's vote of one kind in one round.
        case vote(node: Int, Duty, QBFT.Message.Kind, round: Int64)
        /// What a duty's consensus decided, whoever says so.
        case decision(Duty)
        /// The partial signature of one key share.
        case share(ShareIndex, Duty, EntryKey)
        /// What is signed in a duty that the cluster decides upon, whoever signs.
        case signed(Duty, EntryKey)
        /// What a validator client is given to sign, whichever node it asks.
        case served(Duty)

        var duty: Duty {
            switch self {
            case .vote(_, let duty, _, _), .decision(let duty), .share(_, let duty, _), .signed(let duty, _),
                .served(let duty):
                duty
            }
        }
    }

    /// What else binds whoever said it, beside this subject.
    package enum Bond: Hashable, Sendable {
        case none
        /// A COMMIT: its node prepared in that round.
        case prepared(round: Int64, Root)
        /// A ROUND_CHANGE: the highest round its node says that it prepared in, 0 for none.
        case recalls(preparedRound: Int64, Root)
        /// An attestation: the epochs that slashing goes by.
        case votes(source: Epoch, target: Epoch)
    }

    package let subject: Subject
    /// Hashes and numbers, for people; two statements agree if these are equal.
    package let content: String
    package var bond = Bond.none
    /// Who said it to whom, for people.
    package let heard: String
}

extension Statement {
    /// A consensus message and those that it carries as justification: each is its signer's own.
    package static func all(in message: ConsensusMessage, heard: String) -> [Statement] {
        ([message.message] + message.message.justification).map { vote in
            let node = vote.source
            switch vote.kind {
            case .decided:
                return Statement(subject: .decision(message.duty), content: "\(vote.value)", heard: heard)
            case .roundChange:
                return Statement(
                    subject: .vote(node: node, message.duty, vote.kind, round: vote.round),
                    content: "prepared \(vote.preparedValue) in round \(vote.preparedRound)",
                    bond: .recalls(preparedRound: vote.preparedRound, vote.preparedValue), heard: heard)
            case .prePrepare, .prepare, .commit:
                return Statement(
                    subject: .vote(node: node, message.duty, vote.kind, round: vote.round), content: "\(vote.value)",
                    bond: vote.kind == .commit ? .prepared(round: vote.round, vote.value) : .none, heard: heard)
            }
        }
    }

    /// A message of partial signatures.
    package static func all(in set: ParSignedDataSet, of duty: Duty, heard: String) -> [Statement] {
        set.sorted { $0.key < $1.key }.flatMap { key, partial -> [Statement] in
            let (root, data) = (partial.data.messageRoot, partial.data)
            var bond = Bond.none
            if case .attestation(let attestation) = data {
                bond = .votes(source: attestation.data.source.epoch, target: attestation.data.target.epoch)
            }
            // Deterministic: another signature of the same root would be another key's.
            let share = Statement(
                subject: .share(partial.shareIndex, duty, key), content: "\(root) signature \(data.signature)",
                bond: bond, heard: heard)
            guard duty.type.rules.isDecided else { return [share] }
            return [share, Statement(subject: .signed(duty, key), content: "\(root)", heard: heard)]
        }
    }
}
