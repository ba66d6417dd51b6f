import DutyWorkflow
import Libp2p
import NIOCore
import NIOPosix
import PeerProtocols
import Synchronization

/// The consensus protocol of operator 0 in the flood server's process, and how late what it hears is.
///
/// Operator 1 is honest: the round of each of its messages is the moment it was made, on the machine's clock.
enum FairnessServer {
    static let operators = 4
    static let honest = PeerIndex(1)
    static let flooder = PeerIndex(2)
    /// Answers with microseconds, one a line: delays of honest messages, an empty line, how late timers were. Forgets.
    static let lateness = "/benchmark/lateness/1"

    static func directory(own: Int) throws -> PeerDirectory {
        let peers = try (0..<operators).map { PeerID(try FloodServer.key($0).publicKey) }
        return PeerDirectory(peers: peers, own: PeerIndex(own))
    }

    static func codec() throws -> ConsensusCodec {
        ConsensusCodec(operators: try (0..<operators).map { try FloodServer.key($0).publicKey }, validators: 1000)
    }

    private final class Notes: Sendable {
        struct Seen {
            var delays: [Double] = []
            var timers: [Double] = []
        }

        let seen = Mutex(Seen())
    }

    static func serve(on host: Libp2p.Host) throws {
        let notes = Notes()
        let pool = NIOThreadPool(numberOfThreads: 1)
        pool.start()
        let directory = try directory(own: 0)
        let sender = PeerSender(host: host, directory: directory, observe: { _ in })
        let consensus = ConsensusProtocol(
            codec: try codec(), directory: directory, sender: sender,
            worker: { job in pool.submit { _ in job() } }, admits: { _, _ in .admitted },
            deliver: { message, peer in
                guard peer == honest else { return }
                let delay = Double(Clock.wall.nanoseconds - message.message.round) / 1000
                notes.seen.withLock { $0.delays.append(delay) }
            }, observe: { _ in })
        consensus.serve(on: host)
        watchTimers(on: host.loop, notes)
        host.handle(lateness) { stream, _ in
            let seen = notes.seen.withLock { seen in
                defer { seen = Notes.Seen() }
                return seen
            }
            let texts = [seen.delays, seen.timers].map { $0.map { "\($0)" }.joined(separator: "\n") }
            try await stream.writeMessage(Array(texts.joined(separator: "\n\n").utf8), closing: true)
        }
    }

    private static func watchTimers(on loop: any EventLoop, _ notes: Notes) {
        let due = NIODeadline.now() + .milliseconds(10)
        loop.scheduleTask(deadline: due) {
            let late = Double((NIODeadline.now() - due).nanoseconds) / 1000
            notes.seen.withLock { $0.timers.append(late) }
            watchTimers(on: loop, notes)
        }
    }
}
