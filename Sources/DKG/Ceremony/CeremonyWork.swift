import BLS
import Cluster
import Ethereum
import SSZ

/// One validator's keys, as this operator has them.
package struct ValidatorKeys: Sendable {
    /// The group's key.
    package let key: BLS.PublicKey
    package let share: SecretKey
    /// By participant.
    package let publicShares: [BLS.PublicKey]

    package init(key: BLS.PublicKey, share: SecretKey, publicShares: [BLS.PublicKey]) {
        self.key = key
        self.share = share
        self.publicShares = publicShares
    }
}

/// Work of a ceremony that takes milliseconds to minutes: done elsewhere, with nothing but what it carries.
package enum CeremonyWork: Sendable {
    /// Polynomials, proofs and shares of FROST.
    case frostBegin
    /// All of round 1, checked, into our keys. Messages as received, by participant; our own shares stay with us.
    case frostContinue(casts: [PackedMessage], shares: [ParticipantIndex: [UInt8]])
    /// All of round 2 into everybody's keys.
    case frostFinish(FrostRound2, results: [PackedMessage])
    /// Our partial signatures, one for each validator.
    case sign([ValidatorKeys], [Root])
    /// Everybody's partial signatures of one kind, verified, into the groups' signatures; for the lock hash into one.
    case join(SignatureKind, [ValidatorKeys], [Root], PartialExchange)
    /// Everything into the files.
    case assemble(CeremonyAssembly)

    package enum Result: Sendable {
        case frostBegun(cast: PackedMessage, shares: [ParticipantIndex: [UInt8]])
        case frostContinued(FrostRound2, result: PackedMessage)
        case keys([ValidatorKeys])
        case signed([Bytes96])
        case joined([Bytes96])
        case assembled(CeremonyOutcome)
    }

    /// - Throws: `CeremonyFault`, or `ClusterError` for a lock that does not hold.
    package func perform(_ plan: CeremonyPlan, _ seed: CeremonySeed) throws -> Result {
        try perform(plan) { FrostRound1($0, seed: seed) }
    }

    /// - Parameter round: the same polynomials whenever it is called.
    func perform(_ plan: CeremonyPlan, round: (FrostParameters) throws -> FrostRound1) throws -> Result {
        switch self {
        case .frostBegin: try Self.begin(plan, round(Self.parameters(plan)))
        case .frostContinue(let casts, let shares):
            try Self.goOn(plan, round(Self.parameters(plan)), casts, shares)
        case .frostFinish(let round, let results): try Self.finish(plan, round, results)
        case .sign(let keys, let roots): .signed(zip(keys, roots).map { $0.share.sign($1).bytes })
        case .join(let kind, let keys, let roots, let exchange):
            .joined(try Self.join(kind, keys, roots, exchange, plan))
        case .assemble(let assembly): .assembled(try assembly.outcome(plan))
        }
    }

    // MARK: FROST

    private static func parameters(_ plan: CeremonyPlan) throws(CeremonyFault) -> FrostParameters {
        try FrostParameters(
            threshold: plan.threshold, participants: plan.participants, validators: plan.validators, own: plan.own + 1)
    }

    private static func begin(_ plan: CeremonyPlan, _ round: borrowing FrostRound1) throws -> Result {
        let casts = round.casts.map {
            FrostCastsMessage.Cast(response: $0.response, challenge: $0.challenge, commitments: $0.commitments)
        }
        var shares: [ParticipantIndex: [UInt8]] = [:]
        for peer in plan.others {
            let message = FrostSharesMessage(
                source: plan.own + 1, target: peer + 1, shares: round.shares(for: peer + 1).map(\.value))
            shares[peer] = message.encoded()
        }
        return .frostBegun(cast: FrostCastsMessage(source: plan.own + 1, casts: casts).packed, shares: shares)
    }

    private static func goOn(
        _ plan: CeremonyPlan, _ round: consuming FrostRound1, _ casts: [PackedMessage],
        _ shares: [ParticipantIndex: [UInt8]]
    ) throws -> Result {
        var allCasts: [Int: [FrostCast]] = [:]
        for (peer, bytes) in casts.enumerated() {
            let message = try reading(.casts, of: peer) { () throws(WireFault) in
                try FrostCastsMessage(
                    unpacking: bytes, source: peer + 1, threshold: plan.threshold, validators: plan.validators)
            }
            allCasts[peer + 1] = message.casts.map {
                FrostCast(response: $0.response, challenge: $0.challenge, commitments: $0.commitments)
            }
        }
        var allShares: [Int: [FrostSecretShare]] = [:]
        for (peer, bytes) in shares {
            let message = try reading(.shares, of: peer) { () throws(WireFault) in
                try FrostSharesMessage(
                    decoding: bytes, source: peer + 1, target: plan.own + 1, validators: plan.validators)
            }
            allShares[peer + 1] = message.shares.map { FrostSecretShare(id: plan.own + 1, value: $0) }
        }
        let second = try round.finish(casts: allCasts, shares: allShares)
        let results = second.casts.map {
            FrostResultCastsMessage.Cast(verificationKey: $0.verificationKey, shareKey: $0.shareKey)
        }
        return .frostContinued(second, result: FrostResultCastsMessage(source: plan.own + 1, casts: results).packed)
    }

    private static func finish(
        _ plan: CeremonyPlan, _ round: FrostRound2, _ results: [PackedMessage]
    ) throws -> Result {
        var all: [Int: [FrostResultCast]] = [:]
        for (peer, bytes) in results.enumerated() {
            let message = try reading(.results, of: peer) { () throws(WireFault) in
                try FrostResultCastsMessage(unpacking: bytes, source: peer + 1, validators: plan.validators)
            }
            all[peer + 1] = message.casts.map {
                FrostResultCast(verificationKey: $0.verificationKey, shareKey: $0.shareKey)
            }
        }
        let outcomes = try round.finish(all)
        return .keys(
            outcomes.map { outcome in
                ValidatorKeys(
                    key: outcome.key, share: outcome.secret,
                    publicShares: (1...plan.participants).compactMap { outcome.publicShares[$0] })
            })
    }

    private static func reading<Value>(
        _ message: CeremonyFault.Message, of peer: ParticipantIndex, _ body: () throws(WireFault) -> Value
    ) throws(CeremonyFault) -> Value {
        do throws(WireFault) { return try body() } catch { throw error.ceremonyFault(message, from: peer) }
    }

    // MARK: Signatures

    private static func join(
        _ kind: SignatureKind, _ keys: [ValidatorKeys], _ roots: [Root], _ exchange: PartialExchange,
        _ plan: CeremonyPlan
    ) throws -> [Bytes96] {
        let messages = Dictionary(uniqueKeysWithValues: zip(keys, roots).map { ($0.key.bytes, $1) })
        let publicShares = Dictionary(
            uniqueKeysWithValues: keys.map { validator in
                let shares = zip(plan.seats, validator.publicShares).map { (plan.shareIndex(of: $0), $1) }
                return (validator.key.bytes, Dictionary(uniqueKeysWithValues: shares))
            })
        // For the coefficients of the batch: nobody may foresee them.
        var random = SystemRandomNumberGenerator()
        let verified = try exchange.verified(kind, over: messages, publicShares: publicShares, using: &random)
        let partials = keys.map { verified[$0.key.bytes] ?? [:] }
        if kind == .lockHash {
            let all = partials.flatMap { $0.sorted { $0.key < $1.key }.map(\.value) }
            return [try BLS.Signature.aggregate(all).bytes]
        }
        var joined = SignatureBatch()
        var signatures: [Bytes96] = []
        for (v, shares) in partials.enumerated() {
            let few = shares.sorted { $0.key < $1.key }.prefix(plan.threshold).map { ($0.key, $0.value) }
            let signature = try BLS.Signature.recover(from: Dictionary(uniqueKeysWithValues: few))
            joined.add(signature, by: keys[v].key, over: roots[v])
            signatures.append(signature.bytes)
        }
        for (v, outcome) in joined.verify().enumerated() {
            // The public shares are not this key's: none of those should come out of the key generation.
            if case .failure = outcome { throw CeremonyFault(nil, .groupKey(validator: v)) }
        }
        return signatures
    }
}
