import BeaconAPI
import BeaconClient
import BeaconTestSupport
import Ethereum
import SSZ
import TestSupport
import Testing

@Suite("Calls")
struct CallTests {
    private static let keyA = PubKey(padding: [0xA])
    private static let keyB = PubKey(padding: [0xB])

    private static func attesterRow(_ key: PubKey, index: ValidatorIndex, slot: Slot) -> AttesterDuty {
        var row = AttesterDuty()
        row.pubKey = key
        row.validatorIndex = index
        row.slot = slot
        row.committeeLength = 128
        return row
    }

    private static func attesters(_ rows: [AttesterDuty]) -> FakeBeaconNode.Answer {
        .json(DutiesAnswer(dependentRoot: .zero, isExecutionOptimistic: false, rows: rows).json().text())
    }

    @Test("attester duties are those asked for, by slot")
    func attesterDuties() async throws {
        let rows = [
            Self.attesterRow(Self.keyB, index: 2, slot: 45), Self.attesterRow(Self.keyA, index: 1, slot: 33),
            Self.attesterRow(Self.keyA, index: 99, slot: 33),
        ]
        try await FakeBeaconNode.with({ _ in Self.attesters(rows) }) { node in
            try await withClient([node.url]) { client in
                let answer = try await client.attesterDuties(
                    1, validators: [1: Self.keyA, 2: Self.keyB], slotsPerEpoch: 32)
                #expect(answer.rows.map(\.validatorIndex) == [1, 2])
                #expect(node.requests.first?.body == Array(#"["1","2"]"#.utf8))
                #expect(node.requests.first?.target == "/eth/v1/validator/duties/attester/1")
            }
        }
    }

    @Test(
        "attester duties of another epoch or with another key are refused",
        arguments: [
            attesterRow(keyA, index: 1, slot: 31), attesterRow(keyA, index: 1, slot: 64),
            attesterRow(keyB, index: 1, slot: 33),
        ])
    func wrongDuties(row: AttesterDuty) async throws {
        try await FakeBeaconNode.with({ _ in Self.attesters([row]) }) { node in
            try await withClient([node.url]) { client in
                let error = await failure { () throws(BeaconError) in
                    try await client.attesterDuties(1, validators: [1: Self.keyA], slotsPerEpoch: 32)
                }
                guard case .malformed = error?.cause else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
        }
    }

    @Test(
        "no duty of an active validator, or two, lose to the next node's answer",
        arguments: [
            [], [attesterRow(keyA, index: 1, slot: 33)],
            [
                attesterRow(keyA, index: 1, slot: 33), attesterRow(keyB, index: 2, slot: 45),
                attesterRow(keyA, index: 1, slot: 34),
            ],
        ] as [[AttesterDuty]])
    func missingDuties(rows: [AttesterDuty]) async throws {
        let all = [Self.attesterRow(Self.keyA, index: 1, slot: 33), Self.attesterRow(Self.keyB, index: 2, slot: 45)]
        try await FakeBeaconNode.with({ _ in Self.attesters(rows) }) { first in
            try await FakeBeaconNode.with({ _ in Self.attesters(all) }) { second in
                try await withClient([first.url, second.url]) { client in
                    let answer = try await client.attesterDuties(
                        1, validators: [1: Self.keyA, 2: Self.keyB], expecting: [1, 2], slotsPerEpoch: 32)
                    #expect(answer.rows == all)
                    #expect(first.requests.count == 1 && second.requests.count == 1)
                }
            }
        }
    }

    @Test("if no node has a duty of each active validator, the fullest answer counts: the others' duties are right")
    func fullestDuties() async throws {
        let row = Self.attesterRow(Self.keyA, index: 1, slot: 33)
        try await FakeBeaconNode.with({ _ in Self.attesters([row]) }) { first in
            try await FakeBeaconNode.with({ _ in Self.attesters([]) }) { second in
                try await withClient([first.url, second.url]) { client in
                    let answer = try await client.attesterDuties(
                        1, validators: [1: Self.keyA, 2: Self.keyB], expecting: [1, 2], slotsPerEpoch: 32)
                    #expect(answer.rows == [row])
                    #expect(second.requests.count == 1)
                    // Who is not active then needs none.
                    let few = try await client.attesterDuties(
                        1, validators: [1: Self.keyA, 2: Self.keyB], expecting: [1], slotsPerEpoch: 32)
                    #expect(few.rows == [row])
                }
            }
        }
    }

    @Test("each node says by itself which validators it knows; one alone has said so already")
    func validatorsOfEach() async throws {
        func answer(_ keys: [PubKey]) -> FakeBeaconNode.Answer {
            let rows = keys.map { key in
                var record = ValidatorRecord()
                record.pubKey = key
                return BeaconValidator(index: 1, balance: 1, status: .activeOngoing, validator: record).json()
            }
            return .json((["data": .array(rows)] as JSONValue).text())
        }
        let (none, one) = (answer([]), answer([Self.keyB]))
        try await FakeBeaconNode.with({ _ in none }) { first in
            try await FakeBeaconNode.with({ _ in one }) { second in
                try await withClient([first.url, second.url]) { client in
                    let rows = await client.validatorsOfEach([Self.keyB]).map { $0.map { $0.validator.pubKey } }
                    #expect(rows == [[], [Self.keyB]])
                }
                try await withClient([second.url]) { client in
                    let rows = await client.validatorsOfEach([Self.keyB])
                    #expect(rows.isEmpty)
                }
            }
        }
    }

    @Test("attestation data must be of the slot asked for")
    func attestationData() async throws {
        var data = AttestationData()
        data.slot = 7
        let answer = FakeBeaconNode.Answer.json((["data": data.json()] as JSONValue).text())
        try await FakeBeaconNode.with({ _ in answer }) { node in
            try await withClient([node.url]) { client in
                let answer = try await client.attestationData(7, committee: 3)
                #expect(answer == data)
                #expect(
                    node.requests.first?.target == "/eth/v1/validator/attestation_data?slot=7&committee_index=3")
                let error = await failure { () throws(BeaconError) in
                    try await client.attestationData(8, committee: 3)
                }
                #expect(error != nil)
            }
        }
    }

    @Test("validators not asked for are left out")
    func validators() async throws {
        func row(_ index: ValidatorIndex, _ key: PubKey) -> BeaconValidator {
            var record = ValidatorRecord()
            record.pubKey = key
            return BeaconValidator(index: index, balance: 1, status: .activeOngoing, validator: record)
        }
        let json: JSONValue = [
            "execution_optimistic": false, "finalized": false,
            "data": .array([row(1, Self.keyA).json(), row(2, Self.keyB).json()]),
        ]
        let text = json.text()
        try await FakeBeaconNode.with({ _ in .json(text) }) { node in
            try await withClient([node.url]) { client in
                let rows2 = try await client.validators(.pubKeys([Self.keyB]))
                #expect(rows2.map(\.index) == [2])
                let rows3 = try await client.validators(.indices([1]), state: .finalized)
                #expect(rows3.map(\.index) == [1])
                let rows4 = try await client.validators(.all)
                #expect(rows4.count == 2)
                let asked = node.requests.count
                let none = try await client.validators(.pubKeys([]))
                #expect(none.isEmpty && node.requests.count == asked, "no ids would mean all to a beacon node")
                #expect(node.requests.map(\.target).contains("/eth/v1/beacon/states/finalized/validators"))
                #expect(Set(node.requests.map(\.method)) == ["POST"])
            }
        }
    }

    @Test(
        "thousands of keys are asked for in parts; by GET, in smaller ones, where a node takes no POST",
        arguments: [200, 405])
    func manyValidators(status: Int) async throws {
        let indices = (0..<3000).map { ValidatorIndex(UInt64($0)) }
        try await FakeBeaconNode.with({ request in
            if request.method == "POST", status != 200 { return .json("{}", status: status) }
            let text = request.method == "POST" ? String(decoding: request.body, as: UTF8.self) : request.target
            // One row for each question: that of the first id.
            let first = text.split { !$0.isNumber }.first { request.method == "POST" || $0 != "1" } ?? ""
            guard let index = ValidatorIndex(decimal: String(first)) else { return .json("{}", status: 400) }
            let row = BeaconValidator(index: index, balance: 1, status: .activeOngoing, validator: ValidatorRecord())
            return .json((["data": .array([row.json()])] as JSONValue).text())
        }) { node in
            try await withClient([node.url]) { client in
                let rows = try await client.validators(.indices(indices))
                if status == 200 {
                    #expect(rows.map(\.index) == [0, 1000, 2000])
                } else {
                    #expect(node.requests.filter { $0.method == "POST" }.count == 3)
                    // 1000 ids are 15 questions of 64 and one of 40.
                    #expect(rows.count == 48)
                    #expect(node.requests.allSatisfy { $0.target.utf8.count < 8 << 10 })
                }
            }
        }
    }

    @Test("attestation data come as SSZ from nodes that offer it")
    func attestationDataSSZ() async throws {
        var data = AttestationData()
        data.slot = 7
        let answer = FakeBeaconNode.Answer(
            headers: [HeaderName.contentType: MediaType.ssz], body: data.sszBytes())
        try await FakeBeaconNode.with({ _ in answer }) { node in
            try await withClient([node.url]) { client in
                let taken = try await client.attestationData(7, committee: 0)
                #expect(taken == data)
                #expect(node.requests.first?.headers["accept"] == MediaType.sszOrJSON)
            }
        }
    }

    @Test("the URL's query goes with every request, before its own parameters")
    func query() async throws {
        var data = AttestationData()
        data.slot = 7
        let text = (["data": data.json()] as JSONValue).text()
        try await FakeBeaconNode.with({ request in
            request.target.contains("attestation_data") ? .json(text) : .json(#"{"data":{"version":"x"}}"#)
        }) { node in
            try await withClient([node.url + "/p/?key=K%20K&x="]) { client in
                _ = try await client.nodeVersion()
                _ = try await client.attestationData(7, committee: 3)
                _ = try await client.proxy(ProxyRequest(method: "GET", target: "/eth/v1/a?b=1&c"))
                #expect(
                    node.requests.map(\.target) == [
                        "/p/eth/v1/node/version?key=K%20K&x=",
                        "/p/eth/v1/validator/attestation_data?key=K%20K&x=&slot=7&committee_index=3",
                        "/p/eth/v1/a?key=K%20K&x=&b=1&c",
                    ])
            }
        }
    }

    @Test("a cluster without active validators still learns the dependent root")
    func dependentRoot() async throws {
        let root = Root(padding: [7])
        let text = DutiesAnswer(
            dependentRoot: root, isExecutionOptimistic: false,
            rows: [Self.attesterRow(Self.keyA, index: 0, slot: 33)]
        ).json().text()
        try await FakeBeaconNode.with({ _ in .json(text) }) { node in
            try await withClient([node.url]) { client in
                let answer = try await client.attesterDuties(1, validators: [:], slotsPerEpoch: 32)
                #expect(answer.dependentRoot == root && answer.rows.isEmpty)
                #expect(node.requests.first?.body == Array(#"["0"]"#.utf8))
            }
        }
    }

    @Test("an older node is asked for its version in the older way")
    func versions() async throws {
        let v2 = #"""
            {"data":{"beacon_node":{"code":"LH","name":"Lighthouse","version":"v8.0.1","commit":"0xced49dd2"},
            "execution_client":{"code":"NM","name":"Nethermind","version":"v1.35","commit":""}}}
            """#
        for (new, expected) in [
            (
                FakeBeaconNode.Answer.json(v2),
                NodeVersions(
                    beaconNode: "Lighthouse/v8.0.1-ced49dd2", executionClient: "Nethermind/v1.35")
            ),
            (.json("{}", status: 404), NodeVersions(beaconNode: "old/1")),
        ] {
            try await FakeBeaconNode.with({ request in
                request.target.contains("v2") ? new : .json(#"{"data":{"version":"old/1"}}"#)
            }) { node in
                try await withClient([node.url]) { client in
                    let versions = try await client.versions(of: 0)
                    #expect(versions == expected)
                }
            }
        }
    }

    @Test("the operator's header fields and the URL's credentials go with every call")
    func headers() async throws {
        try await FakeBeaconNode.with({ _ in .json(#"{"data":{"version":"x"}}"#) }) { node in
            let url = node.url.replacing("http://", with: "http://al%20ice:s%3Acret@") + "/prefix/"
            try await withClient([url], configure: { $0.headers = ["X-Key": "1", "User-Agent": "mine"] }) { client in
                _ = try await client.nodeVersion()
                let request = try #require(node.requests.first)
                #expect(request.target == "/prefix/eth/v1/node/version")
                #expect(request.headers["x-key"] == "1")
                #expect(request.headers.values("user-agent") == ["mine"])
                // al ice:s:cret
                #expect(request.headers["authorization"] == "Basic YWwgaWNlOnM6Y3JldA==")
            }
        }
    }

    @Test(
        "addresses need a scheme and a host, and hide what is secret",
        arguments: [
            ("http://localhost:5052", "http://localhost:5052"), ("https://user:pw@bn.example", "https://bn.example"),
            ("http://[::1]:5052/", "http://[::1]:5052"), ("https://bn.example/v1/KEY", "https://bn.example/…"),
            ("localhost:5052", nil), ("ftp://bn", nil), ("http://", nil), ("", nil), ("http://bn?x=1", "http://bn/…"),
            ("http://bn#x", nil),
        ] as [(String, String?)])
    func addresses(text: String, shown: String?) {
        #expect((try? BeaconNodeAddress(text))?.description == shown)
    }
}
