import Cluster
import DKG
import Ethereum
import Secp256k1
import TestSupport

/// A definition, and its operators' keys.
struct Sample {
    let identities: [PrivateKey]
    let definition: Definition

    init(operators: Int, threshold: Int, validators: Int, algorithm: CeremonyAlgorithm = .frost) throws {
        var generator = SeededGenerator(seed: 11)
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
        definition.targetGasLimit = 60_000_000
        self.definition = try definition.withHashes()
    }

    func plan(_ own: ParticipantIndex) throws -> CeremonyPlan {
        try CeremonyPlan(definition, network: .hoodi, identity: identities[own], release: .v1_10)
    }
}
