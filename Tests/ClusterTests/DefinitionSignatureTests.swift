import Cluster
import Ethereum
import SSZ
import Secp256k1
import TestSupport
import Testing

@Suite struct DefinitionSignatureTests {
    let definition: Definition

    init() throws { definition = try Samples.signed(Samples.cluster().lock.definition) }

    @Test("a definition signed by all verifies, also without checksums in its addresses")
    func signed() throws {
        try definition.verification(customNetwork: nil).requirePassed()
        var lowerCase = definition
        lowerCase.operators[0].address = "0x" + lowerCase.operators[0].address.dropFirst(2).lowercased()
        try lowerCase.verification(customNetwork: nil).requirePassed()
    }

    @Test("one signed only by its creator verifies, with blank operators")
    func solo() throws {
        var solo = try Samples.cluster().lock.definition
        let creator = PrivateKey.random()
        solo.creator.address = EthereumAddress(creator.publicKey).checksummed
        solo = try solo.withHashes()
        let digest = EIP712.creatorConfigHash(solo.configHash.hex).digest(chainID: 560048)
        solo.creator.configSignature = creator.sign(digest: digest).bytes
        solo = try solo.withHashes()
        try solo.verification(customNetwork: nil).requirePassed()
        solo.creator.configSignature[5] ^= 1
        #expect(solo.failures == ["definition_hash", "creator.config_signature"])
    }

    @Test(
        "refuses what is not signed as it should be",
        arguments: [
            Mutation("operators") { $0.operators[1] = Operator(enr: $0.operators[1].enr) },
            Mutation("operators[2].enr_signature") { $0.operators[2].enrSignature = [] },
            Mutation("operators[2].config_signature") { $0.operators[2].configSignature = [] },
            Mutation("operators[0].config_signature") { $0.operators[0].configSignature.removeLast() },
            Mutation("operators[0].config_signature") { $0.operators[0].configSignature[40] ^= 1 },
            Mutation("operators[0].config_signature") { $0.operators[0].configSignature[64] = 9 },
            Mutation("operators[3].enr_signature") { $0.operators[3].enr = $0.operators[0].enr },
            Mutation("operators[3].enr_signature") { $0.operators[3].enrSignature = $0.operators[3].configSignature },
            Mutation("operators[1].config_signature") { $0.operators[1].address = $0.operators[0].address },
            Mutation("operators[1].config_signature") { $0.operators[1].address = "" },
            Mutation("operators[0].config_signature") { $0.configHash = .zero },
            Mutation("creator.config_signature") { $0.creator.configSignature = [] },
            Mutation("creator.config_signature") { $0.creator.address = "" },
            Mutation("creator.config_signature") { $0.creator.configSignature = $0.operators[0].configSignature },
            Mutation("creator") { $0.creator = Creator() },
            Mutation("fork_version") { $0.forkVersion = Bytes4(padding: [9, 9, 9, 9]) },
            // Right network name, other chain: signatures bind to the chain id.
            Mutation("operators[0].config_signature") { $0.forkVersion = .zero },
        ] as [Mutation<Definition>])
    func refuses(mutation: Mutation<Definition>) {
        var changed = definition
        mutation.change(&changed)
        #expect(changed.failures.contains(mutation.field), "\(changed.failures)")
    }

    /// Holesky too: clusters of before v1.11 are on it.
    @Test("every network's signatures verify, under its own chain id", arguments: Network.all)
    func networks(network: Network) throws {
        var definition = try Samples.cluster().lock.definition
        definition.forkVersion = network.genesisForkVersion
        definition = try Samples.signed(definition)
        try definition.verification(customNetwork: nil).requirePassed()
        let other = network == .hoodi ? Network.sepolia : .hoodi
        definition.forkVersion = other.genesisForkVersion
        #expect(definition.failures.filter { $0.contains("signature") }.count == 9)
    }

    @Test("an unknown fork version fails even unsigned, unless a custom network has it")
    func customNetwork() throws {
        var unsigned = try Samples.cluster().lock.definition
        unsigned.forkVersion = Bytes4(padding: [0x70, 0, 0x09, 0x10])
        unsigned = try unsigned.withHashes()
        #expect(unsigned.failures == ["fork_version"])
        let custom = try #require(
            try Network.custom(name: "mine", forkVersion: "0x70000910", chainID: 7, genesisTime: 1))
        try unsigned.verification(customNetwork: custom).requirePassed()
    }
}
