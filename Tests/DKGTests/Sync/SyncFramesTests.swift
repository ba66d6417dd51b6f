import SSZ
import Testing

@testable import DKG

@Suite("sync frames")
struct SyncFramesTests {
    @Test("messages come whole, however their bytes are cut", arguments: 1...13)
    func cuts(size: Int) throws {
        let messages: [[UInt8]] = [[1], [2, 3, 4], [UInt8](repeating: 5, count: 300)]
        let bytes = messages.flatMap(SyncFrames.frame)
        var frames = SyncFrames(bytesMax: 300)
        var received: [[UInt8]] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            received += try frames.receive(bytes[start..<min(start + size, bytes.count)])
        }
        #expect(received == messages)
        #expect(try frames.receive([UInt8]()) == [])
    }

    @Test(
        "lengths outside 1 to the limit are refused before anything of that length is held",
        arguments: [0, 301, 1 << 25, 1 << 32, Int64.max, -1, .min])
    func lengths(length: Int64) {
        var frames = SyncFrames(bytesMax: 300)
        #expect(throws: WireFault.self) { try frames.receive(withUnsafeBytes(of: length.littleEndian, Array.init)) }
    }
}
