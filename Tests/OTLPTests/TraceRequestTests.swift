import DutyWorkflow
import Ethereum
import SSZ
import Testing

@testable import OTLP
@testable import Traces

@Suite("TraceRequest")
struct TraceRequestTests {
    /// Made by Python's opentelemetry-proto 1.45.2.
    private static let golden =
        "0x0ad1010a220a200a0c736572766963652e6e616d6512100a0e616263646566302f636861726f6e12aa010a0a0a047374797812027631"
        + "129b010a10fb57f5a0ad346fc388d07b895912032212080102030405060708220802030405060708092a12636f72652f66657463686572"
        + "2e466574636830013901002a36fe9c971741e7032a36fe9c97174a140a05726f756e64120b18feffffffffffffffff015a2709f4012a36"
        + "fe9c9717120c747279696e6720616761696e1a0e0a056572726f7212050a033530337a0c12086e6f20626c6f636b1802"

    @Test("is what the public protocol says, byte by byte")
    func bytes() throws {
        let span = Span(
            trace: TraceID(.attester(slot: 123), lockHash: Spans.lockHash),
            id: SpanID(rawValue: 0x0102_0304_0506_0708), parent: SpanID(rawValue: 0x0203_0405_0607_0809),
            name: "core/fetcher.Fetch", start: Instant(nanoseconds: 1_700_000_000_000_000_001),
            end: Instant(nanoseconds: 1_700_000_000_000_000_999), attributes: [.init("round", -2)],
            events: [
                .init(
                    at: Instant(nanoseconds: 1_700_000_000_000_000_500), name: "trying again",
                    attributes: [.init("error", "503")])
            ], error: "no block")
        let request = TraceRequest(resource: [.init("service.name", "abcdef0/charon")], version: "v1")
        #expect(request.bytes([span]) == (try Hex.decode(Self.golden, bytesMax: 1 << 12)))
    }
}
