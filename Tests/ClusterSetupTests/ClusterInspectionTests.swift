import Cluster
import Ethereum
import SSZ
import TestSupport
import Testing

@testable import ClusterSetup

@Suite struct ClusterInspectionTests {
    private func inspect(
        _ path: String, network: NetworkFlags = NetworkFlags(), endpoint: String = ""
    ) async throws -> ClusterInspection {
        try await withWeb { web in
            try await ClusterInspection.load(path, network: network, executionEndpoint: endpoint, web: web)
        }
    }

    private func cluster(
        validators: Int, in directory: TemporaryDirectory, change: (inout TrustedDealer.Request) -> Void = { _ in }
    ) async throws -> String {
        var request = Samples.request(validators: validators, in: directory)
        change(&request)
        _ = try await Samples.deal(request)
        return directory.file("cluster/node0/cluster-lock.json")
    }

    /// Third-party paths are longer than a line has room for, and hashes with labels need most of it.
    private func checkWidth(_ text: String) {
        for line in text.split(separator: "\n").dropFirst() { #expect(line.count <= 100, "\(line)") }
    }

    @Test("shows what a newcomer asks first, in 100 columns")
    func text() async throws {
        let directory = try TemporaryDirectory()
        let inspection = try await inspect(await cluster(validators: 7, in: directory))
        #expect(inspection.isSound)
        let text = inspection.text(showsAll: false)
        checkWidth(text)
        for expected in [
            "CLUSTER LOCK", "sample", "hoodi (chain 560048, fork version 0x10000910)", "3 of 4 nodes must sign",
            "16Uiu2HA", "the first 5 of 7 (--all shows every one)", Samples.address, "✓ lock hash", "✓ deposits",
            "– creator config signature: skipped", "OK: ",
        ] { #expect(text.contains(expected), "\(expected)") }
        let keys = try #require(inspection.lock?.validators.map { Hex.encodeBare($0.publicKey) })
        #expect(keys.map { text.contains($0) } == [true, true, true, true, true, false, false])
        let all = inspection.text(showsAll: true)
        checkWidth(all)
        #expect(keys.allSatisfy { all.contains($0) })
    }

    @Test("different addresses stand with their validators")
    func addresses() async throws {
        let directory = try TemporaryDirectory()
        let addresses = ["0x1111111111111111111111111111111111111111", "0x2222222222222222222222222222222222222222"]
        let path = try await cluster(validators: 2, in: directory) { $0.cluster.feeRecipients = addresses }
        let text = try await inspect(path).text(showsAll: false)
        checkWidth(text)
        #expect(addresses.allSatisfy { text.contains("fees \($0)  stake \(Samples.address)") })
    }

    @Test("JSON holds everything")
    func json() async throws {
        let directory = try TemporaryDirectory()
        let inspection = try await inspect(await cluster(validators: 7, in: directory))
        let json = try JSONValue(parsing: inspection.json)
        let lock = try #require(inspection.lock)
        #expect(json["kind"] == "lock" && json["ok"] == true && json["threshold"] == 3)
        #expect(json["network"]?["name"] == "hoodi" && json["lock_hash"]?.string == lock.lockHash.hex)
        #expect(
            json["validators"]?.array?.compactMap { $0["distributed_public_key"]?.string }
                == lock.validators.map { Hex.encode($0.publicKey) })
        #expect(json["operators"]?.array?.compactMap { $0["enr"]?.string } == lock.definition.operators.map(\.enr))
        #expect(json["deposit_amounts_eth"] == ["1", "32"])
        let results = try #require(json["checks"]?.array).compactMap { $0["result"]?.string }
        #expect(Set(results) == ["passed", "skipped"])
    }

    @Test("a change shows, with the field and what to do")
    func changed() async throws {
        let directory = try TemporaryDirectory()
        let path = try await cluster(validators: 2, in: directory)
        let text = String(decoding: try directory.read("cluster/node0/cluster-lock.json"), as: UTF8.self)
        #expect(path.hasSuffix("node0/cluster-lock.json"))
        let changed = try directory.write("changed.json", Array(text.replacing("\"sample\"", with: "\"simple\"").utf8))
        let inspection = try await inspect(changed)
        #expect(!inspection.isSound)
        let shown = inspection.text(showsAll: false)
        checkWidth(shown)
        #expect(shown.contains("✗ config hash cluster_definition.config_hash: failed, invalid config hash"))
        #expect(shown.contains("NOT OK: ") && shown.contains("Do not run this cluster"))
        #expect(try JSONValue(parsing: inspection.json)["ok"] == false)
    }

    @Test("names cannot move the cursor")
    func escapes() async throws {
        let directory = try TemporaryDirectory()
        let definition = try Samples.definition { $0.name = "evil\u{1b}[2J\u{202e}\r\nOK: 99 checks passed." }
        let path = try directory.write("definition.json", definition.encoded())
        let text = try await inspect(path).text(showsAll: false)
        #expect(!text.unicodeScalars.contains { $0 == "\u{1b}" || $0 == "\u{202e}" || $0 == "\r" })
        #expect(!text.contains("\nOK: 99"))
    }

    @Test("a contract nobody asked leaves the cluster undecided")
    func contract() async throws {
        let directory = try TemporaryDirectory()
        let definition = try Samples.definition(version: .v1_11, signed: false) {
            $0.creator.address = "0x1234567890123456789012345678901234567890"
            $0.creator.configSignature = [UInt8](repeating: 7, count: 130)
        }
        let path = try directory.write("definition.json", definition.encoded())
        let open = try await inspect(path)
        #expect(!open.isSound)
        #expect(open.text(showsAll: false).contains("? creator config signature creator.config_signature: not checked"))
        #expect(open.text(showsAll: false).contains("UNDECIDED: 1 of"))
        let magic = "0x1626ba7e" + String(repeating: "0", count: 56)
        let answer: FakeServer.Responder = { call in
            .json(["result": call.json["method"] == "eth_call" ? .string(magic) : "Geth/v1"])
        }
        try await FakeServer.with(answer) { server in
            let closed = try await inspect(path, endpoint: server.url)
            #expect(closed.isSound && closed.text(showsAll: false).contains("✓ creator config signature"))
        }
    }

    @Test("definitions come from the network as well, and private networks are named by flags")
    func sources() async throws {
        let network = try #require(
            try Network.custom(
                name: "devnet", forkVersion: "0x10000038", chainID: 3_151_908, genesisTime: 1_700_000_000))
        let bytes = try Samples.definition(network: network).encoded()
        try await FakeServer.with({ _ in FakeServer.Answer(body: bytes) }) { server in
            let unknown = try await inspect(server.url + "/definition")
            #expect(!unknown.isSound && unknown.text(showsAll: false).contains("describe it with --testnet-*"))
            var flags = NetworkFlags()
            flags.testnetName = "devnet"
            flags.testnetForkVersion = "0x10000038"
            flags.testnetChainID = 3_151_908
            flags.testnetGenesisTime = 1_700_000_000
            let known = try await inspect(server.url + "/definition", network: flags)
            #expect(known.isSound && known.text(showsAll: false).contains("devnet (chain 3151908"))
        }
    }

    @Test(
        "Charon's own locks are sound, and all known files can be shown",
        .enabled(if: Vectors.has("cluster/captured")))
    func vectors() async throws {
        let paths =
            (Vectors.files(in: "cluster/captured", withExtension: "json")
            + Vectors.files(
                in: "cluster/charon/cluster", withExtension: "json"))
            .filter { $0.contains("cluster-lock") || $0.contains("cluster-definition") || $0.contains("/cluster_") }
        #expect(paths.count >= 30)
        for path in paths {
            let file = try #require(Vectors.root?.appendingPathComponent(path).path)
            let inspection = try await inspect(file)
            checkWidth(inspection.text(showsAll: true))
            _ = try JSONValue(parsing: inspection.json)
            if path.contains("captured") { #expect(inspection.isSound, "\(path)") }
        }
    }
}
