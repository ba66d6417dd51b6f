import Logging
import NIOCore
import NIOPosix
import Testing

@testable import OTLP
@testable import Traces

/// Against a stand-in on loopback.
@Suite("SpanExporter", .timeLimit(.minutes(1)))
struct SpanExporterTests {
    private func exporter(_ port: Int, lastCall: Duration = .seconds(30)) throws -> SpanExporter {
        var times = SpanExporter.Times()
        times.lastCall = lastCall
        times.last = .seconds(30)
        return try SpanExporter(
            to: CollectorAddress(host: "127.0.0.1", port: port, isPlain: true, userAgent: "styx/test"),
            resource: [.init("service.name", "abcdef0/charon")], version: "v1", times: times,
            loop: MultiThreadedEventLoopGroup.singleton.next(),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
    }

    private func spans(_ request: StandInCollector.Request?) throws -> [WireSpan] {
        let bytes = Array((request?.body ?? []).dropFirst(5))
        let message = try WireExportTraceServiceRequest(serializedBytes: bytes)
        #expect(message.resourceSpans.map { $0.resource.attributes.first?.value.stringValue } == ["abcdef0/charon"])
        return message.resourceSpans.flatMap { $0.scopeSpans.flatMap(\.spans) }
    }

    @Test("spans reach the collector, and what is left at the end too")
    func sent() async throws {
        try await StandInCollector.with(.takes()) { port, collector in
            let exporter = try exporter(port)
            exporter.add(Spans.spans(1...3))
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await exporter.run() }
                let first = try spans(await collector.next())
                #expect(first.count == 3)
                group.cancelAll()
            }
            exporter.add(Spans.spans(4...600))
            await exporter.shutdown()
            #expect(try spans(await collector.next()).count == 512)
            #expect(
                try spans(await collector.next()).compactMap { $0.spanID.last } == (516...600).map { UInt8($0 & 0xff) })
        }
    }

    @Test(
        "a collector that hangs holds up neither who adds nor the end",
        arguments: [
            StandInCollector.Manner.hangs, .says([]), .says([0xff, 0xff]), .hangsUp, .status(14, "down"),
        ])
    func hostile(manner: StandInCollector.Manner) async throws {
        try await StandInCollector.with(manner) { port, _ in
            let exporter = try exporter(port, lastCall: .milliseconds(100))
            exporter.add(Spans.spans(1...20_000))
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await exporter.run() }
                exporter.add(Spans.spans(1...20_000))
                group.cancelAll()
            }
            await exporter.shutdown()
        }
    }
}
