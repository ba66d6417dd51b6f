import BeaconAPI
import DutyWorkflow
import Ethereum
import SSZ
import Synchronization
import Testing

@testable import Node

@Suite("looks once a slot whether the node is ready")
struct NodeMonitoringTests {
    /// What the world is like, from slot to slot.
    private final class World: Sendable {
        let beaconNode = Mutex<NodeReadiness.Facts.BeaconNode?>(.following(behind: 0))
        let peers = Mutex<UInt64?>(5)
        let peerQuestions = Mutex(0)
        let connected = Mutex(2)
        let requests = Mutex<UInt64>(0)

        private static let error = BeaconError(endpoint: "x", node: "", cause: .timeout)

        var questions: NodeMonitoring.Questions {
            .init(
                syncing: { [self] () async throws(BeaconError) in
                    guard let answer = beaconNode.withLock({ $0 }) else { throw Self.error }
                    return answer
                },
                peerCount: { [self] () async throws(BeaconError) in
                    peerQuestions.withLock { $0 += 1 }
                    guard let count = peers.withLock({ $0 }) else { throw Self.error }
                    return count
                },
                connected: { [self] in connected.withLock { $0 } }, requests: { [self] in requests.withLock { $0 } })
        }
    }

    private static let clock = SlotClock(
        genesis: Instant(unixSeconds: 1000), slotDuration: .seconds(12), slotsPerEpoch: 4)

    @Test("tells each reason while it lasts, in the gauge as on the page")
    func codes() async throws {
        let monitoring = NodeMonitoring(try NodeFiles().metrics(), operators: 4, signs: false)
        let world = World()
        var slot: UInt64 = 0
        func look() async -> Int {
            await monitoring.look(world.questions, at: Self.clock.start(of: Slot(slot)))
            slot += 1
            let gauge = monitoring.metrics.registry.metrics.first { $0.name == "app_monitoring_readyz" }
            #expect(gauge?.series.map(\.value) == [.number(Double(monitoring.readiness.code))])
            return monitoring.readiness.code
        }
        #expect(await look() == 0)
        monitoring.note(missing: "refused")
        #expect(monitoring.readiness.code == 2)
        monitoring.note(Self.clock)
        #expect(await look() == 1)
        world.beaconNode.withLock { $0 = nil }
        #expect(await look() == 2)
        world.beaconNode.withLock { $0 = .syncing(behind: 4) }
        #expect(await look() == 3)
        world.beaconNode.withLock { $0 = .following(behind: 321) }
        #expect(await look() == 8)
        world.beaconNode.withLock { $0 = .following(behind: 0) }
        world.connected.withLock { $0 = 1 }
        // Nobody has asked in the first whole epoch.
        #expect(await look() == 5)
        // Six slots in a row.
        while slot < 10 { #expect(await look() == 5) }
        _ = await look()
        #expect(monitoring.readiness.code == 4)
        world.connected.withLock { $0 = 2 }
        world.requests.withLock { $0 = 7 }
        while slot < 13 { _ = await look() }
        #expect(monitoring.readiness.code == 1)
    }

    @Test("while a new journal is watched, the page tells how long; a validator that is stopped leaves the node ready")
    func watching() async throws {
        let monitoring = NodeMonitoring(try NodeFiles().metrics(), operators: 4, signs: true)
        let world = World()
        monitoring.note(Self.clock)
        monitoring.note(.watches(until: Slot(12)))
        func page(slot: UInt64) async throws -> (status: Int, text: String) {
            await monitoring.look(world.questions, at: Self.clock.start(of: Slot(slot)))
            let maker = try #require(monitoring.pages(enr: "", collect: {})["/readyz"])
            let page = await maker()
            return (page.status, page.body)
        }
        let early = try await page(slot: 2)
        #expect(early.status == 500 && early.text.contains("wait 2m0s more"))
        #expect(try await page(slot: 12) == (200, "ok"))
        monitoring.note(Slashing(.proven, seen: "two blocks of slot 9"), of: PubKey(padding: [7]))
        let stopped = try await page(slot: 13)
        #expect(stopped.status == 200 && stopped.text.hasPrefix("ok\nthis node's operator: nothing more is signed for"))
        #expect(stopped.text.contains("two blocks of slot 9"))
        func gauge() -> [Double] {
            let metric = monitoring.metrics.registry.metrics.first { $0.name == "styx_validators_stopped" }
            return (metric?.series ?? []).compactMap { if case .number(let value) = $0.value { value } else { nil } }
        }
        #expect(gauge() == [1])
        monitoring.note(nil, of: PubKey(padding: [7]))
        #expect(try await page(slot: 14) == (200, "ok") && gauge() == [0])
    }

    @Test("a journal that cannot be used is told at once and until it can, a slow disk while it is slow")
    func journal() async throws {
        let monitoring = NodeMonitoring(try NodeFiles().metrics(), operators: 4, signs: true)
        let world = World()
        let time = Mutex(Duration.zero)
        var questions = world.questions
        questions.commitTime = { time.withLock { $0 } }
        monitoring.note(Self.clock)
        func look(_ slot: UInt64) async -> NodeReadiness {
            await monitoring.look(questions, at: Self.clock.start(of: Slot(slot)))
            return monitoring.readiness
        }
        #expect(await look(0) == .ready)
        monitoring.note(journal: "it is gone")
        #expect(monitoring.readiness == .journalRefused("it is gone"))
        #expect(await look(1) == .journalRefused("it is gone"))
        monitoring.note(journal: nil)
        #expect(await look(2) == .ready)
        time.withLock { $0 = .seconds(4) }
        #expect(await look(3) == .diskSlow(.seconds(4)))
        time.withLock { $0 = .milliseconds(4) }
        #expect(await look(4) == .ready)
        // The gravest stays.
        monitoring.note(halt: "a vote")
        monitoring.note(journal: "it is gone")
        #expect(monitoring.readiness == .halted("a vote"))
    }

    @Test("a switch that is not known to be decided makes a node unready from its epoch on, until it is")
    func undecided() async throws {
        let monitoring = NodeMonitoring(try NodeFiles().metrics(), operators: 4, signs: true)
        let world = World()
        monitoring.note(Self.clock)
        monitoring.note(undecided: Epoch(3))
        await monitoring.look(world.questions, at: Self.clock.start(of: Slot(11)))
        #expect(monitoring.readiness == .ready)
        await monitoring.look(world.questions, at: Self.clock.start(of: Slot(12)))
        #expect(monitoring.readiness == .switchUndecided(Epoch(3)))
        monitoring.note(undecided: nil)
        await monitoring.look(world.questions, at: Self.clock.start(of: Slot(13)))
        #expect(monitoring.readiness == .ready)
    }

    @Test("a clock that was set is told for some minutes")
    func clockSet() async throws {
        let monitoring = NodeMonitoring(try NodeFiles().metrics(), operators: 4, signs: true)
        let world = World()
        monitoring.note(Self.clock)
        let (begin, steady) = (Self.clock.genesis, ContinuousClock.now)
        #expect(monitoring.noteTime(begin, steady: steady) == nil)
        #expect(monitoring.noteTime(begin + .seconds(112), steady: steady + .seconds(12)) == .seconds(100))
        await monitoring.look(world.questions, at: begin + .seconds(112))
        #expect(monitoring.readiness == .clockJumped(.seconds(100)))
        for number in 2..<40 {
            let passed = Duration.seconds(12 * number)
            #expect(monitoring.noteTime(begin + .seconds(100) + passed, steady: steady + passed) == nil)
        }
        await monitoring.look(world.questions, at: begin + .seconds(600))
        #expect(monitoring.readiness == .ready)
    }

    @Test("asks for the beacon node's peers once a minute, and keeps the last answer")
    func peers() async throws {
        let monitoring = NodeMonitoring(try NodeFiles().metrics(), operators: 4, signs: true)
        let world = World()
        monitoring.note(Self.clock)
        func look(_ slots: ClosedRange<UInt64>) async -> Int {
            for slot in slots { await monitoring.look(world.questions, at: Self.clock.start(of: Slot(slot))) }
            return monitoring.readiness.code
        }
        world.peers.withLock { $0 = nil }
        #expect(await look(0...4) == 1)
        #expect(world.peerQuestions.withLock { $0 } == 1)
        world.peers.withLock { $0 = 0 }
        #expect(await look(5...9) == 7)
        #expect(world.peerQuestions.withLock { $0 } == 2)
        world.peers.withLock { $0 = nil }
        #expect(await look(10...14) == 7)
        world.peers.withLock { $0 = 1 }
        #expect(await look(15...15) == 1)
        #expect(world.peerQuestions.withLock { $0 } == 4)
    }
}
