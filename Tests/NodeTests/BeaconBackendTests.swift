import BeaconAPI
import BeaconClient
import BeaconTestSupport
import DutyWorkflow
import Ethereum
import SSZ
import Synchronization
import TestSupport
import Testing
import ValidatorAPI

@testable import Node

/// What validator clients get of the beacon nodes.
@Suite("answers from beacon nodes", .timeLimit(.minutes(1)))
struct BeaconBackendTests {
    private typealias Answer = FakeBeaconNode.Answer

    private let scene: DutyScene

    init() throws { scene = try DutyScene() }

    private static let validatorsPath = "/eth/v1/beacon/states/head/validators"

    /// Asks the backend of a node whose beacon node answers every question about validators, and others like this.
    private func ask<R: Sendable>(
        _ respond: @escaping @Sendable (ProxyRequest) async -> Answer,
        configure: (inout BeaconClientConfiguration) -> Void = { _ in },
        _ question: @escaping @Sendable (NodeBackend) async throws -> R
    ) async throws -> (answer: R, asked: [ProxyRequest]) {
        let validators = scene.validatorsJSON().text()
        return try await FakeBeaconNode.with({ request in
            request.target == Self.validatorsPath ? .json(validators) : await respond(request)
        }) { node in
            let answer = try await BackendScene.run(scene, beacon: [node.url], configure: configure) {
                try await question($0.backend)
            }
            return (answer, node.requests)
        }
    }

    private func json(_ value: JSONValue) -> Answer { .json(value.text()) }

    // MARK: Duties

    @Test(
        "attester duties are those of the validators named, of all active ones for none", arguments: [[], [8], [7, 8]])
    func attesterDuties(indices: [UInt64]) async throws {
        let duties = json(scene.dutiesJSON())
        let (answer, asked) = try await ask({ _ in duties }) {
            try await $0.attesterDuties(epoch: DutyScene.epoch, indices: indices.map { ValidatorIndex($0) })
        }
        let wanted = indices.isEmpty ? [7, 8] : indices
        #expect(answer.rows.map(\.validatorIndex.rawValue) == wanted)
        #expect(answer.dependentRoot == Root(padding: [9]))
        #expect(asked.last?.target == "/eth/v1/validator/duties/attester/100")
        #expect(asked.last?.body == Array("[\(wanted.map { "\"\($0)\"" }.joined(separator: ","))]".utf8))
    }

    @Test("validators of others have no duties; only what the answer depends on is asked for")
    func others() async throws {
        let duties = json(scene.dutiesJSON())
        let (answers, asked) = try await ask({ _ in duties }) { backend in
            (
                try await backend.attesterDuties(epoch: DutyScene.epoch, indices: [99]),
                try await backend.syncDuties(epoch: DutyScene.epoch, indices: [99])
            )
        }
        #expect(answers.0.rows.isEmpty && answers.0.dependentRoot == Root(padding: [9]))
        #expect(answers.1.rows.isEmpty && answers.1.dependentRoot == nil)
        #expect(asked.map(\.target) == [Self.validatorsPath, "/eth/v1/validator/duties/attester/100"])
    }

    @Test("sync and proposer duties come as the beacon node gives them")
    func otherDuties() async throws {
        var sync = SyncDuty()
        sync.pubKey = scene.validators[0].pubKey
        sync.validatorIndex = 7
        sync.validatorSyncCommitteeIndices = [3]
        var proposer = ProposerDuty()
        proposer.validatorIndex = 1234
        proposer.slot = scene.slot
        let proposers = DutiesAnswer(dependentRoot: .zero, isExecutionOptimistic: true, rows: [proposer])
        let syncs = DutiesAnswer(dependentRoot: nil, isExecutionOptimistic: false, rows: [sync])
        let (answers, asked) = try await ask({ request in
            request.target.contains("proposer") ? self.json(proposers.json()) : self.json(syncs.json())
        }) { backend in
            (
                try await backend.proposerDuties(epoch: DutyScene.epoch, version: .v2),
                try await backend.syncDuties(epoch: DutyScene.epoch, indices: [7])
            )
        }
        #expect(answers.0 == proposers && answers.1 == syncs)
        #expect(asked.map(\.target).contains("/eth/v2/validator/duties/proposer/100"))
    }

    @Test("how far ahead an epoch may lie: two, for sync committees two periods; and nobody is asked about others")
    func tooFar() async throws {
        let empty = DutiesAnswer<SyncDuty>(dependentRoot: .zero, isExecutionOptimistic: false, rows: []).json().text()
        let (reasons, asked) = try await ask({ _ in .json(empty) }) { backend in
            var reasons: [String?] = []
            func note(_ ask: () async throws -> Void) async throws {
                do {
                    try await ask()
                    reasons.append(nil)
                } catch ValidatorAPIRefusal.refused(let reason) { reasons.append(reason) }
            }
            for ahead in [2, 3] as [UInt64] {
                let epoch = Epoch(DutyScene.epoch.rawValue + ahead)
                try await note { _ = try await backend.attesterDuties(epoch: epoch, indices: []) }
                try await note { _ = try await backend.proposerDuties(epoch: epoch, version: .v1) }
            }
            for ahead in [512, 513, .max - 100] as [UInt64] {
                let epoch = Epoch(DutyScene.epoch.rawValue + ahead)
                try await note { _ = try await backend.syncDuties(epoch: epoch, indices: []) }
            }
            return reasons
        }
        #expect(reasons.map { $0 == nil } == [true, true, false, false, true, false, false])
        #expect(reasons[2] == "epoch 103 is too far ahead: the current epoch is 100")
        // The validators, then one question for each epoch that is near.
        #expect(asked.count == 4)
    }

    @Test(
        "duties of when other key shares sign are not told under the old ones, once that is agreed or unknown",
        arguments: [(SwitchStage.confirmed, false), (.locked, false), (.noted, true), (.calledOff, true)])
    func otherShares(_ row: (stage: SwitchStage, areTold: Bool)) async throws {
        let sides = [UInt8(1), 2].map {
            SwitchPlan.Side(lock: Root(padding: [$0]), peerIDs: ["a", "b", "c", "d"], threshold: 3)
        }
        // Decided in the last slot of the current epoch.
        let epoch = Epoch(DutyScene.epoch.rawValue + 2)
        let plan = try SwitchPlan(old: sides[0], new: sides[1], epoch: epoch, slotsPerEpoch: 32)
        var snapshot = JournalSnapshot()
        snapshot.plannedSwitch = SwitchRecord(plan, row.stage)
        let told = try await BackendScene.run(scene, restoring: snapshot) { node in
            let backend = node.backend
            func isTold(_ ask: () async throws -> Void) async -> Bool {
                do {
                    try await ask()
                } catch let refusal as ValidatorAPIRefusal {
                    return !"\(refusal)".hasSuffix("signs with other key shares: ask again then")
                } catch {}
                return true
            }
            var told: [Bool] = []
            for epoch in [Epoch(epoch.rawValue - 1), epoch] {
                told.append(await isTold { _ = try await backend.attesterDuties(epoch: epoch, indices: []) })
                told.append(await isTold { _ = try await backend.proposerDuties(epoch: epoch, version: .v1) })
                told.append(await isTold { _ = try await backend.syncDuties(epoch: epoch, indices: []) })
            }
            return told
        }
        #expect(told == [true, true, true, row.areTold, row.areTold, row.areTold])
    }

    // MARK: Failures

    @Test("a beacon node's refusal reaches the client as it is")
    func refusal() async throws {
        let (error, _) = try await ask({ _ in
            .json(APIErrorBody(code: 404, message: "no such epoch").json().text(), status: 404)
        }) { backend in
            await #expect(throws: BeaconError.self) { try await backend.attesterDuties(epoch: 100, indices: []) }
        }
        #expect(error?.httpStatus == 404 && error?.message.contains("no such epoch") == true)
    }

    @Test("a silent one is a time-out")
    func timeout() async throws {
        let (error, _) = try await ask({ _ in .silence }, configure: { $0.readTimeout = .milliseconds(200) }) {
            backend in
            await #expect(throws: BeaconError.self) { try await backend.proposerDuties(epoch: 100, version: .v1) }
        }
        #expect(error?.cause == .timeout)
    }

    @Test("without a beacon node each question ends with why")
    func absent() async throws {
        let errors = try await BackendScene.run(scene) { node in
            let backend = node.backend
            return [
                await #expect(throws: BeaconError.self) { try await backend.attesterDuties(epoch: 100, indices: []) },
                await #expect(throws: BeaconError.self) { try await backend.proposerDuties(epoch: 100, version: .v1) },
                await #expect(throws: BeaconError.self) { try await backend.syncDuties(epoch: 100, indices: [7]) },
                await #expect(throws: BeaconError.self) {
                    try await backend.validators(.indices([7]), state: .head)
                },
                await #expect(throws: BeaconError.self) {
                    try await backend.proxy(ProxyRequest(method: "GET", target: "/x"))
                },
                await #expect(throws: BeaconError.self) {
                    try await backend.proxyEvents(ProxyRequest(method: "GET", target: "/x"))
                },
            ]
        }
        for error in errors {
            guard case .connection? = error?.cause else {
                Issue.record("\(String(describing: error))")
                continue
            }
        }
    }

    @Test("a client that goes away while the beacon node is silent is let go")
    func goneClient() async throws {
        let asked = Gate()
        let respond: @Sendable (ProxyRequest) async -> Answer = { _ in
            asked.open()
            return .silence
        }
        let (cause, _) = try await ask(respond) { backend in
            await withTaskGroup(of: BeaconError.Cause?.self) { group in
                group.addTask {
                    do {
                        _ = try await backend.proposerDuties(epoch: 100, version: .v1)
                        return nil
                    } catch { return (error as? BeaconError)?.cause }
                }
                await asked.wait()
                group.cancelAll()
                return await group.next() ?? nil
            }
        }
        #expect(cause == .cancelled)
    }

    // MARK: Passed on

    @Test("validators, requests and event streams are passed on")
    func passedOn() async throws {
        let row = scene.beaconRow(scene.validators[1])
        let (answers, asked) = try await ask({ request in
            request.target.contains("events")
                ? .stream(["event: head\n\n"]) : .json(#"{"data":1}"#, status: 202)
        }) { backend in
            let events = try await backend.proxyEvents(
                ProxyRequest(method: "GET", target: "/eth/v1/events?topics=head"))
            var chunks: [UInt8] = []
            for try await chunk in events.body { chunks += chunk }
            return (
                try await backend.validators(.indices([8]), state: .head),
                try await backend.proxy(ProxyRequest(method: "POST", target: "/eth/v1/x?y=1", body: [1, 2])).status,
                chunks
            )
        }
        #expect(answers.0 == [row] && answers.1 == 202 && answers.2 == Array("event: head\n\n".utf8))
        let passed = try #require(asked.first { $0.target == "/eth/v1/x?y=1" })
        #expect(passed.method == "POST" && passed.body == [1, 2])
    }

    @Test("of requests passed on the node hears those that a beacon node took")
    func hears() async throws {
        let heard = Mutex<[String]>([])
        let (statuses, _) = try await ask({ request in
            .json("{}", status: request.target.hasSuffix("bad") ? 400 : 200)
        }) { backend in
            var backend = backend
            backend.passedOn = { request in heard.withLock { $0.append(request.target) } }
            return (
                try await backend.proxy(ProxyRequest(method: "POST", target: "/eth/v1/good", body: [1])).status,
                try await backend.proxy(ProxyRequest(method: "POST", target: "/eth/v1/bad", body: [1])).status
            )
        }
        let good = heard.withLock { $0 }
        #expect(statuses.0 == 200 && statuses.1 == 400 && good == ["/eth/v1/good"])
    }
}
