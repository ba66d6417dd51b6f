import DutyWorkflow
import Ethereum
import Libp2p
import Testing

@testable import PeerProtocols

@Suite("one identity in two processes")
struct TwinWatchTests {
    /// Start times in seconds, and the host's last byte; and which sightings are told.
    struct Row: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let seen: [(start: UInt64, host: Int?)]
        let told: [Bool]
    }

    static let rows: [Row] = [
        Row(
            testDescription: "one process, from several ports and hosts", seen: [(5, 1), (5, 2), (5, nil), (5, 1)],
            told: [false, false, false, false]),
        Row(
            testDescription: "restarts, also on another machine", seen: [(5, 1), (9, 1), (12, 2), (15, nil)],
            told: [false, false, false, false]),
        Row(
            testDescription: "a copy beside the original, by turns", seen: [(5, 1), (9, 2), (5, 1), (9, 2), (9, 2)],
            told: [false, false, true, true, false]),
        Row(
            testDescription: "a copy behind the same address", seen: [(5, 1), (9, 1), (5, 1)],
            told: [false, false, true]),
        Row(testDescription: "addresses unknown", seen: [(5, nil), (9, nil), (5, nil)], told: [false, false, true]),
        Row(testDescription: "the copy was met first", seen: [(9, 2), (5, 1)], told: [false, true]),
        Row(
            testDescription: "a clock set back before a restart on the same machine", seen: [(9, 1), (5, 1)],
            told: [false, false]),
        Row(
            testDescription: "an earlier start from nobody knows where", seen: [(9, 1), (5, nil)], told: [false, false]),
        Row(
            testDescription: "the original returns after restarts of the copy",
            seen: [(5, 1), (9, 2), (11, 2), (5, 1)],
            told: [false, false, false, true]),
    ]

    private static func address(_ host: Int?, port: Int) throws -> Multiaddr? {
        try host.map { try Multiaddr("/ip4/10.0.0.\($0)/tcp/\(port)") }
    }

    @Test("is told by start times that come back", arguments: rows)
    func rule(row: Row) throws {
        var watch = TwinWatch()
        #expect(row.seen.count == row.told.count)
        for (number, (sighting, told)) in zip(row.seen, row.told).enumerated() {
            let address = try Self.address(sighting.host, port: 4000 + number)
            let twins = watch.saw(PeerIndex(1), startedAt: Instant(unixSeconds: sighting.start), at: address)
            #expect((twins != nil) == told, "sighting \(number)")
            if let twins { #expect(twins.other.startedAt == Instant(unixSeconds: sighting.start)) }
        }
    }

    @Test("both are named with their addresses, and operators are kept apart")
    func named() throws {
        var watch = TwinWatch()
        let (one, two) = (try Self.address(1, port: 4000), try Self.address(2, port: 5000))
        let (early, late) = (Instant(unixSeconds: 5), Instant(unixSeconds: 9))
        #expect(watch.saw(PeerIndex(1), startedAt: early, at: nil) == nil)
        #expect(watch.saw(PeerIndex(1), startedAt: early, at: one) == nil, "the address is learned later")
        #expect(watch.saw(PeerIndex(1), startedAt: late, at: two) == nil)
        #expect(watch.saw(PeerIndex(2), startedAt: early, at: two) == nil)
        let twins = watch.saw(PeerIndex(1), startedAt: early, at: nil)
        #expect(twins?.one == .init(startedAt: late, address: two))
        #expect(twins?.other == .init(startedAt: early, address: one))
    }

    @Test("an operator that names ever new start times makes us keep eight")
    func bounded() {
        var watch = TwinWatch()
        for second in 1...100 as ClosedRange<UInt64> {
            #expect(watch.saw(PeerIndex(1), startedAt: Instant(unixSeconds: second), at: nil) == nil)
        }
        #expect(watch.saw(PeerIndex(1), startedAt: Instant(unixSeconds: 92), at: nil) == nil, "forgotten")
        #expect(watch.saw(PeerIndex(1), startedAt: Instant(unixSeconds: 94), at: nil) != nil)
    }
}
