import NIOCore
import Testing

@testable import Libp2p

@Suite struct ByteBufferTests {
    @Test("a buffer that is never read empty does not grow")
    func gather() {
        var buffer = ByteBuffer()
        var expected: UInt8 = 0
        var next: UInt8 = 0
        for _ in 0..<10_000 {
            let piece = (0..<100).map { _ in
                defer { next &+= 1 }
                return next
            }
            buffer.gather(ByteBuffer(bytes: piece))
            while buffer.readableBytes > 7 {
                #expect(buffer.readInteger() == expected)
                expected &+= 1
            }
            #expect(buffer.readableBytes == 7)
        }
        #expect(buffer.capacity <= 1024)
    }

    @Test("what was read to the end is replaced, not kept")
    func replacement() {
        var buffer = ByteBuffer(bytes: [UInt8](repeating: 1, count: 1 << 20))
        buffer.moveReaderIndex(to: buffer.writerIndex)
        buffer.gather(ByteBuffer(bytes: [1, 2]))
        #expect(buffer.array == [1, 2])
        #expect(buffer.capacity <= 1024)
    }
}
