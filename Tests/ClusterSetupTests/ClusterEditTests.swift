import Cluster
import ClusterSetup
import Ethereum
import Foundation
import Secp256k1
import TestSupport
import Testing

@Suite("edits before their ceremony") struct ClusterEditTests {
    private static let address = "0x000000000000000000000000000000000000dEaD"

    private let directory: TemporaryDirectory
    private let lock: Lock
    private let stranger: String

    /// `node0` … `node3`.
    init() throws {
        var options = ClusterOptions()
        options.name = "edits"
        options.nodes = 4
        options.validators = 7
        options.feeRecipients = [Self.address]
        options.withdrawalAddresses = [Self.address]
        options.network = .hoodi
        options.insecureKeys = true
        var generator = SeededGenerator(seed: 8)
        directory = try TemporaryDirectory()
        let cluster = try ClusterCreation(options, now: Instant(unixSeconds: 1_795_467_579), using: &generator)
        try cluster.write(to: directory.path, concurrency: 2, using: &generator)
        lock = cluster.lock
        stranger = ENR(signedBy: .random(using: &generator)).text
    }

    private func file(_ name: String, _ node: Int) -> String { directory.file("node\(node)/\(name)") }

    private var enrs: [String] { lock.definition.operators.map(\.enr) }

    private func edit(
        _ kind: ClusterEdit.Request.Kind, node: Int = 0, change: (inout ClusterEdit.Request) -> Void = { _ in }
    ) async throws -> ClusterEdit {
        var request = ClusterEdit.Request(kind)
        request.lockFile = file(LockFile.name, node)
        request.privateKeyFile = file(IdentityKeyFile.name, node)
        request.validatorKeysDirectory = file(KeystoreDirectory.name, node)
        request.outputDirectory = directory.file("out")
        change(&request)
        let asked = request
        return try await WebClient.with { try await ClusterEdit(asked, web: $0) }
    }

    private func refusal(
        _ kind: ClusterEdit.Request.Kind, change: @escaping (inout ClusterEdit.Request) -> Void
    ) async throws -> String {
        let error = await #expect(throws: ClusterError.self) { _ = try await edit(kind, change: change) }
        return "\(try #require(error))"
    }

    private func addition(_ change: (inout ValidatorAddition.Request) -> Void = { _ in }) -> ClusterEdit.Request.Kind {
        var request = ValidatorAddition.Request()
        request.feeRecipients = [Self.address]
        request.withdrawals = [Self.address]
        change(&request)
        return .addition(request)
    }

    @Test("every edit is shown at 80 columns, with what changes, and writes nothing")
    func previews() async throws {
        let edits: [(ClusterEdit.Request.Kind, [String])] = [
            (.reshare(.recreatePrivateKeys), ["3 of 4", "stays: gives old shares", "7, the same keys"]),
            (
                .reshare(.addOperators(enrs: [stranger])),
                ["3 of 5", "–      4  enr:", "joins: gets its first", "WARNINGS"]
            ),
            (
                .reshare(.removeOperators(enrs: [enrs[1]], participating: [], threshold: nil)),
                ["2 of 3", "1      –  enr:", "leaves: takes no part", "3 nodes take part"]
            ),
            (
                .reshare(.removeOperators(enrs: [enrs[1]], participating: enrs, threshold: nil)),
                ["leaves: gives its shares, gets none", "4 nodes take part"]
            ),
            (
                .reshare(.replaceOperator(old: enrs[3], new: stranger)),
                ["joins: gets its first", "leaves: takes no part"]
            ),
            (addition { $0.count = 2 }, ["9", "stake to 0x", "deposit-data-1eth.json", "keystore-8.json"]),
        ]
        let before = directory.names
        for (kind, texts) in edits {
            let text = EditPreview(try await edit(kind)).text
            // A path is not cut.
            #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 || $0.contains("/") }, "\(text)")
            #expect(text.hasPrefix("DRY RUN of "))
            for part in texts { #expect(text.contains(part), "\(part) in:\n\(text)") }
            let words = text.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            #expect(words.contains("(you)") && words.contains("all of it or nothing"))
        }
        #expect(directory.names == before)
    }

    @Test("who leaves is told that nothing is written")
    func leaving() async throws {
        let kind = ClusterEdit.Request.Kind.reshare(
            .removeOperators(enrs: [enrs[0]], participating: enrs, threshold: nil))
        #expect(EditPreview(try await edit(kind)).text.contains("WRITTEN  nothing: you leave the cluster"))
    }

    @Test("what cannot be is refused, with its flag")
    func refusals() async throws {
        let recreate = ClusterEdit.Request.Kind.reshare(.recreatePrivateKeys)
        let empty = directory.file("none")
        #expect(try await refusal(recreate) { $0.timeout = .seconds(59) }.hasPrefix("--timeout"))
        #expect(try await refusal(recreate) { $0.outputDirectory = directory.path }.hasPrefix("--output-dir"))
        #expect(try await refusal(recreate) { $0.validatorKeysDirectory = empty }.hasPrefix("--validator-keys-dir"))
        #expect(
            try await refusal(recreate) { $0.validatorKeysDirectory = file(KeystoreDirectory.name, 1) }
                .hasPrefix("--validator-keys-dir"))
        #expect(try await refusal(recreate) { $0.keymanagerAddress = "http://x" }.hasPrefix("--keymanager-auth-token"))
        #expect(try await refusal(recreate) { $0.lockFile = empty }.hasPrefix("--lock-file"))
        // Deposit files of one amount only.
        try FileManager.default.removeItem(atPath: file("deposit-data-1eth.json", 0))
        #expect(try await refusal(addition()) { _ in }.hasPrefix("--lock-file: 1 files deposit-data*.json"))
        try FileManager.default.removeItem(atPath: file(KeystoreDirectory.name, 0) + "/keystore-insecure-3.json")
        #expect(try await refusal(recreate) { _ in }.contains("keystore"))
    }
}
