import DutyWorkflow
import Ethereum
import Testing

@testable import PeerProtocols

@Suite("messages kept for those who look into consensus")
struct SniffedInstancesTests {
    private static let cluster = TestCluster()

    private static func read(_ instances: SniffedInstances) throws -> WireSniffedConsensusInstances {
        var bytes: [UInt8] = []
        instances.encode(gitHash: "abcdef0") { bytes += $0 }
        return try WireSniffedConsensusInstances(wire: bytes, "SniffedConsensusInstances")
    }

    @Test("come out by duty, in the order they came, as they are on the wire")
    func encodes() throws {
        var instances = SniffedInstances(nodes: 4, own: PeerIndex(2))
        let five = [Self.cluster.prepare(), Self.cluster.roundChange()]
        instances.note(five[0], at: Instant(nanoseconds: 1_500_000_000))
        instances.note(Self.cluster.prepare(.attester(slot: 6)), at: Instant(unixSeconds: 2))
        instances.note(five[1], at: Instant(unixSeconds: 3))
        let dump = try Self.read(instances)
        #expect(dump.gitHash == "abcdef0" && dump.instances.count == 2)
        let first = dump.instances[0]
        #expect(first.nodes == 4 && first.peerIdx == 2 && first.protocolID == ConsensusProtocol.id)
        #expect(first.startedAt.seconds == 1 && first.startedAt.nanos == 500_000_000)
        #expect(first.msgs.map(\.timestamp.seconds) == [1, 3])
        #expect(first.msgs.map(\.msg) == (try five.map { try Self.cluster.wire($0) }))
        // What Charon's tools read verifies here, too.
        for message in first.msgs {
            let decoded = try Self.cluster.codec.decode(message.msg.canonicalBytes()) { $0 == .attester(slot: 5) }
            #expect(decoded.duty == .attester(slot: 5))
        }
        #expect(dump.instances[1].msgs.count == 1)
    }

    @Test("nothing is an empty list with our version")
    func empty() throws {
        let dump = try Self.read(SniffedInstances(nodes: 4, own: PeerIndex(0)))
        #expect(dump.instances.isEmpty && dump.gitHash == "abcdef0")
    }

    @Test("the oldest duties make room, and one duty alone never takes more than all may")
    func bound() throws {
        let size = SniffedInstances.size(of: Self.cluster.prepare())
        var instances = SniffedInstances(nodes: 4, own: PeerIndex(0), bytesMax: 3 * size)
        for slot in 1...5 as ClosedRange<UInt64> {
            instances.note(Self.cluster.prepare(.attester(slot: Slot(slot))), at: Instant(unixSeconds: slot))
            #expect(instances.bytes <= 3 * size)
        }
        #expect(try Self.read(instances).instances.map(\.startedAt.seconds) == [3, 4, 5])
        for _ in 0..<100 { instances.note(Self.cluster.prepare(.attester(slot: 9)), at: Instant(unixSeconds: 9)) }
        let dump = try Self.read(instances)
        #expect(dump.instances.map(\.msgs.count) == [3] && instances.bytes == 3 * size)
        // Larger than all: kept out, and nothing goes for it.
        var small = SniffedInstances(nodes: 4, own: PeerIndex(0), bytesMax: size - 1)
        small.note(Self.cluster.prepare(), at: Instant(unixSeconds: 1))
        #expect(small.bytes == 0)
    }
}
