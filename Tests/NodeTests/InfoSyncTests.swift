import DutyWorkflow
import Ethereum
import Libp2p
import Logging
import PeerProtocols
import Program
import SSZ
import Secp256k1
import Synchronization
import TestSupport
import Testing

@testable import Node

/// Four nodes on 127.0.0.1 in the last slot of an epoch: drivers and peer protocols as in the program, and no chain.
@Suite("info-sync between nodes", .timeLimit(.minutes(2)))
struct InfoSyncTests {
    private static let nodes = 4

    /// What each node told of.
    private final class Agreements: Sendable {
        private let state = Mutex<[Int: AgreedPriorities]>([:])
        let complete = Gate()

        func note(_ agreed: AgreedPriorities, by node: Int) {
            let count = state.withLock { state in
                state[node] = agreed
                return state.count
            }
            if count == InfoSyncTests.nodes { complete.open() }
        }

        var all: [AgreedPriorities] { state.withLock { Array($0.values) } }
    }

    private final class DriverSlot: Sendable {
        private let state = Mutex<WorkflowDriver?>(nil)
        var driver: WorkflowDriver? { state.withLock { $0 } }
        func set(_ driver: WorkflowDriver) { state.withLock { $0 = driver } }
    }

    private struct Node: Sendable {
        let host: Host
        let driver: WorkflowDriver
        let tasks: OwnedTasks
    }

    private let keys: [PrivateKey] = (0..<nodes).map { _ in PrivateKey.random() }
    private let agreements = Agreements()
    /// Slot 31 has just begun, and lasts longer than the test.
    private let clock = SlotClock(
        genesis: SystemClock.now() - .seconds(31 * 120), slotDuration: .seconds(120), slotsPerEpoch: 32)

    private func configuration(_ index: Int) -> WorkflowConfiguration {
        WorkflowConfiguration(
            nodes: Self.nodes, threshold: 3, peer: PeerIndex(index), validators: [], clock: clock,
            spec: DutyScene.spec,
            signs: false, seed: 1,
            infoSync: InfoSyncConfiguration(
                peerIDs: keys.map { PeerID($0.publicKey).description }, versions: CharonVersion.supportedMinors,
                protocols: [ConsensusProtocol.id] + PriorityProtocol.ids))
    }

    private func node(_ index: Int, peers: [PeerID: [Multiaddr]]) throws -> Node {
        let key = keys[index]
        var configuration = HostConfiguration(identity: key, agentVersion: "styx-test")
        configuration.listen = [Multiaddr([.ip4(0x7f00_0001), .tcp(0)])]
        configuration.peers = peers
        let host = Host(configuration, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let operators = keys.map(\.publicKey)
        let directory = PeerDirectory(peers: operators.map { PeerID($0) }, own: PeerIndex(index))
        let (slot, tasks, agreements) = (DriverSlot(), OwnedTasks(), agreements)
        let consensus = ConsensusProtocol(
            codec: ConsensusCodec(operators: operators, validators: 1), directory: directory,
            sender: PeerSender(host: host, directory: directory, observe: { _ in }), worker: { $0() },
            admits: { _, _ in .admitted },
            deliver: { message, _ in slot.driver?.post(.consensusMessage(message)) }, observe: { _ in })
        let priority = PriorityProtocol(
            codec: PriorityCodec(operators: operators), host: host, directory: directory,
            admits: { _, _ in .admitted },
            answer: { peer, message in
                guard case .priorities(let own)? = try await slot.driver?.exchange(message, of: peer) else {
                    return nil
                }
                return own
            }, observe: { _ in })
        consensus.serve(on: host)
        priority.serve(on: host)
        let driver = WorkflowDriver(
            workflow: Workflow(
                configuration: self.configuration(index), sealPriorities: { PriorityCodec.seal($0, with: key) },
                seal: { ConsensusCodec.seal($0, $1, with: key) }), loop: host.loop,
            commit: { _, done in done(.success(())) },
            perform: { effect, driver in
                switch effect {
                case .sendConsensus(let message): consensus.send(message)
                case .sendConsensusTo(let peer, let message): consensus.send(message, to: peer)
                case .exchangePriorities(let own):
                    tasks.run { await priority.exchange(own) { driver.post(.peerPriorities($0, $1, nil)) } }
                case .report(.prioritiesAgreed(let agreed)): agreements.note(agreed, by: index)
                default: break
                }
            })
        slot.set(driver)
        return Node(host: host, driver: driver, tasks: tasks)
    }

    @Test("all exchange what they prefer, decide one result and tell the same of it")
    func agree() async throws {
        var nodes: [Node] = []
        var addresses: [PeerID: [Multiaddr]] = [:]
        for index in 0..<Self.nodes {
            // Those that are there already are dialed, the others dial.
            var peers = addresses
            for later in (index + 1)..<Self.nodes { peers[PeerID(keys[later].publicKey)] = [] }
            let node = try node(index, peers: peers)
            addresses[PeerID(keys[index].publicKey)] = try await node.host.bind()
            nodes.append(node)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for node in nodes {
                group.addTask { try await node.host.run() }
                group.addTask { try await node.driver.run(restoring: JournalSnapshot()) }
            }
            group.addTask { await agreements.complete.wait() }
            try await group.next()
            group.cancelAll()
        }
        for node in nodes { await node.tasks.stop() }
        #expect(agreements.all.count == Self.nodes && Set(agreements.all).count == 1)
        let agreed = try #require(agreements.all.first)
        #expect(agreed.slot == 31 && agreed.versions == CharonVersion.supportedMinors)
        #expect(agreed.protocols == [ConsensusProtocol.id] + PriorityProtocol.ids && agreed.proposals == ["full"])
    }
}
