import Cluster
import Ethereum
import Foundation
import SSZ
import Secp256k1
import TestSupport

@testable import DKG

/// A ceremony to be held by operators whose keys are made from a seed.
struct CeremonySample {
    let identities: [PrivateKey]
    let definition: Definition
    let release: CeremonyRelease

    init(
        operators: Int, threshold: Int, validators: Int, algorithm: CeremonyAlgorithm = .frost,
        release: CeremonyRelease = .v1_11, seed: UInt64, amounts: [Gwei] = [Gwei(32_000_000_000)]
    ) throws {
        var generator = SeededGenerator(seed: seed)
        identities = (0..<operators).map { _ in PrivateKey.random(using: &generator) }
        var definition = Definition()
        definition.name = "sample"
        definition.uuid = "E5386A2D-9A1A-4BB4-AE27-724999FF67EE"
        definition.version = .v1_10
        definition.timestamp = "2026-11-28T15:09:49Z"
        definition.operators = identities.map { Operator(enr: ENR(signedBy: $0).text) }
        definition.threshold = threshold
        definition.validators = (0..<validators).map { _ in
            ValidatorAddresses(
                feeRecipient: "0x1111111111111111111111111111111111111111",
                withdrawal: "0x2121212121212121212121212121212121212121")
        }
        definition.dkgAlgorithm = algorithm.rawValue
        definition.forkVersion = Network.hoodi.genesisForkVersion
        definition.depositAmounts = amounts
        definition.targetGasLimit = 60_000_000
        self.definition = try definition.withHashes()
        self.release = release
    }

    init(identities: [PrivateKey], definition: Definition) {
        self.identities = identities
        self.definition = definition
        release = .v1_11
    }

    func plan(_ own: ParticipantIndex, timeout: Duration = .seconds(120)) throws -> CeremonyPlan {
        try CeremonyPlan(
            definition, network: .hoodi, identity: identities[own], release: release, timeout: timeout,
            nickname: "node \(own)")
    }
}

enum Seeds {
    /// `SEEDS=500` for more, `SEED=17` for one.
    static func fromEnvironment(default count: UInt64) -> [UInt64] {
        let environment = ProcessInfo.processInfo.environment
        if let seed = environment["SEED"].flatMap(UInt64.init) { return [seed] }
        return Array(0..<(environment["SEEDS"].flatMap(UInt64.init) ?? count))
    }
}
