import BeaconAPI
import Ethereum
import SSZ
import Testing
import ValidatorAPI

@Suite("Validators")
struct ValidatorsTests {
    private static let path = "/eth/v1/beacon/states/head/validators"
    private static let shareA = TestCluster.shareA.hex
    private static let shareB = TestCluster.shareB.hex

    private static func backend() -> StubBackend {
        StubBackend {
            $0.validators = [
                TestCluster.validator(TestCluster.validatorB, index: 9, status: .exitedUnslashed),
                TestCluster.validator(TestCluster.stranger, index: 8),
                TestCluster.validator(TestCluster.validatorA, index: 7),
            ]
        }
    }

    private static func rows(_ answer: TestServer.Answer) -> [String] {
        (answer.json["data"]?.array ?? []).map {
            "\($0["index"]?.string ?? "") \($0["validator"]?["pubkey"]?.string ?? "")"
        }
    }

    @Test("keys are asked for as group keys in any case and answered as our shares, by index")
    func byKey() async throws {
        let upper = "0x" + Self.shareA.dropFirst(2).uppercased()
        let backend = Self.backend()
        try await TestServer.with(backend) { server in
            let asked = "validators head \([TestCluster.validatorA.hex, TestCluster.validatorB.hex])"
            let answers = [
                try await server.get("\(Self.path)?id=\(upper)&id=\(Self.shareB)"),
                try await server.get("\(Self.path)?id=\(upper),\(Self.shareB),\(Self.shareA)"),
                try await server.post(Self.path, #"{"ids":["\#(upper)","\#(Self.shareB)"],"statuses":null}"#),
                try await server.post("\(Self.path)?id=\(upper),%20\(Self.shareB)%20,", #"{"ids":["1"]}"#),
                try await server.get("\(Self.path)?id=%20\(upper)&id=\(Self.shareB)"),
            ]
            for answer in answers {
                #expect(answer.status == 200)
                #expect(Self.rows(answer) == ["7 \(Self.shareA)", "9 \(Self.shareB)"])
                #expect(answer.json["execution_optimistic"] == false && answer.json["finalized"] == false)
            }
            #expect(backend.asked == Array(repeating: asked, count: answers.count))
        }
    }

    @Test("indices are asked for as they are; strangers are left out")
    func byIndex() async throws {
        let backend = Self.backend()
        try await TestServer.with(backend) { server in
            let answer = try await server.post(
                "/eth/v1/beacon/states/123/validators", #"{"ids":["7",8,"9"]}"#,
                contentType: "application/json; charset=utf-8")
            #expect(Self.rows(answer) == ["7 \(Self.shareA)", "9 \(Self.shareB)"])
            #expect(backend.asked == [#"validators 123 ["7", "8", "9"]"#])
        }
    }

    @Test("without ids the cluster's validators are shown, and asked for, not the whole chain's")
    func all() async throws {
        let backend = Self.backend()
        try await TestServer.with(backend) { server in
            for answer in [
                try await server.get(Self.path), try await server.post(Self.path, "{}"),
                try await server.post(Self.path, #"{"ids":[]}"#), try await server.post(Self.path, ""),
                try await server.post(Self.path, "null"),
            ] {
                #expect(Self.rows(answer) == ["7 \(Self.shareA)", "9 \(Self.shareB)"])
            }
            let active = try await server.get(Self.path + "?status=active")
            #expect(Self.rows(active) == ["7 \(Self.shareA)"])
            let asked = "validators head \([TestCluster.validatorA.hex, TestCluster.validatorB.hex])"
            #expect(backend.asked == Array(repeating: asked, count: 6))
        }
    }

    @Test("names of members count in any letter case, but only once")
    func letterCase() async throws {
        let backend = Self.backend()
        try await TestServer.with(backend) { server in
            let answer = try await server.post(Self.path, #"{"IDs":["7"],"Statuses":["active"]}"#)
            #expect(Self.rows(answer) == ["7 \(Self.shareA)"])
            #expect(backend.asked == [#"validators head ["7"]"#])
            let twice = try await server.post(Self.path, #"{"ids":["7"],"IDS":["9"]}"#)
            #expect(twice.status == 400 && twice.message == "failed parsing json request body")
        }
    }

    @Test("unknown keys alone give an empty list, not all validators")
    func unknownKeys() async throws {
        let backend = Self.backend()
        try await TestServer.with(backend) { server in
            let answer = try await server.get("\(Self.path)?id=\(TestCluster.stranger.hex)")
            #expect(answer.status == 200 && answer.json["data"] == [])
            let group = try await server.get("\(Self.path)?id=\(TestCluster.validatorA.hex)")
            #expect(group.json["data"] == [])
            #expect(backend.asked.isEmpty)
        }
    }

    @Test("another operator's share is an error that explains itself")
    func foreignShare() async throws {
        let foreign = TestCluster.share(TestCluster.validatorA, 3).hex
        try await TestServer.with(Self.backend()) { server in
            for answer in [
                try await server.get("\(Self.path)?id=\(Self.shareA),\(foreign)"),
                try await server.get("\(Self.path)/\(foreign)"),
            ] {
                #expect(answer.status == 400)
                #expect(
                    answer.message
                        == "mismatching validator client key share index, Mth key share submitted to Nth charon peer"
                        + " (M=3, N=2)")
            }
        }
    }

    @Test(
        "filters by status", arguments: [("active", 1), ("exited_unslashed", 1), ("active,exited", 2), ("pending", 0)])
    func statuses(filter: String, count: Int) async throws {
        try await TestServer.with(Self.backend()) { server in
            let answer = try await server.get("\(Self.path)?id=7,9&status=\(filter)")
            #expect(Self.rows(answer).count == count)
            let list = filter.split(separator: ",").map { "\"\($0)\"" }.joined(separator: ",")
            let posted = try await server.post(Self.path, #"{"ids":["7"],"statuses":[\#(list)]}"#)
            #expect(Self.rows(posted).count == count)
        }
    }

    @Test("one validator, or none, or too many")
    func single() async throws {
        let one = StubBackend { $0.validators = [TestCluster.validator(TestCluster.validatorA, index: 7)] }
        try await TestServer.with(one) { server in
            let answer = try await server.get("\(Self.path)/\(Self.shareA)")
            #expect(answer.json["data"]?["validator"]?["pubkey"]?.string == Self.shareA)
            let status = try await server.get("\(Self.path)/7").status
            #expect(status == 200)
        }
        try await TestServer.with { server in
            let answer = try await server.get("\(Self.path)/7")
            #expect(answer.status == 404 && answer.message == "NotFound")
            let laterStatus = try await server.get("\(Self.path)/\(TestCluster.stranger.hex)").status
            #expect(laterStatus == 404)
        }
        try await TestServer.with(Self.backend()) { server in
            let lastStatus = try await server.get("\(Self.path)/7").status
            #expect(lastStatus == 500)
        }
    }
}
