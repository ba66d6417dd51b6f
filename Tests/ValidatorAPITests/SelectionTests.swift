import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ
import TestSupport
import Testing
import ValidatorAPI

@Suite("Selection proofs")
struct SelectionTests {
    private static let beacon = "/eth/v1/validator/beacon_committee_selections"
    private static let sync = "/eth/v1/validator/sync_committee_selections"
    private static let partial = SignatureBytes(padding: [1])
    private static let whole = SignatureBytes(padding: [2])

    private static func beaconRow(_ index: ValidatorIndex, slot: Slot, _ proof: SignatureBytes = partial) -> JSONValue {
        BeaconCommitteeSelection(validatorIndex: index, slot: slot, selectionProof: proof).json()
    }

    private static func syncRow(
        _ index: ValidatorIndex, slot: Slot, subcommittee: UInt64, _ proof: SignatureBytes = partial
    ) -> JSONValue {
        SyncCommitteeSelection(
            validatorIndex: index, slot: slot, subcommitteeIndex: subcommittee, selectionProof: proof
        ).json()
    }

    /// The cluster's proof for whatever duty, unless `never` says that it does not come.
    private static func backend(
        never: @escaping @Sendable (Duty) -> Bool = { _ in false },
        changing change: (inout StubBackend.Behaviour) -> Void = { _ in }
    ) -> StubBackend {
        StubBackend {
            $0.signed = { duty, key in
                if never(duty) {
                    await Gate().wait()
                    throw CancellationError()
                }
                if duty.type == .prepareAggregator {
                    return .committeeSelection(
                        BeaconCommitteeSelection(validatorIndex: 0, slot: duty.slot, selectionProof: whole))
                }
                return .syncSelection(
                    SyncCommitteeSelection(
                        validatorIndex: 0, slot: duty.slot, subcommitteeIndex: key.subcommittee,
                        selectionProof: whole))
            }
            change(&$0)
        }
    }

    @Test("proofs come back in the request's order, duplicates kept; one duty is one set")
    func beaconOrder() async throws {
        let backend = Self.backend()
        try await TestServer.with(backend) { server in
            let wanted: [(ValidatorIndex, Slot)] = [(8, 41), (7, 40), (8, 40), (7, 40)]
            let answer = try await server.post(
                Self.beacon, JSONValue.array(wanted.map { Self.beaconRow($0.0, slot: $0.1) }).text())
            #expect(answer.status == 200)
            #expect(
                answer.json
                    == ["data": .array(wanted.map { Self.beaconRow($0.0, slot: $0.1, Self.whole) })])
            #expect(
                backend.submitted.map { "\($0.0) \($0.1.count)" } == [
                    "40/prepare_aggregator 2", "41/prepare_aggregator 1",
                ])
            let first = try #require(backend.submitted.first)
            let partial = try #require(first.1[EntryKey(TestCluster.validatorA)])
            #expect(partial.shareIndex == TestCluster.own)
            #expect(partial.data.signature == Self.partial)
        }
    }

    @Test("sync proofs are kept apart by subcommittee")
    func syncOrder() async throws {
        let backend = Self.backend()
        try await TestServer.with(backend) { server in
            let wanted: [(ValidatorIndex, UInt64)] = [(8, 3), (7, 0), (7, 2), (8, 3)]
            let answer = try await server.post(
                Self.sync, JSONValue.array(wanted.map { Self.syncRow($0.0, slot: 40, subcommittee: $0.1) }).text())
            #expect(answer.status == 200)
            #expect(
                answer.json
                    == ["data": .array(wanted.map { Self.syncRow($0.0, slot: 40, subcommittee: $0.1, Self.whole) })])
            #expect(backend.submitted.first?.1.count == 3)
        }
    }

    @Test("nothing asked is an empty list, not null", arguments: [beacon, sync], ["[]", "null"])
    func empty(path: String, body: String) async throws {
        let backend = StubBackend()
        try await TestServer.with(backend) { server in
            let answer = try await server.post(path, body)
            #expect(answer.status == 200 && answer.text == #"{"data":[]}"#)
            #expect(backend.submitted.isEmpty)
        }
    }

    @Test("when the time nears, what is complete is answered, and what is not may be asked again")
    func subset() async throws {
        let backend = Self.backend(never: { $0.slot == 70 })
        try await TestServer.with(backend, configure: { $0.patience = .seconds(3) }) { server in
            let body = JSONValue.array([Self.beaconRow(7, slot: 70), Self.beaconRow(7, slot: 40)]).text()
            let answer = try await server.post(Self.beacon, body)
            #expect(answer.status == 200)
            #expect(answer.json == ["data": [Self.beaconRow(7, slot: 40, Self.whole)]])
            #expect(backend.submitted.count == 2)
            let none = try await server.post(Self.beacon, JSONValue.array([Self.beaconRow(7, slot: 70)]).text())
            #expect(none.status == 408)
        }
    }

    @Test("what is complete of the first epoch does not wait for later ones that other operators do not ask for yet")
    func laterEpochs() async throws {
        let backend = Self.backend(never: { $0.slot >= 64 })
        // The request's own time is an hour away: only the first epoch's end can answer it.
        try await TestServer.with(
            backend,
            configure: {
                $0.requestTimeout = .seconds(3601)
                $0.patience = .seconds(3600)
                $0.selectionGrace = .milliseconds(20)
            }
        ) { server in
            let rows = [(8, 70), (7, 40), (8, 41), (7, 64)] as [(ValidatorIndex, Slot)]
            let answer = try await server.post(
                Self.beacon, JSONValue.array(rows.map { Self.beaconRow($0.0, slot: $0.1) }).text())
            #expect(answer.status == 200)
            #expect(
                answer.json
                    == ["data": [Self.beaconRow(7, slot: 40, Self.whole), Self.beaconRow(8, slot: 41, Self.whole)]])
            // The others' shares are kept: they will be complete one day.
            #expect(backend.submitted.map(\.0.slot) == [40, 41, 64, 70])
        }
    }

    @Test("later epochs that are complete already are answered though the first is not")
    func laterAlone() async throws {
        let backend = Self.backend(never: { $0.slot < 64 })
        try await TestServer.with(
            backend,
            configure: {
                $0.patience = .seconds(2)
                $0.selectionGrace = .milliseconds(1500)
            }
        ) { server in
            let body = JSONValue.array([Self.beaconRow(7, slot: 40), Self.beaconRow(7, slot: 64)]).text()
            let answer = try await server.post(Self.beacon, body)
            #expect(answer.json == ["data": [Self.beaconRow(7, slot: 64, Self.whole)]])
        }
    }

    @Test("more selections than there is room for wait for each other: thousands in one request are answered")
    func thousands() async throws {
        let backend = Self.backend()
        try await TestServer.with(backend) { server in
            let rows = (0..<6000).map { Self.beaconRow(7, slot: Slot(32 + UInt64($0 % 64))) }
            let slots = (0..<6000).map {
                Self.beaconRow(ValidatorIndex(UInt64(7 + $0 % 2)), slot: Slot(32 + UInt64($0 % 64)))
            }
            for rows in [rows, slots] {
                let answer = try await server.post(Self.beacon, JSONValue.array(rows).text())
                #expect(answer.status == 200 && answer.json["data"]?.array?.count == 6000)
            }
        }
    }

    @Test("sync selections of several subcommittees come back in the request's order, a hundred times")
    func syncOrderAgain() async throws {
        try await TestServer.with(Self.backend()) { server in
            let wanted = [7, 8].flatMap { index in [3, 0, 2, 1].map { (ValidatorIndex(index), UInt64($0)) } }
            let body = JSONValue.array(wanted.map { Self.syncRow($0.0, slot: 40, subcommittee: $0.1) }).text()
            let expected: JSONValue = [
                "data": .array(wanted.map { Self.syncRow($0.0, slot: 40, subcommittee: $0.1, Self.whole) })
            ]
            for _ in 0..<100 {
                let answer = try await server.post(Self.sync, body)
                #expect(answer.json == expected)
            }
        }
    }

    @Test("an answer about sync selections is never shortened")
    func neverShort() async throws {
        let backend = Self.backend(never: { $0.slot == 41 })
        try await TestServer.with(backend, configure: { $0.patience = .seconds(1) }) { server in
            let body = JSONValue.array([
                Self.syncRow(7, slot: 40, subcommittee: 0), Self.syncRow(7, slot: 41, subcommittee: 0),
            ]).text()
            let answer = try await server.post(Self.sync, body)
            #expect(answer.status == 408)
        }
    }

    @Test("a slot without such a duty is answered at once")
    func noDuty() async throws {
        let backend = Self.backend(changing: {
            $0.signed = { duty, _ in throw ValidatorAPIRefusal.notFound("nobody has duty \(duty)") }
        })
        try await TestServer.with(backend) { server in
            for (path, row) in [
                (Self.beacon, Self.beaconRow(7, slot: 40)), (Self.sync, Self.syncRow(7, slot: 40, subcommittee: 0)),
            ] {
                let answer = try await server.post(path, JSONValue.array([row]).text())
                #expect(answer.status == 404 && answer.message?.hasPrefix("nobody has duty 40/") == true)
            }
        }
    }

    @Test("strangers, bad signatures and subcommittees that do not exist are refused with their places")
    func refused() async throws {
        let backend = Self.backend(changing: {
            $0.verify = { $0.duty.slot == 41 ? .refused("bad signature") : nil }
        })
        try await TestServer.with(backend) { server in
            let strangers = try await server.post(
                Self.beacon, JSONValue.array([Self.beaconRow(7, slot: 40), Self.beaconRow(9, slot: 40)]).text())
            #expect(strangers.status == 400)
            #expect(strangers.message == "validator 9 is not an active validator of this cluster")
            #expect(strangers.json["failures"]?.array?.map { $0["index"]?.integer } == [1])
            let bad = try await server.post(
                Self.beacon, JSONValue.array([Self.beaconRow(7, slot: 40), Self.beaconRow(7, slot: 41)]).text())
            #expect(bad.status == 400 && bad.message == "bad signature")
            let beyond = try await server.post(
                Self.sync, JSONValue.array([Self.syncRow(7, slot: 40, subcommittee: 4)]).text())
            #expect(beyond.status == 400)
            let far = try await server.post(Self.beacon, JSONValue.array([Self.beaconRow(7, slot: 128)]).text())
            #expect(far.status == 400 && far.message == "slot 128 is too far ahead")
            let two = try await server.post(
                Self.beacon,
                JSONValue.array([Self.beaconRow(7, slot: 40), Self.beaconRow(7, slot: 40, Self.whole)]).text())
            #expect(two.status == 400)
            #expect(backend.submitted.isEmpty)
        }
    }

    @Test(
        "a body that is no list of selections is the client's fault", arguments: [beacon, sync],
        ["", "{}", "[{}]", "[null]", "[1]", "[["])
    func malformed(path: String, body: String) async throws {
        try await TestServer.with { server in
            let answer = try await server.post(path, body)
            #expect(answer.status == 400)
            #expect(answer.message == (body.isEmpty ? "empty request body" : "failed parsing json request body"))
        }
    }
}
