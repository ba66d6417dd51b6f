import BLS
import Foundation
import Testing

@testable import DKG

@Suite("FROST key generation")
struct FrostTests {
    @Test("gives everybody the same keys", arguments: [(2, 2, 1), (2, 3, 2), (3, 4, 2), (5, 7, 1), (7, 10, 1)])
    func honest(threshold: Int, participants: Int, validators: Int) throws {
        let table = try FrostTable(threshold: threshold, participants: participants, validators: validators)
        var outcomes: [Int: [FrostOutcome]] = [:]
        for (index, end) in try table.run() {
            if case .keys(let keys) = end { outcomes[index] = keys }
        }
        let first = try #require(outcomes[1])
        #expect(outcomes.count == participants && first.count == validators)
        for validator in 0..<validators {
            let keys = try outcomes.mapValues { try #require($0.dropFirst(validator).first) }
            #expect(Set(keys.values.map(\.key)).count == 1)
            #expect(Set(keys.values.map(\.publicShares)).count == 1)
            let secrets = keys.mapValues(\.secret)
            #expect(secrets.mapValues(\.publicKey) == first[validator].publicShares)
            let enough = secrets.filter { $0.key > participants - threshold }
            #expect(try SecretKey.recover(from: enough).publicKey == first[validator].key)
            let shares = (1...participants).compactMap { first[validator].publicShares[$0] }
            #expect(first[validator].key.isShared(as: shares, threshold: threshold))
        }
        #expect(Set(first.map(\.key)).count == validators)
    }

    @Test("a participant that starts again says the same")
    func again() throws {
        let parameters = try FrostParameters(threshold: 2, participants: 3, validators: 2, own: 2)
        let one = FrostRound1(parameters, seed: .test(1))
        let two = FrostRound1(parameters, seed: .test(1))
        let (casts, again) = (one.casts, two.casts)
        #expect(casts == again)
        let (shares, same) = (one.shares(for: 3), two.shares(for: 3))
        #expect(shares.map(\.value.publicKey) == same.map(\.value.publicKey))
    }

    @Test("with one seed in another place, no secret is the same", arguments: [(2, 3, 1), (3, 3, 2), (2, 4, 2)])
    func elsewhere(threshold: Int, participants: Int, own: Int) throws {
        let here = FrostRound1(
            try FrostParameters(threshold: 2, participants: 3, validators: 1, own: 2), seed: .test(1))
        let there = FrostRound1(
            try FrostParameters(threshold: threshold, participants: participants, validators: 1, own: own),
            seed: .test(1))
        let (commitments, others) = (here.casts[0].commitments, there.casts[0].commitments)
        #expect(Set(commitments).isDisjoint(with: others))
    }

    @Test(
        "refuses impossible parameters",
        arguments: [
            (1, 3, 1, 1), (4, 3, 1, 1), (0, 3, 1, 1), (-1, 3, 1, 1), (2, 1, 1, 1), (2, 256, 1, 1), (2, 3, 0, 1),
            (2, 3, 65537, 1), (2, 3, 1, 0), (2, 3, 1, 4), (2, Int.max, 1, 1), (2, 3, Int.min, 1),
        ])
    func parameters(threshold: Int, participants: Int, validators: Int, own: Int) throws {
        #expect(throws: CeremonyFault.self) {
            try FrostParameters(threshold: threshold, participants: participants, validators: validators, own: own)
        }
    }

    /// `STYX_TIMES=1` prints what one participant of a usual cluster has to compute.
    @Test(
        "a hundred validators take a moment", .enabled(if: ProcessInfo.processInfo.environment["STYX_TIMES"] != nil))
    func time() throws {
        let table = try FrostTable(threshold: 3, participants: 4, validators: 100)
        let clock = ContinuousClock()
        let parameters = try table.parameters(1)
        var round: FrostRound2?
        let first = try clock.measure {
            round = try FrostRound1(parameters, seed: .test(1001))
                .finish(casts: table.casts, shares: table.shares[1] ?? [:])
        }
        let results = try #require(round)
        let casts = try theirResults(table)
        let second = try clock.measure { _ = try results.finish(casts) }
        print("FROST, 4 operators, 100 validators, one participant: round 1 \(first), round 2 \(second)")
    }

    private func theirResults(_ table: FrostTable) throws -> [Int: [FrostResultCast]] {
        var results: [Int: [FrostResultCast]] = [:]
        for index in 2...table.participants {
            results[index] = try FrostRound1(table.parameters(index), seed: .test(1000 + index))
                .finish(casts: table.casts, shares: table.shares[index] ?? [:]).casts
        }
        return results
    }
}
