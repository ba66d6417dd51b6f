import NIOCore
import Testing

@testable import Libp2p

@Suite struct DelimitedReaderTests {
    @Test("a message arrives whole wherever it is cut; what follows stays", arguments: [0, 1, 127, 128, 300])
    func everySplit(count: Int) throws {
        let body = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
        var wire = ByteBuffer()
        UVarint.write(UInt64(count), into: &wire)
        wire.writeBytes(body + [0xaa, 0xbb])
        for cut in 0...wire.readableBytes {
            var (input, rest) = wire.split(at: cut)
            var reader = DelimitedReader(limit: 300)
            var message = try reader.receive(&input)
            input.writeBuffer(&rest)
            if message == nil { message = try reader.receive(&input) }
            #expect(message == body)
            #expect(input.array == [0xaa, 0xbb])
        }
    }

    @Test(
        "refuses lengths before any byte of the body",
        arguments: [
            ([0xad, 0x02], .tooLong(claimed: 301, limit: 300)),
            ([0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], .tooLong(claimed: UInt64(Int64.max), limit: 300)),
            ([0x80, 0x00], .malformedLength), ([UInt8](repeating: 0x80, count: 10), .malformedLength),
        ] as [([UInt8], StreamError)])
    func refuses(bytes: [UInt8], error: StreamError) {
        #expect(throws: error) {
            var reader = DelimitedReader(limit: 300)
            var input = ByteBuffer(bytes: bytes)
            _ = try reader.receive(&input)
        }
    }

    @Test("knows whether a message has begun")
    func hasStarted() throws {
        var reader = DelimitedReader(limit: 300)
        var empty = ByteBuffer()
        #expect(try reader.receive(&empty) == nil)
        #expect(!reader.hasStarted)
        var partial = ByteBuffer(bytes: [0x80])
        #expect(try reader.receive(&partial) == nil)
        #expect(reader.hasStarted)
    }
}
