import DutyWorkflow
import Monitoring
import NIOCore
import NIOPosix
import PeerProtocols
import Program
import Synchronization

/// Keeps consensus messages for `/debug/consensus`: nothing without that page.
final class ConsensusRecorder: Sendable {
    /// One dump after another: each takes some hundred milliseconds and up to the bound in memory while it is sent.
    private static let every = Duration.seconds(10)

    private struct State {
        var instances: SniffedInstances
        var madeAt: ContinuousClock.Instant?
    }

    private let state: Mutex<State>

    init(nodes: Int, own: PeerIndex) { state = Mutex(State(instances: SniffedInstances(nodes: nodes, own: own))) }

    func note(_ message: ConsensusMessage) {
        let now = SystemClock.now()
        state.withLock { $0.instances.note(message, at: now) }
    }

    /// Gzipped `SniffedConsensusInstances`. Source: consensus.md §12.
    ///
    func page(at now: ContinuousClock.Instant = .now) async -> Page {
        let instances = state.withLock { state -> SniffedInstances? in
            if let last = state.madeAt, last.duration(to: now) < Self.every { return nil }
            state.madeAt = now
            return state.instances
        }
        guard let instances else {
            return Page(status: 503, text: "another dump is being made or sent; ask again in 10 s\n")
        }
        // Neither the crypto threads nor the cooperative pool: it takes long.
        let dump = try? await NIOThreadPool.singleton.runIfActive {
            let gzip = Gzip()
            instances.encode(gitHash: BuildInfo.gitHash) { gzip.add($0) }
            return ByteBuffer(bytes: gzip.finish())
        }
        guard let dump else { return Page(status: 503, text: "this node is stopping\n") }
        return Page(file: dump, name: "consensus_messages.pb.gz")
    }
}
