/// Which operator: position in the participant list, from 0.
package typealias ParticipantIndex = Int

/// What a participant did wrong, and who.
package struct CeremonyFault: Error, Equatable, Sendable {
    /// Nil only when it cannot be told.
    package let culprit: ParticipantIndex?
    package let reason: Reason

    package init(_ culprit: ParticipantIndex?, _ reason: Reason) {
        self.culprit = culprit
        self.reason = reason
    }

    /// Validators are counted from 0 within the ceremony.
    package enum Reason: Equatable, Sendable {
        /// The ceremony itself cannot be: what is out of range.
        case parameters(String)
        /// A message that cannot be read, or says what no honest one says.
        case malformed(Message, String)
        /// Nothing came.
        case missing(Message)
        /// Two different messages where one is right.
        case equivocated(Message)
        /// A message of another ceremony or run.
        case otherSession(Message)
        /// Not signed by the participant it comes from.
        case unsigned(Message)

        /// Not one entry for each validator.
        case entryCount(Message, expected: Int, actual: Int)
        /// Not as many commitments as the threshold.
        case commitmentCount(validator: Int, expected: Int, actual: Int)
        /// A proof that does not show knowledge of the secret behind the first commitment.
        case proof(validator: Int)
        /// The first commitment of another participant, who was there first: a proof that may have been copied.
        case copiedProof(validator: Int, of: ParticipantIndex)
        /// A share made for another share index.
        case foreignShare(validator: Int, index: Int)
        /// A share off the polynomial that its dealer is committed to.
        case share(validator: Int)
        /// A group key other than everybody's commitments give.
        case groupKey(validator: Int)
        /// A public key share other than everybody's commitments give.
        case keyShare(validator: Int)
        /// The public key share that another participant announces is not the one that we have for it. One of both
        /// nodes may be wrong; so may a dealer, who can tell each of them something else.
        case otherKeyShare(validator: Int, of: ParticipantIndex)
        /// The secrets cancel out. Chance alone does that once in 2^255.
        case cancelled(validator: Int)

        /// An index that takes no part, or not in this role.
        case unknownIndex(Message, index: Int)
        /// A dealer of a reshare that deals another secret than its key share.
        case otherSecret
        /// Complaints by at least the threshold of receivers.
        case complaints(Int)
        /// The run ended with too few dealers or receivers whose part is complete.
        case tooFew(Role, needed: Int, actual: Int)
        /// We were thrown out of the run: the others did not see our messages, or not the ones we sent.
        case evicted
        /// The participants are not in one ceremony, or not at one place of it.
        case sync(SyncFault)
    }

    package enum Role: String, Sendable {
        case dealer, receiver
    }

    package enum Message: String, Sendable, CaseIterable {
        case sync = "sync message"
        case broadcast = "reliable broadcast"
        case casts = "FROST round 1 broadcast"
        case shares = "FROST round 1 shares"
        case results = "FROST round 2 broadcast"
        case nodeKey = "Pedersen node key"
        case deals = "Pedersen deal bundle"
        case responses = "Pedersen response bundle"
        case justifications = "Pedersen justification bundle"
        case validatorKeyShare = "Pedersen validator key share"
        case partialSignatures = "partial signatures"
        case nodeSignature = "node signature"
    }
}

extension CeremonyFault: CustomStringConvertible {
    package var description: String {
        guard let culprit else { return "\(reason); \(reason.cure)" }
        return "participant \(culprit) (counted from 0): \(reason); \(reason.cure)"
    }
}

extension CeremonyFault.Reason: CustomStringConvertible {
    /// What is wrong, without the culprit and the cure.
    package var description: String {
        switch self {
        case .parameters(let what): what
        case .malformed(let message, let why): "the \(message.rawValue) is malformed: \(why)"
        case .missing(let message): "the \(message.rawValue) was not received"
        case .equivocated(let message): "sent two different versions of its \(message.rawValue)"
        case .otherSession(let message): "the \(message.rawValue) belongs to another ceremony or run"
        case .unsigned(let message): "the signature of the \(message.rawValue) is wrong"
        case .entryCount(let message, let expected, let actual):
            "the \(message.rawValue) has \(actual) entries instead of one for each of \(expected) validators"
        case .commitmentCount(let validator, let expected, let actual):
            "validator \(validator): \(actual) commitments instead of the threshold \(expected)"
        case .proof(let validator): "validator \(validator): the proof of its secret is wrong"
        case .copiedProof(let validator, let other):
            "validator \(validator): its commitment is the one of participant \(other)"
        case .foreignShare(let validator, let index):
            "validator \(validator): the secret share sent to us is for share index \(index)"
        case .share(let validator): "validator \(validator): the secret share does not fit the commitments"
        case .groupKey(let validator): "validator \(validator): its group key is not the sum of the commitments"
        case .keyShare(let validator): "validator \(validator): its public key share does not fit the commitments"
        case .otherKeyShare(let validator, let other):
            "validator \(validator): the public key share of participant \(other) (counted from 0) differs from ours"
        case .cancelled(let validator): "validator \(validator): the secrets of all participants cancel out"
        case .unknownIndex(let message, let index):
            "the \(message.rawValue) names index \(index), which has no such part in this run"
        case .otherSecret: "deals another secret than its key share"
        case .complaints(let count): "\(count) receivers have no right deal of it, which was wrong or lost on the way"
        case .tooFew(let role, let needed, let actual):
            "only \(actual) of the needed \(needed) \(role.rawValue)s are left"
        case .evicted: "the run went on without this node"
        case .sync(let fault): fault.description
        }
    }

    /// That something did not come, here or elsewhere: whose it was has to be told, but may have done nothing wrong.
    var isAbsence: Bool {
        switch self {
        case .missing, .complaints, .tooFew, .evicted: true
        default: false
        }
    }

    /// What to do about it.
    package var cure: String {
        switch self {
        case .parameters: "correct the definition or the options"
        case .missing, .complaints, .tooFew, .evicted:
            "see that all nodes run and reach each other, then start the ceremony again on all of them"
        case .otherKeyShare:
            "compare software and versions of all operators, then start the ceremony again on all nodes"
        case .cancelled: "start the ceremony again on all nodes"
        case .sync(let fault): fault.cure
        default: "ask its operator for software and versions, then start the ceremony again on all nodes"
        }
    }
}
