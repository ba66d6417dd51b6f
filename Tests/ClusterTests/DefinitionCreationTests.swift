import Cluster
import Ethereum
import TestSupport
import Testing

@Suite struct DefinitionCreationTests {
    @Test("a plain definition may be made in every version", arguments: FileVersion.allCases)
    func plain(version: FileVersion) throws {
        let definition = try Samples.lock(version).definition
        try definition.checkNew()
        try Samples.signed(definition).checkNew()
    }

    static let changes: [(FileVersion?, Mutation<Definition>)] = [
        (.v1_8, Mutation("deposit_amounts") { $0.depositAmounts = [Gwei(16_000_000_000), Gwei(16_000_000_000)] }),
        (.v1_9, Mutation("consensus_protocol") { $0.consensusProtocol = "qbft" }),
        (.v1_10, Mutation("compounding") { $0.compounding = true }),
        (.v1_10, Mutation("target_gas_limit") { $0.targetGasLimit = 30_000_000 }),
        (.v1_4, Mutation("creator") { $0.creator.address = Samples.address }),
        (.v1_5, Mutation("fee_recipient_address") { $0.validators[1].withdrawal = "" }),
        // In no version.
        (nil, Mutation("deposit_amounts[0]") { $0.depositAmounts = [Gwei(1)] }),
    ]

    @Test(
        "what a version's files have no place for is refused, with the version that has it",
        arguments: FileVersion.allCases)
    func misplaced(version: FileVersion) throws {
        for (first, mutation) in Self.changes {
            var definition = try Samples.lock(version).definition
            mutation.change(&definition)
            if let first, version >= first {
                try definition.checkNew()
                continue
            }
            let error = #expect(throws: ClusterError.self) { try definition.checkNew() }
            let fields = [mutation.field, first == nil && version < .v1_8 ? "deposit_amounts" : mutation.field]
            #expect(fields.contains(error?.fieldName ?? ""), "\(String(describing: error))")
            if let first { #expect(error?.description.contains("write \(first.rawValue) or later") == true) }
        }
    }

    @Test("from v1.10 on there is a gas limit", arguments: [FileVersion.v1_10, .v1_11])
    func gasLimit(version: FileVersion) throws {
        var definition = try Samples.lock(version).definition
        definition.targetGasLimit = 0
        let error = #expect(throws: ClusterError.self) { try definition.checkNew() }
        #expect(error?.fieldName == "target_gas_limit")
    }

    @Test("amounts signed without a choice", arguments: FileVersion.allCases)
    func amounts(version: FileVersion) throws {
        var definition = Definition()
        definition.version = version
        let eth = { (amounts: [UInt64]) in amounts.map { Gwei($0 * 1_000_000_000) } }
        #expect(definition.signedDepositAmounts == eth(version < .v1_8 ? [32] : [1, 32]))
        definition.compounding = version >= .v1_10
        #expect(
            definition.signedDepositAmounts
                == eth(version < .v1_8 ? [32] : version < .v1_10 ? [1, 32] : [1, 8, 32, 256]))
    }
}
