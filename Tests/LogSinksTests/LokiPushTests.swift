import Ethereum
import SSZ
import Testing

@testable import LogSinks

@Suite("what is posted to Loki")
struct LokiPushTests {
    @Test("byte for byte what Google's protobuf makes of it (Python, protobuf 5)")
    func golden() throws {
        var push = LokiPush(labels: [("service", "charon"), ("cluster_name", "a \"b\"")])
        #expect(push.add(Array(#"level=info msg="a""#.utf8), at: sampleTime) == true)
        #expect(push.add(Array("ü".utf8), at: Instant(nanoseconds: 1_764_433_806_000_000_000)) == true)
        #expect(
            Hex.encode(push.message) == """
                0x0a5d0a2a7b636c75737465725f6e616d653d2261205c22625c22222c20736572766963653d22636861726f6e227d12210a0b08\
                8dbfacc90610959aef3a12126c6576656c3d696e666f206d73673d226122120c0a06088ebfacc9061202c3bc
                """)
        #expect(try SnappyReader.decompress(push.body) == push.message)
    }

    @Test("labels are in order, and cannot end their quotes")
    func labels() {
        #expect(
            LokiPush.text([("service", "charon"), ("cluster_name", "\"} {a=\"b\n\\")])
                == #"{cluster_name="\"} {a=\"b\n\\", service="charon"}"#)
        #expect(LokiPush.text([]) == "{}")
    }

    @Test("a line of 4 KiB goes, a longer one does not")
    func lengths() {
        var push = LokiPush(labels: [])
        #expect(push.add([UInt8](repeating: 0x61, count: 4096), at: sampleTime) == true)
        #expect(push.add([UInt8](repeating: 0x61, count: 4097), at: sampleTime) == false)
        #expect(push.count == 1)
    }

    @Test("a full queue of the longest lines is a batch that servers take")
    func batch() {
        var push = LokiPush(labels: [])
        for _ in 0..<LokiQueue.countMax { _ = push.add([UInt8](repeating: 0x61, count: 4096), at: sampleTime) }
        #expect(push.message.count < 5 << 20)
    }
}
