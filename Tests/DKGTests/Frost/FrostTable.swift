import BLS
import SSZ
import TestSupport

@testable import DKG

extension CeremonySeed {
    /// Seeds of tests: a failure repeats.
    static func test(_ number: Int) -> CeremonySeed {
        var generator = SeededGenerator(seed: UInt64(number))
        guard let seed = CeremonySeed(bytes: generator.bytes(32)) else { preconditionFailure("32 bytes") }
        return seed
    }
}

/// All participants of a FROST key generation in one place, and what they send: changed by whoever lies.
struct FrostTable {
    let threshold: Int
    let participants: Int
    let validators: Int
    let seed: Int
    /// By share index.
    var casts: [Int: [FrostCast]] = [:]
    /// By receiver and sender.
    var shares: [Int: [Int: [FrostSecretShare]]] = [:]
    /// Changes what goes to everybody in round 2.
    var tamperWithResults: (inout [Int: [FrostResultCast]]) -> Void = { _ in }

    init(threshold: Int, participants: Int, validators: Int, seed: Int = 1) throws {
        self.threshold = threshold
        self.participants = participants
        self.validators = validators
        self.seed = seed
        for index in 1...participants {
            let round = FrostRound1(try parameters(index), seed: .test(seed * 1000 + index))
            casts[index] = round.casts
            for receiver in 1...participants where receiver != index {
                shares[receiver, default: [:]][index] = round.shares(for: receiver)
            }
        }
    }

    func parameters(_ own: Int) throws -> FrostParameters {
        try FrostParameters(threshold: threshold, participants: participants, validators: validators, own: own)
    }

    enum End {
        case keys([FrostOutcome])
        case fault(CeremonyFault)
    }

    /// How it ends for each participant, by share index. If round 1 fails for one, there is no round 2 for anybody.
    func run() throws -> [Int: End] {
        var (ends, rounds, results): ([Int: End], [Int: FrostRound2], [Int: [FrostResultCast]]) = ([:], [:], [:])
        for index in 1...participants {
            let parameters = try parameters(index)
            do throws(CeremonyFault) {
                let round = try FrostRound1(parameters, seed: .test(seed * 1000 + index))
                    .finish(casts: casts, shares: shares[index] ?? [:])
                (rounds[index], results[index]) = (round, round.casts)
            } catch {
                ends[index] = .fault(error)
            }
        }
        guard ends.isEmpty else { return ends }
        tamperWithResults(&results)
        for (index, round) in rounds {
            do throws(CeremonyFault) {
                ends[index] = .keys(try round.finish(results))
            } catch {
                ends[index] = .fault(error)
            }
        }
        return ends
    }

    /// What one participant makes of it; nil if it has keys.
    func fault(at index: Int) throws -> CeremonyFault? {
        if case .fault(let fault)? = try run()[index] { fault } else { nil }
    }
}

/// Another secret, next to the given one.
func shifted(_ secret: SecretKey) throws -> SecretKey {
    try SecretKey.sum([secret, SecretKey(bytes: [UInt8](repeating: 0, count: 31) + [1])])
}
