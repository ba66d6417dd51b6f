import DutyWorkflow
import Libp2p
import NIOCore
import Synchronization

/// `/charon/parsigex/2.0.0`: the partial signatures of one duty, one message per stream, no answer. On the host's loop.
/// What a validator signs for a second sync subcommittee takes a second message.
package final class ParSigExProtocol: Sendable {
    package static let id = "/charon/parsigex/2.0.0"
    /// For a message to be whole.
    package static let timeout = Duration.seconds(5)
    /// Streams of one peer at once: one message per duty, so a few in a slot.
    private static let concurrentPerPeer = 32
    /// Of one operator, kept while this node starts: an epoch's selections of a thousand validators are a quarter.
    private static let earlyBytesMax = 1 << 20
    /// A larger set is encoded by a worker.
    private static let entriesOnLoopMax = 128

    /// What to do with shares that are neither the sender's nor ours. Charon takes them, but no honest node sends any.
    package enum ForeignShares: Sendable {
        case refuse
        /// Accept and report, in case a client is found that forwards shares.
        case report
    }

    private let codec: ParSigExCodec
    private let sender: PeerSender
    private let worker: @Sendable (@escaping @Sendable () -> Void) -> Void
    private let reception: Reception<(duty: Duty, set: ParSignedDataSet)>

    /// - Parameters:
    ///   - worker: runs a closure on a thread that is no loop.
    ///   - admits: the duty gate, asked on the loop.
    ///   - deliver: takes a set, on the loop, and who brought it. It is decoded, its shares are the sender's, or all
    ///     of them this node's own; no signature is verified; duplicates happen.
    package init(
        codec: ParSigExCodec, directory: PeerDirectory, sender: PeerSender,
        worker: @escaping @Sendable (@escaping @Sendable () -> Void) -> Void, foreignShares: ForeignShares = .refuse,
        admits: @escaping @Sendable (Duty, PeerIndex) -> Admission,
        deliver: @escaping @Sendable (Duty, ParSignedDataSet, PeerIndex) -> Void,
        observe: @escaping @Sendable (PeerEvent) -> Void
    ) {
        self.codec = codec
        self.sender = sender
        self.worker = worker
        let rules = Reception<(duty: Duty, set: ParSignedDataSet)>.Rules(
            protocolID: Self.id,
            duty: { bytes throws(MessageFault) in try FieldScan.duty(in: bytes, at: [1], of: "ParSigExMsg") },
            decode: { bytes, duty, peer throws(MessageFault) in
                let message = try codec.decode(bytes) { $0 == duty }
                // Ours, shown to us by another: whether somebody else made it is for the workflow to say.
                let isOwn = message.set.values.allSatisfy { $0.shareIndex == ShareIndex(directory.own) }
                if !isOwn, let foreign = message.set.values.first(where: { $0.shareIndex != ShareIndex(peer) }) {
                    guard foreignShares == .report else { throw .foreignShare(foreign.shareIndex, from: peer) }
                    observe(.foreignShare(foreign.shareIndex, from: peer))
                }
                return message
            },
            deliver: { message, peer in
                deliver(message.duty, message.set, peer)
                observe(.delivered(peer, topic: Self.topic(message.duty)))
            }, earlyBytesMax: Self.earlyBytesMax)
        reception = Reception(
            rules, loop: sender.loop, directory: directory, worker: worker, admits: admits, observe: observe)
    }

    package func serve(on host: Host) {
        host.handleMessages(
            Self.id, limit: codec.messageBytesMax, timeout: Self.timeout, concurrentPerPeer: Self.concurrentPerPeer
        ) { [reception] in reception.receive($0) }
    }

    /// This node can tell now what is due: shares that came while it started are received. On any thread.
    package func open() { reception.open() }

    func receive(_ message: InboundMessage) { reception.receive(message) }

    /// Our own partial signatures. On the loop there is no hop, unless the set is large.
    ///
    /// - Parameters:
    ///   - recipient: nil for every other operator.
    ///   - done: called on the loop when all have been tried, with those who took it.
    package func send(
        _ duty: Duty, _ set: ParSignedDataSet, to recipient: PeerIndex? = nil,
        done: @escaping @Sendable (Set<PeerIndex>) -> Void = { _ in }
    ) {
        guard set.count > Self.entriesOnLoopMax else { return encodeAndSend(duty, set, recipient, done) }
        HandOffs.note(.worker)
        worker { self.encodeAndSend(duty, set, recipient, done) }
    }

    private func encodeAndSend(
        _ duty: Duty, _ set: ParSignedDataSet, _ recipient: PeerIndex?,
        _ done: @escaping @Sendable (Set<PeerIndex>) -> Void
    ) {
        let parts = ParSigExCodec.parts(duty, set)
        let all = Together(parts.count, done)
        for part in parts {
            sender.send(
                ParSigExCodec.encode(duty, part), protocolID: Self.id, topic: Self.topic(duty), to: recipient,
                done: { all.ended($0) })
        }
    }

    /// What several messages wait for: all have been tried.
    private final class Together: Sendable {
        private let state: Mutex<(open: Int, reached: Set<PeerIndex>?)>
        private let done: @Sendable (Set<PeerIndex>) -> Void

        init(_ count: Int, _ done: @escaping @Sendable (Set<PeerIndex>) -> Void) {
            state = Mutex((open: count, reached: nil))
            self.done = done
        }

        /// - Parameter took: who took one of them; all of them is what counts.
        func ended(_ took: Set<PeerIndex>) {
            let reached: Set<PeerIndex>? = state.withLock { state in
                let all = state.reached.map { $0.intersection(took) } ?? took
                state.reached = all
                state.open -= 1
                return state.open == 0 ? all : nil
            }
            if let reached { done(reached) }
        }
    }

    private static func topic(_ duty: Duty) -> String { "parsigex_\(duty.type.name)" }
}
