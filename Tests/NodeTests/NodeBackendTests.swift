import BeaconAPI
import BeaconTestSupport
import Dispatch
import DutyWorkflow
import Ethereum
import SSZ
import TestSupport
import Testing
import ValidatorAPI

@testable import Node

/// What validator clients get of the workflow. What they get of beacon nodes: BeaconBackendTests.
@Suite("answers from the workflow", .timeLimit(.minutes(2)))
struct NodeBackendTests {
    private let scene: DutyScene

    init() throws { scene = try DutyScene() }

    // MARK: Attestation data

    @Test("attestation data are those decided, whether the client came before or after", arguments: [false, true])
    func data(isEarly: Bool) async throws {
        let (slot, expected) = (scene.slot, scene.data())
        let data = try await BackendScene.run(scene) { node in
            if !isEarly { node.decide() }
            return try await node.asking({ try await $0.awaitAttestationData(slot: slot, committee: 0) }) {
                if isEarly { node.decide() }
            }
        }
        #expect(data == expected)
    }

    @Test("no sooner than they are on disk")
    func durable() async throws {
        let disk = FakeDisk()
        let isWritten = Gate()
        let (slot, expected) = (scene.slot, scene.data())
        let data = try await BackendScene.run(scene, disk: disk) { node in
            node.decide()
            let commit = await disk.next()
            #expect(commit.records.contains { if case .unsigned = $0 { true } else { false } })
            return try await node.asking({ backend in
                let data = try await backend.awaitAttestationData(slot: slot, committee: 0)
                #expect(isWritten.isOpen)
                return data
            }) {
                // Not held back, because it commits us to nothing: the question before it would have been answered, too.
                _ = try await node.backend.attesterPubKeys([])
                isWritten.open()
                commit.done(.success(()))
            }
        }
        #expect(data == expected)
    }

    /// Why there are no attestation data.
    private func whyNot(_ slot: Slot, _ backend: NodeBackend) async throws -> ValidatorAPIRefusal? {
        do {
            _ = try await backend.awaitAttestationData(slot: slot, committee: 0)
            return nil
        } catch let refusal as ValidatorAPIRefusal { return refusal }
    }

    @Test("what is over is not found, nor is what no node knows yet")
    func wrongSlots() async throws {
        let slot = scene.slot
        let refusals = try await BackendScene.run(scene) { node in
            [try await whyNot(slot - 64, node.backend), try await whyNot(slot + 128, node.backend)]
        }
        #expect(
            refusals == [
                .notFound("duty \(slot.rawValue - 64)/attester is over"),
                .notFound("slot \(slot.rawValue + 128) is too far ahead"),
            ])
    }

    @Test("a slot in which nobody has a duty is not found at once, when the epoch's duties are known")
    func noDuty() async throws {
        let slot = scene.slot
        let rows = scene.validators.map { DutyDefinition.attester($0.row) }
        let refusals = try await BackendScene.run(scene) { node in
            node.driver.post(.dutiesResolved(DutyScene.epoch, .attester, rows))
            return [try await whyNot(slot + 1, node.backend), try await whyNot(slot + 2, node.backend)]
        }
        #expect(
            refusals
                == [UInt64(1), 2].map {
                    .notFound("no validator of the cluster has duty \(slot.rawValue + $0)/attester")
                })
    }

    @Test("who waits for what is never decided learns it at the deadline")
    func timeout() async throws {
        let slot = scene.slot
        let refusal = try await BackendScene.run(scene) { node -> ValidatorAPIRefusal? in
            return try await node.asking({ try await whyNot(slot, $0) }) { node.advance(by: .seconds(12 * 40)) }
        }
        #expect(refusal == .unavailable("duty \(slot.rawValue)/attester is over, and the cluster did not decide it"))
    }

    @Test("a client that goes away leaves its place: places are few, and all are free again")
    func goneClients() async throws {
        let places = 16384
        let (slot, expected) = (scene.slot, scene.data())
        let data = try await BackendScene.run(scene) { node in
            let gone = try await withThrowingTaskGroup(of: ValidatorAPIRefusal?.self) { group in
                for _ in 0...places {
                    group.addTask {
                        do { return try await whyNot(slot, node.backend) } catch is CancellationError { return nil }
                    }
                }
                // One too many came; all others wait.
                let first = try await group.next() ?? nil
                #expect(first == .unavailable("too many requests are waiting"))
                group.cancelAll()
                return try await group.reduce(into: 0) { count, refusal in count += refusal == nil ? 1 : 0 }
            }
            #expect(gone == places)
            return try await node.asking({ try await $0.awaitAttestationData(slot: slot, committee: 0) }) {
                node.decide()
            }
        }
        #expect(data == expected)
    }

    @Test("a node that stops lets its clients go")
    func stops() async throws {
        let slot = scene.slot
        let node = try await BackendScene.run(scene) { node in node }
        await #expect(throws: CancellationError.self) {
            _ = try await node.backend.awaitAttestationData(slot: slot, committee: 0)
        }
        let partials = LocalPartials(scene.duty, try scene.partials())
        await #expect(throws: CancellationError.self) { _ = try await node.backend.submit([partials]) }
        await #expect(throws: CancellationError.self) { _ = try await node.backend.attesterPubKeys([]) }
    }

    @Test("who attests where is what was decided")
    func attesters() async throws {
        let (slot, rows) = (scene.slot, scene.validators.map(\.row))
        let positions = (rows.map(\.validatorIndex) + [99]).map {
            AttesterPosition(slot: slot, committee: 0, validator: $0)
        }
        let (before, after) = try await BackendScene.run(scene) { node in
            let before = try await node.backend.attesterPubKeys(positions)
            node.decide()
            return (before, try await node.backend.attesterPubKeys(positions))
        }
        #expect(before == [nil, nil, nil])
        #expect(after == rows.map(\.pubKey) + [nil])
    }

    // MARK: Signatures

    @Test("shares hold under this operator's public shares only, and each bad set is named by its validator")
    func verify() async throws {
        let duty = scene.duty
        let good = try scene.partials()
        let forged = try scene.partials(signedBy: PeerIndex(1))
        let first = try #require(good.keys.min())
        var mixed = good
        mixed[first] = forged[first]
        var foreign = good
        foreign[first]?.shareIndex = ShareIndex(PeerIndex(3))
        let sets = [good, forged, mixed, [:], foreign].map { LocalPartials(duty, $0) }
        let refusals = try await BackendScene.run(scene) { node in try await node.backend.verify(sets) }
        let bad = ValidatorAPIRefusal.refused(
            "the signature for validator \(first.pubKey) does not verify under this operator's key share")
        #expect(refusals == [nil, bad, bad, nil, bad])
    }

    @Test("more signatures than can be checked in time: not now, and nothing is lost of those that wait")
    func verifyTooMany() async throws {
        let partials = LocalPartials(scene.duty, try scene.partials())
        let partial = try #require(partials.set.first)
        let claim = try #require(scene.keys.claim(partial.value, partial.key, DutyScene.domains))
        let scene = scene
        let refusals = try await BackendScene.run(scene) { node in
            let gate = DispatchSemaphore(value: 0)
            for _ in 0..<scene.threads.count { scene.threads.submit(.own) { gate.wait() } }
            #expect(scene.verifier.verify(Array(repeating: claim, count: 32767)) { _ in })
            let error = await #expect(throws: ValidatorAPIRefusal.self) { try await node.backend.verify([partials]) }
            #expect(error == .unavailable("too many signatures wait to be checked"))
            // One more there is room for, behind all the others: it need not be waited for here.
            #expect(scene.verifier.verify([claim]) { _ in })
            for _ in 0..<scene.threads.count { gate.signal() }
            return error
        }
        #expect(refusals != nil)
    }

    @Test("what was decided is taken once it is on disk, and again when it comes again")
    func submits() async throws {
        let disk = FakeDisk()
        let partials = LocalPartials(scene.duty, try scene.partials())
        let (first, again) = try await BackendScene.run(scene, disk: disk) { node in
            node.decide()
            await disk.next().done(.success(()))
            let first = try await node.asking({ try await $0.submit([partials]) }) {
                let commit = await disk.next()
                #expect(commit.records.contains { if case .partials = $0 { true } else { false } })
                #expect(commit.records.contains { if case .attestationWatermark = $0 { true } else { false } })
                commit.done(.success(()))
            }
            disk.free()
            return (first, try await node.backend.submit([partials]))
        }
        #expect(first == [[:]] && again == [[:]])
    }

    @Test("what was not decided is refused with the reason")
    func refusesUndecided() async throws {
        let partials = LocalPartials(scene.duty, try scene.partials())
        let refusals = try await BackendScene.run(scene) { node in try await node.backend.submit([partials]) }
        #expect(refusals.count == 1 && refusals[0].count == partials.set.count)
        #expect(refusals[0].values.allSatisfy { $0.description.contains("has not decided duty \(scene.duty)") })
    }

    @Test("of several sets, and of one set's signatures, each has its own verdict, in one pass through the workflow")
    func submitsMixed() async throws {
        let good = LocalPartials(scene.duty, try scene.partials())
        let other = LocalPartials(.attester(slot: scene.slot - 1), good.set)
        var mixed = good
        let first = try #require(good.set.keys.min())
        mixed.set[first]?.shareIndex = ShareIndex(PeerIndex(3))
        let sets = [other, mixed, other, good]
        let (refusals, passes) = try await BackendScene.run(scene) { node in
            node.decide()
            let before = await node.driver.lastTicket
            let refusals = try await node.backend.submit(sets)
            return (refusals, await node.driver.lastTicket - before)
        }
        let all = Set(good.set.keys)
        let expected: [Set<EntryKey>] = [all, [first], all, []]
        #expect(refusals.map { Set($0.keys) } == expected)
        #expect(passes == 1)
    }

    @Test("a client that goes away while the disk is busy hears nothing, and its shares are kept")
    func goneWhileStoring() async throws {
        let disk = FakeDisk()
        let partials = LocalPartials(scene.duty, try scene.partials())
        let again = try await BackendScene.run(scene, disk: disk) { node in
            node.decide()
            await disk.next().done(.success(()))
            let commit = try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { _ = try await node.backend.submit([partials]) }
                let commit = await disk.next()
                group.cancelAll()
                do {
                    try await group.waitForAll()
                    Issue.record("answered before it is on disk")
                } catch is CancellationError {}
                return commit
            }
            commit.done(.success(()))
            disk.free()
            return try await node.backend.submit([partials])
        }
        #expect(again == [[:]])
    }
}
