import ArgumentParser
import Foundation
import SSZ
import TestSupport
import Testing

@testable import styx

@Suite("styx alpha test")
struct AlphaTestCommandTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private static func parse<Command>(
        _ arguments: [String], _ environment: [String: String] = [:], as: Command.Type
    ) throws -> Command {
        try #require(
            try Styx.parseAsRoot(EnvironmentArguments.expand(arguments, environment: environment).arguments)
                as? Command)
    }

    @Test("defaults are Charon's")
    func defaults() throws {
        let beacon = try Self.parse(["alpha", "test", "beacon"], as: TestBeacon.self)
        #expect(beacon.common.timeout == .seconds(3600) && beacon.common.outputJson.isEmpty && !beacon.common.quiet)
        #expect(!beacon.common.publish && beacon.common.publishAddress == "https://api.obol.tech/v1")
        #expect(beacon.common.publishPrivateKeyFile == ".charon/charon-enr-private-key")
        #expect(!beacon.beacon.loadTest && beacon.beacon.loadTestDuration == .seconds(5))
        #expect(beacon.beacon.simulationDurationInSlots == 32 && beacon.beacon.simulationFileDir == "./")
        #expect(!beacon.beacon.simulationVerbose && beacon.beacon.simulationCustom == 0)
        let validator = try Self.parse(["alpha", "test", "validator"], as: TestValidator.self)
        #expect(validator.validator.validatorApiAddress == "127.0.0.1:3600")
        let mev = try Self.parse(["alpha", "test", "mev"], as: TestMEV.self)
        #expect(mev.mev.numberOfPayloads == 1 && mev.mev.xTimeoutMs == 1000)
        let infra = try Self.parse(["alpha", "test", "infra"], as: TestInfra.self)
        #expect(infra.infra.diskIoBlockSizeKb == 4096)
        let peers = try Self.parse(["alpha", "test", "peers"], as: TestPeers.self)
        #expect(peers.peers.keepAlive == .seconds(1800) && peers.peers.loadTestDuration == .seconds(30))
        #expect(peers.peers.directConnectionTimeout == .seconds(120))
        #expect(peers.network.p2pRelays == ["https://4.relay.obol.dev"])
    }

    @Test("the command line wins over STYX_*, that over CHARON_*; `test` alone is understood too")
    func precedence() throws {
        let charon = ["CHARON_ENDPOINTS": "http://c", "CHARON_LOAD_TEST": "true", "CHARON_TEST_CASES": "Ping,Version"]
        let styx = charon.merging(["STYX_ENDPOINTS": "http://s"]) { $1 }
        for (arguments, environment, endpoint) in [
            (["alpha", "test", "beacon"], charon, "http://c"), (["test", "beacon"], styx, "http://s"),
            (["test", "beacon", "--endpoints", "http://f"], styx, "http://f"),
            (["test", "beacon", "--endpoints="], charon, "http://c"),
        ] {
            let command = try Self.parse(arguments, environment, as: TestBeacon.self)
            #expect(list(command.beacon.endpoints) == [endpoint] && command.beacon.loadTest)
            #expect(command.cases.selection == ["Ping", "Version"])
        }
        let off = try Self.parse(["test", "beacon", "--load-test=false"], charon, as: TestBeacon.self)
        #expect(!off.beacon.loadTest)
    }

    @Test("every flag of a category is one of all's, with the category in front, and reaches it")
    func all() throws {
        let environment = [
            "CHARON_BEACON_ENDPOINTS": "http://b", "CHARON_BEACON_LOAD_TEST": "1",
            "CHARON_VALIDATOR_VALIDATOR_API_ADDRESS": "vc:1", "CHARON_MEV_X_TIMEOUT_MS": "7",
            "CHARON_INFRA_DISK_IO_BLOCK_SIZE_KB": "8", "CHARON_PEERS_KEEP_ALIVE": "9s", "CHARON_TIMEOUT": "10m",
        ]
        let command = try Self.parse(["alpha", "test", "all"], environment, as: TestAll.self)
        #expect(command.beacon.options.endpoints == ["http://b"] && command.beacon.options.loadTest)
        #expect(command.validator.options.validatorApiAddress == "vc:1")
        #expect(command.mev.options.xTimeoutMs == 7 && command.infra.options.diskIoBlockSizeKb == 8)
        #expect(command.peers.options.keepAlive == .seconds(9) && command.common.timeout == .seconds(600))
        for name in TestAll.flags.options where !TestOptions.names.contains(name) {
            let value = ["duration", "timeout", "keep-alive"].contains { name.hasSuffix($0) } ? "7s" : "7"
            guard !["log-level", "log-format", "log-color"].contains(name) else { continue }
            _ = try Self.parse(["alpha", "test", "all", "--\(name)=\(value)"], as: TestAll.self)
        }
        for name in TestAll.flags.switches {
            _ = try Self.parse(["alpha", "test", "all", "--\(name)"], as: TestAll.self)
        }
        #expect(throws: (any Error).self) {
            try Self.parse(["alpha", "test", "all", "--test-cases=Ping"], as: TestAll.self)
        }
    }

    @Test(
        "what cannot work is said before anything is tested",
        arguments: [
            (["beacon"], "required flag(s) \"endpoints\" not set"), (["mev"], "required flag(s) \"endpoints\" not set"),
            (["beacon", "--endpoints", "http://h", "--quiet"], "--quiet needs --output-json"),
            (["beacon", "--endpoints", "http://h", "--test-cases", "Nothing"], "test case not supported"),
            (["beacon", "--endpoints", "http://h,ftp://user:Sec-Pass@h"], "--endpoints: entry 2"),
            (["validator", "--validator-api-address", "nowhere"], "--validator-api-address"),
            (["mev", "--endpoints", "http://h", "--load-test"], "--beacon-node-endpoint"),
            (["infra", "--internet-test-servers-only", "x"], "not in this version"),
            (["infra", "--test-cases", "InternetLatency"], "not in this version"),
            (["peers"], "exactly one of --enrs, --lock-file and --definition-file"),
            (["peers", "--enrs", "enr:x"], "ENR of operator 0"),
            (["peers", "--lock-file", "none.json"], "none.json"),
            (["all", "--beacon-endpoints", "http://h"], "required flag(s) \"mev-endpoints\" not set"),
            (["beacon", "--endpoints", "http://h", "--publish", "--publish-address", "x"], "--publish-address"),
        ])
    func refused(arguments: [String], message: String) throws {
        let outcome = try Program.run(["alpha", "test"] + arguments, in: directory.path)
        #expect(outcome.status == 1 && outcome.text.contains(message), "\(outcome.text)")
        #expect(!outcome.text.contains("Sec-"))
    }

    @Test("verdicts and file of a run; the exit status is 0 whatever they are, unless told otherwise")
    func run() throws {
        let server = try EchoServer()
        let arguments = [
            "test", "validator", "--validator-api-address", "127.0.0.1:\(server.port)", "--load-test-duration", "10ms",
            "--output-json", "r.json",
        ]
        let good = try Program.run(arguments, in: directory.path)
        #expect(good.status == 0 && good.text.contains("validator test: score"), "\(good.text)")
        let file = try JSONValue(parsing: directory.read("r.json"))
        let cases = file["validator_client"]?["targets"]?["127.0.0.1:\(server.port)"]?.array ?? []
        #expect(cases.map { $0["name"] } == ["Ping", "PingMeasure", "PingLoad"])
        #expect(cases.first?["verdict"] == "OK")

        let dead = ["test", "beacon", "--endpoints", "http://127.0.0.1:1", "--output-json", "r.json", "--quiet"]
        let bad = try Program.run(dead, in: directory.path)
        #expect(bad.status == 0 && bad.text.isEmpty, "\(bad.text)")
        let merged = try JSONValue(parsing: directory.read("r.json"))
        #expect(merged["validator_client"] == file["validator_client"])
        #expect(merged["beacon_node"]?["score"] == "C")
        #expect(try Program.run(dead + ["--fail-below", "C"], in: directory.path).status == 0)
        #expect(try Program.run(dead + ["--fail-below", "b"], in: directory.path).status == 1)
    }
}
