import DutyWorkflow
import Ethereum
import QBFT
import SSZ
import Testing

@testable import Storage

@Suite struct PriorityBlobTests {
    private static let duty = Duty(slot: 95, type: .infoSync)

    private static func message(_ peer: Int, _ versions: [String]) -> PriorityMessage {
        PriorityMessage(
            duty: duty,
            topics: [
                .init(topic: PriorityAny("version"), priorities: versions.map { PriorityAny($0) }),
                .init(topic: PriorityAny(typeURL: [], value: [1, 2, 3]), priorities: []),
            ], peerID: "16Uiu2HA\(peer)", signature: [UInt8](repeating: UInt8(peer), count: 65))
    }

    private static func result() throws -> PriorityResult {
        try PriorityResult(of: [message(1, ["v1.11", "v1.10"]), message(2, ["v1.10"])], threshold: 1)
    }

    @Test("reads back the result that was written")
    func roundTrip() throws {
        let result = try Self.result()
        #expect(try PriorityBlob.decode(PriorityBlob.encode(result)) == result)
        var negative = result
        let position = try #require(negative.topics.firstIndex { !$0.priorities.isEmpty })
        negative.topics[position].priorities[0].score = -7
        #expect(try PriorityBlob.decode(PriorityBlob.encode(negative)) == negative)
        #expect(try ValueBlob.decode(ValueBlob.encode(.priorities(result)), type: .infoSync) == .priorities(result))
    }

    @Test("refuses every prefix, every extension and other versions")
    func lengths() throws {
        let bytes = try PriorityBlob.encode(Self.result())
        for length in 0..<bytes.count {
            #expect(throws: BlobError.tooShort) { try PriorityBlob.decode(Array(bytes.prefix(length))) }
        }
        #expect(throws: BlobError.trailingBytes(1)) { try PriorityBlob.decode(bytes + [0]) }
        #expect(throws: BlobError.version(2)) { try PriorityBlob.decode([2] + bytes.dropFirst()) }
    }

    @Test("does not write what it would not read")
    func unwritable() throws {
        var foreign = try Self.result()
        foreign.messages[0].duty = .attester(slot: 95)
        #expect(throws: BlobError.range("duty type")) { try PriorityBlob.encode(foreign) }
        var many = try Self.result()
        many.topics = Array(repeating: many.topics[0], count: 1 << 16)
        #expect(throws: BlobError.limit("entries of a result", 1 << 16)) { try PriorityBlob.encode(many) }
    }

    @Test("votes about it survive a restart beside those of other duties")
    func journal() async throws {
        let folder = Folder()
        let value = ConsensusValue.priorities(try Self.result())
        let hash = value.valueHash()
        let journal = try folder.open()
        try await journal.commit(
            records(95) + [.vote(Self.duty, vote(.prepare, hash), values: [hash: value])])
        await journal.close()
        let snapshot = try await folder.open().load(where: everything)
        #expect(snapshot.votes[Self.duty]?.map(\.value) == [hash])
        #expect(snapshot.voteValues[Self.duty] == [hash: value])
        #expect(snapshot.voteValues[.attester(slot: 95)]?.count == 1)
    }
}
