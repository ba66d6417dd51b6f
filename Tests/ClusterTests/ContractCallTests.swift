import Cluster
import Ethereum
import SSZ
import Secp256k1
import TestSupport
import Testing

/// Signatures that only a contract can judge.
@Suite struct ContractCallTests {
    static let magic = [0x16, 0x26, 0xba, 0x7e] + [UInt8](repeating: 0, count: 28)

    /// Operator 1 and the creator are Safes of three and one owners.
    private func definition(_ version: FileVersion = .v1_11) throws -> Definition {
        var definition = try Samples.signed(Samples.lock(version).definition)
        let safe = try #require(EthereumAddress(Samples.address)).checksummed
        definition.operators[1].address = safe
        definition.creator.address = safe
        definition = try definition.withHashes()
        let owners = version.hasSignatureLists ? 3 : 1
        definition.operators[1].configSignature = [UInt8](repeating: 3, count: 65 * owners)
        definition.operators[1].enrSignature = [UInt8](repeating: 4, count: 65 * owners)
        definition.creator.configSignature = [UInt8](repeating: 5, count: 65)
        // The others sign the new config hash.
        var generator = SeededGenerator(seed: 9)
        let accounts = definition.operators.map { _ in PrivateKey.random(using: &generator) }
        for i in [0, 2, 3] {
            let digest = EIP712.operatorConfigHash(definition.configHash.hex).digest(chainID: 560_048)
            definition.operators[i].configSignature = accounts[i].sign(digest: digest).bytes
        }
        return try definition.withHashes()
    }

    @Test(
        "everything but the contracts' signatures is settled, and those say what to ask",
        arguments: [FileVersion.v1_4, .v1_10, .v1_11])
    func calls(version: FileVersion) throws {
        let definition = try definition(version)
        let report = definition.verification(customNetwork: nil)
        let waiting = [
            "operators[1].config_signature", "operators[1].enr_signature", "creator.config_signature",
        ]
        #expect(report.failures.compactMap(\.fieldName) == waiting)
        #expect(report.failures.allSatisfy { $0.description.contains("--execution-client-rpc-endpoint") })
        #expect(throws: ClusterError.self) { try report.requirePassed() }
        let calls = report.contractCalls
        #expect(
            calls.map(\.address) == [try #require(EthereumAddress(Samples.address))] + calls.dropFirst().map(\.address))
        #expect(
            calls.map(\.signature) == [
                definition.operators[1].configSignature, definition.operators[1].enrSignature,
                definition.creator.configSignature,
            ])
        #expect(calls[1].digest == EIP712.enr(definition.operators[1].enr).digest(chainID: 560_048))
        #expect(calls[2].digest == EIP712.creatorConfigHash(definition.configHash.hex).digest(chainID: 560_048))
    }

    @Test("the contracts' answers settle the checks")
    func answers() throws {
        var report = try definition().verification(customNetwork: nil)
        for call in report.contractCalls { report.answer(call, .returned(Self.magic)) }
        try report.requirePassed()
        #expect(report.contractCalls.isEmpty)
        #expect(
            report.checks.filter { $0.kind == .operatorConfigSignature }.map(\.result)
                == .init(repeating: .passed, count: 4))
    }

    @Test(
        "any other answer fails the check that asked, and no other",
        arguments: [
            (ContractAnswer.returned([]), "no contract has the address"),
            (.returned([0x16, 0x26, 0xba, 0x7e]), "returned 4 bytes"),
            (.returned([UInt8](repeating: 0xff, count: 32)), "refused the signature"),
            (.returned([UInt8](repeating: 0, count: 32)), "refused the signature"),
            (.returned([UInt8](repeating: 0, count: 28) + [0x16, 0x26, 0xba, 0x7e]), "refused the signature"),
            (.failed("connection refused"), "connection refused"),
        ] as [(ContractAnswer, String)])
    func refusals(answer: ContractAnswer, reason: String) throws {
        var report = try definition().verification(customNetwork: nil)
        let calls = report.contractCalls
        report.answer(calls[1], answer)
        for call in [calls[0], calls[2]] { report.answer(call, .returned(Self.magic)) }
        #expect(report.failures.compactMap(\.fieldName) == ["operators[1].enr_signature"])
        #expect(report.failures.first?.description.contains(reason) == true)
        // A later answer does not change a settled check.
        report.answer(calls[1], .returned(Self.magic))
        #expect(report.failures.count == 1)
    }

    /// Encoded by hand after the contract ABI specification: two words of head, then the length and the padded bytes.
    @Test("the call is encoded for the ABI")
    func encoding() throws {
        let call = try #require(try definition().verification(customNetwork: nil).contractCalls.first)
        let data = call.callData
        #expect(data.count == 4 + 32 + 32 + 32 + 224)
        #expect(Array(data[0..<4]) == [0x16, 0x26, 0xba, 0x7e])
        #expect(Array(data[4..<36]) == call.digest.bytes)
        #expect(Array(data[36..<68]) == [UInt8](repeating: 0, count: 31) + [64])
        #expect(Array(data[68..<100]) == [UInt8](repeating: 0, count: 31) + [195])
        #expect(Array(data[100..<295]) == call.signature)
        #expect(data[295...].allSatisfy { $0 == 0 })
        #expect(keccak256("isValidSignature(bytes32,bytes)".utf8).bytes.starts(with: data[0..<4]))
    }

    @Test(
        "signatures of other lengths, and signers that are no address, are no contract's",
        arguments: [1, 64, 66, 129, 2080 - 65 + 1])
    func lengths(count: Int) throws {
        var definition = try definition()
        definition.operators[1].configSignature = [UInt8](repeating: 1, count: count)
        definition.creator.address = "safe.eth"
        let report = definition.verification(customNetwork: nil)
        #expect(report.contractCalls.count == 1)
        let fields = report.failures.compactMap(\.fieldName)
        #expect(fields.contains("operators[1].config_signature") && fields.contains("creator.config_signature"))
        #expect(fields.contains("creator.address"), "what cannot be hashed is named too")
    }

    @Test("before v1.11 a signature has 65 bytes", arguments: [FileVersion.v1_3, .v1_10])
    func older(version: FileVersion) throws {
        var definition = try Samples.signed(Samples.lock(version).definition)
        definition.operators[1].configSignature += definition.operators[1].configSignature
        let report = definition.verification(customNetwork: nil)
        #expect(report.failures.compactMap(\.fieldName).contains("operators[1].config_signature"))
        #expect(report.contractCalls.isEmpty)
    }

    @Test("a lock with a contract among its signers loads once the contract has answered")
    func lockFile() throws {
        var lock = try Samples.lock(.v1_11)
        lock.definition = try definition()
        lock = try Samples.sign(lock, Samples.cluster())
        #expect(throws: ClusterError.self) { try LockFile(lock) }
        var file = try LockFile(Lock(json: lock.encoded()), verify: false)
        #expect(file.warnings.count == 3)
        for call in file.report.contractCalls { file.answer(call, .returned(Self.magic)) }
        #expect(file.warnings.isEmpty)
    }
}
