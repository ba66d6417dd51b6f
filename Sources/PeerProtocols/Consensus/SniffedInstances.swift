import DutyWorkflow
import Ethereum
import SwiftProtobuf

/// The messages of the last consensus instances, as they were handed to the algorithm, ours included. Source:
/// consensus.md §12.
package struct SniffedInstances: Sendable {
    package static let bytesMax = 50 << 20

    private struct Instance: Sendable {
        let duty: Duty
        let startedAt: Instant
        var messages: [(at: Instant, message: ConsensusMessage)] = []
        var bytes = 0
    }

    private let nodes: Int
    private let own: PeerIndex
    private let bytesMax: Int
    /// The oldest first; few are worked on at once, so that those are near the end.
    private var instances: [Instance] = []
    /// About what the messages are on the wire: values that several of them carry are held once and count each time.
    package private(set) var bytes = 0

    package init(nodes: Int, own: PeerIndex, bytesMax: Int = Self.bytesMax) {
        self.nodes = nodes
        self.own = own
        self.bytesMax = bytesMax
    }

    /// Makes room for it by the oldest instances, never by those after its own.
    package mutating func note(_ message: ConsensusMessage, at now: Instant) {
        let size = Self.size(of: message)
        if !instances.contains(where: { $0.duty == message.duty }) {
            instances.append(Instance(duty: message.duty, startedAt: now))
        }
        while bytes + size > bytesMax, let oldest = instances.first, oldest.duty != message.duty {
            bytes -= oldest.bytes
            instances.removeFirst()
        }
        guard bytes + size <= bytesMax, let place = instances.lastIndex(where: { $0.duty == message.duty }) else {
            return
        }
        instances[place].messages.append((now, message))
        instances[place].bytes += size
        bytes += size
    }

    /// Signed fields take some 170 bytes.
    static func size(of message: ConsensusMessage) -> Int {
        message.values.values.reduce(200 * (1 + message.message.justification.count)) { $0 + $1.wireByteCount }
    }

    /// `SniffedConsensusInstances`, in pieces that follow each other: one instance is encoded at a time.
    package func encode(gitHash: String, _ write: ([UInt8]) throws -> Void) rethrows {
        for instance in instances {
            var piece = WireSniffedConsensusInstances()
            piece.instances = [wire(instance)]
            try write(piece.canonicalBytes())
        }
        var last = WireSniffedConsensusInstances()
        last.gitHash = gitHash
        try write(last.canonicalBytes())
    }

    private func wire(_ instance: Instance) -> WireSniffedConsensusInstance {
        var wire = WireSniffedConsensusInstance()
        wire.startedAt = Google_Protobuf_Timestamp(instance.startedAt)
        wire.nodes = Int64(nodes)
        wire.peerIdx = Int64(own.rawValue)
        wire.protocolID = ConsensusProtocol.id
        wire.msgs = instance.messages.compactMap { at, message -> WireSniffedConsensusMsg? in
            // A value that is not there any more cannot be told; ours and what was decoded have all.
            guard let encoded = try? ConsensusCodec.wire(message) else { return nil }
            var sniffed = WireSniffedConsensusMsg()
            sniffed.timestamp = Google_Protobuf_Timestamp(at)
            sniffed.msg = encoded
            return sniffed
        }
        return wire
    }
}
