import Libp2p
import NIOCore

/// Byte 0: role, and whether we act too; then frames of the peer, with our actions between them.
enum YamuxFuzz {
    private static let limits = {
        var limits = Yamux.Limits()
        limits.streamsMax = 8
        limits.backlogMax = 4
        limits.windowMax = 1 << 20
        limits.unreadMax = 4096
        limits.answersMax = 16
        limits.pongsMax = 4
        return limits
    }()

    static func session(_ bytes: [UInt8]) -> String {
        var source = ByteSource(bytes)
        let mode = source.byte()
        var run = Run(yamux: Yamux(role: mode & 1 == 0 ? .listener : .dialer, limits: limits))
        let acts = mode & 2 != 0
        while !source.isEmpty, run.end == nil {
            if acts, source.choice(4) == 0 { run.act(&source) }
            run.input.writeBytes(source.take(acts ? source.choice(40) : 512))
            run.receive()
        }
        return run.end ?? "open\(run.yamux.streamCount)"
    }

    private struct Run {
        var yamux: Yamux
        var input = ByteBuffer()
        var end: String?
        private var unread: [UInt32: Int] = [:]
        private var live: Set<UInt32> = []
        private var finishedThere: Set<UInt32> = []
        private var finishedHere: Set<UInt32> = []
        private var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
        /// Bytes that our own actions wrote.
        private var written = 0

        init(yamux: Yamux) { self.yamux = yamux }

        mutating func receive() {
            let size = input.readableBytes
            var events = 0
            do {
                while let event = try yamux.next(&input) {
                    note(event)
                    events += 1
                    precondition(events <= 4 * size + 8, "more events than bytes explain")
                }
                if end == nil { precondition(input.readableBytes < YamuxHeader.bytes, "whole frames are left") }
            } catch { end = word(error) }
            precondition(yamux.streamCount <= 2 * limits.streamsMax)
            precondition(unread.values.reduce(0, +) <= limits.unreadMax, "more unread than the limit")
            // The peer reads nothing: what it makes us say is bounded.
            let owed = (limits.answersMax + 1 + limits.pongsMax) * YamuxHeader.bytes
            precondition(yamux.output.readableBytes <= owed + written, "\(yamux.output.readableBytes) bytes of answers")
        }

        private mutating func note(_ event: Yamux.Event) {
            switch event {
            case .opened(let id): precondition(live.insert(id).inserted, "opened twice")
            case .data(let id, let bytes):
                precondition(live.contains(id) && !finishedThere.contains(id), "data after the end")
                unread[id, default: 0] += bytes.readableBytes
            case .finished(let id):
                precondition(live.contains(id) && finishedThere.insert(id).inserted, "finished twice")
                if finishedHere.contains(id) { forget(id) }
            case .reset(let id, _), .overflowed(let id): precondition(forget(id), "reset of no stream")
            case .wentAway: end = "went away"
            case .acknowledged, .refused, .windowOpened, .pong: break
            }
        }

        @discardableResult
        private mutating func forget(_ id: UInt32) -> Bool {
            unread[id] = nil
            finishedThere.remove(id)
            finishedHere.remove(id)
            return live.remove(id) != nil
        }

        mutating func act(_ source: inout ByteSource) {
            let before = yamux.output.readableBytes
            defer { written += max(0, yamux.output.readableBytes - before) }
            let ids = live.sorted()
            let id = ids.isEmpty ? 1 : ids[source.choice(ids.count)]
            switch source.choice(9) {
            case 0: if let id = yamux.open() { live.insert(id) }
            case 1:
                var payload = ByteBuffer(repeating: 7, count: Int(source.byte()) * 8)
                let (size, window) = (payload.readableBytes, yamux.sendWindow(id))
                yamux.send(&payload, on: id)
                precondition(size - payload.readableBytes == min(size, window), "sent past the window")
            case 2:
                yamux.finish(id)
                if finishedThere.contains(id) { forget(id) } else if live.contains(id) { finishedHere.insert(id) }
            case 3:
                yamux.reset(id, code: UInt32(source.byte()))
                forget(id)
            case 4:
                let count = min(Int(source.number() & 0xffff), unread[id] ?? 0)
                yamux.consumed(count, on: id, now: now)
                unread[id]? -= count
            case 5: yamux.acknowledge(id)
            case 6: yamux.ping(UInt32(source.byte()))
            case 7: now = now + .milliseconds(Int64(source.byte()))
            default:
                yamux.output.clear()
                written = 0
                yamux.drained()
            }
        }
    }
}
