import BLS
import SSZ
import TestSupport
import Testing

@testable import DKG

/// Three participants; the one with share index 2 lies, about validator 1 of two.
@Suite("a liar in a FROST key generation is named")
struct FrostLieTests {
    enum Lie: CaseIterable {
        case noCasts, fewerCasts, fewerCommitments, moreCommitments, response, challenge, zeroChallenge
        case swappedValidators, copiedCast, copiedSecret
        case noShares, fewerShares, wrongShare, shareOfOther, shareForOther
        case noResults, fewerResults, groupKey, shareKey, swappedShareKeys
    }

    /// What participant 1 says of participant 2.
    @Test("for each lie", arguments: Lie.allCases)
    func named(_ lie: Lie) throws {
        var table = try FrostTable(threshold: 2, participants: 3, validators: 2)
        try tell(lie, at: &table, liar: 2, to: 1)
        let fault = try #require(try table.fault(at: 1))
        #expect(fault == CeremonyFault(1, expected(lie)))
        #expect("\(fault)".hasPrefix("participant 1 (counted from 0): "))
    }

    private func expected(_ lie: Lie) -> CeremonyFault.Reason {
        switch lie {
        case .noCasts: .missing(.casts)
        case .fewerCasts: .entryCount(.casts, expected: 2, actual: 1)
        case .fewerCommitments: .commitmentCount(validator: 1, expected: 2, actual: 1)
        case .moreCommitments: .commitmentCount(validator: 1, expected: 2, actual: 3)
        case .response, .challenge, .zeroChallenge, .copiedCast: .proof(validator: 1)
        case .swappedValidators: .share(validator: 0)
        case .copiedSecret: .copiedProof(validator: 1, of: 0)
        case .noShares: .missing(.shares)
        case .fewerShares: .entryCount(.shares, expected: 2, actual: 1)
        case .wrongShare, .shareOfOther: .share(validator: 1)
        case .shareForOther: .foreignShare(validator: 1, index: 3)
        case .noResults: .missing(.results)
        case .fewerResults: .entryCount(.results, expected: 2, actual: 1)
        case .groupKey: .groupKey(validator: 1)
        case .shareKey: .keyShare(validator: 1)
        case .swappedShareKeys: .keyShare(validator: 0)
        }
    }

    /// The last validator is lied about. `receiver` is whom a secret lie is told.
    private func tell(_ lie: Lie, at table: inout FrostTable, liar: Int, to receiver: Int) throws {
        let last = table.validators - 1
        let casts = try #require(table.casts[liar])
        let cast = casts[last]
        let shares = try #require(table.shares[receiver]?[liar])
        func say(_ response: Scalar? = nil, _ challenge: Scalar? = nil, _ commitments: [BLS.PublicKey]? = nil) {
            table.casts[liar]?[last] = FrostCast(
                response: response ?? cast.response, challenge: challenge ?? cast.challenge,
                commitments: commitments ?? cast.commitments)
        }
        func send(_ id: Int, _ value: SecretKey) {
            table.shares[receiver]?[liar]?[last] = FrostSecretShare(id: id, value: value)
        }
        switch lie {
        case .noCasts: table.casts[liar] = nil
        case .fewerCasts: table.casts[liar] = casts.dropLast()
        case .fewerCommitments: say(nil, nil, cast.commitments.dropLast())
        case .moreCommitments: say(nil, nil, cast.commitments + [cast.commitments[0]])
        case .response: say(cast.challenge)
        case .challenge: say(nil, cast.response)
        case .zeroChallenge: say(nil, try Scalar(Bytes32.zero))
        case .swappedValidators: table.casts[liar] = casts.reversed()
        case .copiedCast:
            let copied = try #require(table.casts[1]?[last])
            table.casts[liar]?[last] = copied
        case .copiedSecret: try copySecret(&table, liar: liar)
        case .noShares: table.shares[receiver]?[liar] = nil
        case .fewerShares: table.shares[receiver]?[liar] = shares.dropLast()
        case .wrongShare: send(receiver, try shifted(shares[last].value))
        case .shareOfOther: send(receiver, try #require(table.shares[3]?[liar]?[last].value))
        case .shareForOther: send(3, try #require(table.shares[3]?[liar]?[last].value))
        case .noResults: table.tamperWithResults = { $0[liar] = nil }
        case .fewerResults: table.tamperWithResults = { $0[liar]?.removeLast() }
        case .groupKey:
            table.tamperWithResults = { results in
                guard let result = results[liar]?[last] else { return }
                results[liar]?[last] = FrostResultCast(
                    verificationKey: cast.commitments[0], shareKey: result.shareKey)
            }
        case .shareKey:
            table.tamperWithResults = { results in
                guard let result = results[liar]?[last] else { return }
                results[liar]?[last] = FrostResultCast(
                    verificationKey: result.verificationKey, shareKey: cast.commitments[0])
            }
        case .swappedShareKeys:
            table.tamperWithResults = { results in
                guard let own = results[liar], let other = results[1] else { return }
                results[liar] = zip(own, other).map {
                    FrostResultCast(verificationKey: $0.verificationKey, shareKey: $1.shareKey)
                }
            }
        }
    }

    /// The liar deals the secret of participant 1, and proves that it knows it.
    private func copySecret(_ table: inout FrostTable, liar: Int) throws {
        var generator = SeededGenerator(seed: 5)
        let last = table.validators - 1
        let first = FrostRound1(try table.parameters(1), seed: .test(table.seed * 1000 + 1))
        var shares: [Int: SecretKey] = [:]
        for index in 1...table.participants { shares[index] = first.shares(for: index)[last].value }
        let coefficients =
            [try SecretKey.recover(from: shares)] + (1..<table.threshold).map { _ in .random(using: &generator) }
        let polynomial = try SecretPolynomial(coefficients: coefficients)
        table.casts[liar]?[last] = FrostCast(polynomial, nonce: .random(using: &generator), index: liar)
        for receiver in 1...table.participants where receiver != liar {
            table.shares[receiver]?[liar]?[last] = FrostSecretShare(
                id: receiver, value: try polynomial.share(receiver))
        }
    }

    /// Points at infinity, scalars that are not reduced and shares that are zero cannot be held: the decoder says whose.
    @Test("what is no point, no scalar or no share is refused with its bytes")
    func undecodable() throws {
        let table = try FrostTable(threshold: 2, participants: 3, validators: 1)
        let cast = try #require(table.casts[2]?[0])
        let message = FrostCastsMessage(
            source: 2,
            casts: [.init(response: cast.response, challenge: cast.challenge, commitments: cast.commitments)])
        let infinity = [0xc0] + [UInt8](repeating: 0, count: 47)
        let order = try Hex.decode("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001", bytesMax: 32)
        for (old, new) in [(cast.commitments[1].bytes.bytes, infinity), (cast.response.bytes.bytes, order)] {
            let bytes = replacing(old, with: new, in: message.encoded())
            #expect(throws: WireFault.self) {
                try FrostCastsMessage(decoding: bytes, source: 2, threshold: 2, validators: 1)
            }
        }
        let share = try #require(table.shares[1]?[2]?[0])
        let shares = FrostSharesMessage(source: 2, target: 1, shares: [share.value]).encoded()
        let zero = replacing(share.value.exposedBytes(), with: [UInt8](repeating: 0, count: 32), in: shares)
        do throws(WireFault) {
            _ = try FrostSharesMessage(decoding: zero, source: 2, target: 1, validators: 1)
            Issue.record("a share of zero was taken")
        } catch {
            #expect(error.ceremonyFault(.shares, from: 1).culprit == 1)
        }
    }

    private func replacing(_ old: [UInt8], with new: [UInt8], in bytes: [UInt8]) -> [UInt8] {
        guard let start = bytes.indices.first(where: { bytes[$0...].starts(with: old) }) else { return [] }
        return Array(bytes[..<start]) + new + bytes[(start + old.count)...]
    }

    @Test("whoever sees a lie names the liar, and nobody is believed to be one who is not", arguments: 0..<40)
    func anyLiar(seed: Int) throws {
        var generator = SeededGenerator(seed: UInt64(seed))
        let participants = Int.random(in: 3...6, using: &generator)
        let threshold = Int.random(in: 2...participants, using: &generator)
        let validators = Int.random(in: 1...2, using: &generator)
        var table = try FrostTable(
            threshold: threshold, participants: participants, validators: validators, seed: seed)
        let liar = Int.random(in: 2...participants, using: &generator)
        let lies = Lie.allCases.filter { validators > 1 || $0 != .swappedValidators }
        let lie = try #require(lies.randomElement(using: &generator))
        let victim = try #require((1...participants).filter { $0 != liar }.randomElement(using: &generator))
        // These two take what participant 3 got, which has to be somebody else.
        guard ![.shareOfOther, .shareForOther].contains(lie) || (liar != 3 && victim != 3) else { return }
        try tell(lie, at: &table, liar: liar, to: victim)

        let ends = try table.run().filter { $0.key != liar }
        let faults = ends.compactMapValues { end -> CeremonyFault? in
            if case .fault(let fault) = end { fault } else { nil }
        }
        #expect(faults[victim] != nil, "\(lie) goes unnoticed")
        #expect(Set(faults.values.map(\.culprit)) == [liar - 1], "\(lie)")
        let keys = ends.values.compactMap { end -> [BLS.PublicKey]? in
            if case .keys(let keys) = end { keys.map(\.key) } else { nil }
        }
        #expect(Set(keys).count <= 1)
    }
}
