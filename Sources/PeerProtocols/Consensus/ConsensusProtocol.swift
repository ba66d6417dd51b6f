import DutyWorkflow
import Libp2p
import NIOCore

/// `/charon/consensus/qbft/2.0.0`: one message per stream, no answer. On the host's loop.
package final class ConsensusProtocol: Sendable {
    package static let id = "/charon/consensus/qbft/2.0.0"
    /// For a message to be whole.
    package static let timeout = Duration.seconds(5)
    /// Streams of one peer at once: it sends a handful of messages per duty, each with all its values.
    private static let concurrentPerPeer = 32
    /// A message with more entries in its values is encoded by a worker.
    private static let entriesOnLoopMax = 128

    private let sender: PeerSender
    private let worker: @Sendable (@escaping @Sendable () -> Void) -> Void
    private let observe: @Sendable (PeerEvent) -> Void
    private let record: @Sendable (ConsensusMessage) -> Void
    private let reception: Reception<ConsensusMessage>

    /// - Parameters:
    ///   - worker: runs a closure on a thread that is no loop.
    ///   - admits: the duty gate, asked on the loop.
    ///   - deliver: takes an authentic message, on the loop, and who brought it, not necessarily its signer; duplicates
    ///     happen.
    ///   - record: sees each message that is delivered, and each of our own that goes to all.
    package init(
        codec: ConsensusCodec, directory: PeerDirectory, sender: PeerSender,
        worker: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void,
        admits: @escaping @Sendable (Duty, PeerIndex) -> Admission,
        deliver: @escaping @Sendable (ConsensusMessage, PeerIndex) -> Void,
        observe: @escaping @Sendable (PeerEvent) -> Void,
        record: @escaping @Sendable (ConsensusMessage) -> Void = { _ in }
    ) {
        self.record = record
        self.sender = sender
        self.worker = worker
        self.observe = observe
        let rules = Reception<ConsensusMessage>.Rules(
            protocolID: Self.id,
            duty: { bytes throws(MessageFault) in
                try FieldScan.duty(in: bytes, at: [1, 2], of: "QBFTConsensusMsg")
            },
            decode: { bytes, duty, _ throws(MessageFault) in try codec.decode(bytes) { $0 == duty } },
            deliver: { message, peer in
                record(message)
                deliver(message, peer)
                observe(.delivered(peer, topic: Self.topic(message)))
            })
        reception = Reception(
            rules, loop: sender.loop, directory: directory, worker: worker, admits: admits, observe: observe)
    }

    package func serve(on host: Host) {
        host.handleMessages(
            Self.id, limit: ConsensusCodec.messageBytesMax, timeout: Self.timeout,
            concurrentPerPeer: Self.concurrentPerPeer
        ) { [reception] in reception.receive($0) }
    }

    func receive(_ message: InboundMessage) { reception.receive(message) }

    /// To every other operator, or to one. On the loop there is no hop, unless the message is large.
    ///
    /// - Parameter done: called on the loop when all have been tried, with those who took it.
    package func send(
        _ message: ConsensusMessage, to peer: PeerIndex? = nil,
        done: @escaping @Sendable (Set<PeerIndex>) -> Void = { _ in }
    ) {
        if peer == nil { record(message) }
        let entries = message.values.values.reduce(0) { $0 + $1.count }
        guard entries > Self.entriesOnLoopMax else { return encodeAndSend(message, peer, done) }
        HandOffs.note(.worker)
        worker { self.encodeAndSend(message, peer, done) }
    }

    private func encodeAndSend(
        _ message: ConsensusMessage, _ peer: PeerIndex?, _ done: @escaping @Sendable (Set<PeerIndex>) -> Void
    ) {
        do throws(MessageFault) {
            let bytes = try ConsensusCodec.encode(message)
            sender.send(bytes, protocolID: Self.id, topic: Self.topic(message), to: peer, done: done)
        } catch {
            observe(.unsendable(topic: Self.topic(message), error))
            sender.onLoop { done([]) }
        }
    }

    private static func topic(_ message: ConsensusMessage) -> String {
        switch message.message.kind {
        case .prePrepare: "qbft_pre_prepare"
        case .prepare: "qbft_prepare"
        case .commit: "qbft_commit"
        case .roundChange: "qbft_round_change"
        case .decided: "qbft_decided"
        }
    }
}
