import Cluster
import Ethereum
import Foundation
import SSZ
import Secp256k1
import TestSupport
import Testing

@testable import ClusterSetup

@Suite struct CeremonyProposalTests {
    private static let accounts = [
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
        "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB", "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
    ]

    private static func request(in directory: TemporaryDirectory) -> CeremonyProposal.Request {
        var request = CeremonyProposal.Request()
        request.ceremony.name = "squad"
        request.ceremony.validators = 2
        request.ceremony.feeRecipients = [Samples.address]
        request.ceremony.withdrawalAddresses = [Samples.address]
        request.ceremony.operatorENRs = Samples.enrs(4)
        request.network.name = "hoodi"
        request.directory = directory.file("new/.charon")
        return request
    }

    private func propose(_ request: CeremonyProposal.Request) async throws -> CeremonyProposal.Outcome {
        try await withWeb { web in
            var generator = SeededGenerator(seed: 2)
            return try await CeremonyProposal(request, now: Samples.now, web: web).propose(using: &generator)
        }
    }

    @Test(
        "writes a definition that verifies, readable by all and writable by none",
        arguments: [FileVersion.v1_10, .v1_11])
    func writes(version: FileVersion) async throws {
        let directory = try TemporaryDirectory()
        var request = Self.request(in: directory)
        request.ceremony.version = version
        request.ceremony.threshold = 2
        request.ceremony.depositAmounts = [24, 8]
        request.ceremony.dkgAlgorithm = "frost"
        let outcome = try await propose(request)
        let path = directory.file("new/.charon/cluster-definition.json")
        #expect(outcome.summary == "Created cluster definition: \(path)\n")
        #expect(outcome.nextSteps.contains { $0.contains("charon dkg --definition-file=cluster-definition.json") })
        #expect(directory.names == ["new", "new/.charon", "new/.charon/cluster-definition.json"])
        #expect(try directory.mode("new/.charon/cluster-definition.json") == 0o444)
        #expect(try directory.mode("new/.charon") == 0o755)
        let definition = try Definition(json: directory.read("new/.charon/cluster-definition.json"))
        #expect(definition.verification(customNetwork: nil).failures.isEmpty)
        #expect(definition.version == version && definition.threshold == 2 && definition.name == "squad")
        #expect(definition.operators.map(\.enr) == request.ceremony.operatorENRs)
        #expect(definition.operators.allSatisfy { $0.address.isEmpty && $0.configSignature.isEmpty })
        #expect(definition.creator == Creator() && definition.validators.count == 2)
        #expect(definition.dkgAlgorithm == "frost" && definition.targetGasLimit == 60_000_000)
        #expect(definition.depositAmounts.map(\.rawValue) == [24_000_000_000, 8_000_000_000])
    }

    struct Row: Sendable, CustomTestStringConvertible {
        let text: String
        let change: @Sendable (inout CeremonyProposal.Request) -> Void

        init(_ text: String, _ change: @escaping @Sendable (inout CeremonyProposal.Request) -> Void) {
            self.text = text
            self.change = change
        }

        var testDescription: String { text }
    }

    static let rows = [
        Row("--operator-enrs: required flag not set") { $0.ceremony.operatorENRs = [] },
        Row("--operator-addresses: only with --publish") {
            $0.ceremony.operatorENRs = []
            $0.ceremony.operatorAddresses = Self.accounts
        },
        Row("--operator-addresses: not together with --operator-enrs") {
            $0.publishes = true
            $0.ceremony.operatorAddresses = Self.accounts
        },
        Row("--operator-enrs: number of operators is below minimum: 2") { $0.ceremony.operatorENRs.removeLast(2) },
        Row("--network: nowhere is not known") { $0.network.name = "nowhere" },
        Row("--deposit-amounts: 1000000000 Gwei in all") { $0.ceremony.depositAmounts = [1] },
        Row("--consensus-protocol: \"abft\"") { $0.ceremony.consensusProtocol = "abft" },
        Row("--fee-recipient-addresses: 3 addresses") {
            $0.ceremony.feeRecipients = Array(repeating: Samples.address, count: 3)
        },
        Row("--withdrawal-addresses: 0 addresses") { $0.ceremony.withdrawalAddresses = [] },
        Row("--withdrawal-addresses: number 1 has no valid checksum") {
            $0.ceremony.withdrawalAddresses = [Samples.address.lowercased()]
        },
        Row("--withdrawal-addresses: number 1 is zero") {
            $0.network.name = "mainnet"
            $0.ceremony.withdrawalAddresses = ["0x0000000000000000000000000000000000000000"]
        },
        Row("--threshold: 5 is not between") { $0.ceremony.threshold = 5 },
        Row("--num-validators: 0") { $0.ceremony.validators = 0 },
        Row("--target-gas-limit: must not be zero") { $0.ceremony.targetGasLimit = 0 },
        Row("--dkg-algorithm: \"keycast\" would be refused") { $0.ceremony.dkgAlgorithm = "keycast" },
        Row("--operator-enrs: number 2: ") { $0.ceremony.operatorENRs[1] = "enr:-HW4" },
        Row("duplicate peer ids") { $0.ceremony.operatorENRs[1] = $0.ceremony.operatorENRs[0] },
        Row("--operator-addresses: number 3, \"0x12\", is not") {
            $0.publishes = true
            $0.ceremony.operatorENRs = []
            $0.ceremony.operatorAddresses = Self.accounts.prefix(2) + ["0x12"]
        },
        Row("--operator-addresses: number 2, 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed, occurs twice") {
            $0.publishes = true
            $0.ceremony.operatorENRs = []
            $0.ceremony.operatorAddresses = [Self.accounts[0], Self.accounts[0].lowercased(), Self.accounts[2]]
        },
        Row("--publish-address: ") {
            $0.publishes = true
            $0.publishAddress = "nowhere"
        },
    ]

    @Test("refuses, names the flag, and writes nothing", arguments: rows)
    func refuses(row: Row) async throws {
        let directory = try TemporaryDirectory()
        var request = Self.request(in: directory)
        row.change(&request)
        let message = await message { try await propose(request) }
        #expect(message.contains(row.text), "\(message)")
        #expect(directory.names.isEmpty)
    }

    @Test("never replaces a definition")
    func existing() async throws {
        let directory = try TemporaryDirectory()
        try directory.write("new/.charon/cluster-definition.json", [7])
        let message = await message { try await propose(Self.request(in: directory)) }
        #expect(
            message.contains("existing cluster-definition.json found. Try again after deleting it"), "\(message)")
        #expect(try directory.read("new/.charon/cluster-definition.json") == [7])
    }

    // MARK: Publishing

    @Test("publishes for operators known by their nodes: terms first, then the definition, nothing on disk")
    func publishesENRs() async throws {
        let directory = try TemporaryDirectory()
        var request = Self.request(in: directory)
        request.publishes = true
        try await FakeServer.with({ _ in .status(201) }) { server in
            request.publishAddress = server.url + "/v1"
            let outcome = try await propose(request)
            #expect(server.calls.map(\.target) == ["/v1/termsAndConditions", "/v1/definition"])
            let definition = try Definition(json: server.calls[1].body)
            #expect(definition.verification(customNetwork: nil).failures.isEmpty)
            #expect(server.calls[0].json["address"]?.string == definition.creator.address)
            #expect(server.calls[1].authorization == "Bearer " + Hex.encode(definition.creator.configSignature))
            let address = "\(server.url)/v1/definition/\(definition.configHash.hex)"
            #expect(outcome.summary == "Published cluster definition: \(address)\n")
            #expect(outcome.nextSteps.contains { $0.contains("dkg --definition-file=\(address)") })
        }
        #expect(directory.names.isEmpty)
    }

    @Test(
        "publishes for operators known by their accounts, with a link for them",
        arguments: [("hoodi", "hoodi."), ("sepolia", "sepolia."), ("mainnet", ""), ("gnosis", "")])
    func publishesAddresses(network: String, prefix: String) async throws {
        let directory = try TemporaryDirectory()
        var request = Self.request(in: directory)
        request.publishes = true
        request.network.name = network
        request.ceremony.operatorENRs = []
        request.ceremony.operatorAddresses = Self.accounts.map { $0.lowercased() }
        try await FakeServer.with({ _ in .status(200) }) { server in
            request.publishAddress = server.url
            let outcome = try await propose(request)
            let definition = try Definition(json: server.calls[1].body)
            #expect(definition.operators.map(\.address) == Self.accounts)
            #expect(definition.operators.allSatisfy { $0.enr.isEmpty })
            let link = "https://\(prefix)launchpad.obol.org/dv#\(definition.configHash.hex)"
            #expect(outcome.summary == "Published cluster definition: \(link)\n")
        }
    }

    @Test("refused terms or definition are errors", arguments: ["/termsAndConditions", "/definition"])
    func refused(path: String) async throws {
        let directory = try TemporaryDirectory()
        var request = Self.request(in: directory)
        request.publishes = true
        try await FakeServer.with({ $0.target == path ? .status(400, "no") : .status(409) }) { server in
            request.publishAddress = server.url
            let message = await message { try await propose(request) }
            #expect(message.contains("status 400 (no)"), "\(message)")
        }
    }
}
