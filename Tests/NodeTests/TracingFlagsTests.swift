import Program
import Testing

@testable import Node

@Suite("flags of tracing")
struct TracingFlagsTests {
    private static func flags(_ change: (inout TracingFlags) -> Void) -> TracingFlags {
        var flags = TracingFlags()
        flags.address = "tempo:4317"
        change(&flags)
        return flags
    }

    /// The flag that an error names.
    private static func refused(_ change: (inout TracingFlags) -> Void) -> String? {
        do {
            _ = try flags(change).collector()
            return nil
        } catch { return error.flag }
    }

    @Test("no address, no tracing, whatever else is given")
    func off() throws {
        #expect(try Self.flags { ($0.address, $0.headers) = ("", ["nonsense"]) }.collector() == nil)
    }

    @Test(
        "host:port, with names and both kinds of addresses",
        arguments: [
            ("tempo:4317", "tempo", 4317), ("otel_collector.a-b.svc:1", "otel_collector.a-b.svc", 1),
            ("127.0.0.1:65535", "127.0.0.1", 65535), ("[::1]:4317", "::1", 4317),
        ])
    func address(text: String, host: String, port: Int) throws {
        let collector = try #require(try Self.flags { $0.address = text }.collector())
        #expect(collector.host == host && collector.port == port && !collector.isPlain)
        #expect("\(collector)" == text)
    }

    @Test(
        "anything else is refused",
        arguments: [
            "tempo", ":4317", "tempo:", "tempo:0", "tempo:65536", "tempo:x", "http://tempo:4317", "::1:4317", "[]:4317",
            "user:pw@tempo:4317", "tem po:4317", "tempo/x:4317", "té:4317",
        ])
    func badAddress(text: String) {
        #expect(Self.refused { $0.address = text } == "otlp-address")
    }

    @Test("headers are name=value, with the name in lower case")
    func headers() throws {
        let collector = try #require(
            try Self.flags { $0.headers = ["Authorization=Bearer a=b", "x-scope_1.0="] }.collector())
        #expect(collector.headers.map { "\($0.name)|\($0.value)" } == ["authorization|Bearer a=b", "x-scope_1.0|"])
    }

    @Test(
        "what is no header is refused",
        arguments: [
            "novalue", "=value", "na me=x", ":path=/", "a=\r\nb: c", "a=\u{e9}", "grpc-timeout=1S", "TE=x",
            "content-type=x", "user-agent=x", "a=" + String(repeating: "x", count: 4096),
        ])
    func badHeader(text: String) {
        #expect(Self.refused { $0.headers = [text] } == "otlp-headers")
    }

    @Test("lists and names are bounded, and headers are not printed")
    func bounds() {
        #expect(Self.refused { $0.headers = (0..<33).map { "h\($0)=x" } } == "otlp-headers")
        #expect(Self.refused { $0.serviceName = "" } == "otlp-service-name")
        #expect(Self.refused { $0.serviceName = String(repeating: "x", count: 129) } == "otlp-service-name")
        let secret = Self.flags { $0.headers = ["authorization=s3cr3t"] }
        #expect(!"\(secret)".contains("s3cr3t") && !String(reflecting: secret).contains("s3cr3t"))
        var dumped = ""
        dump(secret, to: &dumped)
        #expect(!dumped.contains("s3cr3t"))
    }

    @Test("a node refuses them before it opens anything")
    func node() {
        var node = NodeConfiguration()
        node.beaconNodeEndpoints = ["http://localhost:5052"]
        node.tracing.address = "http://tempo:4317"
        #expect(throws: ConfigurationError.self) { try node.validate() }
    }
}
