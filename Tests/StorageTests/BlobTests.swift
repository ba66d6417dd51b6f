import DutyWorkflow
import Ethereum
import QBFT
import SSZ
import TestSupport
import Testing

@testable import Storage

@Suite struct BlobTests {
    static let votes: [QBFT.Message] = [
        vote(.prePrepare), vote(.prepare, round: .max), vote(.commit, justified: 9),
        QBFT.Message(
            .roundChange, round: 3, source: 12, preparedRound: 2, preparedValue: root(9), signature: [],
            justification: vote(.commit, round: 2, justified: 3).justification),
    ]

    @Test("reads back the vote that was written", arguments: votes.indices)
    func roundTrip(row: Int) throws {
        #expect(try VoteBlob.decode(VoteBlob.encode(Self.votes[row])) == Self.votes[row])
    }

    @Test("reads back the value that was written", arguments: [0, 1, 3])
    func values(count: Int) throws {
        let set = ConsensusValue.duties(StorageTests.values(5, count))
        #expect(try ValueBlob.decode(ValueBlob.encode(set), type: .attester) == set)
    }

    @Test("keeps the layout of version 1")
    func layout() throws {
        let bytes = try VoteBlob.encode(vote(.prepare, round: 0x0102, root(0xEE)))
        let zeros = [UInt8](repeating: 0, count: 40)
        let expected: [UInt8] =
            [1, 2, 2, 0, 0, 0, 2, 1, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0xEE, count: 32) + zeros + [65, 0]
            + [UInt8](repeating: 6, count: 65) + [0, 0]
        #expect(bytes == expected)
    }

    @Test("refuses every prefix and every extension")
    func lengths() throws {
        let bytes = try VoteBlob.encode(vote(.commit, justified: 3))
        for length in 0..<bytes.count {
            #expect(throws: BlobError.tooShort) { try VoteBlob.decode(Array(bytes.prefix(length))) }
        }
        #expect(throws: BlobError.trailingBytes(1)) { try VoteBlob.decode(bytes + [0]) }
        let value = try ValueBlob.encode(.duties(StorageTests.values(5, 2)))
        for length in 0..<value.count {
            #expect(throws: BlobError.tooShort) { try ValueBlob.decode(Array(value.prefix(length)), type: .attester) }
        }
        #expect(throws: BlobError.trailingBytes(1)) { try ValueBlob.decode(value + [0], type: .attester) }
    }

    @Test("refuses other versions, kinds, rounds and counts")
    func refusals() throws {
        let bytes = try VoteBlob.encode(vote(.commit))
        func with(_ changes: [Int: UInt8]) -> [UInt8] {
            var copy = bytes
            for (i, byte) in changes { copy[i] = byte }
            return copy
        }
        #expect(throws: BlobError.version(2)) { try VoteBlob.decode(with([0: 2])) }
        #expect(throws: BlobError.range("kind")) { try VoteBlob.decode(with([1: 0])) }
        #expect(throws: BlobError.range("kind")) { try VoteBlob.decode(with([1: 6])) }
        #expect(throws: BlobError.range("round")) { try VoteBlob.decode(with([13: 0x80])) }
        #expect(throws: BlobError.limit("bytes of a signature", 0xFFFF)) {
            try VoteBlob.decode(with([86: 0xFF, 87: 0xFF]))
        }
        #expect(throws: BlobError.limit("justifications", 0xFFFF)) {
            try VoteBlob.decode(with([bytes.count - 1: 0xFF, bytes.count - 2: 0xFF]))
        }
        var set = try ValueBlob.encode(.duties(StorageTests.values(5, 2)))
        set.swapAt(5 + 47, 5 + 48 + 4 + 232 + 47)
        #expect(throws: BlobError.unsorted) { try ValueBlob.decode(set, type: .attester) }
    }

    @Test("does not write what it would not read")
    func unwritable() {
        var nested = vote(.commit, justified: 1)
        nested.justification[0].justification = [vote(.prepare)]
        #expect(throws: BlobError.limit("nested justifications", 1)) { try VoteBlob.encode(nested) }
        #expect(throws: BlobError.limit("justifications", 1025)) { try VoteBlob.encode(vote(.commit, justified: 1025)) }
        #expect(throws: BlobError.range("round")) { try VoteBlob.encode(vote(.commit, round: -1)) }
        var message = vote(.prepare)
        message.source = -1
        #expect(throws: BlobError.range("source")) { try VoteBlob.encode(message) }
        message.source = 0
        message.signature = [UInt8](repeating: 0, count: 1025)
        #expect(throws: BlobError.limit("bytes of a signature", 1025)) { try VoteBlob.encode(message) }
    }

    @Test("survives any bytes: what decodes is what encodes to them", arguments: 0..<UInt64(50))
    func fuzz(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let vote = try VoteBlob.encode(Self.votes[Int(seed) % Self.votes.count])
        let value = try ValueBlob.encode(.duties(StorageTests.values(5, 2)))
        for round in 0..<200 {
            // Noise, or something nearly right.
            var votes = round % 4 == 0 ? generator.bytes(Int.random(in: 0...300, using: &generator)) : vote
            var values = round % 4 == 0 ? generator.bytes(Int.random(in: 0...300, using: &generator)) : value
            for _ in 0...round % 4 {
                if !votes.isEmpty { votes[Int.random(in: 0..<votes.count, using: &generator)] = generator.bytes(1)[0] }
                if !values.isEmpty {
                    values[Int.random(in: 0..<values.count, using: &generator)] = generator.bytes(1)[0]
                }
            }
            if let message = try? VoteBlob.decode(votes) { #expect(try VoteBlob.encode(message) == votes) }
            if let set = try? ValueBlob.decode(values, type: .attester) { #expect(set.count <= 2) }
        }
    }
}
