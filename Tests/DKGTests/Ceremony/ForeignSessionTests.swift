import Cluster
import Ethereum
import TestSupport
import Testing

@testable import DKG

/// One of four operators says what it said in another ceremony of the same four, instead of what belongs here or before
/// it: nobody gets a wrong cluster, and whoever gets none can tell who it was.
@Suite struct ForeignSessionTests {
    private static let liar = 2

    struct Case: CustomTestStringConvertible, Sendable {
        let algorithm: CeremonyAlgorithm
        let protocolID: CeremonyProtocol
        var testDescription: String { "\(algorithm.rawValue): \(protocolID.rawValue)" }
    }

    static let cases: [Case] =
        [.broadcastSign2, .broadcastDeliver2, .frostShares, .partialSignatures].map {
            Case(algorithm: .frost, protocolID: $0)
        }
        + [.broadcastSign2, .broadcastDeliver2, .dealBundle, .responseBundle, .keyShare, .partialSignatures].map {
            Case(algorithm: .pedersen, protocolID: $0)
        }

    /// The messages of one ceremony, to be said in another: the first for the first.
    private final class Messages {
        private struct Channel: Hashable {
            let to: ParticipantIndex
            let protocolID: CeremonyProtocol
        }

        private var said: [Channel: [[UInt8]]] = [:]
        private var ours: [Channel: [[UInt8]]] = [:]

        func record(_ to: ParticipantIndex, _ protocolID: CeremonyProtocol, _ bytes: [UInt8]) {
            _ = Self.place(of: bytes, in: &said[Channel(to: to, protocolID: protocolID), default: []])
        }

        func counterpart(_ to: ParticipantIndex, _ protocolID: CeremonyProtocol, _ bytes: [UInt8]) -> [UInt8]? {
            let channel = Channel(to: to, protocolID: protocolID)
            let place = Self.place(of: bytes, in: &ours[channel, default: []])
            return said[channel].flatMap { $0.indices.contains(place) ? $0[place] : nil }
        }

        /// What is sent again has one place.
        private static func place(of bytes: [UInt8], in list: inout [[UInt8]]) -> Int {
            if let place = list.firstIndex(of: bytes) { return place }
            list.append(bytes)
            return list.count - 1
        }
    }

    private func simulation(_ algorithm: CeremonyAlgorithm, gwei: UInt64, seed: UInt64) throws -> SimulatedCeremony {
        // One seed: the same identities.
        let sample = try CeremonySample(
            operators: 4, threshold: 3, validators: 2, algorithm: algorithm, seed: 1, amounts: [Gwei(gwei)])
        var simulation = try SimulatedCeremony(sample, seed: seed, timeout: .seconds(12))
        simulation.liar = Self.liar
        return simulation
    }

    @Test("messages of another ceremony", arguments: cases, [true, false])
    func foreign(_ each: Case, isInstead: Bool) throws {
        let messages = Messages()
        var other = try simulation(each.algorithm, gwei: 8_000_000_000, seed: 1)
        other.lie = { to, protocolID, bytes in
            messages.record(to, protocolID, bytes)
            return [bytes]
        }
        other.run()
        try CeremonyTests.checkSuccess(other)

        var simulation = try simulation(each.algorithm, gwei: 32_000_000_000, seed: 2)
        var count = 0
        simulation.lie = { to, protocolID, bytes in
            guard protocolID == each.protocolID, let foreign = messages.counterpart(to, protocolID, bytes) else {
                return [bytes]
            }
            count += 1
            return isInstead ? [foreign] : [foreign, bytes]
        }
        simulation.run()
        #expect(count > 0)
        try check(simulation)
    }

    private func check(_ simulation: SimulatedCeremony) throws {
        var locks: Set<[UInt8]> = []
        for (index, node) in simulation.nodes.enumerated() where index != Self.liar {
            if let files = node.files {
                locks.insert(try files.lock.encoded())
                try LockFile(files.lock).keys.verify(shares: files.shares, ofPeer: index)
            }
            if node.isFinished { continue }
            let failure = try #require(node.failure, "operator \(index) waits for ever")
            #expect(failure.culprit == nil || failure.culprit == Self.liar, "\(failure)")
            // Seen, or heard from the liar itself.
            #expect(failure.description.contains("operator \(Self.liar)"), "\(failure)")
        }
        #expect(locks.count <= 1)
    }
}
