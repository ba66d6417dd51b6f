import BeaconAPI
import BeaconClient
import BeaconTestSupport
import DutyWorkflow
import Ethereum
import SSZ
import Synchronization
import TestSupport
import Testing

@testable import Node

/// Effects that ask or tell a beacon node: the right call, and its outcome as the right event.
@Suite("effects of a node towards its beacon node", .timeLimit(.minutes(1)))
struct BeaconEffectsTests {
    private typealias Answer = FakeBeaconNode.Answer

    private let scene: DutyScene

    init() throws { scene = try DutyScene() }

    private static let validatorsPath = "/eth/v1/beacon/states/head/validators"
    private static let dutiesPath = "/eth/v1/validator/duties/attester/100"
    private static let proposersPath = "/eth/v1/validator/duties/proposer/100"
    private static let membersPath = "/eth/v1/validator/duties/sync/100"

    private func json(_ value: JSONValue) -> Answer { .json(value.text()) }

    /// Of an effect against a node that answers like this: its outcomes, and what the node was asked.
    private func outcomes(
        of effect: Effect, count: Int = 1, scene: DutyScene? = nil,
        configure: (inout BeaconClientConfiguration) -> Void = { _ in },
        _ respond: @escaping @Sendable (ProxyRequest) async -> Answer
    ) async throws -> (events: [Event], asked: [ProxyRequest]) {
        try await FakeBeaconNode.with(respond) { node in
            let events = try await EffectHands.outcomes(
                of: [effect], count: count, scene ?? self.scene, beacon: [node.url], configure: configure)
            return (events, node.requests)
        }
    }

    // MARK: Duties

    private static let allDuties = Effect.resolveDuties(DutyScene.epoch, Set(DutyKind.allCases))

    private func resolved(_ events: [Event]) -> [DutyKind: [DutyDefinition]] {
        var rows: [DutyKind: [DutyDefinition]] = [:]
        for case .dutiesResolved(DutyScene.epoch, let kind, let some) in events { rows[kind] = some }
        return rows
    }

    private func unavailable(_ events: [Event]) -> [DutyKind: String] {
        var reasons: [DutyKind: String] = [:]
        for case .dutiesUnavailable(DutyScene.epoch, let kind, let reason) in events { reasons[kind] = reason }
        return reasons
    }

    private var ours: ProposerDuty {
        var row = ProposerDuty()
        row.pubKey = scene.validators[1].pubKey
        row.validatorIndex = scene.validators[1].row.validatorIndex
        row.slot = scene.slot
        return row
    }

    private var member: SyncDuty {
        var row = SyncDuty()
        row.pubKey = scene.validators[0].pubKey
        row.validatorIndex = scene.validators[0].row.validatorIndex
        row.validatorSyncCommitteeIndices = [3]
        return row
    }

    /// What a beacon node that knows everything says, by path.
    private var dutyAnswers: [String: Answer] {
        var foreign = ours
        foreign.validatorIndex = 1234
        let proposers = DutiesAnswer(dependentRoot: .zero, isExecutionOptimistic: false, rows: [ours, foreign])
        let members = DutiesAnswer(dependentRoot: nil, isExecutionOptimistic: false, rows: [member])
        return [
            Self.validatorsPath: json(scene.validatorsJSON()), Self.dutiesPath: json(scene.dutiesJSON()),
            Self.proposersPath: json(proposers.json()), Self.membersPath: json(members.json()),
        ]
    }

    @Test("an epoch's duties are those of the active validators, who are asked for once for all kinds")
    func duties() async throws {
        let answers = dutyAnswers
        let (events, asked) = try await outcomes(of: Self.allDuties, count: 3) { request in
            answers[request.target] ?? .json("{}", status: 404)
        }
        #expect(
            resolved(events) == [
                .attester: scene.validators.map { .attester($0.row) }, .proposer: [.proposer(ours)],
                .sync: [.sync(member)],
            ])
        #expect(
            asked.map(\.target).sorted()
                == [Self.validatorsPath, Self.dutiesPath, Self.proposersPath, Self.membersPath].sorted())
        #expect(asked.first { $0.target == Self.dutiesPath }?.body == Array(#"["7","8"]"#.utf8))
    }

    @Test("an active validator without a row is named, and the other's duty is known")
    func withoutRow() async throws {
        var answers = dutyAnswers
        answers[Self.dutiesPath] = json(scene.dutiesJSON([scene.validators[0].row]))
        let (events, _) = try await outcomes(of: .resolveDuties(DutyScene.epoch, [.attester]), count: 2) {
            [answers] request in answers[request.target] ?? .json("{}", status: 404)
        }
        #expect(resolved(events) == [.attester: [.attester(scene.validators[0].row)]])
        guard case .dutiesIncomplete(DutyScene.epoch, .attester, let without)? = events.last else {
            Issue.record("\(events)")
            return
        }
        #expect(without == [scene.validators[1].pubKey])
    }

    @Test("a beacon node that knows none of the cluster's validators is asked again for each kind")
    func noneKnown() async throws {
        let nobody = json(["data": .array([])])
        let (events, _) = try await outcomes(of: Self.allDuties, count: 6) { _ in nobody }
        var kinds: Set<DutyKind> = []
        for case .dutiesIncomplete(DutyScene.epoch, let kind, let without) in events where without.isEmpty {
            kinds.insert(kind)
        }
        #expect(kinds == Set(DutyKind.allCases) && resolved(events).count == 3)
    }

    @Test("one kind alone is asked for alone")
    func oneKind() async throws {
        let answers = dutyAnswers
        let (events, asked) = try await outcomes(of: .resolveDuties(DutyScene.epoch, [.proposer])) { request in
            answers[request.target] ?? .json("{}", status: 404)
        }
        #expect(resolved(events) == [.proposer: [.proposer(ours)]])
        #expect(asked.map(\.target) == [Self.validatorsPath, Self.proposersPath])
    }

    @Test("without an active validator there are no duties, and nobody is asked for them")
    func noneActive() async throws {
        let validators = json(scene.validatorsJSON(.pendingQueued))
        let (events, asked) = try await outcomes(of: Self.allDuties, count: 3) { _ in validators }
        #expect(resolved(events) == [.attester: [], .proposer: [], .sync: []])
        #expect(asked.count == 1)
    }

    @Test("a validator that becomes active in the next epoch has that epoch's duties")
    func activatesNext() async throws {
        let answer = DutiesAnswer(
            dependentRoot: .zero, isExecutionOptimistic: false, rows: [scene.validators[0].row])
        var pending = scene.beaconRow(scene.validators[0], .pendingQueued)
        pending.validator.activationEpoch = DutyScene.epoch
        let validators = json(["data": .array([pending.json()])])
        let duties = json(answer.json())
        let (events, asked) = try await outcomes(of: .resolveDuties(DutyScene.epoch, [.attester])) { request in
            request.target == Self.validatorsPath ? validators : duties
        }
        #expect(resolved(events) == [.attester: [.attester(scene.validators[0].row)]])
        #expect(asked.last?.body == Array(#"["7"]"#.utf8))
    }

    @Test("a beacon node that does not tell the validators leaves all kinds unknown, with its reason")
    func validatorsFail() async throws {
        let (events, _) = try await outcomes(of: Self.allDuties, count: 3) { _ in
            .json(APIErrorBody(code: 500, message: "no state").json().text(), status: 500)
        }
        let reasons = unavailable(events)
        #expect(reasons.count == 3 && reasons.values.allSatisfy { $0.contains("no state") })
    }

    @Test(
        "a beacon node that fails at one kind leaves that kind unknown, with its reason, and no other",
        arguments: [dutiesPath, proposersPath, membersPath])
    func dutiesFail(path: String) async throws {
        let answers = dutyAnswers
        let (events, _) = try await outcomes(of: Self.allDuties, count: 3) { request in
            request.target == path
                ? .json(APIErrorBody(code: 500, message: "no state").json().text(), status: 500)
                : answers[request.target] ?? .json("{}", status: 404)
        }
        let reasons = unavailable(events)
        #expect(reasons.count == 1 && reasons.values.allSatisfy { $0.contains("no state") })
        #expect(resolved(events).count == 2 && Set(resolved(events).keys).isDisjoint(with: reasons.keys))
    }

    @Test("rows that are of no use are no duties: the answer counts as none")
    func wrongDuties() async throws {
        var row = scene.validators[0].row
        row.slot = scene.slot + 32
        let (validators, duties) = (json(scene.validatorsJSON()), json(scene.dutiesJSON([row])))
        let (events, _) = try await outcomes(of: .resolveDuties(DutyScene.epoch, [.attester])) { request in
            request.target == Self.validatorsPath ? validators : duties
        }
        #expect(unavailable(events)[.attester]?.contains("unusable answer") == true)
    }

    @Test("nobody listens: every question has its answer all the same, and asking again may help")
    func absent() async throws {
        let set = try scene.signed()
        let events = try await EffectHands.outcomes(
            of: [
                .resolveDuties(DutyScene.epoch, [.sync]), .fetch(scene.duty, .attestationData([0])),
                .broadcast(scene.duty, set),
            ], count: 3, scene)
        #expect(events.count == 3)
        for event in events {
            switch event {
            case .dutiesUnavailable(DutyScene.epoch, .sync, _): continue
            case .fetchFailed(scene.duty, let failure): #expect(failure.isTemporary)
            case .broadcastFailed(scene.duty, let failed, let failure): #expect(failed == set && failure.isTemporary)
            default: Issue.record("\(event)")
            }
        }
    }

    // MARK: Attestation data

    /// Attestation data of the committee asked for.
    private func served(_ request: ProxyRequest) -> Answer {
        let committee = UInt64(request.target.split(separator: "=").last ?? "") ?? .max
        return json(["data": scene.data(of: CommitteeIndex(committee)).json()])
    }

    @Test("attestation data of all committees come together", arguments: [[0], [3, 1, 2]] as [[CommitteeIndex]])
    func fetches(committees: [CommitteeIndex]) async throws {
        let (events, asked) = try await outcomes(of: .fetch(scene.duty, .attestationData(committees))) {
            self.served($0)
        }
        guard events.count == 1, case .fetched(scene.duty, .attestationData(let data)) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(data == Dictionary(uniqueKeysWithValues: committees.map { ($0, scene.data(of: $0)) }))
        let expected = committees.map {
            "/eth/v1/validator/attestation_data?slot=\(scene.slot)&committee_index=\($0)"
        }
        #expect(Set(asked.map(\.target)) == Set(expected) && asked.count == expected.count)
    }

    @Test("one committee's failure fails the fetch, once")
    func fetchHalfFails() async throws {
        let effect = Effect.fetch(scene.duty, .attestationData([1, 2, 3]))
        let (events, _) = try await outcomes(of: effect) { request in
            request.target.hasSuffix("=2") ? .json("{}", status: 400) : self.served(request)
        }
        guard events.count == 1, case .fetchFailed(scene.duty, _) = events[0] else {
            Issue.record("\(events)")
            return
        }
    }

    @Test(
        "whether asking again may help is the beacon node's to say",
        arguments: [
            (503, "down", true), (400, "no such slot", false), (400, "slot is in the future", true), (200, "x", true),
            (401, "key expired", true), (429, "slow down", true), (500, "boom", true),
        ])
    func fetchFails(status: Int, message: String, isTemporary: Bool) async throws {
        let (events, _) = try await outcomes(of: .fetch(scene.duty, .attestationData([0]))) { _ in
            .json(APIErrorBody(code: status, message: message).json().text(), status: status)
        }
        guard events.count == 1, case .fetchFailed(scene.duty, let failure) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(failure.isTemporary == isTemporary)
    }

    @Test("silence ends at the time-out")
    func fetchTimesOut() async throws {
        let effect = Effect.fetch(scene.duty, .attestationData([0]))
        let (events, _) = try await outcomes(of: effect, configure: { $0.readTimeout = .milliseconds(50) }) { _ in
            .silence
        }
        guard events.count == 1, case .fetchFailed(_, let failure) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(failure.isTemporary && failure.reason.contains("timeout"))
    }

    // MARK: Broadcast

    /// 33 are encoded by a crypto thread.
    @Test("signed attestations are published, few or many", arguments: [1, 2, 33])
    func broadcasts(validators: Int) async throws {
        let scene = try DutyScene(validators: validators)
        let set = try scene.signed()
        let (events, asked) = try await outcomes(of: .broadcast(scene.duty, set), scene: scene) { _ in .json("") }
        guard events.count == 1, case .broadcastSucceeded(scene.duty, let keys) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(keys == set.keys.sorted())
        let request = try #require(asked.first)
        #expect(asked.count == 1 && request.target == "/eth/v2/beacon/pool/attestations")
        #expect(request.headers[HeaderName.consensusVersion] == "fulu")
        let submission = try AttestationSubmission(json: JSONValue(parsing: request.body), fork: .fulu)
        let expected = try set.sorted { $0.key < $1.key }.map { entry in
            guard case .attestation(let attestation) = entry.value else { throw BackendScene.Ended() }
            return try attestation.single()
        }
        #expect(submission == .single(expected))
    }

    @Test("what the beacon node has already is published")
    func alreadyKnown() async throws {
        let (events, _) = try await outcomes(of: .broadcast(scene.duty, try scene.signed())) { _ in
            .json(APIErrorBody(code: 400, message: "PriorAttestationKnown").json().text(), status: 400)
        }
        guard events.count == 1, case .broadcastSucceeded = events[0] else {
            Issue.record("\(events)")
            return
        }
    }

    @Test(
        "what it refuses is told with all of the set",
        arguments: [(503, true), (400, false), (401, false), (500, false)])
    func refused(status: Int, isTemporary: Bool) async throws {
        let set = try scene.signed()
        let (events, _) = try await outcomes(of: .broadcast(scene.duty, set)) { _ in
            .json(APIErrorBody(code: status, message: "no").json().text(), status: status)
        }
        guard events.count == 1, case .broadcastFailed(scene.duty, set, let failure) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(failure.isTemporary == isTemporary)
    }

    @Test("a vote without its validator cannot be written: nobody is asked, and trying again is no use")
    func unwritable() async throws {
        var set = try scene.signed()
        let key = try #require(set.keys.min())
        guard case .attestation(var attestation) = set[key] else {
            Issue.record("no attestation")
            return
        }
        attestation.validatorIndex = nil
        set[key] = .attestation(attestation)
        let (events, asked) = try await outcomes(of: .broadcast(scene.duty, set)) { _ in .json("") }
        guard events.count == 1, case .broadcastFailed(scene.duty, set, let failure) = events[0] else {
            Issue.record("\(events)")
            return
        }
        #expect(!failure.isTemporary && asked.isEmpty)
    }

    // MARK: The end

    @Test("a node that stops while its beacon node is silent waits for nothing, and each question has its end")
    func stopsInFlight() async throws {
        let set = try scene.signed()
        let asked = Mutex<Set<String>>([])
        let all = Gate()
        let respond: @Sendable (ProxyRequest) async -> Answer = { request in
            let count = asked.withLock { asked in
                asked.insert(request.target)
                return asked.count
            }
            if count == 3 { all.open() }
            return .silence
        }
        let events = try await FakeBeaconNode.with(respond) { node in
            try await EffectHands.run(scene, beacon: [node.url]) { hands in
                hands.perform(.resolveDuties(DutyScene.epoch, [.attester]))
                hands.perform(.fetch(scene.duty, .attestationData([0])))
                hands.perform(.broadcast(scene.duty, set))
                await all.wait()
            }
        }
        var ended: Set<String> = []
        for event in events {
            switch event {
            case .dutiesUnavailable(_, _, let reason): ended.insert("duties \(reason.contains("cancelled"))")
            case .fetchFailed(_, let failure): ended.insert("fetch \(failure.isTemporary)")
            case .broadcastFailed(_, set, let failure): ended.insert("broadcast \(failure.isTemporary)")
            default: Issue.record("\(event)")
            }
        }
        #expect(ended == ["duties true", "fetch true", "broadcast true"] && events.count == 3)
    }

    @Test("after the end nobody is asked for duties any more")
    func afterTheEnd() async throws {
        let (node, events) = try await FakeBeaconNode.with({ _ in .json("{}") }) { node in
            let events = try await EffectHands.run(scene, beacon: [node.url]) { hands in
                await hands.stop()
                hands.perform(.resolveDuties(DutyScene.epoch, [.attester]))
                hands.perform(.report(.started(scene.duty, validators: 1)))
                await hands.reports.wait(for: 1)
            }
            return (node, events)
        }
        #expect(events.isEmpty && node.requests.isEmpty)
    }
}
