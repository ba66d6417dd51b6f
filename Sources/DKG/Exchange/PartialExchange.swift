import BLS
import Ethereum
import SSZ

/// Partial signatures of all participants over the same things, one kind after the other.
///
/// Peers that are a step ahead send before we know what is signed, or even the validators' keys: their messages are kept,
/// bounded by what may come at all, and looked at when `expect` opens their kind. Sending again is harmless; a second,
/// different signature names its operator. Source: spec/dkg.md §6.1.
package struct PartialExchange: Sendable {
    /// Share index of each participant that exchanges, from 1.
    private let shares: [ParticipantIndex: Int]
    /// Of the largest kind.
    private let validatorsMax: Int
    private let deposits: Int

    /// By kind and participant.
    private var held: [SignatureKind: [ParticipantIndex: [PubKey: Bytes96]]] = [:]
    /// Kinds that are open, with their validators.
    private var expected: [SignatureKind: [PubKey]] = [:]

    /// - Parameters:
    ///   - shares: of all that sign, ourselves included; not of operators that leave.
    ///   - validatorsMax: old and new ones, if old ones sign too.
    ///   - deposits: how many amounts there are; 0 in an edit.
    package init(shares: [ParticipantIndex: Int], validatorsMax: Int, deposits: Int) {
        precondition(deposits <= SignatureKind.depositsMax, "\(deposits) deposit amounts")
        self.shares = shares
        self.validatorsMax = validatorsMax
        self.deposits = deposits
    }

    package var bytesMax: Int { PartialSignatureSet.bytesMax(validators: validatorsMax) }

    /// Reads a peer's message.
    ///
    /// - Throws: also if an entry has another share index than the sender's.
    package func decode(
        _ bytes: [UInt8], from peer: ParticipantIndex
    ) throws(CeremonyFault) -> PartialSignatureSet {
        let share = try share(of: peer)
        do {
            return try PartialSignatureSet(decoding: bytes, share: share, validators: validatorsMax)
        } catch {
            throw error.ceremonyFault(.partialSignatures, from: peer)
        }
    }

    /// Keeps a participant's signatures; our own come the same way.
    ///
    /// - Throws: for another's share, a kind or validator that this ceremony has not, and a signature other than the one
    ///   the participant sent before. Nothing of the message is kept then.
    package mutating func receive(_ set: PartialSignatureSet, from peer: ParticipantIndex) throws(CeremonyFault) {
        guard try share(of: peer) == set.share else { throw fault(peer, "of another's share") }
        if case .deposit(let place) = set.kind, place >= deposits { throw fault(peer, "of a deposit that is none") }
        if let validators = expected[set.kind] { try check(set.signatures, validators, from: peer) }
        var signatures = held[set.kind]?[peer] ?? [:]
        for (key, signature) in set.signatures {
            guard (signatures[key] ?? signature) == signature else {
                throw CeremonyFault(peer, .equivocated(.partialSignatures))
            }
            signatures[key] = signature
        }
        guard signatures.count <= validatorsMax else { throw fault(peer, "of more validators than there are") }
        held[set.kind, default: [:]][peer] = signatures
    }

    /// Opens a kind: from now on it is known which validators sign.
    ///
    /// - Throws: the fault of a message that came early. It is forgotten, and others' are kept.
    package mutating func expect(_ kind: SignatureKind, validators: [PubKey]) throws(CeremonyFault) {
        expected[kind] = validators
        for (peer, signatures) in (held[kind] ?? [:]).sorted(by: { $0.key < $1.key }) {
            do {
                try check(signatures, validators, from: peer)
            } catch {
                held[kind]?[peer] = nil
                throw error
            }
        }
    }

    private func check(
        _ signatures: [PubKey: Bytes96], _ validators: [PubKey], from peer: ParticipantIndex
    ) throws(CeremonyFault) {
        guard Set(validators).isSuperset(of: signatures.keys) else {
            throw fault(peer, "of a validator that is not in this ceremony")
        }
    }

    private func share(of peer: ParticipantIndex) throws(CeremonyFault) -> Int {
        guard let share = shares[peer] else { throw fault(peer, "of a participant that has no share") }
        return share
    }

    private func fault(_ peer: ParticipantIndex, _ what: String) -> CeremonyFault {
        CeremonyFault(peer, .malformed(.partialSignatures, what))
    }

    // MARK: Result

    /// Participants, ascending, with the validators whose signature they have not sent, in the order of `expect`. Empty
    /// when the kind is complete; everybody, without validators, before it was opened.
    package func missing(_ kind: SignatureKind) -> [(participant: ParticipantIndex, validators: [PubKey])] {
        var all: [(participant: ParticipantIndex, validators: [PubKey])] = []
        for participant in shares.keys.sorted() {
            let sent = held[kind]?[participant] ?? [:]
            let missing = expected[kind].map { $0.filter { sent[$0] == nil } }
            if missing?.isEmpty != true { all.append((participant, missing ?? [])) }
        }
        return all
    }

    /// All partial signatures by validator and share index, once the kind is complete. Not verified.
    package func signatures(_ kind: SignatureKind) -> [PubKey: [Int: Bytes96]]? {
        guard let validators = expected[kind], missing(kind).isEmpty else { return nil }
        var all: [PubKey: [Int: Bytes96]] = [:]
        for validator in validators {
            for (participant, share) in shares {
                all[validator, default: [:]][share] = held[kind]?[participant]?[validator]
            }
        }
        return all
    }

    /// Verifies a complete kind.
    ///
    /// - Parameters:
    ///   - messages: what is signed, by validator.
    ///   - publicShares: by validator and share index.
    /// - Returns: the verified signatures, by validator and share index.
    /// - Throws: the first participant, in their order, whose signature is not its share's.
    package func verified(
        _ kind: SignatureKind, over messages: [PubKey: Bytes32], publicShares: [PubKey: [Int: BLS.PublicKey]],
        using generator: inout some RandomNumberGenerator
    ) throws(CeremonyFault) -> [PubKey: [Int: BLS.Signature]] {
        var batch = SignatureBatch()
        var claims: [(participant: ParticipantIndex, validator: PubKey, share: Int)] = []
        for participant in shares.keys.sorted() {
            guard let share = shares[participant] else { continue }
            for validator in expected[kind] ?? [] {
                guard let signature = held[kind]?[participant]?[validator] else {
                    throw CeremonyFault(participant, .missing(.partialSignatures))
                }
                guard let message = messages[validator], let key = publicShares[validator]?[share] else {
                    preconditionFailure("no message or public share of validator \(validator)")
                }
                batch.add(signature, by: key, over: message)
                claims.append((participant, validator, share))
            }
        }
        var result: [PubKey: [Int: BLS.Signature]] = [:]
        for (claim, outcome) in zip(claims, batch.verify(using: &generator)) {
            guard case .success(let signature) = outcome else {
                throw CeremonyFault(claim.participant, .unsigned(.partialSignatures))
            }
            result[claim.validator, default: [:]][claim.share] = signature
        }
        return result
    }
}
