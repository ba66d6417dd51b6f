import NIOCore
import Testing

@testable import Libp2p

@Suite struct UVarintTests {
    @Test(
        "known values",
        arguments: [
            (0, "00"), (1, "01"), (127, "7f"), (128, "8001"), (255, "ff01"), (300, "ac02"), (16384, "808001"),
            (UInt64(Int64.max), "ffffffffffffffff7f"),
        ] as [(UInt64, String)])
    func knownValues(value: UInt64, hex: String) throws {
        var buffer = ByteBuffer()
        UVarint.write(value, into: &buffer)
        #expect(buffer.array.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined() == hex)
        #expect(UVarint.length(value) == buffer.readableBytes)
        for cut in 0..<buffer.readableBytes {
            var part = buffer.split(at: cut).0
            #expect(try UVarint.read(&part) == nil)
            #expect(part.readableBytes == cut)
        }
        #expect(try UVarint.read(&buffer) == value)
        #expect(buffer.readableBytes == 0)
    }

    @Test(
        "refuses",
        arguments: [
            ([0x80, 0x00], .notMinimal), ([0xff, 0x80, 0x00], .notMinimal),
            ([UInt8](repeating: 0x80, count: 9), .tooLong), ([UInt8](repeating: 0xff, count: 10), .tooLong),
        ] as [([UInt8], UVarint.Failure)])
    func refuses(bytes: [UInt8], failure: UVarint.Failure) {
        #expect(throws: failure) { try UVarint.parse(bytes) }
    }
}
