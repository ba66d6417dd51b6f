import BeaconClient
import BeaconTestSupport
import DutyWorkflow
import Ethereum
import Program
import QBFT
import SSZ
import Synchronization

@testable import Node

/// A node's workflow, driven as in the process, without peers; a disk that writes at once unless the test holds it; and
/// what answers validator clients from both.
final class BackendScene: Sendable {
    let scene: DutyScene
    let backend: NodeBackend
    let driver: WorkflowDriver
    private let offset: @Sendable (Duration) -> Void

    private init(_ scene: DutyScene, _ beacon: BeaconClient, _ disk: FakeDisk) {
        self.scene = scene
        let pubKeys = scene.validators.map(\.pubKey)
        let clock = scene.chain.clock
        let configuration = WorkflowConfiguration(
            nodes: 4, threshold: 3, peer: DutyScene.own, validators: Set(pubKeys), clock: clock,
            spec: DutyScene.spec, signs: false, seed: 1)
        let workflow = Workflow(configuration: configuration) { _, message in Self.sealed(message) }
        let ahead = Shift()
        offset = { ahead.add($0) }
        driver = WorkflowDriver(
            workflow: workflow, loop: beacon.loop, now: { SystemClock.now() + ahead.value },
            commit: { disk.commit($0, $1) }, perform: { _, _ in })
        backend = NodeBackend(
            runtime: NodeRuntime(driver: driver, chain: scene.view, keys: scene.keys, verifier: scene.verifier),
            beacon: beacon, validators: ActiveValidators(client: beacon, pubKeys: pubKeys, clock: clock),
            duties: DutiesSource(client: beacon, clock: clock))
    }

    private final class Shift: Sendable {
        private let sum = Mutex(Duration.zero)
        var value: Duration { sum.withLock { $0 } }
        func add(_ step: Duration) { sum.withLock { $0 += step } }
    }

    /// Any bytes: signatures are checked before messages reach the workflow.
    private static func sealed(_ message: QBFT.Message) -> QBFT.Message {
        var message = message
        message.signature = [1]
        return message
    }

    /// Two peers tell what the cluster decided, with the commits of all three.
    func decide() {
        let value = scene.decided
        let hash = value.valueHash()
        let commits = (1...3).map { Self.sealed(QBFT.Message(.commit, round: 1, source: $0, value: hash)) }
        for peer in 1...2 {
            var message = Self.sealed(QBFT.Message(.decided, round: 1, source: peer, value: hash))
            message.justification = commits
            let decided = ConsensusMessage(duty: scene.duty, message: message, values: [hash: .duties(value)])
            driver.post(.consensusMessage(decided))
        }
    }

    /// Asks, and then does something: what `body` posts comes to the workflow after the question.
    func asking<R: Sendable>(
        _ question: @escaping @Sendable (NodeBackend) async throws -> R, _ body: () async throws -> Void
    ) async throws -> R {
        try await withThrowingTaskGroup(of: R.self) { group in
            group.addTask(executorPreference: OnTheSpot()) { [backend] in try await question(backend) }
            // The question stands in the loop's queue now, and may leave and enter it again on its way.
            for _ in 0..<4 { try await driver.loop.submit {}.get() }
            try await body()
            guard let answer = try await group.next() else { throw Ended() }
            return answer
        }
    }

    /// Runs a task to its first wait before whoever started it goes on: there it stands in the loop's queue.
    private final class OnTheSpot: TaskExecutor {
        func enqueue(_ job: consuming ExecutorJob) { job.runSynchronously(on: asUnownedTaskExecutor()) }
    }

    /// Moves the workflow's clock.
    func advance(by step: Duration) {
        // On the loop: what stands in its queue still sees the old time.
        driver.loop.execute { [offset, driver] in
            offset(step)
            driver.post(.wake)
        }
    }

    /// Runs `body` while the workflow is driven; both end with it.
    static func run<R: Sendable>(
        _ scene: DutyScene, beacon urls: [String] = [deadURL], disk: FakeDisk? = nil,
        restoring snapshot: JournalSnapshot = JournalSnapshot(),
        configure: (inout BeaconClientConfiguration) -> Void = { _ in },
        _ body: @escaping @Sendable (BackendScene) async throws -> R
    ) async throws -> R {
        let result = try await withClient(urls, configure: configure) { client in
            let disk =
                disk
                ?? {
                    let disk = FakeDisk()
                    disk.free()
                    return disk
                }()
            let node = BackendScene(scene, client, disk)
            return try await withThrowingTaskGroup(of: R?.self) { group in
                group.addTask {
                    try await node.driver.run(restoring: snapshot)
                    return nil
                }
                group.addTask {
                    // What comes before the journal is restored waits for it, and is looked at later than it came.
                    _ = try await node.driver.ask(.attesters([]))
                    return try await body(node)
                }
                var result: R?
                while result == nil, let next = try await group.next() { result = next }
                disk.free()
                group.cancelAll()
                try await group.waitForAll()
                guard let result else { throw Ended() }
                return result
            }
        }
        try await scene.threads.shutdown()
        return result
    }

    struct Ended: Error {}
}

extension NodeBackend {
    /// What validator clients ask most.
    func awaitAttestationData(slot: Slot, committee: CommitteeIndex) async throws -> AttestationData {
        guard case .attester(let data, _) = try await decided(.attestation(slot, committee)) else {
            throw BackendScene.Ended()
        }
        return data
    }
}
