import BLS
import Cluster
import Ethereum
import Secp256k1
import TestSupport
import Testing

@Suite("validators are added", .enabled(if: RecordedEdit.isThere))
struct ValidatorAdditionTests {
    static let recordings = [
        ("add-validators-frost", "frost-v1.11-dev"), ("add-validators-pedersen", "pedersen-v1.11-dev"),
    ]

    private static func request(_ recorded: RecordedEdit) -> ValidatorAddition.Request {
        let new = recorded.new.definition.validators.dropFirst(recorded.old.lock.validators.count)
        var request = ValidatorAddition.Request()
        request.count = new.count
        request.feeRecipients = new.map(\.feeRecipient)
        request.withdrawals = new.map(\.withdrawal)
        return request
    }

    private static func addition(
        _ recorded: RecordedEdit, node: Int = 0, change: (inout ValidatorAddition.Request) -> Void = { _ in }
    ) throws -> ValidatorAddition {
        var request = request(recorded)
        change(&request)
        return try ValidatorAddition(
            request, recorded.old, customNetwork: nil, identity: #require(recorded.identities[node]).publicKey)
    }

    @Test("the new lock is the recorded one, on every node", arguments: recordings)
    func sameLock(name: String, base: String) throws {
        let recorded = try RecordedEdit(name)
        let nodes = recorded.identities.keys.sorted()
        for node in nodes {
            let addition = try Self.addition(recorded, node: node)
            #expect(addition.own == node)
            try addition.check(shares: recorded.oldShares[node], in: "keys", hasKeymanager: false)
            let old = recorded.old.lock.validators.count
            var lock = try addition.lock(adding: Array(recorded.new.validators.dropFirst(old)))
            #expect(lock.lockHash == recorded.new.lockHash)
            let shares = try nodes.flatMap { try #require(recorded.shares[$0]) }
            lock.signatureAggregate = try BLS.Signature.aggregate(shares.map { $0.sign(lock.lockHash) }).bytes.bytes
            lock.nodeSignatures = try nodes.map {
                try #require(recorded.identities[$0]).sign(digest: lock.lockHash).bytes
            }
            #expect(try lock.encoded() == recorded.newBytes)
            #expect(addition.ceremonyDefinition.validators.count == recorded.new.validators.count - old)
            #expect(addition.ceremonyDefinition.definitionHash == recorded.old.lock.definition.definitionHash)
        }
    }

    @Test("deposit files are the recorded ones", arguments: recordings)
    func depositFiles(name: String, base: String) throws {
        let recorded = try RecordedEdit(name)
        let addition = try Self.addition(recorded)
        let directory = try TemporaryDirectory()
        let names = ["deposit-data-1eth.json", "deposit-data.json"]
        for file in names { try directory.write(file, Vectors.data("dkg/\(base)/\(file)")) }
        let files = try DepositDataFile.load(
            directory.path, amounts: addition.amounts, network: addition.network,
            validators: recorded.old.lock.validators)
        #expect(files.map(\.name) == names)
        for (d, file) in files.enumerated() {
            let new = recorded.new.validators.dropFirst(recorded.old.lock.validators.count).map { validator in
                let deposit = validator.partialDeposits[d]
                return DepositData(
                    pubKey: PubKey(padding: deposit.pubKey),
                    withdrawalCredentials: .init(padding: deposit.withdrawalCredentials),
                    amount: deposit.amount, signature: .init(padding: deposit.signature))
            }
            let merged = try file.merged(
                with: DepositDataFile(new, amount: file.amount, network: addition.network))
            #expect(merged.encoded() == (try recorded.file(file.name)))
        }
        // One less, one of another cluster.
        try directory.write(names[0], Vectors.data("dkg/frost-v1.10.3/\(names[0])"))
        #expect(throws: ClusterError.self) { try load(directory, addition) }
        try directory.write("deposit-data-8eth.json", [])
        #expect(throws: ClusterError.self) { try load(directory, addition) }
    }

    private func load(_ directory: TemporaryDirectory, _ addition: ValidatorAddition) throws {
        _ = try DepositDataFile.load(
            directory.path, amounts: addition.amounts, network: addition.network,
            validators: addition.lock.validators)
    }

    @Test("without keystores only --unverified will do, and only with a keymanager")
    func unverified() throws {
        let recorded = try RecordedEdit("add-validators-frost")
        let usual = try Self.addition(recorded)
        #expect(throws: ClusterError.self) { try usual.check(shares: nil, in: "keys", hasKeymanager: true) }
        #expect(throws: ClusterError.self) {
            try usual.check(shares: recorded.oldShares[1], in: "keys", hasKeymanager: true)
        }
        let unverified = try Self.addition(recorded) { $0.isUnverified = true }
        #expect(throws: ClusterError.self) { try unverified.check(shares: nil, in: "keys", hasKeymanager: false) }
        try unverified.check(shares: nil, in: "keys", hasKeymanager: true)
        #expect(throws: ClusterError.self) {
            try unverified.check(shares: recorded.oldShares[0], in: "keys", hasKeymanager: true)
        }
    }

    @Test("an unverified lock keeps accounts and signatures, and no aggregate")
    func keepsSignatures() throws {
        var recorded = try RecordedEdit("add-validators-frost").old.lock
        recorded.definition.operators[0].address = Self.account
        recorded.definition.operators[0].configSignature = [UInt8](repeating: 7, count: 65)
        recorded.definition.creator.address = Self.account
        let file = try LockFile(recorded.withHashes(), verify: false)
        let identity = try #require(RecordedEdit("add-validators-frost").identities[0]).publicKey
        for isUnverified in [false, true] {
            var request = ValidatorAddition.Request()
            request.feeRecipients = [Self.account]
            request.withdrawals = [Self.account]
            request.isUnverified = isUnverified
            let addition = try ValidatorAddition(request, file, customNetwork: nil, identity: identity)
            let definition = try addition.definition()
            #expect(definition.operators[0].address == (isUnverified ? Self.account : ""))
            #expect(definition.operators[0].configSignature.isEmpty == !isUnverified)
            #expect(definition.creator.address == (isUnverified ? Self.account : ""))
            #expect(definition.validators.count == 3)
        }
    }

    private static let account = "0x000000000000000000000000000000000000dEaD"

    @Test("what cannot be asked for names its flag")
    func refusals() throws {
        let recorded = try RecordedEdit("add-validators-frost")
        func refusal(_ change: (inout ValidatorAddition.Request) -> Void) throws -> String {
            let error = #expect(throws: ClusterError.self) { _ = try Self.addition(recorded, change: change) }
            return "\(try #require(error))"
        }
        #expect(try refusal { $0.count = 0 }.hasPrefix("--num-validators"))
        #expect(try refusal { $0.count = 65535 }.hasPrefix("--num-validators"))
        #expect(try refusal { $0.feeRecipients = [] }.hasPrefix("--fee-recipient-addresses"))
        #expect(try refusal { $0.withdrawals = [Self.account.lowercased()] }.hasPrefix("--withdrawal-addresses"))
        #expect(try refusal { $0.withdrawals = [Self.account, Self.account] }.hasPrefix("--withdrawal-addresses"))
        var generator = SeededGenerator(seed: 5)
        let stranger = Secp256k1.PrivateKey.random(using: &generator)
        let error = #expect(throws: ClusterError.self) {
            _ = try ValidatorAddition(
                Self.request(recorded), recorded.old, customNetwork: nil, identity: stranger.publicKey)
        }
        #expect("\(try #require(error))".hasPrefix("--private-key-file"))
    }
}
