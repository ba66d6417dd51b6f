import BLS
import Cluster
import Ethereum
import Glibc
import SSZ
import Secp256k1
import TestSupport
import Testing

@Suite struct LockVerificationTests {
    let cluster: ClusterCreation

    init() throws { cluster = try Samples.cluster(nodes: 4, validators: 2) }

    @Test("a new lock verifies and gives its keys")
    func verifies() throws {
        let file = try LockFile(cluster.lock)
        #expect(file.warnings.isEmpty)
        #expect(file.keys.operators == cluster.nodes.map(\.identity.publicKey))
        for (v, validator) in file.keys.validators.enumerated() {
            #expect(validator.shares == cluster.nodes.map { $0.shares[v].publicKey })
        }
        #expect(file.keys.peerIndex(of: cluster.nodes[2].identity.publicKey) == 2)
        #expect(file.keys.peerIndex(of: PrivateKey.random().publicKey) == nil)
    }

    @Test("a lock with a definition signed by all verifies")
    func signedDefinition() throws {
        var lock = cluster.lock
        lock.definition = try Samples.signed(lock.definition)
        try sign(&lock)
        #expect(try LockFile(Lock(json: lock.encoded())).warnings.isEmpty)
    }

    /// Changes without new hashes and signatures: the hashes give them away.
    @Test(
        "any change without new hashes is found",
        arguments: [
            Mutation("cluster_definition.config_hash") { $0.definition.name = "other" },
            Mutation("cluster_definition.definition_hash") { $0.definition.operators[0].configSignature = [1] },
            Mutation("distributed_validators") { $0.validators.removeLast() },
            Mutation("lock_hash") { $0.validators[0].partialDeposits[0].amount = Gwei(2_000_000_000) },
            Mutation("lock_hash") { $0.validators.swapAt(0, 1) },
            Mutation("lock_hash") { $0.validators[1].publicShares.swapAt(0, 1) },
            Mutation("lock_hash") { $0.validators[1].builderRegistration.gasLimit += 1 },
            Mutation("lock_hash") { $0.validators[1].builderRegistration.timestamp += 1 },
            Mutation("lock_hash") { $0.lockHash = .zero },
        ] as [Mutation<Lock>])
    func hashes(mutation: Mutation<Lock>) throws {
        var lock = cluster.lock
        mutation.change(&lock)
        try expectFailure(lock, mutation.field)
    }

    /// Changes with new hashes, and new signatures by the nodes: a lying dealer.
    @Test(
        "a lock that was signed wrongly is found",
        arguments: [
            Mutation("cluster_definition.operators[1].enr") {
                $0.definition.operators[1].enr = $0.definition.operators[0].enr
            },
            Mutation("distributed_validators[1].distributed_public_key") { $0.validators[1] = $0.validators[0] },
            Mutation("distributed_validators[0].public_shares") {
                $0.validators[0].publicShares[1] = $0.validators[0].publicShares[0]
            },
            Mutation("distributed_validators[0].public_shares") { $0.validators[0].publicShares.swapAt(2, 3) },
            Mutation("distributed_validators[1].public_shares") {
                $0.validators[1].publicShares = $0.validators[0].publicShares
            },
            Mutation("distributed_validators[1].public_shares") { $0.validators[1].publicShares.removeLast() },
            Mutation("distributed_validators[0].public_shares") { $0.definition.threshold = 2 },
            Mutation("cluster_definition.threshold") { $0.definition.threshold = 0 },
            Mutation("cluster_definition.threshold") { $0.definition.threshold = 5 },
            Mutation("distributed_validators[1].public_shares[3]") {
                $0.validators[1].publicShares[3] = [0xc0] + [UInt8](repeating: 0, count: 47)
            },
            Mutation("distributed_validators[1].public_shares[0]") { $0.validators[1].publicShares[0].removeLast() },
            Mutation("distributed_validators[1].builder_registration") {
                $0.validators[1].builderRegistration.signature = []
            },
            Mutation("distributed_validators[1].builder_registration") {
                $0.validators[1].builderRegistration.feeRecipient = []
            },
            Mutation("distributed_validators[1].builder_registration") {
                $0.validators[1].builderRegistration.pubKey = []
            },
            Mutation("distributed_validators[1].builder_registration") {
                $0.validators[1].builderRegistration.gasLimit = 1
            },
            Mutation("distributed_validators[0].builder_registration") {
                $0.validators[0].builderRegistration.timestamp = -1
            },
            Mutation("distributed_validators[1].builder_registration") {
                $0.definition.validators[1].feeRecipient = "0x" + String(repeating: "1", count: 40)
            },
            Mutation("cluster_definition.fork_version") { $0.definition.forkVersion = Bytes4(padding: [1, 2, 3, 4]) },
        ] as [Mutation<Lock>])
    func lyingDealer(mutation: Mutation<Lock>) throws {
        var lock = cluster.lock
        mutation.change(&lock)
        try sign(&lock)
        try expectFailure(lock, mutation.field)
    }

    @Test(
        "aggregate and node signatures must be those of this lock",
        arguments: [
            Mutation("signature_aggregate") { $0.signatureAggregate = [] },
            Mutation("signature_aggregate") { $0.signatureAggregate[95] ^= 1 },
            Mutation("signature_aggregate") { $0.signatureAggregate = $0.validators[0].builderRegistration.signature },
            Mutation("node_signatures") { $0.nodeSignatures = [] },
            Mutation("node_signatures") { $0.nodeSignatures.append($0.nodeSignatures[0]) },
            Mutation("node_signatures[0]") { $0.nodeSignatures.swapAt(0, 1) },
            Mutation("node_signatures[3]") { $0.nodeSignatures[3][10] ^= 1 },
            Mutation("node_signatures[3]") { $0.nodeSignatures[3].removeLast() },
        ] as [Mutation<Lock>])
    func signatures(mutation: Mutation<Lock>) throws {
        var lock = cluster.lock
        mutation.change(&lock)
        try expectFailure(lock, mutation.field)
    }

    @Test("one key share missing in the aggregate is found")
    func incompleteAggregate() throws {
        var lock = cluster.lock
        let signatures = cluster.nodes.flatMap(\.shares).dropLast().map { $0.sign(lock.lockHash) }
        lock.signatureAggregate = try Signature.aggregate(Array(signatures)).bytes.bytes
        try expectFailure(lock, "signature_aggregate")
    }

    @Test("what cannot be hashed fails the verification by its own name, as often as it is hashed")
    func unhashable() throws {
        var lock = cluster.lock
        lock.definition.operators[2].enr = String(repeating: "x", count: 1025)
        let field = "cluster_definition.operators[2].enr"
        let failures = lock.verification(customNetwork: nil).report.failures
        #expect(failures.compactMap(\.fieldName) == [field, field, field])
        #expect(failures.allSatisfy { $0.description.contains("get the file again") })
        let error = #expect(throws: ClusterError.self) { try lock.encoded() }
        #expect(error?.fieldName == field)
    }

    @Test("every verification has a result, also where the lock has nothing to verify")
    func results() throws {
        let report = cluster.lock.verification(customNetwork: nil).report
        let skipped = report.checks.compactMap { check -> String? in
            if case .skipped = check.result { return check.subject }
            return nil
        }
        #expect(skipped == ["cluster_definition.operators", "cluster_definition.creator"])
        let passed = report.checks.filter { $0.result == .passed }.map(\.kind)
        #expect(
            passed == [
                .configHash, .definitionHash, .validatorCount, .lockHash, .network, .operatorKeys, .validatorKeys,
                .sharing, .signatureAggregate, .builderRegistrations, .nodeSignatures,
            ])
    }

    @Test(
        "deposits are looked at when asked for",
        arguments: [
            Mutation("distributed_validators[1].partial_deposit_data[0].pubkey") {
                $0.validators[1].partialDeposits[0].pubKey = $0.validators[0].publicKey
            },
            Mutation("distributed_validators[0].partial_deposit_data[1].withdrawal_credentials") {
                $0.validators[0].partialDeposits[1].withdrawalCredentials[0] = 2
            },
            Mutation("distributed_validators[0].partial_deposit_data[1].signature") {
                $0.validators[0].partialDeposits[1].amount = Gwei(31_000_000_000)
            },
            Mutation("distributed_validators[1].partial_deposit_data[1].signature") {
                $0.validators[1].partialDeposits[1].signature.removeLast()
            },
            Mutation("distributed_validators[1].partial_deposit_data[0].withdrawal_credentials") {
                $0.definition.validators[1].withdrawal = "0x" + String(repeating: "1", count: 40)
            },
        ] as [Mutation<Lock>])
    func deposits(mutation: Mutation<Lock>) throws {
        var lock = cluster.lock
        mutation.change(&lock)
        try sign(&lock)
        let all = lock.verification(customNetwork: nil, deposits: true).report.failures.compactMap(\.fieldName)
        #expect(all.first == mutation.field)
        // Nodes run with them, as Charon's do.
        #expect(try LockFile(lock).warnings.isEmpty)
    }

    @Test("without verification failures become warnings, all of them")
    func noVerify() throws {
        var lock = cluster.lock
        lock.definition.name = "other"
        lock.nodeSignatures[1] = []
        let file = try LockFile(lock, verify: false)
        let fields = file.warnings.compactMap(\.fieldName)
        #expect(
            fields == [
                "cluster_definition.config_hash", "cluster_definition.definition_hash", "lock_hash",
                "signature_aggregate", "node_signatures[1]",
            ])
        #expect(file.keys.validators.count == 2)
        // Fewer validators in the definition than in the lock: still no trap.
        lock.definition.validators.removeLast()
        #expect(try LockFile(lock, verify: false).warnings.isEmpty == false)
    }

    @Test("without verification keys must still be keys")
    func noVerifyKeys() throws {
        var lock = cluster.lock
        lock.validators[0].publicKey = [1, 2, 3]
        #expect(throws: ClusterError.self) { try LockFile(lock, verify: false) }
    }

    @Test("a file is named in its errors, a missing one too")
    func files() throws {
        let directory = try TemporaryDirectory()
        let path = try directory.write("cluster-lock.json", cluster.lock.encoded())
        #expect(try LockFile.load(path).lock == cluster.lock)
        try directory.write("cluster-lock.json", Array("{}".utf8))
        let error = #expect(throws: ClusterError.self) { try LockFile.load(path) }
        #expect(error?.description.hasPrefix(path + ": version:") == true)
        let missing = #expect(throws: ClusterError.self) { try LockFile.load(directory.file("none.json")) }
        #expect(
            missing?.description
                == "--lock-file: open \(directory.file("none.json")): No such file or directory; point it to the cluster's"
                + " lock, or start styx in the directory that has .charon")
        let folder = #expect(throws: ClusterError.self) { try LockFile.load(directory.path) }
        #expect(
            folder?.description
                == "--lock-file: read \(directory.path): Is a directory; name the file in it")
    }

    @Test(
        "what the system refuses at an option gains the option and a cure; anything else stays as it is",
        arguments: [
            (EACCES, "--x: open /f: Permission denied; give the user that runs styx access to it"),
            (ENOENT, "--x: open /f: No such file or directory; make it"), (EIO, "--x: open /f: Input/output error"),
        ])
    func option(code: Int32, text: String) {
        let refused = ClusterError.system(action: "open", path: "/f", code: code)
        #expect(refused.at("--x", missing: "make it").description == text)
        let other = ClusterError.field("a", "b")
        #expect(other.at("--x", missing: "make it") == other)
    }

    private func sign(_ lock: inout Lock) throws { lock = try Samples.sign(lock, cluster) }

    private func expectFailure(_ lock: Lock, _ field: String) throws {
        let error = #expect(throws: ClusterError.self) { try LockFile(lock) }
        #expect(error?.fieldName == field)
        #expect(error?.description.contains(field) == true)
    }
}
