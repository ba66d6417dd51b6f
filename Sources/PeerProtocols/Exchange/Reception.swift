import DutyWorkflow
import Libp2p
import NIOCore

/// From a peer's bytes to delivery, for protocols of one message a stream; on the host's loop, cheap checks first:
/// sender, repetition, duty gate, work budget, then decoding. Large messages are decoded by a worker, one of each
/// operator at a time, so that nobody's values hold up another's.
final class Reception<Value: Sendable>: Sendable {
    /// Runs a closure on a thread that may be busy with it for some time.
    typealias Worker = @Sendable (@escaping @Sendable () -> Void) -> Void

    /// What a protocol does with its messages.
    struct Rules: Sendable {
        let protocolID: String
        /// The duty a message names, without decoding more than that.
        let duty: @Sendable ([UInt8]) throws(MessageFault) -> Duty
        /// The message, whose duty must be the one given. On the loop or on a worker.
        let decode: @Sendable ([UInt8], Duty, PeerIndex) throws(MessageFault) -> Value
        /// Takes it, on the loop.
        let deliver: @Sendable (Value, PeerIndex) -> Void
        /// Of what one operator sends before this node can tell what is due, kept until it can; the newest. Zero where
        /// nothing of that is of use later.
        var earlyBytesMax = 0
    }

    /// A large message whose turn has not come. There are no more than streams of one peer at once.
    private struct Waiting {
        let message: InboundMessage
        let duty: Duty
    }

    private struct Lane {
        var budget: WorkBudget
        var repeats: RepeatFilter
        var waiting: [Waiting] = []
        var isWorking = false
        var early: [[UInt8]] = []
        var earlyBytes = 0

        init(now: NIODeadline) {
            budget = WorkBudget(now: now)
            repeats = RepeatFilter(now: now)
        }
    }

    private let loop: any EventLoop
    private let worker: Worker
    private let directory: PeerDirectory
    private let rules: Rules
    private let admits: @Sendable (Duty, PeerIndex) -> Admission
    private let observe: @Sendable (PeerEvent) -> Void
    /// By operator, so no more than the cluster has.
    private let lanes: NIOLoopBoundBox<[PeerIndex: Lane]>

    init(
        _ rules: Rules, loop: any EventLoop, directory: PeerDirectory, worker: @escaping Worker,
        admits: @escaping @Sendable (Duty, PeerIndex) -> Admission, observe: @escaping @Sendable (PeerEvent) -> Void
    ) {
        self.rules = rules
        self.loop = loop
        self.directory = directory
        self.worker = worker
        self.admits = admits
        self.observe = observe
        lanes = NIOLoopBoundBox.makeBoxSendingValue([:], eventLoop: loop)
    }

    /// On the loop.
    func receive(_ message: InboundMessage) {
        let peer = directory.index(of: message.peer)
        do throws(MessageFault) {
            guard let peer else { throw .unknownSender }
            guard let duty = try admit(message.bytes, from: peer, now: .now()) else { return message.done() }
            guard message.bytes.count > SmallMessage.bytesMax else {
                rules.deliver(try rules.decode(message.bytes, duty, peer), peer)
                return message.done()
            }
            lanes.value[peer]?.waiting.append(Waiting(message: message, duty: duty))
            workOnNext(of: peer)
        } catch {
            observe(.refused(peer, protocolID: rules.protocolID, error))
        }
    }

    /// The node can tell now what is due: what came early is received. On any thread.
    func open() {
        loop.execute { [self] in
            for peer in lanes.value.keys { lanes.value[peer]?.repeats = RepeatFilter(now: .now()) }
            receiveEarly()
        }
    }

    /// Some of each operator in one turn of the loop.
    private func receiveEarly() {
        var isMore = false
        for (peer, lane) in lanes.value.sorted(by: { $0.key < $1.key }) where !lane.early.isEmpty {
            let turn = lane.early.prefix(SmallMessage.perTurn)
            lanes.value[peer]?.early.removeFirst(turn.count)
            lanes.value[peer]?.earlyBytes -= turn.reduce(0) { $0 + Self.held($1) }
            for bytes in turn { receive(InboundMessage(peer: directory[peer], bytes: bytes)) }
            isMore = isMore || lane.early.count > turn.count
        }
        if isMore { loop.execute { self.receiveEarly() } }
    }

    private func keepEarly(_ bytes: [UInt8], from peer: PeerIndex, now: NIODeadline) throws(MessageFault) {
        var lane = lanes.value[peer] ?? Lane(now: now)
        guard lane.repeats.admits(bytes, now: now) else { throw .repeated }
        lane.early.append(bytes)
        lane.earlyBytes += Self.held(bytes)
        while lane.earlyBytes > rules.earlyBytesMax { lane.earlyBytes -= Self.held(lane.early.removeFirst()) }
        lanes.value[peer] = lane
    }

    /// About what a message takes, in bytes.
    private static func held(_ bytes: [UInt8]) -> Int { bytes.count + 64 }

    /// - Returns: nil for what came too early and is kept.
    private func admit(_ bytes: [UInt8], from peer: PeerIndex, now: NIODeadline) throws(MessageFault) -> Duty? {
        let duty = try rules.duty(bytes)
        let admission = admits(duty, peer)
        if admission == .notReady, bytes.count <= rules.earlyBytesMax {
            try keepEarly(bytes, from: peer, now: now)
            return nil
        }
        try admission.requireAdmitted()
        // After the gate: what came too early may come again.
        guard lanes.value[peer, default: Lane(now: now)].repeats.admits(bytes, now: now) else { throw .repeated }
        let cost = WorkBudget.cost(bytes: bytes.count)
        guard lanes.value[peer]?.budget.take(cost, now: now) == true else { throw .flooding }
        return duty
    }

    private func workOnNext(of peer: PeerIndex) {
        guard let lane = lanes.value[peer], !lane.isWorking, !lane.waiting.isEmpty else { return }
        lanes.value[peer]?.isWorking = true
        guard let next = lanes.value[peer]?.waiting.removeFirst() else { return }
        HandOffs.note(.worker)
        worker { [self] in
            let result: Result<Value, MessageFault>
            do throws(MessageFault) {
                result = .success(try rules.decode(next.message.bytes, next.duty, peer))
            } catch { result = .failure(error) }
            HandOffs.note(.loop)
            loop.execute { self.worked(on: next.message, from: peer, result) }
        }
    }

    private func worked(on message: InboundMessage, from peer: PeerIndex, _ result: Result<Value, MessageFault>) {
        message.done()
        lanes.value[peer]?.isWorking = false
        workOnNext(of: peer)
        switch result {
        case .success(let value): rules.deliver(value, peer)
        case .failure(let fault): observe(.refused(peer, protocolID: rules.protocolID, fault))
        }
    }
}
